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
#include "context/users.h"
#include "kernel/module.h"
#include "kernel/sys.h"
#include "util/scope.h"
#include "util/text.h"

#define VFIO_PCI "vfio-pci"

struct bind_options {
	const char *driver;
};

static int record_path(char path[PATH_MAX], const struct pci_name *name)
{
	char directory[PATH_MAX - 64];
	int rc = context_directory(directory, sizeof(directory));

	if (!rc)
		snprintf(path, PATH_MAX, "%s/%s.driver", directory, name->bdf);
	return rc;
}

/* The record lies beside the contexts' sockets. */
static int former_driver_save(const struct pci_name *name, const struct former_driver *former)
{
	char path[PATH_MAX];
	int rc = context_make_directory();
	FILE *file;

	if (!rc)
		rc = record_path(path, name);
	if (rc)
		return rc;
	file = fopen(path, "we");
	if (!file)
		return -errno;
	fprintf(file, "%s\n%s\n%s\n", former->driver, former->driver_override, former->bound_to);
	if (fclose(file)) {
		rc = -errno;
		unlink(path);
	}
	return rc;
}

int former_driver_load(const struct pci_name *name, struct former_driver *former)
{
	auto_free char *text = NULL;
	char path[PATH_MAX], *rest, *line;
	int rc = record_path(path, name);

	*former = (struct former_driver){ 0 };
	if (!rc)
		rc = sys_read_file(path, &text);
	if (rc)
		return rc;
	rest = text;
	if ((line = strsep(&rest, "\n")))
		copy_text(former->driver, sizeof(former->driver), line);
	if ((line = strsep(&rest, "\n")))
		copy_text(former->driver_override, sizeof(former->driver_override), line);
	line = strsep(&rest, "\n");
	copy_text(former->bound_to, sizeof(former->bound_to), line ? line : VFIO_PCI);
	return 0;
}

void former_driver_forget(const struct pci_name *name)
{
	char path[PATH_MAX];

	if (!record_path(path, name))
		unlink(path);
}

static enum status load_driver(const char *driver)
{
	int rc;

	if (module_get_state(driver) == MODULE_LIVE)
		return STATUS_OK;
	rc = module_load(driver);
	if (!rc)
		return STATUS_OK;
	return refuse(bind_rules, &(struct rule_subject){ .driver = driver }, rc, "module %s",
		      driver);
}

/* Also what goes with it once it is closed. */
static void explain_open(const struct pci_device *pci, const char *users)
{
	char mappings[256];

	if (!describe_mappings(pci, mappings, sizeof(mappings)))
		fail_because(
			"it is open: %s; what of its BARs is mapped cannot be seen without BPF",
			users);
	else if (*mappings)
		fail_because("it is open: %s; mappings of its BARs would go with it: %s", users,
			     mappings);
	else
		fail_because("it is open: %s", users);
}

enum status check_free(const struct pci_device *pci, const char *what)
{
	char users[256], remedies[256];

	describe_users(pci, users, sizeof(users));
	if (!*users)
		return STATUS_OK;
	describe_release(pci, remedies, sizeof(remedies));
	fail_with(STATUS_FAILED, EBUSY, "%s %s", what, pci->name.bdf);
	explain_open(pci, users);
	fail_hint("%s", remedies);
	return STATUS_FAILED;
}

/* A device between two bindings: what it had before the first is on record already. */
static struct former_driver former_driver_of(const struct pci_device *pci, bool *first)
{
	struct former_driver former;

	*first = former_driver_load(&pci->name, &former) ||
		 strcmp(pci->driver_override, former.bound_to) != 0;
	if (*first) {
		copy_text(former.driver, sizeof(former.driver), pci->driver);
		copy_text(former.driver_override, sizeof(former.driver_override),
			  pci->driver_override);
	}
	return former;
}

/* Puts things back as they were. */
static void undo(const struct pci_device *before, bool first)
{
	struct former_driver former;
	struct pci_device pci;

	pci_hand_over(&before->name, before->driver_override, &pci);
	if (first || former_driver_load(&before->name, &former)) {
		former_driver_forget(&before->name);
		return;
	}
	copy_text(former.bound_to, sizeof(former.bound_to), before->driver_override);
	former_driver_save(&before->name, &former);
}

/* Some kernels put a device into its IOMMU group only when a driver gets it. */
static enum status was_refused(const struct pci_device *before, const struct pci_device *pci,
			       const char *driver)
{
	if (pci->group < 0 && !strcmp(driver, VFIO_PCI))
		return refuse_by(rule_find("bind-group"), &(struct rule_subject){ .pci = pci },
				 "bind %s", before->name.bdf);
	fail_with(STATUS_FAILED, 0, "bind %s", before->name.bdf);
	fail_because("%s refused it; the kernel log says why", driver);
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

static enum status hand_over(const struct pci_device *before, const char *driver)
{
	struct former_driver former;
	struct pci_device pci;
	bool first;
	int rc;

	former = former_driver_of(before, &first);
	copy_text(former.bound_to, sizeof(former.bound_to), driver);
	rc = former_driver_save(&before->name, &former);
	if (rc)
		return cannot_record(before, rc);
	rc = pci_hand_over(&before->name, driver, &pci);
	if (!rc && !strcmp(pci.driver, driver))
		return STATUS_OK;
	undo(before, first);
	return rc ? fail_errno(rc, "bind %s", before->name.bdf) : was_refused(before, &pci, driver);
}

static enum status bind_device(const struct pci_device *before, const char *driver)
{
	const struct rule_subject subject = { .pci = before, .driver = driver };
	enum status status = refuse_foreseen(bind_rules, &subject, "bind %s", before->name.bdf);

	if (!status)
		status = check_free(before, "bind");
	if (!status)
		status = load_driver(driver);
	return status ? status : hand_over(before, driver);
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
	const struct bind_options *options = call->options;
	const char *driver = options->driver ? options->driver : VFIO_PCI;
	json_object *rows = json_put_array(call->result, "devices");

	for (int i = 0; i < call->count; i++) {
		struct pci_device before, after;
		enum status status = lookup_device(call->arguments[i], &before);

		if (!status && strcmp(before.driver, driver))
			status = bind_device(&before, driver);
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

static const struct option_entry options[] = {
	OPT_TEXT(struct bind_options, driver, "driver", "DRIVER",
		 "give them to this one (default: vfio-pci)"),
	{ 0 },
};

const struct command cmd_bind = {
	.name = "bind",
	.arguments = "BDF...",
	.summary = "give devices to vfio-pci, or to another driver",
	.description =
		"Loads the driver if need be, and remembers the one before for unbind. A device that\n"
		"is refused goes back to the driver it had.",
	.options = options,
	.options_size = sizeof(struct bind_options),
	.least = 1,
	.most = -1,
	.context = CONTEXT_NONE,
	.quiet_in_batch = true,
	.sections = bind_sections,
	.run = run,
};
