// SPDX-License-Identifier: GPL-2.0-only
/* Any bytes: escaped for people, valid UTF-8 in JSON. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check.h"
#include "util/json.h"
#include "util/text.h"

#define BAD "\xef\xbf\xbd"

static const struct {
	const char *bytes, *utf8;
} texts[] = {
	{ "plain", "plain" },
	{ "\x7f", "\x7f" },
	{ "\x80", BAD },
	{ "a\xff"
	  "b",
	  "a" BAD "b" },
	{ "\xc3\xa9", "\xc3\xa9" },
	{ "\xc3", BAD },
	{ "\xc3(", BAD "(" },
	{ "\xc0\xaf", BAD BAD },
	{ "\xc1\xbf", BAD BAD },
	{ "\xc2\x80", "\xc2\x80" },
	{ "\xdf\xbf", "\xdf\xbf" },
	{ "\xe0\x9f\xbf", BAD BAD BAD },
	{ "\xe0\xa0\x80", "\xe0\xa0\x80" },
	{ "\xe2\x82\xac", "\xe2\x82\xac" },
	{ "\xe2\x82", BAD BAD },
	{ "\xe2(\x82", BAD "(" BAD },
	{ "\xe2\x82(", BAD BAD "(" },
	{ "\xed\x9f\xbf", "\xed\x9f\xbf" },
	{ "\xed\xa0\x80", BAD BAD BAD },
	{ "\xed\xbf\xbf", BAD BAD BAD },
	{ "\xee\x80\x80", "\xee\x80\x80" },
	{ "\xef\xbf\xbf", "\xef\xbf\xbf" },
	{ "\xf0\x8f\xbf\xbf", BAD BAD BAD BAD },
	{ "\xf0\x90\x80\x80", "\xf0\x90\x80\x80" },
	{ "\xf0\x90\x80", BAD BAD BAD },
	{ "\xf0\x90\x80(", BAD BAD BAD "(" },
	{ "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
	{ "\xf4\x90\x80\x80", BAD BAD BAD BAD },
	{ "\xf5\x80\x80\x80", BAD BAD BAD BAD },
	{ "\xf8\x88\x80\x80\x80", BAD BAD BAD BAD BAD },
	{ "\xe2\x82\xe2\x82\xac", BAD BAD "\xe2\x82\xac" },
};

static void check_utf8(void)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		json_object *object = json_object_new_object(), *list;

		json_put_text(object, "key", texts[i].bytes);
		list = json_put_array(object, "list");
		add_text(list, texts[i].bytes);
		check(!strcmp(text_of(object, "key"), texts[i].utf8), "UTF-8 %zu", i);
		check(!strcmp(json_object_get_string(json_object_array_get_idx(list, 0)),
			      texts[i].utf8),
		      "UTF-8 %zu in a list", i);
		json_object_put(object);
	}
}

/* Each first byte with each second, and each third or fourth: told apart as by RFC 3629. */
static size_t length_of(const unsigned char *text)
{
	unsigned long character;
	size_t length = text[0] < 0x80		 ? 1 :
			(text[0] & 0xe0) == 0xc0 ? 2 :
			(text[0] & 0xf0) == 0xe0 ? 3 :
			(text[0] & 0xf8) == 0xf0 ? 4 :
						   0;

	if (length < 2)
		return length;
	character = text[0] & (0x7f >> length);
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (text[i] & 0x3f);
	}
	if (character < (length == 2 ? 0x80u :
			 length == 3 ? 0x800u :
				       0x10000u) ||
	    (character >= 0xd800 && character < 0xe000) || character > 0x10ffff)
		return 0;
	return length;
}

static void check_characters(void)
{
	static const unsigned char tails[] = { 0, 'a', 0x7f, 0x80, 0xbf, 0xc0, 0xff };
	unsigned wrong = 0;

	for (unsigned first = 1; first < 256; first++)
		for (unsigned second = 0; second < 256; second++)
			for (size_t i = 0; i < sizeof(tails); i++)
				for (size_t j = 0; j < sizeof(tails); j++) {
					unsigned char text[] = { first, second, tails[i], tails[j],
								 0 };

					wrong += text_character((char *)text) != length_of(text);
				}
	check(!wrong, "%u sequences are taken for what they are not", wrong);
}

static void check_every_byte(void)
{
	unsigned wrong = 0;

	for (unsigned byte = 1; byte < 256; byte++) {
		char text[] = { byte, '\0' }, wanted[8], got[TEXT_ESCAPED(1)];
		char *end = text_escape(got, text);

		if (byte < 0x20 || byte > 0x7e || byte == '\\')
			snprintf(wanted, sizeof(wanted), "\\x%02x", byte);
		else
			strcpy(wanted, text);
		wrong += strcmp(got, wanted) || end != got + strlen(got);
	}
	check(!wrong, "%u bytes are escaped wrongly", wrong);
}

static void check_long(void)
{
	char *text = malloc(100001), *printed = NULL;
	json_object *object = json_object_new_object();
	size_t size;
	FILE *file = open_memstream(&printed, &size);

	memset(text, '\xff', 100000);
	text[100000] = '\0';
	json_put_text(object, "key", text);
	check(strlen(text_of(object, "key")) == 300000, "a long text is whole in JSON");
	text_print(file, text);
	fclose(file);
	check(size == 400000, "a long text is whole for people");
	json_object_put(object);
	free(printed);
	free(text);
}

static void check_printed(void print(FILE *, const char *), const char *text, const char *wanted)
{
	char *printed = NULL;
	size_t size;
	FILE *file = open_memstream(&printed, &size);

	print(file, text);
	fclose(file);
	check(!strcmp(printed, wanted), "'%s' is '%s'", printed, wanted);
	free(printed);
}

static void check_json(void)
{
	json_object *object = json_object_new_object();

	json_put_text(object, "none", NULL);
	json_put_text(object, "empty", "");
	json_put_number(object, "number", UINT64_MAX);
	json_put_index(object, "index", 7);
	json_put_index(object, "no_index", -1);
	json_put_address(object, "address", 0xfee00000);
	json_put_bool(object, "yes", 1);
	json_put_bool(object, "no", 0);
	add_text(json_put_array(object, "texts"), "x");
	json_put_text(add_object(json_put_array(object, "rows")), "a", "\x1b\"\\");
	json_put_number(json_put_object(object, "inner"), "n", 0);
	check(!strcmp(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN),
		      "{\"none\":null,\"empty\":null,\"number\":18446744073709551615,"
		      "\"index\":7,\"no_index\":null,\"address\":\"0xfee00000\",\"yes\":true,\"no\":false,\"texts\":[\"x\"],"
		      "\"rows\":[{\"a\":\"\\u001b\\\"\\\\\"}],\"inner\":{\"n\":0}}"),
	      "%s", json_object_to_json_string(object));
	check(!strcmp(text_of(object, "none"), "") && !strcmp(text_of(object, "nowhere"), ""),
	      "what is not there reads as nothing");
	json_object_put(object);
	json_put_text(NULL, "a", "b");
	json_put_number(NULL, "a", 1);
	json_put_index(NULL, "a", 1);
	json_put_address(NULL, "a", 1);
	json_put_bool(NULL, "a", 1);
	add_text(NULL, "a");
	check(!json_put_array(NULL, "a") && !json_put_object(NULL, "a") && !add_object(NULL),
	      "nothing is put nowhere");
}

int main(void)
{
	char small[4];

	check_utf8();
	check_characters();
	check_every_byte();
	check_long();
	check_printed(text_print, "a\x1b]0;x\a\xc3\xa9\\\n", "a\\x1b]0;x\\x07\\xc3\\xa9\\x5c\\x0a");
	check_printed(text_print_quoted, "a \"b\" \\ \n", "a \\\"b\\\" \\\\x5c \\\\x0a");
	check_json();
	check(text_lists("a,bc", "bc") && text_lists("A,b", "a") && text_lists("a,b,c", "b"),
	      "words of a list");
	check(!text_lists("a,bc", "b") && !text_lists("ab", "abc") && !text_lists("a", ""),
	      "what is not in a list");
	copy_text(small, sizeof(small), "abc");
	check(!strcmp(small, "abc"), "a copy that fits");
	copy_text(small, sizeof(small), "abcd");
	check(!strcmp(small, "abc"), "a copy that does not");
	*small = '\0';
	text_join(small, sizeof(small), ",", "%d", 1);
	check(!strcmp(small, "1"), "the first of a list");
	text_join(small, sizeof(small), ",", "%d", 234);
	check(!strcmp(small, "1,2"), "what fits of the next");
	text_join(small, sizeof(small), ",", "%d", 5);
	check(!strcmp(small, "1,2"), "nothing more");
	return check_plan();
}
