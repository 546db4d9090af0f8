/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who maps a dma-buf: importers, each kind in a file of its own. A mapping is a range of a dma-buf,
 * the kind, its target, and the addresses at which devices reach it there; what more there is to
 * know stays in the kind's file. A new kind is a file and a line in importer.c.
 */
#ifndef DMABUFCTL_IMPORTER_IMPORTER_H
#define DMABUFCTL_IMPORTER_IMPORTER_H

#include <stdbool.h>
#include <stddef.h>

#include "util/range.h"

enum import_prot {
	IMPORT_READ = 1,
	IMPORT_WRITE = 2,
};

#define IMPORT_NEVER UINT32_MAX

struct import_request {
	struct range source; /* in the dma-buf */
	unsigned prot;	     /* enum import_prot */
	bool fixed;
	uint64_t address; /* with fixed */
	unsigned promise; /* of the kind's promises */
	uint32_t late_ms; /* it lets go so long after it was told to; IMPORT_NEVER */
};

/* What an importer says of a mapping of its own. */
struct import_look {
	bool mapped;
	bool over;	 /* it let go for good */
	bool translated; /* an IOMMU translates the addresses */
	unsigned told;	 /* how often the exporter told it to let go */
	/* CLOCK_MONOTONIC, ns. 0: never while it had something mapped; not, or not by itself. */
	uint64_t told_at, let_go_at;
	struct import_piece {
		struct range addresses;
		uint64_t physical; /* of the first byte; 0: the IOMMU takes it nowhere */
	} * pieces;		   /* in the order of the dma-buf's bytes; malloc'd */
	unsigned count;
};

/* What others name a mapping by, in place of its address alone. */
struct import_keys {
	bool given;
	uint32_t local, remote;
};

/* What a dma-buf is mapped into. */
struct import_target {
	const char *name;
	int fd;	     /* that of the iommufd context; of a kind that needs none, the mapping's own */
	uint32_t id; /* of the IOAS */
	struct import_keys keys; /* that map() was given */
};

/* Trial imports, all into one target of their own, which the first one makes. */
struct import_trial {
	int fd; /* of the iommufd context */
	uint32_t id;
	bool begun;
};

/* What has an ID in the iommufd context, by the record. */
struct import_known {
	uint32_t id;
	bool is_target;	      /* else it is a device */
	struct range *mapped; /* into that target, in ascending order */
	unsigned count;
};

struct importer {
	const char *name; /* of the kind: KIND in --to KIND[:TARGET] */
	/* Its targets are the IOASes of the context, made when they are wanted. */
	bool in_ioas;
	/* Its targets are PCI devices. */
	bool for_pci;
	/* What messages call the target; NULL: it may be left out. */
	const char *target_word;
	/* A mapping cannot be mapped again. */
	bool once;
	/* Takes whole pages at the start of a page only: in the dma-buf, and where they go. */
	bool whole_pages;
	/* Takes all of a dma-buf, and finds the addresses itself. */
	bool whole;
	/* What it may promise exporters, the first by default; NULL: there is no choice. */
	const char *const *promises;
	/* What target and address are called in JSON. */
	const char *target_key, *address_key;

	/*
	 * Maps a dma-buf; *address receives where, for source.length bytes. A kind that maps
	 * through an fd of the mapping's own puts it into target->fd. 0 or a negative errno, with
	 * these meanings for all kinds:
	 *   -ENODEV       the dma-buf is revoked
	 *   -EOPNOTSUPP   this kind does not take it
	 *   -EEXIST       something is mapped at the fixed address
	 *   -ENOTTY       the kernel has no such importer
	 */
	int (*map)(struct import_target *target, int dmabuf, const struct import_request *request,
		   uint64_t *address);
	/* -ENOENT: nothing is mapped there. */
	int (*unmap)(const struct import_target *target, struct range addresses);

	/* What map() would say of the dma-buf now, without a trace of it left. NULL: it cannot
	 * tell. */
	int (*probe)(struct import_trial *trial, int dmabuf);
	void (*end_trial)(struct import_trial *trial);

	/* Whether DMA of that device, attached to ioas ("": to none), goes by the target. */
	bool (*reaches)(const char *target, const char *device, const char *ioas);

	/*
	 * Maps the process's own memory, page aligned, for a device that is to do DMA there. NULL:
	 * its initiator needs none.
	 */
	int (*map_memory)(const struct import_target *target, void *memory, size_t size,
			  uint64_t *address);

	/* Of a mapping with an fd of its own; the pieces are the caller's, even when it fails.
	 * NULL: it says nothing. */
	int (*look)(int fd, struct import_look *look);
	/* Has it let go of what it should have let go of. NULL: it is never late. */
	int (*let_go)(int fd);

	/* The number that the kernel gave the mapping. 0 or a negative errno. NULL: it has none. */
	int (*number)(const char *target, const struct import_keys *keys, uint32_t *number);

	/* Undoes in the kernel what the record does not know of. NULL: that went with its fds. */
	int (*tidy)(int fd, const struct import_known *known, unsigned count);
};

extern const struct importer *const importers[]; /* NULL at the end; the first is the default */

/* NULL when there is no such kind. */
const struct importer *importer_find(const char *name);

/* The kind of KIND[:TARGET], NULL when there is none; *target: what follows it, NULL for nothing.
 */
const struct importer *importer_parse(const char *text, const char **target);

/* One kind after the other, NULL behind the last. */
const char *importer_name(unsigned index);

#endif
