/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long the kernel takes for what is done with the dma-bufs of a BAR, on devices that are opened
 * for this alone, past any context. All that it makes goes with its fds.
 */
#ifndef DMABUFCTL_BENCH_BENCH_H
#define DMABUFCTL_BENCH_BENCH_H

#include <stdbool.h>

#include "kernel/pci.h"
#include "kernel/vfio_trigger.h"

enum bench_operation {
	/* Of one, beside count - 1 others. */
	BENCH_EXPORT,
	BENCH_IMPORT,
	BENCH_UNMAP,
	/* Of all of them. */
	BENCH_REVOKE,	/* the call that revokes */
	BENCH_UNMAPPED, /* from its begin until the last mapping is unmapped, by the kernel's clock
			 */
	BENCH_RECOVER,	/* what revocation took away is mapped again at the same addresses */
	/* A block, through one of them; from when the device is told until it says it is done. */
	BENCH_DMA_WRITE,
	BENCH_DMA_READ,
	BENCH_OPERATIONS,
};

/* NULL behind the last. */
const char *bench_operation_name(unsigned operation);

/* What a mapping is made by. */
enum bench_way { BENCH_IOMMUFD, BENCH_DMA_API };

struct bench_setup {
	const struct pci_device *exporter;
	unsigned bar;
	const struct pci_device *importer;     /* with vfio-pci; NULL: the exporter itself */
	const struct pci_device *dma_importer; /* for BENCH_DMA_API, else NULL */
	const struct vfio_trigger *trigger;
	unsigned samples;
	unsigned warm_up;    /* so many before those of each round are not counted */
	uint64_t longest_ns; /* for the samples of a row and what warms up; then it gets no more */
};

/* An operation with so many dma-bufs of that size, each mapped once. */
struct bench_row {
	enum bench_operation operation;
	enum bench_way way;
	uint64_t size; /* bytes */
	unsigned count;
	uint64_t
		*samples; /* ns, sorted once all is over; with room for as many as the setup says */
	unsigned taken;
	char why[160]; /* why there are none; "" */
};

struct bench_failure {
	const char *during; /* the command that does the same, or what else there was to do */
	const struct bench_row *row; /* the first of those that were tried; NULL: none yet */
	/*
	 * Negative. -EINTR: a signal came. -ENODATA: what was to happen was not seen: an unmap, or
	 * the bytes of a DMA.
	 */
	int error;
};

/* Called now and then: so many of all steps are done. row: as in struct bench_failure. */
typedef void bench_progress(uint64_t done, uint64_t all, const struct bench_row *row, void *data);

/*
 * Measures all rows, in rounds; those of one way, size and count stand together. False when it
 * could not go on, or was told to end; what was measured until then is in the rows.
 */
bool bench_run(const struct bench_setup *setup, struct bench_row *rows, unsigned count,
	       bench_progress *progress, void *data, struct bench_failure *failure);

#endif
