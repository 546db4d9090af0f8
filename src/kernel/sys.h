/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every call on a kernel object goes through here: traced for -vv, with faults injected for
 * tests. Unless a declaration says otherwise a call returns its non-negative result or a
 * negative errno.
 */
#ifndef DMABUFCTL_KERNEL_SYS_H
#define DMABUFCTL_KERNEL_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/*
 * CALL[#N]=ERRNO|kill makes the Nth (default: first) CALL of this process fail with that errno
 * without being made, or kills the process right after it was made. CALL is the name shown by -vv
 * ("open", "pread", an ioctl's request such as IOMMU_IOAS_MAP_FILE), or "change" for any that can
 * change something outside the process: ioctls, writes, messages sent. False when text is none of
 * that. Only in a build with --enable-fault-injection.
 */
bool sys_inject_fault(const char *text);

/* Takes one line without a newline for each call; NULL (the default) traces nothing. */
extern void (*sys_trace)(const char *line);

int sys_open(const char *path, int flags);
void sys_close(int fd);
ssize_t sys_pread(int fd, void *buffer, size_t size, off_t offset);
ssize_t sys_pwrite(int fd, const void *buffer, size_t size, off_t offset);

/* Shared, for reading and writing. On success *memory is the mapping, which munmap() ends. */
int sys_mmap(int fd, size_t size, off_t offset, void **memory);

/* The whole of a small file, NUL terminated, trailing newline removed; the caller frees it. */
int sys_read_file(const char *path, char **text);

/* One write() of text to an existing file, as sysfs wants it. */
int sys_write_file(const char *path, const char *text);

/* format describes arg for the trace, the way the request's documentation writes it. */
int sys_ioctl(int fd, const char *name, unsigned long request, void *arg, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* name is what the trace calls the message. Neither waits: -EAGAIN. */
int sys_sendmsg(int fd, const char *name, const struct msghdr *message);
int sys_recvmsg(int fd, const char *name, struct msghdr *message);

/* An fd that stands for the process, and is readable once that has ended. */
int sys_pidfd_open(pid_t pid);
/* A copy of that process's fd; needs the right to trace it (pidfd_getfd(2)). */
int sys_pidfd_getfd(int process, int fd);
int sys_pidfd_kill(int process);

/*
 * Puts /dev/null where standard input, output or error are closed: the next file opened would
 * take their number, and what is printed would go into it.
 */
int sys_open_standard(void);

/* Closes *fd at the end of its scope when it is not negative. */
static inline void sys_close_scope(const int *fd)
{
	if (*fd >= 0)
		sys_close(*fd);
}
#define auto_close __attribute__((cleanup(sys_close_scope)))

#endif
