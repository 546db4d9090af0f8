// SPDX-License-Identifier: GPL-2.0-only
/* export: makes a dma-buf of a BAR, or of ranges in it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/shared/common.h"
#include "kernel/dmabuf.h"
#include "kernel/process.h"
#include "kernel/vfio.h"

struct export_options {
	struct option_ranges ranges;
	const char *name;
	const char *socket;
};

static enum status parse_bar(const char *text, unsigned *bar)
{
	if (text[0] >= '0' && text[0] < '0' + PCI_BARS && !text[1]) {
		*bar = text[0] - '0';
		return STATUS_OK;
	}
	fail(STATUS_USAGE, 0, "BAR '%s'", text);
	fail_because("not a BAR number");
	fail_try("give one of 0 to 5");
	return STATUS_USAGE;
}

/* Why the BAR as such cannot be exported, NULL when that is not it. */
static const char *unsuitable(const struct pci_device *pci, unsigned bar, uint64_t size)
{
	if (pci->bars[bar].type == PCI_BAR_IO)
		return "it is I/O ports, and only memory can be exported";
	if (!size && bar && pci->bars[bar - 1].wide)
		return "it is the upper half of the 64-bit BAR before it";
	if (!size)
		return "the device has no such BAR";
	if (size < (uint64_t)sysconf(_SC_PAGESIZE))
		return "it is smaller than a page, the unit of export";
	return NULL;
}

/* The kernel's rules (drivers/vfio/pci/vfio_pci_dmabuf.c) in the order in which they bite. */
static void explain_range(const struct option_ranges *ranges, uint64_t size)
{
	const uint64_t page = sysconf(_SC_PAGESIZE);

	for (unsigned i = 0; i < ranges->count; i++) {
		const struct range *range = &ranges->items[i];
		const char *why = NULL;

		if (!range->length)
			why = "is empty";
		else if (range->offset % page || range->length % page)
			why = "is not page aligned";
		else if (range->offset + range->length < range->offset)
			why = "wraps around";
		else if (range->offset + range->length > size)
			why = "reaches beyond the BAR";
		if (!why)
			continue;
		fail_because("range 0x%llx:0x%llx %s", (unsigned long long)range->offset,
			     (unsigned long long)range->length, why);
		fail_try("stay in 0:0x%llx in steps of %llu", (unsigned long long)size,
			 (unsigned long long)page);
		return;
	}
}

static enum status cannot_export(const char *bdf, unsigned bar, const struct option_ranges *ranges,
				 uint64_t size, int error)
{
	enum status status = fail_errno(error, "export %s BAR %u", bdf, bar);
	struct pci_device pci;
	struct pci_name name;
	const char *why;

	if (pci_parse_name(bdf, &name) || pci_get(&name, &pci))
		return status;
	why = unsuitable(&pci, bar, size);
	if (why) {
		status = fail(STATUS_UNSUPPORTED, error, "export %s BAR %u", bdf, bar);
		fail_because("%s", why);
		fail_try("'dmabufctl device %s' shows its BARs", bdf);
	} else if (error == -ENOTTY) {
		fail_because("this kernel's VFIO cannot export dma-bufs");
		fail_try("use Linux 6.19 or later with CONFIG_VFIO_PCI_DMABUF");
	} else if (error == -EOPNOTSUPP) {
		fail_because("the VFIO driver %s does not export dma-bufs", pci.driver);
		fail_try("bind the device to vfio-pci itself");
	} else if (error == -EINVAL || error == -EOVERFLOW) {
		explain_range(ranges, size);
	}
	return status;
}

static enum status send_to(const struct object *dmabuf, const char *socket)
{
	int rc = process_send_fd(socket, dmabuf->fd);
	enum status status;

	if (!rc)
		return STATUS_OK;
	status = fail_errno(rc, "export: send %s to %s", dmabuf->name, socket);
	fail_try("somebody must be waiting there, as 'dmabufctl adopt --receive-from' does");
	return status;
}

static enum status export_ranges(struct call *call, struct object *device,
				 const struct export_options *options, unsigned bar)
{
	const struct option_ranges *ranges = &options->ranges;
	char name[NAME_SIZE];
	enum status status = want_name(call, OBJECT_DMABUF, options->name, name);
	struct option_ranges whole = { .count = 1 };
	struct range all = { 0 };
	struct object *dmabuf;
	int fd, rc;

	if (status)
		return status;
	fd = context_fd(call->context, device);
	rc = fd < 0 ? fd : vfio_bar_size(fd, bar, &all.length);
	if (rc)
		return fail_errno(rc, "export %s BAR %u", device->name, bar);
	if (!ranges->count) {
		whole.items = &all;
		ranges = &whole;
	}
	/* An absent BAR has no range to ask the kernel for. */
	rc = all.length ? context_export(call->context, device, bar, ranges->items, ranges->count,
					 name, &dmabuf) :
			  -ENODEV;
	if (rc)
		return cannot_export(device->name, bar, ranges, all.length, rc);
	note_made(call, dmabuf);
	if (options->name) /* a convenience for other tools; the export stands without it */
		dmabuf_set_name(dmabuf->fd, options->name);
	if (options->socket)
		status = send_to(dmabuf, options->socket);
	if (status)
		return status;
	fill_dmabuf(put_object(call->result, "dmabuf"), dmabuf, NULL);
	return STATUS_OK;
}

static enum status run(struct call *call)
{
	const struct export_options *options = call->options;
	struct object *device;
	enum status status;
	unsigned bar;

	status = parse_bar(call->arguments[1], &bar);
	if (!status && options->socket && !*options->socket) {
		status = fail(STATUS_USAGE, 0, "option --send-to");
		fail_because("it is empty");
		fail_try("give the path of the socket at which somebody waits");
	}
	if (!status)
		status = want_open_device(call, call->arguments[0], &device);
	return status ? status : export_ranges(call, device, options, bar);
}

static const struct option_entry options[] = {
	OPT_RANGES(struct export_options, ranges, "range", "OFF:LEN",
		   "a part of the BAR, page aligned; repeat for more (default: all of it)"),
	OPT_TEXT(struct export_options, name, "name", "NAME",
		 "a name for it (default: dmabuf0, ...)"),
	OPT_TEXT(struct export_options, socket, "send-to", "SOCKET",
		 "send its fd to whoever waits at that Unix socket"),
	{ 0 },
};

static const struct section sections[] = {
	{ .key = "dmabuf", .columns = dmabuf_columns },
	{ 0 },
};

const struct command cmd_export = {
	.name = "export",
	.arguments = "BDF BAR",
	.summary = "make a dma-buf of a BAR, or of ranges in it",
	.description = "Opens the device if the context does not have it yet.",
	.options = options,
	.options_size = sizeof(struct export_options),
	.least = 2,
	.most = 2,
	.context = CONTEXT_STARTED,
	.quiet_in_batch = true,
	.sections = sections,
	.run = run,
};
