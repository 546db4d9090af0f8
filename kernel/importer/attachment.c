// SPDX-License-Identifier: GPL-2.0-only
/*
 * An importer of dma-bufs for DMA addresses, as RDMA and graphics drivers are.
 *
 * The exporter tells it to let go with the reservation held. That may come at any time between
 * dma_buf_dynamic_attach(), before it has returned, and dma_buf_detach().
 */
#include "importer.h"

#include <linux/dma-resv.h>
#include <linux/iommu.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
#define invalidate_mappings move_notify
#endif

static void let_go(struct importer_attachment *attachment)
{
	dma_resv_assert_held(attachment->attach->dmabuf->resv);

	if (!attachment->sgt)
		return;
	dma_buf_unmap_attachment(attachment->attach, attachment->sgt, attachment->direction);
	attachment->sgt = NULL;
	attachment->due_at = 0;
}

/* By the clock: after ticks that were missed, jiffies pass faster than time. */
static void let_go_when_due(struct importer_attachment *attachment)
{
	u64 now = ktime_get_ns();

	if (now < attachment->due_at) {
		schedule_delayed_work(&attachment->let_go,
				      nsecs_to_jiffies(attachment->due_at - now) + 1);
		return;
	}
	let_go(attachment);
	attachment->let_go_at = ktime_get_ns();
}

static void let_go_late(struct work_struct *work)
{
	struct importer_attachment *attachment =
		container_of(to_delayed_work(work), struct importer_attachment, let_go);
	struct dma_resv *resv = attachment->attach->dmabuf->resv;

	dma_resv_lock(resv, NULL);
	if (attachment->due_at) /* what is mapped by now may be another mapping */
		let_go_when_due(attachment);
	dma_resv_unlock(resv);
}

static void on_told(struct dma_buf_attachment *attach)
{
	struct importer_attachment *attachment = attach->importer_priv;

	dma_resv_assert_held(attach->dmabuf->resv);

	attachment->told++;
	attachment->over = attachment->promise == IMPORTER_REVOCABLE;
	if (!attachment->sgt || attachment->due_at)
		return;
	attachment->told_at = ktime_get_ns();
	attachment->let_go_at = 0;
	if (attachment->late_ms == IMPORTER_NEVER)
		return;
	attachment->due_at = attachment->told_at + (u64)attachment->late_ms * NSEC_PER_MSEC;
	let_go_when_due(attachment);
}

static const struct dma_buf_attach_ops lets_go = {
	.allow_peer2peer = true,
	.invalidate_mappings = on_told,
};

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
/* Without the function those kernels take no importer for one that does peer-to-peer DMA. */
static void on_told_in_vain(struct dma_buf_attachment *attach)
{
}
#endif

static const struct dma_buf_attach_ops never_lets_go = {
	.allow_peer2peer = true,
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
	.invalidate_mappings = on_told_in_vain,
#endif
};

static const struct {
	const struct dma_buf_attach_ops *ops;
	bool pinned;
} promises[] = {
	[IMPORTER_DYNAMIC] = { &lets_go, false },
	[IMPORTER_REVOCABLE] = { &lets_go, true },
	[IMPORTER_PINNED] = { &never_lets_go, true },
	[IMPORTER_PLAIN] = { NULL, false },
};

void attachment_init(struct importer_attachment *attachment, struct importer_device *device)
{
	attachment->device = device;
	INIT_DELAYED_WORK(&attachment->let_go, let_go_late);
}

static int pin(struct importer_attachment *attachment)
{
	struct dma_resv *resv = attachment->attach->dmabuf->resv;
	int ret = dma_resv_lock_interruptible(resv, NULL);

	if (ret)
		return ret;
	ret = dma_buf_pin(attachment->attach);
	attachment->pinned = !ret;
	dma_resv_unlock(resv);
	return ret;
}

/* It takes over the reference to the dma-buf. */
static int attach_to(struct importer_attachment *attachment, struct dma_buf *dmabuf, u32 promise)
{
	struct dma_buf_attachment *attach;
	int ret = 0;

	attachment->promise = promise;
	attachment->over = false;
	attachment->told = 0;
	attachment->told_at = 0;
	attachment->let_go_at = 0;
	attach = dma_buf_dynamic_attach(dmabuf, &attachment->device->pdev->dev,
					promises[promise].ops, attachment);
	if (IS_ERR(attach)) {
		dma_buf_put(dmabuf);
		return PTR_ERR(attach);
	}
	attachment->attach = attach;
	list_add(&attachment->node, &attachment->device->attachments);
	if (promises[promise].pinned)
		ret = pin(attachment);
	if (ret)
		attachment_detach(attachment);
	return ret;
}

int attachment_attach(struct importer_attachment *attachment, const struct importer_attach *attach)
{
	struct dma_buf *dmabuf;

	if (attach->promise >= ARRAY_SIZE(promises))
		return -EINVAL;
	if (attachment->attach)
		return -EBUSY;
	dmabuf = dma_buf_get(attach->dmabuf);
	return IS_ERR(dmabuf) ? PTR_ERR(dmabuf) : attach_to(attachment, dmabuf, attach->promise);
}

int attachment_detach(struct importer_attachment *attachment)
{
	struct dma_buf *dmabuf;

	if (!attachment->attach)
		return -ENOTCONN;
	dmabuf = attachment->attach->dmabuf;
	dma_resv_lock(dmabuf->resv, NULL);
	let_go(attachment);
	if (attachment->pinned)
		dma_buf_unpin(attachment->attach);
	attachment->pinned = false;
	dma_resv_unlock(dmabuf->resv);
	cancel_delayed_work_sync(&attachment->let_go);
	list_del(&attachment->node);
	dma_buf_detach(dmabuf, attachment->attach);
	attachment->attach = NULL;
	dma_buf_put(dmabuf);
	return 0;
}

/* The reservation of what is attached. */
static int lock(struct importer_attachment *attachment)
{
	if (!attachment->attach)
		return -ENOTCONN;
	return dma_resv_lock_interruptible(attachment->attach->dmabuf->resv, NULL);
}

static void unlock(struct importer_attachment *attachment)
{
	dma_resv_unlock(attachment->attach->dmabuf->resv);
}

static enum dma_data_direction direction_of(u32 prot)
{
	switch (prot) {
	case IMPORTER_READ:
		return DMA_TO_DEVICE;
	case IMPORTER_WRITE:
		return DMA_FROM_DEVICE;
	case IMPORTER_READ | IMPORTER_WRITE:
		return DMA_BIDIRECTIONAL;
	default:
		return DMA_NONE;
	}
}

static int map(struct importer_attachment *attachment, enum dma_data_direction direction)
{
	struct sg_table *sgt;

	if (attachment->sgt)
		return -EBUSY;
	if (attachment->over)
		return -ENODEV;
	sgt = dma_buf_map_attachment(attachment->attach, direction);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	attachment->sgt = sgt;
	attachment->direction = direction;
	return 0;
}

int attachment_map(struct importer_attachment *attachment, u32 prot)
{
	enum dma_data_direction direction = direction_of(prot);
	int ret = direction == DMA_NONE ? -EINVAL : lock(attachment);

	if (ret)
		return ret;
	ret = map(attachment, direction);
	unlock(attachment);
	return ret;
}

int attachment_unmap(struct importer_attachment *attachment)
{
	int ret = lock(attachment);

	if (ret)
		return ret;
	ret = attachment->sgt ? 0 : -ENOTCONN;
	let_go(attachment);
	unlock(attachment);
	return ret;
}

int attachment_behave(struct importer_attachment *attachment, u32 late_ms)
{
	int ret = lock(attachment);

	if (ret)
		return ret;
	attachment->late_ms = late_ms;
	unlock(attachment);
	return 0;
}

static u32 count_ranges(const struct sg_table *sgt)
{
	struct scatterlist *sg;
	u32 count = 0;
	unsigned int i;

	for_each_sgtable_dma_sg(sgt, sg, i)
		count++;
	return count;
}

/* NULL: what the device uses is where the memory is. */
static struct iommu_domain *translating_domain(const struct importer_attachment *attachment)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(&attachment->device->pdev->dev);

	return domain && domain->type & __IOMMU_DOMAIN_PAGING ? domain : NULL;
}

int attachment_get_state(struct importer_attachment *attachment, struct importer_state *state)
{
	int ret;

	*state = (struct importer_state){ 0 };
	if (translating_domain(attachment))
		state->flags |= IMPORTER_TRANSLATED;
	if (attachment->device->edu)
		state->flags |= IMPORTER_DOES_DMA;
	if (!attachment->attach)
		return 0;
	ret = lock(attachment);
	if (ret)
		return ret;
	state->flags |= IMPORTER_ATTACHED;
	if (attachment->sgt) {
		state->flags |= IMPORTER_MAPPED;
		state->ranges = count_ranges(attachment->sgt);
	}
	if (attachment->over)
		state->flags |= IMPORTER_OVER;
	state->promise = attachment->promise;
	state->told = attachment->told;
	state->size = attachment->attach->dmabuf->size;
	state->told_at = attachment->told_at;
	state->let_go_at = attachment->let_go_at;
	state->late_ms = attachment->late_ms;
	unlock(attachment);
	return 0;
}

static int get_ranges(struct importer_attachment *attachment, struct importer_range *ranges,
		      u32 first, u32 room)
{
	struct scatterlist *sg;
	u32 count = 0;
	unsigned int i;

	if (!attachment->sgt)
		return -ENOTCONN;
	for_each_sgtable_dma_sg(attachment->sgt, sg, i)
		if (i >= first && count < room)
			ranges[count++] = (struct importer_range){
				.address = sg_dma_address(sg),
				.length = sg_dma_len(sg),
			};
	return count;
}

/* To copy them to the user may take a page fault, which the reservation must not wait for. */
int attachment_get_ranges(struct importer_attachment *attachment, struct importer_ranges *ranges)
{
	u32 room = min_t(u32, ranges->count, PAGE_SIZE / sizeof(struct importer_range));
	struct importer_range *found;
	int ret = lock(attachment);

	if (ret)
		return ret;
	found = kcalloc(room, sizeof(*found), GFP_KERNEL);
	ret = found ? get_ranges(attachment, found, ranges->first, room) : -ENOMEM;
	unlock(attachment);
	if (ret >= 0) {
		ranges->count = ret;
		ret = copy_to_user(u64_to_user_ptr(ranges->ranges), found, ret * sizeof(*found)) ?
			      -EFAULT :
			      0;
	}
	kfree(found);
	return ret;
}

/* The device's address of a byte; *left: how many follow it in its range, with itself. */
static int find(const struct importer_attachment *attachment, u64 offset, dma_addr_t *address,
		u64 *left)
{
	struct scatterlist *sg;
	unsigned int i;

	if (!attachment->sgt)
		return -ENOTCONN;
	for_each_sgtable_dma_sg(attachment->sgt, sg, i) {
		if (offset < sg_dma_len(sg)) {
			*address = sg_dma_address(sg) + offset;
			*left = sg_dma_len(sg) - offset;
			return 0;
		}
		offset -= sg_dma_len(sg);
	}
	return -EINVAL;
}

int attachment_translate(struct importer_attachment *attachment,
			 struct importer_translate *translate)
{
	struct iommu_domain *domain = translating_domain(attachment);
	dma_addr_t address;
	u64 left;
	int ret = lock(attachment);

	if (ret)
		return ret;
	ret = find(attachment, translate->offset, &address, &left);
	if (!ret) {
		translate->address = address;
		translate->physical = domain ? iommu_iova_to_phys(domain, address) : address;
	}
	unlock(attachment);
	return ret;
}

/* Nobody takes the mapping away as long as the reservation is held. */
static int copy(struct importer_attachment *attachment, const struct importer_copy *copy)
{
	dma_addr_t address;
	u64 left;
	int ret = lock(attachment);

	if (ret)
		return ret;
	ret = find(attachment, copy->offset, &address, &left);
	if (!ret && left < copy->length)
		ret = -EINVAL;
	if (!ret)
		ret = edu_copy(attachment->device->edu, address, copy->length, copy->write);
	unlock(attachment);
	return ret;
}

int attachment_copy(struct importer_attachment *attachment, const struct importer_copy *wanted)
{
	void __user *user = u64_to_user_ptr(wanted->buffer);
	struct edu *edu = attachment->device->edu;
	int ret;

	if (!edu)
		return -EOPNOTSUPP;
	if (!wanted->length || wanted->length > IMPORTER_COPY_SIZE || wanted->write > 1)
		return -EINVAL;
	if (wanted->write && copy_from_user(edu_buffer(edu), user, wanted->length))
		return -EFAULT;
	ret = copy(attachment, wanted);
	if (!ret && !wanted->write && copy_to_user(user, edu_buffer(edu), wanted->length))
		ret = -EFAULT;
	return ret;
}
