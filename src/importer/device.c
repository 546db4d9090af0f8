// SPDX-License-Identifier: GPL-2.0-only
/*
 * device: maps a dma-buf through the DMA API for one device, which the module of kernel/importer
 * has. The addresses are the kernel's choice, and there may be several ranges of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "importer/importer.h"
#include "kernel/attachment.h"
#include "kernel/sys.h"

/* By enum attachment_promise. */
static const char *const promises[] = { "dynamic", "revocable", "pinned", "plain", NULL };

/* Where the first range begins. */
static int find_address(int fd, uint64_t *address)
{
	struct range *ranges;
	unsigned count;
	int rc = attachment_get_ranges(fd, &ranges, &count);

	if (!rc && !count)
		rc = -EPROTO;
	if (!rc)
		*address = ranges[0].offset;
	free(ranges);
	return rc;
}

static int map_by(int fd, int dmabuf, const struct import_request *request, uint64_t *address)
{
	int rc = attachment_attach(fd, dmabuf, request->promise);

	if (rc)
		return rc;
	rc = attachment_delay(fd, request->late_ms);
	if (!rc)
		rc = attachment_map(fd, request->prot);
	if (!rc)
		rc = find_address(fd, address);
	if (rc)
		attachment_detach(fd);
	return rc;
}

static int map(struct import_target *target, int dmabuf, const struct import_request *request,
	       uint64_t *address)
{
	bool ours = target->fd < 0;
	int fd = ours ? attachment_open(target->name) : target->fd;
	int rc = fd == -ENOENT ? -ENOTTY : fd < 0 ? fd : map_by(fd, dmabuf, request, address);

	if (rc && ours && fd >= 0)
		sys_close(fd);
	if (!rc)
		target->fd = fd;
	return rc;
}

static int unmap(const struct import_target *target, struct range addresses)
{
	int rc = attachment_detach(target->fd);

	(void)addresses;
	return rc == -ENOTCONN ? -ENOENT : rc;
}

static bool reaches(const char *target, const char *device, const char *ioas)
{
	(void)ioas;
	return !strcmp(target, device);
}

static int look_at_pieces(int fd, struct import_look *look)
{
	struct range *ranges;
	uint64_t offset = 0;
	int rc = attachment_get_ranges(fd, &ranges, &look->count);

	if (rc)
		return rc;
	look->pieces = calloc(look->count + 1, sizeof(*look->pieces));
	if (!look->pieces)
		rc = -ENOMEM;
	for (unsigned i = 0; !rc && i < look->count; i++) {
		look->pieces[i].addresses = ranges[i];
		rc = attachment_translate(fd, offset, &look->pieces[i].physical);
		offset += ranges[i].length;
	}
	free(ranges);
	return rc;
}

/* A driver that is taken off its device leaves nothing mapped. */
static int look(int fd, struct import_look *look)
{
	struct attachment_state state;
	int rc = attachment_get_state(fd, &state);

	*look = (struct import_look){ 0 };
	if (!rc && state.mapped)
		rc = look_at_pieces(fd, look);
	if (rc == -ENOTCONN) { /* it has let go since */
		free(look->pieces);
		*look = (struct import_look){ 0 };
		rc = attachment_get_state(fd, &state);
	}
	if (rc == -ENODEV)
		return 0;
	look->mapped = state.mapped;
	look->over = state.over;
	look->translated = state.translated;
	look->told = state.told;
	look->told_at = state.told_at;
	look->let_go_at = state.let_go_at;
	return rc;
}

const struct importer importer_device = {
	.name = "device",
	.for_pci = true,
	.target_word = "BDF",
	.whole = true,
	.promises = promises,
	.target_key = "device",
	.address_key = "dma",
	.map = map,
	.unmap = unmap,
	.reaches = reaches,
	.look = look,
	.let_go = attachment_unmap,
};
