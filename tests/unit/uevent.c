// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel announces, message by message, and what only pretends to be the kernel. */
#include <errno.h>
#include <linux/netlink.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/uevent.c"
#include "tests/unit/check.h"

#define BIND                                                      \
	"bind@/devices/pci0000:00/0000:00:10.0/0000:01:00.0\0"    \
	"ACTION=bind\0"                                           \
	"DEVPATH=/devices/pci0000:00/0000:00:10.0/0000:01:00.0\0" \
	"SUBSYSTEM=pci\0DRIVER=vfio-pci\0PCI_CLASS=10802\0SEQNUM=1718\0"
#define REMOVE                                                     \
	"remove@/devices/pci0000:00/0000:00:03.0\0ACTION=remove\0" \
	"DEVPATH=/devices/pci0000:00/0000:00:03.0\0SUBSYSTEM=pci\0"
#define CLIPPED "change@/devices/virtual/block/zram0\0ACTION=change\0SUBSYS"
#define FOREIGN_KEYS "add@/x\0XACTION=no\0ACTION=add\0MYDRIVER=no\0OLD_SUBSYSTEM=no\0DEVPATH=x\0"

static const struct {
	const char *message;
	int size; /* negative: libnl's error */
	unsigned sender;
	int rc;
	const char *wanted;
} table[] = {
	{ BIND, sizeof(BIND) - 1, 0, 0, "bind pci 0000:01:00.0 vfio-pci" },
	{ REMOVE, sizeof(REMOVE) - 1, 0, 0, "remove pci 0000:00:03.0 " },
	{ CLIPPED, sizeof(CLIPPED), 0, 0, "change   " },
	{ FOREIGN_KEYS, sizeof(FOREIGN_KEYS) - 1, 0, 0, "add   " },
	{ BIND, sizeof(BIND) - 1, 4711, 0, "   " },
	{ "", 0, 0, -EAGAIN, NULL },
	{ "", -NLE_AGAIN, 0, -EAGAIN, NULL },
	{ "", -NLE_NOMEM, 0, -ENOBUFS, NULL },
};

static unsigned current;

static int receive(struct nl_sock *socket, struct sockaddr_nl *sender, unsigned char **message,
		   struct ucred **credentials)
{
	(void)socket, (void)credentials;
	if (table[current].size <= 0)
		return table[current].size;
	*sender = (struct sockaddr_nl){ .nl_pid = table[current].sender };
	*message = malloc(table[current].size);
	memcpy(*message, table[current].message, table[current].size);
	return table[current].size;
}

int main(void)
{
	lib.nl_recv = receive;
	for (current = 0; current < sizeof(table) / sizeof(*table); current++) {
		struct uevent event = { .action = "stale" };
		int rc = uevent_read(NULL, &event);
		char text[256];

		snprintf(text, sizeof(text), "%s %s %s %s", event.action, event.subsystem,
			 event.device, event.driver);
		check(rc == table[current].rc && (rc || !strcmp(text, table[current].wanted)),
		      "%u: %d '%s'", current, rc, text);
	}
	return check_plan();
}
