/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The importer's node, /dev/dmabufctl-importer/BDF: each open file of it has at most one dma-buf
 * attached for that device. All ioctls return 0, or -1 with errno:
 *
 *	ENODEV		the driver has been taken off the device; or the dma-buf is revoked
 *	ENOTCONN	nothing is attached, or mapped
 *	EBUSY		something is attached, or mapped, already
 *
 * and whatever errno the exporter refuses with. To close the file lets go of the dma-buf.
 */
#ifndef DMABUFCTL_IMPORTER_UAPI_H
#define DMABUFCTL_IMPORTER_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* What the importer promises the exporter (Documentation/driver-api/dma-buf.rst). */
enum importer_promise {
	/* It does peer-to-peer DMA, lets go when it is told to, and maps again. */
	IMPORTER_DYNAMIC,
	/* The same, but the memory is pinned; once told to, it lets go for good. */
	IMPORTER_REVOCABLE,
	/* It does peer-to-peer DMA; the memory is pinned, and it never lets go. */
	IMPORTER_PINNED,
	/* A static importer: no peer-to-peer DMA, and it never lets go. */
	IMPORTER_PLAIN,
};

struct importer_attach {
	__s32 dmabuf;	/* a file descriptor; it is not kept open */
	__u32 promise;	/* enum importer_promise */
};

#define IMPORTER_READ	(1 << 0)
#define IMPORTER_WRITE	(1 << 1)

struct importer_map {
	__u32 prot;	/* what the device may do: IMPORTER_READ, IMPORTER_WRITE or both */
};

#define IMPORTER_ATTACHED (1 << 0)
#define IMPORTER_MAPPED	(1 << 1)
#define IMPORTER_OVER	(1 << 2) /* a revocable one that was told: it maps no more */
#define IMPORTER_TRANSLATED (1 << 3) /* an IOMMU translates what the device accesses */
#define IMPORTER_DOES_DMA (1 << 4) /* IMPORTER_COPY works with this device */

struct importer_state {
	__u32 flags;
	__u32 promise;	/* of what is attached */
	__u32 ranges;	/* DMA ranges of the mapping */
	__u32 told;	/* how often it was told to let go, since it was attached */
	__u64 size;	/* of the dma-buf, in bytes */
	/* CLOCK_MONOTONIC, ns */
	__u64 told_at;	/* the last time that something was mapped; 0: never */
	__u64 let_go_at; /* when it let go of that; 0: it has not, or others took it away */
	__u32 late_ms;	/* as IMPORTER_BEHAVE set it */
	__u32 reserved;
};

/* The address that the device uses, in the order of the dma-buf's bytes. */
struct importer_range {
	__u64 address;
	__u64 length;
};

struct importer_ranges {
	__u64 ranges;	/* user pointer to an array of struct importer_range */
	__u32 first;	/* which is the first that is wanted */
	__u32 count;	/* room in the array; receives how many were stored */
};

struct importer_translate {
	__u64 offset;	/* in the dma-buf, in bytes */
	__u64 address;	/* receives the device's address of that byte */
	__u64 physical;	/* receives where the IOMMU takes it; 0: nowhere */
};

#define IMPORTER_NEVER	(~(__u32)0)

struct importer_behave {
	__u32 late_ms;	/* it lets go so long after it was told, or IMPORTER_NEVER */
};

#define IMPORTER_COPY_SIZE 4096

/* By the device's own DMA; only where IMPORTER_DOES_DMA is set, else EOPNOTSUPP. */
struct importer_copy {
	__u64 offset;	/* in the dma-buf */
	__u64 buffer;	/* user pointer */
	__u32 length;	/* 1 to IMPORTER_COPY_SIZE, within one DMA range */
	__u32 write;	/* 1: into the dma-buf; 0: out of it */
};

#define IMPORTER_ATTACH		_IOW(0xe1, 0, struct importer_attach)
#define IMPORTER_DETACH		_IO(0xe1, 1)
#define IMPORTER_MAP		_IOW(0xe1, 2, struct importer_map)
#define IMPORTER_UNMAP		_IO(0xe1, 3)
#define IMPORTER_GET_STATE	_IOR(0xe1, 4, struct importer_state)
#define IMPORTER_GET_RANGES	_IOWR(0xe1, 5, struct importer_ranges)
#define IMPORTER_TRANSLATE	_IOWR(0xe1, 6, struct importer_translate)
#define IMPORTER_BEHAVE		_IOW(0xe1, 7, struct importer_behave)
#define IMPORTER_COPY		_IOW(0xe1, 8, struct importer_copy)

#endif
