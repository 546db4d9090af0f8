// SPDX-License-Identifier: GPL-2.0-only
/* What can be done with the fd of a dma-buf, whoever exported it. */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conform/evidence.h"
#include "kernel/dmabuf.h"
#include "kernel/passing.h"
#include "kernel/sys.h"
#include "util/scope.h"

/* The headers of Linux before 6.0 lack them. */
#ifndef DMA_BUF_IOCTL_EXPORT_SYNC_FILE
struct dma_buf_export_sync_file {
	__u32 flags;
	__s32 fd;
};
struct dma_buf_import_sync_file {
	__u32 flags;
	__s32 fd;
};
#define DMA_BUF_IOCTL_EXPORT_SYNC_FILE _IOWR(DMA_BUF_BASE, 2, struct dma_buf_export_sync_file)
#define DMA_BUF_IOCTL_IMPORT_SYNC_FILE _IOW(DMA_BUF_BASE, 3, struct dma_buf_import_sync_file)
#endif
#ifndef DMA_BUF_MAGIC
#define DMA_BUF_MAGIC 0x444d4142
#endif

/* A call of the C library, as the kernel's result. */
static int result_of(long returned)
{
	return returned < 0 ? -errno : 0;
}

static void size_by_seek(struct trial *trial, const void *data)
{
	off_t size = lseek(whole_dmabuf(trial), 0, SEEK_END);

	(void)data;
	expect(trial, size == (off_t)trial->setup->size,
	       "SEEK_END gives the size, 0x%llx (0x%llx seen)",
	       (unsigned long long)trial->setup->size, (unsigned long long)size);
}

struct seek {
	off_t offset;
	int whence;
	int error;
};

static void try_seek(struct trial *trial, const void *data)
{
	const struct seek *seek = data;

	expect_error(trial, result_of(lseek(whole_dmabuf(trial), seek->offset, seek->whence)),
		     seek->error, "lseek(%lld, %d)", (long long)seek->offset, seek->whence);
}

/* The value behind "KEY:" in the fd's fdinfo; the case fails where there is none. */
static void read_fdinfo(struct trial *trial, int fd, const char *key, char value[64])
{
	auto_free char *info = NULL;
	char path[40], line[32];
	const char *found;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	snprintf(line, sizeof(line), "\n%s:", key);
	expect_done(trial, sys_read_file(path, &info), "reading fdinfo");
	found = strstr(info, line);
	expect(trial, found && sscanf(found + strlen(line), " %63[^\n]", value) == 1,
	       "fdinfo has a line '%s:'", key);
}

static void fdinfo_size(struct trial *trial, const void *data)
{
	char value[64], wanted[64];

	(void)data;
	snprintf(wanted, sizeof(wanted), "%llu", (unsigned long long)trial->setup->size);
	read_fdinfo(trial, whole_dmabuf(trial), "size", value);
	expect(trial, !strcmp(value, wanted), "fdinfo has the size, %s (%s seen)", wanted, value);
}

static void fdinfo_exporter(struct trial *trial, const void *data)
{
	char value[64];

	(void)data;
	read_fdinfo(trial, whole_dmabuf(trial), "exp_name", value);
	expect(trial, *value, "fdinfo names an exporter");
}

static void fdinfo_count(struct trial *trial, const void *data)
{
	int fd = whole_dmabuf(trial);
	int copy = keep_fd(trial, fcntl(fd, F_DUPFD_CLOEXEC, 0), "dup");
	char one[64], two[64];

	(void)data;
	read_fdinfo(trial, fd, "count", two);
	close_fd(trial, copy);
	read_fdinfo(trial, fd, "count", one);
	/* The copy's file is the same file: a second fd is a second reference. */
	expect(trial, atol(two) == atol(one) + 1, "fdinfo counts references (%s, then %s seen)",
	       two, one);
}

static void dup_is_same(struct trial *trial, const void *data)
{
	int fd = whole_dmabuf(trial);
	int copy = keep_fd(trial, fcntl(fd, F_DUPFD_CLOEXEC, 0), "dup");

	(void)data;
	expect(trial, inode_of(trial, fd) == inode_of(trial, copy), "a copy has the same inode");
}

static void copy_keeps_alive(struct trial *trial, const void *data)
{
	int fd = whole_dmabuf(trial);
	int copy = keep_fd(trial, fcntl(fd, F_DUPFD_CLOEXEC, 0), "dup");
	uint64_t size;

	(void)data;
	close_fd(trial, fd);
	expect_done(trial, dmabuf_get_size(copy, &size), "lseek of the copy that is left");
	expect(trial, size == trial->setup->size, "the dma-buf is what it was");
}

static void passed_is_same(struct trial *trial, const void *data)
{
	int fd = whole_dmabuf(trial), sockets[2], got;
	char byte = 0;

	(void)data;
	expect_done(trial, result_of(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets)),
		    "socketpair");
	keep_fd(trial, sockets[0], "socketpair");
	keep_fd(trial, sockets[1], "socketpair");
	expect_done(trial, pass_send(sockets[0], "fd", &byte, 1, fd), "passing the fd");
	expect(trial, pass_receive(sockets[1], "fd", &byte, 1, &got) == 1 && got >= 0,
	       "the fd arrives");
	keep_fd(trial, got, "passing the fd");
	expect(trial, inode_of(trial, fd) == inode_of(trial, got),
	       "what arrives is the same dma-buf");
}

/* Another process has the fd, and the dma-buf, until it ends. */
static void forked_keeps_alive(struct trial *trial, const void *data)
{
	int fd = whole_dmabuf(trial), wait_for[2], status;
	uint64_t inode = inode_of(trial, fd);
	pid_t child;

	(void)data;
	if (!trial->setup->exporter)
		trial_skip(trial, "the dma-buf is somebody else's, who has it anyway");
	expect_done(trial, result_of(pipe2(wait_for, O_CLOEXEC)), "pipe");
	keep_fd(trial, wait_for[0], "pipe");
	keep_fd(trial, wait_for[1], "pipe");
	child = fork();
	if (!child) {
		char byte;

		close(wait_for[1]);
		_exit(read(wait_for[0], &byte, 1) < 0);
	}
	expect_done(trial, result_of(child), "fork");
	close_fd(trial, fd);
	expect(trial, dmabuf_exists(trial, inode), "the dma-buf lives on in the other process");
	close_fd(trial, wait_for[1]);
	waitpid(child, &status, 0);
	expect(trial, !dmabuf_exists(trial, inode), "it is gone with the last process");
}

static void gone_when_closed(struct trial *trial, const void *data)
{
	int fd = whole_dmabuf(trial);
	uint64_t inode = inode_of(trial, fd);

	(void)data;
	if (!trial->setup->exporter)
		trial_skip(trial, "the dma-buf is somebody else's, who has it anyway");
	expect(trial, dmabuf_exists(trial, inode), "the kernel lists the dma-buf");
	close_fd(trial, fd);
	expect(trial, !dmabuf_exists(trial, inode), "it is gone when the last fd is closed");
}

static void on_dma_buf_file_system(struct trial *trial, const void *data)
{
	struct statfs status;

	(void)data;
	expect_done(trial, result_of(fstatfs(whole_dmabuf(trial), &status)), "fstatfs");
	expect(trial, status.f_type == DMA_BUF_MAGIC,
	       "the file is of the dma-buf file system (0x%lx seen)", (long)status.f_type);
}

static void try_mmap(struct trial *trial, const void *data)
{
	int fd = whole_dmabuf(trial);
	void *memory = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

	(void)data;
	if (memory == MAP_FAILED) {
		expect_error(trial, -errno, EINVAL, "mmap, which this exporter does not give");
		return;
	}
	munmap(memory, PAGE);
}

static void mmap_beyond(struct trial *trial, const void *data)
{
	int fd = whole_dmabuf(trial);
	void *memory = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, trial->setup->size);

	(void)data;
	expect_error(trial, memory == MAP_FAILED ? -errno : 0, EINVAL,
		     "mmap of what lies behind the end");
}

static void try_read(struct trial *trial, const void *data)
{
	char byte;

	(void)data;
	expect_error(trial, result_of(read(whole_dmabuf(trial), &byte, 1)), EINVAL, "read");
}

static void try_write(struct trial *trial, const void *data)
{
	char byte = 0;
	int fd = whole_dmabuf(trial);

	(void)data;
	if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
		trial_skip(trial, "the fd is not open for writing");
	expect_error(trial, result_of(write(fd, &byte, 1)), EINVAL, "write");
}

static void try_truncate(struct trial *trial, const void *data)
{
	int fd = whole_dmabuf(trial);
	int rc = result_of(ftruncate(fd, PAGE));

	(void)data;
	expect(trial, rc < 0, "ftruncate is refused");
	expect(trial, lseek(fd, 0, SEEK_END) == (off_t)trial->setup->size,
	       "the size is what it was");
}

/* The names go with the dma-buf: somebody else's is left as it is. */
static int named_dmabuf(struct trial *trial)
{
	if (!trial->setup->exporter)
		trial_skip(trial, "the dma-buf is somebody else's, and so is its name");
	return whole_dmabuf(trial);
}

static int set_name(int fd, const char *name)
{
	return sys_ioctl(fd, "DMA_BUF_SET_NAME", DMA_BUF_SET_NAME, (void *)name, "%s", "");
}

static void name_is_shown(struct trial *trial, const void *data)
{
	const char *name = data;
	int fd = named_dmabuf(trial);
	char value[64];

	expect_done(trial, set_name(fd, name), "DMA_BUF_SET_NAME");
	read_fdinfo(trial, fd, "name", value);
	expect(trial, !strcmp(value, name), "fdinfo has the name '%s' ('%s' seen)", name, value);
}

static void name_is_replaced(struct trial *trial, const void *data)
{
	int fd = named_dmabuf(trial);
	char value[64];

	(void)data;
	expect_done(trial, set_name(fd, "first"), "DMA_BUF_SET_NAME");
	expect_done(trial, set_name(fd, "second"), "DMA_BUF_SET_NAME");
	read_fdinfo(trial, fd, "name", value);
	expect(trial, !strcmp(value, "second"), "fdinfo has the later name ('%s' seen)", value);
}

static void name_too_long(struct trial *trial, const void *data)
{
	char name[DMA_BUF_NAME_LEN + 1];

	(void)data;
	memset(name, 'n', DMA_BUF_NAME_LEN);
	name[DMA_BUF_NAME_LEN] = '\0';
	expect_error(trial, set_name(named_dmabuf(trial), name), EINVAL,
		     "a name of %d bytes and a NUL", DMA_BUF_NAME_LEN);
}

static void name_unreadable(struct trial *trial, const void *data)
{
	(void)data;
	expect_error(trial, set_name(named_dmabuf(trial), (const char *)1), EFAULT,
		     "a name that cannot be read");
}

static void try_poll(struct trial *trial, const void *data)
{
	short events = *(const short *)data;
	struct pollfd poll_fd = { .fd = whole_dmabuf(trial), .events = events };

	expect(trial, poll(&poll_fd, 1, 0) == 1 && poll_fd.revents == events,
	       "poll finds no fence to wait for (0x%x seen)", poll_fd.revents);
}

struct sync {
	uint64_t flags;
	int error;
};

static void try_sync(struct trial *trial, const void *data)
{
	const struct sync *wanted = data;
	struct dma_buf_sync sync = { .flags = wanted->flags };

	expect_error(trial,
		     sys_ioctl(whole_dmabuf(trial), "DMA_BUF_IOCTL_SYNC", DMA_BUF_IOCTL_SYNC, &sync,
			       "{flags 0x%llx}", (unsigned long long)sync.flags),
		     wanted->error, "DMA_BUF_IOCTL_SYNC {flags 0x%llx}",
		     (unsigned long long)sync.flags);
}

static void sync_pair(struct trial *trial, const void *data)
{
	int fd = whole_dmabuf(trial);
	struct dma_buf_sync sync = { .flags = *(const uint64_t *)data };

	expect_done(trial,
		    sys_ioctl(fd, "DMA_BUF_IOCTL_SYNC", DMA_BUF_IOCTL_SYNC, &sync, "{start}"),
		    "DMA_BUF_IOCTL_SYNC {start}");
	sync.flags |= DMA_BUF_SYNC_END;
	expect_done(trial, sys_ioctl(fd, "DMA_BUF_IOCTL_SYNC", DMA_BUF_IOCTL_SYNC, &sync, "{end}"),
		    "DMA_BUF_IOCTL_SYNC {end}");
}

static void sync_unreadable(struct trial *trial, const void *data)
{
	(void)data;
	expect_error(trial,
		     sys_ioctl(whole_dmabuf(trial), "DMA_BUF_IOCTL_SYNC", DMA_BUF_IOCTL_SYNC,
			       (void *)1, "%s", ""),
		     EFAULT, "DMA_BUF_IOCTL_SYNC of an argument that cannot be read");
}

static void unknown_ioctl(struct trial *trial, const void *data)
{
	(void)data;
	expect_error(trial,
		     sys_ioctl(whole_dmabuf(trial), "ioctl", _IO(DMA_BUF_BASE, 99), NULL, "%s", ""),
		     ENOTTY, "an ioctl that no dma-buf has");
}

static int export_sync_file(struct trial *trial, int fd, uint32_t flags, int *file)
{
	struct dma_buf_export_sync_file export = { .flags = flags, .fd = -1 };
	int rc = sys_ioctl(fd, "DMA_BUF_IOCTL_EXPORT_SYNC_FILE", DMA_BUF_IOCTL_EXPORT_SYNC_FILE,
			   &export, "{flags 0x%x}", flags);

	if (rc == -ENOTTY)
		trial_skip(trial, "this kernel has no sync files (CONFIG_SYNC_FILE)");
	*file = export.fd;
	return rc;
}

static void sync_file_is_signalled(struct trial *trial, const void *data)
{
	struct pollfd poll_fd = { .events = POLLIN };
	int file;

	(void)data;
	expect_done(trial, export_sync_file(trial, whole_dmabuf(trial), DMA_BUF_SYNC_RW, &file),
		    "DMA_BUF_IOCTL_EXPORT_SYNC_FILE");
	poll_fd.fd = keep_fd(trial, file, "DMA_BUF_IOCTL_EXPORT_SYNC_FILE");
	expect(trial, poll(&poll_fd, 1, 0) == 1, "with no fence the sync file is signalled");
}

static void sync_file_flags(struct trial *trial, const void *data)
{
	int file;

	(void)data;
	expect_error(trial, export_sync_file(trial, whole_dmabuf(trial), 0, &file), EINVAL,
		     "DMA_BUF_IOCTL_EXPORT_SYNC_FILE for neither reading nor writing");
}

static void sync_file_of_no_fence(struct trial *trial, const void *data)
{
	int fd = whole_dmabuf(trial);
	struct dma_buf_import_sync_file import = { .flags = DMA_BUF_SYNC_RW, .fd = fd };
	int rc = sys_ioctl(fd, "DMA_BUF_IOCTL_IMPORT_SYNC_FILE", DMA_BUF_IOCTL_IMPORT_SYNC_FILE,
			   &import, "{fd %d}", fd);

	(void)data;
	if (rc == -ENOTTY)
		trial_skip(trial, "this kernel has no sync files (CONFIG_SYNC_FILE)");
	expect_error(trial, rc, EINVAL, "importing a fence from a file that has none");
}

#define CASE(case_name, sentence, from, function, value)                                    \
	{                                                                                   \
		.name = "fd-" case_name, .rule = sentence, .source = from, .run = function, \
		.data = value                                                               \
	}
#define SEEK(...) (&(const struct seek){ __VA_ARGS__ })
#define SYNC(...) (&(const struct sync){ __VA_ARGS__ })
#define LLSEEK "dma_buf_llseek() in " DMA_BUF
#define IOCTL "dma_buf_ioctl() in " DMA_BUF
#define MMAP "dma_buf_mmap_internal() in " DMA_BUF
#define FDINFO "dma_buf_show_fdinfo() in " DMA_BUF
#define RELEASE "dma_buf_release() in " DMA_BUF
#define NAME "dma_buf_set_name() in " DMA_BUF
#define POLL "dma_buf_poll() in " DMA_BUF
#define FOPS "dma_buf_fops in " DMA_BUF

const struct conform_case fd_cases[] = {
	CASE("size", "lseek to the end gives the size", LLSEEK, size_by_seek, NULL),
	CASE("seek-start", "lseek to the start is taken", LLSEEK, try_seek, SEEK(0, SEEK_SET, 0)),
	CASE("seek-offset", "lseek to any other place is refused", LLSEEK, try_seek,
	     SEEK(1, SEEK_SET, EINVAL)),
	CASE("seek-current", "lseek from the position is refused", LLSEEK, try_seek,
	     SEEK(0, SEEK_CUR, EINVAL)),
	CASE("seek-before-end", "lseek to before the end is refused", LLSEEK, try_seek,
	     SEEK(-1, SEEK_END, EINVAL)),
	CASE("fdinfo-size", "fdinfo has the size", FDINFO, fdinfo_size, NULL),
	CASE("fdinfo-exporter", "fdinfo has the exporter", FDINFO, fdinfo_exporter, NULL),
	CASE("fdinfo-count", "fdinfo has the number of references", FDINFO, fdinfo_count, NULL),
	CASE("file-system", "a dma-buf is a file of a file system of its own",
	     "dma_buf_getfile() in " DMA_BUF, on_dma_buf_file_system, NULL),
	CASE("dup", "a copy of an fd is the same dma-buf", FOPS, dup_is_same, NULL),
	CASE("dup-keeps", "a dma-buf lives as long as a copy is open", RELEASE, copy_keeps_alive,
	     NULL),
	CASE("passed", "an fd that is passed to a process is the same dma-buf", FOPS,
	     passed_is_same, NULL),
	CASE("forked", "a dma-buf lives as long as a process has it, and no longer", RELEASE,
	     forked_keeps_alive, NULL),
	CASE("gone", "a dma-buf is gone when its last fd is closed", RELEASE, gone_when_closed,
	     NULL),
	CASE("mmap", "mmap is given, or refused with EINVAL", MMAP, try_mmap, NULL),
	CASE("mmap-beyond", "mmap of what lies behind the end is refused", MMAP, mmap_beyond, NULL),
	CASE("read", "a dma-buf cannot be read as a file", FOPS, try_read, NULL),
	CASE("write", "a dma-buf cannot be written as a file", FOPS, try_write, NULL),
	CASE("truncate", "a dma-buf keeps its size", FOPS, try_truncate, NULL),
	CASE("name", "a name that was set is shown", NAME, name_is_shown, "conform"),
	CASE("name-longest", "a name may have 31 bytes", NAME, name_is_shown,
	     "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"),
	CASE("name-replaced", "a later name replaces an earlier one", NAME, name_is_replaced, NULL),
	CASE("name-too-long", "a name of 32 bytes is refused", NAME, name_too_long, NULL),
	CASE("name-unreadable", "a name that cannot be read gives EFAULT", NAME, name_unreadable,
	     NULL),
	CASE("poll-read", "without a fence the dma-buf is ready to be read", POLL, try_poll,
	     &(const short){ POLLIN }),
	CASE("poll-write", "without a fence the dma-buf is ready to be written", POLL, try_poll,
	     &(const short){ POLLOUT }),
	CASE("sync-read", "reading by the CPU can be begun and ended", IOCTL, sync_pair,
	     &(const uint64_t){ DMA_BUF_SYNC_READ }),
	CASE("sync-write", "writing by the CPU can be begun and ended", IOCTL, sync_pair,
	     &(const uint64_t){ DMA_BUF_SYNC_WRITE }),
	CASE("sync-both", "both can be begun and ended", IOCTL, sync_pair,
	     &(const uint64_t){ DMA_BUF_SYNC_RW }),
	CASE("sync-neither", "sync for neither reading nor writing is refused", IOCTL, try_sync,
	     SYNC(DMA_BUF_SYNC_START, EINVAL)),
	CASE("sync-flag", "an unknown flag of sync is refused", IOCTL, try_sync,
	     SYNC(DMA_BUF_SYNC_RW | 1 << 3, EINVAL)),
	CASE("sync-unreadable", "a sync that cannot be read gives EFAULT", IOCTL, sync_unreadable,
	     NULL),
	CASE("ioctl", "an unknown ioctl gives ENOTTY", IOCTL, unknown_ioctl, NULL),
	CASE("sync-file", "a sync file can be had, and is signalled when there is no fence",
	     "dma_buf_export_sync_file() in " DMA_BUF, sync_file_is_signalled, NULL),
	CASE("sync-file-neither", "a sync file for neither reading nor writing is refused",
	     "dma_buf_export_sync_file() in " DMA_BUF, sync_file_flags, NULL),
	CASE("sync-file-import", "a file that is no sync file brings no fence in",
	     "dma_buf_import_sync_file() in " DMA_BUF, sync_file_of_no_fence, NULL),
	{ 0 },
};
