// SPDX-License-Identifier: GPL-2.0-only
/* What a failure says, to people and as JSON, and with which status. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check.h"
#include "ui/error.h"

static void check_print(const char *place, const char *wanted)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	fail_print(file, place);
	fclose(file);
	check(!strcmp(text, wanted), "printed: %s", wanted);
	check(!fail_is_noted() && !fail_error() && !*fail_reason(), "and forgotten");
	free(text);
}

static void check_json(const char *place, const char *wanted)
{
	json_object *error = fail_to_json(place);
	const char *text = json_object_to_json_string_ext(error, JSON_C_TO_STRING_PLAIN);

	check(!strcmp(text, wanted), "JSON: %s", text);
	check(!fail_is_noted(), "and forgotten");
	json_object_put(error);
}

static const struct {
	int error;
	enum status status;
} statuses[] = {
	{ EPERM, STATUS_PERMISSION },	     { EACCES, STATUS_PERMISSION },
	{ -EACCES, STATUS_PERMISSION },	     { ENOTTY, STATUS_UNSUPPORTED },
	{ -EOPNOTSUPP, STATUS_UNSUPPORTED }, { ENODEV, STATUS_FAILED },
	{ -ENOENT, STATUS_FAILED },	     { 0, STATUS_FAILED },
};

static void check_statuses(void)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
		check(fail_errno(statuses[i].error, "x") == statuses[i].status, "status of %d",
		      statuses[i].error);
		check(fail_error() == abs(statuses[i].error), "errno of %d", statuses[i].error);
	}
	check(fail_status(STATUS_REVOKED) == STATUS_REVOKED, "a refined status");
	fail_forget();
}

static void note_all(void)
{
	fail_with(STATUS_REVOKED, -ENODEV, "import %s", "old");
	check(fail_with(STATUS_REVOKED, -ENODEV, "import %s", "fb") == STATUS_REVOKED,
	      "fail_with()");
	fail_because("never seen");
	fail_because("%s has memory decode off", "0000:01:00.0");
	fail_hint("never seen");
	fail_hint("turn it %s", "on");
}

int main(void)
{
	check_statuses();
	check(!fail_is_noted() && !fail_to_json(NULL), "nothing is noted at first");
	check_print(NULL, "");

	note_all();
	check(fail_is_noted() && fail_error() == ENODEV &&
		      !strcmp(fail_reason(), "0000:01:00.0 has memory decode off"),
	      "noted");
	check_print(NULL, "dmabufctl: import fb: ENODEV: 0000:01:00.0 has memory decode off; turn "
			  "it on\n");
	note_all();
	check_print("lines:7", "dmabufctl: lines:7: import fb: ENODEV: 0000:01:00.0 has memory "
			       "decode off; turn it on\n");
	fail_with(STATUS_FAILED, 0, "alone");
	check_print(NULL, "dmabufctl: alone\n");
	fail_errno(-EBUSY, "x");
	check_print(NULL, "dmabufctl: x: EBUSY: Device or resource busy\n");
	fail_errno(-EMFILE, "x");
	check_print(NULL, "dmabufctl: x: EMFILE: Too many open files; raise the hard limit of open "
			  "files: 'ulimit -Hn', or LimitNOFILE= of a service\n");
	fail_errno(-ENFILE, "x");
	check_print(NULL, "dmabufctl: x: ENFILE: Too many open files in system; raise the system's "
			  "limit of open files, /proc/sys/fs/file-max\n");
	fail_with(STATUS_FAILED, 0, "\xff\x1b[31m");
	fail_because("\n");
	fail_hint("\\");
	check_print("\a:1", "dmabufctl: \\x07:1: \\xff\\x1b[31m: \\x0a; \\x5c\n");

	note_all();
	check_json(NULL,
		   "{\"status\":5,\"errno\":\"ENODEV\",\"place\":null,\"what\":\"import fb\","
		   "\"why\":\"0000:01:00.0 has memory decode off\",\"remedy\":\"turn it on\"}");
	fail_with(STATUS_FAILED, 0, "alone \xff\xc3\xa9");
	check_json("lines\xff:7",
		   "{\"status\":1,\"errno\":null,\"place\":\"lines\xef\xbf\xbd:7\","
		   "\"what\":\"alone \xef\xbf\xbd\xc3\xa9\",\"why\":null,\"remedy\":null}");
	return check_plan();
}
