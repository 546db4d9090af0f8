// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/inventory/iterator.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "kernel/inventory/fdinfo.h"
#include "kernel/inventory/iterator.bpf.h"
#include "kernel/inventory/survey.h"
#include "kernel/library.h"
#include "kernel/program.h"
#include "kernel/sys.h"
#include "util/scope.h"
#include "util/text.h"

#define BTF "/sys/kernel/btf/vmlinux"
#define PID_NAMESPACE "/proc/self/ns/pid"
#define FIRST_PID_NAMESPACE "pid:[4026531836]" /* PROC_PID_INIT_INO, include/linux/proc_ns.h */

PROGRAMS("src/kernel/inventory/iterator.bpf.o");

#define BPF_FUNCTIONS(each)                                                                       \
	each(libbpf_set_print) each(bpf_object__open_mem) each(bpf_object__load)                  \
		each(bpf_object__close) each(bpf_object__find_program_by_name)                    \
			each(bpf_object__find_map_by_name) each(bpf_map__set_initial_value) each( \
				bpf_program__set_autoload) each(bpf_program__attach_iter)         \
				each(bpf_link__fd) each(bpf_link__destroy) each(bpf_iter_create)  \
					each(bpf_map__fd) each(bpf_map_lookup_elem) each(         \
						bpf_map_update_elem) each(bpf_map_get_next_key)   \
						each(bpf_map_delete_elem)                         \
							each(bpf_map__set_max_entries)
LIBRARY("libbpf.so.1", BPF_FUNCTIONS);

struct inventory_iterators {
	struct bpf_object *object;
	bool dmabufs; /* Linux 6.16 */
	struct iterator_settings settings;
	unsigned records; /* that there is room for */
};

/* For the next inventory of this process: to load them takes longer than to run them. */
static struct inventory_iterators *kept;

/* The programs tell PIDs of the first namespace; a kernel may do without others. */
static bool is_first_namespace(void)
{
	char link[32] = "";

	return readlink(PID_NAMESPACE, link, sizeof(link) - 1) < 0 ?
		       errno == ENOENT :
		       !strcmp(link, FIRST_PID_NAMESPACE);
}

static enum inventory_obstacle find_obstacle(void)
{
	return !is_first_namespace()   ? OBSTACLE_NAMESPACE :
	       access(BTF, R_OK)       ? OBSTACLE_BTF :
	       !library_load(&library) ? OBSTACLE_LIBRARY :
					 OBSTACLE_NONE;
}

static struct bpf_object *load(const struct iterator_settings *settings, unsigned records,
			       bool dmabufs)
{
	struct bpf_object *object = lib.bpf_object__open_mem(programs, programs_size, NULL);
	int rc;

	if (!object)
		return NULL;
	/* They are the one constant that there is. */
	lib.bpf_map__set_initial_value(lib.bpf_object__find_map_by_name(object, ".rodata"),
				       settings, sizeof(*settings));
	lib.bpf_map__set_max_entries(lib.bpf_object__find_map_by_name(object, "survey"), records);
	lib.bpf_program__set_autoload(lib.bpf_object__find_program_by_name(object, "show_dmabuf"),
				      dmabufs);
	rc = lib.bpf_object__load(object);
	if (!rc)
		return object;
	lib.bpf_object__close(object);
	errno = -rc;
	return NULL;
}

/* As the kernel has it in an inode; 0 when there is no such node. */
static unsigned read_node(const char *path)
{
	auto_free char *text = NULL;
	unsigned first, second;

	if (sys_read_file(path, &text) || sscanf(text, "%u:%u", &first, &second) != 2)
		return 0;
	return first << 20 | second;
}

static struct iterator_settings make_settings(const struct inventory *inventory)
{
	struct iterator_settings settings = { .page_size = sysconf(_SC_PAGESIZE) };

	for (unsigned i = 0; i < inventory->node_count; i++)
		settings.vfio_majors[inventory->nodes[i].group] = major(inventory->nodes[i].device);
	settings.iommufd_nodes[0] = read_node("/sys/class/misc/iommu/dev");
	settings.iommufd_nodes[1] = read_node("/sys/class/misc/vfio/dev");
	return settings;
}

static void free_iterators(struct inventory_iterators *iterators)
{
	if (!iterators)
		return;
	lib.bpf_object__close(iterators->object);
	free(iterators);
}

static int map_of(const struct inventory_iterators *iterators, const char *name)
{
	return lib.bpf_map__fd(lib.bpf_object__find_map_by_name(iterators->object, name));
}

/* What they noted before is gone. */
static void forget(struct inventory_iterators *iterators)
{
	const struct survey_result nothing = { 0 };
	const int seen = map_of(iterators, "seen");
	const uint32_t only = 0;
	uint64_t address;

	lib.bpf_map_update_elem(map_of(iterators, ".bss"), &only, &nothing, BPF_ANY);
	while (!lib.bpf_map_get_next_key(seen, NULL, &address))
		lib.bpf_map_delete_elem(seen, &address);
}

static struct inventory_iterators *take_kept(const struct iterator_settings *settings,
					     unsigned records)
{
	struct inventory_iterators *iterators = kept;

	kept = NULL;
	if (iterators && iterators->records >= records &&
	    !memcmp(&iterators->settings, settings, sizeof(*settings))) {
		forget(iterators);
		return iterators;
	}
	free_iterators(iterators);
	return NULL;
}

struct inventory_iterators *inventory_open_iterators(struct inventory *inventory, unsigned records)
{
	const struct iterator_settings settings = make_settings(inventory);
	struct inventory_iterators *iterators;

	inventory->obstacle = find_obstacle();
	if (inventory->obstacle)
		return NULL;
	iterators = take_kept(&settings, records);
	if (iterators)
		return iterators;
	iterators = calloc(1, sizeof(*iterators));
	if (!iterators)
		return NULL;
	lib.libbpf_set_print(NULL);
	iterators->settings = settings;
	iterators->records = records;
	iterators->object = load(&settings, records, true);
	iterators->dmabufs = iterators->object;
	if (!iterators->object && errno != EPERM)
		iterators->object = load(&settings, records, false);
	if (iterators->object)
		return iterators;
	/* EACCES is the verifier's. */
	inventory->obstacle = errno == EPERM ? OBSTACLE_PERMISSION : OBSTACLE_KERNEL;
	free(iterators);
	return NULL;
}

void inventory_close_iterators(struct inventory_iterators *iterators)
{
	kept = iterators ? iterators : kept;
}

static int begin(struct inventory_iterators *iterators, const char *program, pid_t pid)
{
	union bpf_iter_link_info which = { .task.pid = pid };
	struct bpf_iter_attach_opts options;
	struct bpf_link *link;
	int fd;

	memset(&options, 0, sizeof(options)); /* its padding, too: libbpf looks */
	options.sz = sizeof(options);
	options.link_info = &which;
	options.link_info_len = sizeof(which);
	link = lib.bpf_program__attach_iter(
		lib.bpf_object__find_program_by_name(iterators->object, program),
		pid ? &options : NULL);
	fd = link ? lib.bpf_iter_create(lib.bpf_link__fd(link)) : -1;

	if (link)
		lib.bpf_link__destroy(link);
	return fd;
}

/* What is being added, while records come in. */
struct adding {
	struct inventory *inventory;
	struct inventory_dmabuf attachments; /* of the dma-buf that comes next */
};

typedef int (*take_fn)(struct adding *adding, const void *record);

/* Takes whole records; returns how many bytes they were, or a negative errno. */
static ssize_t take_records(struct adding *adding, take_fn take, const char *buffer, size_t size)
{
	const struct iterator_record *record;
	size_t at = 0;
	int rc = 0;

	while (!rc && size - at >= sizeof(*record)) {
		record = (const void *)(buffer + at);
		if (record->size < sizeof(*record) || record->size > size - at)
			break;
		rc = take(adding, record);
		at += record->size;
	}
	return rc ? rc : (ssize_t)at;
}

static int take_dmabuf(struct adding *adding, const void *data)
{
	const struct iterator_attachment *attachment = data;
	const struct iterator_dmabuf *record = data;
	struct inventory_dmabuf *dmabuf;

	if (record->record.kind == ITERATOR_ATTACHMENT) {
		inventory_add_attached(&adding->attachments, attachment->device,
				       strlen(attachment->device));
		return 0;
	}
	dmabuf = inventory_find(adding->inventory, record->inode);
	if (!dmabuf)
		return -ENOMEM;
	dmabuf->size = record->size;
	dmabuf->references = record->references;
	dmabuf->attachments = record->attachments;
	dmabuf->attached = adding->attachments.attached;
	adding->attachments.attached = NULL;
	copy_text(dmabuf->exporter, sizeof(record->exporter), record->exporter);
	copy_text(dmabuf->name, sizeof(record->name), record->name);
	return 0;
}

static int add_user(struct inventory *inventory, const struct inventory_process *process,
		    uint64_t address)
{
	struct inventory_context *context = inventory_find_context(&inventory->contexts, address);

	return context ? inventory_add_user(context, process->pid, process->name) : -ENOMEM;
}

static int take_file(struct adding *adding, const void *data)
{
	const struct iterator_file *record = data;
	struct inventory_process process = { .pid = record->pid };

	copy_text(process.name, sizeof(process.name), record->command);
	if (record->context && add_user(adding->inventory, &process, record->context))
		return -ENOMEM;
	if (!record->inode)
		return inventory_add_device(
			adding->inventory, record->pid,
			makedev(record->device >> 20, record->device & 0xfffff));
	return inventory_add_fd(adding->inventory, &process, record->inode, record->fd);
}

static int take_map(struct adding *adding, const void *data)
{
	const struct iterator_map *record = data;
	struct inventory_process process = { .pid = record->pid };

	copy_text(process.name, sizeof(process.name), record->command);
	return inventory_add_map(adding->inventory, &process, record->inode, record->size);
}

static const struct {
	enum inventory_source source;
	const char *name;
	take_fn take;
} walks[] = {
	{ INVENTORY_DMABUF_ITERATOR, "show_dmabuf", take_dmabuf },
	{ INVENTORY_FILE_ITERATOR, "show_file", take_file },
	{ INVENTORY_MAP_ITERATOR, "show_map", take_map },
};

static int read_records(struct adding *adding, int fd, take_fn take)
{
	_Alignas(long long) char buffer[65536];
	size_t left = 0;
	ssize_t got;

	while ((got = read(fd, buffer + left, sizeof(buffer) - left)) > 0) {
		ssize_t taken = take_records(adding, take, buffer, left + got);

		if (taken < 0)
			return taken;
		left = left + got - taken;
		memmove(buffer, buffer + taken, left);
	}
	return got ? -errno : 0;
}

static int walk(struct inventory *inventory, struct inventory_iterators *iterators, unsigned which,
		pid_t pid)
{
	auto_close int fd = begin(iterators, walks[which].name, pid);
	struct adding adding = { .inventory = inventory };
	int rc;

	if (fd < 0)
		return 0;
	inventory->sources |= walks[which].source;
	rc = read_records(&adding, fd, walks[which].take);
	free(adding.attachments.attached);
	return rc;
}

int inventory_from_iterator(struct inventory *inventory, struct inventory_iterators *iterators,
			    enum inventory_source source, pid_t pid)
{
	for (unsigned i = 0; iterators && i < sizeof(walks) / sizeof(*walks); i++)
		if (walks[i].source == source &&
		    (iterators->dmabufs || source != INVENTORY_DMABUF_ITERATOR))
			return walk(inventory, iterators, i, pid);
	return 0;
}

static unsigned source_of(unsigned layout, enum inventory_source source)
{
	return layout == LAYOUT_KNOWN ? source : 0;
}

int inventory_from_survey(struct inventory *inventory, struct inventory_iterators *iterators,
			  unsigned *records)
{
	const size_t size = iterators ? iterators->records * sizeof(struct survey_record) : 0;
	struct survey_result result = { 0 };
	const uint32_t only = 0;
	void *noted;
	int rc;

	if (!iterators || lib.bpf_map_lookup_elem(map_of(iterators, ".bss"), &only, &result))
		return 0;
	if (result.noted > iterators->records) {
		*records = result.noted;
		return -ENOSPC;
	}
	noted = mmap(NULL, size, PROT_READ, MAP_SHARED, map_of(iterators, "survey"), 0);
	if (noted == MAP_FAILED)
		return -errno;
	inventory->sources |= source_of(result.vfio, INVENTORY_VFIO) |
			      source_of(result.iommufd, INVENTORY_IOMMUFD);
	rc = inventory_add_survey(inventory, noted, result.noted);
	munmap(noted, size);
	return rc;
}
