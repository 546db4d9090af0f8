// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run by the kernel for each open file and each map of processes; see iterator.h. They write what is
 * to be had of it, and note what VFIO and iommufd have on record behind it.
 */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "kernel/inventory/iterator.bpf.h"
#include "kernel/inventory/survey.bpf.h"
#include "kernel/inventory/table.bpf.h"
#include "kernel/iommufd.bpf.h"

/* Set before the programs are loaded. */
const volatile struct iterator_settings settings;

#include "kernel/inventory/exports.bpf.h"

#include "kernel/inventory/contexts.bpf.h"

#define DMA_BUF_MAGIC 0x444d4142 /* include/uapi/linux/magic.h */
#define S_IFMT 00170000
#define S_IFCHR 0020000

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

static bool is_dmabuf(struct inode *inode)
{
	return inode->i_sb->s_magic == DMA_BUF_MAGIC;
}

static bool is_vfio(unsigned int major)
{
	return major && (major == settings.vfio_majors[0] || major == settings.vfio_majors[1]);
}

static bool is_iommufd(unsigned int device)
{
	return device &&
	       (device == settings.iommufd_nodes[0] || device == settings.iommufd_nodes[1]);
}

/* The iommufd context behind a file of its own, or of a device that is bound to it. */
static struct iommufd_ctx *context_of(void *private, unsigned int device)
{
	struct iommufd_ctx *context = is_iommufd(device) ? private : NULL;
	struct file *file;

	if (iommufd_layout() != LAYOUT_KNOWN)
		return NULL;
	if (settings.vfio_majors[0] && device >> 20 == settings.vfio_majors[0] &&
	    bpf_core_field_exists(struct vfio_device_file, iommufd))
		context = BPF_CORE_READ((struct vfio_device_file *)private, iommufd);
	if (!context)
		return NULL;
	/* The node of VFIO's containers may be iommufd's. */
	file = BPF_CORE_READ(context, file);
	return BPF_CORE_READ(file, private_data) == context ? context : NULL;
}

/* Kernels before 6.16 do not walk their dma-bufs. */
static void note_behind(struct file *file, struct iterator_file *record)
{
	void *private = BPF_CORE_READ(file, private_data);
	struct iommufd_ctx *context;

	if (record->inode) {
		if (is_new(private))
			note_export((__u64) private);
		return;
	}
	context = context_of(private, record->device);
	record->context = (__u64)context;
	if (context && is_new(context))
		note_context(context);
}

SEC("iter/task_file")
int show_file(struct bpf_iter__task_file *ctx)
{
	struct iterator_file record = { .record = { ITERATOR_FILE, sizeof(record) } };
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct inode *inode;

	result.vfio = vfio_layout();
	result.iommufd = iommufd_layout();
	if (!task || !file)
		return 0;
	inode = file->f_inode;
	if (is_dmabuf(inode))
		record.inode = inode->i_ino;
	else if ((inode->i_mode & S_IFMT) == S_IFCHR &&
		 (is_vfio(inode->i_rdev >> 20) || is_iommufd(inode->i_rdev)))
		record.device = inode->i_rdev;
	else
		return 0;
	note_behind(file, &record);
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
