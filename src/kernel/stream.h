/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel does with IOMMUs and dma-bufs, as it happens: a tracefs instance that is read
 * all the time, unlike the flight recorder of trace.h, and what programs tell of revocations.
 */
#ifndef DMABUFCTL_KERNEL_STREAM_H
#define DMABUFCTL_KERNEL_STREAM_H

#include "kernel/instance.h"
#include "kernel/revocation.h"

struct stream {
	struct instance instance;
	struct revocations *revocations; /* NULL: they cannot be seen */
	uint64_t told_since, told_until; /* when they told of VFIO's exports, too */
	char name[64];
	int ready;		 /* for poll(): there is something to read; or -1 */
	bool sees[RECORD_KINDS]; /* the kinds that this kernel shows */
	/* Read, and not done with. */
	struct record *waiting;
	unsigned count, allocated;
	uint64_t horizon;	    /* all that is older has been read, of all rings */
	unsigned readings;	    /* how often all rings were found empty, or read until then */
	struct instance_ring *ring; /* that is being read */
	bool no_memory;
	unsigned room;	 /* of a ring, in pages */
	bool crowded;	 /* the last stream_read() left a ring nearly full */
	uint64_t oldest; /* the time of what was read first since stream_rest() was asked */
};

/*
 * Errors are those of instance_available(). prefix: of the instance's name; what dead processes
 * left under it is removed.
 */
int stream_open(struct stream *stream, const char *prefix);

/*
 * Sees revocations from now on, if they can be seen, until one of their modules is removed. Called
 * when one was loaded; nothing is done when they are seen already.
 */
void stream_see_revocations(struct stream *stream);
void stream_leave_revocations(struct stream *stream);

/*
 * Reads what there is, without waiting, and gives what waits to visit, in the order of the times;
 * visit returns how many of them, from the first on, it has done with. The others wait. 1 when
 * it stopped early and more is there, 0, or a negative errno.
 */
int stream_read(struct stream *stream,
		unsigned (*visit)(const struct record *records, unsigned count, void *data),
		void *data);

/*
 * For how long to leave the rings alone, in ns, after they have been read: the shortest when little
 * came, and up to the longest as long as the fullest, filling as it did since it was asked last,
 * has plenty of room and no record has waited since before the reading.
 */
uint64_t stream_rest(struct stream *stream, uint64_t shortest, uint64_t longest);

void stream_close(struct stream *stream);

#endif
