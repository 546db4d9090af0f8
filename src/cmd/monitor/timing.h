/* SPDX-License-Identifier: GPL-2.0-only */
/* When monitor prints, asks and reads. All times are CLOCK_MONOTONIC's, in ns; no clock is read
 * here. */
#ifndef DMABUFCTL_CMD_MONITOR_TIMING_H
#define DMABUFCTL_CMD_MONITOR_TIMING_H

#include <stdbool.h>
#include <stdint.h>

#define MILLISECOND 1000000ull
/*
 * Records are read no more often: what is watched goes first, and one reading takes many of them.
 * The other is for when they come by the thousand.
 */
#define READ_EVERY (20 * MILLISECOND)
#define READ_AT_LEAST_EVERY (400 * MILLISECOND)
/* The contexts are asked for names no more often, and in between for a quarter of the time. */
#define ASK_EVERY (10 * MILLISECOND)
#define ASK_AT_LEAST_EVERY (50 * MILLISECOND)
#define ASK_SHARE 4
/*
 * For how many readings a record waits at the most for what the same task does next, its own among
 * them, and how long for a name. A busy machine may let that task rest, but as it does the reader.
 */
#define UNDECIDED 5
#define UNNAMED (1000 * MILLISECOND)

struct moment {
	uint64_t now;
	uint64_t end;	 /* nothing that comes later counts; UINT64_MAX: not known yet */
	uint64_t read;	 /* all records that are older have been read */
	uint64_t learnt; /* when the contexts were asked for names, which are as new, last */
	uint64_t asking; /* how long they took to answer */
	bool busy;	 /* but some may be missing, or change: a command was at work */
};

struct needs {
	bool undecided;	   /* what the same task does next would tell more */
	unsigned readings; /* have been made that could have told it */
	bool name;	   /* a command that makes it records its name right after that */
	bool found;	   /* there is such a name, perhaps an older one */
};

enum readiness {
	READY,
	READY_WHEN_ASKED, /* ask the contexts for names, and then this again */
	NOT_READY,
};

/* Whether a record of that time can be printed now. */
enum readiness when_ready(const struct moment *moment, uint64_t time, const struct needs *needs);

/* Whether the contexts may be asked, not too often. */
bool may_ask(const struct moment *moment);

/* Whether something may have yet to be printed that is older than the names that are known.
 * waiting: a record that has been read waits. */
bool needs_old_names(const struct moment *moment, bool waiting);

bool is_ending(const struct moment *moment);

/* How long to wait when nothing happens, in poll()'s terms. pending: something waits for time to
 * pass. */
int wait_ms(const struct moment *moment, bool pending);

#endif
