/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * main.c has the driver, its nodes and their ioctls; attachment.c is the importer itself; edu.c has
 * QEMU's educational device do DMA; fault.c has mapping fail.
 */
#ifndef IMPORTER_H
#define IMPORTER_H

#include <linux/dma-buf.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/workqueue.h>

#include "dmabufctl-importer.h"

struct edu;

/* A device that the driver was bound to. It outlives that as long as a file of it is open. */
struct importer_device {
	struct kref kref;
	struct mutex lock; /* for all of it, and for its files' attachments but what resv is for */
	struct pci_dev *pdev; /* NULL: the driver was taken off it */
	struct edu *edu; /* NULL: nobody knows how to have it do DMA */
	struct list_head attachments;
	struct miscdevice misc;
};

/* What an open file has. */
struct importer_attachment {
	struct importer_device *device;
	struct list_head node; /* of device->attachments, while something is attached */
	struct dma_buf_attachment *attach; /* NULL: nothing is attached */
	u32 promise; /* enum importer_promise */

	/* Under the dma-buf's reservation, while something is attached. */
	struct sg_table *sgt; /* NULL: not mapped */
	enum dma_data_direction direction;
	bool pinned;
	bool over;
	u64 due_at; /* ktime_get_ns() at which what is mapped is to go; 0: it is not */
	u32 told;
	u64 told_at, let_go_at;
	u32 late_ms;
	struct delayed_work let_go;
};

/* All with device->lock held, and all return 0 or a negative errno. */
void attachment_init(struct importer_attachment *attachment, struct importer_device *device);
int attachment_attach(struct importer_attachment *attachment, const struct importer_attach *attach);
int attachment_detach(struct importer_attachment *attachment);
int attachment_map(struct importer_attachment *attachment, u32 prot);
int attachment_unmap(struct importer_attachment *attachment);
int attachment_behave(struct importer_attachment *attachment, u32 late_ms);
int attachment_get_state(struct importer_attachment *attachment, struct importer_state *state);
int attachment_get_ranges(struct importer_attachment *attachment, struct importer_ranges *ranges);
int attachment_translate(struct importer_attachment *attachment,
			 struct importer_translate *translate);
int attachment_copy(struct importer_attachment *attachment, const struct importer_copy *copy);

/* NULL when it is another device. An error pointer when it could not be set up. */
struct edu *edu_open(struct pci_dev *pdev);

/* IMPORTER_COPY_SIZE bytes: what edu_copy() reads or fills. */
void *edu_buffer(struct edu *edu);

/* Between the buffer and an address that the device uses. It has to be mapped until it returns. */
int edu_copy(struct edu *edu, dma_addr_t address, u32 length, bool write);

/* What fail_links= asks for. */
int fault_init(void);
void fault_exit(void);

#endif
