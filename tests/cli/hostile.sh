#!/bin/bash
# Arguments that want to break something: JSON stays valid UTF-8 and one object a command, and no
# byte reaches a terminal that could drive it. And a file system that lets everybody wait.
. "$(dirname "$0")/../lib.sh"

export XDG_RUNTIME_DIR=$TEST_DIR/runtime
mkdir -m 700 "$XDG_RUNTIME_DIR"
cd "$TEST_DIR" || exit 1

# A process has a file open on a file system that never answers: FUSE, which nobody serves.
if [ "$(id -u)" -eq 0 ] && [ "$(uname -m)" = x86_64 ] && [ -c /dev/fuse ] && command -v perl >/dev/null; then
	# 165 is mount(), 2 open(), 010000000 O_PATH: perl's own open would ask the file system.
	# shellcheck disable=SC2016 # perl's variables
	unshare --mount perl -e '$| = 1;
		my ($none, $place, $type) = ("none", "/tmp", "fuse");
		open(F, "+<", "/dev/fuse") &&
			!syscall(165, $none, $place, $type, 0, sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fileno F)) &&
			syscall(2, $place, 010000000) >= 0 and print "ready\n" and sleep 1000;
		print "not allowed\n"' >silent 2>/dev/null &
	silent=$!
	await 30 test -s silent
fi
if grep -q ready silent 2>/dev/null; then
	gives 0 'a file system that never answers: list' timeout 60 dmabufctl list
	kill "$silent"
else
	skip 'a file system that never answers' 'not allowed here'
fi

hostile=(
	$'\xff' $'\e]0;title\a' $'a\nb' $'\xed\xa0\x80' $'\xc0\xaf' $'\xf4\x90\x80\x80' $'\xe2\x82'
	$'\xc3\xa9' $'\x7f' \\ '"' "$(printf '\xff%.0s' {1..1000})" '%s%n' ''
)

# valid FILE COUNT - so many lines, each a JSON object in UTF-8.
valid() {
	iconv -f UTF-8 -t UTF-8 "$1" >valid 2>&1 || return 1
	[ "$(wc -l <"$1")" -eq "$2" ] && [ "$(gojq -c 'select(type == "object")' <"$1" | wc -l)" -eq "$2" ]
}

# harmless FILE - printable ASCII, line by line.
harmless() { ! LC_ALL=C grep -q '[^ -~]' "$1"; }

# attempt ARGUMENT... - for people and as JSON.
attempt() {
	timeout 60 dmabufctl "$@" >>people 2>&1
	timeout 60 dmabufctl --json "$@" >>json 2>>stray
	count=$((count + 1))
}

# judged DESCRIPTION
judged() {
	ok "$1: valid JSON, one object for each of $count" valid json "$count"
	ok "$1: JSON alone" equal "$(head -n 5 stray)" ''
	ok "$1: nothing but printable characters for people" harmless people
	truncate -s 0 people json stray
	count=0
}

count=0
truncate -s 0 people json stray
for text in "${hostile[@]}"; do
	attempt "$text"
	attempt "--$text="
	attempt "-$text!"
	attempt --context "$text" status
done
judged 'global options'

all=$(printf '%s' "${hostile[@]}")
for command in $(dmabufctl --list-commands); do
	for text in "${hostile[@]}"; do
		attempt "$command" "$text"
	done
	attempt "$command" "$all" "$all"
	attempt "$command" "--$all" x
	# It would wait for somebody to send.
	for option in $(dmabufctl "$command" --list-options | grep -v receive-from); do
		attempt "$command" "$option" "$all" "$all" -- "$all"
		attempt "$command" "$option" '' '' -- ''
	done
	judged "$command"
done

name=$'lines\e]0;x\a\xff'
printf '%s\n' $'status \xff' $'\e[31m' $'release "\xc3' >"$name"
attempt batch --keep-going "$name"
count=3
judged 'lines of a batch'

run dmabufctl $'\xff\e]0;x\a\\'
ok 'what is escaped can be told from what looks so' equal "$err" \
	"dmabufctl: unknown command '\\xff\\x1b]0;x\\x07\\x5c'; --help lists them"
long=$(printf 'x%.0s' {1..5000})
ok 'a long text is not cut, in JSON' equal "$(dmabufctl --json "$long" | gojq -r .error.what)" \
	"unknown command '$long'"
ok 'nor for people' contains "$(dmabufctl "$long" 2>&1)" "'$long'"
done_testing
