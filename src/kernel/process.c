// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "kernel/passing.h"
#include "kernel/proc.h"
#include "kernel/sys.h"
#include "kernel/wait.h"
#include "util/array.h"
#include "util/scope.h"

/* For whoever has connected to send what it has. */
#define SENDER_MS 5000

struct search {
	dev_t device;
	struct process **list;
	unsigned *count;
};

static int is_device(const struct proc_fd *fd, void *data)
{
	const struct search *search = data;

	return fd->type == S_IFCHR && fd->device == search->device;
}

static int add_user(const struct proc_process *process, void *data)
{
	struct search *search = data;
	struct process *added;

	if (proc_walk_fds(process, is_device, search) <= 0)
		return 0;
	added = array_add(search->list, search->count);
	if (!added)
		return -ENOMEM;
	added->pid = process->pid;
	proc_get_name(process, added->name, sizeof(added->name));
	return 0;
}

int process_list_users(dev_t device, struct process **list, unsigned *count)
{
	struct search search = { device, list, count };

	*list = NULL;
	*count = 0;
	return !device ? 0 : proc_walk(add_user, &search);
}

int process_get_fd(pid_t pid, int fd)
{
	auto_close int process = sys_pidfd_open(pid);

	return process < 0 ? process : sys_pidfd_getfd(process, fd);
}

static int unix_address(const char *path, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	strcpy(address->sun_path, path);
	return 0;
}

int process_send_fd(const char *path, int fd)
{
	auto_close int peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const char byte = 0;
	struct sockaddr_un address;
	int rc = peer < 0 ? -errno : unix_address(path, &address);

	if (rc)
		return rc;
	if (connect(peer, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return pass_send(peer, "SCM_RIGHTS", &byte, sizeof(byte), fd);
}

/*
 * A socket that nobody listens at any more gives ECONNREFUSED; one of another type says that it
 * is there without troubling whoever has it (net/unix/af_unix.c, unix_find_bsd()).
 */
static bool is_left_over(const struct sockaddr_un *address)
{
	auto_close int probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct stat file;

	return !lstat(address->sun_path, &file) && S_ISSOCK(file.st_mode) &&
	       file.st_uid == geteuid() && probe >= 0 &&
	       connect(probe, (const struct sockaddr *)address, sizeof(*address)) &&
	       errno == ECONNREFUSED;
}

static int listen_at(const struct sockaddr_un *address)
{
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask = umask(0177);
	int rc = listener < 0 ? -errno : 0;

	if (!rc && is_left_over(address))
		unlink(address->sun_path);
	if (!rc && bind(listener, (const struct sockaddr *)address, sizeof(*address)))
		rc = -errno;
	umask(mask);
	if (!rc && listen(listener, 1)) {
		rc = -errno;
		unlink(address->sun_path);
	}
	if (!rc)
		return listener;
	if (listener >= 0)
		close(listener);
	return rc;
}

static int receive_from(int listener, int timeout_ms)
{
	auto_close int peer = -1;
	ssize_t got;
	char byte;
	int fd, rc = wait_for_fd(listener, POLLIN, timeout_ms);

	if (rc)
		return rc;
	peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (peer < 0)
		return -errno;
	rc = wait_for_fd(peer, POLLIN, SENDER_MS);
	if (rc)
		return rc;
	got = pass_receive(peer, "SCM_RIGHTS", &byte, sizeof(byte), &fd);
	if (got < 0)
		return got;
	return fd < 0 ? -EBADMSG : fd;
}

int process_receive_fd(const char *path, int timeout_ms)
{
	struct sockaddr_un address;
	int rc = unix_address(path, &address), listener;
	sigset_t ends, mask;

	if (rc)
		return rc;
	/* Whoever ends this process ends the wait first, so that the socket goes. */
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, &mask);
	rc = listener = listen_at(&address);
	if (listener >= 0) {
		rc = receive_from(listener, timeout_ms);
		unlink(address.sun_path);
		close(listener);
	}
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return rc;
}

void process_describe(pid_t pid, char *text, size_t size)
{
	size_t used = snprintf(text, size, "PID %d", pid);
	char path[32];
	int fd;
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	fd = sys_open(path, O_RDONLY);
	if (fd < 0 || used + sizeof(" ()") >= size) {
		if (fd >= 0)
			close(fd);
		return;
	}
	/* Between words there are NULs. */
	got = read(fd, text + used + 2, size - used - 4);
	close(fd);
	while (got > 0 && !text[used + 1 + got])
		got--;
	if (got <= 0) {
		text[used] = '\0';
		return;
	}
	memcpy(text + used, " (", 2);
	for (char *c = text + used + 2; c < text + used + 2 + got; c++)
		if (!*c)
			*c = ' ';
	strcpy(text + used + 2 + got, ")");
}

/* The mask that the line of /proc/PID/status has; 0: there is no such line. */
static uint64_t pending_signals(const char *status, const char *key)
{
	const char *line = strstr(status, key);

	return line ? strtoull(line + strlen(key), NULL, 16) : 0;
}

bool process_is_asked_to_end(pid_t pid)
{
	const uint64_t end = 1ull << (SIGINT - 1) | 1ull << (SIGTERM - 1) | 1ull << (SIGHUP - 1) |
			     1ull << (SIGKILL - 1);
	auto_free char *status = NULL;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (sys_read_file(path, &status))
		return false;
	return (pending_signals(status, "\nSigPnd:") | pending_signals(status, "\nShdPnd:")) & end;
}
