// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/bench/compare.h"

#include <string.h>

static bool is_result(json_object *object)
{
	json_object *rows, *summary;

	return json_object_object_get_ex(object, "measurements", &rows) &&
	       json_object_is_type(rows, json_type_array) &&
	       json_object_object_get_ex(object, "summary", &summary) &&
	       !strcmp(text_of(object, "command"), "bench");
}

enum status compare_load(const char *path, json_object **before)
{
	json_object *read = json_object_from_file(path);

	if (is_result(read)) {
		*before = read;
		return STATUS_OK;
	}
	fail_with(STATUS_FAILED, 0, "bench --compare %s", path);
	fail_because(read ? "it is not what bench prints with --json" :
			    "it cannot be read, or is no JSON");
	fail_hint("'dmabufctl bench --json ... >FILE' makes one");
	json_object_put(read);
	return STATUS_FAILED;
}

/* What was measured, not how long it took. */
static bool is_same(json_object *a, json_object *b)
{
	static const char *const texts[] = { "operation", "importer", "trigger" };

	for (unsigned i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (strcmp(text_of(a, texts[i]), text_of(b, texts[i])) != 0)
			return false;
	return number_of(a, "size") == number_of(b, "size") &&
	       number_of(a, "count") == number_of(b, "count");
}

static json_object *find_same(json_object *rows, json_object *sought)
{
	for_each_row(row, rows) {
		if (is_same(row, sought))
			return row;
	}
	return NULL;
}

/* What has come of the comparison. */
struct comparison {
	json_object *rows;
	unsigned percent; /* the limit; 0: none */
	unsigned count, slower, missing;
	json_object *worst; /* the row with the largest ratio, with its ratio */
	uint64_t worst_percent;
};

static void put_ratio(json_object *row, const char *key, uint64_t before, uint64_t now)
{
	if (before)
		json_put_number(row, key, now * 100 / before);
	else
		json_put_text(row, key, NULL);
}

static void copy_texts(json_object *to, json_object *from)
{
	json_put_text(to, "operation", text_of(from, "operation"));
	json_put_text(to, "importer", text_of(from, "importer"));
	json_put_number(to, "size", number_of(from, "size"));
	json_put_number(to, "count", number_of(from, "count"));
	json_put_text(to, "trigger", text_of(from, "trigger"));
}

static void add_pair(struct comparison *comparison, json_object *before, json_object *now)
{
	json_object *row = add_object(comparison->rows);
	const uint64_t old = number_of(before, "p50_ns"), new = number_of(now, "p50_ns");
	const bool slower = comparison->percent && new * 100 > old * comparison->percent;

	copy_texts(row, now);
	json_put_number(row, "before_p50_ns", old);
	json_put_number(row, "p50_ns", new);
	put_ratio(row, "ratio_percent", old, new);
	json_put_number(row, "before_p99_ns", number_of(before, "p99_ns"));
	json_put_number(row, "p99_ns", number_of(now, "p99_ns"));
	put_ratio(row, "p99_ratio_percent", number_of(before, "p99_ns"), number_of(now, "p99_ns"));
	json_put_bool(row, "slower", slower);
	comparison->count++;
	comparison->slower += slower;
	if (number_of(row, "ratio_percent") >= comparison->worst_percent) {
		comparison->worst_percent = number_of(row, "ratio_percent");
		comparison->worst = row;
	}
}

static void compare_rows(struct comparison *comparison, json_object *result, json_object *before)
{
	json_object *rows = json_object_object_get(result, "measurements");
	json_object *skipped = json_object_object_get(result, "skipped");

	for_each_row(old, json_object_object_get(before, "measurements")) {
		json_object *now = find_same(rows, old);

		if (now)
			add_pair(comparison, old, now);
		else if (find_same(skipped, old))
			comparison->missing++;
	}
}

static enum status nothing_in_common(void)
{
	fail_with(STATUS_FAILED, 0, "bench --compare");
	fail_because("nothing was measured now that was measured then");
	fail_hint("the same --size, --count, --by and --only make rows that can be compared");
	return STATUS_FAILED;
}

static enum status judge(const struct comparison *comparison)
{
	if (!comparison->count && !comparison->missing)
		return nothing_in_common();
	if (!comparison->percent || (!comparison->slower && !comparison->missing))
		return STATUS_OK;
	fail_with(STATUS_UNOBSERVED, 0, "bench --limit %u.%02u", comparison->percent / 100,
		  comparison->percent % 100);
	if (comparison->slower)
		fail_because(
			"%u of %u medians are beyond it; the longest: %s of %llu bytes, count %llu, "
			"takes %llu%% of what it took",
			comparison->slower, comparison->count,
			text_of(comparison->worst, "operation"),
			(unsigned long long)number_of(comparison->worst, "size"),
			(unsigned long long)number_of(comparison->worst, "count"),
			(unsigned long long)comparison->worst_percent);
	else
		fail_because("%u of what was measured then could not be measured now",
			     comparison->missing);
	return STATUS_UNOBSERVED;
}

enum status compare(json_object *result, json_object *before, unsigned percent)
{
	struct comparison comparison = {
		.rows = json_put_array(result, "comparison"),
		.percent = percent,
	};

	json_object_object_add(result, "before",
			       json_object_get(json_object_object_get(before, "summary")));
	compare_rows(&comparison, result, before);
	return judge(&comparison);
}
