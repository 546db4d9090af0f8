// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/inventory/iterator.h"

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
#include "kernel/lockdown.h"
#include "kernel/proc.h"
#include "kernel/sys.h"
#include "util/scope.h"
#include "util/text.h"

#include "kernel/inventory/dmabufs.skel.h"
#include "kernel/inventory/processes.skel.h"

#define BTF "/sys/kernel/btf/"

struct inventory_iterators {
	struct iterator_settings settings;
	unsigned records; /* that there is room for, of each */
	struct processes *processes;
	struct dmabufs *dmabufs; /* loaded when they are first asked for; Linux 6.16 */
	bool tried;		 /* that was done */
};

/* For the next inventory of this process: to load them takes longer than to run them. */
static struct inventory_iterators *kept;

static enum inventory_obstacle find_obstacle(void)
{
	return !proc_is_first_namespace()  ? OBSTACLE_NAMESPACE :
	       access(BTF "vmlinux", R_OK) ? OBSTACLE_BTF :
	       lockdown_is_confidential()  ? OBSTACLE_LOCKDOWN :
					     OBSTACLE_NONE;
}

/* 0 or a negative errno. */
static int load_processes(struct inventory_iterators *iterators)
{
	struct processes *loaded = processes__open();
	int rc;

	if (!loaded)
		return -errno;
	loaded->rodata->settings = iterators->settings;
	loaded->maps.survey.max_entries = iterators->records;
	rc = processes__load(loaded);
	if (rc)
		processes__destroy(loaded);
	else
		iterators->processes = loaded;
	return rc;
}

static void load_dmabufs(struct inventory_iterators *iterators)
{
	struct dmabufs *loaded = iterators->tried ? NULL : dmabufs__open();

	iterators->tried = true;
	if (!loaded)
		return;
	loaded->maps.survey.max_entries = iterators->records;
	if (dmabufs__load(loaded))
		dmabufs__destroy(loaded);
	else
		iterators->dmabufs = loaded;
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
	processes__destroy(iterators->processes);
	dmabufs__destroy(iterators->dmabufs);
	free(iterators);
}

/* What programs have noted. */
struct notes {
	struct survey_result *result;
	int survey, seen; /* fds of maps */
};

#define NOTES_OF(loaded)                                                                         \
	(struct notes)                                                                           \
	{                                                                                        \
		&(loaded)->bss->result, (loaded)->maps.survey.map_fd, (loaded)->maps.seen.map_fd \
	}

static void forget(const struct notes *notes)
{
	uint64_t address;
	union bpf_attr first = { .map_fd = notes->seen, .next_key = (uintptr_t)&address };

	*notes->result = (struct survey_result){ 0 };
	while (!skel_sys_bpf(BPF_MAP_GET_NEXT_KEY, &first, sizeof(first)))
		skel_map_delete_elem(notes->seen, &address);
}

static struct inventory_iterators *take_kept(const struct iterator_settings *settings,
					     unsigned records)
{
	struct inventory_iterators *iterators = kept;

	kept = NULL;
	if (iterators && iterators->records >= records &&
	    !memcmp(&iterators->settings, settings, sizeof(*settings))) {
		forget(&NOTES_OF(iterators->processes));
		if (iterators->dmabufs)
			forget(&NOTES_OF(iterators->dmabufs));
		return iterators;
	}
	free_iterators(iterators);
	return NULL;
}

struct inventory_iterators *inventory_open_iterators(struct inventory *inventory, unsigned records)
{
	const struct iterator_settings settings = make_settings(inventory);
	struct inventory_iterators *iterators;
	int rc;

	inventory->obstacle = find_obstacle();
	if (inventory->obstacle)
		return NULL;
	iterators = take_kept(&settings, records);
	if (iterators)
		return iterators;
	iterators = calloc(1, sizeof(*iterators));
	if (!iterators)
		return NULL;
	iterators->settings = settings;
	iterators->records = records;
	rc = load_processes(iterators);
	if (!rc)
		return iterators;
	/* EACCES is the verifier's. */
	inventory->obstacle = rc == -EPERM ? OBSTACLE_PERMISSION : OBSTACLE_KERNEL;
	free(iterators);
	return NULL;
}

void inventory_close_iterators(struct inventory_iterators *iterators)
{
	kept = iterators ? iterators : kept;
}

/* An fd that what the program writes is read from; negative when there is none. */
static int begin(int program, pid_t pid)
{
	union bpf_iter_link_info which = { .task.pid = pid };
	union bpf_attr link = {
		.link_create = { .prog_fd = program,
				 .attach_type = BPF_TRACE_ITER,
				 .iter_info = pid ? (uintptr_t)&which : 0,
				 .iter_info_len = pid ? sizeof(which) : 0 },
	};
	auto_close int fd = skel_sys_bpf(BPF_LINK_CREATE, &link, sizeof(link));
	union bpf_attr iterator = { .iter_create.link_fd = fd };

	return fd < 0 ? fd : skel_sys_bpf(BPF_ITER_CREATE, &iterator, sizeof(iterator));
}

/* They follow each other in the buffer. */
_Static_assert(sizeof(struct iterator_attachment) % 8 == 0 &&
		       sizeof(struct iterator_dmabuf) % 8 == 0 &&
		       sizeof(struct iterator_file) % 8 == 0 &&
		       sizeof(struct iterator_map) % 8 == 0,
	       "each is aligned as the next wants it");

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

static const char *promise_name(enum iterator_promise promise)
{
	static const char *const names[] = { "plain", "pinned", "lets-go" };

	return names[promise];
}

static int take_dmabuf(struct adding *adding, const void *data)
{
	const struct iterator_attachment *attachment = data;
	const struct iterator_dmabuf *record = data;
	struct inventory_dmabuf *dmabuf;

	if (record->record.kind == ITERATOR_ATTACHMENT) {
		inventory_add_attached(&adding->attachments, attachment->device,
				       strlen(attachment->device),
				       promise_name(attachment->promise));
		return 0;
	}
	dmabuf = inventory_find(adding->inventory, record->inode);
	if (!dmabuf)
		return -ENOMEM;
	dmabuf->size = record->size;
	dmabuf->references = record->references;
	dmabuf->attachments = record->attachments;
	dmabuf->attached = adding->attachments.attached;
	dmabuf->promises = adding->attachments.promises;
	adding->attachments = (struct inventory_dmabuf){ 0 };
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

static int walk(struct inventory *inventory, int program, enum inventory_source source,
		take_fn take, pid_t pid)
{
	auto_close int fd = begin(program, pid);
	struct adding adding = { .inventory = inventory };
	int rc;

	if (fd < 0)
		return 0;
	inventory->sources |= source;
	rc = read_records(&adding, fd, take);
	free(adding.attachments.attached);
	free(adding.attachments.promises);
	return rc;
}

int inventory_from_iterator(struct inventory *inventory, struct inventory_iterators *iterators,
			    enum inventory_source source, pid_t pid)
{
	if (!iterators)
		return 0;
	switch (source) {
	case INVENTORY_DMABUF_ITERATOR:
		load_dmabufs(iterators);
		return iterators->dmabufs ?
			       walk(inventory, iterators->dmabufs->progs.show_dmabuf.prog_fd,
				    source, take_dmabuf, pid) :
			       0;
	case INVENTORY_FILE_ITERATOR:
		return walk(inventory, iterators->processes->progs.show_file.prog_fd, source,
			    take_file, pid);
	default:
		return walk(inventory, iterators->processes->progs.show_map.prog_fd, source,
			    take_map, pid);
	}
}

/* *most: made as large as the number of records, also of those that found no room. */
static int take_notes(struct inventory *inventory, const struct inventory_iterators *iterators,
		      const struct notes *notes, unsigned *most)
{
	const size_t size = iterators->records * sizeof(struct survey_record);
	void *noted;
	int rc;

	if (notes->result->noted > iterators->records) {
		*most = notes->result->noted;
		return -ENOSPC;
	}
	noted = mmap(NULL, size, PROT_READ, MAP_SHARED, notes->survey, 0);
	if (noted == MAP_FAILED)
		return -errno;
	rc = inventory_add_survey(inventory, noted, notes->result->noted);
	munmap(noted, size);
	return rc;
}

/* In the way of a module's records. One that is not loaded has none. */
static enum inventory_obstacle find_module_obstacle(const char *module, enum survey_layout layout)
{
	char loaded[64], described[64];

	if (layout != LAYOUT_ABSENT)
		return layout == LAYOUT_KNOWN ? OBSTACLE_NONE : OBSTACLE_KERNEL;
	snprintf(loaded, sizeof(loaded), "/sys/module/%s/initstate", module);
	snprintf(described, sizeof(described), BTF "%s", module);
	return access(loaded, F_OK)    ? OBSTACLE_NONE :
	       access(described, F_OK) ? OBSTACLE_MODULE :
					 OBSTACLE_KERNEL;
}

int inventory_from_survey(struct inventory *inventory, struct inventory_iterators *iterators,
			  unsigned *records)
{
	const struct survey_result *result;
	int rc = 0;

	if (!iterators)
		return 0;
	if (iterators->dmabufs)
		rc = take_notes(inventory, iterators, &NOTES_OF(iterators->dmabufs), records);
	if (!rc)
		rc = take_notes(inventory, iterators, &NOTES_OF(iterators->processes), records);
	result = &iterators->processes->bss->result;
	inventory->sources |= (result->vfio == LAYOUT_KNOWN ? INVENTORY_VFIO : 0) |
			      (result->iommufd == LAYOUT_KNOWN ? INVENTORY_IOMMUFD : 0);
	inventory->obstacle = find_module_obstacle("vfio_pci_core", result->vfio);
	if (!inventory->obstacle)
		inventory->obstacle = find_module_obstacle("iommufd", result->iommufd);
	return rc;
}
