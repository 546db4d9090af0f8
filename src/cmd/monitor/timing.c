// SPDX-License-Identifier: GPL-2.0-only
/* When monitor prints, asks and reads. */
#include "cmd/monitor/timing.h"

#define WAIT_MS_MOST 1000000

/* All that will be is read. */
static bool is_read(const struct moment *moment)
{
	return moment->read >= moment->end;
}

bool is_ending(const struct moment *moment)
{
	return moment->now >= moment->end;
}

bool may_ask(const struct moment *moment)
{
	uint64_t every = ASK_SHARE * moment->asking;

	every = every < ASK_EVERY ? ASK_EVERY : every;
	every = every > ASK_AT_LEAST_EVERY ? ASK_AT_LEAST_EVERY : every;
	return moment->now - moment->learnt >= every && !is_ending(moment);
}

bool needs_old_names(const struct moment *moment, bool waiting)
{
	return waiting || moment->read < moment->learnt;
}

enum readiness when_ready(const struct moment *moment, uint64_t time, const struct needs *needs)
{
	bool named = moment->learnt > time && (needs->found || !moment->busy);

	if (needs->undecided && needs->readings < UNDECIDED && !is_read(moment))
		return NOT_READY;
	if (!needs->name || named)
		return READY;
	if (may_ask(moment))
		return READY_WHEN_ASKED;
	return is_read(moment) || moment->read > time + UNNAMED ? READY : NOT_READY;
}

int wait_ms(const struct moment *moment, bool pending)
{
	uint64_t left = moment->end - moment->now;

	if (pending && left > READ_EVERY)
		left = READ_EVERY;
	if (moment->end == UINT64_MAX && !pending)
		return -1;
	left = (left + MILLISECOND - 1) / MILLISECOND;
	return left < WAIT_MS_MOST ? left : WAIT_MS_MOST;
}
