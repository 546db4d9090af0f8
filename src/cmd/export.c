// SPDX-License-Identifier: GPL-2.0-only
/* export: makes a dma-buf of a BAR, or of ranges in it. */
#include <stdlib.h>
#include <string.h>

#include "cmd/shared/lookup.h"
#include "cmd/shared/refusal.h"
#include "cmd/shared/rows.h"
#include "context/operation.h"
#include "kernel/dmabuf.h"
#include "kernel/process.h"
#include "kernel/vfio.h"
#include "ui/value.h"

struct export_options {
	struct option_ranges ranges;
	struct option_size udmabuf;
	const char *heap;
	const char *name;
	const char *socket;
};

static enum status parse_bar(const char *text, unsigned *bar)
{
	if (text[0] >= '0' && text[0] < '0' + PCI_BARS && !text[1]) {
		*bar = text[0] - '0';
		return STATUS_OK;
	}
	fail_with(STATUS_USAGE, 0, "BAR '%s'", text);
	fail_because("not a BAR number");
	fail_hint("give one of 0 to 5");
	return STATUS_USAGE;
}

static enum status send_to(const struct object *dmabuf, const char *socket)
{
	int rc = process_send_fd(socket, dmabuf->fd);

	if (!rc)
		return STATUS_OK;
	return refuse(pass_rules, &(struct rule_subject){ 0 }, rc, "export: send %s to %s",
		      dmabuf->name, socket);
}

/* With the kernel's error, or with 0 before it is asked. Only then the device is looked at. */
static enum status refuse_export(struct call *call, const struct object *device,
				 const struct bar_request *request, int error)
{
	struct rule_subject subject = rule_subject_of(call);
	struct pci_device pci;

	subject.request = request;
	subject.pci = pci_find(device->name, &pci) ? NULL : &pci;
	return error ? refuse(export_rules, &subject, error, "export %s BAR %u", device->name,
			      request->bar) :
		       refuse_foreseen(export_rules, &subject, "export %s BAR %u", device->name,
				       request->bar);
}

static enum status hand_out(struct call *call, const struct export_options *options,
			    struct object *dmabuf)
{
	enum status status = STATUS_OK;

	report_made(call, dmabuf);
	if (options->name) /* a convenience for other tools; the export stands without it */
		dmabuf_set_name(dmabuf->fd, options->name);
	if (options->socket)
		status = send_to(dmabuf, options->socket);
	if (!status)
		fill_dmabuf(json_put_object(call->result, "dmabuf"), dmabuf, NULL);
	return status;
}

static enum status export_memory(struct call *call, const struct export_options *options,
				 uint64_t size)
{
	struct rule_subject subject = rule_subject_of(call);
	const struct range all = { .length = size };
	char name[NAME_SIZE];
	enum status status = lookup_name(call, OBJECT_DMABUF, options->name, name);
	struct object *dmabuf;
	int rc;

	subject.heap = options->heap ? options->heap : "";
	subject.source = &all;
	if (!status)
		status = refuse_foreseen(memory_rules, &subject, "export %s", name);
	if (status)
		return status;
	rc = context_make_memory(call->context, options->heap, size, name, &dmabuf);
	return rc ? refuse(memory_rules, &subject, rc, "export %s", name) :
		    hand_out(call, options, dmabuf);
}

static enum status export_ranges(struct call *call, struct object *device,
				 const struct export_options *options, unsigned bar)
{
	const struct option_ranges *ranges = &options->ranges;
	char name[NAME_SIZE];
	enum status status = lookup_name(call, OBJECT_DMABUF, options->name, name);
	struct option_ranges whole = { .count = 1 };
	struct range all = { 0 };
	struct bar_request request;
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
	request = (struct bar_request){
		.bar = bar, .size = all.length, .ranges = ranges->items, .count = ranges->count
	};
	/* An absent BAR has no range to ask the kernel for. */
	if (!request.size)
		status = refuse_export(call, device, &request, 0);
	if (status)
		return status;
	rc = context_export(call->context, device, bar, ranges->items, ranges->count, name,
			    &dmabuf);
	if (rc)
		return refuse_export(call, device, &request, rc);
	return hand_out(call, options, dmabuf);
}

static enum status export_bar(struct call *call)
{
	const struct export_options *options = call->options;
	struct object *device;
	unsigned bar;
	enum status status = parse_bar(call->arguments[1], &bar);

	if (!status)
		status = lookup_open_device(call, call->arguments[0], &device);
	return status ? status : export_ranges(call, device, options, bar);
}

static enum status wrong_way(const char *why)
{
	fail_with(STATUS_USAGE, 0, "export");
	fail_because("%s", why);
	fail_hint("give BDF BAR, or --udmabuf SIZE, or --heap HEAP SIZE");
	return STATUS_USAGE;
}

/* By one of the three ways. */
static enum status check_way(const struct call *call)
{
	const struct export_options *options = call->options;
	bool memory = options->udmabuf.given || options->heap;

	if (memory && options->ranges.count)
		return wrong_way("--range is for a BAR");
	if (options->udmabuf.given && options->heap)
		return wrong_way("--udmabuf and --heap are two dma-bufs");
	if (options->heap && (!*options->heap || strchr(options->heap, '/')))
		return wrong_way("--heap wants the name of a file in " DMABUF_HEAPS);
	if (call->count < (options->heap ? 1 : memory ? 0 : 2))
		return wrong_way(options->heap ? "SIZE is missing" :
				 call->count   ? "BAR is missing" :
						 "BDF is missing");
	return memory && call->count > !!options->heap ? wrong_way("memory has no BDF and no BAR") :
							 STATUS_OK;
}

static enum status export_in_heap(struct call *call)
{
	uint64_t size;

	if (value_parse_size(call->arguments[0], &size)) {
		fail_with(STATUS_USAGE, 0, "SIZE '%s'", call->arguments[0]);
		fail_hint("give bytes, such as 4096, 0x1000, 4K, 16M or 1G");
		return STATUS_USAGE;
	}
	return export_memory(call, call->options, size);
}

static enum status run(struct call *call)
{
	const struct export_options *options = call->options;
	enum status status = check_way(call);

	if (!status && options->socket && !*options->socket) {
		fail_with(STATUS_USAGE, 0, "option --send-to");
		fail_because("it is empty");
		fail_hint("give the path of the socket at which somebody waits");
		return STATUS_USAGE;
	}
	if (status)
		return status;
	return options->heap	      ? export_in_heap(call) :
	       options->udmabuf.given ? export_memory(call, options, options->udmabuf.value) :
					export_bar(call);
}

static const struct option_entry options[] = {
	OPT_RANGES(struct export_options, ranges, "range", "OFF:LEN",
		   "a part of the BAR, page aligned; repeat for more (default: all of it)"),
	OPT_SIZE(struct export_options, udmabuf, "udmabuf", "SIZE",
		 "of memory, as the kernel's udmabuf makes it"),
	OPT_TEXT(struct export_options, heap, "heap", "HEAP",
		 "of memory in that heap of the kernel"),
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
	.arguments = "BDF BAR | --udmabuf SIZE | --heap HEAP SIZE",
	.summary = "make a dma-buf of a BAR, of ranges in it, or of memory",
	.description = "Opens the device if the context does not have it yet.",
	.options = options,
	.options_size = sizeof(struct export_options),
	.least = 0,
	.most = 2,
	.context = CONTEXT_STARTED,
	.quiet_in_batch = true,
	.sections = sections,
	.run = run,
};
