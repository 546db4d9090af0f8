// SPDX-License-Identifier: GPL-2.0-only
/* Why a BAR, or ranges in it, cannot be exported as a dma-buf. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "kernel/module.h"
#include "rules/rule.h"

static enum applies is_no_bar(const struct rule_subject *subject, struct rule_finding *finding)
{
	const struct bar_request *request = subject->request;

	if (!request || !subject->pci)
		return APPLIES_UNKNOWN;
	if (request->size)
		return APPLIES_NO;
	return request->bar && subject->pci->bars[request->bar - 1].wide ?
		       found(finding, "BAR %u is the upper half of the 64-bit BAR before it",
			     request->bar) :
		       found(finding, "the device has no BAR %u", request->bar);
}

static enum applies is_ports(const struct rule_subject *subject, struct rule_finding *finding)
{
	const struct bar_request *request = subject->request;

	if (!request || !subject->pci)
		return APPLIES_UNKNOWN;
	if (subject->pci->bars[request->bar].type != PCI_BAR_IO)
		return APPLIES_NO;
	return found(finding, "BAR %u", request->bar);
}

static enum applies is_small(const struct rule_subject *subject, struct rule_finding *finding)
{
	const struct bar_request *request = subject->request;

	if (!request)
		return APPLIES_UNKNOWN;
	if (!request->size || request->size >= (uint64_t)sysconf(_SC_PAGESIZE))
		return APPLIES_NO;
	return found(finding, "BAR %u has %llu bytes", request->bar,
		     (unsigned long long)request->size);
}

/* The first of the ranges that is met. */
static enum applies look_in_ranges(const struct rule_subject *subject, struct rule_finding *finding,
				   bool (*is_met)(const struct range *range, uint64_t size))
{
	const struct bar_request *request = subject->request;

	if (!request)
		return APPLIES_UNKNOWN;
	for (unsigned i = 0; i < request->count; i++) {
		const struct range *range = &request->ranges[i];

		if (!is_met(range, request->size))
			continue;
		suggest(finding, "stay in 0:0x%llx in steps of %ld",
			(unsigned long long)request->size, sysconf(_SC_PAGESIZE));
		return found(finding, "0x%llx:0x%llx", (unsigned long long)range->offset,
			     (unsigned long long)range->length);
	}
	return APPLIES_NO;
}

static bool is_nothing(const struct range *range, uint64_t size)
{
	(void)size;
	return !range->length;
}

static bool is_odd(const struct range *range, uint64_t size)
{
	(void)size;
	return (range->offset | range->length) % sysconf(_SC_PAGESIZE);
}

static bool is_beyond(const struct range *range, uint64_t size)
{
	return range->offset > size || range->length > size - range->offset;
}

static bool is_wrapping(const struct range *range, uint64_t size)
{
	(void)size;
	return range->offset + range->length < range->offset;
}

static enum applies has_empty(const struct rule_subject *subject, struct rule_finding *finding)
{
	return look_in_ranges(subject, finding, is_nothing);
}

static enum applies has_unaligned(const struct rule_subject *subject, struct rule_finding *finding)
{
	return look_in_ranges(subject, finding, is_odd);
}

static enum applies has_beyond(const struct rule_subject *subject, struct rule_finding *finding)
{
	return look_in_ranges(subject, finding, is_beyond);
}

static enum applies has_wrapping(const struct rule_subject *subject, struct rule_finding *finding)
{
	return look_in_ranges(subject, finding, is_wrapping);
}

static enum applies lacks_feature(const struct rule_subject *subject, struct rule_finding *finding)
{
	(void)subject;
	(void)finding;
	if (module_find_symbol("vfio_pci_core_feature_dma_buf") == MODULE_LIVE ||
	    module_find_symbol("vfio_pci_dma_buf_iommufd_map") != MODULE_MISSING)
		return APPLIES_NO;
	return APPLIES_YES;
}

static enum applies is_variant(const struct rule_subject *subject, struct rule_finding *finding)
{
	if (!subject->pci)
		return APPLIES_UNKNOWN;
	if (!strcmp(subject->pci->driver, "vfio-pci"))
		return APPLIES_NO;
	return found(finding, "%s", subject->pci->driver);
}

#define FEATURE "vfio_pci_core_feature_dma_buf"

const struct rule export_rules[] = {
	{ .id = "export-no-bar",
	  .error = ENODEV,
	  .during = "export",
	  .sentence = "there is no such BAR",
	  .function = FEATURE,
	  .file = VFIO_DMABUF,
	  .since = SINCE_EXPORT,
	  .remedy = "'device BDF' shows its BARs",
	  .refusal = REFUSAL_UNSUPPORTED,
	  .foreseen = true,
	  .applies = is_no_bar },
	{ .id = "export-ports",
	  .error = EINVAL,
	  .during = "export",
	  .sentence = "the BAR is I/O ports, and only memory can be exported",
	  .function = "vfio_pci_core_get_dmabuf_phys",
	  .file = VFIO_DMABUF,
	  .since = SINCE_EXPORT,
	  .remedy = "'device BDF' shows its BARs",
	  .refusal = REFUSAL_UNSUPPORTED,
	  .applies = is_ports },
	{ .id = "export-small",
	  .error = EINVAL,
	  .during = "export",
	  .sentence = "the BAR is smaller than a page, the unit of export",
	  .function = "validate_dmabuf_input",
	  .file = VFIO_DMABUF,
	  .since = SINCE_EXPORT,
	  .remedy = "'device BDF' shows its BARs",
	  .refusal = REFUSAL_UNSUPPORTED,
	  .applies = is_small },
	{ .id = "export-empty",
	  .error = EINVAL,
	  .during = "export",
	  .sentence = "a range is empty",
	  .function = "validate_dmabuf_input",
	  .file = VFIO_DMABUF,
	  .since = SINCE_EXPORT,
	  .remedy = "leave it out",
	  .applies = has_empty },
	{ .id = "export-unaligned",
	  .error = EINVAL,
	  .during = "export",
	  .sentence = "a range is not page aligned",
	  .function = "validate_dmabuf_input",
	  .file = VFIO_DMABUF,
	  .since = SINCE_EXPORT,
	  .remedy = "use multiples of the page size",
	  .applies = has_unaligned },
	{ .id = "export-wraps",
	  .error = EOVERFLOW,
	  .during = "export",
	  .sentence = "offset and length of a range wrap around",
	  .function = "vfio_pci_core_fill_phys_vec",
	  .file = VFIO_DMABUF,
	  .since = SINCE_EXPORT,
	  .remedy = "use lower numbers",
	  .applies = has_wrapping },
	{ .id = "export-beyond",
	  .error = EINVAL,
	  .during = "export",
	  .sentence = "a range reaches beyond the BAR",
	  .function = "vfio_pci_core_fill_phys_vec",
	  .file = VFIO_DMABUF,
	  .since = SINCE_EXPORT,
	  .remedy = "'device BDF' shows the BAR's size",
	  .applies = has_beyond },
	{ .id = "export-feature",
	  .error = ENOTTY,
	  .during = "export",
	  .sentence = "VFIO has no VFIO_DEVICE_FEATURE_DMA_BUF",
	  .function = "vfio_pci_core_ioctl_feature",
	  .file = "drivers/vfio/pci/vfio_pci_core.c",
	  .since = "all Linux before 6.19, but 6.12 with kernel/linux-6.12/0004",
	  .remedy = "use Linux 6.19 or later with CONFIG_VFIO_PCI_DMABUF",
	  .certain = true,
	  .applies = lacks_feature },
	{ .id = "export-driver",
	  .error = EOPNOTSUPP,
	  .during = "export",
	  .sentence = "the device's VFIO driver exports no dma-bufs",
	  .function = FEATURE,
	  .file = VFIO_DMABUF,
	  .since = SINCE_EXPORT,
	  .remedy = "bind the device to vfio-pci itself",
	  .applies = is_variant },
	{ 0 },
};
