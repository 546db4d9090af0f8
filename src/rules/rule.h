/* SPDX-License-Identifier: GPL-2.0-only */
/* What rules are written with. */
#ifndef DMABUFCTL_RULES_RULE_H
#define DMABUFCTL_RULES_RULE_H

#include "rules/rules.h"

/* For rule.since: what is older than VFIO's device nodes, and what came with a feature. */
#define ANY "any Linux with VFIO device nodes, from 6.6 on"
#define SINCE_EXPORT "Linux 6.19; 6.12 with kernel/linux-6.12/0004"
#define SINCE_REVOKE "Linux 6.19; 6.12 with kernel/linux-6.12/0005"
#define SINCE_PHYS "Linux 6.19; 6.12 with kernel/linux-6.12/0006"
#define SINCE_MAP_FILE "Linux 6.13; 6.12 with kernel/linux-6.12/0008"
#define SINCE_IMPORT "Linux 6.19; 6.12 with kernel/linux-6.12/0008"

/* For rule.file. */
#define VFIO_DMABUF "drivers/vfio/pci/vfio_pci_dmabuf.c"
#define IO_PAGETABLE "drivers/iommu/iommufd/io_pagetable.c"

/* For rule.applies: notes the detail and is a yes; what helps in this very case. */
enum applies found(struct rule_finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void suggest(struct rule_finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static inline enum applies applies_if(bool met)
{
	return met ? APPLIES_YES : APPLIES_NO;
}

/* Whether the device cannot have this window mapped, as its IOMMU reserves it; name: what lies
 * there. */
enum applies is_reserved(const struct pci_device *pci, struct range window, const char *name,
			 struct rule_finding *finding);

#endif
