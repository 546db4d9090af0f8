// SPDX-License-Identifier: GPL-2.0-only
/* import: maps a dma-buf for an importer. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmd/shared/common.h"
#include "importer/importer.h"
#include "kernel/dmabuf.h"
#include "kernel/iommufd.h"

struct import_options {
	const char *ioas;
	struct option_size iova;
	struct option_size offset;
	struct option_size length;
	const char *prot;
	const char *to;
	const char *name;
};

static const struct {
	const char *name;
	unsigned prot;
} prots[] = {
	{ "r", IMPORT_READ },
	{ "w", IMPORT_WRITE },
	{ "rw", IMPORT_READ | IMPORT_WRITE },
};

static const char *prot_name(unsigned index)
{
	return index < sizeof(prots) / sizeof(*prots) ? prots[index].name : NULL;
}

static unsigned prot_of(const char *name)
{
	for (unsigned i = 0; name && i < sizeof(prots) / sizeof(*prots); i++)
		if (!strcmp(name, prots[i].name))
			return prots[i].prot;
	return IMPORT_READ | IMPORT_WRITE;
}

/* --to iommufd:IOAS and --ioas IOAS say the same. */
static enum status choose_importer(const struct import_options *options,
				   const struct importer **importer, const char **target)
{
	*importer = importer_parse(options->to ? options->to : importer_name(0), target);
	if (!options->ioas)
		return STATUS_OK;
	if (!*target && (*importer)->in_ioas) {
		*target = options->ioas;
		return STATUS_OK;
	}
	fail(STATUS_USAGE, 0, "option --ioas: '%s'", options->ioas);
	fail_because("--to %s says where to map it already", options->to);
	fail_try("leave one of them out");
	return STATUS_USAGE;
}

/* Whether the devices attached to the IOAS can all reach the window. */
static bool is_reachable(struct call *call, const struct object *ioas, struct range window)
{
	auto_free struct range *allowed = NULL;
	unsigned count = 0;

	if (iommufd_iova_ranges(context_iommufd(call->context), ioas->ioas.id, &allowed, &count))
		return true;
	for (unsigned i = 0; i < count; i++)
		if (range_is_within(window, allowed[i]))
			return true;
	return false;
}

static enum status bad_request(const struct object *dmabuf, const char *what, uint64_t value,
			       const char *why)
{
	fail(STATUS_FAILED, EINVAL, "import %s", dmabuf->name);
	fail_because("%s 0x%llx %s", what, (unsigned long long)value, why);
	return STATUS_FAILED;
}

static enum status check_aligned(const struct object *dmabuf, const char *what, uint64_t value)
{
	const uint64_t page = sysconf(_SC_PAGESIZE);
	char why[48];

	if (!(value % page))
		return STATUS_OK;
	snprintf(why, sizeof(why), "is not a multiple of %llu", (unsigned long long)page);
	bad_request(dmabuf, what, value, why);
	fail_try("the nearest below is 0x%llx", (unsigned long long)(value - value % page));
	return STATUS_FAILED;
}

/*
 * The kernel takes unaligned requests while no device is attached, and no device can be
 * attached afterwards: such a mapping is of no use to anybody.
 */
static enum status check_request(const struct import_request *request, const struct object *dmabuf)
{
	struct range source = request->source;
	enum status status = check_aligned(dmabuf, "offset", source.offset);

	if (!status)
		status = check_aligned(dmabuf, "length", source.length);
	if (!status)
		status = check_aligned(dmabuf, "IOVA", request->address);
	if (status)
		return status;
	if (!source.length)
		return bad_request(dmabuf, "length", 0, "maps nothing");
	if (source.offset + source.length < source.offset ||
	    source.offset + source.length > dmabuf->dmabuf.size) {
		status = bad_request(dmabuf, "offset", source.offset, "");
		fail_because("offset 0x%llx and length 0x%llx reach beyond the dma-buf, which has "
			     "0x%llx bytes",
			     (unsigned long long)source.offset, (unsigned long long)source.length,
			     (unsigned long long)dmabuf->dmabuf.size);
		return status;
	}
	if (request->address + source.length < request->address)
		return bad_request(dmabuf, "IOVA", request->address, "and the length wrap around");
	return STATUS_OK;
}

static void explain_invalid(struct call *call, const struct import_request *request,
			    const struct object *ioas)
{
	struct range window = { .offset = request->address, .length = request->source.length };

	if (!request->fixed || is_reachable(call, ioas, window))
		return;
	fail_because("0x%llx+0x%llx is beyond what the devices attached to %s reach",
		     (unsigned long long)window.offset, (unsigned long long)window.length,
		     ioas->name);
	fail_try("leave --iova out and let the kernel choose");
	for_each_object(device, &call->context->objects, OBJECT_DEVICE)
		if (!strcmp(device->device.ioas, ioas->name) &&
		    explain_reserved(device, window, "it"))
			return;
}

/* The mapping that is in the way at a fixed IOVA. */
static enum status explain_occupied(struct call *call, const struct import_request *request,
				    const struct object *ioas)
{
	for_each_object(mapping, &call->context->objects, OBJECT_MAPPING) {
		struct range taken = mapping->mapping.addresses;
		enum mapping_state state;

		if (!object_is_in_ioas(mapping, ioas->name) ||
		    !range_common(taken,
				  (struct range){ request->address, request->source.length }))
			continue;
		state = mapping_state_now(call->context, mapping);
		fail_because("%s (%s) occupies 0x%llx+0x%llx", mapping->name,
			     mapping_state_name(state), (unsigned long long)taken.offset,
			     (unsigned long long)taken.length);
		if (state == MAPPING_STALE || state == MAPPING_REVOKED) {
			fail_try("'%s recover %s' brings it back, '%s unmap %s' frees the IOVA",
				 self(call), mapping->name, self(call), mapping->name);
			return STATUS_REVOKED;
		}
		fail_try("choose another IOVA, or '%s unmap %s' first", self(call), mapping->name);
		return STATUS_FAILED;
	}
	return STATUS_FAILED;
}

static void explain_unsupported(struct call *call, struct object *dmabuf)
{
	char exporter[64];

	if (dmabuf->dmabuf.range_count > 1) {
		fail_because("it has %u ranges, and iommufd imports dma-bufs of one range only",
			     dmabuf->dmabuf.range_count);
		fail_try("export each range as a dma-buf of its own");
	} else if (!dmabuf_get_exporter(context_fd(call->context, dmabuf), exporter) &&
		   strcmp(exporter, DMABUF_VFIO)) {
		fail_because("its exporter is %s, and iommufd imports VFIO's dma-bufs only",
			     exporter);
	}
}

static enum status cannot_import(struct call *call, const struct import_request *request,
				 struct object *dmabuf, const struct object *ioas, int error)
{
	enum status status = fail_errno(error, "import %s", dmabuf->name);

	if (!ioas)
		return status;
	switch (error) {
	case -ENODEV:
		explain_revoked(call, dmabuf, "import again");
		status = STATUS_REVOKED;
		break;
	case -EEXIST:
		status = explain_occupied(call, request, ioas);
		break;
	case -EINVAL:
	case -EOVERFLOW:
		explain_invalid(call, request, ioas);
		break;
	case -EOPNOTSUPP:
		explain_unsupported(call, dmabuf);
		break;
	case -ENOTTY:
		fail_because("this kernel's iommufd has no IOMMU_IOAS_MAP_FILE");
		fail_try("use Linux 6.19 or later");
		break;
	}
	return fail_status(status);
}

static enum status import(struct call *call, const struct importer *importer, const char *target,
			  const struct import_request *request, struct object *dmabuf,
			  const char *name)
{
	struct object *ioas = NULL, *mapping;
	enum status status = importer->in_ioas ? want_ioas(call, target, &ioas) : STATUS_OK;
	int rc;

	if (status)
		return status;
	rc = context_import(call->context, importer, ioas ? ioas->name : target, request, dmabuf,
			    name, &mapping);
	if (rc)
		return cannot_import(call, request, dmabuf, ioas, rc);
	fill_mapping(put_object(call->result, "mapping"), mapping, NULL);
	return STATUS_OK;
}

static enum status run(struct call *call)
{
	const struct import_options *options = call->options;
	struct import_request request = {
		.source.offset = options->offset.value,
		.fixed = options->iova.given,
		.address = options->iova.value,
		.prot = prot_of(options->prot),
	};
	const struct importer *importer;
	const char *target;
	struct object *dmabuf;
	char name[NAME_SIZE];
	enum status status = choose_importer(options, &importer, &target);

	if (!status)
		status = want_object(call, OBJECT_DMABUF, call->arguments[0], &dmabuf);
	if (!status)
		status = want_name(call, OBJECT_MAPPING, options->name, name);
	if (status)
		return status;
	if (options->length.given)
		request.source.length = options->length.value;
	else if (request.source.offset < dmabuf->dmabuf.size)
		request.source.length = dmabuf->dmabuf.size - request.source.offset;
	else
		request.source.length = sysconf(_SC_PAGESIZE); /* beyond the end, and said to be */
	status = check_request(&request, dmabuf);
	if (status)
		return status;
	return import(call, importer, target, &request, dmabuf, name);
}

static const struct option_entry options[] = {
	OPT_TEXT(struct import_options, ioas, "ioas", "IOAS",
		 "where to map it (default: the only one, made when there is none)"),
	OPT_SIZE(struct import_options, iova, "iova", "ADDRESS",
		 "at which address (default: the kernel chooses)"),
	OPT_SIZE(struct import_options, offset, "offset", "BYTES", "from where in the dma-buf"),
	OPT_SIZE(struct import_options, length, "length", "BYTES", "how much (default: the rest)"),
	OPT_CHOICE(struct import_options, prot, "prot", 0, "PROT", prot_name,
		   "r, w or rw (default: rw)"),
	OPT_KIND(struct import_options, to, "to", "KIND[:TARGET]", importer_name,
		 "who maps it, and into what: iommufd[:IOAS] (default: iommufd)"),
	OPT_TEXT(struct import_options, name, "name", "NAME", "a name for it (default: map0, ...)"),
	{ 0 },
};

static const struct section sections[] = {
	{ .key = "mapping", .columns = mapping_columns },
	{ 0 },
};

const struct command cmd_import = {
	.name = "import",
	.arguments = "DMABUF",
	.summary = "map a dma-buf into an I/O address space",
	.description = "Attaches no device: until one is attached to the IOAS the mapping is idle.",
	.options = options,
	.options_size = sizeof(struct import_options),
	.least = 1,
	.most = 1,
	.context = CONTEXT_STARTED,
	.quiet_in_batch = true,
	.sections = sections,
	.run = run,
};
