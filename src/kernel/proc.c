// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define PID_NAMESPACE "/proc/self/ns/pid"
#define FIRST_PID_NAMESPACE "pid:[4026531836]" /* PROC_PID_INIT_INO, include/linux/proc_ns.h */

int proc_walk(int (*visit)(const struct proc_process *process, void *data), void *data)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int rc = 0;

	if (!proc)
		return -errno;
	while (!rc && (entry = readdir(proc))) {
		struct proc_process process = { .pid = atoi(entry->d_name) };

		if (!isdigit((unsigned char)*entry->d_name))
			continue;
		process.directory =
			openat(dirfd(proc), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (process.directory < 0)
			continue;
		rc = visit(&process, data);
		close(process.directory);
	}
	closedir(proc);
	return rc;
}

int proc_visit(pid_t pid, int (*visit)(const struct proc_process *process, void *data), void *data)
{
	struct proc_process process = { .pid = pid };
	char path[32];
	int rc;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	process.directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (process.directory < 0)
		return 0;
	rc = visit(&process, data);
	close(process.directory);
	return rc;
}

/* Whether the process shows none of its files. What another user's FUSE has shows its link. */
static bool is_hidden(int directory, const char *name)
{
	char link;

	return readlinkat(directory, name, &link, 1) < 0 && errno == EACCES;
}

static int visit_fd(int directory, const char *name,
		    int (*visit)(const struct proc_fd *fd, void *data), void *data)
{
	struct statx file;
	struct proc_fd fd;

	if (!isdigit((unsigned char)*name))
		return 0;
	if (statx(directory, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE | STATX_INO,
		  &file))
		return is_hidden(directory, name) ? -EACCES : 0;
	fd = (struct proc_fd){
		.number = strtoul(name, NULL, 10),
		.type = file.stx_mode & S_IFMT,
		.inode = file.stx_ino,
		.file_system = makedev(file.stx_dev_major, file.stx_dev_minor),
		.device = makedev(file.stx_rdev_major, file.stx_rdev_minor),
	};
	return visit(&fd, data);
}

int proc_walk_fds(const struct proc_process *process,
		  int (*visit)(const struct proc_fd *fd, void *data), void *data)
{
	int fd = openat(process->directory, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	struct dirent *entry;
	DIR *directory;

	if (fd < 0)
		return -errno;
	directory = fdopendir(fd);
	if (!directory) {
		close(fd);
		return -ENOMEM;
	}
	while (!rc && (entry = readdir(directory)))
		rc = visit_fd(fd, entry->d_name, visit, data);
	closedir(directory);
	return rc;
}

void proc_get_name(const struct proc_process *process, char *name, size_t size)
{
	int fd = openat(process->directory, "comm", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? 0 : read(fd, name, size - 1);

	if (fd >= 0)
		close(fd);
	name[got > 0 ? got : 0] = '\0';
	if (got > 0 && name[got - 1] == '\n')
		name[got - 1] = '\0';
}

/* A kernel may do without PID namespaces. */
bool proc_is_first_namespace(void)
{
	char link[32] = "";

	return readlink(PID_NAMESPACE, link, sizeof(link) - 1) < 0 ?
		       errno == ENOENT :
		       !strcmp(link, FIRST_PID_NAMESPACE);
}
