/* SPDX-License-Identifier: GPL-2.0-only */
/* The interface of the module in kernel/importer, which has it at home. */
#ifndef DMABUFCTL_UAPI_IMPORTER_H
#define DMABUFCTL_UAPI_IMPORTER_H

#include <kernel/importer/dmabufctl-importer.h>

#endif
