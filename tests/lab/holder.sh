#!/bin/bash
# Contexts outlive commands, serialise them, survive their deaths, and are nobody else's.
. "$(dirname "$0")/lib.sh"

main_setup

# Two at once: each name is made once, nothing is lost.
for _ in {1..10}; do
	d export "$NVME" 2 --range 0:4K >/dev/null 2>&1 &
done
wait
ok 'ten exports at once: ten dma-bufs, ten names' \
	equal "$(attribute '[.dmabufs[].name] | unique | length')" 11
d release dmabuf{0..9}

# A command that has the context keeps the others waiting, and they say so.
mkfifo "$TEST_DIR/pipe"
dmabufctl --context default batch "$TEST_DIR/pipe" >/dev/null &
batch=$!
exec 8>"$TEST_DIR/pipe"
echo status >&8
is_busy() { d context --json | gojq -e '.contexts[0].busy' >/dev/null; }
await 10 is_busy
d status >"$TEST_DIR/late" 2>"$TEST_DIR/waiting" 8>&- &
late=$!
await 10 test -s "$TEST_DIR/waiting"
ok 'the second command waits' contains "$(cat "$TEST_DIR/waiting")" 'waiting for another command'
ok 'and has printed nothing yet' equal "$(cat "$TEST_DIR/late")" ''
exec 8>&-
wait $batch $late
ok 'then it goes on' contains "$(cat "$TEST_DIR/late")" 'map0'

# Nobody else gets in: not past the directory, not past the holder's check of its peer.
nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"; }
run nobody dmabufctl status
ok 'another user sees an empty context' contains "$out" 'no open devices'
run env XDG_RUNTIME_DIR=/run setpriv --reuid=65534 --regid=65534 --clear-groups -- dmabufctl export "$NVME" 2
ok 'another user cannot use the directory' equal "$rc" 1
chmod 755 /run/dmabufctl
chmod 777 /run/dmabufctl/default.socket
client=$LAB_BUILD/tests/lab/client
hello() { "$@" "$client" /run/dmabufctl/default.socket hello 5 1; }
ok 'root is answered' equal "$(hello env)" 'OK 5'
ok 'another user is not' equal "$(hello nobody)" GONE
refuses 1 "this user's alone" d export "$NVME" 2
chmod 700 /run/dmabufctl

# Idle: no CPU time, little memory of its own.
holder=$(d context --json | gojq '.contexts[0].holder')
ok 'context names the holder' contains "$(cat /proc/"$holder"/comm)" dmabufctl-hold
ticks() { cut -d ' ' -f 14,15 /proc/"$holder"/stat; }
before=$(ticks)
for _ in {1..200000}; do :; done
ok 'an idle holder uses no CPU' equal "$(ticks)" "$before"
if grep -q libasan "/proc/$holder/maps"; then
	skip 'at most 2 MiB of private memory' 'a sanitizer has memory of its own'
else
	private=$(awk '/^Private/ { sum += $2 } END { print sum }' /proc/"$holder"/smaps_rollup)
	ok "at most 2 MiB of private memory ($private KiB)" [ "$private" -le 2048 ]
fi

# Objects in use stay; the last one to go takes the holder along.
d unmap map0
d release ioas0 2>/dev/null
d detach "$EDU"
gives 0 'release one by one' d release ioas0 fb "$EDU" "$NVME"
ok 'the holder is gone with the last object' equal "$(d context)" 'no contexts'
ok 'and the trace instance' equal "$(ls /sys/kernel/tracing/instances)" ''

# A context that was started stays without objects, until it is stopped.
gives 0 'context start' d context start calm
ok 'it stays' contains "$(d context)" 'calm'
gives 0 'context stop' d context stop calm
ok 'it is gone' equal "$(d context)" 'no contexts'
gives 2 'a bad name' d --context '../x' export "$NVME" 2
refuses 1 'there is no context of that name' d context stop nothing

# A holder that was killed leaves a context that can be started anew.
main_setup
holder=$(d context --json | gojq '.contexts[0].holder')
kill -KILL "$holder"
has_ended() { ! kill -0 "$holder" 2>/dev/null; }
await 10 has_ended
refuses 1 'its holder was killed, and all that it held is gone' d status
gives 0 'the holder was killed: start again' main_setup
ok 'and live again' equal "$(attribute '.mappings[0].state')" live

leave_nothing
done_testing
