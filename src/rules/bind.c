// SPDX-License-Identifier: GPL-2.0-only
/* Why a device cannot be given to vfio-pci. */
#include <errno.h>
#include <string.h>

#include "kernel/attachment.h"
#include "kernel/module.h"
#include "rules/rule.h"

static enum applies is_bridge(const struct rule_subject *subject, struct rule_finding *finding)
{
	(void)finding;
	return subject->pci ? applies_if(subject->pci->bridge) : APPLIES_UNKNOWN;
}

static enum applies lacks_group(const struct rule_subject *subject, struct rule_finding *finding)
{
	(void)finding;
	return subject->pci ? applies_if(subject->pci->group < 0) : APPLIES_UNKNOWN;
}

static bool is_for_vfio(const struct rule_subject *subject)
{
	return !subject->driver || !strcmp(subject->driver, "vfio-pci");
}

static enum applies lacks_vfio(const struct rule_subject *subject, struct rule_finding *finding)
{
	(void)finding;
	return applies_if(is_for_vfio(subject) && module_get_state("vfio-pci") == MODULE_MISSING);
}

static enum applies lacks_driver(const struct rule_subject *subject, struct rule_finding *finding)
{
	if (is_for_vfio(subject))
		return APPLIES_NO;
	if (!strcmp(subject->driver, ATTACHMENT_DRIVER))
		suggest(finding, "%s", rule_find("import-importer")->remedy);
	return module_get_state(subject->driver) == MODULE_MISSING ?
		       found(finding, "%s", subject->driver) :
		       APPLIES_NO;
}

const struct rule bind_rules[] = {
	{ .id = "bind-bridge",
	  .error = EINVAL,
	  .during = "bind",
	  .sentence = "it is a bridge, and VFIO takes endpoints only",
	  .function = "vfio_pci_core_register_device",
	  .file = "drivers/vfio/pci/vfio_pci_core.c",
	  .since = ANY,
	  .remedy = "choose an endpoint; 'dmabufctl device' lists them",
	  .refusal = REFUSAL_UNSUPPORTED,
	  .foreseen = true,
	  .applies = is_bridge },
	{ .id = "bind-group",
	  .error = EINVAL,
	  .during = "bind",
	  .sentence = "it is in no IOMMU group",
	  .function = "vfio_group_find_or_alloc",
	  .file = "drivers/vfio/group.c",
	  .since = ANY,
	  .remedy = "'dmabufctl doctor' says what is missing",
	  .refusal = REFUSAL_UNSUPPORTED,
	  .applies = lacks_group },
	{ .id = "bind-module",
	  .error = ENOENT,
	  .during = "bind",
	  .sentence = "vfio-pci is neither built in nor among the modules",
	  .function = "vfio_pci_init",
	  .file = "drivers/vfio/pci/vfio_pci.c",
	  .since = ANY,
	  .remedy = "use a kernel with CONFIG_VFIO_PCI, with its modules installed",
	  .refusal = REFUSAL_UNSUPPORTED,
	  .applies = lacks_vfio },
	{ .id = "bind-driver",
	  .error = ENOENT,
	  .during = "bind",
	  .sentence = "the driver is neither built in nor among the modules",
	  .file = "drivers/pci/pci-driver.c",
	  .since = ANY,
	  .remedy = "install it for this kernel",
	  .refusal = REFUSAL_UNSUPPORTED,
	  .applies = lacks_driver },
	{ 0 },
};
