// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/pci.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pci/pci.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/library.h"
#include "kernel/sys.h"
#include "util/array.h"
#include "util/scope.h"
#include "util/text.h"

#define PCI_DEVICES "/sys/bus/pci/devices"

/* Resource flags as the "resource" attribute shows them (include/linux/ioport.h). */
#define RESOURCE_IO 0x00000100
#define RESOURCE_MEM 0x00000200
#define RESOURCE_PREFETCH 0x00002000
#define RESOURCE_MEM_64 0x00100000

/* A hexadecimal number of 1 to digits digits, then end; NULL when that is not there. */
static const char *parse_field(const char *text, unsigned digits, char end, unsigned *value)
{
	unsigned used = 0;

	for (*value = 0; used < digits && isxdigit((unsigned char)text[used]); used++) {
		int digit = text[used] | 0x20;

		*value = *value << 4 | (digit <= '9' ? digit - '0' : digit - 'a' + 10);
	}
	return used && text[used] == end ? text + used + !!end : NULL;
}

static char *put_hex(char *out, unsigned value, unsigned digits)
{
	while (digits--)
		*out++ = "0123456789abcdef"[value >> 4 * digits & 15];
	return out;
}

/* By hand, as each dma-buf of a context names its device: sscanf() takes as long as an ioctl. */
int pci_parse_name(const char *text, struct pci_name *name)
{
	const char *colon = strchr(text, ':');
	unsigned domain = 0, bus = 0, slot = 0, function = 0;
	char *out;

	if (colon && strchr(colon + 1, ':'))
		text = parse_field(text, 8, ':', &domain);
	if (text)
		text = parse_field(text, 2, ':', &bus);
	if (text)
		text = parse_field(text, 2, '.', &slot);
	if (text)
		text = parse_field(text, 1, '\0', &function);
	if (!text || slot > 31 || function > 7)
		return -EINVAL;
	*name = (struct pci_name){ 0 };
	out = put_hex(name->bdf, domain, domain > 0xffff ? 8 - __builtin_clz(domain) / 4 : 4);
	*out++ = ':';
	out = put_hex(out, bus, 2);
	*out++ = ':';
	out = put_hex(out, slot, 2);
	*out++ = '.';
	put_hex(out, function, 1);
	return 0;
}

static void attribute_path(char path[PATH_MAX], const struct pci_name *name, const char *attribute)
{
	snprintf(path, PATH_MAX, PCI_DEVICES "/%s/%s", name->bdf, attribute);
}

/* Copies an attribute, "" when it cannot be read. */
static void read_attribute(const struct pci_name *name, const char *attribute, char *text,
			   size_t size)
{
	auto_free char *value = NULL;
	char path[PATH_MAX];

	attribute_path(path, name, attribute);
	copy_text(text, size, sys_read_file(path, &value) ? "" : value);
}

/* The last component of a link, "" when there is none. */
static void read_link(const struct pci_name *name, const char *attribute, char *text, size_t size)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t length;

	attribute_path(path, name, attribute);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		length = 0;
	target[length] = '\0';
	copy_text(text, size, strrchr(target, '/') ? strrchr(target, '/') + 1 : target);
}

static void read_bars(struct pci_device *device)
{
	auto_free char *text = NULL;
	char path[PATH_MAX];
	const char *line;

	attribute_path(path, &device->name, "resource");
	if (sys_read_file(path, &text))
		return;
	line = text;
	for (unsigned i = 0; i < PCI_BARS && line; i++) {
		unsigned long long start, last, flags;

		if (sscanf(line, "%llx %llx %llx", &start, &last, &flags) == 3 && last > start)
			device->bars[i] = (struct pci_bar){
				.type = flags & RESOURCE_MEM ? PCI_BAR_MEMORY :
					flags & RESOURCE_IO  ? PCI_BAR_IO :
							       PCI_BAR_ABSENT,
				.bus = { .offset = start, .length = last - start + 1 },
				.prefetchable = flags & RESOURCE_PREFETCH,
				.wide = flags & RESOURCE_MEM_64,
			};
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
}

/* The vfio-dev directory of a device that a VFIO driver has holds one entry, "vfio0". */
static void read_cdev(struct pci_device *device)
{
	char path[PATH_MAX];
	struct stat node;
	struct dirent *entry;
	DIR *directory;

	attribute_path(path, &device->name, "vfio-dev");
	directory = opendir(path);
	if (!directory)
		return;
	while ((entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			snprintf(device->cdev, sizeof(device->cdev), "/dev/vfio/devices/%.40s",
				 entry->d_name);
	closedir(directory);
	/* Without CONFIG_VFIO_DEVICE_CDEV the entry has no device number. */
	if (*device->cdev && stat(device->cdev, &node))
		*device->cdev = '\0';
	device->cdev_number = *device->cdev ? node.st_rdev : 0;
}

int pci_get(const struct pci_name *name, struct pci_device *device)
{
	char path[PATH_MAX], group[16], id[16];

	attribute_path(path, name, "");
	if (access(path, F_OK))
		return -ENODEV;
	*device = (struct pci_device){ .name = *name };
	read_attribute(name, "vendor", id, sizeof(id));
	device->vendor = strtoul(id, NULL, 16);
	read_attribute(name, "device", id, sizeof(id));
	device->device = strtoul(id, NULL, 16);
	read_attribute(name, "class", id, sizeof(id));
	device->class_code = strtoul(id, NULL, 16);
	attribute_path(path, name, "subordinate_bus_number");
	/* Class 06 without "other": those, such as non-transparent ones, are endpoints. */
	device->bridge = !access(path, F_OK) || (device->class_code >> 16 == 0x06 &&
						 (device->class_code >> 8 & 0xff) != 0x80);
	read_link(name, "driver", device->driver, sizeof(device->driver));
	read_link(name, "iommu_group", group, sizeof(group));
	device->group = *group ? atoi(group) : -1;
	read_attribute(name, "reset_method", device->reset_methods, sizeof(device->reset_methods));
	read_attribute(name, "driver_override", device->driver_override,
		       sizeof(device->driver_override));
	if (!strcmp(device->driver_override, "(null)"))
		*device->driver_override = '\0';
	read_bars(device);
	read_cdev(device);
	return 0;
}

void pci_get_iommu(const struct pci_name *name, char *iommu, size_t size)
{
	read_link(name, "iommu", iommu, size);
}

int pci_find(const char *text, struct pci_device *device)
{
	struct pci_name name;
	int rc = pci_parse_name(text, &name);

	return rc ? rc : pci_get(&name, device);
}

bool pci_is_on_root_bus(const struct pci_name *name)
{
	static const char host_bridge[] = "/pci";
	char path[PATH_MAX];
	auto_free char *real = NULL;
	char *end;

	attribute_path(path, name, "");
	real = realpath(path, NULL);
	end = real ? strrchr(real, '/') : NULL;
	if (!end)
		return false;
	*end = '\0';
	end = strrchr(real, '/');
	return end && !strncmp(end, host_bridge, strlen(host_bridge));
}

bool pci_find_reserved(int group, struct range window, struct range *reserved, char kind[16])
{
	char path[80], *rest = NULL;
	auto_free char *text = NULL;

	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d/reserved_regions", group);
	if (group < 0 || sys_read_file(path, &text))
		return false;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		unsigned long long first, last;
		struct range region;

		/* What is relaxable the kernel lets be mapped over (io_pagetable.c). */
		if (sscanf(line, "%llx %llx %15s", &first, &last, kind) != 3 ||
		    !strcmp(kind, "direct-relaxable"))
			continue;
		region = (struct range){ first, last - first + 1 };
		if (!range_common(region, window))
			continue;
		*reserved = region;
		return true;
	}
	return false;
}

/* The drivers that promise to leave DMA alone set driver_managed_dma (include/linux/pci.h). */
bool pci_blocks_group(const struct pci_device *device)
{
	return *device->driver && !*device->cdev && strncmp(device->driver, "vfio", 4) &&
	       strcmp(device->driver, "pcieport") && strcmp(device->driver, "pci-stub");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct pci_name *)a)->bdf, ((const struct pci_name *)b)->bdf);
}

static int list_directory(const char *path, struct pci_name **names, unsigned *count)
{
	DIR *directory = opendir(path);
	struct dirent *entry;

	*names = NULL;
	*count = 0;
	if (!directory)
		return -errno;
	while ((entry = readdir(directory))) {
		struct pci_name name, *added;

		if (pci_parse_name(entry->d_name, &name))
			continue;
		added = array_add(names, count);
		if (!added) {
			closedir(directory);
			free(*names);
			return -ENOMEM;
		}
		*added = name;
	}
	closedir(directory);
	if (*count)
		qsort(*names, *count, sizeof(**names), by_name);
	return 0;
}

int pci_list(struct pci_name **names, unsigned *count)
{
	return list_directory(PCI_DEVICES, names, count);
}

int pci_list_group(int group, struct pci_name **names, unsigned *count)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d/devices", group);
	return list_directory(path, names, count);
}

#define PCI_FUNCTIONS(each) \
	each(pci_alloc) each(pci_init) each(pci_set_param) each(pci_cleanup) each(pci_lookup_name)
LIBRARY("libpci.so.3", PCI_FUNCTIONS);

struct pci_names {
	struct pci_access *access; /* NULL without libpci: devices have numbers only */
};

struct pci_names *pci_names_open(void)
{
	struct pci_names *names = calloc(1, sizeof(*names));

	if (!names || !library_load(&library))
		return names;
	names->access = lib.pci_alloc();

	/* A method that is given, not searched for, cannot fail; libpci exits on failure. */
	names->access->method = PCI_ACCESS_SYS_BUS_PCI;
	lib.pci_init(names->access);
	/* Nothing is asked of the network, whose answers libpci would cache; 3.13 leaks that path.
	 */
	lib.pci_set_param(names->access, "net.cache_name", "");
	return names;
}

void pci_names_close(struct pci_names *names)
{
	if (!names)
		return;
	if (names->access)
		lib.pci_cleanup(names->access);
	free(names);
}

void pci_names_class(struct pci_names *names, const struct pci_device *device, char *text,
		     size_t size)
{
	if (!names->access ||
	    !lib.pci_lookup_name(names->access, text, size, PCI_LOOKUP_CLASS | PCI_LOOKUP_NO_HWDB,
				 (int)(device->class_code >> 8)))
		snprintf(text, size, "%06x", device->class_code);
}

void pci_names_device(struct pci_names *names, const struct pci_device *device, char *text,
		      size_t size)
{
	if (!names->access ||
	    !lib.pci_lookup_name(names->access, text, size,
				 PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE | PCI_LOOKUP_NO_HWDB,
				 device->vendor, device->device))
		snprintf(text, size, "%04x:%04x", device->vendor, device->device);
}

static int set_override(const struct pci_name *name, const char *driver)
{
	char path[PATH_MAX], line[80];

	attribute_path(path, name, "driver_override");
	snprintf(line, sizeof(line), "%s\n", driver);
	return sys_write_file(path, line);
}

int pci_runtime_status(const struct pci_name *name, char status[16])
{
	char path[PATH_MAX];
	auto_free char *text = NULL;
	int rc;

	attribute_path(path, name, "power/runtime_status");
	rc = sys_read_file(path, &text);
	if (!rc)
		snprintf(status, 16, "%s", text);
	return rc;
}

int pci_reset(const struct pci_name *name)
{
	char path[PATH_MAX];

	attribute_path(path, name, "reset");
	return sys_write_file(path, "1");
}

int pci_unbind(const struct pci_device *device)
{
	char path[PATH_MAX];

	if (!*device->driver)
		return 0;
	attribute_path(path, &device->name, "driver/unbind");
	return sys_write_file(path, device->name.bdf);
}

int pci_remove(const struct pci_name *name)
{
	char path[PATH_MAX];

	attribute_path(path, name, "remove");
	return sys_write_file(path, "1");
}

/* "0000:01:00.0" is on the bus "0000:01". */
int pci_rescan_bus_of(const struct pci_name *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/class/pci_bus/%.*s/rescan",
		 (int)(strrchr(name->bdf, ':') - name->bdf), name->bdf);
	return sys_write_file(path, "1");
}

static int probe(const struct pci_name *name)
{
	int rc = sys_write_file("/sys/bus/pci/drivers_probe", name->bdf);

	/* No driver wants it. */
	return rc == -ENODEV ? 0 : rc;
}

/*
 * Returns when no driver is probing the device: for the time of that the kernel holds its lock, and
 * takes it for this write, too, which it then refuses (drivers/base/power/sysfs.c,
 * control_store()).
 */
static void await_probing(const struct pci_name *name)
{
	char path[PATH_MAX];

	attribute_path(path, name, "power/control");
	sys_write_file(path, "none of its words");
}

static int move(const char *driver_override, struct pci_device *device)
{
	int rc = set_override(&device->name, driver_override);

	if (!rc)
		rc = pci_unbind(device);
	if (!rc)
		rc = probe(&device->name);
	if (!rc)
		rc = pci_get(&device->name, device);
	if (rc || *device->driver)
		return rc;
	await_probing(&device->name);
	return pci_get(&device->name, device);
}

/*
 * A driver whose probing the kernel does in the background may be there first: then once more.
 * While it probes the kernel does nothing when it is asked to, and the driver may not show yet, or
 * have failed since (really_probe() in drivers/base/dd.c, bus_rescan_devices_helper() in bus.c).
 */
int pci_hand_over(const struct pci_name *name, const char *driver_override,
		  struct pci_device *device)
{
	int rc = pci_get(name, device);

	for (unsigned tries = 0; !rc && tries < 3; tries++) {
		rc = move(driver_override, device);
		if (!*driver_override || !strcmp(device->driver, driver_override))
			break;
	}
	return rc;
}
