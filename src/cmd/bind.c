// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/bind.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/shared/lookup.h"
#include "cmd/shared/opening.h"
#include "cmd/shared/refusal.h"
#include "context/runtime.h"
#include "kernel/module.h"
#include "kernel/sys.h"
#include "util/scope.h"

#define VFIO_PCI "vfio-pci"

static int record_path(char path[PATH_MAX], const struct pci_name *name)
{
	char directory[PATH_MAX - 64];
	int rc = context_directory(directory, sizeof(directory));

	if (!rc)
		snprintf(path, PATH_MAX, "%s/%s.driver", directory, name->bdf);
	return rc;
}

/* The record lies beside the contexts' sockets. */
static int former_driver_save(const struct pci_device *pci)
{
	char path[PATH_MAX];
	int rc = context_make_directory();
	FILE *file;

	if (!rc)
		rc = record_path(path, &pci->name);
	if (rc)
		return rc;
	file = fopen(path, "we");
	if (!file)
		return -errno;
	fprintf(file, "%s\n%s\n", pci->driver, pci->driver_override);
	if (fclose(file)) {
		rc = -errno;
		unlink(path);
	}
	return rc;
}

int former_driver_load(const struct pci_name *name, struct former_driver *former)
{
	auto_free char *text = NULL;
	char path[PATH_MAX], *newline;
	int rc = record_path(path, name);

	*former = (struct former_driver){ 0 };
	if (!rc)
		rc = sys_read_file(path, &text);
	if (rc)
		return rc;
	newline = strchr(text, '\n');
	if (newline) {
		*newline = '\0';
		snprintf(former->driver_override, sizeof(former->driver_override), "%s",
			 newline + 1);
	}
	snprintf(former->driver, sizeof(former->driver), "%s", text);
	return 0;
}

void former_driver_forget(const struct pci_name *name)
{
	char path[PATH_MAX];

	if (!record_path(path, name))
		unlink(path);
}

static enum status load_driver(void)
{
	int rc;

	if (module_get_state(VFIO_PCI) == MODULE_LIVE)
		return STATUS_OK;
	rc = module_load(VFIO_PCI);
	if (!rc)
		return STATUS_OK;
	return refuse(bind_rules, &(struct rule_subject){ 0 }, rc, "module " VFIO_PCI);
}

/* Puts things back as they were. */
static void undo(const struct pci_device *before)
{
	struct pci_device pci;

	pci_hand_over(&before->name, before->driver_override, &pci);
	former_driver_forget(&before->name);
}

/* Some kernels put a device into its IOMMU group only when a driver gets it. */
static enum status was_refused(const struct pci_device *before, const struct pci_device *pci)
{
	if (pci->group < 0)
		return refuse_by(rule_find("bind-group"), &(struct rule_subject){ .pci = pci },
				 "bind %s", before->name.bdf);
	fail_with(STATUS_FAILED, 0, "bind %s", before->name.bdf);
	fail_because("vfio-pci refused it; the kernel log says why");
	fail_hint("it is back with %s", *before->driver ? before->driver : "no driver");
	return STATUS_FAILED;
}

/* Without a record unbind would not know the driver, so nothing is touched. */
static enum status cannot_record(const struct pci_device *pci, int error)
{
	if (error != -ENOTDIR)
		return fail_errno(error, "bind %s", pci->name.bdf);
	fail_with(STATUS_FAILED, 0, "bind %s", pci->name.bdf);
	explain_no_directory("a record of its driver");
	return STATUS_FAILED;
}

static enum status bind_device(const struct pci_device *before)
{
	struct former_driver former;
	struct pci_device pci;
	enum status status = refuse_foreseen(bind_rules, &(struct rule_subject){ .pci = before },
					     "bind %s", before->name.bdf);
	int rc = 0;

	if (!status)
		status = load_driver();
	if (status)
		return status;
	/* A device between two bindings: what it had before the first is on record already. */
	if (strcmp(before->driver_override, VFIO_PCI) || former_driver_load(&before->name, &former))
		rc = former_driver_save(before);
	if (rc)
		return cannot_record(before, rc);
	rc = pci_hand_over(&before->name, VFIO_PCI, &pci);
	if (!rc && !strcmp(pci.driver, VFIO_PCI))
		return STATUS_OK;
	undo(before);
	if (rc)
		return fail_errno(rc, "bind %s", before->name.bdf);
	return was_refused(before, &pci);
}

void fill_moved(json_object *row, const char *driver_before, const struct pci_device *pci)
{
	json_put_text(row, "name", pci->name.bdf);
	json_put_text(row, "driver_before", driver_before);
	json_put_text(row, "driver", pci->driver);
	json_put_text(row, "cdev", pci->cdev);
}

static enum status run(struct call *call)
{
	json_object *rows = json_put_array(call->result, "devices");

	for (int i = 0; i < call->count; i++) {
		struct pci_device before, after;
		enum status status = lookup_device(call->arguments[i], &before);

		if (!status && strcmp(before.driver, VFIO_PCI))
			status = bind_device(&before);
		if (!status)
			status = lookup_device(call->arguments[i], &after);
		if (status)
			return status;
		fill_moved(add_object(rows), before.driver, &after);
	}
	return STATUS_OK;
}

static const struct column columns[] = {
	{ "DEVICE", "name", COLUMN_TEXT, "BDF" },
	{ "BEFORE", "driver_before", COLUMN_TEXT, "the driver that it had" },
	{ "DRIVER", "driver", COLUMN_TEXT, "the driver that it has" },
	{ "CDEV", "cdev", COLUMN_TEXT, "its VFIO node" },
	{ 0 },
};

const struct section bind_sections[] = {
	{ .key = "devices", .columns = columns },
	{ 0 },
};

const struct command cmd_bind = {
	.name = "bind",
	.arguments = "BDF...",
	.summary = "give devices to vfio-pci",
	.description =
		"Loads vfio-pci if need be, and remembers the driver for unbind. A device that\n"
		"vfio-pci refuses goes back to the driver it had.",
	.least = 1,
	.most = -1,
	.context = CONTEXT_NONE,
	.quiet_in_batch = true,
	.sections = bind_sections,
	.run = run,
};
