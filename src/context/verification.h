/* SPDX-License-Identifier: GPL-2.0-only */
/* Proof by DMA: a device writes and reads through a mapping, and the bytes are compared. */
#ifndef DMABUFCTL_CONTEXT_VERIFICATION_H
#define DMABUFCTL_CONTEXT_VERIFICATION_H

#include "context/context.h"
#include "initiator/initiator.h"
#include "kernel/fault.h"

/* What one way of reading found. */
enum finding { NOT_TRIED, EQUAL, DIFFERENT };

enum verdict {
	VERDICT_PASSED,	 /* the bytes arrived */
	VERDICT_FAULTED, /* they did not: the kernel logged a fault, or the device reported one */
	VERDICT_LOST,	 /* they did not, and nobody said why */
	VERDICT_UNKNOWN, /* nothing could read them back, and nobody reported a fault */
};

struct verification {
	struct context *context;
	struct object *mapping;	     /* writable, and not smaller than INITIATOR_BLOCK */
	const char *from;	     /* BDF of the device, which reaches the mapping */
	const struct object *dmabuf; /* the mapping's */
	struct initiator initiator;  /* its driver is set */
	int exporter; /* VFIO fd, negative when the exporter is not open in the context */
	void *target; /* the BAR's bytes, mapped for the CPU through VFIO, else sysfs; or NULL */
	uint8_t pattern[INITIATOR_BLOCK];
	uint8_t before[INITIATOR_BLOCK];
	bool before_known;
	enum finding by_cpu, by_dma;
	bool device_error; /* the device itself reported that its transfer failed */
	bool untouched;	   /* the target's bytes were what they had been, after the write */
	bool restored;
	bool log_readable; /* the kernel's, where faults stand */
	struct fault_list faults;
};

/* Looks the mapping's dma-buf and exporter up. from: stays. Ended by verification_end(). */
void verification_begin(struct verification *verification, struct context *context,
			struct object *mapping, const char *from,
			const struct initiator_driver *driver);
void verification_end(struct verification *verification);

/*
 * Does the DMA, and puts back what was in the target unless keep is set. 0, or a negative errno
 * when the device could not be made to do it; that nothing arrived is no error here.
 */
int verification_run(struct verification *verification, bool keep);

enum verdict verification_verdict(const struct verification *verification);
const char *verdict_name(enum verdict verdict);

#endif
