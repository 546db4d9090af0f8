/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rules of VFIO's dma-buf export and of its importers as a test suite, for the kernel that
 * runs. A case is one rule, tried by itself; cases.c lists the groups, a file each.
 */
#ifndef DMABUFCTL_CONFORM_CONFORM_H
#define DMABUFCTL_CONFORM_CONFORM_H

#include <stdbool.h>

#include "kernel/pci.h"

struct trial;

enum conform_trait {
	/* What the case cannot do without: else it is skipped, and says what was missing. */
	NEEDS_EXPORTER = 1 << 0,     /* a device with vfio-pci whose BAR is exported */
	NEEDS_IMPORTER = 1 << 1,     /* a second one, attached to IOASes */
	NEEDS_DMA_IMPORTER = 1 << 2, /* a device with the driver of kernel/importer */
	NEEDS_DATA = 1 << 3, /* a BAR that is memory, and an importer that can be made to do DMA */
	NEEDS_IMPORTS = 1 << 4, /* IOMMU_IOAS_MAP_FILE takes the dma-buf */
	/*
	 * It has processes of its own, or closes devices: nothing may be left of the case before,
	 * and nothing is left for the next.
	 */
	STARTS_FRESH = 1 << 5,
	/* It changes the device or what is attached, which cases beside it would notice. */
	DISTURBS = 1 << 6,
};

/* A bug of released kernels. A case that fails where it is known is no failure. */
struct conform_known {
	const char *bug;
	const char *since,
		*until;	       /* releases: "7.2"; the first that has it, and no longer (NULL) */
	const char *mended_by; /* the patch, or the commit; NULL: none is known */
};

struct conform_case {
	const char *name;    /* group, dash, what is tried */
	const char *rule;    /* a sentence */
	const char *source;  /* where in the kernel it is from; NULL: where the refusal is */
	const char *refusal; /* the rule in rules/ that it is about; NULL: none */
	const char *since; /* the first release that has the rule; NULL: it came with the feature */
	const struct conform_known *known; /* NULL: none */
	unsigned traits;		   /* enum conform_trait */
	void (*run)(struct trial *trial, const void *data);
	const void *data; /* for run() */
};

struct conform_group {
	const char *name;
	const struct conform_case *cases; /* name NULL behind the last */
};

extern const struct conform_group conform_groups[]; /* name NULL at the end */

#define for_each_case(each, group)                                                     \
	for (const struct conform_group *group = conform_groups; group->name; group++) \
		for (const struct conform_case *each = group->cases; each->name; each++)

/* Where the rule is from, for people. */
void conform_source(const struct conform_case *conform_case, char *text, size_t size);

/* What the cases are tried on. */
struct conform_setup {
	const struct pci_device *exporter; /* NULL: there is but a dma-buf */
	unsigned bar;
	uint64_t size; /* of the BAR, or of the dma-buf */
	int dmabuf;    /* somebody else's, where there is no exporter; else -1 */
	const struct pci_device *importer;     /* with vfio-pci; NULL: none */
	const struct pci_device *dma_importer; /* with the driver of kernel/importer; NULL: none */
	unsigned limit_ms;		       /* how long a case may take */
};

enum conform_outcome {
	CONFORM_PASSED,
	CONFORM_FAILED,
	CONFORM_KNOWN, /* it failed, by a bug that this kernel is known to have */
	CONFORM_SKIPPED,
	CONFORM_OUTCOMES,
};

const char *conform_outcome_name(enum conform_outcome outcome);

#define CONFORM_SEEN 480

struct conform_result {
	const struct conform_case *conform_case;
	enum conform_outcome outcome;
	char seen[CONFORM_SEEN]; /* why it did not pass; "" for one that did */
	uint64_t took_ns;
};

/* Called when a case begins (result NULL), and when it has ended. */
typedef void conform_report(const struct conform_case *conform_case,
			    const struct conform_result *result, void *data);

/*
 * Tries the cases in this order, each in a child process: what one leaves behind is gone before the
 * next begins, and one that does not end in time is ended. 0 or a negative errno, when no process
 * could be had.
 */
int conform_run(const struct conform_setup *setup, const struct conform_case *const *cases,
		unsigned count, conform_report *report, void *data);

/* Whether a case can be tried while others are. */
static inline bool conform_is_quiet(const struct conform_case *conform_case)
{
	return !(conform_case->traits & (DISTURBS | STARTS_FRESH));
}

/*
 * The same with cases that are quiet, each group in a process of its own, all at once on one open
 * device, again and again for so many seconds. Each case is reported at the end, as failed if it
 * ever was.
 */
int conform_stress(const struct conform_setup *setup, const struct conform_case *const *cases,
		   unsigned count, unsigned seconds, conform_report *report, void *data);

#endif
