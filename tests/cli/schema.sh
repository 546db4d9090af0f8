#!/bin/bash
# The schema knows what the program prints; lab/check compares all that the tests are told with it.
. "$(dirname "$0")/../lib.sh"

top=$(cd "$(dirname "$0")/../.." && pwd)
schema=$top/schema/dmabufctl-1.schema.json

ok 'a schema for each command' \
	equal "$(gojq -r '.allOf[].if.properties.command.const // empty' "$schema" | sort)" "$(dmabufctl --list-commands | sort)"
# shellcheck disable=SC2016 # the filter's variable
ok 'each key of the schema is explained' equal "$(gojq -r '.. | objects | .properties? // empty | to_entries[] |
	select(.value | type == "object" and (has("description") or has("$ref") or has("const") or has("not") | not)) | .key' "$schema")" ''
# The command line's own keys, and the columns of list, which are its rows' keys.
# shellcheck disable=SC2016 # the pattern has a backslash for itself
printed=$(cat "$top"/src/{dmabufctl,ui/error,context/object,cmd/*,cmd/*/*}.c | tr '\n' ' ' |
	grep -oE '((put|event)_(text|number|address|bool|array|object|answer|evidence|ranges)|object_object_add)\([^;"]*, "[a-z_]+"' |
	sed 's/.*"\([a-z_]*\)"$/\1/' | sort -u)
known=$(gojq -r '.. | objects | .properties? // empty | keys[]' "$schema" | sort -u)
# "recovering" is for the record alone: whoever opens the context completes the recovery first.
ok 'each key that the program prints is in the schema' \
	equal "$(comm -23 <(grep -vx recovering <<<"$printed") <(echo "$known"))" ''

# What can be had without devices.
export TEST_JSON=$TEST_DIR/json
for words in 'doctor' 'device' 'list' 'status' 'context' 'explain ENODEV' 'frob' 'import' 'export zz 2' 'device zz' \
	'batch /nothing' 'exec fb -- true' 'topology 00:00.0 00:00.0'; do
	# shellcheck disable=SC2086 # several words
	run dmabufctl --json $words
done
unset TEST_JSON
run "$top/tests/schema" "$TEST_DIR/json"
if [[ $out == *'# SKIP'* ]]; then
	skip 'what is printed is as the schema says' 'no python3-jsonschema'
else
	ok 'what is printed is as the schema says' equal "$(grep -A 9 '^not ok' <<<"$out")" ''
	ok 'all of it was looked at' contains "$out" '^1\.\.[0-9]{2}$'
fi
# A key too many, one too few, and one of another type are seen.
for change in '.frob = 1' 'del(.sources)' '.sources.unseen_processes = "0"' '.sources.frob = null'; do
	dmabufctl --json list | gojq -c "$change" | sed 's/^{/{"schema":"dmabufctl\/1",/' >"$TEST_DIR/json"
	run "$top/tests/schema" "$TEST_DIR/json"
	if [[ $out == *'# SKIP'* ]]; then
		skip "$change: is seen" 'no python3-jsonschema'
	else
		ok "$change: is seen" contains "$out" '^not ok 2 - list'
	fi
done
done_testing
