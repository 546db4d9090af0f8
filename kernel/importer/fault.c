// SPDX-License-Identifier: GPL-2.0-only
/* Has the memory run out when a range of a dma-buf is to be linked to its DMA address. */
#include "importer.h"

#include <linux/device.h>
#include <linux/kprobes.h>

static uint fail_links;
module_param(fail_links, uint, 0444);
MODULE_PARM_DESC(fail_links, "how many of the first links of a range to its DMA address fail (default: 0)");

/* In place of dma_iova_link(). */
static int no_memory(void)
{
	return -ENOMEM;
}

static int fail_ours(struct kprobe *probe, struct pt_regs *regs)
{
	const struct device *dev = (void *)regs_get_kernel_argument(regs, 0);

	if (!fail_links || dev->driver->owner != THIS_MODULE)
		return 0;
	fail_links--;
	instruction_pointer_set(regs, (unsigned long)no_memory);
	return 1;
}

/* With it there, the kernel makes no jump of the probe, which would go on where it was. */
static void stay_a_trap(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe probe = {
	.symbol_name = "dma_iova_link",
	.pre_handler = fail_ours,
	.post_handler = stay_a_trap,
};

int fault_init(void)
{
	return fail_links ? register_kprobe(&probe) : 0;
}

void fault_exit(void)
{
	unregister_kprobe(&probe);
}
