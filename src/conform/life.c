// SPDX-License-Identifier: GPL-2.0-only
/* Life cycles: in which order things come and go, and what is left of them. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conform/evidence.h"
#include "kernel/iommufd.h"
#include "kernel/vfio.h"

#define READ_WRITE (IOMMUFD_READ | IOMMUFD_WRITE)

/* An IOAS with a dma-buf of the whole BAR in it. */
struct scene {
	uint32_t ioas;
	int dmabuf;
	uint64_t inode;
	struct range iova;
};

static void map_whole(struct trial *trial, struct scene *scene)
{
	scene->dmabuf = new_dmabuf(trial, whole(trial));
	scene->inode = inode_of(trial, scene->dmabuf);
	scene->iova = whole(trial);
	scene->iova.offset = import(trial, scene->ioas, scene->dmabuf, scene->iova.length);
}

static void set_up(struct trial *trial, struct scene *scene)
{
	scene->ioas = new_ioas(trial);
	attach(trial, any_device(trial), scene->ioas);
	map_whole(trial, scene);
}

static void import_attach(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };

	(void)data;
	map_whole(trial, &scene);
	attach(trial, any_device(trial), scene.ioas);
	expect_translated(trial, any_device(trial), scene.iova, 0);
}

static void attach_import(struct trial *trial, const void *data)
{
	struct scene scene;

	(void)data;
	set_up(trial, &scene);
	expect_translated(trial, any_device(trial), scene.iova, 0);
}

static void detached(struct trial *trial, const void *data)
{
	struct scene scene;

	(void)data;
	set_up(trial, &scene);
	detach(trial, any_device(trial));
	expect_nothing(trial, any_device(trial), scene.iova);
	attach(trial, any_device(trial), scene.ioas);
	expect_translated(trial, any_device(trial), scene.iova, 0);
}

static void unmapped(struct trial *trial, const void *data)
{
	struct scene scene;

	(void)data;
	set_up(trial, &scene);
	unmap(trial, scene.ioas, scene.iova);
	expect_nothing(trial, any_device(trial), scene.iova);
}

static void mapped_again(struct trial *trial, const void *data)
{
	struct scene scene;

	(void)data;
	set_up(trial, &scene);
	unmap(trial, scene.ioas, scene.iova);
	expect_done(trial,
		    iommufd_map_file(the_iommufd(trial), scene.ioas, scene.dmabuf, whole(trial),
				     READ_WRITE, true, &scene.iova.offset),
		    "mapping at the same IOVA again");
	expect_translated(trial, any_device(trial), scene.iova, 0);
}

static void fd_closed(struct trial *trial, const void *data)
{
	struct scene scene;

	(void)data;
	set_up(trial, &scene);
	close_fd(trial, scene.dmabuf);
	expect_translated(trial, any_device(trial), scene.iova, 0);
}

static void two_devices(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };

	(void)data;
	attach(trial, the_importer(trial), scene.ioas);
	attach(trial, the_exporter(trial), scene.ioas);
	map_whole(trial, &scene);
	expect_translated(trial, trial->importer, scene.iova, 0);
	expect_translated(trial, trial->exporter, scene.iova, 0);
}

static void own_memory(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };

	(void)data;
	attach(trial, the_exporter(trial), scene.ioas);
	map_whole(trial, &scene);
	expect_translated(trial, trial->exporter, scene.iova, 0);
}

static void exporter_closed(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };

	(void)data;
	attach(trial, the_importer(trial), scene.ioas);
	map_whole(trial, &scene);
	/* What is translated is looked up by the exporter's BAR, not by its fd. */
	close_exporter(trial);
	expect_nothing(trial, trial->importer, scene.iova);
}

static void closed_import(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };

	(void)data;
	map_whole(trial, &scene);
	close_exporter(trial);
	expect_error(trial, try_import(trial, scene.ioas, scene.dmabuf, whole(trial), READ_WRITE),
		     ENODEV, "importing a dma-buf whose device was closed");
}

static void closed_unmap(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };

	(void)data;
	map_whole(trial, &scene);
	close_exporter(trial);
	unmap(trial, scene.ioas, scene.iova);
}

static void opened_again(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };

	(void)data;
	map_whole(trial, &scene);
	close_exporter(trial);
	the_exporter(trial);
	expect_error(trial, try_import(trial, scene.ioas, scene.dmabuf, whole(trial), READ_WRITE),
		     ENODEV, "importing a dma-buf from before the device was opened again");
	map_whole(trial, &scene);
}

static void importer_closed(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };

	(void)data;
	attach(trial, the_importer(trial), scene.ioas);
	map_whole(trial, &scene);
	close_importer(trial);
	attach(trial, the_importer(trial), scene.ioas);
	expect_translated(trial, trial->importer, scene.iova, 0);
}

/* The driver comes back, and the dma-buf of before does not. */
static void expect_dead(struct trial *trial, struct scene *scene)
{
	struct pci_device pci;

	expect_error(trial, try_import(trial, scene->ioas, scene->dmabuf, whole(trial), READ_WRITE),
		     ENODEV, "importing a dma-buf whose device has no driver");
	expect_done(trial,
		    pci_hand_over(&trial->setup->exporter->name,
				  trial->setup->exporter->driver_override, &pci),
		    "giving the device its driver back");
	the_exporter(trial);
	expect_error(trial, try_import(trial, scene->ioas, scene->dmabuf, whole(trial), READ_WRITE),
		     ENODEV, "importing the dma-buf of before");
	map_whole(trial, scene);
}

static void unbound(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };

	(void)data;
	map_whole(trial, &scene);
	close_exporter(trial);
	expect_done(trial, pci_unbind(trial->setup->exporter), "unbinding the device");
	expect_dead(trial, &scene);
}

/* Another process unbinds it, and waits until it is closed here. */
static void asked_to_close(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };
	int event = keep_fd(trial, eventfd(0, EFD_CLOEXEC), "eventfd"), status;
	pid_t child;

	(void)data;
	map_whole(trial, &scene);
	expect_done(trial, vfio_set_request_event(trial->exporter, event),
		    "VFIO_DEVICE_SET_IRQS {request}");
	child = fork();
	if (!child) {
		close(trial->exporter);
		_exit(pci_unbind(trial->setup->exporter) != 0);
	}
	expect(trial, poll(&(struct pollfd){ .fd = event, .events = POLLIN }, 1, -1) == 1,
	       "the kernel asks for the device");
	expect(trial, !waitpid(child, NULL, WNOHANG), "it waits for the device to be closed");
	close_exporter(trial);
	expect(trial, waitpid(child, &status, 0) == child && !status, "the device is unbound then");
	expect_dead(trial, &scene);
}

static void close_one(struct trial *trial, const struct scene *scene, char what)
{
	switch (what) {
	case 'b':
		close_fd(trial, scene->dmabuf);
		break;
	case 'e':
		close_exporter(trial);
		break;
	case 'm':
		if (trial->setup->importer)
			close_importer(trial);
		break;
	case 'i':
		close_iommufd(trial);
		break;
	}
}

/* data: what is closed, in this order; all of it: then the dma-buf is gone, and all goes on. */
static void closed_in_order(struct trial *trial, const void *data)
{
	struct scene scene;

	set_up(trial, &scene);
	for (const char *what = data; *what; what++)
		close_one(trial, &scene, *what);
	expect(trial, !dmabuf_exists(trial, scene.inode), "the dma-buf is gone");
	set_up(trial, &scene);
	expect_translated(trial, any_device(trial), scene.iova, 0);
}

static void close_all(struct trial *trial)
{
	close_exporter(trial);
	close_importer(trial);
	close_iommufd(trial);
}

/* In a process of its own: sets up, says so, and waits to be killed. */
static void __attribute__((noreturn)) live_and_wait(struct trial *trial, int out)
{
	struct scene scene;

	set_up(trial, &scene);
	if (write(out, &scene.inode, sizeof(scene.inode)) != sizeof(scene.inode))
		_exit(1);
	for (;;)
		pause();
}

static void process_killed(struct trial *trial, const void *data)
{
	int told[2], status;
	struct scene scene = { 0 };
	pid_t child;

	(void)data;
	if (pipe2(told, O_CLOEXEC))
		trial_skip(trial, "no pipe can be had");
	close_all(trial); /* it is to have them all to itself */
	child = fork();
	if (!child)
		live_and_wait(trial, told[1]);
	close(told[1]);
	expect(trial, read(told[0], &scene.inode, sizeof(scene.inode)) == sizeof(scene.inode),
	       "a process exports and imports");
	close(told[0]);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	expect(trial, !dmabuf_exists(trial, scene.inode), "its dma-buf is gone with it");
	set_up(trial, &scene);
	expect_translated(trial, any_device(trial), scene.iova, 0);
}

#define NEEDS (NEEDS_EXPORTER | NEEDS_IMPORTS | DISTURBS)
#define FILL "iopt_area_fill_domain() in " IOMMUFD_PAGES
#define UNFILL "iopt_area_unfill_domain() in " IOMMUFD_PAGES
#define CLEANUP "vfio_pci_dma_buf_cleanup() in " VFIO_DMABUF
#define RELEASE "vfio_pci_dma_buf_release() in " VFIO_DMABUF

#define CASE(case_name, sentence, from, what, function)                      \
	{                                                                    \
		.name = "life-" case_name, .rule = sentence, .source = from, \
		.traits = NEEDS | (what), .run = function                    \
	}
/* b: the dma-buf's fd, e: the exporter, m: the importer, i: the iommufd context. */
#define ORDER(order, sentence)                                                        \
	{                                                                             \
		.name = "life-close-" order, .rule = sentence, .source = RELEASE,     \
		.traits = NEEDS | STARTS_FRESH, .run = closed_in_order, .data = order \
	}

const struct conform_case life_cases[] = {
	CASE("import-attach", "what is mapped first is translated once a device is attached", FILL,
	     0, import_attach),
	CASE("attach-import", "what is mapped later is translated at once",
	     "iopt_area_fill_domains() in " IOMMUFD_PAGES, 0, attach_import),
	CASE("detach", "a device that leaves and comes back has the mapping again", UNFILL, 0,
	     detached),
	CASE("unmap", "nothing is translated once it is unmapped",
	     "iopt_area_unfill_domains() in " IOMMUFD_PAGES, 0, unmapped),
	CASE("map-again", "what was unmapped can be mapped at the same IOVA",
	     "iopt_map_pages() in " IOMMUFD_TABLE, 0, mapped_again),
	CASE("fd-closed", "a mapping goes on when the dma-buf's fd is closed",
	     "iopt_map_dmabuf() in " IOMMUFD_PAGES, 0, fd_closed),
	CASE("two-devices", "two devices of one IOAS have the mapping", FILL, NEEDS_IMPORTER,
	     two_devices),
	CASE("own-memory", "a device can have its own BAR mapped", FILL, 0, own_memory),
	CASE("importer-closed", "an importer that is opened again has the mapping again", FILL,
	     NEEDS_IMPORTER | STARTS_FRESH, importer_closed),
	CASE("exporter-closed", "nothing is translated once the exporter is closed", CLEANUP,
	     NEEDS_IMPORTER | STARTS_FRESH, exporter_closed),
	CASE("closed-import", "a dma-buf whose device was closed cannot be mapped", CLEANUP,
	     STARTS_FRESH, closed_import),
	CASE("closed-unmap", "a mapping whose device was closed can be unmapped", CLEANUP,
	     STARTS_FRESH, closed_unmap),
	CASE("opened-again", "a dma-buf stays revoked when its device is opened again", CLEANUP,
	     STARTS_FRESH, opened_again),
	CASE("unbound", "a dma-buf stays revoked when its device is unbound and bound again",
	     CLEANUP, STARTS_FRESH, unbound),
	CASE("unbind-waits", "unbinding asks for a device that is open, and waits for it",
	     "vfio_unregister_group_dev() in " VFIO_MAIN, STARTS_FRESH, asked_to_close),
	CASE("killed", "what a process had is gone when it is killed", RELEASE, STARTS_FRESH,
	     process_killed),
	ORDER("bemi", "closed: dma-buf, exporter, importer, iommufd"),
	ORDER("ebmi", "closed: exporter, dma-buf, importer, iommufd"),
	ORDER("mbei", "closed: importer, dma-buf, exporter, iommufd"),
	ORDER("mebi", "closed: importer, exporter, dma-buf, iommufd"),
	ORDER("iebm", "closed: iommufd, exporter, dma-buf, importer"),
	ORDER("ibme", "closed: iommufd, dma-buf, importer, exporter"),
	ORDER("bime", "closed: dma-buf, iommufd, importer, exporter"),
	ORDER("emib", "closed: exporter, importer, iommufd, dma-buf"),
	{ 0 },
};
