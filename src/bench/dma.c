// SPDX-License-Identifier: GPL-2.0-only
/* DMA by a device, through a mapping, into the exporter's memory and out of it. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "bench/parts.h"
#include "kernel/mmio.h"
#include "kernel/vfio.h"

static int map_target(struct bench_dma *dma)
{
	const struct bench *bench = dma->bench;
	const struct range block = { bench->mappings[0].part.offset, INITIATOR_BLOCK };
	int rc = vfio_map_region(bench->exporter, bench->setup->bar, block, &dma->target);

	if (rc)
		return rc;
	rc = mmio_access(dma->target, dma->before, NULL, INITIATOR_BLOCK);
	if (rc)
		munmap(dma->target, INITIATOR_BLOCK);
	return rc;
}

static void unmap_target(struct bench_dma *dma)
{
	mmio_access(dma->target, NULL, dma->before, INITIATOR_BLOCK);
	munmap(dma->target, INITIATOR_BLOCK);
}

static bool is_possible(struct bench_dma *dma, const char **why)
{
	const struct bench_setup *setup = dma->bench->setup;

	if (setup->exporter->bars[setup->bar].prefetchable)
		return dma->bench->way->find_initiator(dma->bench, &dma->initiator, why);
	*why = "the BAR is not prefetchable: access could have effects";
	return false;
}

static int begin_initiator(struct bench_dma *dma)
{
	struct initiator *initiator = &dma->initiator;
	int rc;

	initiator->bounce = mmap(NULL, INITIATOR_BOUNCE, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (initiator->bounce == MAP_FAILED)
		return -ENOMEM;
	rc = dma->bench->way->begin_dma(dma->bench, initiator);
	if (rc)
		munmap(initiator->bounce, INITIATOR_BOUNCE);
	return rc;
}

static void end_initiator(struct bench_dma *dma)
{
	struct initiator *initiator = &dma->initiator;

	if (initiator->driver->stop)
		initiator->driver->stop(initiator);
	dma->bench->way->end_dma(dma->bench, initiator);
	munmap(initiator->bounce, INITIATOR_BOUNCE);
}

int bench_dma_begin(struct bench_dma *dma, struct bench *bench, const char **why)
{
	int rc;

	*dma = (struct bench_dma){ .bench = bench, .iova = bench->mappings[0].iova.offset };
	if (!is_possible(dma, why))
		return -EOPNOTSUPP;
	rc = map_target(dma);
	if (rc)
		return rc;
	rc = begin_initiator(dma);
	if (rc)
		unmap_target(dma);
	return rc;
}

void bench_dma_end(struct bench_dma *dma)
{
	end_initiator(dma);
	unmap_target(dma);
}

int bench_dma_ready(struct bench_dma *dma, bool write)
{
	struct initiator *initiator = &dma->initiator;
	uint8_t filling[INITIATOR_BLOCK];
	int rc = 0;

	if (!write && initiator->driver->readable)
		initiator->driver->readable(dma->pattern);
	else
		rc = initiator->driver->pattern(initiator, dma->pattern);
	/* What the device writes must not be there already. */
	for (unsigned i = 0; i < INITIATOR_BLOCK; i++)
		filling[i] = write ? ~dma->pattern[i] : dma->pattern[i];
	return rc ? rc : mmio_access(dma->target, NULL, filling, INITIATOR_BLOCK);
}

int bench_dma_transfer(struct bench_dma *dma, bool write, uint64_t *took_ns)
{
	struct initiator *initiator = &dma->initiator;
	const uint64_t before = initiator->busy_ns;
	int rc = write ? initiator->driver->write(initiator, dma->iova) :
			 initiator->driver->read(initiator, dma->iova, dma->read);

	*took_ns = initiator->busy_ns - before;
	return rc;
}

int bench_dma_check(struct bench_dma *dma, bool write)
{
	int rc = write ? mmio_access(dma->target, dma->read, NULL, INITIATOR_BLOCK) : 0;

	if (rc)
		return rc;
	return memcmp(dma->read, dma->pattern, INITIATOR_BLOCK) ? -ENODATA : 0;
}
