// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/interrupt.h"

#include <string.h>

#include "kernel/sys.h"
#include "util/scope.h"

static int allowed_unsafe(void)
{
	auto_free char *value = NULL;

	return !sys_read_file("/sys/module/iommufd/parameters/allow_unsafe_interrupts", &value) &&
	       *value == 'Y';
}

/*
 * The names of interrupt chips tell: x86 puts "IR-" before those behind a remapper
 * (arch/x86/kernel/apic/io_apic.c, drivers/iommu), Arm's ITS isolates by itself.
 */
enum interrupt_isolation interrupt_get_isolation(void)
{
	auto_free char *interrupts = NULL;

	if (sys_read_file("/proc/interrupts", &interrupts))
		return INTERRUPTS_UNKNOWN;
	if (strstr(interrupts, " IR-") || strstr(interrupts, "ITS-"))
		return INTERRUPTS_ISOLATED;
	if (!strstr(interrupts, "IO-APIC"))
		return INTERRUPTS_UNKNOWN;
	return allowed_unsafe() ? INTERRUPTS_UNSAFE : INTERRUPTS_SHARED;
}
