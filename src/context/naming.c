// SPDX-License-Identifier: GPL-2.0-only
#include "context/naming.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "context/open.h"
#include "context/overview.h"
#include "util/array.h"
#include "util/clock.h"
#include "util/scope.h"
#include "util/search.h"
#include "util/text.h"

static void add_mapping(struct naming *naming, const struct context *context,
			const struct object *mapping)
{
	const struct object *dmabuf =
		object_find(&context->objects, OBJECT_DMABUF, mapping->dmabuf);
	struct named_window *window = array_add(&naming->windows, &naming->window_count);

	if (!window)
		return;
	window->iova = mapping->addresses;
	window->made = mapping->made;
	copy_text(window->mapping, sizeof(window->mapping), mapping->name);
	copy_text(window->context, sizeof(window->context), context->name);
	if (!dmabuf)
		return;
	window->inode = dmabuf->inode;
	window->exporter = dmabuf->device;
	window->bar = dmabuf->bar;
}

static void add_dmabuf(struct naming *naming, const char *context, uint64_t inode)
{
	struct named_dmabuf *named = array_add(&naming->dmabufs, &naming->dmabuf_count);

	if (!named)
		return;
	named->inode = inode;
	copy_text(named->context, sizeof(named->context), context);
}

static void add_device(struct naming *naming, const struct context *context,
		       const struct object *device)
{
	struct named_device *named = array_add(&naming->devices, &naming->device_count);

	if (!named)
		return;
	copy_text(named->name.bdf, sizeof(named->name.bdf), device->name);
	copy_text(named->context, sizeof(named->context), context->name);
}

static void copy_window(struct naming *naming, const struct named_window *window)
{
	struct named_window *copy = array_add(&naming->windows, &naming->window_count);

	if (copy)
		*copy = *window;
}

/* A context that cannot be asked: what was known of it. */
static void keep(struct naming *naming, const struct naming *before, const char *context)
{
	for (unsigned i = 0; i < before->window_count; i++)
		if (!strcmp(before->windows[i].context, context))
			copy_window(naming, &before->windows[i]);
	for (unsigned i = 0; i < before->device_count; i++)
		if (!strcmp(before->devices[i].context, context)) {
			struct named_device *device =
				array_add(&naming->devices, &naming->device_count);

			if (device)
				*device = before->devices[i];
		}
}

static void learn_context(struct naming *naming, const struct naming *before, const char *name)
{
	struct context context;
	int rc = context_look(&context, name);

	if (rc) {
		if (rc != -ENOENT && rc != -EOWNERDEAD && rc != -EBADMSG)
			keep(naming, before, name);
		return;
	}
	for_each_object(mapping, &context.objects, OBJECT_MAPPING)
		if (object_is_at_iova(mapping))
			add_mapping(naming, &context, mapping);
	for_each_object(dmabuf, &context.objects, OBJECT_DMABUF)
		add_dmabuf(naming, context.name, dmabuf->inode);
	for_each_object(device, &context.objects, OBJECT_DEVICE)
		add_device(naming, &context, device);
	context_close(&context);
}

static bool is_before_address(const void *window, const void *address)
{
	return ((const struct named_window *)window)->iova.offset < *(const uint64_t *)address;
}

/* The first that begins at the address or behind it. */
static unsigned first_from(const struct naming *naming, uint64_t address)
{
	return search_first(naming->windows, naming->window_count, sizeof(*naming->windows),
			    &address, is_before_address);
}

static bool has_window(const struct naming *naming, const struct named_window *window)
{
	for (unsigned i = first_from(naming, window->iova.offset);
	     i < naming->window_count && naming->windows[i].iova.offset == window->iova.offset; i++)
		if (naming->windows[i].made == window->made &&
		    !strcmp(naming->windows[i].mapping, window->mapping) &&
		    !strcmp(naming->windows[i].context, window->context))
			return true;
	return false;
}

static int by_iova(const void *a, const void *b)
{
	const struct named_window *left = a, *right = b;

	return left->iova.offset < right->iova.offset ? -1 : left->iova.offset > right->iova.offset;
}

static int by_inode(const void *a, const void *b)
{
	const struct named_dmabuf *left = a, *right = b;

	if (left->inode != right->inode)
		return left->inode < right->inode ? -1 : 1;
	return strcmp(left->context, right->context);
}

static void sort_dmabufs(struct naming *naming)
{
	struct named_dmabuf *dmabufs = naming->dmabufs;
	unsigned kept = 0;

	if (naming->dmabuf_count)
		qsort(dmabufs, naming->dmabuf_count, sizeof(*dmabufs), by_inode);
	for (unsigned i = 0; i < naming->dmabuf_count; i++)
		if (!kept || by_inode(&dmabufs[kept - 1], &dmabufs[i]))
			dmabufs[kept++] = dmabufs[i];
	naming->dmabuf_count = kept;
}

static void sort_windows(struct naming *naming)
{
	if (naming->window_count)
		qsort(naming->windows, naming->window_count, sizeof(*naming->windows), by_iova);
}

/* Those that are there are in order. */
static void keep_gone(struct naming *naming, struct naming *before, bool keeps_gone)
{
	for (unsigned i = 0; i < before->window_count; i++) {
		struct named_window *window = &before->windows[i];

		window->gone = (keeps_gone || !window->gone) && !has_window(naming, window);
	}
	for (unsigned i = 0; i < before->window_count; i++)
		if (before->windows[i].gone)
			copy_window(naming, &before->windows[i]);
	sort_windows(naming);
}

void naming_learn(struct naming *naming, bool keeps_gone)
{
	auto_free struct context_summary *contexts = NULL;
	struct naming before = *naming;
	unsigned count = 0;

	*naming = (struct naming){ .learnt = clock_now() };
	context_list(&contexts, &count);
	for (unsigned i = 0; i < count; i++) {
		naming->busy |= contexts[i].state == CONTEXT_BUSY ||
				contexts[i].state == CONTEXT_SILENT;
		learn_context(naming, &before, contexts[i].name);
	}
	sort_windows(naming);
	keep_gone(naming, &before, keeps_gone);
	for (unsigned i = 0; i < before.dmabuf_count; i++)
		if (*before.dmabufs[i].context)
			add_dmabuf(naming, before.dmabufs[i].context, before.dmabufs[i].inode);
	sort_dmabufs(naming);
	naming_free(&before);
}

void naming_free(struct naming *naming)
{
	free(naming->windows);
	free(naming->dmabufs);
	free(naming->devices);
}

static bool is_at(const struct named_window *window, uint64_t time, struct range iova,
		  uint64_t inode)
{
	return window->iova.length == iova.length && window->made <= time &&
	       (!inode || window->inode == inode);
}

const struct named_window *naming_find(const struct naming *naming, uint64_t time,
				       struct range iova, uint64_t inode)
{
	const struct named_window *found = NULL, *gone = NULL;

	for (unsigned i = first_from(naming, iova.offset);
	     i < naming->window_count && naming->windows[i].iova.offset == iova.offset; i++) {
		const struct named_window *window = &naming->windows[i];

		if (!is_at(window, time, iova, inode))
			continue;
		if (window->gone) {
			gone = !gone || window->made > gone->made ? window : gone;
			continue;
		}
		if (found)
			return NULL;
		found = window;
	}
	return found ? found : gone;
}

const struct named_window *naming_find_address(const struct naming *naming, uint64_t address)
{
	const struct named_window *found = NULL;

	for (unsigned i = 0; i < naming->window_count; i++) {
		if (naming->windows[i].gone || !range_has(naming->windows[i].iova, address))
			continue;
		if (found)
			return NULL;
		found = &naming->windows[i];
	}
	return found;
}

void naming_forget(struct naming *naming, uint64_t time, struct range iova, uint64_t inode)
{
	const struct named_window *window = naming_find(naming, time, iova, inode);

	if (!window)
		return;
	memmove((void *)window, window + 1,
		(naming->windows + --naming->window_count - window) * sizeof(*window));
}

static bool has_lower_inode(const void *item, const void *sought)
{
	const struct named_dmabuf *dmabuf = item;

	return dmabuf->inode < *(const uint64_t *)sought;
}

/* The first of that inode, or where it would be. */
static unsigned first_dmabuf(const struct naming *naming, uint64_t inode)
{
	return search_first(naming->dmabufs, naming->dmabuf_count, sizeof(*naming->dmabufs), &inode,
			    has_lower_inode);
}

void naming_forget_dmabuf(struct naming *naming, uint64_t inode)
{
	for (unsigned i = first_dmabuf(naming, inode);
	     i < naming->dmabuf_count && naming->dmabufs[i].inode == inode; i++)
		*naming->dmabufs[i].context = '\0';
}

bool naming_has_dmabuf(const struct naming *naming, const char *context, uint64_t inode)
{
	for (unsigned i = first_dmabuf(naming, inode);
	     i < naming->dmabuf_count && naming->dmabufs[i].inode == inode; i++)
		if (!strcmp(naming->dmabufs[i].context, context))
			return true;
	return false;
}

bool naming_has_device(const struct naming *naming, const char *context, const char *device)
{
	for (unsigned i = 0; i < naming->device_count; i++)
		if (!strcmp(naming->devices[i].context, context) &&
		    !strcmp(naming->devices[i].name.bdf, device))
			return true;
	return false;
}
