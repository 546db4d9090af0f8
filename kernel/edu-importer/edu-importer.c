// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that imports dma-bufs as an RDMA or a graphics driver does, for tests of exporters:
 * it asks for DMA addresses, lets go when it is told to, and has its device do real DMA. The
 * device is QEMU's educational one (docs/specs/edu.rst).
 *
 * Each open file of /dev/edu-importer can have one attachment. It takes commands, one a write:
 *
 *	attach FD		as an importer that can do peer to peer, and lets go
 *	attach-pages FD		as one that cannot do peer to peer
 *	attach-pinned FD	as one that never lets go
 *	detach
 *	map, unmap
 *	lazy MS			when told to let go, do so that many milliseconds later
 *	store OFFSET VALUE	by DMA: BLOCK bytes, all words of them VALUE
 *	load OFFSET		by DMA; shows the first word
 *
 * A command that fails gives its errno to the write. What is read is the state:
 *
 *	mapped 1 segments 16777216 bytes, told 0 times, loaded 0x0
 */
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/iopoll.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/version.h>
#include <linux/workqueue.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
MODULE_IMPORT_NS(DMA_BUF);
#else
MODULE_IMPORT_NS("DMA_BUF");
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
#define invalidate_mappings move_notify
#endif

#define EDU_SOURCE	0x80
#define EDU_DESTINATION	0x88
#define EDU_COUNT	0x90
#define EDU_COMMAND	0x98
#define EDU_START	BIT(0)
#define EDU_TO_BUS	BIT(1)
#define EDU_BUFFER	0x40000

/* Bytes of one transfer; the buffer has room for four. */
#define BLOCK		1024

/* The device, of which the first is used. */
static struct {
	struct mutex lock;	/* for all of it, and all attachments but their sgt */
	struct pci_dev *pdev;
	void __iomem *registers;
	__le32 *block;		/* BLOCK bytes that the device reaches at dma */
	dma_addr_t dma;
} edu = { .lock = __MUTEX_INITIALIZER(edu.lock) };

struct importer {
	struct dma_buf_attachment *attachment;
	struct sg_table *sgt;	/* under the dma-buf's reservation, as is what follows */
	unsigned int told;
	unsigned int lazy_ms;
	struct delayed_work let_go;
	u32 loaded;
};

static void importer_unmap(struct importer *importer)
{
	dma_resv_assert_held(importer->attachment->dmabuf->resv);

	if (importer->sgt)
		dma_buf_unmap_attachment(importer->attachment, importer->sgt, DMA_BIDIRECTIONAL);
	importer->sgt = NULL;
}

static void importer_unmap_unlocked(struct importer *importer)
{
	struct dma_resv *resv = importer->attachment->dmabuf->resv;

	dma_resv_lock(resv, NULL);
	importer_unmap(importer);
	dma_resv_unlock(resv);
}

static void importer_let_go(struct work_struct *work)
{
	importer_unmap_unlocked(container_of(to_delayed_work(work), struct importer, let_go));
}

static void importer_invalidate(struct dma_buf_attachment *attachment)
{
	struct importer *importer = attachment->importer_priv;

	importer->told++;
	if (importer->lazy_ms)
		schedule_delayed_work(&importer->let_go, msecs_to_jiffies(importer->lazy_ms));
	else
		importer_unmap(importer);
}

static const struct dma_buf_attach_ops importer_ops = {
	.allow_peer2peer = true,
	.invalidate_mappings = importer_invalidate,
};

static const struct dma_buf_attach_ops importer_ops_of_pages = {
	.invalidate_mappings = importer_invalidate,
};

static int importer_attach(struct importer *importer, int fd, const struct dma_buf_attach_ops *ops)
{
	struct dma_buf_attachment *attachment;
	struct dma_buf *dmabuf;

	if (importer->attachment)
		return -EBUSY;
	dmabuf = dma_buf_get(fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	attachment = dma_buf_dynamic_attach(dmabuf, &edu.pdev->dev, ops, importer);
	if (IS_ERR(attachment)) {
		dma_buf_put(dmabuf);
		return PTR_ERR(attachment);
	}
	importer->attachment = attachment;
	return 0;
}

static int importer_detach(struct importer *importer)
{
	struct dma_buf *dmabuf;

	if (!importer->attachment)
		return -ENOTCONN;
	dmabuf = importer->attachment->dmabuf;
	cancel_delayed_work_sync(&importer->let_go);
	importer_unmap_unlocked(importer);
	dma_buf_detach(dmabuf, importer->attachment);
	dma_buf_put(dmabuf);
	importer->attachment = NULL;
	return 0;
}

static int importer_map(struct importer *importer)
{
	struct sg_table *sgt;

	if (importer->sgt)
		return -EBUSY;
	sgt = dma_buf_map_attachment(importer->attachment, DMA_BIDIRECTIONAL);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	importer->sgt = sgt;
	return 0;
}

/* Where BLOCK bytes at an offset of the dma-buf are for the device. */
static int importer_find(struct importer *importer, size_t offset, dma_addr_t *addr)
{
	struct scatterlist *sg;
	unsigned int i;

	if (!importer->sgt)
		return -ENOTCONN;
	for_each_sgtable_dma_sg(importer->sgt, sg, i) {
		if (offset < sg_dma_len(sg)) {
			*addr = sg_dma_address(sg) + offset;
			return sg_dma_len(sg) - offset < BLOCK ? -EINVAL : 0;
		}
		offset -= sg_dma_len(sg);
	}
	return -EINVAL;
}

static int edu_transfer(dma_addr_t source, dma_addr_t destination, u64 direction)
{
	u64 command;

	writeq(source, edu.registers + EDU_SOURCE);
	writeq(destination, edu.registers + EDU_DESTINATION);
	writeq(BLOCK, edu.registers + EDU_COUNT);
	writeq(direction | EDU_START, edu.registers + EDU_COMMAND);
	return readq_poll_timeout(edu.registers + EDU_COMMAND, command, !(command & EDU_START),
				  1000, 2000000);
}

/* By way of the device's own buffer. */
static int edu_copy(dma_addr_t source, dma_addr_t destination)
{
	int ret = edu_transfer(source, EDU_BUFFER, 0);

	return ret ?: edu_transfer(EDU_BUFFER, destination, EDU_TO_BUS);
}

static int importer_store(struct importer *importer, size_t offset, u32 value)
{
	dma_addr_t addr;
	int ret = importer_find(importer, offset, &addr);

	if (ret)
		return ret;
	for (unsigned int i = 0; i < BLOCK / sizeof(*edu.block); i++)
		edu.block[i] = cpu_to_le32(value);
	return edu_copy(edu.dma, addr);
}

static int importer_load(struct importer *importer, size_t offset)
{
	dma_addr_t addr;
	int ret = importer_find(importer, offset, &addr);

	if (!ret)
		ret = edu_copy(addr, edu.dma);
	importer->loaded = le32_to_cpu(edu.block[0]);
	return ret;
}

/* Commands that want an attachment, and its reservation held. */
static int importer_use(struct importer *importer, const char *command)
{
	unsigned long offset;
	u32 value;

	if (!strcmp(command, "map"))
		return importer_map(importer);
	if (!strcmp(command, "unmap")) {
		importer_unmap(importer);
		return 0;
	}
	if (sscanf(command, "lazy %u", &importer->lazy_ms) == 1)
		return 0;
	if (sscanf(command, "store %li %i", &offset, &value) == 2)
		return importer_store(importer, offset, value);
	if (sscanf(command, "load %li", &offset) == 1)
		return importer_load(importer, offset);
	return -EINVAL;
}

static int importer_command(struct importer *importer, const char *command)
{
	struct dma_resv *resv;
	int fd, ret;

	if (!edu.pdev)
		return -ENXIO;
	if (sscanf(command, "attach %d", &fd) == 1)
		return importer_attach(importer, fd, &importer_ops);
	if (sscanf(command, "attach-pages %d", &fd) == 1)
		return importer_attach(importer, fd, &importer_ops_of_pages);
	if (sscanf(command, "attach-pinned %d", &fd) == 1)
		return importer_attach(importer, fd, NULL);
	if (!strcmp(command, "detach"))
		return importer_detach(importer);
	if (!importer->attachment)
		return -ENOTCONN;
	resv = importer->attachment->dmabuf->resv;
	ret = dma_resv_lock_interruptible(resv, NULL);
	if (ret)
		return ret;
	ret = importer_use(importer, command);
	dma_resv_unlock(resv);
	return ret;
}

static ssize_t importer_write(struct file *file, const char __user *buffer, size_t size,
			      loff_t *pos)
{
	char *command;
	int ret;

	if (size > PAGE_SIZE)
		return -EINVAL;
	command = memdup_user_nul(buffer, size);
	if (IS_ERR(command))
		return PTR_ERR(command);
	mutex_lock(&edu.lock);
	ret = importer_command(file->private_data, strim(command));
	mutex_unlock(&edu.lock);
	kfree(command);
	return ret ?: size;
}

static int importer_describe(struct importer *importer, char *text, size_t size)
{
	unsigned int segments = 0, i;
	struct scatterlist *sg;
	size_t bytes = 0;
	int used;

	if (!importer->attachment)
		return scnprintf(text, size, "detached\n");
	dma_resv_lock(importer->attachment->dmabuf->resv, NULL);
	if (importer->sgt) {
		for_each_sgtable_dma_sg(importer->sgt, sg, i) {
			segments++;
			bytes += sg_dma_len(sg);
		}
	}
	used = scnprintf(text, size, "%s %u segments %zu bytes, told %u times, loaded 0x%x\n",
			 importer->sgt ? "mapped" : "attached", segments, bytes, importer->told,
			 importer->loaded);
	dma_resv_unlock(importer->attachment->dmabuf->resv);
	return used;
}

/* After its end it begins anew. */
static ssize_t importer_read(struct file *file, char __user *buffer, size_t size, loff_t *pos)
{
	char text[128];
	ssize_t ret;
	int used;

	mutex_lock(&edu.lock);
	used = importer_describe(file->private_data, text, sizeof(text));
	mutex_unlock(&edu.lock);
	ret = simple_read_from_buffer(buffer, size, pos, text, used);
	if (!ret)
		*pos = 0;
	return ret;
}

static int importer_open(struct inode *inode, struct file *file)
{
	struct importer *importer = kzalloc(sizeof(*importer), GFP_KERNEL);

	if (!importer)
		return -ENOMEM;
	INIT_DELAYED_WORK(&importer->let_go, importer_let_go);
	file->private_data = importer;
	return 0;
}

static int importer_release(struct inode *inode, struct file *file)
{
	struct importer *importer = file->private_data;

	mutex_lock(&edu.lock);
	importer_detach(importer);
	mutex_unlock(&edu.lock);
	kfree(importer);
	return 0;
}

static const struct file_operations importer_file_ops = {
	.owner = THIS_MODULE,
	.open = importer_open,
	.release = importer_release,
	.read = importer_read,
	.write = importer_write,
};

static struct miscdevice importer_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "edu-importer",
	.fops = &importer_file_ops,
};

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret;

	if (edu.pdev)
		return -EBUSY;
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (ret)
		return ret;
	edu.registers = pcim_iomap(pdev, 0, 0);
	if (!edu.registers)
		return -ENOMEM;
	edu.block = dmam_alloc_coherent(&pdev->dev, BLOCK, &edu.dma, GFP_KERNEL);
	if (!edu.block)
		return -ENOMEM;
	pci_set_master(pdev);
	edu.pdev = pdev;
	ret = misc_register(&importer_device);
	if (ret)
		edu.pdev = NULL;
	return ret;
}

static void edu_remove(struct pci_dev *pdev)
{
	misc_deregister(&importer_device);
	mutex_lock(&edu.lock);
	edu.pdev = NULL;
	mutex_unlock(&edu.lock);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};

/* While files have attachments the device must stay. */
static struct pci_driver edu_driver = {
	.name = "edu-importer",
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
	.driver.suppress_bind_attrs = true,
};
module_pci_driver(edu_driver);

MODULE_DESCRIPTION("Imports dma-bufs with QEMU's educational device, for tests");
MODULE_LICENSE("GPL");
