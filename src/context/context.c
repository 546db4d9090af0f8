// SPDX-License-Identifier: GPL-2.0-only
#include "context/context.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "context/repair.h"
#include "kernel/iommufd.h"
#include "kernel/trace.h"
#include "util/text.h"

#define TRACE_PREFIX "dmabufctl-"
#define PRIVATE_TRACE_PREFIX "dmabufctl.batch-"

void (*context_on_wait)(const char *name);

static int folder_path(char *path, size_t size)
{
	const char *runtime = geteuid() ? getenv("XDG_RUNTIME_DIR") : "/run";

	if (!runtime || !*runtime)
		return -ENOTDIR;
	snprintf(path, size, "%s/dmabufctl", runtime);
	return 0;
}

int context_folder(char *path, size_t size)
{
	struct stat status;
	int rc = folder_path(path, size);

	if (rc)
		return rc;
	if (lstat(path, &status))
		return -errno;
	/* Whoever else could enter this folder could take the devices. */
	if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid() || status.st_mode & 077)
		return -ENOTDIR;
	return 0;
}

int context_make_folder(void)
{
	char path[PATH_MAX];
	int rc = folder_path(path, sizeof(path));

	if (rc)
		return rc;
	return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

static int context_path(char path[PATH_MAX], const char *name, const char *suffix)
{
	char folder[PATH_MAX - NAME_SIZE - 16];
	int rc = context_folder(folder, sizeof(folder));

	if (!rc)
		snprintf(path, PATH_MAX, "%s/%s%s", folder, name, suffix);
	return rc;
}

/* The file may be removed by a context that ends, so the lock counts only on what is there. */
static int take_lock(const char *name, int extra)
{
	struct stat locked, present;
	char path[PATH_MAX];
	int rc = context_make_folder();

	if (!rc)
		rc = context_path(path, name, ".lock");
	while (!rc) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

		if (fd < 0)
			return -errno;
		if (flock(fd, LOCK_EX | LOCK_NB)) {
			if (extra & LOCK_NB) {
				close(fd);
				return -EWOULDBLOCK;
			}
			if (context_on_wait)
				context_on_wait(name);
			while (flock(fd, LOCK_EX) && errno == EINTR)
				;
		}
		if (!fstat(fd, &locked) && !stat(path, &present) && locked.st_ino == present.st_ino)
			return fd;
		close(fd);
	}
	return rc;
}

static int socket_address(struct sockaddr_un *address, const char *name)
{
	char path[PATH_MAX];
	int rc = context_path(path, name, ".socket");

	if (rc)
		return rc;
	address->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	strcpy(address->sun_path, path);
	return 0;
}

/* A connected socket, -ENOENT when nobody listens. */
static int connect_holder(const char *name)
{
	struct sockaddr_un address;
	int rc = socket_address(&address, name);
	int fd;

	if (rc)
		return rc;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	rc = errno == ECONNREFUSED ? -ENOENT : -errno;
	close(fd);
	return rc;
}

/* One request, one reply; the reply is in context->message. */
static int request_fd(struct context *context, enum proto_op op, int send_fd, int *receive_fd)
{
	int fd = -1, rc;

	context->message->op = op;
	rc = proto_send(context->socket, context->message, send_fd);
	if (!rc)
		rc = proto_receive(context->socket, context->message, &fd);
	if (receive_fd)
		*receive_fd = fd;
	else if (fd >= 0)
		sys_close(fd);
	if (rc)
		return -EREMOTEIO;
	return context->message->op == PROTO_OK ? -(int)context->message->status : 0;
}

static int request(struct context *context, enum proto_op op)
{
	context->message->facts_size = 0;
	return request_fd(context, op, -1, NULL);
}

static void name_object(struct context *context, const struct object *object)
{
	context->message->kind = object->kind;
	memset(context->message->name, 0, sizeof(context->message->name));
	strcpy(context->message->name, object->name);
}

static int put_object(struct context *context, const struct object *object, int fd)
{
	json_object *facts = object_to_json(object);
	const char *text = json_object_to_json_string_ext(facts, JSON_C_TO_STRING_PLAIN);
	size_t size = strlen(text) + 1;
	int rc = -EMSGSIZE;

	if (size <= PROTO_FACTS_MAX) {
		name_object(context, object);
		memcpy(context->message->facts, text, size);
		context->message->facts_size = size;
		rc = request_fd(context, PROTO_PUT, fd, NULL);
	}
	json_object_put(facts);
	return rc;
}

static int take_object(struct context *context)
{
	const struct proto_message *message = context->message;
	struct object *object;
	json_object *facts;
	int rc;

	if (message->kind >= OBJECT_KINDS || !message->facts_size)
		return -EPROTO;
	object = object_new(message->kind, message->name, -1);
	if (!object)
		return -ENOMEM;
	facts = json_tokener_parse(message->facts);
	rc = object_from_json(object, facts);
	json_object_put(facts);
	if (!rc)
		rc = object_list_add(&context->objects, object);
	if (rc)
		object_free(object);
	else if (object->kind == OBJECT_IOMMUFD)
		context->iommufd = object;
	return rc;
}

static int fetch_objects(struct context *context)
{
	int rc = request(context, PROTO_LIST);

	while (!rc && context->message->op == PROTO_OBJECT) {
		int fd;

		rc = take_object(context);
		if (!rc)
			rc = proto_receive(context->socket, context->message, &fd);
	}
	return rc;
}

static void forget(struct context *context)
{
	object_list_clear(&context->objects);
	context->iommufd = NULL;
	free(context->message);
	context->message = NULL;
	if (context->socket >= 0)
		close(context->socket);
	if (context->lock >= 0)
		close(context->lock);
	context->socket = -1;
	context->lock = -1;
}

static int prepare(struct context *context, const char *name)
{
	*context = (struct context){ .lock = -1, .socket = -1, .hold = -1 };
	copy_text(context->name, sizeof(context->name), name);
	context->message = proto_new();
	return context->message ? 0 : -ENOMEM;
}

/* After the connection stands: learn what there is, undo what a killed command left. */
static int greet(struct context *context)
{
	int interrupted, rc;

	interrupted = request(context, PROTO_HELLO);
	if (interrupted == -EREMOTEIO)
		return interrupted;
	context->holder = context->message->kind;
	rc = fetch_objects(context);
	if (!rc && interrupted)
		rc = context_repair(context);
	return rc;
}

/* flags: of flock(). */
static int open_existing(struct context *context, const char *name, int flags)
{
	char path[PATH_MAX];
	int rc = prepare(context, name);

	if (!rc)
		rc = context_path(path, name, ".socket");
	if (!rc && access(path, F_OK))
		rc = -ENOENT;
	if (!rc)
		rc = context->lock = take_lock(name, flags);
	if (rc >= 0)
		rc = context->socket = connect_holder(name);
	if (rc >= 0)
		rc = greet(context);
	if (rc < 0)
		forget(context);
	return rc;
}

int context_open_existing(struct context *context, const char *name)
{
	return open_existing(context, name, 0);
}

int context_open_idle(struct context *context, const char *name)
{
	return open_existing(context, name, LOCK_NB);
}

static void holder_program(char path[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - sizeof("-holder"));

	if (length > 0) {
		strcpy(path + length, "-holder");
		if (!access(path, X_OK))
			return;
	}
	snprintf(path, PATH_MAX, "%s/dmabufctl-holder", PKGLIBEXECDIR);
}

/* Runs in the child: the socket as standard input and no trace of the command's fds. */
static _Noreturn void become_holder(const char *program, const char *socket_path, int listener)
{
	char *const arguments[] = { "dmabufctl-holder", (char *)socket_path, NULL };
	int null = open("/dev/null", O_RDWR);

	setsid();
	if (null < 0 || dup2(listener, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 ||
	    chdir("/"))
		_exit(127);
	close_range(3, ~0u, 0);
	/* A grandchild is nobody's zombie. */
	if (fork() == 0) {
		execv(program, arguments);
		_exit(127);
	}
	_exit(0);
}

static int start_holder(const char *name)
{
	char program[PATH_MAX];
	struct sockaddr_un address;
	int rc = socket_address(&address, name);
	auto_close int listener = -1;
	pid_t child;

	if (rc)
		return rc;
	holder_program(program);
	if (access(program, X_OK))
		return -EREMOTEIO;
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (listener < 0)
		return -errno;
	unlink(address.sun_path);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 16))
		return -errno;
	child = fork();
	if (child < 0)
		return -errno;
	if (child == 0)
		become_holder(program, address.sun_path, listener);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

static int start_trace(struct context *context, const char *prefix, const char *suffix, int *hold)
{
	struct object *trace;
	char instance[NAME_SIZE];
	int store, rc;

	if ((size_t)snprintf(instance, sizeof(instance), "%s%s", prefix, suffix) >=
	    sizeof(instance))
		return -ENAMETOOLONG;
	store = trace_start(instance, hold);
	if (store < 0)
		return store;
	trace = object_new(OBJECT_TRACE, instance, store);
	rc = trace ? context_add(context, trace) : -ENOMEM;
	if (rc)
		trace_stop(instance);
	return rc;
}

int context_open_or_start(struct context *context, const char *name)
{
	int rc = prepare(context, name);

	if (!rc)
		rc = context->lock = take_lock(name, 0);
	if (rc >= 0)
		rc = context->socket = connect_holder(name);
	if (rc == -ENOENT) {
		context->started = true;
		rc = start_holder(name);
		if (!rc)
			rc = context->socket = connect_holder(name);
	}
	if (rc >= 0)
		rc = greet(context);
	if (rc < 0) {
		forget(context);
		return rc;
	}
	/* A context without a recorder works; status says what evidence is missing. */
	if (context->started)
		start_trace(context, TRACE_PREFIX, name, NULL);
	return 0;
}

void context_open_private(struct context *context)
{
	*context = (struct context){ .lock = -1, .socket = -1, .private = true, .hold = -1 };
}

void context_record(struct context *context)
{
	char name[32];

	if (!context->private || context_trace(context))
		return;
	trace_sweep(PRIVATE_TRACE_PREFIX);
	/* A PID alone may be that of another namespace's process, too. */
	snprintf(name, sizeof(name), "%d-%llx", getpid(), (unsigned long long)trace_now());
	start_trace(context, PRIVATE_TRACE_PREFIX, name, &context->hold);
}

int context_read_trace(struct context *context, struct trace_log *log)
{
	struct object *trace = object_next(&context->objects, OBJECT_TRACE, NULL);
	int store = trace ? context_fd(context, trace) : -ENOENT;

	*log = (struct trace_log){ 0 };
	return store < 0 ? store : trace_read(trace->name, store, log);
}

static void end_trace(struct context *context)
{
	const char *instance = context_trace(context);

	if (context->hold >= 0)
		close(context->hold);
	context->hold = -1;
	if (instance)
		trace_stop(instance);
}

void context_stop(struct context *context)
{
	char path[PATH_MAX];

	end_trace(context);
	context->message->op = PROTO_STOP;
	context->message->facts_size = 0;
	if (!proto_send(context->socket, context->message, -1)) {
		int fd;

		/* Nothing comes back but the end, when all is closed. */
		object_list_clear(&context->objects);
		proto_receive(context->socket, context->message, &fd);
	}
	if (!context_path(path, context->name, ".lock"))
		unlink(path);
	forget(context);
}

void context_close(struct context *context)
{
	if (context->private) {
		end_trace(context);
		/* Last made, first closed. */
		object_list_clear(&context->objects);
		return;
	}
	if (context->socket < 0)
		return;
	if (context_is_empty(context) && !context->keep && (context->started || context->emptied)) {
		context_stop(context);
		return;
	}
	request(context, PROTO_BYE);
	forget(context);
}

void context_sweep(const char *name)
{
	char path[PATH_MAX], instance[NAME_SIZE + sizeof(TRACE_PREFIX)];
	int lock = take_lock(name, 0);
	int socket;

	if (lock < 0)
		return;
	socket = connect_holder(name);
	if (socket >= 0) {
		close(socket);
		close(lock);
		return;
	}
	snprintf(instance, sizeof(instance), TRACE_PREFIX "%s", name);
	trace_stop(instance);
	if (!context_path(path, name, ".socket"))
		unlink(path);
	if (!context_path(path, name, ".lock"))
		unlink(path);
	close(lock);
}

/* 0 when a holder runs under this name. */
static int summarize(const char *name, struct context_summary *summary)
{
	struct context context;
	int lock, rc;

	*summary = (struct context_summary){ 0 };
	copy_text(summary->name, sizeof(summary->name), name);
	lock = take_lock(name, LOCK_NB);
	if (lock == -EWOULDBLOCK) {
		summary->busy = true;
		return 0;
	}
	if (lock < 0)
		return lock;
	close(lock);
	rc = context_open_existing(&context, name);
	if (rc)
		return rc;
	summary->holder = context.holder;
	summary->objects = object_count(&context.objects, OBJECT_KINDS);
	context_close(&context);
	return 0;
}

int context_list(struct context_summary **list, unsigned *count)
{
	char folder_path[PATH_MAX];
	int rc = context_folder(folder_path, sizeof(folder_path));
	struct dirent *entry;
	DIR *folder;

	*list = NULL;
	*count = 0;
	if (rc)
		return rc;
	folder = opendir(folder_path);
	if (!folder)
		return -errno;
	while ((entry = readdir(folder))) {
		char *suffix = strstr(entry->d_name, ".socket");
		struct context_summary summary, *bigger;

		if (!suffix || strcmp(suffix, ".socket"))
			continue;
		*suffix = '\0';
		if (!object_name_valid(entry->d_name) || summarize(entry->d_name, &summary))
			continue;
		bigger = realloc(*list, (*count + 1) * sizeof(summary));
		if (!bigger)
			break;
		*list = bigger;
		(*list)[(*count)++] = summary;
	}
	closedir(folder);
	return 0;
}

int context_iommufd(struct context *context)
{
	struct object *iommufd;
	int fd, rc;

	if (context->iommufd)
		return context_fd(context, context->iommufd);
	fd = iommufd_open();
	if (fd < 0)
		return fd;
	iommufd = object_new(OBJECT_IOMMUFD, "iommufd", fd);
	if (!iommufd) {
		sys_close(fd);
		return -ENOMEM;
	}
	/* Before all that is made through it, so that it is closed last. */
	rc = context_add(context, iommufd);
	if (rc)
		return rc;
	context->iommufd = iommufd;
	return fd;
}

int context_fd(struct context *context, struct object *object)
{
	int rc;

	if (object->fd >= 0)
		return object->fd;
	name_object(context, object);
	context->message->facts_size = 0;
	rc = request_fd(context, PROTO_GET, -1, &object->fd);
	if (rc)
		return rc;
	return object->fd >= 0 ? object->fd : -EBADF;
}

int context_add(struct context *context, struct object *object)
{
	int rc = object_list_add(&context->objects, object);

	if (rc) {
		object_free(object);
		return rc;
	}
	if (!context->private)
		rc = put_object(context, object, object->fd);
	if (rc)
		object_list_remove(&context->objects, object);
	return rc;
}

int context_update(struct context *context, const struct object *object)
{
	return context->private ? 0 : put_object(context, object, -1);
}

int context_remove(struct context *context, struct object *object)
{
	int rc = 0;

	if (!context->private) {
		name_object(context, object);
		rc = request(context, PROTO_DELETE);
	}
	context->emptied = true;
	if (!rc)
		object_list_remove(&context->objects, object);
	return rc;
}

bool context_is_empty(const struct context *context)
{
	return !object_count(&context->objects, OBJECT_KINDS);
}

const char *context_trace(const struct context *context)
{
	const struct object *trace = object_next(&context->objects, OBJECT_TRACE, NULL);

	return trace ? trace->name : NULL;
}
