// SPDX-License-Identifier: GPL-2.0-only
/* What the text of Intel's debugfs says of a window of IOVAs. */
#include <errno.h>
#include <string.h>

#include "kernel/pagetable.h"
#include "tests/unit/check.h"

#define HEAD \
	"IOVA_PFN         \tPML5E             \tPML4E             \tPDPE              \tPDE               \tPTE\n"
#define UPPER "|\t0x0000000000000000\t0x0000000100a01003"
#define TABLES "\t0x0000000100a02003"
#define PFN(pfn) "0x0000000" pfn " " UPPER

/* Two pages in one run, one that goes elsewhere, a hole, one more page. */
#define SMALL                                                                     \
	"Device 0000:00:03.0 @0x100a00000\n" HEAD PFN("010000") TABLES            \
		"\t0x0000000100a03003\t0x00000000fe000403\n" PFN("010001") TABLES \
		"\t0x0000000100a03003\t0x00000000fe001403\n" PFN("010002") TABLES \
		"\t0x0000000100a03003\t0x00000000fe009403\n" PFN("010004") TABLES \
		"\t0x0000000100a03003\t0x00000000fe004403\n\n"
/* 2 MiB, then 1 GiB; bits of the entry are no part of the address. */
#define LARGE                                                                       \
	"Device 0000:00:03.0 with pasid 0 @0x100a00000\n" HEAD PFN("010000") TABLES \
		"\t0x80000000fe000083\n" PFN("010200") TABLES                       \
		"\t0x00000000fe200083\n" PFN("040000") "\t0x0000000100000083\n"
/* As no kernel writes it: the order is not relied on. */
#define TURNED                                                                               \
	HEAD PFN("010001") TABLES "\t0x0000000100a03003\t0x00000000fe001403\n" PFN("010000") \
		TABLES "\t0x0000000100a03003\t0x00000000fe000403"

static const struct {
	const char *name, *text;
	struct range iova;
	uint64_t phys;
	enum pagetable_answer answer; /* UNREADABLE: refused */
} cases[] = {
	{ "no text", "", { 0, 4096 }, 0, PAGETABLE_UNREADABLE },
	{ "translation is off",
	  "DMA Remapping is not enabled on dmar0\n",
	  { 0, 4096 },
	  0,
	  PAGETABLE_UNREADABLE },
	{ "an empty table", HEAD, { 0, 4096 }, 0, PAGETABLE_EMPTY },
	{ "a page", SMALL, { 0x10000000, 4096 }, 0xfe000000, PAGETABLE_FULL },
	{ "two pages", SMALL, { 0x10000000, 8192 }, 0xfe000000, PAGETABLE_FULL },
	{ "the second page", SMALL, { 0x10001000, 4096 }, 0xfe001000, PAGETABLE_FULL },
	{ "another address", SMALL, { 0x10000000, 4096 }, 0xfe001000, PAGETABLE_ELSEWHERE },
	{ "the last of three elsewhere",
	  SMALL,
	  { 0x10000000, 12288 },
	  0xfe000000,
	  PAGETABLE_ELSEWHERE },
	{ "the page elsewhere", SMALL, { 0x10002000, 4096 }, 0xfe002000, PAGETABLE_ELSEWHERE },
	{ "the page elsewhere, expected there",
	  SMALL,
	  { 0x10002000, 4096 },
	  0xfe009000,
	  PAGETABLE_FULL },
	{ "the hole", SMALL, { 0x10003000, 4096 }, 0xfe003000, PAGETABLE_EMPTY },
	{ "the hole and the page behind it",
	  SMALL,
	  { 0x10003000, 8192 },
	  0xfe003000,
	  PAGETABLE_PARTIAL },
	{ "before all", SMALL, { 0xf000000, 4096 }, 0xfd000000, PAGETABLE_EMPTY },
	{ "into the first", SMALL, { 0xffff000, 8192 }, 0xfdfff000, PAGETABLE_PARTIAL },
	{ "behind all", SMALL, { 0x10005000, 4096 }, 0xfe005000, PAGETABLE_EMPTY },
	{ "the last and more", SMALL, { 0x10004000, 8192 }, 0xfe004000, PAGETABLE_PARTIAL },
	{ "at the end of the addresses", SMALL, { UINT64_MAX - 4095, 4096 }, 0, PAGETABLE_EMPTY },
	{ "2 MiB", LARGE, { 0x10000000, 0x200000 }, 0xfe000000, PAGETABLE_FULL },
	{ "inside 2 MiB", LARGE, { 0x10001000, 4096 }, 0xfe001000, PAGETABLE_FULL },
	{ "over the border of two of 2 MiB",
	  LARGE,
	  { 0x101ff000, 8192 },
	  0xfe1ff000,
	  PAGETABLE_FULL },
	{ "beyond both", LARGE, { 0x10000000, 0x400000 + 4096 }, 0xfe000000, PAGETABLE_PARTIAL },
	{ "inside 2 MiB, elsewhere", LARGE, { 0x10001000, 4096 }, 0xfe000000, PAGETABLE_ELSEWHERE },
	{ "1 GiB", LARGE, { 0x40000000, 0x40000000 }, 0x100000000, PAGETABLE_FULL },
	{ "the end of 1 GiB", LARGE, { 0x7ffff000, 4096 }, 0x13ffff000, PAGETABLE_FULL },
	{ "behind 1 GiB", LARGE, { 0x80000000, 4096 }, 0x140000000, PAGETABLE_EMPTY },
	{ "turned round, the first page",
	  TURNED,
	  { 0x10000000, 4096 },
	  0xfe000000,
	  PAGETABLE_FULL },
	{ "turned round, the second", TURNED, { 0x10001000, 4096 }, 0xfe001000, PAGETABLE_FULL },
	{ "in no order", TURNED, { 0x10000000, 8192 }, 0xfe000000, PAGETABLE_FULL },
	{ "entries that are cut off",
	  HEAD PFN("010000") "\n" PFN("010001"),
	  { 0x10000000, 8192 },
	  0xfe000000,
	  PAGETABLE_EMPTY },
	{ "lines that are none",
	  HEAD "0x10000\n|\nxyz | 1 2 3\n",
	  { 0, 1ull << 40 },
	  0,
	  PAGETABLE_EMPTY },
};

int main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		enum pagetable_answer answer = PAGETABLE_UNREADABLE;
		struct pagetable table;
		int rc = pagetable_parse(cases[i].text, &table);

		if (!rc)
			answer = pagetable_look_up(&table, cases[i].iova, cases[i].phys);
		check((!rc || rc == -EPROTO) && answer == cases[i].answer, "%s: %d", cases[i].name,
		      answer);
		pagetable_free(&table);
	}
	return check_plan();
}
