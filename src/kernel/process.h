/* SPDX-License-Identifier: GPL-2.0-only */
/* Which processes hold a device node open. Without privileges: one's own only. */
#ifndef DMABUFCTL_KERNEL_PROCESS_H
#define DMABUFCTL_KERNEL_PROCESS_H

#include <sys/types.h>

struct process {
	pid_t pid;
	char name[32]; /* as in /proc/PID/comm */
};

/* Holders of the character device at path; malloc'd, by PID. */
int process_list_users(const char *path, struct process **list, unsigned *count);

#endif
