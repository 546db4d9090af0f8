/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which place in a BAR is at an IOVA, as it was seen being mapped. An unmap tells the IOVA alone;
 * several page tables may have the same.
 */
#ifndef DMABUFCTL_CONTEXT_PLACEMENT_H
#define DMABUFCTL_CONTEXT_PLACEMENT_H

#include "kernel/bars.h"

struct placements {
	struct placement {
		struct range iova;
		struct bar_place place;
	} * items; /* by IOVA; malloc'd */
	unsigned count;
};

/* It was mapped there. What there is no memory for is not known later. */
void placements_add(struct placements *placements, struct range iova,
		    const struct bar_place *place);

/* What was mapped at the beginning of the IOVA range; false when that is not known for sure. */
bool placements_find(const struct placements *placements, struct range iova,
		     struct bar_place *place);

/* The range is unmapped, in one page table. */
void placements_remove(struct placements *placements, struct range iova);

void placements_free(struct placements *placements);

#endif
