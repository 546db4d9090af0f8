// SPDX-License-Identifier: GPL-2.0-only
/* An event a line, for people and as JSON. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check.h"
#include "ui/event.h"

static char *printed(bool json, const char *text, uint64_t number)
{
	static struct event event;

	event_start(&event, json, "monitor");
	event_begin(&event, 1234567890123, "unmap");
	event_text(&event, "mapping", text);
	event_address(&event, "iova", number);
	event_number(&event, "length", number);
	event_end(&event);
	return strndup(event.line, event.end - event.line);
}

static const struct {
	const char *text;
	uint64_t number;
	const char *for_people, *json;
} table[] = {
	{ "map0", 4096, "    1234.567890 unmap         mapping=map0 iova=0x1000 length=4096\n",
	  "\"mapping\":\"map0\",\"iova\":\"0x1000\",\"length\":4096}\n" },
	{ NULL, 0, "    1234.567890 unmap         iova=0x0 length=0\n",
	  "\"mapping\":null,\"iova\":\"0x0\",\"length\":0}\n" },
	{ "", UINT64_MAX,
	  "    1234.567890 unmap         iova=0xffffffffffffffff length=18446744073709551615\n",
	  "\"mapping\":null,\"iova\":\"0xffffffffffffffff\",\"length\":18446744073709551615}\n" },
	{ "a\"b\\\n\x1b", 1,
	  "    1234.567890 unmap         mapping=a\"b\\x5c\\x0a\\x1b iova=0x1 length=1\n",
	  "\"mapping\":\"a\\\"b\\\\\\n\\u001b\",\"iova\":\"0x1\",\"length\":1}\n" },
	{ "a\"", 1, "    1234.567890 unmap         mapping=a\" iova=0x1 length=1\n",
	  "\"mapping\":\"a\\\"\",\"iova\":\"0x1\",\"length\":1}\n" },
	{ "\x7f", 10, "    1234.567890 unmap         mapping=\\x7f iova=0xa length=10\n",
	  "\"mapping\":\"\x7f\",\"iova\":\"0xa\",\"length\":10}\n" },
	{ "a", 100, "    1234.567890 unmap         mapping=a iova=0x64 length=100\n",
	  "\"mapping\":\"a\",\"iova\":\"0x64\",\"length\":100}\n" },
	{ "\xff", 1, "    1234.567890 unmap         mapping=\\xff iova=0x1 length=1\n",
	  "\"mapping\":\"\xef\xbf\xbd\",\"iova\":\"0x1\",\"length\":1}\n" },
};

static const char head[] = "{\"schema\":\"dmabufctl/1\",\"command\":\"monitor\","
			   "\"t_ns\":1234567890123,\"event\":\"unmap\",";

static void check_number(uint64_t number)
{
	char *line = printed(true, NULL, number), wanted[64];

	snprintf(wanted, sizeof(wanted), "\"length\":%llu}\n", (unsigned long long)number);
	check(!strcmp(strstr(line, "\"length\""), wanted), "the digits of %llu",
	      (unsigned long long)number);
	free(line);
}

/* Where there is a digit more, and where a number is wider. */
static void test_digits(void)
{
	for (uint64_t power = 10; power < UINT64_MAX / 10; power *= 10) {
		check_number(power - 1);
		check_number(power);
		check_number(power + 1);
	}
	check_number(10000000000000000000u);
	for (int bits = 31; bits < 64; bits++)
		check_number((1ull << bits) - 1);
}

/* It is full after some of them, wherever a key ends. */
static void test_room(void)
{
	static struct event event;
	static const char text[] = "0123456789";

	event_start(&event, true, "monitor");
	for (unsigned length = 1; length <= strlen(text); length++) {
		event_begin(&event, 1, "map");
		for (int i = 0; i < EVENT_LINE; i++) {
			event_text(&event, "message", text + strlen(text) - length);
			event_null(&event, "mapping");
			event_address(&event, "address", UINT64_MAX);
		}
		event_end(&event);
		check(event.end - event.line <= EVENT_LINE && event.end[-2] == '}',
		      "a line full of texts of %u", length);
	}
}

/* A key has room that a long text has not, in the last line that there is. */
static void test_end(void)
{
	static struct {
		struct event event;
		char behind[2 * EVENT_LINE];
	} box;
	static char text[2 * EVENT_LINE];
	struct event *event = &box.event;

	memset(text, 'a', sizeof(text) - 1);
	event_start(event, true, "monitor");
	event->line = event->end = event->text + EVENT_LINES - 1;
	event_begin(event, 1, "map");
	for (int i = 0; i < EVENT_LINE; i++)
		event_text(event, "a", text + sizeof(text) - 2);
	for (int i = 0; i < EVENT_SLACK; i++)
		event_text(event, "mapping", text + i);
	check(!*box.behind && !memcmp(box.behind, box.behind + 1, sizeof(box.behind) - 1),
	      "nothing is written behind the end");
}

static void test_truth(void)
{
	static struct event event;

	for (int json = 0; json < 2; json++) {
		event_start(&event, json, "monitor");
		event_begin(&event, 1, "revoked");
		event_bool(&event, "kept", true);
		event_bool(&event, "known", false);
		event_end(&event);
		check(strstr(event.line, json ? ",\"kept\":true,\"known\":false}\n" :
						" kept=true known=false\n") != NULL,
		      "true and false%s", json ? ", JSON" : "");
	}
}

int main(void)
{
	char *line, *long_text = malloc(5001);
	json_object *parsed;

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		line = printed(false, table[i].text, table[i].number);
		check(!strcmp(line, table[i].for_people), "%zu, for people", i);
		free(line);
		line = printed(true, table[i].text, table[i].number);
		check(!strncmp(line, head, strlen(head)) &&
			      !strcmp(line + strlen(head), table[i].json),
		      "%zu, JSON", i);
		free(line);
	}
	test_digits();
	test_room();
	test_end();
	memset(long_text, '"', 5000);
	long_text[5000] = '\0';
	line = printed(true, long_text, 1);
	parsed = json_tokener_parse(line);
	check(parsed && !json_object_object_get_ex(parsed, "mapping", NULL) &&
		      json_object_object_get_ex(parsed, "length", NULL),
	      "what has no room is left out, key and value");
	json_object_put(parsed);
	free(line);
	memset(long_text, 'a', 5000);
	line = printed(false, long_text, 1);
	check(strlen(line) < 100, "the same for people");
	free(line);
	free(long_text);
	test_truth();
	return check_plan();
}
