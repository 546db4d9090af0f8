# A monitor beside the test, and what it printed; after lib.sh.
# shellcheck shell=bash disable=SC2154,SC2086 # lib.sh sets rc; PIDs
events=$TEST_DIR/events
complaints=$TEST_DIR/complaints
instances=/sys/kernel/tracing/instances
# start ARGUMENT... - a monitor that is watching when this returns.
start() {
	: >"$events"
	dmabufctl monitor "$@" >"$events" 2>"$complaints" &
	monitor=$!
	await 60 grep -qE '"event":"begin"|^ *[0-9.]+ begin ' "$events"
}
# ends [SIGNAL] - what the monitor left with, in $rc, once the signal has ended it.
ends() {
	[ -z "${1-}" ] || kill -"$1" $monitor
	run wait $monitor
	keep "$events"
}
seen() { gojq -r "select($1) | .event" "$events" | tr '\n' ' '; }
count() { gojq -s "[.[] | select($1)] | length" "$events"; }
last() { tail -n 1 "$events" | gojq -r "$1"; }
instance() { echo "$instances"/dmabufctl.monitor-*; }
nothing_left() {
	ok "$1: no instance is left" equal "$(instance)" "$instances/dmabufctl.monitor-*"
	ok "$1: no probe is left" equal "$(grep dmabufctl /sys/kernel/tracing/kprobe_events)" ''
}
