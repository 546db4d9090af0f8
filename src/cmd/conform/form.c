// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/conform/form.h"

#include <string.h>

/* Why it did not pass, with the bug that it is known by. */
static void describe(const struct conform_result *result, char *text, size_t size)
{
	const struct conform_known *known = result->conform_case->known;

	if (result->outcome == CONFORM_KNOWN)
		snprintf(text, size, "%s (%s; %s%s)", result->seen, known->bug,
			 known->mended_by ? "mended by " : "no patch is known",
			 known->mended_by ? known->mended_by : "");
	else
		snprintf(text, size, "%s", result->seen);
}

static void print_tap_begin(const struct conform_counts *counts)
{
	printf("TAP version 14\n1..%u\n", counts->all);
}

static void print_tap_result(const struct conform_result *result,
			     const struct conform_counts *counts)
{
	static const char *const directives[] = {
		[CONFORM_KNOWN] = " # TODO known: ",
		[CONFORM_SKIPPED] = " # SKIP ",
	};
	const bool failed = result->outcome == CONFORM_FAILED;
	const char *directive = directives[result->outcome];
	char source[200], why[2 * CONFORM_SEEN];

	describe(result, why, sizeof(why));
	printf("%s %u - %s%s%s\n", failed || result->outcome == CONFORM_KNOWN ? "not ok" : "ok",
	       counts->done, result->conform_case->name, directive ? directive : "",
	       directive ? why : "");
	if (failed) {
		conform_source(result->conform_case, source, sizeof(source));
		printf("# rule: %s\n# seen: %s\n# where: %s\n", result->conform_case->rule,
		       result->seen, source);
	}
	fflush(stdout);
}

static void print_tap_end(const struct conform_counts *counts)
{
	printf("# Totals: pass:%u fail:%u xfail:%u xpass:0 skip:%u error:0\n",
	       counts->of[CONFORM_PASSED], counts->of[CONFORM_FAILED], counts->of[CONFORM_KNOWN],
	       counts->of[CONFORM_SKIPPED]);
}

const struct form form_tap = { print_tap_begin, print_tap_result, print_tap_end };

static void print_xml(const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			fputs("&amp;", stdout);
		else if (*text == '<')
			fputs("&lt;", stdout);
		else if (*text == '>')
			fputs("&gt;", stdout);
		else if (*text == '"')
			fputs("&quot;", stdout);
		else if ((unsigned char)*text >= ' ' && (unsigned char)*text < 0x7f)
			putchar(*text);
		else
			putchar('?');
	}
}

static void print_attribute(const char *name, const char *value)
{
	printf(" %s=\"", name);
	print_xml(value);
	putchar('"');
}

static void print_junit_begin(const struct conform_counts *counts)
{
	printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	       "<testsuite name=\"dmabufctl conform\" tests=\"%u\">\n",
	       counts->all);
}

static void print_junit_result(const struct conform_result *result,
			       const struct conform_counts *counts)
{
	const struct conform_case *conform_case = result->conform_case;
	const char *dash = strchr(conform_case->name, '-');
	char group[32], source[200], why[2 * CONFORM_SEEN];

	(void)counts;
	snprintf(group, sizeof(group), "%.*s", (int)(dash - conform_case->name),
		 conform_case->name);
	printf("  <testcase");
	print_attribute("name", conform_case->name);
	print_attribute("classname", group);
	printf(" time=\"%llu.%03llu\"", (unsigned long long)result->took_ns / 1000000000,
	       (unsigned long long)result->took_ns / 1000000 % 1000);
	if (result->outcome == CONFORM_PASSED) {
		printf("/>\n");
		return;
	}
	printf(">\n    <%s", result->outcome == CONFORM_FAILED ? "failure" : "skipped");
	describe(result, why, sizeof(why));
	print_attribute("message", why);
	printf(">");
	print_xml(conform_case->rule);
	conform_source(conform_case, source, sizeof(source));
	printf(" (");
	print_xml(source);
	printf(")</%s>\n  </testcase>\n",
	       result->outcome == CONFORM_FAILED ? "failure" : "skipped");
}

static void print_junit_end(const struct conform_counts *counts)
{
	(void)counts;
	printf("</testsuite>\n");
}

const struct form form_junit = { print_junit_begin, print_junit_result, print_junit_end };
