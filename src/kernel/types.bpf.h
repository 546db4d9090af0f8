/* SPDX-License-Identifier: GPL-2.0-only */
/* What is read of the kernel's own types, wherever it lies in those of the kernel that runs. */
#ifndef DMABUFCTL_KERNEL_TYPES_BPF_H
#define DMABUFCTL_KERNEL_TYPES_BPF_H

/* Laid out alike in all kernels. */
struct list_head {
	struct list_head *next, *prev;
};

struct rb_node {
	unsigned long parent_and_color;
	struct rb_node *right, *left;
};

/* What iterators hand to programs. */
struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

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
	void *private_data;
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
	void *priv;
};

struct dma_buf_attachment {
	struct dma_buf *dmabuf;
	struct device *dev;
	struct list_head node;
	const struct dma_buf_attach_ops *importer_ops;
	void *importer_priv;
};

struct dma_buf_attach_ops {
	void *invalidate_mappings;
};

/* Before Linux 7.0. */
struct dma_buf_attach_ops___before {
	void *move_notify;
};

#pragma clang attribute pop

/*
 * The object that has a member at that place. The compiler would find out where the member is ahead
 * of a test of whether there is one, and no kernel without it would take the program: then
 * barrier() stands between them.
 */
#define object_of(place, type, member)                                               \
	((type *)((void *)(place)-__builtin_preserve_field_info(((type *)0)->member, \
								BPF_FIELD_BYTE_OFFSET)))

#define address_of(object, member) __builtin_preserve_access_index(&(object)->member)

static void read_name(char *name, __u32 size, struct device *device)
{
	const char *given = BPF_CORE_READ(device, init_name);

	if (!given)
		given = BPF_CORE_READ(device, kobj.name);
	bpf_probe_read_kernel_str(name, size, given);
}

#endif
