// SPDX-License-Identifier: GPL-2.0-only
/* Why a dma-buf of memory cannot be made, by udmabuf or in a heap. */
#include <errno.h>
#include <unistd.h>

#include "kernel/dmabuf.h"
#include "rules/rule.h"

static enum applies is_no_page(const struct rule_subject *subject, struct rule_finding *finding)
{
	const uint64_t page = sysconf(_SC_PAGESIZE);
	uint64_t size;

	if (!subject->heap)
		return APPLIES_UNKNOWN;
	size = subject->source->length;
	if (size && !(size % page))
		return APPLIES_NO;
	return found(finding, "0x%llx bytes, pages of %llu", (unsigned long long)size,
		     (unsigned long long)page);
}

static enum applies lacks_udmabuf(const struct rule_subject *subject, struct rule_finding *finding)
{
	(void)finding;
	return applies_if((!subject->heap || !*subject->heap) && access(UDMABUF_PATH, F_OK));
}

static enum applies lacks_heap(const struct rule_subject *subject, struct rule_finding *finding)
{
	if (!subject->heap)
		return applies_if(access(DMABUF_HEAPS, F_OK));
	return *subject->heap ? found(finding, "%s/%s", DMABUF_HEAPS, subject->heap) : APPLIES_NO;
}

static enum applies is_large(const struct rule_subject *subject, struct rule_finding *finding)
{
	(void)finding;
	return subject->heap && *subject->heap ? APPLIES_NO : APPLIES_UNKNOWN;
}

const struct rule memory_rules[] = {
	{ .id = "memory-size",
	  .error = EINVAL,
	  .during = "export",
	  .sentence = "memory is exported in whole pages, one at the least",
	  .function = "udmabuf_create",
	  .file = "drivers/dma-buf/udmabuf.c",
	  .since = ANY,
	  .remedy = "give a multiple of the page size",
	  .foreseen = true,
	  .applies = is_no_page },
	{ .id = "memory-udmabuf",
	  .error = ENOENT,
	  .during = "export",
	  .sentence = "there is no " UDMABUF_PATH,
	  .function = "udmabuf_dev_init",
	  .file = "drivers/dma-buf/udmabuf.c",
	  .since = ANY,
	  .remedy = "'modprobe udmabuf', or use a kernel with CONFIG_UDMABUF",
	  .refusal = REFUSAL_UNSUPPORTED,
	  .applies = lacks_udmabuf },
	{ .id = "memory-heap",
	  .error = ENOENT,
	  .during = "export",
	  .sentence = "there is no such heap",
	  .function = "dma_heap_add",
	  .file = "drivers/dma-buf/dma-heap.c",
	  .since = ANY,
	  .remedy = "'ls " DMABUF_HEAPS "' lists them; CONFIG_DMABUF_HEAPS_SYSTEM makes 'system'",
	  .refusal = REFUSAL_UNSUPPORTED,
	  .applies = lacks_heap },
	{ .id = "memory-limit",
	  .error = EINVAL,
	  .during = "export",
	  .sentence = "udmabuf makes none that is so large",
	  .function = "udmabuf_create",
	  .file = "drivers/dma-buf/udmabuf.c",
	  .since = ANY,
	  .remedy = "ask for less, or raise /sys/module/udmabuf/parameters/size_limit_mb",
	  .applies = is_large },
	{ 0 },
};
