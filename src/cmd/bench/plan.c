// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/bench/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ui/value.h"
#include "util/array.h"
#include "util/scope.h"
#include "util/text.h"

#define PAGE 4096
#define LARGEST (1ull << 30)

static enum status no_memory(void)
{
	return fail_errno(ENOMEM, "bench");
}

static enum status add_number(struct plan_numbers *numbers, uint64_t value)
{
	uint64_t *added = array_add(&numbers->items, &numbers->count);

	if (!added)
		return no_memory();
	*added = value;
	return STATUS_OK;
}

static bool has_number(const struct plan_numbers *numbers, uint64_t value)
{
	for (unsigned i = 0; i < numbers->count; i++)
		if (numbers->items[i] == value)
			return true;
	return false;
}

/* What the list of an option may have. */
struct rule {
	const char *option;
	int (*parse)(const char *text, uint64_t *value);
	uint64_t unit; /* it is a multiple of that, from 1 up to most of them */
	uint64_t most;
	const char *hint;
};

static const struct rule size_rule = {
	"--size",
	value_parse_size,
	PAGE,
	1ull << 40,
	"give multiples of 4K, separated by commas, such as 4K,2M,1G",
};
static const struct rule count_rule = {
	"--count",
	value_parse_number,
	1,
	1000000,
	"give whole numbers from 1 to 1000000, separated by commas, such as 1,10,100",
};

static enum status bad_list(const struct rule *rule, const char *text, const char *why)
{
	fail_with(STATUS_USAGE, 0, "option %s: '%s'", rule->option, text);
	fail_because("%s", why);
	fail_hint("%s", rule->hint);
	return STATUS_USAGE;
}

static enum status parse_list(const struct rule *rule, const char *text,
			      struct plan_numbers *numbers)
{
	auto_free char *copy = strdup(text);
	enum status status = copy ? STATUS_OK : no_memory();

	for (char *rest = copy, *word; !status && (word = strsep(&rest, ","));) {
		uint64_t value;

		if (rule->parse(word, &value) || !value || value % rule->unit ||
		    value / rule->unit > rule->most)
			status = bad_list(rule, text, "not a valid value");
		else if (has_number(numbers, value))
			status = bad_list(rule, text, "one stands there twice");
		else
			status = add_number(numbers, value);
	}
	return status;
}

enum status plan_parse(struct plan *plan, const char *sizes, const char *counts)
{
	enum status status = sizes ? parse_list(&size_rule, sizes, &plan->sizes) : STATUS_OK;

	return status || !counts ? status : parse_list(&count_rule, counts, &plan->counts);
}

static enum status too_large(const struct bench_setup *setup, uint64_t size)
{
	fail_with(STATUS_UNSUPPORTED, 0, "bench: a dma-buf of %llu bytes",
		  (unsigned long long)size);
	fail_because("BAR %u of %s has %llu bytes", setup->bar, setup->exporter->name.bdf,
		     (unsigned long long)setup->exporter->bars[setup->bar].bus.length);
	return STATUS_UNSUPPORTED;
}

/* Where no sizes are given, those that the BAR allows. */
static enum status take_sizes(struct plan *plan, const struct bench_setup *setup)
{
	const uint64_t room = setup->exporter->bars[setup->bar].bus.length;
	const bool given = plan->sizes.count;
	enum status status = STATUS_OK;

	for (uint64_t size = PAGE; !given && !status && size <= room && size <= LARGEST; size *= 8)
		status = add_number(&plan->sizes, size);
	for (unsigned i = 0; !status && i < plan->sizes.count; i++)
		if (plan->sizes.items[i] > room)
			status = too_large(setup, plan->sizes.items[i]);
	return status;
}

static enum status take_counts(struct plan *plan)
{
	const bool given = plan->counts.count;
	enum status status = STATUS_OK;

	for (uint64_t count = 1; !given && !status && count <= 100; count *= 10)
		status = add_number(&plan->counts, count);
	return status;
}

static enum status add_row(struct plan *plan, const struct bench_setup *setup,
			   const struct bench_row *row)
{
	struct bench_row *added = array_add(&plan->rows, &plan->count);

	if (!added)
		return no_memory();
	*added = *row;
	added->samples = malloc(setup->samples * sizeof(*added->samples));
	return added->samples ? STATUS_OK : no_memory();
}

/* What can be measured by one way, of one size and count. */
static enum status add_rows(struct plan *plan, const struct bench_setup *setup, const char *only,
			    struct bench_row row)
{
	enum status status = STATUS_OK;

	for (unsigned i = 0; !status && i < BENCH_OPERATIONS; i++) {
		row.operation = i;
		/* An export is the same whoever imports it. */
		if (i == BENCH_EXPORT && row.way)
			continue;
		if (!only || text_lists(only, bench_operation_name(i)))
			status = add_row(plan, setup, &row);
	}
	return status;
}

/* Each size with the first count, then each other count with the first size. */
static enum status add_way(struct plan *plan, const struct bench_setup *setup, const char *only,
			   enum bench_way way)
{
	const uint64_t *sizes = plan->sizes.items, *counts = plan->counts.items;
	struct bench_row row = { .way = way, .count = *counts };
	enum status status = STATUS_OK;

	for (unsigned i = 0; !status && i < plan->sizes.count; i++) {
		row.size = sizes[i];
		status = add_rows(plan, setup, only, row);
	}
	row.size = *sizes;
	for (unsigned i = 1; !status && i < plan->counts.count; i++) {
		row.count = counts[i];
		status = add_rows(plan, setup, only, row);
	}
	return status;
}

enum status plan_make(struct plan *plan, const struct bench_setup *setup, const char *only)
{
	enum status status = take_sizes(plan, setup);

	if (!status)
		status = take_counts(plan);
	if (!status)
		status = add_way(plan, setup, only, BENCH_IOMMUFD);
	return status || !setup->dma_importer ? status : add_way(plan, setup, only, BENCH_DMA_API);
}

void plan_free(struct plan *plan)
{
	for (unsigned i = 0; i < plan->count; i++)
		free(plan->rows[i].samples);
	free(plan->rows);
	free(plan->sizes.items);
	free(plan->counts.items);
}
