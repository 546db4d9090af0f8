// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/census.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/dma-buf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "kernel/sys.h"
#include "util/text.h"

#define DMABUF_LINK "/dmabuf:"
#define VFIO_NODES 256
#define BUFINFO "/sys/kernel/debug/dma_buf/bufinfo"

/* What is read of one process, and what it takes. */
struct visit {
	struct census *census;
	pid_t pid;
	int folder;    /* /proc/PID */
	char name[16]; /* of the process, "" until it was asked for */
	char *maps;    /* a buffer that is used again and again */
	size_t room;
	dev_t dma_bufs;		/* the file system of dma-bufs, 0 until one was seen */
	dev_t vfio[VFIO_NODES]; /* the VFIO nodes, by their number */
};

static void *grow(void *array, unsigned count, size_t size)
{
	/* Doubled whenever the count reaches a power of two. */
	return count & (count - 1) ? array : realloc(array, (count ? 2 * count : 1) * size);
}

static unsigned slot_of(const struct census *census, uint64_t inode)
{
	unsigned slot = inode * 0x9e3779b97f4a7c15ull >> 32;

	while (census->slots[slot &= census->slot_count - 1] &&
	       census->items[census->slots[slot] - 1].inode != inode)
		slot++;
	return slot;
}

static bool is_known(const struct census *census, uint64_t inode)
{
	return census->slot_count && census->slots[slot_of(census, inode)];
}

static int widen(struct census *census)
{
	unsigned *slots, count = census->slot_count ? 2 * census->slot_count : 256;

	if (2 * census->count < census->slot_count)
		return 0;
	slots = calloc(count, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(census->slots);
	census->slots = slots;
	census->slot_count = count;
	for (unsigned i = 0; i < census->count; i++)
		census->slots[slot_of(census, census->items[i].inode)] = i + 1;
	return 0;
}

/* The dma-buf of that inode, made when it is new; NULL when out of memory. */
static struct census_dmabuf *find(struct census *census, uint64_t inode, bool *is_new)
{
	struct census_dmabuf *items;
	unsigned slot;

	if (widen(census))
		return NULL;
	slot = slot_of(census, inode);
	*is_new = !census->slots[slot];
	if (!*is_new)
		return &census->items[census->slots[slot] - 1];
	items = grow(census->items, census->count, sizeof(*items));
	if (!items)
		return NULL;
	census->items = items;
	items[census->count] =
		(struct census_dmabuf){ .inode = inode, .references = -1, .attachments = -1 };
	census->slots[slot] = ++census->count;
	return &items[census->count - 1];
}

static ssize_t read_at(int folder, const char *path, char *text, size_t size)
{
	int fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -errno;
	got = read(fd, text, size - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	return got;
}

/* The value of "key:\t..." at a line's start, up to the line's end. */
static bool take_field(const char *text, const char *key, char *value, size_t size)
{
	size_t length = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) || line[length] != ':')
			continue;
		line += length + 1;
		line += strspn(line, "\t ");
		snprintf(value, size, "%.*s", (int)strcspn(line, "\n"), line);
		return true;
	}
	return false;
}

/* What fdinfo says; the name comes last there, so that no name can pretend to be a field. */
static bool describe(const struct visit *visit, const char *fd, struct census_dmabuf *dmabuf)
{
	char path[32], text[1024], value[64];
	const char *name;

	snprintf(path, sizeof(path), "fdinfo/%.16s", fd);
	if (read_at(visit->folder, path, text, sizeof(text)) <= 0 ||
	    !take_field(text, "exp_name", dmabuf->exporter, sizeof(dmabuf->exporter)))
		return false;
	if (take_field(text, "size", value, sizeof(value)))
		dmabuf->size = strtoull(value, NULL, 10);
	if (take_field(text, "count", value, sizeof(value)))
		dmabuf->references = strtol(value, NULL, 10);
	name = strstr(text, "\nname:\t");
	if (name) {
		copy_text(dmabuf->name, sizeof(dmabuf->name), name + strlen("\nname:\t"));
		if (*dmabuf->name)
			dmabuf->name[strlen(dmabuf->name) - 1] = '\0';
	}
	return true;
}

static void read_name(struct visit *visit)
{
	ssize_t got = read_at(visit->folder, "comm", visit->name, sizeof(visit->name));

	if (got > 0 && visit->name[got - 1] == '\n')
		visit->name[got - 1] = '\0';
}

/*
 * The process's place among the holders. While fds are visited it is the last one, as processes
 * come in turn; maps come in a second round.
 */
static struct census_holder *holder_of(struct visit *visit, struct census_dmabuf *dmabuf)
{
	struct census_holder *holders = dmabuf->holders;
	unsigned count = dmabuf->holder_count;

	for (unsigned i = count; i--;) {
		if (holders[i].pid == visit->pid)
			return &holders[i];
		if (!visit->census->maps)
			break;
	}
	holders = grow(holders, count, sizeof(*holders));
	if (!holders)
		return NULL;
	dmabuf->holders = holders;
	if (!*visit->name)
		read_name(visit);
	holders[count] = (struct census_holder){ .pid = visit->pid };
	strcpy(holders[count].name, visit->name);
	dmabuf->holder_count++;
	return &holders[count];
}

static int add_fd(struct visit *visit, const char *fd, uint64_t inode)
{
	struct census_holder *holder;
	struct census_dmabuf *dmabuf;
	unsigned *fds;
	bool is_new;

	dmabuf = find(visit->census, inode, &is_new);
	if (!dmabuf)
		return -ENOMEM;
	if (!*dmabuf->exporter)
		describe(visit, fd, dmabuf);
	holder = holder_of(visit, dmabuf);
	fds = holder ? grow(holder->fds, holder->fd_count, sizeof(*fds)) : NULL;
	if (!fds)
		return -ENOMEM;
	holder->fds = fds;
	fds[holder->fd_count++] = strtoul(fd, NULL, 10);
	return 0;
}

static int add_device(struct visit *visit, dev_t node)
{
	struct census *census = visit->census;
	struct census_device *devices;

	for (unsigned i = 0; i < VFIO_NODES; i++) {
		if (visit->vfio[i] != node)
			continue;
		devices = grow(census->devices, census->device_count, sizeof(*devices));
		if (!devices)
			return -ENOMEM;
		census->devices = devices;
		devices[census->device_count++] =
			(struct census_device){ .pid = visit->pid, .number = i };
	}
	return 0;
}

/*
 * All dma-bufs are on one file system, which the first of them tells: by its link, which any file
 * could be called, and by its fdinfo, which no other has.
 */
static bool is_dmabuf(struct visit *visit, int folder, const char *fd, dev_t device)
{
	struct census_dmabuf first = { 0 };
	char link[sizeof(DMABUF_LINK)] = "";

	if (visit->dma_bufs)
		return device == visit->dma_bufs;
	if (readlinkat(folder, fd, link, sizeof(link) - 1) < 0 || strcmp(link, DMABUF_LINK) ||
	    !describe(visit, fd, &first))
		return false;
	visit->dma_bufs = device;
	return true;
}

/* Without a word to whoever serves the file, which may hang. */
static int visit_fd(struct visit *visit, int folder, const char *fd)
{
	struct statx file;

	if (statx(folder, fd, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE | STATX_INO, &file))
		return 0;
	if (S_ISCHR(file.stx_mode))
		return add_device(visit, makedev(file.stx_rdev_major, file.stx_rdev_minor));
	/* Some kernels give files without a name no type, some that of regular files. */
	if ((file.stx_mode & S_IFMT && !S_ISREG(file.stx_mode)) ||
	    !is_dmabuf(visit, folder, fd, makedev(file.stx_dev_major, file.stx_dev_minor)))
		return 0;
	return add_fd(visit, fd, file.stx_ino);
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
	struct census_holder *holder;
	struct census_dmabuf *dmabuf;
	bool is_new;
	int path = 0;

	if (sscanf(line, "%llx-%llx %*s %*x %x:%x %llu %n", &start, &end, &major_number,
		   &minor_number, &inode, &path) < 5 ||
	    !path || strncmp(line + path, DMABUF_LINK, strlen(DMABUF_LINK)) || major_number)
		return 0;
	/* Where nobody has an fd, debugfs must know it. */
	if (visit->dma_bufs ? makedev(major_number, minor_number) != visit->dma_bufs :
			      !is_known(visit->census, inode))
		return 0;
	dmabuf = find(visit->census, inode, &is_new);
	holder = dmabuf ? holder_of(visit, dmabuf) : NULL;
	if (!holder)
		return -ENOMEM;
	holder->maps++;
	holder->mapped += end - start;
	return 0;
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

static int visit_maps(struct visit *visit)
{
	size_t size = read_maps(visit);
	char *place = visit->maps, *end = visit->maps + size;
	int rc = 0;

	if (!size)
		return 0;
	*end = '\0';
	while (!rc && (place = memmem(place, end - place, DMABUF_LINK, strlen(DMABUF_LINK)))) {
		char *line = memrchr(visit->maps, '\n', place - visit->maps);

		rc = add_map(visit, line ? line + 1 : visit->maps);
		place = memchr(place, '\n', end - place);
		if (!place)
			break;
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
	visit->pid = strtol(name, NULL, 10);
	*visit->name = '\0';
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

/* Fds that explain every reference leave none for a map. */
static bool may_be_mapped(const struct census *census)
{
	if (!census->debugfs || census->unseen)
		return true;
	for (unsigned i = 0; i < census->count; i++) {
		long left = census->items[i].references;

		for (unsigned j = 0; j < census->items[i].holder_count; j++)
			left -= census->items[i].holders[j].fd_count;
		if (left)
			return true;
	}
	return false;
}

static void find_nodes(struct visit *visit)
{
	for (unsigned i = 0; i < VFIO_NODES; i++) {
		struct stat node;
		char path[48];

		snprintf(path, sizeof(path), "/dev/vfio/devices/vfio%u", i);
		if (!stat(path, &node))
			visit->vfio[i] = node.st_rdev;
	}
}

/*
 * A dma-buf's row: "%08zu\t%08x\t%08x\t%08ld\t%s\t%08lu\t%s". A name of 31 bytes that has line
 * breaks in it is too short to look like one.
 */
static bool is_row(const char *line, char exporter[64], uint64_t *size, long *count,
		   uint64_t *inode, int *name)
{
	unsigned long long parsed_size, parsed_inode;

	*name = 0;
	if (strspn(line, "0123456789") < 8 ||
	    sscanf(line, "%llu\t%*x\t%*x\t%ld\t%63[^\t]\t%llu\t%n", &parsed_size, count, exporter,
		   &parsed_inode, name) < 4 ||
	    !*name)
		return false;
	*size = parsed_size;
	*inode = parsed_inode;
	return true;
}

/* The lines between a row and the next: of those, the last total of devices counts. */
static void take_attachments(struct census_dmabuf *dmabuf, const char *text, size_t size)
{
	const char *total = NULL, *line = text;
	char attached[256];
	size_t used = 0;

	for (const char *at = text; (at = memmem(at, text + size - at, "\nTotal ", 7)); at++) {
		char *end;
		long count = strtol(at + 7, &end, 10);

		if (strncmp(end, " devices attached", 17))
			continue;
		dmabuf->attachments = count;
		total = at;
	}
	if (!total)
		return;
	line = memmem(text, total - text, "\tAttached Devices:\n", 19);
	line = line ? line + 19 : total + 1;
	for (; line < total + 1 && used < sizeof(attached); line = strchr(line, '\n') + 1)
		if (*line == '\t')
			used += snprintf(attached + used, sizeof(attached) - used, "%s%.*s",
					 used ? "," : "", (int)strcspn(line + 1, "\n"), line + 1);
	dmabuf->attached = used ? strdup(attached) : NULL;
}

/* A name may have line breaks: it ends where the kernel goes on (drivers/dma-buf/dma-buf.c). */
static void take_name(struct census_dmabuf *dmabuf, const char *text)
{
	const char *end = strstr(text, "\n\tAttached Devices:\n");
	size_t length = end ? (size_t)(end - text) : strcspn(text, "\n");

	if (length >= DMA_BUF_NAME_LEN)
		length = strcspn(text, "\n");
	snprintf(dmabuf->name, sizeof(dmabuf->name), "%.*s", (int)length, text);
}

static int read_debugfs(struct census *census)
{
	struct census_dmabuf *dmabuf = NULL;
	auto_free char *text = NULL;
	const char *begin = NULL;

	if (sys_read_file(BUFINFO, &text))
		return 0;
	census->debugfs = true;
	for (char *line = text; line;) {
		char *next = strchr(line, '\n'), exporter[64];
		uint64_t size, inode;
		bool is_new;
		long count;
		int name;

		/* sscanf() measures the text first: it must not be all the rest. */
		if (next)
			*next = '\0';
		if (is_row(line, exporter, &size, &count, &inode, &name)) {
			if (dmabuf)
				take_attachments(dmabuf, begin, line - begin);
			dmabuf = find(census, inode, &is_new);
			if (!dmabuf)
				return -ENOMEM;
			begin = line;
			dmabuf->size = size;
			dmabuf->references = count;
			copy_text(dmabuf->exporter, sizeof(dmabuf->exporter), exporter);
			if (next)
				*next = '\n';
			take_name(dmabuf, line + name);
			if (!strcmp(dmabuf->name, "<none>"))
				*dmabuf->name = '\0';
		}
		if (next)
			*next = '\n';
		line = next ? next + 1 : NULL;
	}
	if (dmabuf)
		take_attachments(dmabuf, begin, strlen(begin));
	return 0;
}

static int by_inode(const void *a, const void *b)
{
	const struct census_dmabuf *left = a, *right = b;

	return left->inode < right->inode ? -1 : left->inode > right->inode;
}

int census_take(struct census *census)
{
	struct visit visit = { .census = census };
	int rc;

	*census = (struct census){ 0 };
	find_nodes(&visit);
	rc = read_debugfs(census);
	if (!rc)
		rc = visit_all(&visit, visit_fds);
	if (!rc && (census->maps = may_be_mapped(census)))
		rc = visit_all(&visit, visit_maps);
	free(visit.maps);
	if (rc) {
		census_free(census);
		return rc;
	}
	if (census->count)
		qsort(census->items, census->count, sizeof(*census->items), by_inode);
	return 0;
}

void census_free(struct census *census)
{
	for (unsigned i = 0; i < census->count; i++) {
		for (unsigned j = 0; j < census->items[i].holder_count; j++)
			free(census->items[i].holders[j].fds);
		free(census->items[i].holders);
		free(census->items[i].attached);
	}
	free(census->items);
	free(census->devices);
	free(census->slots);
	*census = (struct census){ 0 };
}
