// SPDX-License-Identifier: GPL-2.0-only
/* Isolation: one process's dma-bufs, contexts and devices against another's. */
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conform/evidence.h"
#include "kernel/iommufd.h"
#include "kernel/sys.h"
#include "kernel/vfio.h"

#define READ_WRITE (IOMMUFD_READ | IOMMUFD_WRITE)

/* A second process with an iommufd context of its own, which does as it is told, a letter each. */
struct other {
	pid_t pid;
	int link;
};

enum order { ORDER_IMPORT = 'i', ORDER_UNMAP = 'u', ORDER_END = 'e' };

struct own {
	int iommufd;
	uint32_t ioas;
	uint64_t iova;
};

static int obey(struct own *own, enum order order, int dmabuf)
{
	switch (order) {
	case ORDER_IMPORT:
		return iommufd_map_file(own->iommufd, own->ioas, dmabuf, (struct range){ 0, PAGE },
					READ_WRITE, false, &own->iova);
	case ORDER_UNMAP:
		return iommufd_unmap(own->iommufd, own->ioas, (struct range){ own->iova, PAGE });
	default:
		_exit(0);
	}
}

static void __attribute__((noreturn)) be_the_other(int link, int dmabuf)
{
	struct own own = { .iommufd = iommufd_open() };
	int rc = own.iommufd < 0 ? own.iommufd : iommufd_alloc_ioas(own.iommufd, &own.ioas);
	char order;

	while (read(link, &order, 1) == 1) {
		rc = rc ? rc : obey(&own, order, dmabuf);
		if (write(link, &rc, sizeof(rc)) != sizeof(rc))
			break;
		rc = 0;
	}
	_exit(0);
}

static void begin_other(struct trial *trial, struct other *other, int dmabuf)
{
	int links[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, links))
		trial_skip(trial, "no pair of sockets can be had");
	other->pid = fork();
	if (!other->pid) {
		close(links[0]);
		be_the_other(links[1], dmabuf);
	}
	close(links[1]);
	other->link = keep_fd(trial, links[0], "socketpair");
}

static int tell(struct trial *trial, const struct other *other, enum order order)
{
	char letter = order;
	int rc;

	expect(trial, write(other->link, &letter, 1) == 1, "another process is told");
	if (order == ORDER_END)
		return waitpid(other->pid, NULL, 0) == other->pid ? 0 : -ECHILD;
	expect(trial, read(other->link, &rc, sizeof(rc)) == sizeof(rc), "it answers");
	return rc;
}

static void own_contexts(struct trial *trial, const void *data)
{
	int dmabuf = new_dmabuf(trial, pages(trial, 0, 1));
	uint32_t ioas = new_ioas(trial);
	struct other other;
	struct range iova = { .length = PAGE };

	(void)data;
	attach(trial, any_device(trial), ioas);
	iova.offset = import(trial, ioas, dmabuf, PAGE);
	begin_other(trial, &other, dmabuf);
	expect_done(trial, tell(trial, &other, ORDER_IMPORT), "importing in another process");
	expect_done(trial, tell(trial, &other, ORDER_UNMAP), "unmapping in another process");
	expect_translated(trial, any_device(trial), iova, 0);
	expect_done(trial, tell(trial, &other, ORDER_IMPORT), "importing there again");
	tell(trial, &other, ORDER_END);
	expect_translated(trial, any_device(trial), iova, 0);
}

static void unmap_here(struct trial *trial, const void *data)
{
	int dmabuf = new_dmabuf(trial, pages(trial, 0, 1));
	uint32_t ioas = new_ioas(trial);
	struct other other;

	(void)data;
	begin_other(trial, &other, dmabuf);
	expect_done(trial, tell(trial, &other, ORDER_IMPORT), "importing in another process");
	unmap(trial, ioas, (struct range){ import(trial, ioas, dmabuf, PAGE), PAGE });
	close_fd(trial, dmabuf);
	expect_done(trial, tell(trial, &other, ORDER_UNMAP), "unmapping what is mapped there");
	tell(trial, &other, ORDER_END);
}

static void revoked_everywhere(struct trial *trial, const void *data)
{
	int dmabuf = new_dmabuf(trial, pages(trial, 0, 1));
	struct other other;

	(void)data;
	begin_other(trial, &other, dmabuf);
	expect_done(trial, vfio_set_memory_decode(the_exporter(trial), false), "memory off");
	expect_error(trial, tell(trial, &other, ORDER_IMPORT), ENODEV,
		     "importing in another process what is revoked");
	expect_done(trial, vfio_set_memory_decode(the_exporter(trial), true), "memory on");
	expect_done(trial, tell(trial, &other, ORDER_IMPORT), "importing there afterwards");
	tell(trial, &other, ORDER_END);
}

static void closed_everywhere(struct trial *trial, const void *data)
{
	int dmabuf = new_dmabuf(trial, pages(trial, 0, 1));
	struct other other;

	(void)data;
	/* It must not inherit the device, or that would not be closed. */
	close_exporter(trial);
	begin_other(trial, &other, dmabuf);
	the_exporter(trial);
	expect_error(trial, tell(trial, &other, ORDER_IMPORT), ENODEV,
		     "importing in another process what a closed device exported");
	tell(trial, &other, ORDER_END);
}

static void second_open(struct trial *trial, const void *data)
{
	int context = keep_fd(trial, iommufd_open(), "opening " IOMMUFD_PATH);
	uint32_t id;
	int rc;

	(void)data;
	the_exporter(trial);
	rc = vfio_open(trial->setup->exporter->cdev, context, &id);
	if (rc >= 0)
		sys_close(rc);
	expect_error(trial, rc, EINVAL, "opening the device for a second context");
}

static void other_object(struct trial *trial, const void *data)
{
	int dmabuf = new_dmabuf(trial, pages(trial, 0, 1));
	int context = keep_fd(trial, iommufd_open(), "opening " IOMMUFD_PATH);
	uint32_t ioas = 0;
	uint64_t iova = 0;

	(void)data;
	/* IDs are a context's own: one that only ours has. */
	for (unsigned i = 0; i < 8; i++)
		ioas = new_ioas(trial);
	expect_error(trial,
		     iommufd_map_file(context, ioas, dmabuf, (struct range){ 0, PAGE }, READ_WRITE,
				      false, &iova),
		     ENOENT, "mapping into an IOAS of another context");
}

static void two_ioases(struct trial *trial, const void *data)
{
	int dmabuf = new_dmabuf(trial, pages(trial, 0, 1));
	uint32_t other = new_ioas(trial), ioas = new_ioas(trial);
	struct range iova = { .length = PAGE };
	uint64_t there;

	(void)data;
	attach(trial, any_device(trial), ioas);
	iova.offset = import(trial, ioas, dmabuf, PAGE);
	there = import(trial, other, dmabuf, PAGE);
	unmap(trial, other, (struct range){ there, PAGE });
	expect_translated(trial, any_device(trial), iova, 0);
}

static void not_attached(struct trial *trial, const void *data)
{
	int dmabuf = new_dmabuf(trial, pages(trial, 0, 1));
	uint32_t ioas = new_ioas(trial), other = new_ioas(trial);
	const struct range window = { 0x40000000, PAGE };
	uint64_t iova = window.offset;

	(void)data;
	attach(trial, any_device(trial), ioas);
	expect_done(trial,
		    iommufd_map_file(the_iommufd(trial), other, dmabuf, (struct range){ 0, PAGE },
				     READ_WRITE, true, &iova),
		    "a mapping in another IOAS");
	expect_nothing(trial, any_device(trial), window);
}

#define NEEDS (NEEDS_EXPORTER | NEEDS_IMPORTS | DISTURBS)

#define CASE(case_name, sentence, from, what, function)                           \
	{                                                                         \
		.name = "isolation-" case_name, .rule = sentence, .source = from, \
		.traits = NEEDS | (what), .run = function                         \
	}

const struct conform_case isolation_cases[] = {
	CASE("contexts", "what another process maps, unmaps and leaves changes nothing here",
	     "iopt_map_dmabuf() in " IOMMUFD_PAGES, STARTS_FRESH, own_contexts),
	CASE("unmap-here", "what is unmapped here stays mapped in another process",
	     "iopt_release_pages() in " IOMMUFD_PAGES, STARTS_FRESH, unmap_here),
	CASE("revoked", "what is revoked is revoked in every process",
	     "vfio_pci_dma_buf_move() in " VFIO_DMABUF, STARTS_FRESH, revoked_everywhere),
	CASE("closed", "what a closed device exported is dead in every process, for good",
	     "vfio_pci_dma_buf_cleanup() in " VFIO_DMABUF, STARTS_FRESH, closed_everywhere),
	CASE("second-open", "a device is of one context at a time",
	     "vfio_df_ioctl_bind_iommufd() in drivers/vfio/device_cdev.c", 0, second_open),
	CASE("other-object", "a context does not have the objects of another",
	     "iommufd_get_object() in " IOMMUFD_MAIN, 0, other_object),
	CASE("two-ioases", "what is unmapped in one IOAS stays in the other",
	     "iopt_unmap_iova_range() in " IOMMUFD_TABLE, 0, two_ioases),
	CASE("not-attached", "a device has nothing of an IOAS that it is not attached to",
	     "iopt_map_pages() in " IOMMUFD_TABLE, 0, not_attached),
	{ 0 },
};
