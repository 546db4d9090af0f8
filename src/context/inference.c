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

/* An import by which nothing is mapped is one that is taken back at once, and only that is. */
static struct inferred infer_attach(const struct record *records, unsigned count)
{
	for (unsigned i = 1; i < count; i++)
		if (records[i].pid == records->pid && records[i].kind != RECORD_LOST)
			return (struct inferred){
				.trial = records[i].kind == RECORD_DETACH &&
					 records[i].inode == records->inode,
			};
	return (struct inferred){ .undecided = true };
}

static bool is_same(struct range a, struct range b)
{
	return a.offset == b.offset && a.length == b.length;
}

struct inferred infer(const struct inference *inference, const struct record *records,
		      unsigned count)
{
	const struct inference_task *task = find_task(inference, records->pid);

	if (records->kind == RECORD_ATTACH)
		return infer_attach(records, count);
	if (!task)
		return (struct inferred){ 0 };
	switch (records->kind) {
	case RECORD_MAP: /* one for each domain of the IOAS */
		if (task->last == RECORD_ATTACH)
			return (struct inferred){ .imported = true, .inode = task->inode };
		break;
	case RECORD_UNMAP: /* the same, but it is revoked once */
		if (task->invalidated && !is_same(task->revoked, records->iova))
			return (struct inferred){ .revoked = true, .inode = task->invalidated };
		break;
	case RECORD_DETACH:
		if (task->last == RECORD_ATTACH && task->inode == records->inode)
			return (struct inferred){ .trial = task->trial };
		if (task->last == RECORD_UNMAP && !task->invalidated)
			return (struct inferred){ .given_up = true, .window = task->window };
		break;
	default:
		break;
	}
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
	task = (struct inference_task *)find_task(inference, record->pid);
	if (!task)
		task = add_task(inference, record->pid);
	task->time = record->time;
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
