/* SPDX-License-Identifier: GPL-2.0-only */
/* What dmabufs.bpf.c and processes.bpf.c write: records, one after the other. */
#ifndef DMABUFCTL_KERNEL_INVENTORY_ITERATOR_BPF_H
#define DMABUFCTL_KERNEL_INVENTORY_ITERATOR_BPF_H

/* What the programs want to know; devices are the kernel's dev_t, 0: there is none. */
struct iterator_settings {
	unsigned int vfio_majors[2]; /* of VFIO's devices and of its groups */
	unsigned int iommufd_nodes[2];
	unsigned int page_size;
};

enum iterator_kind {
	ITERATOR_ATTACHMENT, /* of the dma-buf that comes next */
	ITERATOR_DMABUF,
	ITERATOR_FILE,
	ITERATOR_MAP,
};

/* Begins each record. */
struct iterator_record {
	unsigned int kind;
	unsigned int size; /* of the whole record */
};

/* What an importer promised the exporter, as far as the dma-buf core has it on record. */
enum iterator_promise {
	ITERATOR_PLAIN,	 /* a static importer: no peer-to-peer DMA, and it cannot be told to let go */
	ITERATOR_PINNED, /* it cannot be told to, either */
	ITERATOR_LETS_GO,
};

struct iterator_attachment {
	struct iterator_record record;
	unsigned int promise; /* enum iterator_promise */
	char device[68];      /* its name, 64 at most; the next record is aligned, too */
};

struct iterator_dmabuf {
	struct iterator_record record;
	unsigned long long inode;
	unsigned long long size;
	long long references;
	int attachments; /* -1: too many to be followed */
	char exporter[32];
	char name[36]; /* "" for none */
};

/* An fd of a dma-buf, of a VFIO device or of iommufd. */
struct iterator_file {
	struct iterator_record record;
	unsigned long long inode;   /* 0: no dma-buf */
	unsigned long long context; /* the iommufd context behind it, 0: none */
	unsigned int device;	    /* the kernel's dev_t: MAJOR << 20 | MINOR */
	unsigned int pid;
	unsigned int fd;
	char command[20]; /* 16 at most; a record has no holes */
};

/* A map of a dma-buf. */
struct iterator_map {
	struct iterator_record record;
	unsigned long long inode;
	unsigned long long size;
	unsigned int pid;
	char command[20]; /* 16 at most; a record has no holes */
};

#endif
