// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/trace.h"

#include <errno.h>
#include <unistd.h>

#include "kernel/instance.h"
#include "util/clock.h"

/*
 * All rings together, and the least of one. An event takes about 40 bytes, and one command can
 * cause thousands of them on one CPU.
 */
#define RINGS_KIB 4096
#define RING_KIB_LEAST 128
#define RING_KIB_DEFAULT 1408 /* the kernel's: there already when an instance is made */

int trace_available(void)
{
	return instance_available();
}

int trace_stop(const char *name)
{
	return instance_remove(name);
}

void trace_sweep(const char *prefix)
{
	instance_sweep(prefix);
}

static unsigned ring_kib(void)
{
	unsigned kib = RINGS_KIB / sysconf(_SC_NPROCESSORS_CONF);

	if (kib >= RING_KIB_DEFAULT)
		return 0;
	return kib < RING_KIB_LEAST ? RING_KIB_LEAST : kib;
}

static int record(struct instance *instance, int *hold)
{
	int rc = instance_enable(instance, "iommu", "map");

	if (!rc)
		rc = instance_enable(instance, "iommu", "unmap");
	if (!rc && hold)
		rc = *hold = instance_hold(instance);
	return rc < 0 ? rc : store_create();
}

int trace_start(const char *name, int *hold)
{
	struct instance instance;
	int rc = trace_available(), store;

	if (!rc)
		rc = trace_stop(name);
	if (!rc)
		rc = instance_create(&instance, name, ring_kib());
	if (rc)
		return rc;
	if (hold)
		*hold = -1;
	store = record(&instance, hold);
	instance_close(&instance);
	if (store < 0) {
		if (hold && *hold >= 0)
			close(*hold);
		trace_stop(name);
	}
	return store;
}

struct filling {
	struct store *store;
	uint64_t since; /* the first record after the last gap; 0: there was none */
};

static void keep(const struct record *record, void *data)
{
	const struct trace_event event = {
		.time = record->time,
		.unmap = record->kind == RECORD_UNMAP,
		.iova = record->iova,
	};
	struct filling *filling = data;

	if (record->gap && record->time > filling->since)
		filling->since = record->time;
	store_add(filling->store, &event);
}

/* All of a ring. */
static int empty(struct instance *instance, struct instance_ring *ring, struct filling *filling)
{
	int rc;

	do
		rc = instance_read(instance, ring, keep, filling);
	while (rc > 0);
	if (ring->gap) /* and nothing after it */
		filling->since = clock_now();
	return rc;
}

static int fill(struct instance *instance, struct store *store)
{
	struct filling filling = { .store = store };
	int rc = instance_learn(instance, RECORD_MAP, "iommu", "map");

	if (!rc)
		rc = instance_learn(instance, RECORD_UNMAP, "iommu", "unmap");
	if (!rc)
		rc = instance_open_rings(instance);
	if (rc)
		return rc;
	store_begin(store);
	for (unsigned i = 0; rc >= 0 && i < instance->ring_count; i++)
		rc = empty(instance, &instance->rings[i], &filling);
	if (rc < 0) /* and it stays said that something may be missing */
		return rc;
	store_end(store, filling.since);
	return 0;
}

int trace_read(const char *name, int fd, struct trace_log *log)
{
	struct instance instance;
	struct store *store;
	int rc = instance_open(&instance, name);

	*log = (struct trace_log){ 0 };
	if (rc)
		return rc;
	store = store_map(fd, clock_now());
	rc = store ? fill(&instance, store) : -EPROTO;
	instance_close(&instance);
	if (!rc)
		*log = (struct trace_log){ store->events, store->count, store->since, store };
	else if (store)
		store_unmap(store);
	return rc;
}

void trace_log_free(struct trace_log *log)
{
	if (log->store)
		store_unmap(log->store);
	*log = (struct trace_log){ 0 };
}
