// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/rdma.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE 128

static bool has(const char *device, const char *attribute)
{
	char path[PATH_SIZE];

	return !strchr(device, '/') &&
	       snprintf(path, sizeof(path), RDMA_CLASS "/%s%s", device, attribute) < PATH_SIZE &&
	       !access(path, F_OK);
}

bool rdma_exists(const char *device)
{
	return *device && has(device, "");
}

bool rdma_is_software(const char *device)
{
	return rdma_exists(device) && !has(device, "/device");
}
