// SPDX-License-Identifier: GPL-2.0-only
/* For how long a monitor leaves the rings alone, by how full the fullest was. */
#include "kernel/stream.h"
#include "tests/unit/check.h"
#include "util/clock.h"

#define MILLISECOND 1000000ull
#define ROOM 1000 /* pages */
#define SHORTEST (20 * MILLISECOND)
#define LONGEST (400 * MILLISECOND)

enum rest { SHORT, BETWEEN, LONG };

static const struct {
	const char *what;
	unsigned pages[2];
	uint64_t elapsed;
	unsigned readings; /* since the first that still waits was read; 0: nothing waits */
	enum rest rest;
} table[] = {
	{ "nothing came", { 0, 0 }, 400 * MILLISECOND, 0, SHORT },
	{ "little came", { 15, 0 }, 400 * MILLISECOND, 0, SHORT },
	{ "much came, slowly", { 16, 0 }, 400 * MILLISECOND, 0, LONG },
	{ "a quarter in half a second", { 0, 250 }, 500 * MILLISECOND, 0, LONG },
	{ "a quarter in a tenth", { 100, 250 }, 100 * MILLISECOND, 0, BETWEEN },
	{ "more than a quarter", { 100, 251 }, 400 * MILLISECOND, 0, BETWEEN },
	{ "a quarter in 10 ms", { 250, 0 }, 10 * MILLISECOND, 0, SHORT },
	{ "all of it", { 1000, 1000 }, 10 * MILLISECOND, 0, SHORT },
	{ "one has just come", { 16, 0 }, 400 * MILLISECOND, 1, LONG },
	{ "one has waited", { 16, 0 }, 400 * MILLISECOND, 2, SHORT },
};

int main(void)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct instance_ring rings[2] = { { .pages = table[i].pages[0] },
						  { .pages = table[i].pages[1] } };
		struct record waiting = { .reading = 5 };
		struct stream stream = {
			.instance = { .rings = rings, .ring_count = 2 },
			.room = ROOM,
			.oldest = clock_now() - table[i].elapsed,
			.waiting = &waiting,
			.count = table[i].readings > 0,
			.readings = 5 + table[i].readings,
		};
		uint64_t rest = stream_rest(&stream, SHORTEST, LONGEST);

		check((table[i].rest == SHORT ? rest == SHORTEST :
		       table[i].rest == LONG  ? rest == LONGEST :
						rest > SHORTEST) &&
			      stream.oldest == UINT64_MAX && !rings[0].pages && !rings[1].pages,
		      "%s", table[i].what);
	}
	return check_plan();
}
