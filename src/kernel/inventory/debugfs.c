// SPDX-License-Identifier: GPL-2.0-only
/* With what is attached (dma_buf_debug_show(), drivers/dma-buf/dma-buf.c). */
#include "kernel/inventory/debugfs.h"

#include <errno.h>
#include <linux/dma-buf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/sys.h"
#include "util/scope.h"
#include "util/text.h"

#define BUFINFO "/sys/kernel/debug/dma_buf/bufinfo"

/* What follows a number of eight digits at least and its tab; NULL: there is none. */
static const char *skip_number(const char *text, const char *digits)
{
	size_t length = text ? strspn(text, digits) : 0;

	return length >= 8 && text[length] == '\t' ? text + length + 1 : NULL;
}

/*
 * A dma-buf's row: "%08zu\t%08x\t%08x\t%08ld\t%s\t%08lu\t%s". A name, of 31 bytes at most, may have
 * line breaks in it, and is too short to hold one. *name: where the name begins.
 */
static bool is_row(const char *line, char exporter[64], uint64_t *size, long *count,
		   uint64_t *inode, const char **name)
{
	const char *hexadecimal = "0123456789abcdef", *decimal = "0123456789";
	const char *flags = skip_number(line, decimal), *mode = skip_number(flags, hexadecimal);
	const char *references = skip_number(mode, hexadecimal);
	const char *made_by = skip_number(references, decimal);
	const char *end = made_by ? strchr(made_by, '\t') : NULL;

	*name = end ? skip_number(end + 1, decimal) : NULL;
	if (!*name || (size_t)(end - made_by) >= 64)
		return false;
	*size = strtoull(line, NULL, 10);
	*count = strtol(references, NULL, 10);
	snprintf(exporter, 64, "%.*s", (int)(end - made_by), made_by);
	*inode = strtoull(end + 1, NULL, 10);
	return true;
}

/* The lines between a row and the next: of those, the last total of devices counts. */
static void take_attachments(struct inventory_dmabuf *dmabuf, const char *text, size_t size)
{
	const char *total = NULL, *line = text;

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
	for (; line < total + 1; line = strchr(line, '\n') + 1)
		if (*line == '\t')
			inventory_add_attached(dmabuf, line + 1, strcspn(line + 1, "\n"), NULL);
}

/* A name may have line breaks: it ends where the kernel goes on. */
static void take_name(struct inventory_dmabuf *dmabuf, const char *text)
{
	const char *end = strstr(text, "\n\tAttached Devices:\n");
	size_t length = end ? (size_t)(end - text) : strcspn(text, "\n");

	if (length >= DMA_BUF_NAME_LEN)
		length = strcspn(text, "\n");
	snprintf(dmabuf->name, sizeof(dmabuf->name), "%.*s", (int)length, text);
	if (!strcmp(dmabuf->name, "<none>"))
		*dmabuf->name = '\0';
}

int inventory_from_debugfs(struct inventory *inventory)
{
	struct inventory_dmabuf *dmabuf = NULL;
	auto_free char *text = NULL;
	const char *begin = NULL;

	if (sys_read_file(BUFINFO, &text))
		return 0;
	inventory->sources |= INVENTORY_DEBUGFS;
	for (char *line = text; line;) {
		char *next = strchr(line, '\n'), exporter[64];
		uint64_t size, inode;
		long count;
		bool row;
		const char *name;

		/* What is looked at ends with the line. */
		if (next)
			*next = '\0';
		row = is_row(line, exporter, &size, &count, &inode, &name);
		if (next)
			*next++ = '\n';
		if (row) {
			if (dmabuf)
				take_attachments(dmabuf, begin, line - begin);
			dmabuf = inventory_find(inventory, inode);
			if (!dmabuf)
				return -ENOMEM;
			begin = line;
			dmabuf->size = size;
			dmabuf->references = count;
			copy_text(dmabuf->exporter, sizeof(dmabuf->exporter), exporter);
			take_name(dmabuf, name);
		}
		line = next;
	}
	if (dmabuf)
		take_attachments(dmabuf, begin, strlen(begin));
	return 0;
}
