/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Importers that do not let go. The exporter waits for them within the call that revokes, where no
 * signal reaches this process (vfio_pci_dma_buf_move() in drivers/vfio/pci/vfio_pci_dmabuf.c). So a
 * child process looks at them meanwhile: it says for whom the kernel waits, and once this process
 * is asked to end, it takes their mappings away, and with them the wait.
 */
#ifndef DMABUFCTL_CONTEXT_PATIENCE_H
#define DMABUFCTL_CONTEXT_PATIENCE_H

#include "context/context.h"

struct patience {
	pid_t child; /* 0: no importer of the context could be late */
};

/* Before a call that revokes the dma-bufs of that device, and after it. 0 or a negative errno. */
int patience_begin(struct patience *patience, struct context *context, const char *device);
void patience_end(const struct patience *patience);

/*
 * Called in the child, when not NULL, every few seconds for each that has not let go, waited ns
 * after it was told to. let_go: it has had to, now.
 */
extern void (*patience_on_wait)(const struct object *mapping, uint64_t waited, bool let_go);

#endif
