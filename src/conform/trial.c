// SPDX-License-Identifier: GPL-2.0-only
#include "conform/trial.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "initiator/initiator.h"
#include "kernel/iommufd.h"
#include "kernel/sys.h"
#include "kernel/vfio.h"
#include "uapi/iommufd.h"

/* What a case has made. */
struct made {
	enum { MADE_FD, MADE_OBJECT, MADE_ATTACHMENT } kind;
	int fd;
	uint32_t id;
	uint32_t ioas; /* of the page table, or that the device is attached to */
	struct made *next;
};

/* The message of a function that takes one; each of them ends its own list. */
#define format_message(text, format)                           \
	do {                                                   \
		va_list values;                                \
		va_start(values, format);                      \
		vsnprintf(text, sizeof(text), format, values); \
		va_end(values);                                \
	} while (0)

void trial_fail(struct trial *trial, const char *format, ...)
{
	char seen[CONFORM_SEEN];

	format_message(seen, format);
	trial_report(trial, CONFORM_FAILED, seen);
	_exit(0);
}

void trial_skip(struct trial *trial, const char *format, ...)
{
	char seen[CONFORM_SEEN];

	format_message(seen, format);
	trial_report(trial, CONFORM_SKIPPED, seen);
	_exit(0);
}

void expect(struct trial *trial, bool met, const char *format, ...)
{
	char what[CONFORM_SEEN];

	if (met)
		return;
	format_message(what, format);
	trial_fail(trial, "not so: %s", what);
}

static const char *error_name(int rc)
{
	return rc < 0 ? strerrorname_np(-rc) : "success";
}

int expect_error(struct trial *trial, int rc, int error, const char *format, ...)
{
	char call[CONFORM_SEEN / 2];

	if (error ? rc == -error : rc >= 0)
		return rc;
	format_message(call, format);
	trial_fail(trial, "%s: %s, where %s was expected", call, error_name(rc),
		   error ? strerrorname_np(error) : "success");
}

static struct made *add_made(struct trial *trial)
{
	struct made *made = calloc(1, sizeof(*made));

	if (!made)
		trial_skip(trial, "out of memory");
	made->next = trial->made;
	trial->made = made;
	return made;
}

int keep_fd(struct trial *trial, int fd, const char *format, ...)
{
	char call[CONFORM_SEEN / 2];

	format_message(call, format);
	expect_done(trial, fd, "%s", call);
	*add_made(trial) = (struct made){ .kind = MADE_FD, .fd = fd, .next = trial->made->next };
	return fd;
}

static int undo(struct trial *trial, struct made *made)
{
	switch (made->kind) {
	case MADE_FD:
		sys_close(made->fd);
		return 0;
	case MADE_OBJECT:
		return iommufd_destroy(trial->iommufd, made->id);
	case MADE_ATTACHMENT:
		return vfio_detach(made->fd);
	}
	return 0;
}

/* What went with what it belonged to needs no undoing. */
static void drop(struct made **link)
{
	struct made *made = *link;

	*link = made->next;
	free(made);
}

/* Undoes it now, and takes it off the list. */
static int take_back(struct trial *trial, struct made **link)
{
	int rc = undo(trial, *link);

	drop(link);
	return rc;
}

static struct made **find_made(struct trial *trial, int kind, int fd, uint32_t id)
{
	struct made **link = &trial->made;

	while (*link && ((int)(*link)->kind != kind || (*link)->fd != fd || (*link)->id != id))
		link = &(*link)->next;
	return *link ? link : NULL;
}

void close_fd(struct trial *trial, int fd)
{
	struct made **link = find_made(trial, MADE_FD, fd, 0);

	if (link)
		take_back(trial, link);
}

int the_iommufd(struct trial *trial)
{
	if (trial->iommufd < 0)
		trial->iommufd = iommufd_open();
	return expect_done(trial, trial->iommufd, "opening " IOMMUFD_PATH);
}

/* Its node is another one each time it gets its driver. */
static int open_device(struct trial *trial, const struct pci_name *name, int *fd, uint32_t *id)
{
	struct pci_device pci;

	if (*fd < 0) {
		expect_done(trial, pci_get(name, &pci), "looking at %s", name->bdf);
		*fd = vfio_open(pci.cdev, the_iommufd(trial), id);
	}
	return expect_done(trial, *fd, "opening %s", name->bdf);
}

int the_exporter(struct trial *trial)
{
	return open_device(trial, &trial->setup->exporter->name, &trial->exporter,
			   &trial->exporter_id);
}

int the_importer(struct trial *trial)
{
	return open_device(trial, &trial->setup->importer->name, &trial->importer,
			   &trial->importer_id);
}

int any_device(struct trial *trial)
{
	return trial->setup->importer ? the_importer(trial) : the_exporter(trial);
}

uint32_t any_device_id(struct trial *trial)
{
	any_device(trial);
	return trial->setup->importer ? trial->importer_id : trial->exporter_id;
}

const struct pci_device *any_pci(const struct trial *trial)
{
	return trial->setup->importer ? trial->setup->importer : trial->setup->exporter;
}

static void close_device(struct trial *trial, int *fd)
{
	struct made **link = find_made(trial, MADE_ATTACHMENT, *fd, 0);

	if (*fd < 0)
		return;
	if (link)
		drop(link);
	sys_close(*fd);
	*fd = -1;
}

void close_exporter(struct trial *trial)
{
	close_device(trial, &trial->exporter);
}

void close_importer(struct trial *trial)
{
	close_device(trial, &trial->importer);
}

/* Its objects go with it, once the devices are closed too. */
void close_iommufd(struct trial *trial)
{
	for (struct made **link = &trial->made; *link;)
		if ((*link)->kind == MADE_OBJECT)
			drop(link);
		else
			link = &(*link)->next;
	if (trial->iommufd >= 0)
		sys_close(trial->iommufd);
	trial->iommufd = -1;
}

struct range whole(const struct trial *trial)
{
	return (struct range){ .length = trial->setup->size };
}

struct range pages(struct trial *trial, uint64_t first, uint64_t count)
{
	if ((first + count) * PAGE > trial->setup->size)
		trial_skip(trial, "BAR %u has %llu pages, and %llu are wanted", trial->setup->bar,
			   (unsigned long long)(trial->setup->size / PAGE),
			   (unsigned long long)(first + count));
	return (struct range){ .offset = first * PAGE, .length = count * PAGE };
}

int new_dmabuf(struct trial *trial, struct range part)
{
	int fd = vfio_export(the_exporter(trial), trial->setup->bar, &part, 1);

	return keep_fd(trial, fd, "exporting 0x%llx+0x%llx of BAR %u",
		       (unsigned long long)part.offset, (unsigned long long)part.length,
		       trial->setup->bar);
}

int whole_dmabuf(struct trial *trial)
{
	if (trial->setup->exporter)
		return new_dmabuf(trial, whole(trial));
	return keep_fd(trial, fcntl(trial->setup->dmabuf, F_DUPFD_CLOEXEC, 0),
		       "a copy of the dma-buf's fd");
}

static uint32_t keep_object(struct trial *trial, uint32_t id, uint32_t ioas)
{
	*add_made(trial) = (struct made){
		.kind = MADE_OBJECT, .id = id, .ioas = ioas, .next = trial->made->next
	};
	return id;
}

uint32_t new_ioas(struct trial *trial)
{
	uint32_t id;

	expect_done(trial, iommufd_alloc_ioas(the_iommufd(trial), &id), "IOMMU_IOAS_ALLOC");
	return keep_object(trial, id, id);
}

/*
 * Whether a page table translates anything before a device is attached to it: there are drivers
 * that finish it only then (virtio-iommu's in Linux 6.12), and leave its IOAS without an IOVA.
 */
static void check_hwpts(struct trial *trial, uint32_t device)
{
	uint32_t ioas = new_ioas(trial), hwpt;
	struct range *ranges;
	unsigned count;
	bool room = false;

	if (iommufd_alloc_hwpt(the_iommufd(trial), device, ioas, 0, &hwpt)) {
		destroy(trial, ioas);
		return;
	}
	keep_object(trial, hwpt, ioas);
	if (!iommufd_iova_ranges(the_iommufd(trial), ioas, &ranges, &count)) {
		room = count && range_last(ranges[count - 1]) >= PAGE;
		free(ranges);
	}
	if (!room)
		trial_skip(trial, "the IOMMU's driver makes no page table before a device is "
				  "attached");
	destroy(trial, hwpt);
	destroy(trial, ioas);
}

uint32_t new_hwpt(struct trial *trial, uint32_t device, uint32_t ioas, unsigned flags)
{
	uint32_t id;
	int rc;

	check_hwpts(trial, device);
	rc = iommufd_alloc_hwpt(the_iommufd(trial), device, ioas, flags, &id);
	if (rc == -EOPNOTSUPP && flags)
		trial_skip(trial, "the IOMMU has no page table of that kind (flags 0x%x)", flags);
	expect_done(trial, rc, "IOMMU_HWPT_ALLOC {flags 0x%x}", flags);
	return keep_object(trial, id, ioas);
}

void destroy(struct trial *trial, uint32_t id)
{
	struct made **link = find_made(trial, MADE_OBJECT, 0, id);

	if (link)
		expect_done(trial, take_back(trial, link), "IOMMU_DESTROY");
}

void attach(struct trial *trial, int device, uint32_t ioas)
{
	struct made **object = find_made(trial, MADE_OBJECT, 0, ioas);
	const uint32_t of = object ? (*object)->ioas : 0;
	struct made **attachment = find_made(trial, MADE_ATTACHMENT, device, 0);

	if (attachment) /* its new page table is made while it has the old one */
		check_hwpts(trial,
			    device == trial->exporter ? trial->exporter_id : trial->importer_id);
	expect_done(trial, vfio_attach(device, ioas), "VFIO_DEVICE_ATTACH_IOMMUFD_PT");
	if (!attachment) {
		*add_made(trial) = (struct made){ .kind = MADE_ATTACHMENT,
						  .fd = device,
						  .next = trial->made->next };
		attachment = &trial->made;
	}
	(*attachment)->ioas = of;
}

void detach(struct trial *trial, int device)
{
	struct made **link = find_made(trial, MADE_ATTACHMENT, device, 0);

	if (link)
		expect_done(trial, take_back(trial, link), "VFIO_DEVICE_DETACH_IOMMUFD_PT");
}

int try_import(struct trial *trial, uint32_t ioas, int dmabuf, struct range source, unsigned prot)
{
	uint64_t iova = 0;

	return iommufd_map_file(the_iommufd(trial), ioas, dmabuf, source, prot, false, &iova);
}

uint64_t import(struct trial *trial, uint32_t ioas, int dmabuf, uint64_t length)
{
	const struct range source = { .length = length };
	uint64_t iova = 0;

	expect_done(trial,
		    iommufd_map_file(the_iommufd(trial), ioas, dmabuf, source,
				     IOMMUFD_READ | IOMMUFD_WRITE, false, &iova),
		    "IOMMU_IOAS_MAP_FILE of 0x%llx bytes", (unsigned long long)length);
	return iova;
}

uint64_t copy(struct trial *trial, uint32_t from, struct range iova, uint32_t to)
{
	struct iommu_ioas_copy copy = {
		.size = sizeof(copy),
		.flags = IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE,
		.dst_ioas_id = to,
		.src_ioas_id = from,
		.length = iova.length,
		.src_iova = iova.offset,
	};

	expect_done(trial,
		    sys_ioctl(the_iommufd(trial), "IOMMU_IOAS_COPY", IOMMU_IOAS_COPY, &copy,
			      "{0x%llx+0x%llx}", (unsigned long long)iova.offset,
			      (unsigned long long)iova.length),
		    "IOMMU_IOAS_COPY");
	return copy.dst_iova;
}

void unmap(struct trial *trial, uint32_t ioas, struct range iova)
{
	expect_done(trial, iommufd_unmap(the_iommufd(trial), ioas, iova), "IOMMU_IOAS_UNMAP");
}

static bool can_import(struct trial *trial)
{
	auto_close int dmabuf = trial->setup->exporter ?
					vfio_export(the_exporter(trial), trial->setup->bar,
						    &(struct range){ .length = PAGE }, 1) :
					fcntl(trial->setup->dmabuf, F_DUPFD_CLOEXEC, 0);

	return dmabuf >= 0 && !iommufd_try_import(the_iommufd(trial), dmabuf);
}

static bool imports_work(struct trial *trial)
{
	if (!trial->imports_tried)
		trial->imports = can_import(trial);
	trial->imports_tried = true;
	return trial->imports;
}

bool attached_ioas(struct trial *trial, int device, uint32_t *ioas)
{
	struct made **attachment = find_made(trial, MADE_ATTACHMENT, device, 0);

	if (attachment)
		*ioas = (*attachment)->ioas;
	return attachment != NULL;
}

void trial_begin(struct trial *trial, const struct conform_setup *setup, void *link)
{
	*trial = (struct trial){
		.setup = setup,
		.iommufd = -1,
		.exporter = -1,
		.importer = -1,
		.link = link,
	};
}

/* What a case needs and this trial has not; NULL: nothing. */
static const char *missing(struct trial *trial, unsigned needs)
{
	const struct conform_setup *setup = trial->setup;

	if (needs & (NEEDS_EXPORTER | NEEDS_DATA) && !setup->exporter)
		return "there is no exporter with vfio-pci, only a dma-buf";
	if (needs & (NEEDS_IMPORTER | NEEDS_DATA) && !setup->importer)
		return "no second device with vfio-pci is named (--importer)";
	if (needs & NEEDS_DMA_IMPORTER && !setup->dma_importer)
		return "no device with dmabufctl-importer is named (--importer)";
	if (needs & NEEDS_DATA && !setup->exporter->bars[setup->bar].prefetchable)
		return "the BAR is not prefetchable: access could have effects";
	if (needs & NEEDS_DATA && !initiator_find(setup->importer))
		return "nothing here can make the importer do DMA";
	if (needs & NEEDS_IMPORTS && !imports_work(trial))
		return "this kernel does not import the dma-buf into iommufd";
	return NULL;
}

void trial_run(struct trial *trial, const struct conform_case *conform_case)
{
	const char *without = missing(trial, conform_case->traits);

	trial->conform_case = conform_case;
	if (without) {
		trial_report(trial, CONFORM_SKIPPED, without);
		return;
	}
	conform_case->run(trial, conform_case->data);
	while (trial->made)
		expect_done(trial, take_back(trial, &trial->made), "undoing what the case made");
	trial_report(trial, CONFORM_PASSED, "");
}
