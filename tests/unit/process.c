// SPDX-License-Identifier: GPL-2.0-only
/* Who has a file or a device open: of processes that are made for it here. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/proc.h"
#include "kernel/process.h"
#include "tests/unit/check.h"

#define DEVICE "/dev/full" /* one that hardly anybody has open */

/* A process of that name that has these open, and nothing else, until it is killed. */
static pid_t start(const char *name, int keep, const char *path)
{
	int ready[2];
	char byte;
	pid_t child;

	if (pipe(ready) || (child = fork()) < 0)
		exit(1);
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, name);
		if (keep >= 0 && dup2(keep, 100) < 0)
			exit(1);
		close_range(3, ready[1] - 1, 0);
		if (path && open(path, O_RDWR) < 0)
			exit(1);
		(void)!write(ready[1], "x", 1);
		pause();
	}
	close(ready[1]);
	(void)!read(ready[0], &byte, 1);
	close(ready[0]);
	return child;
}

static void stop(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* Its name in the list, NULL when it is not there, "twice" when it is so. */
static const char *name_of(const struct process *list, unsigned count, pid_t pid)
{
	const char *name = NULL;

	for (unsigned i = 0; i < count; i++)
		if (list[i].pid == pid)
			name = name ? "twice" : list[i].name;
	return name;
}

/* Of the same numbers, which say another thing there; -1: it may not be made. */
static int open_block_device(dev_t device)
{
	char directory[] = "/tmp/process-XXXXXX", path[64];
	int fd = -1;

	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/block", directory);
	if (!mknod(path, S_IFBLK | 0600, device))
		fd = open(path, O_PATH | O_CLOEXEC);
	unlink(path);
	rmdir(directory);
	return fd;
}

static void check_users(void)
{
	struct process *list;
	struct stat device;
	unsigned count = 0;
	pid_t with, second, without, file, disk;
	int regular = memfd_create("regular", MFD_CLOEXEC), block;

	if (stat(DEVICE, &device))
		return;
	block = open_block_device(device.st_rdev);
	with = start("with", -1, DEVICE);
	second = start("second", -1, DEVICE);
	disk = start("disk", block, NULL);
	without = start("without", -1, "/dev/zero");
	file = start("file", regular, NULL);
	check(!process_list_users(device.st_rdev, &list, &count), "users of a device");
	check(name_of(list, count, with) && !strcmp(name_of(list, count, with), "with"), "the one");
	check(name_of(list, count, second) && !strcmp(name_of(list, count, second), "second"),
	      "and the other");
	check(!name_of(list, count, without) && !name_of(list, count, file) &&
		      !name_of(list, count, disk) && !name_of(list, count, getpid()),
	      "and not the others");
	free(list);
	stop(with);
	check(!process_list_users(device.st_rdev, &list, &count) && !name_of(list, count, with),
	      "until it ends");
	free(list);
	check(!process_list_users(0, &list, &count) && !count && !list, "device 0: nobody");
	stop(second);
	stop(disk);
	stop(without);
	stop(file);
	close(block);
	close(regular);
}

static void check_get(void)
{
	int fd = memfd_create("taken", MFD_CLOEXEC), got;
	pid_t child = start("giver", fd, NULL);
	struct stat wanted, taken = { 0 };

	fstat(fd, &wanted);
	got = process_get_fd(child, 100);
	if (got == -EPERM || got == -ENOSYS) { /* a container may forbid it */
		printf("ok %u - an fd of another process # SKIP not allowed here\n", ++check_count);
	} else {
		check(got >= 0 && !fstat(got, &taken) && taken.st_ino == wanted.st_ino &&
			      taken.st_dev == wanted.st_dev,
		      "an fd of another process");
		check(process_get_fd(child, 99) == -EBADF, "one that it has not");
	}
	close(got);
	stop(child);
	check(process_get_fd(child, 100) == -ESRCH, "a process that is gone");
	close(fd);
}

/* Has a file open on a file system of its own, which never answers; -1: it may not. */
static pid_t start_on_fuse(void)
{
	int ready[2];
	char byte = 0;
	pid_t child;

	if (pipe(ready) || (child = fork()) < 0)
		exit(1);
	if (!child) {
		int fuse = open("/dev/fuse", O_RDWR);
		char options[80];

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0",
			 fuse);
		if (fuse < 0 || unshare(CLONE_NEWNS) ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount("none", "/tmp", "fuse", 0, options) || open("/tmp", O_PATH) < 0)
			exit(1);
		(void)!write(ready[1], "x", 1);
		pause();
	}
	close(ready[1]);
	(void)!read(ready[0], &byte, 1);
	close(ready[0]);
	if (byte)
		return child;
	waitpid(child, NULL, 0);
	return -1;
}

static void check_silent(void)
{
	pid_t child = start_on_fuse();
	struct process *list = NULL;
	struct stat device;
	unsigned count;

	if (child < 0 || stat(DEVICE, &device)) {
		printf("ok %u - a file system that never answers # SKIP not allowed here\n",
		       ++check_count);
		return;
	}
	alarm(60); /* which ends this program */
	check(!process_list_users(device.st_rdev, &list, &count) && !name_of(list, count, child),
	      "a file system that never answers is not asked");
	alarm(0);
	free(list);
	stop(child);
}

struct visits {
	int at_most, made;
};

static int count_visit(struct visits *visits)
{
	return ++visits->made == visits->at_most ? -EOWNERDEAD : 0;
}

static int visit_process(const struct proc_process *process, void *data)
{
	(void)process;
	return count_visit(data);
}

static int visit_fd(const struct proc_fd *fd, void *data)
{
	(void)fd;
	return count_visit(data);
}

static int visit_fds_of_own(const struct proc_process *process, void *data)
{
	return process->pid == getpid() ? proc_walk_fds(process, visit_fd, data) : 0;
}

/* A visit that fails ends the walk, which fails as it did. */
static void check_walks(void)
{
	struct visits all = { 0 }, processes = { .at_most = 1 }, fds = { .at_most = 2 };

	check(!proc_walk(visit_process, &all) && all.made > 1, "all processes are visited");
	check(proc_walk(visit_process, &processes) == -EOWNERDEAD && processes.made == 1,
	      "processes: the first visit that fails is the last");
	check(proc_walk(visit_fds_of_own, &fds) == -EOWNERDEAD && fds.made == 2,
	      "fds: the second visit that fails is the last");
}

int main(void)
{
	check_walks();
	check_users();
	check_silent();
	check_get();
	return check_plan();
}
