// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/shared/matrix.h"

#include <errno.h>
#include <string.h>

#include "cmd/shared/affected.h"
#include "cmd/shared/judgement.h"
#include "cmd/shared/lookup.h"
#include "context/sequence.h"
#include "util/text.h"

struct matrix {
	struct call *call;
	struct sequence sequence;
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
	struct sequence_return returned;     /* where there is a revocation */
	char note[400];
};

static void put_answer(json_object *row, const char *key, int answer)
{
	if (answer < 0)
		json_put_text(row, key, NULL);
	else
		json_put_text(row, key, answer ? "yes" : "no");
}

/* The last mapping's unmap, when all that were live were seen to go. */
static void put_unmapped(json_object *row, const struct revocation *revocation)
{
	const struct affected *last = revocation && revocation->count ?
					      &revocation->affected[revocation->count - 1] :
					      NULL;

	if (last && last->unmapped && last->unmapped_at > revocation->start)
		json_put_number(row, "unmapped_after_ns", last->unmapped_at - revocation->start);
	else
		json_put_text(row, "unmapped_after_ns", NULL);
}

/* One word when all mappings agree. */
static const char *common_state(const struct revocation *revocation)
{
	if (!revocation || !revocation->count)
		return NULL;
	for (unsigned i = 1; i < revocation->count; i++)
		if (revocation->affected[i].after.state != revocation->affected[0].after.state)
			return "mixed";
	return mapping_state_name(revocation->affected[0].after.state);
}

/* As long as the names of all triggers at most. */
static void add_name(char list[160], const char *name)
{
	text_join(list, 160, ", ", "%s", name);
}

static void add_row(struct matrix *matrix, const struct row *row)
{
	json_object *line = add_object(matrix->rows);

	json_put_text(line, "trigger", row->trigger->name);
	json_put_text(line, "outcome", row->outcome);
	json_put_number(line, "status", row->status);
	put_unmapped(line, row->revocation);
	json_put_text(line, "exporter",
		      row->revocation ? exporter_state_name(row->returned.exporter) : NULL);
	json_put_text(line, "state", common_state(row->revocation));
	put_answer(line, "recovered", row->returned.recovered);
	put_answer(line, "verified", row->returned.verified);
	json_put_text(line, "note", row->note);
	if (row->status == STATUS_UNOBSERVED)
		add_name(matrix->unobserved, row->trigger->name);
	else if (row->status == STATUS_UNSUPPORTED)
		add_name(matrix->unsupported, row->trigger->name);
	else if (row->status)
		add_name(matrix->failed, row->trigger->name);
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
	matrix->error = sequence_restore(&matrix->sequence, revocation, &row->returned);
	if (row->returned.rebuilt)
		strcpy(row->note, "opened, exported and imported anew");
}

static void run_row(struct matrix *matrix, const struct trigger *trigger)
{
	struct row row = { .trigger = trigger, .returned = { .recovered = -1, .verified = -1 } };
	struct revocation revocation;
	struct judgement judgement;
	int rc = revocation_begin(&revocation, matrix->call->context, trigger,
				  sequence_device(&matrix->sequence));

	if (rc)
		judge_revocation(&revocation, rc, &judgement);
	else
		judge_owners(&revocation, call_program(matrix->call), &judgement);
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

static enum status check_mapped(const struct matrix *matrix)
{
	if (sequence_is_mapped(&matrix->sequence))
		return STATUS_OK;
	fail_with(STATUS_FAILED, 0, "revoke %s", matrix->sequence.name.bdf);
	fail_because("nothing of it is mapped, so there would be nothing to see");
	fail_hint("export one of its BARs and import it first");
	return STATUS_FAILED;
}

/* Every mapping must be there to lose. */
static enum status recover_first(const struct matrix *matrix)
{
	int rc = sequence_prepare(&matrix->sequence);

	if (!rc)
		return STATUS_OK;
	fail_with(rc == -ENODEV ? STATUS_REVOKED : STATUS_FAILED, rc, "revoke %s",
		  matrix->sequence.name.bdf);
	fail_because("its mappings cannot be brought to life first");
	fail_hint("'%s status' shows why", call_program(matrix->call));
	return rc == -ENODEV ? STATUS_REVOKED : STATUS_FAILED;
}

static bool is_chosen(const struct matrix *matrix, const struct trigger *trigger)
{
	return matrix->choice->bits & 1u << (trigger - triggers);
}

/* What all of the triggers together would hit: shown, or, without --yes, held by nobody else. */
static enum status check(struct matrix *matrix, bool dry_run, bool yes)
{
	struct revocation widest = { .context = matrix->call->context,
				     .name = matrix->sequence.name };
	enum status status = STATUS_OK;
	int rc = 0;

	for (const struct trigger *trigger = triggers; trigger->name && !rc; trigger++) {
		struct revocation revocation;

		/* One that the device cannot take hits nothing. */
		if (!is_chosen(matrix, trigger))
			continue;
		if (!revocation_begin(&revocation, matrix->call->context, trigger,
				      sequence_device(&matrix->sequence)))
			rc = sequence_widen(&widest, &revocation);
		revocation_end(&revocation);
	}
	if (rc)
		status = fail_errno(rc, "revoke %s", matrix->sequence.name.bdf);
	else if (dry_run && widest.trigger)
		status = fill_affected(matrix->call, &widest);
	else if (!dry_run && !yes && widest.trigger)
		status = check_strangers(&widest);
	revocation_end(&widest);
	return status;
}

static enum status judge(const struct matrix *matrix)
{
	const char *bdf = matrix->sequence.name.bdf;

	if (matrix->error) {
		fail_with(STATUS_FAILED, matrix->error, "revoke %s", bdf);
		fail_because("after the last trigger shown things could not be put right");
		fail_hint("'%s status' and 'dmabufctl device %s' show what is left",
			  call_program(matrix->call), bdf);
		return STATUS_FAILED;
	}
	if (*matrix->unobserved) {
		fail_with(STATUS_UNOBSERVED, 0, "revoke %s", bdf);
		fail_because("revocation was not observed for %s", matrix->unobserved);
		return STATUS_UNOBSERVED;
	}
	if (*matrix->failed) {
		fail_with(STATUS_FAILED, 0, "revoke %s", bdf);
		fail_because("failed, or refused: %s; the table says why", matrix->failed);
		return STATUS_FAILED;
	}
	if (*matrix->unsupported && (matrix->choice->named || !matrix->pulled_any)) {
		fail_with(STATUS_UNSUPPORTED, 0, "revoke %s", bdf);
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

	sequence_begin(&matrix.sequence, call->context, device);
	status = check_mapped(&matrix);
	if (!status)
		status = check(&matrix, dry_run, yes);
	if (status || dry_run)
		return status;
	status = recover_first(&matrix);
	if (status)
		return status;
	json_put_text(call->result, "device", matrix.sequence.name.bdf);
	matrix.rows = json_put_array(call->result, "matrix");
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
