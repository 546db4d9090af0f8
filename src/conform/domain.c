// SPDX-License-Identifier: GPL-2.0-only
/* Several hardware page tables of one IOAS: what is mapped is in each, and leaves each. */
#include <string.h>

#include "conform/evidence.h"
#include "kernel/iommufd.h"
#include "kernel/vfio.h"
#include "uapi/iommufd.h"

/* An IOAS with a dma-buf of the whole BAR in it, and page tables. */
struct scene {
	uint32_t ioas, first, second; /* page tables; 0: none */
	int dmabuf;
	struct range iova;
};

static void map_whole(struct trial *trial, struct scene *scene)
{
	scene->dmabuf = new_dmabuf(trial, whole(trial));
	scene->iova = whole(trial);
	scene->iova.offset = import(trial, scene->ioas, scene->dmabuf, scene->iova.length);
}

static void by_hwpt(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };

	scene.first = new_hwpt(trial, any_device_id(trial), scene.ioas, *(const unsigned *)data);
	attach(trial, any_device(trial), scene.first);
	map_whole(trial, &scene);
	expect_translated(trial, any_device(trial), scene.iova, 0);
	unmap(trial, scene.ioas, scene.iova);
	expect_nothing(trial, any_device(trial), scene.iova);
}

static void hwpt_after_import(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };

	(void)data;
	map_whole(trial, &scene);
	scene.first = new_hwpt(trial, any_device_id(trial), scene.ioas, 0);
	attach(trial, any_device(trial), scene.first);
	expect_translated(trial, any_device(trial), scene.iova, 0);
}

static void hwpt_revoked(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };

	scene.first = new_hwpt(trial, any_device_id(trial), scene.ioas, *(const unsigned *)data);
	attach(trial, any_device(trial), scene.first);
	map_whole(trial, &scene);
	expect_done(trial, vfio_set_memory_decode(the_exporter(trial), false), "memory off");
	if (can_look(trial))
		expect_nothing(trial, any_device(trial), scene.iova);
	expect_done(trial, vfio_set_memory_decode(the_exporter(trial), true), "memory on");
	expect_nothing(trial, any_device(trial), scene.iova);
}

/* The importer by one page table, the exporter by another. */
static void attach_both(struct trial *trial, struct scene *scene)
{
	the_exporter(trial);
	the_importer(trial);
	scene->first = new_hwpt(trial, trial->importer_id, scene->ioas, 0);
	attach(trial, trial->importer, scene->first);
	scene->second = new_hwpt(trial, trial->exporter_id, scene->ioas, 0);
	attach(trial, trial->exporter, scene->second);
}

static void expect_in_both(struct trial *trial, const struct scene *scene)
{
	expect_translated(trial, trial->importer, scene->iova, 0);
	expect_translated(trial, trial->exporter, scene->iova, 0);
}

static void expect_in_neither(struct trial *trial, const struct scene *scene)
{
	expect_nothing(trial, trial->importer, scene->iova);
	expect_nothing(trial, trial->exporter, scene->iova);
}

static void two_then_import(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };

	(void)data;
	attach_both(trial, &scene);
	map_whole(trial, &scene);
	expect_in_both(trial, &scene);
}

static void import_then_two(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };

	(void)data;
	map_whole(trial, &scene);
	attach_both(trial, &scene);
	expect_in_both(trial, &scene);
}

static void import_between(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };

	(void)data;
	the_exporter(trial);
	the_importer(trial);
	scene.first = new_hwpt(trial, trial->importer_id, scene.ioas, 0);
	attach(trial, trial->importer, scene.first);
	map_whole(trial, &scene);
	scene.second = new_hwpt(trial, trial->exporter_id, scene.ioas, 0);
	attach(trial, trial->exporter, scene.second);
	expect_in_both(trial, &scene);
}

static void two_unmapped(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };

	(void)data;
	attach_both(trial, &scene);
	map_whole(trial, &scene);
	unmap(trial, scene.ioas, scene.iova);
	expect_in_neither(trial, &scene);
}

static void two_revoked(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };

	(void)data;
	attach_both(trial, &scene);
	map_whole(trial, &scene);
	expect_done(trial, vfio_set_memory_decode(the_exporter(trial), false), "memory off");
	if (can_look(trial))
		expect_in_neither(trial, &scene);
	expect_done(trial, vfio_set_memory_decode(the_exporter(trial), true), "memory on");
	expect_in_neither(trial, &scene);
}

static void one_leaves(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };

	(void)data;
	attach_both(trial, &scene);
	map_whole(trial, &scene);
	detach(trial, trial->exporter);
	destroy(trial, scene.second);
	expect_translated(trial, trial->importer, scene.iova, 0);
	expect_nothing(trial, trial->exporter, scene.iova);
}

/* The one that the pages of the other were read from. */
static void first_leaves(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };

	(void)data;
	attach_both(trial, &scene);
	map_whole(trial, &scene);
	detach(trial, trial->importer);
	destroy(trial, scene.first);
	expect_translated(trial, trial->exporter, scene.iova, 0);
	expect_nothing(trial, trial->importer, scene.iova);
}

static void replaced(struct trial *trial, const void *data)
{
	uint32_t other = new_ioas(trial);
	struct scene scene = { .ioas = new_ioas(trial) };

	(void)data;
	attach(trial, any_device(trial), scene.ioas);
	map_whole(trial, &scene);
	attach(trial, any_device(trial), other);
	expect_nothing(trial, any_device(trial), scene.iova);
	attach(trial, any_device(trial), scene.ioas);
	expect_translated(trial, any_device(trial), scene.iova, 0);
}

static void replaced_by_hwpt(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };

	(void)data;
	attach(trial, any_device(trial), scene.ioas);
	map_whole(trial, &scene);
	scene.first = new_hwpt(trial, any_device_id(trial), scene.ioas, 0);
	attach(trial, any_device(trial), scene.first);
	expect_translated(trial, any_device(trial), scene.iova, 0);
	/* The page table must not go before the device has left it. */
	detach(trial, any_device(trial));
}

static void watch_mmio(struct trial *trial, struct map_calls *calls)
{
	watch_calls(trial, calls, MAP_CALLER_IOMMUFD, MAP_BIT_MMIO);
}

/* As a device's memory, or as memory that may be cached. */
static void expect_mmio(struct trial *trial, struct map_calls *calls, struct range iova,
			const char *when)
{
	expect(trial, calls_are(trial, calls, iova, true),
	       "%s, iommu_map() is told IOMMU_MMIO, and not IOMMU_CACHE", when);
}

static void mmio_first(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };
	struct map_calls calls;

	(void)data;
	attach(trial, any_device(trial), scene.ioas);
	watch_mmio(trial, &calls);
	map_whole(trial, &scene);
	expect_mmio(trial, &calls, scene.iova, "in the first page table");
}

static void mmio_attached(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };
	struct map_calls calls;

	(void)data;
	map_whole(trial, &scene);
	any_device(trial);
	watch_mmio(trial, &calls);
	attach(trial, any_device(trial), scene.ioas);
	expect_mmio(trial, &calls, scene.iova, "when a device is attached later");
}

static void mmio_second(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };
	struct map_calls calls;

	(void)data;
	attach(trial, any_device(trial), scene.ioas);
	map_whole(trial, &scene);
	watch_mmio(trial, &calls);
	new_hwpt(trial, any_device_id(trial), scene.ioas, 0);
	expect_mmio(trial, &calls, scene.iova, "in a second page table");
}

static void mmio_copied(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };
	uint32_t other = new_ioas(trial);
	struct map_calls calls;

	(void)data;
	attach(trial, any_device(trial), scene.ioas);
	map_whole(trial, &scene);
	new_hwpt(trial, any_device_id(trial), other, 0);
	watch_mmio(trial, &calls);
	scene.iova.offset = copy(trial, scene.ioas, scene.iova, other);
	expect_mmio(trial, &calls, scene.iova, "in the page table of a copy");
}

#define NEEDS (NEEDS_EXPORTER | NEEDS_IMPORTS | DISTURBS)
#define FILL "iopt_area_fill_domain() in " IOMMUFD_PAGES
#define FILL_ALL "iopt_area_fill_domains() in " IOMMUFD_PAGES
#define REVOKE "iopt_revoke_notify() in " IOMMUFD_PAGES
#define HWPT "iommufd_hwpt_alloc() in " IOMMUFD_HWPT

#define CASE(case_name, sentence, from, what, function, value)                 \
	{                                                                      \
		.name = "domain-" case_name, .rule = sentence, .source = from, \
		.traits = NEEDS | (what), .run = function, .data = value       \
	}
#define MMIO(case_name, sentence, function, bug)                                                \
	{                                                                                       \
		.name = "domain-mmio-" case_name, .rule = sentence,                             \
		.source = "batch_to_domain() in " IOMMUFD_PAGES, .known = bug, .traits = NEEDS, \
		.run = function                                                                 \
	}
#define FLAGS(n) (&(const unsigned){ n })

static const struct conform_known read_as_memory = {
	.bug = "the pages of a second page table are read out of the first, as if they were memory",
	.since = "6.19",
	.until = "7.3",
	.mended_by = "Linux 7.3; kernel/linux-7.2/0001",
};

const struct conform_case domain_cases[] = {
	CASE("hwpt", "a mapping is in a page table that was made for the IOAS", HWPT, 0, by_hwpt,
	     FLAGS(0)),
	CASE("nest-parent", "so it is in one that guests' page tables are nested in", HWPT, 0,
	     by_hwpt, FLAGS(IOMMU_HWPT_ALLOC_NEST_PARENT)),
	CASE("dirty", "so it is in one that keeps track of writing", HWPT, 0, by_hwpt,
	     FLAGS(IOMMU_HWPT_ALLOC_DIRTY_TRACKING)),
	CASE("hwpt-later", "a page table that is made later has the mapping", HWPT, 0,
	     hwpt_after_import, NULL),
	CASE("hwpt-revoked", "revocation empties a page table that was made for the IOAS", REVOKE,
	     0, hwpt_revoked, FLAGS(0)),
	CASE("nest-parent-revoked", "revocation empties one that others are nested in", REVOKE, 0,
	     hwpt_revoked, FLAGS(IOMMU_HWPT_ALLOC_NEST_PARENT)),
	CASE("two", "a mapping is in both page tables of an IOAS", FILL_ALL, NEEDS_IMPORTER,
	     two_then_import, NULL),
	CASE("two-later", "both page tables that are made later have the mapping", FILL,
	     NEEDS_IMPORTER, import_then_two, NULL),
	CASE("two-between", "so do one that was made before it and one after", FILL, NEEDS_IMPORTER,
	     import_between, NULL),
	CASE("two-unmapped", "unmapping empties both page tables",
	     "iopt_area_unfill_domains() in " IOMMUFD_PAGES, NEEDS_IMPORTER, two_unmapped, NULL),
	CASE("two-revoked", "revocation empties both page tables", REVOKE, NEEDS_IMPORTER,
	     two_revoked, NULL),
	CASE("one-leaves", "a page table that goes leaves the other as it was",
	     "iopt_area_unfill_domain() in " IOMMUFD_PAGES, NEEDS_IMPORTER, one_leaves, NULL),
	CASE("first-leaves", "so does the one that was there first",
	     "iopt_area_unfill_domain() in " IOMMUFD_PAGES, NEEDS_IMPORTER, first_leaves, NULL),
	CASE("replaced", "a device that moves between IOASes has what is in its own",
	     "iommufd_device_replace() in drivers/iommu/iommufd/device.c", 0, replaced, NULL),
	CASE("replaced-hwpt", "a device that moves to another page table of its IOAS loses nothing",
	     "iommufd_device_replace() in drivers/iommu/iommufd/device.c", 0, replaced_by_hwpt,
	     NULL),
	MMIO("first", "a BAR is mapped as a device's memory in the first page table", mmio_first,
	     NULL),
	MMIO("attached", "a BAR is mapped as a device's memory when a device comes later",
	     mmio_attached, NULL),
	MMIO("second", "a BAR is mapped as a device's memory in a second page table", mmio_second,
	     &read_as_memory),
	MMIO("copied", "a copy of a mapping is a device's memory in its page table", mmio_copied,
	     &read_as_memory),
	{ 0 },
};
