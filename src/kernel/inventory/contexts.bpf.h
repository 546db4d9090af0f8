/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Notes what iommufd has on record: the devices, IOASes and mappings of a context
 * (drivers/iommu/iommufd). No lock is taken, so anything may change or go meanwhile. Reading is
 * safe all the same, and ends. A record is believed when what it points to points back, and when it
 * is the same once all is read.
 */
#ifndef DMABUFCTL_KERNEL_INVENTORY_CONTEXTS_BPF_H
#define DMABUFCTL_KERNEL_INVENTORY_CONTEXTS_BPF_H

#define OBJECTS_MAX (1 << 20) /* steps through the IDs of a context */
#define AREAS_MAX (1 << 22)   /* steps through the mappings of an IOAS */
#define XARRAY_LEVELS 11
#define ATTEMPTS 3

#define IOMMU_READ 1 /* include/linux/iommu.h */
#define IOMMU_WRITE 2

static bool is_series(void)
{
	return bpf_core_type_exists(struct iopt_dmabuf);
}

static enum survey_layout iommufd_layout(void)
{
	if (!bpf_core_type_exists(struct iommufd_ctx) || !bpf_core_type_exists(struct iopt_pages))
		return LAYOUT_ABSENT;
	if (!bpf_core_field_exists(struct iommufd_ctx, objects) ||
	    !bpf_core_field_exists(struct iommufd_ctx, file) ||
	    !bpf_core_field_exists(struct iommufd_ioas, iopt) ||
	    !bpf_core_field_exists(struct io_pagetable, area_itree) ||
	    !bpf_core_field_exists(struct iopt_area, iommu_prot) ||
	    !bpf_core_field_exists(struct iopt_area, page_offset) ||
	    !bpf_core_field_exists(struct iopt_area, pages_node))
		return LAYOUT_UNKNOWN;
	if (is_mainline())
		return bpf_core_field_exists(struct iopt_pages, dmabuf) &&
				       bpf_core_field_exists(struct iopt_pages, type) &&
				       bpf_core_field_exists(struct iopt_pages_dmabuf, tracker) &&
				       bpf_core_field_exists(struct iopt_pages_dmabuf, start) ?
			       LAYOUT_KNOWN :
			       LAYOUT_UNKNOWN;
	/* Else there must be no dma-bufs in it. */
	return is_series() || !bpf_core_field_exists(struct iopt_pages, dmabuf) ? LAYOUT_KNOWN :
										  LAYOUT_UNKNOWN;
}

/* A place in an XArray (lib/xarray.c). */
struct entries {
	void *head;
	__u64 index;
	bool end;
};

static bool is_xarray_node(const void *entry)
{
	return ((__u64)entry & 3) == 2 && (__u64)entry > 4096;
}

/* What stands at the index, which moves on to the next where something may; 0 for nothing. */
verified_once __u64 next_entry(struct entries *entries)
{
	const __u64 slots = bpf_core_field_size(struct xa_node, slots) / sizeof(void *);
	void *entry = entries ? entries->head : NULL;
	__u8 shift = 0;

	if (!entries)
		return 0;
	if (!is_xarray_node(entry)) {
		entries->end = true;
		return entries->index ? 0 : (__u64)entry;
	}
	for (int level = 0; level < XARRAY_LEVELS && is_xarray_node(entry); level++) {
		struct xa_node *node = entry - 2;
		__u64 slot;

		shift = BPF_CORE_READ(node, shift) & 63;
		slot = entries->index >> shift;
		if (!level && slot >= slots) {
			entries->end = true;
			return 0;
		}
		entry = NULL;
		bpf_probe_read_kernel(&entry, sizeof(entry),
				      (void *)address_of(node, slots) +
					      (slot & (slots - 1)) * sizeof(void *));
	}
	entries->index = ((entries->index >> shift) + 1) << shift;
	return (__u64)entry & 3 ? 0 : (__u64)entry; /* a value, or reserved */
}

static __u32 id_of_ioas(struct iommufd_hw_pagetable *hwpt)
{
	enum iommufd_object_type type = BPF_CORE_READ(hwpt, obj.type);
	struct iommufd_hwpt_paging *paging = NULL;

	if (type == bpf_core_enum_value(enum iommufd_object_type, IOMMUFD_OBJ_HWPT_PAGING))
		paging = object_of(hwpt, struct iommufd_hwpt_paging, common);
	else if (type == bpf_core_enum_value(enum iommufd_object_type, IOMMUFD_OBJ_HWPT_NESTED))
		paging = BPF_CORE_READ(object_of(hwpt, struct iommufd_hwpt_nested, common), parent);
	return BPF_CORE_READ(paging, ioas, obj.id);
}

/* What the device is attached to without a PASID; NULL for nothing. */
static struct iommufd_hw_pagetable *find_hwpt(struct iommufd_device *device, __u32 id)
{
	struct iommufd_group *group = BPF_CORE_READ(device, igroup);
	struct list_head item;

	if (bpf_core_field_exists(struct iommufd_group, pasid_attach)) {
		struct entries attached = { .head = BPF_CORE_READ(group, pasid_attach.xa_head) };
		struct iommufd_attach *attach = (void *)next_entry(&attached);
		struct entries devices = { .head = BPF_CORE_READ(attach, device_array.xa_head),
					   .index = id };

		return next_entry(&devices) == (__u64)device ? BPF_CORE_READ(attach, hwpt) : NULL;
	}
	/* On the list of those that are. */
	bpf_probe_read_kernel(&item, sizeof(item), address_of(device, group_item));
	bpf_probe_read_kernel(&item, sizeof(item), item.next);
	return item.prev == address_of(device, group_item) ?
		       BPF_CORE_READ((struct iommufd_group___one *)group, hwpt) :
		       NULL;
}

verified_once int note_device(__u64 context, __u64 address, __u32 id)
{
	struct iommufd_device *device = (void *)address;
	struct survey_record *record;
	__u32 ioas;

	if ((__u64)BPF_CORE_READ(device, ictx) != context)
		return 0;
	ioas = id_of_ioas(find_hwpt(device, id));
	record = draft(SURVEY_DEVICE);
	record->device.id = id;
	record->device.ioas = ioas;
	read_name(record->device.name, sizeof(record->device.name), BPF_CORE_READ(device, dev));
	note(record);
	return 0;
}

/* The domains that translate an area of a dma-buf. */
struct translations {
	struct list_head *head, *at;
	struct iopt_area *area;
	__u32 count;
};

static long count_domain(__u32 index, struct translations *translations)
{
	struct list_head *at = translations->at;

	(void)index;
	if (!at || at == translations->head)
		return 1;
	translations->count += area_at(at) == translations->area;
	translations->at = NULL;
	bpf_probe_read_kernel(&translations->at, sizeof(at), &at->next);
	return 0;
}

verified_once __u32 count_domains(__u64 area, __u64 list)
{
	struct list_head *head = (void *)list;
	struct translations translations = { .head = head, .area = (void *)area };

	bpf_probe_read_kernel(&translations.at, sizeof(head), &head->next);
	bpf_loop(DOMAINS_MAX, count_domain, &translations, 0);
	return translations.count;
}

/* NULL for an area of memory. */
static struct dma_buf_attachment *attachment_of(struct iopt_pages *pages)
{
	if (is_series())
		return BPF_CORE_READ((struct iopt_pages___series *)pages, dmabuf, attach);
	return is_mainline() && BPF_CORE_READ(pages, type) ==
					bpf_core_enum_value(enum iopt_address_type,
							    IOPT_ADDRESS_DMABUF) ?
		       BPF_CORE_READ(pages, dmabuf.attach) :
		       NULL;
}

/* What is only known of a dma-buf's pages. */
static void read_pages(struct iopt_area *area, struct iopt_pages *pages,
		       struct survey_mapping *mapping)
{
	mapping->offset = is_mainline() ?
				  BPF_CORE_READ(pages, dmabuf.start) :
				  (__u64)BPF_CORE_READ((struct iopt_pages___series *)pages, uptr) &
					  ~(__u64)(settings.page_size - 1);
	mapping->revoked = is_revoked(pages);
	mapping->domains = count_domains((__u64)area, (__u64)domains_of(pages));
	mapping->offset += BPF_CORE_READ(area, pages_node.start) * settings.page_size +
			   BPF_CORE_READ(area, page_offset);
	mapping->pid = BPF_CORE_READ(pages, source_task, tgid);
}

static bool is_unchanged(struct io_pagetable *iopt, struct iopt_area *area,
			 struct iopt_pages *pages, const struct survey_mapping *mapping)
{
	return BPF_CORE_READ(area, iopt) == iopt && BPF_CORE_READ(area, pages) == pages &&
	       BPF_CORE_READ(area, node.start) == mapping->iova &&
	       BPF_CORE_READ(area, node.last) == mapping->iova + mapping->length - 1;
}

/* Memory has no attachment. */
static bool points_back(struct iopt_pages *pages, struct dma_buf_attachment *attachment)
{
	return !attachment || BPF_CORE_READ(attachment, importer_priv) == pages;
}

/* Whether what was read adds up. */
verified_once int visit_area(__u64 table, __u64 address, __u32 ioas)
{
	struct io_pagetable *iopt = (void *)table;
	struct iopt_area *area = (void *)address;
	struct iopt_pages *pages = BPF_CORE_READ(area, pages);
	struct dma_buf_attachment *attachment = attachment_of(pages);
	struct dma_buf *dmabuf = BPF_CORE_READ(attachment, dmabuf);
	struct survey_record *record = draft(SURVEY_MAPPING);
	struct survey_mapping *mapping = &record->mapping;
	int prot = BPF_CORE_READ(area, iommu_prot);

	if (!pages) /* being mapped, or unmapped */
		return true;
	mapping->ioas = ioas;
	mapping->iova = BPF_CORE_READ(area, node.start);
	mapping->length = BPF_CORE_READ(area, node.last) - mapping->iova + 1;
	mapping->readable = !!(prot & IOMMU_READ);
	mapping->writable = !!(prot & IOMMU_WRITE);
	if (attachment) {
		read_pages(area, pages, mapping);
		mapping->inode = BPF_CORE_READ(dmabuf, file, f_inode, i_ino);
	}
	if (!points_back(pages, attachment) || !is_unchanged(iopt, area, pages, mapping))
		return false;
	if (!attachment) {
		result.memory++;
		result.bytes += mapping->length;
		return true;
	}
	note(record);
	if (is_new(dmabuf))
		note_export((__u64)dmabuf);
	return true;
}

/* A walk over the areas of an IOAS, in the order of their addresses. */
struct areas {
	struct io_pagetable *iopt;
	struct rb_node *node, *from; /* from: NULL when it is entered from above */
	bool whole;		     /* nothing changed meanwhile, as far as can be seen */
	__u32 ioas;
};

static void go(struct areas *areas, struct rb_node *node, struct rb_node *from)
{
	areas->node = node;
	areas->from = from;
}

static long step_areas(__u32 index, struct areas *areas)
{
	struct rb_node *node = areas->node, read = { 0 };
	struct interval_tree_node *interval = object_of(node, struct interval_tree_node, rb);
	bool entered = !areas->from;

	(void)index;
	if (!node)
		return 1;
	bpf_probe_read_kernel(&read, sizeof(read), node);
	if (entered && read.left) {
		go(areas, read.left, NULL);
		return 0;
	}
	if (entered || areas->from == read.left) {
		if (!visit_area((__u64)areas->iopt,
				(__u64)object_of(interval, struct iopt_area, node), areas->ioas))
			areas->whole = false;
		if (read.right) {
			go(areas, read.right, NULL);
			return 0;
		}
	} else if (areas->from != read.right) {
		areas->whole = false; /* it was turned meanwhile */
		return 1;
	}
	go(areas, (struct rb_node *)(read.parent_and_color & ~3ul), node);
	return 0;
}

static __always_inline bool walk_areas(struct areas *areas)
{
	struct io_pagetable *iopt = areas->iopt;

	go(areas, BPF_CORE_READ(iopt, area_itree.rb_root.rb_node), NULL);
	areas->whole = true;
	result.memory = result.bytes = 0;
	bpf_loop(AREAS_MAX, step_areas, areas, 0);
	return areas->whole && !areas->node;
}

verified_once int note_ioas(__u64 address, __u32 id)
{
	struct iommufd_ioas *ioas = (void *)address;
	struct areas areas = { .iopt = address_of(ioas, iopt), .ioas = id };
	struct survey_record *record;
	bool whole = false;
	__u32 first = 0;

	for (int attempt = 0; attempt < ATTEMPTS && !whole; attempt++) {
		first = result.noted;
		whole = walk_areas(&areas);
	}
	record = draft(SURVEY_IOAS);
	record->ioas.id = id;
	record->ioas.torn = !whole;
	record->ioas.first = first;
	record->ioas.memory = result.memory;
	record->ioas.bytes = result.bytes;
	note(record);
	return 0;
}

struct objects {
	struct entries entries;
	struct iommufd_ctx *context;
};

static long step_objects(__u32 index, struct objects *objects)
{
	__u32 id = objects->entries.index;
	struct iommufd_object *object;
	enum iommufd_object_type type;

	(void)index;
	if (objects->entries.end)
		return 1;
	object = (void *)next_entry(&objects->entries);
	if (!object || BPF_CORE_READ(object, id) != id)
		return 0;
	type = BPF_CORE_READ(object, type);
	if (type == bpf_core_enum_value(enum iommufd_object_type, IOMMUFD_OBJ_DEVICE))
		note_device((__u64)objects->context,
			    (__u64)object_of(object, struct iommufd_device, obj), id);
	else if (type == bpf_core_enum_value(enum iommufd_object_type, IOMMUFD_OBJ_IOAS))
		note_ioas((__u64)object_of(object, struct iommufd_ioas, obj), id);
	return 0;
}

/* Of a context that stays meanwhile, as somebody has its file open. */
static __always_inline void note_context(struct iommufd_ctx *context)
{
	struct objects objects = { .entries.head = BPF_CORE_READ(context, objects.xa_head),
				   .context = context };
	struct survey_record *record;

	bpf_loop(OBJECTS_MAX, step_objects, &objects, 0);
	record = draft(SURVEY_CONTEXT);
	record->context.address = (__u64)context;
	note(record);
}

#endif
