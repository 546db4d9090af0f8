// SPDX-License-Identifier: GPL-2.0-only
/* Numbers stay numbers, addresses are text, and what is not there is null. */
#include <stdint.h>
#include <string.h>

#include "tests/unit/check.h"
#include "util/json.h"

static void check_text(json_object *object, const char *wanted, const char *what)
{
	const char *text = json_object_to_json_string_ext(
		object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	check(!strcmp(text, wanted), "%s: %s", what, text);
}

static void fill(json_object *object)
{
	json_object *list, *inner;

	json_put_text(object, "text", "fb");
	json_put_text(object, "empty", "");
	json_put_text(object, "none", NULL);
	json_put_number(object, "zero", 0);
	json_put_number(object, "large", UINT64_MAX);
	json_put_address(object, "address", 0xfee00000);
	json_put_address(object, "start", 0);
	json_put_bool(object, "yes", 4);
	json_put_bool(object, "no", 0);
	list = json_put_array(object, "list");
	json_put_number(add_object(list), "n", 1);
	json_put_number(add_object(list), "n", 2);
	inner = json_put_object(object, "object");
	json_put_text(inner, "key", "value");
}

int main(void)
{
	json_object *object = json_object_new_object();
	unsigned rows = 0, sum = 0;

	fill(object);
	check_text(object,
		   "{\"text\":\"fb\",\"empty\":null,\"none\":null,\"zero\":0,"
		   "\"large\":18446744073709551615,\"address\":\"0xfee00000\",\"start\":\"0x0\","
		   "\"yes\":true,\"no\":false,\"list\":[{\"n\":1},{\"n\":2}],"
		   "\"object\":{\"key\":\"value\"}}",
		   "each as its kind");
	check(!strcmp(text_of(object, "text"), "fb"), "text, read back");
	check(!strcmp(text_of(object, "large"), "18446744073709551615"), "a number as text");
	check(!strcmp(text_of(object, "none"), "") && !strcmp(text_of(object, "nowhere"), ""),
	      "nothing is no text");
	for_each_row(row, json_object_object_get(object, "list"))
	{
		rows++;
		sum += json_object_get_int(json_object_object_get(row, "n"));
	}
	check(rows == 2 && sum == 3, "each row once");
	for_each_row(row, NULL) rows++;
	check(rows == 2, "no array has no rows");
	fill(NULL);
	check(!json_put_array(NULL, "list") && !json_put_object(NULL, "object") &&
		      !add_object(NULL),
	      "a result that nobody looks at");
	json_object_put(object);
	return check_plan();
}
