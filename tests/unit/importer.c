// SPDX-License-Identifier: GPL-2.0-only
/* Kinds of importers: what each asks of the kernel, and what iommufd's does with a record that is
 * not all there is. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "importer/importer.h"
#include "kernel/attachment.h"
#include "kernel/iommufd.h"
#include "kernel/rdma.h"
#include "kernel/sys.h"
#include "tests/unit/check.h"

/* The kernel: what was asked of it, and what it answers to all but probes. */
static char calls[2048];
static int answer;

static void __attribute__((format(printf, 1, 2))) note(const char *format, ...)
{
	size_t used = strlen(calls);
	va_list args;

	va_start(args, format);
	vsnprintf(calls + used, sizeof(calls) - used, format, args);
	va_end(args);
}

int iommufd_alloc_ioas(int iommufd, uint32_t *ioas)
{
	note("%d: alloc; ", iommufd);
	*ioas = 5;
	return answer;
}

int iommufd_destroy(int iommufd, uint32_t id)
{
	note("%d: destroy %u; ", iommufd, id);
	return answer;
}

int iommufd_map_file(int iommufd, uint32_t ioas, int fd, struct range source, unsigned prot,
		     bool fixed, uint64_t *iova)
{
	note("%d: map %u %d 0x%lx+0x%lx %u %d 0x%lx; ", iommufd, ioas, fd,
	     (unsigned long)source.offset, (unsigned long)source.length, prot, fixed,
	     (unsigned long)*iova);
	return answer;
}

int iommufd_map_memory(int iommufd, uint32_t ioas, void *memory, size_t size, uint64_t *iova)
{
	(void)memory;
	*iova = 0x7000;
	note("%d: memory %u %zu; ", iommufd, ioas, size);
	return answer;
}

int iommufd_unmap(int iommufd, uint32_t ioas, struct range window)
{
	note("%d: unmap %u 0x%lx+0x%lx; ", iommufd, ioas, (unsigned long)window.offset,
	     (unsigned long)window.length);
	return answer;
}

int iommufd_try_import_into(int iommufd, uint32_t scratch, int fd)
{
	note("%d: try %u %d; ", iommufd, scratch, fd);
	return -ENODEV;
}

/* The importer module: what it answers to a call of that name, and the ranges that it has. */
static const char *refused;
static struct attachment_state state;
static struct range pieces[] = { { 0x7000, 0x1000 }, { 0x9000, 0x2000 } };

static int ask(const char *name)
{
	return refused && !strcmp(refused, name) ? answer : 0;
}

int attachment_open(const char *bdf)
{
	int rc = ask("open");

	note("open %s; ", bdf);
	return rc ? rc : 11;
}

void sys_close(int fd)
{
	note("%d: close; ", fd);
}

int attachment_attach(int fd, int dmabuf, enum attachment_promise promise)
{
	note("%d: attach %d %u; ", fd, dmabuf, promise);
	return ask("attach");
}

int attachment_map(int fd, unsigned prot)
{
	note("%d: map %u; ", fd, prot);
	return ask("map");
}

int attachment_unmap(int fd)
{
	note("%d: unmap; ", fd);
	return ask("unmap");
}

int attachment_detach(int fd)
{
	note("%d: detach; ", fd);
	return ask("detach");
}

int attachment_delay(int fd, uint32_t ms)
{
	note("%d: delay %u; ", fd, ms);
	return ask("delay");
}

int attachment_get_state(int fd, struct attachment_state *got)
{
	(void)fd;
	*got = state;
	return ask("state");
}

int attachment_get_ranges(int fd, struct range **ranges, unsigned *count)
{
	(void)fd;
	*count = 2;
	*ranges = malloc(sizeof(pieces));
	memcpy(*ranges, pieces, sizeof(pieces));
	return ask("ranges");
}

int attachment_translate(int fd, uint64_t offset, uint64_t *physical)
{
	(void)fd;
	*physical = 0xf0000000 + offset;
	if (ask("translate"))
		state.mapped = false; /* it was told in between */
	return ask("translate");
}

#ifdef HAVE_VERBS
int rdma_register(const char *device, int dmabuf, struct range source, uint64_t iova, unsigned prot,
		  struct rdma_region *region)
{
	note("register %s %d 0x%lx+0x%lx 0x%lx %u; ", device, dmabuf, (unsigned long)source.offset,
	     (unsigned long)source.length, (unsigned long)iova, prot);
	*region = (struct rdma_region){ 12, 0x100, 0x200 };
	return ask("register");
}
#endif

int rdma_find_number(const char *device, uint32_t lkey, uint32_t *number)
{
	note("number of %s 0x%x; ", device, lkey);
	*number = 5;
	return ask("number");
}

static const struct {
	const char *text;
	const char *kind;
	const char *target;
} kinds[] = {
	{ "iommufd", "iommufd", NULL },
	{ "IOMMUFD", "iommufd", NULL },
	{ "iommufd:a", "iommufd", "a" },
	{ "iommufd:", "iommufd", "" },
	{ "iommufd:a:b", "iommufd", "a:b" },
	{ "device", "device", NULL },
	{ "device:0000:00:03.0", "device", "0000:00:03.0" },
	{ "rdma:mlx5_0", "rdma", "mlx5_0" },
	{ "kvm", "kvm", NULL },
	{ "iommuf", NULL, NULL },
	{ "iommufdd", NULL, NULL },
	{ "", NULL, NULL },
	{ ":a", NULL, "a" },
};

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static void check_kinds(void)
{
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		const char *target;
		const struct importer *importer = importer_parse(kinds[i].text, &target);

		check(same(importer ? importer->name : NULL, kinds[i].kind), "the kind of '%s'",
		      kinds[i].text);
		check(same(target, kinds[i].target), "the target of '%s'", kinds[i].text);
	}
	check(importer_find("iommufd") == importers[0], "iommufd is the default");
	check(!importer_find("iommufd:a"), "a kind has no target in it");
}

static void check_calls(const char *what, const char *wanted)
{
	check(!strcmp(calls, wanted), "%s: %s", what, calls);
	*calls = '\0';
}

static void check_mapping(const struct importer *importer)
{
	struct import_request request = {
		.source = { 0x1000, 0x2000 }, .prot = IMPORT_WRITE, .fixed = true, .address = 0x5000
	};
	struct import_target target = { .fd = 3, .id = 7 };
	struct import_trial trial = { .fd = 3 };
	uint64_t address = 1;

	check(!importer->map(&target, 9, &request, &address) && address == 0x5000, "mapped there");
	check_calls("map", "3: map 7 9 0x1000+0x2000 2 1 0x5000; ");
	check(!importer->unmap(&target, (struct range){ 0x5000, 0x2000 }), "unmapped");
	check_calls("unmap", "3: unmap 7 0x5000+0x2000; ");
	check(!importer->map_memory(&target, NULL, 4096, &address) && address == 0x7000, "memory");
	check_calls("memory", "3: memory 7 4096; ");
	check(importer->reaches("a", "0000:00:03.0", "a"), "attached to that IOAS");
	check(!importer->reaches("a", "0000:00:03.0", "b"), "attached to another");
	check(!importer->reaches("a", "a", ""), "attached to none");

	importer->end_trial(&trial);
	check_calls("no trial", "");
	check(importer->probe(&trial, 8) == -ENODEV, "what a trial said");
	check(importer->probe(&trial, 9) == -ENODEV, "what the next said");
	importer->end_trial(&trial);
	importer->end_trial(&trial);
	check_calls("trials", "3: alloc; 3: try 5 8; 3: try 5 9; 3: destroy 5; ");
	answer = -ENOMEM;
	check(importer->probe(&trial, 8) == -ENOMEM, "no trial for want of memory");
	importer->end_trial(&trial);
	check_calls("a trial that did not begin", "3: alloc; ");
	answer = 0;
}

static struct range two[] = { { 0x1000, 0x1000 }, { 0x4000, 0x2000 } };
static struct range first[] = { { 0, 0x1000 } };
static struct range last[] = { { UINT64_MAX - 0xfff, 0x1000 } };

#define NOTHING "unmap 1 0x0+0xffffffffffffffff; "

/* As all IDs to the last that a stray object can have are tried, those are shown that are not. */
static const struct {
	const char *what;
	struct import_known known[3];
	unsigned count;
	const char *unmaps;
	uint32_t kept[3];
	uint32_t last;
} records[] = {
	{ "nothing", { { 0 } }, 0, "", { 0 }, 4 },
	{ "an empty IOAS", { { 1, true, NULL, 0 } }, 1, "3: " NOTHING, { 1 }, 5 },
	{ "two mappings",
	  { { 1, true, two, 2 } },
	  1,
	  "3: unmap 1 0x0+0x1000; 3: unmap 1 0x2000+0x2000; 3: unmap 1 0x6000+0xffffffffffffa000; ",
	  { 1 },
	  5 },
	{ "at the beginning",
	  { { 1, true, first, 1 } },
	  1,
	  "3: unmap 1 0x1000+0xfffffffffffff000; ",
	  { 1 },
	  5 },
	{ "at the end",
	  { { 1, true, last, 1 } },
	  1,
	  "3: unmap 1 0x0+0xfffffffffffff000; ",
	  { 1 },
	  5 },
	{ "devices are let be",
	  { { 2, false, NULL, 0 }, { 1, true, NULL, 0 } },
	  2,
	  "3: " NOTHING,
	  { 1, 2 },
	  7 },
	{ "a high ID",
	  { { 40, true, first, 1 } },
	  1,
	  "3: unmap 40 0x1000+0xfffffffffffff000; ",
	  { 40 },
	  40 },
	{ "a device's high ID", { { 40, false, NULL, 0 } }, 1, "", { 40 }, 6 },
};

static bool is_kept(const uint32_t *kept, uint32_t id)
{
	return id == kept[0] || id == kept[1] || id == kept[2];
}

static void check_tidy(const struct importer *importer)
{
	for (unsigned i = 0; i < sizeof(records) / sizeof(*records); i++) {
		char wanted[sizeof(calls)];
		size_t used = snprintf(wanted, sizeof(wanted), "%s", records[i].unmaps);

		for (uint32_t id = 1; id <= records[i].last; id++)
			if (!is_kept(records[i].kept, id))
				used += snprintf(wanted + used, sizeof(wanted) - used,
						 "3: destroy %u; ", id);
		check(!importer->tidy(3, records[i].known, records[i].count), "%s",
		      records[i].what);
		check_calls(records[i].what, wanted);
	}
	answer = -EIO;
	check(importer->tidy(3, records[2].known, 1) == -EIO, "an error of unmapping");
	check_calls("which ends it", "3: unmap 1 0x0+0x1000; ");
	answer = -ENOENT;
	check(!importer->tidy(3, records[2].known, 1), "nothing there is no error");
}

static void check_device_mapping(const struct importer *importer)
{
	struct import_request request = {
		.source = { 0, 0x3000 }, .prot = IMPORT_READ, .promise = 1, .late_ms = 20
	};
	struct import_target target = { .name = "0000:00:03.0", .fd = -1 };
	uint64_t address = 1;

	*calls = '\0';
	check(!importer->map(&target, 9, &request, &address) && address == 0x7000 &&
		      target.fd == 11,
	      "mapped for the device");
	check_calls("a first time", "open 0000:00:03.0; 11: attach 9 1; 11: delay 20; 11: map 1; ");
	check(!importer->unmap(&target, (struct range){ 0x7000, 0x3000 }), "given up");
	check_calls("given up", "11: detach; ");
	check(!importer->map(&target, 9, &request, &address), "mapped again");
	check_calls("again", "11: attach 9 1; 11: delay 20; 11: map 1; ");
	check(importer->reaches("0000:00:03.0", "0000:00:03.0", "a"), "that device");
	check(!importer->reaches("0000:00:03.0", "0000:00:04.0", "0000:00:03.0"), "another");
}

static const struct {
	const char *refused;
	int answer, rc;
	const char *calls;
} refusals[] = {
	{ "open", -ENOENT, -ENOTTY, "open a; " },
	{ "open", -EACCES, -EACCES, "open a; " },
	{ "attach", -EOPNOTSUPP, -EOPNOTSUPP, "open a; 11: attach 9 0; 11: close; " },
	{ "delay", -EINTR, -EINTR, "open a; 11: attach 9 0; 11: delay 0; 11: detach; 11: close; " },
	{ "map", -ENODEV, -ENODEV,
	  "open a; 11: attach 9 0; 11: delay 0; 11: map 3; 11: detach; 11: close; " },
	{ "ranges", -ENOTCONN, -ENOTCONN,
	  "open a; 11: attach 9 0; 11: delay 0; 11: map 3; 11: detach; 11: close; " },
};

static void check_device_refusals(const struct importer *importer)
{
	const struct import_request request = { .prot = IMPORT_READ | IMPORT_WRITE };
	uint64_t address;

	for (unsigned i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		struct import_target target = { .name = "a", .fd = -1 };

		refused = refusals[i].refused;
		answer = refusals[i].answer;
		check(importer->map(&target, 9, &request, &address) == refusals[i].rc &&
			      target.fd == -1,
		      "refused at %s: %d", refused, refusals[i].rc);
		check_calls("what is undone", refusals[i].calls);
	}
	refused = "detach";
	answer = -ENOTCONN;
	check(importer->unmap(&(struct import_target){ .fd = 11 }, first[0]) == -ENOENT,
	      "nothing to give up");
	check_calls("nothing to give up", "11: detach; ");
	refused = NULL;
	answer = 0;
}

static void check_device_look(const struct importer *importer)
{
	struct import_look look;

	state = (struct attachment_state){ .attached = true,
					   .mapped = true,
					   .translated = true,
					   .told = 3,
					   .told_at = 7,
					   .let_go_at = 9 };
	check(!importer->look(11, &look) && look.mapped && look.translated && !look.over, "flags");
	check(look.told == 3 && look.told_at == 7 && look.let_go_at == 9, "when it was told");
	check(look.count == 2 && look.pieces[0].addresses.offset == 0x7000 &&
		      look.pieces[1].addresses.length == 0x2000,
	      "where it is");
	check(look.pieces[0].physical == 0xf0000000 && look.pieces[1].physical == 0xf0001000,
	      "what is there");
	free(look.pieces);
	refused = "translate";
	answer = -ENOTCONN;
	check(!importer->look(11, &look) && !look.mapped && !look.pieces && !look.count &&
		      look.told == 3,
	      "it let go while it was looked at");
	refused = "state";
	answer = -ENODEV;
	check(!importer->look(11, &look) && !look.mapped && !look.pieces, "the driver is gone");
	answer = -EIO;
	check(importer->look(11, &look) == -EIO && !look.pieces, "it cannot be asked");
	refused = NULL;
	check(!importer->let_go(11), "it has to let go");
	check_calls("it has to let go", "11: unmap; ");
	refused = NULL;
	answer = 0;
}

/* A region is its fd: nothing else undoes it, and nothing makes it again. */
static void check_rdma(const struct importer *importer)
{
	struct import_request request = { .source = { 0x1000, 0x2000 }, .prot = IMPORT_READ };
	struct import_target target = { .name = "mlx5_0", .fd = -1 };
	uint64_t address = 0;
	uint32_t number;

	check(!strcmp(importer->name, "rdma") && importer->once && !importer->in_ioas &&
		      !importer->for_pci && !importer->look && !importer->let_go,
	      "what rdma is");
#ifdef HAVE_VERBS
	check(!importer->map(&target, 9, &request, &address) && address == 0x1000 &&
		      target.fd == 12,
	      "at the offset");
	check(target.keys.given && target.keys.local == 0x100 && target.keys.remote == 0x200,
	      "keys");
	check_calls("at the offset", "register mlx5_0 9 0x1000+0x2000 0x1000 1; ");
	request.fixed = true;
	request.address = 0x7001000;
	refused = "register";
	answer = -EOPNOTSUPP;
	target = (struct import_target){ .name = "mlx5_0", .fd = -1 };
	check(importer->map(&target, 9, &request, &address) == -EOPNOTSUPP && target.fd == -1 &&
		      !target.keys.given,
	      "refused");
	check_calls("refused", "register mlx5_0 9 0x1000+0x2000 0x7001000 1; ");
	refused = NULL;
	answer = 0;
#else
	check(importer->map(&target, 9, &request, &address) == -ENOTTY && target.fd == -1,
	      "without libibverbs");
#endif
	check(!importer->unmap(&target, request.source), "unmap");
	check_calls("unmap", "");
	check(!importer->number("mlx5_0", &(struct import_keys){ true, 7, 8 }, &number) &&
		      number == 5,
	      "number");
	check_calls("number", "number of mlx5_0 0x7; ");
	check(!importer->reaches("mlx5_0", "mlx5_0", ""), "no PCI device");
}

static void check_kvm(const struct importer *importer)
{
	uint64_t address;

	check(!strcmp(importer->name, "kvm") &&
		      importer->map(&(struct import_target){ .fd = -1 }, 9,
				    &(struct import_request){ 0 }, &address) == -ENOTTY,
	      "kvm");
}

int main(void)
{
	check_kinds();
	check_mapping(importers[0]);
	check_tidy(importers[0]);
	check_device_mapping(importers[1]);
	check_device_refusals(importers[1]);
	check_device_look(importers[1]);
	check_rdma(importers[2]);
	check_kvm(importers[3]);
	return check_plan();
}
