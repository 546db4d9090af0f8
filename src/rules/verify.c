// SPDX-License-Identifier: GPL-2.0-only
/* Why a device cannot be made to do DMA. */
#include <errno.h>

#include "rules/rule.h"

const struct rule verify_rules[] = {
	{ .id = "verify-timeout",
	  .error = ETIMEDOUT,
	  .during = "verify",
	  .sentence = "the device did not answer within a second",
	  .file = "src/initiator/initiator.c",
	  .since = ANY,
	  .remedy = "the device may hang; 'revoke BDF --by reset' resets it" },
	{ .id = "verify-memory",
	  .error = EIO,
	  .during = "verify",
	  .sentence = "a register of the device could not be read: its memory is off",
	  .function = "vfio_pci_core_do_io_rw",
	  .file = "drivers/vfio/pci/vfio_pci_rdwr.c",
	  .since = ANY,
	  .remedy = "'revoke BDF --by memory' turns it on" },
	{ 0 },
};
