// SPDX-License-Identifier: GPL-2.0-only
/* What of rdma.h is done by libibverbs, in builds that have its header. */
#include <errno.h>
#include <fcntl.h>
#include <infiniband/verbs.h>
#include <string.h>

#include "kernel/library.h"
#include "kernel/rdma.h"
#include "kernel/sys.h"

#define VERBS_FUNCTIONS(each)                                                          \
	each(ibv_get_device_list) each(ibv_free_device_list) each(ibv_get_device_name) \
		each(ibv_open_device) each(ibv_close_device) each(ibv_alloc_pd)        \
			each(ibv_dealloc_pd) each(ibv_reg_dmabuf_mr) each(ibv_dereg_mr)
LIBRARY("libibverbs.so.1", VERBS_FUNCTIONS);

bool rdma_is_available(void)
{
	return library_load(&library);
}

/* Not all providers set errno. */
static int failure(void)
{
	return errno ? -errno : -EIO;
}

static int open_device(const char *name, struct ibv_context **context)
{
	struct ibv_device **devices = lib.ibv_get_device_list(NULL);
	int rc = -ENOENT;

	if (!devices)
		return failure();
	for (struct ibv_device **device = devices; *device && rc == -ENOENT; device++) {
		if (strcmp(lib.ibv_get_device_name(*device), name))
			continue;
		*context = lib.ibv_open_device(*device);
		rc = *context ? 0 : failure();
	}
	lib.ibv_free_device_list(devices);
	return rc;
}

/* In that protection domain. */
static int register_in(struct ibv_pd *pd, int dmabuf, struct range source, uint64_t iova,
		       unsigned prot, struct rdma_region *region)
{
	int access = (prot & 1 ? IBV_ACCESS_REMOTE_READ : 0) |
		     (prot & 2 ? IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE : 0);
	struct ibv_mr *mr =
		lib.ibv_reg_dmabuf_mr(pd, source.offset, source.length, iova, dmabuf, access);
	int rc = 0;

	if (!mr)
		return failure();
	*region = (struct rdma_region){ -1, mr->lkey, mr->rkey };
	region->fd = fcntl(pd->context->cmd_fd, F_DUPFD_CLOEXEC, 0);
	if (region->fd < 0) {
		rc = failure();
		lib.ibv_dereg_mr(mr);
	}
	return rc;
}

/*
 * Once registered, the region and its domain are not given back: they belong to the node's open
 * file. What libibverbs has of them goes with this process.
 */
static int register_with(struct ibv_context *context, int dmabuf, struct range source,
			 uint64_t iova, unsigned prot, struct rdma_region *region)
{
	struct ibv_pd *pd = lib.ibv_alloc_pd(context);
	int rc = pd ? register_in(pd, dmabuf, source, iova, prot, region) : failure();

	if (rc && pd)
		lib.ibv_dealloc_pd(pd);
	return rc;
}

int rdma_register(const char *device, int dmabuf, struct range source, uint64_t iova, unsigned prot,
		  struct rdma_region *region)
{
	struct ibv_context *context;
	int rc = library_load(&library) ? open_device(device, &context) : -ENOTTY;

	if (rc)
		return rc;
	rc = register_with(context, dmabuf, source, iova, prot, region);
	lib.ibv_close_device(context);
	return rc;
}
