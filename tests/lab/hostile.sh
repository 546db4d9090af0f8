#!/bin/bash
# Peers that are silent, stopped, dead or talk nonsense: nothing waits for ever, nothing leaks,
# and `context stop` ends every context.
# shellcheck disable=SC2016 # gojq has variables too
. "$(dirname "$0")/lib.sh"

client=$LAB_BUILD/tests/lab/client
sockets=/run/dmabufctl
holder_of() { d context --json | gojq -r --arg name "$1" '.contexts[] | select(.name == $name).holder'; }
state_of() { d context --json | gojq -r --arg name "$1" '.contexts[] | select(.name == $name).state'; }
problem_of() { d context --json | gojq -r --arg name "$1" '.contexts[] | select(.name == $name).problem'; }
is_state() { equal "$(state_of "$1")" "$2"; }
has_ended() { ! kill -0 "$1" 2>/dev/null; }
# holds COUNT - the holder has that many fds.
holds() { equal "$(find "/proc/$holder/fd" -type l | wc -l)" "$1"; }
# within SECONDS COMMAND... - run it; it must have ended by then, or it hangs.
within() {
	run timeout -k 1 "$(($1 * ${TEST_PATIENCE:-1}))" "${@:2}"
	TEST_RAN=$*
	ok "${*:2}: ends within $1 s" not equal "$rc" 124
}
# say WORD... - what the holder of context "raw" answers to these, in one line.
say() { "$client" "$sockets/raw.socket" "$@" | paste -sd ' '; }

# --- Messages that are no requests, and fds that nobody asked for.
d context start raw
holder=$(holder_of raw)
# Standard ones, and the recorder's; of clients that have just gone, none.
base=3
[ ! -d /sys/kernel/tracing/instances/dmabufctl-raw ] || base=4
await 10 holds $base
ok 'a greeting is answered with the version' equal "$(say hello 5 1)" 'OK 5'
ok 'too short a message ends the talk' equal "$(say raw 7)" GONE
ok 'no known request' equal "$(say raw 80)" GONE
ok 'too long a message' equal "$(say raw 150000)" GONE
ok 'an object that is not there' equal "$(say get 4 nope)" 'OK 2'
ok 'no name' equal "$(say put 4 '' '{}')" 'OK 22'
for words in 'hello 5 1' 'get 4 nope' 'delete 4 nope' 'list' 'bye' 'put 4 "" {}' 'put-all 4 x {}' 'delete-all 4 x'; do
	# shellcheck disable=SC2046 # words
	for _ in {1..20}; do eval "say fds 1 $words"; done >/dev/null
done
ok 'two fds with one object are refused' equal "$(say fds 2 put 4 two '{}')" GONE
ok 'so are fifty' equal "$(say fds 50 put 4 two '{}')" GONE
ok 'no fd that was sent along stays open' await 10 holds $base
ok 'an object with its fd' equal "$(say fds 1 put 4 one '{}')" 'OK 0'
ok 'that one is kept' await 10 holds $((base + 1))
ok 'another in its place' equal "$(say fds 1 put 4 one '{}')" 'OK 0'
ok 'of which there is one' await 10 holds $((base + 1))
ok 'it goes with its object' equal "$(say delete 4 one)" 'OK 0'
await 10 holds $base

# Many at once.
ok 'several objects in one message' equal "$(say put-all 5 many '{"id": 1}' get 5 many)" 'OK 0 OBJECT many'
ok 'one that has no name' equal "$(say put-all 5 '' '{}')" 'OK 22'
ok 'one that is cut off' equal "$(say cut-all 5 many '{}')" 'OK 71'
ok 'and are gone' equal "$(say delete-all 5 many get 5 many)" 'OK 0 OK 2'

# As many objects as anybody could want, in a holder with a small stack: each is found, and listed.
d context stop raw
(ulimit -s 256 && d context start raw)
many=()
for i in {1..9000}; do many+=(put 5 "o$i" "{\"id\": $i}"); done
ok 'nine thousand objects' equal "$("$client" "$sockets/raw.socket" "${many[@]}" | uniq -c | tr -s ' ')" ' 9000 OK 0'
ok 'are listed, each once, in their order' \
	equal "$(d --context raw status --json | gojq -c '[.ioases[].name] == [range(1; 9001) | "o\(.)"]')" true
ok 'one of them is found' equal "$(say get 5 o4711)" 'OBJECT o4711'
ok 'one is deleted' equal "$(say delete 5 o4711 get 5 o4711)" 'OK 0 OK 2'

# Silent clients are in nobody's way, however many they are.
mkfifo "$TEST_DIR/quiet"
for _ in {1..40}; do "$client" "$sockets/raw.socket" wait <"$TEST_DIR/quiet" & done
exec 9>"$TEST_DIR/quiet"
within 60 dmabufctl --context raw status
ok 'beside forty silent clients: status' equal "$rc" 0
is_state raw ready
ok 'beside forty silent clients: context list' is_state raw ready
exec 9>&-
wait

# --- A record that cannot be understood.
damaged() {
	local description=$1 expected=$2
	shift 2
	"$client" "$sockets/raw.socket" "$@" >/dev/null
	ok "$description: shown by context list" is_state raw damaged
	ok "$description: which object" contains "$(problem_of raw)" "$expected"
	refuses 1 "$expected.*context stop raw" d --context raw status
	within 60 dmabufctl context stop raw
	ok "$description: context stop" equal "$rc" 0
	ok "$description: nothing is left" equal "$(ls $sockets)" ''
	d context start raw
}
damaged 'an unknown kind' 'an object of the unknown kind 99' put 99 odd '{}'
damaged 'no JSON' "dmabuf 'fb' has attributes that are not a dmabuf's" put 4 fb '{'
damaged 'no attributes of its kind' "ioas 'x' has attributes" put 5 x '{"id": "seven"}'
damaged 'a BAR that there is not' "dmabuf 'fb' has attributes" put 4 fb \
	'{"device": "0000:01:00.0", "bar": 6, "ranges": [{"offset": 0, "length": 4096}], "size": 4096, "inode": 1, "made_ns": 1}'
mapping='{"dmabuf": "fb", "importer": "iommufd", "ioas": "ioas0", "iova": "0x1000", "length": 4096, "offset": 0, "prot": "rw", "made_ns": 1, "revoked_by": null}'
damaged 'a mapping of nothing' "mapping 'map0' is of dma-buf 'fb', which is not there" \
	put 5 ioas0 '{"id": 1}' put 6 map0 "$mapping"
damaged 'a mapping nowhere' "mapping 'map0' is in IOAS 'ioas0', which is not there" put 6 map0 "$mapping"
damaged 'a device attached to nothing' "'0000:01:00.0' is attached to IOAS 'gone', which is not there" \
	put 3 0000:01:00.0 '{"id": 1, "ioas": "gone", "made_ns": 1}'
damaged 'a name that is none' "mapping 'a b' has attributes|map 'a b' has attributes" put 6 'a b' "$mapping"

# --- A holder that is stopped: nothing waits for it, `context stop` ends it.
holder=$(holder_of raw)
kill -STOP "$holder"
within 60 dmabufctl context list
ok 'a stopped holder: context list says so' contains "$out" 'silent.*is stopped'
for words in '--context raw status' '--context raw export 01:00.0 2' '--context raw context start raw' \
	'--context raw batch /dev/null'; do
	# shellcheck disable=SC2086 # words
	within 60 dmabufctl $words
	ok "a stopped holder: $words: exit status 1" equal "$rc" 1
	ok "a stopped holder: $words: says so" contains "$err" "its holder \(PID $holder\) is stopped"
done
within 60 dmabufctl list
within 60 dmabufctl --context raw --complete unmap
within 60 dmabufctl monitor --for 1
dmabufctl monitor >/dev/null &
watcher=$!
# blocks_term PID - it reads its signals, and does not die of them.
blocks_term() { [ $((0x$(awk '/^SigBlk/ { print $2 }' "/proc/$1/status") & 0x4000)) -ne 0 ]; }
await 20 blocks_term "$watcher"
kill -TERM "$watcher"
await 10 has_ended "$watcher"
within 60 dmabufctl context stop raw
ok 'a stopped holder: context stop' equal "$rc" 0
ok 'a stopped holder: it has ended' has_ended "$holder"
ok 'a stopped holder: nothing is left' equal "$(ls $sockets)" ''

# One that stops in the middle of a batch: the batch ends by a signal, and at once.
mkfifo "$TEST_DIR/lines"
dmabufctl --context raw batch "$TEST_DIR/lines" 2>"$TEST_DIR/err" >"$TEST_DIR/out" &
batch=$!
exec 9>"$TEST_DIR/lines"
await 10 is_state raw busy
kill -STOP "$(holder_of raw)"
echo 'export 04:00.0 9' >&9
kill -TERM "$batch"
await 15 has_ended "$batch"
exec 9>&-
d context stop raw

# --- A holder that was killed leaves a dead context, which says what it is.
d context start raw
holder=$(holder_of raw)
kill -KILL "$holder"
await 10 has_ended "$holder"
ok 'a killed holder: the context is dead' is_state raw dead
refuses 1 'its holder was killed.*context stop raw' d --context raw status
refuses 1 'its holder was killed' d --context raw release --all
gives 0 'a killed holder: start anew' d context start raw
ok 'a killed holder: the context is new' is_state raw ready
kill -KILL "$(holder_of raw)"
await 10 is_state raw dead
gives 0 'a killed holder: context stop' d context stop raw
ok 'a killed holder: nothing is left' equal "$(ls $sockets /sys/kernel/tracing/instances)" \
	"$(printf '/run/dmabufctl:\n\n/sys/kernel/tracing/instances:')"

# --- Another version of the protocol.
ok 'another version is not missed' equal "$(d context start raw; say hello 1 0)" 'OK 5'
gives 0 'and leaves nothing to repair' d --context raw status
d context stop raw

# --- Names, of which none is mistyped without a word.
refuses 1 'there is no context of that name' d context stop typo
refuses 1 'there is no context of that name' d --context typo release --all
refuses 1 'there is no context of that name' d --context typo status
gives 0 'no default context: release --all' d release --all
gives 0 'no default context: context stop' d context stop
d context start a.socket
ok 'a context called a.socket is seen' is_state a.socket ready
gives 0 'and stopped' d context stop a.socket
(umask 777 && d context start masked)
ok 'whatever the umask: the files are their owner'\''s' \
	equal "$(stat -c %a /run/dmabufctl/masked.lock /run/dmabufctl/masked.socket | paste -sd ' ')" '600 700'
d context stop masked

# --- Closed standard files stay closed: no device, lock or socket takes their numbers.
d bind "$NVME" >/dev/null
d export "$NVME" 2 --name fb >/dev/null
for closed in '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
	eval "dmabufctl -vv exec fb -- bash -c 'readlink /proc/\$\$/fd/{0,1,2,3} >$TEST_DIR/files; true' </dev/zero >/dev/zero 2>/dev/zero $closed"
	expected=$(for fd in 0 1 2; do
		case $fd:$closed in
		0:*'<'* | 1:'>&-'* | 1:*' >&-'* | 2:*'2>'*) echo /dev/null ;;
		*) echo /dev/zero ;;
		esac
	done)
	ok "exec with $closed: null instead, and the dma-buf is fd 3" \
		equal "$(cat "$TEST_DIR/files")" "$expected
/dmabuf:fb"
done
run bash -c 'dmabufctl status >&-'
ok 'closed standard output is an error' contains "$rc $err" '^1 .*standard output: Bad file descriptor'
d release --all
d unbind "$NVME" >/dev/null

# --- A holder that cannot be run is called that.
cp "$(command -v dmabufctl)" "$TEST_DIR/dmabufctl"
[ ! -e "$(dirname "$(command -v dmabufctl)")/.libs" ] || cp -r "$(dirname "$(command -v dmabufctl)")/.libs" "$TEST_DIR"
printf 'no program' >"$TEST_DIR/dmabufctl-holder"
refuses 1 "cannot run its holder $TEST_DIR/dmabufctl-holder: Permission denied; install it there, beside dmabufctl$" "$TEST_DIR/dmabufctl" context start raw
chmod +x "$TEST_DIR/dmabufctl-holder"
refuses 1 "cannot run its holder $TEST_DIR/dmabufctl-holder: Exec format error" "$TEST_DIR/dmabufctl" context start raw
cp /bin/true "$TEST_DIR/dmabufctl-holder"
refuses 1 'it ended at once' "$TEST_DIR/dmabufctl" context start raw
d context stop 2>/dev/null
ok "nothing is left" equal "$(ls $sockets)" ''

# --- A lock: how long to wait, and for whom.
dmabufctl --context raw batch "$TEST_DIR/lines" &
batch=$!
exec 9>"$TEST_DIR/lines"
await 10 is_state raw busy
refuses 1 "PID $batch \(.*batch.*\) has it" d --context raw --no-wait status
refuses 1 "PID $batch \(.*batch.*\) has it" d --context raw --wait 0.2 status
refuses 2 'it does not go with --wait' d --no-wait --wait 1 status
dmabufctl --context raw status >/dev/null 2>"$TEST_DIR/waiting" 9>&- &
waiting=$!
await 10 grep -q "waiting for another command to end: PID $batch (.*batch" "$TEST_DIR/waiting"
kill -TERM $waiting
await 10 has_ended $waiting
dmabufctl --context raw status >/dev/null 2>"$TEST_DIR/waiting" 9>&- &
waiting=$!
await 10 grep -q 'waiting for another command' "$TEST_DIR/waiting"
exec 9>&-
await 10 has_ended $batch
run wait $waiting
ok 'the context ended meanwhile: exit status 1' equal "$rc" 1
ok 'the context ended meanwhile: says so' contains "$(cat "$TEST_DIR/waiting")" 'there is no context of that name'
ok 'the context ended meanwhile: nothing is left' equal "$(ls $sockets)" ''

# --- adopt --receive-from: the context is free meanwhile, and the socket goes with the wait.
# receive - waits at "$TEST_DIR/door"; it listens there once the kernel says so (00010000 is
# __SO_ACCEPTCON), which a socket left behind does not.
receive() {
	dmabufctl --context raw adopt --receive-from "$TEST_DIR/door" >/dev/null 2>"$TEST_DIR/said" &
	receiver=$!
	await 10 grep -q " 00010000 .* $TEST_DIR/door$" /proc/net/unix
}
for signal in INT TERM HUP; do
	# A background command ignores SIGINT in a script: setsid and env give it back.
	receive
	within 60 dmabufctl context list
	kill -$signal $receiver
	[ $signal = INT ] && kill -TERM $receiver
	await 10 has_ended $receiver
	ok "adopt ended by $signal: no socket is left" not test -e "$TEST_DIR/door"
done
receive
kill -KILL $receiver
await 10 has_ended $receiver
ok 'killed: its socket is left' test -S "$TEST_DIR/door"
receive
ok 'and replaced by the next' not has_ended $receiver
refuses 1 "somebody waits at the socket's path already, .*; give another path, or see to it that this one is free\$" d --context raw2 adopt --receive-from "$TEST_DIR/door"
ok 'the first one goes on waiting' not has_ended $receiver
perl -MSocket -e 'socket(my $s, AF_UNIX, SOCK_STREAM, 0); connect($s, pack_sockaddr_un($ARGV[0])) or die; send($s, "x", 0)' "$TEST_DIR/door"
run wait $receiver
ok 'a sender without an fd: exit status' equal "$rc" 1
ok 'a sender without an fd: says so' contains "$(cat "$TEST_DIR/said")" 'the sender passed no file descriptor'
fails 1 'nobody sent anything in time' d --context raw --wait 0.2 adopt --receive-from "$TEST_DIR/door"
refuses 2 'option --receive-from: it is empty' d adopt --receive-from ''
refuses 2 'option --send-to: it is empty' d export 01:00.0 2 --send-to ''
tail -f /dev/null </dev/null &
fixture=$!
refuses 1 "the file is not a dma-buf: fd 0 of PID $fixture" d adopt --pid $fixture --fd 0
kill $fixture

leave_nothing
done_testing
