// SPDX-License-Identifier: GPL-2.0-only
/* A look-up for each fd, and the maps where they may matter. */
#include "kernel/census/procfs.h"

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

#include "kernel/census/fdinfo.h"

#define DMABUF_LINK "/dmabuf:"

struct visit {
	struct census *census;
	struct census_process process; /* its name is read when it is needed */
	int folder;		       /* /proc/PID */
	char *maps;		       /* a buffer that is used again and again */
	size_t room;
};

static const struct census_process *named(struct visit *visit)
{
	char *name = visit->process.name;
	ssize_t got;

	if (!*name) {
		got = fdinfo_read_at(visit->folder, "comm", name, sizeof(visit->process.name));
		if (got > 0 && name[got - 1] == '\n')
			name[got - 1] = '\0';
	}
	return &visit->process;
}

/*
 * All dma-bufs are on one file system, which the first of them tells: by its link, which any file
 * could be called, and by its fdinfo, which no other has.
 */
static bool is_dmabuf(struct visit *visit, int folder, const char *fd, dev_t device)
{
	struct census_dmabuf first = { 0 };
	char link[sizeof(DMABUF_LINK)] = "";

	if (visit->census->dma_bufs)
		return device == visit->census->dma_bufs;
	if (readlinkat(folder, fd, link, sizeof(link) - 1) < 0 || strcmp(link, DMABUF_LINK) ||
	    !census_describe(&first, visit->process.pid, strtoul(fd, NULL, 10)))
		return false;
	visit->census->dma_bufs = device;
	return true;
}

/* Without a word to whoever serves the file, which may hang. */
static int visit_fd(struct visit *visit, int folder, const char *fd)
{
	struct statx file;

	if (statx(folder, fd, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE | STATX_INO, &file))
		return 0;
	if (S_ISCHR(file.stx_mode))
		return census_add_device(visit->census, visit->process.pid,
					 makedev(file.stx_rdev_major, file.stx_rdev_minor));
	/* Some kernels give files without a name no type, some that of regular files. */
	if ((file.stx_mode & S_IFMT && !S_ISREG(file.stx_mode)) ||
	    !is_dmabuf(visit, folder, fd, makedev(file.stx_dev_major, file.stx_dev_minor)))
		return 0;
	return census_add_fd(visit->census, named(visit), file.stx_ino, strtoul(fd, NULL, 10));
}

static int visit_fds(struct visit *visit)
{
	int folder = openat(visit->folder, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	_Alignas(struct dirent64) char entries[16384];
	ssize_t got;

	if (folder < 0) {
		visit->census->unseen += errno == EACCES || errno == EPERM;
		return 0;
	}
	while (!rc && (got = getdents64(folder, entries, sizeof(entries))) > 0)
		for (ssize_t at = 0; !rc && at < got;) {
			const struct dirent64 *entry = (void *)(entries + at);

			at += entry->d_reclen;
			if (entry->d_name[0] != '.')
				rc = visit_fd(visit, folder, entry->d_name);
		}
	close(folder);
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
	if (visit->census->dma_bufs ?
		    makedev(major_number, minor_number) != visit->census->dma_bufs :
		    !census_knows(visit->census, inode))
		return 0;
	return census_add_map(visit->census, named(visit), inode, end - start);
}

static ssize_t read_maps(struct visit *visit)
{
	int fd = openat(visit->folder, "maps", O_RDONLY | O_CLOEXEC);
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
	char *begin = visit->maps, *end = visit->maps + size, *place;
	int rc = 0;

	if (!size)
		return 0;
	*end = '\0';
	while (!rc && (place = memmem(begin, end - begin, DMABUF_LINK, strlen(DMABUF_LINK)))) {
		char *line = memrchr(begin, '\n', place - begin);
		char *next = memchr(place, '\n', end - place);

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

	visit->folder = openat(proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (visit->folder < 0)
		return 0;
	visit->process.pid = strtol(name, NULL, 10);
	*visit->process.name = '\0';
	rc = look(visit);
	close(visit->folder);
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

int census_from_fds(struct census *census)
{
	struct visit visit = { .census = census };

	census->sources |= CENSUS_FDS;
	return visit_all(&visit, visit_fds);
}

int census_from_maps(struct census *census)
{
	struct visit visit = { .census = census };
	int rc;

	census->sources |= CENSUS_MAPS;
	rc = visit_all(&visit, visit_maps);
	free(visit.maps);
	return rc;
}
