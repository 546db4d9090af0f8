// SPDX-License-Identifier: GPL-2.0-only
/* Importers by way of the DMA API: attachments of the module in kernel/importer. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conform/cause.h"
#include "conform/evidence.h"
#include "kernel/attachment.h"
#include "kernel/sys.h"
#include "kernel/vfio.h"
#include "util/scope.h"

#define READ_WRITE 3

static int new_attachment(struct trial *trial)
{
	return keep_fd(trial, attachment_open(trial->setup->dma_importer->name.bdf),
		       "opening the importer's node");
}

/* An attachment of a dma-buf of the whole BAR, which is mapped. */
struct scene {
	int dmabuf, attachment;
};

static void attach_whole(struct trial *trial, struct scene *scene, enum attachment_promise promise)
{
	scene->dmabuf = new_dmabuf(trial, whole(trial));
	scene->attachment = new_attachment(trial);
	expect_done(trial, attachment_attach(scene->attachment, scene->dmabuf, promise),
		    "attaching");
}

static void map_whole(struct trial *trial, struct scene *scene, enum attachment_promise promise)
{
	attach_whole(trial, scene, promise);
	expect_done(trial, attachment_map(scene->attachment, READ_WRITE), "mapping");
}

static struct attachment_state state_of(struct trial *trial, int attachment)
{
	struct attachment_state state;

	expect_done(trial, attachment_get_state(attachment, &state), "asking the importer");
	return state;
}

static void accepted(struct trial *trial, const void *data)
{
	struct scene scene;

	map_whole(trial, &scene, *(const enum attachment_promise *)data);
	expect(trial, state_of(trial, scene.attachment).mapped, "it is mapped");
	expect_done(trial, attachment_detach(scene.attachment), "detaching");
}

static void refused(struct trial *trial, const void *data)
{
	int dmabuf = new_dmabuf(trial, whole(trial)), attachment = new_attachment(trial);

	expect_error(trial,
		     attachment_attach(attachment, dmabuf, *(const enum attachment_promise *)data),
		     EOPNOTSUPP, "attaching");
}

/* The pieces, malloc'd, of these bytes altogether. */
static struct range *ranges_of(struct trial *trial, int attachment, uint64_t bytes, unsigned *count)
{
	struct range *ranges;
	uint64_t sum = 0;

	expect_done(trial, attachment_get_ranges(attachment, &ranges, count),
		    "asking for the addresses");
	for (unsigned i = 0; i < *count; i++)
		sum += ranges[i].length;
	expect(trial, sum == bytes, "the addresses are of 0x%llx bytes (0x%llx seen)",
	       (unsigned long long)bytes, (unsigned long long)sum);
	return ranges;
}

static void covers_all(struct trial *trial, const void *data)
{
	struct scene scene;
	unsigned count;

	(void)data;
	map_whole(trial, &scene, ATTACHMENT_DYNAMIC);
	free(ranges_of(trial, scene.attachment, trial->setup->size, &count));
}

static void expect_at(struct trial *trial, int attachment, uint64_t offset, uint64_t bar_offset)
{
	const struct conform_setup *setup = trial->setup;
	uint64_t wanted = setup->exporter->bars[setup->bar].bus.offset + bar_offset, got;

	expect_done(trial, attachment_translate(attachment, offset, &got),
		    "asking where byte 0x%llx is", (unsigned long long)offset);
	expect(trial, got == wanted, "byte 0x%llx is at 0x%llx (0x%llx seen)",
	       (unsigned long long)offset, (unsigned long long)wanted, (unsigned long long)got);
}

static void gets_there(struct trial *trial, const void *data)
{
	struct scene scene;

	(void)data;
	map_whole(trial, &scene, ATTACHMENT_DYNAMIC);
	expect_at(trial, scene.attachment, 0, 0);
	expect_at(trial, scene.attachment, trial->setup->size - PAGE, trial->setup->size - PAGE);
}

/* The second page and the first, in this order, so that nothing can be taken for one range. */
static int export_two(struct trial *trial)
{
	const struct range ranges[2] = { pages(trial, 2, 1), pages(trial, 0, 1) };

	return keep_fd(trial, vfio_export(the_exporter(trial), trial->setup->bar, ranges, 2),
		       "exporting two ranges");
}

static void several_ranges(struct trial *trial, const void *data)
{
	int dmabuf = export_two(trial), attachment = new_attachment(trial);
	auto_free struct range *ranges = NULL;
	unsigned count;

	(void)data;
	expect_done(trial, attachment_attach(attachment, dmabuf, ATTACHMENT_DYNAMIC), "attaching");
	expect_done(trial, attachment_map(attachment, READ_WRITE), "mapping two ranges");
	ranges = ranges_of(trial, attachment, 2 * PAGE, &count);
	for (unsigned i = 1; i < count; i++)
		expect(trial, !range_common(ranges[i - 1], ranges[i]),
		       "the addresses of two pieces are distinct");
	expect_at(trial, attachment, 0, 2 * PAGE);
	expect_at(trial, attachment, PAGE, 0);
}

static void two_attachments(struct trial *trial, const void *data)
{
	struct scene first, second = { 0 };

	(void)data;
	map_whole(trial, &first, ATTACHMENT_DYNAMIC);
	second.attachment = new_attachment(trial);
	expect_done(trial, attachment_attach(second.attachment, first.dmabuf, ATTACHMENT_DYNAMIC),
		    "attaching a second time");
	expect_done(trial, attachment_map(second.attachment, READ_WRITE), "mapping a second time");
	expect_done(trial, attachment_detach(first.attachment), "detaching the first");
	expect_at(trial, second.attachment, 0, 0);
}

static void mapped_again(struct trial *trial, const void *data)
{
	struct scene scene;

	(void)data;
	map_whole(trial, &scene, ATTACHMENT_DYNAMIC);
	expect_done(trial, attachment_unmap(scene.attachment), "unmapping");
	expect_done(trial, attachment_map(scene.attachment, READ_WRITE), "mapping again");
	expect_at(trial, scene.attachment, 0, 0);
}

/* data: prot. */
static void by_prot(struct trial *trial, const void *data)
{
	struct scene scene;

	attach_whole(trial, &scene, ATTACHMENT_DYNAMIC);
	expect_done(trial, attachment_map(scene.attachment, *(const unsigned *)data), "mapping");
}

/* A mapping, and what the kernel is to say of it to the IOMMU. */
struct telling {
	unsigned prot;
	enum map_bit bit;
	bool with_bit;
	const char *expected;
};

static void tells_iommu(struct trial *trial, const void *data)
{
	const struct telling *telling = data;
	auto_free struct range *ranges = NULL;
	struct map_calls calls;
	struct scene scene;
	unsigned count;

	attach_whole(trial, &scene, ATTACHMENT_DYNAMIC);
	watch_calls(trial, &calls, MAP_CALLER_DMA_API, telling->bit);
	expect_done(trial, attachment_map(scene.attachment, telling->prot), "mapping");
	ranges = ranges_of(trial, scene.attachment, trial->setup->size, &count);
	expect(trial, calls_are(trial, &calls, ranges[0], telling->with_bit), "%s",
	       telling->expected);
}

static void outlives_fd(struct trial *trial, const void *data)
{
	struct scene scene;
	uint64_t inode;

	(void)data;
	map_whole(trial, &scene, ATTACHMENT_DYNAMIC);
	inode = inode_of(trial, scene.dmabuf);
	close_fd(trial, scene.dmabuf);
	expect(trial, dmabuf_exists(trial, inode), "the attachment keeps the dma-buf alive");
	expect_at(trial, scene.attachment, 0, 0);
	expect_done(trial, attachment_detach(scene.attachment), "detaching");
	expect(trial, !dmabuf_exists(trial, inode), "the dma-buf goes with its last attachment");
}

static void is_told(struct trial *trial, const void *data)
{
	struct scene scene;
	struct attachment_state state;

	map_whole(trial, &scene, ATTACHMENT_DYNAMIC);
	pull(trial, data);
	state = state_of(trial, scene.attachment);
	expect(trial, state.told, "the importer is told to let go");
	expect(trial, !state.mapped, "it has nothing mapped then");
	undo(trial, data);
	expect_done(trial, attachment_map(scene.attachment, READ_WRITE), "mapping again");
	expect_at(trial, scene.attachment, 0, 0);
}

static void for_good(struct trial *trial, const void *data)
{
	struct scene scene;
	struct attachment_state state;

	map_whole(trial, &scene, ATTACHMENT_REVOCABLE);
	pull(trial, data);
	undo(trial, data);
	state = state_of(trial, scene.attachment);
	expect(trial, state.told && !state.mapped, "the importer is told, and has let go");
	expect(trial, state.over, "it maps no more");
}

static void no_mapping(struct trial *trial, const void *data)
{
	struct scene scene;

	attach_whole(trial, &scene, ATTACHMENT_DYNAMIC);
	pull(trial, data);
	expect_error(trial, attachment_map(scene.attachment, READ_WRITE), ENODEV,
		     "mapping meanwhile");
	undo(trial, data);
	expect_done(trial, attachment_map(scene.attachment, READ_WRITE), "mapping afterwards");
}

static void no_attaching(struct trial *trial, const void *data)
{
	int dmabuf = new_dmabuf(trial, whole(trial)), attachment = new_attachment(trial);

	pull(trial, data);
	expect_error(trial, attachment_attach(attachment, dmabuf, ATTACHMENT_DYNAMIC), ENODEV,
		     "attaching meanwhile");
	undo(trial, data);
	expect_done(trial, attachment_attach(attachment, dmabuf, ATTACHMENT_DYNAMIC),
		    "attaching afterwards");
}

static void exporter_closed(struct trial *trial, const void *data)
{
	struct scene scene;
	struct attachment_state state;

	(void)data;
	map_whole(trial, &scene, ATTACHMENT_DYNAMIC);
	close_exporter(trial);
	state = state_of(trial, scene.attachment);
	expect(trial, state.told && !state.mapped, "the importer is told, and has let go");
	expect_error(trial, attachment_map(scene.attachment, READ_WRITE), ENODEV,
		     "mapping what was closed");
}

static void both_importers(struct trial *trial, const void *data)
{
	uint32_t ioas = new_ioas(trial);
	struct scene scene;
	struct range iova = { .length = trial->setup->size };

	(void)data;
	attach(trial, any_device(trial), ioas);
	map_whole(trial, &scene, ATTACHMENT_DYNAMIC);
	iova.offset = import(trial, ioas, scene.dmabuf, iova.length);
	pull(trial, &cause_memory);
	expect(trial, !state_of(trial, scene.attachment).mapped, "the DMA API's importer lets go");
	undo(trial, &cause_memory);
	expect_nothing(trial, any_device(trial), iova);
}

/* KASAN holds back what is freed, but not from this (kmem_cache_shrink() in mm/slab_common.c). */
static void give_back_freed(void)
{
	glob_t caches;

	if (!glob("/sys/kernel/slab/*/shrink", 0, NULL, &caches))
		for (size_t i = 0; i < caches.gl_pathc; i++)
			sys_write_file(caches.gl_pathv[i], "1");
	globfree(&caches);
}

/* Memory of the kernel's own that it could not give back, in KiB. Each CPU's count is taken first.
 */
static uint64_t kernel_memory(struct trial *trial)
{
	auto_free char *refreshed = NULL;
	auto_free char *text = NULL;
	unsigned long kib = 0;
	const char *line;

	give_back_freed();
	if (sys_read_file("/proc/sys/vm/stat_refresh", &refreshed))
		trial_skip(trial, "/proc/sys/vm/stat_refresh cannot be read");
	expect_done(trial, sys_read_file("/proc/meminfo", &text), "/proc/meminfo");
	line = strstr(text, "\nSUnreclaim:");
	expect(trial, line && sscanf(line, "\nSUnreclaim: %lu kB", &kib) == 1,
	       "/proc/meminfo has SUnreclaim");
	return kib;
}

#define MAPS 4000
#define MOST_ROUNDS 3 /* of five */
/* In KiB: an object of 16 bytes for each map. */
#define LEAKED (MAPS * 16 / 1024)

/* What that takes, in KiB; *memory is the kernel's before, and after it. */
static uint64_t map_and_unmap(struct trial *trial, int attachment, uint64_t *memory)
{
	uint64_t before = *memory;

	for (unsigned i = 0; i < MAPS; i++) {
		expect_done(trial, attachment_map(attachment, READ_WRITE), "map %u of %d", i + 1,
			    MAPS);
		expect_done(trial, attachment_unmap(attachment), "unmap %u of %d", i + 1, MAPS);
	}
	*memory = kernel_memory(trial);
	return *memory > before ? *memory - before : 0;
}

/* What is leaked by each map is lost in every round; what others take or free meanwhile is not. */
static void leaks_nothing(struct trial *trial, const void *data)
{
	unsigned clean = 0, leaky = 0;
	uint64_t memory, lost;
	struct scene scene;

	(void)data;
	attach_whole(trial, &scene, ATTACHMENT_DYNAMIC);
	memory = kernel_memory(trial);
	do {
		lost = map_and_unmap(trial, scene.attachment, &memory);
		if (lost < LEAKED)
			clean++;
		else
			leaky++;
	} while (clean < MOST_ROUNDS && leaky < MOST_ROUNDS);
	expect(trial, clean == MOST_ROUNDS,
	       "%d maps and unmaps leave nothing allocated (%llu KiB seen)", MAPS,
	       (unsigned long long)lost);
}

#define NEEDS (NEEDS_EXPORTER | NEEDS_DMA_IMPORTER)
#define ATTACH "vfio_pci_dma_buf_attach() in " VFIO_DMABUF
#define MAP "vfio_pci_dma_buf_map() in " VFIO_DMABUF
#define MOVE "vfio_pci_dma_buf_move() in " VFIO_DMABUF
#define TO_PROT "dma_info_to_prot() in drivers/iommu/dma-iommu.c"
#define TO_TABLE "dma_buf_phys_vec_to_sgt() in drivers/dma-buf/dma-buf-mapping.c"

#define CASE(case_name, sentence, from, function, ...)                                          \
	{                                                                                       \
		.name = "device-" case_name, .rule = sentence, .source = from, .run = function, \
		.traits = NEEDS, __VA_ARGS__                                                    \
	}
#define REFUSED(case_name, sentence, id, ...)                                                  \
	{                                                                                      \
		.name = "device-" case_name, .rule = sentence, .refusal = id, .traits = NEEDS, \
		.run = refused, __VA_ARGS__                                                    \
	}
#define TELLING(...)                    \
	.data = &(const struct telling) \
	{                               \
		__VA_ARGS__             \
	}
#define PROMISE(n)                               \
	.data = &(const enum attachment_promise) \
	{                                        \
		n                                \
	}
#define CAUSED(case_name, sentence, from, function, cause)                     \
	{                                                                      \
		.name = "device-" case_name, .rule = sentence, .source = from, \
		.traits = NEEDS | DISTURBS, .run = function, .data = cause     \
	}
#define LETS_GO(id, what, cause)                                                              \
	CAUSED(id, "an importer that promised to let go is told by " what ", and maps again", \
	       MOVE, is_told, cause)
#define LASTING(id, what, cause)                                                                   \
	CAUSED(id "-map", "what is attached cannot be mapped during " what, MAP, no_mapping,       \
	       cause),                                                                             \
		CAUSED(id "-attach", "nothing can be attached during " what, ATTACH, no_attaching, \
		       cause)

static const struct conform_known linked_at_start = {
	.bug = "each range is linked at the start of the IOVAs",
	.since = "6.19",
	.mended_by = "kernel/linux-7.x/0003",
};

static const struct conform_known table_leaked = {
	.bug = "the scatterlist is freed by a length that was set to 0",
	.since = "6.19",
	.mended_by = "kernel/linux-7.x/0001",
};

const struct conform_case device_cases[] = {
	CASE("dynamic", "a dynamic importer may attach and map", ATTACH, accepted,
	     PROMISE(ATTACHMENT_DYNAMIC)),
	CASE("revocable", "a pinned importer that can be told may attach and map", ATTACH, accepted,
	     PROMISE(ATTACHMENT_REVOCABLE), .since = "7.1"),
	REFUSED("pinned", "a pinned importer that cannot be told is refused", "import-promise",
		PROMISE(ATTACHMENT_PINNED), .since = "7.1"),
	REFUSED("plain", "an importer without peer-to-peer is refused", "import-promise",
		PROMISE(ATTACHMENT_PLAIN)),
	CASE("whole", "the addresses cover all of the dma-buf", TO_TABLE, covers_all, .data = NULL),
	CASE("place", "the addresses lead to the BAR, its first page and its last", TO_TABLE,
	     gets_there, .data = NULL),
	CASE("several-ranges", "several ranges have addresses of their own, in their order",
	     TO_TABLE, several_ranges, .known = &linked_at_start),
	CASE("two", "two attachments of one dma-buf do not depend on each other", MAP,
	     two_attachments, .data = NULL),
	CASE("map-again", "what was unmapped can be mapped again", MAP, mapped_again, .data = NULL),
	CASE("read", "a mapping may be for reading", MAP, by_prot, .data = &(const unsigned){ 1 }),
	CASE("write", "a mapping may be for writing", MAP, by_prot, .data = &(const unsigned){ 2 }),
	CASE("read-only", "what is mapped for reading alone cannot be written", TO_PROT,
	     tells_iommu, TELLING(1, MAP_BIT_WRITE, false, "the IOMMU is not told of writing")),
	CASE("write-only", "what is mapped for writing alone is not mapped for reading", TO_PROT,
	     tells_iommu, TELLING(2, MAP_BIT_READ, false, "the IOMMU is not told of reading")),
	CASE("mmio", "a BAR is mapped as a device's memory", TO_PROT, tells_iommu,
	     TELLING(READ_WRITE, MAP_BIT_MMIO, true, "the IOMMU is told IOMMU_MMIO")),
	CASE("fd-closed", "an attachment keeps the dma-buf alive, and no longer",
	     "vfio_pci_dma_buf_release() in " VFIO_DMABUF, outlives_fd, .data = NULL),
	CASE("leak", "4,000 maps and unmaps leave nothing behind", TO_TABLE, leaks_nothing,
	     .known = &table_leaked),
	LETS_GO("reset", "VFIO_DEVICE_RESET", &cause_reset),
	LETS_GO("flr", "a function level reset", &cause_flr),
	LETS_GO("memory", "memory decode off", &cause_memory),
	LETS_GO("d3hot", "D3hot", &cause_d3hot),
	LETS_GO("low-power", "low power", &cause_low_power),
	LASTING("memory", "memory decode off", &cause_memory),
	LASTING("d3hot", "D3hot", &cause_d3hot),
	LASTING("low-power", "low power", &cause_low_power),
	{ .name = "device-for-good",
	  .rule = "an importer that lets go for good is told once, and does",
	  .source = MOVE,
	  .since = "7.1",
	  .traits = NEEDS | DISTURBS,
	  .run = for_good,
	  .data = &cause_memory },
	{ .name = "device-closed",
	  .rule = "closing the exporter tells the importer, for good",
	  .source = "vfio_pci_dma_buf_cleanup() in " VFIO_DMABUF,
	  .traits = NEEDS | STARTS_FRESH,
	  .run = exporter_closed },
	{ .name = "device-and-iommufd",
	  .rule = "both kinds of importers of one dma-buf let go",
	  .source = MOVE,
	  .traits = NEEDS | NEEDS_IMPORTS | DISTURBS,
	  .run = both_importers },
	{ 0 },
};
