#!/bin/bash
# A context and its holder, which need no device: how many files it keeps, and where it may be.
. "$(dirname "$0")/../lib.sh"

export XDG_RUNTIME_DIR=$TEST_DIR/runtime
mkdir -m 700 "$XDG_RUNTIME_DIR"
client=$(dirname "$(command -v dmabufctl)")/tests/lab/client
directory=$XDG_RUNTIME_DIR/dmabufctl
cd "$TEST_DIR" || exit 1
user=() limited=()
if [ "$(id -u)" -eq 0 ]; then
	directory=/run/dmabufctl
	user=(setpriv --reuid=65534 --regid=65534 --clear-groups --)
	limited=(setpriv '--bounding-set=-sys_resource' --)
	chmod 711 "$TEST_DIR"
fi
# Others may have contexts here.
mine=holder-$$
d() { timeout 60 dmabufctl "$@"; }
say() { "$client" "$directory/$mine.socket" "$@" | uniq -c | sed 's/^ *//' | paste -sd ' '; }
holder() { d context --json | gojq ".contexts[] | select(.name == \"$mine\").holder"; }
# held - its files, without those of clients that come and go.
held() { find "/proc/$(holder)/fd" -type l -not -lname 'socket:*' | wc -l; }
holds() { [ "$(held)" -eq "$1" ]; }

# When its numbers of fds are used up an object is refused, and all else goes on.
(ulimit -n 100 && "${limited[@]}" dmabufctl context start $mine)
base=$(held)
# Its own socket, and the client's; see RESERVED_FDS.
room=$((100 - 48 - base - 2))
puts=()
for ((i = 0; i < room + 5; i++)); do puts+=(fds 1 put 4 "o$i" '{}'); done
ok 'as many as there is room for are kept, and no more' equal "$(say "${puts[@]}")" "$room OK 0 5 OK 24"
ok 'those are the files that it has' await 10 holds $((base + room))
ok 'what is there is found, and the next client heard' equal "$(say get 4 o0 get 4 "o$room")" '1 OBJECT o0 1 OK 2'
ok 'what is refused says so each time' equal "$(say fds 1 put 4 more '{}' fds 1 put 4 more '{}')" '2 OK 24'
ok 'what has no file is kept' equal "$(say put 5 ioas0 '{"id": 1}')" '1 OK 0'
ok 'where one was deleted there is room' equal "$(say delete 4 o3 fds 1 put 4 more '{}' fds 1 put 4 another '{}')" '2 OK 0 1 OK 24'
gives 0 'it is stopped' d context stop $mine
ok 'and gone' equal "$(find "$directory" -name "$mine*")" ''

# Of damaged ones that are looked at, nothing is kept open: there may be more of them than fds.
for ((i = 0; i < 20; i++)); do
	d context start "$mine-$i"
	"$client" "$directory/$mine-$i.socket" put 99 odd '{}' >/dev/null
done
damaged() { gojq "[.contexts[] | select((.name | startswith(\"$mine-\")) and .state == \"damaged\")] | length"; }
ok 'damaged contexts, more than fds: each is looked at' \
	equal "$(ulimit -n 16 && "${limited[@]}" dmabufctl context --json | damaged)" 20
for ((i = 0; i < 20; i++)); do d context stop "$mine-$i"; done

# What `context` shows of it, in each state; by either way of naming it.
row() { d context --json | gojq -c ".contexts[] | select(.name == \"$mine\") | del(.holder)"; }
is_state() { [ "$(row | gojq -r .state)" = "$1" ]; }
gives 0 'start, by --context' d --context $mine context start
ok 'ready' equal "$(row)" '{"busy":false,"name":"'$mine'","objects":0,"problem":null,"state":"ready"}'
ok '--no-header: the row alone' equal "$(d context --no-header | grep "^$mine ")" "$(d context --no-header | head -n 1)"
run d --context $mine -v status
ok '-v: no system call is shown' equal "$err" ''
run d --context $mine -vv status
ok '-vv: each one is' contains "$err" '^sendmsg\([0-9]+, HOLDER_HELLO\) = [0-9]+$'
gives 0 'start once more: it stays' d context start $mine
say put 5 ioas0 '{"id": 1}' put 5 ioas1 '{"id": 2}' >/dev/null
ok 'with objects' equal "$(row | gojq -c '[.state, .objects]')" '["ready",2]'
mkfifo lines
dmabufctl --context $mine batch lines >/dev/null &
batch=$!
exec 9<>lines # which waits for nobody
await 10 is_state busy
ok 'busy' equal "$(row)" '{"busy":true,"name":"'$mine'","objects":2,"problem":null,"state":"busy"}'
refuses 1 "^dmabufctl: context $mine: EAGAIN: PID $batch \\(.*batch lines\\) has it" d --context $mine --no-wait status
refuses 1 "PID $batch \\(.*\\) has it; try again when that is done; --wait SECONDS says how long to wait" d --context $mine --wait 0.1 status
refuses 2 'option --no-wait: it does not go with --wait' d --context $mine --no-wait --wait 1 status
kill -STOP $batch
stopped="PID $batch \\(.*\\) has it, and is stopped; 'kill -CONT $batch' lets it go on, 'kill -KILL $batch' ends it"
refuses 1 "$stopped" d --no-wait context stop $mine
refuses 1 "$stopped" d --wait 1.2 context stop $mine
dmabufctl context stop $mine 2>stopping 9>&- &
stopping=$!
await 10 grep -q "to end: PID $batch (.*), which is stopped: 'kill -CONT $batch' lets it go on" stopping
kill $stopping
await_end 10 $stopping
kill -CONT $batch
dmabufctl --context $mine --wait 1000 status --json >late 2>waiting 9>&- &
late=$!
await 10 grep -q "waiting for another command to end: PID $batch" waiting
exec 9>&-
await_end 10 $batch
run wait $late
ok '--wait: it goes on once the other has ended' equal "$rc $(gojq -c '[.ioases[].name]' late)" '0 ["ioas0","ioas1"]'
say delete 5 ioas0 delete 5 ioas1 >/dev/null
gives 0 'empty again, and looked at: it stays' d --context $mine status
killed=$(holder)
kill -KILL "$killed"
await 10 not kill -0 "$killed"
ok 'dead' equal "$(row)" '{"busy":false,"name":"'$mine'","objects":null,"problem":"its holder was killed","state":"dead"}'
gives 0 'stop, by --context' d --context $mine context stop
ok 'gone' equal "$(row)" ''
refuses 1 "^dmabufctl: context $mine: ENOENT: there is no context of that name; 'dmabufctl context list' lists them$" d context stop $mine
refuses 1 'there is no context of that name' d --context $mine context stop
gives 0 'nothing was named: nothing to stop' d context stop

# Where a context may be: in a directory that is named from the root on, and its user's alone.
away='there is no directory for its socket that is this user.s alone; set XDG_RUNTIME_DIR to an absolute path'
before=$(find . -name dmabufctl)
for place in runtime '' ./runtime; do
	refuses 1 "^dmabufctl: context $mine: $away" "${user[@]}" env XDG_RUNTIME_DIR="$place" dmabufctl context start $mine
done
refuses 1 "$away" "${user[@]}" env -u XDG_RUNTIME_DIR dmabufctl context start $mine
refuses 1 "$away" "${user[@]}" env XDG_RUNTIME_DIR="$TEST_DIR/nowhere" dmabufctl context start $mine
ok 'none of them made anything' equal "$(find . -name dmabufctl)" "$before"
if [ "$(id -u)" -eq 0 ] && unshare --mount true 2>/dev/null; then
	# read_only COMMAND... - where the directory of all contexts cannot be written.
	# shellcheck disable=SC2016 # for the inner shell
	read_only() { unshare --mount sh -c 'mount -t tmpfs tmpfs /run && mount -o remount,ro /run && exec "$@"' sh "$@"; }
	refuses 1 "^dmabufctl: context $mine: EROFS: cannot write in $directory: Read-only file system$" \
		read_only dmabufctl context start $mine
	run read_only dmabufctl --json context start $mine
	ok 'in JSON: its name, and the path' equal "$(gojq -r '.error.errno + " " + .error.why' <<<"$out")" \
		"EROFS cannot write in $directory: Read-only file system"
else
	skip 'a directory that cannot be written' 'only root can make one here'
fi
for mode in 750 705 710; do
	d context start $mine
	chmod $mode "$directory"
	refuses 1 "^dmabufctl: context $mine: $away" d --context $mine status
	chmod 700 "$directory"
	gives 0 "mode $mode, and 700 again" d context stop $mine
done
done_testing
