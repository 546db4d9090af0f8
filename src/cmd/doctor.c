// SPDX-License-Identifier: GPL-2.0-only
/* doctor: says what this machine or a device lacks, and what to do about it. */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/shared/kernel_rows.h"
#include "cmd/shared/lookup.h"
#include "context/users.h"
#include "kernel/attachment.h"
#include "kernel/interrupt.h"
#include "kernel/inventory/inventory.h"
#include "kernel/iommufd.h"
#include "kernel/module.h"
#include "kernel/pagetable.h"
#include "kernel/vfio.h"
#include "rules/rules.h"
#include "util/scope.h"

/* A required check that fails makes the machine unfit; the others cost evidence, or an importer. */
enum weight { OPTIONAL, REQUIRED };
enum answer { ANSWER_OK, ANSWER_MISSING, ANSWER_FORBIDDEN, ANSWER_UNKNOWN };

struct diagnosis {
	json_object *rows;
	bool missing;	/* a required one */
	bool forbidden; /* a required one, for want of permission */
};

static void add_check(struct diagnosis *diagnosis, enum weight weight, const char *check,
		      enum answer answer, const char *detail, const char *remedy)
{
	static const char *const names[] = { "ok", "missing", "missing", "unknown" };
	json_object *row = add_object(diagnosis->rows);

	json_put_text(row, "check", check);
	json_put_text(row, "result", names[answer]);
	json_put_bool(row, "required", weight == REQUIRED);
	json_put_text(row, "detail", detail);
	json_put_text(row, "remedy", answer == ANSWER_OK ? NULL : remedy);
	if (weight == REQUIRED) {
		diagnosis->missing |= answer == ANSWER_MISSING;
		diagnosis->forbidden |= answer == ANSWER_FORBIDDEN;
	}
}

static enum applies look(const struct rule *rule, const struct pci_device *pci,
			 struct rule_finding *finding)
{
	const struct rule_subject subject = { .tool = "dmabufctl", .pci = pci };

	return rule_look(rule, &subject, finding);
}

/* A rule that applies is in the way; detail: what is so when it does not. */
static void add_verdict(struct diagnosis *diagnosis, enum weight weight, const char *check,
			const struct rule *rule, enum applies applies,
			const struct rule_finding *finding, const char *detail)
{
	char why[RULE_WHY_SIZE];

	switch (applies) {
	case APPLIES_NO:
		add_check(diagnosis, weight, check, ANSWER_OK, detail, NULL);
		break;
	case APPLIES_YES:
		rule_why(rule, finding, why);
		add_check(diagnosis, weight, check,
			  rule->error == EACCES ? ANSWER_FORBIDDEN : ANSWER_MISSING, why,
			  rule_remedy(rule, finding));
		break;
	case APPLIES_UNKNOWN:
		add_check(diagnosis, weight, check, ANSWER_UNKNOWN,
			  *finding->detail ? finding->detail : "that cannot be seen",
			  rule_remedy(rule, finding));
		break;
	}
}

static void add_rule(struct diagnosis *diagnosis, enum weight weight, const char *check,
		     const char *id, const struct pci_device *pci, const char *detail)
{
	const struct rule *rule = rule_find(id);
	struct rule_finding finding;
	enum applies applies = look(rule, pci, &finding);

	add_verdict(diagnosis, weight, check, rule, applies, &finding, detail);
}

/* Each rule is asked when none before it applies. Whether one does. ids: NULL ends them. */
static bool add_first(struct diagnosis *diagnosis, enum weight weight, const char *check,
		      const char *const *ids, const char *detail)
{
	const struct rule *rule;
	struct rule_finding finding;
	enum applies applies;

	do {
		rule = rule_find(*ids++);
		applies = look(rule, NULL, &finding);
	} while (applies != APPLIES_YES && *ids);
	add_verdict(diagnosis, weight, check, rule, applies, &finding, detail);
	return applies == APPLIES_YES;
}

static void check_iommufd(struct diagnosis *diagnosis)
{
	static const char *const open[] = { "open-iommufd", "open-permission", NULL };
	static const char *const import[] = { "import-map-file", "import-memory", NULL };

	if (add_first(diagnosis, REQUIRED, "iommufd", open, IOMMUFD_PATH))
		add_check(diagnosis, REQUIRED, "iommufd import", ANSWER_UNKNOWN,
			  "needs " IOMMUFD_PATH, "see iommufd");
	else
		add_first(diagnosis, REQUIRED, "iommufd import", import,
			  "IOMMU_IOAS_MAP_FILE knows dma-bufs");
}

static void check_iommu(struct diagnosis *diagnosis)
{
	const char *remedy =
		"enable VT-d, AMD-Vi or SMMU in the firmware; on Intel boot with intel_iommu=on";
	auto_free struct pci_name *names = NULL;
	unsigned count = 0, in_groups = 0;
	char detail[64];

	pci_list(&names, &count);
	for (unsigned i = 0; i < count; i++) {
		struct pci_device pci;

		in_groups += !pci_get(&names[i], &pci) && pci.group >= 0;
	}
	snprintf(detail, sizeof(detail), "%u of %u PCI devices are in IOMMU groups", in_groups,
		 count);
	add_check(diagnosis, REQUIRED, "IOMMU", in_groups ? ANSWER_OK : ANSWER_MISSING, detail,
		  remedy);
}

static void check_module(struct diagnosis *diagnosis)
{
	add_rule(diagnosis, REQUIRED, "vfio-pci", "bind-module", NULL,
		 module_get_state("vfio-pci") == MODULE_LIVE ? "there" :
							       "not loaded; bind loads it");
}

static void check_tracefs(struct diagnosis *diagnosis)
{
	static const char *const ids[] = { "monitor-lockdown", "monitor-tracefs",
					   "monitor-permission", NULL };

	add_first(diagnosis, OPTIONAL, "tracefs", ids, "iommu:map and iommu:unmap can be recorded");
}

static void check_page_tables(struct diagnosis *diagnosis)
{
	int rc = pagetable_available();

	add_check(diagnosis, OPTIONAL, "page tables", rc ? ANSWER_MISSING : ANSWER_OK,
		  !rc ? "debugfs shows the IOMMU's" : "debugfs shows none that can be read",
		  "as root, with debugfs mounted, an Intel IOMMU and CONFIG_INTEL_IOMMU_DEBUGFS; "
		  "other IOMMUs show none");
}

/* Without them other processes' mappings are not seen, and only Intel's tell live from stale. */
static void check_records(struct diagnosis *diagnosis)
{
	struct inventory inventory;
	bool known = !inventory_take_records(&inventory, getpid()) &&
		     inventory.sources & INVENTORY_IOMMUFD && !inventory.obstacle;

	add_check(diagnosis, OPTIONAL, "kernel records", known ? ANSWER_OK : ANSWER_MISSING,
		  known ? "what iommufd and VFIO have on record can be read" :
			  why_no_records(inventory.obstacle),
		  "be root in the first PID namespace, on a kernel with BTF; without it other "
		  "processes' mappings are not seen");
	inventory_free(&inventory);
}

static void check_importers(struct diagnosis *diagnosis)
{
	add_rule(diagnosis, OPTIONAL, "device importer", "import-importer", NULL,
		 "the module " ATTACHMENT_DRIVER " is there");
	add_rule(diagnosis, OPTIONAL, "RDMA importer", "import-verbs", NULL,
		 "libibverbs registers memory regions, where the device does DMA");
	add_rule(diagnosis, OPTIONAL, "KVM importer", "import-kvm", NULL, NULL);
}

static void check_machine(struct diagnosis *diagnosis)
{
	struct utsname name;

	uname(&name);
	add_check(diagnosis, REQUIRED, "kernel", ANSWER_OK, name.release, NULL);
	check_iommu(diagnosis);
	add_rule(diagnosis, REQUIRED, "interrupt remapping", "open-interrupts", NULL,
		 interrupt_get_isolation() == INTERRUPTS_UNSAFE ?
			 "off, and allowed by iommufd.allow_unsafe_interrupts" :
			 "interrupts are isolated");
	check_iommufd(diagnosis);
	check_module(diagnosis);
	add_rule(diagnosis, REQUIRED, "VFIO device nodes", "open-node", NULL, VFIO_CDEV_DIRECTORY);
	add_rule(diagnosis, REQUIRED, "VFIO dma-buf export", "export-feature", NULL,
		 "vfio-pci has VFIO_DEVICE_FEATURE_DMA_BUF");
	check_tracefs(diagnosis);
	check_page_tables(diagnosis);
	check_records(diagnosis);
	check_importers(diagnosis);
}

static void check_driver(struct diagnosis *diagnosis, const struct pci_device *pci)
{
	char check[40], detail[240], remedy[64];

	snprintf(check, sizeof(check), "%s driver", pci->name.bdf);
	snprintf(detail, sizeof(detail), "%s%s%s", *pci->driver ? pci->driver : "none",
		 *pci->cdev ? ", " : "", pci->cdev);
	snprintf(remedy, sizeof(remedy), "dmabufctl bind %s", pci->name.bdf);
	if (pci->bridge)
		add_rule(diagnosis, REQUIRED, check, "bind-bridge", pci, detail);
	else
		add_check(diagnosis, REQUIRED, check, *pci->cdev ? ANSWER_OK : ANSWER_MISSING,
			  detail, remedy);
}

/* A whole IOMMU group has one owner, so what shares it must be user space's, too, or nobody's. */
static void check_group(struct diagnosis *diagnosis, const struct pci_device *pci)
{
	char check[40], detail[64];

	snprintf(check, sizeof(check), "%s group", pci->name.bdf);
	snprintf(detail, sizeof(detail), "%d; nothing else in it has a host driver", pci->group);
	add_rule(diagnosis, REQUIRED, check, pci->group < 0 ? "bind-group" : "open-group-driver",
		 pci, detail);
}

static void check_access(struct diagnosis *diagnosis, const struct pci_device *pci)
{
	char check[40], users[256], detail[300];

	if (!*pci->cdev)
		return;
	snprintf(check, sizeof(check), "%s node", pci->name.bdf);
	add_rule(diagnosis, REQUIRED, check, "open-permission", pci, "may be opened");
	snprintf(check, sizeof(check), "%s free", pci->name.bdf);
	describe_users(pci, users, sizeof(users));
	snprintf(detail, sizeof(detail), "open in %s", users);
	add_check(diagnosis, OPTIONAL, check, ANSWER_OK, *users ? detail : "nobody has it open",
		  NULL);
}

static void check_bars(struct diagnosis *diagnosis, const struct pci_device *pci)
{
	char check[40], detail[64];
	unsigned usable = 0;

	for (unsigned i = 0; i < PCI_BARS; i++)
		usable += pci->bars[i].type == PCI_BAR_MEMORY &&
			  pci->bars[i].bus.length >= (uint64_t)sysconf(_SC_PAGESIZE);
	snprintf(check, sizeof(check), "%s BARs", pci->name.bdf);
	snprintf(detail, sizeof(detail), "%u of a page or more", usable);
	add_check(diagnosis, REQUIRED, check, usable ? ANSWER_OK : ANSWER_MISSING, detail,
		  "only memory BARs of a page or more can be exported");
}

static enum status check_devices(struct call *call, struct diagnosis *diagnosis)
{
	for (int i = 0; i < call->count; i++) {
		struct pci_device pci;
		enum status status = lookup_device(call->arguments[i], &pci);

		if (status)
			return status;
		check_driver(diagnosis, &pci);
		check_group(diagnosis, &pci);
		check_access(diagnosis, &pci);
		check_bars(diagnosis, &pci);
	}
	return STATUS_OK;
}

static enum status run(struct call *call)
{
	struct diagnosis diagnosis = { .rows = json_put_array(call->result, "checks") };
	enum status status;

	check_machine(&diagnosis);
	status = check_devices(call, &diagnosis);
	if (status)
		return status;
	return diagnosis.missing   ? STATUS_UNSUPPORTED :
	       diagnosis.forbidden ? STATUS_PERMISSION :
				     STATUS_OK;
}

static const struct column columns[] = {
	{ "CHECK", "check", COLUMN_TEXT, "what is looked at" },
	{ "RESULT", "result", COLUMN_TEXT, "ok, missing or unknown" },
	{ "DETAIL", "detail", COLUMN_TEXT, "what was found" },
	{ "REMEDY", "remedy", COLUMN_TEXT, "what to do about it" },
	{ "REQUIRED", "required", COLUMN_TEXT | COLUMN_VERBOSE,
	  "false: costs evidence, or an importer" },
	{ 0 },
};

static const struct section sections[] = {
	{ .key = "checks", .columns = columns },
	{ 0 },
};

const struct command cmd_doctor = {
	.name = "doctor",
	.arguments = "[BDF...]",
	.summary = "can this machine do it? and if not, what to do",
	.description =
		"Features are probed, not guessed from the version; nothing is changed. With BDFs\n"
		"also looks at those devices. Exit status 3 when something required is missing,\n"
		"4 when only permissions are.",
	.least = 0,
	.most = -1,
	.context = CONTEXT_NONE,
	.sections = sections,
	.run = run,
};
