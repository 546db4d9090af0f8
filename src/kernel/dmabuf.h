/* SPDX-License-Identifier: GPL-2.0-only */
/* dma-buf files, whoever exported them (drivers/dma-buf/dma-buf.c). */
#ifndef DMABUFCTL_KERNEL_DMABUF_H
#define DMABUFCTL_KERNEL_DMABUF_H

#include <stdint.h>

/* Unique among the dma-bufs that exist. */
int dmabuf_get_inode(int fd, uint64_t *inode);

/* The kernel's name for what made it, such as vfio_pci_core; -EINVAL for a file that is none. */
#define DMABUF_VFIO "vfio_pci_core" /* drivers/vfio/pci/vfio_pci_dmabuf.c */
int dmabuf_get_exporter(int fd, char exporter[64]);

/* Of a dma-buf; -EINVAL for any other file. */
int dmabuf_get_size(int fd, uint64_t *size);

/*
 * One of memory, which no device stands behind: size bytes, a multiple of the page size; its fd.
 * udmabuf takes 64 MiB by default (-EINVAL; size_limit_mb in drivers/dma-buf/udmabuf.c); errors
 * also as opening its node, and DMABUF_HEAPS/heap.
 */
#define UDMABUF_PATH "/dev/udmabuf"
#define DMABUF_HEAPS "/dev/dma_heap"
int dmabuf_make_udmabuf(uint64_t size);
int dmabuf_make_in_heap(const char *heap, uint64_t size);

/* The name that fdinfo and debugfs show, cut to the kernel's 31 bytes (DMA_BUF_SET_NAME). */
int dmabuf_set_name(int fd, const char *name);

#endif
