// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "kernel/sys.h"

/* Whether a file is the one that is looked for. */
typedef bool (*is_wanted)(const struct stat *file, const struct stat *wanted);

static bool is_device(const struct stat *file, const struct stat *wanted)
{
	return S_ISCHR(file->st_mode) && file->st_rdev == wanted->st_rdev;
}

static bool is_file(const struct stat *file, const struct stat *wanted)
{
	return file->st_dev == wanted->st_dev && file->st_ino == wanted->st_ino;
}

static bool holds(pid_t pid, const struct stat *wanted, is_wanted is)
{
	char path[32];
	struct dirent *entry;
	bool found = false;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	folder = opendir(path);
	if (!folder)
		return false;
	while (!found && (entry = readdir(folder))) {
		struct stat file;

		found = !fstatat(dirfd(folder), entry->d_name, &file, 0) && is(&file, wanted);
	}
	closedir(folder);
	return found;
}

static int list_processes(const struct stat *wanted, is_wanted is, struct process **list,
			  unsigned *count)
{
	struct dirent *entry;
	DIR *folder = opendir("/proc");

	*list = NULL;
	*count = 0;
	if (!folder)
		return -errno;
	while ((entry = readdir(folder))) {
		struct process process = { .pid = atoi(entry->d_name) }, *bigger;
		auto_free char *name = NULL;
		char comm[32];

		if (!isdigit((unsigned char)entry->d_name[0]) || !holds(process.pid, wanted, is))
			continue;
		snprintf(comm, sizeof(comm), "/proc/%d/comm", process.pid);
		if (!sys_read_file(comm, &name))
			snprintf(process.name, sizeof(process.name), "%s", name);
		bigger = realloc(*list, (*count + 1) * sizeof(process));
		if (!bigger)
			break;
		*list = bigger;
		(*list)[(*count)++] = process;
	}
	closedir(folder);
	return 0;
}

int process_list_users(dev_t device, struct process **list, unsigned *count)
{
	const struct stat wanted = { .st_rdev = device };

	*list = NULL;
	*count = 0;
	return !device ? 0 : list_processes(&wanted, is_device, list, count);
}

int process_list_holders(int fd, struct process **list, unsigned *count)
{
	struct stat wanted;

	*list = NULL;
	*count = 0;
	return fstat(fd, &wanted) ? -errno : list_processes(&wanted, is_file, list, count);
}

int process_get_fd(pid_t pid, int fd)
{
	auto_close int process = syscall(SYS_pidfd_open, pid, 0);
	int got;

	if (process < 0)
		return -errno;
	got = syscall(SYS_pidfd_getfd, process, fd, 0);
	return got < 0 ? -errno : got;
}

static int unix_address(const char *path, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	strcpy(address->sun_path, path);
	return 0;
}

/* A message of one byte and one fd, to send or to fill. */
struct parcel {
	struct msghdr message;
	struct iovec data;
	char byte;
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
};

static void wrap(struct parcel *parcel)
{
	*parcel = (struct parcel){
		.message = { .msg_iov = &parcel->data,
			     .msg_iovlen = 1,
			     .msg_control = &parcel->control,
			     .msg_controllen = sizeof(parcel->control) },
		.data = { .iov_base = &parcel->byte, .iov_len = 1 },
		.control.header = { .cmsg_len = CMSG_LEN(sizeof(int)),
				    .cmsg_level = SOL_SOCKET,
				    .cmsg_type = SCM_RIGHTS },
	};
}

int process_send_fd(const char *path, int fd)
{
	auto_close int peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	struct parcel parcel;
	int rc = peer < 0 ? -errno : unix_address(path, &address);

	if (rc)
		return rc;
	if (connect(peer, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	wrap(&parcel);
	memcpy(CMSG_DATA(&parcel.control.header), &fd, sizeof(fd));
	rc = sys_sendmsg(peer, "SCM_RIGHTS", &parcel.message);
	return rc < 0 ? rc : 0;
}

/* The socket is this receiver's alone, and gone when it has received. */
int process_receive_fd(const char *path)
{
	auto_close int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	auto_close int peer = -1;
	struct sockaddr_un address;
	struct parcel parcel;
	mode_t mask = umask(0177);
	int rc = listener < 0 ? -errno : unix_address(path, &address), fd;

	if (!rc && bind(listener, (struct sockaddr *)&address, sizeof(address)))
		rc = -errno;
	umask(mask);
	if (rc)
		return rc;
	if (listen(listener, 1) || (peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) < 0)
		rc = -errno;
	unlink(path);
	if (rc)
		return rc;
	wrap(&parcel);
	rc = sys_recvmsg(peer, "SCM_RIGHTS", &parcel.message);
	if (rc < 0)
		return rc;
	if (!parcel.message.msg_controllen || parcel.control.header.cmsg_type != SCM_RIGHTS)
		return -EBADMSG;
	memcpy(&fd, CMSG_DATA(&parcel.control.header), sizeof(fd));
	return fd;
}
