// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run by the kernel for each dma-buf; see iterator.h. Writes what is to be had of it, and notes what
 * VFIO has on record behind it.
 */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "kernel/inventory/iterator.bpf.h"
#include "kernel/inventory/survey.bpf.h"
#include "kernel/inventory/table.bpf.h"
#include "kernel/vfio.bpf.h"

#include "kernel/inventory/exports.bpf.h"

#define ATTACHMENTS_MAX 256 /* their records fit into the kernel's buffer, 8 pages */

struct bpf_iter__dmabuf {
	struct bpf_iter_meta *meta;
	struct dma_buf *dmabuf;
};

struct walk {
	struct seq_file *seq;
	struct list_head *head, *at;
	int count;
};

/* As dma_buf_attach_revocable() in drivers/dma-buf/dma-buf.c; whether it is pinned is not on record. */
static enum iterator_promise promise_of(struct dma_buf_attachment *attachment)
{
	const struct dma_buf_attach_ops *ops = BPF_CORE_READ(attachment, importer_ops);
	const struct dma_buf_attach_ops___before *before = (void *)ops;
	void *tell;

	if (!ops)
		return ITERATOR_PLAIN;
	if (bpf_core_field_exists(struct dma_buf_attach_ops, invalidate_mappings))
		tell = BPF_CORE_READ(ops, invalidate_mappings);
	else
		tell = BPF_CORE_READ(before, move_notify);
	return tell ? ITERATOR_LETS_GO : ITERATOR_PINNED;
}

static void write_attachment(struct seq_file *seq, struct dma_buf_attachment *attachment)
{
	struct iterator_attachment record = {
		.record = { ITERATOR_ATTACHMENT, sizeof(record) },
		.promise = promise_of(attachment),
	};

	read_name(record.device, sizeof(record.device), BPF_CORE_READ(attachment, dev));
	bpf_seq_write(seq, &record, sizeof(record));
}

static long write_next(__u32 index, struct walk *walk)
{
	(void)index;
	if (walk->at == walk->head)
		return 1;
	write_attachment(walk->seq, object_of(walk->at, struct dma_buf_attachment, node));
	bpf_probe_read_kernel(&walk->at, sizeof(walk->at), &walk->at->next);
	walk->count++;
	return 0;
}

/*
 * The list may change meanwhile: what is read then is wrong, but the reading is safe, and ends.
 * The verifier looks at a loop of bpf_loop() once, at others once for each round.
 */
static int write_attachments(struct seq_file *seq, struct dma_buf *dmabuf)
{
	struct walk walk = { .seq = seq };

	walk.head = address_of(dmabuf, attachments);
	bpf_probe_read_kernel(&walk.at, sizeof(walk.at), &walk.head->next);
	bpf_loop(ATTACHMENTS_MAX, write_next, &walk, 0);
	return walk.at == walk.head ? walk.count : -1;
}

SEC("iter/dmabuf")
int show_dmabuf(struct bpf_iter__dmabuf *ctx)
{
	struct iterator_dmabuf record = { .record = { ITERATOR_DMABUF, sizeof(record) } };
	struct seq_file *seq = ctx->meta->seq;
	struct dma_buf *dmabuf = ctx->dmabuf;
	void *private;

	if (!dmabuf)
		return 0;
	record.inode = dmabuf->file->f_inode->i_ino;
	record.size = dmabuf->size;
	/* What is stored is one less than the references, and the iterator has one of them. */
	record.references = dmabuf->file->f_ref.refcnt.counter;
	record.attachments = write_attachments(seq, dmabuf);
	bpf_probe_read_kernel_str(record.exporter, sizeof(record.exporter), dmabuf->exp_name);
	if (dmabuf->name)
		bpf_probe_read_kernel_str(record.name, sizeof(record.name), dmabuf->name);
	bpf_seq_write(seq, &record, sizeof(record));
	private = BPF_CORE_READ(dmabuf, file, private_data); /* itself, as a number */
	if (is_new(private))
		note_export((__u64) private);
	return 0;
}

/* The helpers are for programs under the GPL. */
char LICENSE[] SEC("license") = "GPL";
