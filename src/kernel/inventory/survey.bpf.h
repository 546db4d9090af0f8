/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What dmabufs.bpf.c and processes.bpf.c note in a table: what VFIO and iommufd themselves have on
 * record. It is too much for an iterator's buffer, which holds what is written for one file.
 */
#ifndef DMABUFCTL_KERNEL_INVENTORY_SURVEY_BPF_H
#define DMABUFCTL_KERNEL_INVENTORY_SURVEY_BPF_H

enum survey_kind {
	SURVEY_EXPORT, /* VFIO's of a dma-buf; its ranges follow */
	SURVEY_RANGE,
	SURVEY_DEVICE,	/* iommufd's, of the context that comes next */
	SURVEY_MAPPING, /* of the IOAS that comes next */
	SURVEY_IOAS,
	SURVEY_CONTEXT,
};

struct survey_export {
	unsigned long long inode;
	unsigned long long size;
	unsigned int ranges; /* how many follow */
	int region;	     /* -1: its memory is in none of the device's BARs */
	unsigned char revoked;
	unsigned char closed; /* its device was: there is no name */
	char device[30];
};

/* Of a BAR, in bytes. */
struct survey_range {
	unsigned long long offset;
	unsigned long long length;
};

struct survey_device {
	unsigned int id;
	unsigned int ioas; /* 0: not attached, or to something else */
	char name[32];
};

struct survey_ioas {
	unsigned int id;
	unsigned int torn;	   /* it changed while it was read, again and again */
	unsigned int first;	   /* index of what was noted first in the last attempt */
	unsigned long long memory; /* mappings of memory */
	unsigned long long bytes;  /* of those */
};

struct survey_mapping {
	unsigned long long iova;
	unsigned long long length;
	unsigned long long inode;  /* the dma-buf's */
	unsigned long long offset; /* into it */
	unsigned int ioas;
	unsigned int pid;     /* who mapped it */
	unsigned int domains; /* that it is in; they translate it unless it is revoked */
	unsigned char readable;
	unsigned char writable;
	unsigned char revoked; /* it was taken away, and will not come back by itself */
};

/* All that was noted since the context before it is of this one. */
struct survey_context {
	unsigned long long address; /* the kernel's, to tell contexts apart */
};

struct survey_record {
	unsigned int kind;
	union {
		struct survey_export export;
		struct survey_range range;
		struct survey_device device;
		struct survey_ioas ioas;
		struct survey_mapping mapping;
		struct survey_context context;
	};
};

/* How the programs understand the records of the kernel that runs. */
enum survey_layout {
	LAYOUT_ABSENT,	/* there is no such code in the kernel, or its module is not loaded */
	LAYOUT_UNKNOWN, /* its records are others than any that are known here */
	LAYOUT_KNOWN,
};

struct survey_result {
	unsigned int noted; /* records, with those that found no room */
	unsigned int vfio;  /* enum survey_layout */
	unsigned int iommufd;
	/* The programs' own: their stack is small. */
	struct survey_record draft;
	unsigned long long memory, bytes; /* in the IOAS that is being read */
};

#endif
