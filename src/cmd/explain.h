/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel checks, for who wants to know whether explain has more to say. */
#ifndef DMABUFCTL_CMD_EXPLAIN_H
#define DMABUFCTL_CMD_EXPLAIN_H

#include <stdbool.h>

/* Whether explain knows a check of the kernel that gives this errno (positive) there. */
bool explain_knows(int error, const char *command);

#endif
