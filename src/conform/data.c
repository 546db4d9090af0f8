// SPDX-License-Identifier: GPL-2.0-only
/* Data: what a device's own DMA reaches through a mapping, and what it does not. */
#include "conform/evidence.h"
#include "kernel/iommufd.h"
#include "kernel/vfio.h"

#define READ_WRITE (IOMMUFD_READ | IOMMUFD_WRITE)
#define IOVA 0x40000000ull

/* The importer, with a part of the BAR mapped for it. */
struct scene {
	uint32_t ioas;
	int dmabuf;
	struct range part; /* of the BAR */
	uint64_t iova;
};

static int map_at(struct trial *trial, struct scene *scene, unsigned prot)
{
	return iommufd_map_file(the_iommufd(trial), scene->ioas, scene->dmabuf,
				(struct range){ 0, scene->part.length }, prot, true, &scene->iova);
}

static void set_up(struct trial *trial, struct scene *scene, struct range part, unsigned prot)
{
	*scene = (struct scene){ .ioas = new_ioas(trial), .part = part, .iova = IOVA };
	attach(trial, the_importer(trial), scene->ioas);
	scene->dmabuf = new_dmabuf(trial, part);
	expect_done(trial, map_at(trial, scene, prot), "IOMMU_IOAS_MAP_FILE");
}

static enum arrival write_at(struct trial *trial, const struct scene *scene, uint64_t offset)
{
	return dma_write(trial, scene->iova + offset, scene->part.offset + offset);
}

static bool writes(struct trial *trial, const struct scene *scene, uint64_t offset)
{
	return write_at(trial, scene, offset) == ARRIVED;
}

static bool cannot_write(struct trial *trial, const struct scene *scene, uint64_t offset)
{
	return write_at(trial, scene, offset) == ARRIVED_NOTHING;
}

static bool reads(struct trial *trial, const struct scene *scene, uint64_t offset)
{
	return dma_read(trial, scene->iova + offset, scene->part.offset + offset);
}

static void first_page(struct trial *trial, const void *data)
{
	struct scene scene;

	(void)data;
	set_up(trial, &scene, whole(trial), READ_WRITE);
	expect(trial, writes(trial, &scene, 0), "what the device writes is in the BAR");
	expect(trial, reads(trial, &scene, 0), "what is in the BAR is what the device reads");
}

static void last_page(struct trial *trial, const void *data)
{
	struct scene scene;

	(void)data;
	set_up(trial, &scene, whole(trial), READ_WRITE);
	expect(trial, writes(trial, &scene, scene.part.length - PAGE),
	       "what the device writes is in the BAR's last page");
	expect(trial, reads(trial, &scene, scene.part.length - PAGE),
	       "the last page is what the device reads");
}

static void of_a_part(struct trial *trial, const void *data)
{
	struct scene scene;

	(void)data;
	set_up(trial, &scene, pages(trial, 3, 2), READ_WRITE);
	expect(trial, writes(trial, &scene, 0), "the first page of the part is reached");
	expect(trial, writes(trial, &scene, PAGE), "the second page of the part is reached");
}

/* data: from the part of one page, in bytes. */
static void not_beside(struct trial *trial, const void *data)
{
	int64_t distance = *(const int64_t *)data;
	struct scene scene;

	set_up(trial, &scene, pages(trial, 2, 1), READ_WRITE);
	expect(trial, cannot_write(trial, &scene, distance), "a page %s the part is not reached",
	       distance < 0 ? "before" : "behind");
	expect(trial, writes(trial, &scene, 0), "the part itself is");
}

static void read_only(struct trial *trial, const void *data)
{
	struct scene scene;

	(void)data;
	set_up(trial, &scene, pages(trial, 0, 1), IOMMUFD_READ);
	expect(trial, cannot_write(trial, &scene, 0), "the device cannot write");
	expect(trial, reads(trial, &scene, 0), "the device can read");
}

static void write_only(struct trial *trial, const void *data)
{
	struct scene scene;

	(void)data;
	set_up(trial, &scene, pages(trial, 0, 1), IOMMUFD_WRITE);
	/* Whether it can be read, too, is the IOMMU's: some cannot give one right alone. */
	expect(trial, writes(trial, &scene, 0), "the device can write");
}

static void two_places(struct trial *trial, const void *data)
{
	struct scene scene;

	(void)data;
	set_up(trial, &scene, pages(trial, 0, 1), READ_WRITE);
	scene.iova += 16 * PAGE;
	expect_done(trial, map_at(trial, &scene, READ_WRITE), "IOMMU_IOAS_MAP_FILE");
	expect(trial, writes(trial, &scene, 0), "the second place is reached");
	scene.iova -= 16 * PAGE;
	expect(trial, writes(trial, &scene, 0), "the first place is reached");
}

static void unmapped(struct trial *trial, const void *data)
{
	struct scene scene;

	(void)data;
	set_up(trial, &scene, pages(trial, 0, 1), READ_WRITE);
	expect(trial, writes(trial, &scene, 0), "the mapping is reached");
	unmap(trial, scene.ioas, (struct range){ scene.iova, PAGE });
	expect(trial, cannot_write(trial, &scene, 0), "it is not reached once it is unmapped");
}

static void revoked(struct trial *trial, const void *data)
{
	struct scene scene;

	(void)data;
	set_up(trial, &scene, pages(trial, 0, 1), READ_WRITE);
	expect(trial, writes(trial, &scene, 0), "the mapping is reached");
	expect_done(trial, vfio_set_memory_decode(the_exporter(trial), false), "memory off");
	expect_done(trial, vfio_set_memory_decode(the_exporter(trial), true), "memory on");
	expect(trial, cannot_write(trial, &scene, 0), "it is not reached after a revocation");
	expect(trial, !reads(trial, &scene, 0), "nor is it read");
	unmap(trial, scene.ioas, (struct range){ scene.iova, PAGE });
	expect_done(trial, map_at(trial, &scene, READ_WRITE), "mapping it again");
	expect(trial, writes(trial, &scene, 0), "it is reached once it is mapped again");
}

static void elsewhere(struct trial *trial, const void *data)
{
	struct scene scene;

	(void)data;
	set_up(trial, &scene, pages(trial, 0, 1), READ_WRITE);
	attach(trial, the_importer(trial), new_ioas(trial));
	expect(trial, cannot_write(trial, &scene, 0), "a device in another IOAS does not reach it");
	attach(trial, the_importer(trial), scene.ioas);
	expect(trial, writes(trial, &scene, 0), "it does once it is back");
}

#define NEEDS (NEEDS_EXPORTER | NEEDS_IMPORTS | NEEDS_DATA | DISTURBS)
#define MAP "batch_to_domain() in " IOMMUFD_PAGES
#define PROT "conv_iommu_prot() in " IOMMUFD_IOAS

#define CASE(case_name, sentence, from, function, value)                                      \
	{                                                                                     \
		.name = "data-" case_name, .rule = sentence, .source = from, .traits = NEEDS, \
		.run = function, .data = value                                                \
	}
#define DISTANCE(n) (&(const int64_t){ (n) * (int64_t)PAGE })

const struct conform_case data_cases[] = {
	CASE("first-page", "DMA reaches the first page that is mapped", MAP, first_page, NULL),
	CASE("last-page", "DMA reaches the last page that is mapped", MAP, last_page, NULL),
	CASE("part", "DMA reaches the part that was exported", MAP, of_a_part, NULL),
	CASE("page-before", "DMA does not reach the page before", MAP, not_beside, DISTANCE(-1)),
	CASE("page-behind", "DMA does not reach the page behind", MAP, not_beside, DISTANCE(1)),
	CASE("read-only", "a mapping for reading cannot be written", PROT, read_only, NULL),
	CASE("write-only", "a mapping for writing can be written", PROT, write_only, NULL),
	CASE("two-places", "DMA reaches a page by each of its two mappings", MAP, two_places, NULL),
	CASE("unmapped", "DMA does not reach what was unmapped",
	     "iopt_area_unfill_domains() in " IOMMUFD_PAGES, unmapped, NULL),
	CASE("revoked", "DMA does not reach what was revoked, until it is mapped again",
	     "iopt_revoke_notify() in " IOMMUFD_PAGES, revoked, NULL),
	CASE("other-ioas", "DMA reaches what is in the device's IOAS, and nothing else",
	     "iommufd_device_replace() in drivers/iommu/iommufd/device.c", elsewhere, NULL),
	{ 0 },
};
