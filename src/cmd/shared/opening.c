// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/shared/opening.h"

#include <errno.h>
#include <limits.h>

#include "cmd/shared/lookup.h"
#include "context/open.h"
#include "context/patience.h"
#include "context/repair.h"
#include "context/runtime.h"
#include "context/trigger.h"
#include "context/users.h"
#include "kernel/process.h"
#include "kernel/wait.h"
#include "util/text.h"

#define DEFAULT_CONTEXT "default"

static void explain_busy(const char *name)
{
	pid_t owner = runtime_lock_owner(name);
	char text[160] = "another command";

	if (owner)
		process_describe(owner, text, sizeof(text));
	if (owner && client_is_stopped(owner)) {
		fail_because("%s has it, and is stopped", text);
		fail_hint("'kill -CONT %d' lets it go on, 'kill -KILL %d' ends it", owner, owner);
		return;
	}
	fail_because("%s has it", text);
	fail_hint("try again when that is done; --wait SECONDS says how long to wait");
}

void explain_no_directory(const char *wanted)
{
	fail_because("there is no directory for %s that is this user's alone", wanted);
	fail_hint("set XDG_RUNTIME_DIR to an absolute path of a directory of yours with "
		  "mode 0700, or run as root");
}

enum status cannot_open_context(const char *name, int error, const char *why)
{
	enum status status = fail_errno(error, "context %s", name);

	if (*why)
		fail_because("%s", why);
	switch (error) {
	case -ENOENT:
		if (*why)
			break;
		fail_because("there is no context of that name");
		fail_hint("'dmabufctl context list' lists them");
		break;
	case -ENOTDIR:
		fail_with(STATUS_FAILED, 0, "context %s", name);
		explain_no_directory("its socket");
		break;
	case -EWOULDBLOCK:
		explain_busy(name);
		break;
	case -EINTR:
		fail_because("a signal ended the wait for it");
		break;
	case -EOWNERDEAD:
		fail_because("its holder was killed, and all that it held is gone");
		fail_hint(
			"'dmabufctl context stop %s' clears what is left; a new export, attach or "
			"import begins anew",
			name);
		break;
	case -EPROTONOSUPPORT:
		fail_hint(
			"use the program that made it, or 'dmabufctl context stop %s', which ends "
			"it with all that it has",
			name);
		break;
	case -EREMOTEIO:
		fail_hint("install it there, beside dmabufctl");
		break;
	case -ECONNRESET:
		fail_because("its holder ended meanwhile");
		fail_hint("try again");
		break;
	case -EROFS:
	case -ENOSPC:
	case -EACCES:
	case -EPERM:
	case -ENAMETOOLONG:
	case -ENOMEM:
		break;
	default:
		fail_hint("'dmabufctl context stop %s' ends it, with all that it has", name);
	}
	return status;
}

enum status open_context(struct context *context, const char *name, enum context_need need)
{
	const char *known = name ? name : DEFAULT_CONTEXT;
	enum status status = check_name("context", known);
	int rc;

	if (status)
		return status;
	rc = need == CONTEXT_STARTED ? context_open_or_start(context, known) :
				       context_open_existing(context, known);
	if ((rc == -ENOENT || rc == -ENOTDIR) && need == CONTEXT_EXISTING && !name) {
		context_open_nothing(context);
		return STATUS_OK;
	}
	return rc ? cannot_open_context(known, rc, context->why) : STATUS_OK;
}

enum status take_patience(const struct globals *globals)
{
	uint64_t ms = globals->wait.ns / 1000000;

	if (globals->wait.given && globals->no_wait) {
		fail_with(STATUS_USAGE, 0, "option --no-wait");
		fail_because("it does not go with --wait");
		return STATUS_USAGE;
	}
	context_lock_ms = globals->no_wait     ? 0 :
			  !globals->wait.given ? WAIT_FOR_EVER :
			  ms < INT_MAX	       ? (int)ms :
						 INT_MAX;
	return STATUS_OK;
}

static void say_lock(const char *name, pid_t owner)
{
	char text[160] = "";

	if (owner)
		process_describe(owner, text, sizeof(text));
	fprintf(stderr, "dmabufctl: context %s: waiting for another command to end%s", name,
		owner ? ": " : "");
	text_print(stderr, text);
	if (owner && client_is_stopped(owner))
		fprintf(stderr, ", which is stopped: 'kill -CONT %d' lets it go on", owner);
	putc('\n', stderr);
}

static void say_holder(pid_t holder)
{
	fprintf(stderr, "dmabufctl: waiting for the context's holder, PID %d\n", holder);
}

static void say_undone(const char *device, const char *trigger, int error)
{
	fprintf(stderr, "dmabufctl: %s: a command was killed before it could undo --by %s; ",
		device, trigger);
	if (error)
		fprintf(stderr,
			"that failed now too (%s): 'dmabufctl device %s' shows the device "
			"as it is, 'dmabufctl revoke %s --by %s' or 'dmabufctl bind %s' "
			"brings it back\n",
			strerrorname_np(-error), device, device, trigger, device);
	else
		fprintf(stderr, "that is done now\n");
}

static void say_eviction(const struct pci_device *pci)
{
	char users[256];

	describe_users(pci, users, sizeof(users));
	fprintf(stderr, "dmabufctl: %s: waiting for its last user to close it: ", pci->name.bdf);
	text_print(stderr, *users ? users : "nobody that can be seen");
	putc('\n', stderr);
}

static void say_late(const struct object *mapping, uint64_t waited, bool let_go)
{
	fprintf(stderr, "dmabufctl: the kernel waits for %s (%s), told to let go %.1f s ago",
		mapping->name, mapping->target, waited / 1e9);
	fputs(let_go ? "; it is unmapped now, as this command is asked to end\n" :
		       "; ^C has it let go\n",
	      stderr);
}

void report_waits(void)
{
	patience_on_wait = say_late;
	context_on_wait = say_lock;
	client_on_wait = say_holder;
	context_on_undo = say_undone;
	trigger_on_wait = say_eviction;
}
