// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/btf.h"

#include <errno.h>

#include "config.h"

#ifdef HAVE_BPF
#include <bpf/btf.h>
#include <string.h>

#include "kernel/library.h"

#define BTF_FUNCTIONS(each)                                                      \
	each(btf__load_vmlinux_btf) each(btf__free) each(btf__find_by_name_kind) \
		each(btf__type_by_id) each(btf__name_by_offset)
LIBRARY("libbpf.so.1", BTF_FUNCTIONS);

/* Members of structs and unions without a name are the outer type's. */
static int find_member(const struct btf *btf, const struct btf_type *type, const char *name)
{
	const struct btf_member *members = btf_members(type);

	for (unsigned i = 0; i < btf_vlen(type); i++) {
		const char *found = lib.btf__name_by_offset(btf, members[i].name_off);
		unsigned bits = btf_member_bit_offset(type, i);
		const struct btf_type *inner;
		int offset;

		if (!strcmp(found, name))
			return btf_member_bitfield_size(type, i) ? -1 : (int)bits / 8;
		if (*found)
			continue;
		inner = lib.btf__type_by_id(btf, members[i].type);
		offset = inner && btf_is_composite(inner) ? find_member(btf, inner, name) : -1;
		if (offset >= 0)
			return (int)bits / 8 + offset;
	}
	return -1;
}

int btf_find_members(struct btf_member_offset *members, unsigned count)
{
	struct btf *btf = library_load(&library) ? lib.btf__load_vmlinux_btf() : NULL;
	const struct btf_type *type = NULL;

	if (!btf)
		return -ENOENT;
	for (unsigned i = 0; i < count; i++) {
		/* Those of one type stand together. */
		if (!i || strcmp(members[i].type, members[i - 1].type)) {
			int id = lib.btf__find_by_name_kind(btf, members[i].type, BTF_KIND_STRUCT);

			type = id > 0 ? lib.btf__type_by_id(btf, id) : NULL;
		}
		members[i].offset = type ? find_member(btf, type, members[i].member) : -1;
	}
	lib.btf__free(btf);
	return 0;
}
#else
int btf_find_members(struct btf_member_offset *members, unsigned count)
{
	(void)members;
	(void)count;
	return -EOPNOTSUPP;
}
#endif
