// SPDX-License-Identifier: GPL-2.0-only
/* import: maps a dma-buf for an importer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/shared/lookup.h"
#include "cmd/shared/refusal.h"
#include "cmd/shared/rows.h"
#include "context/operation.h"
#include "importer/importer.h"
#include "ui/value.h"

struct import_options {
	const char *ioas;
	struct option_size iova;
	struct option_size offset;
	struct option_size length;
	const char *prot;
	const char *to;
	const char *as;
	const char *late;
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

/* Of all kinds of importers that have a choice. */
static const char *promise_name(unsigned index)
{
	for (const struct importer *const *importer = importers; *importer; importer++)
		for (unsigned i = 0; (*importer)->promises && (*importer)->promises[i]; i++)
			if (!index--)
				return (*importer)->promises[i];
	return NULL;
}

static enum status choose_promise(const char *name, const struct importer *importer,
				  unsigned *promise)
{
	if (!name)
		return STATUS_OK;
	for (*promise = 0; importer->promises && importer->promises[*promise]; ++*promise)
		if (!strcmp(importer->promises[*promise], name))
			return STATUS_OK;
	fail_with(STATUS_USAGE, 0, "option --as: '%s'", name);
	fail_because("%s makes no such promise", importer->name);
	fail_hint("give --to device:BDF, or leave --as out");
	return STATUS_USAGE;
}

#define NS_PER_MS 1000000

/* In whole milliseconds, rounded up. */
static enum status choose_lateness(const char *text, const struct importer *importer, uint32_t *ms)
{
	uint64_t ns;

	*ms = 0;
	if (!text)
		return STATUS_OK;
	if (importer->promises && !strcmp(text, "never")) {
		*ms = IMPORT_NEVER;
		return STATUS_OK;
	}
	if (importer->promises && !value_parse_seconds(text, &ns) &&
	    ns / NS_PER_MS < IMPORT_NEVER - 1) {
		*ms = (ns + NS_PER_MS - 1) / NS_PER_MS;
		return STATUS_OK;
	}
	fail_with(STATUS_USAGE, 0, "option --late: '%s'", text);
	if (!importer->promises)
		fail_because("%s lets go at once", importer->name);
	fail_hint(importer->promises ? "give seconds, such as 0.5, or never" :
				       "give --to device:BDF, or leave --late out");
	return STATUS_USAGE;
}

/* --to iommufd:IOAS and --ioas IOAS say the same. */
static enum status choose_ioas(const struct import_options *options,
			       const struct importer *importer, const char **target)
{
	if (!options->ioas)
		return STATUS_OK;
	if (!*target && importer->in_ioas) {
		*target = options->ioas;
		return STATUS_OK;
	}
	fail_with(STATUS_USAGE, 0, "option --ioas: '%s'", options->ioas);
	fail_because("--to %s says where to map it already", options->to);
	fail_hint("leave one of them out");
	return STATUS_USAGE;
}

/* What importers that map into no IOAS map into. */
static enum status choose_target(const struct importer *importer, const char **target,
				 struct rule_subject *subject, struct pci_device *pci)
{
	enum status status;

	if (importer->in_ioas)
		return STATUS_OK;
	if (importer->target_word && (!*target || !**target)) {
		fail_with(STATUS_USAGE, 0, "option --to: '%s'", importer->name);
		fail_because("which device is missing");
		fail_hint("give --to %s:%s", importer->name, importer->target_word);
		return STATUS_USAGE;
	}
	subject->target = *target;
	if (!importer->for_pci)
		return STATUS_OK;
	status = lookup_device(*target, pci);
	subject->pci = pci;
	*target = pci->name.bdf;
	return status;
}

/* An exporter that gives other addresses than its memory's has a bug that only DMA would show. */
static void report_look(struct call *call, struct object *mapping, json_object *row)
{
	int fd = mapping->importer->look ? context_fd(call->context, mapping) : -1;
	struct import_look look;

	if (fd < 0)
		return;
	if (!mapping->importer->look(fd, &look) && fill_look(row, mapping, &look) == ROUTE_NOWHERE)
		fprintf(stderr,
			"dmabufctl: %s: the exporter gave bus addresses that %s does not reach: its IOMMU translates none "
			"of them; see 'ranges' in --json\n",
			mapping->name, mapping->target);
	free(look.pieces);
}

static enum status import(struct call *call, const struct importer *importer, const char *target,
			  const struct import_request *request, struct rule_subject *subject,
			  const char *name)
{
	struct object *dmabuf = subject->dmabuf;
	struct object *ioas = NULL, *mapping;
	json_object *row;
	enum status status = importer->in_ioas ? lookup_ioas(call, target, &ioas) : STATUS_OK;
	int rc;

	if (status)
		return status;
	rc = context_import(call->context, importer, ioas ? ioas->name : target, request, dmabuf,
			    name, &mapping);
	if (rc) {
		subject->ioas = ioas;
		return refuse(import_rules, subject, rc, "import %s", dmabuf->name);
	}
	row = json_put_object(call->result, "mapping");
	fill_mapping(row, mapping, NULL);
	report_look(call, mapping, row);
	return STATUS_OK;
}

/* In the dma-buf; without --length all the rest. */
static struct range source_of(const struct import_options *options, const struct object *dmabuf)
{
	struct range source = { .offset = options->offset.value };

	if (options->length.given)
		source.length = options->length.value;
	else if (source.offset < dmabuf->size)
		source.length = dmabuf->size - source.offset;
	else
		source.length = sysconf(_SC_PAGESIZE); /* beyond the end, and said to be */
	return source;
}

static enum status run(struct call *call)
{
	const struct import_options *options = call->options;
	struct import_request request = {
		.fixed = options->iova.given,
		.address = options->iova.value,
		.prot = prot_of(options->prot),
	};
	const char *target;
	const struct importer *importer =
		importer_parse(options->to ? options->to : importer_name(0), &target);
	struct rule_subject subject = rule_subject_of(call);
	struct pci_device pci;
	struct object *dmabuf;
	struct range addresses;
	char name[NAME_SIZE];
	enum status status = choose_ioas(options, importer, &target);

	if (!status)
		status = choose_promise(options->as, importer, &request.promise);
	if (!status)
		status = choose_lateness(options->late, importer, &request.late_ms);
	if (!status)
		status = lookup_object(call, OBJECT_DMABUF, call->arguments[0], &dmabuf);
	if (!status)
		status = lookup_name(call, OBJECT_MAPPING, options->name, name);
	if (!status)
		status = choose_target(importer, &target, &subject, &pci);
	if (status)
		return status;
	request.source = source_of(options, dmabuf);
	addresses = (struct range){ .offset = request.address, .length = request.source.length };
	subject.dmabuf = dmabuf;
	subject.importer = importer;
	subject.promise = importer->promises ? importer->promises[request.promise] : NULL;
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
		 "who maps it, and into what: iommufd[:IOAS], device:BDF, rdma:DEVICE, kvm "
		 "(default: iommufd)"),
	OPT_CHOICE(struct import_options, as, "as", 0, "PROMISE", promise_name,
		   "what a device's importer promises: dynamic, revocable, pinned, plain (default: "
		   "dynamic)"),
	OPT_TEXT(struct import_options, late, "late", "SECONDS|never",
		 "for tests: when the device's importer lets go after it was told to"),
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
	.summary = "map a dma-buf into an I/O address space, or for a device",
	.description =
		"iommufd attaches no device: until one is attached to the IOAS the mapping is idle.\n"
		"For a device that the driver dmabufctl-importer has, --to device:BDF maps through\n"
		"the DMA API, all of the dma-buf. --to rdma:DEVICE registers a memory region.",
	.options = options,
	.options_size = sizeof(struct import_options),
	.least = 1,
	.most = 1,
	.context = CONTEXT_STARTED,
	.quiet_in_batch = true,
	.sections = sections,
	.run = run,
};
