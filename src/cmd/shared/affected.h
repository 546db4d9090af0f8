/* SPDX-License-Identifier: GPL-2.0-only */
/* What a trigger would hit, and the reasons not to pull it. */
#ifndef DMABUFCTL_CMD_SHARED_AFFECTED_H
#define DMABUFCTL_CMD_SHARED_AFFECTED_H

#include "cmd/shared/command.h"
#include "context/revocation.h"

/*
 * Rows "hit" of the result: devices, dma-bufs and mappings, with the others who hold them; and
 * "other_mappings", which others would lose: null when that cannot be seen.
 */
enum status fill_affected(struct call *call, const struct revocation *revocation);

/* No other process may rely on what is about to go. */
enum status check_strangers(const struct revocation *revocation);

#endif
