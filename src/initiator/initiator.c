// SPDX-License-Identifier: GPL-2.0-only
#include "initiator/initiator.h"

#include <errno.h>
#include <time.h>

#include "util/clock.h"
#include "util/text.h"

extern const struct initiator_driver initiator_importer, initiator_edu, initiator_nvme;

/* Whoever has a device comes before what it is. */
static const struct initiator_driver *const drivers[] = { &initiator_importer, &initiator_edu,
							  &initiator_nvme };

/* So long it looks without a pause; and each pause. */
#define BUSY_NS 1000000

#define DRIVERS (sizeof(drivers) / sizeof(*drivers))

const struct initiator_driver *initiator_find(const struct pci_device *pci)
{
	for (unsigned i = 0; i < DRIVERS; i++)
		if (drivers[i]->matches(pci))
			return drivers[i];
	return NULL;
}

void initiator_describe_all(char *text, size_t size)
{
	*text = '\0';
	for (unsigned i = 0; i < DRIVERS; i++)
		text_join(text, size, ", ", "%s (%s)", drivers[i]->name, drivers[i]->drives);
}

int initiator_await(struct initiator *initiator, int (*done)(struct initiator *initiator))
{
	const struct timespec pause = { .tv_nsec = BUSY_NS };
	const uint64_t began = clock_now();

	for (unsigned pauses = 0; pauses < 1000;) {
		int rc = done(initiator);

		if (rc)
			return rc < 0 ? rc : 0;
		if (clock_now() - began < BUSY_NS)
			continue;
		nanosleep(&pause, NULL);
		pauses++;
	}
	return -ETIMEDOUT;
}
