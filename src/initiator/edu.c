// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU's educational device (docs/specs/edu.rst): a DMA engine between the bus and an internal
 * buffer of 4 KiB that only the engine sees.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "initiator/initiator.h"
#include "kernel/vfio.h"
#include "util/clock.h"

#define BAR 0

enum edu_register {
	EDU_DMA_SOURCE = 0x80,
	EDU_DMA_DESTINATION = 0x88,
	EDU_DMA_COUNT = 0x90,
	EDU_DMA_COMMAND = 0x98,
};

#define EDU_START (1 << 0)
#define EDU_TO_BUS (1 << 1)
#define EDU_BUFFER 0x40000
/* QEMU before 8.0 aborts on a transfer that fills the buffer to its last byte. */
#define EDU_CHUNK (INITIATOR_BLOCK / 2)

static bool matches(const struct pci_device *pci)
{
	return pci->vendor == 0x1234 && pci->device == 0x11e8;
}

static int put_register(struct initiator *initiator, enum edu_register reg, uint64_t value)
{
	value = htole64(value);
	return vfio_write_region(initiator->device, BAR, reg, &value, sizeof(value));
}

static int is_done(struct initiator *initiator)
{
	uint64_t command;
	int rc = vfio_read_region(initiator->device, BAR, EDU_DMA_COMMAND, &command,
				  sizeof(command));

	return rc ? rc : !(le64toh(command) & EDU_START);
}

static int run(struct initiator *initiator, uint64_t command)
{
	const uint64_t began = clock_now();
	int rc = put_register(initiator, EDU_DMA_COMMAND, command | EDU_START);

	if (!rc)
		rc = initiator_await(initiator, is_done);
	initiator->busy_ns += clock_now() - began;
	return rc;
}

/* Between the buffer and the bus, one chunk. */
static int transfer(struct initiator *initiator, uint64_t source, uint64_t destination,
		    uint64_t command)
{
	int rc = put_register(initiator, EDU_DMA_SOURCE, source);

	if (!rc)
		rc = put_register(initiator, EDU_DMA_DESTINATION, destination);
	if (!rc)
		rc = put_register(initiator, EDU_DMA_COUNT, EDU_CHUNK);
	return rc ? rc : run(initiator, command);
}

static int pattern(struct initiator *initiator, void *bytes)
{
	if (getrandom(initiator->bounce, INITIATOR_BLOCK, 0) != INITIATOR_BLOCK)
		return -EIO;
	memcpy(bytes, initiator->bounce, INITIATOR_BLOCK);
	return 0;
}

/* From one IOVA to another, a block, by way of the buffer. */
static int copy_block(struct initiator *initiator, uint64_t source, uint64_t destination)
{
	int rc = 0;

	for (unsigned done = 0; !rc && done < INITIATOR_BLOCK; done += EDU_CHUNK) {
		rc = transfer(initiator, source + done, EDU_BUFFER, 0);
		if (!rc)
			rc = transfer(initiator, EDU_BUFFER, destination + done, EDU_TO_BUS);
	}
	return rc;
}

static int write_block(struct initiator *initiator, uint64_t iova)
{
	return copy_block(initiator, initiator->iova, iova);
}

/*
 * A read that is stopped leaves the buffer as it was, so that is filled with zeros before:
 * what comes back then are zeros, not the pattern.
 */
static int read_block(struct initiator *initiator, uint64_t iova, void *bytes)
{
	uint64_t zeros = initiator->iova + INITIATOR_BLOCK;
	uint64_t back = zeros + INITIATOR_BLOCK;
	int rc = transfer(initiator, zeros, EDU_BUFFER, 0);

	if (!rc)
		rc = copy_block(initiator, iova, back);
	if (!rc)
		memcpy(bytes, initiator->bounce + 2 * INITIATOR_BLOCK, INITIATOR_BLOCK);
	return rc;
}

const struct initiator_driver initiator_edu = {
	.name = "edu",
	.drives = "QEMU's educational device, 1234:11e8",
	.matches = matches,
	.pattern = pattern,
	.write = write_block,
	.read = read_block,
};
