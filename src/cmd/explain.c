// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/explain.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/shared/common.h"
#include "kernel/dmabuf.h"
#include "kernel/fault.h"
#include "kernel/interrupt.h"
#include "kernel/iommufd.h"
#include "kernel/module.h"
#include "kernel/trace.h"

struct explain_options {
	const char *during;
};

/* Whether a cause is there now. */
enum presence { PRESENCE_UNKNOWN, PRESENCE_NO, PRESENCE_YES };

struct cause {
	int error;
	const char *during; /* commands, separated by blanks */
	const char *check;
	const char *where; /* in the kernel, as of Linux 7.2 */
	const char *next;
	enum presence (*look)(struct call *call); /* NULL: only the request itself can tell */
};

static enum presence presence(bool there)
{
	return there ? PRESENCE_YES : PRESENCE_NO;
}

static enum presence look_for_revoked(struct call *call)
{
	struct survey survey;
	bool revoked = false;

	survey_begin(&survey, call->context);
	for_each_object(dmabuf, &call->context->objects, OBJECT_DMABUF)
		revoked |= survey_exporter(&survey, dmabuf).state == EXPORTER_REVOKED;
	survey_end(&survey);
	return presence(revoked);
}

static enum presence look_for_ranges(struct call *call)
{
	for_each_object(dmabuf, &call->context->objects, OBJECT_DMABUF)
		if (dmabuf->dmabuf.range_count > 1)
			return PRESENCE_YES;
	return PRESENCE_NO;
}

static enum presence look_for_mappings(struct call *call)
{
	return presence(object_count(&call->context->objects, OBJECT_MAPPING));
}

/* One that was adopted may be anybody's. */
static enum presence look_for_foreign(struct call *call)
{
	for_each_object(dmabuf, &call->context->objects, OBJECT_DMABUF) {
		char exporter[64];

		if (!dmabuf_get_exporter(context_fd(call->context, dmabuf), exporter) &&
		    strcmp(exporter, DMABUF_VFIO))
			return PRESENCE_YES;
	}
	return PRESENCE_NO;
}

static enum presence look_for_tracefs(struct call *call)
{
	(void)call;
	return presence(trace_available() == -ENOENT);
}

static enum presence look_for_trace_permission(struct call *call)
{
	(void)call;
	return presence(trace_available() == -EACCES);
}

static enum presence look_for_import(struct call *call)
{
	auto_close int iommufd = iommufd_open();

	(void)call;
	if (iommufd < 0)
		return PRESENCE_UNKNOWN;
	return presence(iommufd_try_import(iommufd, -1) == -ENOTTY);
}

static enum presence look_for_export(struct call *call)
{
	(void)call;
	return presence(module_find_symbol("vfio_pci_core_feature_dma_buf") != MODULE_LIVE &&
			module_find_symbol("vfio_pci_dma_buf_iommufd_map") == MODULE_MISSING);
}

static enum presence look_for_iommufd(struct call *call)
{
	(void)call;
	return presence(access(IOMMUFD_PATH, F_OK));
}

static enum presence look_for_permission(struct call *call)
{
	(void)call;
	return presence(access(IOMMUFD_PATH, R_OK | W_OK) && errno == EACCES);
}

static enum presence look_for_interrupts(struct call *call)
{
	enum interrupt_isolation isolation = interrupt_get_isolation();

	(void)call;
	return isolation == INTERRUPTS_UNKNOWN ? PRESENCE_UNKNOWN :
						 presence(isolation == INTERRUPTS_SHARED);
}

#define OPENING "export attach"

static const struct cause causes[] = {
	{ ENODEV, "import recover", "the dma-buf is revoked",
	  "vfio_pci_dma_buf_attach(), drivers/vfio/pci/vfio_pci_dmabuf.c",
	  "bring the exporter back ('status' says whether it can), or export again",
	  look_for_revoked },
	{ EOPNOTSUPP, "import", "the dma-buf has more than one range",
	  "vfio_pci_dma_buf_iommufd_map(), drivers/vfio/pci/vfio_pci_dmabuf.c",
	  "export each range as a dma-buf of its own", look_for_ranges },
	{ EOPNOTSUPP, "import", "the exporter is not VFIO",
	  "sym_vfio_pci_dma_buf_iommufd_map(), drivers/iommu/iommufd/pages.c",
	  "iommufd imports VFIO's dma-bufs only", look_for_foreign },
	{ EEXIST, "import", "something is mapped in the IOVA range, a stale mapping too",
	  "iopt_check_iova(), drivers/iommu/iommufd/io_pagetable.c",
	  "recover or unmap what is there, or choose another IOVA", look_for_mappings },
	{ EINVAL, "import", "the IOVA is reserved, or beyond what an attached device reaches",
	  "iopt_check_iova(), drivers/iommu/iommufd/io_pagetable.c",
	  "leave --iova out and let the kernel choose", NULL },
	{ EINVAL, "import", "offset and length reach beyond the dma-buf, or length is 0",
	  "iopt_alloc_dmabuf_pages(), drivers/iommu/iommufd/pages.c",
	  "give a smaller --offset or --length", NULL },
	{ EOVERFLOW, "import", "IOVA or offset wraps around",
	  "iopt_map_file_pages(), drivers/iommu/iommufd/io_pagetable.c", "use lower numbers",
	  NULL },
	{ ENOSPC, "import", "no free IOVA range is large enough",
	  "iopt_alloc_iova(), drivers/iommu/iommufd/io_pagetable.c",
	  "unmap something, or use an IOAS of its own", NULL },
	{ ENOTTY, "import", "iommufd has no IOMMU_IOAS_MAP_FILE (before 6.13)",
	  "iommufd_fops_ioctl(), drivers/iommu/iommufd/main.c", "use Linux 6.19 or later",
	  look_for_import },
	{ ENODEV, "export", "the region is no memory BAR of the device",
	  "vfio_pci_core_feature_dma_buf(), drivers/vfio/pci/vfio_pci_dmabuf.c",
	  "'device BDF' shows its BARs", NULL },
	{ EINVAL, "export", "a range is empty or not page aligned",
	  "validate_dmabuf_input(), drivers/vfio/pci/vfio_pci_dmabuf.c",
	  "use multiples of the page size", NULL },
	{ EINVAL, "export", "a range reaches beyond the BAR",
	  "vfio_pci_core_fill_phys_vec(), drivers/vfio/pci/vfio_pci_dmabuf.c",
	  "'device BDF' shows the BAR's size", NULL },
	{ EOVERFLOW, "export", "offset and length wrap around",
	  "vfio_pci_core_fill_phys_vec(), drivers/vfio/pci/vfio_pci_dmabuf.c", "use lower numbers",
	  NULL },
	{ ENOTTY, "export", "VFIO has no VFIO_DEVICE_FEATURE_DMA_BUF (before 6.19)",
	  "vfio_pci_core_ioctl_feature(), drivers/vfio/pci/vfio_pci_core.c",
	  "use Linux 6.19 or later with CONFIG_VFIO_PCI_DMABUF", look_for_export },
	{ EOPNOTSUPP, "export", "the device's VFIO driver exports no dma-bufs",
	  "vfio_pci_core_feature_dma_buf(), drivers/vfio/pci/vfio_pci_dmabuf.c",
	  "bind the device to vfio-pci itself", NULL },
	{ EPERM, OPENING, "interrupts are not isolated: no interrupt remapping",
	  "iommufd_device_bind(), drivers/iommu/iommufd/device.c",
	  "enable it, or accept the risk: iommufd.allow_unsafe_interrupts=1", look_for_interrupts },
	{ EPERM, OPENING, "the IOMMU group belongs to a host driver or another context",
	  "iommu_device_claim_dma_owner(), drivers/iommu/iommu.c",
	  "bind every device of the group, and use one context for them", NULL },
	{ EBUSY, OPENING, "another process has the device open (the kernel says EINVAL)",
	  "vfio_df_open(), drivers/vfio/vfio_main.c", "end it, or release the device there", NULL },
	{ EBUSY, OPENING, "the group is in use through /dev/vfio/GROUP",
	  "vfio_device_block_group(), drivers/vfio/group.c", "close that", NULL },
	{ EBUSY, OPENING, "the device has another driver, or none", "dmabufctl itself, beforehand",
	  "'bind BDF'", NULL },
	{ EACCES, OPENING, "no permission for the device nodes", "the nodes' modes",
	  "run as root, or give yourself the nodes", look_for_permission },
	{ ENOENT, OPENING " import", "there is no /dev/iommu", "CONFIG_IOMMUFD",
	  "modprobe iommufd, or use a kernel that has it", look_for_iommufd },
	{ EADDRINUSE, "attach", "a mapping of the IOAS lies in a window reserved by the device",
	  "iopt_table_enforce_dev_resv_regions(), drivers/iommu/iommufd/io_pagetable.c",
	  "unmap it, or attach to another IOAS", look_for_mappings },
	{ EINVAL, "revoke", "the device has no reset that VFIO can use",
	  "vfio_pci_ioctl_reset(), drivers/vfio/pci/vfio_pci_core.c", "use --by memory", NULL },
	{ ENOTTY, "revoke", "the slot or bus was reset, and its link did not come back in time",
	  "pci_bridge_wait_for_secondary_bus(), drivers/pci/pci.c", "the kernel log says so",
	  NULL },
	{ EOPNOTSUPP, "revoke",
	  "the device lacks the capability: function level reset, power states",
	  "PCI Express and power management capabilities, in config space", "use --by memory",
	  NULL },
	{ ENOENT, "revoke", "the device has no reset in sysfs",
	  "pci_dev_reset_attr_is_visible(), drivers/pci/pci-sysfs.c",
	  "'device BDF' shows its reset methods", NULL },
	{ EPERM, "revoke", "the reset takes along a device that is not this context's",
	  "vfio_pci_dev_set_hot_reset(), drivers/vfio/pci/vfio_pci_core.c",
	  "bind every device of the slot, and open them in one context", NULL },
	{ EBUSY, "revoke unbind", "another process has the dma-buf, or the device, open",
	  "dmabufctl itself; the kernel would wait: vfio_unregister_group_dev(), "
	  "drivers/vfio/vfio_main.c",
	  "end that process, or go ahead with revoke --yes", NULL },
	{ ETIMEDOUT, "verify", "the device did not answer within a second",
	  "initiator drivers of dmabufctl",
	  "the device may hang; 'revoke BDF --by reset' resets it", NULL },
	{ EIO, "verify", "a register of the device could not be read: its memory is off",
	  "vfio_pci_core_do_io_rw(), drivers/vfio/pci/vfio_pci_rdwr.c",
	  "'revoke BDF --by memory' turns it on", NULL },
	{ EPERM, "adopt", "not allowed to trace the process",
	  "__pidfd_fget(), kernel/pid.c; ptrace_may_access(), kernel/ptrace.c",
	  "be its user and lower /proc/sys/kernel/yama/ptrace_scope, or have CAP_SYS_PTRACE",
	  NULL },
	{ ESRCH, "adopt", "there is no such process", "pidfd_open(), kernel/pid.c",
	  "'list' shows who holds what", NULL },
	{ EBADF, "adopt", "the process has no such fd", "__pidfd_fget(), kernel/pid.c",
	  "'list --pid PID' shows those that are dma-bufs", NULL },
	{ EINVAL, "adopt", "the file is no dma-buf", "dmabufctl itself, from its fdinfo",
	  "'list --pid PID' shows those that are", NULL },
	{ EADDRINUSE, "adopt", "something is at the socket's path already",
	  "unix_bind_bsd(), net/unix/af_unix.c", "remove it, or choose another path", NULL },
	{ ENOENT, "export", "--send-to: there is no socket at the path",
	  "unix_find_bsd(), net/unix/af_unix.c", "begin with 'adopt --receive-from' there", NULL },
	{ ECONNREFUSED, "export", "--send-to: nobody waits at the socket",
	  "unix_find_bsd(), net/unix/af_unix.c", "begin with 'adopt --receive-from' there", NULL },
	{ ENOENT, "exec", "there is no such program", "do_open_execat(), fs/exec.c",
	  "give its path, or look at PATH", NULL },
	{ EACCES, "exec", "the program is not executable", "do_open_execat(), fs/exec.c",
	  "chmod +x, or mount its file system without noexec", NULL },
	{ ENOENT, "monitor", "tracefs, or its iommu events, are not there",
	  "CONFIG_FTRACE; drivers/iommu/iommu-traces.c",
	  "mount -t tracefs tracefs /sys/kernel/tracing", look_for_tracefs },
	{ EACCES, "monitor", "tracefs is root's", "tracefs_apply_options(), fs/tracefs/inode.c",
	  "run as root", look_for_trace_permission },
	{ EBUSY, "release", "another object needs it",
	  "iommufd_object_remove() and dmabufctl itself", "release what the message names first",
	  NULL },
};

#define CAUSES (sizeof(causes) / sizeof(*causes))

/* NULL: anywhere. */
static bool is_during(const struct cause *cause, const char *command)
{
	size_t length = command ? strlen(command) : 0;
	const char *place = cause->during;

	if (!command)
		return true;
	while ((place = strstr(place, command))) {
		if ((place == cause->during || place[-1] == ' ') &&
		    (place[length] == '\0' || place[length] == ' '))
			return true;
		place += length;
	}
	return false;
}

bool explain_knows(int error, const char *command)
{
	for (unsigned i = 0; command && i < CAUSES; i++)
		if (causes[i].error == error && is_during(&causes[i], command))
			return true;
	return false;
}

#define ERRNO_MAX 133 /* include/uapi/asm-generic/errno.h */

/* By name, in either case; ENOTSUP and its like are other names of the same numbers. */
static int errno_of(const char *word, size_t length)
{
	static const struct {
		const char *name;
		int error;
	} aliases[] = {
		{ "ENOTSUP", EOPNOTSUPP },
		{ "EWOULDBLOCK", EAGAIN },
		{ "EDEADLOCK", EDEADLK },
	};

	for (int error = 1; error <= ERRNO_MAX; error++) {
		const char *name = strerrorname_np(error);

		if (name && strlen(name) == length && !strncasecmp(name, word, length))
			return error;
	}
	for (unsigned i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
		if (strlen(aliases[i].name) == length &&
		    !strncasecmp(aliases[i].name, word, length))
			return aliases[i].error;
	return 0;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* The first word that is an errno's name. */
static int find_name(const char *text)
{
	while (*text) {
		size_t length = 0;
		int error;

		while (is_word(text[length]))
			length++;
		error = errno_of(text, length);
		if (error)
			return error;
		text += length ? length : 1;
	}
	return 0;
}

/* What strerror() says; the longest, as "No such device" is the beginning of another. */
static int find_description(const char *text)
{
	size_t longest = 0;
	int found = 0;

	for (int error = 1; error <= ERRNO_MAX; error++) {
		const char *description = strerrordesc_np(error);

		if (description && strlen(description) > longest && strcasestr(text, description)) {
			longest = strlen(description);
			found = error;
		}
	}
	return found;
}

static int parse_errno(const char *digits)
{
	char *end;
	long number = strtol(digits, &end, 10);

	return end == digits || is_word(*end) || *end == '.' || number < 1 || number > ERRNO_MAX ?
		       0 :
		       number;
}

/* "error -22", "[Errno 19]", "returned -22": a negative number, or one that is said to be an errno.
 */
static int find_number(const char *text)
{
	static const char *const words[] = { "errno", "error", "error code" };

	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++) {
		const char *word = strcasestr(text, words[i]);

		if (!word)
			continue;
		word += strlen(words[i]);
		word += strspn(word, " :=(-");
		if (parse_errno(word))
			return parse_errno(word);
	}
	for (const char *dash = strchr(text, '-'); dash; dash = strchr(dash + 1, '-'))
		if ((dash == text || strchr(" =(:[,", dash[-1])) &&
		    isdigit((unsigned char)dash[1]) && parse_errno(dash + 1))
			return parse_errno(dash + 1);
	return 0;
}

/* The errno that the text is, names, describes, or is the number of; 0 when there is none. */
static int find_errno(const char *text)
{
	int error = parse_errno(text + (*text == '-'));

	if (error && !text[strspn(text, "-0123456789")])
		return error;
	error = find_name(text);
	if (!error)
		error = find_description(text);
	return error ? error : find_number(text);
}

/* The command that a message of dmabufctl names: "dmabufctl: import fb: ...". */
static const char *find_during(const char *text)
{
	const char *start = strstr(text, "dmabufctl: ");
	char word[32];

	if (!start || sscanf(start + strlen("dmabufctl: "), "%31[a-z]", word) != 1)
		return NULL;
	return find_command(word) ? find_command(word)->name : NULL;
}

static void add_cause(struct call *call, json_object *rows, const struct cause *cause)
{
	static const char *const names[] = { "unknown", "no", "yes" };
	enum presence here = cause->look ? cause->look(call) : PRESENCE_UNKNOWN;
	json_object *row = add_object(rows);

	put_text(row, "errno", strerrorname_np(cause->error));
	put_text(row, "during", cause->during);
	put_text(row, "check", cause->check);
	put_text(row, "here", names[here]);
	put_text(row, "next", cause->next);
	put_text(row, "where", cause->where);
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
		if (*attached || !range_has(mapping->mapping.addresses, fault->address))
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

	snprintf(remedy, sizeof(remedy), "'%s recover %s'", self(call),
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
	put_text(row, "meaning", meaning);
	put_text(row, "next", next);
	put_text(row, "mapping", mapping ? mapping->name : NULL);
	put_text(row, "state", mapping ? mapping_state_name(state) : NULL);
}

static enum status explain_fault(struct call *call, const struct fault *fault)
{
	json_object *row = put_object(call->result, "fault");
	bool attached;
	struct object *mapping = find_mapping(call, fault, &attached);

	put_text(row, "device", fault->device);
	put_address(row, "address", fault->address);
	put_meaning(call, row, mapping, attached);
	return STATUS_OK;
}

static enum status run(struct call *call)
{
	const struct explain_options *options = call->options;
	const char *text = call->arguments[0];
	const char *during = options->during ? options->during : find_during(text);
	int error = find_errno(text);
	struct fault fault;
	json_object *rows;

	if (during && !find_command(during)) {
		fail(STATUS_USAGE, 0, "option --during: '%s'", during);
		fail_because("not a command");
		fail_try("'dmabufctl --list-commands' lists them");
		return STATUS_USAGE;
	}
	if (fault_parse_line(text, &fault))
		return explain_fault(call, &fault);
	if (!error) {
		fail(STATUS_USAGE, 0, "explain '%s'", text);
		fail_because("it names no errno, and is no IOMMU fault");
		fail_try("give a name such as ENODEV, a number, a message with one in it or with "
			 "the words for it, or a line of the kernel log");
		return STATUS_USAGE;
	}
	rows = put_array(call->result, "causes");
	for (unsigned i = 0; i < CAUSES; i++)
		if (causes[i].error == error && is_during(&causes[i], during))
			add_cause(call, rows, &causes[i]);
	put_text(call->result, "errno", strerrorname_np(error));
	return STATUS_OK;
}

static const struct option_entry options[] = {
	OPT_TEXT(struct explain_options, during, "during", "COMMAND",
		 "what was being done (default: what the message says, else anything)"),
	{ 0 },
};

static const struct column columns[] = {
	{ "ERRNO", "errno", COLUMN_TEXT, "name" },
	{ "DURING", "during", COLUMN_TEXT, "commands that can get it so" },
	{ "CHECK", "check", COLUMN_TEXT, "what was found wrong" },
	{ "HERE", "here", COLUMN_TEXT, "whether that is so here and now: yes, no, unknown" },
	{ "NEXT", "next", COLUMN_TEXT, "what to do about it" },
	{ "WHERE", "where", COLUMN_TEXT | COLUMN_VERBOSE, "the check in the kernel's source" },
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

static const struct section sections[] = {
	{ .key = "fault", .columns = fault_columns },
	{ .key = "causes",
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
		"an IOMMU fault out of the kernel log. -v says where in the kernel's source the check is.",
	.options = options,
	.options_size = sizeof(struct explain_options),
	.least = 1,
	.most = 1,
	.context = CONTEXT_EXISTING,
	.sections = sections,
	.run = run,
};
