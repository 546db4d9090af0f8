// SPDX-License-Identifier: GPL-2.0-only
/* unbind: gives devices back to the driver that they had. */
#include <string.h>

#include "cmd/bind.h"
#include "cmd/shared/lookup.h"

/*
 * Whether there is anything to take back: VFIO has it, or whom bind gave it to, or nobody, as that
 * one gave it up in a revoke --hold.
 */
static bool is_bound(const struct pci_device *pci, const struct former_driver *former)
{
	return *pci->cdev || !strncmp(pci->driver, "vfio", 4) ||
	       (*former->bound_to && (!*pci->driver || !strcmp(pci->driver, former->bound_to)));
}

static enum status unbind_device(struct pci_device *pci)
{
	struct former_driver former;
	enum status status;
	int rc;

	former_driver_load(&pci->name, &former);
	if (!is_bound(pci, &former))
		return STATUS_OK;
	status = check_free(pci, "unbind");
	if (status)
		return status;
	rc = pci_hand_over(&pci->name, former.driver_override, pci);
	if (rc)
		return fail_errno(rc, "unbind %s", pci->name.bdf);
	former_driver_forget(&pci->name);
	if (!*former.driver || !strcmp(former.driver, pci->driver))
		return STATUS_OK;
	fail_with(STATUS_FAILED, 0, "unbind %s", pci->name.bdf);
	fail_because("%s, which it had before, did not take it back", former.driver);
	fail_hint("the kernel log says why");
	return STATUS_FAILED;
}

static enum status run(struct call *call)
{
	json_object *rows = json_put_array(call->result, "devices");

	for (int i = 0; i < call->count; i++) {
		struct pci_device before, after;
		enum status status = lookup_device(call->arguments[i], &before);

		after = before;
		if (!status)
			status = unbind_device(&after);
		if (status)
			return status;
		fill_moved(add_object(rows), before.driver, &after);
	}
	return STATUS_OK;
}

const struct command cmd_unbind = {
	.name = "unbind",
	.arguments = "BDF...",
	.summary = "hand devices back to the driver they had",
	.description =
		"Refuses while a process has the device open, and says which one, and who would lose\n"
		"mappings of its BARs. A device that bind did not give away stays as it is.",
	.least = 1,
	.most = -1,
	.context = CONTEXT_NONE,
	.quiet_in_batch = true,
	.sections = bind_sections,
	.run = run,
};
