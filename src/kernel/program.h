/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs for the kernel, compiled, inside the file that loads them. */
#ifndef DMABUFCTL_KERNEL_PROGRAM_H
#define DMABUFCTL_KERNEL_PROGRAM_H

#include <stdint.h>

/* programs, of programs_size bytes: what the file of that path, in the build tree, has. */
#define PROGRAMS(path)                                                             \
	extern const char programs[] __attribute__((visibility("hidden")));        \
	extern const uint64_t programs_size __attribute__((visibility("hidden"))); \
	__asm__(".pushsection .rodata\n"                                           \
		"programs: .incbin \"" path "\"\n"                                 \
		"0: .balign 8\n"                                                   \
		"programs_size: .quad 0b - programs\n"                             \
		".popsection\n")

#endif
