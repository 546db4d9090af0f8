// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/fault.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/sys.h"
#include "util/array.h"
#include "util/text.h"

/*
 * How each IOMMU driver words a fault. In a pattern %a is the address, %d the PCI device, %e a
 * virtio endpoint, %x another hexadecimal number, %w a word; all else stands for itself. A name of
 * a process (15 characters) at the start of a message cannot match any of them.
 */
static const struct wording {
	const char *subsystem; /* of the device that logs it; NULL: no device does */
	const char *driver; /* which the message begins with; NULL: any, of the faulting device */
	const char *pattern;
} wordings[] = {
	/* drivers/iommu/intel/dmar.c, dmar_fault_do_one() */
	{ NULL, NULL, "DMAR: [DMA %w NO_PASID] Request device [%d] fault addr %a [fault reason " },
	{ NULL, NULL, "DMAR: [DMA %w PASID %x] Request device [%d] fault addr %a [fault reason " },
	/* drivers/iommu/amd/iommu.c, amd_iommu_report_page_fault(), iommu_print_event() */
	{ "pci", NULL, "AMD-Vi: Event logged [IO_PAGE_FAULT domain=%x address=%a flags=" },
	{ NULL, NULL, "AMD-Vi: Event logged [IO_PAGE_FAULT device=%d domain=%x address=%a flags=" },
	{ "pci", NULL, "AMD-Vi: Event logged [RMP_PAGE_FAULT vmg_tag=%x, gpa=%a, flags_rmp=" },
	{ NULL, NULL,
	  "AMD-Vi: Event logged [RMP_PAGE_FAULT device=%d, vmg_tag=%x, gpa=%a, flags_rmp=" },
	{ "iommu", "iommu", "AMD-Vi: Event logged [%w device=%d pasid=%x address=%a flags=" },
	{ "iommu", "iommu", "AMD-Vi: Event logged [%w device=%d address=%a flags=" },
	/* drivers/iommu/virtio-iommu.c, viommu_fault_handler() */
	{ "virtio", "virtio_iommu", "%w fault from EP %e at %a [" },
	/* drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.c, arm_smmu_dump_event() */
	{ "platform", "arm-smmu-v3", "event: %w client: %d sid: %x ssid: %x iova: %a ipa: " },
	{ "platform", "arm-smmu-v3",
	  "event: %w client: (unassigned sid) sid: %x ssid: %x iova: %a ipa: " },
	/* drivers/iommu/arm/arm-smmu/, which names streams, and no devices */
	{ "platform", "arm-smmu", "Unhandled context fault: fsr=%x, iova=%a, fsynr=" },
	{ "platform", "qcom-iommu", "Unhandled context fault: fsr=%x, iova=%a, fsynr=" },
};

#define WORDINGS (sizeof(wordings) / sizeof(*wordings))

static bool skip_text(const char **at, const char *text, size_t length)
{
	if (strncmp(*at, text, length))
		return false;
	*at += length;
	return true;
}

static bool skip_word(const char **at)
{
	const char *start = *at;

	while (isalnum((unsigned char)**at) || **at == '_')
		++*at;
	return *at > start;
}

/* As the kernel prints it: "0x1f", or a plain "0" by %#x. */
static bool parse_hex(const char **at, uint64_t *value)
{
	bool zero = (*at)[0] == '0' && !isalnum((unsigned char)(*at)[1]);
	char *end;

	if (!zero && (!skip_text(at, "0x", 2) || !isxdigit((unsigned char)**at)))
		return false;
	errno = 0;
	*value = strtoull(*at, &end, 16);
	*at = end;
	return !errno;
}

/* "0000:01:00.0", or "01:00.0" as Intel's driver wrote it before it knew of domains. */
static bool parse_device(const char **at, char device[24])
{
	size_t length = strspn(*at, "0123456789abcdef:.");
	struct pci_name name;
	char text[24];

	if (length >= sizeof(text))
		return false;
	copy_text(text, length + 1, *at);
	if (pci_parse_name(text, &name))
		return false;
	*at += length;
	copy_text(device, 24, text);
	return true;
}

/* Endpoints are numbered as PCI functions are: segment, bus, slot and function, as VIOT has it. */
static bool parse_endpoint(const char **at, char device[24])
{
	char *end;
	unsigned long id;

	if (!isdigit((unsigned char)**at))
		return false;
	errno = 0;
	id = strtoul(*at, &end, 10);
	*at = end;
	snprintf(device, 24, "%04lx:%02lx:%02lx.%lx", id >> 16 & 0xffff, id >> 8 & 0xff,
		 id >> 3 & 0x1f, id & 7);
	return !errno && id <= UINT32_MAX;
}

static bool match_pattern(const char *pattern, const char *text, struct fault *fault)
{
	uint64_t ignored;

	while (*pattern) {
		size_t length = strcspn(pattern, "%");
		bool matched = true;

		if (!skip_text(&text, pattern, length))
			return false;
		pattern += length;
		if (!*pattern)
			return true;
		switch (pattern[1]) {
		case 'a':
			matched = parse_hex(&text, &fault->address);
			break;
		case 'd':
			matched = parse_device(&text, fault->device);
			break;
		case 'e':
			matched = parse_endpoint(&text, fault->device);
			break;
		case 'x':
			matched = parse_hex(&text, &ignored);
			break;
		case 'w':
			matched = skip_word(&text);
			break;
		}
		if (!matched)
			return false;
		pattern += 2;
	}
	return true;
}

/* "DRIVER NAME: ", as dev_err() begins a message; takes NAME. */
static bool parse_origin(const struct wording *wording, const char **message, char name[64])
{
	size_t driver = strcspn(*message, " "), length;
	const char *rest = *message + driver;

	if (!driver || !*rest ||
	    (wording->driver &&
	     (strlen(wording->driver) != driver || strncmp(*message, wording->driver, driver))))
		return false;
	rest++;
	length = strcspn(rest, " ");
	if (length < 2 || length >= 64 || rest[length] != ' ' || rest[length - 1] != ':')
		return false;
	copy_text(name, length, rest); /* without the colon */
	*message = rest + length + 1;
	return true;
}

/* Whether the keys that follow a message say that it is from this device, and no other. */
static bool keys_name(const char *keys, const char *subsystem, const char *name)
{
	char expected[160];

	if (!subsystem)
		return !*keys;
	snprintf(expected, sizeof(expected), " SUBSYSTEM=%s\n DEVICE=+%s:%s\n", subsystem,
		 subsystem, name);
	return !strcmp(keys, expected);
}

/* keys: what follows the message in the record; NULL: it is not to be had. */
static bool parse_message(const char *message, const char *keys, struct fault *fault)
{
	for (unsigned i = 0; i < WORDINGS; i++) {
		const struct wording *wording = &wordings[i];
		const char *words = message;
		char name[64] = "";

		*fault = (struct fault){ 0 };
		if ((wording->subsystem && !parse_origin(wording, &words, name)) ||
		    !match_pattern(wording->pattern, words, fault) ||
		    (keys && !keys_name(keys, wording->subsystem, name)))
			continue;
		if (wording->subsystem && !wording->driver)
			copy_text(fault->device, sizeof(fault->device), name);
		copy_text(fault->line, sizeof(fault->line), message);
		return true;
	}
	return false;
}

bool fault_parse_record(const char *record, struct fault *fault)
{
	/* "PRIORITY,SEQUENCE,TIME,FLAGS;MESSAGE\n KEY=VALUE\n..."; users' records have a facility.
	 */
	char *after, text[1024];
	unsigned long priority = strtoul(record, &after, 10);
	const char *message = strchr(record, ';');
	size_t length;

	if (after == record || *after != ',' || priority >> 3 || !message)
		return false;
	message++;
	length = strcspn(message, "\n");
	if (!message[length] || length >= sizeof(text))
		return false;
	copy_text(text, length + 1, message);
	return parse_message(text, message + length + 1, fault);
}

bool fault_parse_line(const char *line, struct fault *fault)
{
	/* Behind "[   12.345678] ", or "Nov 24 09:00:00 host kernel: ". */
	for (; *line; line += strspn(line, " ")) {
		if (parse_message(line, NULL, fault))
			return true;
		line += strcspn(line, " ");
	}
	return false;
}

bool fault_is_of(const struct fault *fault, const struct pci_name *device)
{
	size_t length = strlen(fault->device), whole = strlen(device->bdf);

	return length <= whole && !strcmp(fault->device, device->bdf + whole - length);
}

int fault_watch(void)
{
	int fd = sys_open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

int fault_next(int watch, struct fault *fault)
{
	char record[2048];

	for (;;) {
		ssize_t got = read(watch, record, sizeof(record) - 1); /* one a read */

		if (got < 0 && errno == EPIPE) /* overwritten meanwhile: the next one is there */
			continue;
		if (got <= 0)
			return -EAGAIN;
		record[got] = '\0';
		if (fault_parse_record(record, fault))
			return 0;
	}
}

int fault_collect(int watch, const struct pci_name *device, struct range window,
		  struct fault_list *list)
{
	struct fault fault, *added;

	*list = (struct fault_list){ 0 };
	while (!fault_next(watch, &fault)) {
		if (!range_has(window, fault.address) || !fault_is_of(&fault, device))
			continue;
		added = array_add(&list->items, &list->count);
		if (!added)
			return -ENOMEM;
		*added = fault;
	}
	return 0;
}
