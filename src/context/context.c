// SPDX-License-Identifier: GPL-2.0-only
#include "context/context.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "context/repair.h"
#include "kernel/iommufd.h"
#include "kernel/trace.h"
#include "kernel/wait.h"
#include "util/text.h"

#define TRACE_PREFIX "dmabufctl-"
#define PRIVATE_TRACE_PREFIX "dmabufctl.batch-"
#define TRACE_NAME_SIZE (sizeof(TRACE_PREFIX) + NAME_SIZE)

/* After this time somebody is told for whom it waits. */
#define SAY_MS 1000

int context_lock_ms = WAIT_FOR_EVER;
void (*context_on_wait)(const char *name, pid_t owner);

static void __attribute__((format(printf, 2, 3)))
say_why(struct context *context, const char *format, ...)
{
	size_t used = strlen(context->why);
	va_list args;

	if (used && used + 2 < sizeof(context->why)) {
		strcpy(context->why + used, "; ");
		used += 2;
	}
	va_start(args, format);
	vsnprintf(context->why + used, sizeof(context->why) - used, format, args);
	va_end(args);
}

static int take_lock(struct context *context)
{
	bool limited = context_lock_ms >= 0 && context_lock_ms <= SAY_MS;
	int rc = runtime_lock(context->name, limited ? context_lock_ms : SAY_MS);

	if (rc == -ETIMEDOUT && !limited) {
		if (context_on_wait)
			context_on_wait(context->name, runtime_lock_owner(context->name));
		rc = runtime_lock(context->name,
				  context_lock_ms < 0 ? WAIT_FOR_EVER : context_lock_ms - SAY_MS);
	}
	context->lock = rc < 0 ? -1 : rc;
	return rc == -ETIMEDOUT ? -EWOULDBLOCK : rc < 0 ? rc : 0;
}

static void name_object(struct context *context, const struct object *object)
{
	struct proto_message *message = context->client.message;

	message->kind = object->kind;
	memset(message->name, 0, sizeof(message->name));
	strcpy(message->name, object->name);
}

static int put_object(struct context *context, const struct object *object, int fd)
{
	struct proto_message *message = context->client.message;
	json_object *facts = object_to_json(object);
	const char *text = json_object_to_json_string_ext(facts, JSON_C_TO_STRING_PLAIN);
	size_t size = strlen(text) + 1;
	int rc = -EMSGSIZE;

	if (size <= PROTO_FACTS_MAX) {
		name_object(context, object);
		memcpy(message->facts, text, size);
		message->facts_size = size;
		rc = client_request_fd(&context->client, PROTO_PUT, fd, NULL);
	}
	json_object_put(facts);
	return rc;
}

/* false: there is no room left. */
static bool append_object(struct proto_message *message, enum proto_op op,
			  const struct object *object)
{
	json_object *facts = op == PROTO_PUT_ALL ? object_to_json(object) : NULL;
	const char *text = facts ? json_object_to_json_string_ext(facts, JSON_C_TO_STRING_PLAIN) :
				   "";
	bool room = proto_append(message, object->kind, object->name, text);

	json_object_put(facts);
	return room;
}

/* What is not understood is left out, and said. */
static int take_object(struct context *context, const struct proto_entry *entry,
		       struct json_tokener *tokener)
{
	struct object *object;
	json_object *facts;
	int rc;

	if (entry->kind >= OBJECT_KINDS) {
		say_why(context, "an object of the unknown kind %u", entry->kind);
		return 0;
	}
	object = object_new(entry->kind, entry->name, -1);
	if (!object)
		return -ENOMEM;
	json_tokener_reset(tokener);
	facts = json_tokener_parse_ex(tokener, entry->facts, entry->facts_size);
	rc = object_from_json(object, facts);
	json_object_put(facts);
	if (!rc) {
		rc = object_list_add(&context->objects, object);
		if (!rc && object->kind == OBJECT_IOMMUFD)
			context->iommufd = object;
		if (!rc)
			return 0;
	} else if (rc == -EPROTO) {
		say_why(context, "%s '%s' has facts that are not a %s's",
			object_kind_name(entry->kind), entry->name, object_kind_name(entry->kind));
		rc = 0;
	}
	object_free(object);
	return rc;
}

static int take_objects(struct context *context, struct json_tokener *tokener)
{
	const struct proto_message *message = context->client.message;
	const struct proto_entry *entry, *last = NULL;
	size_t at = 0;
	int rc = 0;

	while (!rc && (entry = proto_next(message, &at))) {
		rc = take_object(context, entry, tokener);
		last = entry;
	}
	if (rc || !message->status)
		return rc;
	/* There is more: the last one seen is asked for the next. */
	if (!last)
		return -EPROTO;
	context->client.message->kind = last->kind;
	memcpy(context->client.message->name, last->name, PROTO_NAME_SIZE);
	return 1;
}

static int fetch_objects(struct context *context)
{
	struct json_tokener *tokener = json_tokener_new();
	int rc = tokener ? 1 : -ENOMEM;

	memset(context->client.message->name, 0, PROTO_NAME_SIZE);
	while (rc > 0) {
		rc = client_request(&context->client, PROTO_LIST);
		if (!rc)
			rc = take_objects(context, tokener);
	}
	if (tokener)
		json_tokener_free(tokener);
	return rc;
}

/* Whatever an object refers to must be there. */
static void check_references(struct context *context)
{
	const struct object_list *objects = &context->objects;

	for_each_object(mapping, objects, OBJECT_MAPPING) {
		if (!object_find(objects, OBJECT_DMABUF, mapping->mapping.dmabuf))
			say_why(context, "mapping '%s' is of dma-buf '%s', which is not there",
				mapping->name, mapping->mapping.dmabuf);
		if (!object_find(objects, OBJECT_IOAS, mapping->mapping.ioas))
			say_why(context, "mapping '%s' is in IOAS '%s', which is not there",
				mapping->name, mapping->mapping.ioas);
	}
	for_each_object(device, objects, OBJECT_DEVICE)
		if (*device->device.ioas && !object_find(objects, OBJECT_IOAS, device->device.ioas))
			say_why(context, "device '%s' is attached to IOAS '%s', which is not there",
				device->name, device->device.ioas);
}

static int read_record(struct context *context)
{
	int rc = fetch_objects(context);

	if (rc)
		return rc;
	check_references(context);
	return *context->why ? -EBADMSG : 0;
}

static void forget(struct context *context)
{
	object_list_clear(&context->objects);
	context->iommufd = NULL;
	client_end(&context->client);
	if (context->lock >= 0)
		close(context->lock);
	context->lock = -1;
}

void context_open_nothing(struct context *context)
{
	*context = (struct context){ .lock = -1, .client.socket = -1, .hold = -1 };
}

static void prepare(struct context *context, const char *name)
{
	context_open_nothing(context);
	copy_text(context->name, sizeof(context->name), name);
}

/* After the connection stands: learn what there is, undo what a killed command left. */
static int greet(struct context *context)
{
	bool interrupted;
	unsigned version;
	int rc = client_greet(&context->client, PROTO_WORKS, &version, &interrupted);

	if (rc == -EPROTONOSUPPORT)
		say_why(context,
			"its holder (PID %d) speaks version %u of the protocol, this "
			"program version %u",
			context->client.holder, version, PROTO_VERSION);
	if (!rc)
		rc = read_record(context);
	if (rc || !interrupted)
		return rc ? rc : context_undo(context);
	rc = context_repair(context);
	if (rc && rc != -EINTR)
		say_why(context, "what a killed command left there cannot be undone");
	return rc;
}

static void explain_silence(struct context *context)
{
	pid_t holder = context->client.holder;

	if (!holder)
		say_why(context, "its holder does not answer");
	else if (client_is_stopped(holder))
		say_why(context, "its holder (PID %d) is stopped; 'kill -CONT %d' lets it go on",
			holder, holder);
	else
		say_why(context, "its holder (PID %d) does not answer", holder);
}

/* After a failure. */
static int fail_to_open(struct context *context, int rc)
{
	/* It ended while we waited, and the lock's file is ours alone. */
	if (rc == -ENOENT && context->lock >= 0)
		runtime_clear(context->name);
	if (rc == -ETIMEDOUT)
		explain_silence(context);
	if (rc == -EWOULDBLOCK) {
		pid_t owner = runtime_lock_owner(context->name);

		if (owner)
			say_why(context, "PID %d", owner);
	}
	if (context->lock < 0 && (rc == -EROFS || rc == -ENOSPC || rc == -EACCES)) {
		char path[PATH_MAX];

		if (!runtime_folder_name(path, sizeof(path)))
			say_why(context, "cannot write in %.256s: %s", path, strerrordesc_np(-rc));
	}
	forget(context);
	return rc;
}

int context_open_existing(struct context *context, const char *name)
{
	char path[PATH_MAX];
	int rc;

	prepare(context, name);
	rc = runtime_path(path, name, SOCKET_SUFFIX);
	if (!rc && access(path, F_OK))
		rc = -errno;
	if (!rc)
		rc = take_lock(context);
	if (!rc)
		rc = client_connect(&context->client, name, CLIENT_WORK_MS);
	if (!rc)
		rc = greet(context);
	return rc ? fail_to_open(context, rc) : 0;
}

int context_look(struct context *context, const char *name)
{
	bool interrupted;
	unsigned version;
	int rc;

	prepare(context, name);
	context->looking = true;
	rc = client_connect(&context->client, name, CLIENT_LOOK_MS);
	if (!rc)
		rc = client_greet(&context->client, PROTO_LOOKS, &version, &interrupted);
	if (rc == -EPROTONOSUPPORT)
		say_why(context, "its holder is of another version (%u, not %u)", version,
			PROTO_VERSION);
	if (!rc)
		rc = read_record(context);
	if (rc == -ETIMEDOUT)
		explain_silence(context);
	if (rc)
		forget(context);
	return rc;
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

/* One that was killed left its socket and recorder. */
static int start(struct context *context)
{
	char program[PATH_MAX] = "";
	pid_t holder;
	int rc;

	context->started = true;
	rc = client_start(context->name, program, &holder);
	if (rc && *program)
		say_why(context, "cannot run its holder %.256s: %s", program,
			rc == -ECHILD	 ? "it ended at once" :
			rc == -ETIMEDOUT ? "it does not begin" :
					   strerrordesc_np(-rc));
	if (rc) {
		runtime_clear(context->name);
		return *program && rc != -EINTR ? -EREMOTEIO : rc;
	}
	runtime_note_holder(context->lock, holder);
	client_end(&context->client);
	return client_connect(&context->client, context->name, CLIENT_WORK_MS);
}

int context_open_or_start(struct context *context, const char *name)
{
	int rc;

	prepare(context, name);
	rc = take_lock(context);
	if (!rc) {
		rc = client_connect(&context->client, name, CLIENT_WORK_MS);
		if (rc == -ENOENT || rc == -EOWNERDEAD)
			rc = start(context);
	}
	if (!rc)
		rc = greet(context);
	if (rc)
		return fail_to_open(context, rc);
	/* A context without a recorder works; status says what evidence is missing. */
	if (context->started)
		start_trace(context, TRACE_PREFIX, name, NULL);
	return 0;
}

void context_open_private(struct context *context)
{
	context_open_nothing(context);
	context->private = true;
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

static void end_private(struct context *context)
{
	const char *instance = context_trace(context);

	if (context->hold >= 0)
		close(context->hold);
	context->hold = -1;
	if (instance)
		trace_stop(instance);
	/* Last made, first closed. */
	object_list_clear(&context->objects);
	context->iommufd = NULL;
}

/*
 * Under the lock. The recorder's name is known without the record: also that of a context which
 * cannot be read has one.
 */
static int end(struct context *context)
{
	char instance[TRACE_NAME_SIZE];
	int rc = 0;

	/* What is open here too would not be closed by the holder. */
	object_list_clear(&context->objects);
	context->iommufd = NULL;
	if (context->client.socket >= 0 || context->client.silent)
		rc = client_stop(&context->client);
	if (rc)
		return rc;
	snprintf(instance, sizeof(instance), TRACE_PREFIX "%s", context->name);
	trace_stop(instance);
	runtime_clear(context->name);
	return 0;
}

int context_stop(const char *name, char *why)
{
	struct context context;
	char path[PATH_MAX];
	int rc;

	prepare(&context, name);
	rc = runtime_path(path, name, SOCKET_SUFFIX);
	if (!rc && access(path, F_OK))
		rc = -errno;
	if (!rc)
		rc = take_lock(&context);
	if (!rc) {
		rc = client_connect(&context.client, name, CLIENT_WORK_MS);
		if (rc == -EOWNERDEAD || rc == -ETIMEDOUT)
			rc = 0;
	}
	if (!rc)
		rc = end(&context);
	fail_to_open(&context, rc);
	copy_text(why, CONTEXT_WHY_SIZE, context.why);
	return rc;
}

void context_close(struct context *context)
{
	if (context->private) {
		end_private(context);
		return;
	}
	if (context->client.socket >= 0 && !context->looking) {
		if (context_is_empty(context) && !context->keep &&
		    (context->started || context->emptied))
			end(context);
		else
			client_request(&context->client, PROTO_BYE);
	}
	forget(context);
}

const char *context_state_name(enum context_state state)
{
	static const char *const names[] = { "ready", "busy", "silent", "damaged", "dead" };

	return names[state];
}

/* false: there is no such context, after all. */
static bool summarize(const char *name, struct context_summary *summary)
{
	struct context context;
	int rc = context_look(&context, name);

	*summary = (struct context_summary){ 0 };
	copy_text(summary->name, sizeof(summary->name), name);
	copy_text(summary->why, sizeof(summary->why), context.why);
	if (!rc)
		summary->state = runtime_lock_owner(name) ? CONTEXT_BUSY : CONTEXT_READY;
	else if (rc == -EOWNERDEAD)
		summary->state = CONTEXT_DEAD;
	else if (rc == -EBADMSG || rc == -EPROTONOSUPPORT)
		summary->state = CONTEXT_DAMAGED;
	else
		summary->state = CONTEXT_SILENT;
	/* A dead one's PID may be another process's by now. */
	if (summary->state != CONTEXT_DEAD)
		summary->holder = context.client.holder;
	if (rc && rc != -EOWNERDEAD && !*summary->why)
		copy_text(summary->why, sizeof(summary->why), strerrordesc_np(-rc));
	summary->objects = object_count(&context.objects, OBJECT_KINDS);
	if (!rc)
		context_close(&context);
	return rc != -ENOENT;
}

static int by_name(const void *a, const void *b)
{
	const struct context_summary *left = a, *right = b;

	return strcmp(left->name, right->name);
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
		struct context_summary summary, *bigger;
		char name[NAME_SIZE];

		if (!runtime_is_socket(entry->d_name, name, sizeof(name)) ||
		    !summarize(name, &summary))
			continue;
		bigger = realloc(*list, (*count + 1) * sizeof(summary));
		if (!bigger)
			break;
		*list = bigger;
		(*list)[(*count)++] = summary;
	}
	closedir(folder);
	if (*count)
		qsort(*list, *count, sizeof(**list), by_name);
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
	context->client.message->facts_size = 0;
	rc = client_request_fd(&context->client, PROTO_GET, -1, &object->fd);
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
		rc = client_request(&context->client, PROTO_DELETE);
	}
	context->emptied = true;
	if (!rc)
		object_list_remove(&context->objects, object);
	return rc;
}

/* As many messages as it takes. */
static int send_all(struct context *context, enum proto_op op, struct object *const *objects,
		    unsigned count)
{
	struct proto_message *message = context->client.message;
	unsigned done = 0;
	int rc = 0;

	while (!rc && done < count) {
		bool room = true;

		memset(message->name, 0, sizeof(message->name));
		message->facts_size = 0;
		while (room && done < count) {
			room = append_object(message, op, objects[done]);
			done += room;
		}
		rc = message->facts_size ? client_request_fd(&context->client, op, -1, NULL) :
					   -EMSGSIZE;
	}
	return rc;
}

int context_update_all(struct context *context, struct object *const *objects, unsigned count)
{
	return context->private ? 0 : send_all(context, PROTO_PUT_ALL, objects, count);
}

int context_remove_all(struct context *context, struct object *const *objects, unsigned count)
{
	int rc = context->private ? 0 : send_all(context, PROTO_DELETE_ALL, objects, count);

	context->emptied = true;
	for (unsigned i = 0; !rc && i < count; i++)
		object_list_remove(&context->objects, objects[i]);
	return rc;
}

bool context_is_empty(const struct context *context)
{
	return !object_count(&context->objects, OBJECT_KINDS) &&
	       !object_count(&context->objects, OBJECT_UNDO);
}

const char *context_trace(const struct context *context)
{
	const struct object *trace = object_next(&context->objects, OBJECT_TRACE, NULL);

	return trace ? trace->name : NULL;
}
