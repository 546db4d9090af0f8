// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/shared/lookup.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/shared/refusal.h"
#include "context/operation.h"
#include "kernel/iommufd.h"
#include "rules/rules.h"
#include "util/scope.h"

const char *call_program(const struct call *call)
{
	static char text[NAME_SIZE + 32];

	if (!call->globals->context)
		return "dmabufctl";
	snprintf(text, sizeof(text), "dmabufctl --context %s", call->globals->context);
	return text;
}

const char *context_label(const struct call *call)
{
	if (call->context && call->context->private)
		return NULL;
	return call->globals->context ? call->globals->context : "default";
}

struct rule_subject rule_subject_of(const struct call *call)
{
	return (struct rule_subject){ .tool = call_program(call), .context = call->context };
}

enum status check_address(const char *what, const char *text, struct pci_name *name)
{
	if (!pci_parse_name(text, name))
		return STATUS_OK;
	fail_with(STATUS_USAGE, 0, "%s '%s'", what, text);
	fail_because("not a PCI address");
	fail_hint("write it as 0000:01:00.0 or 01:00.0");
	return STATUS_USAGE;
}

enum status check_name(const char *what, const char *text)
{
	if (object_name_valid(text))
		return STATUS_OK;
	fail_with(STATUS_USAGE, 0, "%s '%s'", what, text);
	fail_because("not a name: a letter, then letters, digits, '_', '-', '.', at most 63");
	return STATUS_USAGE;
}

enum status lookup_device(const char *text, struct pci_device *pci)
{
	struct pci_name name;
	enum status status = check_address("device", text, &name);

	if (status)
		return status;
	if (pci_get(&name, pci)) {
		fail_with(STATUS_FAILED, ENODEV, "device %s", name.bdf);
		fail_because("there is no such PCI device");
		fail_hint("'dmabufctl device' lists them; 'echo 1 > /sys/bus/pci/rescan' brings "
			  "back what was removed");
		return STATUS_FAILED;
	}
	return STATUS_OK;
}

static enum status no_iommufd(int error)
{
	if (error == -ENODEV) /* a node that is left over */
		error = -ENOENT;
	return refuse(open_rules, &(struct rule_subject){ 0 }, error, IOMMUFD_PATH);
}

static enum status cannot_open(const struct pci_device *pci, int error)
{
	const struct rule_subject subject = { .pci = pci };

	if (error == -EINVAL) /* what a second open gets */
		return refuse_by(rule_find("open-held"), &subject, "device %s", pci->name.bdf);
	return refuse(open_rules, &subject, error, "device %s", pci->name.bdf);
}

void report_made(struct call *call, struct object *object)
{
	assert(call->made_count < sizeof(call->made) / sizeof(*call->made));
	call->made[call->made_count++] = object;
}

/* What is not an object's name may be a device's in another spelling. */
static struct object *find_object(const struct call *call, enum object_kind kind, const char *name)
{
	const struct object_list *objects = &call->context->objects;
	struct object *object = object_find(objects, kind, name);
	struct pci_name bdf;

	return object || pci_parse_name(name, &bdf) ? object : object_find(objects, kind, bdf.bdf);
}

enum status lookup_open_device(struct call *call, const char *text, struct object **device)
{
	struct pci_device pci;
	enum status status;
	int rc;

	*device = find_object(call, OBJECT_DEVICE, text);
	if (*device)
		return STATUS_OK;
	status = lookup_device(text, &pci);
	if (status)
		return status;
	status = refuse_foreseen(open_rules, &(struct rule_subject){ .pci = &pci }, "device %s",
				 pci.name.bdf);
	if (status)
		return status;
	rc = context_iommufd(call->context);
	if (rc < 0)
		return no_iommufd(rc);
	rc = context_open_device(call->context, &pci, device);
	if (rc)
		return cannot_open(&pci, rc);
	report_made(call, *device);
	return STATUS_OK;
}

static enum status lack_object(const struct call *call, enum object_kind kind, const char *name)
{
	const char *what = kind == OBJECT_KINDS	  ? "object" :
			   kind == OBJECT_DMABUF  ? "dma-buf" :
			   kind == OBJECT_MAPPING ? "mapping" :
						    object_kind_name(kind);
	const char *context = context_label(call);
	struct pci_name bdf;
	bool is_address = (kind == OBJECT_DEVICE || kind == OBJECT_KINDS) &&
			  !pci_parse_name(name, &bdf);

	name = is_address ? bdf.bdf : name;
	fail_with(STATUS_FAILED, ENOENT, "%s %s", what, name);
	if (kind == OBJECT_DEVICE && is_address) {
		fail_because("it is not open in %s%s", context ? "context " : "the batch",
			     context ? context : "");
		fail_hint("'%s attach %s' opens it", call_program(call), name);
		return STATUS_FAILED;
	}
	if (context)
		fail_because("context %s has no %s of that name", context, what);
	else
		fail_because("the batch has no %s of that name", what);
	fail_hint("'%s status' lists what it has", call_program(call));
	return STATUS_FAILED;
}

enum status lookup_object(struct call *call, enum object_kind kind, const char *name,
			  struct object **object)
{
	*object = find_object(call, kind, name);
	return *object ? STATUS_OK : lack_object(call, kind, name);
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

enum status lookup_objects(struct call *call, enum object_kind kind, struct object **objects)
{
	int twice;

	if (!objects)
		return fail_errno(ENOMEM, "%s", call->command->name);
	for (int i = 0; i < call->count; i++) {
		enum status status = lookup_object(call, kind, call->arguments[i], &objects[i]);

		if (status)
			return status;
	}
	twice = call->count > 1 ? find_twice(objects, call->count) : -1;
	if (twice < 0)
		return STATUS_OK;
	fail_with(STATUS_USAGE, 0, "%s %s", call->command->name, call->arguments[twice]);
	fail_because("it is named twice");
	return STATUS_USAGE;
}

enum status lookup_name(struct call *call, enum object_kind kind, const char *given,
			char name[NAME_SIZE])
{
	if (!given) {
		object_make_name(&call->context->objects, kind, name);
		return STATUS_OK;
	}
	if (check_name("name", given))
		return STATUS_USAGE;
	if (object_find(&call->context->objects, OBJECT_KINDS, given)) {
		fail_with(STATUS_FAILED, EEXIST, "name %s", given);
		fail_because("an object of this context has it");
		fail_hint("choose another, or '%s release %s' first", call_program(call), given);
		return STATUS_FAILED;
	}
	strcpy(name, given);
	return STATUS_OK;
}

static enum status make_ioas(struct call *call, const char *given, struct object **ioas)
{
	char name[NAME_SIZE];
	enum status status = lookup_name(call, OBJECT_IOAS, given, name);
	int rc;

	if (status)
		return status;
	rc = context_iommufd(call->context);
	if (rc < 0)
		return no_iommufd(rc);
	rc = context_make_ioas(call->context, name, ioas);
	if (rc)
		return fail_errno(rc, "ioas %s", name);
	report_made(call, *ioas);
	return STATUS_OK;
}

enum status lookup_ioas(struct call *call, const char *name, struct object **ioas)
{
	const struct object_list *objects = &call->context->objects;

	if (name) {
		*ioas = object_find(objects, OBJECT_IOAS, name);
		return *ioas ? STATUS_OK : make_ioas(call, name, ioas);
	}
	if (object_count(objects, OBJECT_IOAS) > 1) {
		fail_with(STATUS_USAGE, 0, "%s", call->command->name);
		fail_because("the context has several IOASes");
		fail_hint("name one; '%s status' lists them", call_program(call));
		return STATUS_USAGE;
	}
	*ioas = object_next(objects, OBJECT_IOAS, NULL);
	return *ioas ? STATUS_OK : make_ioas(call, NULL, ioas);
}
