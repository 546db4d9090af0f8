// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/wait.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/time.h>
#include <time.h>

/* A signal may come right before a call that waits: so none is longer than this. */
#define SLICE_MS 250

volatile sig_atomic_t wait_signal;

static void on_signal(int signal)
{
	wait_signal = signal;
}

void wait_handle_signals(void)
{
	const struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

bool wait_is_over(void)
{
	sigset_t pending;

	return wait_signal || (!sigpending(&pending) &&
			       (sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) ||
				sigismember(&pending, SIGHUP)));
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

/* What is left until end, at most a slice. */
static int slice(int64_t end, int timeout_ms)
{
	int64_t left = end - now_ms();

	if (timeout_ms < 0 || left > SLICE_MS)
		return SLICE_MS;
	return left < 0 ? 0 : left;
}

/* Whoever is at work gets one more slice after a signal, so that a step can be completed. */
int wait_for_fd(int fd, short events, int timeout_ms)
{
	struct pollfd wanted = { .fd = fd, .events = events };
	int64_t end = now_ms() + timeout_ms;
	bool over = false;

	for (;;) {
		int part = slice(end, timeout_ms);
		int ready = poll(&wanted, 1, part);

		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return -errno;
		if (over)
			return -EINTR;
		if (!part)
			return -ETIMEDOUT;
		over = wait_is_over();
	}
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* Interrupts a call that waits, after each slice. */
static void set_alarm(int ms)
{
	const struct itimerval times = {
		.it_interval.tv_usec = ms * 1000,
		.it_value.tv_usec = ms * 1000,
	};

	setitimer(ITIMER_REAL, &times, NULL);
}

/* flock() waits in a queue, which is fair and has no delay; its only limit can be a signal. */
static int lock_in_slices(int fd, int timeout_ms)
{
	int64_t end = now_ms() + timeout_ms;

	for (;;) {
		if (!flock(fd, LOCK_EX))
			return 0;
		if (errno != EINTR)
			return -errno;
		if (wait_is_over())
			return -EINTR;
		if (!slice(end, timeout_ms))
			return -ETIMEDOUT;
	}
}

int wait_for_lock(int fd, int timeout_ms)
{
	const struct sigaction alarm = { .sa_handler = on_alarm };
	struct sigaction before;
	sigset_t one, mask;
	int rc;

	if (!flock(fd, LOCK_EX | LOCK_NB))
		return 0;
	if (errno != EWOULDBLOCK)
		return -errno;
	if (!timeout_ms)
		return -ETIMEDOUT;
	sigemptyset(&one);
	sigaddset(&one, SIGALRM);
	sigaction(SIGALRM, &alarm, &before);
	sigprocmask(SIG_UNBLOCK, &one, &mask);
	set_alarm(slice(now_ms() + timeout_ms, timeout_ms) < SLICE_MS ? 10 : SLICE_MS);
	rc = lock_in_slices(fd, timeout_ms);
	set_alarm(0);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	sigaction(SIGALRM, &before, NULL);
	return rc;
}
