// SPDX-License-Identifier: GPL-2.0-only
#include "context/trigger.h"

#include <errno.h>
#include <string.h>

#include "kernel/eviction.h"
#include "kernel/vfio.h"

#define WAIT_MS 3000

void (*trigger_on_wait)(const struct pci_device *pci);

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
	int fd = context_fd(context, device);
	int rc = vfio_set_low_power(fd, true);

	return rc ? rc : vfio_set_low_power(fd, false);
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

static int restore_driver(struct context *context, const struct pci_name *name)
{
	struct pci_device pci;
	int rc = pci_hand_over(name, "vfio-pci", &pci);

	(void)context;
	return rc ? rc : *pci.cdev ? 0 : -ENODEV;
}

static int restore_function(struct context *context, const struct pci_name *name)
{
	int rc = pci_rescan_bus_of(name);

	return rc ? rc : restore_driver(context, name);
}

const struct trigger triggers[] = {
	{
		.name = "reset",
		.detail = "VFIO_DEVICE_RESET",
		.lacks = "reset that VFIO can use",
		.pull = pull_reset,
	},
	{
		.name = "flr",
		.detail = "function level reset, through config space",
		.lacks = "function level reset",
		.pull = pull_flr,
	},
	{
		.name = "memory",
		.detail = "memory decode off",
		.again = "and on again",
		.held = "memory decode stays off",
		.lacks = "command register",
		.pull = pull_memory,
		.restore = restore_memory,
	},
	{
		.name = "d3hot",
		.detail = "power state D3hot",
		.again = "and D0 again",
		.held = "the device stays in D3hot",
		.lacks = "power management capability",
		.pull = pull_d3hot,
		.restore = restore_d3hot,
	},
	{
		.name = "low-power",
		.detail = "VFIO's low power entry, and exit",
		.lacks = "low power feature",
		.pull = pull_low_power,
	},
	{
		.name = "hot-reset",
		.detail = "VFIO_DEVICE_PCI_HOT_RESET",
		.lacks = "slot or bus whose reset the kernel could complete",
		.resets_bus = true,
		.pull = pull_hot_reset,
	},
	{
		.name = "sysfs-reset",
		.detail = "a reset by way of sysfs",
		.lacks = "reset in sysfs",
		.if_live =
			"this kernel does not revoke on a reset by way of sysfs: the importer reaches "
			"the BAR while it is reset, and whatever it holds afterwards",
		.pull = pull_sysfs_reset,
	},
	{
		.name = "close",
		.detail = "the device's last close",
		.lacks = "open file",
		.closes = true,
		.pull = pull_close,
	},
	{
		.name = "unbind",
		.detail = "vfio-pci gives the device up",
		.again = "and takes it again",
		.held = "the device stays without a driver",
		.lacks = "driver",
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
		.lacks = "way to leave its bus",
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

bool trigger_is_unsupported(int error)
{
	return error == -EINVAL || error == -EOPNOTSUPP || error == -ENOTTY || error == -ENODEV ||
	       error == -ENOENT;
}
