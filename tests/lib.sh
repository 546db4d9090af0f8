# The tests' vocabulary; a test file sources this and ends with done_testing.
# shellcheck shell=bash
#
# Each check prints one TAP line, and one that fails says why in lines that begin with "# ":
# what `equal` and `contains` compared, and what the last `run` gave, if no check since has used it.
#
#   run COMMAND...                     sets $rc, $out and $err
#   ok DESCRIPTION COMMAND...          passes when COMMAND succeeds
#   equal GOT EXPECTED                 for ok: the same text
#   contains TEXT REGEX                for ok: a line that matches
#   gives STATUS DESCRIPTION COMMAND...   runs it and checks its exit status
#   refuses STATUS REGEX COMMAND...    it fails with that status, says so, and prints nothing else
#   skip DESCRIPTION REASON            one check that cannot be made here
#   await SECONDS COMMAND...           waits until COMMAND succeeds; a check that fails when it never does
#   await_end SECONDS PID              the same until a child has ended, which is killed if it does not; its status
#
# With TEST_STOP set the first check that fails is the last.
#
# Never wait by a loop or a sleep of one's own: `await` has a limit and names what it waited for.
# Its limit is for what hangs, so a generous one; TEST_PATIENCE multiplies it on slow machines.

# The same order and the same messages everywhere, and no files of a locale to read for each process.
export LC_ALL=C

TEST_COUNT=0
TEST_DIR=$(mktemp -d)
trap 'rm -rf "$TEST_DIR"' EXIT
# What the next check that fails has to say: of its own comparison, and of the run before it.
TEST_COMPARED=''
TEST_RAN=''

# explain_failure - prints the above, as TAP comments.
explain_failure() {
	{
		[ -z "$TEST_COMPARED" ] || echo "$TEST_COMPARED"
		[ -z "$TEST_RAN" ] || printf '%s\n' "ran: $TEST_RAN" "rc: $rc" "out: $out" "err: $err"
	} | sed 's/^/# /' | head -n 40
}

ok() {
	local description=$1
	shift
	TEST_COUNT=$((TEST_COUNT + 1))
	TEST_COMPARED=''
	if "$@"; then
		echo "ok $TEST_COUNT - $description"
	else
		echo "not ok $TEST_COUNT - $description"
		explain_failure
		[ -z "${TEST_STOP:-}" ] || exit 1
	fi
	TEST_RAN=''
}

skip() {
	TEST_COUNT=$((TEST_COUNT + 1))
	echo "ok $TEST_COUNT - $1 # SKIP $2"
}

run() {
	local keeps=yes # so that kept need not
	rc=0
	TEST_RAN=$*
	"$@" >"$TEST_DIR/out" 2>"$TEST_DIR/err" || rc=$?
	out=$(<"$TEST_DIR/out")
	err=$(<"$TEST_DIR/err")
	[[ $out != *'{"schema":'* ]] || keep "$TEST_DIR/out"
}

# compared SUCCESS GOT EXPECTED - notes both when there is no success, which it returns.
compared() {
	[ "$1" -eq 0 ] || printf -v TEST_COMPARED 'expected: %s\ngot: %s' "$3" "$2"
	return "$1"
}
equal() {
	[ "$1" = "$2" ]
	compared $? "$1" "$2"
}
contains() {
	has_line "$1" "$2"
	compared $? "$1" "/$2/"
}
# Without a grep, as starting a process is most of what a check costs in the lab.
has_line() {
	local line
	while IFS= read -r line; do
		[[ ! $line =~ $2 ]] || return 0
	done <<<"$1"
	return 1
}

# kept COMMAND... - runs it; its JSON goes into the file that TEST_JSON names too, if any, to be compared
# with the schema.
kept() {
	if [ -n "${TEST_JSON:-}" ] && [ -z "${keeps:-}" ] && [[ " $* " == *' --json '* ]]; then
		"$@" | tee -a "$TEST_JSON"
		return "${PIPESTATUS[0]}"
	fi
	"$@"
}
# keep FILE - the same for JSON that a command in the background wrote there; of thousands of lines only the
# first and the last.
keep() {
	[ -z "${TEST_JSON:-}" ] || { head -n 300 "$1"; tail -n 20 "$1"; } | grep -a '^{"schema":' >>"$TEST_JSON"
}

gives() {
	local status=$1 description=$2
	shift 2
	run "$@"
	ok "$description: exit status $status" equal "$rc" "$status"
}

refuses() {
	local status=$1 regex=$2
	shift 2
	run "$@"
	ok "$*: exit status $status" equal "$rc" "$status"
	ok "$*: says /$regex/" contains "$err" "$regex"
	ok "$*: prints nothing" equal "$out" ''
}

# not COMMAND... - for ok and await.
not() { ! "$@"; }

# Says nothing, and is no check, when COMMAND succeeds in time. What it prints is shown when it does not.
await() {
	local limit=$(($1 * ${TEST_PATIENCE:-1})) start=$SECONDS
	shift
	until "$@" >"$TEST_DIR/awaited" 2>&1; do
		if [ $((SECONDS - start)) -ge $limit ]; then
			TEST_RAN=''
			ok "waited for '$*': within $limit s" false
			tail -n 20 "$TEST_DIR/awaited" | sed 's/^/# it said: /'
			return 1
		fi
		sleep 0.05
	done
}

# fails STATUS REGEX COMMAND... - as refuses, of a command that prints what it found all the same.
fails() {
	local status=$1 regex=$2
	shift 2
	run "$@"
	ok "$*: exit status $status" equal "$rc" "$status"
	ok "$*: says /$regex/" contains "$err" "$regex"
}

# has_ended PID - says what it does while it has not.
has_ended() { ! { kill -0 "$1" && ps -o stat=,wchan:24=,args= -p "$1"; }; }
await_end() {
	await "$1" has_ended "$2" || kill -KILL "$2"
	wait "$2" 2>/dev/null
}

done_testing() { echo "1..$TEST_COUNT"; }
