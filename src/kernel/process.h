/* SPDX-License-Identifier: GPL-2.0-only */
/* Which processes hold a file open. Without privileges: one's own only. */
#ifndef DMABUFCTL_KERNEL_PROCESS_H
#define DMABUFCTL_KERNEL_PROCESS_H

#include <sys/types.h>

struct process {
	pid_t pid;
	char name[32]; /* as in /proc/PID/comm */
};

/* Holders of a character device, by its number; malloc'd. */
int process_list_users(dev_t device, struct process **list, unsigned *count);

/* Holders of the very file that fd is, such as a dma-buf; malloc'd, this process among them. */
int process_list_holders(int fd, struct process **list, unsigned *count);

#endif
