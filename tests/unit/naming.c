// SPDX-License-Identifier: GPL-2.0-only
/* Which mapping of which context an address belongs to, where several have the same. The dma-buf
 * tells. */
#include <stdlib.h>
#include <string.h>

#include "context/naming.h"
#include "context/open.h"
#include "context/overview.h"
#include "tests/unit/check.h"

/* By IOVA, as they are learnt. */
static struct named_window windows[] = {
	{ { 0x1000, 0x1000 }, "first", "a", 1, 100, { "" }, 0, false },
	{ { 0x2000, 0x2000 }, "second", "a", 2, 100, { "0000:01:00.0" }, 0, false },
	{ { 0x2000, 0x1000 }, "short", "b", 3, 100, { "" }, 0, false },
	{ { 0x8000, 0x1000 }, "of a", "a", 4, 100, { "" }, 0, false },
	{ { 0x8000, 0x1000 }, "of b", "b", 5, 100, { "" }, 0, false },
	{ { 0x9000, 0x1000 }, "newer", "a", 7, 200, { "" }, 0, false },
	{ { 0xa000, 0x1000 }, "before", "a", 7, 100, { "" }, 0, false },
	{ { 0xa000, 0x1000 }, "after", "b", 7, 200, { "" }, 0, false },
	{ { 0xb000, 0x1000 }, "once", "a", 8, 100, { "" }, 0, true },
	{ { 0xb000, 0x1000 }, "then", "a", 8, 120, { "" }, 0, true },
	{ { 0xb000, 0x1000 }, "now", "a", 8, 200, { "" }, 0, false },
	{ { UINT64_MAX - 0xfff, 0x1000 }, "last", "b", 6, 100, { "" }, 0, false },
};

#define WINDOWS (sizeof(windows) / sizeof(*windows))

static const struct {
	uint64_t time;
	struct range iova;
	uint64_t inode;
	const char *mapping; /* NULL: none, or not the only one */
} places[] = {
	{ 150, { 0x1000, 0x1000 }, 0, "first" },
	{ 150, { 0x2000, 0x2000 }, 0, "second" },
	{ 150, { 0x2000, 0x1000 }, 0, "short" },
	{ 150, { 0x8000, 0x1000 }, 0, NULL },
	{ 150, { UINT64_MAX - 0xfff, 0x1000 }, 0, "last" },
	{ 150, { 0x1000, 0x2000 }, 0, NULL },
	{ 150, { 0x1800, 0x800 }, 0, NULL },
	{ 150, { 0, 0x1000 }, 0, NULL },
	{ 150, { 0x3000, 0x1000 }, 0, NULL },
	{ 199, { 0x9000, 0x1000 }, 0, NULL },
	{ 200, { 0x9000, 0x1000 }, 0, "newer" },
	{ 201, { 0x9000, 0x1000 }, 7, "newer" },
	{ 99, { 0xa000, 0x1000 }, 0, NULL },
	{ 150, { 0xa000, 0x1000 }, 0, "before" },
	{ 250, { 0xa000, 0x1000 }, 0, NULL },
	{ 110, { 0xb000, 0x1000 }, 8, "once" },
	{ 150, { 0xb000, 0x1000 }, 8, "then" },
	{ 250, { 0xb000, 0x1000 }, 8, "now" },
	{ 150, { 0x1000, 0x1000 }, 1, "first" },
	{ 150, { 0x1000, 0x1000 }, 2, NULL },
	{ 150, { 0x8000, 0x1000 }, 4, "of a" },
	{ 150, { 0x8000, 0x1000 }, 5, "of b" },
	{ 150, { 0x8000, 0x1000 }, 6, NULL },
};

static const struct {
	uint64_t address;
	const char *mapping;
} addresses[] = {
	{ 0xfff, NULL },   { 0x1000, "first" },	 { 0x1fff, "first" },	 { 0x2000, NULL },
	{ 0x2fff, NULL },  { 0x3000, "second" }, { 0x3fff, "second" },	 { 0x4000, NULL },
	{ 0x8000, NULL },  { 0x9000, "newer" },	 { UINT64_MAX, "last" }, { 0, NULL },
	{ 0xb000, "now" },
};

static bool is(const struct named_window *window, const char *mapping)
{
	return mapping ? window && !strcmp(window->mapping, mapping) : !window;
}

static void check_forgotten(struct naming *naming)
{
	naming_forget(naming, 150, (struct range){ 0x3000, 0x1000 }, 0);
	naming_forget(naming, 150, (struct range){ 0x8000, 0x1000 }, 0);
	naming_forget(naming, 150, (struct range){ 0x9000, 0x1000 }, 0);
	check(naming->window_count == WINDOWS,
	      "what is not there, not yet, or twice, is not forgotten");
	naming_forget(naming, 150, (struct range){ 0x2000, 0x2000 }, 0);
	check(naming->window_count == WINDOWS - 1 &&
		      is(naming_find(naming, 150, (struct range){ 0x2000, 0x2000 }, 0), NULL) &&
		      is(naming_find(naming, 150, (struct range){ 0x2000, 0x1000 }, 0), "short"),
	      "one is forgotten, and its like is not");
	naming_forget(naming, 150, (struct range){ UINT64_MAX - 0xfff, 0x1000 }, 0);
	check(naming->window_count == WINDOWS - 2 &&
		      is(naming_find(naming, 150, (struct range){ 0x1000, 0x1000 }, 0), "first"),
	      "so is the last");
	naming_forget(naming, 150, (struct range){ 0x8000, 0x1000 }, 5);
	check(naming->window_count == WINDOWS - 3 &&
		      is(naming_find(naming, 150, (struct range){ 0x8000, 0x1000 }, 0), "of a"),
	      "of two, the one of that dma-buf");
}

static void check_dmabufs(void)
{
	struct named_dmabuf dmabufs[] = { { 4, "a" }, { 4, "b" }, { 7, "b" } };
	struct naming naming = { .dmabufs = dmabufs, .dmabuf_count = 3 };

	check(naming_has_dmabuf(&naming, "a", 4) && naming_has_dmabuf(&naming, "b", 4) &&
		      naming_has_dmabuf(&naming, "b", 7),
	      "dma-bufs of contexts, also of two");
	check(!naming_has_dmabuf(&naming, "a", 7) && !naming_has_dmabuf(&naming, "b", 5) &&
		      !naming_has_dmabuf(&naming, "b", 8),
	      "and of no other");
	naming_forget_dmabuf(&naming, 4);
	check(!naming_has_dmabuf(&naming, "a", 4) && !naming_has_dmabuf(&naming, "b", 4) &&
		      naming_has_dmabuf(&naming, "b", 7),
	      "one is forgotten, in all contexts");
}

/* The only context, and whether it has the mapping. */
static bool mapped;

int context_list(struct context_summary **list, unsigned *count)
{
	*list = calloc(1, sizeof(**list));
	strcpy((*list)->name, "a");
	*count = 1;
	return 0;
}

int context_look(struct context *context, const char *name)
{
	struct object *mapping = mapped ? object_new(OBJECT_MAPPING, "map0", -1) : NULL;

	*context = (struct context){ 0 };
	strcpy(context->name, name);
	if (!mapping)
		return 0;
	mapping->importer = importers[0];
	mapping->addresses = windows[0].iova;
	mapping->made = 100;
	return object_list_add(&context->objects, mapping);
}

void context_close(struct context *context)
{
	object_list_clear(&context->objects);
}

/* One asking after the other: whether the context has the mapping, and whether it has a name then.
 */
static void check_learning(void)
{
	static const struct {
		bool mapped, keeps_gone, known, gone;
	} askings[] = {
		{ true, false, true, false }, { false, false, true, true },
		{ false, true, true, true },  { false, false, false, false },
		{ true, false, true, false }, { true, true, true, false },
		{ false, false, true, true }, { false, false, false, false },
	};
	struct naming naming = { 0 };

	for (unsigned i = 0; i < sizeof(askings) / sizeof(*askings); i++) {
		mapped = askings[i].mapped;
		naming_learn(&naming, askings[i].keeps_gone);
		check(naming.window_count == askings[i].known &&
			      (!naming.window_count || naming.windows->gone == askings[i].gone),
		      "asking %u: %u names", i, naming.window_count);
	}
	naming_free(&naming);
}

int main(void)
{
	struct named_device devices[] = { { { "0000:01:00.0" }, "a" },
					  { { "0000:02:00.0" }, "b" } };
	struct naming naming = {
		.windows = windows, .window_count = WINDOWS, .devices = devices, .device_count = 2
	};
	const struct naming nothing = { 0 };

	for (unsigned i = 0; i < sizeof(places) / sizeof(*places); i++)
		check(is(naming_find(&naming, places[i].time, places[i].iova, places[i].inode),
			 places[i].mapping),
		      "%u: at 0x%llx+0x%llx", i, (unsigned long long)places[i].iova.offset,
		      (unsigned long long)places[i].iova.length);
	for (unsigned i = 0; i < sizeof(addresses) / sizeof(*addresses); i++)
		check(is(naming_find_address(&naming, addresses[i].address), addresses[i].mapping),
		      "address 0x%llx", (unsigned long long)addresses[i].address);
	check(naming_has_device(&naming, "a", "0000:01:00.0") &&
		      naming_has_device(&naming, "b", "0000:02:00.0"),
	      "devices of contexts");
	check(!naming_has_device(&naming, "b", "0000:01:00.0") &&
		      !naming_has_device(&naming, "c", "0000:02:00.0"),
	      "and of no other");
	check(!naming_find(&nothing, 150, windows[0].iova, 0) &&
		      !naming_find_address(&nothing, 0x1000) &&
		      !naming_has_device(&nothing, "a", "0000:01:00.0"),
	      "where nothing is known");
	check_forgotten(&naming);
	check_dmabufs();
	check_learning();
	return check_plan();
}
