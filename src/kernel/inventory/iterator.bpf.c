// SPDX-License-Identifier: GPL-2.0-only
/* Run by the kernel for each dma-buf, each open file and each map; see iterator.h. */
#include <linux/types.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "kernel/inventory/iterator.bpf.h"

#define DMA_BUF_MAGIC 0x444d4142 /* include/uapi/linux/magic.h */
#define ATTACHMENTS_MAX 256	 /* their records fit into the kernel's buffer, 8 pages */
#define S_IFMT 00170000
#define S_IFCHR 0020000

/* What the kernel hands to programs, laid out alike in all kernels; list_head too. */
struct seq_file;
struct dma_buf;
struct task_struct;
struct file;
struct vm_area_struct;

struct list_head {
	struct list_head *next;
};

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__dmabuf {
	struct bpf_iter_meta *meta;
	struct dma_buf *dmabuf;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

struct bpf_iter__task_vma {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	struct vm_area_struct *vma;
};

/* What is used of the kernel's types, wherever it lies in those of the kernel that runs. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kobject {
	const char *name;
};

struct device {
	struct kobject kobj;
	const char *init_name;
};

struct super_block {
	unsigned long s_magic;
};

struct inode {
	unsigned short i_mode;
	unsigned long i_ino;
	unsigned int i_rdev;
	struct super_block *i_sb;
};

struct file {
	struct inode *f_inode;
	struct {
		struct {
			long counter;
		} refcnt;
	} f_ref;
};

struct task_struct {
	int pid, tgid;
	char comm[16];
};

struct vm_area_struct {
	unsigned long vm_start, vm_end;
	struct file *vm_file;
};

struct dma_buf {
	unsigned long size;
	struct file *file;
	struct list_head attachments;
	const char *exp_name;
	const char *name;
};

struct dma_buf_attachment {
	struct device *dev;
	struct list_head node;
};

#pragma clang attribute pop

/* Of VFIO's devices and of its groups. Set before the programs are loaded; 0: there are none. */
const volatile unsigned int vfio_majors[2];

struct walk {
	struct seq_file *seq;
	struct list_head *head, *at;
	int count;
};

static void write_attachment(struct seq_file *seq, struct dma_buf_attachment *attachment)
{
	struct iterator_attachment record = { .record = { ITERATOR_ATTACHMENT, sizeof(record) } };
	struct device *device = BPF_CORE_READ(attachment, dev);
	const char *name = BPF_CORE_READ(device, init_name);

	if (!name)
		name = BPF_CORE_READ(device, kobj.name);
	bpf_probe_read_kernel_str(record.device, sizeof(record.device), name);
	bpf_seq_write(seq, &record, sizeof(record));
}

static long write_next(__u32 index, struct walk *walk)
{
	unsigned int node = __builtin_preserve_field_info(((struct dma_buf_attachment *)0)->node,
							  BPF_FIELD_BYTE_OFFSET);

	(void)index;
	if (walk->at == walk->head)
		return 1;
	write_attachment(walk->seq, (void *)walk->at - node);
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

	walk.head = __builtin_preserve_access_index(&dmabuf->attachments);
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
	return 0;
}

static bool is_dmabuf(struct inode *inode)
{
	return inode->i_sb->s_magic == DMA_BUF_MAGIC;
}

static bool is_vfio(unsigned int major)
{
	return major && (major == vfio_majors[0] || major == vfio_majors[1]);
}

SEC("iter/task_file")
int show_file(struct bpf_iter__task_file *ctx)
{
	struct iterator_file record = { .record = { ITERATOR_FILE, sizeof(record) } };
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct inode *inode;

	if (!task || !file)
		return 0;
	inode = file->f_inode;
	if (is_dmabuf(inode))
		record.inode = inode->i_ino;
	else if ((inode->i_mode & S_IFMT) == S_IFCHR && is_vfio(inode->i_rdev >> 20))
		record.device = inode->i_rdev;
	else
		return 0;
	record.pid = task->pid;
	record.fd = ctx->fd;
	bpf_core_read(record.command, sizeof(task->comm), &task->comm);
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}

SEC("iter/task_vma")
int show_map(struct bpf_iter__task_vma *ctx)
{
	struct iterator_map record = { .record = { ITERATOR_MAP, sizeof(record) } };
	struct vm_area_struct *vma = ctx->vma;
	struct task_struct *task = ctx->task;

	/* Threads have their process's maps. */
	if (!task || !vma || !vma->vm_file || task->pid != task->tgid ||
	    !is_dmabuf(vma->vm_file->f_inode))
		return 0;
	record.inode = vma->vm_file->f_inode->i_ino;
	record.size = vma->vm_end - vma->vm_start;
	record.pid = task->pid;
	bpf_core_read(record.command, sizeof(task->comm), &task->comm);
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}

/* The helpers are for programs under the GPL. */
char LICENSE[] SEC("license") = "GPL";
