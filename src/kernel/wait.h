/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waiting with an end: for an fd, for a lock. Each wait also ends when this process has been
 * asked to end by a signal which does not kill it at once, be it blocked or handled.
 */
#ifndef DMABUFCTL_KERNEL_WAIT_H
#define DMABUFCTL_KERNEL_WAIT_H

#include <signal.h>
#include <stdbool.h>

#define WAIT_FOR_EVER (-1)

/* From now on SIGINT, SIGTERM and SIGHUP end waits, and not this process. */
void wait_handle_signals(void);

/* Which of them came; 0: none. */
extern volatile sig_atomic_t wait_signal;

/* Whether such a signal came, or is pending. */
bool wait_is_over(void);

/* events: as for poll(). 0: there are some, -ETIMEDOUT, -EINTR: wait_is_over(). */
int wait_for_fd(int fd, short events, int timeout_ms);

/* An exclusive flock(); -ETIMEDOUT, -EINTR: wait_is_over(). */
int wait_for_lock(int fd, int timeout_ms);

#endif
