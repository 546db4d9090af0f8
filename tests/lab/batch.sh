#!/bin/bash
# sample: quick
# The main job as one batch file: in the process itself, and in a context.
. "$(dirname "$0")/lib.sh"

cat >"$TEST_DIR/main" <<END
# the main job
bind "$NVME" "$EDU"
export "$NVME" 2 --name "fb"
attach "$EDU"
import fb --iova "$IOVA"

revoke "$NVME" --by reset
recover map0
status
END

run d batch --json "$TEST_DIR/main"
ok 'batch: exit status 0' equal "$rc" 0
ok 'batch: one JSON object a line' equal "$(gojq -c .command <<<"$out" | tr -d '\n')" \
	'"bind""export""attach""import""revoke""recover""status"'
ok 'batch: live in the end' equal "$(tail -n 1 <<<"$out" | gojq -r '.mappings[0].state')" live
ok 'batch: the objects ended with it' equal "$(d context)" 'no contexts'
ok 'batch: no trace instance is left' equal "$(ls /sys/kernel/tracing/instances)" ''

run bash -c "dmabufctl --context kept batch - <'$TEST_DIR/main'"
ok 'batch in a context, from standard input: exit status 0' equal "$rc" 0
ok 'batch in a context: the objects stay' \
	equal "$(d --context kept status --json | gojq -r '.mappings[0].state')" live
d --context kept release --all

printf 'export %s 2 --name a\nexport %s 9\nexport %s 2 --name b\n' "$NVME" "$NVME" "$NVME" >"$TEST_DIR/bad"
run d --context stop batch "$TEST_DIR/bad"
ok 'a failing line: its exit status' equal "$rc" 2
ok 'a failing line: its file and number' contains "$err" "^dmabufctl: $TEST_DIR/bad:2: BAR '9'"
ok 'a failing line: the rest is not run' equal "$(d --context stop status --json | gojq '.dmabufs | length')" 1
d --context stop release --all
run d --context go batch --keep-going "$TEST_DIR/bad"
ok '--keep-going: the first failure'"'"'s exit status' equal "$rc" 2
ok '--keep-going: the rest is run' equal "$(d --context go status --json | gojq '.dmabufs | length')" 2
d --context go release --all

run bash -c 'echo "status \"open" | dmabufctl batch -'
ok 'an open quote: exit status 2' equal "$rc" 2
ok 'an open quote: says so' contains "$err" '^dmabufctl: -:1: batch: a quote is not closed'
refuses 1 'ENOENT' d batch "$TEST_DIR/nothing"
run bash -c 'echo "context list" | dmabufctl batch -'
ok 'what cannot be part of a batch is refused' equal "$rc" 2

# A signal between two lines ends it in order.
mkfifo "$TEST_DIR/pipe"
dmabufctl batch "$TEST_DIR/pipe" >/dev/null 2>&1 &
pid=$!
exec 8>"$TEST_DIR/pipe"
echo "export $NVME 2" >&8
has_dmabuf() { find "/proc/$1/fd" -lname '*dmabuf*' | grep .; }
await 30 has_dmabuf $pid
kill -TERM $pid
exec 8>&-
await_end 30 $pid
ok 'SIGTERM: exit status 1' equal $? 1
ok 'SIGTERM: no trace instance is left' equal "$(ls /sys/kernel/tracing/instances)" ''

leave_nothing
done_testing
