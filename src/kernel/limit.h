/* SPDX-License-Identifier: GPL-2.0-only */
/* How many fds this process may have: a context of thousands of dma-bufs needs more than 1024. */
#ifndef DMABUFCTL_KERNEL_LIMIT_H
#define DMABUFCTL_KERNEL_LIMIT_H

/* As many as it is allowed to ask for. */
void limit_raise_fds(void);

/* As many as before, for a program that takes this process's place and may rely on it. */
void limit_restore_fds(void);

#endif
