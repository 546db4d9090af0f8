/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs of revocation.bpf.c tell: records in a ring, in the order of their times. */
#ifndef DMABUFCTL_KERNEL_REVOCATION_BPF_H
#define DMABUFCTL_KERNEL_REVOCATION_BPF_H

enum revocation_kind {
	REVOCATION_EXPORTED, /* a dma-buf of VFIO's was made */
	REVOCATION_REVOKED,  /* the exporter has: of others than iommufd, or of nobody */
	REVOCATION_LET_GO,   /* iommufd has; once for each mapping, or for none */
	REVOCATION_RESTORED, /* the exporter has */
};

/* Whether importers had let go when the exporter had told all of them to. */
enum revocation_kept {
	REVOCATION_NOBODY, /* none had anything to let go of, or that is not on record */
	REVOCATION_NOT_KEPT,
	REVOCATION_KEPT,
};

struct revocation_record {
	unsigned long long time; /* CLOCK_MONOTONIC, ns */
	unsigned long long inode;
	unsigned long long iova;
	unsigned long long length; /* 0: no mapping that is in a page table */
	unsigned long long took;   /* the importer, in ns */
	unsigned long long size;   /* of the dma-buf that was made */
	unsigned long long memory; /* the physical address that it begins with */
	unsigned int kind;
	unsigned int pid;	/* the thread that does it */
	unsigned int mapped_by; /* the importer's process, 0: no importer */
	unsigned int ioas;
	int region; /* -1: the memory is in none of the device's BARs */
	unsigned int kept; /* enum revocation_kept */
	char device[32];
};

#endif
