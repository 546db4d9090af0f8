// SPDX-License-Identifier: GPL-2.0-only
#include "context/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "context/object.h"
#include "kernel/sys.h"
#include "kernel/wait.h"
#include "util/scope.h"
#include "util/text.h"

int runtime_directory_name(char *path, size_t size)
{
	const char *runtime = geteuid() ? getenv("XDG_RUNTIME_DIR") : "/run";

	/* One that is not absolute counts for nothing (XDG base directory specification). */
	if (!runtime || *runtime != '/')
		return -ENOTDIR;
	return (size_t)snprintf(path, size, "%s/dmabufctl", runtime) < size ? 0 : -ENAMETOOLONG;
}

int context_directory(char *path, size_t size)
{
	struct stat status;
	int rc = runtime_directory_name(path, size);

	if (rc)
		return rc;
	if (lstat(path, &status))
		return -errno;
	/* Whoever else could enter this directory could take the devices. */
	if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid() || status.st_mode & 077)
		return -ENOTDIR;
	return 0;
}

int context_make_directory(void)
{
	char path[PATH_MAX];
	int rc = runtime_directory_name(path, sizeof(path));

	if (rc)
		return rc;
	if (!mkdir(path, 0700))
		return chmod(path, 0700) ? -errno : 0; /* whatever the umask says */
	if (errno == ENOENT)
		return -ENOTDIR;
	return errno == EEXIST ? 0 : -errno;
}

int runtime_path(char path[PATH_MAX], const char *name, const char *suffix)
{
	char directory[PATH_MAX - NAME_SIZE - 16];
	int rc = context_directory(directory, sizeof(directory));

	if (!rc)
		snprintf(path, PATH_MAX, "%s/%s%s", directory, name, suffix);
	return rc;
}

static int open_lock(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? -errno : fd;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	fchmod(fd, 0600); /* whatever the umask says */
	return fd;
}

/* The file may be removed by a context that ends, so the lock counts only on what is there. */
int runtime_lock(const char *name, int timeout_ms)
{
	struct stat locked, present;
	char path[PATH_MAX];
	int rc = context_make_directory();

	if (!rc)
		rc = runtime_path(path, name, LOCK_SUFFIX);
	while (!rc) {
		int fd = open_lock(path);

		if (fd < 0)
			return fd;
		rc = wait_for_lock(fd, timeout_ms);
		if (!rc && !fstat(fd, &locked) && !stat(path, &present) &&
		    locked.st_ino == present.st_ino)
			return fd;
		close(fd);
	}
	return rc;
}

/* "1: FLOCK  ADVISORY  WRITE 1234 00:1a:5678 0 EOF"; one that waits has "->" before FLOCK. */
static pid_t owner_in_line(const char *line, const struct stat *file)
{
	unsigned long long inode;
	unsigned high, low;
	int pid;

	if (sscanf(line, "%*d: FLOCK %*s %*s %d %x:%x:%llu", &pid, &high, &low, &inode) != 4 ||
	    inode != file->st_ino || makedev(high, low) != file->st_dev)
		return 0;
	return pid > 0 ? pid : 0;
}

pid_t runtime_lock_owner(const char *name)
{
	auto_free char *locks = NULL;
	char path[PATH_MAX], *line, *rest = NULL;
	struct stat file;
	pid_t owner = 0;

	if (runtime_path(path, name, LOCK_SUFFIX) || stat(path, &file) ||
	    sys_read_file("/proc/locks", &locks))
		return 0;
	for (line = strtok_r(locks, "\n", &rest); line && !owner;
	     line = strtok_r(NULL, "\n", &rest))
		owner = owner_in_line(line, &file);
	return owner;
}

void runtime_note_holder(int lock, pid_t holder)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d\n", holder);

	if (ftruncate(lock, 0) || pwrite(lock, text, length, 0) != length)
		return; /* it is a help, and no more */
}

pid_t runtime_holder(const char *name)
{
	auto_free char *text = NULL;
	char path[PATH_MAX];

	if (runtime_path(path, name, LOCK_SUFFIX) || sys_read_file(path, &text))
		return 0;
	return atoi(text);
}

bool runtime_is_socket(const char *file, char *name, size_t size)
{
	size_t length = strlen(file), suffix = strlen(SOCKET_SUFFIX);

	if (length <= suffix || length - suffix >= size ||
	    strcmp(file + length - suffix, SOCKET_SUFFIX))
		return false;
	copy_text(name, length - suffix + 1, file);
	return object_name_valid(name);
}

void runtime_clear(const char *name)
{
	char path[PATH_MAX];

	if (!runtime_path(path, name, SOCKET_SUFFIX))
		unlink(path);
	if (!runtime_path(path, name, LOCK_SUFFIX))
		unlink(path);
}
