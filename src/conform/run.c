// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs cases in child processes. One process goes on from case to case with the devices that it has
 * opened, as opening and closing one takes longer than most cases, until one fails: what that
 * leaves goes with the process.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conform/process.h"
#include "kernel/sys.h"
#include "kernel/wait.h"
#include "util/clock.h"

static void __attribute__((noreturn))
run_child(const struct conform_setup *setup, const struct conform_case *const *cases,
	  unsigned first, unsigned count, int out)
{
	struct process_link link = { .fd = out };
	struct trial trial;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	trial_begin(&trial, setup, &link);
	for (unsigned i = first; i < count; i++) {
		if (i > first && (cases[i]->traits | cases[i - 1]->traits) & STARTS_FRESH)
			break;
		process_try(&trial, cases[i], i);
	}
	_exit(0);
}

/* For a process that was killed, or is about to end. */
#define REAP_MS 10000

/* The parent's side. */
struct run {
	const struct conform_setup *setup;
	const struct conform_case *const *cases;
	unsigned count;
	unsigned next;	/* all before it have ended */
	bool running;	/* that one has begun */
	uint64_t began; /* then */
	char stuck[96]; /* a case that cannot be ended, "" for none */
	conform_report *report;
	void *data;
};

static void end_next(struct run *run, enum conform_outcome outcome, uint64_t took_ns,
		     const char *format, ...) __attribute__((format(printf, 4, 5)));
static void end_next(struct run *run, enum conform_outcome outcome, uint64_t took_ns,
		     const char *format, ...)
{
	struct conform_result result = {
		.conform_case = run->cases[run->next],
		.outcome = outcome,
		.took_ns = took_ns,
	};
	va_list values;

	va_start(values, format);
	vsnprintf(result.seen, sizeof(result.seen), format, values);
	va_end(values);
	run->next++;
	run->running = false;
	run->report(result.conform_case, &result, run->data);
}

static void take_message(struct run *run, const struct process_message *message)
{
	if (message->begins) {
		run->running = true;
		run->began = clock_now();
		run->report(run->cases[run->next], NULL, run->data);
	} else {
		end_next(run, message->outcome, message->took_ns, "%s", message->seen);
	}
}

/* 0 once the child has closed its end, -ETIMEDOUT when a case takes too long, -EINTR. */
static int follow_child(struct run *run, int in)
{
	struct process_message message;
	int rc;

	while (!(rc = wait_for_fd(in, POLLIN, run->setup->limit_ms))) {
		if (read(in, &message, sizeof(message)) != sizeof(message))
			return 0;
		take_message(run, &message);
	}
	return rc;
}

/* Whether it has ended; one that the kernel does not let go of is left behind. */
static bool reap(pid_t child, int *status)
{
	auto_close int process = sys_pidfd_open(child);

	return process >= 0 && !wait_for_fd(process, POLLIN, REAP_MS) &&
	       waitpid(child, status, 0) == child;
}

static void end_hung(struct run *run, pid_t child)
{
	unsigned seconds = run->setup->limit_ms / 1000;
	const char *name = run->cases[run->next]->name;
	int status;

	kill(child, SIGKILL);
	if (reap(child, &status)) {
		end_next(run, CONFORM_FAILED, clock_now() - run->began,
			 "it did not end within %u s, and was ended", seconds);
		return;
	}
	snprintf(run->stuck, sizeof(run->stuck), "%s, PID %d", name, child);
	end_next(run, CONFORM_FAILED, clock_now() - run->began,
		 "it did not end within %u s, and cannot be ended: PID %d waits in the kernel",
		 seconds, child);
}

static void end_crashed(struct run *run, int status)
{
	if (!run->running) /* between two cases */
		return;
	end_next(run, CONFORM_FAILED, clock_now() - run->began,
		 WIFSIGNALED(status) ? "its process was ended by signal %d" :
				       "its process ended with status %d",
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

/* A case that unbinds the device may have failed in the midst of it. */
static void restore_driver(const struct pci_device *exporter)
{
	struct pci_device now;

	if (exporter && !pci_get(&exporter->name, &now) &&
	    strcmp(now.driver, exporter->driver) != 0)
		pci_hand_over(&exporter->name, exporter->driver_override, &now);
}

/* One process, for as many cases as it gets through; -ECHILD: it ended before the first. */
static int run_process(struct run *run)
{
	const unsigned first = run->next;
	int pipe_fds[2], status, rc;
	pid_t child;

	if (pipe2(pipe_fds, O_CLOEXEC))
		return -errno;
	child = fork();
	if (!child)
		run_child(run->setup, run->cases, run->next, run->count, pipe_fds[1]);
	close(pipe_fds[1]);
	if (child < 0) {
		rc = -errno;
		close(pipe_fds[0]);
		return rc;
	}
	rc = follow_child(run, pipe_fds[0]);
	close(pipe_fds[0]);
	if (rc == -ETIMEDOUT) {
		end_hung(run, child);
		return 0;
	}
	if (rc)
		kill(child, SIGKILL);
	if (reap(child, &status) && !rc)
		end_crashed(run, status);
	restore_driver(run->setup->exporter);
	return !rc && run->next == first ? -ECHILD : rc;
}

int conform_run(const struct conform_setup *setup, const struct conform_case *const *cases,
		unsigned count, conform_report *report, void *data)
{
	struct run run = {
		.setup = setup,
		.cases = cases,
		.count = count,
		.report = report,
		.data = data,
	};
	int rc = 0;

	while (!rc && run.next < count) {
		if (*run.stuck)
			end_next(&run, CONFORM_SKIPPED, 0, "%s keeps the devices", run.stuck);
		else
			rc = run_process(&run);
	}
	return rc;
}
