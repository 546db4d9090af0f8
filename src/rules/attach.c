// SPDX-License-Identifier: GPL-2.0-only
/* Why a device cannot be attached to an I/O address space. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rules/rule.h"
#include "util/range.h"

enum applies is_reserved(const struct pci_device *pci, struct range window, const char *name,
			 struct rule_finding *finding)
{
	char kind[16], text[RANGE_TEXT];
	struct range reserved;

	if (!pci_find_reserved(pci->group, window, &reserved, kind))
		return APPLIES_NO;
	range_format(&reserved, text);
	return found(finding, "%s lies in the %s%s, which %s cannot have mapped", name,
		     !strcmp(kind, "msi") ? "MSI window " : "window ", text, pci->name.bdf);
}

static bool is_elsewhere(const struct rule_subject *subject)
{
	return !subject->mapping->importer->in_ioas ||
	       (subject->ioas && !object_is_in_ioas(subject->mapping, subject->ioas->name));
}

static enum applies lies_in_reserved(const struct rule_subject *subject,
				     struct rule_finding *finding)
{
	const struct object *mapping = subject->mapping;
	const struct range *iova = &mapping->addresses;
	char name[NAME_SIZE + RANGE_TEXT + 8], window[RANGE_TEXT];

	if (is_elsewhere(subject))
		return APPLIES_NO;
	if (!subject->pci)
		return APPLIES_UNKNOWN;
	range_format(iova, window);
	snprintf(name, sizeof(name), "%s at %s", mapping->name, window);
	suggest(finding, "'%s unmap %s', or attach to another IOAS", subject->tool, mapping->name);
	return is_reserved(subject->pci, *iova, name, finding);
}

/* How far an IOMMU reaches is told only once a device is attached. */
static enum applies lies_beyond(const struct rule_subject *subject, struct rule_finding *finding)
{
	(void)finding;
	return is_elsewhere(subject) ? APPLIES_NO : APPLIES_UNKNOWN;
}

const struct rule attach_rules[] = {
	{ .id = "attach-reserved",
	  .error = EADDRINUSE,
	  .during = "attach",
	  .sentence = "a mapping of the IOAS is where the device's IOMMU reserves a window",
	  .function = "iopt_table_enforce_dev_resv_regions",
	  .file = IO_PAGETABLE,
	  .since = ANY,
	  .remedy = "unmap it, or attach to another IOAS",
	  .each = EACH_MAPPING,
	  .applies = lies_in_reserved },
	{ .id = "attach-aperture",
	  .error = EADDRINUSE,
	  .during = "attach",
	  .sentence = "a mapping of the IOAS lies beyond what the device's IOMMU reaches",
	  .function = "iopt_table_add_domain",
	  .file = IO_PAGETABLE,
	  .since = ANY,
	  .remedy = "unmap it, or attach to another IOAS",
	  .each = EACH_MAPPING,
	  .applies = lies_beyond },
	{ 0 },
};
