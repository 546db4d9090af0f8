// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's tracing records, byte by byte. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/record.h"
#include "tests/unit/check.h"

#define COMMON                                                                         \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"         \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"         \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n" \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
#define UNMAP                                                               \
	"name: unmap\nID: 431\nformat:\n" COMMON                            \
	"\tfield:u64 iova;\toffset:8;\tsize:8;\tsigned:0;\n"                \
	"\tfield:size_t size;\toffset:16;\tsize:8;\tsigned:0;\n"            \
	"\tfield:size_t unmapped_size;\toffset:24;\tsize:8;\tsigned:0;\n\n" \
	"print fmt: \"IOMMU: iova=0x%016llx\", REC->iova\n"
#define DETACH                                                                  \
	"name: dma_buf_detach\nID: 439\nformat:\n" COMMON                       \
	"\tfield:__data_loc char[] dev_name;\toffset:8;\tsize:4;\tsigned:0;\n"  \
	"\tfield:__data_loc char[] exp_name;\toffset:12;\tsize:4;\tsigned:0;\n" \
	"\tfield:size_t size;\toffset:16;\tsize:8;\tsigned:0;\n"                \
	"\tfield:ino_t ino;\toffset:24;\tsize:8;\tsigned:0;\n\n"                \
	"print fmt: \"exp_name=%s size=%zu\", __get_str(exp_name), REC->size\n"
#define MAP                                                        \
	"name: map\nID: 430\nformat:\n" COMMON                     \
	"\tfield:u64 iova;\toffset:8;\tsize:8;\tsigned:0;\n"       \
	"\tfield:u64 paddr;\toffset:16;\tsize:8;\tsigned:0;\n"     \
	"\tfield:size_t size;\toffset:24;\tsize:8;\tsigned:0;\n\n" \
	"print fmt: \"IOMMU: iova=0x%016llx\", REC->iova\n"
#define INVALIDATED                                                              \
	"name: invalidated\nID: 535\nformat:\n" COMMON                           \
	"\tfield:unsigned long __probe_func;\toffset:8;\tsize:8;\tsigned:0;\n\n" \
	"print fmt: \"(%lx)\", REC->__probe_func\n"
#define PROMISE                                                              \
	"name: promise\nID: 536\nformat:\n" COMMON                           \
	"\tfield:unsigned long __probe_ip;\toffset:8;\tsize:8;\tsigned:0;\n" \
	"\tfield:u64 ops;\toffset:16;\tsize:8;\tsigned:0;\n"                 \
	"\tfield:u64 callback;\toffset:24;\tsize:8;\tsigned:0;\n\n"          \
	"print fmt: \"(%lx)\", REC->__probe_ip\n"
/* One with a name for the iova that is text, which would be read as a place. */
#define TEXT_IOVA                                                          \
	"name: unmap\nID: 431\nformat:\n" COMMON                           \
	"\tfield:__data_loc char[] iova;\toffset:8;\tsize:4;\tsigned:0;\n" \
	"\tfield:size_t size;\toffset:16;\tsize:8;\tsigned:0;\n\n"         \
	"print fmt: \"%s\", __get_str(iova)\n"

static struct record_formats formats;

static void test_formats(void)
{
	static const struct {
		const char *name, *format;
		enum record_kind kind;
		int rc;
	} table[] = {
		{ "unmap", UNMAP, RECORD_UNMAP, 0 },
		{ "detach", DETACH, RECORD_DETACH, 0 },
		{ "a probe without arguments", INVALIDATED, RECORD_INVALIDATED, 0 },
		{ "no inode", UNMAP, RECORD_EXPORT, -EINVAL },
		{ "no device", UNMAP, RECORD_DOMAIN, -EINVAL },
		{ "no address", DETACH, RECORD_MAP, -EINVAL },
		{ "no importer", DETACH, RECORD_PROMISE, -EINVAL },
		{ "text for a number", TEXT_IOVA, RECORD_MAP, -EINVAL },
		{ "not a format", "Permission denied\n", RECORD_MAP, -EINVAL },
		{ "empty", "", RECORD_MAP, -EINVAL },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		int rc = record_learn(&formats, table[i].kind, table[i].format,
				      strlen(table[i].format));

		check(rc == table[i].rc, "format, %s: %d, wanted %d", table[i].name, rc,
		      table[i].rc);
	}
	check(!formats.of[RECORD_MAP].id, "a format that is refused is not taken");
	check(!record_learn(&formats, RECORD_MAP, MAP, strlen(MAP)), "format, map");
}

struct raw_unmap {
	uint16_t type;
	uint8_t flags, preempt;
	int32_t pid;
	uint64_t iova, size, unmapped;
};

struct raw_map {
	uint16_t type;
	uint8_t flags, preempt;
	int32_t pid;
	uint64_t iova, memory, size;
};

struct raw_detach {
	uint16_t type;
	uint8_t flags, preempt;
	int32_t pid;
	uint32_t device, exporter;
	uint64_t size, inode;
	char text[80];
};

static void test_numbers(void)
{
	const struct raw_unmap raw = { 431, 0, 0, 4711, 0x123410000000, 0x5600001000, 0x1000 };
	const struct raw_map map = { 430, 0, 0, 4711, 0x123410000000, 0xfe00001000, 0x2000 };
	struct raw_unmap other = raw;
	struct record record = { .time = 5, .gap = true };

	check(record_decode(&formats, &raw, sizeof(raw), &record) && record.kind == RECORD_UNMAP &&
		      record.pid == 4711 && record.iova.offset == 0x123410000000 &&
		      record.iova.length == 0x5600001000,
	      "unmap: all its fields");
	check(record.time == 5 && record.gap, "unmap: time and gap are the page's to tell");
	check(!record.memory, "unmap: no physical address");
	check(record_decode(&formats, &map, sizeof(map), &record) && record.kind == RECORD_MAP &&
		      record.memory == 0xfe00001000 && record.iova.offset == 0x123410000000 &&
		      record.iova.length == 0x2000,
	      "map: the physical address, too");
	other.type = 432;
	check(!record_decode(&formats, &other, sizeof(other), &record), "an event of another kind");
	other.type = 0;
	check(!record_decode(&formats, &other, sizeof(other), &record),
	      "kinds not known have no ID");
	for (size_t size = 0; size < 8; size++)
		check(!record_decode(&formats, &raw, size, &record), "cut to %zu bytes", size);
	check(record_decode(&formats, &raw, 24, &record) &&
		      !record_decode(&formats, &raw, 23, &record),
	      "cut within a number");
}

struct raw_promise {
	uint16_t type;
	uint8_t flags, preempt;
	int32_t pid;
	uint64_t function, ops, callback;
};

static void test_promise(void)
{
	static const struct {
		const char *name;
		uint64_t ops, callback;
		enum record_promise wanted;
	} table[] = {
		{ "a static importer, behind which anything is read", 0, 7, PROMISE_STATIC },
		{ "one that cannot be told", 5, 0, PROMISE_DEAF },
		{ "one that can be told", 5, 7, PROMISE_LETS_GO },
	};
	const struct raw_unmap unmap = { 431, 0, 0, 4711, 0x1000, 0x1000, 0x1000 };
	struct record record;

	check(!record_learn(&formats, RECORD_PROMISE, PROMISE, strlen(PROMISE)), "format, promise");
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct raw_promise raw = { 536, 0, 0, 1, 1, table[i].ops, table[i].callback };

		check(record_decode(&formats, &raw, sizeof(raw), &record) &&
			      record.kind == RECORD_PROMISE && record.promise == table[i].wanted,
		      "promise: %s", table[i].name);
	}
	check(record_decode(&formats, &unmap, sizeof(unmap), &record) &&
		      record.promise == PROMISE_UNKNOWN,
	      "what tells of no importer has no promise");
}

/* offset and length of a name within the record, as its field says them */
static uint32_t place(unsigned offset, unsigned length)
{
	return length << 16 | offset;
}

static void test_text(void)
{
	const unsigned start = offsetof(struct raw_detach, text);
	const struct {
		const char *name;
		uint32_t device;
		const char *wanted;
	} table[] = {
		{ "as it is", place(start, 13), "0000:00:03.0" },
		{ "no NUL within its length", place(start, 4), "0000" },
		{ "empty", place(start, 0), "" },
		{ "longer than what it goes into", place(start + 13, 60),
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
		{ "beyond the record", place(start, 81), "" },
		{ "far beyond it", place(0xffff, 0xffff), "" },
		{ "where the record ends", place(sizeof(struct raw_detach), 0), "" },
	};
	struct raw_detach raw = { 439, 0, 0, -1, 0, 0, 4096, 7, "" };
	struct record record;

	memset(raw.text, 'a', sizeof(raw.text));
	strcpy(raw.text, "0000:00:03.0");
	raw.exporter = place(start + 5, 7);
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		raw.device = table[i].device;
		check(record_decode(&formats, &raw, sizeof(raw), &record) &&
			      !strcmp(record.device, table[i].wanted) &&
			      !strcmp(record.exporter, "00:03.0") && record.inode == 7 &&
			      record.size == 4096 && record.pid == -1,
		      "text, %s: '%s', wanted '%s'", table[i].name, record.device, table[i].wanted);
	}
}

/* A page of the ring: its time, how much of it is used, then a header of 32 bits before each. */
struct page {
	uint64_t time, used;
	uint32_t first;
	struct raw_unmap unmap;
	uint32_t second;
	struct raw_unmap other;
	uint32_t third;
	struct raw_unmap again;
	char rest[4096];
} __attribute__((packed));

struct visits {
	unsigned count;
	uint64_t iova[4], time[4];
	bool gap[4];
};

static void on_record(const struct record *record, void *data)
{
	struct visits *visits = data;

	if (visits->count == 4)
		return;
	visits->iova[visits->count] = record->iova.offset;
	visits->time[visits->count] = record->time;
	visits->gap[visits->count++] = record->gap;
}

/* include/linux/ring_buffer.h: the length in words, and the time since the record before. */
static uint32_t header(unsigned size, unsigned delta)
{
	return size / 4 | delta << 5;
}

static void test_page(void)
{
	const unsigned size = sizeof(struct raw_unmap);
	struct page page = {
		.time = 1000,
		.used = 3 * (4 + sizeof(struct raw_unmap)),
		.first = header(size, 0),
		.unmap = { 431, 0, 0, 1, 0x1000, 1, 1 },
		.second = header(size, 5),
		.other = { 99, 0, 0, 1, 0x2000, 1, 1 },
		.third = header(size, 7),
		.again = { 431, 0, 0, 1, 0x3000, 1, 1 },
	};
	struct visits visits = { 0 };
	bool gap = false;

	record_walk(&formats, &page, &gap, on_record, &visits);
	check(visits.count == 2 && visits.iova[0] == 0x1000 && visits.iova[1] == 0x3000,
	      "page: what is of a kind that is known is visited");
	check(visits.time[0] == 1000 && visits.time[1] == 1012, "page: times in ns");
	check(!visits.gap[0] && !visits.gap[1] && !gap, "page: without a gap");
	page.used |= 1u << 31; /* RB_MISSED_EVENTS, kernel/trace/ring_buffer.c */
	visits = (struct visits){ 0 };
	record_walk(&formats, &page, &gap, on_record, &visits);
	check(visits.count == 2 && visits.gap[0] && !visits.gap[1] && !gap,
	      "page: the gap is before the first");
	visits = (struct visits){ 0 };
	page.unmap.type = page.again.type = 99;
	record_walk(&formats, &page, &gap, on_record, &visits);
	check(!visits.count && gap, "page: without one of a kind that is known");
	page.used &= ~(1u << 31);
	page.again.type = 431;
	record_walk(&formats, &page, &gap, on_record, &visits);
	check(visits.count == 1 && visits.gap[0] && !gap,
	      "page: the gap of the page before is before the first");
	page.used = 0;
	visits = (struct visits){ 0 };
	record_walk(&formats, &page, &gap, on_record, &visits);
	check(!visits.count && !gap, "page: an empty one");
}

static uint32_t *put_unmap(uint32_t *to, uint64_t iova)
{
	const struct raw_unmap raw = { 431, 0, 0, 1, iova, 1, 1 };

	return (uint32_t *)mempcpy(to, &raw, sizeof(raw));
}

/* include/linux/ring_buffer.h: what else lies in a page. */
static void test_entries(void)
{
	enum { LONG, PADDING = 29, EXTEND, STAMP };
	const unsigned size = sizeof(struct raw_unmap);
	const uint64_t start = 3ull << 59;
	struct {
		uint64_t time, used;
		uint32_t entries[64];
	} page = { .time = start + 1000 };
	struct visits visits = { 0 };
	uint32_t *to = page.entries;
	bool gap = false;

	*to++ = LONG | 2u << 5;
	*to++ = size + 4;
	to = put_unmap(to, 0x1000);
	*to++ = PADDING | 9u << 5; /* one that was discarded */
	*to++ = 12;
	to += 2;
	*to++ = EXTEND | 3u << 5;
	*to++ = 1;
	*to++ = header(size, 0);
	to = put_unmap(to, 0x2000);
	*to++ = STAMP | 7u << 5;
	*to++ = 5;
	*to++ = header(size, 1);
	to = put_unmap(to, 0x3000);
	*to++ = PADDING; /* up to the end, with what was there before */
	*to++ = LONG;
	*to++ = size + 4;
	to = put_unmap(to, 0x4000);
	page.used = (char *)to - (char *)page.entries;
	record_walk(&formats, &page, &gap, on_record, &visits);
	check(visits.count == 3, "entries: %u records", visits.count);
	check(visits.iova[0] == 0x1000 && visits.time[0] == start + 1002,
	      "entries: one that tells its length in a word");
	check(visits.iova[1] == 0x2000 && visits.time[1] == start + 1002 + (1u << 27) + 3,
	      "entries: after one discarded and a long time");
	check(visits.iova[2] == 0x3000 && visits.time[2] == start + (5ull << 27) + 7 + 1,
	      "entries: after a time that is not relative");
}

int main(void)
{
	test_formats();
	test_numbers();
	test_text();
	test_promise();
	test_page();
	test_entries();
	return check_plan();
}
