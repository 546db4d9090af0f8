// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holds dma-bufs of the system heap until its standard input ends:
 *
 *   buffers share [NAME]
 *	One dma-buf in three processes: "mapped" has it mapped and no fd, "twice" has two fds,
 *	"passed" has sent it through a socket and closed it. Prints the inode and their PIDs.
 *   buffers shapes [NAME]
 *	One of 64 KiB in two: "both" has two fds and two maps, of 4 and 8 KiB, "ten" ten fds. Prints
 *	the inode and their PIDs.
 *   buffers many PROCESSES BUFFERS OTHERS
 *	PROCESSES processes with BUFFERS dma-buf fds each, and OTHERS other fds. Prints "ready".
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE 16384

static long must(long result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return result;
}

static int allocate_size(const char *name, unsigned long size)
{
	struct dma_heap_allocation_data data = { .len = size, .fd_flags = O_RDWR | O_CLOEXEC };
	int heap = must(open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC), "/dev/dma_heap/system");

	must(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data), "DMA_HEAP_IOCTL_ALLOC");
	close(heap);
	if (name)
		must(ioctl(data.fd, DMA_BUF_SET_NAME, name), "DMA_BUF_SET_NAME");
	return data.fd;
}

static int allocate(const char *name)
{
	return allocate_size(name, SIZE);
}

static void hold_mapped(int fd)
{
	must((long)mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0), "mmap");
	close(fd);
}

static void hold_twice(int fd)
{
	must(dup(fd), "dup");
}

static void hold_passed(int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
				  .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS } };
	struct iovec data = { .iov_base = "x", .iov_len = 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	int sockets[2];

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), "socketpair");
	must(sendmsg(sockets[0], &message, 0), "sendmsg");
	close(fd);
}

/* A process that holds it that way, and is there when this returns. */
static pid_t start(const char *name, void (*hold)(int fd), int fd)
{
	int ready[2];
	pid_t child;
	char byte;

	must(pipe(ready), "pipe");
	child = must(fork(), "fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, 9);
		prctl(PR_SET_NAME, name);
		hold(fd);
		close(ready[0]);
		close(ready[1]);
		pause();
		exit(0);
	}
	close(ready[1]);
	while (read(ready[0], &byte, 1) > 0)
		;
	close(ready[0]);
	return child;
}

static void share(const char *name)
{
	int fd = allocate(name);
	struct stat status;

	must(fstat(fd, &status), "fstat");
	printf("%lu", (unsigned long)status.st_ino);
	printf(" %d", start("mapped", hold_mapped, fd));
	printf(" %d", start("twice", hold_twice, fd));
	printf(" %d\n", start("passed", hold_passed, fd));
	close(fd);
}

static void hold_both(int fd)
{
	must(dup(fd), "dup");
	must((long)mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0), "mmap");
	must((long)mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 16384), "mmap");
}

static void hold_ten(int fd)
{
	for (unsigned i = 0; i < 9; i++)
		must(dup(fd), "dup");
}

static void shapes(const char *name)
{
	int fd = allocate_size(name, 65536);
	struct stat status;

	must(fstat(fd, &status), "fstat");
	printf("%lu", (unsigned long)status.st_ino);
	printf(" %d", start("both", hold_both, fd));
	printf(" %d\n", start("ten", hold_ten, fd));
	close(fd);
}

static unsigned buffers, others;

static void hold_many(int unused)
{
	(void)unused;
	for (unsigned i = 0; i < buffers; i++)
		allocate(NULL);
	for (unsigned i = 0; i < others; i++)
		must(open("/dev/null", O_RDONLY), "/dev/null");
}

static void many(unsigned processes)
{
	for (unsigned i = 0; i < processes; i++)
		start("many", hold_many, -1);
	puts("ready");
}

/* The same page of a file again and again, each time a map of its own. */
static void map_often(const char *path, unsigned count)
{
	int fd = must(open(path, O_RDONLY), path);

	for (unsigned i = 0; i < count; i++)
		must(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0, "mmap");
	puts("ready");
}

int main(int argc, char **argv)
{
	struct rlimit limit = { .rlim_cur = 65536, .rlim_max = 65536 };
	char byte;

	signal(SIGCHLD, SIG_IGN); /* whoever is killed is gone at once */
	setrlimit(RLIMIT_NOFILE, &limit);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc >= 2 && argc <= 3 && !strcmp(argv[1], "share")) {
		share(argv[2]);
	} else if (argc >= 2 && argc <= 3 && !strcmp(argv[1], "shapes")) {
		shapes(argv[2]);
	} else if (argc == 5 && !strcmp(argv[1], "many")) {
		buffers = atoi(argv[3]);
		others = atoi(argv[4]);
		many(atoi(argv[2]));
	} else if (argc == 4 && !strcmp(argv[1], "maps")) {
		map_often(argv[2], atoi(argv[3]));
	} else {
		fprintf(stderr, "usage: buffers share [NAME]\n"
				"       buffers shapes [NAME]\n"
				"       buffers many PROCESSES BUFFERS OTHERS\n"
				"       buffers maps FILE COUNT\n");
		return 2;
	}
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
