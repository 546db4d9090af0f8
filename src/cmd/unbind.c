// SPDX-License-Identifier: GPL-2.0-only
/* unbind: gives devices back to the driver that they had. */
#include <errno.h>
#include <string.h>

#include "cmd/bind.h"
#include "cmd/shared/lookup.h"
#include "context/users.h"

/* Whether there is anything to take back: vfio-pci has it, or gave it up in a revoke --hold. */
static bool is_bound(const struct pci_device *pci, bool ours)
{
	return *pci->cdev || !strncmp(pci->driver, "vfio", 4) || (!*pci->driver && ours);
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

/* The kernel would wait for the last user without a word. */
static enum status check_free(const struct pci_device *pci)
{
	char users[256], remedies[256];

	describe_users(pci, users, sizeof(users));
	if (!*users)
		return STATUS_OK;
	describe_release(pci, remedies, sizeof(remedies));
	fail_with(STATUS_FAILED, EBUSY, "unbind %s", pci->name.bdf);
	explain_open(pci, users);
	fail_hint("%s", remedies);
	return STATUS_FAILED;
}

static enum status unbind_device(struct pci_device *pci)
{
	struct former_driver former;
	bool ours = !former_driver_load(&pci->name, &former);
	enum status status;
	int rc;

	if (!is_bound(pci, ours))
		return STATUS_OK;
	status = check_free(pci);
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
		"mappings of its BARs. A device that vfio-pci does not have stays as it is.",
	.least = 1,
	.most = -1,
	.context = CONTEXT_NONE,
	.quiet_in_batch = true,
	.sections = bind_sections,
	.run = run,
};
