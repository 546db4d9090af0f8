/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes and their fds, as /proc shows them. No walk waits for anybody: of a file is told what
 * the kernel knows by itself, as a remote file system, such as FUSE, may never answer.
 */
#ifndef DMABUFCTL_KERNEL_PROC_H
#define DMABUFCTL_KERNEL_PROC_H

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

struct proc_process {
	pid_t pid;
	int directory; /* /proc/PID */
};

struct proc_fd {
	unsigned number;
	mode_t type; /* S_IFMT of its mode; some kernels give files without a name none */
	ino_t inode;
	dev_t file_system;
	dev_t device; /* of a device: which one it is */
};

/*
 * The walks end when visit returns anything but 0, and return that; or a negative errno, such as
 * -EACCES, where there is nothing to see. What goes away meanwhile is left out.
 */
int proc_walk(int (*visit)(const struct proc_process *process, void *data), void *data);
/* The same with one process. */
int proc_visit(pid_t pid, int (*visit)(const struct proc_process *process, void *data), void *data);
int proc_walk_fds(const struct proc_process *process,
		  int (*visit)(const struct proc_fd *fd, void *data), void *data);

/*
 * Whether PIDs here are those that the kernel's programs and traces tell: those of the first PID
 * namespace.
 */
bool proc_is_first_namespace(void);

/* As in comm: any bytes. "" once it is gone. */
void proc_get_name(const struct proc_process *process, char *name, size_t size);

#endif
