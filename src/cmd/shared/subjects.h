/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The devices that a command works on past any context: an exporter and importers that nobody has
 * at the moment, as --exporter, --bar and --importer name them.
 */
#ifndef DMABUFCTL_CMD_SHARED_SUBJECTS_H
#define DMABUFCTL_CMD_SHARED_SUBJECTS_H

#include "kernel/pci.h"
#include "ui/error.h"
#include "ui/option.h"

struct subjects {
	const char *command; /* for messages */
	struct pci_device exporter;
	unsigned bar; /* of the exporter, a page or more of memory */
	struct pci_device importer, dma_importer;
	/* Those, or NULL. */
	const struct pci_device *with_vfio, *with_dma_api;
};

/* bar not given: the largest that is prefetchable, else the largest. */
enum status subjects_find_exporter(struct subjects *subjects, const char *name,
				   const struct option_number *bar);

/* "BDF[,BDF]", after the exporter, if there is one: a device with vfio-pci, one with the driver of
 * kernel/importer. */
enum status subjects_find_importers(struct subjects *subjects, const char *names);

#endif
