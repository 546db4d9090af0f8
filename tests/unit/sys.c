// SPDX-License-Identifier: GPL-2.0-only
/* Calls of the kernel: files read whole, lines of -vv, and which errors may be injected. */
#include "kernel/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"
#include "tests/unit/check.h"

static char path[40];

/* A file of so many bytes, then so many newlines. */
static int make_file(size_t size, size_t newlines)
{
	int fd = memfd_create("file", MFD_CLOEXEC);
	char *bytes = malloc(size + newlines + 1);

	memset(bytes, 'x', size);
	memset(bytes + size, '\n', newlines);
	if (write(fd, bytes, size + newlines) != (ssize_t)(size + newlines))
		exit(1);
	free(bytes);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fd;
}

static void check_read(void)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 8192, 100000 };
	char *text = NULL;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		for (size_t newlines = 0; newlines < 3; newlines++) {
			int fd = make_file(sizes[i], newlines);

			check(!sys_read_file(path, &text) && strlen(text) == sizes[i] &&
				      strspn(text, "x") == sizes[i],
			      "%zu bytes and %zu newlines, which are left out", sizes[i], newlines);
			free(text);
			close(fd);
		}
	check(sys_read_file("/nowhere", &text) == -ENOENT, "no file");
	check(sys_read_file("/", &text) == -EISDIR, "no text");
}

static void check_write(void)
{
	int fd = make_file(0, 0), own;
	char *text = NULL;

	check(!sys_write_file(path, "a\nb") && !sys_read_file(path, &text) && !strcmp(text, "a\nb"),
	      "written");
	free(text);
	check(sys_write_file("/nowhere", "a") == -ENOENT, "a file that is not there is not made");
	check(sys_write_file("/dev/full", "a") == -ENOSPC, "an error of writing");
	own = sys_open(path, O_RDONLY);
	check(fcntl(own, F_GETFD) == FD_CLOEXEC, "what is opened is this program's alone");
	close(own);
	close(fd);
}

static char traced[256];

static void on_trace(const char *line)
{
	snprintf(traced, sizeof(traced), "%s", line);
}

static void check_trace(void)
{
	int fd = make_file(10, 0);
	char byte, wanted[64];

	sys_trace = on_trace;
	sys_open("/nowhere", O_RDONLY);
	check(!strcmp(traced, "open(/nowhere) = -ENOENT"), "%s", traced);
	sys_pread(fd, &byte, 1, 9);
	snprintf(wanted, sizeof(wanted), "pread(%d, 1 bytes at 0x9) = 1", fd);
	check(!strcmp(traced, wanted), "%s", traced);
	sys_pwrite(-1, &byte, 1, 255);
	check(!strcmp(traced, "pwrite(-1, 1 bytes at 0xff) = -EBADF"), "%s", traced);
	sys_write_file("/dev/full", "1\n2");
	check(!strcmp(traced, "write(/dev/full, \"1\") = -ENOSPC"), "%s", traced);
	sys_ioctl(-1, "NAME", 0, NULL, "{id %d}", 7);
	check(!strcmp(traced, "ioctl(-1, NAME, {id 7}) = -EBADF"), "%s", traced);
	sys_ioctl(-1, "NAME", 0, NULL, "%s", "");
	check(!strcmp(traced, "ioctl(-1, NAME) = -EBADF"), "%s", traced);
	snprintf(wanted, sizeof(wanted), "close(%d) = 0", fd);
	sys_close(fd);
	check(!strcmp(traced, wanted), "%s", traced);
	sys_trace = NULL;
}

#if FAULT_INJECTION
static const struct {
	const char *text;
	bool good;
} faults[] = {
	{ "open=ENOENT", true },
	{ "open#1=EIO", true },
	{ "change#70=kill", true },
	{ "a#b=EIO", false },
	{ "open=", false },
	{ "open", false },
	{ "=EIO", false },
	{ "#1=EIO", false },
	{ "open#0=EIO", false },
	{ "open#=EIO", false },
	{ "open#-1=EIO", false },
	{ "open#1x=EIO", false },
	{ "open=EFROB", false },
	{ "open=eio", true },
	{ "", false },
	{ "open#99999999999999999999=EIO", false },
};

static void check_faults(void)
{
	sys_inject_fault("open#2=EMFILE");
	check(sys_open("/nowhere", O_RDONLY) == -ENOENT &&
		      sys_open("/nowhere", O_RDONLY) == -EMFILE &&
		      sys_open("/nowhere", O_RDONLY) == -ENOENT,
	      "the second call, and no other");
	sys_inject_fault("change#2=ENOSPC");
	check(sys_open("/nowhere", O_RDONLY) == -ENOENT && sys_pwrite(-1, "", 1, 0) == -EBADF &&
		      sys_pread(-1, path, 1, 0) == -EBADF &&
		      sys_ioctl(-1, "A", 0, NULL, "%s", "") == -ENOSPC,
	      "the second change: what only looks is none");
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		check(sys_inject_fault(faults[i].text) == faults[i].good, "'%s'", faults[i].text);
}
#else
static void check_faults(void)
{
	printf("ok %u - injected errors # SKIP this build has none\n", ++check_count);
}
#endif

int main(void)
{
	check_read();
	check_write();
	check_trace();
	check_faults();
	return check_plan();
}
