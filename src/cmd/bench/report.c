// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/bench/report.h"

#include <string.h>
#include <sys/utsname.h>

#include "util/statistics.h"

/* As import --to calls it. An export is the same whoever imports it. */
static const char *importer_of(const struct bench_row *row)
{
	static const char *const names[] = {
		[BENCH_IOMMUFD] = "iommufd", [BENCH_DMA_API] = "device"
	};

	return row->operation == BENCH_EXPORT ? NULL : names[row->way];
}

static bool has_trigger(enum bench_operation operation)
{
	return operation == BENCH_REVOKE || operation == BENCH_UNMAPPED ||
	       operation == BENCH_RECOVER;
}

static void put_subject(json_object *object, const struct bench_setup *setup,
			const struct bench_row *row)
{
	json_put_text(object, "operation", bench_operation_name(row->operation));
	json_put_text(object, "importer", importer_of(row));
	json_put_number(object, "size", row->size);
	json_put_number(object, "count", row->count);
	json_put_text(object, "trigger", has_trigger(row->operation) ? setup->trigger->name : NULL);
}

static void put_histogram(json_object *object, const struct bench_row *row)
{
	struct histogram histogram = { .sorted = row->samples, .count = row->taken };
	json_object *bins = json_put_array(object, "histogram");
	struct histogram_bin bin;

	while (histogram_next(&histogram, &bin)) {
		json_object *added = add_object(bins);

		json_put_number(added, "from_ns", bin.from);
		json_put_number(added, "below_ns", bin.below);
		json_put_number(added, "samples", bin.samples);
	}
}

static void put_measurement(json_object *object, const struct bench_row *row)
{
	const struct statistics statistics = statistics_of(row->samples, row->taken);

	json_put_number(object, "samples", row->taken);
	json_put_number(object, "min_ns", statistics.least);
	json_put_number(object, "p50_ns", statistics.p50);
	json_put_number(object, "p99_ns", statistics.p99);
	json_put_number(object, "max_ns", statistics.most);
	json_put_number(object, "mean_ns", statistics.mean);
	json_put_number(object, "per_second", statistics.mean ? 1000000000 / statistics.mean : 0);
	put_histogram(object, row);
}

/* Those of one operation. */
static void put_rows(json_object *measured, json_object *skipped, const struct bench_setup *setup,
		     const struct bench_row *rows, unsigned count, enum bench_operation operation)
{
	for (const struct bench_row *row = rows; row < rows + count; row++) {
		json_object *object;

		if (row->operation != operation)
			continue;
		object = add_object(row->taken ? measured : skipped);
		put_subject(object, setup, row);
		if (row->taken)
			put_measurement(object, row);
		else
			json_put_text(object, "why", row->why);
	}
}

static bool is_of(const struct bench_row *row, const struct bench_row *first)
{
	return row->taken && row->operation == first->operation && row->way == first->way;
}

static void put_growth(json_object *rows, const char *over, const struct bench_row *from,
		       const struct bench_row *to)
{
	const bool by_size = to->size != from->size;
	const uint64_t before = statistics_percentile(from->samples, from->taken, 50);
	const uint64_t after = statistics_percentile(to->samples, to->taken, 50);
	json_object *row = add_object(rows);

	json_put_text(row, "operation", bench_operation_name(from->operation));
	json_put_text(row, "importer", importer_of(from));
	json_put_text(row, "over", over);
	json_put_number(row, "from", by_size ? from->size : from->count);
	json_put_number(row, "to", by_size ? to->size : to->count);
	json_put_number(row, "from_p50_ns", before);
	json_put_number(row, "to_p50_ns", after);
	json_put_number(row, "ratio_percent", before ? after * 100 / before : 0);
}

/* From the first of its operation and importer to the last that differs in size alone, or count. */
static void put_growths(json_object *array, const struct bench_row *rows, unsigned count,
			const struct bench_row *first)
{
	const struct bench_row *by_size = NULL, *by_count = NULL;

	for (const struct bench_row *row = first + 1; row < rows + count; row++) {
		if (!is_of(row, first))
			continue;
		if (row->count == first->count)
			by_size = row;
		else
			by_count = row;
	}
	if (by_size)
		put_growth(array, "size", first, by_size);
	if (by_count)
		put_growth(array, "count", first, by_count);
}

static bool is_first(const struct bench_row *rows, const struct bench_row *row)
{
	for (const struct bench_row *before = rows; before < row; before++)
		if (is_of(before, row))
			return false;
	return row->taken;
}

static const char *bdf_of(const struct pci_device *pci)
{
	return pci ? pci->name.bdf : NULL;
}

static void put_summary(json_object *result, const struct bench_setup *setup)
{
	const struct pci_device *importer = setup->importer ? setup->importer : setup->exporter;
	json_object *row = json_put_object(result, "summary");
	struct utsname system;
	char iommu[64];

	uname(&system);
	pci_get_iommu(&importer->name, iommu, sizeof(iommu));
	json_put_text(row, "kernel", system.release);
	json_put_text(row, "iommu", iommu);
	json_put_text(row, "exporter", setup->exporter->name.bdf);
	json_put_number(row, "bar", setup->bar);
	json_put_text(row, "importer", bdf_of(setup->importer));
	json_put_text(row, "dma_importer", bdf_of(setup->dma_importer));
	json_put_text(row, "trigger", setup->trigger->name);
	json_put_number(row, "samples", setup->samples);
	json_put_number(row, "warm_up", setup->warm_up);
}

void report(json_object *result, const struct bench_setup *setup, const struct bench_row *rows,
	    unsigned count)
{
	json_object *measured = json_put_array(result, "measurements");
	json_object *skipped = json_put_array(result, "skipped");
	json_object *growth = json_put_array(result, "growth");

	for (unsigned operation = 0; operation < BENCH_OPERATIONS; operation++) {
		put_rows(measured, skipped, setup, rows, count, operation);
		for (const struct bench_row *row = rows; row < rows + count; row++)
			if (row->operation == operation && is_first(rows, row))
				put_growths(growth, rows, count, row);
	}
	put_summary(result, setup);
}
