/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the messages of other programs say of VFIO and iommufd: which program prints such a
 * thing, and which operation of the kernel it tells of. The errno is found as in any message
 * (util/errno.h).
 */
#ifndef DMABUFCTL_RULES_WORDING_H
#define DMABUFCTL_RULES_WORDING_H

#include "rules/rules.h"

enum operation {
	OPERATION_MAP = 1 << 0,	     /* of an address, by iommufd */
	OPERATION_MAP_DMA = 1 << 1,  /* of an address, by VFIO's own container */
	OPERATION_MAP_FILE = 1 << 2, /* of a dma-buf */
	OPERATION_EXPORT = 1 << 3,
	OPERATION_BIND = 1 << 4,
	OPERATION_ATTACH = 1 << 5,
	OPERATION_LAST = OPERATION_ATTACH,
};

struct wording {
	const char *program; /* NULL: not known */
	unsigned operations; /* any of them it may be; 0: not known */
	int error;	     /* what the program says in words of its own; 0: nothing */
};

struct wording wording_find(const char *text);

/* The kernel's name of one operation. */
const char *operation_name(enum operation operation);

/* Whether it is one of these operations that the rule refuses. */
bool operations_have(unsigned operations, const struct rule *rule);

#endif
