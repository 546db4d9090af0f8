// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel's iterators noted of VFIO's and iommufd's records, taken into an inventory. */
#include <string.h>

#include "kernel/inventory/survey.h"
#include "tests/unit/check.h"

enum { BAR = 7, ONE = 100, TWO = 200 }; /* inodes, and contexts */

#define EXPORT(...)                                              \
	{                                                        \
		.kind = SURVEY_EXPORT, .export = { __VA_ARGS__ } \
	}
#define RANGE(...)                                             \
	{                                                      \
		.kind = SURVEY_RANGE, .range = { __VA_ARGS__ } \
	}
#define DEVICE(...)                                              \
	{                                                        \
		.kind = SURVEY_DEVICE, .device = { __VA_ARGS__ } \
	}
#define IOAS(...)                                            \
	{                                                    \
		.kind = SURVEY_IOAS, .ioas = { __VA_ARGS__ } \
	}
#define CONTEXT(where)                                             \
	{                                                          \
		.kind = SURVEY_CONTEXT, .context.address = (where) \
	}
#define MAPPING(in, at, of, ...)                     \
	{                                            \
		.kind = SURVEY_MAPPING, .mapping = { \
			.ioas = (in),                \
			.iova = (at),                \
			.length = 0x1000,            \
			.inode = (of),               \
			__VA_ARGS__                  \
		}                                    \
	}

static const struct survey_record records[] = {
	EXPORT(.inode = BAR, .size = 0x6000, .ranges = 2, .region = 2, .device = "0000:01:00.0"),
	RANGE(0x1000, 0x4000),
	RANGE(0x8000, 0x2000),
	EXPORT(.inode = BAR + 1, .size = 0x1000, .region = -1, .revoked = 1, .closed = 1),
	DEVICE(1, 3, "0000:02:00.0"),
	DEVICE(2, 0, "0000:03:00.0"),
	/* An attempt that was given up, and the one that counts. */
	MAPPING(3, 0x10000, BAR + 1, .domains = 1),
	MAPPING(3, 0x20000, BAR, .offset = 0x3000, .pid = 42, .domains = 2, .readable = 1,
		.writable = 1),
	MAPPING(3, 0x30000, BAR, .readable = 1, .revoked = 1),
	IOAS(3, 0, 7, 5, 0x5000),
	IOAS(4, 1, 10, 0, 0),
	CONTEXT(ONE),
	MAPPING(9, 0x40000, BAR),
	IOAS(9, 0, 12, 0, 0),
	CONTEXT(TWO),
	/* The same once more: what came last counts. */
	EXPORT(.inode = BAR + 1, .size = 0x1000, .region = -1, .revoked = 1, .closed = 1),
	IOAS(9, 0, 16, 1, 0x1000),
	CONTEXT(TWO),
};

static void check_exports(const struct inventory *inventory)
{
	const struct inventory_dmabuf *bar = inventory_get(inventory, BAR);
	const struct inventory_dmabuf *closed = inventory_get(inventory, BAR + 1);

	check(inventory->count == 2 && bar && closed, "two dma-bufs");
	check(bar->size == 0x6000 && !strcmp(bar->exporter, "vfio_pci_core"), "as VFIO made it");
	check(!strcmp(bar->export->device, "0000:01:00.0") && bar->export->region == 2 &&
		      !bar->export->revoked && !bar->export->closed,
	      "its device and BAR");
	check(bar->export->range_count == 2 && bar->export->ranges[0].offset == 0x1000 &&
		      bar->export->ranges[0].length == 0x4000 &&
		      bar->export->ranges[1].offset == 0x8000 &&
		      bar->export->ranges[1].length == 0x2000,
	      "its ranges");
	check(!*closed->export->device && closed->export->region == -1 && closed->export->revoked &&
		      closed->export->closed && !closed->export->range_count,
	      "one whose device was closed");
}

static void check_first(const struct inventory_context *context)
{
	const struct inventory_mapping *mappings = context->mappings;

	check(context->address == ONE && context->device_count == 2, "a context and its devices");
	check(context->devices[0].id == 1 && context->devices[0].ioas == 3 &&
		      !strcmp(context->devices[0].name, "0000:02:00.0") &&
		      !context->devices[1].ioas,
	      "one is attached, one is not");
	check(context->ioas_count == 2 && context->ioases[0].id == 3 && !context->ioases[0].torn &&
		      context->ioases[0].memory == 5 && context->ioases[0].bytes == 0x5000,
	      "an IOAS, and the memory in it");
	check(context->ioases[1].id == 4 && context->ioases[1].torn, "one that kept changing");
	check(context->mapping_count == 2, "no mapping of an attempt that was given up");
	check(mappings[0].ioas == 3 && mappings[0].addresses.offset == 0x20000 &&
		      mappings[0].addresses.length == 0x1000 && mappings[0].inode == BAR &&
		      mappings[0].offset == 0x3000 && mappings[0].pid == 42 &&
		      mappings[0].domains == 2 && mappings[0].readable && mappings[0].writable &&
		      !mappings[0].revoked,
	      "a mapping");
	check(mappings[1].addresses.offset == 0x30000 && mappings[1].readable &&
		      !mappings[1].writable && mappings[1].revoked && !mappings[1].domains,
	      "one that was taken away");
}

static void check_links(const struct inventory *inventory)
{
	const struct inventory_dmabuf *bar = inventory_get(inventory, BAR);

	check(bar->mapped_count == 2 && bar->mapped[0].context == &inventory->contexts.items[0] &&
		      bar->mapped[1].mapping->addresses.offset == 0x30000,
	      "the dma-buf knows where it is mapped");
	check(!inventory_get(inventory, BAR + 1)->mapped_count, "the other is not mapped");
}

/* An export whose ranges are missing, as the table was read too early. */
static void check_short(void)
{
	struct inventory inventory = { 0 };

	check(!inventory_add_survey(&inventory, records, 2) && !inventory_sort(&inventory) &&
		      inventory_get(&inventory, BAR)->export->range_count == 1,
	      "ranges that are not there are not made up");
	inventory_free(&inventory);
}

int main(void)
{
	struct inventory inventory = { 0 };
	struct inventory_contexts *contexts = &inventory.contexts;
	struct inventory_context *user = inventory_find_context(contexts, ONE);

	check(!inventory_add_user(user, 42, "vmm") && !inventory_add_user(user, 42, "vmm") &&
		      !inventory_add_user(user, 43, "other") && user->user_count == 2,
	      "a process is a user once");
	check(!inventory_add_survey(&inventory, records, sizeof(records) / sizeof(*records)) &&
		      !inventory_sort(&inventory),
	      "all is taken");
	check_exports(&inventory);
	check(contexts->count == 2, "two contexts");
	check_first(&contexts->items[0]);
	check(contexts->items[0].user_count == 2 && inventory_find_user(contexts->items, 43) &&
		      !inventory_find_user(contexts->items, 44),
	      "its users are still known");
	check(contexts->items[1].ioas_count == 1 && contexts->items[1].ioases[0].memory == 1 &&
		      !contexts->items[1].mapping_count,
	      "of one that was noted twice, what came last");
	check_links(&inventory);
	inventory_free(&inventory);
	check_short();
	return check_plan();
}
