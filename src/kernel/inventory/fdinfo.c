// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/inventory/fdinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/proc.h"
#include "util/text.h"

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

/* The name comes last, so that no name can pretend to be a field. */
bool inventory_describe(struct inventory_dmabuf *dmabuf, pid_t pid, unsigned fd)
{
	char path[64], text[1024], value[64];
	const char *name;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%u", pid, fd);
	if (proc_read(AT_FDCWD, path, text, sizeof(text)) <= 0 ||
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

int inventory_add_fd(struct inventory *inventory, const struct inventory_process *process,
		     uint64_t inode, unsigned fd)
{
	struct inventory_dmabuf *dmabuf = inventory_find(inventory, inode);

	if (!dmabuf)
		return -ENOMEM;
	if (!*dmabuf->exporter)
		inventory_describe(dmabuf, process->pid, fd);
	return inventory_add_holder(dmabuf, process, fd);
}
