/* SPDX-License-Identifier: GPL-2.0-only */
/* Takes what the kernel's iterators noted of VFIO's and iommufd's records into an inventory. */
#ifndef DMABUFCTL_KERNEL_INVENTORY_SURVEY_H
#define DMABUFCTL_KERNEL_INVENTORY_SURVEY_H

#include "kernel/inventory/found.h"
#include "kernel/inventory/survey.bpf.h"

/* 0 or a negative errno. */
int inventory_add_survey(struct inventory *inventory, const struct survey_record *records,
			 unsigned count);

#endif
