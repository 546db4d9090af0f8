/* SPDX-License-Identifier: GPL-2.0-only */
/* Who uses a device, in words: processes, and contexts where these are holders. */
#ifndef DMABUFCTL_CONTEXT_USERS_H
#define DMABUFCTL_CONTEXT_USERS_H

#include "kernel/pci.h"

/* Who holds the device open, as "qemu (PID 12), context fb (PID 13)"; "": nobody is seen. */
void describe_users(const struct pci_device *pci, char *text, size_t size);
/* What makes them let go of it, for people to do. */
void describe_release(const struct pci_device *pci, char *text, size_t size);
/*
 * How many mappings of its BARs iommufd contexts have, as "2 in qemu (PID 12)"; "": none. Those
 * that were taken away do not count. false: that cannot be seen.
 */
bool describe_mappings(const struct pci_device *pci, char *text, size_t size);

#endif
