// SPDX-License-Identifier: GPL-2.0-only
/* The dma-buf core's list in debugfs, as the kernel prints it, with names that people choose. */
#include <errno.h>
#include <string.h>

#include "kernel/inventory/debugfs.h"
#include "kernel/sys.h"
#include "tests/unit/check.h"
#include "util/text.h"

#define HEAD \
	"\nDma-buf Objects:\nsize    \tflags   \tmode    \tcount   \texp_name\tino     \tname\n"
#define ROW(size, count, exporter, inode, name) \
	size "\t00000002\t02080007\t" count "\t" exporter "\t" inode "\t" name "\n"
#define NONE "\tAttached Devices:\nTotal 0 devices attached\n\n"

static const char *bufinfo; /* NULL: cannot be read */

int sys_read_file(const char *path, char **text)
{
	if (strcmp(path, "/sys/kernel/debug/dma_buf/bufinfo") || !bufinfo)
		return -ENOENT;
	*text = strdup(bufinfo);
	return 0;
}

/* inode size references exporter name attachments attached; a dma-buf each. */
static const struct {
	const char *bufinfo, *wanted;
} table[] = {
	{ HEAD "\n\nTotal 0 objects, 0 bytes\n", "" },
	{ HEAD ROW("16777216", "00000001", "vfio_pci_core", "00000002", "bar") NONE
	  "\nTotal 1 objects, 16777216 bytes\n",
	  "2 16777216 1 vfio_pci_core [bar] 0 -;" },
	{ HEAD ROW("00012288", "00000012", "system", "00000093", "<none>") "\tAttached Devices:\n\tiommu\n\t0000:03:00.0\nTotal 2 devices attached\n\n" ROW(
		  "8589934592", "00000003", "udmabuf", "123456789",
		  "second") "\tAttached Devices:\n\tnvme0\nTotal 1 devices attached\n\n"
			    "\nTotal 2 objects, 8589946880 bytes\n",
	  "93 12288 12 system [] 2 iommu,0000:03:00.0;"
	  "123456789 8589934592 3 udmabuf [second] 1 nvme0;" },
	/* A fence's lines stand between a row and its devices. */
	{ HEAD ROW("00004096", "00000001", "i915", "00000007",
		   "fenced") "\twrite fence:i915 render signalled seq 12 unsignalled\n"
			     "\tAttached Devices:\n\tcard0\nTotal 1 devices attached\n\n",
	  "7 4096 1 i915 [fenced] 1 card0;" },
	/* Names with line breaks, that look like the kernel's own lines. */
	{ HEAD ROW("00004096", "00000001", "system", "00000007", "a\nb") NONE,
	  "7 4096 1 system [a\nb] 0 -;" },
	{ HEAD ROW(
		  "00004096", "00000001", "system", "00000007",
		  "x\nTotal 9 devices attached\n") "\tAttached Devices:\n\tiommu\nTotal 1 devices attached\n\n",
	  "7 4096 1 system [x\nTotal 9 devices attached\n] 1 iommu;" },
	{ HEAD ROW("00004096", "00000001", "system", "00000007", "\n00004096\t1\t1\t1\tx\t9\t")
		  NONE,
	  "7 4096 1 system [\n00004096\t1\t1\t1\tx\t9\t] 0 -;" },
	/* Numbers of seven digits are no row. */
	{ HEAD "0004096\t00000002\t02080007\t00000001\tsystem\t00000007\tn\n" NONE, "" },
	/* Kernels before 5.3 had no inode and no name. */
	{ HEAD "00004096\t00000002\t02080007\t00000001\tsystem\n" NONE, "" },
};

static void describe(const struct inventory *inventory, char *text, size_t size)
{
	*text = '\0';
	for (unsigned i = 0; i < inventory->count; i++) {
		const struct inventory_dmabuf *dmabuf = &inventory->items[i];

		text_join(text, size, "", "%llu %llu %ld %s [%s] %d %s;",
			  (unsigned long long)dmabuf->inode, (unsigned long long)dmabuf->size,
			  dmabuf->references, dmabuf->exporter, dmabuf->name, dmabuf->attachments,
			  dmabuf->attached ? dmabuf->attached : "-");
	}
}

int main(void)
{
	struct inventory inventory = { .sources = INVENTORY_FDS };
	char text[1024];

	check(!inventory_from_debugfs(&inventory) && inventory.sources == INVENTORY_FDS &&
		      !inventory.count,
	      "not there: another source");
	for (unsigned i = 0; i < sizeof(table) / sizeof(*table); i++) {
		int rc;

		inventory = (struct inventory){ 0 };
		bufinfo = table[i].bufinfo;
		rc = inventory_from_debugfs(&inventory);
		describe(&inventory, text, sizeof(text));
		check(!rc && !strcmp(text, table[i].wanted), "%u: a list is what it says", i);
		if (strcmp(text, table[i].wanted))
			printf("# got '%s'\n", text);
		check(inventory.sources == INVENTORY_DEBUGFS, "%u: it was the source", i);
		inventory_free(&inventory);
	}
	return check_plan();
}
