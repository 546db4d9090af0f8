// SPDX-License-Identifier: GPL-2.0-only
/* By way of iommufd: unmaps are seen by the trace of the kernel's IOMMU calls. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/parts.h"
#include "kernel/iommufd.h"
#include "kernel/proc.h"
#include "kernel/vfio.h"
#include "util/clock.h"
#include "util/search.h"

#define PREFIX "dmabufctl.bench-"
#define READ_WRITE (IOMMUFD_READ | IOMMUFD_WRITE)
/* Of the rings: an event takes 40 bytes, and one CPU may have all of them. */
#define EVENTS_IN_KIB 8
#define RING_KIB 64

/* The exporter, where no importer is named. */
static int attached(const struct bench *bench)
{
	return bench->importer < 0 ? bench->exporter : bench->importer;
}

static int begin(struct bench *bench)
{
	int rc = iommufd_alloc_ioas(bench->iommufd, &bench->ioas);

	return rc ? rc : vfio_attach(attached(bench), bench->ioas);
}

static void end(struct bench *bench)
{
	vfio_detach(attached(bench));
	iommufd_destroy(bench->iommufd, bench->ioas);
}

static int map_at(struct bench *bench, struct bench_mapping *mapping, bool fixed)
{
	const struct range source = { .length = mapping->part.length };

	mapping->iova.length = source.length;
	return iommufd_map_file(bench->iommufd, bench->ioas, mapping->dmabuf, source, READ_WRITE,
				fixed, &mapping->iova.offset);
}

static int map(struct bench *bench, struct bench_mapping *mapping)
{
	return map_at(bench, mapping, false);
}

static int unmap(struct bench *bench, struct bench_mapping *mapping)
{
	return iommufd_unmap(bench->iommufd, bench->ioas, mapping->iova);
}

static int recover(struct bench *bench, struct bench_mapping *mapping)
{
	int rc = unmap(bench, mapping);

	return rc ? rc : map_at(bench, mapping, true);
}

/* The kernel's clock in the trace is CLOCK_MONOTONIC, and this process's unmaps are all there. */
static int record_unmaps(struct instance *instance)
{
	char filter[40];
	int rc;

	snprintf(filter, sizeof(filter), "common_pid == %d", getpid());
	rc = instance_write(instance, "events/iommu/unmap/filter", filter);
	if (!rc)
		rc = instance_learn(instance, RECORD_UNMAP, "iommu", "unmap");
	if (!rc)
		rc = instance_open_rings(instance);
	return rc ? rc : instance_enable(instance, "iommu", "unmap");
}

static void unwatch(struct bench *bench)
{
	instance_close(&bench->instance);
	if (*bench->instance_name)
		instance_remove(bench->instance_name);
	*bench->instance_name = '\0';
}

static int compare(const void *a, const void *b)
{
	const struct bench_mapping *first = a, *second = b;

	return first->iova.offset < second->iova.offset ? -1 :
							  first->iova.offset > second->iova.offset;
}

/* Of several PID namespaces the trace tells the PIDs of the first. */
static const char *watch(struct bench *bench)
{
	int rc;

	if (!proc_is_first_namespace())
		return "this is not the first PID namespace";
	qsort(bench->mappings, bench->count, sizeof(*bench->mappings), compare);
	instance_sweep(PREFIX);
	/* A PID alone may be that of another namespace's process, too. */
	snprintf(bench->instance_name, sizeof(bench->instance_name), PREFIX "%d-%llx", getpid(),
		 (unsigned long long)clock_now());
	rc = instance_create(&bench->instance, bench->instance_name,
			     RING_KIB + bench->count / EVENTS_IN_KIB);
	if (!rc)
		rc = record_unmaps(&bench->instance);
	if (!rc)
		return NULL;
	unwatch(bench);
	return strerrorname_np(-rc);
}

static bool ends_before(const void *item, const void *sought)
{
	const struct bench_mapping *mapping = item;
	const struct record *record = sought;

	return range_last(mapping->iova) < record->iova.offset;
}

static void note_unmap(const struct record *record, void *data)
{
	struct bench *bench = data;
	unsigned i = search_first(bench->mappings, bench->count, sizeof(*bench->mappings), record,
				  ends_before);

	if (record->time < bench->revoked_at)
		return;
	for (; i < bench->count; i++) {
		struct bench_mapping *mapping = &bench->mappings[i];
		uint64_t common = range_common(mapping->iova, record->iova);

		if (!common)
			break;
		mapping->left -= common < mapping->left ? common : mapping->left;
		if (record->time > bench->unmapped_at)
			bench->unmapped_at = record->time;
	}
}

static int read_unmaps(struct bench *bench)
{
	int rc = 0;

	for (unsigned i = 0; i < bench->instance.ring_count; i++)
		do
			rc = instance_read(&bench->instance, &bench->instance.rings[i], note_unmap,
					   bench);
		while (rc > 0);
	return rc;
}

static int when_unmapped(struct bench *bench, uint64_t since, uint64_t *when)
{
	int rc;

	bench->revoked_at = bench->unmapped_at = since;
	for (unsigned i = 0; i < bench->count; i++)
		bench->mappings[i].left = bench->mappings[i].iova.length;
	rc = read_unmaps(bench);
	for (unsigned i = 0; !rc && i < bench->count; i++)
		rc = bench->mappings[i].left ? -ENODATA : 0;
	*when = bench->unmapped_at;
	return rc;
}

static bool find_initiator(struct bench *bench, struct initiator *initiator, const char **why)
{
	const struct pci_device *importer = bench->setup->importer;

	initiator->device = bench->importer;
	initiator->driver = importer ? initiator_find(importer) : NULL;
	*why = importer ? "nothing here can make the importer do DMA" :
			  "no importer is named that could do DMA";
	return initiator->driver != NULL;
}

static int begin_dma(struct bench *bench, struct initiator *initiator)
{
	int rc = iommufd_map_memory(bench->iommufd, bench->ioas, initiator->bounce,
				    INITIATOR_BOUNCE, &initiator->iova);

	return rc ? rc : vfio_set_bus_master(initiator->device, true);
}

static void end_dma(struct bench *bench, struct initiator *initiator)
{
	vfio_set_bus_master(initiator->device, false);
	iommufd_unmap(bench->iommufd, bench->ioas,
		      (struct range){ initiator->iova, INITIATOR_BOUNCE });
}

const struct bench_way_calls bench_iommufd = {
	.begin = begin,
	.end = end,
	.map = map,
	.unmap = unmap,
	.recover = recover,
	.watch = watch,
	.unwatch = unwatch,
	.when_unmapped = when_unmapped,
	.find_initiator = find_initiator,
	.begin_dma = begin_dma,
	.end_dma = end_dma,
};
