// SPDX-License-Identifier: GPL-2.0-only
/* What a flight recorder was read of, from reader to reader. */
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/store.h"
#include "tests/unit/check.h"

static void add(struct store *store, uint64_t time)
{
	const struct trace_event event = { .time = time };

	store_add(store, &event);
}

static bool in_order(const struct store *store)
{
	for (uint64_t i = 1; i < store->count; i++)
		if (store->events[i - 1].time > store->events[i].time)
			return false;
	return true;
}

static void test_readers(void)
{
	int fd = store_create();
	struct store *store = store_map(fd, 1);

	check(store && !store->count && !store->since, "new: empty, and complete");
	store_begin(store);
	add(store, 10);
	add(store, 30);
	add(store, 20); /* of another CPU */
	store_end(store, 0);
	check(store->count == 3 && in_order(store) && !store->since, "several CPUs: by time");
	store_unmap(store);

	store = store_map(fd, 40);
	check(store->count == 3 && store->events[2].time == 30, "the next reader has them");
	store_begin(store);
	add(store, 25); /* of a CPU that had been read before 30 came */
	add(store, 50);
	store_end(store, 0);
	check(store->count == 5 && in_order(store), "one that comes late goes where it belongs");
	store_begin(store);
	add(store, 60);
	store_end(store, 30);
	check(store->since == 30 && store->count == 3 && store->events[0].time == 30,
	      "a gap: what is older goes");
	store_begin(store);
	store_end(store, 20);
	check(store->since == 30 && store->count == 3, "an older gap changes nothing");
	store_begin(store);
	add(store, 70);
	store_unmap(store); /* as a reader that is killed does */

	store = store_map(fd, 80);
	check(store && !store->count && store->since == 80,
	      "killed meanwhile: complete from now on");
	store_unmap(store);
	store = store_map(fd, 90);
	check(store->since == 80, "and that is said once");
	store_unmap(store);
	close(fd);
}

static void test_full(void)
{
	int fd = store_create();
	struct store *store = store_map(fd, 1);

	store_begin(store);
	for (uint64_t i = 0; i < STORE_EVENTS; i++)
		add(store, i ^ 1);
	store_end(store, 0);
	check(store->count == STORE_EVENTS && in_order(store) && !store->since, "just full");
	store_begin(store);
	add(store, STORE_EVENTS);
	store_end(store, 0);
	check(store->count == STORE_EVENTS / 2 + 1 && in_order(store) &&
		      store->since == STORE_EVENTS / 2 && store->events[0].time == STORE_EVENTS / 2,
	      "one more: the older half goes, and it is said");
	store_unmap(store);
	close(fd);
}

static void test_foreign(void)
{
	int fd = store_create(), other = memfd_create("other", 0);
	struct store *store = store_map(fd, 1);

	check(!store_map(other, 1), "another file");
	store->layout++;
	store_unmap(store);
	check(!store_map(fd, 1), "another version's");
	store = mmap(NULL, sizeof(*store), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	store->layout--;
	store->count = STORE_EVENTS + 1;
	check(!store_map(fd, 1), "more than there can be");
	munmap(store, sizeof(*store));
	check(!store_map(-1, 1), "no fd");
	close(fd);
	close(other);
}

int main(void)
{
	test_readers();
	test_full();
	test_foreign();
	return check_plan();
}
