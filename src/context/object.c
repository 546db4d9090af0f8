// SPDX-License-Identifier: GPL-2.0-only
#include "context/object.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/sys.h"
#include "util/json.h"
#include "util/text.h"

static const char *const kind_names[OBJECT_KINDS] = {
	[OBJECT_IOMMUFD] = "iommufd", [OBJECT_TRACE] = "trace",	  [OBJECT_UNDO] = "undo",
	[OBJECT_DEVICE] = "device",   [OBJECT_DMABUF] = "dmabuf", [OBJECT_IOAS] = "ioas",
	[OBJECT_MAPPING] = "map",
};

const char *object_kind_name(enum object_kind kind)
{
	return kind_names[kind];
}

struct object *object_new(enum object_kind kind, const char *name, int fd)
{
	struct object *object = malloc(sizeof(*object));

	if (!object)
		return NULL;
	*object = (struct object){ .kind = kind, .fd = fd };
	copy_text(object->name, sizeof(object->name), name);
	return object;
}

void object_free(struct object *object)
{
	if (!object)
		return;
	if (object->fd >= 0)
		sys_close(object->fd);
	if (object->kind == OBJECT_DMABUF)
		free(object->ranges);
	free(object);
}

bool object_name_valid(const char *name)
{
	size_t length = strlen(name);

	if (!length || length >= NAME_SIZE || !isalpha((unsigned char)name[0]))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("_-.", name[i]))
			return false;
	return true;
}

static void device_to_json(const struct object *device, json_object *attributes)
{
	json_put_number(attributes, "id", device->id);
	json_put_text(attributes, "ioas", device->ioas);
	json_put_number(attributes, "made_ns", device->made);
}

void object_put_ranges(json_object *attributes, const char *key, const struct range *ranges,
		       unsigned count)
{
	json_object *list = json_put_array(attributes, key);

	for (unsigned i = 0; i < count; i++) {
		json_object *range = add_object(list);

		json_put_number(range, "offset", ranges[i].offset);
		json_put_number(range, "length", ranges[i].length);
	}
}

static void dmabuf_to_json(const struct object *dmabuf, json_object *attributes)
{
	json_put_bool(attributes, "adopted", dmabuf->adopted);
	json_put_text(attributes, "memory", dmabuf->memory);
	json_put_text(attributes, "device", dmabuf->device.bdf);
	json_put_index(attributes, "bar", *dmabuf->device.bdf ? (int)dmabuf->bar : -1);
	object_put_ranges(attributes, "ranges", dmabuf->ranges, dmabuf->range_count);
	json_put_number(attributes, "size", dmabuf->size);
	json_put_number(attributes, "inode", dmabuf->inode);
	json_put_number(attributes, "made_ns", dmabuf->made);
}

static void ioas_to_json(const struct object *ioas, json_object *attributes)
{
	json_put_number(attributes, "id", ioas->id);
}

const char *object_prot_name(unsigned prot)
{
	static const char *const names[] = { "", "r", "w", "rw" };

	return names[prot & 3];
}

static void mapping_to_json(const struct object *mapping, json_object *attributes)
{
	json_put_text(attributes, "dmabuf", mapping->dmabuf);
	json_put_text(attributes, "importer", mapping->importer->name);
	json_put_text(attributes, mapping->importer->target_key, mapping->target);
	json_put_address(attributes, mapping->importer->address_key, mapping->addresses.offset);
	json_put_number(attributes, "length", mapping->addresses.length);
	json_put_number(attributes, "offset", mapping->offset);
	json_put_text(attributes, "prot", object_prot_name(mapping->prot));
	if (mapping->importer->promises)
		json_put_text(attributes, "promise", mapping->importer->promises[mapping->promise]);
	if (mapping->late_ms)
		json_put_number(attributes, "late_ms", mapping->late_ms);
	if (mapping->keys.given) {
		json_put_number(attributes, "lkey", mapping->keys.local);
		json_put_number(attributes, "rkey", mapping->keys.remote);
	}
	json_put_number(attributes, "made_ns", mapping->made);
	json_put_text(attributes, "revoked_by", mapping->revoked_by);
	if (mapping->recovering)
		json_put_bool(attributes, "recovering", true);
	if (!mapping->verified)
		return;
	json_put_number(attributes, "verified_ns", mapping->verified);
	json_put_bool(attributes, "arrived", mapping->arrived);
}

/* Each of these leaves *good as it is, or false when the attribute is not of that kind. */
static uint64_t get_int(json_object *attributes, const char *key, uint64_t most, bool *good)
{
	json_object *value = json_object_object_get(attributes, key);
	uint64_t number = json_object_get_uint64(value);

	if (!json_object_is_type(value, json_type_int) || number > most ||
	    (!number && json_object_get_int64(value) < 0))
		*good = false;
	return number;
}

/* "" for null. */
static void get_text(json_object *attributes, const char *key, char *text, size_t size, bool *good)
{
	json_object *value = json_object_object_get(attributes, key);
	const char *found =
		json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";

	if ((value && !json_object_is_type(value, json_type_string)) || strlen(found) >= size)
		*good = false;
	copy_text(text, size, found);
}

static uint64_t get_address(json_object *attributes, const char *key, bool *good)
{
	char text[24], *end;
	uint64_t address;

	get_text(attributes, key, text, sizeof(text), good);
	address = strtoull(text, &end, 16);
	if (!*text || *end)
		*good = false;
	return address;
}

static void undo_to_json(const struct object *undo, json_object *attributes)
{
	json_put_text(attributes, "trigger", undo->trigger);
}

static bool undo_from_json(struct object *undo, json_object *attributes)
{
	bool good = true;

	get_text(attributes, "trigger", undo->trigger, sizeof(undo->trigger), &good);
	return good && *undo->trigger;
}

static bool device_from_json(struct object *device, json_object *attributes)
{
	bool good = true;

	device->id = get_int(attributes, "id", UINT32_MAX, &good);
	get_text(attributes, "ioas", device->ioas, NAME_SIZE, &good);
	device->made = get_int(attributes, "made_ns", UINT64_MAX, &good);
	return good;
}

static bool ranges_from_json(struct object *dmabuf, json_object *list)
{
	bool good = json_object_is_type(list, json_type_array);

	if (!good)
		return false;
	dmabuf->range_count = json_object_array_length(list);
	dmabuf->ranges = calloc(dmabuf->range_count + 1, sizeof(*dmabuf->ranges));
	if (!dmabuf->ranges)
		return false;
	for (unsigned i = 0; i < dmabuf->range_count; i++) {
		json_object *range = json_object_array_get_idx(list, i);

		if (!json_object_is_type(range, json_type_object))
			return false;
		dmabuf->ranges[i].offset = get_int(range, "offset", UINT64_MAX, &good);
		dmabuf->ranges[i].length = get_int(range, "length", UINT64_MAX, &good);
	}
	return good;
}

static bool dmabuf_from_json(struct object *dmabuf, json_object *attributes)
{
	struct pci_name name;
	bool good = ranges_from_json(dmabuf, json_object_object_get(attributes, "ranges"));

	get_text(attributes, "device", dmabuf->device.bdf, sizeof(dmabuf->device.bdf), &good);
	dmabuf->size = get_int(attributes, "size", UINT64_MAX, &good);
	dmabuf->inode = get_int(attributes, "inode", UINT64_MAX, &good);
	dmabuf->made = get_int(attributes, "made_ns", UINT64_MAX, &good);
	dmabuf->adopted = json_object_get_boolean(json_object_object_get(attributes, "adopted"));
	get_text(attributes, "memory", dmabuf->memory, sizeof(dmabuf->memory), &good);
	if ((dmabuf->adopted || *dmabuf->memory) && !*dmabuf->device.bdf)
		return good;
	dmabuf->bar = get_int(attributes, "bar", PCI_BARS - 1, &good);
	return good && dmabuf->range_count && !pci_parse_name(dmabuf->device.bdf, &name);
}

static bool ioas_from_json(struct object *ioas, json_object *attributes)
{
	bool good = true;

	ioas->id = get_int(attributes, "id", UINT32_MAX, &good);
	return good;
}

static void get_promise(json_object *attributes, struct object *mapping, bool *good)
{
	const char *const *promises = mapping->importer->promises;
	char name[16];

	if (!promises)
		return;
	get_text(attributes, "promise", name, sizeof(name), good);
	while (promises[mapping->promise] && strcmp(promises[mapping->promise], name))
		mapping->promise++;
	*good &= promises[mapping->promise] != NULL;
}

static void get_keys(json_object *attributes, struct import_keys *keys, bool *good)
{
	keys->given = json_object_object_get(attributes, "lkey");
	if (!keys->given)
		return;
	keys->local = get_int(attributes, "lkey", UINT32_MAX, good);
	keys->remote = get_int(attributes, "rkey", UINT32_MAX, good);
}

static bool mapping_from_json(struct object *mapping, json_object *attributes)
{
	char prot[4], importer[16];
	bool good = true;

	get_text(attributes, "importer", importer, sizeof(importer), &good);
	mapping->importer = importer_find(importer);
	if (!mapping->importer || !mapping->importer->reaches) /* nobody makes such mappings */
		return false;
	get_text(attributes, "dmabuf", mapping->dmabuf, NAME_SIZE, &good);
	get_text(attributes, mapping->importer->target_key, mapping->target, NAME_SIZE, &good);
	mapping->addresses.offset = get_address(attributes, mapping->importer->address_key, &good);
	mapping->addresses.length = get_int(attributes, "length", UINT64_MAX, &good);
	mapping->offset = get_int(attributes, "offset", UINT64_MAX, &good);
	get_text(attributes, "prot", prot, sizeof(prot), &good);
	mapping->prot = (strchr(prot, 'r') ? 1 : 0) | (strchr(prot, 'w') ? 2 : 0);
	get_promise(attributes, mapping, &good);
	if (json_object_object_get(attributes, "late_ms"))
		mapping->late_ms = get_int(attributes, "late_ms", UINT32_MAX, &good);
	get_keys(attributes, &mapping->keys, &good);
	mapping->made = get_int(attributes, "made_ns", UINT64_MAX, &good);
	get_text(attributes, "revoked_by", mapping->revoked_by, sizeof(mapping->revoked_by), &good);
	if (json_object_object_get(attributes, "verified_ns"))
		mapping->verified = get_int(attributes, "verified_ns", UINT64_MAX, &good);
	mapping->arrived = json_object_get_boolean(json_object_object_get(attributes, "arrived"));
	mapping->recovering =
		json_object_get_boolean(json_object_object_get(attributes, "recovering"));
	return good && mapping->addresses.length && mapping->prot;
}

static const struct {
	void (*to_json)(const struct object *object, json_object *attributes);
	bool (*from_json)(struct object *object, json_object *attributes);
} codecs[OBJECT_KINDS] = {
	[OBJECT_UNDO] = { undo_to_json, undo_from_json },
	[OBJECT_DEVICE] = { device_to_json, device_from_json },
	[OBJECT_DMABUF] = { dmabuf_to_json, dmabuf_from_json },
	[OBJECT_IOAS] = { ioas_to_json, ioas_from_json },
	[OBJECT_MAPPING] = { mapping_to_json, mapping_from_json },
};

void object_put_attributes(json_object *attributes, const struct object *object)
{
	if (attributes && codecs[object->kind].to_json)
		codecs[object->kind].to_json(object, attributes);
}

json_object *object_to_json(const struct object *object)
{
	json_object *attributes = json_object_new_object();

	object_put_attributes(attributes, object);
	return attributes;
}

/* What commands may rely on, as they make names themselves. */
static bool name_is_good(const struct object *object)
{
	struct pci_name name;

	if (object->kind == OBJECT_DEVICE || object->kind == OBJECT_UNDO)
		return !pci_parse_name(object->name, &name);
	return object_name_valid(object->name);
}

int object_from_json(struct object *object, json_object *attributes)
{
	if (!json_object_is_type(attributes, json_type_object) || !name_is_good(object) ||
	    (codecs[object->kind].from_json && !codecs[object->kind].from_json(object, attributes)))
		return -EPROTO;
	return 0;
}

static unsigned hash_of(const char *name)
{
	unsigned hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash;
}

static struct object **bucket_of(const struct object_list *list, const char *name)
{
	return &list->buckets[hash_of(name) & (list->bucket_count - 1)];
}

static void chain(struct object_list *list, struct object *object)
{
	struct object **bucket = bucket_of(list, object->name);

	object->chained = *bucket;
	*bucket = object;
}

static void unchain(struct object_list *list, const struct object *object)
{
	struct object **link = bucket_of(list, object->name);

	while (*link != object)
		link = &(*link)->chained;
	*link = object->chained;
}

/* As many buckets as objects, at least. */
static int widen(struct object_list *list)
{
	struct object_list wider = *list;

	if (list->count < list->bucket_count)
		return 0;
	wider.bucket_count = list->bucket_count ? 2 * list->bucket_count : 16;
	wider.buckets = calloc(wider.bucket_count, sizeof(*wider.buckets));
	if (!wider.buckets)
		return -ENOMEM;
	for (unsigned kind = 0; kind < OBJECT_KINDS; kind++)
		for (struct object *object = list->kinds[kind].first; object; object = object->next)
			chain(&wider, object);
	free(list->buckets);
	*list = wider;
	return 0;
}

static void append(struct object_list *list, struct object *object)
{
	struct object *last = list->kinds[object->kind].last;

	object->previous = last;
	object->next = NULL;
	*(last ? &last->next : &list->kinds[object->kind].first) = object;
	list->kinds[object->kind].last = object;
	list->kinds[object->kind].count++;
	list->count++;
}

static void take_out(struct object_list *list, struct object *object)
{
	struct object *previous = object->previous, *next = object->next;

	*(previous ? &previous->next : &list->kinds[object->kind].first) = next;
	*(next ? &next->previous : &list->kinds[object->kind].last) = previous;
	list->kinds[object->kind].count--;
	list->count--;
}

static void count_mapping(const struct object_list *list, const struct object *mapping, int by)
{
	struct object *dmabuf = object_find(list, OBJECT_DMABUF, mapping->dmabuf);
	struct object *ioas = object_find(list, OBJECT_IOAS, mapping->target);

	if (dmabuf)
		dmabuf->mapping_count += by;
	if (ioas && mapping->importer->in_ioas)
		ioas->mapping_count += by;
}

int object_list_add(struct object_list *list, struct object *object)
{
	int rc = widen(list);

	if (rc)
		return rc;
	chain(list, object);
	append(list, object);
	if (object->kind == OBJECT_MAPPING)
		count_mapping(list, object, 1);
	return 0;
}

/* A name that may be made again. */
static void give_back_name(struct object_list *list, const char *name)
{
	for (unsigned kind = OBJECT_DEVICE; kind < OBJECT_KINDS; kind++) {
		size_t length = strlen(kind_names[kind]);
		unsigned long number;

		if (strncmp(name, kind_names[kind], length))
			continue;
		number = strtoul(name + length, NULL, 10);
		if (number < list->kinds[kind].taken)
			list->kinds[kind].taken = number;
	}
}

void object_list_remove(struct object_list *list, struct object *object)
{
	if (object->kind == OBJECT_MAPPING)
		count_mapping(list, object, -1);
	unchain(list, object);
	take_out(list, object);
	give_back_name(list, object->name);
	object_free(object);
}

/* What was made through another is closed before it. */
void object_list_clear(struct object_list *list)
{
	for (unsigned kind = OBJECT_KINDS; kind-- > 0;)
		for (struct object *object = list->kinds[kind].last, *previous; object;
		     object = previous) {
			previous = object->previous;
			object_free(object);
		}
	free(list->buckets);
	*list = (struct object_list){ 0 };
}

static bool is_among(const struct object *object, enum object_kind kind)
{
	return kind == OBJECT_KINDS ? object->kind >= OBJECT_DEVICE : object->kind == kind;
}

struct object *object_find(const struct object_list *list, enum object_kind kind, const char *name)
{
	struct object *object = list->bucket_count ? *bucket_of(list, name) : NULL;

	while (object && (!is_among(object, kind) || strcmp(object->name, name)))
		object = object->chained;
	return object;
}

struct object *object_next(const struct object_list *list, enum object_kind kind,
			   const struct object *previous)
{
	struct object *next = previous ? previous->next : NULL;
	unsigned each;

	if (kind != OBJECT_KINDS)
		return previous ? next : list->kinds[kind].first;
	for (each = previous ? previous->kind + 1 : OBJECT_DEVICE; !next && each < kind; each++)
		next = list->kinds[each].first;
	return next;
}

unsigned object_count(const struct object_list *list, enum object_kind kind)
{
	unsigned count = 0;

	if (kind != OBJECT_KINDS)
		return list->kinds[kind].count;
	for (unsigned each = OBJECT_DEVICE; each < OBJECT_KINDS; each++)
		count += list->kinds[each].count;
	return count;
}

struct object **object_collect(const struct object_list *list, enum object_kind kind,
			       unsigned *count)
{
	struct object **objects = calloc(object_count(list, kind) + 1, sizeof(*objects));

	*count = 0;
	if (objects)
		for_each_object(object, list, kind)
			objects[(*count)++] = object;
	return objects;
}

/* Appends a number; snprintf() would be most of what a short command costs. */
static void append_number(char *end, unsigned number)
{
	unsigned digits = 1;

	for (unsigned rest = number; rest >= 10; rest /= 10)
		digits++;
	end[digits] = '\0';
	do
		end[--digits] = '0' + number % 10;
	while (number /= 10);
}

void object_make_name(struct object_list *list, enum object_kind kind, char name[NAME_SIZE])
{
	size_t length = strlen(kind_names[kind]);

	memcpy(name, kind_names[kind], length);
	append_number(name + length, list->kinds[kind].taken);
	while (object_find(list, OBJECT_KINDS, name))
		append_number(name + length, ++list->kinds[kind].taken);
}

bool object_is_export_of(const struct object *dmabuf, const char *device)
{
	return !dmabuf->adopted && !strcmp(dmabuf->device.bdf, device);
}

bool object_is_at_iova(const struct object *mapping)
{
	return mapping->importer->in_ioas || mapping->importer->for_pci;
}

bool object_is_in_ioas(const struct object *mapping, const char *ioas)
{
	return mapping->importer->in_ioas && !strcmp(mapping->target, ioas);
}

bool object_is_reached_by(const struct object *mapping, const struct object *device)
{
	return mapping->importer->reaches(mapping->target, device->name, device->ioas);
}

bool object_device_closed(const struct object_list *list, const struct object *dmabuf)
{
	const struct object *device = object_find(list, OBJECT_DEVICE, dmabuf->device.bdf);

	return !dmabuf->adopted && !*dmabuf->memory && (!device || device->made > dmabuf->made);
}
