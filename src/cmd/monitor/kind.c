// SPDX-License-Identifier: GPL-2.0-only
/* The kinds of events that monitor prints: their names, and what it takes to see them. */
#include "cmd/monitor/kind.h"

#include <string.h>

#include "kernel/record.h"
#include "util/text.h"

_Static_assert((int)KIND_MAP == (int)RECORD_MAP && (int)KIND_RESTORED == (int)RECORD_RESTORED,
	       "the first kinds are those of the kernel's records");

static const char *const names[KINDS] = {
	"map", "unmap",	  "domain",   "export",	       "attach",       "detach",
	"put", "revoked", "restored", "fault",	       "bind",	       "unbind",
	"add", "remove",  "change",   "context-start", "context-stop", "lost",
};

const char *kind_name(unsigned kind)
{
	return kind < KINDS ? names[kind] : NULL;
}

enum event_kind kind_of_action(const char *action)
{
	for (unsigned kind = KIND_BIND; kind <= KIND_CHANGE; kind++)
		if (!strcmp(action, names[kind]))
			return kind;
	return KINDS;
}

unsigned kinds_parse(const char *text)
{
	unsigned kinds = 0;

	for (unsigned kind = 0; text && kind < KINDS; kind++)
		if (text_lists(text, names[kind]))
			kinds |= KIND_BIT(kind);
	return kinds;
}

void kinds_describe(char text[KINDS_TEXT], unsigned kinds)
{
	*text = '\0';
	for (unsigned kind = 0; kind < KINDS; kind++)
		if (kinds & KIND_BIT(kind))
			text_join(text, KINDS_TEXT, ", ", "%s", names[kind]);
}

unsigned kinds_unseen(const struct sight *sight)
{
	unsigned kinds = 0;

	for (unsigned kind = KIND_MAP; kind <= KIND_RESTORED; kind++)
		if (!sight->records[kind])
			kinds |= KIND_BIT(kind);
	/* Then it is inferred. */
	if (sight->records[RECORD_INVALIDATE])
		kinds &= ~KIND_BIT(KIND_REVOKED);
	if (!sight->faults)
		kinds |= KIND_BIT(KIND_FAULT);
	for (unsigned kind = KIND_BIND; kind <= KIND_CHANGE && !sight->uevents; kind++)
		kinds |= KIND_BIT(kind);
	if (!sight->contexts)
		kinds |= KIND_BIT(KIND_CONTEXT_START) | KIND_BIT(KIND_CONTEXT_STOP);
	return kinds;
}

const char *kinds_why_unseen(unsigned kinds)
{
	if (kinds & (KIND_BIT(KIND_EXPORT) | KIND_BIT(KIND_ATTACH) | KIND_BIT(KIND_DETACH) |
		     KIND_BIT(KIND_PUT) | KIND_BIT(KIND_REVOKED)))
		return "that takes the kernel's dma_buf events (Linux 7.0) or kprobe events, its "
		       "BTF, and libbpf";
	if (kinds & KIND_BIT(KIND_RESTORED))
		return "that takes BPF (root, the kernel's BTF, kprobes, and libbpf), and "
		       "vfio-pci to be loaded";
	if (kinds & KIND_BIT(KIND_FAULT))
		return "the kernel log cannot be read";
	return "the kernel does not let us watch them";
}
