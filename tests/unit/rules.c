// SPDX-License-Identifier: GPL-2.0-only
/* Every rule says all that it should, and looks at the object at hand. */
#include <string.h>

#include "importer/importer.h"
#include "rules/rules.h"
#include "tests/unit/check.h"

static bool is_twice(const struct rule *rule)
{
	unsigned count = 0;

	for (const struct rule *const *table = rule_tables; *table; table++)
		for_each_rule(other, *table)
			count += !strcmp(other->id, rule->id) ||
				 !strcmp(other->sentence, rule->sentence);
	return count > 1;
}

static struct object fb = { .kind = OBJECT_DMABUF, .name = "fb", .size = 0x10000 };
static struct object two = { .kind = OBJECT_DMABUF, .name = "two", .range_count = 2 };
static struct object one = { .kind = OBJECT_DMABUF, .name = "one", .range_count = 1 };

static const struct importer by_page = { .whole_pages = true }, by_byte = { .whole_pages = false };

#define SOURCE_FOR(kind, ...)                                              \
	&(struct rule_subject)                                             \
	{                                                                  \
		.dmabuf = &fb, .importer = kind, .source = &(struct range) \
		{                                                          \
			__VA_ARGS__                                        \
		}                                                          \
	}
#define SOURCE(...) SOURCE_FOR(&by_page, __VA_ARGS__)
#define BAR(number, bytes, ...)                                                                  \
	&(struct rule_subject)                                                                   \
	{                                                                                        \
		.pci = &(struct pci_device){ .driver = "vfio-pci",                               \
					     .bars = { [0] = { .type = PCI_BAR_IO },             \
						       [2] = { .type = PCI_BAR_MEMORY,           \
							       .wide = true } } },               \
		.request = &(struct bar_request)                                                 \
		{                                                                                \
			.bar = number, .size = bytes,                                            \
			.ranges = (struct range[]){ { 0, 0x1000 }, { __VA_ARGS__ } }, .count = 2 \
		}                                                                                \
	}
#define DEVICE(...)                         \
	&(struct rule_subject)              \
	{                                   \
		.pci = &(struct pci_device) \
		{                           \
			__VA_ARGS__         \
		}                           \
	}

/* A subject that meets the rule, and what is said of it; one that does not. */
static const struct {
	const char *id;
	const struct rule_subject *met, *unmet;
	const char *detail;
} looks[] = {
	{ "import-ranges", &(struct rule_subject){ .dmabuf = &two },
	  &(struct rule_subject){ .dmabuf = &one }, "two has 2" },
	{ "import-unaligned", SOURCE(0x1000, 0x1001), SOURCE(0x1000, 0x1000), "length 0x1001" },
	{ "import-unaligned", SOURCE(1, 0x1000), SOURCE(0, 0x1000), "offset 0x1," },
	{ "import-unaligned", SOURCE(1, 0x1001), SOURCE_FOR(&by_byte, 1, 0x1001), "offset 0x1," },
	{ "import-empty", SOURCE(0x1000, 0), SOURCE(0, 0x1000), "" },
	{ "import-wraps", SOURCE(-0x1000, 0x2000), SOURCE(0, 0x1000), "0xfffffffffffff000+0x2000" },
	{ "import-beyond", SOURCE(0xf000, 0x2000), SOURCE(0xf000, 0x1000), "of fb, which has" },
	{ "export-no-bar", BAR(3, 0, 0, 1), BAR(2, 0x2000, 0, 1), "upper half" },
	{ "export-no-bar", BAR(5, 0, 0, 1), BAR(2, 0x2000, 0, 1), "no BAR 5" },
	{ "export-ports", BAR(0, 0x2000, 0, 1), BAR(2, 0x2000, 0, 1), "BAR 0" },
	{ "export-small", BAR(2, 0x800, 0, 1), BAR(2, 0x1000, 0, 1), "2048 bytes" },
	{ "export-empty", BAR(2, 0x4000, 0x1000, 0), BAR(2, 0x4000, 0, 0x1000), "0x1000:0x0" },
	{ "export-unaligned", BAR(2, 0x4000, 0x10, 0x1000), BAR(2, 0x4000, 0, 0x1000),
	  "0x10:0x1000" },
	{ "export-beyond", BAR(2, 0x4000, 0x4000, 0x1000), BAR(2, 0x4000, 0x3000, 0x1000),
	  "0x4000:0x1000" },
	{ "export-wraps", BAR(2, 0x4000, -0x1000, 0x2000), BAR(2, 0x4000, 0, 0x1000),
	  "0xfffffffffffff000:0x2000" },
	{ "export-driver", DEVICE(.driver = "variant"), DEVICE(.driver = "vfio-pci"), "variant" },
	{ "open-driver", DEVICE(.driver = "nvme"), DEVICE(.driver = "vfio-pci"), "driver nvme" },
	{ "open-driver", DEVICE(.driver = ""), DEVICE(.cdev = "/dev/vfio/devices/vfio0"),
	  "no driver" },
	{ "open-node", DEVICE(.driver = "vfio-pci"),
	  DEVICE(.driver = "vfio-pci", .cdev = "/dev/vfio/devices/vfio0"), "" },
	{ "import-driver", DEVICE(.driver = ""), DEVICE(.driver = "dmabufctl-importer"), "none" },
	{ "import-driver", DEVICE(.driver = "nvme"), DEVICE(.driver = "dmabufctl-importer"),
	  "nvme" },
	{ "bind-bridge", DEVICE(.bridge = true), DEVICE(.bridge = false), "" },
	{ "bind-group", DEVICE(.group = -1), DEVICE(.group = 0), "" },
};

int main(void)
{
	struct rule_finding finding;

	for (const struct rule *const *table = rule_tables; *table; table++)
		for_each_rule(rule, *table) {
			check(rule->error > 0 && rule->during && *rule->during && rule->sentence &&
				      rule->file && rule->since && rule->remedy,
			      "%s says all", rule->id);
			check(!is_twice(rule), "%s is said once", rule->id);
			check(rule_find(rule->id) == rule, "%s is found", rule->id);
		}
	for (unsigned i = 0; i < sizeof(looks) / sizeof(*looks); i++) {
		const struct rule *rule = rule_find(looks[i].id);

		check(rule_look(rule, looks[i].unmet, &finding) == APPLIES_NO, "%s: not met",
		      looks[i].id);
		check(rule_look(rule, looks[i].met, &finding) == APPLIES_YES, "%s: met",
		      looks[i].id);
		check(strstr(finding.detail, looks[i].detail), "%s: '%s'", looks[i].id,
		      finding.detail);
	}
	return check_plan();
}
