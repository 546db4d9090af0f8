// SPDX-License-Identifier: GPL-2.0-only
#include "context/sequence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "context/operation.h"
#include "context/rebuild.h"
#include "context/verification.h"
#include "util/array.h"
#include "util/scope.h"

void sequence_begin(struct sequence *sequence, struct context *context, const struct object *device)
{
	*sequence = (struct sequence){ .context = context };
	strcpy(sequence->name.bdf, device->name);
	strcpy(sequence->ioas, device->ioas);
}

struct object *sequence_device(const struct sequence *sequence)
{
	return object_find(&sequence->context->objects, OBJECT_DEVICE, sequence->name.bdf);
}

static bool is_exporters(const struct sequence *sequence, const struct object *mapping)
{
	const struct object *dmabuf =
		object_find(&sequence->context->objects, OBJECT_DMABUF, mapping->dmabuf);

	return !strcmp(dmabuf->device.bdf, sequence->name.bdf);
}

bool sequence_is_mapped(const struct sequence *sequence)
{
	for_each_object(mapping, &sequence->context->objects, OBJECT_MAPPING)
		if (is_exporters(sequence, mapping))
			return true;
	return false;
}

int sequence_prepare(const struct sequence *sequence)
{
	const struct object_list *objects = &sequence->context->objects;
	unsigned total, count = 0, done;
	auto_free struct object **mappings = object_collect(objects, OBJECT_MAPPING, &total);

	if (!mappings)
		return -ENOMEM;
	for (unsigned i = 0; i < total; i++)
		if (is_exporters(sequence, mappings[i]))
			mappings[count++] = mappings[i];
	return context_recover(sequence->context, mappings, count, &done);
}

int sequence_widen(struct revocation *widest, const struct revocation *revocation)
{
	if (!widest->trigger || revocation->trigger->evicts)
		widest->trigger = revocation->trigger;
	for (unsigned i = 0; i < revocation->hit_count; i++) {
		struct vfio_reset_member *added;
		unsigned at = 0;

		while (at < widest->hit_count &&
		       strcmp(widest->hit[at].name.bdf, revocation->hit[i].name.bdf))
			at++;
		if (at < widest->hit_count)
			continue;
		added = array_add(&widest->hit, &widest->hit_count);
		if (!added)
			return -ENOMEM;
		*added = revocation->hit[i];
	}
	return 0;
}

/* The name of a device that reaches the mapping and can do DMA; NULL when there is none. */
static const char *find_initiator(struct context *context, const struct object *mapping,
				  const struct initiator_driver **driver)
{
	for_each_object(device, &context->objects, OBJECT_DEVICE) {
		struct pci_device pci;

		if (!object_is_reached_by(mapping, device) || pci_find(device->name, &pci))
			continue;
		*driver = initiator_find(&pci);
		if (*driver)
			return device->name;
	}
	return NULL;
}

/* 1: the bytes arrived, 0: they did not, -1: it could not be tried. */
static int verify(struct context *context, struct object *mapping)
{
	const struct initiator_driver *driver;
	struct verification verification;
	const char *from = find_initiator(context, mapping, &driver);
	int arrived = -1;

	if (!from || !(mapping->prot & IMPORT_WRITE) || mapping->addresses.length < INITIATOR_BLOCK)
		return -1;
	verification_begin(&verification, context, mapping, from, driver);
	if (!verification_run(&verification, false))
		arrived = verification_verdict(&verification) == VERDICT_PASSED;
	verification_end(&verification);
	return arrived;
}

static int verify_all(const struct sequence *sequence)
{
	struct context *context = sequence->context;
	int common = -1;

	for_each_object(mapping, &context->objects, OBJECT_MAPPING) {
		int arrived = is_exporters(sequence, mapping) ? verify(context, mapping) : -1;

		if (arrived >= 0)
			common = common < 0 ? arrived : common && arrived;
	}
	return common;
}

/* As recover does it, on every mapping that is not translated; -1: there was none. */
static int recover_all(const struct revocation *revocation)
{
	auto_free struct object **mappings = calloc(revocation->count + 1, sizeof(*mappings));
	bool failed = !mappings;
	unsigned count = 0, done;

	for (unsigned i = 0; mappings && i < revocation->count; i++)
		if (revocation->affected[i].after.state != MAPPING_LIVE)
			mappings[count++] = revocation->affected[i].mapping;
	/* One that fails is no reason to leave those behind it. */
	for (unsigned i = 0; i < count; i += done + 1)
		failed |= context_recover(revocation->context, mappings + i, count - i, &done) != 0;
	return failed ? 0 : count ? 1 : -1;
}

/* Of the device's first dma-buf; they share their fate. */
static enum exporter_state exporter_state(const struct sequence *sequence)
{
	struct exporter_report report = { 0 };
	struct snapshot snapshot;

	snapshot_begin(&snapshot, sequence->context);
	for_each_object(dmabuf, &sequence->context->objects, OBJECT_DMABUF)
		if (!strcmp(dmabuf->device.bdf, sequence->name.bdf)) {
			report = snapshot_exporter(&snapshot, dmabuf);
			break;
		}
	snapshot_end(&snapshot);
	return report.state;
}

int sequence_restore(const struct sequence *sequence, const struct revocation *revocation,
		     struct sequence_return *returned)
{
	int rc = 0;

	returned->exporter = exporter_state(sequence);
	returned->recovered = recover_all(revocation);
	returned->rebuilt = revocation->trigger->closes;
	if (returned->rebuilt)
		rc = context_rebuild(sequence->context, &sequence->name, sequence->ioas);
	returned->verified = rc ? -1 : verify_all(sequence);
	return rc;
}
