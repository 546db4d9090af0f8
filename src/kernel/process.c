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

static bool holds(pid_t pid, dev_t wanted)
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
		struct stat status;

		found = !fstatat(dirfd(folder), entry->d_name, &status, 0) &&
			S_ISCHR(status.st_mode) && status.st_rdev == wanted;
	}
	closedir(folder);
	return found;
}

int process_list_users(const char *path, struct process **list, unsigned *count)
{
	struct dirent *entry;
	struct stat status;
	DIR *folder;

	*list = NULL;
	*count = 0;
	if (stat(path, &status))
		return -errno;
	folder = opendir("/proc");
	if (!folder)
		return -errno;
	while ((entry = readdir(folder))) {
		struct process process = { .pid = atoi(entry->d_name) }, *bigger;
		auto_free char *name = NULL;
		char comm[32];

		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    !holds(process.pid, status.st_rdev))
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
