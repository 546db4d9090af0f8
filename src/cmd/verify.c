// SPDX-License-Identifier: GPL-2.0-only
/* verify: has a device do DMA through a mapping, and checks the bytes. */
#include <errno.h>
#include <string.h>

#include "cmd/shared/lookup.h"
#include "cmd/shared/refusal.h"
#include "context/state.h"
#include "context/verification.h"

struct verify_options {
	const char *from;
	bool expect_fault;
	bool keep;
};

/* What was asked for. */
struct request {
	struct call *call;
	struct object *mapping;
	const char *from; /* BDF */
	struct pci_device pci;
	const struct initiator_driver *driver;
};

static enum status note_failure(struct request *request, enum status status, int error)
{
	return fail_with(status, error, "verify %s from %s", request->mapping->name, request->from);
}

static enum status no_driver(struct request *request)
{
	enum status status = note_failure(request, STATUS_UNSUPPORTED, 0);
	char known[256];

	initiator_describe_all(known, sizeof(known));
	fail_because("no driver here can make %04x:%04x do DMA", request->pci.vendor,
		     request->pci.device);
	fail_hint("known are: %s", known);
	return status;
}

static bool is_reached(const struct request *request)
{
	const struct object *device =
		object_find(&request->call->context->objects, OBJECT_DEVICE, request->from);

	return request->mapping->importer->reaches(request->mapping->target, request->from,
						   device ? device->ioas : "");
}

static enum status check_reach(struct request *request)
{
	const struct object *mapping = request->mapping;
	const char *tool = call_program(request->call);

	if (is_reached(request))
		return STATUS_OK;
	note_failure(request, STATUS_FAILED, 0);
	if (!mapping->importer->in_ioas) {
		fail_because("%s is mapped for %s alone", mapping->name, mapping->target);
		fail_hint(mapping->importer->for_pci ? "give --from %s" :
						       "have %s do DMA by its own means",
			  mapping->target);
		return STATUS_FAILED;
	}
	fail_because("the device is not attached to %s, where %s is mapped", mapping->target,
		     request->mapping->name);
	fail_hint("'%s attach %s %s'", tool, request->from, mapping->target);
	return STATUS_FAILED;
}

static enum status check_mapping(struct request *request)
{
	const struct object *mapping = request->mapping;

	if (!(mapping->prot & IMPORT_WRITE)) {
		note_failure(request, STATUS_FAILED, 0);
		fail_because("the mapping is read-only, and verifying writes through it");
		fail_hint("import it again with --prot rw");
		return STATUS_FAILED;
	}
	if (mapping->addresses.length < INITIATOR_BLOCK) {
		note_failure(request, STATUS_FAILED, 0);
		fail_because("the mapping is smaller than the pattern's %d bytes", INITIATOR_BLOCK);
		return STATUS_FAILED;
	}
	return STATUS_OK;
}

static const char *finding_name(enum finding finding)
{
	static const char *const names[] = { NULL, "equal", "different" };

	return names[finding];
}

static const char *cpu_access(const struct verification *verification)
{
	if (verification->exporter < 0)
		return verification->target ? "sysfs" : NULL;
	return verification->target ? "mmap" : "vfio";
}

static void report(json_object *result, const struct verification *verification)
{
	json_object *row = json_put_object(result, "verification"), *faults;

	json_put_text(row, "mapping", verification->mapping->name);
	json_put_text(row, "from", verification->from);
	json_put_text(row, "initiator", verification->initiator.driver->name);
	json_put_address(row, "iova", verification->mapping->addresses.offset);
	json_put_number(row, "bytes", INITIATOR_BLOCK);
	json_put_text(row, "read_by_dma", finding_name(verification->by_dma));
	json_put_text(row, "read_by_cpu", finding_name(verification->by_cpu));
	json_put_text(row, "cpu_access", cpu_access(verification));
	if (verification->by_cpu != NOT_TRIED)
		json_put_bool(row, "target_unchanged", verification->untouched);
	else
		json_put_text(row, "target_unchanged", NULL);
	json_put_bool(row, "device_error", verification->device_error);
	json_put_bool(row, "restored", verification->restored);
	json_put_text(row, "verdict", verdict_name(verification_verdict(verification)));
	faults = json_put_array(result, "faults");
	for (unsigned i = 0; i < verification->faults.count; i++) {
		json_object *fault = add_object(faults);

		json_put_address(fault, "address", verification->faults.items[i].address);
		json_put_text(fault, "message", verification->faults.items[i].line);
	}
}

static void suggest_topology(const struct request *request, const char *exporter)
{
	const char *tool = call_program(request->call);

	if (*exporter)
		fail_hint("the way between the two devices may not carry peer traffic: "
			  "'%s topology %s %s'",
			  tool, request->from, exporter);
	else
		fail_hint("the way to the exporter may not carry peer traffic: '%s list' may know "
			  "which device it is, for '%s topology'",
			  tool, tool);
}

/* Why a fault that was expected was not seen. */
static const char *describe_missing_fault(const struct verification *verification)
{
	switch (verification_verdict(verification)) {
	case VERDICT_PASSED:
		return "the DMA arrived, and was expected to fault";
	case VERDICT_UNKNOWN:
		return verification->log_readable ?
			       "no fault was logged, and nothing can read whether the DMA arrived" :
			       "neither the kernel log can be read, nor whether the DMA arrived";
	default:
		return verification->log_readable ?
			       "the DMA did not arrive, but the kernel logged no fault" :
			       "the DMA did not arrive, and the kernel log cannot be read";
	}
}

static enum status expected_fault(struct request *request, const struct verification *verification)
{
	if (verification_verdict(verification) == VERDICT_FAULTED)
		return STATUS_OK;
	note_failure(request, STATUS_UNOBSERVED, 0);
	fail_because("%s", describe_missing_fault(verification));
	fail_hint("'%s status' says what state %s is in", call_program(request->call),
		  request->mapping->name);
	return STATUS_UNOBSERVED;
}

static enum status is_untranslated(struct request *request, enum mapping_state state)
{
	struct rule_subject subject = rule_subject_of(request->call);

	if (state == MAPPING_REVOKED) {
		subject.dmabuf = object_find(&request->call->context->objects, OBJECT_DMABUF,
					     request->mapping->dmabuf);
		return refuse_by(rule_find("import-revoked"), &subject, "verify %s from %s",
				 request->mapping->name, request->from);
	}
	note_failure(request, STATUS_REVOKED, 0);
	fail_because("the mapping is stale: nothing is translated");
	fail_hint("'%s recover %s', then again", call_program(request->call),
		  request->mapping->name);
	return STATUS_REVOKED;
}

/* The exporter's memory is out of sight, and the device can only write. */
static enum status is_unknown(struct request *request)
{
	note_failure(request, STATUS_UNOBSERVED, 0);
	fail_because("the device did its DMA and no fault was logged, but nothing can read whether "
		     "the bytes arrived: the exporter is out of this context's reach, and %s reads "
		     "only what the CPU has put there",
		     request->driver->name);
	fail_hint("verify from a device that reads back what it wrote, or look in the process that "
		  "exported it");
	return STATUS_UNOBSERVED;
}

static enum status judge(struct request *request, const struct verification *verification,
			 bool expect_fault, enum mapping_state state)
{
	enum verdict verdict = verification_verdict(verification);

	if (expect_fault)
		return expected_fault(request, verification);
	if (verdict == VERDICT_PASSED)
		return STATUS_OK;
	if (state == MAPPING_STALE || state == MAPPING_REVOKED)
		return is_untranslated(request, state);
	if (verdict == VERDICT_UNKNOWN)
		return is_unknown(request);
	note_failure(request, STATUS_FAILED, 0);
	fail_because(verdict == VERDICT_FAULTED ?
			     "the IOMMU stopped the DMA" :
		     verification->log_readable ?
			     "the bytes did not arrive, and the kernel logged no fault" :
			     "the bytes did not arrive, and the kernel log cannot be read");
	suggest_topology(request, verification->dmabuf->device.bdf);
	return STATUS_FAILED;
}

/* A device of the context; of a mapping that is one device's that device, whoever has it. */
static enum status find_initiator(struct request *request, const char *from)
{
	struct object *device;
	enum status status;

	if (request->mapping->importer->in_ioas) {
		status = lookup_object(request->call, OBJECT_DEVICE, from, &device);
		if (!status)
			request->from = device->name;
		return status;
	}
	status = lookup_device(from, &request->pci);
	request->from = request->pci.name.bdf;
	return status;
}

static enum status find_driver(struct request *request)
{
	enum status status = lookup_device(request->from, &request->pci);

	if (status)
		return status;
	request->driver = initiator_find(&request->pci);
	return request->driver ? STATUS_OK : no_driver(request);
}

static enum status find_objects(struct request *request, const char *from)
{
	enum status status = lookup_object(request->call, OBJECT_MAPPING,
					   request->call->arguments[0], &request->mapping);

	if (!status && !from) {
		status = fail_with(STATUS_USAGE, 0, "option --from");
		fail_because("it is missing");
		fail_hint("name the device that is to do the DMA: --from BDF");
	}
	return status ? status : find_initiator(request, from);
}

/* An importer that has nothing mapped has no address that the device could use. */
static enum status cannot_run(struct request *request, int error, bool expect_fault,
			      enum mapping_state state)
{
	if (error == -EOPNOTSUPP)
		return no_driver(request);
	if (error != -ENOTCONN)
		return fail_errno(error, "verify %s from %s", request->mapping->name,
				  request->from);
	if (!expect_fault)
		return is_untranslated(request, state);
	note_failure(request, STATUS_UNOBSERVED, 0);
	fail_because("%s has let go of the mapping: it has no address for DMA that could fault",
		     request->from);
	fail_hint("'%s status' says so", call_program(request->call));
	return STATUS_UNOBSERVED;
}

static enum status verify(struct request *request, const struct verify_options *options)
{
	enum mapping_state state = mapping_state_now(request->call->context, request->mapping);
	struct verification verification;
	enum status status;
	int rc;

	verification_begin(&verification, request->call->context, request->mapping, request->from,
			   request->driver);
	rc = verification_run(&verification, options->keep);
	if (rc) {
		status = cannot_run(request, rc, options->expect_fault, state);
	} else {
		report(request->call->result, &verification);
		status = judge(request, &verification, options->expect_fault, state);
	}
	verification_end(&verification);
	return status;
}

static enum status run(struct call *call)
{
	const struct verify_options *options = call->options;
	struct request request = { .call = call };
	enum status status = find_objects(&request, options->from);

	if (!status)
		status = find_driver(&request);
	if (!status)
		status = check_reach(&request);
	if (!status)
		status = check_mapping(&request);
	return status ? status : verify(&request, options);
}

static const struct option_entry options[] = {
	OPT_TEXT(struct verify_options, from, "from", "BDF", "the device that does the DMA"),
	OPT_FLAG(struct verify_options, expect_fault, "expect-fault", 0,
		 "the DMA is to fault: exit status 0 when it does, 6 when not"),
	OPT_FLAG(struct verify_options, keep, "keep", 0,
		 "leave the pattern in the BAR (default: put back what was there)"),
	{ 0 },
};

static const struct column columns[] = {
	{ "MAPPING", "mapping", COLUMN_TEXT, "what was written through" },
	{ "FROM", "from", COLUMN_TEXT, "the device that did the DMA" },
	{ "INITIATOR", "initiator", COLUMN_TEXT, "its driver here" },
	{ "IOVA", "iova", COLUMN_TEXT, "where it wrote" },
	{ "BYTES", "bytes", COLUMN_SIZE, "how much" },
	{ "BY-DMA", "read_by_dma", COLUMN_TEXT, "what it read back" },
	{ "BY-CPU", "read_by_cpu", COLUMN_TEXT, "what the CPU finds in the BAR" },
	{ "CPU-ACCESS", "cpu_access", COLUMN_TEXT | COLUMN_VERBOSE,
	  "how the CPU looks: by mmap, or through vfio's read and write" },
	{ "UNCHANGED", "target_unchanged", COLUMN_TEXT, "the BAR's bytes are what they were" },
	{ "RESTORED", "restored", COLUMN_TEXT, "what was there is back" },
	{ "DEVICE-ERROR", "device_error", COLUMN_TEXT | COLUMN_VERBOSE,
	  "the device says that its transfer failed" },
	{ "VERDICT", "verdict", COLUMN_TEXT, "passed, faulted, lost or unknown" },
	{ 0 },
};

static const struct column fault_columns[] = {
	{ "ADDRESS", "address", COLUMN_TEXT, "where the IOMMU stopped it" },
	{ "MESSAGE", "message", COLUMN_TEXT, "the kernel's words" },
	{ 0 },
};

static const struct section sections[] = {
	{ .key = "verification", .title = "Verification", .columns = columns },
	{ .key = "faults", .title = "IOMMU faults", .columns = fault_columns },
	{ 0 },
};

const struct command cmd_verify = {
	.name = "verify",
	.arguments = "MAPPING --from BDF",
	.summary = "let a real device do DMA through a mapping, and check the bytes",
	.description =
		"The device, attached to the mapping's IOAS, writes a pattern to the IOVA; the exporter's\n"
		"BAR is read by DMA, where the device can, and by the CPU; what was there is put back.\n"
		"Exit status 6 when a fault was expected and not seen, or when nothing can read whether\n"
		"the bytes arrived.",
	.options = options,
	.options_size = sizeof(struct verify_options),
	.least = 1,
	.most = 1,
	.context = CONTEXT_EXISTING,
	.sections = sections,
	.run = run,
};
