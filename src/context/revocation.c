// SPDX-License-Identifier: GPL-2.0-only
#include "context/revocation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
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
	if (revocation->survey.context)
		survey_end(&revocation->survey);
	free(revocation->hit);
	free(revocation->witnesses);
}

bool revocation_hits(const struct revocation *revocation, const struct object *dmabuf)
{
	for (unsigned i = 0; i < revocation->hit_count; i++)
		if (!strcmp(revocation->hit[i].name.bdf, dmabuf->dmabuf.device.bdf))
			return true;
	return false;
}

static int call_witnesses(struct revocation *revocation)
{
	const struct object_list *objects = &revocation->context->objects;
	struct survey survey;

	revocation->witnesses =
		calloc(object_count(objects, OBJECT_MAPPING) + 1, sizeof(struct witness));
	if (!revocation->witnesses)
		return -ENOMEM;
	survey_begin(&survey, revocation->context);
	for_each_object(mapping, objects, OBJECT_MAPPING) {
		const struct object *dmabuf =
			object_find(objects, OBJECT_DMABUF, mapping->mapping.dmabuf);

		if (dmabuf && revocation_hits(revocation, dmabuf))
			revocation->witnesses[revocation->count++] = (struct witness){
				.mapping = mapping,
				.before = survey_mapping(&survey, mapping).state,
			};
	}
	survey_end(&survey);
	return 0;
}

/* Whether a mapping that its device could reach, or may have, was seen to be out of reach. */
static bool witness_saw_it_go(const struct witness *witness)
{
	const unsigned sight = EVIDENCE_PAGE_TABLE | EVIDENCE_TRACE;
	enum mapping_state state = witness->after.state;

	if (witness->before != MAPPING_LIVE && witness->before != MAPPING_UNKNOWN)
		return true;
	if (state == MAPPING_LIVE || witness->after.doubt)
		return false;
	return witness->unmapped || (state != MAPPING_UNKNOWN && witness->after.evidence & sight);
}

static int by_time(const void *a, const void *b)
{
	const struct witness *left = a, *right = b;

	return left->unmapped_at < right->unmapped_at ? -1 : left->unmapped_at > right->unmapped_at;
}

/* Of two mappings at one IOVA no event says whose it is. */
static void find_unmaps(struct revocation *revocation, const struct survey *survey)
{
	for (unsigned i = 0; i < revocation->count; i++) {
		struct witness *witness = &revocation->witnesses[i];

		witness->unmapped =
			!survey_shares_window(survey, witness->mapping) &&
			trace_index_find_unmap(&survey->trace, witness->mapping->mapping.addresses,
					       revocation->start, &witness->unmapped_at);
	}
}

static void hear_witnesses(struct revocation *revocation, struct survey *survey)
{
	revocation->observed = true;
	for (unsigned i = 0; i < revocation->count; i++) {
		struct witness *witness = &revocation->witnesses[i];

		witness->after = survey_mapping(survey, witness->mapping);
		revocation->observed &= witness_saw_it_go(witness);
	}
	qsort(revocation->witnesses, revocation->count, sizeof(struct witness), by_time);
}

/* What the record says where no better evidence is to be had. */
static int note_in_record(struct revocation *revocation)
{
	auto_free struct object **mappings = calloc(revocation->count + 1, sizeof(*mappings));

	if (!mappings)
		return -ENOMEM;
	for (unsigned i = 0; i < revocation->count; i++) {
		mappings[i] = revocation->witnesses[i].mapping;
		copy_text(mappings[i]->mapping.revoked_by, sizeof(mappings[i]->mapping.revoked_by),
			  revocation->trigger->name);
	}
	return context_update_all(revocation->context, mappings, revocation->count);
}

bool revocation_was_seen(const struct revocation *revocation)
{
	for (unsigned i = 0; i < revocation->count; i++)
		if (revocation->witnesses[i].unmapped)
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
	struct survey *survey = &revocation->survey;
	int rc = call_witnesses(revocation), noted = 0;

	if (rc)
		return rc;
	revocation->start = clock_now();
	rc = trigger_pull(revocation->context, trigger, &revocation->name, hold,
			  &revocation->pulled);
	revocation->end = clock_now();
	survey_begin(survey, revocation->context);
	find_unmaps(revocation, survey);
	if (has_revoked(revocation, rc))
		noted = note_in_record(revocation);
	hear_witnesses(revocation, survey);
	return rc ? rc : noted;
}
