# The tests' vocabulary; a test file sources this and ends with done_testing.
# shellcheck shell=bash
#
# Each check prints one TAP line. After `run`, $rc, $out and $err are what came of it.

TEST_COUNT=0
TEST_DIR=$(mktemp -d)
trap 'rm -rf "$TEST_DIR"' EXIT

# ok DESCRIPTION COMMAND... - passes when the command succeeds.
ok() {
	local description=$1
	shift
	TEST_COUNT=$((TEST_COUNT + 1))
	if "$@"; then
		echo "ok $TEST_COUNT - $description"
	else
		echo "not ok $TEST_COUNT - $description"
		[ -z "${out+set}" ] || printf '# rc: %s\n# out: %s\n# err: %s\n' "$rc" "$out" "$err"
	fi
}

# skip DESCRIPTION REASON
skip() {
	TEST_COUNT=$((TEST_COUNT + 1))
	echo "ok $TEST_COUNT - $1 # SKIP $2"
}

# run COMMAND... - sets rc, out, err.
run() {
	rc=0
	"$@" >"$TEST_DIR/out" 2>"$TEST_DIR/err" || rc=$?
	out=$(cat "$TEST_DIR/out")
	err=$(cat "$TEST_DIR/err")
}

equal() { [ "$1" = "$2" ]; }
contains() { grep -qE -- "$2" <<<"$1"; }

# gives STATUS DESCRIPTION COMMAND... - runs it and checks its exit status.
gives() {
	local status=$1 description=$2
	shift 2
	run "$@"
	ok "$description: exit status $status" equal "$rc" "$status"
}

# refuses STATUS REGEX COMMAND... - it fails with that status, saying so, and nothing else.
refuses() {
	local status=$1 regex=$2
	shift 2
	run "$@"
	ok "$*: exit status $status" equal "$rc" "$status"
	ok "$*: says /$regex/" contains "$err" "$regex"
	ok "$*: prints nothing" equal "$out" ''
}

done_testing() { echo "1..$TEST_COUNT"; }
