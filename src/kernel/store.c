// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_SIZE (sizeof(struct store) + STORE_EVENTS * sizeof(struct trace_event))
#define LAYOUT (0x646d616275660000ull | sizeof(struct trace_event))

int store_create(void)
{
	struct store head = { .layout = LAYOUT };
	int fd = memfd_create("dmabufctl-trace", MFD_CLOEXEC), rc;

	if (fd < 0)
		return -errno;
	/* Memory is taken as it fills. */
	if (!ftruncate(fd, STORE_SIZE) && pwrite(fd, &head, sizeof(head), 0) == sizeof(head))
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

struct store *store_map(int fd, uint64_t now)
{
	struct store *store;
	struct stat status;

	if (fstat(fd, &status) || status.st_size != (off_t)STORE_SIZE)
		return NULL;
	store = mmap(NULL, STORE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (store == MAP_FAILED)
		return NULL;
	if (store->layout != LAYOUT || store->count > STORE_EVENTS) {
		store_unmap(store);
		return NULL;
	}
	if (store->filling) {
		store->count = 0;
		store->since = now;
		store->filling = 0;
	}
	return store;
}

void store_unmap(struct store *store)
{
	munmap(store, STORE_SIZE);
}

void store_begin(struct store *store)
{
	store->filling = 1;
	store->ordered = store->count;
}

static int by_time(const void *a, const void *b)
{
	const struct trace_event *left = a, *right = b;

	return left->time < right->time ? -1 : left->time > right->time;
}

/* Nearly all are in order: of one CPU all new ones, and all old ones but the very last. */
static void put_in_order(struct store *store)
{
	uint64_t start = store->ordered, least = UINT64_MAX;
	bool in_order = true;

	for (uint64_t i = store->ordered; i < store->count; i++) {
		in_order &= !i || store->events[i - 1].time <= store->events[i].time;
		least = store->events[i].time < least ? store->events[i].time : least;
	}
	while (start && store->events[start - 1].time > least)
		start--;
	if (!in_order)
		qsort(store->events + start, store->count - start, sizeof(*store->events), by_time);
	store->ordered = store->count;
}

static void drop(struct store *store, uint64_t count)
{
	store->count -= count;
	memmove(store->events, store->events + count, store->count * sizeof(*store->events));
	store->ordered = store->count;
}

void store_add(struct store *store, const struct trace_event *event)
{
	if (store->count == STORE_EVENTS) {
		put_in_order(store);
		drop(store, STORE_EVENTS / 2);
		store->since = store->events[0].time;
	}
	store->events[store->count++] = *event;
}

void store_end(struct store *store, uint64_t since)
{
	uint64_t gone = 0;

	put_in_order(store);
	if (since > store->since) {
		while (gone < store->count && store->events[gone].time < since)
			gone++;
		drop(store, gone);
		store->since = since;
	}
	store->filling = 0;
}
