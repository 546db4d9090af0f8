// SPDX-License-Identifier: GPL-2.0-only
/* import: maps a dma-buf for an importer. */
#include <string.h>
#include <unistd.h>

#include "cmd/shared/lookup.h"
#include "cmd/shared/refusal.h"
#include "cmd/shared/rows.h"
#include "context/operation.h"
#include "importer/importer.h"

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
	fail_with(STATUS_USAGE, 0, "option --ioas: '%s'", options->ioas);
	fail_because("--to %s says where to map it already", options->to);
	fail_hint("leave one of them out");
	return STATUS_USAGE;
}

static enum status import(struct call *call, const struct importer *importer, const char *target,
			  const struct import_request *request, struct rule_subject *subject,
			  const char *name)
{
	struct object *dmabuf = subject->dmabuf;
	struct object *ioas = NULL, *mapping;
	enum status status = importer->in_ioas ? lookup_ioas(call, target, &ioas) : STATUS_OK;
	int rc;

	if (status)
		return status;
	rc = context_import(call->context, importer, ioas ? ioas->name : target, request, dmabuf,
			    name, &mapping);
	if (rc && !ioas)
		return fail_errno(rc, "import %s", dmabuf->name);
	if (rc) {
		subject->ioas = ioas;
		return refuse(import_rules, subject, rc, "import %s", dmabuf->name);
	}
	fill_mapping(json_put_object(call->result, "mapping"), mapping, NULL);
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
	struct rule_subject subject;
	struct object *dmabuf;
	struct range addresses;
	char name[NAME_SIZE];
	enum status status = choose_importer(options, &importer, &target);

	if (!status)
		status = lookup_object(call, OBJECT_DMABUF, call->arguments[0], &dmabuf);
	if (!status)
		status = lookup_name(call, OBJECT_MAPPING, options->name, name);
	if (status)
		return status;
	if (options->length.given)
		request.source.length = options->length.value;
	else if (request.source.offset < dmabuf->size)
		request.source.length = dmabuf->size - request.source.offset;
	else
		request.source.length = sysconf(_SC_PAGESIZE); /* beyond the end, and said to be */
	addresses = (struct range){ .offset = request.address, .length = request.source.length };
	subject = rule_subject_of(call);
	subject.dmabuf = dmabuf;
	subject.importer = importer;
	subject.source = &request.source;
	subject.iova = request.fixed ? &addresses : NULL;
	status = refuse_foreseen(import_rules, &subject, "import %s", dmabuf->name);
	return status ? status : import(call, importer, target, &request, &subject, name);
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
