// SPDX-License-Identifier: GPL-2.0-only
/* The state of a mapping, for every combination of what the sources can say. */
#include <errno.h>
#include <string.h>

#include "context/evidence.h"
#include "tests/unit/check.h"

#define BIT(value) (1u << (value))
#define ANY ~0u
#define PT EVIDENCE_PAGE_TABLE
#define TR EVIDENCE_TRACE
#define PR EVIDENCE_PROBE
#define RE EVIDENCE_RECORD
#define KE EVIDENCE_KERNEL

enum { NO = BIT(0), YES = BIT(1) };
enum {
	UNREADABLE = BIT(PAGETABLE_UNREADABLE),
	EMPTY = BIT(PAGETABLE_EMPTY),
	PARTIAL = BIT(PAGETABLE_PARTIAL),
	FULL = BIT(PAGETABLE_FULL),
	ELSEWHERE = BIT(PAGETABLE_ELSEWHERE),
};
enum {
	UNKNOWN = BIT(EXPORTER_UNKNOWN),
	USABLE = BIT(EXPORTER_USABLE),
	REVOKED = BIT(EXPORTER_REVOKED)
};
enum {
	K_NONE = BIT(MAPPING_UNKNOWN),
	K_LIVE = BIT(MAPPING_LIVE),
	K_IDLE = BIT(MAPPING_IDLE),
	K_REVOKED = BIT(MAPPING_REVOKED),
	K_STALE = BIT(MAPPING_STALE)
};
enum { SILENT = BIT(TRACE_SILENT), MAPPED = BIT(TRACE_MAPPED), UNMAPPED = BIT(TRACE_UNMAPPED) };

/* Sets of what each source says, and what follows; the first row that fits counts. */
static const struct rule {
	unsigned exporter, attached, tables, differ, trace, recorded, kernel;
	struct mapping_report report; /* without DMA, and without what is added below */
} rules[] = {
	/* Seen translated, all of it: live, whatever else is said. */
	{ UNKNOWN | USABLE,
	  YES,
	  FULL,
	  NO,
	  SILENT | MAPPED,
	  ANY,
	  ANY,
	  { MAPPING_LIVE, PT, 0, 0, 0 } },
	{ UNKNOWN | USABLE, YES, FULL, NO, UNMAPPED, ANY, ANY, { MAPPING_LIVE, PT, 0, TR, 0 } },
	{ REVOKED, YES, FULL, NO, SILENT | MAPPED, ANY, ANY, { MAPPING_LIVE, PT, 0, PR, 0 } },
	{ REVOKED, YES, FULL, NO, UNMAPPED, ANY, ANY, { MAPPING_LIVE, PT, 0, PR | TR, 0 } },
	/* A revoked exporter. */
	{ REVOKED, ANY, EMPTY, NO, SILENT, ANY, ANY, { MAPPING_REVOKED, PR | PT, 0, 0, 0 } },
	{ REVOKED, ANY, EMPTY, NO, UNMAPPED, ANY, ANY, { MAPPING_REVOKED, PR | PT | TR, 0, 0, 0 } },
	{ REVOKED, ANY, EMPTY, NO, MAPPED, ANY, ANY, { MAPPING_REVOKED, PR | PT, 0, TR, 0 } },
	{ REVOKED, ANY, UNREADABLE, NO, SILENT, ANY, ANY, { MAPPING_REVOKED, PR, 0, 0, 0 } },
	{ REVOKED, ANY, UNREADABLE, NO, UNMAPPED, ANY, ANY, { MAPPING_REVOKED, PR | TR, 0, 0, 0 } },
	{ REVOKED, ANY, UNREADABLE, NO, MAPPED, ANY, ANY, { MAPPING_REVOKED, PR, 0, TR, 0 } },
	{ REVOKED, ANY, ANY, ANY, SILENT, ANY, ANY, { MAPPING_REVOKED, PR, 0, PT, 0 } },
	{ REVOKED, ANY, ANY, ANY, UNMAPPED, ANY, ANY, { MAPPING_REVOKED, PR | TR, 0, PT, 0 } },
	{ REVOKED, ANY, ANY, ANY, MAPPED, ANY, ANY, { MAPPING_REVOKED, PR, 0, PT | TR, 0 } },
	/* No device, so no page table: iommufd's record, else dmabufctl's. */
	{ ANY, NO, ANY, ANY, ANY, NO, K_NONE | K_IDLE, { MAPPING_IDLE, RE, 0, 0, 0 } },
	{ ANY, NO, ANY, ANY, ANY, YES, K_NONE | K_STALE, { MAPPING_STALE, RE, 0, 0, 0 } },
	{ ANY, NO, ANY, ANY, ANY, ANY, K_IDLE, { MAPPING_IDLE, 0, 0, 0, 0 } },
	{ ANY, NO, ANY, ANY, ANY, ANY, K_STALE, { MAPPING_STALE, 0, 0, 0, 0 } },
	{ ANY, NO, ANY, ANY, ANY, ANY, K_LIVE, { MAPPING_LIVE, 0, 0, 0, 0 } },
	{ ANY, NO, ANY, ANY, ANY, ANY, K_REVOKED, { MAPPING_REVOKED, 0, 0, 0, 0 } },
	/* Page tables that say no. */
	{ ANY, YES, EMPTY, NO, SILENT, ANY, ANY, { MAPPING_STALE, PT, 0, 0, 0 } },
	{ ANY, YES, EMPTY, NO, UNMAPPED, ANY, ANY, { MAPPING_STALE, PT | TR, 0, 0, 0 } },
	{ ANY, YES, EMPTY, NO, MAPPED, ANY, ANY, { MAPPING_STALE, PT, 0, TR, 0 } },
	/* Page tables that cannot vouch for it. */
	{ ANY, YES, PARTIAL | ELSEWHERE, NO, ANY, ANY, ANY, { MAPPING_UNKNOWN, PT, 0, 0, 0 } },
	{ ANY,
	  YES,
	  EMPTY | PARTIAL | FULL | ELSEWHERE,
	  YES,
	  ANY,
	  ANY,
	  ANY,
	  { MAPPING_UNKNOWN, PT, 0, 0, 0 } },
	/* No page tables, but iommufd's record. */
	{ ANY, YES, UNREADABLE, ANY, MAPPED, ANY, K_LIVE, { MAPPING_LIVE, TR, PT, 0, 0 } },
	{ ANY, YES, UNREADABLE, ANY, UNMAPPED, ANY, K_LIVE, { MAPPING_LIVE, 0, PT, TR, 0 } },
	{ ANY, YES, UNREADABLE, ANY, SILENT, ANY, K_LIVE, { MAPPING_LIVE, 0, PT, 0, 0 } },
	{ ANY, YES, UNREADABLE, ANY, UNMAPPED, ANY, K_STALE, { MAPPING_STALE, TR, PT, 0, 0 } },
	{ ANY, YES, UNREADABLE, ANY, MAPPED, ANY, K_STALE, { MAPPING_STALE, 0, PT, TR, 0 } },
	{ ANY, YES, UNREADABLE, ANY, SILENT, ANY, K_STALE, { MAPPING_STALE, 0, PT, 0, 0 } },
	{ ANY, YES, UNREADABLE, ANY, UNMAPPED, ANY, K_IDLE, { MAPPING_IDLE, TR, PT, 0, 0 } },
	{ ANY, YES, UNREADABLE, ANY, MAPPED, ANY, K_IDLE, { MAPPING_IDLE, 0, PT, TR, 0 } },
	{ ANY, YES, UNREADABLE, ANY, SILENT, ANY, K_IDLE, { MAPPING_IDLE, 0, PT, 0, 0 } },
	{ ANY, YES, UNREADABLE, ANY, UNMAPPED, ANY, K_REVOKED, { MAPPING_REVOKED, TR, PT, 0, 0 } },
	{ ANY, YES, UNREADABLE, ANY, MAPPED, ANY, K_REVOKED, { MAPPING_REVOKED, 0, PT, TR, 0 } },
	{ ANY, YES, UNREADABLE, ANY, SILENT, ANY, K_REVOKED, { MAPPING_REVOKED, 0, PT, 0, 0 } },
	/* Neither. */
	{ ANY, YES, UNREADABLE, ANY, MAPPED, ANY, K_NONE, { MAPPING_LIVE, TR, PT | KE, 0, 0 } },
	{ ANY, YES, UNREADABLE, ANY, UNMAPPED, ANY, K_NONE, { MAPPING_STALE, TR, PT | KE, 0, 0 } },
	{ ANY,
	  YES,
	  UNREADABLE,
	  ANY,
	  SILENT,
	  YES,
	  K_NONE,
	  { MAPPING_STALE, RE, PT | KE | TR, 0, 0 } },
	{ ANY,
	  YES,
	  UNREADABLE,
	  ANY,
	  SILENT,
	  NO,
	  K_NONE,
	  { MAPPING_UNKNOWN, 0, PT | KE | TR, 0, 0 } },
};

static bool fits(const struct rule *rule, const struct mapping_evidence *evidence)
{
	return rule->exporter & BIT(evidence->exporter) &&
	       rule->attached & BIT(evidence->attached) && rule->tables & BIT(evidence->tables) &&
	       rule->differ & BIT(evidence->tables_differ) && rule->trace & BIT(evidence->trace) &&
	       rule->recorded & BIT(evidence->recorded) && rule->kernel & BIT(evidence->kernel);
}

static struct mapping_report expected(const struct mapping_evidence *evidence)
{
	static const enum dma_answer agreeing[] = {
		[MAPPING_LIVE] = DMA_ARRIVED,
		[MAPPING_REVOKED] = DMA_FAULTED,
		[MAPPING_STALE] = DMA_FAULTED,
	};
	const struct rule *rule = rules;
	struct mapping_report report;

	while (!fits(rule, evidence))
		rule++;
	report = rule->report;
	report.doubt = evidence->tables_differ		       ? DOUBT_DIFFER :
		       evidence->tables == PAGETABLE_PARTIAL   ? DOUBT_PARTIAL :
		       evidence->tables == PAGETABLE_ELSEWHERE ? DOUBT_ELSEWHERE :
								 DOUBT_NONE;
	/* Whether the exporter came back is not known. */
	if (report.state == MAPPING_STALE && evidence->exporter == EXPORTER_UNKNOWN)
		report.missing |= PR;
	if (evidence->kernel != MAPPING_UNKNOWN && evidence->kernel == report.state)
		report.evidence |= KE;
	else if (evidence->kernel != MAPPING_UNKNOWN)
		report.disagrees |= KE;
	if (evidence->dma != DMA_NONE && report.state != MAPPING_UNKNOWN &&
	    agreeing[report.state] == evidence->dma)
		report.evidence |= EVIDENCE_DMA;
	return report;
}

static void check_one(const struct mapping_evidence *evidence)
{
	struct mapping_report want = expected(evidence), got = judge_mapping(evidence);

	check(got.state == want.state && got.evidence == want.evidence &&
		      got.missing == want.missing && got.disagrees == want.disagrees &&
		      got.doubt == want.doubt,
	      "exporter %d attached %d tables %d%s trace %d recorded %d dma %d kernel %d: %s by %#x without "
	      "%#x against %#x doubt %d",
	      evidence->exporter, evidence->attached, evidence->tables,
	      evidence->tables_differ ? " (differ)" : "", evidence->trace, evidence->recorded,
	      evidence->dma, evidence->kernel, mapping_state_name(got.state), got.evidence,
	      got.missing, got.disagrees, got.doubt);
	/* The contract: no state without what it rests on, or what was missing. */
	if (!got.evidence && !got.missing)
		check(false, "neither evidence nor what was missing");
}

/* Only what can be: tables are those of attached devices, and differ when there are some. */
static bool is_possible(const struct mapping_evidence *evidence)
{
	return (evidence->attached || evidence->tables == PAGETABLE_UNREADABLE) &&
	       (!evidence->tables_differ || evidence->tables != PAGETABLE_UNREADABLE);
}

static void check_all(void)
{
	for (unsigned i = 0; i < 3 * 2 * 5 * 2 * 3 * 2 * 3 * 5; i++) {
		unsigned rest = i;
		struct mapping_evidence evidence = { .exporter = rest % 3, .probed = rest % 3 };

		evidence.attached = (rest /= 3) % 2;
		evidence.tables = (rest /= 2) % 5;
		evidence.tables_differ = (rest /= 5) % 2;
		evidence.trace = (rest /= 2) % 3;
		evidence.recorded = (rest /= 3) % 2;
		evidence.dma = (rest /= 2) % 3;
		evidence.kernel = (rest /= 3) % 5;
		if (is_possible(&evidence))
			check_one(&evidence);
	}
}

static const struct inventory_export usable, revoked = { .revoked = true },
					     gone = { .revoked = true, .closed = true };

static void check_exporters(void)
{
	static const struct {
		int probe;
		bool closed;
		const struct inventory_export *kernel;
		struct exporter_report report;
	} cases[] = {
		{ 0, false, NULL, { EXPORTER_USABLE, PR, 0, false } },
		{ -EOPNOTSUPP, false, NULL, { EXPORTER_USABLE, PR, 0, false } },
		{ -ENODEV, false, NULL, { EXPORTER_REVOKED, PR, 0, false } },
		{ -ENODEV, true, NULL, { EXPORTER_REVOKED, PR | RE, 0, true } },
		{ -EMFILE, false, NULL, { EXPORTER_UNKNOWN, 0, PR, false } },
		{ -EINVAL, false, NULL, { EXPORTER_UNKNOWN, 0, PR, false } },
		{ -ENOTTY, true, NULL, { EXPORTER_UNKNOWN, 0, PR, true } },
		{ 0, false, &usable, { EXPORTER_USABLE, PR | KE, 0, false } },
		{ -ENODEV, false, &revoked, { EXPORTER_REVOKED, PR | KE, 0, false } },
		/* One of them was asked a moment earlier. */
		{ 0, false, &revoked, { EXPORTER_USABLE, PR, 0, false } },
		{ -ENODEV, false, &gone, { EXPORTER_REVOKED, PR | KE, 0, true } },
		{ -EMFILE, false, &revoked, { EXPORTER_REVOKED, KE, PR, false } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct exporter_report got =
			judge_exporter(cases[i].probe, cases[i].closed, cases[i].kernel);

		check(got.state == cases[i].report.state &&
			      got.evidence == cases[i].report.evidence &&
			      got.missing == cases[i].report.missing &&
			      got.permanent == cases[i].report.permanent,
		      "probe %d%s: %s", cases[i].probe, cases[i].closed ? ", closed" : "",
		      exporter_state_name(got.state));
	}
}

/* By time, as a log has them; the window asked for is 0x10000+0x4000. */
static const struct trace_event events[] = {
	{ 100, false, { 0x10000, 0x4000 } }, { 110, false, { 0x20000, 0x1000 } },
	{ 120, true, { 0x10000, 0x4000 } },  { 130, false, { 0x10000, 0x2000 } },
	{ 140, false, { 0x12000, 0x2000 } }, { 150, true, { 0x12000, 0x1000 } },
	{ 160, true, { 0x13000, 0x2000 } },  { 170, true, { 0x20000, 0x1000 } },
	{ 180, false, { 0x8000, 0x4000 } },  { 190, true, { 0x0, 0x100000 } },
	{ 200, true, { 0x10000, 0x1000 } },  { 210, true, { 0x11000, 0x1000 } },
	{ 220, true, { 0x13000, 0x1000 } },
};

static const struct {
	const char *name;
	unsigned count; /* how many of the events are there */
	uint64_t complete_since;
	struct range window;
	uint64_t since;
	enum trace_answer answer;
	uint64_t unmapped_at; /* of the window as a whole; 0: never */
} questions[] = {
	{ "nothing recorded", 0, 0, { 0x10000, 0x4000 }, 0, TRACE_SILENT, 0 },
	{ "mapped", 2, 0, { 0x10000, 0x4000 }, 50, TRACE_MAPPED, 0 },
	{ "mapped at that very moment", 2, 0, { 0x10000, 0x4000 }, 100, TRACE_MAPPED, 0 },
	{ "mapped before", 2, 0, { 0x10000, 0x4000 }, 101, TRACE_SILENT, 0 },
	{ "unmapped", 3, 0, { 0x10000, 0x4000 }, 50, TRACE_UNMAPPED, 120 },
	{ "unmapped, by the last event alone",
	  3,
	  0,
	  { 0x10000, 0x4000 },
	  115,
	  TRACE_UNMAPPED,
	  120 },
	{ "mapped again in two", 5, 0, { 0x10000, 0x4000 }, 50, TRACE_MAPPED, 120 },
	{ "a part unmapped", 6, 0, { 0x10000, 0x4000 }, 125, TRACE_MAPPED, 0 },
	{ "an unmap over the edge", 7, 0, { 0x10000, 0x4000 }, 125, TRACE_MAPPED, 0 },
	{ "an unmap over the edge, alone", 7, 0, { 0x10000, 0x4000 }, 155, TRACE_SILENT, 0 },
	{ "an unmap around it", 10, 0, { 0x10000, 0x4000 }, 125, TRACE_MAPPED, 0 },
	{ "unmapped in parts", 13, 0, { 0x10000, 0x4000 }, 125, TRACE_UNMAPPED, 0 },
	{ "its neighbour", 13, 0, { 0x20000, 0x1000 }, 50, TRACE_UNMAPPED, 170 },
	{ "before its unmap", 7, 0, { 0x20000, 0x1000 }, 50, TRACE_MAPPED, 0 },
	{ "a window that nobody mapped", 13, 0, { 0x30000, 0x1000 }, 50, TRACE_SILENT, 0 },
	{ "complete since it was made", 3, 100, { 0x10000, 0x4000 }, 100, TRACE_UNMAPPED, 120 },
	{ "incomplete", 3, 101, { 0x10000, 0x4000 }, 100, TRACE_SILENT, 120 },
	{ "the end of the addresses", 13, 0, { UINT64_MAX - 0xfff, 0x1000 }, 0, TRACE_SILENT, 0 },
};

static void check_trace(void)
{
	const struct trace_index none = { 0 };
	uint64_t time;

	for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++) {
		const struct trace_log log = { .events = events,
					       .count = questions[i].count,
					       .since = questions[i].complete_since };
		struct trace_index index;
		enum trace_answer answer;
		bool found;

		check(!trace_index_make(&index, &log), "%s: indexed", questions[i].name);
		answer = trace_index_ask(&index, questions[i].window, questions[i].since);
		check(answer == questions[i].answer, "%s: %d", questions[i].name, answer);
		found = trace_index_find_unmap(&index, questions[i].window, questions[i].since,
					       &time);
		check(found == !!questions[i].unmapped_at &&
			      (!found || time == questions[i].unmapped_at),
		      "%s: the unmap", questions[i].name);
		trace_index_free(&index);
	}
	check(trace_index_ask(&none, questions[1].window, 0) == TRACE_SILENT, "no trace");
}

static void check_words(void)
{
	const struct {
		const char *word, *wanted;
	} words[] = {
		{ mapping_state_name(MAPPING_UNKNOWN), "unknown" },
		{ mapping_state_name(MAPPING_LIVE), "live" },
		{ mapping_state_name(MAPPING_IDLE), "idle" },
		{ mapping_state_name(MAPPING_REVOKED), "revoked" },
		{ mapping_state_name(MAPPING_STALE), "stale" },
		{ exporter_state_name(EXPORTER_UNKNOWN), "unknown" },
		{ exporter_state_name(EXPORTER_USABLE), "usable" },
		{ exporter_state_name(EXPORTER_REVOKED), "revoked" },
		{ mapping_doubt_name(DOUBT_PARTIAL), "partial" },
		{ mapping_doubt_name(DOUBT_ELSEWHERE), "elsewhere" },
		{ mapping_doubt_name(DOUBT_DIFFER), "differ" },
		{ evidence_name(EVIDENCE_DMA), "dma" },
		{ evidence_name(EVIDENCE_PAGE_TABLE), "page-table" },
		{ evidence_name(EVIDENCE_TRACE), "trace" },
		{ evidence_name(EVIDENCE_PROBE), "probe" },
		{ evidence_name(EVIDENCE_RECORD), "record" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		check(!strcmp(words[i].word, words[i].wanted), "%s", words[i].wanted);
	check(!mapping_doubt_name(DOUBT_NONE), "no doubt");
}

/* A trial import could not be made, and the kernel's records tell. */
static void check_without_probe(void)
{
	struct mapping_evidence evidence = {
		.exporter = EXPORTER_REVOKED,
		.attached = true,
		.tables = PAGETABLE_EMPTY,
		.kernel = MAPPING_REVOKED,
	};
	struct mapping_report got = judge_mapping(&evidence);

	check(got.state == MAPPING_REVOKED && got.evidence == (PT | KE),
	      "revoked, without a trial");
	evidence.tables = PAGETABLE_FULL;
	got = judge_mapping(&evidence);
	check(got.state == MAPPING_LIVE && got.disagrees == KE, "live, and the records disagree");
}

static void check_records(void)
{
	static const struct {
		const struct inventory_export *export;
		bool taken_away;
		unsigned domains;
		enum mapping_state state;
	} cases[] = {
		{ &usable, false, 2, MAPPING_LIVE },	{ &usable, false, 0, MAPPING_IDLE },
		{ &usable, true, 2, MAPPING_STALE },	{ &usable, true, 0, MAPPING_STALE },
		{ &revoked, true, 2, MAPPING_REVOKED }, { &revoked, false, 0, MAPPING_REVOKED },
		{ NULL, false, 1, MAPPING_LIVE },	{ NULL, false, 0, MAPPING_IDLE },
		{ NULL, true, 1, MAPPING_UNKNOWN },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct inventory_mapping mapping = { .revoked = cases[i].taken_away,
						     .domains = cases[i].domains };

		check(judge_kernel_mapping(cases[i].export, &mapping) == cases[i].state,
		      "record %zu: %s", i, mapping_state_name(cases[i].state));
	}
	check(judge_kernel_export(&usable) == EXPORTER_USABLE &&
		      judge_kernel_export(&revoked) == EXPORTER_REVOKED &&
		      judge_kernel_export(NULL) == EXPORTER_UNKNOWN,
	      "an exporter's record");
}

int main(void)
{
	check_all();
	check_without_probe();
	check_records();
	check_exporters();
	check_trace();
	check_words();
	return check_plan();
}
