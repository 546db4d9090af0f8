// SPDX-License-Identifier: GPL-2.0-only
/* Import: what IOMMU_IOAS_MAP_FILE takes of a dma-buf, and what goes on with it in its IOAS. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conform/evidence.h"
#include "kernel/dmabuf.h"
#include "kernel/iommufd.h"
#include "kernel/sys.h"
#include "kernel/vfio.h"
#include "uapi/iommufd.h"
#include "util/scope.h"

#define READABLE IOMMU_IOAS_MAP_READABLE
#define WRITEABLE IOMMU_IOAS_MAP_WRITEABLE
#define FIXED IOMMU_IOAS_MAP_FIXED_IOVA
#define READ_WRITE (IOMMUFD_READ | IOMMUFD_WRITE)

/* Where nothing is reserved on any IOMMU that is known. */
#define IOVA 0x40000000ull
/* Where Intel's and AMD's IOMMUs take interrupts. */
#define INTERRUPTS 0xfee00000ull

enum ioas_kind { IOAS_NEW, IOAS_ABSENT, IOAS_IS_DEVICE };
enum file_kind { FILE_DMABUF, FILE_CLOSED };

/* One call; of a new dma-buf of the BAR's first three pages. */
struct request {
	uint32_t size;	/* of the argument; 0: what it should be */
	uint32_t flags; /* 0: READABLE|WRITEABLE */
	bool no_flags;
	enum ioas_kind ioas;
	enum file_kind file;
	bool attached; /* the IOAS, to a device */
	uint64_t start, length, iova;
	int error; /* 0: it is to succeed */
};

#define PAGES 3

static uint32_t choose_ioas(struct trial *trial, const struct request *request)
{
	switch (request->ioas) {
	case IOAS_ABSENT:
		return UINT32_MAX;
	case IOAS_IS_DEVICE:
		return any_device_id(trial);
	default:
		return new_ioas(trial);
	}
}

static int call(struct trial *trial, void *argument)
{
	return sys_ioctl(the_iommufd(trial), "IOMMU_IOAS_MAP_FILE", IOMMU_IOAS_MAP_FILE, argument,
			 "%s", "");
}

static void try_request(struct trial *trial, const void *data)
{
	const struct request *request = data;
	struct iommu_ioas_map_file map = {
		.size = request->size ? request->size : sizeof(map),
		.flags = request->flags || request->no_flags ? request->flags :
							       READABLE | WRITEABLE,
		.ioas_id = choose_ioas(trial, request),
		.fd = new_dmabuf(trial, pages(trial, 0, PAGES)),
		.start = request->start,
		.length = request->length,
		.iova = request->iova,
	};

	if (request->attached)
		attach(trial, any_device(trial), map.ioas_id);
	if (request->file == FILE_CLOSED) {
		close_fd(trial, map.fd);
		map.fd = 1 << 20;
	}
	expect_error(trial, call(trial, &map), request->error, "IOMMU_IOAS_MAP_FILE");
	if (!request->error && request->flags & FIXED)
		expect(trial, map.iova == request->iova,
		       "it is mapped at the IOVA that was asked for");
}

/* The argument with more bytes than the kernel knows. */
static void try_longer(struct trial *trial, const void *data)
{
	struct {
		struct iommu_ioas_map_file known;
		uint64_t more;
	} map = {
		.known = { .size = sizeof(map),
			   .flags = READABLE,
			   .ioas_id = new_ioas(trial),
			   .fd = new_dmabuf(trial, pages(trial, 0, 1)),
			   .length = PAGE },
		.more = *(const uint64_t *)data,
	};

	expect_error(trial, call(trial, &map), map.more ? E2BIG : 0,
		     "an argument with 8 more bytes, which are %s", map.more ? "not zero" : "zero");
}

static void try_unreadable(struct trial *trial, const void *data)
{
	(void)data;
	expect_error(trial, call(trial, (void *)1), EFAULT, "an argument that cannot be read");
}

static void whole_bar(struct trial *trial, const void *data)
{
	(void)data;
	import(trial, new_ioas(trial), new_dmabuf(trial, whole(trial)), trial->setup->size);
}

/* Every page of a dma-buf by itself, the last one too. */
static void each_page(struct trial *trial, const void *data)
{
	uint32_t ioas = new_ioas(trial);
	int dmabuf = new_dmabuf(trial, pages(trial, 0, PAGES));

	(void)data;
	for (unsigned i = 0; i < PAGES; i++)
		expect_done(trial,
			    try_import(trial, ioas, dmabuf, (struct range){ i * PAGE, PAGE },
				       READ_WRITE),
			    "importing page %u of %d", i, PAGES);
}

/* data: how often. */
static void often_in_one(struct trial *trial, const void *data)
{
	unsigned count = *(const unsigned *)data;
	uint32_t ioas = new_ioas(trial);
	int dmabuf = new_dmabuf(trial, pages(trial, 0, 1));
	uint64_t last = UINT64_MAX;

	for (unsigned i = 0; i < count; i++) {
		uint64_t iova = import(trial, ioas, dmabuf, PAGE);

		expect(trial, iova != last, "each mapping has IOVAs of its own");
		last = iova;
	}
}

static void in_many(struct trial *trial, const void *data)
{
	int dmabuf = new_dmabuf(trial, pages(trial, 0, 1));

	for (unsigned i = 0; i < *(const unsigned *)data; i++)
		import(trial, new_ioas(trial), dmabuf, PAGE);
}

static int map_at(struct trial *trial, uint32_t ioas, int dmabuf, uint64_t iova, uint64_t length)
{
	return iommufd_map_file(the_iommufd(trial), ioas, dmabuf, (struct range){ 0, length },
				READ_WRITE, true, &iova);
}

/* data: where a second mapping of two pages is tried, from the first one's start. */
static void occupied(struct trial *trial, const void *data)
{
	int64_t distance = *(const int64_t *)data;
	uint32_t ioas = new_ioas(trial);
	int dmabuf = new_dmabuf(trial, pages(trial, 0, PAGES));
	bool apart = distance <= -2 * (int64_t)PAGE || distance >= 2 * (int64_t)PAGE;

	expect_done(trial, map_at(trial, ioas, dmabuf, IOVA, 2 * PAGE), "a first mapping");
	expect_error(trial, map_at(trial, ioas, dmabuf, IOVA + distance, 2 * PAGE),
		     apart ? 0 : EEXIST, "a second mapping %lld bytes from the first",
		     (long long)distance);
}

static void chosen_is_free(struct trial *trial, const void *data)
{
	uint32_t ioas = new_ioas(trial);
	int dmabuf = new_dmabuf(trial, whole(trial));
	const struct range first = { import(trial, ioas, dmabuf, trial->setup->size),
				     trial->setup->size };
	const struct range second = { import(trial, ioas, dmabuf, trial->setup->size),
				      trial->setup->size };

	(void)data;
	expect(trial, !range_common(first, second), "IOVAs that the kernel chooses are free");
}

/* data: the IOVAs; in an IOAS that a device is attached to. */
static void reserved(struct trial *trial, const void *data)
{
	uint32_t ioas = new_ioas(trial);
	int dmabuf = new_dmabuf(trial, pages(trial, 0, 1));
	uint64_t iova = *(const uint64_t *)data;
	struct range taken;
	char kind[16];

	attach(trial, any_device(trial), ioas);
	if (iova == INTERRUPTS &&
	    !pci_find_reserved(any_pci(trial)->group, (struct range){ iova, PAGE }, &taken, kind))
		trial_skip(trial, "the IOMMU reserves nothing at 0x%llx", (unsigned long long)iova);
	expect_error(trial, map_at(trial, ioas, dmabuf, iova, PAGE), EINVAL, "a mapping at 0x%llx",
		     (unsigned long long)iova);
}

static void attach_over_reserved(struct trial *trial, const void *data)
{
	uint32_t ioas = new_ioas(trial);
	int dmabuf = new_dmabuf(trial, pages(trial, 0, 1));
	struct range taken;
	char kind[16];

	(void)data;
	if (!pci_find_reserved(any_pci(trial)->group, (struct range){ INTERRUPTS, PAGE }, &taken,
			       kind))
		trial_skip(trial, "the IOMMU reserves nothing at 0x%llx", INTERRUPTS);
	expect_done(trial, map_at(trial, ioas, dmabuf, INTERRUPTS, PAGE),
		    "a mapping there, while no device is attached");
	expect_error(trial, vfio_attach(any_device(trial), ioas), EADDRINUSE,
		     "attaching a device that has it reserved");
}

/* All that the attached device allows begins with the first range and ends with the last. */
static void aperture(struct trial *trial, const void *data)
{
	uint32_t ioas = new_ioas(trial);
	int dmabuf = new_dmabuf(trial, pages(trial, 0, 1));
	struct range *ranges, last;
	unsigned count;

	(void)data;
	attach(trial, any_device(trial), ioas);
	expect_done(trial, iommufd_iova_ranges(the_iommufd(trial), ioas, &ranges, &count),
		    "IOMMU_IOAS_IOVA_RANGES");
	last = count ? ranges[count - 1] : (struct range){ 0 };
	free(ranges);
	if (last.length == UINT64_MAX || range_last(last) == UINT64_MAX)
		trial_skip(trial, "the IOMMU translates all 64 bits");
	expect_error(trial, map_at(trial, ioas, dmabuf, range_last(last) + 1, PAGE), EINVAL,
		     "a mapping behind the last IOVA, 0x%llx",
		     (unsigned long long)range_last(last));
	expect_done(trial, map_at(trial, ioas, dmabuf, range_last(last) + 1 - PAGE, PAGE),
		    "a mapping that ends there");
}

static void allowed(struct trial *trial, const void *data)
{
	uint32_t ioas = new_ioas(trial);
	int dmabuf = new_dmabuf(trial, pages(trial, 0, 1));
	struct iommu_iova_range range = { IOVA, IOVA + PAGE - 1 };
	struct iommu_ioas_allow_iovas allow = {
		.size = sizeof(allow),
		.ioas_id = ioas,
		.num_iovas = 1,
		.allowed_iovas = (uintptr_t)&range,
	};

	(void)data;
	expect_done(trial,
		    sys_ioctl(the_iommufd(trial), "IOMMU_IOAS_ALLOW_IOVAS", IOMMU_IOAS_ALLOW_IOVAS,
			      &allow, "{0x%llx}", IOVA),
		    "IOMMU_IOAS_ALLOW_IOVAS");
	expect(trial, import(trial, ioas, dmabuf, PAGE) == IOVA,
	       "the kernel chooses the only IOVA that is allowed");
	expect_error(trial, try_import(trial, ioas, dmabuf, (struct range){ 0, PAGE }, READ_WRITE),
		     ENOSPC, "another mapping, which has no room");
}

static void several_ranges(struct trial *trial, const void *data)
{
	const struct range ranges[2] = { pages(trial, 0, 1), pages(trial, 2, 1) };
	int dmabuf = keep_fd(trial, vfio_export(the_exporter(trial), trial->setup->bar, ranges, 2),
			     "exporting two ranges");

	(void)data;
	expect_error(
		trial,
		try_import(trial, new_ioas(trial), dmabuf, (struct range){ 0, PAGE }, READ_WRITE),
		EOPNOTSUPP, "importing a dma-buf of two ranges");
}

static void foreign(struct trial *trial, const void *data)
{
	int dmabuf = dmabuf_make_udmabuf(PAGE);

	(void)data;
	if (dmabuf < 0)
		trial_skip(trial, "no dma-buf of memory can be had (" UDMABUF_PATH ": %s)",
			   strerrorname_np(-dmabuf));
	keep_fd(trial, dmabuf, UDMABUF_PATH);
	expect_error(
		trial,
		try_import(trial, new_ioas(trial), dmabuf, (struct range){ 0, PAGE }, READ_WRITE),
		EOPNOTSUPP, "importing a dma-buf of udmabuf's");
}

/* A file of memory in the same IOAS. */
static int new_memory_file(struct trial *trial)
{
	int fd = keep_fd(trial, memfd_create("conform", MFD_CLOEXEC), "memfd_create");

	if (ftruncate(fd, PAGE))
		trial_skip(trial, "out of memory");
	return fd;
}

static void beside_file(struct trial *trial, const void *data)
{
	uint32_t ioas = new_ioas(trial);
	int dmabuf = new_dmabuf(trial, pages(trial, 0, 1)), file = new_memory_file(trial);
	int rc = map_at(trial, ioas, file, IOVA, PAGE);

	(void)data;
	if (rc == -EOPNOTSUPP)
		trial_skip(trial, "this kernel maps no files but dma-bufs");
	expect_done(trial, rc, "mapping a file of memory");
	expect_error(trial, map_at(trial, ioas, dmabuf, IOVA, PAGE), EEXIST,
		     "a dma-buf where a file is mapped");
	expect_done(trial, map_at(trial, ioas, dmabuf, IOVA + PAGE, PAGE),
		    "a dma-buf beside the file");
}

static void beside_memory(struct trial *trial, const void *data)
{
	uint32_t ioas = new_ioas(trial);
	int dmabuf = new_dmabuf(trial, pages(trial, 0, 1));
	void *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t iova = 0;

	(void)data;
	if (memory == MAP_FAILED)
		trial_skip(trial, "out of memory");
	expect_done(trial, iommufd_map_memory(the_iommufd(trial), ioas, memory, PAGE, &iova),
		    "IOMMU_IOAS_MAP");
	expect_error(trial, map_at(trial, ioas, dmabuf, iova, PAGE), EEXIST,
		     "a dma-buf where memory is mapped");
	import(trial, ioas, dmabuf, PAGE);
	unmap(trial, ioas, (struct range){ iova, PAGE });
	munmap(memory, PAGE);
	expect_done(trial, map_at(trial, ioas, dmabuf, iova, PAGE),
		    "a dma-buf where memory was mapped");
}

struct unmapping {
	int64_t offset, length; /* from the mapping of two pages at IOVA; length 0: as it is */
	int error;
};

static void try_unmap(struct trial *trial, const void *data)
{
	const struct unmapping *unmapping = data;
	uint32_t ioas = new_ioas(trial);
	int dmabuf = new_dmabuf(trial, pages(trial, 0, 2));
	const struct range window = { IOVA + unmapping->offset, unmapping->length };

	expect_done(trial, map_at(trial, ioas, dmabuf, IOVA, 2 * PAGE), "a mapping");
	expect_error(trial, iommufd_unmap(the_iommufd(trial), ioas, window), unmapping->error,
		     "IOMMU_IOAS_UNMAP {0x%llx+0x%llx}", (unsigned long long)window.offset,
		     (unsigned long long)window.length);
	expect_error(trial, map_at(trial, ioas, dmabuf, IOVA, 2 * PAGE),
		     unmapping->error ? EEXIST : 0, "mapping there again");
}

static void unmap_nothing(struct trial *trial, const void *data)
{
	(void)data;
	expect_error(
		trial,
		iommufd_unmap(the_iommufd(trial), new_ioas(trial), (struct range){ IOVA, PAGE }),
		ENOENT, "IOMMU_IOAS_UNMAP of nothing");
}

/* What a call unmapped, in bytes. */
static uint64_t unmapped(struct trial *trial, uint32_t ioas, struct range window)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = ioas,
		.iova = window.offset,
		.length = window.length,
	};

	expect_done(trial,
		    sys_ioctl(the_iommufd(trial), "IOMMU_IOAS_UNMAP", IOMMU_IOAS_UNMAP, &unmap,
			      "{0x%llx+0x%llx}", (unsigned long long)window.offset,
			      (unsigned long long)window.length),
		    "IOMMU_IOAS_UNMAP");
	return unmap.length;
}

static void unmap_several(struct trial *trial, const void *data)
{
	uint32_t ioas = new_ioas(trial);
	int dmabuf = new_dmabuf(trial, pages(trial, 0, 1));

	(void)data;
	for (unsigned i = 0; i < 4; i++)
		expect_done(trial, map_at(trial, ioas, dmabuf, IOVA + 2 * i * PAGE, PAGE),
			    "mapping %u", i);
	expect(trial, unmapped(trial, ioas, (struct range){ IOVA, 4 * PAGE }) == 2 * PAGE,
	       "two of four mappings are unmapped, and their bytes are told");
	expect(trial, unmapped(trial, ioas, (struct range){ 0, UINT64_MAX }) == 2 * PAGE,
	       "all that is left is unmapped by IOVA 0 and length 2^64 - 1");
}

static void unmap_all_of_none(struct trial *trial, const void *data)
{
	(void)data;
	expect(trial, !unmapped(trial, new_ioas(trial), (struct range){ 0, UINT64_MAX }),
	       "to unmap all of an IOAS that has nothing is no error");
}

struct copy {
	uint32_t flags;
	uint64_t offset, length; /* of the source, from IOVA, where two pages are mapped */
	bool same;		 /* into the same IOAS */
	bool read_only;		 /* the source */
	int error;
};

static int try_copy(struct trial *trial, const struct copy *copy, uint32_t from, uint32_t to)
{
	struct iommu_ioas_copy argument = {
		.size = sizeof(argument),
		.flags = copy->flags,
		.dst_ioas_id = to,
		.src_ioas_id = from,
		.length = copy->length,
		.src_iova = IOVA + copy->offset,
	};

	return sys_ioctl(the_iommufd(trial), "IOMMU_IOAS_COPY", IOMMU_IOAS_COPY, &argument,
			 "{0x%llx+0x%llx}", (unsigned long long)argument.src_iova,
			 (unsigned long long)argument.length);
}

static void copies(struct trial *trial, const void *data)
{
	const struct copy *copy = data;
	uint32_t from = new_ioas(trial), to = copy->same ? from : new_ioas(trial);
	int dmabuf = new_dmabuf(trial, pages(trial, 0, 2));
	uint64_t iova = IOVA;

	expect_done(trial,
		    iommufd_map_file(the_iommufd(trial), from, dmabuf,
				     (struct range){ 0, 2 * PAGE },
				     copy->read_only ? IOMMUFD_READ : READ_WRITE, true, &iova),
		    "a mapping");
	expect_error(trial, try_copy(trial, copy, from, to), copy->error, "IOMMU_IOAS_COPY");
}

static void copy_outlives(struct trial *trial, const void *data)
{
	const struct copy all = { .flags = READABLE | WRITEABLE, .length = PAGE };
	uint32_t from = new_ioas(trial), to = new_ioas(trial);
	int dmabuf = new_dmabuf(trial, pages(trial, 0, 1));

	(void)data;
	expect_done(trial, map_at(trial, from, dmabuf, IOVA, PAGE), "a mapping");
	expect_done(trial, try_copy(trial, &all, from, to), "IOMMU_IOAS_COPY");
	unmap(trial, from, (struct range){ IOVA, PAGE });
	expect(trial, unmapped(trial, to, (struct range){ 0, UINT64_MAX }) == PAGE,
	       "the copy is there when what it was made of is unmapped");
}

static void destroy_mapped(struct trial *trial, const void *data)
{
	uint32_t ioas = new_ioas(trial);
	int dmabuf = new_dmabuf(trial, pages(trial, 0, 1));
	uint64_t inode = inode_of(trial, dmabuf);

	(void)data;
	import(trial, ioas, dmabuf, PAGE);
	close_fd(trial, dmabuf);
	expect(trial, dmabuf_exists(trial, inode), "the mapping keeps the dma-buf alive");
	destroy(trial, ioas);
	expect(trial, !dmabuf_exists(trial, inode), "the dma-buf goes with the IOAS");
}

static void unmapped_is_released(struct trial *trial, const void *data)
{
	uint32_t ioas = new_ioas(trial);
	int dmabuf = new_dmabuf(trial, pages(trial, 0, 1));
	uint64_t inode = inode_of(trial, dmabuf);
	uint64_t iova = import(trial, ioas, dmabuf, PAGE);

	(void)data;
	close_fd(trial, dmabuf);
	unmap(trial, ioas, (struct range){ iova, PAGE });
	expect(trial, !dmabuf_exists(trial, inode), "the dma-buf goes with its last mapping");
}

static void refused_is_released(struct trial *trial, const void *data)
{
	uint32_t ioas = new_ioas(trial);
	int dmabuf = new_dmabuf(trial, pages(trial, 0, 1));
	uint64_t inode = inode_of(trial, dmabuf);

	(void)data;
	expect_error(trial,
		     try_import(trial, ioas, dmabuf, (struct range){ 0, 2 * PAGE }, READ_WRITE),
		     EINVAL, "a mapping beyond the end");
	expect_done(trial, map_at(trial, ioas, dmabuf, IOVA, PAGE), "a mapping");
	expect_error(trial, map_at(trial, ioas, dmabuf, IOVA, PAGE), EEXIST,
		     "a mapping where there is one");
	unmap(trial, ioas, (struct range){ IOVA, PAGE });
	close_fd(trial, dmabuf);
	expect(trial, !dmabuf_exists(trial, inode),
	       "mappings that were refused keep no dma-buf alive");
}

static void destroy_attached(struct trial *trial, const void *data)
{
	uint32_t ioas = new_ioas(trial);

	(void)data;
	import(trial, ioas, new_dmabuf(trial, pages(trial, 0, 1)), PAGE);
	attach(trial, any_device(trial), ioas);
	expect_error(trial, iommufd_destroy(the_iommufd(trial), ioas), EBUSY,
		     "IOMMU_DESTROY of an IOAS with a device");
}

static void forbid_huge_pages(struct trial *trial, uint32_t ioas)
{
	struct iommu_option option = {
		.size = sizeof(option),
		.option_id = IOMMU_OPTION_HUGE_PAGES,
		.op = IOMMU_OPTION_OP_SET,
		.object_id = ioas,
	};

	expect_done(trial,
		    sys_ioctl(the_iommufd(trial), "IOMMU_OPTION", IOMMU_OPTION, &option,
			      "{huge pages 0}"),
		    "IOMMU_OPTION {huge pages 0}");
}

static void without_huge_pages(struct trial *trial, const void *data)
{
	uint32_t ioas = new_ioas(trial);
	int dmabuf = new_dmabuf(trial, whole(trial));
	struct range iova = { .length = trial->setup->size };

	(void)data;
	forbid_huge_pages(trial, ioas);
	attach(trial, any_device(trial), ioas);
	iova.offset = import(trial, ioas, dmabuf, iova.length);
	expect_translated(trial, any_device(trial), iova, 0);
}

static void page_by_page(struct trial *trial, const void *data)
{
	uint32_t ioas = new_ioas(trial);
	struct range iova = { .length = PAGES * PAGE };
	struct map_calls calls;
	unsigned seen;

	(void)data;
	forbid_huge_pages(trial, ioas);
	attach(trial, any_device(trial), ioas);
	watch_calls(trial, &calls, MAP_CALLER_IOMMUFD, MAP_BIT_MMIO);
	iova.offset = import(trial, ioas, new_dmabuf(trial, pages(trial, 0, PAGES)), iova.length);
	seen = count_calls(trial, &calls, iova);
	expect(trial, seen == PAGES, "iommu_map() is called for each of %d pages (%u calls seen)",
	       PAGES, seen);
}

/* data: pages before the part that is mapped. */
static void right_part(struct trial *trial, const void *data)
{
	uint64_t skipped = *(const uint64_t *)data;
	uint32_t ioas = new_ioas(trial);
	int dmabuf = new_dmabuf(trial, pages(trial, 1, skipped + 2));
	struct range iova = { IOVA, PAGE };

	attach(trial, any_device(trial), ioas);
	expect_done(trial,
		    iommufd_map_file(the_iommufd(trial), ioas, dmabuf,
				     (struct range){ skipped * PAGE, PAGE }, READ_WRITE, true,
				     &iova.offset),
		    "a mapping of page %llu", (unsigned long long)skipped);
	/* The dma-buf itself begins with the BAR's second page. */
	expect_translated(trial, any_device(trial), iova, (1 + skipped) * PAGE);
}

#define NEEDS (NEEDS_EXPORTER | NEEDS_IMPORTS)
#define TRY(...) (&(const struct request){ .length = PAGE, __VA_ARGS__ })
#define MAP_IOCTL "iommufd_ioas_map_file() in " IOMMUFD_IOAS
#define MAP_PAGES "iopt_map_file_pages() in " IOMMUFD_TABLE
#define ALLOC "iopt_alloc_dmabuf_pages() in " IOMMUFD_PAGES
#define IOCTL "iommufd_fops_ioctl() in " IOMMUFD_MAIN
#define CHECK "iopt_check_iova() in " IOMMUFD_TABLE
#define AREA "iopt_alloc_area_pages() in " IOMMUFD_TABLE
#define UNMAP "iopt_unmap_iova_range() in " IOMMUFD_TABLE
#define COPY "iommufd_ioas_copy() in " IOMMUFD_IOAS
#define RELEASE "iopt_release_pages() in " IOMMUFD_PAGES

/* A call of one page, but for what the case is about. */
#define CALL(case_name, sentence, from, ...)                                                    \
	{                                                                                       \
		.name = "import-" case_name, .rule = sentence, .source = from, .traits = NEEDS, \
		.run = try_request, .data = &(const struct request)                             \
		{                                                                               \
			__VA_ARGS__                                                             \
		}                                                                               \
	}
#define CASE(case_name, sentence, from, function, value)                                        \
	{                                                                                       \
		.name = "import-" case_name, .rule = sentence, .source = from, .traits = NEEDS, \
		.run = function, .data = value                                                  \
	}
/* One that attaches a device. */
#define ATTACHING(case_name, sentence, from, function, value)                  \
	{                                                                      \
		.name = "import-" case_name, .rule = sentence, .source = from, \
		.traits = NEEDS | DISTURBS, .run = function, .data = value     \
	}
#define REFUSAL(case_name, sentence, id, function, value)                                      \
	{                                                                                      \
		.name = "import-" case_name, .rule = sentence, .refusal = id, .traits = NEEDS, \
		.run = function, .data = value                                                 \
	}
#define UNMAPPING(...) (&(const struct unmapping){ __VA_ARGS__ })
#define COPYING(...) (&(const struct copy){ __VA_ARGS__ })
#define UNSIGNED(n) (&(const unsigned){ n })
#define PLACE(n) (&(const uint64_t){ n })
#define DISTANCE(n) (&(const int64_t){ (n) * (int64_t)PAGE })

const struct conform_case import_cases[] = {
	CASE("whole", "all of a BAR can be mapped", MAP_IOCTL, whole_bar, NULL),
	CASE("each-page", "each page of a dma-buf can be mapped by itself", MAP_IOCTL, each_page,
	     NULL),
	CALL("read-only", "a mapping may be for reading alone", MAP_IOCTL, .length = PAGE,
	     .flags = READABLE),
	CALL("write-only", "a mapping may be for writing alone", MAP_IOCTL, .length = PAGE,
	     .flags = WRITEABLE),
	CALL("neither", "a mapping for neither is refused", MAP_IOCTL, .length = PAGE,
	     .no_flags = true, .error = EINVAL),
	CALL("fixed-neither", "so it is at an IOVA that is asked for", MAP_IOCTL, .length = PAGE,
	     .flags = FIXED, .error = EINVAL),
	CALL("unknown-flag", "an unknown flag is refused", MAP_IOCTL, .length = PAGE,
	     .flags = READABLE | 1 << 3, .error = EOPNOTSUPP),
	CALL("fixed", "a mapping is where it was asked for", MAP_IOCTL, .length = PAGE,
	     .flags = READABLE | FIXED, .iova = IOVA),
	CALL("length-zero", "a mapping of no length is refused", MAP_PAGES, .length = 0,
	     .error = EINVAL),
	CALL("length-beyond", "a page more than the dma-buf has is refused", ALLOC,
	     .length = (PAGES + 1) * PAGE, .error = EINVAL),
	CALL("length-byte-beyond", "so is a byte more", ALLOC, .length = PAGES * PAGE + 1,
	     .error = EINVAL),
	CALL("start-at-end", "a start where the dma-buf ends is refused", ALLOC, .length = PAGE,
	     .start = PAGES * PAGE, .error = EINVAL),
	CALL("start-beyond", "a start behind the end is refused", ALLOC, .length = PAGE,
	     .start = (PAGES + 1) * PAGE, .error = EINVAL),
	CALL("last-page-beyond", "two pages from the last one on are refused", ALLOC,
	     .length = 2 * PAGE, .start = (PAGES - 1) * PAGE, .error = EINVAL),
	CALL("start-wraps", "a start and a length that leave 64 bits are refused as such",
	     MAP_PAGES, .length = 2 * PAGE, .start = -PAGE, .error = EOVERFLOW),
	CALL("length-highest", "a length of 2^64 - 1 is refused", MAP_IOCTL, .length = UINT64_MAX,
	     .error = EOVERFLOW),
	CALL("iova-highest", "an IOVA of 2^64 - 1 is refused", MAP_IOCTL, .length = PAGE,
	     .flags = READABLE | FIXED, .iova = UINT64_MAX, .error = EOVERFLOW),
	CALL("no-ioas", "an ID that nothing has is refused", MAP_IOCTL, .length = PAGE,
	     .ioas = IOAS_ABSENT, .error = ENOENT),
	CALL("device-for-ioas", "so is the ID of a device", MAP_IOCTL, .length = PAGE,
	     .ioas = IOAS_IS_DEVICE, .error = ENOENT),
	CALL("no-fd", "an fd that is not open is refused", MAP_PAGES, .length = PAGE,
	     .file = FILE_CLOSED, .error = EBADF),
	CALL("size-short", "an argument that is too short is refused", IOCTL, .length = PAGE,
	     .size = 8, .error = EINVAL),
	CASE("size-longer", "a longer argument is taken when the rest is zero", IOCTL, try_longer,
	     PLACE(0)),
	CASE("size-unknown", "a longer argument is refused when the rest is not zero", IOCTL,
	     try_longer, PLACE(1)),
	CASE("unreadable", "an argument that cannot be read gives EFAULT", IOCTL, try_unreadable,
	     NULL),
	CASE("repeated", "a dma-buf can be mapped 64 times in one IOAS", MAP_IOCTL, often_in_one,
	     UNSIGNED(64)),
	CASE("many-ioases", "a dma-buf can be mapped in 64 IOASes", MAP_IOCTL, in_many,
	     UNSIGNED(64)),
	CASE("chosen", "IOVAs that the kernel chooses are free ones",
	     "iopt_alloc_iova() in " IOMMUFD_TABLE, chosen_is_free, NULL),
	REFUSAL("occupied", "an IOVA where something is mapped is refused", "import-occupied",
		occupied, DISTANCE(0)),
	REFUSAL("occupied-end", "so is one whose last page is taken", "import-occupied", occupied,
		DISTANCE(-1)),
	REFUSAL("occupied-start", "so is one whose first page is taken", "import-occupied",
		occupied, DISTANCE(1)),
	CASE("before", "a mapping may end where another begins", CHECK, occupied, DISTANCE(-2)),
	CASE("behind", "a mapping may begin where another ends", CHECK, occupied, DISTANCE(2)),
	CASE("allowed", "the kernel keeps to the IOVAs that are allowed",
	     "iopt_alloc_iova() in " IOMMUFD_TABLE, allowed, NULL),
	REFUSAL("several-ranges", "a dma-buf of several ranges is refused", "import-ranges",
		several_ranges, NULL),
	REFUSAL("foreign", "a dma-buf that is not VFIO's is refused", "import-exporter", foreign,
		NULL),
	CASE("beside-file", "files of memory and dma-bufs share an IOAS", MAP_PAGES, beside_file,
	     NULL),
	CASE("beside-memory", "memory and dma-bufs share an IOAS", MAP_PAGES, beside_memory, NULL),
	CASE("unmap", "a mapping is unmapped by its IOVAs", UNMAP, try_unmap,
	     UNMAPPING(0, 2 * PAGE, 0)),
	CASE("unmap-around", "a mapping is unmapped by IOVAs around it", UNMAP, try_unmap,
	     UNMAPPING(-(int64_t)PAGE, 4 * PAGE, 0)),
	CASE("unmap-first-page", "a mapping cannot be cut: its first page", UNMAP, try_unmap,
	     UNMAPPING(0, PAGE, ENOENT)),
	CASE("unmap-last-page", "a mapping cannot be cut: its last page", UNMAP, try_unmap,
	     UNMAPPING(PAGE, PAGE, ENOENT)),
	CASE("unmap-across-end", "a mapping cannot be cut: across its end", UNMAP, try_unmap,
	     UNMAPPING(PAGE, 2 * PAGE, ENOENT)),
	CASE("unmap-empty", "to unmap no length is refused", UNMAP, try_unmap,
	     UNMAPPING(0, 0, EINVAL)),
	CASE("unmap-nothing", "to unmap where nothing is mapped is refused",
	     "iommufd_ioas_unmap() in " IOMMUFD_IOAS, unmap_nothing, NULL),
	CASE("unmap-several", "several mappings are unmapped at once", UNMAP, unmap_several, NULL),
	CASE("unmap-all-of-none", "to unmap all where nothing is mapped is taken",
	     "iopt_unmap_all() in " IOMMUFD_TABLE, unmap_all_of_none, NULL),
	CASE("copy", "a mapping can be copied into another IOAS", COPY, copies,
	     COPYING(.flags = READABLE | WRITEABLE, .offset = 0, .length = 2 * PAGE)),
	CASE("copy-part", "a part of a mapping can be copied", COPY, copies,
	     COPYING(.flags = READABLE | WRITEABLE, .offset = PAGE, .length = PAGE)),
	CASE("copy-same-ioas", "a mapping can be copied within its IOAS", COPY, copies,
	     COPYING(.flags = READABLE | WRITEABLE, .offset = 0, .length = 2 * PAGE, .same = true)),
	CASE("copy-beyond", "a copy of more than is mapped is refused",
	     "iopt_get_pages() in " IOMMUFD_TABLE, copies,
	     COPYING(.flags = READABLE, .offset = 0, .length = 3 * PAGE, .error = ENOENT)),
	CASE("copy-nothing", "a copy of what is not mapped is refused",
	     "iopt_get_pages() in " IOMMUFD_TABLE, copies,
	     COPYING(.flags = READABLE, .offset = 4 * PAGE, .length = PAGE, .error = ENOENT)),
	CASE("copy-read-only", "a mapping for reading can be copied for reading", COPY, copies,
	     COPYING(.flags = READABLE, .offset = 0, .length = PAGE, .read_only = true)),
	CASE("copy-gains-nothing", "a copy of a mapping for reading cannot be written",
	     "iopt_insert_area() in " IOMMUFD_TABLE, copies,
	     COPYING(.flags = READABLE | WRITEABLE, .offset = 0, .length = PAGE, .read_only = true,
		     .error = EPERM)),
	CASE("copy-neither", "a copy for neither reading nor writing is refused", COPY, copies,
	     COPYING(.flags = 0, .offset = 0, .length = PAGE, .error = EINVAL)),
	CASE("copy-outlives", "a copy outlives what it was made of", COPY, copy_outlives, NULL),
	CASE("destroy-mapped", "an IOAS can be destroyed with its mappings",
	     "iommufd_ioas_destroy() in " IOMMUFD_IOAS, destroy_mapped, NULL),
	CASE("unmapped-released", "a dma-buf that is unmapped and closed is gone", RELEASE,
	     unmapped_is_released, NULL),
	CASE("refused-released", "a dma-buf whose import was refused is gone when it is closed",
	     MAP_PAGES, refused_is_released, NULL),
	ATTACHING("destroy-attached", "an IOAS with a device cannot be destroyed",
		  "iommufd_destroy() in " IOMMUFD_MAIN, destroy_attached, NULL),
	ATTACHING("start-byte", "with a device, a mapping from within a page is refused",
		  "iopt_insert_area() in " IOMMUFD_TABLE, try_request,
		  TRY(.start = 1, .attached = true, .error = EINVAL)),
	ATTACHING(
		"length-byte", "with a device, a mapping of a part of a page is refused", AREA,
		try_request,
		(&(const struct request){ .length = PAGE / 2, .attached = true, .error = EINVAL })),
	ATTACHING("iova-byte", "with a device, an IOVA within a page is refused", CHECK,
		  try_request,
		  TRY(.flags = READABLE | FIXED, .iova = IOVA + 1, .attached = true,
		      .error = EINVAL)),
	ATTACHING("reserved", "IOVAs that the device has reserved are refused", CHECK, reserved,
		  PLACE(INTERRUPTS)),
	ATTACHING("attach-reserved", "a device is refused where its reserved IOVAs are mapped",
		  "iopt_reserve_iova() in " IOMMUFD_TABLE, attach_over_reserved, NULL),
	ATTACHING("aperture", "IOVAs that the IOMMU cannot translate are refused", CHECK, aperture,
		  NULL),
	ATTACHING("small-pages", "without huge pages all of the BAR is translated", MAP_IOCTL,
		  without_huge_pages, NULL),
	ATTACHING("page-by-page", "without huge pages each page is mapped by itself",
		  "batch_to_domain() in " IOMMUFD_PAGES, page_by_page, NULL),
	ATTACHING("first-part", "a part of a dma-buf is translated to that part: its first page",
		  MAP_IOCTL, right_part, PLACE(0)),
	ATTACHING("later-part", "a part of a dma-buf is translated to that part: its fourth page",
		  MAP_IOCTL, right_part, PLACE(3)),
	{ 0 },
};
