// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/shared/matrix.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/shared/impact.h"
#include "cmd/shared/judgement.h"
#include "context/rebuild.h"
#include "context/verification.h"
#include "util/array.h"
#include "util/text.h"

struct matrix {
	struct call *call;
	struct pci_name name; /* of the exporter */
	char ioas[NAME_SIZE]; /* to which the exporter itself is attached, "" for none */
	const struct trigger_choice *choice;
	json_object *rows;
	char unobserved[160];  /* the triggers that were not seen to revoke */
	char failed[160];      /* those that failed, or were refused */
	char unsupported[160]; /* those that the device cannot take */
	bool pulled_any;
	int error; /* why things could not be put right, which ends the matrix */
};

/* One trigger's line; NULL texts and negative answers are null. */
struct row {
	const struct trigger *trigger;
	const char *outcome; /* revoked, not-revoked, unsupported, refused or failed */
	enum status status;
	const struct revocation *revocation; /* NULL when it was not pulled */
	const char *exporter;		     /* usable, revoked, unknown */
	int recovered;			     /* by recover; -1: there was nothing to recover */
	int verified;			     /* by DMA; -1: no device there can do any */
	char note[400];
};

static struct object *device_of(const struct matrix *matrix)
{
	return object_find(&matrix->call->context->objects, OBJECT_DEVICE, matrix->name.bdf);
}

static void put_answer(json_object *row, const char *key, int answer)
{
	if (answer < 0)
		put_text(row, key, NULL);
	else
		put_text(row, key, answer ? "yes" : "no");
}

/* The last mapping's unmap, when all that were live were seen to go. */
static void put_unmapped(json_object *row, const struct revocation *revocation)
{
	const struct witness *last = revocation && revocation->count ?
					     &revocation->witnesses[revocation->count - 1] :
					     NULL;

	if (last && last->unmapped && last->unmapped_at > revocation->start)
		put_number(row, "unmapped_after_ns", last->unmapped_at - revocation->start);
	else
		put_text(row, "unmapped_after_ns", NULL);
}

/* One word when all mappings agree. */
static const char *common_state(const struct revocation *revocation)
{
	if (!revocation || !revocation->count)
		return NULL;
	for (unsigned i = 1; i < revocation->count; i++)
		if (revocation->witnesses[i].after.state != revocation->witnesses[0].after.state)
			return "mixed";
	return mapping_state_name(revocation->witnesses[0].after.state);
}

/* A list of names, as long as that of all triggers at most. */
static void add_name(char list[160], const char *name)
{
	size_t used = strlen(list);

	snprintf(list + used, 160 - used, "%s%s", used ? ", " : "", name);
}

static void add_row(struct matrix *matrix, const struct row *row)
{
	json_object *line = add_object(matrix->rows);

	put_text(line, "trigger", row->trigger->name);
	put_text(line, "outcome", row->outcome);
	put_number(line, "status", row->status);
	put_unmapped(line, row->revocation);
	put_text(line, "exporter", row->exporter);
	put_text(line, "state", common_state(row->revocation));
	put_answer(line, "recovered", row->recovered);
	put_answer(line, "verified", row->verified);
	put_text(line, "note", row->note);
	if (row->status == STATUS_UNOBSERVED)
		add_name(matrix->unobserved, row->trigger->name);
	else if (row->status == STATUS_UNSUPPORTED)
		add_name(matrix->unsupported, row->trigger->name);
	else if (row->status)
		add_name(matrix->failed, row->trigger->name);
}

/* A device on the mapping's IOAS that can do DMA; NULL when there is none. */
static struct object *find_initiator(struct context *context, const struct object *mapping,
				     const struct initiator_driver **driver)
{
	for_each_object(device, &context->objects, OBJECT_DEVICE) {
		struct pci_device pci;
		struct pci_name name;

		if (!object_is_reached_by(mapping, device) || pci_parse_name(device->name, &name) ||
		    pci_get(&name, &pci))
			continue;
		*driver = initiator_find(&pci);
		if (*driver)
			return device;
	}
	return NULL;
}

/* 1: the bytes arrived, 0: they did not, -1: it could not be tried. */
static int verify(struct context *context, struct object *mapping)
{
	const struct initiator_driver *driver;
	struct verification verification;
	struct object *importer = find_initiator(context, mapping, &driver);
	int arrived = -1;

	if (!importer || !(mapping->mapping.prot & IMPORT_WRITE) ||
	    mapping->mapping.addresses.length < INITIATOR_BLOCK)
		return -1;
	verification_begin(&verification, context, mapping, importer, driver);
	if (!verification_run(&verification, false))
		arrived = verification_verdict(&verification) == VERDICT_PASSED;
	verification_end(&verification);
	return arrived;
}

static bool is_exporters(const struct matrix *matrix, const struct object *mapping)
{
	const struct object *dmabuf = object_find(&matrix->call->context->objects, OBJECT_DMABUF,
						  mapping->mapping.dmabuf);

	return !strcmp(dmabuf->dmabuf.device.bdf, matrix->name.bdf);
}

static int verify_all(struct matrix *matrix)
{
	struct context *context = matrix->call->context;
	int common = -1;

	for_each_object(mapping, &context->objects, OBJECT_MAPPING) {
		int arrived = is_exporters(matrix, mapping) ? verify(context, mapping) : -1;

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
		if (revocation->witnesses[i].after.state != MAPPING_LIVE)
			mappings[count++] = revocation->witnesses[i].mapping;
	/* One that fails is no reason to leave those behind it. */
	for (unsigned i = 0; i < count; i += done + 1)
		failed |= context_recover(revocation->context, mappings + i, count - i, &done) != 0;
	return failed ? 0 : count ? 1 : -1;
}

/* Of the device's first dma-buf; they share their fate. */
static const char *exporter_state(struct matrix *matrix)
{
	struct exporter_report report = { 0 };
	struct survey survey;

	survey_begin(&survey, matrix->call->context);
	for_each_object(dmabuf, &matrix->call->context->objects, OBJECT_DMABUF)
		if (!strcmp(dmabuf->dmabuf.device.bdf, matrix->name.bdf)) {
			report = survey_exporter(&survey, dmabuf);
			break;
		}
	survey_end(&survey);
	return exporter_state_name(report.state);
}

static void make_good(struct matrix *matrix, struct row *row)
{
	const struct revocation *revocation = row->revocation;

	row->exporter = exporter_state(matrix);
	row->recovered = recover_all(revocation);
	if (revocation->trigger->closes) {
		matrix->error = context_rebuild(matrix->call->context, &matrix->name, matrix->ioas);
		strcpy(row->note, "opened, exported and imported anew");
	}
	if (!matrix->error)
		row->verified = verify_all(matrix);
}

static const char *outcome_of(const struct revocation *revocation, enum status status)
{
	if (status == STATUS_UNSUPPORTED)
		return "unsupported";
	if (status == STATUS_UNOBSERVED)
		return "not-revoked";
	return !status || revocation_was_seen(revocation) ? "revoked" : "failed";
}

static void take_judgement(struct row *row, const struct revocation *revocation,
			   const struct judgement *judgement)
{
	row->status = judgement->status;
	row->outcome = outcome_of(revocation, judgement->status);
	copy_text(row->note, sizeof(row->note), judgement->why);
}

static void pull(struct matrix *matrix, struct revocation *revocation, struct row *row)
{
	int rc = revocation_pull(revocation, false);
	struct judgement judgement;

	judge_revocation(revocation, rc, &judgement);
	take_judgement(row, revocation, &judgement);
	if (rc && revocation->pulled)
		matrix->error = rc;
	if (rc && (revocation->pulled || !revocation_was_seen(revocation)))
		return;
	matrix->pulled_any = true;
	row->revocation = revocation;
	make_good(matrix, row);
}

static void run_row(struct matrix *matrix, const struct trigger *trigger)
{
	struct row row = { .trigger = trigger, .recovered = -1, .verified = -1 };
	struct revocation revocation;
	struct judgement judgement;
	int rc = revocation_begin(&revocation, matrix->call->context, trigger, device_of(matrix));

	if (rc)
		judge_revocation(&revocation, rc, &judgement);
	else
		judge_owners(&revocation, self(matrix->call), &judgement);
	if (judgement.status) {
		take_judgement(&row, &revocation, &judgement);
		if (!rc)
			row.outcome = "refused";
	} else {
		pull(matrix, &revocation, &row);
	}
	add_row(matrix, &row);
	revocation_end(&revocation);
}

static enum status want_witness(struct matrix *matrix)
{
	for_each_object(mapping, &matrix->call->context->objects, OBJECT_MAPPING)
		if (is_exporters(matrix, mapping))
			return STATUS_OK;
	fail(STATUS_FAILED, 0, "revoke %s", matrix->name.bdf);
	fail_because("nothing of it is mapped, so there would be nothing to see");
	fail_try("export one of its BARs and import it first");
	return STATUS_FAILED;
}

/* Every mapping must be there to lose. */
static enum status recover_first(struct matrix *matrix)
{
	struct context *context = matrix->call->context;
	auto_free struct object **mappings =
		calloc(object_count(&context->objects, OBJECT_MAPPING) + 1, sizeof(*mappings));
	unsigned count = 0, done;
	int rc = mappings ? 0 : -ENOMEM;

	if (mappings)
		for_each_object(mapping, &context->objects, OBJECT_MAPPING)
			if (is_exporters(matrix, mapping))
				mappings[count++] = mapping;
	if (!rc)
		rc = context_recover(context, mappings, count, &done);
	if (!rc)
		return STATUS_OK;
	fail(rc == -ENODEV ? STATUS_REVOKED : STATUS_FAILED, rc, "revoke %s", matrix->name.bdf);
	fail_because("its mappings cannot be brought to life first");
	fail_try("'%s status' shows why", self(matrix->call));
	return rc == -ENODEV ? STATUS_REVOKED : STATUS_FAILED;
}

static bool is_chosen(const struct matrix *matrix, const struct trigger *trigger)
{
	return matrix->choice->bits & 1u << (trigger - triggers);
}

/* Adds what one trigger would hit to what others would. */
static int widen(struct revocation *widest, const struct revocation *revocation)
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

/* What all of the triggers together would hit: shown, or, without --yes, held by nobody else. */
static enum status check(struct matrix *matrix, bool dry_run, bool yes)
{
	struct revocation widest = { .context = matrix->call->context, .name = matrix->name };
	enum status status = STATUS_OK;
	int rc = 0;

	for (const struct trigger *trigger = triggers; trigger->name && !rc; trigger++) {
		struct revocation revocation;

		/* One that the device cannot take hits nothing. */
		if (!is_chosen(matrix, trigger))
			continue;
		if (!revocation_begin(&revocation, matrix->call->context, trigger,
				      device_of(matrix)))
			rc = widen(&widest, &revocation);
		revocation_end(&revocation);
	}
	if (rc)
		status = fail_errno(rc, "revoke %s", matrix->name.bdf);
	else if (dry_run && widest.trigger)
		status = fill_impact(matrix->call, &widest);
	else if (!dry_run && !yes && widest.trigger)
		status = check_strangers(matrix->call, &widest);
	revocation_end(&widest);
	return status;
}

static enum status judge(const struct matrix *matrix)
{
	const char *bdf = matrix->name.bdf;

	if (matrix->error) {
		fail(STATUS_FAILED, matrix->error, "revoke %s", bdf);
		fail_because("after the last trigger shown things could not be put right");
		fail_try("'%s status' and 'dmabufctl device %s' show what is left",
			 self(matrix->call), bdf);
		return STATUS_FAILED;
	}
	if (*matrix->unobserved) {
		fail(STATUS_UNOBSERVED, 0, "revoke %s", bdf);
		fail_because("revocation was not observed for %s", matrix->unobserved);
		return STATUS_UNOBSERVED;
	}
	if (*matrix->failed) {
		fail(STATUS_FAILED, 0, "revoke %s", bdf);
		fail_because("failed, or refused: %s; the table says why", matrix->failed);
		return STATUS_FAILED;
	}
	if (*matrix->unsupported && (matrix->choice->named || !matrix->pulled_any)) {
		fail(STATUS_UNSUPPORTED, 0, "revoke %s", bdf);
		fail_because("the device cannot take %s; the table says why", matrix->unsupported);
		return STATUS_UNSUPPORTED;
	}
	return STATUS_OK;
}

enum status run_matrix(struct call *call, struct object *device,
		       const struct trigger_choice *choice, bool dry_run, bool yes)
{
	struct matrix matrix = { .call = call, .choice = choice };
	enum status status;

	strcpy(matrix.name.bdf, device->name);
	strcpy(matrix.ioas, device->device.ioas);
	status = want_witness(&matrix);
	if (!status)
		status = check(&matrix, dry_run, yes);
	if (status || dry_run)
		return status;
	status = recover_first(&matrix);
	if (status)
		return status;
	put_text(call->result, "device", matrix.name.bdf);
	matrix.rows = put_array(call->result, "matrix");
	for (const struct trigger *trigger = triggers; trigger->name && !matrix.error; trigger++)
		if (is_chosen(&matrix, trigger))
			run_row(&matrix, trigger);
	return judge(&matrix);
}

const struct column matrix_columns[] = {
	{ "TRIGGER", "trigger", COLUMN_TEXT, "as for --by" },
	{ "OUTCOME", "outcome", COLUMN_TEXT, "revoked, not-revoked, unsupported, refused, failed" },
	{ "STATUS", "status", COLUMN_NUMBER, "the exit status of that trigger alone" },
	{ "UNMAPPED", "unmapped_after_ns", COLUMN_TIME, "after the trigger, by the trace" },
	{ "EXPORTER", "exporter", COLUMN_TEXT, "usable again, or revoked, when it was over" },
	{ "MAPPING", "state", COLUMN_TEXT, "the state after" },
	{ "RECOVERED", "recovered", COLUMN_TEXT, "by recover" },
	{ "VERIFIED", "verified", COLUMN_TEXT, "by DMA, once all was back" },
	{ "NOTE", "note", COLUMN_TEXT, "what else there is to say" },
	{ 0 },
};
