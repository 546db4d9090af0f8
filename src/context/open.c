// SPDX-License-Identifier: GPL-2.0-only
#include "context/open.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "context/load.h"
#include "context/recorder.h"
#include "context/repair.h"
#include "context/runtime.h"
#include "kernel/wait.h"
#include "util/text.h"

/* After this time somebody is told for whom it waits. */
#define SAY_MS 1000

int context_lock_ms = WAIT_FOR_EVER;
void (*context_on_wait)(const char *name, pid_t owner);

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

static void forget(struct context *context)
{
	context_clear(context);
	client_end(&context->client);
	if (context->lock >= 0)
		close(context->lock);
	context->lock = -1;
}

void context_open_nothing(struct context *context)
{
	*context = (struct context){ .lock = -1, .client.socket = -1, .hold = -1 };
}

void context_open_private(struct context *context)
{
	context_open_nothing(context);
	context->private = true;
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
		context_say_why(context,
				"its holder (PID %d) speaks version %u of the protocol, this "
				"program version %u",
				context->client.holder, version, PROTO_VERSION);
	if (!rc)
		rc = context_load(context);
	if (rc || !interrupted)
		return rc ? rc : context_undo(context);
	rc = context_repair(context);
	if (rc && rc != -EINTR)
		context_say_why(context, "what a killed command left there cannot be undone");
	return rc;
}

static void explain_silence(struct context *context)
{
	pid_t holder = context->client.holder;

	if (!holder)
		context_say_why(context, "its holder does not answer");
	else if (client_is_stopped(holder))
		context_say_why(context,
				"its holder (PID %d) is stopped; 'kill -CONT %d' lets it go on",
				holder, holder);
	else
		context_say_why(context, "its holder (PID %d) does not answer", holder);
}

/* After a failure. */
static int fail_to_open(struct context *context, int rc)
{
	/* It ended while we waited, and the lock's file is ours alone. */
	if (rc == -ENOENT && context->lock >= 0)
		runtime_clear(context->name);
	if (rc == -ETIMEDOUT)
		explain_silence(context);
	if (context->lock < 0 && (rc == -EROFS || rc == -ENOSPC || rc == -EACCES)) {
		char path[PATH_MAX];

		if (!runtime_directory_name(path, sizeof(path)))
			context_say_why(context, "cannot write in %.256s: %s", path,
					strerrordesc_np(-rc));
	}
	forget(context);
	return rc;
}

/* -ENOENT when there is none of that name. */
static int lock_existing(struct context *context, const char *name)
{
	char path[PATH_MAX];
	int rc;

	prepare(context, name);
	rc = runtime_path(path, name, SOCKET_SUFFIX);
	if (!rc && access(path, F_OK))
		rc = -errno;
	return rc ? rc : take_lock(context);
}

int context_open_existing(struct context *context, const char *name)
{
	int rc = lock_existing(context, name);

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
		context_say_why(context, "its holder is of another version (%u, not %u)", version,
				PROTO_VERSION);
	if (!rc)
		rc = context_load(context);
	if (rc == -ETIMEDOUT)
		explain_silence(context);
	if (rc)
		forget(context);
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
		context_say_why(context, "cannot run its holder %.256s: %s", program,
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
	if (context->started)
		recorder_start(context);
	return 0;
}

/* Under the lock. */
static int end(struct context *context)
{
	int rc = 0;

	/* What is open here too would not be closed by the holder. */
	context_clear(context);
	if (context->client.socket >= 0 || context->client.silent)
		rc = client_stop(&context->client);
	if (rc)
		return rc;
	recorder_stop(context);
	runtime_clear(context->name);
	return 0;
}

int context_stop(const char *name, char *why)
{
	struct context context;
	int rc = lock_existing(&context, name);

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
		/* What could not be undone is tried once more: nobody else will know of it. */
		context_undo(context);
		recorder_stop(context);
		context_clear(context);
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
