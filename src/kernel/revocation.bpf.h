/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs of revocation.bpf.c tell: records in a ring, in the order of their times. */
#ifndef DMABUFCTL_KERNEL_REVOCATION_BPF_H
#define DMABUFCTL_KERNEL_REVOCATION_BPF_H

enum revocation_kind {
	REVOCATION_EXPORTED, /* a dma-buf of VFIO's was made */
	REVOCATION_REVOKED,  /* the exporter has, and no importer had anything to let go of */
	REVOCATION_LET_GO,   /* an importer has; once for each mapping, or for none */
	REVOCATION_RESTORED, /* the exporter has */
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
	char device[36];
};

#endif
