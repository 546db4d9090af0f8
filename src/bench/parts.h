/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the bench share: the devices, the mappings of a size and count, and who makes
 * them. */
#ifndef DMABUFCTL_BENCH_PARTS_H
#define DMABUFCTL_BENCH_PARTS_H

#include "bench/bench.h"
#include "initiator/initiator.h"
#include "kernel/instance.h"

/* A part of the BAR as a dma-buf of its own, and a mapping of that. */
struct bench_mapping {
	struct range part;
	int dmabuf;
	int attachment;	   /* of the DMA API; closing it unmaps */
	struct range iova; /* of iommufd */
	uint64_t left;	   /* bytes that were not seen to be unmapped */
};

struct bench {
	const struct bench_setup *setup;
	const struct bench_way_calls *way;
	int iommufd, exporter, importer; /* -1: none is named */
	uint32_t ioas;
	struct bench_mapping *mappings;
	unsigned count; /* of them */
	struct instance instance;
	char instance_name[64];
	uint64_t revoked_at, unmapped_at; /* CLOCK_MONOTONIC, ns; the last unmap since then */
};

/* What differs between the ways. 0 or a negative errno. NULL: there is nothing to do. */
struct bench_way_calls {
	/* Before the first mapping of a size and count, and after the last. */
	int (*begin)(struct bench *bench);
	void (*end)(struct bench *bench);
	/* What is not measured, before map(). */
	int (*prepare)(struct bench *bench, struct bench_mapping *mapping);
	int (*map)(struct bench *bench, struct bench_mapping *mapping);
	int (*unmap)(struct bench *bench, struct bench_mapping *mapping);
	/* After a revocation that is over. */
	int (*recover)(struct bench *bench, struct bench_mapping *mapping);
	/* What is unmapped is seen from now on, or why it cannot be; all mappings are there, and
	 * stay. */
	const char *(*watch)(struct bench *bench);
	void (*unwatch)(struct bench *bench);
	/* When the last of all mappings was unmapped, since then; -ENODATA: not all were. */
	int (*when_unmapped)(struct bench *bench, uint64_t since, uint64_t *when);
	/* Who can do DMA through a mapping; false, and why not. */
	bool (*find_initiator)(struct bench *bench, struct initiator *initiator, const char **why);
	/* Makes its bounce buffer reachable for the device; end_dma() undoes it. */
	int (*begin_dma)(struct bench *bench, struct initiator *initiator);
	void (*end_dma)(struct bench *bench, struct initiator *initiator);
};

extern const struct bench_way_calls bench_iommufd, bench_dma_api;

struct bench_dma {
	struct bench *bench;
	struct initiator initiator;
	uint64_t iova;
	void *target; /* the exporter's memory, as the CPU sees it */
	uint8_t before[INITIATOR_BLOCK], pattern[INITIATOR_BLOCK];
	uint8_t read[INITIATOR_BLOCK]; /* what came last, by the device or the CPU */
};

/*
 * Through the first mapping. -EOPNOTSUPP, and why: nothing here can do it. What is in the BAR is
 * put back at the end, which is to be called after a success.
 */
int bench_dma_begin(struct bench_dma *dma, struct bench *bench, const char **why);
void bench_dma_end(struct bench_dma *dma);

/* Readies the memory for one direction; transfers; and says by -ENODATA that it did not arrive. */
int bench_dma_ready(struct bench_dma *dma, bool write);
int bench_dma_transfer(struct bench_dma *dma, bool write, uint64_t *took_ns);
int bench_dma_check(struct bench_dma *dma, bool write);

#endif
