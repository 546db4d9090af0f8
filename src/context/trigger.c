// SPDX-License-Identifier: GPL-2.0-only
#include "context/trigger.h"

#include <errno.h>
#include <string.h>

#include "context/patience.h"
#include "kernel/eviction.h"
#include "kernel/process.h"
#include "kernel/vfio.h"
#include "util/scope.h"
#include "util/text.h"

#define VFIO_PCI "vfio-pci"
#define WAIT_MS 1500

void (*trigger_on_wait)(const struct pci_device *pci);

static bool has_reset(const struct pci_device *pci)
{
	return *pci->reset_methods;
}

static bool has_flr(const struct pci_device *pci)
{
	char words[sizeof(pci->reset_methods)], *rest = words;

	copy_text(words, sizeof(words), pci->reset_methods);
	for (char *word; (word = strsep(&rest, " "));)
		if (!strcmp(word, "flr"))
			return true;
	return false;
}

static bool is_behind_bridge(const struct pci_device *pci)
{
	return !pci_is_on_root_bus(&pci->name);
}

static int pull_reset(struct context *context, struct object *device)
{
	return vfio_reset(context_fd(context, device));
}

static int pull_hot_reset(struct context *context, struct object *device)
{
	return vfio_hot_reset(context_fd(context, device));
}

static int pull_flr(struct context *context, struct object *device)
{
	return vfio_flr(context_fd(context, device));
}

static int pull_memory(struct context *context, struct object *device)
{
	return vfio_set_memory_decode(context_fd(context, device), false);
}

/* The device's fd, by its name. */
static int open_fd(struct context *context, const struct pci_name *name)
{
	struct object *device = object_find(&context->objects, OBJECT_DEVICE, name->bdf);

	return device ? context_fd(context, device) : -ENODEV;
}

static int restore_memory(struct context *context, const struct pci_name *name)
{
	return vfio_set_memory_decode(open_fd(context, name), true);
}

static int pull_d3hot(struct context *context, struct object *device)
{
	return vfio_set_power(context_fd(context, device), VFIO_D3HOT);
}

static int restore_d3hot(struct context *context, const struct pci_name *name)
{
	return vfio_set_power(open_fd(context, name), VFIO_D0);
}

static int pull_low_power(struct context *context, struct object *device)
{
	return vfio_set_low_power(context_fd(context, device), true);
}

static int restore_low_power(struct context *context, const struct pci_name *name)
{
	return vfio_set_low_power(open_fd(context, name), false);
}

static int pull_sysfs_reset(struct context *context, struct object *device)
{
	struct pci_name name;
	int rc = pci_parse_name(device->name, &name);

	(void)context;
	return rc ? rc : pci_reset(&name);
}

static int pull_close(struct context *context, struct object *device)
{
	return context_remove(context, device);
}

/* Answers the kernel's request by letting go of the device, and waits for all others to do so. */
static int answer(struct context *context, struct object *device, struct eviction *eviction,
		  const struct pci_device *pci)
{
	for (;;) {
		int event = eviction_next(eviction, WAIT_MS), rc = 0;

		if (event < 0)
			return event;
		if (event == EVICTION_DONE)
			return 0;
		if (device)
			rc = context_remove(context, device);
		else if (event == EVICTION_WAITING && trigger_on_wait)
			trigger_on_wait(pci);
		if (rc)
			return rc;
		device = NULL;
	}
}

static int evict(struct context *context, struct object *device, bool remove)
{
	struct eviction eviction;
	struct pci_device pci;
	struct pci_name name;
	int rc = pci_parse_name(device->name, &name);

	if (!rc)
		rc = pci_get(&name, &pci);
	if (!rc)
		rc = eviction_start(&eviction, &pci, context_fd(context, device), remove);
	if (rc)
		return rc;
	rc = answer(context, device, &eviction, &pci);
	eviction_end(&eviction);
	return rc;
}

static int pull_unbind(struct context *context, struct object *device)
{
	return evict(context, device, false);
}

static int pull_remove(struct context *context, struct object *device)
{
	return evict(context, device, true);
}

/*
 * The kernel takes the driver's link away first, and then waits for us to close the device (see
 * drivers/base/dd.c, __device_release_driver()): whoever should have answered may have been killed.
 */
static int let_go(struct context *context, const struct pci_name *name)
{
	struct object *device = object_find(&context->objects, OBJECT_DEVICE, name->bdf);
	auto_free struct process *others = NULL;
	struct pci_device pci;
	unsigned count = 0;
	int rc = 0;

	if (!device)
		return 0;
	rc = context_remove(context, device);
	/* With others there the kernel would go on waiting, and so would we. */
	if (!rc && !pci_get(name, &pci))
		process_list_users(pci.cdev_number, &others, &count);
	return count ? -EBUSY : rc;
}

static bool has_driver(const struct pci_name *name)
{
	struct pci_device pci;

	return !pci_get(name, &pci) && !strcmp(pci.driver, VFIO_PCI);
}

static int take_back(const struct pci_name *name)
{
	struct pci_device pci;
	int rc = pci_hand_over(name, VFIO_PCI, &pci);

	return rc ? rc : *pci.cdev ? 0 : -ENODEV;
}

static int restore_driver(struct context *context, const struct pci_name *name)
{
	int rc;

	if (has_driver(name))
		return 0;
	rc = let_go(context, name);
	return rc ? rc : take_back(name);
}

/* A scan may give it to its own driver. */
static int restore_function(struct context *context, const struct pci_name *name)
{
	int rc;

	if (has_driver(name))
		return 0;
	rc = let_go(context, name);
	if (!rc)
		rc = pci_rescan_bus_of(name);
	return rc ? rc : take_back(name);
}

const struct trigger triggers[] = {
	{
		.name = "reset",
		.detail = "VFIO_DEVICE_RESET",
		.is_offered = has_reset,
		.pull = pull_reset,
	},
	{
		.name = "flr",
		.detail = "function level reset, through config space",
		.is_offered = has_flr,
		.pull = pull_flr,
	},
	{
		.name = "memory",
		.detail = "memory decode off",
		.again = "and on again",
		.held = "memory decode stays off",
		.pull = pull_memory,
		.restore = restore_memory,
	},
	{
		.name = "d3hot",
		.detail = "power state D3hot",
		.again = "and D0 again",
		.held = "the device stays in D3hot",
		.pull = pull_d3hot,
		.restore = restore_d3hot,
	},
	{
		.name = "low-power",
		.detail = "VFIO's low power entry, and exit",
		.pull = pull_low_power,
		.restore = restore_low_power,
	},
	{
		.name = "hot-reset",
		.detail = "VFIO_DEVICE_PCI_HOT_RESET",
		.resets_bus = true,
		.is_offered = is_behind_bridge,
		.pull = pull_hot_reset,
	},
	{
		.name = "sysfs-reset",
		.detail = "a reset by way of sysfs",
		.if_live =
			"this kernel does not revoke on a reset by way of sysfs: the importer reaches "
			"the BAR while it is reset, and whatever it holds afterwards",
		.is_offered = has_reset,
		.pull = pull_sysfs_reset,
	},
	{
		.name = "close",
		.detail = "the device's last close",
		.closes = true,
		.pull = pull_close,
	},
	{
		.name = "unbind",
		.detail = "vfio-pci gives the device up",
		.again = "and takes it again",
		.held = "the device stays without a driver",
		.closes = true,
		.evicts = true,
		.pull = pull_unbind,
		.restore = restore_driver,
	},
	{
		.name = "remove",
		.detail = "the device leaves the bus",
		.again = "and comes back",
		.held = "the device stays away, until its bus is scanned again",
		.closes = true,
		.evicts = true,
		.pull = pull_remove,
		.restore = restore_function,
	},
	{ .name = NULL },
};

const struct trigger *trigger_find(const char *name)
{
	for (const struct trigger *trigger = triggers; trigger->name; trigger++)
		if (!strcmp(trigger->name, name))
			return trigger;
	return NULL;
}

static int note_undo(struct context *context, const struct trigger *trigger,
		     const struct pci_name *name, struct object **undo)
{
	struct object *object = object_new(OBJECT_UNDO, name->bdf, -1);
	int rc;

	if (!object)
		return -ENOMEM;
	copy_text(object->trigger, sizeof(object->trigger), trigger->name);
	rc = context_add(context, object);
	if (!rc)
		*undo = object;
	return rc;
}

/* And restores the device, if undo says so. */
static int pull(struct context *context, const struct trigger *trigger, const struct pci_name *name,
		const struct object *undo, bool *pulled)
{
	struct object *device = object_find(&context->objects, OBJECT_DEVICE, name->bdf);
	struct patience patience;
	int rc = patience_begin(&patience, context, name->bdf);

	if (!rc)
		rc = trigger->pull(context, device);
	*pulled = !rc;
	if (!rc && undo)
		rc = trigger->restore(context, name);
	patience_end(&patience);
	return rc;
}

int trigger_pull(struct context *context, const struct trigger *trigger,
		 const struct pci_name *name, bool hold, bool *pulled)
{
	struct object *undo = NULL;
	int rc = 0, done;

	*pulled = false;
	if (trigger->restore && !hold)
		rc = note_undo(context, trigger, name, &undo);
	if (rc)
		return rc;
	rc = pull(context, trigger, name, undo, pulled);
	if (!undo)
		return rc;
	/* One that is still under way, or has not come back, is left to the next command. */
	if (*pulled ? rc : rc == -EINTR)
		return rc;
	done = context_remove(context, undo);
	return rc ? rc : done;
}

bool trigger_is_unsupported(int error)
{
	return error == -EINVAL || error == -EOPNOTSUPP || error == -ENOTTY || error == -ENODEV ||
	       error == -ENOENT;
}
