// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that map, unmap, reset and end all the time, while others look at them.
 *
 *	crowd EXPORTER [IMPORTER...]
 *
 * The arguments are VFIO nodes. A dma-buf of the exporter's BAR 2 is made for each of eight
 * processes, whose inodes are printed in a line. Each maps its own, in its own iommufd context, at
 * addresses and with a length that no other uses, and those that have an importer attach it. One
 * that ends is replaced, until standard input ends. They run when no other wants the processor, or
 * on one emulated processor those who look at them would not get to.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel/iommufd.h"
#include "kernel/vfio.h"

#define BAR 2
#define PROCESSES 8
#define WINDOWS 4 /* of a process: at most two are mapped at a time */
#define ROUNDS 40
#define PAGE 4096

struct crowd {
	int exporter;
	int dmabufs[PROCESSES];
	char **importers;
	unsigned importer_count;
};

static void must(int result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, strerrorname_np(-result));
	exit(1);
}

static uint64_t length_of(unsigned number)
{
	return (number + 1) * PAGE;
}

static uint64_t address_of(unsigned number, unsigned window)
{
	return (number + 1ull) << 32 | window << 20;
}

static void export_all(struct crowd *crowd, const char *node)
{
	int iommufd = iommufd_open();
	struct stat status;
	uint32_t id;

	must(iommufd, "iommufd");
	must(crowd->exporter = vfio_open(node, iommufd, &id), node);
	for (unsigned i = 0; i < PROCESSES; i++) {
		struct range range = { i * 64 * 1024, length_of(i) };

		must(crowd->dmabufs[i] = vfio_export(crowd->exporter, BAR, &range, 1), "export");
		fstat(crowd->dmabufs[i], &status);
		printf("%s%lu", i ? " " : "", (unsigned long)status.st_ino);
	}
	printf("\n");
	fflush(stdout);
}

/* False when it was refused, as the exporter is being reset. */
static bool map(const struct crowd *crowd, int iommufd, uint32_t ioas, unsigned number,
		unsigned window)
{
	uint64_t iova = address_of(number, window);
	int rc = iommufd_map_file(iommufd, ioas, crowd->dmabufs[number],
				  (struct range){ 0, length_of(number) },
				  IOMMUFD_READ | IOMMUFD_WRITE, true, &iova);

	if (rc != -ENODEV)
		must(rc, "map");
	return !rc;
}

static void reset(const struct crowd *crowd)
{
	int rc = vfio_reset(crowd->exporter);

	if (rc != -EAGAIN)
		must(rc, "reset");
}

static void map_and_unmap(const struct crowd *crowd, int iommufd, uint32_t ioas, unsigned number)
{
	const struct timespec pause = { .tv_nsec = 25000000 };
	bool mapped[WINDOWS] = { false };

	for (unsigned round = 0; round < ROUNDS + number; round++) {
		unsigned window = round % WINDOWS, old = (round + 2) % WINDOWS;

		mapped[window] = map(crowd, iommufd, ioas, number, window);
		if (mapped[old])
			must(iommufd_unmap(
				     iommufd, ioas,
				     (struct range){ address_of(number, old), length_of(number) }),
			     "unmap");
		mapped[old] = false;
		if (number == PROCESSES - 1 && round % 5 == 4)
			reset(crowd);
		nanosleep(&pause, NULL); /* the others are let in */
	}
}

static void live(const struct crowd *crowd, unsigned number)
{
	char name[16];
	uint32_t ioas, id;
	int iommufd = iommufd_open(), device;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){ 0 });
	snprintf(name, sizeof(name), "crowd%u", number);
	prctl(PR_SET_NAME, name);
	must(iommufd, "iommufd");
	must(iommufd_alloc_ioas(iommufd, &ioas), "IOAS");
	if (number < crowd->importer_count) {
		device = vfio_open(crowd->importers[number], iommufd, &id);
		must(device, crowd->importers[number]);
		must(vfio_attach(device, ioas), "attach");
	}
	map_and_unmap(crowd, iommufd, ioas, number);
	_exit(0);
}

static pid_t start(const struct crowd *crowd, unsigned number)
{
	pid_t child = fork();

	must(child < 0 ? -errno : 0, "fork");
	if (!child)
		live(crowd, number);
	return child;
}

/* One that did not end well is not replaced, and is the exit status. */
static int replace(const struct crowd *crowd, pid_t *children)
{
	int status;
	pid_t ended = waitpid(-1, &status, WNOHANG);

	for (unsigned i = 0; ended > 0 && i < PROCESSES; i++)
		if (children[i] == ended && !status)
			children[i] = start(crowd, i);
	return ended > 0 && status;
}

int main(int argc, char **argv)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	struct crowd crowd = { .importers = argv + 2, .importer_count = argc - 2 };
	pid_t children[PROCESSES];
	int failed = 0;

	if (argc < 2 || crowd.importer_count > PROCESSES) {
		fprintf(stderr, "usage: crowd EXPORTER [IMPORTER...]\n");
		return 2;
	}
	export_all(&crowd, argv[1]);
	for (unsigned i = 0; i < PROCESSES; i++)
		children[i] = start(&crowd, i);
	while (!failed && !poll(&input, 1, 2))
		failed = replace(&crowd, children);
	for (unsigned i = 0; i < PROCESSES; i++)
		kill(children[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	return failed;
}
