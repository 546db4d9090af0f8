// SPDX-License-Identifier: GPL-2.0-only
#include "context/inference.h"

#include <stddef.h>

/* NULL when the task has done nothing yet. */
static const struct inference_task *find_task(const struct inference *inference, pid_t pid)
{
	const struct inference_task *set = inference->tasks[(unsigned)pid % INFERENCE_SETS];

	for (unsigned i = 0; i < INFERENCE_WAYS; i++)
		if (set[i].time && set[i].pid == pid)
			return &set[i];
	return NULL;
}

/* In the place of the task of its set that has been silent for longest. */
static struct inference_task *add_task(struct inference *inference, pid_t pid)
{
	struct inference_task *set = inference->tasks[(unsigned)pid % INFERENCE_SETS];
	struct inference_task *oldest = set;

	for (unsigned i = 1; i < INFERENCE_WAYS; i++)
		if (set[i].time < oldest->time)
			oldest = &set[i];
	*oldest = (struct inference_task){ .pid = pid, .last = RECORD_LOST };
	return oldest;
}

static bool is_same(struct range a, struct range b)
{
	return a.offset == b.offset && a.length == b.length;
}

/* One window comes once for each domain of its IOAS. */
static bool is_again(const struct record *record, const struct record *next)
{
	return record->kind == RECORD_UNMAP && next->kind == RECORD_UNMAP &&
	       is_same(record->iova, next->iova);
}

/* The others say what it meant. */
static bool is_deed(const struct record *record)
{
	return record->kind != RECORD_LOST && record->kind != RECORD_UNTOLD &&
	       record->kind != RECORD_REVOKED && record->kind != RECORD_RESTORED &&
	       record->kind != RECORD_PROMISE && record->kind != RECORD_PIN;
}

/* What the same task does next; NULL: that is not known yet. */
static const struct record *find_next(const struct record *records, unsigned count)
{
	for (unsigned i = 1; i < count; i++)
		if (records[i].pid == records->pid && is_deed(&records[i]) &&
		    !is_again(records, &records[i]))
			return &records[i];
	return NULL;
}

/* Importers that pin do so before they map. */
static bool is_pinned(const struct record *records, const struct record *end)
{
	for (const struct record *at = records + 1; at < end; at++)
		if (at->kind == RECORD_PIN && at->pid == records->pid &&
		    at->inode == records->inode)
			return true;
	return false;
}

static enum inferred_promise infer_promise(enum record_promise promise, bool pinned)
{
	switch (promise) {
	case PROMISE_STATIC:
		return INFERRED_PLAIN;
	case PROMISE_DEAF:
		return INFERRED_PINNED;
	case PROMISE_LETS_GO:
		return pinned ? INFERRED_REVOCABLE : INFERRED_DYNAMIC;
	default:
		return INFERRED_NONE;
	}
}

/* An import by which nothing is mapped is one that is taken back at once, and only that is. */
static struct inferred infer_attach(const struct inference_task *task, const struct record *records,
				    unsigned count)
{
	const struct record *next = find_next(records, count);
	bool pinned = is_pinned(records, next ? next : records + count);

	return (struct inferred){
		.promise = infer_promise(task ? task->promise : PROMISE_UNKNOWN, pinned),
		.undecided = !next,
		.trial = next && next->kind == RECORD_DETACH && next->inode == records->inode,
	};
}

static struct inferred infer_unmap(const struct inference_task *task, const struct record *records,
				   unsigned count)
{
	const struct record *next;

	if (task && task->invalidated)
		return (struct inferred){
			/* once, for all domains */
			.revoked = !is_same(task->revoked, records->iova),
			.inode = task->invalidated,
		};
	/* User space's: then the dma-buf is let go of. */
	next = find_next(records, count);
	return (struct inferred){
		.undecided = !next,
		.inode = next && next->kind == RECORD_DETACH ? next->inode : 0,
	};
}

static struct inferred infer_detach(const struct inference_task *task, const struct record *record)
{
	if (task->last == RECORD_ATTACH && task->inode == record->inode)
		return (struct inferred){ .trial = task->trial };
	if (task->last == RECORD_UNMAP && !task->invalidated)
		return (struct inferred){
			.given_up = true,
			.window = task->window,
			.inode = record->inode,
		};
	return (struct inferred){ 0 };
}

struct inferred infer(const struct inference *inference, const struct record *records,
		      unsigned count)
{
	const struct inference_task *task = find_task(inference, records->pid);

	if (records->kind == RECORD_ATTACH)
		return infer_attach(task, records, count);
	if (records->kind == RECORD_UNMAP)
		return infer_unmap(task, records, count);
	if (records->kind == RECORD_DETACH && task)
		return infer_detach(task, records);
	/* One for each domain of the IOAS. */
	if (records->kind == RECORD_MAP && task && task->last == RECORD_ATTACH)
		return (struct inferred){ .imported = true, .inode = task->inode };
	return (struct inferred){ 0 };
}

void inference_note(struct inference *inference, const struct record *record,
		    const struct inferred *inferred)
{
	struct inference_task *task;

	if (record->kind == RECORD_LOST) { /* nobody knows what they did meanwhile */
		*inference = (struct inference){ 0 };
		return;
	}
	if (!is_deed(record) && record->kind != RECORD_PROMISE)
		return;
	task = (struct inference_task *)find_task(inference, record->pid);
	if (!task)
		task = add_task(inference, record->pid);
	task->time = record->time;
	/* To attach may be to map, too (Linux 6.12). */
	if (record->kind == RECORD_PROMISE || record->kind == RECORD_ATTACH)
		task->promise = record->promise;
	if (!is_deed(record))
		return;
	/* All that happens within is that importers unmap. */
	if (record->kind != RECORD_UNMAP)
		task->invalidated = 0;
	switch (record->kind) {
	case RECORD_INVALIDATE:
		task->invalidated = record->inode;
		task->revoked = (struct range){ 0 };
		break;
	case RECORD_ATTACH:
		task->inode = record->inode;
		task->trial = inferred->trial;
		break;
	case RECORD_UNMAP:
		task->window = record->iova;
		if (inferred->revoked)
			task->revoked = record->iova;
		break;
	default:
		break;
	}
	/* What is attached is mapped in one domain after the other. */
	if (!inferred->imported)
		task->last = record->kind;
}
