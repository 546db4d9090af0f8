/* SPDX-License-Identifier: GPL-2.0-only */
/* What iommufd has on record of its mappings (drivers/iommu/iommufd). */
#ifndef DMABUFCTL_KERNEL_IOMMUFD_BPF_H
#define DMABUFCTL_KERNEL_IOMMUFD_BPF_H

#include "kernel/vfio.bpf.h"

#define DOMAINS_MAX 1024 /* steps through those that pages are in */

enum iommufd_object_type {
	IOMMUFD_OBJ_DEVICE,
	IOMMUFD_OBJ_HWPT_PAGING,
	IOMMUFD_OBJ_HWPT_NESTED,
	IOMMUFD_OBJ_IOAS,
};

enum iopt_address_type {
	IOPT_ADDRESS_DMABUF,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct xarray {
	void *xa_head;
};

struct xa_node {
	unsigned char shift;
	void *slots[1];
};

struct rb_root_cached {
	struct {
		struct rb_node *rb_node;
	} rb_root;
};

struct interval_tree_node {
	struct rb_node rb;
	unsigned long start, last;
};

struct iommufd_object {
	enum iommufd_object_type type;
	unsigned int id;
};

struct iommufd_ctx {
	struct file *file;
	struct xarray objects;
};

struct io_pagetable {
	struct rb_root_cached area_itree;
};

struct iommufd_ioas {
	struct iommufd_object obj;
	struct io_pagetable iopt;
};

struct iommufd_hw_pagetable {
	struct iommufd_object obj;
};

struct iommufd_hwpt_paging {
	struct iommufd_hw_pagetable common;
	struct iommufd_ioas *ioas;
};

struct iommufd_hwpt_nested {
	struct iommufd_hw_pagetable common;
	struct iommufd_hwpt_paging *parent;
};

struct iommufd_attach {
	struct iommufd_hw_pagetable *hwpt;
	struct xarray device_array;
};

struct iommufd_group {
	struct xarray pasid_attach;
};

/* Up to Linux 6.14. */
struct iommufd_group___one {
	struct iommufd_hw_pagetable *hwpt;
};

struct iommufd_device {
	struct iommufd_object obj;
	struct iommufd_ctx *ictx;
	struct iommufd_group *igroup;
	struct list_head group_item;
	struct device *dev;
};

struct iopt_pages_dmabuf {
	struct dma_buf_attachment *attach;
	struct phys_vec phys;
	unsigned long start;
	struct list_head tracker;
};

struct iopt_pages_dmabuf_track {
	struct iopt_area *area;
	struct list_head elm;
};

struct iopt_pages {
	struct task_struct *source_task;
	enum iopt_address_type type;
	struct iopt_pages_dmabuf dmabuf;
};

/* As kernel/linux-6.12 has them. */
struct iopt_dmabuf {
	struct dma_buf_attachment *attach;
	_Bool revoked;
	struct list_head blocks;
};

struct iopt_dmabuf_block {
	struct list_head node;
	struct iopt_area *area;
};

struct iopt_pages___series {
	void *uptr;
	struct iopt_dmabuf *dmabuf;
};

struct iopt_area {
	struct interval_tree_node node;
	struct interval_tree_node pages_node;
	struct io_pagetable *iopt;
	struct iopt_pages *pages;
	unsigned int page_offset;
	int iommu_prot;
};

#pragma clang attribute pop

static bool is_mainline(void)
{
	return bpf_core_type_exists(struct iopt_pages_dmabuf);
}

/* The exporter has taken what is behind them away. They do not get it back. */
static bool is_revoked(struct iopt_pages *pages)
{
	return is_mainline() ? !BPF_CORE_READ(pages, dmabuf.phys.len) :
			       BPF_CORE_READ((struct iopt_pages___series *)pages, dmabuf, revoked);
}

/* The domains that a dma-buf's pages are in: a list that has an entry for each area and domain. */
static struct list_head *domains_of(struct iopt_pages *pages)
{
	struct iopt_dmabuf *dmabuf;

	if (is_mainline()) {
		barrier();
		return (void *)address_of(pages, dmabuf.tracker);
	}
	dmabuf = BPF_CORE_READ((struct iopt_pages___series *)pages, dmabuf);
	return (void *)address_of(dmabuf, blocks);
}

static struct iopt_area *area_at(struct list_head *domain)
{
	return is_mainline() ?
		       BPF_CORE_READ(object_of(domain, struct iopt_pages_dmabuf_track, elm), area) :
		       BPF_CORE_READ(object_of(domain, struct iopt_dmabuf_block, node), area);
}

#endif
