// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for any PCI device, which has to be asked for by driver_override. Through a node it
 * imports dma-bufs for the device: as an importer of the kind that is wanted, at DMA addresses that
 * anybody can look at. dmabufctl-importer.h has the interface.
 */
#include "importer.h"

#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/version.h>

#define NAME "dmabufctl-importer"

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
MODULE_IMPORT_NS(DMA_BUF);
#else
MODULE_IMPORT_NS("DMA_BUF");
#endif

static void device_free(struct kref *kref)
{
	struct importer_device *device = container_of(kref, struct importer_device, kref);

	kfree(device->misc.name);
	kfree(device->misc.nodename);
	kfree(device);
}

static long on_attach(struct importer_attachment *attachment, void __user *argument)
{
	struct importer_attach attach;

	if (copy_from_user(&attach, argument, sizeof(attach)))
		return -EFAULT;
	return attachment_attach(attachment, &attach);
}

static long on_map(struct importer_attachment *attachment, void __user *argument)
{
	struct importer_map map;

	if (copy_from_user(&map, argument, sizeof(map)))
		return -EFAULT;
	return attachment_map(attachment, map.prot);
}

static long on_get_state(struct importer_attachment *attachment, void __user *argument)
{
	struct importer_state state;
	int ret = attachment_get_state(attachment, &state);

	if (!ret && copy_to_user(argument, &state, sizeof(state)))
		ret = -EFAULT;
	return ret;
}

static long on_get_ranges(struct importer_attachment *attachment, void __user *argument)
{
	struct importer_ranges ranges;
	int ret;

	if (copy_from_user(&ranges, argument, sizeof(ranges)))
		return -EFAULT;
	ret = attachment_get_ranges(attachment, &ranges);
	if (!ret && copy_to_user(argument, &ranges, sizeof(ranges)))
		ret = -EFAULT;
	return ret;
}

static long on_translate(struct importer_attachment *attachment, void __user *argument)
{
	struct importer_translate translate;
	int ret;

	if (copy_from_user(&translate, argument, sizeof(translate)))
		return -EFAULT;
	ret = attachment_translate(attachment, &translate);
	if (!ret && copy_to_user(argument, &translate, sizeof(translate)))
		ret = -EFAULT;
	return ret;
}

static long on_behave(struct importer_attachment *attachment, void __user *argument)
{
	struct importer_behave behave;

	if (copy_from_user(&behave, argument, sizeof(behave)))
		return -EFAULT;
	return attachment_behave(attachment, behave.late_ms);
}

static long on_copy(struct importer_attachment *attachment, void __user *argument)
{
	struct importer_copy copy;

	if (copy_from_user(&copy, argument, sizeof(copy)))
		return -EFAULT;
	return attachment_copy(attachment, &copy);
}

static long dispatch(struct importer_attachment *attachment, unsigned int command,
		     void __user *argument)
{
	switch (command) {
	case IMPORTER_ATTACH:
		return on_attach(attachment, argument);
	case IMPORTER_DETACH:
		return attachment_detach(attachment);
	case IMPORTER_MAP:
		return on_map(attachment, argument);
	case IMPORTER_UNMAP:
		return attachment_unmap(attachment);
	case IMPORTER_GET_STATE:
		return on_get_state(attachment, argument);
	case IMPORTER_GET_RANGES:
		return on_get_ranges(attachment, argument);
	case IMPORTER_TRANSLATE:
		return on_translate(attachment, argument);
	case IMPORTER_BEHAVE:
		return on_behave(attachment, argument);
	case IMPORTER_COPY:
		return on_copy(attachment, argument);
	default:
		return -ENOTTY;
	}
}

static long importer_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct importer_attachment *attachment = file->private_data;
	struct importer_device *device = attachment->device;
	long ret = mutex_lock_interruptible(&device->lock);

	if (ret)
		return ret;
	ret = device->pdev ? dispatch(attachment, command, (void __user *)argument) : -ENODEV;
	mutex_unlock(&device->lock);
	return ret;
}

/* misc_deregister() waits for this, so the device is there. */
static int importer_open(struct inode *inode, struct file *file)
{
	struct importer_device *device =
		container_of(file->private_data, struct importer_device, misc);
	struct importer_attachment *attachment = kzalloc(sizeof(*attachment), GFP_KERNEL);

	if (!attachment)
		return -ENOMEM;
	kref_get(&device->kref);
	attachment_init(attachment, device);
	file->private_data = attachment;
	return 0;
}

static int importer_release(struct inode *inode, struct file *file)
{
	struct importer_attachment *attachment = file->private_data;
	struct importer_device *device = attachment->device;

	mutex_lock(&device->lock);
	attachment_detach(attachment);
	mutex_unlock(&device->lock);
	kfree(attachment);
	kref_put(&device->kref, device_free);
	return 0;
}

static const struct file_operations importer_file_ops = {
	.owner = THIS_MODULE,
	.open = importer_open,
	.release = importer_release,
	.unlocked_ioctl = importer_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct importer_device *device_create_for(struct pci_dev *pdev)
{
	struct importer_device *device = kzalloc(sizeof(*device), GFP_KERNEL);

	if (!device)
		return NULL;
	kref_init(&device->kref);
	mutex_init(&device->lock);
	INIT_LIST_HEAD(&device->attachments);
	device->pdev = pdev;
	device->misc = (struct miscdevice){
		.minor = MISC_DYNAMIC_MINOR,
		.name = kasprintf(GFP_KERNEL, NAME "-%s", pci_name(pdev)),
		.nodename = kasprintf(GFP_KERNEL, NAME "/%s", pci_name(pdev)),
		.fops = &importer_file_ops,
		.parent = &pdev->dev,
		.mode = 0600,
	};
	if (device->misc.name && device->misc.nodename)
		return device;
	kref_put(&device->kref, device_free);
	return NULL;
}

/* How much of the bus the device sees is for its own driver to know; most see all of it. */
static int set_up_dma(struct importer_device *device)
{
	struct device *dev = &device->pdev->dev;

	dma_set_max_seg_size(dev, UINT_MAX);
	device->edu = edu_open(device->pdev);
	if (IS_ERR(device->edu))
		return PTR_ERR(device->edu);
	return device->edu ? 0 : dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
}

static int importer_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct importer_device *device = device_create_for(pdev);
	int ret;

	if (!device)
		return -ENOMEM;
	ret = set_up_dma(device);
	if (!ret)
		ret = misc_register(&device->misc);
	if (ret)
		kref_put(&device->kref, device_free);
	else
		pci_set_drvdata(pdev, device);
	return ret;
}

/* The device may go at any time; what is open finds it gone. */
static void importer_remove(struct pci_dev *pdev)
{
	struct importer_device *device = pci_get_drvdata(pdev);
	struct importer_attachment *attachment, *next;

	misc_deregister(&device->misc);
	mutex_lock(&device->lock);
	list_for_each_entry_safe(attachment, next, &device->attachments, node)
		attachment_detach(attachment);
	device->pdev = NULL;
	device->edu = NULL;
	mutex_unlock(&device->lock);
	kref_put(&device->kref, device_free);
}

/* With no table of devices it is bound by driver_override alone. */
static struct pci_driver importer_driver = {
	.name = NAME,
	.probe = importer_probe,
	.remove = importer_remove,
};

static int __init importer_init(void)
{
	int ret = fault_init();

	if (ret)
		return ret;
	ret = pci_register_driver(&importer_driver);
	if (ret)
		fault_exit();
	return ret;
}
module_init(importer_init);

static void __exit importer_exit(void)
{
	pci_unregister_driver(&importer_driver);
	fault_exit();
}
module_exit(importer_exit);

MODULE_DESCRIPTION("Imports dma-bufs for the DMA addresses of any PCI device");
MODULE_LICENSE("GPL");
