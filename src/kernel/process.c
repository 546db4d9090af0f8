// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel/sys.h"

/* Whether a file is the one that is looked for. */
typedef bool (*is_wanted)(const struct stat *file, const struct stat *wanted);

static bool is_device(const struct stat *file, const struct stat *wanted)
{
	return S_ISCHR(file->st_mode) && file->st_rdev == wanted->st_rdev;
}

static bool is_file(const struct stat *file, const struct stat *wanted)
{
	return file->st_dev == wanted->st_dev && file->st_ino == wanted->st_ino;
}

static bool holds(pid_t pid, const struct stat *wanted, is_wanted is)
{
	char path[32];
	struct dirent *entry;
	bool found = false;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	folder = opendir(path);
	if (!folder)
		return false;
	while (!found && (entry = readdir(folder))) {
		struct stat file;

		found = !fstatat(dirfd(folder), entry->d_name, &file, 0) && is(&file, wanted);
	}
	closedir(folder);
	return found;
}

static int list_processes(const struct stat *wanted, is_wanted is, struct process **list,
			  unsigned *count)
{
	struct dirent *entry;
	DIR *folder = opendir("/proc");

	*list = NULL;
	*count = 0;
	if (!folder)
		return -errno;
	while ((entry = readdir(folder))) {
		struct process process = { .pid = atoi(entry->d_name) }, *bigger;
		auto_free char *name = NULL;
		char comm[32];

		if (!isdigit((unsigned char)entry->d_name[0]) || !holds(process.pid, wanted, is))
			continue;
		snprintf(comm, sizeof(comm), "/proc/%d/comm", process.pid);
		if (!sys_read_file(comm, &name))
			snprintf(process.name, sizeof(process.name), "%s", name);
		bigger = realloc(*list, (*count + 1) * sizeof(process));
		if (!bigger)
			break;
		*list = bigger;
		(*list)[(*count)++] = process;
	}
	closedir(folder);
	return 0;
}

int process_list_users(dev_t device, struct process **list, unsigned *count)
{
	const struct stat wanted = { .st_rdev = device };

	*list = NULL;
	*count = 0;
	return !device ? 0 : list_processes(&wanted, is_device, list, count);
}

int process_list_holders(int fd, struct process **list, unsigned *count)
{
	struct stat wanted;

	*list = NULL;
	*count = 0;
	return fstat(fd, &wanted) ? -errno : list_processes(&wanted, is_file, list, count);
}
