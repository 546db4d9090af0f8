// SPDX-License-Identifier: GPL-2.0-only
/* How conform runs cases, whatever they try: those that fail, crash and hang among them. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conform/trial.h"
#include "tests/unit/check.h"

static void passes(struct trial *trial, const void *data)
{
	(void)trial;
	(void)data;
}

static void fails(struct trial *trial, const void *data)
{
	expect_error(trial, -EINVAL, ENODEV, "a call of %d", *(const int *)data);
}

static void fails_not(struct trial *trial, const void *data)
{
	(void)data;
	expect_error(trial, -ENODEV, ENODEV, "a call");
	expect_done(trial, 0, "a call");
	expect_done(trial, 5, "a call that gives an fd");
	expect(trial, true, "so it is");
}

static void expects_too_much(struct trial *trial, const void *data)
{
	(void)data;
	expect(trial, false, "two and two are %d", 5);
}

static void succeeds_wrongly(struct trial *trial, const void *data)
{
	(void)data;
	expect_error(trial, 3, EPERM, "a call");
}

static void skips(struct trial *trial, const void *data)
{
	(void)data;
	trial_skip(trial, "there is no %s", "such thing");
}

static void crashes(struct trial *trial, const void *data)
{
	(void)trial;
	(void)data;
	raise(SIGKILL); /* no sanitizer takes it */
}

static void ends(struct trial *trial, const void *data)
{
	(void)trial;
	(void)data;
	_exit(7);
}

static void hangs(struct trial *trial, const void *data)
{
	(void)trial;
	(void)data;
	for (;;)
		pause();
}

/* Leaves the number of its process where all can see it. */
static void says_who(struct trial *trial, const void *data)
{
	expect(trial, write(*(const int *)data, &(pid_t){ getpid() }, sizeof(pid_t)) > 0,
	       "the process says which it is");
}

static unsigned *runs; /* shared by all processes */

static void fails_once(struct trial *trial, const void *data)
{
	(void)data;
	expect(trial, (*runs)++, "it is not the first time");
}

static int who[2];

static const struct conform_known here = { .bug = "a bug", .mended_by = "a patch" };
static const struct conform_known later = { .bug = "a bug", .since = "99" };
static const struct conform_known earlier = { .bug = "a bug", .until = "2.6" };
static const struct conform_known unmended = { .bug = "a bug", .since = "2.6", .until = "99" };

#define CASE(function, ...)                                             \
	{                                                               \
		.name = "unit-" #function, .run = function, __VA_ARGS__ \
	}

static const struct conform_case cases[] = {
	CASE(says_who, .data = &who[1]),
	CASE(says_who, .data = &who[1]),
	CASE(fails, .data = &(const int){ 42 }),
	CASE(says_who, .data = &who[1]),
	CASE(fails_not, .data = NULL),
	CASE(crashes, .data = NULL),
	CASE(ends, .data = NULL),
	CASE(expects_too_much, .data = NULL),
	CASE(succeeds_wrongly, .data = NULL),
	CASE(skips, .data = NULL),
	CASE(expects_too_much, .known = &here),
	CASE(expects_too_much, .known = &later),
	CASE(expects_too_much, .known = &earlier),
	CASE(expects_too_much, .known = &unmended),
	CASE(passes, .known = &here),
	CASE(fails, .since = "99", .data = NULL),
	CASE(passes, .since = "2.6"),
	CASE(passes, .traits = NEEDS_EXPORTER),
	CASE(passes, .traits = NEEDS_IMPORTER),
	CASE(passes, .traits = NEEDS_DMA_IMPORTER),
	CASE(says_who, .data = &who[1]),
	CASE(says_who, .traits = STARTS_FRESH, .data = &who[1]),
	CASE(says_who, .data = &who[1]),
};

#define CASES (sizeof(cases) / sizeof(*cases))

static struct conform_result results[CASES];
static unsigned begun, ended;

static void note(const struct conform_case *conform_case, const struct conform_result *result,
		 void *data)
{
	(void)data;
	if (!result) {
		begun++;
		return;
	}
	if (result->conform_case == conform_case)
		results[ended++] = *result;
}

static int run_all(const struct conform_setup *setup, const struct conform_case *first,
		   unsigned count)
{
	const struct conform_case *plan[CASES];

	begun = ended = 0;
	for (unsigned i = 0; i < count; i++)
		plan[i] = first + i;
	return conform_run(setup, plan, count, note, NULL);
}

static void check_result(unsigned index, enum conform_outcome outcome, const char *seen)
{
	check(results[index].outcome == outcome && !strcmp(results[index].seen, seen),
	      "case %u, %s: %s, '%s' (%s, '%s')", index, results[index].conform_case->name,
	      conform_outcome_name(outcome), seen, conform_outcome_name(results[index].outcome),
	      results[index].seen);
}

static pid_t next_process(void)
{
	pid_t pid = 0;

	return read(who[0], &pid, sizeof(pid)) == sizeof(pid) ? pid : 0;
}

static void check_processes(void)
{
	pid_t first = next_process(), second = next_process(), third = next_process();

	check(first && first == second, "a process goes on from case to case");
	check(third && third != first, "after a failure it is another one");
	first = next_process();
	second = next_process();
	third = next_process();
	check(first && second && third && first != second && second != third,
	      "one that starts fresh shares its process with none");
}

static void test_outcomes(const struct conform_setup *setup)
{
	static const char wrong[] = "not so: two and two are 5";

	check(!run_all(setup, cases, CASES), "it runs");
	check(begun == CASES && ended == CASES, "each case begins and ends (%u, %u)", begun, ended);
	check_result(0, CONFORM_PASSED, "");
	check_result(2, CONFORM_FAILED, "a call of 42: EINVAL, where ENODEV was expected");
	check_result(3, CONFORM_PASSED, "");
	check_result(4, CONFORM_PASSED, "");
	check_result(5, CONFORM_FAILED, "its process was ended by signal 9");
	check_result(6, CONFORM_FAILED, "its process ended with status 7");
	check_result(7, CONFORM_FAILED, wrong);
	check_result(8, CONFORM_FAILED, "a call: success, where EPERM was expected");
	check_result(9, CONFORM_SKIPPED, "there is no such thing");
	check_result(10, CONFORM_KNOWN, wrong);
	check_result(11, CONFORM_FAILED, wrong);
	check_result(12, CONFORM_FAILED, wrong);
	check_result(13, CONFORM_KNOWN, wrong);
	check_result(14, CONFORM_PASSED, "");
	check_result(15, CONFORM_SKIPPED, "the rule came with a later Linux");
	check_result(16, CONFORM_PASSED, "");
	check_result(17, CONFORM_SKIPPED, "there is no exporter with vfio-pci, only a dma-buf");
	check_result(18, CONFORM_SKIPPED, "no second device with vfio-pci is named (--importer)");
	check_result(19, CONFORM_SKIPPED,
		     "no device with dmabufctl-importer is named (--importer)");
	check_processes();
}

static void test_hanging(const struct conform_setup *setup)
{
	static const struct conform_case hanging[] = {
		CASE(hangs, .data = NULL),
		CASE(passes, .data = NULL),
	};

	check(!run_all(setup, hanging, 2), "it runs with one that hangs");
	check_result(0, CONFORM_FAILED, "it did not end within 3 s, and was ended");
	check_result(1, CONFORM_PASSED, "");
}

static void test_stress(const struct conform_setup *setup)
{
	static const int seven = 7;
	static const struct conform_case quiet[] = {
		{ .name = "fd-passes", .run = passes },
		{ .name = "fd-fails", .run = fails, .data = &seven },
		{ .name = "import-crashes", .run = crashes },
		{ .name = "fd-passes-again", .run = passes },
		{ .name = "fd-fails-once", .run = fails_once },
	};
	const struct conform_case *const plan[] = { quiet, quiet + 1, quiet + 2, quiet + 3,
						    quiet + 4 };

	ended = 0;
	check(!conform_stress(setup, plan, 5, 1, note, NULL), "it runs side by side");
	check(ended == 5, "each case is reported once (%u)", ended);
	check_result(0, CONFORM_PASSED, "");
	check_result(1, CONFORM_FAILED, "a call of 7: EINVAL, where ENODEV was expected");
	check_result(2, CONFORM_FAILED, "it did not end, or its process ended in it");
	check_result(3, CONFORM_PASSED, "");
	check_result(4, CONFORM_FAILED, "not so: it is not the first time");
}

int main(void)
{
	const struct conform_setup setup = { .dmabuf = -1, .limit_ms = 60000 };
	const struct conform_setup impatient = { .dmabuf = -1, .limit_ms = 3000 };

	setvbuf(stdout, NULL, _IOLBF, 0); /* children must not print it again */
	runs = mmap(NULL, sizeof(*runs), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (runs == MAP_FAILED || pipe(who))
		return 1;
	test_outcomes(&setup);
	test_hanging(&impatient);
	test_stress(&setup);
	return check_plan();
}
