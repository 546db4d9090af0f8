// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a kernel has to stand, for tests/lab/stress.sh:
 *
 *   stress rounds EXPORTER IMPORTER SYSFS-RESET ROUNDS [late-domains]
 *	Processes that share one iommufd context revoke, import, copy, unmap, export, attach and
 *	detach all at once, ROUNDS of each. late-domains: the IOMMU's driver lets a domain have
 *	no address and no mapping before it is attached, and one that replaces another is part
 *	of the IOAS before that.
 *   stress orders EXPORTER IMPORTER
 *	Closes dma-buf, exporter, importer and iommufd of a live mapping in every order.
 *   stress unplugs EXPORTER IMPORTER TIMES
 *	Takes both off their buses with a live mapping, so many times, the exporter and the
 *	importer first by turns. Both are PCI functions here, bound to vfio-pci before and after.
 *   stress burst EXPORTER IMPORTER ROUNDS
 *	Maps and unmaps at 0x10000000, as fast as it goes.
 *
 *   stress many EXPORTER CONTEXTS MAPPINGS
 *	Has so many iommufd contexts with so many mappings each. Prints "ready" when it has, and
 *	holds them until standard input ends.
 *
 * Elsewhere EXPORTER and IMPORTER are VFIO nodes; BAR 2 of the first is exported. SYSFS-RESET is
 * the exporter's reset attribute.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/eviction.h"
#include "kernel/iommufd.h"
#include "kernel/pci.h"
#include "kernel/sys.h"
#include "kernel/vfio.h"
#include "uapi/iommufd.h"

#define BAR 2
#define LIMIT 300 /* seconds, after which something hangs */

static const struct range bar = { .offset = 0, .length = 1 << 20 };

struct setting {
	int iommufd;
	int exporter;
	int importer;
	int dmabuf;
	uint32_t ioas[2];
	const char *reset;
	unsigned rounds;
	bool late_domains;
};

static void __attribute__((format(printf, 2, 3))) must(int result, const char *format, ...)
{
	va_list args;

	if (result >= 0)
		return;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, ": %s\n", strerrorname_np(-result));
	exit(1);
}

/* Whether a call was refused for what another process does meanwhile: revoke, or attach. */
static bool is_refused(const struct setting *setting, int result, const char *what)
{
	if (result == -ENODEV ||
	    (setting->late_domains && (result == -EINVAL || result == -EADDRINUSE)))
		return true;
	must(result, "%s", what);
	return false;
}

static void open_all(struct setting *setting, const char *exporter, const char *importer)
{
	uint32_t id;

	must(setting->iommufd = iommufd_open(), "iommufd");
	must(setting->exporter = vfio_open(exporter, setting->iommufd, &id), "%s", exporter);
	must(setting->importer = vfio_open(importer, setting->iommufd, &id), "%s", importer);
	must(setting->dmabuf = vfio_export(setting->exporter, BAR, &bar, 1), "export");
	for (unsigned i = 0; i < 2; i++)
		must(iommufd_alloc_ioas(setting->iommufd, &setting->ioas[i]), "IOAS");
	must(vfio_attach(setting->importer, setting->ioas[0]), "attach");
}

static void reset_by_sysfs(const struct setting *setting)
{
	must(sys_write_file(setting->reset, "1"), "%s", setting->reset);
}

/* A reset that finds the device locked by another gives -EAGAIN. */
static void pull_trigger(const struct setting *setting, unsigned round)
{
	int rc;

	switch (round % 50) {
	case 10:
		rc = vfio_reset(setting->exporter);
		break;
	case 20:
		rc = vfio_flr(setting->exporter);
		break;
	case 30:
		must(vfio_set_power(setting->exporter, VFIO_D3HOT), "D3hot");
		rc = vfio_set_power(setting->exporter, VFIO_D0);
		break;
	case 40:
		must(vfio_set_low_power(setting->exporter, true), "low power");
		rc = vfio_set_low_power(setting->exporter, false);
		break;
	default:
		must(vfio_set_memory_decode(setting->exporter, false), "memory decode off");
		rc = vfio_set_memory_decode(setting->exporter, true);
	}
	if (rc != -EAGAIN)
		must(rc, "trigger %u", round % 50);
}

static void reset_from_outside(const struct setting *setting, unsigned round)
{
	if (round % 50 == 25)
		reset_by_sysfs(setting);
}

static int map(const struct setting *setting, unsigned ioas, int dmabuf, uint64_t iova)
{
	return iommufd_map_file(setting->iommufd, setting->ioas[ioas], dmabuf, bar,
				IOMMUFD_READ | IOMMUFD_WRITE, true, &iova);
}

static void unmap(const struct setting *setting, unsigned ioas, uint64_t iova)
{
	must(iommufd_unmap(setting->iommufd, setting->ioas[ioas],
			   (struct range){ iova, bar.length }),
	     "unmap");
}

static void import(const struct setting *setting, unsigned round)
{
	uint64_t iova = 0x10000000;

	if (!is_refused(setting, map(setting, round & 1, setting->dmabuf, iova), "import"))
		unmap(setting, round & 1, iova);
}

static void import_twice(const struct setting *setting, unsigned round)
{
	struct iommu_ioas_copy copy = {
		.size = sizeof(copy),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE,
		.dst_ioas_id = setting->ioas[~round & 1],
		.src_ioas_id = setting->ioas[round & 1],
		.length = bar.length,
		.dst_iova = 0x30000000,
		.src_iova = 0x20000000,
	};
	int rc;

	if (is_refused(setting, map(setting, round & 1, setting->dmabuf, copy.src_iova), "import"))
		return;
	rc = ioctl(setting->iommufd, IOMMU_IOAS_COPY, &copy) ? -errno : 0;
	unmap(setting, round & 1, copy.src_iova);
	if (!is_refused(setting, rc, "copy"))
		unmap(setting, ~round & 1, copy.dst_iova);
}

static void export_anew(const struct setting *setting, unsigned round)
{
	uint64_t iova = 0x40000000;
	int dmabuf = vfio_export(setting->exporter, BAR, &bar, 1), rc;

	must(dmabuf, "export");
	rc = map(setting, round & 1, dmabuf, iova);
	sys_close(dmabuf);
	if (!is_refused(setting, rc, "import of another dma-buf"))
		unmap(setting, round & 1, iova);
}

static void attach(const struct setting *setting, unsigned round)
{
	is_refused(setting,
		   round % 3 ? vfio_attach(setting->importer, setting->ioas[round & 1]) :
			       vfio_detach(setting->importer),
		   "attach");
}

static void (*const roles[])(const struct setting *setting, unsigned round) = {
	pull_trigger, reset_from_outside, import, import_twice, export_anew, attach,
};

#define ROLES (sizeof(roles) / sizeof(*roles))

static int run_rounds(struct setting *setting)
{
	int failed = 0, status;

	for (unsigned role = 0; role < ROLES; role++) {
		pid_t child = fork();

		must(child < 0 ? -errno : 0, "fork");
		if (child)
			continue;
		alarm(LIMIT);
		for (unsigned round = 0; round < setting->rounds; round++)
			roles[role](setting, round);
		exit(0);
	}
	while (wait(&status) > 0) {
		if (WIFSIGNALED(status))
			fprintf(stderr, "a process was stopped by signal %d\n", WTERMSIG(status));
		failed |= status;
	}
	return !!failed;
}

/* The order'th permutation of four. */
static void close_in_order(const struct setting *setting, unsigned order)
{
	int fds[] = { setting->dmabuf, setting->exporter, setting->importer, setting->iommufd };

	for (unsigned left = 4; left; order /= left--) {
		unsigned pick = order % left;

		sys_close(fds[pick]);
		fds[pick] = fds[left - 1];
	}
}

static int run_orders(const char *exporter, const char *importer)
{
	alarm(LIMIT);
	for (unsigned order = 0; order < 24; order++) {
		struct setting setting;

		open_all(&setting, exporter, importer);
		must(map(&setting, 0, setting.dmabuf, 0x10000000), "import");
		close_in_order(&setting, order);
	}
	return 0;
}

/* The kernel waits for the device to be closed, and asks for that. */
static void unplug(const struct pci_device *pci, int device)
{
	struct eviction eviction;
	int event;

	must(eviction_start(&eviction, pci, device, true), "remove %s", pci->name.bdf);
	event = eviction_next(&eviction, -1);
	must(event == EVICTION_ASKED ? 0 : -EPROTO, "%s was not asked for", pci->name.bdf);
	sys_close(device);
	while ((event = eviction_next(&eviction, -1)) == EVICTION_ASKED)
		;
	must(event, "remove %s", pci->name.bdf);
	eviction_end(&eviction);
}

static void plug(struct pci_device *pci)
{
	must(pci_rescan_bus_of(&pci->name), "scan the bus of %s", pci->name.bdf);
	must(pci_hand_over(&pci->name, "vfio-pci", pci), "bind %s", pci->name.bdf);
}

static void unplug_both(struct pci_device *exporter, struct pci_device *importer,
			bool exporter_first)
{
	struct setting setting;
	int rc;

	open_all(&setting, exporter->cdev, importer->cdev);
	must(map(&setting, 0, setting.dmabuf, 0x10000000), "import");
	if (exporter_first)
		unplug(exporter, setting.exporter);
	unplug(importer, setting.importer);
	if (!exporter_first)
		unplug(exporter, setting.exporter);
	rc = map(&setting, 1, setting.dmabuf, 0x10000000);
	must(rc == -ENODEV ? 0 : -EPROTO, "the dma-buf is not revoked: import gave %d", rc);
	unmap(&setting, 0, 0x10000000);
	sys_close(setting.dmabuf);
	sys_close(setting.iommufd);
	plug(exporter);
	plug(importer);
}

static int run_unplugs(const char *exporter, const char *importer, unsigned times)
{
	struct pci_device from, to;

	must(pci_find(exporter, &from), "%s", exporter);
	must(pci_find(importer, &to), "%s", importer);
	for (unsigned time = 0; time < times; time++) {
		alarm(LIMIT);
		unplug_both(&from, &to, time % 2);
	}
	return 0;
}

static int run_burst(const char *exporter, const char *importer, unsigned rounds)
{
	struct setting setting;

	open_all(&setting, exporter, importer);
	while (rounds--) {
		must(map(&setting, 0, setting.dmabuf, 0x10000000), "import");
		unmap(&setting, 0, 0x10000000);
	}
	return 0;
}

static void map_many(int dmabuf, unsigned mappings)
{
	struct setting setting = { .iommufd = iommufd_open() };

	must(setting.iommufd, "iommufd");
	must(iommufd_alloc_ioas(setting.iommufd, &setting.ioas[0]), "IOAS");
	for (uint64_t i = 1; i <= mappings; i++)
		must(map(&setting, 0, dmabuf, i * bar.length), "import");
}

static int run_many(const char *exporter, unsigned contexts, unsigned mappings)
{
	int iommufd = iommufd_open(), device, dmabuf;
	uint32_t id;

	must(iommufd, "iommufd");
	must(device = vfio_open(exporter, iommufd, &id), "%s", exporter);
	must(dmabuf = vfio_export(device, BAR, &bar, 1), "export");
	while (contexts--)
		map_many(dmabuf, mappings);
	printf("ready\n");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}

int main(int argc, char **argv)
{
	struct setting setting;

	if ((argc == 6 || (argc == 7 && !strcmp(argv[6], "late-domains"))) &&
	    !strcmp(argv[1], "rounds")) {
		open_all(&setting, argv[2], argv[3]);
		setting.reset = argv[4];
		setting.rounds = strtoul(argv[5], NULL, 10);
		setting.late_domains = argc == 7;
		return run_rounds(&setting);
	}
	if (argc == 4 && !strcmp(argv[1], "orders"))
		return run_orders(argv[2], argv[3]);
	if (argc == 5 && !strcmp(argv[1], "unplugs"))
		return run_unplugs(argv[2], argv[3], strtoul(argv[4], NULL, 10));
	if (argc == 5 && !strcmp(argv[1], "burst"))
		return run_burst(argv[2], argv[3], strtoul(argv[4], NULL, 10));
	if (argc == 5 && !strcmp(argv[1], "many"))
		return run_many(argv[2], strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
	fprintf(stderr, "usage: stress rounds EXPORTER IMPORTER SYSFS-RESET ROUNDS [late-domains]\n"
			"       stress orders EXPORTER IMPORTER\n"
			"       stress unplugs EXPORTER IMPORTER TIMES\n"
			"       stress burst EXPORTER IMPORTER ROUNDS\n"
			"       stress many EXPORTER CONTEXTS MAPPINGS\n");
	return 2;
}
