// SPDX-License-Identifier: GPL-2.0-only
/* A look-up for each fd, and the maps where they may matter. */
#include "kernel/inventory/procfs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "kernel/inventory/fdinfo.h"

#define DMABUF_LINK "/dmabuf:"

struct visit {
	struct inventory *inventory;
	struct inventory_process process; /* its name is read when it is needed */
	int directory;			  /* /proc/PID */
	char *maps;			  /* a buffer that is used again and again */
	size_t room;
};

static const struct inventory_process *named(struct visit *visit)
{
	char *name = visit->process.name;
	ssize_t got;

	if (!*name) {
		got = fdinfo_read_at(visit->directory, "comm", name, sizeof(visit->process.name));
		if (got > 0 && name[got - 1] == '\n')
			name[got - 1] = '\0';
	}
	return &visit->process;
}

/*
 * All dma-bufs are on one file system, which the first of them tells: by its link, which any file
 * could be called, and by its fdinfo, which no other has.
 */
static bool is_dmabuf(struct visit *visit, int directory, const char *fd, dev_t device)
{
	struct inventory_dmabuf first = { 0 };
	char link[sizeof(DMABUF_LINK)] = "";

	if (visit->inventory->dma_bufs)
		return device == visit->inventory->dma_bufs;
	if (readlinkat(directory, fd, link, sizeof(link) - 1) < 0 || strcmp(link, DMABUF_LINK) ||
	    !inventory_describe(&first, visit->process.pid, strtoul(fd, NULL, 10)))
		return false;
	visit->inventory->dma_bufs = device;
	return true;
}

/* Without a word to whoever serves the file, which may hang. */
static int visit_fd(struct visit *visit, int directory, const char *fd)
{
	struct statx file;

	if (statx(directory, fd, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE | STATX_INO,
		  &file))
		return 0;
	if (S_ISCHR(file.stx_mode))
		return inventory_add_device(visit->inventory, visit->process.pid,
					    makedev(file.stx_rdev_major, file.stx_rdev_minor));
	/* Some kernels give files without a name no type, some that of regular files. */
	if ((file.stx_mode & S_IFMT && !S_ISREG(file.stx_mode)) ||
	    !is_dmabuf(visit, directory, fd, makedev(file.stx_dev_major, file.stx_dev_minor)))
		return 0;
	return inventory_add_fd(visit->inventory, named(visit), file.stx_ino,
				strtoul(fd, NULL, 10));
}

static int visit_fds(struct visit *visit)
{
	int directory = openat(visit->directory, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	_Alignas(struct dirent64) char entries[16384];
	ssize_t got;

	if (directory < 0) {
		visit->inventory->unseen += errno == EACCES || errno == EPERM;
		return 0;
	}
	while (!rc && (got = getdents64(directory, entries, sizeof(entries))) > 0)
		for (ssize_t at = 0; !rc && at < got;) {
			const struct dirent64 *entry = (void *)(entries + at);

			at += entry->d_reclen;
			if (entry->d_name[0] != '.')
				rc = visit_fd(visit, directory, entry->d_name);
		}
	close(directory);
	return rc;
}

/* "START-END rw-s OFFSET MAJOR:MINOR INODE PATH" */
static int add_map(struct visit *visit, const char *line)
{
	unsigned long long start, end, inode;
	unsigned major_number, minor_number;
	int path = 0;

	if (sscanf(line, "%llx-%llx %*s %*x %x:%x %llu %n", &start, &end, &major_number,
		   &minor_number, &inode, &path) < 5 ||
	    !path || strncmp(line + path, DMABUF_LINK, strlen(DMABUF_LINK)) || major_number)
		return 0;
	/* Where nobody has an fd, another source must know it. */
	if (visit->inventory->dma_bufs ?
		    makedev(major_number, minor_number) != visit->inventory->dma_bufs :
		    !inventory_knows(visit->inventory, inode))
		return 0;
	return inventory_add_map(visit->inventory, named(visit), inode, end - start);
}

static ssize_t read_maps(struct visit *visit)
{
	int fd = openat(visit->directory, "maps", O_RDONLY | O_CLOEXEC);
	size_t size = 0;
	ssize_t got = 0;

	if (fd < 0)
		return 0;
	do {
		size += got;
		if (visit->room - size < 8192) {
			char *bigger = realloc(visit->maps, 2 * visit->room + 32768);

			if (!bigger)
				break;
			visit->maps = bigger;
			visit->room = 2 * visit->room + 32768;
		}
		got = read(fd, visit->maps + size, visit->room - size - 1);
	} while (got > 0);
	close(fd);
	return size;
}

/* Each line is cut off first, as sscanf() measures the text before it reads. */
static int visit_maps(struct visit *visit)
{
	size_t size = read_maps(visit);
	char *begin = visit->maps, *end = visit->maps + size, *found;
	int rc = 0;

	if (!size)
		return 0;
	*end = '\0';
	while (!rc && (found = memmem(begin, end - begin, DMABUF_LINK, strlen(DMABUF_LINK)))) {
		char *line = memrchr(begin, '\n', found - begin);
		char *next = memchr(found, '\n', end - found);

		if (next)
			*next = '\0';
		rc = add_map(visit, line ? line + 1 : begin);
		if (!next)
			break;
		begin = next + 1;
	}
	return rc;
}

static int visit_process(struct visit *visit, int proc, const char *name,
			 int (*look)(struct visit *visit))
{
	int rc;

	visit->directory = openat(proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (visit->directory < 0)
		return 0;
	visit->process.pid = strtol(name, NULL, 10);
	*visit->process.name = '\0';
	rc = look(visit);
	close(visit->directory);
	return rc;
}

static int visit_all(struct visit *visit, int (*look)(struct visit *visit))
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int rc = 0;

	if (!proc)
		return -errno;
	while (!rc && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			rc = visit_process(visit, dirfd(proc), entry->d_name, look);
	closedir(proc);
	return rc;
}

int inventory_from_fds(struct inventory *inventory)
{
	struct visit visit = { .inventory = inventory };

	inventory->sources |= INVENTORY_FDS;
	return visit_all(&visit, visit_fds);
}

int inventory_from_maps(struct inventory *inventory)
{
	struct visit visit = { .inventory = inventory };
	int rc;

	inventory->sources |= INVENTORY_MAPS;
	rc = visit_all(&visit, visit_maps);
	free(visit.maps);
	return rc;
}
