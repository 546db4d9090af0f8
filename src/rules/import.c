// SPDX-License-Identifier: GPL-2.0-only
/* Why a dma-buf cannot be mapped into an I/O address space. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "context/operation.h"
#include "context/state.h"
#include "importer/importer.h"
#include "kernel/attachment.h"
#include "kernel/dmabuf.h"
#include "kernel/iommufd.h"
#include "kernel/module.h"
#include "kernel/rdma.h"
#include "kernel/sys.h"
#include "kernel/vfio.h"
#include "rules/rule.h"
#include "util/range.h"
#include "util/scope.h"

/* What revoked it, and what brings it back. */
static enum applies describe_revoked(const struct rule_subject *subject,
				     struct rule_finding *finding)
{
	struct object_list *objects = &subject->context->objects;
	const char *bdf = subject->dmabuf->device.bdf;
	bool decode = true;
	int fd;

	if (subject->dmabuf->adopted) {
		suggest(finding,
			"bring its device back, then try again; '%s release %s' parts with it",
			subject->tool, subject->dmabuf->name);
		return found(finding, "by whoever exports it");
	}
	if (object_device_closed(objects, subject->dmabuf)) {
		suggest(finding, "release %s and export the BAR again", subject->dmabuf->name);
		return found(finding, "for ever, as %s was closed since it was exported", bdf);
	}
	fd = context_fd(subject->context, object_find(objects, OBJECT_DEVICE, bdf));
	if (fd >= 0 && !vfio_memory_decode(fd, &decode) && !decode) {
		suggest(finding, "'%s revoke %s --by memory' turns it on again, then try again",
			subject->tool, bdf);
		return found(finding, "%s has memory decode off", bdf);
	}
	suggest(finding, "bring the device back, then try again");
	return found(finding, "%s is in reset or not in power state D0", bdf);
}

static enum applies is_revoked(const struct rule_subject *subject, struct rule_finding *finding)
{
	struct import_trial trial = { 0 };
	int rc = context_probe(subject->context, &trial, subject->dmabuf);

	context_end_trial(&trial);
	switch (rc) {
	case -ENODEV:
		return describe_revoked(subject, finding);
	case 0:
	case -EOPNOTSUPP:
		return APPLIES_NO;
	default:
		return APPLIES_UNKNOWN;
	}
}

static enum applies has_ranges(const struct rule_subject *subject, struct rule_finding *finding)
{
	const struct object *dmabuf = subject->dmabuf;

	if (dmabuf->range_count <= 1)
		return APPLIES_NO;
	return found(finding, "%s has %u", dmabuf->name, dmabuf->range_count);
}

static enum applies is_foreign(const struct rule_subject *subject, struct rule_finding *finding)
{
	char exporter[64];

	if (dmabuf_get_exporter(context_fd(subject->context, subject->dmabuf), exporter))
		return APPLIES_UNKNOWN;
	if (!strcmp(exporter, DMABUF_VFIO))
		return APPLIES_NO;
	return found(finding, "that of %s is %s", subject->dmabuf->name, exporter);
}

static enum applies is_occupied(const struct rule_subject *subject, struct rule_finding *finding)
{
	const struct object *mapping = subject->mapping;
	struct range taken = mapping->addresses;
	enum mapping_state state;

	if (subject->ioas && !object_is_in_ioas(mapping, subject->ioas->name))
		return APPLIES_NO;
	if (subject->iova && !range_common(taken, *subject->iova))
		return APPLIES_NO;
	state = mapping_state_now(subject->context, mapping);
	if (state == MAPPING_STALE || state == MAPPING_REVOKED) {
		suggest(finding, "'%s recover %s' brings it back, '%s unmap %s' frees the IOVA",
			subject->tool, mapping->name, subject->tool, mapping->name);
		finding->refusal = REFUSAL_REVOKED;
	} else {
		suggest(finding, "choose another IOVA, or '%s unmap %s' first", subject->tool,
			mapping->name);
	}
	return found(finding, "%s (%s) occupies 0x%llx+0x%llx", mapping->name,
		     mapping_state_name(state), (unsigned long long)taken.offset,
		     (unsigned long long)taken.length);
}

static enum applies is_in_reserved(const struct rule_subject *subject, struct rule_finding *finding)
{
	char window[RANGE_TEXT];

	if (!subject->iova || !subject->ioas)
		return APPLIES_UNKNOWN;
	range_format(subject->iova, window);
	for_each_object(device, &subject->context->objects, OBJECT_DEVICE) {
		struct pci_device pci;

		if (strcmp(device->ioas, subject->ioas->name) || pci_find(device->name, &pci) ||
		    is_reserved(&pci, *subject->iova, window, finding) != APPLIES_YES)
			continue;
		strcpy(finding->object, device->name);
		return APPLIES_YES;
	}
	return APPLIES_NO;
}

static enum applies is_unreachable(const struct rule_subject *subject, struct rule_finding *finding)
{
	auto_free struct range *allowed = NULL;
	char window[RANGE_TEXT];
	unsigned count = 0;

	if (!subject->iova || !subject->ioas ||
	    iommufd_iova_ranges(context_iommufd(subject->context), subject->ioas->id, &allowed,
				&count))
		return APPLIES_UNKNOWN;
	for (unsigned i = 0; i < count; i++)
		if (range_is_within(*subject->iova, allowed[i]))
			return APPLIES_NO;
	range_format(subject->iova, window);
	return found(finding, "%s in %s", window, subject->ioas->name);
}

/*
 * iommufd takes any offset while no device is attached, and no device can be attached afterwards:
 * such a mapping is of no use to anybody.
 */
static enum applies is_unaligned(const struct rule_subject *subject, struct rule_finding *finding)
{
	const uint64_t page = sysconf(_SC_PAGESIZE);
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {
		{ "offset", subject->source ? subject->source->offset : 0 },
		{ "length", subject->source ? subject->source->length : 0 },
		{ "IOVA", subject->iova ? subject->iova->offset : 0 },
	};

	if (!subject->source || !subject->importer)
		return APPLIES_UNKNOWN;
	if (!subject->importer->whole_pages)
		return APPLIES_NO;
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		uint64_t value = numbers[i].value;

		if (!(value % page))
			continue;
		suggest(finding, "the nearest below is 0x%llx",
			(unsigned long long)(value - value % page));
		return found(finding, "%s 0x%llx, pages of %llu bytes", numbers[i].name,
			     (unsigned long long)value, (unsigned long long)page);
	}
	return APPLIES_NO;
}

static enum applies is_empty(const struct rule_subject *subject, struct rule_finding *finding)
{
	(void)finding;
	return subject->source ? applies_if(!subject->source->length) : APPLIES_UNKNOWN;
}

static bool wraps(const struct range *range)
{
	return range && range->offset + range->length < range->offset;
}

static enum applies is_wrapping(const struct rule_subject *subject, struct rule_finding *finding)
{
	const struct range *range = wraps(subject->source) ? subject->source : subject->iova;

	if (!subject->source)
		return APPLIES_UNKNOWN;
	if (!wraps(range))
		return APPLIES_NO;
	return found(finding, "0x%llx+0x%llx", (unsigned long long)range->offset,
		     (unsigned long long)range->length);
}

static enum applies is_beyond(const struct rule_subject *subject, struct rule_finding *finding)
{
	const struct range *source = subject->source;

	if (!source || !subject->dmabuf)
		return APPLIES_UNKNOWN;
	if (source->offset + source->length <= subject->dmabuf->size)
		return APPLIES_NO;
	return found(finding, "0x%llx+0x%llx of %s, which has 0x%llx bytes",
		     (unsigned long long)source->offset, (unsigned long long)source->length,
		     subject->dmabuf->name, (unsigned long long)subject->dmabuf->size);
}

static enum applies is_part(const struct rule_subject *subject, struct rule_finding *finding)
{
	const struct range *source = subject->source;

	if (!source || !subject->dmabuf || !subject->importer)
		return APPLIES_UNKNOWN;
	if (subject->iova)
		return found(finding, "--iova 0x%llx", (unsigned long long)subject->iova->offset);
	if (!source->offset && source->length == subject->dmabuf->size)
		return APPLIES_NO;
	return found(finding, "0x%llx+0x%llx of %s, which has 0x%llx bytes",
		     (unsigned long long)source->offset, (unsigned long long)source->length,
		     subject->dmabuf->name, (unsigned long long)subject->dmabuf->size);
}

static enum applies lacks_importer(const struct rule_subject *subject, struct rule_finding *finding)
{
	(void)subject;
	(void)finding;
	return applies_if(module_get_state(ATTACHMENT_DRIVER) == MODULE_MISSING);
}

static enum applies has_other_driver(const struct rule_subject *subject,
				     struct rule_finding *finding)
{
	const struct pci_device *pci = subject->pci;

	if (!pci)
		return APPLIES_UNKNOWN;
	if (!strcmp(pci->driver, ATTACHMENT_DRIVER))
		return APPLIES_NO;
	suggest(finding, "'dmabufctl bind --driver " ATTACHMENT_DRIVER " %s'", pci->name.bdf);
	return found(finding, "%s has %s", pci->name.bdf, *pci->driver ? pci->driver : "none");
}

/* VFIO's dma-bufs come and go with the device's memory. */
static enum applies never_lets_go(const struct rule_subject *subject, struct rule_finding *finding)
{
	if (!subject->promise)
		return APPLIES_UNKNOWN;
	if (strcmp(subject->promise, "pinned") && strcmp(subject->promise, "plain"))
		return APPLIES_NO;
	return found(finding, "a %s one never does", subject->promise);
}

static enum applies is_revocable(const struct rule_subject *subject, struct rule_finding *finding)
{
	(void)finding;
	return subject->promise ? applies_if(!strcmp(subject->promise, "revocable")) :
				  APPLIES_UNKNOWN;
}

static enum applies has_no_way(const struct rule_subject *subject, struct rule_finding *finding)
{
	const struct object *dmabuf = subject->dmabuf;

	if (!subject->pci || !dmabuf || !*dmabuf->device.bdf)
		return APPLIES_UNKNOWN;
	suggest(finding, "'dmabufctl topology %s %s'", subject->pci->name.bdf, dmabuf->device.bdf);
	return APPLIES_UNKNOWN;
}

static enum applies always(const struct rule_subject *subject, struct rule_finding *finding)
{
	(void)subject;
	(void)finding;
	return APPLIES_YES;
}

static enum applies lacks_verbs(const struct rule_subject *subject, struct rule_finding *finding)
{
	(void)subject;
	(void)finding;
	return applies_if(!rdma_is_available());
}

static enum applies lacks_rdma_device(const struct rule_subject *subject,
				      struct rule_finding *finding)
{
	if (!subject->target)
		return APPLIES_UNKNOWN;
	return rdma_exists(subject->target) ? APPLIES_NO : found(finding, "'%s'", subject->target);
}

static enum applies differs_within_page(const struct rule_subject *subject,
					struct rule_finding *finding)
{
	const uint64_t page = sysconf(_SC_PAGESIZE);

	if (!subject->source)
		return APPLIES_UNKNOWN;
	if (!subject->iova || subject->iova->offset % page == subject->source->offset % page)
		return APPLIES_NO;
	return found(finding, "offset 0x%llx, address 0x%llx, pages of %llu bytes",
		     (unsigned long long)subject->source->offset,
		     (unsigned long long)subject->iova->offset, (unsigned long long)page);
}

/* A driver of hardware may refuse for the exporter's sake. */
static enum applies is_software(const struct rule_subject *subject, struct rule_finding *finding)
{
	if (!subject->target)
		return APPLIES_UNKNOWN;
	if (!rdma_is_software(subject->target))
		return APPLIES_UNKNOWN;
	return found(finding, "%s is software, and its copies are the processor's",
		     subject->target);
}

static int try_import(int dmabuf)
{
	auto_close int iommufd = iommufd_open();

	return iommufd < 0 ? iommufd : iommufd_try_import(iommufd, dmabuf);
}

static enum applies lacks_map_file(const struct rule_subject *subject, struct rule_finding *finding)
{
	auto_close int iommufd = iommufd_open();

	(void)subject;
	(void)finding;
	if (iommufd < 0)
		return APPLIES_UNKNOWN;
	return applies_if(iommufd_try_import(iommufd, -1) == -ENOTTY);
}

/*
 * A kernel that knows dma-bufs refuses this one as not VFIO's (EOPNOTSUPP); one that takes
 * them for plain files cannot pin its pages (EINVAL).
 */
static enum applies lacks_dmabufs(const struct rule_subject *subject, struct rule_finding *finding)
{
	auto_close int dmabuf = dmabuf_make_udmabuf(sysconf(_SC_PAGESIZE));
	int rc = dmabuf < 0 ? dmabuf : try_import(dmabuf);

	(void)subject;
	if (dmabuf == -EACCES || dmabuf == -EPERM) {
		suggest(finding, "run as root, or give yourself " UDMABUF_PATH);
		found(finding, "IOMMU_IOAS_MAP_FILE is there; no permission to open " UDMABUF_PATH
			       ", to try it with a dma-buf");
	} else if (dmabuf < 0) {
		suggest(finding, "modprobe udmabuf; Linux 6.19 and later import dma-bufs");
		found(finding, "IOMMU_IOAS_MAP_FILE is there; no " UDMABUF_PATH " to try it with");
	}
	return rc == -EOPNOTSUPP ? APPLIES_NO : rc == -EINVAL ? APPLIES_YES : APPLIES_UNKNOWN;
}

const struct rule import_rules[] = {
	{ .id = "import-importer",
	  .error = ENOTTY,
	  .during = "import",
	  .sentence = "the driver dmabufctl-importer is neither built in nor among the modules",
	  .function = "importer_probe",
	  .file = "kernel/importer/main.c",
	  .since = "all Linux, as the module is not part of it",
	  .importer = "device",
	  .remedy = "build it from kernel/importer: 'make -C /lib/modules/$(uname -r)/build "
		    "M=$PWD/kernel/importer modules modules_install'",
	  .refusal = REFUSAL_UNSUPPORTED,
	  .foreseen = true,
	  .applies = lacks_importer },
	{ .id = "import-driver",
	  .error = ENOTTY,
	  .during = "import",
	  .sentence = "the device's driver is not " ATTACHMENT_DRIVER,
	  .function = "importer_probe",
	  .file = "kernel/importer/main.c",
	  .since = "all Linux, as the module is not part of it",
	  .importer = "device",
	  .remedy = "give it that driver with 'dmabufctl bind --driver " ATTACHMENT_DRIVER "'",
	  .refusal = REFUSAL_FAILED,
	  .foreseen = true,
	  .applies = has_other_driver },
	{ .id = "import-part",
	  .error = EINVAL,
	  .during = "import",
	  .sentence = "the DMA API maps all of a dma-buf, where it likes",
	  .function = "dma_buf_map_attachment",
	  .file = "drivers/dma-buf/dma-buf.c",
	  .since = ANY,
	  .importer = "device",
	  .remedy = "leave --offset, --length and --iova out, or export a smaller part",
	  .foreseen = true,
	  .applies = is_part },
	{ .id = "import-revoked",
	  .error = ENODEV,
	  .during = "import recover",
	  .sentence = "the dma-buf is revoked",
	  .function = "vfio_pci_dma_buf_attach",
	  .file = VFIO_DMABUF,
	  .since = SINCE_REVOKE,
	  .remedy = "bring the exporter back ('status' says whether it can), or export again",
	  .refusal = REFUSAL_REVOKED,
	  .each = EACH_DMABUF,
	  .certain = true,
	  .applies = is_revoked },
	{ .id = "import-promise",
	  .error = EOPNOTSUPP,
	  .during = "import",
	  .sentence = "the exporter takes importers only that let go when they are told to",
	  .function = "vfio_pci_dma_buf_attach",
	  .file = VFIO_DMABUF,
	  .since = SINCE_EXPORT,
	  .importer = "device",
	  .remedy = "give --as dynamic or --as revocable",
	  .each = EACH_DMABUF,
	  .applies = never_lets_go },
	{ .id = "import-pin",
	  .error = EOPNOTSUPP,
	  .during = "import",
	  .sentence = "the exporter cannot be pinned",
	  .function = "dma_buf_pin",
	  .file = "drivers/dma-buf/dma-buf.c",
	  .since = "6.12 with kernel/linux-6.12/0004; later ones take revocable importers",
	  .importer = "device",
	  .remedy = "give --as dynamic",
	  .each = EACH_DMABUF,
	  .applies = is_revocable },
	{ .id = "import-route",
	  .error = EINVAL,
	  .during = "import",
	  .sentence = "the DMA API knows no way from the device to the exporter's memory",
	  .function = "dma_buf_phys_vec_to_sgt",
	  .file = "drivers/dma-buf/dma-buf-mapping.c",
	  .since = SINCE_EXPORT,
	  .importer = "device",
	  .remedy = "'dmabufctl topology' says how the two are connected",
	  .applies = has_no_way },
	{ .id = "import-linked",
	  .error = EADDRINUSE,
	  .during = "import",
	  .sentence = "the kernel maps each range of the dma-buf over the one before",
	  .function = "dma_buf_phys_vec_to_sgt",
	  .file = "drivers/dma-buf/dma-buf-mapping.c",
	  .since = "Linux 6.19 to any without kernel/linux-7.x/0003",
	  .importer = "device",
	  .remedy = "export each range as a dma-buf of its own",
	  .each = EACH_DMABUF,
	  .applies = has_ranges },
	{ .id = "import-verbs",
	  .error = ENOTTY,
	  .during = "import",
	  .sentence = "libibverbs, which registers memory regions, is not there",
	  .file = "libibverbs.so.1",
	  .since = ANY,
	  .importer = "rdma",
	  .remedy = "install libibverbs1 and its providers, and build dmabufctl --with-rdma",
	  .refusal = REFUSAL_UNSUPPORTED,
	  .foreseen = true,
	  .applies = lacks_verbs },
	{ .id = "import-rdma",
	  .error = ENOENT,
	  .during = "import",
	  .sentence = "there is no such RDMA device",
	  .file = "drivers/infiniband/core/device.c",
	  .since = ANY,
	  .importer = "rdma",
	  .remedy = "'ls " RDMA_CLASS "' lists them; 'modprobe ib_uverbs' when none can be opened",
	  .foreseen = true,
	  .applies = lacks_rdma_device },
	{ .id = "import-within-page",
	  .error = EINVAL,
	  .during = "import",
	  .sentence = "a memory region begins at the same place in a page as what is mapped",
	  .function = "UVERBS_METHOD_REG_DMABUF_MR",
	  .file = "drivers/infiniband/core/uverbs_std_types_mr.c",
	  .since = "Linux 5.12",
	  .importer = "rdma",
	  .remedy = "leave --iova out, or give one that ends with the same digits as --offset",
	  .foreseen = true,
	  .applies = differs_within_page },
	{ .id = "import-region",
	  .error = EOPNOTSUPP,
	  .during = "import",
	  .sentence = "the RDMA device's driver registers no dma-bufs",
	  .function = "UVERBS_METHOD_REG_DMABUF_MR",
	  .file = "drivers/infiniband/core/uverbs_std_types_mr.c",
	  .since = "Linux 5.12",
	  .importer = "rdma",
	  .remedy = "use an adapter that does DMA, such as those of mlx5, irdma, bnxt_re and efa",
	  .applies = is_software },
	{ .id = "import-again",
	  .error = EOPNOTSUPP,
	  .during = "recover",
	  .sentence = "a memory region is registered once",
	  .file = "drivers/infiniband/core/uverbs_std_types_mr.c",
	  .since = ANY,
	  .importer = "rdma",
	  .remedy = "unmap it, and import the dma-buf again; others have to be told its new rkey" },
	{ .id = "import-kvm",
	  .error = ENOTTY,
	  .during = "import",
	  .sentence = "no released kernel's KVM imports dma-bufs",
	  .file = "virt/kvm/kvm_main.c",
	  .since = ANY,
	  .importer = "kvm",
	  .remedy = "give the virtual machine an mmap() of the BAR as a memory slot, as VMMs do",
	  .refusal = REFUSAL_UNSUPPORTED,
	  .foreseen = true,
	  .applies = always },
	{ .id = "import-ranges",
	  .error = EOPNOTSUPP,
	  .during = "import",
	  .sentence = "the dma-buf has more than one range",
	  .function = "vfio_pci_dma_buf_iommufd_map",
	  .file = VFIO_DMABUF,
	  .since = SINCE_PHYS,
	  .importer = "iommufd",
	  .remedy = "export each range as a dma-buf of its own",
	  .each = EACH_DMABUF,
	  .applies = has_ranges },
	{ .id = "import-exporter",
	  .error = EOPNOTSUPP,
	  .during = "import",
	  .sentence = "the exporter is not VFIO",
	  .function = "sym_vfio_pci_dma_buf_iommufd_map",
	  .file = "drivers/iommu/iommufd/pages.c",
	  .since = SINCE_IMPORT,
	  .importer = "iommufd",
	  .remedy = "iommufd imports VFIO's dma-bufs only",
	  .each = EACH_DMABUF,
	  .applies = is_foreign },
	{ .id = "import-occupied",
	  .error = EEXIST,
	  .during = "import IOMMU_IOAS_MAP",
	  .sentence = "something is mapped in the IOVA range, a stale mapping too",
	  .function = "iopt_check_iova",
	  .file = IO_PAGETABLE,
	  .since = ANY,
	  .importer = "iommufd",
	  .remedy = "recover or unmap what is there, or choose another IOVA",
	  .each = EACH_MAPPING,
	  .certain = true,
	  .applies = is_occupied },
	{ .id = "import-reserved",
	  .error = EINVAL,
	  .during = "import IOMMU_IOAS_MAP",
	  .sentence = "the IOVA is reserved by the IOMMU of an attached device",
	  .function = "iopt_check_iova",
	  .file = IO_PAGETABLE,
	  .since = ANY,
	  .importer = "iommufd",
	  .remedy = "leave --iova out and let the kernel choose",
	  .applies = is_in_reserved },
	{ .id = "import-unreachable",
	  .error = EINVAL,
	  .during = "import IOMMU_IOAS_MAP",
	  .sentence = "the IOVA is beyond what the attached devices reach",
	  .function = "iopt_check_iova",
	  .file = IO_PAGETABLE,
	  .since = ANY,
	  .importer = "iommufd",
	  .remedy = "leave --iova out, or give a lower one",
	  .applies = is_unreachable },
	{ .id = "import-unaligned",
	  .error = EINVAL,
	  .during = "import IOMMU_IOAS_MAP",
	  .sentence = "offset, length and IOVA must be multiples of the page size",
	  .function = "iopt_check_iova_alignment",
	  .file = IO_PAGETABLE,
	  .since = ANY,
	  .remedy = "round them",
	  .foreseen = true,
	  .applies = is_unaligned },
	{ .id = "import-empty",
	  .error = EINVAL,
	  .during = "import",
	  .sentence = "the length is 0",
	  .function = "iopt_map_file_pages",
	  .file = IO_PAGETABLE,
	  .since = SINCE_MAP_FILE,
	  .remedy = "leave --length out to map all the rest",
	  .foreseen = true,
	  .applies = is_empty },
	{ .id = "import-wraps",
	  .error = EOVERFLOW,
	  .during = "import",
	  .sentence = "IOVA or offset wraps around",
	  .function = "iopt_map_file_pages",
	  .file = IO_PAGETABLE,
	  .since = SINCE_MAP_FILE,
	  .remedy = "use lower numbers",
	  .foreseen = true,
	  .applies = is_wrapping },
	{ .id = "import-beyond",
	  .error = EINVAL,
	  .during = "import",
	  .sentence = "offset and length reach beyond the dma-buf",
	  .function = "iopt_alloc_dmabuf_pages",
	  .file = "drivers/iommu/iommufd/pages.c",
	  .since = SINCE_IMPORT,
	  .remedy = "give a smaller --offset or --length",
	  .foreseen = true,
	  .applies = is_beyond },
	{ .id = "import-full",
	  .error = ENOSPC,
	  .during = "import IOMMU_IOAS_MAP",
	  .sentence = "no free IOVA range is large enough",
	  .function = "iopt_alloc_iova",
	  .file = IO_PAGETABLE,
	  .since = ANY,
	  .importer = "iommufd",
	  .remedy = "unmap something, or use an IOAS of its own" },
	{ .id = "import-memory",
	  .error = EINVAL,
	  .during = "import",
	  .sentence = "IOMMU_IOAS_MAP_FILE takes memory files only",
	  .function = "pin_memfd_pages",
	  .file = "drivers/iommu/iommufd/pages.c",
	  .since = "Linux 6.13 to 6.18",
	  .importer = "iommufd",
	  .remedy = "use Linux 6.19 or later",
	  .applies = lacks_dmabufs },
	{ .id = "import-map-file",
	  .error = ENOTTY,
	  .during = "import",
	  .sentence = "iommufd has no IOMMU_IOAS_MAP_FILE",
	  .function = "iommufd_fops_ioctl",
	  .file = "drivers/iommu/iommufd/main.c",
	  .since = "all Linux before 6.13, but 6.12 with kernel/linux-6.12/0008",
	  .importer = "iommufd",
	  .remedy = "use Linux 6.19 or later",
	  .certain = true,
	  .applies = lacks_map_file },
	{ 0 },
};
