// SPDX-License-Identifier: GPL-2.0-only
/* doctor: says what this machine or a device lacks, and what to do about it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/shared/common.h"
#include "kernel/interrupt.h"
#include "kernel/iommufd.h"
#include "kernel/module.h"
#include "kernel/pagetable.h"
#include "kernel/vfio.h"

#define UDMABUF "/dev/udmabuf"

/* A required check that fails makes the machine unfit; the others cost evidence only. */
enum weight { EVIDENCE_ONLY, REQUIRED };
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

	put_text(row, "check", check);
	put_text(row, "result", names[answer]);
	put_bool(row, "required", weight == REQUIRED);
	put_text(row, "detail", detail);
	put_text(row, "remedy", answer == ANSWER_OK ? NULL : remedy);
	if (weight == REQUIRED) {
		diagnosis->missing |= answer == ANSWER_MISSING;
		diagnosis->forbidden |= answer == ANSWER_FORBIDDEN;
	}
}

static enum answer answer_of(int error)
{
	return !error				   ? ANSWER_OK :
	       error == -EACCES || error == -EPERM ? ANSWER_FORBIDDEN :
						     ANSWER_MISSING;
}

/* A dma-buf that no device stands behind: what import makes of it tells what import knows. */
static int make_udmabuf(void)
{
	auto_close int control = sys_open(UDMABUF, O_RDWR);
	auto_close int memory = memfd_create("dmabufctl", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	struct udmabuf_create create = {
		.memfd = memory,
		.flags = UDMABUF_FLAGS_CLOEXEC,
		.size = sysconf(_SC_PAGESIZE),
	};

	if (control < 0)
		return control;
	if (memory < 0 || ftruncate(memory, create.size) ||
	    fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK))
		return -errno;
	return sys_ioctl(control, "UDMABUF_CREATE", UDMABUF_CREATE, &create, "{one page}");
}

/*
 * A kernel that knows dma-bufs refuses this one as not VFIO's (EOPNOTSUPP); one that takes
 * them for plain files cannot pin its pages (EINVAL).
 */
static void check_import(struct diagnosis *diagnosis, int iommufd)
{
	const char *remedy = "use Linux 6.19 or later";
	auto_close int dmabuf = make_udmabuf();
	int rc = iommufd_try_import(iommufd, dmabuf);

	if (rc == -ENOTTY)
		add_check(diagnosis, REQUIRED, "iommufd import", ANSWER_MISSING,
			  "no IOMMU_IOAS_MAP_FILE", remedy);
	else if (rc == -EOPNOTSUPP)
		add_check(diagnosis, REQUIRED, "iommufd import", ANSWER_OK,
			  "IOMMU_IOAS_MAP_FILE knows dma-bufs", NULL);
	else if (dmabuf == -EACCES || dmabuf == -EPERM)
		add_check(diagnosis, REQUIRED, "iommufd import", ANSWER_UNKNOWN,
			  "IOMMU_IOAS_MAP_FILE is there; no permission to open " UDMABUF
			  ", to try it with a dma-buf",
			  "run as root, or give yourself " UDMABUF);
	else if (dmabuf < 0)
		add_check(diagnosis, REQUIRED, "iommufd import", ANSWER_UNKNOWN,
			  "IOMMU_IOAS_MAP_FILE is there; no " UDMABUF " to try it with",
			  "modprobe udmabuf; Linux 6.19 and later import dma-bufs");
	else
		add_check(diagnosis, REQUIRED, "iommufd import", ANSWER_MISSING,
			  "IOMMU_IOAS_MAP_FILE takes memory files only", remedy);
}

static void check_iommufd(struct diagnosis *diagnosis)
{
	auto_close int iommufd = iommufd_open();

	switch (answer_of(iommufd < 0 ? iommufd : 0)) {
	case ANSWER_OK:
		add_check(diagnosis, REQUIRED, "iommufd", ANSWER_OK, IOMMUFD_PATH, NULL);
		check_import(diagnosis, iommufd);
		return;
	case ANSWER_FORBIDDEN:
		add_check(diagnosis, REQUIRED, "iommufd", ANSWER_FORBIDDEN,
			  "no permission to open " IOMMUFD_PATH,
			  "run as root, or give yourself the node");
		break;
	default:
		if (module_get_state("iommufd") == MODULE_LOADABLE)
			add_check(diagnosis, REQUIRED, "iommufd", ANSWER_MISSING,
				  "the module iommufd is not loaded", "modprobe iommufd");
		else
			add_check(diagnosis, REQUIRED, "iommufd", ANSWER_MISSING,
				  "there is no " IOMMUFD_PATH,
				  "use a kernel with CONFIG_IOMMUFD (Fedora's, Arch's and Ubuntu's "
				  "have it)");
	}
	add_check(diagnosis, REQUIRED, "iommufd import", ANSWER_UNKNOWN, "needs " IOMMUFD_PATH,
		  "see iommufd");
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

static void check_interrupts(struct diagnosis *diagnosis)
{
	const char *remedy =
		"enable interrupt remapping in the firmware (a VM's IOMMU: intremap=on), "
		"or accept the risk: iommufd.allow_unsafe_interrupts=1";

	switch (interrupt_get_isolation()) {
	case INTERRUPTS_ISOLATED:
		add_check(diagnosis, REQUIRED, "interrupt remapping", ANSWER_OK,
			  "interrupts are isolated", NULL);
		break;
	case INTERRUPTS_UNSAFE:
		add_check(diagnosis, REQUIRED, "interrupt remapping", ANSWER_OK,
			  "off, and allowed by iommufd.allow_unsafe_interrupts", NULL);
		break;
	case INTERRUPTS_SHARED:
		add_check(diagnosis, REQUIRED, "interrupt remapping", ANSWER_MISSING,
			  "off: VFIO_DEVICE_BIND_IOMMUFD would give EPERM", remedy);
		break;
	case INTERRUPTS_UNKNOWN:
		add_check(diagnosis, REQUIRED, "interrupt remapping", ANSWER_UNKNOWN,
			  "/proc/interrupts does not tell", remedy);
		break;
	}
}

static void check_module(struct diagnosis *diagnosis)
{
	enum module_state state = module_get_state("vfio-pci");

	add_check(diagnosis, REQUIRED, "vfio-pci",
		  state == MODULE_MISSING ? ANSWER_MISSING : ANSWER_OK,
		  state == MODULE_LIVE	   ? "there" :
		  state == MODULE_LOADABLE ? "not loaded; bind loads it" :
					     "neither built in nor among the modules",
		  "use a kernel with CONFIG_VFIO_PCI, with its modules installed");
}

/* A kernel function tells a feature; which module it is in tells whether it is here by now. */
static void check_symbol(struct diagnosis *diagnosis, const char *check, const char *inside,
			 const char *exported, const char *detail, const char *remedy)
{
	enum answer answer = ANSWER_MISSING;

	if (module_find_symbol(inside) == MODULE_LIVE ||
	    (exported && module_find_symbol(exported) != MODULE_MISSING))
		answer = ANSWER_OK;
	else if (module_get_state("vfio-pci") == MODULE_LOADABLE && !exported)
		answer = ANSWER_UNKNOWN; /* not visible before the module is loaded */
	add_check(diagnosis, REQUIRED, check, answer,
		  answer == ANSWER_OK	   ? detail :
		  answer == ANSWER_UNKNOWN ? "vfio is not loaded" :
					     "the kernel has no such function",
		  remedy);
}

static void check_tracefs(struct diagnosis *diagnosis)
{
	int rc = trace_available();

	add_check(diagnosis, EVIDENCE_ONLY, "tracefs", answer_of(rc),
		  !rc		? "iommu:map and iommu:unmap can be recorded" :
		  rc == -ENOENT ? "no tracefs, or no iommu events" :
				  "no right to make an instance",
		  "mount -t tracefs tracefs /sys/kernel/tracing, as root; CONFIG_FTRACE");
}

static void check_page_tables(struct diagnosis *diagnosis)
{
	int rc = pagetable_available();

	add_check(diagnosis, EVIDENCE_ONLY, "page tables", answer_of(rc),
		  !rc ? "debugfs shows the IOMMU's" : "debugfs shows none that can be read",
		  "as root, with debugfs mounted, an Intel IOMMU and CONFIG_INTEL_IOMMU_DEBUGFS; "
		  "other IOMMUs show none");
}

static void check_machine(struct diagnosis *diagnosis)
{
	struct utsname name;

	uname(&name);
	add_check(diagnosis, REQUIRED, "kernel", ANSWER_OK, name.release, NULL);
	check_iommu(diagnosis);
	check_interrupts(diagnosis);
	check_iommufd(diagnosis);
	check_module(diagnosis);
	check_symbol(diagnosis, "VFIO device nodes", "vfio_init_device_cdev", NULL,
		     VFIO_CDEV_FOLDER, "use Linux 6.6 or later with CONFIG_VFIO_DEVICE_CDEV");
	check_symbol(diagnosis, "VFIO dma-buf export", "vfio_pci_core_feature_dma_buf",
		     "vfio_pci_dma_buf_iommufd_map", "vfio-pci has VFIO_DEVICE_FEATURE_DMA_BUF",
		     "use Linux 6.19 or later with CONFIG_VFIO_PCI_DMABUF");
	check_tracefs(diagnosis);
	check_page_tables(diagnosis);
}

static void check_driver(struct diagnosis *diagnosis, const struct pci_device *pci)
{
	char check[40], detail[240], remedy[64];

	snprintf(check, sizeof(check), "%s driver", pci->name.bdf);
	snprintf(detail, sizeof(detail), "%s%s%s%s", *pci->driver ? pci->driver : "none",
		 *pci->cdev ? ", " : "", pci->cdev,
		 pci->bridge ? "; it is a bridge, and VFIO takes endpoints only" : "");
	snprintf(remedy, sizeof(remedy), "dmabufctl bind %s", pci->name.bdf);
	add_check(diagnosis, REQUIRED, check, *pci->cdev ? ANSWER_OK : ANSWER_MISSING, detail,
		  pci->bridge ? "choose an endpoint; 'dmabufctl device' lists them" : remedy);
}

/* A whole IOMMU group has one owner, so what shares it must be user space's, too, or nobody's. */
static void check_group(struct diagnosis *diagnosis, const struct pci_device *pci)
{
	auto_free struct pci_name *names = NULL;
	char check[40], detail[200] = "", remedy[200] = "dmabufctl bind";
	unsigned count = 0;

	snprintf(check, sizeof(check), "%s group", pci->name.bdf);
	if (pci->group < 0) {
		add_check(diagnosis, REQUIRED, check, ANSWER_MISSING, "it is in no IOMMU group",
			  "see IOMMU");
		return;
	}
	pci_list_group(pci->group, &names, &count);
	for (unsigned i = 0; i < count; i++) {
		size_t said = strlen(detail), told = strlen(remedy);
		struct pci_device other;

		if (!strcmp(names[i].bdf, pci->name.bdf) || pci_get(&names[i], &other) ||
		    !pci_blocks_group(&other))
			continue;
		snprintf(detail + said, sizeof(detail) - said, "%s%s belongs to the driver %.32s",
			 said ? ", " : "", other.name.bdf, other.driver);
		snprintf(remedy + told, sizeof(remedy) - told, " %s", other.name.bdf);
	}
	if (*detail) {
		add_check(diagnosis, REQUIRED, check, ANSWER_MISSING, detail, remedy);
		return;
	}
	snprintf(detail, sizeof(detail), "%d; nothing else in it has a host driver", pci->group);
	add_check(diagnosis, REQUIRED, check, ANSWER_OK, detail, NULL);
}

static void check_access(struct diagnosis *diagnosis, const struct pci_device *pci)
{
	char check[40], users[256], detail[300];
	enum answer answer;

	if (!*pci->cdev)
		return;
	snprintf(check, sizeof(check), "%s node", pci->name.bdf);
	answer = access(pci->cdev, R_OK | W_OK) ? answer_of(-errno) : ANSWER_OK;
	add_check(diagnosis, REQUIRED, check, answer,
		  answer == ANSWER_OK ? "may be opened" : "no permission to open it",
		  "run as root, or give yourself the node");
	snprintf(check, sizeof(check), "%s free", pci->name.bdf);
	describe_users(pci, users, sizeof(users));
	snprintf(detail, sizeof(detail), "open in %s", users);
	add_check(diagnosis, EVIDENCE_ONLY, check, ANSWER_OK,
		  *users ? detail : "nobody has it open", NULL);
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
		enum status status = want_device(call->arguments[i], &pci);

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
	struct diagnosis diagnosis = { .rows = put_array(call->result, "checks") };
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
	{ "REQUIRED", "required", COLUMN_TEXT | COLUMN_VERBOSE, "false: costs evidence only" },
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
