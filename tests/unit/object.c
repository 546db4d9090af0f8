// SPDX-License-Identifier: GPL-2.0-only
/* Objects survive being written down and read back; names are what they should be. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "context/object.h"
#include "tests/unit/check.h"

extern const struct importer importer_iommufd, importer_device, importer_rdma, importer_kvm;

/* Written down, read back, written down again: the same text. */
static void check_round_trip(const struct object *object)
{
	struct object *copy = object_new(object->kind, object->name, -1);
	json_object *first = object_to_json(object), *parsed, *second;

	parsed = json_tokener_parse(json_object_to_json_string(first));
	check(object_from_json(copy, parsed) == 0, "%s: read back", object_kind_name(object->kind));
	second = object_to_json(copy);
	check(json_object_equal(first, second), "%s: nothing lost", object_kind_name(object->kind));
	json_object_put(first);
	json_object_put(parsed);
	json_object_put(second);
	object_free(copy);
}

static void check_kinds(void)
{
	struct range ranges[] = { { 0, 4096 }, { UINT64_MAX - 4095, 4096 } };
	struct object device = { .kind = OBJECT_DEVICE,
				 .name = "0000:01:00.0",
				 .fd = -1,
				 .id = 7,
				 .ioas = "ioas0",
				 .made = 12 };
	struct object dmabuf = { .kind = OBJECT_DMABUF,
				 .name = "fb",
				 .fd = -1,
				 .device.bdf = "0000:01:00.0",
				 .bar = 2,
				 .ranges = ranges,
				 .range_count = 2,
				 .size = 8192,
				 .inode = 21,
				 .made = 13 };
	struct object ioas = { .kind = OBJECT_IOAS, .name = "ioas0", .fd = -1, .id = UINT32_MAX };
	struct object mapping = { .kind = OBJECT_MAPPING,
				  .name = "map0",
				  .fd = -1,
				  .importer = &importer_iommufd,
				  .target = "ioas0",
				  .dmabuf = "fb",
				  .offset = 4096,
				  .addresses = { UINT64_MAX - 4095, 4096 },
				  .prot = 2,
				  .made = 14,
				  .verified = 15,
				  .arrived = true,
				  .revoked_by = "reset" };
	struct object promised = { .kind = OBJECT_MAPPING,
				   .name = "map1",
				   .fd = -1,
				   .importer = &importer_device,
				   .target = "0000:01:00.0",
				   .dmabuf = "fb",
				   .addresses = { 4096, 8192 },
				   .prot = 3,
				   .promise = 1,
				   .late_ms = UINT32_MAX,
				   .made = 16 };
	struct object region = { .kind = OBJECT_MAPPING,
				 .name = "map2",
				 .fd = -1,
				 .importer = &importer_rdma,
				 .target = "mlx5_0",
				 .dmabuf = "fb",
				 .addresses = { 0, 8192 },
				 .prot = 1,
				 .keys = { true, 7, UINT32_MAX },
				 .made = 17 };

	check_round_trip(&promised);
	check_round_trip(&region);
	check_round_trip(&device);
	check_round_trip(&dmabuf);
	check_round_trip(&ioas);
	check_round_trip(&mapping);
}

/* The text itself, which scripts and the holder read: keys, types, and what is null. */
static void check_text(void)
{
	static struct range ranges[] = { { 0, 4096 }, { 1ull << 40, 8192 } };
	static const struct {
		struct object object;
		const char *text;
	} texts[] = {
		{ { .kind = OBJECT_DEVICE, .id = 7, .ioas = "ioas0", .made = 12 },
		  "{\"id\":7,\"ioas\":\"ioas0\",\"made_ns\":12}" },
		{ { .kind = OBJECT_DEVICE, .id = UINT32_MAX, .made = UINT64_MAX },
		  "{\"id\":4294967295,\"ioas\":null,\"made_ns\":18446744073709551615}" },
		{ { .kind = OBJECT_DMABUF,
		    .device.bdf = "0000:01:00.0",
		    .bar = 2,
		    .ranges = ranges,
		    .range_count = 2,
		    .size = 12288,
		    .inode = 7,
		    .made = 13 },
		  "{\"adopted\":false,\"memory\":null,\"device\":\"0000:01:00.0\",\"bar\":2,\"ranges\":[{\"offset\":0,\"length\":4096},"
		  "{\"offset\":1099511627776,\"length\":8192}],\"size\":12288,\"inode\":7,\"made_ns\":13}" },
		{ { .kind = OBJECT_DMABUF, .adopted = true, .size = 4096, .inode = 8, .made = 13 },
		  "{\"adopted\":true,\"memory\":null,\"device\":null,\"bar\":null,\"ranges\":[],\"size\":4096,\"inode\":8,\"made_ns\":13}" },
		{ { .kind = OBJECT_IOAS, .id = UINT32_MAX }, "{\"id\":4294967295}" },
		{ { .kind = OBJECT_MAPPING,
		    .importer = &importer_iommufd,
		    .target = "ioas0",
		    .dmabuf = "fb",
		    .offset = 4096,
		    .addresses = { 0xffffffff000, 8192 },
		    .prot = 3,
		    .made = 14 },
		  "{\"dmabuf\":\"fb\",\"importer\":\"iommufd\",\"ioas\":\"ioas0\",\"iova\":\"0xffffffff000\",\"length\":8192,"
		  "\"offset\":4096,\"prot\":\"rw\",\"made_ns\":14,\"revoked_by\":null}" },
		{ { .kind = OBJECT_MAPPING,
		    .importer = &importer_iommufd,
		    .target = "a",
		    .dmabuf = "b",
		    .addresses = { 0, 4096 },
		    .prot = 1,
		    .made = 14,
		    .verified = 15,
		    .arrived = true,
		    .revoked_by = "reset" },
		  "{\"dmabuf\":\"b\",\"importer\":\"iommufd\",\"ioas\":\"a\",\"iova\":\"0x0\",\"length\":4096,\"offset\":0,"
		  "\"prot\":\"r\",\"made_ns\":14,\"revoked_by\":\"reset\",\"verified_ns\":15,"
		  "\"arrived\":true}" },
		{ { .kind = OBJECT_MAPPING,
		    .importer = &importer_iommufd,
		    .prot = 2,
		    .verified = 15,
		    .addresses = { 4096, 4096 } },
		  "{\"dmabuf\":null,\"importer\":\"iommufd\",\"ioas\":null,\"iova\":\"0x1000\",\"length\":4096,\"offset\":0,"
		  "\"prot\":\"w\",\"made_ns\":0,\"revoked_by\":null,\"verified_ns\":15,"
		  "\"arrived\":false}" },
	};

	for (unsigned i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		json_object *attributes = object_to_json(&texts[i].object);
		const char *text =
			json_object_to_json_string_ext(attributes, JSON_C_TO_STRING_PLAIN);

		check(!strcmp(text, texts[i].text), "%s: %s", texts[i].text, text);
		json_object_put(attributes);
	}
}

/* Every set of rights comes back as it was. */
static void check_rights(void)
{
	for (unsigned prot = 1; prot < 4; prot++) {
		struct object mapping = { .kind = OBJECT_MAPPING,
					  .importer = &importer_iommufd,
					  .target = "ioas0",
					  .dmabuf = "fb",
					  .addresses = { 4096, 4096 },
					  .prot = prot };
		struct object copy = { .kind = OBJECT_MAPPING, .name = "map0" };
		json_object *attributes = object_to_json(&mapping);

		check(!object_from_json(&copy, attributes) && copy.prot == prot, "rights %u", prot);
		json_object_put(attributes);
	}
}

/* Of a kind that never maps anything there is no mapping, whoever says so. */
static void check_no_mapping(void)
{
	struct object mapping = { .kind = OBJECT_MAPPING,
				  .importer = &importer_kvm,
				  .target = "vm",
				  .dmabuf = "fb",
				  .addresses = { 4096, 4096 },
				  .prot = 3 };
	struct object copy = { .kind = OBJECT_MAPPING, .name = "map0" };
	json_object *attributes = object_to_json(&mapping);

	check(object_from_json(&copy, attributes) == -EPROTO, "no mapping of that kind");
	json_object_put(attributes);
}

/* A dma-buf is gone with its device, and does not come back with the next that is opened. */
static void check_closed(void)
{
	static const struct {
		const char *device; /* that is open */
		uint64_t opened;
		const char *exporter; /* of the dma-buf, which is made at 100 */
		bool adopted, closed;
	} cases[] = {
		{ "0000:01:00.0", 50, "0000:01:00.0", false, false },
		{ "0000:01:00.0", 100, "0000:01:00.0", false, false },
		{ "0000:01:00.0", 101, "0000:01:00.0", false, true },
		{ "0000:02:00.0", 50, "0000:01:00.0", false, true },
		{ "0000:02:00.0", 50, "", true, false },
		{ "0000:01:00.0", 101, "0000:01:00.0", true, false },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct object_list list = { 0 };
		struct object *device = object_new(OBJECT_DEVICE, cases[i].device, -1);
		struct object *dmabuf = object_new(OBJECT_DMABUF, "fb", -1);

		device->made = cases[i].opened;
		dmabuf->made = 100;
		strcpy(dmabuf->device.bdf, cases[i].exporter);
		dmabuf->adopted = cases[i].adopted;
		object_list_add(&list, device);
		object_list_add(&list, dmabuf);
		check(object_device_closed(&list, dmabuf) == cases[i].closed,
		      "%s opened at %lu, exporter '%s'", cases[i].device,
		      (unsigned long)cases[i].opened, cases[i].exporter);
		object_list_clear(&list);
	}
}

static void check_names(void)
{
	char longest[NAME_SIZE + 1];

	memset(longest, 'x', sizeof(longest));
	longest[NAME_SIZE] = '\0';
	check(!object_name_valid(longest), "64 letters are too many");
	longest[NAME_SIZE - 1] = '\0';
	check(object_name_valid(longest), "63 letters are not");
	check(object_name_valid("a.b_c-9"), "a.b_c-9");
	check(!object_name_valid(""), "empty");
	check(!object_name_valid("9a"), "a digit first");
	check(!object_name_valid("../a"), "a path");
	check(!object_name_valid("a/b"), "a slash");
	check(!object_name_valid("a\nb"), "a newline");
}

static void check_list(void)
{
	struct object_list list = { 0 };
	char name[NAME_SIZE];

	object_make_name(&list, OBJECT_DMABUF, name);
	check(!strcmp(name, "dmabuf0"), "the first name");
	object_list_add(&list, object_new(OBJECT_DMABUF, "dmabuf0", -1));
	object_list_add(&list, object_new(OBJECT_IOAS, "dmabuf1", -1));
	object_make_name(&list, OBJECT_DMABUF, name);
	check(!strcmp(name, "dmabuf2"), "a name that another kind has is taken");
	check(object_count(&list, OBJECT_DMABUF) == 1, "count by kind");
	check(!object_find(&list, OBJECT_DMABUF, "dmabuf1"), "find by kind");
	check(object_find(&list, OBJECT_KINDS, "dmabuf1") != NULL, "find by name alone");
	object_list_remove(&list, object_find(&list, OBJECT_DMABUF, "dmabuf0"));
	object_make_name(&list, OBJECT_DMABUF, name);
	check(!strcmp(name, "dmabuf0"), "a name that was given back is free");
	object_list_clear(&list);
}

#define MANY 3000

static struct object *add(struct object_list *list, enum object_kind kind)
{
	struct object *object;
	char name[NAME_SIZE];

	object_make_name(list, kind, name);
	object = object_new(kind, name, -1);
	return object_list_add(list, object) ? NULL : object;
}

/* Whether the walk meets map0, map1, ... without those that are left out. */
static bool walks_in_order(const struct object_list *list, unsigned step)
{
	unsigned number = 0;

	for_each_object(mapping, list, OBJECT_MAPPING) {
		char name[NAME_SIZE];

		snprintf(name, sizeof(name), "map%u", number);
		if (strcmp(mapping->name, name) ||
		    object_find(list, OBJECT_MAPPING, name) != mapping)
			return false;
		number += step;
	}
	return number == MANY;
}

static void check_many(void)
{
	struct object_list list = { 0 };
	unsigned met = 0;
	char name[NAME_SIZE];

	for (unsigned i = 0; i < MANY; i++) {
		add(&list, OBJECT_MAPPING);
		if (!(i % 3))
			add(&list, OBJECT_DMABUF);
	}
	check(object_count(&list, OBJECT_MAPPING) == MANY &&
		      object_count(&list, OBJECT_KINDS) == MANY + MANY / 3,
	      "many: counted");
	check(walks_in_order(&list, 1), "many: walked in the order in which they were made");
	for (unsigned i = 1; i < MANY; i += 2) {
		snprintf(name, sizeof(name), "map%u", i);
		object_list_remove(&list, object_find(&list, OBJECT_MAPPING, name));
	}
	check(walks_in_order(&list, 2), "many: every other one removed, the rest in order");
	add(&list, OBJECT_MAPPING);
	check(object_find(&list, OBJECT_MAPPING, "map1") != NULL, "many: the lowest free name");
	object_make_name(&list, OBJECT_MAPPING, name);
	check(!strcmp(name, "map3"), "many: and the next one");
	for_each_object_once(mapping, &list, OBJECT_MAPPING) {
		object_list_remove(&list, mapping);
		add(&list, OBJECT_MAPPING);
		met++;
	}
	check(met == MANY / 2 + 1, "many: each is visited once though it is made anew");
	for_each_object(object, &list, OBJECT_KINDS)
		met++;
	check(met == 2 * (MANY / 2 + 1) + MANY / 3, "many: a walk over all kinds");
	object_list_clear(&list);
	check(!object_count(&list, OBJECT_KINDS) && !object_next(&list, OBJECT_KINDS, NULL),
	      "many: cleared");
}

static void check_users(void)
{
	struct object_list list = { 0 };
	struct object *dmabuf = add(&list, OBJECT_DMABUF), *ioas = add(&list, OBJECT_IOAS);
	struct object *mapping = object_new(OBJECT_MAPPING, "map0", -1);

	strcpy(mapping->dmabuf, "dmabuf0");
	mapping->importer = &importer_iommufd;
	strcpy(mapping->target, "ioas0");
	object_list_add(&list, mapping);
	check(dmabuf->mapping_count == 1 && ioas->mapping_count == 1, "a mapping counts");
	mapping = object_new(OBJECT_MAPPING, "map1", -1);
	strcpy(mapping->dmabuf, "gone");
	mapping->importer = &importer_iommufd;
	strcpy(mapping->target, "ioas0");
	object_list_add(&list, mapping);
	check(dmabuf->mapping_count == 1 && ioas->mapping_count == 2, "of what it names only");
	object_list_remove(&list, mapping);
	object_list_remove(&list, object_find(&list, OBJECT_MAPPING, "map0"));
	check(!dmabuf->mapping_count && !ioas->mapping_count, "until it is removed");
	object_list_clear(&list);
}

static void check_malformed(void)
{
	struct object *dmabuf = object_new(OBJECT_DMABUF, "fb", -1);
	json_object *attributes = json_tokener_parse("{\"ranges\": 7}");

	check(object_from_json(dmabuf, attributes) == -EPROTO, "ranges that are none");
	check(object_from_json(dmabuf, NULL) == -EPROTO, "no attributes at all");
	json_object_put(attributes);
	object_free(dmabuf);
}

int main(void)
{
	check_kinds();
	check_text();
	check_rights();
	check_no_mapping();
	check_closed();
	check_names();
	check_list();
	check_many();
	check_users();
	check_malformed();
	return check_plan();
}
