// SPDX-License-Identifier: GPL-2.0-only
/* Runs the bench: each way, size and count by itself, with an IOAS of its own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/parts.h"
#include "kernel/iommufd.h"
#include "kernel/sys.h"
#include "kernel/vfio.h"
#include "kernel/wait.h"
#include "util/clock.h"
#include "util/statistics.h"
#include "util/text.h"

#define ROUNDS 4

static const char *const names[BENCH_OPERATIONS + 1] = {
	[BENCH_EXPORT] = "export",
	[BENCH_IMPORT] = "import",
	[BENCH_UNMAP] = "unmap",
	[BENCH_REVOKE] = "revoke",
	[BENCH_UNMAPPED] = "revoke-to-unmapped",
	[BENCH_RECOVER] = "recover",
	[BENCH_DMA_WRITE] = "dma-write",
	[BENCH_DMA_READ] = "dma-read",
};

const char *bench_operation_name(unsigned operation)
{
	return names[operation];
}

static const struct bench_way_calls *const ways[] = {
	[BENCH_IOMMUFD] = &bench_iommufd,
	[BENCH_DMA_API] = &bench_dma_api,
};

/* The rows of one way, size and count, and how far all of them are. */
struct run {
	struct bench bench;
	const struct bench_row *first;
	struct bench_row *of[BENCH_OPERATIONS]; /* NULL: not wanted */
	bool watched;				/* what is unmapped */
	bool counts;				/* it is no warm-up */
	unsigned round, rounds;
	uint64_t done, all; /* steps */
	bench_progress *progress;
	void *data;
	struct bench_failure *failure;
};

static int fail_during(struct run *run, const char *during, int error)
{
	*run->failure = (struct bench_failure){ during, run->first, error };
	return error;
}

static void skip(struct run *run, enum bench_operation operation, const char *why)
{
	struct bench_row *row = run->of[operation];

	if (row)
		snprintf(row->why, sizeof(row->why), "%s", why);
}

static void take(struct run *run, enum bench_operation operation, uint64_t ns)
{
	struct bench_row *row = run->of[operation];

	if (row && run->counts)
		row->samples[row->taken++] = ns;
}

static int timed(struct run *run, enum bench_operation operation,
		 int (*call)(struct bench *bench, struct bench_mapping *mapping),
		 struct bench_mapping *mapping)
{
	const uint64_t began = clock_now();
	int rc = call(&run->bench, mapping);
	const uint64_t ended = clock_now();

	if (rc)
		return fail_during(run, names[operation], rc);
	take(run, operation, ended - began);
	return 0;
}

/* What this round adds to a row. */
static unsigned share(const struct run *run)
{
	const uint64_t samples = run->bench.setup->samples;

	return samples * (run->round + 1) / run->rounds - samples * run->round / run->rounds;
}

static unsigned times(const struct run *run)
{
	return run->bench.setup->warm_up + share(run);
}

/* Warms up, then takes the samples of this round: at least one, however long that takes. */
static int repeat(struct run *run, int (*once)(struct run *run, void *data), void *data)
{
	const struct bench_setup *setup = run->bench.setup;
	const uint64_t end = clock_now() + setup->longest_ns / run->rounds;
	int rc = 0;

	run->counts = false;
	for (unsigned i = 0; !rc && i < times(run); i++) {
		const bool late = clock_now() >= end;

		if (late && run->counts)
			break;
		run->counts = late || i >= setup->warm_up;
		rc = wait_is_over() ? fail_during(run, "run", -EINTR) : once(run, data);
		run->progress(run->done + i + 1, run->all, run->first, run->data);
	}
	run->counts = false;
	run->done += times(run);
	return rc;
}

static int export(struct bench *bench, struct bench_mapping *mapping)
{
	int fd = vfio_export(bench->exporter, bench->setup->bar, &mapping->part, 1);

	if (fd < 0)
		return fd;
	mapping->dmabuf = fd;
	return 0;
}

static void close_once(int *fd)
{
	if (*fd >= 0)
		sys_close(*fd);
	*fd = -1;
}

static void forget(struct bench_mapping *mapping)
{
	close_once(&mapping->attachment);
	close_once(&mapping->dmabuf);
}

static int prepare(struct run *run, struct bench_mapping *mapping)
{
	const struct bench_way_calls *way = run->bench.way;
	int rc = way->prepare ? way->prepare(&run->bench, mapping) : 0;

	return rc ? fail_during(run, names[BENCH_IMPORT], rc) : 0;
}

/* What is not wanted is done all the same: the next step needs it. */
static int export_and_import(struct run *run, struct bench_mapping *mapping)
{
	int rc = prepare(run, mapping);

	if (!rc)
		rc = timed(run, BENCH_EXPORT, export, mapping);
	if (!rc)
		rc = timed(run, BENCH_IMPORT, run->bench.way->map, mapping);
	return rc;
}

static int cycle(struct run *run, void *data)
{
	int rc = export_and_import(run, data);

	if (!rc)
		rc = timed(run, BENCH_UNMAP, run->bench.way->unmap, data);
	if (!rc)
		forget(data);
	return rc;
}

static int recover_all(struct bench *bench, struct bench_mapping *mappings)
{
	int rc = 0;

	for (unsigned i = 0; !rc && i < bench->count; i++)
		rc = bench->way->recover(bench, &mappings[i]);
	return rc;
}

static int take_unmapped(struct run *run, uint64_t since)
{
	uint64_t when;
	int rc = run->bench.way->when_unmapped(&run->bench, since, &when);

	if (rc)
		return fail_during(run, names[BENCH_UNMAPPED], rc);
	take(run, BENCH_UNMAPPED, when - since);
	return 0;
}

/* -EOPNOTSUPP, and no failure: the device has no such trigger. */
static int pull(struct run *run)
{
	struct bench *bench = &run->bench;
	const uint64_t began = clock_now();
	int rc = bench->setup->trigger->pull(bench->exporter);
	const uint64_t ended = clock_now();

	if (rc)
		return rc == -EOPNOTSUPP ? rc : fail_during(run, names[BENCH_REVOKE], rc);
	take(run, BENCH_REVOKE, ended - began);
	return run->watched ? take_unmapped(run, began) : 0;
}

static int revocation(struct run *run, void *data)
{
	struct bench *bench = &run->bench;
	const struct vfio_trigger *trigger = bench->setup->trigger;
	int rc = pull(run);

	(void)data;
	if (!rc && trigger->undo) {
		rc = trigger->undo(bench->exporter);
		if (rc)
			return fail_during(run, names[BENCH_REVOKE], rc);
	}
	return rc ? rc : timed(run, BENCH_RECOVER, recover_all, bench->mappings);
}

static void skip_revocations(struct run *run)
{
	char why[80];

	snprintf(why, sizeof(why), "the device has no such trigger: %s",
		 run->bench.setup->trigger->name);
	skip(run, BENCH_REVOKE, why);
	skip(run, BENCH_UNMAPPED, why);
	skip(run, BENCH_RECOVER, why);
}

/* Whether a trigger unmaps is looked at wherever it can be: one that revokes nothing would be fast.
 */
static void watch(struct run *run)
{
	const struct bench_way_calls *way = run->bench.way;
	const char *obstacle = way->watch ? way->watch(&run->bench) : NULL;
	char why[160];

	run->watched = !obstacle;
	if (!obstacle)
		return;
	snprintf(why, sizeof(why), "the kernel's trace of unmaps cannot be had: %s", obstacle);
	skip(run, BENCH_UNMAPPED, why);
}

static int repeat_revocations(struct run *run)
{
	int rc;

	watch(run);
	rc = repeat(run, revocation, NULL);
	if (run->watched && run->bench.way->unwatch)
		run->bench.way->unwatch(&run->bench);
	if (rc != -EOPNOTSUPP || run->failure->error)
		return rc;
	skip_revocations(run);
	return 0;
}

/* One direction of DMA. */
struct direction {
	struct bench_dma *dma;
	bool write;
};

static enum bench_operation operation_of(const struct direction *direction)
{
	return direction->write ? BENCH_DMA_WRITE : BENCH_DMA_READ;
}

static int transfer(struct run *run, void *data)
{
	struct direction *direction = data;
	uint64_t took_ns;
	int rc = bench_dma_transfer(direction->dma, direction->write, &took_ns);

	if (rc)
		return fail_during(run, names[operation_of(direction)], rc);
	take(run, operation_of(direction), took_ns);
	return 0;
}

static int repeat_dma(struct run *run, struct bench_dma *dma, bool write)
{
	struct direction direction = { dma, write };
	const char *name = names[operation_of(&direction)];
	int rc;

	if (!run->of[operation_of(&direction)])
		return 0;
	rc = bench_dma_ready(dma, write);
	if (rc)
		return fail_during(run, name, rc);
	rc = repeat(run, transfer, &direction);
	if (rc)
		return rc;
	rc = bench_dma_check(dma, write);
	return rc ? fail_during(run, name, rc) : 0;
}

static int do_dma(struct run *run)
{
	struct bench_dma dma;
	const char *why;
	int rc = bench_dma_begin(&dma, &run->bench, &why);

	if (rc == -EOPNOTSUPP) {
		skip(run, BENCH_DMA_WRITE, why);
		skip(run, BENCH_DMA_READ, why);
		return 0;
	}
	if (rc)
		return fail_during(run, "DMA", rc);
	rc = repeat_dma(run, &dma, true);
	if (!rc)
		rc = repeat_dma(run, &dma, false);
	bench_dma_end(&dma);
	return rc;
}

static bool wants_cycles(const struct run *run)
{
	return run->of[BENCH_EXPORT] || run->of[BENCH_IMPORT] || run->of[BENCH_UNMAP];
}

static bool wants_revocations(const struct run *run)
{
	return run->of[BENCH_REVOKE] || run->of[BENCH_UNMAPPED] || run->of[BENCH_RECOVER];
}

static bool wants_dma(const struct run *run)
{
	return run->of[BENCH_DMA_WRITE] || run->of[BENCH_DMA_READ];
}

static uint64_t steps(const struct run *run)
{
	return (uint64_t)times(run) * (wants_cycles(run) + wants_revocations(run) +
				       !!run->of[BENCH_DMA_WRITE] + !!run->of[BENCH_DMA_READ]);
}

/* The parts follow each other in the BAR, and begin again at its end. */
static int make_mappings(struct bench *bench, const struct bench_row *row)
{
	const struct bench_setup *setup = bench->setup;
	const uint64_t room = setup->exporter->bars[setup->bar].bus.length / row->size;

	bench->count = row->count;
	bench->mappings = calloc(bench->count, sizeof(*bench->mappings));
	for (unsigned i = 0; bench->mappings && i < bench->count; i++)
		bench->mappings[i] = (struct bench_mapping){
			.part = { i % room * row->size, row->size },
			.dmabuf = -1,
			.attachment = -1,
		};
	return bench->mappings ? 0 : -ENOMEM;
}

static int measure(struct run *run)
{
	struct bench *bench = &run->bench;
	struct bench_mapping *last = &bench->mappings[bench->count - 1];
	int rc = 0;

	for (unsigned i = 0; !rc && i + 1 < bench->count; i++)
		rc = wait_is_over() ? fail_during(run, "run", -EINTR) :
				      export_and_import(run, &bench->mappings[i]);
	if (!rc && wants_cycles(run))
		rc = repeat(run, cycle, last);
	if (!rc && (wants_revocations(run) || wants_dma(run)))
		rc = export_and_import(run, last);
	if (!rc && wants_revocations(run))
		rc = repeat_revocations(run);
	if (!rc && wants_dma(run))
		rc = do_dma(run);
	return rc;
}

static int measure_in_ioas(struct run *run)
{
	struct bench *bench = &run->bench;
	int rc = bench->way->begin ? bench->way->begin(bench) : 0;

	if (rc)
		return fail_during(run, "attach", rc);
	rc = measure(run);
	for (unsigned i = 0; i < bench->count; i++)
		close_once(&bench->mappings[i].attachment);
	if (bench->way->end)
		bench->way->end(bench);
	return rc;
}

static bool stand_together(const struct bench_row *a, const struct bench_row *b)
{
	return a->way == b->way && a->size == b->size && a->count == b->count;
}

/* Those at the beginning that stand together; how many. */
static unsigned take_rows(struct run *run, struct bench_row *rows, unsigned count)
{
	unsigned i = 0;

	memset(run->of, 0, sizeof(run->of));
	run->first = rows;
	for (; i < count && stand_together(rows, &rows[i]); i++)
		run->of[rows[i].operation] = &rows[i];
	return i;
}

static int measure_rows(struct run *run)
{
	struct bench *bench = &run->bench;
	const uint64_t end = run->done + steps(run);
	int rc = make_mappings(bench, run->first);

	bench->way = ways[run->first->way];
	rc = rc ? fail_during(run, names[BENCH_EXPORT], rc) : measure_in_ioas(run);
	for (unsigned i = 0; bench->mappings && i < bench->count; i++)
		forget(&bench->mappings[i]);
	free(bench->mappings);
	run->done = end;
	return rc;
}

static int open_device(struct run *run, const struct pci_device *pci, int *fd)
{
	uint32_t id;
	int rc = vfio_open(pci->cdev, run->bench.iommufd, &id);

	if (rc < 0)
		return fail_during(run, "open", rc);
	*fd = rc;
	return 0;
}

static int open_all(struct run *run)
{
	struct bench *bench = &run->bench;
	const struct bench_setup *setup = bench->setup;
	int rc = iommufd_open();

	if (rc < 0)
		return fail_during(run, "open", rc);
	bench->iommufd = rc;
	rc = open_device(run, setup->exporter, &bench->exporter);
	if (!rc && setup->importer)
		rc = open_device(run, setup->importer, &bench->importer);
	return rc;
}

static int count_steps(struct run *run)
{
	run->all += steps(run);
	return 0;
}

/* All rows in turn, again and again, so that none has a time to itself that was slower. */
static int visit_rows(struct run *run, struct bench_row *rows, unsigned count,
		      int (*visit)(struct run *run))
{
	int rc = 0;

	for (run->round = 0; run->round < run->rounds; run->round++)
		for (unsigned i = 0; !rc && i < count;) {
			i += take_rows(run, rows + i, count - i);
			rc = visit(run);
		}
	return rc;
}

static int measure_all(struct run *run, struct bench_row *rows, unsigned count)
{
	int rc = open_all(run);

	visit_rows(run, rows, count, count_steps);
	return rc ? rc : visit_rows(run, rows, count, measure_rows);
}

static void finish(struct bench_row *row)
{
	statistics_sort(row->samples, row->taken);
	if (!row->taken && !*row->why)
		copy_text(row->why, sizeof(row->why), "it was not come to");
}

bool bench_run(const struct bench_setup *setup, struct bench_row *rows, unsigned count,
	       bench_progress *progress, void *data, struct bench_failure *failure)
{
	struct run run = {
		.bench = { .setup = setup, .iommufd = -1, .exporter = -1, .importer = -1 },
		.rounds = setup->samples < ROUNDS ? setup->samples : ROUNDS,
		.progress = progress,
		.data = data,
		.failure = failure,
	};
	int rc;

	*failure = (struct bench_failure){ 0 };
	rc = measure_all(&run, rows, count);
	close_once(&run.bench.importer);
	close_once(&run.bench.exporter);
	close_once(&run.bench.iommufd);
	for (unsigned i = 0; i < count; i++)
		finish(&rows[i]);
	return !rc;
}
