// SPDX-License-Identifier: GPL-2.0-only
/* Why a device, or iommufd itself, cannot be opened. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "context/users.h"
#include "kernel/interrupt.h"
#include "kernel/iommufd.h"
#include "kernel/module.h"
#include "kernel/process.h"
#include "kernel/sys.h"
#include "kernel/vfio.h"
#include "rules/rule.h"
#include "util/scope.h"
#include "util/text.h"

#define DEVICE "drivers/iommu/iommufd/device.c"

static enum applies is_shared(const struct rule_subject *subject, struct rule_finding *finding)
{
	enum interrupt_isolation isolation = interrupt_get_isolation();

	(void)subject;
	if (isolation != INTERRUPTS_UNKNOWN)
		return applies_if(isolation == INTERRUPTS_SHARED);
	found(finding, "/proc/interrupts does not tell");
	return APPLIES_UNKNOWN;
}

/* Lists what the others of the group are; *count: how many. False: they are not known. */
static bool list_group(const struct rule_subject *subject, struct pci_name **names, unsigned *count)
{
	*names = NULL;
	*count = 0;
	return subject->pci && !pci_list_group(subject->pci->group, names, count);
}

static bool get_other(const struct rule_subject *subject, const struct pci_name *name,
		      struct pci_device *other)
{
	return strcmp(name->bdf, subject->pci->name.bdf) && !pci_get(name, other);
}

/* A whole IOMMU group has one owner: one iommufd context, or the host's drivers. */
static enum applies is_the_hosts(const struct rule_subject *subject, struct rule_finding *finding)
{
	auto_free struct pci_name *names;
	char drivers[240] = "", bdfs[240] = "";
	unsigned count;

	if (!list_group(subject, &names, &count))
		return APPLIES_UNKNOWN;
	for (unsigned i = 0; i < count; i++) {
		struct pci_device other;

		if (!get_other(subject, &names[i], &other) || !pci_blocks_group(&other))
			continue;
		text_join(drivers, sizeof(drivers), ", ", "%s belongs to the driver %.32s",
			  other.name.bdf, other.driver);
		text_join(bdfs, sizeof(bdfs), " ", "%s", other.name.bdf);
	}
	if (!*bdfs)
		return APPLIES_NO;
	suggest(finding, "'dmabufctl bind %s'", bdfs);
	return found(finding, "%s", drivers);
}

/* Without privileges other users' processes are not seen. */
static enum applies is_open_elsewhere(const struct rule_subject *subject,
				      struct rule_finding *finding)
{
	auto_free struct pci_name *names;
	unsigned count;

	if (!list_group(subject, &names, &count))
		return APPLIES_UNKNOWN;
	for (unsigned i = 0; i < count; i++) {
		struct pci_device other;
		char users[256];

		if (!get_other(subject, &names[i], &other))
			continue;
		describe_users(&other, users, sizeof(users));
		if (*users)
			return found(finding, "%s, in the same IOMMU group %d, is open: %s",
				     other.name.bdf, other.group, users);
	}
	return APPLIES_UNKNOWN;
}

static enum applies is_held(const struct rule_subject *subject, struct rule_finding *finding)
{
	char users[256], remedies[256];

	if (!subject->pci)
		return APPLIES_UNKNOWN;
	describe_users(subject->pci, users, sizeof(users));
	if (!*users)
		return APPLIES_UNKNOWN;
	describe_release(subject->pci, remedies, sizeof(remedies));
	suggest(finding, "%s", remedies);
	return found(finding, "%s", users);
}

static enum applies is_held_as_group(const struct rule_subject *subject,
				     struct rule_finding *finding)
{
	auto_free struct process *users = NULL;
	unsigned count = 0;
	struct stat node;
	char path[32];

	if (!subject->pci)
		return APPLIES_UNKNOWN;
	snprintf(path, sizeof(path), "/dev/vfio/%d", subject->pci->group);
	if (stat(path, &node))
		return APPLIES_NO;
	process_list_users(node.st_rdev, &users, &count);
	if (!count)
		return APPLIES_UNKNOWN;
	return found(finding, "%s is open in %s (PID %d)", path, users->name, users->pid);
}

static enum applies is_anothers(const struct rule_subject *subject, struct rule_finding *finding)
{
	const struct pci_device *pci = subject->pci;

	if (!pci)
		return APPLIES_UNKNOWN;
	if (!strcmp(pci->driver, "vfio-pci") || *pci->cdev)
		return APPLIES_NO;
	suggest(finding, "'dmabufctl bind %s' gives it to vfio-pci", pci->name.bdf);
	return *pci->driver ? found(finding, "the driver %s has it", pci->driver) :
			      found(finding, "no driver has it");
}

/* A kernel function tells the feature; it is not visible before its module is loaded. */
static enum applies lacks_nodes(const struct rule_subject *subject, struct rule_finding *finding)
{
	if (subject->pci)
		return applies_if(!strcmp(subject->pci->driver, "vfio-pci") &&
				  !*subject->pci->cdev);
	if (module_find_symbol("vfio_init_device_cdev") == MODULE_LIVE)
		return APPLIES_NO;
	if (module_get_state("vfio-pci") != MODULE_LOADABLE)
		return APPLIES_YES;
	found(finding, "vfio is not loaded");
	return APPLIES_UNKNOWN;
}

static enum applies is_forbidden(const struct rule_subject *subject, struct rule_finding *finding)
{
	const char *node = subject->pci ? subject->pci->cdev : IOMMUFD_PATH;

	if (!*node || !access(node, R_OK | W_OK) || errno != EACCES)
		return APPLIES_NO;
	return found(finding, "%s", node);
}

static enum applies lacks_iommufd(const struct rule_subject *subject, struct rule_finding *finding)
{
	auto_close int iommufd = iommufd_open();

	(void)subject;
	if (iommufd != -ENOENT && iommufd != -ENODEV)
		return APPLIES_NO;
	if (module_get_state("iommufd") == MODULE_LOADABLE) {
		suggest(finding, "modprobe iommufd");
		return found(finding, "the module iommufd is not loaded");
	}
	return APPLIES_YES;
}

const struct rule open_rules[] = {
	{ .id = "open-interrupts",
	  .error = EPERM,
	  .during = "export attach",
	  .sentence = "interrupts are not isolated: no interrupt remapping",
	  .function = "iommufd_device_bind",
	  .file = DEVICE,
	  .since = ANY,
	  .remedy = "enable interrupt remapping in the firmware (a VM's IOMMU: intremap=on), or "
		    "accept the risk: iommufd.allow_unsafe_interrupts=1",
	  .refusal = REFUSAL_UNSUPPORTED,
	  .applies = is_shared },
	{ .id = "open-group-driver",
	  .error = EPERM,
	  .during = "export attach",
	  .sentence = "another device of the IOMMU group has a host driver",
	  .function = "iommu_device_claim_dma_owner",
	  .file = "drivers/iommu/iommu.c",
	  .since = ANY,
	  .remedy = "bind every device of the group",
	  .refusal = REFUSAL_FAILED,
	  .applies = is_the_hosts },
	{ .id = "open-group-context",
	  .error = EPERM,
	  .during = "export attach",
	  .sentence = "the IOMMU group belongs to another context or process",
	  .function = "iommu_device_claim_dma_owner",
	  .file = "drivers/iommu/iommu.c",
	  .since = ANY,
	  .remedy = "devices of one group go into one context",
	  .refusal = REFUSAL_FAILED,
	  .applies = is_open_elsewhere },
	{ .id = "open-held",
	  .error = EBUSY, /* the kernel says EINVAL */
	  .during = "export attach",
	  .sentence = "it is open already",
	  .function = "vfio_df_open",
	  .file = "drivers/vfio/vfio_main.c",
	  .since = ANY,
	  .remedy = "end the process that has it, or release the device there",
	  .applies = is_held },
	{ .id = "open-group-node",
	  .error = EBUSY,
	  .during = "export attach",
	  .sentence = "its IOMMU group is in use through /dev/vfio/GROUP",
	  .function = "vfio_device_block_group",
	  .file = "drivers/vfio/group.c",
	  .since = ANY,
	  .remedy = "close that",
	  .applies = is_held_as_group },
	{ .id = "open-driver",
	  .error = EBUSY,
	  .during = "export attach",
	  .sentence = "the device has another driver, or none",
	  .function = "vfio_pci_probe",
	  .file = "drivers/vfio/pci/vfio_pci.c",
	  .since = ANY,
	  .remedy = "'bind BDF'",
	  .foreseen = true,
	  .applies = is_anothers },
	{ .id = "open-node",
	  .error = ENOENT,
	  .during = "export attach",
	  .sentence = "VFIO makes no nodes in " VFIO_CDEV_DIRECTORY,
	  .function = "vfio_init_device_cdev",
	  .file = "drivers/vfio/device_cdev.c",
	  .since = "all Linux before 6.6",
	  .remedy = "use Linux 6.6 or later with CONFIG_VFIO_DEVICE_CDEV",
	  .refusal = REFUSAL_UNSUPPORTED,
	  .foreseen = true,
	  .applies = lacks_nodes },
	{ .id = "open-permission",
	  .error = EACCES,
	  .during = "export attach",
	  .sentence = "no permission to open the device nodes",
	  .function = "inode_permission",
	  .file = "fs/namei.c",
	  .since = ANY,
	  .remedy = "run as root, or give yourself the nodes",
	  .applies = is_forbidden },
	{ .id = "open-iommufd",
	  .error = ENOENT,
	  .during = "export attach import",
	  .sentence = "there is no " IOMMUFD_PATH,
	  .function = "iommufd_init",
	  .file = "drivers/iommu/iommufd/main.c",
	  .since = ANY,
	  .remedy = "use a kernel with CONFIG_IOMMUFD (Fedora's, Arch's and Ubuntu's have it)",
	  .refusal = REFUSAL_UNSUPPORTED,
	  .applies = lacks_iommufd },
	{ 0 },
};
