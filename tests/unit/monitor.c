// SPDX-License-Identifier: GPL-2.0-only
/* What monitor prints, and when: its kinds of events, its filters, its waiting. */
#include <string.h>

#include "cmd/monitor/filter.h"
#include "cmd/monitor/kind.h"
#include "cmd/monitor/timing.h"
#include "kernel/record.h"
#include "tests/unit/check.h"

#define ALL_BUT_REVOKED (KINDS_ALL & ~KIND_BIT(KIND_REVOKED))

static void test_names(void)
{
	static const struct {
		const char *text;
		unsigned kinds;
		const char *described;
	} table[] = {
		{ NULL, 0, "" },
		{ "map", KIND_BIT(KIND_MAP), "map" },
		{ "UnMap", KIND_BIT(KIND_UNMAP), "unmap" },
		{ "lost,map", KIND_BIT(KIND_MAP) | KIND_BIT(KIND_LOST), "map, lost" },
		{ "put,put,revoked", KIND_BIT(KIND_PUT) | KIND_BIT(KIND_REVOKED), "put, revoked" },
		{ "ma", 0, "" },
		{ "mapp,context-start", KIND_BIT(KIND_CONTEXT_START), "context-start" },
	};
	char text[KINDS_TEXT];

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		check(kinds_parse(table[i].text) == table[i].kinds, "kinds: '%s'",
		      table[i].text ? table[i].text : "");
		kinds_describe(text, table[i].kinds);
		check(!strcmp(text, table[i].described), "kinds as text: '%s'", text);
	}
	kinds_describe(text, KINDS_ALL);
	check(kinds_parse("map,unmap,domain,export,attach,detach,put,revoked,restored,fault,bind,"
			  "unbind,add,remove,change,context-start,context-stop,lost") == KINDS_ALL,
	      "all kinds: %s", text);
	check(!kind_name(KINDS), "there is none after the last");
	check(kind_of_action("bind") == KIND_BIND && kind_of_action("change") == KIND_CHANGE,
	      "actions of devices");
	check(kind_of_action("move") == KINDS && kind_of_action("map") == KINDS,
	      "other actions are none");
}

static void test_sight(void)
{
	static const struct {
		const char *name;
		int blind; /* a kind of records; -1: all show */
		int also;  /* another; -1: no other */
		bool uevents, faults, contexts;
		const char *unseen, *why;
	} table[] = {
		{ "all shows", -1, -1, true, true, true, "", "does not let us" },
		{ "no dma_buf events", RECORD_PUT, -1, true, true, true, "put", "Linux 7.0" },
		{ "no invalidations, nor what they mean", RECORD_INVALIDATE, RECORD_REVOKED, true,
		  true, true, "revoked", "BTF" },
		{ "no invalidations", RECORD_INVALIDATE, -1, true, true, true, "",
		  "does not let us" },
		{ "revocations are inferred", RECORD_REVOKED, RECORD_RESTORED, true, true, true,
		  "restored", "BPF" },
		{ "no log", -1, -1, true, false, true, "fault", "kernel log" },
		{ "no uevents", -1, -1, false, true, true, "bind, unbind, add, remove, change",
		  "does not let us" },
		{ "no contexts", -1, -1, true, true, false, "context-start, context-stop",
		  "does not let us" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		bool records[RECORD_KINDS];
		const struct sight sight = { records, table[i].uevents, table[i].faults,
					     table[i].contexts };
		char text[KINDS_TEXT];

		for (int kind = 0; kind < RECORD_KINDS; kind++)
			records[kind] = kind != table[i].blind && kind != table[i].also;
		kinds_describe(text, kinds_unseen(&sight));
		check(!strcmp(text, table[i].unseen), "%s: '%s' not seen", table[i].name, text);
		check(strstr(kinds_why_unseen(kinds_unseen(&sight)), table[i].why) != NULL,
		      "%s: why", table[i].name);
	}
}

static void test_filter(void)
{
	static struct named_dmabuf dmabufs[] = { { 4, "a" }, { 4, "b" }, { 5, "" }, { 7, "b" } };
	static struct named_device devices[] = { { { "0000:01:00.0" }, "a" },
						 { { "0000:02:00.0" }, "b" } };
	static const struct naming naming = {
		.dmabufs = dmabufs,
		.dmabuf_count = 4,
		.devices = devices,
		.device_count = 2,
	};
	static const struct {
		const char *context, *device;
		struct subject subject;
		bool passes;
	} table[] = {
		{ NULL, "", { NULL, { NULL, NULL }, 0 }, true },
		{ "a", "", { NULL, { NULL, NULL }, 0 }, false },
		{ "a", "", { "a", { NULL, NULL }, 0 }, true },
		{ "a", "", { "b", { NULL, NULL }, 0 }, false },
		{ "a", "", { NULL, { "0000:01:00.0", NULL }, 0 }, true },
		{ "a", "", { NULL, { "", "0000:01:00.0" }, 0 }, true },
		{ "a", "", { NULL, { "0000:02:00.0", NULL }, 0 }, false },
		{ "a", "", { NULL, { NULL, NULL }, 4 }, true },
		{ "b", "", { NULL, { NULL, NULL }, 4 }, true },
		{ "a", "", { NULL, { NULL, NULL }, 5 }, false },
		{ "a", "", { NULL, { NULL, NULL }, 7 }, false },
		{ "b", "", { NULL, { NULL, NULL }, 7 }, true },
		{ "b", "", { NULL, { NULL, NULL }, 8 }, false },
		{ NULL, "0000:01:00.0", { "a", { NULL, NULL }, 4 }, false },
		{ NULL, "0000:01:00.0", { NULL, { "0000:01:00.0", NULL }, 0 }, true },
		{ NULL, "0000:01:00.0", { NULL, { NULL, "0000:01:00.0" }, 0 }, true },
		{ NULL, "0000:01:00.0", { NULL, { "0000:02:00.0", "" }, 0 }, false },
		{ "b", "0000:01:00.0", { NULL, { "0000:01:00.0", NULL }, 0 }, false },
		{ "b", "0000:01:00.0", { "b", { "0000:01:00.0", NULL }, 0 }, true },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct filter filter = { .context = table[i].context };

		strcpy(filter.device.bdf, table[i].device);
		check(filter_passes(&filter, &naming, &table[i].subject) == table[i].passes,
		      "filter %zu", i);
	}
}

#define ASK READY_WHEN_ASKED
#define NOT NOT_READY

static void test_readiness(void)
{
	/* The record is of 1 s; all else is in ms after it. */
	static const struct {
		const char *name;
		int now, read, asking, learnt;
		bool busy, ending;
		struct needs needs; /* undecided, readings, name, found */
		enum readiness wanted;
	} table[] = {
		{ "needs nothing", 0, 0, 1, -9, 1, 0, { 0, 0, 0, 0 }, READY },
		{ "undecided", 20, 20, 1, -9, 0, 0, { 1, 1, 0, 0 }, NOT },
		{ "undecided, on a busy machine", 900, 900, 1, -9, 0, 0, { 1, 4, 0, 0 }, NOT },
		{ "undecided for long", 50, 50, 1, -9, 0, 0, { 1, 5, 0, 0 }, READY },
		{ "undecided at the end", 1, 1, 1, -9, 0, 1, { 1, 0, 0, 0 }, READY },
		{ "names from before", 60, 60, 1, -9, 0, 0, { 0, 0, 1, 1 }, ASK },
		{ "asked just now", 8, 8, 1, -1, 0, 0, { 0, 0, 1, 1 }, NOT },
		{ "named since", 60, 60, 1, 20, 0, 0, { 0, 0, 1, 1 }, READY },
		{ "named since by one at work", 60, 60, 1, 20, 1, 0, { 0, 0, 1, 1 }, READY },
		{ "no name, nobody at work", 60, 60, 1, 20, 0, 0, { 0, 0, 1, 0 }, READY },
		{ "no name, one at work", 29, 29, 1, 20, 1, 0, { 0, 0, 1, 0 }, NOT },
		{ "asked again", 30, 30, 1, 20, 1, 0, { 0, 0, 1, 0 }, ASK },
		{ "asking takes long", 59, 59, 10, 20, 1, 0, { 0, 0, 1, 0 }, NOT },
		{ "asking took very long", 70, 70, 99, 20, 1, 0, { 0, 0, 1, 0 }, ASK },
		{ "asking took long", 60, 60, 10, 20, 1, 0, { 0, 0, 1, 0 }, ASK },
		{ "late, asked first", 1001, 1001, 1, -9, 0, 0, { 0, 0, 1, 0 }, ASK },
		{ "late", 1001, 1001, 1, 992, 1, 0, { 0, 0, 1, 0 }, READY },
		{ "not late: not all is read", 1001, 1000, 1, 992, 1, 0, { 0, 0, 1, 0 }, NOT },
		{ "at the end", 60, 60, 1, -9, 1, 1, { 0, 0, 1, 0 }, READY },
		{ "undecided and not named", 101, 101, 1, -9, 0, 0, { 1, 5, 1, 0 }, ASK },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const uint64_t time = 1000 * MILLISECOND;
		const struct moment moment = {
			.now = time + table[i].now * (int64_t)MILLISECOND,
			.end = table[i].ending ? time : UINT64_MAX,
			.read = time + table[i].read * (int64_t)MILLISECOND,
			.asking = table[i].asking * MILLISECOND,
			.learnt = time + table[i].learnt * (int64_t)MILLISECOND,
			.busy = table[i].busy,
		};

		check(when_ready(&moment, time, &table[i].needs) == table[i].wanted, "ready: %s",
		      table[i].name);
	}
}

static void test_old_names(void)
{
	static const struct {
		const char *name;
		uint64_t read, learnt;
		bool waiting, wanted;
	} table[] = {
		{ "nothing was asked", 0, 0, false, false },
		{ "all is read until they were asked", 20, 10, false, false },
		{ "one waits", 20, 10, true, true },
		{ "they were asked, and nothing is read since", 10, 20, false, true },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const struct moment moment = { .read = table[i].read, .learnt = table[i].learnt };

		check(needs_old_names(&moment, table[i].waiting) == table[i].wanted,
		      "old names: %s", table[i].name);
	}
}

static void test_waiting(void)
{
	static const struct {
		uint64_t left; /* until the end */
		bool pending;
		int wanted;
	} table[] = {
		{ UINT64_MAX, false, -1 },
		{ UINT64_MAX, true, 20 },
		{ 5000 * MILLISECOND, false, 5000 },
		{ 5000 * MILLISECOND, true, 20 },
		{ 3 * MILLISECOND, true, 3 },
		{ 1, false, 1 },
		{ 0, false, 0 },
		{ 1ull << 60, false, 1000000 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct moment moment = { .now = 7, .end = 7 + table[i].left };

		if (table[i].left == UINT64_MAX)
			moment.end = UINT64_MAX;
		check(wait_ms(&moment, table[i].pending) == table[i].wanted, "wait %zu", i);
		check(is_ending(&moment) == !table[i].left, "the end %zu", i);
	}
}

int main(void)
{
	test_names();
	test_sight();
	test_filter();
	test_readiness();
	test_old_names();
	test_waiting();
	return check_plan();
}
