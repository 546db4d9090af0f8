#!/bin/bash
# A context and its holder, which need no device: how many files it keeps, and where it may be.
. "$(dirname "$0")/../lib.sh"

export XDG_RUNTIME_DIR=$TEST_DIR/runtime
mkdir -m 700 "$XDG_RUNTIME_DIR"
client=$(dirname "$(command -v dmabufctl)")/tests/lab/client
directory=$XDG_RUNTIME_DIR/dmabufctl
user=() limited=()
if [ "$(id -u)" -eq 0 ]; then
	directory=/run/dmabufctl
	user=(setpriv --reuid=65534 --regid=65534 --clear-groups --)
	limited=(setpriv '--bounding-set=-sys_resource' --)
	chmod 711 "$TEST_DIR"
fi
# Others may have contexts here.
mine=holder-$$
d() { dmabufctl "$@"; }
say() { "$client" "$directory/$mine.socket" "$@" | uniq -c | sed 's/^ *//' | paste -sd ' '; }
holder() { d context --json | gojq ".contexts[] | select(.name == \"$mine\").holder"; }
held() { find "/proc/$(holder)/fd" -type l | wc -l; }
holds() { [ "$(held)" -eq "$1" ]; }

# When its numbers of fds are used up an object is refused, and all else goes on.
(ulimit -n 100 && "${limited[@]}" dmabufctl context start $mine)
base=$(held)
room=$((100 - 48 - base)) # see RESERVED_FDS
puts=()
for ((i = 0; i < room + 5; i++)); do puts+=(fds 1 put 4 "o$i" '{}'); done
# The client's own takes the next number.
ok 'as many as there is room for are kept, and no more' equal "$(say "${puts[@]}")" "$((room - 1)) OK 0 6 OK 24"
ok 'those are the files that it has' await 10 holds $((base + room - 1))
ok 'what is there is found, and the next client heard' equal "$(say get 4 o0 get 4 "o$room")" '1 OBJECT o0 1 OK 2'
ok 'what is refused says so each time' equal "$(say fds 1 put 4 more '{}' fds 1 put 4 more '{}')" '2 OK 24'
ok 'what has no file is kept' equal "$(say put 5 ioas0 '{"id": 1}')" '1 OK 0'
ok 'where one was deleted there is room' equal "$(say delete 4 o3 fds 1 put 4 more '{}' fds 1 put 4 another '{}')" '2 OK 0 1 OK 24'
gives 0 'it is stopped' d context stop $mine
ok 'and gone' equal "$(find "$directory" -name "$mine*")" ''

# Where a context may be: in a directory that is named from the root on, and its user's alone.
away='there is no directory for its socket that is this user.s alone; set XDG_RUNTIME_DIR to an absolute path'
cd "$TEST_DIR" || exit 1
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
