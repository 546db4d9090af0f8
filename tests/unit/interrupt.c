// SPDX-License-Identifier: GPL-2.0-only
/* Whether interrupts are isolated, by what /proc/interrupts names. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/interrupt.h"
#include "kernel/sys.h"
#include "tests/unit/check.h"

static const char *interrupts, *parameter; /* NULL: cannot be read */

int sys_read_file(const char *path, char **text)
{
	const char *from = !strcmp(path, "/proc/interrupts") ? interrupts :
			   !strcmp(path, "/sys/module/iommufd/parameters/allow_unsafe_interrupts") ?
							       parameter :
							       NULL;

	*text = from ? strdup(from) : NULL;
	return from ? 0 : -ENOENT;
}

#define HEAD "            CPU0       CPU1\n"
#define TIMER "   0:         44          0   IO-APIC   2-edge      timer\n"
#define REMAPPED "   9:          0          0  IR-IO-APIC    9-fasteoi   acpi\n"
#define MESSAGE "  24:          0          0  IR-PCI-MSI-0000:00:1f.2    0-edge      ahci\n"
#define PLAIN "  24:          0          0  PCI-MSI-0000:00:1f.2    0-edge      IR-like\n"
#define ITS "  40:          0          0  ITS-PCI-MSI-0000:01:00.0    0 Edge      nvme0q0\n"
#define GIC "  11:      10431          0  GICv3  27 Level     arch_timer\n"

static const struct {
	const char *interrupts, *parameter;
	enum interrupt_isolation wanted;
} table[] = {
	{ HEAD TIMER REMAPPED, "N", INTERRUPTS_ISOLATED },
	{ HEAD TIMER MESSAGE, "N", INTERRUPTS_ISOLATED },
	{ HEAD REMAPPED MESSAGE, "Y", INTERRUPTS_ISOLATED },
	{ HEAD TIMER, "N", INTERRUPTS_SHARED },
	{ HEAD TIMER, NULL, INTERRUPTS_SHARED },
	{ HEAD TIMER, "Y", INTERRUPTS_UNSAFE },
	{ HEAD GIC ITS, "N", INTERRUPTS_ISOLATED },
	{ HEAD GIC, "N", INTERRUPTS_UNKNOWN },
	{ HEAD GIC, "Y", INTERRUPTS_UNKNOWN },
	{ "", "Y", INTERRUPTS_UNKNOWN },
	{ NULL, "Y", INTERRUPTS_UNKNOWN },
};

int main(void)
{
	static const char *const names[] = { "unknown", "isolated", "shared", "unsafe" };

	for (unsigned i = 0; i < sizeof(table) / sizeof(*table); i++) {
		enum interrupt_isolation isolation;

		interrupts = table[i].interrupts;
		parameter = table[i].parameter;
		isolation = interrupt_get_isolation();
		check(isolation == table[i].wanted, "%u: %s", i, names[isolation]);
	}
	return check_plan();
}
