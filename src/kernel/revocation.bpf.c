// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run by the kernel where a dma-buf is made, where VFIO takes the memory behind its own away and
 * gives it back, and where iommufd lets go of it; see revocation.h. All of that happens seldom.
 */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/ptrace.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "kernel/iommufd.bpf.h"
#include "kernel/revocation.bpf.h"

#define RING_SIZE (2 << 20)
#define CALLS_MAX 1024	      /* at a time */
#define DMABUFS_MAX (1 << 16) /* of one device */
#define AREAS_MAX 1024

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_SIZE);
} ring SEC(".maps");

/* Records that found no room, and calls whose end was not seen. */
__u64 lost;

enum function {
	FUNCTION_UPDATE,
	FUNCTION_INVALIDATE,
	FUNCTION_NOTIFY,
};

/* A function that a task is in: at its return its argument is not to be had any more. */
struct call {
	__u64 task;
	__u64 function;
};

struct begun {
	void *argument;
	__u64 time;
	__u64 mapped; /* by others than iommufd */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CALLS_MAX);
	__type(key, struct call);
	__type(value, struct begun);
} calls SEC(".maps");

/* What a dma-buf is about to become. */
struct change {
	bool revoked;
	bool told; /* an importer has told of it */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, DMABUFS_MAX);
	__type(key, struct dma_buf *);
	__type(value, struct change);
} changes SEC(".maps");

/* When a mapping was let go of, as it is in several domains. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, AREAS_MAX);
	__type(key, struct iopt_area *);
	__type(value, __u64);
} areas SEC(".maps");

static void lose(void)
{
	__sync_fetch_and_add(&lost, 1);
}

static struct call call_of(enum function function)
{
	return (struct call){ bpf_get_current_pid_tgid(), function };
}

static void begin(enum function function, void *argument, __u64 mapped)
{
	struct call call = call_of(function);
	struct begun begun = { argument, bpf_ktime_get_ns(), mapped };

	/* One that is there is from a call whose return was not seen. */
	if (!bpf_map_update_elem(&calls, &call, &begun, BPF_NOEXIST))
		return;
	lose();
	bpf_map_update_elem(&calls, &call, &begun, BPF_EXIST);
}

/* False when its beginning was not seen, or not noted. */
static bool end(enum function function, struct begun *begun)
{
	struct call call = call_of(function);
	struct begun *found = bpf_map_lookup_elem(&calls, &call);

	if (!found)
		return false;
	*begun = *found;
	bpf_map_delete_elem(&calls, &call);
	return true;
}

static void tell(struct revocation_record *record, struct dma_buf *dmabuf)
{
	record->pid = bpf_get_current_pid_tgid();
	record->inode = BPF_CORE_READ(dmabuf, file, f_inode, i_ino);
	if (bpf_ringbuf_output(&ring, record, sizeof(*record), 0))
		lose();
}

static void tell_of_device(struct revocation_record *record, struct dma_buf *dmabuf)
{
	struct vfio_pci_dma_buf *exported = BPF_CORE_READ(dmabuf, priv);
	__u64 start;

	record->region = -1;
	if (BPF_CORE_READ(exported, vdev))
		record->region =
			read_exporter(exported, record->device, sizeof(record->device), &start);
	tell(record, dmabuf);
}

static void tell_of_exporter(enum revocation_kind kind, enum revocation_kept kept,
			     struct dma_buf *dmabuf)
{
	struct revocation_record record = {
		.kind = kind,
		.kept = kept,
		.time = bpf_ktime_get_ns(),
	};

	tell_of_device(&record, dmabuf);
}

/* dma_buf_export(): a dma-buf, or an error. VFIO's record may not have its device yet. */
SEC("kretprobe")
int end_export(struct pt_regs *ctx)
{
	struct revocation_record record = { .kind = REVOCATION_EXPORTED };
	struct dma_buf *dmabuf = (void *)PT_REGS_RC(ctx);
	__u64 length;

	if (!is_from_vfio(dmabuf))
		return 0;
	record.time = bpf_ktime_get_ns();
	record.size = BPF_CORE_READ(dmabuf, size);
	read_range(BPF_CORE_READ(dmabuf, priv), 0, &record.memory, &length);
	tell(&record, dmabuf);
	return 0;
}

static struct vfio_pci_dma_buf *exported_at(struct list_head *node)
{
	if (bpf_core_field_exists(struct vfio_pci_dma_buf, dmabufs_elm)) {
		barrier();
		return object_of(node, struct vfio_pci_dma_buf, dmabufs_elm);
	}
	barrier();
	return (void *)object_of(node, struct vfio_pci_dma_buf___series, node);
}

/* The dma-bufs of a device. */
struct exports {
	struct list_head *head, *at;
	bool revoked; /* what they are about to become */
};

static struct exports exports_of(struct vfio_pci_core_device *device)
{
	struct list_head *head = (void *)address_of(device, dmabufs);

	return (struct exports){ .head = head, .at = BPF_CORE_READ(head, next) };
}

/* NULL at the end. */
static struct vfio_pci_dma_buf *next_export(struct exports *exports)
{
	struct list_head *at = exports->at;

	if (!at || at == exports->head)
		return NULL;
	exports->at = BPF_CORE_READ(at, next);
	return exported_at(at);
}

/* With each of them, of which there may be more than can be looked at. */
static __always_inline void visit_exports(struct exports *exports, void *visit)
{
	bpf_loop(DMABUFS_MAX, visit, exports, 0);
	if (exports->at != exports->head)
		lose();
}

static long note_change(__u32 index, struct exports *exports)
{
	struct vfio_pci_dma_buf *exported = next_export(exports);
	struct change change = { .revoked = exports->revoked };
	struct dma_buf *dmabuf;

	(void)index;
	if (!exported)
		return 1;
	dmabuf = BPF_CORE_READ(exported, dmabuf);
	if (is_export_revoked(exported) != change.revoked &&
	    bpf_map_update_elem(&changes, &dmabuf, &change, BPF_ANY))
		lose();
	return 0;
}

static void note_changes(struct vfio_pci_core_device *device, bool revoked)
{
	struct exports exports = exports_of(device);

	exports.revoked = revoked;
	visit_exports(&exports, note_change);
}

/*
 * vfio_pci_dma_buf_move(), vfio_pci_dma_buf_reset(), vfio_pci_dma_buf_error(): the device, and
 * whether its memory goes.
 */
SEC("kprobe")
int begin_update(struct pt_regs *ctx)
{
	struct vfio_pci_core_device *device = (void *)PT_REGS_PARM1(ctx);
	bool revoked = PT_REGS_PARM2(ctx) & 0xff;

	note_changes(device, revoked);
	if (!revoked)
		begin(FUNCTION_UPDATE, device, 0);
	return 0;
}

static long tell_restored(__u32 index, struct exports *exports)
{
	struct vfio_pci_dma_buf *exported = next_export(exports);
	struct dma_buf *dmabuf;

	(void)index;
	if (!exported)
		return 1;
	dmabuf = BPF_CORE_READ(exported, dmabuf);
	if (!bpf_map_delete_elem(&changes, &dmabuf) && !is_export_revoked(exported))
		tell_of_exporter(REVOCATION_RESTORED, REVOCATION_NOBODY, dmabuf);
	return 0;
}

/* Without an end in between it gives the memory back. */
SEC("kretprobe")
int end_update(struct pt_regs *ctx)
{
	struct exports exports;
	struct begun begun;

	(void)ctx;
	if (!end(FUNCTION_UPDATE, &begun))
		return 0;
	exports = exports_of(begun.argument);
	visit_exports(&exports, tell_restored);
	return 0;
}

/* vfio_pci_core_close_device() */
SEC("kprobe")
int begin_close(struct pt_regs *ctx)
{
	struct vfio_device *device = (void *)PT_REGS_PARM1(ctx);

	note_changes(object_of(device, struct vfio_pci_core_device, vdev), true);
	return 0;
}

/* The mappings at DMA addresses; 0 where they are not on record. */
static __u32 count_mapped(struct vfio_pci_dma_buf *record)
{
	struct vfio_pci_dma_buf___series *series = (void *)record;

	if (bpf_core_field_exists(struct vfio_pci_dma_buf, kref))
		return BPF_CORE_READ(record, kref.refcount.refs.counter) - 1;
	return bpf_core_field_exists(struct vfio_pci_dma_buf___series, mapped) ?
		       BPF_CORE_READ(series, mapped) :
		       0;
}

/* dma_buf_invalidate_mappings(): to all importers of the dma-buf, for restoring as well. */
SEC("kprobe")
int begin_invalidate(struct pt_regs *ctx)
{
	struct dma_buf *dmabuf = (void *)PT_REGS_PARM1(ctx);

	if (is_from_vfio(dmabuf))
		begin(FUNCTION_INVALIDATE, dmabuf, count_mapped(BPF_CORE_READ(dmabuf, priv)));
	return 0;
}

/* What is mapped yet, the exporter waits for. */
static enum revocation_kept kept_by_others(const struct begun *begun)
{
	struct dma_buf *dmabuf = begun->argument;

	if (!begun->mapped)
		return REVOCATION_NOBODY;
	return count_mapped(BPF_CORE_READ(dmabuf, priv)) ? REVOCATION_NOT_KEPT : REVOCATION_KEPT;
}

SEC("kretprobe")
int end_invalidate(struct pt_regs *ctx)
{
	struct dma_buf *dmabuf;
	struct change *change;
	struct begun begun;

	(void)ctx;
	if (!end(FUNCTION_INVALIDATE, &begun))
		return 0;
	dmabuf = begun.argument;
	change = bpf_map_lookup_elem(&changes, &dmabuf);
	if (!change || !change->revoked)
		return 0;
	if (!change->told || begun.mapped)
		tell_of_exporter(REVOCATION_REVOKED, kept_by_others(&begun), dmabuf);
	bpf_map_delete_elem(&changes, &dmabuf);
	return 0;
}

/* iopt_revoke_notify(): the one importer that is iommufd's pages. */
SEC("kprobe")
int begin_notify(struct pt_regs *ctx)
{
	struct dma_buf_attachment *attachment = (void *)PT_REGS_PARM1(ctx);

	if (is_from_vfio(BPF_CORE_READ(attachment, dmabuf)) &&
	    !is_revoked(BPF_CORE_READ(attachment, importer_priv)))
		begin(FUNCTION_NOTIFY, attachment, 0);
	return 0;
}

/* The mappings of an importer that has let go. */
struct importer {
	struct dma_buf *dmabuf;
	struct iopt_pages *pages;
	struct list_head *head, *at;
	__u64 began, ended;
};

/* area: NULL for none. */
static void tell_let_go(struct importer *importer, struct iopt_area *area)
{
	struct revocation_record record = {
		.kind = REVOCATION_LET_GO,
		.kept = is_revoked(importer->pages) ? REVOCATION_KEPT : REVOCATION_NOT_KEPT,
		.time = importer->ended,
		.took = importer->ended - importer->began,
	};
	struct iopt_pages *pages = importer->pages;
	struct io_pagetable *iopt;

	record.mapped_by = BPF_CORE_READ(pages, source_task, tgid);
	if (area) {
		iopt = BPF_CORE_READ(area, iopt);
		record.ioas = BPF_CORE_READ(object_of(iopt, struct iommufd_ioas, iopt), obj.id);
		record.iova = BPF_CORE_READ(area, node.start);
		record.length = BPF_CORE_READ(area, node.last) - record.iova + 1;
	}
	tell_of_device(&record, importer->dmabuf);
}

static long tell_area(__u32 index, struct importer *importer)
{
	struct list_head *at = importer->at;
	struct iopt_area *area;
	__u64 *before;

	(void)index;
	if (!at || at == importer->head)
		return 1;
	importer->at = BPF_CORE_READ(at, next);
	area = area_at(at);
	before = bpf_map_lookup_elem(&areas, &area);
	if (before && *before == importer->ended)
		return 0;
	bpf_map_update_elem(&areas, &area, &importer->ended, BPF_ANY);
	tell_let_go(importer, area);
	return 0;
}

SEC("kretprobe")
int end_notify(struct pt_regs *ctx)
{
	struct importer importer = { .ended = bpf_ktime_get_ns() };
	struct dma_buf_attachment *attachment;
	struct dma_buf *dmabuf;
	struct iopt_pages *pages;
	struct list_head *head;
	struct change *change;
	struct begun begun;

	(void)ctx;
	if (!end(FUNCTION_NOTIFY, &begun))
		return 0;
	attachment = begun.argument;
	dmabuf = BPF_CORE_READ(attachment, dmabuf);
	pages = BPF_CORE_READ(attachment, importer_priv);
	head = domains_of(pages);
	importer.began = begun.time;
	importer.dmabuf = dmabuf;
	importer.pages = pages;
	importer.head = head;
	importer.at = BPF_CORE_READ(head, next);
	if (importer.at == importer.head)
		tell_let_go(&importer, NULL);
	bpf_loop(DOMAINS_MAX, tell_area, &importer, 0);
	if (importer.at != importer.head)
		lose();
	change = bpf_map_lookup_elem(&changes, &dmabuf);
	if (change)
		change->told = true;
	return 0;
}

/* The helpers are for programs under the GPL. */
char LICENSE[] SEC("license") = "GPL";
