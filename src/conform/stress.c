// SPDX-License-Identifier: GPL-2.0-only
/* The groups side by side, each in a process that goes on until the time is over. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conform/process.h"
#include "kernel/wait.h"
#include "util/clock.h"
#include "util/scope.h"

struct stress {
	const struct conform_setup *setup;
	const struct conform_case *const *cases;
	unsigned count;
	uint64_t until; /* CLOCK_MONOTONIC, ns */
	/* For each case. */
	struct conform_result *results;
	bool *running;
};

static bool is_of(const struct conform_case *conform_case, const struct conform_group *group)
{
	size_t length = strlen(group->name);

	return !strncmp(conform_case->name, group->name, length) &&
	       conform_case->name[length] == '-';
}

/* In a process of its own, which a failure ends. */
static void try_alone(const struct stress *stress, struct trial *trial, unsigned index)
{
	pid_t child = fork();

	if (!child) {
		process_try(trial, stress->cases[index], index);
		_exit(0);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

/* All of the group's cases at least once. */
static void __attribute__((noreturn))
repeat_group(const struct stress *stress, struct trial *trial, const struct conform_group *group)
{
	do
		for (unsigned i = 0; i < stress->count; i++)
			if (is_of(stress->cases[i], group))
				try_alone(stress, trial, i);
	while (clock_now() < stress->until);
	_exit(0);
}

/* Has the devices, which the groups inherit. */
static void __attribute__((noreturn)) be_parent(const struct stress *stress, int out)
{
	struct process_link link = { .fd = out };
	struct trial trial;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	trial_begin(&trial, stress->setup, &link);
	if (stress->setup->exporter)
		process_open(&trial);
	for (const struct conform_group *group = conform_groups; group->name; group++)
		if (!fork())
			repeat_group(stress, &trial, group);
	while (wait(NULL) > 0)
		;
	_exit(0);
}

static void take_message(struct stress *stress, const struct process_message *message)
{
	struct conform_result *result = &stress->results[message->index];

	stress->running[message->index] = message->begins;
	if (message->begins)
		return;
	if (result->outcome == CONFORM_FAILED)
		return;
	result->outcome = message->outcome;
	result->took_ns = message->took_ns;
	strcpy(result->seen, message->seen);
}

static int follow(struct stress *stress, int in)
{
	struct process_message message;
	int rc;

	while (!(rc = wait_for_fd(in, POLLIN, stress->setup->limit_ms))) {
		if (read(in, &message, sizeof(message)) != sizeof(message))
			return 0;
		take_message(stress, &message);
	}
	return rc;
}

static void report_all(const struct stress *stress, conform_report *report, void *data)
{
	for (unsigned i = 0; i < stress->count; i++) {
		struct conform_result *result = &stress->results[i];

		result->conform_case = stress->cases[i];
		if (stress->running[i]) {
			result->outcome = CONFORM_FAILED;
			strcpy(result->seen, "it did not end, or its process ended in it");
		}
		report(result->conform_case, result, data);
	}
}

/* The processes are a group of their own, so that all of them can be ended. */
static int run_processes(struct stress *stress)
{
	int fds[2], rc;
	pid_t child;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	child = fork();
	if (!child) {
		setpgid(0, 0);
		be_parent(stress, fds[1]);
	}
	close(fds[1]);
	rc = child < 0 ? -errno : follow(stress, fds[0]);
	close(fds[0]);
	if (child > 0) {
		if (rc)
			kill(-child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	return rc == -ETIMEDOUT ? 0 : rc;
}

int conform_stress(const struct conform_setup *setup, const struct conform_case *const *cases,
		   unsigned count, unsigned seconds, conform_report *report, void *data)
{
	auto_free struct conform_result *results = calloc(count, sizeof(*results));
	auto_free bool *running = calloc(count, sizeof(*running));
	struct stress stress = {
		.setup = setup,
		.cases = cases,
		.count = count,
		.until = clock_now() + seconds * 1000000000ull,
		.results = results,
		.running = running,
	};
	int rc = results && running ? run_processes(&stress) : -ENOMEM;

	if (!rc)
		report_all(&stress, report, data);
	return rc;
}
