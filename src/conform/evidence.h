/* SPDX-License-Identifier: GPL-2.0-only */
/* What cases look at: what the IOMMU translates, what is in a BAR, which dma-bufs there are. */
#ifndef DMABUFCTL_CONFORM_EVIDENCE_H
#define DMABUFCTL_CONFORM_EVIDENCE_H

#include "conform/trial.h"
#include "kernel/mapcalls.h"

/*
 * What the IOMMU makes of the IOVAs for a device that is attached, by its page table or by its DMA:
 * all of them, at that offset of the exporter's BAR; nothing. Skips the case where neither can
 * tell.
 */
/* Whether page tables can be read, for which the exporter's memory need not be there. */
bool can_look(const struct trial *trial);
void expect_translated(struct trial *trial, int device, struct range iova, uint64_t offset);
void expect_nothing(struct trial *trial, int device, struct range iova);

/*
 * What the importer's own DMA does, from where it is attached: a page to an IOVA, which is expected
 * at the offset of the exporter's BAR; what was there is put back.
 */
enum arrival { ARRIVED_NOTHING, ARRIVED, ARRIVED_OTHER };
enum arrival dma_write(struct trial *trial, uint64_t iova, uint64_t offset);
/* Whether it reads at the IOVA what the CPU has put at the offset. */
bool dma_read(struct trial *trial, uint64_t iova, uint64_t offset);

/*
 * What the kernel's own calls of iommu_map() say from now on; skips the case where that cannot be
 * seen. It is ended by calls_are(): whether all calls for these IOVAs had the bit, or none of them;
 * or by count_calls(): how many there were.
 */
void watch_calls(struct trial *trial, struct map_calls *calls, enum map_caller caller,
		 enum map_bit bit);
bool calls_are(struct trial *trial, struct map_calls *calls, struct range iova, bool with_bit);
unsigned count_calls(struct trial *trial, struct map_calls *calls, struct range iova);

/* Whether the dma-buf of that inode still exists, as far as this machine can tell; else skips. */
bool dmabuf_exists(struct trial *trial, uint64_t inode);
uint64_t inode_of(struct trial *trial, int dmabuf);

#endif
