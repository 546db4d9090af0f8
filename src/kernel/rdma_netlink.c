// SPDX-License-Identifier: GPL-2.0-only
/* The numbers of memory regions, by the kernel's netlink for RDMA
 * (drivers/infiniband/core/nldev.c). */
#include <errno.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <rdma/rdma_netlink.h>
#include <string.h>

#include "kernel/library.h"
#include "kernel/rdma.h"

#define NL_FUNCTIONS(each)                                                                       \
	each(nl_socket_alloc) each(nl_socket_free) each(nl_connect) each(nl_socket_modify_cb)    \
		each(nl_send_auto) each(nl_recvmsgs_default) each(nlmsg_alloc_simple)            \
			each(nlmsg_free) each(nlmsg_hdr) each(nlmsg_find_attr) each(nla_put_u32) \
				each(nla_find) each(nla_get_u32) each(nla_strcmp) each(nla_data) \
					each(nla_len) each(nla_ok) each(nla_next)
LIBRARY("libnl-3.so.200", NL_FUNCTIONS);

struct search {
	const char *device;
	bool has_device, has_region;
	uint32_t index; /* of the device */
	uint32_t lkey, number;
};

static int on_device(struct nl_msg *message, void *data)
{
	struct nlmsghdr *header = lib.nlmsg_hdr(message);
	struct nlattr *name = lib.nlmsg_find_attr(header, 0, RDMA_NLDEV_ATTR_DEV_NAME);
	struct nlattr *index = lib.nlmsg_find_attr(header, 0, RDMA_NLDEV_ATTR_DEV_INDEX);
	struct search *search = data;

	if (name && index && !lib.nla_strcmp(name, search->device)) {
		search->index = lib.nla_get_u32(index);
		search->has_device = true;
	}
	return NL_OK;
}

static const struct nlattr *find_in(const struct nlattr *nest, int type)
{
	return lib.nla_find(lib.nla_data(nest), lib.nla_len(nest), type);
}

static void look_at(const struct nlattr *region, struct search *search)
{
	const struct nlattr *lkey = find_in(region, RDMA_NLDEV_ATTR_RES_LKEY);
	const struct nlattr *number = find_in(region, RDMA_NLDEV_ATTR_RES_MRN);

	if (lkey && number && lib.nla_get_u32(lkey) == search->lkey) {
		search->number = lib.nla_get_u32(number);
		search->has_region = true;
	}
}

static int on_regions(struct nl_msg *message, void *data)
{
	const struct nlattr *regions =
		lib.nlmsg_find_attr(lib.nlmsg_hdr(message), 0, RDMA_NLDEV_ATTR_RES_MR);
	int left = regions ? lib.nla_len(regions) : 0;

	for (const struct nlattr *region = regions ? lib.nla_data(regions) : NULL;
	     region && lib.nla_ok(region, left); region = lib.nla_next(region, &left))
		look_at(region, data);
	return NL_OK;
}

/* All answers are there when it returns. 0 or a negative errno. */
static int ask(struct nl_sock *socket, int command, const struct search *search)
{
	struct nl_msg *message = lib.nlmsg_alloc_simple(RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, command),
							NLM_F_REQUEST | NLM_F_DUMP);
	int rc = message ? 0 : -ENOMEM;

	if (!rc && search->has_device)
		rc = lib.nla_put_u32(message, RDMA_NLDEV_ATTR_DEV_INDEX, search->index);
	if (!rc)
		rc = lib.nl_send_auto(socket, message) < 0 ? -EIO : 0;
	if (!rc)
		rc = lib.nl_recvmsgs_default(socket) < 0 ? -EIO : 0;
	if (message)
		lib.nlmsg_free(message);
	return rc;
}

static int find(struct nl_sock *socket, struct search *search)
{
	int rc = lib.nl_connect(socket, NETLINK_RDMA) ? -EIO : 0;

	lib.nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_device, search);
	if (!rc)
		rc = ask(socket, RDMA_NLDEV_CMD_GET, search);
	if (rc || !search->has_device)
		return rc ? rc : -ENOENT;
	lib.nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_regions, search);
	rc = ask(socket, RDMA_NLDEV_CMD_RES_MR_GET, search);
	return rc || search->has_region ? rc : -ENOENT;
}

int rdma_find_number(const char *device, uint32_t lkey, uint32_t *number)
{
	struct search search = { .device = device, .lkey = lkey };
	struct nl_sock *socket = library_load(&library) ? lib.nl_socket_alloc() : NULL;
	int rc = socket ? find(socket, &search) : -ENOMEM;

	if (socket)
		lib.nl_socket_free(socket);
	*number = search.number;
	return rc;
}
