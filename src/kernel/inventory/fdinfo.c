// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/inventory/fdinfo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/dmabuf.h"
#include "util/array.h"
#include "util/scope.h"
#include "util/text.h"

#define NAME "\nname:\t"

/* The value of the first "key:\t..." at a line's start; NULL: there is none. */
static const char *find_field(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, length) && line[length] == ':')
			return line + length + 1 + strspn(line + length + 1, "\t ");
	}
	return NULL;
}

static bool take_text(const char *text, const char *key, char *value, size_t size)
{
	const char *found = find_field(text, key);

	if (found)
		snprintf(value, size, "%.*s", (int)strcspn(found, "\n"), found);
	return found;
}

static uint64_t take_number(const char *text, const char *key, uint64_t unknown)
{
	const char *found = find_field(text, key);

	return found ? strtoull(found, NULL, 10) : unknown;
}

static void take_ranges(const char *text, struct inventory_export *export)
{
	while ((text = find_field(text, "vfio-range"))) {
		unsigned long long offset, length;
		struct range *added;

		if (sscanf(text, "%llx %llx", &offset, &length) != 2)
			continue;
		added = array_add(&export->ranges, &export->range_count);
		if (added)
			*added = (struct range){ offset, length };
	}
}

/* What VFIO adds with kernel/linux-7.x. */
static void take_export(const char *text, struct inventory_dmabuf *dmabuf)
{
	struct inventory_export *export;

	if (!find_field(text, "vfio-device"))
		return;
	export = calloc(1, sizeof(*export));
	if (!export)
		return;
	export->by_fdinfo = true;
	export->closed = take_number(text, "vfio-closed", false);
	export->revoked = take_number(text, "vfio-revoked", false);
	export->region = take_number(text, "vfio-region", -1);
	take_text(text, "vfio-device", export->device, sizeof(export->device));
	take_ranges(text, export);
	inventory_free_export(dmabuf);
	dmabuf->export = export;
}

bool inventory_parse_fdinfo(struct inventory_dmabuf *dmabuf, char *text)
{
	char *name = strstr(text, NAME);

	/* The name comes last, so that no name can pretend to be a field. */
	if (name)
		*name = '\0';
	if (!take_text(text, "exp_name", dmabuf->exporter, sizeof(dmabuf->exporter)))
		return false;
	dmabuf->size = take_number(text, "size", dmabuf->size);
	dmabuf->references = take_number(text, "count", dmabuf->references);
	take_export(text, dmabuf);
	if (name) {
		copy_text(dmabuf->name, sizeof(dmabuf->name), name + strlen(NAME));
		if (*dmabuf->name)
			dmabuf->name[strlen(dmabuf->name) - 1] = '\0';
	}
	return true;
}

bool inventory_describe(struct inventory_dmabuf *dmabuf, pid_t pid, unsigned fd)
{
	auto_free char *text = NULL;
	char path[64];
	size_t room;
	FILE *file;
	bool read;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%u", pid, fd);
	file = fopen(path, "re");
	if (!file)
		return false;
	read = getdelim(&text, &room, '\0', file) > 0;
	fclose(file);
	return read && inventory_parse_fdinfo(dmabuf, text);
}

/* Each of VFIO's tells, or none does, by the kernel that runs. */
static bool may_tell_more(const struct inventory *inventory, const struct inventory_dmabuf *dmabuf)
{
	return !(inventory->sources & INVENTORY_FILE_ITERATOR) && !inventory->terse_fdinfo &&
	       !dmabuf->export && !strcmp(dmabuf->exporter, DMABUF_VFIO);
}

int inventory_add_fd(struct inventory *inventory, const struct inventory_process *process,
		     uint64_t inode, unsigned fd)
{
	struct inventory_dmabuf *dmabuf = inventory_find(inventory, inode);

	if (!dmabuf)
		return -ENOMEM;
	if (!*dmabuf->exporter || may_tell_more(inventory, dmabuf)) {
		inventory_describe(dmabuf, process->pid, fd);
		inventory->terse_fdinfo |= may_tell_more(inventory, dmabuf);
		if (dmabuf->export)
			inventory->sources |= INVENTORY_FDINFO;
	}
	return inventory_add_holder(dmabuf, process, fd);
}
