// SPDX-License-Identifier: GPL-2.0-only
/* A look-up for each fd, and the maps where they may matter. */
#include "kernel/inventory/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "kernel/inventory/fdinfo.h"
#include "kernel/proc.h"

#define DMABUF_LINK "/dmabuf:"

struct visit {
	struct inventory *inventory;
	struct inventory_process process; /* its name is read when it is needed */
	const struct proc_process *proc;
	char *maps; /* a buffer that is used again and again */
	size_t room;
};

static void begin_process(struct visit *visit, const struct proc_process *process)
{
	visit->proc = process;
	visit->process = (struct inventory_process){ .pid = process->pid };
}

static const struct inventory_process *named(struct visit *visit)
{
	if (!*visit->process.name)
		proc_get_name(visit->proc, visit->process.name, sizeof(visit->process.name));
	return &visit->process;
}

/*
 * All dma-bufs are on one file system, which the first of them tells: by its link, which any file
 * could be called, and by its fdinfo, which no other has.
 */
static bool is_dmabuf(struct visit *visit, const struct proc_fd *fd)
{
	struct inventory_dmabuf first = { 0 };
	char path[32], link[sizeof(DMABUF_LINK)] = "";

	if (visit->inventory->dma_bufs)
		return fd->file_system == visit->inventory->dma_bufs;
	snprintf(path, sizeof(path), "fd/%u", fd->number);
	if (readlinkat(visit->proc->directory, path, link, sizeof(link) - 1) < 0 ||
	    strcmp(link, DMABUF_LINK) ||
	    !inventory_describe(&first, visit->process.pid, fd->number))
		return false;
	visit->inventory->dma_bufs = fd->file_system;
	return true;
}

static int visit_fd(const struct proc_fd *fd, void *data)
{
	struct visit *visit = data;

	if (fd->type == S_IFCHR)
		return inventory_add_device(visit->inventory, visit->process.pid, fd->device);
	/* Some kernels give files without a name no type, some that of regular files. */
	if ((fd->type && fd->type != S_IFREG) || !is_dmabuf(visit, fd))
		return 0;
	return inventory_add_fd(visit->inventory, named(visit), fd->inode, fd->number);
}

static int visit_fds(const struct proc_process *process, void *data)
{
	struct visit *visit = data;
	int rc;

	begin_process(visit, process);
	rc = proc_walk_fds(process, visit_fd, visit);
	if (rc == -EACCES || rc == -EPERM)
		visit->inventory->unseen++;
	return rc == -ENOMEM ? rc : 0;
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
	int fd = openat(visit->proc->directory, "maps", O_RDONLY | O_CLOEXEC);
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
static int visit_maps(const struct proc_process *process, void *data)
{
	struct visit *visit = data;
	char *begin, *end, *found;
	size_t size;
	int rc = 0;

	begin_process(visit, process);
	size = read_maps(visit);
	if (!size)
		return 0;
	begin = visit->maps;
	end = begin + size;
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

int inventory_from_fds(struct inventory *inventory, pid_t pid)
{
	struct visit visit = { .inventory = inventory };

	inventory->sources |= INVENTORY_FDS;
	return pid ? proc_visit(pid, visit_fds, &visit) : proc_walk(visit_fds, &visit);
}

int inventory_from_maps(struct inventory *inventory)
{
	struct visit visit = { .inventory = inventory };
	int rc;

	inventory->sources |= INVENTORY_MAPS;
	rc = proc_walk(visit_maps, &visit);
	free(visit.maps);
	return rc;
}
