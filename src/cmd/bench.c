// SPDX-License-Identifier: GPL-2.0-only
/* bench: how long the kernel takes for what is done with dma-bufs, on devices of this machine. */
#include "bench/bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/bench/compare.h"
#include "cmd/bench/plan.h"
#include "cmd/bench/plot.h"
#include "cmd/bench/report.h"
#include "cmd/shared/lookup.h"
#include "cmd/shared/refusal.h"
#include "cmd/shared/subjects.h"
#include "kernel/wait.h"
#include "ui/value.h"

#define SAMPLES 100
#define WARM_UP 5
#define SECONDS 10
#define TRIGGER "memory"

struct bench_options {
	const char *exporter;
	struct option_number bar;
	const char *importer;
	const char *only;
	const char *size;
	const char *count;
	const char *by;
	struct option_number samples;
	struct option_number warm_up;
	struct option_time seconds;
	const char *compare;
	const char *limit;
	const char *gnuplot;
	const char *png;
};

/* What is measured, and what has come of it. */
struct session {
	struct call *call;
	const struct bench_options *options;
	struct subjects subjects;
	struct bench_setup setup;
	struct plan plan;
	json_object *before; /* of --compare, or NULL */
	unsigned limit;	     /* percent, 0: none */
	struct plot_file gnuplot, png;
	bool terminal; /* people see how far it is */
	unsigned shown;
};

static const char *trigger_name(unsigned index)
{
	return vfio_triggers[index] ? vfio_triggers[index]->name : NULL;
}

static const struct vfio_trigger *find_trigger(const char *name)
{
	const struct vfio_trigger *const *trigger = vfio_triggers;

	while (strcmp((*trigger)->name, name) != 0)
		trigger++;
	return *trigger;
}

static enum status bad_limit(const char *text)
{
	fail_with(STATUS_USAGE, 0, "option --limit: '%s'", text);
	fail_because("not a valid value");
	fail_hint("give a ratio from 0.01 to 1000, such as 1.5");
	return STATUS_USAGE;
}

/* A ratio such as 1.5: of a number with decimals ui/value.h knows seconds. */
static enum status parse_limit(struct session *session)
{
	const char *text = session->options->limit;
	uint64_t billionths;

	if (!text)
		return STATUS_OK;
	if (!session->options->compare) {
		fail_with(STATUS_USAGE, 0, "option --limit");
		fail_because("it is of --compare, which is missing");
		return STATUS_USAGE;
	}
	if (value_parse_seconds(text, &billionths) || billionths < 10000000 ||
	    billionths > 1000 * 1000000000ull)
		return bad_limit(text);
	session->limit = billionths / 10000000;
	return STATUS_OK;
}

static enum status check_options(struct session *session)
{
	enum status status = STATUS_OK;

	if (!session->options->exporter) {
		status = fail_with(STATUS_USAGE, 0, "bench");
		fail_because("--exporter BDF is missing");
		fail_hint("'dmabufctl bench --help' has the options");
	}
	if (!status)
		status =
			plan_parse(&session->plan, session->options->size, session->options->count);
	return status ? status : parse_limit(session);
}

/* What is asked for before the first device is touched. */
static enum status open_files(struct session *session)
{
	const struct bench_options *options = session->options;
	enum status status = STATUS_OK;

	if (options->compare)
		status = compare_load(options->compare, &session->before);
	if (!status)
		status = plot_open(&session->gnuplot, "--gnuplot", options->gnuplot);
	if (!status)
		status = plot_open(&session->png, "--png", options->png);
	return status ? status : plot_find_gnuplot(&session->png);
}

static enum status find_subjects(struct session *session)
{
	const struct bench_options *options = session->options;
	struct subjects *subjects = &session->subjects;
	enum status status = subjects_find_exporter(subjects, options->exporter, &options->bar);

	if (!status && options->importer)
		status = subjects_find_importers(subjects, options->importer);
	if (status)
		return status;
	session->setup.exporter = &subjects->exporter;
	session->setup.bar = subjects->bar;
	session->setup.importer = subjects->with_vfio;
	session->setup.dma_importer = subjects->with_dma_api;
	return plan_make(&session->plan, &session->setup, options->only);
}

/* A bar of a hundredth each, at the most so often. */
static void show_progress(uint64_t done, uint64_t all, const struct bench_row *row, void *data)
{
	struct session *session = data;
	const unsigned percent = done * 100 / all;
	char unit[2];

	if (!session->terminal || percent < session->shown)
		return;
	session->shown = percent + 1;
	fprintf(stderr, "\r\033[K[%-20.*s] %3u%%  %llu%s, count %u", (int)percent / 5,
		"####################", percent, (unsigned long long)size_in_unit(row->size, unit),
		unit, row->count);
}

/* What could not be measured because of that, or was to be seen and was not. */
static enum status explain(const struct session *session, const struct bench_failure *failure)
{
	const struct rule_subject subject = { .tool = "dmabufctl",
					      .pci = &session->subjects.exporter };
	const struct rule *table = NULL;
	char what[160] = "bench";

	if (failure->row)
		snprintf(what, sizeof(what), "bench: %s of %llu bytes, count %u", failure->during,
			 (unsigned long long)failure->row->size, failure->row->count);
	if (failure->error == -EINTR) {
		fail_with(STATUS_FAILED, EINTR, "bench");
		fail_because("stopped by signal %d", (int)wait_signal);
		return STATUS_FAILED;
	}
	if (failure->error == -ENODATA) {
		fail_with(STATUS_UNOBSERVED, 0, "%s", what);
		fail_because(!strncmp(failure->during, "dma", 3) ?
				     "the bytes of the DMA did not arrive" :
				     "not every mapping was seen to be unmapped");
		fail_hint("'dmabufctl conform' says which rules this kernel keeps");
		return STATUS_UNOBSERVED;
	}
	if (!strcmp(failure->during, "export"))
		table = export_rules;
	else if (!strcmp(failure->during, "import"))
		table = import_rules;
	return table ? refuse(table, &subject, failure->error, "%s", what) :
		       fail_errno(failure->error, "%s", what);
}

static enum status judge(const struct session *session, const struct bench_failure *failure)
{
	const struct plan *plan = &session->plan;

	if (failure->error)
		return explain(session, failure);
	for (unsigned i = 0; i < plan->count; i++)
		if (plan->rows[i].taken)
			return STATUS_OK;
	fail_with(STATUS_UNSUPPORTED, 0, "bench");
	fail_because("nothing could be measured: %s", plan->rows->why);
	return STATUS_UNSUPPORTED;
}

static enum status measure(struct session *session)
{
	const struct plan *plan = &session->plan;
	struct bench_failure failure;
	enum status status;

	/* What was measured until one comes is shown, and what is to be put back is. */
	wait_handle_signals();
	session->terminal = isatty(STDERR_FILENO);
	bench_run(&session->setup, plan->rows, plan->count, show_progress, session, &failure);
	if (session->terminal)
		fprintf(stderr, "\r\033[K");
	report(session->call->result, &session->setup, plan->rows, plan->count);
	status = judge(session, &failure);
	if (!status)
		status = plot_write(&session->gnuplot, session->call->result);
	if (!status)
		status = plot_draw(&session->png, session->call->result);
	if (!status && session->before)
		status = compare(session->call->result, session->before, session->limit);
	return status;
}

static enum status run_session(struct session *session)
{
	enum status status = check_options(session);

	if (!status)
		status = open_files(session);
	if (!status)
		status = find_subjects(session);
	return status ? status : measure(session);
}

static void end_session(struct session *session)
{
	plan_free(&session->plan);
	json_object_put(session->before);
	plot_close(&session->gnuplot);
	plot_close(&session->png);
}

static enum status run(struct call *call)
{
	const struct bench_options *options = call->options;
	struct session session = {
		.call = call,
		.options = options,
		.subjects = { .command = "bench" },
		.setup = {
			.trigger = find_trigger(options->by ? options->by : TRIGGER),
			.samples = options->samples.given ? options->samples.value : SAMPLES,
			.warm_up = options->warm_up.given ? options->warm_up.value : WARM_UP,
			.longest_ns = options->seconds.given ? options->seconds.ns :
							       SECONDS * 1000000000ull,
		},
		.gnuplot.fd = -1,
		.png.fd = -1,
	};
	enum status status = run_session(&session);

	end_session(&session);
	return status;
}

static const struct option_entry options[] = {
	OPT_TEXT(struct bench_options, exporter, "exporter", "BDF",
		 "the device whose BAR is exported, with vfio-pci, and opened by nobody"),
	OPT_NUMBER(struct bench_options, bar, "bar", "BAR", 0, PCI_BARS - 1,
		   "its BAR (default: the largest that is memory)"),
	OPT_TEXT(struct bench_options, importer, "importer", "BDF[,BDF]",
		 "devices that import: one with vfio-pci, one with dmabufctl-importer (default: "
		 "the exporter itself)"),
	OPT_CHOICES(struct bench_options, only, "only", 0, "OPERATION[,OPERATION...]",
		    bench_operation_name, "only these, of the list above"),
	OPT_TEXT(struct bench_options, size, "size", "SIZE[,SIZE...]",
		 "of a dma-buf (default: from 4K on eight times as large each, up to 1G)"),
	OPT_TEXT(struct bench_options, count, "count", "N[,N...]",
		 "of dma-bufs that are there at a time (default: 1,10,100)"),
	OPT_CHOICE(struct bench_options, by, "by", 0, "METHOD", trigger_name,
		   "the trigger that revokes, as of revoke (default: " TRIGGER ")"),
	OPT_NUMBER(struct bench_options, samples, "samples", "N", 1, 1000000,
		   "how often each is measured (default: 100)"),
	OPT_NUMBER(struct bench_options, warm_up, "warm-up", "N", 0, 1000000,
		   "how often it is done before that, in each of four rounds (default: 5)"),
	OPT_SECONDS(struct bench_options, seconds, "seconds", "SECONDS",
		    "with fewer samples where they would take longer than that (default: 10)"),
	OPT_TEXT(struct bench_options, compare, "compare", "FILE",
		 "with what an earlier bench printed with --json"),
	OPT_TEXT(
		struct bench_options, limit, "limit", "RATIO",
		"exit status 6 when a median is longer than so many times the earlier one, as 1.5"),
	OPT_TEXT(struct bench_options, gnuplot, "gnuplot", "FILE",
		 "write the data there, with what draws them, for gnuplot"),
	OPT_TEXT(struct bench_options, png, "png", "FILE", "have gnuplot draw them"),
	{ 0 },
};

static const struct column columns[] = {
	{ "OPERATION", "operation", COLUMN_TEXT, "what was done" },
	{ "IMPORTER", "importer", COLUMN_TEXT, "what it was mapped by, as import --to" },
	{ "SIZE", "size", COLUMN_SIZE, "of each dma-buf" },
	{ "COUNT", "count", COLUMN_NUMBER, "dma-bufs that were there" },
	{ "TRIGGER", "trigger", COLUMN_TEXT | COLUMN_VERBOSE, "what revoked them" },
	{ "SAMPLES", "samples", COLUMN_NUMBER | COLUMN_VERBOSE, "how often it was measured" },
	{ "MIN", "min_ns", COLUMN_TIME | COLUMN_VERBOSE, "the shortest" },
	{ "P50", "p50_ns", COLUMN_TIME, "the median" },
	{ "P99", "p99_ns", COLUMN_TIME, "the 99th percentile" },
	{ "MAX", "max_ns", COLUMN_TIME, "the longest" },
	{ "MEAN", "mean_ns", COLUMN_TIME | COLUMN_VERBOSE, "the mean" },
	{ "PER-SECOND", "per_second", COLUMN_NUMBER | COLUMN_VERBOSE, "how many in a second" },
	{ 0 },
};

static const struct column histogram_columns[] = {
	{ "OPERATION", "operation", COLUMN_TEXT, "what was done" },
	{ "IMPORTER", "importer", COLUMN_TEXT, "what it was mapped by" },
	{ "SIZE", "size", COLUMN_SIZE, "of each dma-buf" },
	{ "COUNT", "count", COLUMN_NUMBER, "dma-bufs that were there" },
	{ "MIN", "min_ns", COLUMN_TIME, "where the histogram begins" },
	{ "HISTOGRAM", "histogram", COLUMN_BINS, "four bins for each doubling of the time" },
	{ 0 },
};

static const struct column skipped_columns[] = {
	{ "OPERATION", "operation", COLUMN_TEXT, "what was not measured" },
	{ "IMPORTER", "importer", COLUMN_TEXT, "what it was to be mapped by" },
	{ "SIZE", "size", COLUMN_SIZE, "of each dma-buf" },
	{ "COUNT", "count", COLUMN_NUMBER, "dma-bufs that were to be there" },
	{ "WHY", "why", COLUMN_TEXT, "why not" },
	{ 0 },
};

static const struct column growth_columns[] = {
	{ "OPERATION", "operation", COLUMN_TEXT, "what was done" },
	{ "IMPORTER", "importer", COLUMN_TEXT, "what it was mapped by" },
	{ "OVER", "over", COLUMN_TEXT, "size or count" },
	{ "FROM", "from", COLUMN_SIZE, "the first that was measured" },
	{ "TO", "to", COLUMN_SIZE, "the last" },
	{ "P50-FROM", "from_p50_ns", COLUMN_TIME, "the median at the first" },
	{ "P50-TO", "to_p50_ns", COLUMN_TIME, "the median at the last" },
	{ "RATIO", "ratio_percent", COLUMN_PERCENT, "of the two medians" },
	{ 0 },
};

static const struct column comparison_columns[] = {
	{ "OPERATION", "operation", COLUMN_TEXT, "what was done" },
	{ "IMPORTER", "importer", COLUMN_TEXT, "what it was mapped by" },
	{ "SIZE", "size", COLUMN_SIZE, "of each dma-buf" },
	{ "COUNT", "count", COLUMN_NUMBER, "dma-bufs that were there" },
	{ "BEFORE", "before_p50_ns", COLUMN_TIME, "the median then" },
	{ "P50", "p50_ns", COLUMN_TIME, "the median now" },
	{ "RATIO", "ratio_percent", COLUMN_PERCENT, "of the two medians" },
	{ "P99-BEFORE", "before_p99_ns", COLUMN_TIME | COLUMN_VERBOSE, "the 99th percentile then" },
	{ "P99", "p99_ns", COLUMN_TIME | COLUMN_VERBOSE, "the 99th percentile now" },
	{ "P99-RATIO", "p99_ratio_percent", COLUMN_PERCENT, "of these two" },
	{ "SLOWER", "slower", COLUMN_TEXT, "it is beyond --limit" },
	{ 0 },
};

static const struct column summary_columns[] = {
	{ "KERNEL", "kernel", COLUMN_TEXT, "its release" },
	{ "IOMMU", "iommu", COLUMN_TEXT, "as sysfs calls it" },
	{ "EXPORTER", "exporter", COLUMN_TEXT, "whose BAR" },
	{ "BAR", "bar", COLUMN_NUMBER, "which" },
	{ "IMPORTER", "importer", COLUMN_TEXT, "with vfio-pci" },
	{ "DMA-IMPORTER", "dma_importer", COLUMN_TEXT, "with dmabufctl-importer" },
	{ "TRIGGER", "trigger", COLUMN_TEXT, "what revoked" },
	{ "SAMPLES", "samples", COLUMN_NUMBER, "of each, at the most" },
	{ "WARM-UP", "warm_up", COLUMN_NUMBER, "not measured, before them" },
	{ 0 },
};

static const struct section sections[] = {
	{ .key = "measurements", .title = "Times", .columns = columns },
	{ .key = "measurements", .title = "Histograms", .columns = histogram_columns },
	{ .key = "growth", .title = "Growth", .columns = growth_columns },
	{ .key = "skipped", .title = "Not measured", .columns = skipped_columns },
	{ .key = "summary", .title = "Summary", .columns = summary_columns },
	{ .key = "comparison", .title = "Comparison", .columns = comparison_columns },
	{ .key = "before", .title = "Compared with", .columns = summary_columns },
	{ 0 },
};

const struct command cmd_bench = {
	.name = "bench",
	.arguments = "--exporter BDF",
	.summary = "measure how long the kernel takes for what is done with dma-bufs",
	.description =
		"  export              make a dma-buf of a part of the BAR, beside count - 1 others\n"
		"  import              map it\n"
		"  unmap               unmap it\n"
		"  revoke              the call that revokes all of count\n"
		"  revoke-to-unmapped  from its begin until the last is unmapped, by the kernel's clock\n"
		"  recover             map all of them again at the same addresses\n"
		"  dma-write           the importer writes 4 KiB through one of them\n"
		"  dma-read            it reads them\n"
		"All sizes are measured with the first count, all counts with the first size: each in\n"
		"turn, in four rounds. Percentiles are samples that were measured; none is left out. Exit\n"
		"status 6 when a trigger revoked nothing, or --limit is exceeded; 3 when nothing could be\n"
		"measured.",
	.options = options,
	.options_size = sizeof(struct bench_options),
	.least = 0,
	.most = 0,
	.context = CONTEXT_NONE,
	.alone = true,
	.sections = sections,
	.run = run,
};
