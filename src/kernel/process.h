/* SPDX-License-Identifier: GPL-2.0-only */
/* Which processes hold a file open. Without privileges: one's own only. */
#ifndef DMABUFCTL_KERNEL_PROCESS_H
#define DMABUFCTL_KERNEL_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * A process's fd as one's own (pidfd_getfd). -ESRCH: there is no such process, -EBADF: it has no
 * such fd, -EPERM: not allowed to trace it (ptrace(2), PTRACE_MODE_ATTACH_REALCREDS).
 */
int process_get_fd(pid_t pid, int fd);

/*
 * An fd sent through a Unix socket at path; the receiver binds and waits for one sender. The socket
 * is this user's alone, replaces one that was left over, and is gone when the wait ends, also by a
 * signal (-EINTR, as wait_for_fd()). -ETIMEDOUT; -EADDRINUSE: somebody waits there, or it is
 * another file; -EBADMSG: the sender passed no fd; -EPROTO: it passed several.
 */
int process_send_fd(const char *path, int fd);
int process_receive_fd(const char *path, int timeout_ms);

/* "PID 12 (dmabufctl batch -)": its command line may be any bytes. */
void process_describe(pid_t pid, char *text, size_t size);

/*
 * Whether a signal that ends processes is pending for it: it came while the process is in the
 * kernel and cannot be woken. SIGKILL stands for every signal that kills (complete_signal() in
 * kernel/signal.c).
 */
bool process_is_asked_to_end(pid_t pid);

struct process {
	pid_t pid;
	char name[32]; /* as in /proc/PID/comm */
};

/* Holders of a character device, by its number; malloc'd. */
int process_list_users(dev_t device, struct process **list, unsigned *count);

#endif
