/* SPDX-License-Identifier: GPL-2.0-only */
/* RDMA devices: memory regions (MRs) made of dma-bufs, by libibverbs, loaded on first use. */
#ifndef DMABUFCTL_KERNEL_RDMA_H
#define DMABUFCTL_KERNEL_RDMA_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "util/range.h"

#define RDMA_CLASS "/sys/class/infiniband"

struct rdma_region {
	int fd; /* of the device's node; the region goes when the last copy is closed */
	uint32_t lkey, rkey;
};

/* Whether there is an RDMA device of that name. */
bool rdma_exists(const char *device);

/* Whether it is one without a bus device behind it, such as rxe and siw, which do no DMA. */
bool rdma_is_software(const char *device);

#ifdef HAVE_VERBS
/* Whether libibverbs is installed. */
bool rdma_is_available(void);

/*
 * That part of a dma-buf, at that I/O virtual address; prot: 1 to be read, 2 to be written, 3 for
 * both, by others too (UVERBS_METHOD_REG_DMABUF_MR in
 * drivers/infiniband/core/uverbs_std_types_mr.c). The fd is the caller's. 0 or a negative errno:
 * -ENOTTY: there is no libibverbs; -ENOENT: no such device; -EOPNOTSUPP: its driver takes no
 * dma-bufs, or not this one.
 */
int rdma_register(const char *device, int dmabuf, struct range source, uint64_t iova, unsigned prot,
		  struct rdma_region *region);
#else
static inline bool rdma_is_available(void)
{
	return false;
}

static inline int rdma_register(const char *device, int dmabuf, struct range source, uint64_t iova,
				unsigned prot, struct rdma_region *region)
{
	(void)device;
	(void)dmabuf;
	(void)source;
	(void)iova;
	(void)prot;
	*region = (struct rdma_region){ .fd = -1 };
	return -ENOTTY;
}
#endif

/*
 * The number (MRN) that the kernel gave the region with that lkey, as `rdma resource show mr` has
 * it. 0 or a negative errno; -ENOENT: there is none, or CAP_NET_ADMIN is missing.
 */
int rdma_find_number(const char *device, uint32_t lkey, uint32_t *number);

#endif
