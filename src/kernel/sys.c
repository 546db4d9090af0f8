// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "config.h"
#include "util/errno.h"
#include "util/scope.h"

void (*sys_trace)(const char *line);

#if FAULT_INJECTION
static struct {
	char call[64];
	unsigned long countdown;
	int error; /* 0: kill */
} fault;

bool sys_inject_fault(const char *text)
{
	const char *equals = strrchr(text, '=');
	char *hash, *end = NULL;

	if (!equals || equals == text || (size_t)(equals - text) >= sizeof(fault.call))
		return false;
	fault.error = errno_of(equals + 1, strlen(equals + 1));
	if (!fault.error && strcmp(equals + 1, "kill"))
		return false;
	memcpy(fault.call, text, equals - text);
	hash = strchr(fault.call, '#');
	if (hash) {
		*hash++ = '\0';
		errno = 0;
		fault.countdown = strtoul(hash, &end, 10);
		return *fault.call && *hash >= '1' && *hash <= '9' && !*end && !errno;
	}
	fault.countdown = 1;
	return true;
}

/* Whether this call is the one that is to fail. */
static bool fault_is_due(const char *call, bool changes)
{
	if (!fault.countdown ||
	    (strcmp(fault.call, call) && !(changes && !strcmp(fault.call, "change"))))
		return false;
	return --fault.countdown == 0;
}
#else
static const struct {
	int error;
} fault;

static bool fault_is_due(const char *call, bool changes)
{
	(void)call;
	(void)changes;
	return false;
}
#endif

/* Decides the fate of a call: performs it unless an error was injected. */
#define SYS_CALL(name, changes, expression)                      \
	({                                                       \
		bool due_ = fault_is_due(name, changes);         \
		long result_;                                    \
		if (due_ && fault.error) {                       \
			result_ = -fault.error;                  \
		} else {                                         \
			do {                                     \
				result_ = (expression);          \
			} while (result_ < 0 && errno == EINTR); \
			if (result_ < 0)                         \
				result_ = -errno;                \
			if (due_)                                \
				raise(SIGKILL);                  \
		}                                                \
		result_;                                         \
	})

static void trace(long result, const char *format, ...)
{
	char line[1024];
	size_t used;
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	used = strlen(line);
	if (result < 0)
		snprintf(line + used, sizeof(line) - used, " = -%s", strerrorname_np(-result));
	else
		snprintf(line + used, sizeof(line) - used, " = %ld", result);
	sys_trace(line);
}

static int open_untraced(const char *path, int flags)
{
	return SYS_CALL("open", false, open(path, flags | O_CLOEXEC));
}

int sys_open(const char *path, int flags)
{
	int fd = open_untraced(path, flags);

	if (sys_trace)
		trace(fd, "open(%s)", path);
	return fd;
}

void sys_close(int fd)
{
	close(fd);
	if (sys_trace)
		trace(0, "close(%d)", fd);
}

ssize_t sys_pread(int fd, void *buffer, size_t size, off_t offset)
{
	ssize_t got = SYS_CALL("pread", false, pread(fd, buffer, size, offset));

	if (sys_trace)
		trace(got, "pread(%d, %zu bytes at 0x%llx)", fd, size, (long long)offset);
	return got;
}

ssize_t sys_pwrite(int fd, const void *buffer, size_t size, off_t offset)
{
	ssize_t put = SYS_CALL("pwrite", true, pwrite(fd, buffer, size, offset));

	if (sys_trace)
		trace(put, "pwrite(%d, %zu bytes at 0x%llx)", fd, size, (long long)offset);
	return put;
}

static int map_untraced(int fd, size_t size, off_t offset, void **memory)
{
	*memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	return *memory == MAP_FAILED ? -1 : 0;
}

int sys_mmap(int fd, size_t size, off_t offset, void **memory)
{
	int rc = SYS_CALL("mmap", false, map_untraced(fd, size, offset, memory));

	if (sys_trace)
		trace(rc, "mmap(%d, %zu bytes at 0x%llx)", fd, size, (long long)offset);
	return rc;
}

int sys_read_file(const char *path, char **text)
{
	int fd = open_untraced(path, O_RDONLY);
	size_t used = 0, room = 4096;
	auto_free char *buffer = NULL;
	ssize_t got;

	if (fd < 0)
		return fd;
	for (;;) {
		char *bigger = realloc(buffer, room + 1);

		if (!bigger) {
			got = -ENOMEM;
			break;
		}
		buffer = bigger;
		got = SYS_CALL("read", false, read(fd, buffer + used, room - used));
		if (got <= 0)
			break;
		used += got;
		if (used == room)
			room *= 2;
	}
	close(fd);
	if (got < 0)
		return got;
	while (used && buffer[used - 1] == '\n')
		used--;
	buffer[used] = '\0';
	*text = buffer;
	buffer = NULL;
	return 0;
}

int sys_write_file(const char *path, const char *text)
{
	int fd = open_untraced(path, O_WRONLY);
	long put;

	if (fd < 0)
		return fd;
	put = SYS_CALL("write", true, write(fd, text, strlen(text)));
	close(fd);
	if (sys_trace)
		trace(put, "write(%s, \"%.*s\")", path, (int)strcspn(text, "\n"), text);
	return put < 0 ? put : 0;
}

int sys_ioctl(int fd, const char *name, unsigned long request, void *arg, const char *format, ...)
{
	int result = SYS_CALL(name, true, ioctl(fd, request, arg));

	if (sys_trace) {
		char decoded[768];
		va_list args;

		va_start(args, format);
		vsnprintf(decoded, sizeof(decoded), format, args);
		va_end(args);
		trace(result, "ioctl(%d, %s%s%s)", fd, name, *decoded ? ", " : "", decoded);
	}
	return result;
}

int sys_sendmsg(int fd, const char *name, const struct msghdr *message)
{
	int result = SYS_CALL(name, true, sendmsg(fd, message, MSG_NOSIGNAL | MSG_DONTWAIT));

	if (sys_trace)
		trace(result, "sendmsg(%d, %s)", fd, name);
	return result;
}

int sys_recvmsg(int fd, const char *name, struct msghdr *message)
{
	int result = SYS_CALL(name, false, recvmsg(fd, message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT));

	if (sys_trace)
		trace(result, "recvmsg(%d, %s)", fd, name);
	return result;
}

/*
 * The wrong way round, so that whoever reads or writes there still gets an error, as with the
 * closed one (EBADF).
 */
int sys_pidfd_open(pid_t pid)
{
	int process = SYS_CALL("pidfd_open", false, syscall(SYS_pidfd_open, pid, 0));

	if (sys_trace)
		trace(process, "pidfd_open(%d)", pid);
	return process;
}

int sys_pidfd_getfd(int process, int fd)
{
	int got = SYS_CALL("pidfd_getfd", false, syscall(SYS_pidfd_getfd, process, fd, 0));

	if (sys_trace)
		trace(got, "pidfd_getfd(%d, %d)", process, fd);
	return got;
}

int sys_pidfd_kill(int process)
{
	int rc = SYS_CALL("pidfd_send_signal", true,
			  syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0));

	if (sys_trace)
		trace(rc, "pidfd_send_signal(%d, SIGKILL)", process);
	return rc;
}

int sys_open_standard(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* The lowest free number is this one. */
		if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			return -errno;
	}
	return 0;
}
