/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which dma-bufs VFIO exports, revokes and restores, and which mappings iommufd lets go of, as the
 * kernel does it: programs at its own functions. They want the kernel's BTF, vfio-pci loaded and as
 * it is known here, kprobes, CAP_BPF and CAP_PERFMON.
 */
#ifndef DMABUFCTL_KERNEL_REVOCATION_H
#define DMABUFCTL_KERNEL_REVOCATION_H

#include <stddef.h>

#include "config.h"
#include "kernel/record.h"

struct revocations;
#ifdef HAVE_BPF
/* Whether it has such functions; once it is loaded they are to be opened, when it is removed closed. */
bool revocations_are_in(const char *module);

/* NULL when they cannot be seen. The others take no NULL. */
struct revocations *revocations_open(void);
void revocations_close(struct revocations *revocations);

/* For poll(). */
int revocations_fd(const struct revocations *revocations);

/*
 * Visits what there is in the order of the times: RECORD_REVOKED, RECORD_RESTORED, and, of VFIO's
 * dma-bufs, RECORD_EXPORT with the memory. 0 or a negative errno.
 */
int revocations_read(struct revocations *revocations,
		     void (*visit)(const struct record *record, void *data), void *data);

/* How many were lost since that was last asked. */
uint64_t revocations_lost(struct revocations *revocations);
#else
static inline bool revocations_are_in(const char *module)
{
	(void)module;
	return false;
}

static inline struct revocations *revocations_open(void)
{
	return NULL;
}

static inline void revocations_close(struct revocations *revocations)
{
	(void)revocations;
}

static inline int revocations_fd(const struct revocations *revocations)
{
	(void)revocations;
	return -1;
}

static inline int revocations_read(struct revocations *revocations,
				   void (*visit)(const struct record *record, void *data),
				   void *data)
{
	(void)revocations;
	(void)visit;
	(void)data;
	return 0;
}

static inline uint64_t revocations_lost(struct revocations *revocations)
{
	(void)revocations;
	return 0;
}
#endif

#endif
