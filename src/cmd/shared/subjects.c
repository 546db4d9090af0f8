// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/shared/subjects.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmd/shared/lookup.h"
#include "cmd/shared/refusal.h"
#include "kernel/attachment.h"
#include "kernel/iommufd.h"
#include "kernel/sys.h"
#include "kernel/vfio.h"
#include "util/scope.h"

static enum status not_vfio(const struct subjects *subjects, const struct pci_device *pci,
			    const char *option)
{
	fail_with(STATUS_FAILED, 0, "%s: %s %s", subjects->command, option, pci->name.bdf);
	fail_because("its driver is %s", *pci->driver ? pci->driver : "none");
	fail_hint("'dmabufctl bind %s' first", pci->name.bdf);
	return STATUS_FAILED;
}

static enum status check_free(const struct subjects *subjects, const struct pci_device *pci,
			      const char *option)
{
	const struct rule_subject subject = { .tool = "dmabufctl", .pci = pci };
	auto_close int iommufd = iommufd_open();
	auto_close int device = -1;
	uint32_t id;

	if (!*pci->cdev)
		return not_vfio(subjects, pci, option);
	if (iommufd >= 0)
		device = vfio_open(pci->cdev, iommufd, &id);
	if (iommufd >= 0 && device >= 0)
		return STATUS_OK;
	return refuse(open_rules, &subject, iommufd < 0 ? iommufd : device, "%s: %s %s",
		      subjects->command, option, pci->name.bdf);
}

static bool can_be_exported(const struct pci_bar *bar)
{
	return bar->type == PCI_BAR_MEMORY && bar->bus.length >= (uint64_t)sysconf(_SC_PAGESIZE);
}

static int choose_bar(const struct pci_device *pci)
{
	int best = -1;

	for (int i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &pci->bars[i], *other = &pci->bars[best < 0 ? i : best];

		if (can_be_exported(bar) && (best < 0 || bar->prefetchable > other->prefetchable ||
					     (bar->prefetchable == other->prefetchable &&
					      bar->bus.length > other->bus.length)))
			best = i;
	}
	return best;
}

static enum status find_bar(struct subjects *subjects, const struct option_number *given)
{
	const struct pci_device *pci = &subjects->exporter;
	int bar = given->given ? (int)given->value : choose_bar(pci);

	if (bar < 0 || !can_be_exported(&pci->bars[bar])) {
		fail_with(STATUS_UNSUPPORTED, 0, "%s: --exporter %s", subjects->command,
			  pci->name.bdf);
		if (bar < 0)
			fail_because("it has no memory BAR of a page or more");
		else
			fail_because("BAR %d is no memory BAR of a page or more", bar);
		fail_hint("'dmabufctl device %s' lists its BARs", pci->name.bdf);
		return STATUS_UNSUPPORTED;
	}
	subjects->bar = bar;
	return STATUS_OK;
}

enum status subjects_find_exporter(struct subjects *subjects, const char *name,
				   const struct option_number *bar)
{
	enum status status = lookup_device(name, &subjects->exporter);

	if (!status)
		status = check_free(subjects, &subjects->exporter, "--exporter");
	return status ? status : find_bar(subjects, bar);
}

static enum status find_importer(struct subjects *subjects, const char *name)
{
	struct pci_device pci;
	enum status status = lookup_device(name, &pci);

	if (status)
		return status;
	if (!strcmp(pci.driver, ATTACHMENT_DRIVER)) {
		subjects->dma_importer = pci;
		subjects->with_dma_api = &subjects->dma_importer;
		return STATUS_OK;
	}
	if (!strcmp(pci.name.bdf, subjects->exporter.name.bdf)) {
		fail_with(STATUS_USAGE, 0, "%s: --importer %s", subjects->command, pci.name.bdf);
		fail_because("it is the exporter, which serves as importer where no other is "
			     "named");
		return STATUS_USAGE;
	}
	subjects->importer = pci;
	subjects->with_vfio = &subjects->importer;
	return check_free(subjects, &subjects->importer, "--importer");
}

enum status subjects_find_importers(struct subjects *subjects, const char *names)
{
	auto_free char *copy = strdup(names);
	enum status status = copy ? STATUS_OK : fail_errno(ENOMEM, "%s", subjects->command);

	for (char *rest = copy, *name; !status && (name = strsep(&rest, ","));)
		status = find_importer(subjects, name);
	return status;
}
