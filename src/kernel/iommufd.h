/* SPDX-License-Identifier: GPL-2.0-only */
/* iommufd: I/O address spaces and the files mapped into them
 * (Documentation/userspace-api/iommufd.rst). */
#ifndef DMABUFCTL_KERNEL_IOMMUFD_H
#define DMABUFCTL_KERNEL_IOMMUFD_H

#include <stdbool.h>
#include <stddef.h>

#include "util/range.h"

#define IOMMUFD_PATH "/dev/iommu"

enum iommufd_prot {
	IOMMUFD_READ = 1,
	IOMMUFD_WRITE = 2,
};

/* An fd, which holds one iommufd context. */
int iommufd_open(void);

int iommufd_alloc_ioas(int iommufd, uint32_t *ioas);

/* -EBUSY while a device is attached; mappings go with the IOAS. */
int iommufd_destroy(int iommufd, uint32_t id);

/*
 * A hardware page table of the IOAS for a device of the context, by its ID. flags: as enum
 * iommufd_hwpt_alloc_flags. -EOPNOTSUPP: its IOMMU has no such table.
 */
int iommufd_alloc_hwpt(int iommufd, uint32_t device, uint32_t ioas, unsigned flags, uint32_t *hwpt);

/*
 * Maps source.offset, source.length of the file into ioas. With fixed, at *iova, else
 * the kernel chooses and *iova receives it. For a dma-buf (drivers/iommu/iommufd/pages.c):
 *   -ENODEV       it is revoked
 *   -EOPNOTSUPP   more than one range, or the exporter is not VFIO
 *   -EINVAL       source beyond the file, unaligned or empty; IOVA unaligned or reserved
 *   -EEXIST       something is mapped there
 *   -ENOTTY       no IOMMU_IOAS_MAP_FILE (before 6.13)
 */
int iommufd_map_file(int iommufd, uint32_t ioas, int fd, struct range source, unsigned prot,
		     bool fixed, uint64_t *iova);

/*
 * Maps the process's own memory, page aligned, for devices to read and write; the kernel pins
 * it and chooses *iova. It stays mapped until iommufd_unmap(), also when the process ends.
 */
int iommufd_map_memory(int iommufd, uint32_t ioas, void *memory, size_t size, uint64_t *iova);

/* Everything mapped inside the window; nothing mapped there is -ENOENT. */
int iommufd_unmap(int iommufd, uint32_t ioas, struct range window);

/* The IOVAs that the attached devices allow: ranges is malloc'd, in ascending order. */
int iommufd_iova_ranges(int iommufd, uint32_t ioas, struct range **ranges, unsigned *count);

/*
 * Whether fd could be imported now, tried on a throw-away IOAS: 0, or the errno of
 * iommufd_map_file(). A dma-buf of several ranges that is not revoked gives -EOPNOTSUPP.
 */
int iommufd_try_import(int iommufd, int fd);

/* The same for one of many, on an IOAS for all of them, which nothing is attached to. */
int iommufd_try_import_into(int iommufd, uint32_t scratch, int fd);

#endif
