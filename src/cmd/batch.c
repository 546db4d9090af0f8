// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/shared/common.h"

struct batch_options {
	bool keep_going;
};

#define WORDS_MAX 64

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
	interrupted = signal;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/*
 * Splits a line into words in place, as a shell would: blanks, '...', "...", \ and # comments.
 * words[0] is left to the caller. -EINVAL: a quote is not closed; -E2BIG: too many words.
 */
static int split_line(char *line, char *words[WORDS_MAX + 1])
{
	char *in = line, *out = line;
	int count = 0;

	for (;;) {
		char quote = 0;

		while (is_blank(*in))
			in++;
		if (!*in || *in == '#')
			break;
		if (count == WORDS_MAX)
			return -E2BIG;
		words[count++] = out;
		for (; *in && (quote || !is_blank(*in)); in++) {
			if (quote ? *in == quote : *in == '\'' || *in == '"')
				quote = quote ? 0 : *in;
			else if (*in == '\\' && quote != '\'' && in[1])
				*out++ = *++in;
			else
				*out++ = *in;
		}
		if (quote)
			return -EINVAL;
		/* The terminator may fall on the blank that ended the word: step past it first. */
		if (*in)
			in++;
		*out++ = '\0';
	}
	words[count] = NULL;
	return count;
}

static enum status run_line(struct call *call, char *line, const struct place *place)
{
	char *words[WORDS_MAX + 1];
	int count = split_line(line, words);

	if (count < 0) {
		enum status status = fail(STATUS_USAGE, 0, "%s:%u", place->file, place->line);

		fail_because(count == -EINVAL ? "a quote is not closed" : "too many words");
		return status;
	}
	return count ? run_command(call->globals, call->context, count, words, place) : STATUS_OK;
}

static enum status run_lines(struct call *call, FILE *file, const char *name)
{
	const struct batch_options *options = call->options;
	enum status first = STATUS_OK;
	auto_free char *line = NULL;
	size_t room = 0;

	for (unsigned number = 1; !interrupted && getline(&line, &room, file) >= 0; number++) {
		const struct place place = { .file = name, .line = number };
		enum status status = run_line(call, line, &place);

		if (status && !first)
			first = status;
		if (status && !options->keep_going)
			break;
	}
	if (interrupted && !first) {
		first = fail(STATUS_FAILED, EINTR, "batch %s", name);
		fail_because("stopped by signal %d", (int)interrupted);
	} else if (ferror(file) && !first) {
		first = fail_errno(EIO, "batch %s", name);
	}
	return first;
}

static enum status run_file(struct call *call, const char *name)
{
	bool standard = !strcmp(name, "-");
	FILE *file = standard ? stdin : fopen(name, "re");
	enum status status;

	if (!file)
		return fail_errno(errno, "batch %s", name);
	status = run_lines(call, file, name);
	if (!standard)
		fclose(file);
	return status;
}

/* Without --context the objects live in this process, and end with it. */
static enum status run(struct call *call)
{
	const struct sigaction action = { .sa_handler = on_signal };
	struct context context;
	struct call inner = *call;
	enum status status;

	if (call->globals->context) {
		status = open_context(&context, call->globals->context, CONTEXT_STARTED);
		if (status)
			return status;
	} else {
		context_open_private(&context);
	}
	inner.context = &context;
	/* The lines have results, the batch has none. */
	json_object_put(call->result);
	call->result = NULL;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	status = run_file(&inner, call->arguments[0]);
	context_close(&context);
	return status;
}

static const struct option_entry options[] = {
	OPT_FLAG(struct batch_options, keep_going, "keep-going", 0,
		 "go on after a line that failed"),
	{ 0 },
};

const struct command cmd_batch = {
	.name = "batch",
	.arguments = "FILE|-",
	.summary = "run one command a line, in one process",
	.description =
		"Lines are split into words as a shell does, with quotes and # comments. Stops at\n"
		"the first line that fails; the exit status is that line's. Without --context the\n"
		"objects are the batch's own and are gone at its end. Commands that make "
		"something\n"
		"print nothing here, but with --json.",
	.options = options,
	.options_size = sizeof(struct batch_options),
	.least = 1,
	.most = 1,
	.words = { WORD_FILE },
	.context = CONTEXT_NONE,
	.alone = true,
	.run = run,
};
