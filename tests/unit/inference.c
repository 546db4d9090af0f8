// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel's records mean together. */
#include <string.h>

#include "context/inference.h"
#include "tests/unit/check.h"

/* A record, and what is to be found of it: a letter each, in the order of struct inferred. */
struct step {
	enum record_kind kind;
	pid_t pid;
	uint64_t where; /* IOVA, inode, or promise */
	const char *wanted;
};

#define STEPS 12

static const struct story {
	const char *name;
	struct step steps[STEPS];
} stories[] = {
	{ "an exporter revokes",
	  { { RECORD_INVALIDATE, 7, 4, "" },
	    { RECORD_UNMAP, 7, 0x1000, "revoked 4" },
	    { RECORD_UNMAP, 7, 0x5000, "revoked 4" },
	    { RECORD_INVALIDATED, 7, 0, "" } } },
	{ "two domains of one IOAS: revoked once",
	  { { RECORD_INVALIDATE, 7, 4, "" },
	    { RECORD_UNMAP, 7, 0x1000, "revoked 4" },
	    { RECORD_UNMAP, 7, 0x1000, "of 4" },
	    { RECORD_INVALIDATED, 7, 0, "" } } },
	{ "two importers, and the kernel says of each that it is revoked",
	  { { RECORD_INVALIDATE, 7, 4, "" },
	    { RECORD_UNMAP, 7, 0x1000, "revoked 4" },
	    { RECORD_REVOKED, 7, 4, "" },
	    { RECORD_UNMAP, 7, 0x5000, "revoked 4" },
	    { RECORD_REVOKED, 7, 4, "" },
	    { RECORD_INVALIDATED, 7, 0, "" } } },
	{ "what the kernel says is nothing that a task does",
	  { { RECORD_UNMAP, 7, 0x1000, "of 4" },
	    { RECORD_RESTORED, 7, 5, "" },
	    { RECORD_DETACH, 7, 4, "given_up 0x1000 of 4" } } },
	{ "two dma-bufs of one device",
	  { { RECORD_INVALIDATE, 7, 4, "" },
	    { RECORD_UNMAP, 7, 0x1000, "revoked 4" },
	    { RECORD_INVALIDATED, 7, 0, "" },
	    { RECORD_INVALIDATE, 7, 5, "" },
	    { RECORD_UNMAP, 7, 0x1000, "revoked 5" },
	    { RECORD_INVALIDATED, 7, 0, "" } } },
	{ "user space unmaps",
	  { { RECORD_UNMAP, 7, 0x1000, "of 4" },
	    { RECORD_DETACH, 7, 4, "given_up 0x1000 of 4" } } },
	{ "user space unmaps what was two domains'",
	  { { RECORD_UNMAP, 7, 0x1000, "of 4" },
	    { RECORD_UNMAP, 7, 0x1000, "of 4" },
	    { RECORD_DETACH, 7, 4, "given_up 0x1000 of 4" } } },
	{ "user space unmaps among other tasks' records",
	  { { RECORD_UNMAP, 7, 0x1000, "of 4" },
	    { RECORD_DETACH, 8, 5, "" },
	    { RECORD_DETACH, 7, 4, "given_up 0x1000 of 4" } } },
	{ "a stale mapping is unmapped: nothing but the detach", { { RECORD_DETACH, 7, 4, "" } } },
	{ "a device leaves its domain",
	  { { RECORD_DOMAIN, 7, 0, "" },
	    { RECORD_UNMAP, 7, 0x1000, "" },
	    { RECORD_UNMAP, 7, 0x2000, "undecided" } } },
	{ "after the invalidation an unmap is user space's again",
	  { { RECORD_INVALIDATE, 7, 4, "" },
	    { RECORD_UNMAP, 7, 0x1000, "revoked 4" },
	    { RECORD_INVALIDATED, 7, 0, "" },
	    { RECORD_UNMAP, 7, 0x2000, "of 5" },
	    { RECORD_DETACH, 7, 5, "given_up 0x2000 of 5" } } },
	{ "its end was missed: what comes between says that it is over",
	  { { RECORD_INVALIDATE, 7, 4, "" },
	    { RECORD_DETACH, 7, 5, "" },
	    { RECORD_UNMAP, 7, 0x1000, "undecided" } } },
	{ "its end was missed: an importer that lets go has not given it up",
	  { { RECORD_INVALIDATE, 7, 4, "" },
	    { RECORD_UNMAP, 7, 0x1000, "revoked 4" },
	    { RECORD_DETACH, 7, 4, "" } } },
	{ "another task's unmap meanwhile",
	  { { RECORD_INVALIDATE, 7, 4, "" },
	    { RECORD_UNMAP, 8, 0x1000, "undecided" },
	    { RECORD_UNMAP, 7, 0x2000, "revoked 4" },
	    { RECORD_INVALIDATED, 7, 0, "" } } },
	{ "tasks whose PIDs share a set",
	  { { RECORD_INVALIDATE, 7, 4, "" },
	    { RECORD_UNMAP, 7 + 64, 0x1000, "undecided" },
	    { RECORD_UNMAP, 7 + 128, 0x1000, "undecided" },
	    { RECORD_UNMAP, 7, 0x2000, "revoked 4" } } },
	{ "an import, in two domains",
	  { { RECORD_ATTACH, 7, 4, "" },
	    { RECORD_MAP, 7, 0x1000, "imported 4" },
	    { RECORD_MAP, 7, 0x1000, "imported 4" } } },
	{ "a map that follows no attach is none",
	  { { RECORD_ATTACH, 7, 4, "" },
	    { RECORD_MAP, 8, 0x1000, "" },
	    { RECORD_MAP, 7, 0x1000, "imported 4" },
	    { RECORD_UNMAP, 7, 0x1000, "" },
	    { RECORD_MAP, 7, 0x1000, "" } } },
	{ "a trial import",
	  { { RECORD_ATTACH, 7, 4, "trial" },
	    { RECORD_DETACH, 7, 4, "trial" },
	    { RECORD_ATTACH, 7, 4, "" },
	    { RECORD_MAP, 7, 0x1000, "imported 4" } } },
	{ "a trial import among other tasks' records",
	  { { RECORD_ATTACH, 7, 4, "trial" },
	    { RECORD_MAP, 8, 0x1000, "" },
	    { RECORD_DETACH, 8, 4, "" },
	    { RECORD_DETACH, 7, 4, "trial" } } },
	{ "another dma-buf is let go of: no trial",
	  { { RECORD_ATTACH, 7, 4, "" }, { RECORD_DETACH, 7, 5, "" } } },
	{ "the task's next record is not there yet", { { RECORD_ATTACH, 7, 4, "undecided" } } },
	{ "what is lost is no task's next record",
	  { { RECORD_ATTACH, 7, 4, "undecided" }, { RECORD_LOST, 7, 0, "" } } },
	{ "after a gap nobody knows what a task was at",
	  { { RECORD_INVALIDATE, 7, 4, "" },
	    { RECORD_LOST, 0, 0, "" },
	    { RECORD_UNMAP, 7, 0x1000, "undecided" } } },
	{ "what the programs lost: the trace knows it all the same",
	  { { RECORD_INVALIDATE, 7, 4, "" },
	    { RECORD_UNTOLD, 7, 0, "" },
	    { RECORD_UNMAP, 7, 0x1000, "revoked 4" } } },
	{ "what the programs lost is no task's next record",
	  { { RECORD_ATTACH, 7, 4, "undecided" }, { RECORD_UNTOLD, 7, 0, "" } } },
	{ "what an importer promises: dynamic",
	  { { RECORD_PROMISE, 7, PROMISE_LETS_GO, "" },
	    { RECORD_ATTACH, 7, 4, "dynamic " },
	    { RECORD_MAP, 7, 0x1000, "imported 4" } } },
	{ "revocable: it pins, among other tasks' records",
	  { { RECORD_PROMISE, 7, PROMISE_LETS_GO, "" },
	    { RECORD_PROMISE, 8, PROMISE_STATIC, "" },
	    { RECORD_ATTACH, 7, 4, "revocable " },
	    { RECORD_ATTACH, 8, 4, "plain undecided" },
	    { RECORD_PIN, 7, 4, "" },
	    { RECORD_MAP, 7, 0x1000, "imported 4" } } },
	{ "whoever else pins, or what else is pinned, or later",
	  { { RECORD_PROMISE, 7, PROMISE_LETS_GO, "" },
	    { RECORD_ATTACH, 7, 4, "dynamic " },
	    { RECORD_PIN, 8, 4, "" },
	    { RECORD_PIN, 7, 5, "" },
	    { RECORD_MAP, 7, 0x1000, "imported 4" },
	    { RECORD_PIN, 7, 4, "" } } },
	{ "pinned, plain; and it is known of the one attachment only",
	  { { RECORD_PROMISE, 7, PROMISE_DEAF, "" },
	    { RECORD_ATTACH, 7, 4, "pinned trial" },
	    { RECORD_DETACH, 7, 4, "trial" },
	    { RECORD_PROMISE, 7, PROMISE_STATIC, "" },
	    { RECORD_ATTACH, 7, 4, "plain " },
	    { RECORD_ATTACH, 7, 4, "undecided" } } },
	{ "it maps while it attaches",
	  { { RECORD_PROMISE, 7, PROMISE_LETS_GO, "" },
	    { RECORD_MAP, 7, 0x1000, "" },
	    { RECORD_ATTACH, 7, 4, "revocable " },
	    { RECORD_PIN, 7, 4, "" },
	    { RECORD_ATTACH, 7, 4, "undecided" } } },
	{ "an importer that pins has done nothing but that",
	  { { RECORD_PROMISE, 7, PROMISE_LETS_GO, "" },
	    { RECORD_ATTACH, 7, 4, "revocable trial" },
	    { RECORD_PIN, 7, 4, "" },
	    { RECORD_DETACH, 7, 4, "trial" },
	    { RECORD_PROMISE, 7, PROMISE_LETS_GO, "" },
	    { RECORD_UNMAP, 7, 0x1000, "undecided" } } },
	{ "a PID that is none",
	  { { RECORD_INVALIDATE, -1, 4, "" }, { RECORD_UNMAP, -1, 0x1000, "revoked 4" } } },
};

static void describe(const struct inferred *inferred, char text[64])
{
	static const char *const promises[] = { "", "dynamic ", "revocable ", "pinned ", "plain " };

	strcpy(text, promises[inferred->promise]);
	if (inferred->undecided)
		strcat(text, "undecided");
	if (inferred->trial)
		strcat(text, "trial");
	if (inferred->imported)
		sprintf(text + strlen(text), "imported %llu", (unsigned long long)inferred->inode);
	if (inferred->revoked)
		sprintf(text + strlen(text), "revoked %llu", (unsigned long long)inferred->inode);
	if (inferred->given_up)
		sprintf(text + strlen(text), "given_up 0x%llx ",
			(unsigned long long)inferred->window.offset);
	if (inferred->inode && !inferred->imported && !inferred->revoked)
		sprintf(text + strlen(text), "of %llu", (unsigned long long)inferred->inode);
}

static void tell(const struct story *story)
{
	struct record records[STEPS] = { 0 };
	struct inference inference = { 0 };
	unsigned count = 0;

	for (; count < STEPS && story->steps[count].wanted; count++) {
		const struct step *step = &story->steps[count];

		records[count] = (struct record){
			.kind = step->kind,
			.pid = step->pid,
			.time = count + 1,
			.iova = { step->where, 4096 },
			.inode = step->where,
		};
		if (step->kind == RECORD_PROMISE)
			records[count].promise = step->where;
	}
	for (unsigned i = 0; i < count; i++) {
		struct inferred inferred = infer(&inference, records + i, count - i);
		char found[64];

		describe(&inferred, found);
		check(!strcmp(found, story->steps[i].wanted), "%s, record %u: '%s', wanted '%s'",
		      story->name, i, found, story->steps[i].wanted);
		inference_note(&inference, &records[i], &inferred);
	}
}

int main(void)
{
	for (size_t i = 0; i < sizeof(stories) / sizeof(*stories); i++)
		tell(&stories[i]);
	return check_plan();
}
