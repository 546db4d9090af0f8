// SPDX-License-Identifier: GPL-2.0-only
/* conform: tries the rules of the kernel's interface, one by one, on devices of this machine. */
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/conform/form.h"
#include "cmd/shared/lookup.h"
#include "cmd/shared/subjects.h"
#include "conform/conform.h"
#include "kernel/mapcalls.h"
#include "util/array.h"
#include "util/scope.h"

#define LIMIT_SECONDS 60

struct conform_options {
	const char *exporter;
	const char *importer;
	const char *dmabuf;
	struct option_number bar;
	const char *only;
	const char *skip;
	bool list;
	bool tap;
	bool junit;
	struct option_number repeat;
	struct option_number shuffle;
	struct option_number stress;
	struct option_number limit;
};

/* What is tried, and what has come of it. */
struct suite {
	struct call *call;
	const struct conform_options *options;
	struct subjects subjects;
	struct conform_setup setup;
	const struct conform_case **plan; /* malloc'd */
	unsigned count;
	struct conform_counts counts;
	const struct form *form; /* NULL: JSON, or tables */
	json_object *rows;
	bool terminal; /* people see how far it is */
};

/* Whether one of the patterns, separated by commas, is of the case or of its group. */
static bool matches(const char *patterns, const char *group, const char *name)
{
	auto_free char *copy = strdup(patterns);

	for (char *rest = copy, *pattern; (pattern = strsep(&rest, ","));)
		if (!fnmatch(pattern, name, 0) || !fnmatch(pattern, group, 0))
			return true;
	return false;
}

static enum status no_memory(void)
{
	return fail_errno(ENOMEM, "conform");
}

static enum status choose_cases(struct suite *suite)
{
	const struct conform_options *options = suite->options;

	for_each_case(each, group)
	{
		const struct conform_case **chosen;

		if (options->only && !matches(options->only, group->name, each->name))
			continue;
		if (options->skip && matches(options->skip, group->name, each->name))
			continue;
		if (options->stress.given && !conform_is_quiet(each))
			continue;
		chosen = array_add(&suite->plan, &suite->count);
		if (!chosen)
			return no_memory();
		*chosen = each;
	}
	if (suite->count)
		return STATUS_OK;
	fail_with(STATUS_USAGE, 0, "conform");
	fail_because("no case is left by --only, --skip and --stress");
	fail_hint("'dmabufctl conform --list' names them; a pattern is of a case or of its group");
	return STATUS_USAGE;
}

static void shuffle(const struct conform_case **cases, unsigned count)
{
	for (unsigned i = count; i > 1; i--) {
		unsigned other = random() % i;
		const struct conform_case *last = cases[i - 1];

		cases[i - 1] = cases[other];
		cases[other] = last;
	}
}

/* Once for each time, and each time in an order of its own. */
static enum status repeat(struct suite *suite)
{
	const unsigned times = suite->options->repeat.given ? suite->options->repeat.value : 1;
	const unsigned once = suite->count;
	const struct conform_case **plan =
		realloc(suite->plan, (size_t)times * once * sizeof(*plan));

	if (!plan)
		return no_memory();
	suite->plan = plan;
	srandom(suite->options->shuffle.value);
	for (unsigned i = 0; i < times; i++) {
		if (i)
			memcpy(plan + i * once, plan, once * sizeof(*plan));
		if (suite->options->shuffle.given)
			shuffle(plan + i * once, once);
	}
	suite->count = times * once;
	return STATUS_OK;
}

static enum status find_exporter(struct suite *suite)
{
	struct subjects *subjects = &suite->subjects;
	enum status status =
		subjects_find_exporter(subjects, suite->options->exporter, &suite->options->bar);

	suite->setup.exporter = &subjects->exporter;
	suite->setup.bar = subjects->bar;
	suite->setup.size = subjects->exporter.bars[subjects->bar].bus.length;
	return status;
}

static enum status find_importers(struct suite *suite)
{
	enum status status = subjects_find_importers(&suite->subjects, suite->options->importer);

	suite->setup.importer = suite->subjects.with_vfio;
	suite->setup.dma_importer = suite->subjects.with_dma_api;
	return status;
}

static enum status find_dmabuf(struct suite *suite)
{
	struct object *dmabuf;
	enum status status =
		lookup_object(suite->call, OBJECT_DMABUF, suite->options->dmabuf, &dmabuf);

	if (status)
		return status;
	suite->setup.dmabuf = context_fd(suite->call->context, dmabuf);
	if (suite->setup.dmabuf < 0)
		return fail_errno(suite->setup.dmabuf, "conform: --dmabuf %s", dmabuf->name);
	suite->setup.size = dmabuf->size;
	return STATUS_OK;
}

static enum status check_options(const struct conform_options *options)
{
	const char *wrong = NULL;

	if (!options->list && !options->exporter == !options->dmabuf)
		wrong = "either --exporter BDF or --dmabuf DMABUF is wanted";
	else if (options->dmabuf && options->bar.given)
		wrong = "--bar is of an exporter, and there is none with --dmabuf";
	else if (options->stress.given && (options->repeat.given || options->shuffle.given))
		wrong = "--stress goes with neither --repeat nor --shuffle";
	else if (options->list && (options->tap || options->junit))
		wrong = "--list runs nothing that --tap or --junit could show";
	if (!wrong)
		return STATUS_OK;
	fail_with(STATUS_USAGE, 0, "conform");
	fail_because("%s", wrong);
	fail_hint("'dmabufctl conform --help' has the options");
	return STATUS_USAGE;
}

static enum status find_subjects(struct suite *suite)
{
	const struct conform_options *options = suite->options;
	enum status status = options->exporter ? find_exporter(suite) : find_dmabuf(suite);

	return status || !options->importer ? status : find_importers(suite);
}

static void put_case(json_object *row, const struct conform_case *conform_case)
{
	char source[200];

	conform_source(conform_case, source, sizeof(source));
	json_put_text(row, "case", conform_case->name);
	json_put_text(row, "rule", conform_case->rule);
	json_put_text(row, "source", source);
	json_put_text(row, "refusal", conform_case->refusal);
	json_put_text(row, "since", conform_case->since);
	json_put_text(row, "known_bug", conform_case->known ? conform_case->known->bug : NULL);
	json_put_text(row, "mended_by",
		      conform_case->known ? conform_case->known->mended_by : NULL);
}

/* In tables what passed or could not be tried is but a number, unless more is asked for. */
static void add_row(struct suite *suite, const struct conform_result *result)
{
	const struct globals *globals = suite->call->globals;
	const bool of_interest = result->outcome == CONFORM_FAILED ||
				 result->outcome == CONFORM_KNOWN;
	json_object *row;

	if (!of_interest && !globals->json && !globals->verbose)
		return;
	row = add_object(suite->rows);
	put_case(row, result->conform_case);
	json_put_text(row, "result", conform_outcome_name(result->outcome));
	json_put_text(row, "seen", result->seen);
	json_put_number(row, "took_ns", result->took_ns);
}

static void show_progress(const struct suite *suite, const char *name)
{
	if (suite->terminal)
		fprintf(stderr, "\r\033[K%u/%u %s", suite->counts.done, suite->counts.all, name);
}

static void report(const struct conform_case *conform_case, const struct conform_result *result,
		   void *data)
{
	struct suite *suite = data;

	if (!result) {
		show_progress(suite, conform_case->name);
		return;
	}
	suite->counts.done++;
	suite->counts.of[result->outcome]++;
	if (suite->form)
		suite->form->result(result, &suite->counts);
	else
		add_row(suite, result);
}

static enum status judge(const struct suite *suite)
{
	const unsigned *of = suite->counts.of;

	if (of[CONFORM_FAILED]) {
		fail_with(STATUS_UNOBSERVED, 0, "conform");
		fail_because("%u of %u cases failed", of[CONFORM_FAILED], suite->counts.done);
		return STATUS_UNOBSERVED;
	}
	if (of[CONFORM_SKIPPED] == suite->counts.done) {
		fail_with(STATUS_UNSUPPORTED, 0, "conform");
		fail_because("nothing could be tried: every case was skipped");
		fail_hint("the cases' own reasons say what was missing");
		return STATUS_UNSUPPORTED;
	}
	return STATUS_OK;
}

static void put_summary(struct suite *suite)
{
	json_object *row = json_put_object(suite->call->result, "summary");
	const struct conform_setup *setup = &suite->setup;
	struct utsname system;

	uname(&system);
	json_put_text(row, "kernel", system.release);
	json_put_text(row, "exporter", setup->exporter ? setup->exporter->name.bdf : NULL);
	json_put_index(row, "bar", setup->exporter ? (int)setup->bar : -1);
	json_put_text(row, "dmabuf", suite->options->dmabuf);
	json_put_text(row, "importer", setup->importer ? setup->importer->name.bdf : NULL);
	json_put_text(row, "dma_importer",
		      setup->dma_importer ? setup->dma_importer->name.bdf : NULL);
	for (int i = 0; i < CONFORM_OUTCOMES; i++)
		json_put_number(row, conform_outcome_name(i), suite->counts.of[i]);
}

static enum status run_suite(struct suite *suite)
{
	const struct conform_options *options = suite->options;
	int rc;

	suite->counts.all = suite->count;
	suite->terminal = isatty(STDERR_FILENO);
	if (suite->form)
		suite->form->begin(&suite->counts);
	else
		suite->rows = json_put_array(suite->call->result, "cases");
	fflush(stdout); /* or each child would have it too */
	rc = options->stress.given ?
		     conform_stress(&suite->setup, suite->plan, suite->count, options->stress.value,
				    report, suite) :
		     conform_run(&suite->setup, suite->plan, suite->count, report, suite);
	map_calls_sweep();
	if (suite->terminal)
		fprintf(stderr, "\r\033[K");
	if (suite->form)
		suite->form->end(&suite->counts);
	else
		put_summary(suite);
	return rc ? fail_errno(rc, "conform") : judge(suite);
}

static enum status list_cases(struct suite *suite)
{
	json_object *rows = json_put_array(suite->call->result, "cases");

	for (unsigned i = 0; i < suite->count; i++)
		put_case(add_object(rows), suite->plan[i]);
	suite->call->columns = "CASE,RULE,SOURCE";
	return STATUS_OK;
}

static enum status run_or_list(struct suite *suite)
{
	enum status status = choose_cases(suite);

	if (status)
		return status;
	if (suite->options->list)
		return list_cases(suite);
	status = find_subjects(suite);
	if (!status)
		status = repeat(suite);
	return status ? status : run_suite(suite);
}

static enum status run(struct call *call)
{
	const struct conform_options *options = call->options;
	struct suite suite = {
		.call = call,
		.options = options,
		.subjects = { .command = "conform" },
		.setup = { .dmabuf = -1,
			   .limit_ms = 1000 * (options->limit.given ? options->limit.value :
								      LIMIT_SECONDS) },
		.form = options->tap   ? &form_tap :
			options->junit ? &form_junit :
					 NULL,
	};
	enum status status = check_options(options);

	if (!status)
		status = run_or_list(&suite);
	free(suite.plan);
	return status;
}

static const struct option_entry options[] = {
	OPT_TEXT(struct conform_options, exporter, "exporter", "BDF",
		 "the device whose BAR is exported, with vfio-pci, and opened by nobody"),
	OPT_NUMBER(struct conform_options, bar, "bar", "BAR", 0, PCI_BARS - 1,
		   "its BAR (default: the largest that is memory)"),
	OPT_TEXT(struct conform_options, importer, "importer", "BDF[,BDF]",
		 "devices that import: one with vfio-pci, one with dmabufctl-importer (default: "
		 "the exporter itself)"),
	OPT_TEXT(struct conform_options, dmabuf, "dmabuf", "DMABUF",
		 "in place of an exporter: the rules that hold for any dma-buf, on this one"),
	OPT_FLAG(struct conform_options, list, "list", 0, "list the cases, and run none"),
	OPT_TEXT(struct conform_options, only, "only", "PATTERN[,PATTERN...]",
		 "only cases whose name or group matches, as 'revoke-*'"),
	OPT_TEXT(struct conform_options, skip, "skip", "PATTERN[,PATTERN...]",
		 "without those that match"),
	OPT_FORM(struct conform_options, tap, "tap", "TAP version 14, a line a case as it ends"),
	OPT_FORM(struct conform_options, junit, "junit", "JUnit's XML"),
	OPT_NUMBER(struct conform_options, repeat, "repeat", "N", 1, 10000,
		   "all of it so many times"),
	OPT_NUMBER(struct conform_options, shuffle, "shuffle", "SEED", 0, UINT_MAX,
		   "in an order of chance, the same for the same seed"),
	OPT_NUMBER(struct conform_options, stress, "stress", "SECONDS", 1, 86400,
		   "the groups side by side, again and again; cases that others would notice are "
		   "left out"),
	OPT_NUMBER(struct conform_options, limit, "limit", "SECONDS", 1, 3600,
		   "how long a case may take before it is ended (default: 60)"),
	{ 0 },
};

static const struct column columns[] = {
	{ "CASE", "case", COLUMN_TEXT, "group, dash, what is tried" },
	{ "RESULT", "result", COLUMN_TEXT, "passed, failed, known or skipped" },
	{ "RULE", "rule", COLUMN_TEXT, "what should be so" },
	{ "SEEN", "seen", COLUMN_TEXT, "what was, or why it was not tried" },
	{ "SOURCE", "source", COLUMN_TEXT, "where in the kernel the rule is" },
	{ "BUG", "known_bug", COLUMN_TEXT | COLUMN_VERBOSE, "of released kernels, that breaks it" },
	{ "MENDED-BY", "mended_by", COLUMN_TEXT, "what mends a bug that is known" },
	{ "TIME", "took_ns", COLUMN_TIME | COLUMN_VERBOSE, "how long it took" },
	{ 0 },
};

static const struct column summary_columns[] = {
	{ "KERNEL", "kernel", COLUMN_TEXT, "its release" },
	{ "EXPORTER", "exporter", COLUMN_TEXT, "whose BAR" },
	{ "BAR", "bar", COLUMN_NUMBER, "which" },
	{ "IMPORTER", "importer", COLUMN_TEXT, "with vfio-pci" },
	{ "DMA-IMPORTER", "dma_importer", COLUMN_TEXT, "with dmabufctl-importer" },
	{ "PASSED", "passed", COLUMN_NUMBER, "cases whose rule holds" },
	{ "FAILED", "failed", COLUMN_NUMBER, "cases whose rule does not" },
	{ "KNOWN", "known", COLUMN_NUMBER, "the same, by a bug that this kernel is known to have" },
	{ "SKIPPED", "skipped", COLUMN_NUMBER, "cases that could not be tried" },
	{ 0 },
};

static const struct section sections[] = {
	{ .key = "cases", .title = "Cases", .empty = "no case failed", .columns = columns },
	{ .key = "summary", .title = "Summary", .columns = summary_columns },
	{ 0 },
};

const struct command cmd_conform = {
	.name = "conform",
	.arguments = "--exporter BDF | --dmabuf DMABUF | --list",
	.summary = "try the rules of the kernel's interface, as a test suite",
	.description =
		"Each case is one rule, with its own setting-up and tidying-up. A failure that this kernel\n"
		"is known for is told as known. Cases that passed or were skipped are shown with -v. Exit\n"
		"status 6 when a rule is broken, 3 when nothing could be tried.",
	.options = options,
	.options_size = sizeof(struct conform_options),
	.least = 0,
	.most = 0,
	.context = CONTEXT_EXISTING,
	.alone = true,
	.sections = sections,
	.run = run,
};
