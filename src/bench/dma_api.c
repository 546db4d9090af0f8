// SPDX-License-Identifier: GPL-2.0-only
/* By way of the DMA API: the module of kernel/importer, which says when it let go. */
#include <errno.h>

#include "bench/parts.h"
#include "kernel/attachment.h"

#define READ_WRITE 3

static int prepare(struct bench *bench, struct bench_mapping *mapping)
{
	int fd = attachment_open(bench->setup->dma_importer->name.bdf);

	if (fd < 0)
		return fd;
	mapping->attachment = fd;
	return 0;
}

static int map(struct bench *bench, struct bench_mapping *mapping)
{
	int rc = attachment_attach(mapping->attachment, mapping->dmabuf, ATTACHMENT_DYNAMIC);

	(void)bench;
	return rc ? rc : attachment_map(mapping->attachment, READ_WRITE);
}

static int unmap(struct bench *bench, struct bench_mapping *mapping)
{
	(void)bench;
	return attachment_detach(mapping->attachment);
}

/* It is attached still. */
static int recover(struct bench *bench, struct bench_mapping *mapping)
{
	(void)bench;
	return attachment_map(mapping->attachment, READ_WRITE);
}

static int when_unmapped(struct bench *bench, uint64_t since, uint64_t *when)
{
	*when = 0;
	for (unsigned i = 0; i < bench->count; i++) {
		struct attachment_state state;
		int rc = attachment_get_state(bench->mappings[i].attachment, &state);

		if (rc)
			return rc;
		if (state.let_go_at < since)
			return -ENODATA;
		if (state.let_go_at > *when)
			*when = state.let_go_at;
	}
	return 0;
}

static bool find_initiator(struct bench *bench, struct initiator *initiator, const char **why)
{
	struct attachment_state state;

	initiator->device = bench->mappings[0].attachment;
	initiator->driver = initiator_find(bench->setup->dma_importer);
	*why = "the importer's module cannot make the device do DMA";
	return initiator->driver && !attachment_get_state(initiator->device, &state) &&
	       state.does_dma;
}

const struct bench_way_calls bench_dma_api = {
	.prepare = prepare,
	.map = map,
	.unmap = unmap,
	.recover = recover,
	.when_unmapped = when_unmapped,
	.find_initiator = find_initiator,
};
