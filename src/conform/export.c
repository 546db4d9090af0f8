// SPDX-License-Identifier: GPL-2.0-only
/* Export: what VFIO_DEVICE_FEATURE takes for a dma-buf, and what it refuses. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conform/evidence.h"
#include "kernel/dmabuf.h"
#include "kernel/sys.h"
#include "kernel/vfio.h"
#include "uapi/vfio.h"
#include "util/scope.h"

#define GET VFIO_DEVICE_FEATURE_GET
#define SET VFIO_DEVICE_FEATURE_SET
#define PROBE VFIO_DEVICE_FEATURE_PROBE
#define UNKNOWN_FLAG (1 << 19)

#define HEADER sizeof(struct vfio_device_feature)
#define FIXED (HEADER + sizeof(struct vfio_device_feature_dma_buf))

/* A number of bytes that may count from the BAR's end. */
struct bytes {
	bool from_end;
	int64_t count;
};
#define BYTES(n)             \
	{                    \
		.count = (n) \
	}
#define END(n)                                 \
	{                                      \
		.from_end = true, .count = (n) \
	}

struct part {
	struct bytes offset, length;
};

/* One call, as it is to be made. */
struct request {
	uint32_t flags; /* beside the feature's number; 0: GET */
	uint32_t argsz; /* 0: what it should be */
	uint32_t open_flags;
	uint32_t own_flags; /* of the dma-buf */
	int region;	    /* 0: the BAR; -1: region 0 */
	unsigned count;	    /* of the ranges */
	const struct part *parts;
	int error; /* 0: it is to succeed */
};

static uint64_t resolve(const struct trial *trial, struct bytes bytes)
{
	return (bytes.from_end ? trial->setup->size : 0) + bytes.count;
}

static struct vfio_device_feature *new_feature(struct trial *trial, uint32_t flags, unsigned count)
{
	size_t size = FIXED + count * sizeof(struct vfio_region_dma_range);
	struct vfio_device_feature *feature = calloc(1, size);

	if (!feature)
		trial_skip(trial, "out of memory");
	feature->argsz = size;
	feature->flags = flags | VFIO_DEVICE_FEATURE_DMA_BUF;
	return feature;
}

static struct vfio_device_feature_dma_buf *dma_buf_of(struct vfio_device_feature *feature)
{
	return (void *)feature->data;
}

static int call_feature(struct trial *trial, void *feature, unsigned region, unsigned count)
{
	return sys_ioctl(the_exporter(trial), "VFIO_DEVICE_FEATURE", VFIO_DEVICE_FEATURE, feature,
			 "DMA_BUF {region %u, %u ranges}", region, count);
}

/* The fd, or what it was refused with. */
static int call(struct trial *trial, const struct request *request)
{
	uint32_t flags = request->flags ? request->flags : GET;
	auto_free struct vfio_device_feature *feature = new_feature(trial, flags, request->count);
	struct vfio_device_feature_dma_buf *dma_buf = dma_buf_of(feature);

	if (request->argsz)
		feature->argsz = request->argsz;
	dma_buf->region_index = request->region ? request->region : (int)trial->setup->bar;
	dma_buf->open_flags = request->open_flags;
	dma_buf->flags = request->own_flags;
	dma_buf->nr_ranges = request->count;
	for (unsigned i = 0; i < request->count; i++) {
		dma_buf->dma_ranges[i].offset = resolve(trial, request->parts[i].offset);
		dma_buf->dma_ranges[i].length = resolve(trial, request->parts[i].length);
	}
	return call_feature(trial, feature, dma_buf->region_index, request->count);
}

static void try_request(struct trial *trial, const void *data)
{
	const struct request *request = data;
	int rc = expect_error(trial, call(trial, request), request->error, "VFIO_DEVICE_FEATURE");

	if (rc > 0)
		keep_fd(trial, rc, "VFIO_DEVICE_FEATURE");
}

/* As many pages of the BAR as the parts want must be there. */
static void try_sized(struct trial *trial, const void *data)
{
	const struct request *request = data;
	uint64_t wanted = 0, got;
	int fd;

	for (unsigned i = 0; i < request->count; i++) {
		pages(trial, resolve(trial, request->parts[i].offset) / PAGE,
		      resolve(trial, request->parts[i].length) / PAGE);
		wanted += resolve(trial, request->parts[i].length);
	}
	fd = keep_fd(trial, call(trial, request), "VFIO_DEVICE_FEATURE");
	expect_done(trial, dmabuf_get_size(fd, &got), "lseek of the dma-buf");
	expect(trial, got == wanted, "the size is 0x%llx, the sum of the ranges (0x%llx seen)",
	       (unsigned long long)wanted, (unsigned long long)got);
}

/* Regions that are no BAR of memory, of this device. */
static void try_absent_bar(struct trial *trial, const void *data)
{
	const struct pci_device *pci = trial->setup->exporter;
	const struct range part = { .length = PAGE };

	(void)data;
	for (unsigned bar = 0; bar < PCI_BARS; bar++) {
		bool upper = bar && pci->bars[bar - 1].type == PCI_BAR_MEMORY &&
			     pci->bars[bar - 1].wide;

		if (pci->bars[bar].type != PCI_BAR_ABSENT || upper)
			continue;
		expect_error(trial, vfio_export(the_exporter(trial), bar, &part, 1), ENODEV,
			     "exporting BAR %u, which is absent", bar);
		return;
	}
	trial_skip(trial, "the device has all six BARs");
}

static void try_upper_half(struct trial *trial, const void *data)
{
	const struct pci_device *pci = trial->setup->exporter;
	const struct range part = { .length = PAGE };

	(void)data;
	for (unsigned bar = 1; bar < PCI_BARS; bar++) {
		if (pci->bars[bar - 1].type != PCI_BAR_MEMORY || !pci->bars[bar - 1].wide)
			continue;
		expect_error(trial, vfio_export(the_exporter(trial), bar, &part, 1), ENODEV,
			     "exporting BAR %u, the upper half of BAR %u", bar, bar - 1);
		return;
	}
	trial_skip(trial, "the device has no BAR of 64 bits");
}

static void try_ports(struct trial *trial, const void *data)
{
	const struct pci_device *pci = trial->setup->exporter;
	const struct range part = { .length = PAGE };

	(void)data;
	for (unsigned bar = 0; bar < PCI_BARS; bar++) {
		if (pci->bars[bar].type != PCI_BAR_IO)
			continue;
		expect_error(trial, vfio_export(the_exporter(trial), bar, &part, 1), EINVAL,
			     "exporting BAR %u, which is of I/O ports", bar);
		return;
	}
	trial_skip(trial, "the device has no BAR of I/O ports");
}

/* So many ranges, each the first page. */
static int call_many(struct trial *trial, unsigned count)
{
	auto_free struct vfio_device_feature *feature = new_feature(trial, GET, count);
	struct vfio_device_feature_dma_buf *dma_buf = dma_buf_of(feature);

	dma_buf->region_index = trial->setup->bar;
	dma_buf->nr_ranges = count;
	for (unsigned i = 0; i < count; i++)
		dma_buf->dma_ranges[i].length = PAGE;
	return call_feature(trial, feature, trial->setup->bar, count);
}

static void try_many_ranges(struct trial *trial, const void *data)
{
	unsigned count = *(const unsigned *)data;
	int fd = keep_fd(trial, call_many(trial, count), "exporting %u ranges", count);
	uint64_t size;

	expect_done(trial, dmabuf_get_size(fd, &size), "lseek of the dma-buf");
	expect(trial, size == count * PAGE, "the size is that of %u pages (0x%llx seen)", count,
	       (unsigned long long)size);
}

/* What the kernel warned of since it booted is among the reasons that it is tainted. */
#define TAINT_WARN (1ul << 9)

static bool has_warned(struct trial *trial)
{
	auto_free char *tainted = NULL;

	expect_done(trial, sys_read_file("/proc/sys/kernel/tainted", &tainted),
		    "/proc/sys/kernel/tainted");
	return strtoul(tainted, NULL, 10) & TAINT_WARN;
}

/* As many as the kernel copies at once, if it has so much memory in one piece. */
static void try_most_ranges(struct trial *trial, const void *data)
{
	bool warned = has_warned(trial);
	int rc = call_many(trial, *(const unsigned *)data);

	expect(trial, warned || !has_warned(trial), "the kernel does not warn");
	if (rc == -ENOMEM)
		trial_skip(trial, "the kernel has no 4 MiB in one piece");
	keep_fd(trial, rc, "exporting %u ranges", *(const unsigned *)data);
}

/* More than an array of the kernel can have; the ranges themselves are not there. */
static void try_too_many_ranges(struct trial *trial, const void *data)
{
	auto_free struct vfio_device_feature *feature = new_feature(trial, GET, 1);
	struct vfio_device_feature_dma_buf *dma_buf = dma_buf_of(feature);
	int rc;

	(void)data;
	dma_buf->region_index = trial->setup->bar;
	dma_buf->nr_ranges = UINT32_MAX;
	rc = call_feature(trial, feature, trial->setup->bar, UINT32_MAX);
	expect(trial, rc == -ENOMEM || rc == -EINVAL || rc == -E2BIG || rc == -EFAULT,
	       "2^32 - 1 ranges are refused (%s)", rc < 0 ? strerrorname_np(-rc) : "success");
}

/* The end of a page behind which nothing is mapped, minus so many bytes. */
static void *before_hole(struct trial *trial, size_t bytes)
{
	char *memory =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || munmap(memory + PAGE, PAGE))
		trial_skip(trial, "out of memory");
	return memory + PAGE - bytes;
}

/* data: how much of the argument can be read. */
static void try_unreadable(struct trial *trial, const void *data)
{
	size_t readable = *(const size_t *)data;
	auto_free struct vfio_device_feature *feature = new_feature(trial, GET, 1);
	struct vfio_device_feature_dma_buf *dma_buf = dma_buf_of(feature);
	char *argument = before_hole(trial, readable);

	dma_buf->region_index = trial->setup->bar;
	dma_buf->nr_ranges = 1;
	dma_buf->dma_ranges[0].length = PAGE;
	memcpy(argument, feature, readable);
	expect_error(trial, call_feature(trial, argument, trial->setup->bar, 1), EFAULT,
		     "an argument of which only %zu bytes can be read", readable);
	munmap(argument + readable - PAGE, PAGE);
}

static void try_cloexec(struct trial *trial, const void *data)
{
	bool wanted = *(const uint32_t *)data & O_CLOEXEC;
	const struct part part = { BYTES(0), BYTES(PAGE) };
	const struct request request = {
		.open_flags = *(const uint32_t *)data,
		.count = 1,
		.parts = &part,
	};
	int fd = keep_fd(trial, call(trial, &request), "VFIO_DEVICE_FEATURE");
	int flags = fcntl(fd, F_GETFD);

	expect(trial, !!(flags & FD_CLOEXEC) == wanted, "the fd is %s on exec",
	       wanted ? "closed" : "kept");
}

static void try_mode(struct trial *trial, const void *data)
{
	uint32_t wanted = *(const uint32_t *)data;
	const struct part part = { BYTES(0), BYTES(PAGE) };
	const struct request request = { .open_flags = wanted, .count = 1, .parts = &part };
	int fd = keep_fd(trial, call(trial, &request), "VFIO_DEVICE_FEATURE");
	int flags = fcntl(fd, F_GETFL);

	expect(trial, (uint32_t)(flags & O_ACCMODE) == wanted,
	       "the fd is open as open_flags say (%o seen, %o wanted)", flags & O_ACCMODE, wanted);
}

static void try_two(struct trial *trial, const void *data)
{
	int first = new_dmabuf(trial, pages(trial, 0, 1));
	int second = new_dmabuf(trial, pages(trial, 0, 1));

	(void)data;
	expect(trial, inode_of(trial, first) != inode_of(trial, second),
	       "two exports of one range are two dma-bufs");
}

static void try_many(struct trial *trial, const void *data)
{
	(void)data;
	for (unsigned i = 0; i < 256; i++)
		new_dmabuf(trial, pages(trial, 0, 1));
}

static void try_exporter_name(struct trial *trial, const void *data)
{
	int fd = new_dmabuf(trial, whole(trial));
	char exporter[64];

	(void)data;
	expect_done(trial, dmabuf_get_exporter(fd, exporter), "fdinfo of the dma-buf");
	expect(trial, !strcmp(exporter, DMABUF_VFIO), "the exporter is " DMABUF_VFIO " (%s seen)",
	       exporter);
}

#define PARTS(...)                                                                   \
	.count = sizeof((const struct part[]){ __VA_ARGS__ }) / sizeof(struct part), \
	.parts = (const struct part[])                                               \
	{                                                                            \
		__VA_ARGS__                                                          \
	}
#define FIRST_PAGE                    \
	{                             \
		BYTES(0), BYTES(PAGE) \
	}
#define SECOND_PAGE                      \
	{                                \
		BYTES(PAGE), BYTES(PAGE) \
	}

#define CHECK "vfio_check_feature() in include/linux/vfio.h"
#define FEATURE "vfio_ioctl_device_feature() in " VFIO_MAIN
#define EXPORT "vfio_pci_core_feature_dma_buf() in " VFIO_DMABUF
#define VALIDATE "validate_dmabuf_input() in " VFIO_DMABUF
#define FILL "vfio_pci_core_fill_phys_vec() in " VFIO_DMABUF

/* A request of the first page, but for what the case is about. */
#define CASE(case_name, sentence, from, ...)                                                  \
	{                                                                                     \
		.name = "export-" case_name, .rule = sentence, .source = from,                \
		.traits = NEEDS_EXPORTER, .run = try_request, .data = &(const struct request) \
		{                                                                             \
			PARTS(FIRST_PAGE), __VA_ARGS__                                        \
		}                                                                             \
	}
/* Others, by their ranges alone. */
#define RANGES(case_name, sentence, id, number, ...)                                          \
	{                                                                                     \
		.name = "export-" case_name, .rule = sentence, .refusal = id,                 \
		.traits = NEEDS_EXPORTER, .run = try_request, .data = &(const struct request) \
		{                                                                             \
			.error = number, PARTS(__VA_ARGS__)                                   \
		}                                                                             \
	}
#define SIZED(case_name, sentence, ...)                                                     \
	{                                                                                   \
		.name = "export-" case_name, .rule = sentence, .source = FILL,              \
		.traits = NEEDS_EXPORTER, .run = try_sized, .data = &(const struct request) \
		{                                                                           \
			PARTS(__VA_ARGS__)                                                  \
		}                                                                           \
	}
#define OTHER(case_name, sentence, from, function, value)                      \
	{                                                                      \
		.name = "export-" case_name, .rule = sentence, .source = from, \
		.traits = NEEDS_EXPORTER, .run = function, .data = value       \
	}
#define REGION(case_name, sentence, number)                                                   \
	{                                                                                     \
		.name = "export-" case_name, .rule = sentence, .refusal = "export-no-bar",    \
		.traits = NEEDS_EXPORTER, .run = try_request, .data = &(const struct request) \
		{                                                                             \
			.region = number, .error = ENODEV, PARTS(FIRST_PAGE)                  \
		}                                                                             \
	}

#define UNSIGNED(n) (&(const unsigned){ n })
#define SIZE(n) (&(const size_t){ n })

const struct conform_case export_cases[] = {
	CASE("probe", "PROBE|GET says that the feature is there", CHECK, .flags = PROBE | GET,
	     .argsz = HEADER),
	CASE("probe-alone", "PROBE alone says that the feature is there", CHECK, .flags = PROBE,
	     .argsz = HEADER),
	CASE("probe-set", "PROBE|SET says that the feature cannot be set", CHECK,
	     .flags = PROBE | SET, .error = EINVAL),
	CASE("probe-get-set", "PROBE|GET|SET says that not both can be done", CHECK,
	     .flags = PROBE | GET | SET, .error = EINVAL),
	CASE("set", "the feature cannot be set", CHECK, .flags = SET, .error = EINVAL),
	CASE("get-set", "GET and SET exclude each other", FEATURE, .flags = GET | SET,
	     .error = EINVAL),
	CASE("unknown-flag", "an unknown flag of the ioctl is refused", FEATURE,
	     .flags = GET | UNKNOWN_FLAG, .error = EINVAL),
	CASE("argsz-header", "an argsz that does not hold the header is refused", FEATURE,
	     .argsz = HEADER - 1, .error = EINVAL),
	CASE("argsz-fixed", "an argsz that does not hold the feature's own part is refused", CHECK,
	     .argsz = FIXED - 1, .error = EINVAL),
	CASE("argsz-larger", "an argsz that is larger than the argument is taken", CHECK,
	     .argsz = PAGE),
	CASE("own-flag", "a flag of the dma-buf is refused, as none is defined", EXPORT,
	     .own_flags = 1, .error = EINVAL),
	CASE("own-flags", "the highest flag of the dma-buf is refused too", EXPORT,
	     .own_flags = 1u << 31, .error = EINVAL),
	CASE("first-page", "one page is taken", EXPORT, .error = 0),
	OTHER("unreadable-header", "a header that cannot be read gives EFAULT", FEATURE,
	      try_unreadable, SIZE(HEADER - 4)),
	OTHER("unreadable-fixed", "a feature that cannot be read gives EFAULT", EXPORT,
	      try_unreadable, SIZE(FIXED - 4)),
	OTHER("unreadable-ranges", "ranges that cannot be read give EFAULT", EXPORT, try_unreadable,
	      SIZE(FIXED)),
	RANGES("no-ranges", "at least one range is wanted", "export-empty", EINVAL),
	RANGES("length-zero", "a range of no length is refused", "export-empty", EINVAL,
	       { BYTES(0), BYTES(0) }),
	RANGES("offset-byte", "a range that begins within a page is refused", "export-unaligned",
	       EINVAL, { BYTES(1), BYTES(PAGE) }),
	RANGES("offset-half-page", "so is one that begins in the middle of a page",
	       "export-unaligned", EINVAL, { BYTES(PAGE / 2), BYTES(PAGE) }),
	RANGES("length-byte", "a range of a byte is refused", "export-unaligned", EINVAL,
	       { BYTES(0), BYTES(1) }),
	RANGES("length-page-and-byte", "a range of a page and a byte is refused",
	       "export-unaligned", EINVAL, { BYTES(0), BYTES(PAGE + 1) }),
	RANGES("offset-at-end", "a range that begins where the BAR ends is refused",
	       "export-beyond", EINVAL, { END(0), BYTES(PAGE) }),
	RANGES("offset-beyond", "a range beyond the BAR is refused", "export-beyond", EINVAL,
	       { END(PAGE), BYTES(PAGE) }),
	RANGES("end-beyond", "a range that ends a page beyond the BAR is refused", "export-beyond",
	       EINVAL, { BYTES(0), END(PAGE) }),
	RANGES("last-page-beyond", "so is one that begins in the BAR's last page", "export-beyond",
	       EINVAL, { END(-(int64_t)PAGE), BYTES(2 * PAGE) }),
	RANGES("offset-wraps", "an offset that leaves 64 bits is refused as such", "export-wraps",
	       EOVERFLOW, { BYTES(-(int64_t)PAGE), BYTES(PAGE) }),
	RANGES("length-huge", "a length of 2^63 is refused", "export-beyond", EINVAL,
	       { BYTES(0), BYTES(INT64_MIN) }),
	RANGES("length-huge-wraps", "so is one that leaves 64 bits, too", "export-beyond", EINVAL,
	       { BYTES(INT64_MIN), BYTES(INT64_MIN) }),
	RANGES("sum-wraps", "ranges whose lengths together leave 64 bits are refused",
	       "export-beyond", EINVAL, { BYTES(0), BYTES(-(int64_t)PAGE) },
	       { BYTES(0), BYTES(2 * PAGE) }),
	RANGES("second-empty", "the second range is checked too: no length", "export-empty", EINVAL,
	       FIRST_PAGE, { BYTES(0), BYTES(0) }),
	RANGES("second-unaligned", "the second range is checked too: alignment", "export-unaligned",
	       EINVAL, FIRST_PAGE, { BYTES(1), BYTES(PAGE) }),
	RANGES("second-beyond", "the second range is checked too: the BAR's end", "export-beyond",
	       EINVAL, FIRST_PAGE, { END(0), BYTES(PAGE) }),
	RANGES("first-beyond", "the first range is checked before a good second one",
	       "export-beyond", EINVAL, { END(0), BYTES(PAGE) }, FIRST_PAGE),
	SIZED("whole", "all of the BAR can be exported", { BYTES(0), END(0) }),
	SIZED("last-page", "the last page can be exported", { END(-(int64_t)PAGE), BYTES(PAGE) }),
	SIZED("all-but-first-page", "the BAR from its second page on can be exported",
	      { BYTES(PAGE), END(-(int64_t)PAGE) }),
	SIZED("adjacent", "ranges may lie side by side", FIRST_PAGE, SECOND_PAGE),
	SIZED("apart", "ranges may lie apart", FIRST_PAGE, { BYTES(2 * PAGE), BYTES(PAGE) }),
	SIZED("descending", "ranges may come in any order", SECOND_PAGE, FIRST_PAGE),
	SIZED("overlapping", "ranges may overlap", { BYTES(0), BYTES(2 * PAGE) }, SECOND_PAGE),
	SIZED("repeated", "a range may come twice", FIRST_PAGE, FIRST_PAGE),
	SIZED("unlike", "ranges may be of unlike lengths", FIRST_PAGE,
	      { BYTES(PAGE), BYTES(2 * PAGE) }, { BYTES(0), BYTES(3 * PAGE) }),
	OTHER("ranges-16", "16 ranges are taken", EXPORT, try_many_ranges, UNSIGNED(16)),
	OTHER("ranges-1024", "1,024 ranges are taken", EXPORT, try_many_ranges, UNSIGNED(1024)),
	OTHER("ranges-65536", "65,536 ranges are taken", EXPORT, try_many_ranges, UNSIGNED(65536)),
	OTHER("ranges-262144", "262,144 ranges are taken, or there is no memory for them", EXPORT,
	      try_most_ranges, UNSIGNED(262144)),
	OTHER("ranges-too-many", "more ranges than the kernel can hold are refused", EXPORT,
	      try_too_many_ranges, NULL),
	{ .name = "export-absent-bar",
	  .rule = "a BAR that the device does not have cannot be exported",
	  .refusal = "export-no-bar",
	  .traits = NEEDS_EXPORTER,
	  .run = try_absent_bar },
	{ .name = "export-upper-half",
	  .rule = "the upper half of a BAR of 64 bits is no BAR",
	  .refusal = "export-no-bar",
	  .traits = NEEDS_EXPORTER,
	  .run = try_upper_half },
	{ .name = "export-ports",
	  .rule = "a BAR of I/O ports cannot be exported",
	  .refusal = "export-ports",
	  .traits = NEEDS_EXPORTER,
	  .run = try_ports },
	REGION("rom", "the expansion ROM cannot be exported", VFIO_PCI_ROM_REGION_INDEX),
	REGION("config", "config space cannot be exported", VFIO_PCI_CONFIG_REGION_INDEX),
	REGION("vga", "the VGA region cannot be exported", VFIO_PCI_VGA_REGION_INDEX),
	REGION("region-beyond", "a region that does not exist cannot be exported",
	       VFIO_PCI_NUM_REGIONS),
	REGION("region-highest", "nor can the highest number", -1),
	OTHER("cloexec", "O_CLOEXEC among open_flags closes the fd on exec", EXPORT, try_cloexec,
	      UNSIGNED(O_RDWR | O_CLOEXEC)),
	OTHER("no-cloexec", "without O_CLOEXEC the fd is kept on exec", EXPORT, try_cloexec,
	      UNSIGNED(O_RDWR)),
	OTHER("read-only", "open_flags O_RDONLY give an fd for reading", EXPORT, try_mode,
	      UNSIGNED(O_RDONLY)),
	OTHER("write-only", "open_flags O_WRONLY give an fd for writing", EXPORT, try_mode,
	      UNSIGNED(O_WRONLY)),
	OTHER("read-write", "open_flags O_RDWR give an fd for both", EXPORT, try_mode,
	      UNSIGNED(O_RDWR)),
	OTHER("twice", "one range can be exported twice, as two dma-bufs", EXPORT, try_two, NULL),
	OTHER("many", "256 dma-bufs of one device can be there at once", EXPORT, try_many, NULL),
	OTHER("exporter", "fdinfo names the exporter", EXPORT, try_exporter_name, NULL),
	{ 0 },
};
