// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU's educational device (docs/specs/edu.rst): a DMA engine between the bus and a buffer of
 * 4 KiB of its own.
 */
#include "importer.h"

#include <linux/dma-mapping.h>
#include <linux/iopoll.h>

#define EDU_VENDOR	0x1234
#define EDU_DEVICE	0x11e8

#define EDU_SOURCE	0x80
#define EDU_DESTINATION	0x88
#define EDU_COUNT	0x90
#define EDU_COMMAND	0x98
#define EDU_START	BIT(0)
#define EDU_TO_BUS	BIT(1)
#define EDU_BUFFER	0x40000

/* QEMU before 8.0 aborts on a transfer that fills the buffer to its last byte. */
#define EDU_CHUNK	(IMPORTER_COPY_SIZE / 2)

#define EDU_POLL_US	1000
#define EDU_LIMIT_US	10000000

static uint edu_dma_bits = 28;
module_param(edu_dma_bits, uint, 0444);
MODULE_PARM_DESC(edu_dma_bits, "address bits of QEMU's edu, which its dma_mask= sets (default: 28)");

struct edu {
	void __iomem *registers;
	void *buffer; /* IMPORTER_COPY_SIZE bytes, which the device reaches at dma */
	dma_addr_t dma;
};

struct edu *edu_open(struct pci_dev *pdev)
{
	struct edu *edu;
	int ret;

	if (pdev->vendor != EDU_VENDOR || pdev->device != EDU_DEVICE)
		return NULL;
	edu = devm_kzalloc(&pdev->dev, sizeof(*edu), GFP_KERNEL);
	if (!edu)
		return ERR_PTR(-ENOMEM);
	ret = pcim_enable_device(pdev);
	if (!ret)
		ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(edu_dma_bits));
	if (ret)
		return ERR_PTR(ret);
	edu->registers = pcim_iomap(pdev, 0, 0);
	edu->buffer = dmam_alloc_coherent(&pdev->dev, IMPORTER_COPY_SIZE, &edu->dma, GFP_KERNEL);
	if (!edu->registers || !edu->buffer)
		return ERR_PTR(-ENOMEM);
	pci_set_master(pdev);
	return edu;
}

void *edu_buffer(struct edu *edu)
{
	return edu->buffer;
}

static int transfer(struct edu *edu, u64 source, u64 destination, u32 length, u64 direction)
{
	u64 command;

	writeq(source, edu->registers + EDU_SOURCE);
	writeq(destination, edu->registers + EDU_DESTINATION);
	writeq(length, edu->registers + EDU_COUNT);
	writeq(direction | EDU_START, edu->registers + EDU_COMMAND);
	return readq_poll_timeout(edu->registers + EDU_COMMAND, command, !(command & EDU_START),
				  EDU_POLL_US, EDU_LIMIT_US);
}

static int copy_chunk(struct edu *edu, u64 source, u64 destination, u32 length)
{
	int ret = transfer(edu, source, EDU_BUFFER, length, 0);

	return ret ?: transfer(edu, EDU_BUFFER, destination, length, EDU_TO_BUS);
}

int edu_copy(struct edu *edu, dma_addr_t address, u32 length, bool write)
{
	int ret = 0;

	for (u32 done = 0; !ret && done < length; done += EDU_CHUNK) {
		u64 source = (write ? edu->dma : address) + done;
		u64 destination = (write ? address : edu->dma) + done;

		ret = copy_chunk(edu, source, destination, min_t(u32, length - done, EDU_CHUNK));
	}
	return ret;
}
