// SPDX-License-Identifier: GPL-2.0-only
/*
 * region DEVICE - registers memory of its own with an RDMA device, and keeps nothing of it but an
 * fd of the device's node. Says which number the region has; for each further line that it reads
 * once more, and after an empty one, which ends it, with the fd closed.
 */
#include <errno.h>
#include <fcntl.h>
#include <infiniband/verbs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/rdma.h"

#define SIZE 12288

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static struct ibv_context *open_device(const char *name)
{
	struct ibv_device **devices = ibv_get_device_list(NULL);

	for (; devices && *devices; devices++)
		if (!strcmp(ibv_get_device_name(*devices), name))
			return ibv_open_device(*devices);
	return NULL;
}

static void say(const char *device, uint32_t lkey)
{
	uint32_t number;
	int rc = rdma_find_number(device, lkey, &number);

	if (rc)
		printf("%s\n", strerror(-rc));
	else
		printf("%u\n", number);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct ibv_context *context = argc == 2 ? open_device(argv[1]) : NULL;
	struct ibv_pd *pd = context ? ibv_alloc_pd(context) : NULL;
	struct ibv_mr *mr = pd ? ibv_reg_mr(pd, aligned_alloc(SIZE / 3, SIZE), SIZE, 0) : NULL;
	char line[16];
	uint32_t lkey;
	int fd;

	if (!mr)
		fail("region");
	lkey = mr->lkey;
	fd = fcntl(context->cmd_fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		fail("F_DUPFD_CLOEXEC");
	ibv_close_device(context);
	say(argv[1], lkey);
	while (fgets(line, sizeof(line), stdin) && *line != '\n')
		say(argv[1], lkey);
	close(fd);
	say(argv[1], lkey);
	_exit(0); /* what libibverbs has of the region was never given back */
}
