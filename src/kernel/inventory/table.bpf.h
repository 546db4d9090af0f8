/* SPDX-License-Identifier: GPL-2.0-only */
/* The table that holds what is noted. */
#ifndef DMABUFCTL_KERNEL_INVENTORY_TABLE_BPF_H
#define DMABUFCTL_KERNEL_INVENTORY_TABLE_BPF_H

#define SEEN_MAX 16384

/*
 * A function that the verifier looks at once, and not again for each path to each call. It takes
 * numbers, the kernel's addresses too, and pointers to what is the programs' own.
 */
#define verified_once __attribute__((noinline))

/* As large as whoever loads the programs makes it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct survey_record);
} survey SEC(".maps");

/* Addresses of what was noted already. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SEEN_MAX);
	__type(key, __u64);
	__type(value, char);
} seen SEC(".maps");

struct survey_result result;

/* What is filled in next, all zero, for note(). */
static struct survey_record *draft(enum survey_kind kind)
{
	__builtin_memset(&result.draft, 0, sizeof(result.draft));
	result.draft.kind = kind;
	return &result.draft;
}

static void note(const struct survey_record *record)
{
	__u32 index = result.noted++;

	bpf_map_update_elem(&survey, &index, record, BPF_ANY);
}

/* When too much was seen, yes: it is noted twice then. */
static bool is_new(const void *object)
{
	__u64 address = (__u64)object;
	char yes = 1;

	return bpf_map_update_elem(&seen, &address, &yes, BPF_NOEXIST) != -EEXIST;
}

#endif
