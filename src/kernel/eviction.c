// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/eviction.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/sys.h"
#include "kernel/vfio.h"

/* Closes what it inherited: an open device here would be waited for by itself. */
static void __attribute__((noreturn)) evict(const struct pci_device *pci, bool remove, pid_t parent)
{
	/* Nobody would answer the kernel's request: once begun it goes on, but it does not begin.
	 */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(EINTR);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	_exit(-(remove ? pci_remove(&pci->name) : pci_unbind(pci)));
}

int eviction_start(struct eviction *eviction, const struct pci_device *pci, int device, bool remove)
{
	pid_t parent = getpid();
	int rc;

	*eviction = (struct eviction){ .ended = -1, .request = eventfd(0, EFD_CLOEXEC) };
	if (eviction->request < 0)
		return -errno;
	rc = vfio_set_request_event(device, eviction->request);
	if (!rc) {
		eviction->child = fork();
		if (!eviction->child)
			evict(pci, remove, parent);
		if (eviction->child > 0)
			eviction->ended = sys_pidfd_open(eviction->child);
		rc = eviction->child < 0 ? -errno : eviction->ended < 0 ? eviction->ended : 0;
	}
	if (rc)
		eviction_end(eviction);
	return rc;
}

static int reap(const struct eviction *eviction)
{
	int status;

	if (waitpid(eviction->child, &status, 0) < 0)
		return -errno;
	if (!WIFEXITED(status))
		return -EINTR;
	return WEXITSTATUS(status) ? -WEXITSTATUS(status) : EVICTION_DONE;
}

int eviction_next(struct eviction *eviction, int timeout)
{
	struct pollfd events[] = {
		{ .fd = eviction->ended, .events = POLLIN },
		{ .fd = eviction->request, .events = POLLIN },
	};
	uint64_t count;

	if (poll(events, 2, timeout) < 0)
		return -errno;
	if (events[0].revents)
		return reap(eviction);
	if (events[1].revents && read(eviction->request, &count, sizeof(count)) > 0)
		return EVICTION_ASKED;
	return EVICTION_WAITING;
}

void eviction_end(struct eviction *eviction)
{
	sys_close(eviction->request);
	if (eviction->ended >= 0)
		sys_close(eviction->ended);
}
