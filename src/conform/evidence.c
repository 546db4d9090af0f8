// SPDX-License-Identifier: GPL-2.0-only
#include "conform/evidence.h"

#include <string.h>
#include <sys/mman.h>

#include "initiator/initiator.h"
#include "kernel/dmabuf.h"
#include "kernel/inventory/inventory.h"
#include "kernel/iommufd.h"
#include "kernel/mmio.h"
#include "kernel/pagetable.h"
#include "kernel/vfio.h"

/* One page of the exporter's BAR as the CPU sees it. */
static void access_page(struct trial *trial, uint64_t offset, void *read, const void *write)
{
	const struct range part = { .offset = offset, .length = PAGE };
	void *memory;
	int rc = vfio_map_region(the_exporter(trial), trial->setup->bar, part, &memory);

	if (rc)
		trial_skip(trial, "BAR %u cannot be mapped for the CPU (%s)", trial->setup->bar,
			   strerrorname_np(-rc));
	rc = mmio_access(memory, read, write, PAGE);
	munmap(memory, PAGE);
	expect_done(trial, rc, "the CPU's access to BAR %u", trial->setup->bar);
}

static void read_page(struct trial *trial, uint64_t offset, void *bytes)
{
	access_page(trial, offset, bytes, NULL);
}

static void write_page(struct trial *trial, uint64_t offset, const void *bytes)
{
	access_page(trial, offset, NULL, bytes);
}

/* The importer, with a bounce buffer where it is attached; with none it reaches none. */
static void begin_initiator(struct trial *trial, struct initiator *initiator)
{
	uint32_t ioas;

	initiator->device = the_importer(trial);
	initiator->bounce = mmap(NULL, INITIATOR_BOUNCE, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (initiator->bounce == MAP_FAILED)
		trial_skip(trial, "out of memory");
	if (attached_ioas(trial, initiator->device, &ioas))
		expect_done(trial,
			    iommufd_map_memory(the_iommufd(trial), ioas, initiator->bounce,
					       INITIATOR_BOUNCE, &initiator->iova),
			    "IOMMU_IOAS_MAP of memory for DMA");
	expect_done(trial, vfio_set_bus_master(initiator->device, true), "bus master on");
}

static void end_initiator(struct trial *trial, struct initiator *initiator)
{
	const struct range bounce = { initiator->iova, INITIATOR_BOUNCE };
	uint32_t ioas;

	if (initiator->driver->stop)
		initiator->driver->stop(initiator);
	vfio_set_bus_master(initiator->device, false);
	if (attached_ioas(trial, initiator->device, &ioas))
		unmap(trial, ioas, bounce);
	munmap(initiator->bounce, INITIATOR_BOUNCE);
}

static struct initiator new_initiator(struct trial *trial)
{
	struct initiator initiator = {
		.driver = trial->setup->importer ? initiator_find(trial->setup->importer) : NULL,
	};

	if (!initiator.driver)
		trial_skip(trial, "no importer that can be made to do DMA");
	begin_initiator(trial, &initiator);
	return initiator;
}

/* That the device reports what the IOMMU stopped is no failure of the case. */
static void check_transfer(struct trial *trial, int rc)
{
	if (rc != -EREMOTEIO)
		expect_done(trial, rc, "DMA by %s", trial->setup->importer->name.bdf);
}

enum arrival dma_write(struct trial *trial, uint64_t iova, uint64_t offset)
{
	uint8_t original[INITIATOR_BLOCK], pattern[INITIATOR_BLOCK], after[INITIATOR_BLOCK];
	uint8_t before[INITIATOR_BLOCK];
	struct initiator initiator = new_initiator(trial);

	read_page(trial, offset, original);
	memset(before, 0x5a, sizeof(before));
	write_page(trial, offset, before);
	expect_done(trial, initiator.driver->pattern(&initiator, pattern), "a pattern for DMA");
	check_transfer(trial, initiator.driver->write(&initiator, iova));
	read_page(trial, offset, after);
	write_page(trial, offset, original);
	end_initiator(trial, &initiator);
	return !memcmp(after, pattern, sizeof(after)) ? ARRIVED :
	       !memcmp(after, before, sizeof(after))  ? ARRIVED_NOTHING :
							ARRIVED_OTHER;
}

bool dma_read(struct trial *trial, uint64_t iova, uint64_t offset)
{
	uint8_t original[INITIATOR_BLOCK], wanted[INITIATOR_BLOCK], got[INITIATOR_BLOCK] = { 0 };
	struct initiator initiator = new_initiator(trial);

	read_page(trial, offset, original);
	if (initiator.driver->readable)
		initiator.driver->readable(wanted);
	else
		expect_done(trial, initiator.driver->pattern(&initiator, wanted),
			    "a pattern for DMA");
	write_page(trial, offset, wanted);
	check_transfer(trial, initiator.driver->read(&initiator, iova, got));
	write_page(trial, offset, original);
	end_initiator(trial, &initiator);
	return !memcmp(got, wanted, sizeof(got));
}

bool can_look(const struct trial *trial)
{
	struct pagetable table;
	int rc = pagetable_available();

	if (rc)
		return false;
	rc = pagetable_read(&any_pci(trial)->name, &table);
	if (!rc)
		pagetable_free(&table);
	return !rc || rc == -EPROTO;
}

/* The device's page table, of the window alone; false when it cannot be read. */
static bool ask_pagetable(const struct trial *trial, int device, struct range iova, uint64_t offset,
			  enum pagetable_answer *answer)
{
	const struct conform_setup *setup = trial->setup;
	const struct pci_device *pci = device == trial->exporter ? setup->exporter :
								   setup->importer;
	struct pagetable table;
	int rc = pagetable_available();

	if (rc)
		return false;
	rc = pagetable_read(&pci->name, &table);
	if (rc && rc != -EPROTO)
		return false;
	*answer = PAGETABLE_EMPTY; /* it has no table at all */
	if (rc)
		return true;
	*answer = pagetable_look_up(&table, iova,
				    setup->exporter->bars[setup->bar].bus.offset + offset);
	pagetable_free(&table);
	return true;
}

static bool can_do_data(const struct trial *trial)
{
	const struct conform_setup *setup = trial->setup;

	return setup->exporter && setup->exporter->bars[setup->bar].prefetchable &&
	       setup->importer && initiator_find(setup->importer);
}

static void __attribute__((noreturn)) cannot_tell(struct trial *trial)
{
	trial_skip(trial, "nothing can tell what the IOMMU translates: no page table can be read, "
			  "and no DMA can be tried");
}

void expect_translated(struct trial *trial, int device, struct range iova, uint64_t offset)
{
	static const char *const seen[] = {
		[PAGETABLE_EMPTY] = "translates nothing of",
		[PAGETABLE_PARTIAL] = "translates only a part of",
		[PAGETABLE_ELSEWHERE] = "translates to other memory",
	};
	enum pagetable_answer answer;

	if (ask_pagetable(trial, device, iova, offset, &answer)) {
		if (answer != PAGETABLE_FULL)
			trial_fail(trial, "the IOMMU %s 0x%llx+0x%llx, which is mapped",
				   seen[answer], (unsigned long long)iova.offset,
				   (unsigned long long)iova.length);
		return;
	}
	if (!can_do_data(trial) || device != trial->importer)
		cannot_tell(trial);
	expect(trial, dma_write(trial, iova.offset, offset) == ARRIVED,
	       "DMA to 0x%llx arrives in the BAR", (unsigned long long)iova.offset);
}

void expect_nothing(struct trial *trial, int device, struct range iova)
{
	enum pagetable_answer answer;

	if (ask_pagetable(trial, device, iova, 0, &answer)) {
		if (answer != PAGETABLE_EMPTY)
			trial_fail(
				trial, "the IOMMU still translates 0x%llx+0x%llx, or a part of it",
				(unsigned long long)iova.offset, (unsigned long long)iova.length);
		return;
	}
	if (!can_do_data(trial) || device != trial->importer)
		cannot_tell(trial);
	expect(trial, dma_write(trial, iova.offset, 0) == ARRIVED_NOTHING,
	       "DMA to 0x%llx arrives nowhere", (unsigned long long)iova.offset);
}

void watch_calls(struct trial *trial, struct map_calls *calls, enum map_caller caller,
		 enum map_bit bit)
{
	int rc = map_calls_watch(calls, caller, bit);

	if (!rc)
		return;
	map_calls_end(calls);
	trial_skip(trial, "calls of iommu_map() cannot be watched: %s", strerrorname_np(-rc));
}

static void end_watching(struct trial *trial, struct map_calls *calls, struct range iova,
			 unsigned *with, unsigned *without)
{
	int rc = map_calls_count(calls, iova, with, without);

	map_calls_end(calls);
	expect_done(trial, rc, "reading what iommu_map() was called with");
	if (!*with && !*without)
		trial_skip(trial, "no call of iommu_map() was seen");
}

bool calls_are(struct trial *trial, struct map_calls *calls, struct range iova, bool with_bit)
{
	unsigned with, without;

	end_watching(trial, calls, iova, &with, &without);
	return with_bit ? !without : !with;
}

unsigned count_calls(struct trial *trial, struct map_calls *calls, struct range iova)
{
	unsigned with, without;

	end_watching(trial, calls, iova, &with, &without);
	return with + without;
}

uint64_t inode_of(struct trial *trial, int dmabuf)
{
	uint64_t inode;

	expect_done(trial, dmabuf_get_inode(dmabuf, &inode), "fstat of a dma-buf");
	return inode;
}

bool dmabuf_exists(struct trial *trial, uint64_t inode)
{
	struct inventory inventory;
	bool exists;

	if (inventory_take(&inventory))
		trial_skip(trial, "no list of dma-bufs can be had");
	if (!inventory_is_complete(&inventory)) {
		inventory_free(&inventory);
		trial_skip(trial, "the kernel lists its dma-bufs neither by BPF nor in debugfs");
	}
	exists = inventory_get(&inventory, inode) != NULL;
	inventory_free(&inventory);
	return exists;
}
