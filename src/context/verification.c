// SPDX-License-Identifier: GPL-2.0-only
#include "context/verification.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "context/operation.h"
#include "kernel/mmio.h"
#include "kernel/sys.h"
#include "kernel/vfio.h"
#include "util/clock.h"

/* In the exporter's BAR. VFIO says where a dma-buf of one range is, and iommufd takes no other. */
static struct range target_range(const struct verification *verification)
{
	return (struct range){
		verification->dmabuf->ranges[0].offset + verification->mapping->offset,
		INITIATOR_BLOCK,
	};
}

static void map_target(struct verification *verification)
{
	const struct object *dmabuf = verification->dmabuf;
	void **target = &verification->target;
	int rc = -ENODEV;

	if (verification->exporter >= 0)
		rc = vfio_map_region(verification->exporter, dmabuf->bar,
				     target_range(verification), target);
	else if (dmabuf->adopted && *dmabuf->device.bdf)
		rc = mmio_map_bar(&dmabuf->device, dmabuf->bar, target_range(verification), target);
	if (rc)
		*target = NULL;
}

void verification_begin(struct verification *verification, struct context *context,
			struct object *mapping, const char *from,
			const struct initiator_driver *driver)
{
	const struct object_list *objects = &context->objects;
	const struct object *dmabuf = object_find(objects, OBJECT_DMABUF, mapping->dmabuf);
	struct object *exporter = object_find(objects, OBJECT_DEVICE, dmabuf->device.bdf);

	*verification = (struct verification){
		.context = context,
		.mapping = mapping,
		.from = from,
		.dmabuf = dmabuf,
		.initiator.driver = driver,
		.exporter = exporter ? context_fd(context, exporter) : -ENODEV,
	};
	map_target(verification);
}

void verification_end(struct verification *verification)
{
	if (verification->target)
		munmap(verification->target, target_range(verification).length);
	free(verification->faults.items);
}

/* The exporter's BAR as the CPU sees it; NULL to write: read. */
static int access_target(struct verification *verification, void *read, const void *write)
{
	unsigned bar = verification->dmabuf->bar;
	struct range range;

	if (verification->target)
		return mmio_access(verification->target, read, write, INITIATOR_BLOCK);
	if (verification->exporter < 0)
		return -ENODEV;
	range = target_range(verification);
	return write ? vfio_write_region(verification->exporter, bar, range.offset, write,
					 range.length) :
		       vfio_read_region(verification->exporter, bar, range.offset, read,
					range.length);
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

static int write_by_device(struct verification *verification)
{
	struct initiator *initiator = &verification->initiator;
	uint8_t bytes[INITIATOR_BLOCK];
	int rc = initiator->driver->write(initiator, verification->mapping->addresses.offset);

	verification->device_error = rc == -EREMOTEIO;
	if (rc && !verification->device_error)
		return rc;
	verification->by_cpu =
		compare(access_target(verification, bytes, NULL), bytes, verification->pattern);
	verification->untouched = verification->by_cpu != NOT_TRIED &&
				  !memcmp(bytes, verification->before, INITIATOR_BLOCK);
	return 0;
}

/* Bytes that did not arrive cannot be read back; a device that is choosy is given its own. */
static int read_by_device(struct verification *verification)
{
	const struct object *mapping = verification->mapping;
	struct initiator *initiator = &verification->initiator;
	uint8_t bytes[INITIATOR_BLOCK];
	int rc;

	if (!(mapping->prot & IMPORT_READ) || verification->by_cpu == DIFFERENT)
		return 0;
	if (initiator->driver->readable) {
		initiator->driver->readable(verification->pattern);
		if (access_target(verification, NULL, verification->pattern))
			return 0;
		verification->untouched = false;
	}
	rc = initiator->driver->read(initiator, mapping->addresses.offset, bytes);
	verification->by_dma = compare(rc, bytes, verification->pattern);
	return rc;
}

static int transfer(struct verification *verification)
{
	struct initiator *initiator = &verification->initiator;
	int rc = initiator->driver->pattern(initiator, verification->pattern);

	if (rc)
		return rc;
	make_room(verification);
	rc = write_by_device(verification);
	return rc ? rc : read_by_device(verification);
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

	struct pci_name name;

	if (pci_parse_name(verification->from, &name))
		return;
	for (unsigned tries = 0; tries < 20; tries++) {
		fault_collect(watch, &name, verification->mapping->addresses,
			      &verification->faults);
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
	initiator->driver->write(initiator, verification->mapping->addresses.offset);
	collect_faults(verification, watch);
}

static int run_device(struct verification *verification)
{
	struct initiator *initiator = &verification->initiator;
	auto_close int watch = fault_watch();
	int rc;

	verification->log_readable = watch >= 0;
	rc = transfer(verification);
	if (!rc)
		look_for_faults(verification, watch);
	if (initiator->driver->stop)
		initiator->driver->stop(initiator);
	return rc;
}

/* A device of this process: the bounce buffer is mapped beside the mapping. */
static int run_own_device(struct verification *verification, const struct import_target *target)
{
	const struct importer *importer = verification->mapping->importer;
	struct initiator *initiator = &verification->initiator;
	int rc =
		importer->map_memory(target, initiator->bounce, INITIATOR_BOUNCE, &initiator->iova);

	if (rc)
		return rc;
	rc = vfio_set_bus_master(initiator->device, true);
	if (!rc) {
		rc = run_device(verification);
		vfio_set_bus_master(initiator->device, false);
	}
	importer->unmap(target, (struct range){ initiator->iova, INITIATOR_BOUNCE });
	return rc;
}

/* A device of this process's, or, of an importer that has its own, the mapping. */
static int initiator_fd(const struct verification *verification)
{
	struct context *context = verification->context;

	return context_fd(
		context, verification->mapping->importer->map_memory ?
				 object_find(&context->objects, OBJECT_DEVICE, verification->from) :
				 verification->mapping);
}

/* The bounce buffer is nobody's object: whatever happens to this process, repair unmaps it. */
static int run_with_bounce(struct verification *verification)
{
	struct initiator *initiator = &verification->initiator;
	struct import_target target;
	int rc = context_get_target(verification->context, verification->mapping, &target);

	if (rc)
		return rc;
	initiator->device = initiator_fd(verification);
	if (initiator->device < 0)
		return initiator->device;
	initiator->bounce = mmap(NULL, INITIATOR_BOUNCE, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (initiator->bounce == MAP_FAILED)
		return -errno;
	rc = verification->mapping->importer->map_memory ? run_own_device(verification, &target) :
							   run_device(verification);
	munmap(initiator->bounce, INITIATOR_BOUNCE);
	return rc;
}

static void restore(struct verification *verification)
{
	if (verification->before_known && !verification->untouched)
		verification->restored = !access_target(verification, NULL, verification->before);
}

/* What the mapping's state rests on from now on. */
static int note_in_record(struct verification *verification)
{
	struct object *mapping = verification->mapping;

	if (verification_verdict(verification) == VERDICT_UNKNOWN)
		return 0;
	mapping->verified = clock_now();
	mapping->arrived = has_arrived(verification);
	return context_update(verification->context, verification->mapping);
}

int verification_run(struct verification *verification, bool keep)
{
	int rc;

	verification->before_known = !access_target(verification, verification->before, NULL);
	rc = run_with_bounce(verification);
	if (!keep)
		restore(verification);
	return rc ? rc : note_in_record(verification);
}

enum verdict verification_verdict(const struct verification *verification)
{
	if (has_arrived(verification))
		return VERDICT_PASSED;
	if (verification->faults.count || verification->device_error)
		return VERDICT_FAULTED;
	return verification->by_cpu == NOT_TRIED && verification->by_dma == NOT_TRIED ?
		       VERDICT_UNKNOWN :
		       VERDICT_LOST;
}

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = { "passed", "faulted", "lost", "unknown" };

	return names[verdict];
}
