/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What cases are written with. A case is straight: what it makes is undone at its end, the last
 * first, and an expectation that is not met ends the process, with all that it had.
 */
#ifndef DMABUFCTL_CONFORM_TRIAL_H
#define DMABUFCTL_CONFORM_TRIAL_H

#include <errno.h>
#include <stddef.h>

#include "conform/conform.h"

/* For conform_case.source. */
#define VFIO_MAIN "drivers/vfio/vfio_main.c"
#define VFIO_DMABUF "drivers/vfio/pci/vfio_pci_dmabuf.c"
#define VFIO_CONFIG "drivers/vfio/pci/vfio_pci_config.c"
#define VFIO_CORE "drivers/vfio/pci/vfio_pci_core.c"
#define DMA_BUF "drivers/dma-buf/dma-buf.c"
#define IOMMUFD_MAIN "drivers/iommu/iommufd/main.c"
#define IOMMUFD_IOAS "drivers/iommu/iommufd/ioas.c"
#define IOMMUFD_TABLE "drivers/iommu/iommufd/io_pagetable.c"
#define IOMMUFD_PAGES "drivers/iommu/iommufd/pages.c"
#define IOMMUFD_HWPT "drivers/iommu/iommufd/hw_pagetable.c"

#define PAGE 4096ull

struct made;

struct trial {
	const struct conform_setup *setup;
	const struct conform_case *conform_case;
	/* Kept open from case to case of a process, -1: not yet. */
	int iommufd;
	int exporter, importer;
	uint32_t exporter_id, importer_id;
	bool imports_tried, imports;
	struct made *made; /* in this case, the last first */
	void *link;	   /* to whoever waits for the result */
};

/* Each ends the case; what was seen, in a few words. */
void __attribute__((noreturn, format(printf, 2, 3)))
trial_fail(struct trial *trial, const char *format, ...);
void __attribute__((noreturn, format(printf, 2, 3)))
trial_skip(struct trial *trial, const char *format, ...);

/* The format names what should have been true. */
void __attribute__((format(printf, 3, 4)))
expect(struct trial *trial, bool met, const char *format, ...);

/*
 * A call's result: error 0 wants no negative errno, else it is the one wanted (positive). The
 * format names the call. Returns the result.
 */
int __attribute__((format(printf, 4, 5)))
expect_error(struct trial *trial, int rc, int error, const char *format, ...);
#define expect_done(trial, rc, ...) expect_error(trial, rc, 0, __VA_ARGS__)

/* Closed at the end of the case; returns it. A negative one fails the case. */
int __attribute__((format(printf, 3, 4)))
keep_fd(struct trial *trial, int fd, const char *format, ...);
/* Closes one of these now. */
void close_fd(struct trial *trial, int fd);

/* Opened when a case first asks. */
int the_iommufd(struct trial *trial);
int the_exporter(struct trial *trial);
int the_importer(struct trial *trial);
/* For whom IOASes are attached where one device is enough: the importer, or the exporter itself. */
int any_device(struct trial *trial);
uint32_t any_device_id(struct trial *trial);
const struct pci_device *any_pci(const struct trial *trial);
/* Closes one, or the iommufd context, as the end of a process would. */
void close_exporter(struct trial *trial);
void close_importer(struct trial *trial);
void close_iommufd(struct trial *trial);

/* All of the BAR, or of the dma-buf that there is. */
struct range whole(const struct trial *trial);
/* A part of it, of so many pages; the case is skipped where there are not as many. */
struct range pages(struct trial *trial, uint64_t first, uint64_t count);

/* A dma-buf of that part of the BAR; of the whole one, also somebody else's. */
int new_dmabuf(struct trial *trial, struct range part);
int whole_dmabuf(struct trial *trial);

/* IOASes and hardware page tables, destroyed at the end of the case. */
uint32_t new_ioas(struct trial *trial);
uint32_t new_hwpt(struct trial *trial, uint32_t device, uint32_t ioas, unsigned flags);
/* One of them now. */
void destroy(struct trial *trial, uint32_t id);

/* Attaches, until the end of the case. */
void attach(struct trial *trial, int device, uint32_t ioas);
void detach(struct trial *trial, int device);

/* Maps all of a dma-buf of this length, to be read and written; returns the IOVA. */
uint64_t import(struct trial *trial, uint32_t ioas, int dmabuf, uint64_t length);
/* The same by its parts; the result, which is no failure. */
int try_import(struct trial *trial, uint32_t ioas, int dmabuf, struct range source, unsigned prot);
/* Copies a mapping into another IOAS, to be read and written; returns the IOVA there. */
uint64_t copy(struct trial *trial, uint32_t from, struct range iova, uint32_t to);
/* Unmaps what is at exactly these IOVAs. */
void unmap(struct trial *trial, uint32_t ioas, struct range iova);

/* False when the device is attached to no IOAS. */
bool attached_ioas(struct trial *trial, int device, uint32_t *ioas);

/* For the runner: one process's cases. */
void trial_begin(struct trial *trial, const struct conform_setup *setup, void *link);
void trial_run(struct trial *trial, const struct conform_case *conform_case);
/* By the runner: takes what a case came to. */
void trial_report(struct trial *trial, enum conform_outcome outcome, const char *seen);

#endif
