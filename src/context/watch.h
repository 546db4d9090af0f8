/* SPDX-License-Identifier: GPL-2.0-only */
/* Contexts that come and go, told by the sockets of their holders; also where none has been yet. */
#ifndef DMABUFCTL_CONTEXT_WATCH_H
#define DMABUFCTL_CONTEXT_WATCH_H

#include <limits.h>

#include "context/context.h"

struct context_watch {
	int fd;		       /* for poll(); negative: nothing can be seen */
	int parent, directory; /* inotify's watches; -1: none */
	char path[PATH_MAX];
	char (*running)[NAME_SIZE];
	unsigned count;
};

void context_watch_open(struct context_watch *watch);
void context_watch_close(struct context_watch *watch);

/* Calls visit for each that came or went since, without waiting. */
void context_watch_read(struct context_watch *watch,
			void (*visit)(const char *name, bool started, void *data), void *data);

#endif
