// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm: would map a dma-buf into a virtual machine. It was proposed, and no released kernel has it;
 * the rule import-kvm says what stands in its place.
 */
#include <errno.h>

#include "importer/importer.h"

static int map(struct import_target *target, int dmabuf, const struct import_request *request,
	       uint64_t *address)
{
	(void)target;
	(void)dmabuf;
	(void)request;
	(void)address;
	return -ENOTTY;
}

const struct importer importer_kvm = {
	.name = "kvm",
	.target_key = "vm",
	.address_key = "gpa",
	.map = map,
};
