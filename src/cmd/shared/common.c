// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/shared/common.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "context/overview.h"
#include "kernel/interrupt.h"
#include "kernel/iommufd.h"
#include "kernel/process.h"
#include "kernel/vfio.h"
#include "ui/value.h"
#include "util/text.h"

const char *self(const struct call *call)
{
	static char text[NAME_SIZE + 32];

	snprintf(text, sizeof(text), "dmabufctl%s%s", call->globals->context ? " --context " : "",
		 call->globals->context ? call->globals->context : "");
	return text;
}

const char *context_label(const struct call *call)
{
	if (call->context && call->context->private)
		return NULL;
	return call->globals->context ? call->globals->context : "default";
}

enum status want_device(const char *text, struct pci_device *pci)
{
	struct pci_name name;

	if (pci_parse_name(text, &name)) {
		fail(STATUS_USAGE, 0, "device '%s'", text);
		fail_because("not a PCI address");
		fail_try("write it as 0000:01:00.0 or 01:00.0");
		return STATUS_USAGE;
	}
	if (pci_get(&name, pci)) {
		fail(STATUS_FAILED, ENODEV, "device %s", name.bdf);
		fail_because("there is no such PCI device");
		fail_try("'dmabufctl device' lists them; 'echo 1 > /sys/bus/pci/rescan' brings "
			 "back what was removed");
		return STATUS_FAILED;
	}
	return STATUS_OK;
}

/* A holder is better known by its context. */
static const char *context_of(const struct context_summary *contexts, unsigned count, pid_t holder)
{
	for (unsigned i = 0; i < count; i++)
		if (contexts[i].holder == holder)
			return contexts[i].name;
	return NULL;
}

void describe_users(const struct pci_device *pci, char *text, size_t size)
{
	auto_free struct context_summary *contexts = NULL;
	auto_free struct process *users = NULL;
	unsigned count = 0, context_count = 0;

	*text = '\0';
	process_list_users(pci->cdev_number, &users, &count);
	if (count)
		context_list(&contexts, &context_count);
	for (unsigned i = 0; i < count; i++) {
		const char *context = context_of(contexts, context_count, users[i].pid);

		text_join(text, size, ", ", "%s%s (PID %d)", context ? "context " : "",
			  context ? context : users[i].name, users[i].pid);
	}
}

void describe_release(const struct pci_device *pci, char *text, size_t size)
{
	auto_free struct context_summary *contexts = NULL;
	auto_free struct process *users = NULL;
	unsigned count = 0, context_count = 0;

	*text = '\0';
	process_list_users(pci->cdev_number, &users, &count);
	context_list(&contexts, &context_count);
	for (unsigned i = 0; i < count; i++) {
		const char *context = context_of(contexts, context_count, users[i].pid);

		if (context)
			text_join(text, size, ", ",
				  "'dmabufctl --context %s release --all' lets it go", context);
		else
			text_join(text, size, ", ", "end PID %d", users[i].pid);
	}
}

static enum status no_cdev(const struct pci_device *pci)
{
	const char *bdf = pci->name.bdf;

	if (!strcmp(pci->driver, "vfio-pci")) {
		fail(STATUS_UNSUPPORTED, ENOENT, "device %s", bdf);
		fail_because("vfio-pci has it but made no " VFIO_CDEV_FOLDER " node");
		fail_try("use a kernel with CONFIG_VFIO_DEVICE_CDEV, 6.6 or later");
		return STATUS_UNSUPPORTED;
	}
	fail(STATUS_FAILED, EBUSY, "device %s", bdf);
	if (*pci->driver)
		fail_because("the driver %s has it", pci->driver);
	else
		fail_because("no driver has it");
	fail_try("'dmabufctl bind %s' gives it to vfio-pci", bdf);
	return STATUS_FAILED;
}

static enum status no_iommufd(int error)
{
	enum status status = error == -ENOENT || error == -ENODEV ? STATUS_UNSUPPORTED :
								    STATUS_FAILED;

	if (error == -EACCES || error == -EPERM)
		return fail_errno(error, IOMMUFD_PATH);
	fail(status, error, IOMMUFD_PATH);
	fail_because("this kernel offers no iommufd");
	fail_try("'dmabufctl doctor' says what is missing");
	return status;
}

/* A whole IOMMU group has one owner: one iommufd context, or the host's drivers. */
static void explain_group(const struct pci_device *pci)
{
	auto_free struct pci_name *names = NULL;
	unsigned count = 0;

	fail_because("its IOMMU group %d is in use", pci->group);
	fail_try("close whatever uses /dev/vfio/%d or a device of the group", pci->group);
	if (pci_list_group(pci->group, &names, &count))
		return;
	for (unsigned i = 0; i < count; i++) {
		struct pci_device other;
		char users[256];

		if (pci_get(&names[i], &other) || !strcmp(other.name.bdf, pci->name.bdf))
			continue;
		if (pci_blocks_group(&other)) {
			fail_because("%s, in the same IOMMU group %d, belongs to the driver %s",
				     other.name.bdf, pci->group, other.driver);
			fail_try("'dmabufctl bind %s' gives it to vfio-pci", other.name.bdf);
			return;
		}
		describe_users(&other, users, sizeof(users));
		if (*users) {
			fail_because("%s, in the same IOMMU group %d, is open: %s", other.name.bdf,
				     pci->group, users);
			fail_try("devices of one group go into one context");
			return;
		}
	}
}

static enum status is_in_use(const struct pci_device *pci, int error)
{
	char users[256], remedies[256];

	fail(STATUS_FAILED, error, "device %s", pci->name.bdf);
	describe_users(pci, users, sizeof(users));
	if (*users) {
		describe_release(pci, remedies, sizeof(remedies));
		fail_because("it is open already: %s", users);
		fail_try("%s", remedies);
	} else {
		explain_group(pci);
	}
	return STATUS_FAILED;
}

static enum status cannot_open(const struct pci_device *pci, int error)
{
	const char *bdf = pci->name.bdf;

	switch (error) {
	case -EINVAL: /* what a second open gets */
		return is_in_use(pci, EBUSY);
	case -EBUSY:
		return is_in_use(pci, error);
	case -EPERM:
		if (interrupt_get_isolation() != INTERRUPTS_SHARED)
			return is_in_use(pci, error);
		fail(STATUS_UNSUPPORTED, error, "device %s", bdf);
		fail_because(
			"without interrupt remapping the kernel gives no device to user space");
		fail_try(
			"enable it in the firmware (or give the VM's IOMMU intremap=on), or accept "
			"the risk with the kernel parameter iommufd.allow_unsafe_interrupts=1");
		return STATUS_UNSUPPORTED;
	case -EACCES:
		fail(STATUS_PERMISSION, error, "device %s", bdf);
		fail_because("no permission to open %s", pci->cdev);
		fail_try("run as root, or give yourself the node");
		return STATUS_PERMISSION;
	default:
		return fail_errno(error, "device %s", bdf);
	}
}

void note_made(struct call *call, struct object *object)
{
	assert(call->made_count < sizeof(call->made) / sizeof(*call->made));
	call->made[call->made_count++] = object;
}

enum status want_open_device(struct call *call, const char *text, struct object **device)
{
	struct pci_device pci;
	struct pci_name name;
	enum status status;
	int rc;

	if (!pci_parse_name(text, &name)) {
		*device = object_find(&call->context->objects, OBJECT_DEVICE, name.bdf);
		if (*device)
			return STATUS_OK;
	}
	status = want_device(text, &pci);
	if (status)
		return status;
	if (!*pci.cdev)
		return no_cdev(&pci);
	rc = context_iommufd(call->context);
	if (rc < 0)
		return no_iommufd(rc);
	rc = context_open_device(call->context, &pci, device);
	if (rc)
		return cannot_open(&pci, rc);
	note_made(call, *device);
	return STATUS_OK;
}

enum status want_object(struct call *call, enum object_kind kind, const char *name,
			struct object **object)
{
	const char *what = kind == OBJECT_KINDS	  ? "object" :
			   kind == OBJECT_DMABUF  ? "dma-buf" :
			   kind == OBJECT_MAPPING ? "mapping" :
						    object_kind_name(kind);
	const char *context = context_label(call);
	struct pci_name bdf;

	if ((kind == OBJECT_DEVICE || kind == OBJECT_KINDS) && !pci_parse_name(name, &bdf))
		name = bdf.bdf;
	*object = object_find(&call->context->objects, kind, name);
	if (*object)
		return STATUS_OK;
	fail(STATUS_FAILED, ENOENT, "%s %s", what, name);
	if (kind == OBJECT_DEVICE && !pci_parse_name(name, &bdf)) {
		fail_because("it is not open in %s%s", context ? "context " : "the batch",
			     context ? context : "");
		fail_try("'%s attach %s' opens it", self(call), name);
		return STATUS_FAILED;
	}
	if (context)
		fail_because("context %s has no %s of that name", context, what);
	else
		fail_because("the batch has no %s of that name", what);
	fail_try("'%s status' lists what it has", self(call));
	return STATUS_FAILED;
}

static int by_address(const void *a, const void *b)
{
	const struct object *const *left = a, *const *right = b;

	return *left < *right ? -1 : *left > *right;
}

/* The first argument that names what an earlier one has named; -1: there is none. */
static int find_twice(struct object *const *objects, int count)
{
	auto_free struct object **sorted = malloc((count + 1) * sizeof(*sorted));
	int twice = sorted ? 1 : 0;

	if (sorted) {
		memcpy(sorted, objects, count * sizeof(*sorted));
		qsort(sorted, count, sizeof(*sorted), by_address);
		while (twice < count && sorted[twice] != sorted[twice - 1])
			twice++;
	}
	for (int i = 1; twice < count && i < count; i++)
		for (int j = 0; j < i; j++)
			if (objects[j] == objects[i])
				return i;
	return -1;
}

enum status want_objects(struct call *call, enum object_kind kind, struct object **objects)
{
	int twice;

	if (!objects)
		return fail_errno(ENOMEM, "%s", call->command->name);
	for (int i = 0; i < call->count; i++) {
		enum status status = want_object(call, kind, call->arguments[i], &objects[i]);

		if (status)
			return status;
	}
	twice = find_twice(objects, call->count);
	if (twice < 0)
		return STATUS_OK;
	fail(STATUS_USAGE, 0, "%s %s", call->command->name, call->arguments[twice]);
	fail_because("it is named twice");
	return STATUS_USAGE;
}

enum status want_name(struct call *call, enum object_kind kind, const char *given,
		      char name[NAME_SIZE])
{
	if (!given) {
		object_make_name(&call->context->objects, kind, name);
		return STATUS_OK;
	}
	if (!object_name_valid(given)) {
		fail(STATUS_USAGE, 0, "name '%s'", given);
		fail_because(
			"not a name: a letter, then letters, digits, '_', '-', '.', at most 63");
		return STATUS_USAGE;
	}
	if (object_find(&call->context->objects, OBJECT_KINDS, given)) {
		fail(STATUS_FAILED, EEXIST, "name %s", given);
		fail_because("an object of this context has it");
		fail_try("choose another, or '%s release %s' first", self(call), given);
		return STATUS_FAILED;
	}
	strcpy(name, given);
	return STATUS_OK;
}

static enum status make_ioas(struct call *call, const char *given, struct object **ioas)
{
	char name[NAME_SIZE];
	enum status status = want_name(call, OBJECT_IOAS, given, name);
	int rc;

	if (status)
		return status;
	rc = context_iommufd(call->context);
	if (rc < 0)
		return no_iommufd(rc);
	rc = context_make_ioas(call->context, name, ioas);
	if (rc)
		return fail_errno(rc, "ioas %s", name);
	note_made(call, *ioas);
	return STATUS_OK;
}

enum status want_ioas(struct call *call, const char *name, struct object **ioas)
{
	const struct object_list *objects = &call->context->objects;

	if (name) {
		*ioas = object_find(objects, OBJECT_IOAS, name);
		return *ioas ? STATUS_OK : make_ioas(call, name, ioas);
	}
	if (object_count(objects, OBJECT_IOAS) > 1) {
		fail(STATUS_USAGE, 0, "%s", call->command->name);
		fail_because("the context has several IOASes");
		fail_try("name one; '%s status' lists them", self(call));
		return STATUS_USAGE;
	}
	*ioas = object_next(objects, OBJECT_IOAS, NULL);
	return *ioas ? STATUS_OK : make_ioas(call, NULL, ioas);
}

void explain_revoked(struct call *call, const struct object *dmabuf, const char *then)
{
	const char *bdf = dmabuf->dmabuf.device.bdf;
	struct object *device = object_find(&call->context->objects, OBJECT_DEVICE, bdf);
	bool decode = true;
	int fd;

	if (object_is_adopted(dmabuf)) {
		fail_because("the dma-buf is revoked, by whoever exports it");
		fail_try("bring its device back, then %s; '%s release %s' parts with it", then,
			 self(call), dmabuf->name);
		return;
	}
	if (object_device_closed(&call->context->objects, dmabuf)) {
		fail_because("the dma-buf is revoked for ever: %s was closed since it was exported",
			     bdf);
		fail_try("release %s and export the BAR again", dmabuf->name);
		return;
	}
	fd = context_fd(call->context, device);
	if (fd >= 0 && !vfio_memory_decode(fd, &decode) && !decode) {
		fail_because("the dma-buf is revoked: %s has memory decode off", bdf);
		fail_try("'%s revoke %s --by memory' turns it on again, then %s", self(call), bdf,
			 then);
		return;
	}
	fail_because("the dma-buf is revoked: %s is in reset or not in power state D0", bdf);
	fail_try("bring the device back, then %s", then);
}

bool explain_reserved(const struct object *device, struct range window, const char *what)
{
	char kind[16], text[VALUE_RANGE];
	struct pci_device pci;
	struct pci_name name;
	struct range reserved;

	if (pci_parse_name(device->name, &name) || pci_get(&name, &pci) ||
	    !pci_find_reserved(pci.group, window, &reserved, kind))
		return false;
	value_format_range(&reserved, text);
	fail_because("%s lies in the %s%s, which %s cannot have mapped", what,
		     !strcmp(kind, "msi") ? "MSI window " : "window reserved by the IOMMU, ", text,
		     device->name);
	return true;
}

void put_evidence(json_object *row, const char *key, unsigned bits)
{
	json_object *list = put_array(row, key);

	for (unsigned i = 0; i < EVIDENCE_BITS; i++)
		if (bits & 1u << i)
			add_text(list, evidence_name(1u << i));
}

void fill_object(json_object *row, const struct object *object)
{
	put_text(row, "name", object->name);
	object_put_facts(row, object);
}

void fill_dmabuf(json_object *row, struct object *dmabuf, struct survey *survey)
{
	struct exporter_report report;

	fill_object(row, dmabuf);
	if (!survey)
		return;
	report = survey_exporter(survey, dmabuf);
	put_text(row, "state", exporter_state_name(report.state));
	put_evidence(row, "evidence", report.evidence);
	put_evidence(row, "missing", report.missing);
	put_bool(row, "for_ever", report.for_ever);
}

void fill_mapping(json_object *row, const struct object *mapping, struct survey *survey)
{
	struct mapping_report report;

	fill_object(row, mapping);
	if (!survey)
		return;
	report = survey_mapping(survey, mapping);
	put_text(row, "state", mapping_state_name(report.state));
	put_evidence(row, "evidence", report.evidence);
	put_evidence(row, "missing", report.missing);
	put_evidence(row, "disagrees", report.disagrees);
	put_text(row, "doubt", mapping_doubt_name(report.doubt));
}

void fill_idle(struct call *call, const char *ioas)
{
	const struct object_list *objects = &call->context->objects;
	json_object *rows = NULL;

	if (!*ioas)
		return;
	for_each_object(device, objects, OBJECT_DEVICE)
		if (!strcmp(device->device.ioas, ioas))
			return;
	for_each_object(mapping, objects, OBJECT_MAPPING) {
		json_object *row;

		if (!object_is_in_ioas(mapping, ioas))
			continue;
		if (!rows)
			rows = json_object_object_get(call->result, "idle");
		if (!rows)
			rows = put_array(call->result, "idle");
		row = add_object(rows);
		put_text(row, "name", mapping->name);
		put_text(row, "ioas", ioas);
	}
}

static const struct column idle_columns[] = {
	{ "IDLE-NOW", "name", COLUMN_TEXT, "a mapping that no device reaches any more" },
	{ "IOAS", "ioas", COLUMN_TEXT, "which has no device attached" },
	{ 0 },
};

const struct section idle_sections[] = {
	{ .key = "idle", .columns = idle_columns },
	{ 0 },
};

const struct column dmabuf_columns[] = {
	{ "DMABUF", "name", COLUMN_TEXT, "name" },
	{ "DEVICE", "device", COLUMN_TEXT, "the exporter" },
	{ "BAR", "bar", COLUMN_NUMBER, "VFIO region index" },
	{ "RANGES", "ranges", COLUMN_RANGES, "offset and length in the BAR" },
	{ "SIZE", "size", COLUMN_SIZE, "bytes" },
	{ "INODE", "inode", COLUMN_NUMBER, "of the dma-buf's file" },
	{ "STATE", "state", COLUMN_TEXT, "of the exporter: usable, revoked, unknown" },
	{ "EVIDENCE", "evidence", COLUMN_LIST, "what the state rests on" },
	{ 0 },
};

const struct column mapping_columns[] = {
	{ "MAPPING", "name", COLUMN_TEXT, "name" },
	{ "DMABUF", "dmabuf", COLUMN_TEXT, "what is mapped" },
	{ "OFFSET", "offset", COLUMN_SIZE, "in the dma-buf" },
	{ "IOAS", "ioas", COLUMN_TEXT, "where it is mapped" },
	{ "IOVA", "iova", COLUMN_TEXT, "at which address" },
	{ "LENGTH", "length", COLUMN_SIZE, "bytes" },
	{ "PROT", "prot", COLUMN_TEXT, "r, w or rw" },
	{ "STATE", "state", COLUMN_TEXT, "live, idle, revoked, stale, unknown" },
	{ "EVIDENCE", "evidence", COLUMN_LIST, "what the state rests on" },
	{ "MISSING", "missing", COLUMN_LIST | COLUMN_VERBOSE, "evidence that could not be had" },
	{ "DISAGREES", "disagrees", COLUMN_LIST | COLUMN_VERBOSE, "evidence that says otherwise" },
	{ "DOUBT", "doubt", COLUMN_TEXT | COLUMN_VERBOSE,
	  "of the page tables: partial, elsewhere, or they differ" },
	{ 0 },
};
