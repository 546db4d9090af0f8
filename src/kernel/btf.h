/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the running kernel's structs have their members, by its own description of its types. */
#ifndef DMABUFCTL_KERNEL_BTF_H
#define DMABUFCTL_KERNEL_BTF_H

struct btf_member_offset {
	const char *type, *member;
	int offset; /* in bytes; -1: the type has none of that name, or it is a bit field */
};

/* 0, -ENOENT when the kernel describes no types, -EOPNOTSUPP when this was built without libbpf. */
int btf_find_members(struct btf_member_offset *members, unsigned count);

#endif
