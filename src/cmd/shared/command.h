/* SPDX-License-Identifier: GPL-2.0-only */
/* What a command is. Each lives in a file of its own, its descriptor at the file's end. */
#ifndef DMABUFCTL_CMD_SHARED_COMMAND_H
#define DMABUFCTL_CMD_SHARED_COMMAND_H

#include "context/context.h"
#include "ui/error.h"
#include "ui/option.h"
#include "ui/output.h"
#include "util/json.h"

/* What a command wants of the context. */
enum context_need {
	CONTEXT_NONE,
	CONTEXT_EXISTING, /* an empty one when there is none: nothing is started */
	CONTEXT_STARTED,  /* made when there is none */
};

struct globals {
	const char *context; /* NULL: "default" */
	struct option_time wait;
	bool no_wait;
	bool json;
	bool no_header;
	unsigned verbose;
	bool help;
	bool version;
	bool list_commands;
	bool list_options;
	bool complete;
};

/* A line of a batch. */
struct position {
	const char *file;
	unsigned line;
};

struct call {
	const struct command *command;
	const struct globals *globals;
	struct context *context; /* as the command needs it, else NULL */
	const void *options;	 /* the command's own struct */
	int count;		 /* arguments without options */
	int before_dashes;	 /* of these, how many stood before "--" */
	char **arguments;
	const struct position *position; /* NULL outside a batch */
	/* Opened or made on the way; when the command fails it was for nothing, and is released. */
	struct object *made[2];
	unsigned made_count;
	/* An object to fill, NULL when nobody will look at it. */
	json_object *result;
	struct output_rows rows; /* what it is too large for */
	/* Set by a command that has more to do once the context is given back. */
	enum status (*finish)(void);
	const char *columns; /* set by a command that lets people choose: as output_style.choice */
	/* Set by a command that is asked for a picture, which is printed in place of all else. */
	void (*draw)(const struct call *call);
};

struct command {
	const char *name;
	/*
	 * As the usage shows them: BDF, BAR, DMABUF, MAPPING, IOAS, OBJECT, CONTEXT, COMMAND,
	 * FILE and SOCKET mean the same in all usages, and are completed.
	 */
	const char *arguments;
	const char *summary;
	const char *description; /* further lines of --help, NULL for none */
	const struct option_entry *options;
	size_t options_size;
	int least, most; /* arguments; most -1: any number */
	enum context_need context;
	bool alone;	     /* not in a batch */
	bool quiet_in_batch; /* its tables are for who types it; JSON is printed always */
	bool streams;	     /* prints what it has to say as it runs: there is no result */
	const struct section *sections;
	/*
	 * What is to be done before the context is opened, such as waiting, while others may work
	 * in it; NULL: nothing. Without call->context.
	 */
	enum status (*prepare)(struct call *call);
	/* Fills call->result, notes what failed (fail_with()). */
	enum status (*run)(struct call *call);
};

/* The program has them; NULL, and an empty entry, at the end. */
extern const struct command *const commands[];
extern const struct option_entry global_options[];

/* NULL: there is none of that name. */
const struct command *find_command(const char *name);
/* That failure, noted, with what may have been meant. */
enum status unknown_command(const char *name);

#endif
