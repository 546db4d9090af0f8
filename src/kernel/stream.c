// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "kernel/dmabuf.h"
#include "kernel/probe.h"
#include "util/array.h"
#include "util/clock.h"

#define RINGS_KIB 16384 /* all together */
#define RING_KIB_LEAST 256
#define PAGES_AT_ONCE 16 /* of each ring, so that a flood takes no more memory than that */
#define PAGES_FEW 16	 /* about a thousand records */
#define ROOM_TAKEN 4	 /* so much of a ring, a quarter, may fill while it is left alone */
#define ROOM_SPARE 4	 /* when no more is left of it, it wants a reader in a hurry */
#define TRIES 8		 /* others may take away what is not in use yet */

/* The kernel's own event, and whether a probe can stand for it. */
static const struct {
	const char *system, *event;
	bool probe;
} sources[RECORD_KINDS] = {
	[RECORD_MAP] = { "iommu", "map", false },
	[RECORD_UNMAP] = { "iommu", "unmap", false },
	[RECORD_DOMAIN] = { "iommu", "attach_device_to_domain", false },
	/* The dma_buf events came with Linux 7.0; that of put is sent for each reference. */
	[RECORD_EXPORT] = { "dma_buf", "dma_buf_export", true },
	[RECORD_ATTACH] = { "dma_buf", "dma_buf_dynamic_attach", true },
	[RECORD_DETACH] = { "dma_buf", "dma_buf_detach", true },
	[RECORD_PUT] = { NULL, NULL, true },
	[RECORD_INVALIDATE] = { NULL, NULL, true },
	[RECORD_INVALIDATED] = { NULL, NULL, true },
	[RECORD_PIN] = { NULL, NULL, true },
	[RECORD_PROMISE] = { NULL, NULL, true },
};

static int see(struct stream *stream, enum record_kind kind, const char *system, const char *event)
{
	int rc = instance_learn(&stream->instance, kind, system, event);

	if (!rc)
		rc = instance_enable(&stream->instance, system, event);
	stream->sees[kind] = !rc;
	return rc;
}

static void see_by_probe(struct stream *stream, const struct probe_offsets *offsets,
			 enum record_kind kind)
{
	int rc = -ENOENT;

	for (int i = 0; rc == -ENOENT && i < TRIES; i++) {
		rc = probe_add(offsets, kind);
		if (!rc)
			rc = see(stream, kind, PROBE_SYSTEM, probe_name(kind));
	}
}

/* Whoever is not seen to pin would be taken for a dynamic importer. */
static bool is_of_use(const struct stream *stream, enum record_kind kind)
{
	return kind != RECORD_PROMISE || stream->sees[RECORD_PIN];
}

static int see_all(struct stream *stream)
{
	struct probe_offsets *offsets;
	int rc = 0;

	for (int kind = 0; kind < RECORD_KINDS; kind++) {
		if (!sources[kind].event)
			continue;
		rc = see(stream, kind, sources[kind].system, sources[kind].event);
		if (rc && !sources[kind].probe)
			return rc;
	}
	offsets = probe_offsets_new();
	for (int kind = 0; offsets && kind < RECORD_KINDS; kind++)
		if (!stream->sees[kind] && sources[kind].probe && is_of_use(stream, kind))
			see_by_probe(stream, offsets, kind);
	free(offsets);
	/* Without its end an invalidation would take in what comes after. */
	stream->sees[RECORD_INVALIDATE] &= stream->sees[RECORD_INVALIDATED];
	return 0;
}

static int wait_for(struct stream *stream, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(stream->ready, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int wait_for_rings(struct stream *stream)
{
	int rc = 0;

	stream->ready = epoll_create1(EPOLL_CLOEXEC);
	if (stream->ready < 0)
		return -errno;
	for (unsigned i = 0; !rc && i < stream->instance.ring_count; i++)
		rc = wait_for(stream, stream->instance.rings[i].fd);
	return rc;
}

/* Until a ring is open a sweep may take the instance. */
static int create(struct stream *stream, const char *prefix)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	unsigned kib = RINGS_KIB / cpus < RING_KIB_LEAST ? RING_KIB_LEAST : RINGS_KIB / cpus;
	int rc = -ENOENT;

	stream->room = kib * 1024 / sysconf(_SC_PAGESIZE);
	for (int i = 0; rc == -ENOENT && i < TRIES; i++) {
		snprintf(stream->name, sizeof(stream->name), "%s%d-%llx", prefix, getpid(),
			 (unsigned long long)clock_now());
		rc = instance_create(&stream->instance, stream->name, kib);
		if (rc)
			return rc;
		rc = instance_open_rings(&stream->instance);
		if (rc)
			instance_close(&stream->instance);
	}
	return rc;
}

int stream_open(struct stream *stream, const char *prefix)
{
	int rc = instance_available();

	*stream = (struct stream){ .ready = -1, .oldest = UINT64_MAX };
	if (rc)
		return rc;
	instance_sweep(prefix);
	probe_remove_unused();
	rc = create(stream, prefix);
	if (!rc)
		/* poll() tells of the first record, not of a ring half full. */
		rc = instance_write(&stream->instance, "buffer_percent", "0");
	if (!rc)
		rc = wait_for_rings(stream);
	if (!rc)
		rc = see_all(stream);
	if (rc)
		stream_close(stream);
	return rc;
}

static void close_revocations(struct stream *stream)
{
	if (stream->revocations)
		revocations_close(stream->revocations);
	stream->revocations = NULL;
}

void stream_close(struct stream *stream)
{
	if (stream->ready >= 0)
		close(stream->ready);
	free(stream->waiting);
	close_revocations(stream);
	instance_close(&stream->instance);
	if (*stream->name)
		instance_remove(stream->name);
	probe_remove_unused();
	*stream = (struct stream){ .ready = -1 };
}

/* It is emptied and filled again and again, so the array's count is of the room that there is. */
static void keep(struct stream *stream, const struct record *record)
{
	if (stream->count < stream->allocated || array_add(&stream->waiting, &stream->allocated)) {
		stream->waiting[stream->count] = *record;
		stream->waiting[stream->count++].reading = stream->readings;
	} else {
		stream->no_memory = true;
	}
}

static void keep_lost(struct stream *stream, enum record_kind kind, uint64_t time, uint64_t count)
{
	const struct record lost = { .kind = kind, .time = time, .size = count };

	if (count)
		keep(stream, &lost);
}

/* An export of VFIO's: the programs know more of it than the trace. */
static bool is_told(const struct stream *stream, const struct record *record)
{
	return record->kind == RECORD_EXPORT && record->time > stream->told_since &&
	       record->time <= stream->told_until && !strcmp(record->exporter, DMABUF_VFIO);
}

static void on_record(const struct record *record, void *data)
{
	struct stream *stream = data;

	if (record->gap)
		keep_lost(stream, RECORD_LOST, record->time,
			  instance_lost(&stream->instance, stream->ring));
	/* A call that failed shows as a dma-buf of no inode. */
	if ((record->kind == RECORD_EXPORT || record->kind == RECORD_ATTACH) && !record->inode)
		return;
	if (is_told(stream, record))
		return;
	if (record->time < stream->oldest)
		stream->oldest = record->time;
	keep(stream, record);
}

static bool is_crowded(struct stream *stream, const struct instance_ring *ring)
{
	uint64_t unread = instance_unread(&stream->instance, ring);

	return unread / stream->instance.page_size >= stream->room - stream->room / ROOM_SPARE;
}

static void on_revocation(const struct record *record, void *data)
{
	struct stream *stream = data;

	if (record->kind != RECORD_EXPORT || is_told(stream, record))
		keep(stream, record);
}

/* What was lost was when the ring was full, so just before it is read. */
static int take_revocations(struct stream *stream)
{
	int rc = revocations_read(stream->revocations, on_revocation, stream);

	keep_lost(stream, RECORD_UNTOLD, stream->horizon, revocations_lost(stream->revocations));
	return rc;
}

void stream_see_revocations(struct stream *stream)
{
	if (stream->revocations)
		return;
	stream->revocations = revocations_open();
	if (stream->revocations && wait_for(stream, revocations_fd(stream->revocations)))
		close_revocations(stream);
	stream->sees[RECORD_REVOKED] = stream->sees[RECORD_RESTORED] = stream->revocations;
	stream->told_since = clock_now();
	stream->told_until = stream->revocations ? UINT64_MAX : 0;
}

void stream_leave_revocations(struct stream *stream)
{
	if (!stream->revocations)
		return;
	stream->told_until = clock_now();
	take_revocations(stream);
	close_revocations(stream);
	stream->sees[RECORD_REVOKED] = stream->sees[RECORD_RESTORED] = false;
}

/* Of each ring what is there, but no more than some. Returns whether that was all. */
static int take(struct stream *stream)
{
	bool all = true;

	stream->crowded = false;
	stream->horizon = clock_now();
	for (unsigned i = 0; i < stream->instance.ring_count; i++) {
		unsigned before = stream->count, pages = 0;
		int rc = 1;

		stream->ring = &stream->instance.rings[i];
		while (rc > 0 && pages++ < PAGES_AT_ONCE)
			rc = instance_read(&stream->instance, stream->ring, on_record, stream);
		if (rc < 0)
			return rc;
		if (!rc)
			continue;
		all = false;
		stream->crowded |= is_crowded(stream, stream->ring);
		if (stream->count > before &&
		    stream->waiting[stream->count - 1].time < stream->horizon)
			stream->horizon = stream->waiting[stream->count - 1].time;
	}
	stream->readings += all;
	if (stream->revocations) {
		int rc = take_revocations(stream);

		if (rc)
			return rc;
	}
	return stream->no_memory ? -ENOMEM : all;
}

static int by_time(const void *a, const void *b)
{
	const struct record *left = a, *right = b;

	if (left->time != right->time)
		return left->time < right->time ? -1 : 1;
	return (right->kind == RECORD_LOST) - (left->kind == RECORD_LOST);
}

/* Mostly they are: what is watched is one task on one CPU. */
static void put_in_order(struct stream *stream)
{
	for (unsigned i = 1; i < stream->count; i++)
		if (by_time(&stream->waiting[i - 1], &stream->waiting[i]) > 0) {
			qsort(stream->waiting, stream->count, sizeof(*stream->waiting), by_time);
			return;
		}
}

int stream_read(struct stream *stream,
		unsigned (*visit)(const struct record *records, unsigned count, void *data),
		void *data)
{
	int all = take(stream);
	unsigned ready = stream->count, done;

	if (all < 0)
		return all;
	/* One ring alone is in order, and none can bring something older. */
	if ((stream->instance.ring_count > 1 || stream->revocations) && ready) {
		put_in_order(stream);
		while (ready && stream->waiting[ready - 1].time > stream->horizon)
			ready--;
	}
	done = ready ? visit(stream->waiting, ready, data) : 0;
	stream->count -= done;
	if (done)
		memmove(stream->waiting, stream->waiting + done,
			stream->count * sizeof(*stream->waiting));
	return !all;
}

static bool has_waited(const struct stream *stream)
{
	return stream->count && stream->readings - stream->waiting->reading > 1;
}

uint64_t stream_rest(struct stream *stream, uint64_t shortest, uint64_t longest)
{
	uint64_t elapsed = clock_now() - stream->oldest, rest;
	unsigned pages = 0;

	for (unsigned i = 0; i < stream->instance.ring_count; i++) {
		struct instance_ring *ring = &stream->instance.rings[i];

		pages = ring->pages > pages ? ring->pages : pages;
		ring->pages = 0;
	}
	stream->oldest = UINT64_MAX;
	if (pages < PAGES_FEW || has_waited(stream))
		return shortest;
	rest = elapsed / pages * (stream->room / ROOM_TAKEN);
	return rest < shortest ? shortest : rest > longest ? longest : rest;
}
