/* SPDX-License-Identifier: GPL-2.0-only */
/* Which place in a BAR the memory of a dma-buf begins with, by the dma-buf's inode. */
#ifndef DMABUFCTL_CONTEXT_EXPORTED_H
#define DMABUFCTL_CONTEXT_EXPORTED_H

#include "kernel/bars.h"

struct exported {
	struct exported_dmabuf {
		uint64_t inode;
		struct bar_place place;
	} * items; /* by inode; malloc'd */
	unsigned count;
};

/* What the kernel has on record now, where that can be read; what is known stays. */
void exported_learn(struct exported *exported);

/* What there is no memory for is not known later. */
void exported_add(struct exported *exported, uint64_t inode, const struct bar_place *place);

bool exported_find(const struct exported *exported, uint64_t inode, struct bar_place *place);

void exported_remove(struct exported *exported, uint64_t inode);
void exported_free(struct exported *exported);

#endif
