/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel does with IOMMUs and dma-bufs, as it happens: a tracefs instance that is read
 * all the time, unlike the flight recorder of trace.h.
 */
#ifndef DMABUFCTL_KERNEL_STREAM_H
#define DMABUFCTL_KERNEL_STREAM_H

#include <stdbool.h>
#include <sys/types.h>

#include "kernel/sys.h"

enum stream_kind {
	STREAM_MAP,    /* iova */
	STREAM_UNMAP,  /* iova */
	STREAM_DOMAIN, /* device: it got another domain */
	STREAM_EXPORT, /* inode, length, text: the exporter */
	STREAM_ATTACH, /* the same; device: the importer */
	STREAM_DETACH, /* the same */
	STREAM_PUT,    /* the same */
	STREAM_LOST,   /* count */
};

struct stream_event {
	enum stream_kind kind;
	uint64_t time; /* CLOCK_MONOTONIC, ns, in whole microseconds; 0 for STREAM_LOST */
	pid_t pid;
	struct range iova;
	uint64_t inode;
	uint64_t size;
	uint64_t count;
	char device[32];
	char text[64];
};

struct stream {
	int pipe;
	char instance[64];
	bool dma_buf; /* the kernel has the dma-buf events (7.0) */
	char *buffer; /* what was read and is no whole line yet */
	size_t used;
};

/* -ENOENT without tracefs or the iommu events, -EACCES without the right to use it. */
int stream_open(struct stream *stream);

/* Calls visit for each event that is there, without waiting. 0 or a negative errno. */
int stream_read(struct stream *stream, void (*visit)(const struct stream_event *event, void *data),
		void *data);

void stream_close(struct stream *stream);

#endif
