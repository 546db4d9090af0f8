/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices that can be made to do DMA from user space, each kind with a driver of a file here. All
 * that a driver needs of the machine is an open VFIO device and a bounce buffer: memory of the
 * process that the device reaches at an IOVA of the IOAS it is attached to. importer.c has the
 * kernel's importer do it instead, with no IOVA of its own.
 */
#ifndef DMABUFCTL_INITIATOR_INITIATOR_H
#define DMABUFCTL_INITIATOR_INITIATOR_H

#include <stdbool.h>

#include "kernel/pci.h"

#define INITIATOR_BLOCK 4096		       /* bytes of one transfer */
#define INITIATOR_BOUNCE (4 * INITIATOR_BLOCK) /* bytes of the bounce buffer */

struct initiator {
	const struct initiator_driver *driver;
	int device;	 /* VFIO device, bus master on; of the importer: the mapping */
	uint8_t *bounce; /* INITIATOR_BOUNCE bytes, zeroed at the start */
	uint64_t iova;	 /* of the bounce buffer, with a VFIO device */
	/* From when it was told to begin a transfer until it was seen to be done, of all of them.
	 */
	uint64_t busy_ns;
};

/*
 * Each call returns 0 or a negative errno. A transfer that the IOMMU stops need not be an error
 * for the device: compare what arrived. -EREMOTEIO: the device itself says that a transfer did
 * not go through. -ETIMEDOUT: it did not answer.
 */
struct initiator_driver {
	const char *name;
	const char *drives; /* which devices, for people */
	bool (*matches)(const struct pci_device *pci);
	/* After the last transfer; NULL: there is nothing to do. */
	void (*stop)(struct initiator *initiator);
	/* Fills the pattern that write() will deliver, INITIATOR_BLOCK bytes. */
	int (*pattern)(struct initiator *initiator, void *pattern);
	/* The device writes its pattern to an IOVA, INITIATOR_BLOCK bytes. */
	int (*write)(struct initiator *initiator, uint64_t iova);
	/* Fills the bytes that the device can read and hand on, INITIATOR_BLOCK; NULL: any. */
	void (*readable)(void *bytes);
	/* The device reads INITIATOR_BLOCK bytes from an IOVA, and hands them on. */
	int (*read)(struct initiator *initiator, uint64_t iova, void *bytes);
};

/* NULL when there is no driver for the device. */
const struct initiator_driver *initiator_find(const struct pci_device *pci);

/* "edu (...), nvme (...)" */
void initiator_describe_all(char *text, size_t size);

/*
 * Waits until done() says so, at most for a second; -ETIMEDOUT. It looks all the time at first, as
 * most devices are quick.
 */
int initiator_await(struct initiator *initiator, int (*done)(struct initiator *initiator));

#endif
