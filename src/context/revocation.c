// SPDX-License-Identifier: GPL-2.0-only
#include "context/revocation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/scope.h"
#include "util/text.h"

int revocation_begin(struct revocation *revocation, struct context *context,
		     const struct trigger *trigger, struct object *device)
{
	*revocation = (struct revocation){ .context = context, .trigger = trigger };
	copy_text(revocation->name.bdf, sizeof(revocation->name.bdf), device->name);
	if (trigger->resets_bus)
		return vfio_hot_reset_set(context_fd(context, device), &revocation->hit,
					  &revocation->hit_count);
	revocation->hit = calloc(1, sizeof(*revocation->hit));
	if (!revocation->hit)
		return -ENOMEM;
	revocation->hit_count = 1;
	revocation->hit[0] = (struct vfio_reset_member){ revocation->name, true };
	return 0;
}

void revocation_end(struct revocation *revocation)
{
	if (revocation->snapshot.context)
		snapshot_end(&revocation->snapshot);
	free(revocation->hit);
	free(revocation->affected);
}

bool revocation_hits_device(const struct revocation *revocation, const char *bdf)
{
	for (unsigned i = 0; i < revocation->hit_count; i++)
		if (!strcmp(revocation->hit[i].name.bdf, bdf))
			return true;
	return false;
}

bool revocation_hits(const struct revocation *revocation, const struct object *dmabuf)
{
	return revocation_hits_device(revocation, dmabuf->device.bdf);
}

static int find_affected(struct revocation *revocation)
{
	const struct object_list *objects = &revocation->context->objects;
	struct snapshot snapshot;

	revocation->affected =
		calloc(object_count(objects, OBJECT_MAPPING) + 1, sizeof(struct affected));
	if (!revocation->affected)
		return -ENOMEM;
	snapshot_begin(&snapshot, revocation->context);
	for_each_object(mapping, objects, OBJECT_MAPPING) {
		const struct object *dmabuf = object_find(objects, OBJECT_DMABUF, mapping->dmabuf);

		if (dmabuf && revocation_hits(revocation, dmabuf))
			revocation->affected[revocation->count++] = (struct affected){
				.mapping = mapping,
				.before = snapshot_mapping(&snapshot, mapping).state,
			};
	}
	snapshot_end(&snapshot);
	return 0;
}

/* Whether a mapping that its device could reach, or may have, was seen to be out of reach. */
static bool affected_saw_it_go(const struct affected *affected)
{
	const unsigned sight = EVIDENCE_PAGE_TABLE | EVIDENCE_KERNEL | EVIDENCE_TRACE;
	enum mapping_state state = affected->after.state;

	if (affected->before != MAPPING_LIVE && affected->before != MAPPING_UNKNOWN)
		return true;
	if (state == MAPPING_LIVE || affected->after.doubt)
		return false;
	return affected->unmapped || (state != MAPPING_UNKNOWN && affected->after.evidence & sight);
}

static int by_time(const void *a, const void *b)
{
	const struct affected *left = a, *right = b;

	return left->unmapped_at < right->unmapped_at ? -1 : left->unmapped_at > right->unmapped_at;
}

/* Of two mappings at one IOVA no event says whose it is. */
static void find_unmaps(struct revocation *revocation, const struct snapshot *snapshot)
{
	for (unsigned i = 0; i < revocation->count; i++) {
		struct affected *affected = &revocation->affected[i];

		affected->unmapped =
			!snapshot_shares_window(snapshot, affected->mapping) &&
			trace_index_find_unmap(&snapshot->trace, affected->mapping->addresses,
					       revocation->start, &affected->unmapped_at);
	}
}

static void look_at_affected(struct revocation *revocation, struct snapshot *snapshot)
{
	revocation->observed = true;
	for (unsigned i = 0; i < revocation->count; i++) {
		struct affected *affected = &revocation->affected[i];

		affected->after = snapshot_mapping(snapshot, affected->mapping);
		revocation->observed &= affected_saw_it_go(affected);
	}
	qsort(revocation->affected, revocation->count, sizeof(struct affected), by_time);
}

/* What the record says where no better evidence is to be had. */
static int note_in_record(struct revocation *revocation)
{
	auto_free struct object **mappings = calloc(revocation->count + 1, sizeof(*mappings));

	if (!mappings)
		return -ENOMEM;
	for (unsigned i = 0; i < revocation->count; i++) {
		mappings[i] = revocation->affected[i].mapping;
		copy_text(mappings[i]->revoked_by, sizeof(mappings[i]->revoked_by),
			  revocation->trigger->name);
	}
	return context_update_all(revocation->context, mappings, revocation->count);
}

bool revocation_was_seen(const struct revocation *revocation)
{
	for (unsigned i = 0; i < revocation->count; i++)
		if (revocation->affected[i].unmapped)
			return true;
	return false;
}

/*
 * The kernel revokes before it tries to reset a bus; only what it refuses to try leaves things as
 * they were (drivers/vfio/pci/vfio_pci_core.c, vfio_pci_dev_set_hot_reset()). Not all kernels
 * revoke on the trigger that says what it means when they do not.
 */
static bool has_revoked(const struct revocation *revocation, int rc)
{
	if (revocation->trigger->if_live)
		return revocation_was_seen(revocation);
	return revocation->pulled ||
	       (revocation->trigger->resets_bus && rc != -EINVAL && rc != -EPERM);
}

int revocation_pull(struct revocation *revocation, bool hold)
{
	const struct trigger *trigger = revocation->trigger;
	struct snapshot *snapshot = &revocation->snapshot;
	int rc = find_affected(revocation), noted = 0;

	if (rc)
		return rc;
	revocation->start = clock_now();
	rc = trigger_pull(revocation->context, trigger, &revocation->name, hold,
			  &revocation->pulled);
	revocation->end = clock_now();
	snapshot_begin(snapshot, revocation->context);
	find_unmaps(revocation, snapshot);
	if (has_revoked(revocation, rc))
		noted = note_in_record(revocation);
	look_at_affected(revocation, snapshot);
	return rc ? rc : noted;
}
