#!/bin/bash
# lab:
# lab: --iommu virtio
# Events as they happen, in order, tied to names; what revoked means; ends that scripts can rely on.
. "$(dirname "$0")/lib.sh"

main_setup
events=$TEST_DIR/events
# start ARGUMENT... - a monitor that is listening when this returns.
start() {
	: >"$events"
	dmabufctl monitor "$@" >"$events" 2>"$TEST_DIR/complaints" &
	monitor=$!
	# Once all is open, it waits in poll().
	until [ "$(cut -d ' ' -f 1 /proc/$monitor/syscall 2>/dev/null)" = 7 ]; do :; done
}
seen() { gojq -r "select($1) | .event" "$events" | tr '\n' ' '; }
count() { gojq -s "[.[] | select($1)] | length" "$events"; }

if [ -d /sys/kernel/tracing/events/dma_buf ]; then
	start --json
	d revoke "$NVME" --by reset >/dev/null
	d recover map0 >/dev/null
	d unmap map0
	d import fb --name map0 --ioas ioas0 --iova "$IOVA" >/dev/null
	sleep 0.5
	kill -INT $monitor
	run wait $monitor
	ok 'SIGINT: exit status 0' equal "$rc" 0
	ok 'each line is an object' gojq -e . "$events"
	ok 'revoked, mapped again, unmapped, mapped again, in order' \
		equal "$(seen '.mapping == "map0"')" 'unmap revoked map unmap map '
	ok 'an unmap by user space is not taken for a revocation' equal "$(count '.event == "revoked"')" 1
	ok 'attached and let go of' [ "$(count '.event == "attach"')" -ge 2 ]
	ok 'times do not go back for what the trace saw' \
		equal "$(gojq -s '[.[] | select(.event == "map" or .event == "unmap").t_ns] | . == sort' "$events")" true
	ok 'what was printed is counted' \
		equal "$(tail -n 1 "$events" | gojq '.events')" "$(($(wc -l <"$events") - 1))"
	ok 'nothing was lost' equal "$(tail -n 1 "$events" | gojq '.lost')" 0

	start --until revoked --json
	d revoke "$NVME" --by memory >/dev/null
	run wait $monitor
	ok '--until revoked: exit status 0' equal "$rc" 0
	ok '--until revoked: that was it' equal "$(tail -n 2 "$events" | gojq -r .event | head -n 1)" revoked
	d recover map0 >/dev/null

	# It does not get to read until the task that revoked has long gone on to something else.
	start --json
	kill -STOP $monitor
	d revoke "$NVME" --by reset >/dev/null
	d recover map0 >/dev/null
	kill -CONT $monitor
	sleep 0.5
	kill -TERM $monitor
	run wait $monitor
	ok 'held up meanwhile: the revocation is seen' equal "$(count '.event == "revoked" and .mapping == "map0"')" 1

	start --json
	d revoke "$NVME" --by all >/dev/null 2>&1
	sleep 0.5
	kill -TERM $monitor
	run wait $monitor
	ok 'SIGTERM: exit status 0' equal "$rc" 0
	revoking=9
	closes_the_hole && revoking=10
	ok "the matrix: each revocation is seen, tied to its name" equal "$(count '.event == "revoked" and .mapping == "map0"')" $revoking
	ok 'the matrix: unbind, bind, remove, add' \
		contains "$(seen ".device == \"$NVME\" and (.event | IN(\"unbind\", \"remove\", \"add\"))")" '^unbind unbind remove add '
else
	start --for 1 --json
	wait $monitor
	ok 'without dma_buf events: says what cannot be seen' contains "$(cat "$TEST_DIR/complaints")" 'export, attach, detach, put and revoked cannot be seen'
	start --until unmap --json
	d revoke "$NVME" --by memory >/dev/null
	run wait $monitor
	ok '--until unmap: exit status 0' equal "$rc" 0
	ok 'unmap: tied to its name' equal "$(gojq -r 'select(.event == "unmap" and .mapping == "map0").event' "$events" | head -n 1)" unmap
	d recover map0 >/dev/null
fi

d revoke "$NVME" --by memory >/dev/null
start --until fault --json
d verify map0 --from "$EDU" --expect-fault >/dev/null
run wait $monitor
ok '--until fault: exit status 0' equal "$rc" 0
ok 'the fault is tied to its mapping' equal "$(gojq -r 'select(.event == "fault").mapping' "$events" | head -n 1)" map0
d recover map0 >/dev/null

start --until context-start
d --context other attach "$NVME2" >/dev/null 2>&1
d bind "$NVME2" >/dev/null
d --context other attach "$NVME2" >/dev/null
run wait $monitor
ok '--until context-start: exit status 0' equal "$rc" 0
ok 'for people: a line with the name' contains "$(cat "$events")" 'context-start +context=other'
d --context other release --all

gives 6 '--until with --for: it did not come' d monitor --until remove --for 1
ok '--until with --for: says so' contains "$err" 'monitor --until remove: it was not seen'
gives 0 '--for' d monitor --for 1
refuses 2 "option --until: 'frob': not a valid value; give one of map" d monitor --until frob
start --json
kill -KILL $monitor
wait $monitor 2>/dev/null
gives 0 'after one that was killed' d monitor --for 1
ok 'after one that was killed: no instance is left' equal "$(ls -d /sys/kernel/tracing/instances/dmabufctl.monitor-* 2>/dev/null)" ''
run setpriv --reuid=65534 --regid=65534 --clear-groups -- dmabufctl monitor --for 1
ok 'an ordinary user: exit status 4' equal "$rc" 4

# A burst: each event is printed, or counted as lost.
start --json
for ((i = 0; i < 500; i++)); do
	echo "import fb --name burst --ioas ioas0 --iova 0x40000000"
	echo 'unmap burst'
done | d --context default batch - >/dev/null
sleep 0.5
kill -INT $monitor
wait $monitor
ok 'a burst: 1,000 events are accounted for' \
	equal "$(($(count '.iova == "0x40000000" and (.event == "map" or .event == "unmap")') + $(tail -n 1 "$events" | gojq .lost)))" 1000
leave_nothing
done_testing
