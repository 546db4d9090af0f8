// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/revocation.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kernel/dmabuf.h"
#include "kernel/library.h"
#include "kernel/module.h"
#include "kernel/program.h"
#include "kernel/revocation.bpf.h"
#include "util/text.h"

PROGRAMS("src/kernel/revocation.bpf.o");

#define BPF_FUNCTIONS(each)                                                                     \
	each(libbpf_set_print) each(bpf_object__open_mem) each(bpf_object__load)                \
		each(bpf_object__close) each(bpf_object__find_program_by_name)                  \
			each(bpf_object__find_map_by_name) each(bpf_object__next_program) each( \
				bpf_map__fd) each(bpf_program__fd) each(bpf_obj_get_info_by_fd) \
				each(bpf_program__attach_kprobe) each(bpf_link__destroy)        \
					each(ring_buffer__new) each(ring_buffer__free)          \
						each(ring_buffer__consume)
LIBRARY("libbpf.so.1", BPF_FUNCTIONS);

/* Of the functions below, where they are not built in. */
static const char *const modules[] = { "vfio_pci_core", "iommufd" };

/* Where the programs are run: in the first of the functions that is there. */
static const struct place {
	const char *begin, *end; /* NULL: nothing is wanted of its call, or of its return */
	const char *module;	 /* NULL: the kernel itself */
	const char *functions[2];
	bool optional;
} places[] = {
	{ NULL, "end_export", NULL, { "dma_buf_export" }, false },
	{ "begin_update", "end_update", "vfio_pci_core", { "vfio_pci_dma_buf_move" }, false },
	{ "begin_update", "end_update", "vfio_pci_core", { "vfio_pci_dma_buf_reset" }, true },
	{ "begin_update", "end_update", "vfio_pci_core", { "vfio_pci_dma_buf_error" }, true },
	{ "begin_close", NULL, "vfio_pci_core", { "vfio_pci_core_close_device" }, false },
	{ "begin_invalidate",
	  "end_invalidate",
	  NULL,
	  { "dma_buf_invalidate_mappings", "dma_buf_move_notify" },
	  false },
	{ "begin_notify",
	  "end_notify",
	  "iommufd",
	  { "iopt_revoke_notify", "iopt_dmabuf_move_notify" },
	  false },
};

#define PLACES (sizeof(places) / sizeof(*places))

struct revocations {
	struct bpf_object *object;
	struct bpf_link *links[2 * PLACES];
	unsigned link_count;
	struct ring_buffer *ring;
	FILE *symbols;
	volatile uint64_t *unkept; /* the one variable that the programs have */
	uint64_t lost;		   /* as far as it was asked */
	void (*visit)(const struct record *record, void *data);
	void *data;
};

static int map_of(const struct revocations *revocations, const char *name)
{
	return lib.bpf_map__fd(lib.bpf_object__find_map_by_name(revocations->object, name));
}

static int on_record(void *context, void *data, size_t size)
{
	static const enum record_kind kinds[] = {
		[REVOCATION_EXPORTED] = RECORD_EXPORT,
		[REVOCATION_REVOKED] = RECORD_REVOKED,
		[REVOCATION_LET_GO] = RECORD_REVOKED,
		[REVOCATION_RESTORED] = RECORD_RESTORED,
	};
	static const enum record_kept kept[] = {
		[REVOCATION_NOBODY] = KEPT_UNKNOWN,
		[REVOCATION_NOT_KEPT] = KEPT_NOT,
		[REVOCATION_KEPT] = KEPT,
	};
	const struct revocations *revocations = context;
	const struct revocation_record *told = data;
	struct record record = {
		.kind = kinds[told->kind],
		.pid = told->pid,
		.time = told->time,
		.iova = { told->iova, told->length },
		.memory = told->memory,
		.inode = told->inode,
		.size = told->size,
		.exporter = DMABUF_VFIO,
		.bar = told->region,
		.ioas = told->ioas,
		.mapped_by = told->mapped_by,
		.took = told->took,
		.kept = kept[told->kept],
	};

	(void)size;
	copy_text(record.device, sizeof(record.device), told->device);
	revocations->visit(&record, revocations->data);
	return 0;
}

static bool attach(struct revocations *revocations, const char *program, bool at_return,
		   const char *function)
{
	struct bpf_link *link = lib.bpf_program__attach_kprobe(
		lib.bpf_object__find_program_by_name(revocations->object, program), at_return,
		function);

	if (link)
		revocations->links[revocations->link_count++] = link;
	return link;
}

/*
 * Linux 6.12 may read on behind the last function of a module when it is to optimize a kprobe
 * there, and die of it (can_optimize() in arch/x86/kernel/kprobes/opt.c).
 */
static bool is_safe(const struct revocations *revocations, const struct place *place,
		    const char *function)
{
	return !place->module || !module_ends_with(revocations->symbols, place->module, function);
}

/* Its return first: what begins before is not noted. */
static bool attach_to(struct revocations *revocations, const struct place *place,
		      const char *function)
{
	return is_safe(revocations, place, function) &&
	       (!place->end || attach(revocations, place->end, true, function)) &&
	       (!place->begin || attach(revocations, place->begin, false, function));
}

static bool attach_all(struct revocations *revocations)
{
	for (unsigned i = 0; i < PLACES; i++) {
		const struct place *place = &places[i];

		if (!attach_to(revocations, place, place->functions[0]) &&
		    !(place->functions[1] && attach_to(revocations, place, place->functions[1])) &&
		    !place->optional)
			return false;
	}
	return true;
}

/* Of /proc/kallsyms, which is long, what concerns the modules; NULL: it cannot be read. */
static FILE *read_symbols(void)
{
	FILE *all = fopen("/proc/kallsyms", "re");
	FILE *ours = all ? fdopen(memfd_create("symbols", MFD_CLOEXEC), "w+") : NULL;
	char line[512];

	while (ours && fgets(line, sizeof(line), all))
		for (unsigned i = 0; i < sizeof(modules) / sizeof(*modules); i++)
			if (strstr(line, modules[i]))
				fputs(line, ours);
	if (all)
		fclose(all);
	return ours;
}

static bool open_all(struct revocations *revocations)
{
	void *variable;

	revocations->symbols = read_symbols();
	if (!revocations->symbols)
		return false;
	revocations->object = lib.bpf_object__open_mem(programs, programs_size, NULL);
	if (!revocations->object || lib.bpf_object__load(revocations->object))
		return false;
	variable = mmap(NULL, sizeof(*revocations->unkept), PROT_READ, MAP_SHARED,
			map_of(revocations, ".bss"), 0);
	if (variable == MAP_FAILED)
		return false;
	revocations->unkept = variable;
	revocations->ring =
		lib.ring_buffer__new(map_of(revocations, "ring"), on_record, revocations, NULL);
	return revocations->ring && attach_all(revocations);
}

bool revocations_are_in(const char *module)
{
	for (unsigned i = 0; i < sizeof(modules) / sizeof(*modules); i++)
		if (!strcmp(modules[i], module))
			return true;
	return false;
}

struct revocations *revocations_open(void)
{
	struct revocations *revocations;

	if (!library_load(&library))
		return NULL;
	revocations = calloc(1, sizeof(*revocations));
	if (!revocations)
		return NULL;
	lib.libbpf_set_print(NULL);
	if (open_all(revocations))
		return revocations;
	revocations_close(revocations);
	return NULL;
}

void revocations_close(struct revocations *revocations)
{
	for (unsigned i = 0; i < revocations->link_count; i++)
		lib.bpf_link__destroy(revocations->links[i]);
	lib.ring_buffer__free(revocations->ring);
	if (revocations->unkept)
		munmap((void *)revocations->unkept, sizeof(*revocations->unkept));
	lib.bpf_object__close(revocations->object);
	if (revocations->symbols)
		fclose(revocations->symbols);
	free(revocations);
}

int revocations_fd(const struct revocations *revocations)
{
	return map_of(revocations, "ring");
}

int revocations_read(struct revocations *revocations,
		     void (*visit)(const struct record *record, void *data), void *data)
{
	int rc;

	revocations->visit = visit;
	revocations->data = data;
	rc = lib.ring_buffer__consume(revocations->ring);
	return rc < 0 ? rc : 0;
}

/*
 * The kernel does not run them while a task that is in a call about a map was made to leave that
 * CPU (kernel/trace/bpf_trace.c, trace_call_bpf(); bpf_disable_instrumentation()).
 */
static uint64_t count_missed(const struct revocations *revocations)
{
	struct bpf_program *program = NULL;
	uint64_t missed = 0;

	while ((program = lib.bpf_object__next_program(revocations->object, program))) {
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);

		if (!lib.bpf_obj_get_info_by_fd(lib.bpf_program__fd(program), &info, &size))
			missed += info.recursion_misses;
	}
	return missed;
}

/* Read from memory: a call about the map would itself be in the programs' way. */
uint64_t revocations_lost(struct revocations *revocations)
{
	uint64_t before = revocations->lost;

	revocations->lost = *revocations->unkept + count_missed(revocations);
	return revocations->lost - before;
}
