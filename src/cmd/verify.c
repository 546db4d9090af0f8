// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "cmd/common.h"
#include "initiator/initiator.h"
#include "kernel/fault.h"
#include "kernel/iommufd.h"
#include "kernel/vfio.h"

struct verify_options {
	const char *from;
	bool expect_fault;
	bool keep;
};

/* What one way of reading found. */
enum finding { NOT_TRIED, EQUAL, DIFFERENT };

struct verification {
	struct call *call;
	struct object *mapping;
	struct object *importer;
	const struct object *dmabuf;
	int exporter; /* VFIO fd, -1 when the exporter is not open here */
	struct initiator initiator;
	uint8_t pattern[INITIATOR_BLOCK];
	uint8_t before[INITIATOR_BLOCK];
	bool before_known;
	enum finding by_cpu, by_dma;
	bool device_error; /* the device itself reported that its transfer failed */
	bool untouched;	   /* the target's bytes are what they were before the write */
	bool restored;
	struct fault_list faults;
	enum mapping_state state;
};

static enum status refuse(struct verification *verification, enum status status, int error)
{
	return fail(status, error, "verify %s from %s", verification->mapping->name,
		    verification->importer->name);
}

static enum status check_importer(struct verification *verification)
{
	const struct object_mapping *mapping = &verification->mapping->mapping;
	const char *tool = self(verification->call);

	if (!strcmp(verification->importer->device.ioas, mapping->ioas))
		return STATUS_OK;
	refuse(verification, STATUS_FAILED, 0);
	fail_because("the device is not attached to %s, where %s is mapped", mapping->ioas,
		     verification->mapping->name);
	fail_try("'%s attach %s %s'", tool, verification->importer->name, mapping->ioas);
	return STATUS_FAILED;
}

static enum status check_mapping(struct verification *verification)
{
	const struct object_mapping *mapping = &verification->mapping->mapping;

	if (!(mapping->prot & IOMMUFD_WRITE)) {
		refuse(verification, STATUS_FAILED, 0);
		fail_because("the mapping is read-only, and verifying writes through it");
		fail_try("import it again with --prot rw");
		return STATUS_FAILED;
	}
	if (mapping->iova.length < INITIATOR_BLOCK) {
		refuse(verification, STATUS_FAILED, 0);
		fail_because("the mapping is smaller than the pattern's %d bytes", INITIATOR_BLOCK);
		return STATUS_FAILED;
	}
	return STATUS_OK;
}

static enum status find_driver(struct verification *verification)
{
	struct pci_device pci;
	enum status status = want_device(verification->importer->name, &pci);
	char known[256];

	if (status)
		return status;
	verification->initiator.driver = initiator_find(&pci);
	if (verification->initiator.driver)
		return STATUS_OK;
	status = refuse(verification, STATUS_UNSUPPORTED, 0);
	initiator_describe_all(known, sizeof(known));
	fail_because("no driver here can make %04x:%04x do DMA", pci.vendor, pci.device);
	fail_try("known are: %s", known);
	return status;
}

/* The exporter's BAR as the CPU sees it; NULL to write: read. */
static int access_target(struct verification *verification, void *read, const void *write)
{
	const struct object_dmabuf *dmabuf = &verification->dmabuf->dmabuf;
	uint64_t offset = dmabuf->ranges[0].offset + verification->mapping->mapping.offset;

	if (verification->exporter < 0)
		return -ENODEV;
	return write ? vfio_write_region(verification->exporter, dmabuf->bar, offset, write,
					 INITIATOR_BLOCK) :
		       vfio_read_region(verification->exporter, dmabuf->bar, offset, read,
					INITIATOR_BLOCK);
}

static enum finding compare(int rc, const void *bytes, const void *pattern)
{
	if (rc)
		return NOT_TRIED;
	return memcmp(bytes, pattern, INITIATOR_BLOCK) ? DIFFERENT : EQUAL;
}

/* A target that holds the pattern already could not show that it arrived. */
static void make_room(struct verification *verification)
{
	static const uint8_t zeros[INITIATOR_BLOCK];

	if (verification->before_known &&
	    !memcmp(verification->before, verification->pattern, INITIATOR_BLOCK))
		access_target(verification, NULL, zeros);
}

static int transfer(struct verification *verification)
{
	const struct object_mapping *mapping = &verification->mapping->mapping;
	struct initiator *initiator = &verification->initiator;
	uint8_t bytes[INITIATOR_BLOCK];
	int rc = initiator->driver->pattern(initiator, verification->pattern);

	if (rc)
		return rc;
	make_room(verification);
	rc = initiator->driver->write(initiator, mapping->iova.offset);
	verification->device_error = rc == -EREMOTEIO;
	if (rc && !verification->device_error)
		return rc;
	verification->by_cpu =
		compare(access_target(verification, bytes, NULL), bytes, verification->pattern);
	verification->untouched = verification->by_cpu != NOT_TRIED &&
				  !memcmp(bytes, verification->before, INITIATOR_BLOCK);
	if (!initiator->driver->read || !(mapping->prot & IOMMUFD_READ))
		return 0;
	rc = initiator->driver->read(initiator, mapping->iova.offset, bytes);
	verification->by_dma = compare(rc, bytes, verification->pattern);
	return rc;
}

static bool has_arrived(const struct verification *verification)
{
	return verification->by_cpu != DIFFERENT && verification->by_dma != DIFFERENT &&
	       (verification->by_cpu == EQUAL || verification->by_dma == EQUAL);
}

/* The log comes from an interrupt, a little later than the fault. */
static void collect_faults(struct verification *verification, int watch)
{
	const struct timespec pause = { .tv_nsec = 10000000 };

	for (unsigned tries = 0; tries < 20; tries++) {
		fault_collect(watch, verification->mapping->mapping.iova, &verification->faults);
		if (verification->faults.count)
			return;
		nanosleep(&pause, NULL);
	}
}

/*
 * Bytes that did not arrive are a fault that the kernel may have kept from the log, as it does
 * after ten in five seconds (include/linux/ratelimit_types.h). Then it is provoked once more.
 */
static void look_for_faults(struct verification *verification, int watch)
{
	const struct timespec interval = { .tv_sec = 5, .tv_nsec = 200000000 };
	struct initiator *initiator = &verification->initiator;

	if (watch < 0 || has_arrived(verification))
		return;
	collect_faults(verification, watch);
	if (verification->faults.count || verification->device_error)
		return;
	nanosleep(&interval, NULL);
	initiator->driver->write(initiator, verification->mapping->mapping.iova.offset);
	collect_faults(verification, watch);
}

static int run_device(struct verification *verification)
{
	struct initiator *initiator = &verification->initiator;
	auto_close int watch = fault_watch();
	int rc = vfio_set_bus_master(initiator->device, true);

	if (rc)
		return rc;
	if (initiator->driver->start)
		rc = initiator->driver->start(initiator);
	if (!rc)
		rc = transfer(verification);
	if (!rc)
		look_for_faults(verification, watch);
	if (initiator->driver->stop)
		initiator->driver->stop(initiator);
	vfio_set_bus_master(initiator->device, false);
	return rc;
}

/* The bounce buffer is nobody's object: whatever happens to this process, repair unmaps it. */
static int run_with_bounce(struct verification *verification)
{
	struct context *context = verification->call->context;
	const struct object *ioas =
		object_find(&context->objects, OBJECT_IOAS, verification->mapping->mapping.ioas);
	struct initiator *initiator = &verification->initiator;
	int iommufd = context_iommufd(context);
	int rc;

	if (iommufd < 0)
		return iommufd;
	initiator->device = context_fd(context, verification->importer);
	if (initiator->device < 0)
		return initiator->device;
	initiator->bounce = mmap(NULL, INITIATOR_BOUNCE, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (initiator->bounce == MAP_FAILED)
		return -errno;
	rc = iommufd_map_memory(iommufd, ioas->ioas.id, initiator->bounce, INITIATOR_BOUNCE,
				&initiator->iova);
	if (!rc) {
		rc = run_device(verification);
		iommufd_unmap(iommufd, ioas->ioas.id,
			      (struct range){ initiator->iova, INITIATOR_BOUNCE });
	}
	munmap(initiator->bounce, INITIATOR_BOUNCE);
	return rc;
}

static void restore(struct verification *verification, bool keep)
{
	if (!keep && verification->before_known && !verification->untouched)
		verification->restored = !access_target(verification, NULL, verification->before);
}

static const char *finding_name(enum finding finding)
{
	static const char *const names[] = { NULL, "equal", "different" };

	return names[finding];
}

/* The kernel limits how often it logs faults; a device's own word counts as well. */
static bool has_faulted(const struct verification *verification)
{
	return !has_arrived(verification) &&
	       (verification->faults.count || verification->device_error);
}

static const char *verdict(const struct verification *verification)
{
	return has_arrived(verification) ? "passed" :
	       has_faulted(verification) ? "faulted" :
					   "lost";
}

static void report(const struct verification *verification)
{
	json_object *result = verification->call->result;
	json_object *row = put_object(result, "verification"), *faults;

	put_text(row, "mapping", verification->mapping->name);
	put_text(row, "from", verification->importer->name);
	put_text(row, "initiator", verification->initiator.driver->name);
	put_address(row, "iova", verification->mapping->mapping.iova.offset);
	put_number(row, "bytes", INITIATOR_BLOCK);
	put_text(row, "read_by_dma", finding_name(verification->by_dma));
	put_text(row, "read_by_cpu", finding_name(verification->by_cpu));
	if (verification->by_cpu != NOT_TRIED)
		put_bool(row, "target_unchanged", verification->untouched);
	else
		put_text(row, "target_unchanged", NULL);
	put_bool(row, "device_error", verification->device_error);
	put_bool(row, "restored", verification->restored);
	put_text(row, "verdict", verdict(verification));
	faults = put_array(result, "faults");
	for (unsigned i = 0; i < verification->faults.count; i++) {
		json_object *fault = add_object(faults);

		put_address(fault, "address", verification->faults.items[i].address);
		put_text(fault, "message", verification->faults.items[i].line);
	}
}

static enum status judge(struct verification *verification, bool expect_fault)
{
	bool arrived = has_arrived(verification);
	bool faulted = has_faulted(verification);
	const char *tool = self(verification->call);
	const char *name = verification->mapping->name;

	if (expect_fault ? faulted : arrived)
		return STATUS_OK;
	if (expect_fault) {
		refuse(verification, STATUS_UNOBSERVED, 0);
		fail_because(arrived ? "the DMA arrived, and was expected to fault" :
				       "the DMA did not arrive, but the kernel logged no fault");
		fail_try("'%s status' says what state %s is in", tool, name);
		return STATUS_UNOBSERVED;
	}
	if (verification->state == MAPPING_STALE || verification->state == MAPPING_REVOKED) {
		refuse(verification, STATUS_REVOKED, 0);
		fail_because("the mapping is %s: nothing is translated",
			     mapping_state_name(verification->state));
		fail_try("'%s recover %s', then again", tool, name);
		return STATUS_REVOKED;
	}
	refuse(verification, STATUS_FAILED, 0);
	fail_because(faulted ? "the IOMMU stopped the DMA" :
			       "the bytes did not arrive, and the kernel logged no fault");
	fail_try("the way between the two devices may not carry peer traffic");
	return STATUS_FAILED;
}

static enum status find_objects(struct call *call, const char *from,
				struct verification *verification)
{
	struct object *exporter;
	enum status status;

	status = want_object(call, OBJECT_MAPPING, call->arguments[0], &verification->mapping);
	if (!status && !from) {
		status = fail(STATUS_USAGE, 0, "option --from");
		fail_because("it is missing");
		fail_try("name the device that is to do the DMA");
	}
	if (!status)
		status = want_object(call, OBJECT_DEVICE, from, &verification->importer);
	if (status)
		return status;
	verification->dmabuf = object_find(&call->context->objects, OBJECT_DMABUF,
					   verification->mapping->mapping.dmabuf);
	exporter = object_find(&call->context->objects, OBJECT_DEVICE,
			       verification->dmabuf->dmabuf.device.bdf);
	verification->exporter = exporter ? context_fd(call->context, exporter) : -1;
	return STATUS_OK;
}

static void find_state(struct verification *verification)
{
	struct survey survey;

	survey_begin(&survey, verification->call->context);
	verification->state = survey_mapping(&survey, verification->mapping).state;
	survey_end(&survey);
}

static enum status run(struct call *call)
{
	const struct verify_options *options = call->options;
	struct verification verification = { .call = call };
	enum status status = find_objects(call, options->from, &verification);
	int rc;

	if (!status)
		status = find_driver(&verification);
	if (!status)
		status = check_importer(&verification);
	if (!status)
		status = check_mapping(&verification);
	if (status)
		return status;
	find_state(&verification);
	verification.before_known = !access_target(&verification, verification.before, NULL);
	rc = run_with_bounce(&verification);
	restore(&verification, options->keep);
	if (rc) {
		free(verification.faults.items);
		return fail_errno(rc, "verify %s from %s", verification.mapping->name,
				  verification.importer->name);
	}
	verification.mapping->mapping.verified = trace_now();
	verification.mapping->mapping.arrived = has_arrived(&verification);
	context_update(call->context, verification.mapping);
	report(&verification);
	free(verification.faults.items);
	return judge(&verification, options->expect_fault);
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
	{ "UNCHANGED", "target_unchanged", COLUMN_TEXT, "the BAR's bytes are what they were" },
	{ "DEVICE-ERROR", "device_error", COLUMN_TEXT | COLUMN_VERBOSE,
	  "the device says that its transfer failed" },
	{ "VERDICT", "verdict", COLUMN_TEXT, "passed, faulted or lost" },
	{ 0 },
};

static const struct column fault_columns[] = {
	{ "ADDRESS", "address", COLUMN_TEXT, "where the IOMMU stopped it" },
	{ "MESSAGE", "message", COLUMN_TEXT, "the kernel's words" },
	{ 0 },
};

static const struct section sections[] = {
	{ "verification", "Verification", NULL, columns },
	{ "faults", "IOMMU faults", NULL, fault_columns },
	{ 0 },
};

const struct command cmd_verify = {
	.name = "verify",
	.arguments = "MAPPING --from BDF",
	.summary = "let a real device do DMA through a mapping, and check the bytes",
	.description =
		"The device, attached to the mapping's IOAS, writes a pattern to the IOVA; the exporter's\n"
		"BAR is read by DMA, where the device can, and by the CPU; what was there is put back.",
	.options = options,
	.options_size = sizeof(struct verify_options),
	.least = 1,
	.most = 1,
	.words = { WORD_MAPPING },
	.context = CONTEXT_EXISTING,
	.sections = sections,
	.run = run,
};
