// SPDX-License-Identifier: GPL-2.0-only
/* Which rules give an errno, and which of them stand against what here and now. */
#include <string.h>

#include "cmd/shared/lookup.h"
#include "context/state.h"
#include "importer/importer.h"
#include "kernel/fault.h"
#include "rules/wording.h"
#include "util/errno.h"
#include "util/text.h"

struct explain_options {
	const char *during;
};

/*
 * The command that a message of dmabufctl names: "dmabufctl: import fb: ...". NULL where that is
 * another word that is a command too: "dmabufctl: device 0000:01:00.0: ...".
 */
static const char *find_during(const char *text, int error)
{
	const char *start = strstr(text, "dmabufctl: ");
	char word[32];

	if (!start || sscanf(start + strlen("dmabufctl: "), "%31[a-z]", word) != 1)
		return NULL;
	return find_command(word) && rule_is_known(error, word) ? find_command(word)->name : NULL;
}

/* What a message names: PCI devices, and objects of the context, the first of each kind. */
struct named {
	struct rule_subject subject;
	struct pci_device pci;
};

static void add_name(struct named *named, const char *word)
{
	struct rule_subject *subject = &named->subject;
	struct object *object = object_find(&subject->context->objects, OBJECT_KINDS, word);

	if (object && !subject->released) /* if it was that */
		subject->released = object;
	if (!subject->pci && !pci_find(word, &named->pci))
		subject->pci = &named->pci;
	else if (object && object->kind == OBJECT_DMABUF && !subject->dmabuf)
		subject->dmabuf = object;
	else if (object && object->kind == OBJECT_MAPPING && !subject->mapping)
		subject->mapping = object;
	else if (object && object->kind == OBJECT_IOAS && !subject->ioas)
		subject->ioas = object;
}

static void find_named(struct call *call, const char *text, struct named *named)
{
	*named = (struct named){ .subject = rule_subject_of(call) };
	while (*text) {
		size_t length = 0, whole;
		char word[NAME_SIZE];

		while (text_is_in_word(text[length]) ||
		       (text[length] && strchr(".-:", text[length])))
			length++;
		whole = length;
		while (length && strchr(":.", text[length - 1])) /* the message's own */
			length--;
		if (length && length < sizeof(word)) {
			copy_text(word, length + 1, text);
			add_name(named, word);
		}
		text += whole ? whole : 1;
	}
}

static void add_cause(json_object *rows, const struct rule *rule,
		      const struct rule_subject *subject)
{
	static const char *const names[] = { "unknown", "no", "yes" };
	struct rule_finding finding;
	enum applies here = rule_look(rule, subject, &finding);
	json_object *row = add_object(rows);
	char where[128];

	snprintf(where, sizeof(where), "%s%s%s", rule->function ? rule->function : "",
		 rule->function ? "(), " : "", rule->file);
	json_put_text(row, "id", rule->id);
	json_put_text(row, "errno", strerrorname_np(rule->error));
	json_put_text(row, "during", rule->during);
	json_put_text(row, "check", rule->sentence);
	json_put_text(row, "here", names[here]);
	json_put_text(row, "object", here == APPLIES_YES ? finding.object : NULL);
	json_put_text(row, "detail", here == APPLIES_YES ? finding.detail : NULL);
	json_put_text(row, "next",
		      here == APPLIES_YES ? rule_remedy(rule, &finding) : rule->remedy);
	json_put_text(row, "where", where);
	json_put_text(row, "since", rule->since);
}

/* During the command if one is given, else during what the message tells of, else any. */
static bool is_asked_for(const struct rule *rule, const char *during, unsigned operations)
{
	return during || !operations ? rule_is_during(rule, during) :
				       operations_have(operations, rule);
}

static void add_causes(json_object *rows, int error, const char *during, unsigned operations,
		       const struct rule_subject *subject)
{
	for (const struct rule *const *table = rule_tables; *table; table++)
		for_each_rule(rule, *table)
			if (rule->error == error && is_asked_for(rule, during, operations) &&
			    rule_is_of_importer(rule, subject))
				add_cause(rows, rule, subject);
}

static void put_wording(json_object *result, const struct wording *wording, int error)
{
	json_object *row, *names;

	if (!wording->program && !wording->operations)
		return;
	row = json_put_object(result, "message");
	json_put_text(row, "program", wording->program);
	names = json_put_array(row, "operations");
	for (unsigned bit = 1; bit <= OPERATION_LAST; bit <<= 1)
		if (wording->operations & bit)
			add_text(names, operation_name(bit));
	json_put_text(row, "errno", strerrorname_np(error));
}

/* The kernel may name the device without its domain. */
static bool is_reached_by(const struct call *call, const struct object *mapping, const char *bdf)
{
	const struct object *device = NULL;
	struct pci_name name;

	if (!pci_parse_name(bdf, &name))
		device = object_find(&call->context->objects, OBJECT_DEVICE, name.bdf);
	return device && object_is_reached_by(mapping, device);
}

/* The mapping that lies at the fault's address: where the device is attached, else anywhere. */
static struct object *find_mapping(const struct call *call, const struct fault *fault,
				   bool *attached)
{
	struct object *found = NULL;

	*attached = false;
	for_each_object(mapping, &call->context->objects, OBJECT_MAPPING) {
		if (*attached || !object_is_at_iova(mapping) ||
		    !range_has(mapping->addresses, fault->address))
			continue;
		*attached = !*fault->device || is_reached_by(call, mapping, fault->device);
		if (*attached || !found)
			found = mapping;
	}
	return found;
}

/* What the device met there, and what is to be done about it. */
static void put_meaning(struct call *call, json_object *row, const struct object *mapping,
			bool attached)
{
	enum mapping_state state = mapping ? mapping_state_now(call->context, mapping) :
					     MAPPING_UNKNOWN;
	const char *meaning, *next;
	char remedy[2 * NAME_SIZE + 64];

	snprintf(remedy, sizeof(remedy), "'%s recover %s'", call_program(call),
		 mapping ? mapping->name : "");
	if (!mapping) {
		meaning = "nothing of this context is mapped there";
		next = "look in the other contexts, and at what the device was told to access";
	} else if (!attached) {
		meaning = "the mapping is there, but the device is not attached to its IOAS";
		next = "attach it, or look at what it is attached to";
	} else if (state == MAPPING_STALE || state == MAPPING_REVOKED) {
		meaning = "the exporter has withdrawn what was mapped there";
		next = remedy;
	} else {
		meaning = "the mapping is there; it may not have been then, or not for writing";
		next = "'monitor' shows when mappings come and go, 'status' their rights";
	}
	json_put_text(row, "meaning", meaning);
	json_put_text(row, "next", next);
	json_put_text(row, "mapping", mapping ? mapping->name : NULL);
	json_put_text(row, "state", mapping ? mapping_state_name(state) : NULL);
}

static enum status explain_fault(struct call *call, const struct fault *fault)
{
	json_object *row = json_put_object(call->result, "fault");
	bool attached;
	struct object *mapping = find_mapping(call, fault, &attached);

	json_put_text(row, "device", fault->device);
	json_put_address(row, "address", fault->address);
	put_meaning(call, row, mapping, attached);
	return STATUS_OK;
}

static enum status run(struct call *call)
{
	const struct explain_options *options = call->options;
	const char *text = call->arguments[0];
	struct wording wording = wording_find(text);
	int error = wording.error ? wording.error : errno_in(text);
	const char *during = options->during ? options->during : find_during(text, error);
	struct named named;
	struct fault fault;

	if (during && !find_command(during)) {
		fail_with(STATUS_USAGE, 0, "option --during: '%s'", during);
		fail_because("not a command");
		fail_hint("'dmabufctl --list-commands' lists them");
		return STATUS_USAGE;
	}
	if (fault_parse_line(text, &fault))
		return explain_fault(call, &fault);
	if (!error) {
		fail_with(STATUS_USAGE, 0, "explain '%s'", text);
		fail_because("it names no errno, and is no IOMMU fault");
		fail_hint("give a name such as ENODEV, a number, a message with one in it or with "
			  "the words for it, or a line of the kernel log");
		return STATUS_USAGE;
	}
	find_named(call, text, &named);
	/* Of the context's objects it knows nothing; what it imports, it imports into iommufd. */
	if (wording.program)
		named.subject = (struct rule_subject){ .tool = named.subject.tool,
						       .pci = named.subject.pci,
						       .importer = importers[0] };
	put_wording(call->result, &wording, error);
	add_causes(json_put_array(call->result, "causes"), error, during, wording.operations,
		   &named.subject);
	json_put_text(call->result, "errno", strerrorname_np(error));
	return STATUS_OK;
}

static const struct option_entry options[] = {
	OPT_TEXT(struct explain_options, during, "during", "COMMAND",
		 "what was being done (default: what the message says, else anything)"),
	{ 0 },
};

static const struct column columns[] = {
	{ "ERRNO", "errno", COLUMN_TEXT, "name" },
	{ "DURING", "during", COLUMN_TEXT,
	  "commands, and calls of other programs, that can get it so" },
	{ "CHECK", "check", COLUMN_TEXT, "what was found wrong" },
	{ "HERE", "here", COLUMN_TEXT, "whether that is so here and now: yes, no, unknown" },
	{ "OBJECT", "object", COLUMN_TEXT, "the object that it is so of" },
	{ "DETAIL", "detail", COLUMN_TEXT, "what exactly" },
	{ "NEXT", "next", COLUMN_TEXT, "what to do about it" },
	{ "WHERE", "where", COLUMN_TEXT | COLUMN_VERBOSE, "the check in the kernel's source" },
	{ "SINCE", "since", COLUMN_TEXT | COLUMN_VERBOSE, "which kernels check that" },
	{ "RULE", "id", COLUMN_TEXT | COLUMN_VERBOSE, "what dmabufctl calls the rule" },
	{ 0 },
};

static const struct column fault_columns[] = {
	{ "DEVICE", "device", COLUMN_TEXT, "whose DMA was stopped" },
	{ "ADDRESS", "address", COLUMN_TEXT, "at which IOVA" },
	{ "MAPPING", "mapping", COLUMN_TEXT, "what is mapped there" },
	{ "STATE", "state", COLUMN_TEXT, "its state now" },
	{ "MEANING", "meaning", COLUMN_TEXT, "what the device met" },
	{ "NEXT", "next", COLUMN_TEXT, "what to do about it" },
	{ 0 },
};

static const struct column message_columns[] = {
	{ "PROGRAM", "program", COLUMN_TEXT, "who says such a thing" },
	{ "OPERATION", "operations", COLUMN_LIST, "what failed in the kernel, or one of these" },
	{ "ERRNO", "errno", COLUMN_TEXT, "how" },
	{ 0 },
};

static const struct section sections[] = {
	{ .key = "fault", .columns = fault_columns },
	{ .key = "message", .title = "Message", .columns = message_columns },
	{ .key = "causes",
	  .title = "Causes",
	  .empty = "no check is known that gives this errno there",
	  .columns = columns },
	{ 0 },
};

const struct command cmd_explain = {
	.name = "explain",
	.arguments = "ERRNO|MESSAGE",
	.summary = "which checks give this error there, and which of them apply here and now",
	.description =
		"Takes an errno by name or number, a message that has one in it or the words for it, or\n"
		"an IOMMU fault out of the kernel log. Of QEMU's, Cloud Hypervisor's and OpenVMM's messages\n"
		"it knows what they were doing. -v says where in the kernel's source the check is.",
	.options = options,
	.options_size = sizeof(struct explain_options),
	.least = 1,
	.most = 1,
	.context = CONTEXT_EXISTING,
	.sections = sections,
	.run = run,
};
