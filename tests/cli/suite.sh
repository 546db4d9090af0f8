#!/bin/bash
# The tests' own tools: what tests/run counts of files of each kind, and what a failing check says.
. "$(dirname "$0")/../lib.sh"

top=$(cd "$(dirname "$0")/../.." && pwd)
# A run that is watched is not to inherit from this one.
unset TEST_REPORTS TEST_STOP
export TEST_PATIENCE=1

# file TEXT - a test file that is that script.
file() { printf '#!/bin/bash\n. %q/tests/lib.sh\n%s\n' "$top" "$1" >"$TEST_DIR/file" && chmod +x "$TEST_DIR/file"; }

# counts DESCRIPTION COUNTS REGEX TEXT - of such a file; the output has REGEX.
counts() {
	file "$4"
	run "$top/tests/run" "$TEST_DIR/file"
	ok "$1: counts" equal "$(tail -n 1 <<<"$out")" "$2"
	ok "$1: says /$3/" contains "$out" "$3"
	ok "$1: exit status" equal "$rc" "$([[ $2 == *' 0 failed'* ]] && echo 0 || echo 1)"
}

counts 'passes' '2 passed, 0 failed, 0 skipped' '^PASS .*: 2 checks' 'ok a true; ok b true; done_testing'
LC_ALL=C.UTF-8 counts 'is in the C locale, whatever the user has' '1 passed, 0 failed, 0 skipped' '^PASS' \
	'ok a grep -qxz LC_ALL=C /proc/self/environ; done_testing'
counts 'fails' '1 passed, 1 failed, 0 skipped' '^    not ok 2 - b$' 'ok a true; ok b false; done_testing'
counts 'skips one' '1 passed, 0 failed, 1 skipped' '^PASS' 'ok a true; skip b "not here"; done_testing'
counts 'skips all' '0 passed, 0 failed, 1 skipped' '^PASS' 'echo "1..0 # SKIP not here"'
counts 'prints nothing' '0 passed, 1 failed, 0 skipped' 'not ok - ended with 0 plans after 0 checks' ''
counts 'has no plan' '1 passed, 1 failed, 0 skipped' 'ended with 0 plans after 1 checks' 'ok a true'
counts 'has two plans' '1 passed, 1 failed, 0 skipped' 'ended with 2 plans' 'ok a true; done_testing; done_testing'
counts 'has too few' '1 passed, 1 failed, 0 skipped' 'ended after 1 checks of 2' 'ok a true; echo 1..2'
counts 'has too many' '2 passed, 1 failed, 0 skipped' 'ended after 2 checks of 1' 'ok a true; ok b true; echo 1..1'
counts 'has checks after its plan' '2 passed, 1 failed, 0 skipped' 'ended after 2 checks of 1' 'ok a true; done_testing; ok b true'
counts 'dies' '1 passed, 1 failed, 0 skipped' 'ended by SIGKILL after 1 checks' 'ok a true; kill -KILL $$'
counts 'ends with a status' '1 passed, 1 failed, 0 skipped' 'ended with status 3' 'ok a true; done_testing; exit 3'
counts 'shows what it last said' '0 passed, 1 failed, 0 skipped' 'frobnicate.*not found' 'set -e; frobnicate'

file 'ok a true; sleep 1000'
run env TEST_LIMIT=1 "$top/tests/run" "$TEST_DIR/file"
ok 'hangs: counts' equal "$(tail -n 1 <<<"$out")" '1 passed, 1 failed, 0 skipped'
ok 'hangs: says where' contains "$out" '#   +[0-9]+ .* sleep 1000$'
ok 'hangs: says when' contains "$out" 'it was ended after 1 s and 1 checks'
ok 'hangs: nothing is left' not pgrep -f "$TEST_DIR/file"
run "$top/tests/run" "$TEST_DIR/nothing"
ok 'is not there: counts' equal "$(tail -n 1 <<<"$out")" '0 passed, 1 failed, 0 skipped'

file 'ok a true; ok b false; ok c true; done_testing'
run "$top/tests/run" "$TEST_DIR/file" "$TEST_DIR/file"
ok 'two files: added up' equal "$(tail -n 1 <<<"$out")" '4 passed, 2 failed, 0 skipped'
run env TEST_STOP=yes "$top/tests/run" "$TEST_DIR/file"
ok 'TEST_STOP: nothing after the first failure' equal "$(grep -c 'ok 3' "$TEST_DIR/out")" 0
run "$top/tests/run" -v "$TEST_DIR/file"
ok '-v: all checks' contains "$out" '^    ok 3 - c'

# A sanitizer's report, written by whichever process.
# shellcheck disable=SC2016 # the file's variables
file 'echo "ERROR: a leak" >"$TEST_REPORTS.1"; ok a true; done_testing'
run env TEST_REPORTS="$TEST_DIR/reports/report" "$top/tests/run" "$TEST_DIR/file"
ok 'a report: counts' equal "$(tail -n 1 <<<"$out")" '1 passed, 1 failed, 0 skipped'
ok 'a report: is shown' contains "$out" 'ERROR: a leak'

# says DESCRIPTION TEXT LINES - what a file prints.
says() {
	file "$2"
	ok "$1" equal "$("$TEST_DIR/file")" "$3"
}
says 'equal: what was compared' 'ok a equal x y' $'not ok 1 - a\n# expected: y\n# got: x'
says 'contains: what was looked at' 'ok a contains x y' $'not ok 1 - a\n# expected: /y/\n# got: x'
says 'run: what came of it' 'run bash -c "echo o; echo e >&2; exit 3"; ok a false' \
	$'not ok 1 - a\n# ran: bash -c echo o; echo e >&2; exit 3\n# rc: 3\n# out: o\n# err: e'
says 'what an earlier check has used is not shown' 'run true; ok a true; ok b equal 1 1; ok c false' \
	$'ok 1 - a\nok 2 - b\nnot ok 3 - c'
says 'await: quiet' 'await 1 true; done_testing' '1..0'
# shellcheck disable=SC2016 # the file's variables
says 'await: until it succeeds' 'n=0; third() { [ $((++n)) -eq 3 ]; }; await 60 third; echo $n' 3
says 'await: names what never came' 'await 0 not echo so; echo $?; done_testing' \
	$'not ok 1 - waited for \'not echo so\': within 0 s\n# it said: so\n1\n1..1'

# Whoever changes a line that a mutant changes carries the mutant along.
if command -v python3 >/dev/null; then
	run "$top/lab/check" --mutants --fits
	ok 'each small bug of tests/mutants fits the source' equal "$rc $out" '0 '
else
	skip 'each small bug of tests/mutants fits the source' 'no python3'
fi
done_testing
