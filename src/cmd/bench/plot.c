// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/bench/plot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/sys.h"

/* What gnuplot says when it is not there. */
#define NO_PROGRAM 127

enum status plot_open(struct plot_file *file, const char *option, const char *path)
{
	*file = (struct plot_file){ .option = option, .path = path, .fd = -1 };
	if (!path)
		return STATUS_OK;
	file->ours = access(path, F_OK) != 0;
	file->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	return file->fd < 0 ? fail_errno(errno, "bench %s %s", option, path) : STATUS_OK;
}

void plot_close(struct plot_file *file)
{
	struct stat state;

	if (file->fd < 0)
		return;
	if (file->ours && !fstat(file->fd, &state) && !state.st_size)
		unlink(file->path);
	close(file->fd);
}

/* A picture of all that differs in one key, and has the first row's value of the other. */
struct panel {
	const char *by, *fixed;
	const char *label;
};

static const struct panel by_size = { "size", "count", "size in bytes" };
static const struct panel by_count = { "count", "size", "count" };

static json_object *first_of(json_object *rows)
{
	return json_object_array_get_idx(rows, 0);
}

static bool is_on(const struct panel *panel, json_object *rows, json_object *row)
{
	return number_of(row, panel->fixed) == number_of(first_of(rows), panel->fixed);
}

static bool is_worth_it(const struct panel *panel, json_object *rows)
{
	for_each_row(row, rows) {
		if (number_of(row, panel->by) != number_of(first_of(rows), panel->by))
			return true;
	}
	return false;
}

/* Whether the rows of an operation and importer begin here. */
static bool begins_line(json_object *rows, size_t i)
{
	json_object *row = json_object_array_get_idx(rows, i);
	json_object *before = i ? json_object_array_get_idx(rows, i - 1) : NULL;

	return strcmp(text_of(row, "operation"), text_of(before, "operation")) != 0 ||
	       strcmp(text_of(row, "importer"), text_of(before, "importer")) != 0;
}

static void print_row(FILE *out, json_object *row)
{
	static const char *const keys[] = { "size",   "count",	"samples", "min_ns",
					    "p50_ns", "p99_ns", "max_ns",  "mean_ns" };

	for (unsigned i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		fprintf(out, "%s%llu", i ? " " : "", (unsigned long long)number_of(row, keys[i]));
	fputc('\n', out);
}

static void print_data(FILE *out, const struct panel *panel, json_object *rows)
{
	unsigned lines = 0;

	for_each_row(row, rows) {
		if (begins_line(rows, row_i))
			fprintf(out, "%s\n# %s %s\n$%s_%u << end\n", lines ? "end\n" : "",
				text_of(row, "operation"), text_of(row, "importer"), panel->by,
				lines);
		lines += begins_line(rows, row_i);
		if (is_on(panel, rows, row))
			print_row(out, row);
	}
	fputs("end\n\n", out);
}

static void print_plot(FILE *out, const struct panel *panel, json_object *rows)
{
	unsigned lines = 0;

	fprintf(out, "set xlabel '%s'\nplot", panel->label);
	for_each_row(row, rows) {
		if (!begins_line(rows, row_i))
			continue;
		fprintf(out,
			"%s \\\n\t$%s_%u using %d:($5/1e3):($4/1e3):($6/1e3) "
			"with yerrorlines title '%s %s'",
			lines ? "," : "", panel->by, lines, panel == &by_count ? 2 : 1,
			text_of(row, "operation"), text_of(row, "importer"));
		lines++;
	}
	fputs("\n", out);
}

/* In quotes, where gnuplot wants each of them twice. */
static void print_title(FILE *out, json_object *summary)
{
	static const char *const keys[] = { "kernel", "iommu", "exporter", "importer", "trigger" };

	fputs("set multiplot title 'dmabufctl bench:", out);
	for (unsigned i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		fprintf(out, " %s ", keys[i]);
		for (const char *c = text_of(summary, keys[i]); *c; c++)
			fprintf(out, *c == '\'' ? "''" : "%c", *c);
	}
	fputs("' noenhanced", out);
}

static void print_script(FILE *out, json_object *result)
{
	json_object *rows = json_object_object_get(result, "measurements");
	const bool counts = is_worth_it(&by_count, rows);
	const bool sizes = is_worth_it(&by_size, rows) || !counts;

	fputs("# size in bytes, count, samples; in ns: least, median, 99th percentile, greatest, "
	      "mean\n",
	      out);
	if (sizes)
		print_data(out, &by_size, rows);
	if (counts)
		print_data(out, &by_count, rows);
	print_title(out, json_object_object_get(result, "summary"));
	fprintf(out, " layout 1,%d\n", sizes + counts);
	fputs("set logscale xy\nset key noenhanced left top\n"
	      "set ylabel 'median in us, with the least and the 99th percentile'\n",
	      out);
	if (sizes)
		print_plot(out, &by_size, rows);
	if (counts)
		print_plot(out, &by_count, rows);
	fputs("unset multiplot\n", out);
}

/* What is no file has nothing to be emptied. */
static int empty(const struct plot_file *file)
{
	return ftruncate(file->fd, 0) && errno != EINVAL ? -errno : 0;
}

static int write_script(const struct plot_file *file, json_object *result)
{
	FILE *out = fdopen(dup(file->fd), "w");
	int rc = out ? empty(file) : -errno;

	if (!out)
		return rc;
	print_script(out, result);
	if (ferror(out))
		rc = -EIO;
	return fclose(out) ? -errno : rc;
}

enum status plot_write(struct plot_file *file, json_object *result)
{
	int rc = file->fd < 0 ? 0 : write_script(file, result);

	return rc ? fail_errno(rc, "bench %s %s", file->option, file->path) : STATUS_OK;
}

/* Its exit status. NO_PROGRAM: there is none. in: its standard input; -1: none. out: its output. */
static int run_gnuplot(const char *argument, int in, int out)
{
	pid_t child = fork();
	int status;

	if (!child) {
		if (in >= 0)
			dup2(in, STDIN_FILENO);
		dup2(out, STDOUT_FILENO);
		execlp("gnuplot", "gnuplot", argument, NULL);
		_exit(NO_PROGRAM);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

/* As run_gnuplot(): what it prints is not wanted. */
static int try_gnuplot(void)
{
	auto_close int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	return run_gnuplot("--version", -1, nowhere);
}

enum status plot_find_gnuplot(const struct plot_file *file)
{
	int rc = file->fd < 0 ? 0 : try_gnuplot();

	if (!rc)
		return STATUS_OK;
	fail_with(STATUS_FAILED, 0, "bench %s %s", file->option, file->path);
	if (rc == NO_PROGRAM)
		fail_because("gnuplot is not installed");
	else
		fail_because("'gnuplot --version' fails");
	fail_hint("install gnuplot (Debian's gnuplot-nox will do), or take --gnuplot FILE, and "
		  "draw elsewhere");
	return STATUS_FAILED;
}

/* For gnuplot to read: whatever has the better fonts, then the same as in a file of --gnuplot. */
static int make_script(json_object *result)
{
	int fd = memfd_create("bench.gnuplot", MFD_CLOEXEC);
	FILE *out = fd < 0 ? NULL : fdopen(dup(fd), "w");

	if (!out)
		return -errno;
	fputs("if (strstrt(GPVAL_TERMINALS, 'pngcairo')) {\n"
	      "\tset terminal pngcairo size 1500,700\n"
	      "} else {\n\tset terminal png size 1500,700\n}\n",
	      out);
	print_script(out, result);
	fclose(out);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

enum status plot_draw(struct plot_file *file, json_object *result)
{
	auto_close int script = file->fd < 0 ? -1 : make_script(result);
	int rc;

	if (file->fd < 0)
		return STATUS_OK;
	rc = script < 0 ? script : empty(file);
	if (rc)
		return fail_errno(rc, "bench %s %s", file->option, file->path);
	if (!run_gnuplot("-", script, file->fd))
		return STATUS_OK;
	fail_with(STATUS_FAILED, 0, "bench %s %s", file->option, file->path);
	fail_because("gnuplot could not draw it");
	return STATUS_FAILED;
}
