// SPDX-License-Identifier: GPL-2.0-only
/* Revocation: what each trigger takes away, what comes back, and what does not. */
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>

#include "conform/cause.h"
#include "conform/evidence.h"
#include "kernel/iommufd.h"
#include "kernel/pci.h"
#include "kernel/vfio.h"

#define READ_WRITE (IOMMUFD_READ | IOMMUFD_WRITE)

/* An IOAS with a device, and a dma-buf of the whole BAR in it. */
struct scene {
	uint32_t ioas;
	int dmabuf;
	struct range iova;
};

static void map_whole(struct trial *trial, struct scene *scene)
{
	scene->dmabuf = new_dmabuf(trial, whole(trial));
	scene->iova = whole(trial);
	scene->iova.offset = import(trial, scene->ioas, scene->dmabuf, scene->iova.length);
}

static void set_up(struct trial *trial, struct scene *scene)
{
	scene->ioas = new_ioas(trial);
	attach(trial, any_device(trial), scene->ioas);
	map_whole(trial, scene);
	expect_translated(trial, any_device(trial), scene->iova, 0);
}

static int import_into(struct trial *trial, uint32_t ioas, int dmabuf)
{
	return try_import(trial, ioas, dmabuf, whole(trial), READ_WRITE);
}

/* Its evidence without page tables is DMA, for which the memory must be there. */
static void takes_away(struct trial *trial, const void *data)
{
	const struct cause *cause = data;
	struct scene scene;

	set_up(trial, &scene);
	pull(trial, cause);
	if (!cause_lasts(cause) || can_look(trial))
		expect_nothing(trial, any_device(trial), scene.iova);
	undo(trial, cause);
	expect_nothing(trial, any_device(trial), scene.iova);
}

static void another_comes(struct trial *trial, const void *data)
{
	struct scene scene;
	uint32_t other = new_ioas(trial);

	set_up(trial, &scene);
	pull_and_undo(trial, data);
	/* Neither another mapping nor another device brings the old one back. */
	import(trial, scene.ioas, scene.dmabuf, scene.iova.length);
	expect_nothing(trial, any_device(trial), scene.iova);
	attach(trial, any_device(trial), other);
	attach(trial, any_device(trial), scene.ioas);
	expect_nothing(trial, any_device(trial), scene.iova);
}

static void comes_back(struct trial *trial, const void *data)
{
	struct scene scene;

	set_up(trial, &scene);
	pull_and_undo(trial, data);
	scene.iova.offset = import(trial, scene.ioas, scene.dmabuf, scene.iova.length);
	expect_translated(trial, any_device(trial), scene.iova, 0);
}

static void is_unmapped(struct trial *trial, const void *data)
{
	struct scene scene;

	set_up(trial, &scene);
	pull_and_undo(trial, data);
	expect_error(trial,
		     iommufd_map_file(the_iommufd(trial), scene.ioas, scene.dmabuf, whole(trial),
				      READ_WRITE, true, &scene.iova.offset),
		     EEXIST, "mapping where the dead mapping is");
	unmap(trial, scene.ioas, scene.iova);
	expect_done(trial,
		    iommufd_map_file(the_iommufd(trial), scene.ioas, scene.dmabuf, whole(trial),
				     READ_WRITE, true, &scene.iova.offset),
		    "mapping where the dead mapping was");
	expect_translated(trial, any_device(trial), scene.iova, 0);
}

static void idle_dies(struct trial *trial, const void *data)
{
	struct scene scene = { .ioas = new_ioas(trial) };

	map_whole(trial, &scene);
	pull_and_undo(trial, data);
	attach(trial, any_device(trial), scene.ioas);
	expect_nothing(trial, any_device(trial), scene.iova);
}

static void new_export(struct trial *trial, const void *data)
{
	struct scene scene;

	set_up(trial, &scene);
	pull_and_undo(trial, data);
	map_whole(trial, &scene);
	expect_translated(trial, any_device(trial), scene.iova, 0);
}

/* While it lasts. */
static void no_import(struct trial *trial, const void *data)
{
	const struct cause *cause = data;
	struct scene scene;

	set_up(trial, &scene);
	pull(trial, cause);
	expect_error(trial, import_into(trial, scene.ioas, scene.dmabuf), ENODEV,
		     "importing during %s", cause->name);
	undo(trial, cause);
	expect_done(trial, import_into(trial, scene.ioas, scene.dmabuf), "importing after it");
}

static void born_revoked(struct trial *trial, const void *data)
{
	const struct cause *cause = data;
	uint32_t ioas = new_ioas(trial);
	int dmabuf;

	pull(trial, cause);
	dmabuf = new_dmabuf(trial, whole(trial));
	expect_error(trial, import_into(trial, ioas, dmabuf), ENODEV,
		     "importing what was exported during %s", cause->name);
	undo(trial, cause);
	expect_done(trial, import_into(trial, ioas, dmabuf), "importing it afterwards");
}

static void unmapped_meanwhile(struct trial *trial, const void *data)
{
	const struct cause *cause = data;
	struct scene scene;

	set_up(trial, &scene);
	pull(trial, cause);
	unmap(trial, scene.ioas, scene.iova);
	undo(trial, cause);
	expect_done(trial, import_into(trial, scene.ioas, scene.dmabuf), "importing again");
}

static void attached_meanwhile(struct trial *trial, const void *data)
{
	const struct cause *cause = data;
	struct scene scene = { .ioas = new_ioas(trial) };

	map_whole(trial, &scene);
	any_device(trial);
	pull(trial, cause);
	attach(trial, any_device(trial), scene.ioas);
	undo(trial, cause);
	expect_nothing(trial, any_device(trial), scene.iova);
}

static void replaced_meanwhile(struct trial *trial, const void *data)
{
	const struct cause *cause = data;
	uint32_t other = new_ioas(trial);
	struct scene scene;

	set_up(trial, &scene);
	pull(trial, cause);
	attach(trial, any_device(trial), other);
	attach(trial, any_device(trial), scene.ioas);
	undo(trial, cause);
	expect_nothing(trial, any_device(trial), scene.iova);
}

static void copied_meanwhile(struct trial *trial, const void *data)
{
	const struct cause *cause = data;
	uint32_t other = new_ioas(trial);
	struct scene scene;
	struct range there;

	set_up(trial, &scene);
	pull(trial, cause);
	there = (struct range){ copy(trial, scene.ioas, scene.iova, other), scene.iova.length };
	undo(trial, cause);
	attach(trial, any_device(trial), other);
	expect_nothing(trial, any_device(trial), there);
}

static void detached_meanwhile(struct trial *trial, const void *data)
{
	const struct cause *cause = data;
	struct scene scene;

	set_up(trial, &scene);
	pull(trial, cause);
	detach(trial, any_device(trial));
	undo(trial, cause);
	attach(trial, any_device(trial), scene.ioas);
	expect_nothing(trial, any_device(trial), scene.iova);
}

static void fd_closed_meanwhile(struct trial *trial, const void *data)
{
	const struct cause *cause = data;
	struct scene scene;
	uint64_t inode;

	set_up(trial, &scene);
	inode = inode_of(trial, scene.dmabuf);
	pull(trial, cause);
	close_fd(trial, scene.dmabuf);
	unmap(trial, scene.ioas, scene.iova);
	undo(trial, cause);
	expect(trial, !dmabuf_exists(trial, inode), "the dma-buf is gone");
}

static void twice(struct trial *trial, const void *data)
{
	struct scene scene;

	set_up(trial, &scene);
	pull_and_undo(trial, data);
	pull_and_undo(trial, data);
	expect_nothing(trial, any_device(trial), scene.iova);
	scene.iova.offset = import(trial, scene.ioas, scene.dmabuf, scene.iova.length);
	expect_translated(trial, any_device(trial), scene.iova, 0);
}

/* Several dma-bufs, mappings and IOASes, and each lets go. */
static void all_let_go(struct trial *trial, const void *data)
{
	struct scene scene;
	int part = -1;
	struct range again, first = { .length = PAGE };

	set_up(trial, &scene);
	again = (struct range){ import(trial, scene.ioas, scene.dmabuf, scene.iova.length),
				scene.iova.length };
	part = new_dmabuf(trial, pages(trial, 0, 1));
	first.offset = import(trial, scene.ioas, part, PAGE);
	pull_and_undo(trial, data);
	expect_nothing(trial, any_device(trial), scene.iova);
	expect_nothing(trial, any_device(trial), again);
	expect_nothing(trial, any_device(trial), first);
}

/* Two causes at once: the memory is back when both are over. */
struct pair {
	const struct cause *first, *second;
};

static void both_at_once(struct trial *trial, const void *data)
{
	const struct pair *pair = data;
	struct scene scene;

	set_up(trial, &scene);
	pull(trial, pair->first);
	pull(trial, pair->second);
	undo(trial, pair->second);
	expect_error(trial, import_into(trial, scene.ioas, scene.dmabuf), ENODEV,
		     "importing when %s is over, and %s is not", pair->second->name,
		     pair->first->name);
	undo(trial, pair->first);
	expect_done(trial, import_into(trial, scene.ioas, scene.dmabuf),
		    "importing when both are over");
}

/* The kernel suspends it some time after the last call, and tells nobody. */
static void await_suspension(struct trial *trial)
{
	char state[16];

	do {
		expect(trial, pci_runtime_status(&trial->setup->exporter->name, state) == 0,
		       "the device's power/runtime_status can be read");
		if (!strcmp(state, "unsupported"))
			trial_skip(trial, "the kernel does not suspend the device");
	} while (strcmp(state, "suspended") != 0 && !poll(NULL, 0, 1));
}

/* Low power that a wake-up ends, as any call has the device do. */
static void wakes_up(struct trial *trial, const void *data)
{
	int event = keep_fd(trial, eventfd(0, EFD_CLOEXEC), "eventfd");
	struct scene scene;
	uint64_t size;
	int rc;

	(void)data;
	set_up(trial, &scene);
	rc = vfio_low_power_until_woken(the_exporter(trial), event);
	if (rc == -ENOTTY)
		trial_skip(trial, "the device has no low power");
	expect_done(trial, rc, "low power until it wakes up");
	await_suspension(trial);
	expect_done(trial, vfio_bar_size(the_exporter(trial), trial->setup->bar, &size),
		    "a call that wakes it up");
	expect(trial, poll(&(struct pollfd){ .fd = event, .events = POLLIN }, 1, 0) == 1,
	       "its eventfd tells of the wake-up");
	expect_nothing(trial, any_device(trial), scene.iova);
	expect_done(trial, import_into(trial, scene.ioas, scene.dmabuf),
		    "importing after the wake-up");
}

#define NEEDS (NEEDS_EXPORTER | NEEDS_IMPORTS | DISTURBS)
#define NOTIFY "iopt_revoke_notify() in " IOMMUFD_PAGES
#define MOVE "vfio_pci_dma_buf_move() in " VFIO_DMABUF

#define CASE(case_name, sentence, from, cause, bug, function)                                \
	{                                                                                    \
		.name = "revoke-" case_name, .rule = sentence, .source = from, .known = bug, \
		.traits = NEEDS, .run = function, .data = cause                              \
	}
/* Of every cause; what: the words for it. */
#define ANY_CAUSE(id, what, from, cause, bug)                                                      \
	CASE(id, what " takes the translation away, and does not give it back", from, cause, bug,  \
	     takes_away),                                                                          \
		CASE(id "-idle", "a mapping without a device dies by " what " too", from, cause,   \
		     bug, idle_dies),                                                              \
		CASE(id "-stale", "no later mapping and no device brings back what died by " what, \
		     NOTIFY, cause, bug, another_comes),                                           \
		CASE(id "-again", "after " what " the dma-buf can be mapped again", from, cause,   \
		     NULL, comes_back),                                                            \
		CASE(id "-unmap", "what died by " what " holds its IOVAs until it is unmapped",    \
		     NOTIFY, cause, bug, is_unmapped),                                             \
		CASE(id "-export", "after " what " the BAR can be exported and mapped", from,      \
		     cause, NULL, new_export),                                                     \
		CASE(id "-twice", "a second time is as the first: " what, from, cause, bug,        \
		     twice),                                                                       \
		CASE(id "-all", "every mapping of every dma-buf dies by " what, from, cause, bug,  \
		     all_let_go)
/* And of those that last. */
#define LASTING(id, what, from, cause, bug)                                                        \
	CASE(id "-import", "nothing can be mapped during " what, from, cause, NULL, no_import),    \
		CASE(id "-born", "what is exported during " what " is revoked until it ends",      \
		     "vfio_pci_core_feature_dma_buf() in " VFIO_DMABUF, cause, bug, born_revoked), \
		CASE(id "-unmapped", "a mapping can be unmapped during " what, NOTIFY, cause,      \
		     NULL, unmapped_meanwhile),                                                    \
		CASE(id "-attached",                                                               \
		     "a device that is attached during " what " has nothing of it", NOTIFY, cause, \
		     NULL, attached_meanwhile),                                                    \
		CASE(id "-replaced", "nor has one that moves between IOASes during " what, NOTIFY, \
		     cause, NULL, replaced_meanwhile),                                             \
		CASE(id "-detached", "nor has one that leaves and comes back during " what,        \
		     NOTIFY, cause, NULL, detached_meanwhile),                                     \
		CASE(id "-copied", "a copy that is made during " what " is as dead", NOTIFY,       \
		     cause, NULL, copied_meanwhile),                                               \
		CASE(id "-closed", "a dma-buf can go during " what, MOVE, cause, NULL,             \
		     fd_closed_meanwhile)
#define BOTH(id, sentence, one, other, bug) \
	CASE(id, sentence, MOVE, (&(const struct pair){ &(one), &(other) }), bug, both_at_once)

static const struct conform_known not_announced = {
	.bug = "VFIO does not hear of resets that it did not do itself",
	.since = "6.19",
	.mended_by = "kernel/linux-7.x/0008",
};

static const struct conform_known low_power_forgotten = {
	.bug = "VFIO does not take low power into account when it exports, or restores after a reset",
	.since = "6.19",
	.mended_by = "kernel/linux-7.x/0004",
};

static const struct conform_known not_woken = {
	.bug = "VFIO does not restore when the device wakes up by itself",
	.since = "6.19",
	.mended_by = "kernel/linux-7.x/0005",
};

const struct conform_case revoke_cases[] = {
	ANY_CAUSE("reset", "VFIO_DEVICE_RESET", "vfio_pci_ioctl_reset() in " VFIO_CORE,
		  &cause_reset, NULL),
	ANY_CAUSE("hot-reset", "a hot reset", "vfio_pci_dev_set_hot_reset() in " VFIO_CORE,
		  &cause_hot_reset, NULL),
	ANY_CAUSE("flr", "a function level reset", "vfio_exp_config_write() in " VFIO_CONFIG,
		  &cause_flr, NULL),
	ANY_CAUSE("memory", "memory decode off", "vfio_basic_config_write() in " VFIO_CONFIG,
		  &cause_memory, NULL),
	ANY_CAUSE("d3hot", "D3hot", "vfio_pm_config_write() in " VFIO_CONFIG, &cause_d3hot, NULL),
	ANY_CAUSE("low-power", "low power", "vfio_pci_runtime_pm_entry() in " VFIO_CORE,
		  &cause_low_power, NULL),
	ANY_CAUSE("sysfs-reset", "a reset through sysfs",
		  "vfio_pci_core_err_handlers in " VFIO_CORE, &cause_sysfs_reset, &not_announced),
	LASTING("memory", "memory decode off", "vfio_basic_config_write() in " VFIO_CONFIG,
		&cause_memory, NULL),
	LASTING("d3hot", "D3hot", "vfio_pm_config_write() in " VFIO_CONFIG, &cause_d3hot, NULL),
	LASTING("low-power", "low power", "vfio_pci_runtime_pm_entry() in " VFIO_CORE,
		&cause_low_power, &low_power_forgotten),
	BOTH("memory-and-d3hot", "with memory decode off, D0 alone gives nothing back",
	     cause_memory, cause_d3hot, NULL),
	BOTH("memory-and-low-power", "with memory decode off, full power alone gives nothing back",
	     cause_memory, cause_low_power, NULL),
	BOTH("memory-and-reset", "with memory decode off, a reset gives nothing back", cause_memory,
	     cause_reset, NULL),
	BOTH("memory-and-flr", "with memory decode off, a function level reset gives nothing back",
	     cause_memory, cause_flr, NULL),
	BOTH("memory-and-sysfs-reset",
	     "with memory decode off, a reset through sysfs gives nothing back", cause_memory,
	     cause_sysfs_reset, NULL),
	BOTH("low-power-and-reset", "in low power, a reset gives nothing back", cause_low_power,
	     cause_reset, &low_power_forgotten),
	BOTH("low-power-and-hot-reset", "in low power, a hot reset gives nothing back",
	     cause_low_power, cause_hot_reset, &low_power_forgotten),
	BOTH("low-power-and-flr", "in low power, a function level reset gives nothing back",
	     cause_low_power, cause_flr, &low_power_forgotten),
	BOTH("low-power-and-memory", "in low power, memory decode alone gives nothing back",
	     cause_low_power, cause_memory, &low_power_forgotten),
	BOTH("low-power-and-d3hot", "in low power, D0 alone gives nothing back", cause_low_power,
	     cause_d3hot, &low_power_forgotten),
	BOTH("low-power-and-sysfs-reset", "in low power, a reset through sysfs gives nothing back",
	     cause_low_power, cause_sysfs_reset, NULL),
	CASE("low-power-woken", "a wake-up ends low power, and gives the memory back",
	     "vfio_pci_core_runtime_resume() in " VFIO_CORE, NULL, &not_woken, wakes_up),
	{ 0 },
};
