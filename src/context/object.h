/* SPDX-License-Identifier: GPL-2.0-only */
/* What a context is made of, and how it is written down: as JSON, for the holder and for status. */
#ifndef DMABUFCTL_CONTEXT_OBJECT_H
#define DMABUFCTL_CONTEXT_OBJECT_H

#include <json-c/json.h>
#include <stdbool.h>

#include "importer/importer.h"
#include "kernel/pci.h"
#include "util/range.h"

#define NAME_SIZE 64 /* with the NUL */

/* In the order in which status shows them; they are released from the last to the first. */
enum object_kind {
	OBJECT_IOMMUFD, /* the iommufd context itself; one, named "iommufd" */
	OBJECT_TRACE,	/* the flight recorder; at most one, named as its tracefs instance */
	OBJECT_UNDO,	/* a trigger that is to be undone, named by the BDF of its device */
	OBJECT_DEVICE,	/* an open VFIO device, named by its BDF */
	OBJECT_DMABUF,
	OBJECT_IOAS,
	OBJECT_MAPPING,
	OBJECT_KINDS,
};

struct object {
	enum object_kind kind;
	char name[NAME_SIZE];
	int fd;	       /* -1: has none, or the holder keeps it and it was not asked for */
	uint32_t id;   /* in the iommufd context: of a device or IOAS */
	uint64_t made; /* CLOCK_MONOTONIC, ns: of a device, dma-buf or mapping */
	union {
		/* OBJECT_UNDO */
		char trigger[16];

		/* OBJECT_DEVICE */
		char ioas[NAME_SIZE]; /* "" when not attached */

		/* OBJECT_DMABUF */
		struct {
			bool adopted;		/* made by somebody else */
			char memory[NAME_SIZE]; /* "udmabuf" or "heap:NAME"; "": a device's */
			struct pci_name device; /* "": not known, nor are BAR and ranges */
			unsigned bar;
			struct range *ranges; /* inside the BAR */
			unsigned range_count;
			uint64_t size;
			uint64_t inode; /* of its file, which several objects may have */
		};

		/* OBJECT_MAPPING */
		struct {
			char dmabuf[NAME_SIZE];
			uint64_t offset; /* in the dma-buf */
			const struct importer *importer;
			char target[NAME_SIZE]; /* of the importer */
			struct range addresses; /* there */
			unsigned prot;		/* enum import_prot */
			unsigned promise;	/* of the importer's, if it has any */
			uint32_t late_ms;	/* as it was asked for; IMPORT_NEVER */
			struct import_keys keys; /* of a memory region */
			uint64_t verified;   /* when a device last did DMA through it; 0: never */
			bool arrived;	     /* and whether that arrived, or faulted */
			bool recovering;     /* half way: perhaps nothing is mapped there now */
			char revoked_by[16]; /* the trigger that dmabufctl pulled since, or "" */
		};
	};

	/* The list's own. */
	struct object *previous, *next; /* among its kind */
	struct object *chained;		/* whose name has the same hash */
	unsigned mapping_count;		/* of a dma-buf or IOAS: mappings of it, or in it */
};

/* Each kind in the order in which it was made; a name is found without a search. */
struct object_list {
	struct {
		struct object *first, *last;
		unsigned count;
		unsigned taken; /* below this, every number of a made name is in use */
	} kinds[OBJECT_KINDS];
	struct object **buckets; /* by the hash of the name */
	unsigned bucket_count;	 /* a power of two */
	unsigned count;
};

/* NULL when out of memory. The fd is the object's from then on. */
struct object *object_new(enum object_kind kind, const char *name, int fd);
void object_free(struct object *object);

const char *object_kind_name(enum object_kind kind);

/* Letters, digits, '_', '-' and '.', a letter first, at most 63. */
bool object_name_valid(const char *name);

/* The attributes alone, without kind, name and fd. */
json_object *object_to_json(const struct object *object);
/* The same into an object that there is, or NULL. */
void object_put_attributes(json_object *attributes, const struct object *object);
/* -EPROTO when the attributes are not those of this kind. */
int object_from_json(struct object *object, json_object *attributes);

/* Of enum import_prot bits: "r", "w", "rw", or "" for none. */
const char *object_prot_name(unsigned prot);

/* An array of {offset, length}, as the attributes of a dma-buf have it. */
void object_put_ranges(json_object *attributes, const char *key, const struct range *ranges,
		       unsigned count);

/* 0 or -ENOMEM; the list owns the object on success. */
int object_list_add(struct object_list *list, struct object *object);
void object_list_remove(struct object_list *list, struct object *object);
void object_list_clear(struct object_list *list);

/* By name, among one kind, or among all that have names of their own when kind is OBJECT_KINDS. */
struct object *object_find(const struct object_list *list, enum object_kind kind, const char *name);

/* Walks one kind, or all that have names of their own, kind by kind; start with NULL. */
struct object *object_next(const struct object_list *list, enum object_kind kind,
			   const struct object *previous);
unsigned object_count(const struct object_list *list, enum object_kind kind);
/* The same in an array, malloc'd; NULL: out of memory. */
struct object **object_collect(const struct object_list *list, enum object_kind kind,
			       unsigned *count);

#define for_each_object(each, list, kind)                               \
	for (struct object *each = object_next(list, kind, NULL); each; \
	     each = object_next(list, kind, each))

/* The same where each may be removed, or made anew at the end of the list: each is visited once. */
#define for_each_object_once(each, list, kind)                                                  \
	for (unsigned each##_left = object_count(list, kind), each##_done = 0; !each##_done;    \
	     each##_done = 1)                                                                   \
		for (struct object *each = object_next(list, kind, NULL), *each##_next;         \
		     each && each##_left-- && (each##_next = object_next(list, kind, each), 1); \
		     each = each##_next)

/* The first of prefix0, prefix1, ... that no object has. */
void object_make_name(struct object_list *list, enum object_kind kind, char name[NAME_SIZE]);

/* Whether it was exported in this context, from the device of that name. */
bool object_is_export_of(const struct object *dmabuf, const char *device);

/* Whether the IOAS of that name is the mapping's target. */
bool object_is_in_ioas(const struct object *mapping, const char *ioas);

/* Whether its addresses are an IOMMU's; those of a memory region are the region's own. */
bool object_is_at_iova(const struct object *mapping);

/* Whether DMA of the device goes by the mapping's target. */
bool object_is_reached_by(const struct object *mapping, const struct object *device);

/* Closing its device revokes a dma-buf for ever, also when the device is opened again. */
bool object_device_closed(const struct object_list *list, const struct object *dmabuf);

#endif
