// SPDX-License-Identifier: GPL-2.0-only
#include "ui/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "util/json.h"
#include "util/text.h"

static struct {
	enum status status;
	int error;
	char *what;
	char *why;
	char *remedy;
} failure;

static void format_text(char **text, const char *format, va_list args)
{
	free(*text);
	if (vasprintf(text, format, args) < 0)
		*text = NULL;
}

void fail_forget(void)
{
	free(failure.what);
	free(failure.why);
	free(failure.remedy);
	memset(&failure, 0, sizeof(failure));
}

static enum status note(enum status status, int error, const char *format, va_list args)
{
	fail_forget();
	failure.status = status;
	failure.error = abs(error);
	format_text(&failure.what, format, args);
	return status;
}

enum status fail_with(enum status status, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note(status, error, format, args);
	va_end(args);
	return status;
}

enum status status_of_errno(int error)
{
	switch (abs(error)) {
	case EPERM:
	case EACCES:
		return STATUS_PERMISSION;
	case ENOTTY:
	case EOPNOTSUPP:
		return STATUS_UNSUPPORTED;
	default:
		return STATUS_FAILED;
	}
}

enum status fail_errno(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note(status_of_errno(error), error, format, args);
	va_end(args);
	if (error)
		fail_because("%s", strerrordesc_np(abs(error)));
	if (abs(error) == EMFILE)
		fail_hint(
			"raise the hard limit of open files: 'ulimit -Hn', or LimitNOFILE= of a service");
	else if (abs(error) == ENFILE)
		fail_hint("raise the system's limit of open files, /proc/sys/fs/file-max");
	return failure.status;
}

void fail_because(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	format_text(&failure.why, format, args);
	va_end(args);
}

void fail_hint(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	format_text(&failure.remedy, format, args);
	va_end(args);
}

enum status fail_status(enum status status)
{
	failure.status = status;
	return status;
}

const char *fail_reason(void)
{
	return failure.why ? failure.why : "";
}

int fail_error(void)
{
	return failure.error;
}

bool fail_is_noted(void)
{
	return failure.what;
}

/* ": text", or whatever stands between; nothing for NULL. */
static void print_part(FILE *stream, const char *between, const char *text)
{
	if (!text)
		return;
	fputs(between, stream);
	text_print(stream, text);
}

void fail_print(FILE *stream, const char *position)
{
	if (!failure.what)
		return;
	fputs("dmabufctl", stream);
	print_part(stream, ": ", position);
	print_part(stream, ": ", failure.what);
	print_part(stream, ": ", failure.error ? strerrorname_np(failure.error) : NULL);
	print_part(stream, ": ", failure.why);
	print_part(stream, "; ", failure.remedy);
	fputc('\n', stream);
	fail_forget();
}

json_object *fail_to_json(const char *position)
{
	json_object *error;

	if (!failure.what)
		return NULL;
	error = json_object_new_object();
	json_put_number(error, "status", failure.status);
	json_put_text(error, "errno", failure.error ? strerrorname_np(failure.error) : NULL);
	json_put_text(error, "place", position);
	json_put_text(error, "what", failure.what);
	json_put_text(error, "why", failure.why);
	json_put_text(error, "remedy", failure.remedy);
	fail_forget();
	return error;
}
