// SPDX-License-Identifier: GPL-2.0-only
#include "conform/process.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "util/clock.h"

static void send_message(const struct process_link *link, const struct process_message *message)
{
	/* Nobody is there to hear of an error. */
	if (write(link->fd, message, sizeof(*message)) != sizeof(*message))
		_exit(1);
}

/* "7.2.12-..." is not before "7.2". */
static bool is_before(const char *release)
{
	struct utsname system;

	return !uname(&system) && strverscmp(system.release, release) < 0;
}

static bool is_known(const struct conform_known *known)
{
	return known && !(known->since && is_before(known->since)) &&
	       (!known->until || is_before(known->until));
}

void trial_report(struct trial *trial, enum conform_outcome outcome, const char *seen)
{
	const struct process_link *link = trial->link;
	struct process_message message = {
		.index = link->index,
		.outcome = outcome,
		.took_ns = clock_now() - link->began,
	};

	if (outcome == CONFORM_FAILED && is_known(trial->conform_case->known))
		message.outcome = CONFORM_KNOWN;
	snprintf(message.seen, sizeof(message.seen), "%s", seen);
	send_message(link, &message);
}

void process_try(struct trial *trial, const struct conform_case *conform_case, unsigned index)
{
	struct process_link *link = trial->link;

	link->index = index;
	link->began = clock_now();
	send_message(link, &(struct process_message){ .index = index, .begins = true });
	trial->conform_case = conform_case;
	if (conform_case->since && is_before(conform_case->since))
		trial_report(trial, CONFORM_SKIPPED, "the rule came with a later Linux");
	else
		trial_run(trial, conform_case);
}

void process_open(struct trial *trial)
{
	static const struct conform_case opening = { .name = "stress-opening" };

	trial->conform_case = &opening;
	the_exporter(trial);
	if (trial->setup->importer)
		the_importer(trial);
}
