#!/bin/bash
# Completion in an interactive bash at a terminal: what is there is offered, nothing waits, and nothing changes.
# lab:
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/kernel.sh"

top=$(cd "$(dirname "$0")/../.." && pwd)
export TYPING_PROMPT='ready: '
cat >"$TEST_DIR/rc" <<END
. '$top/bash-completion/dmabufctl'
PS1='$TYPING_PROMPT'
bind 'set enable-bracketed-paste off'
bind 'set bell-style none'
bind 'set show-all-if-ambiguous on'
bind 'set page-completions off'
bind 'set completion-query-items 0'
bind 'set completion-display-width 1'
END

# types LINE... - each at one shell, with the tab key behind it; what was shown goes to $TEST_DIR/shown.
types() {
	printf '%s\\t\n' "$@" | timeout 300 "$top/tests/typing" "$TEST_DIR/rc" >"$TEST_DIR/shown" 2>"$TEST_DIR/typing.err"
	ok "the shell has answered each of $# lines" equal "$? $(cat "$TEST_DIR/typing.err")" '0 '
}
# shown LINE - what was shown for it, beneath it, in one line.
shown() {
	awk -v line="> $1\\\\t" '$0 == line { taken = 1; next } /^> / { taken = 0 } taken' "$TEST_DIR/shown" |
		sed -n '2,$p' | grep -v "^dmabufctl " | sort | tr '\n' ' ' | sed 's/ *$//; s/^ *//'
}
# offered LINE WANTED - several are listed.
offered() { ok "$1<TAB>" equal "$(shown "$1")" "$2"; }
# completed LINE WANTED - one becomes part of the line.
# Where it does, the line may be drawn anew behind the tab.
completed() { ok "$1<TAB> becomes $2" equal "$(awk -v line="> $1\\\\t" '$0 == line { getline; print; exit }' "$TEST_DIR/shown" | sed 's/.*\t//; s/ *$//')" "$2"; }

# everything - of which nothing may change.
everything() {
	find /run/dmabufctl -printf '%p %i %T@ %s\n' | sort
	ls /sys/kernel/tracing/instances
	cat /sys/kernel/tracing/kprobe_events
	for device in /sys/bus/pci/devices/*; do
		echo "$device $(readlink "$device/driver") $(cat "$device/driver_override" "$device/enable" "$device/power/runtime_status" | tr '\n' ' ')"
	done
	for process in $(processes dmabufctl-holder); do
		find "/proc/$process/fd" -type l -printf '%f %l\n'
	done
}

d bind "$NVME" "$EDU" "$RAM" >/dev/null
d export "$NVME" 2 --name picture >/dev/null
d export "$NVME" 2 --range 0:64K --name part >/dev/null
d attach "$EDU" space >/dev/null
d import picture --name window >/dev/null
d --context second export "$RAM" 2 --name plain >/dev/null
devices=$(ls /sys/bus/pci/devices)
everything >"$TEST_DIR/before"

types 'dmabufctl bind ' 'dmabufctl bind 0000:0b' 'dmabufctl bind 0b' 'dmabufctl export 01:00.0 ' 'dmabufctl export 00:03.0 ' \
	'dmabufctl export 00:04.0 ' 'dmabufctl import p' 'dmabufctl import pic' 'dmabufctl unmap ' 'dmabufctl attach 00:03.0 ' \
	'dmabufctl recover ' 'dmabufctl --context ' 'dmabufctl --context second import ' \
	'dmabufctl revoke 01:00.0 --by ' 'dmabufctl revoke 00:04.0 --by ' 'dmabufctl revoke 00:04.0 --by=re' 'dmabufctl revoke 01:00.0 --by flr,ho' \
	'dmabufctl verify window --from 0000:00:03'
offered 'dmabufctl bind ' "$(tr '\n' ' ' <<<"$devices" | sed 's/ $//')"
completed 'dmabufctl bind 0000:0b' 'dmabufctl bind 0000:0b:00.0'
completed 'dmabufctl bind 0b' 'dmabufctl bind 0b:00.0'
offered 'dmabufctl export 01:00.0 ' '0 2'
completed 'dmabufctl export 00:03.0 ' 'dmabufctl export 00:03.0 0'
offered 'dmabufctl export 00:04.0 ' '0 2'
offered 'dmabufctl import p' 'part picture'
completed 'dmabufctl import pic' 'dmabufctl import picture'
completed 'dmabufctl unmap ' 'dmabufctl unmap window'
completed 'dmabufctl attach 00:03.0 ' 'dmabufctl attach 00:03.0 space'
offered 'dmabufctl recover ' 'part picture window'
offered 'dmabufctl --context ' 'default second'
completed 'dmabufctl --context second import ' 'dmabufctl --context second import plain'
offered 'dmabufctl revoke 01:00.0 --by ' 'all close d3hot flr hot-reset low-power memory remove reset sysfs-reset unbind'
offered 'dmabufctl revoke 00:04.0 --by ' 'all close d3hot low-power memory remove unbind'
completed 'dmabufctl revoke 00:04.0 --by=re' 'dmabufctl revoke 00:04.0 --by=remove'
completed 'dmabufctl revoke 01:00.0 --by flr,ho' 'dmabufctl revoke 01:00.0 --by flr,hot-reset'
completed 'dmabufctl verify window --from 0000:00:03' 'dmabufctl verify window --from 0000:00:03.0'
ok 'nothing has changed' equal "$(everything | diff "$TEST_DIR/before" -)" ''

# A command has the context for as long as descriptor 7 is open: whoever only looks needs no lock.
exec 7>>/run/dmabufctl/default.lock
flock 7
types 'dmabufctl import p' 'dmabufctl bind 0b' 'dmabufctl --context second import '
offered 'dmabufctl import p' 'part picture'
completed 'dmabufctl bind 0b' 'dmabufctl bind 0b:00.0'
completed 'dmabufctl --context second import ' 'dmabufctl --context second import plain'
ok 'while a command has the context: nothing has changed' equal "$(everything | diff "$TEST_DIR/before" -)" ''
exec 7>&-

# Nor for a holder that does not answer.
kill -STOP "$(holder second)"
types 'dmabufctl --context second import ' 'dmabufctl import pic'
offered 'dmabufctl --context second import ' ''
completed 'dmabufctl import pic' 'dmabufctl import picture'
kill -CONT "$(holder second)"
ok 'while a holder does not answer: nothing has changed' equal "$(everything | diff "$TEST_DIR/before" -)" ''
d --context second release --all >/dev/null
leave_nothing
done_testing
