#!/bin/bash
# Batches without devices: which lines are run, in which context, and what is refused.
. "$(dirname "$0")/../lib.sh"

export XDG_RUNTIME_DIR=$TEST_DIR/runtime
mkdir -m 700 "$XDG_RUNTIME_DIR"
cd "$TEST_DIR" || exit 1
d() { dmabufctl "$@"; }

# names - the context of each result.
names() { gojq -r .context; }

# A line works in the batch's context, or not at all.
printf 'release --all --context test\n' >elsewhere
refuses 2 "^dmabufctl: elsewhere:1: option --context: 'test': all lines .*; give it to batch itself$" \
	d --context prod batch elsewhere
refuses 2 "elsewhere:1: option --context: 'test'" d batch elsewhere
printf 'status --context prod\n' >same
ok 'the same context may be named again' equal "$(d --context prod --json batch same | names)" prod
echo status >plain
ok 'JSON names the context of the batch' equal "$(d --context prod --json batch plain | names)" prod
ok 'a batch of its own has no context' equal "$(d --json batch plain | names)" null
printf 'release nothing\n' >nothing
refuses 1 '^dmabufctl: nothing:1: object nothing: ENOENT: the batch has no object of that name; ' d batch nothing

coproc BATCH { exec dmabufctl --json batch -; }
batch=$BATCH_PID
echo status >&"${BATCH[1]}"
read -r -t 60 answer <&"${BATCH[0]}"
ok 'a line is answered before the next is written' equal "$(gojq -r .command <<<"$answer")" status
kill "$batch"
await_end 60 "$batch"

printf 'status\0 --bogus\n' >nul
refuses 2 '^dmabufctl: nul:1: batch: the line has a NUL byte; is it a file of commands\?$' d batch nul
printf 'status\0\nstatus "\nstatus\\\nstatus\n' >several
run d --json batch --keep-going several
ok 'each line that is none is said, and the rest run: exit status' equal "$rc" 2
ok 'each line that is none is said, and the rest run' \
	equal "$(gojq -c '[.command, .error.place, .error.why]' <<<"$out")" \
	'["batch","several:1","the line has a NUL byte"]
["batch","several:2","a quote is not closed, or a backslash ends the line"]
["batch","several:3","a quote is not closed, or a backslash ends the line"]
["status",null,null]'

limit='the line is longer than 65536 bytes; is it a file of commands\?$'
for endless in /dev/zero /dev/full; do
	refuses 2 "^dmabufctl: $endless:1: batch: $limit" timeout 60 dmabufctl batch --keep-going "$endless"
done
refuses 1 '^dmabufctl: /:1: batch: EISDIR: Is a directory$' d batch /
refuses 1 '^dmabufctl: batch missing: ENOENT: ' d batch missing

# More words than any limit that is not the line's.
printf 'release%s\n' "$(printf ' x%.0s' {1..5000})" >many
refuses 1 'x: ENOENT' d batch many
printf '# nothing\n\n   \t\r\nstatus' >last
ok 'a last line without a newline is run' equal "$(d --json batch last | gojq -r .command)" status
run d --json batch same
ok 'what fails in JSON has its place' equal "$rc $(gojq -r .error.place <<<"$out")" '2 same:1'
printf 'help help\nstatus\nbatch x\nstatus\n' >stops
run d --json batch stops
ok 'a batch stops at the first failure: exit status' equal "$rc" 2
ok 'a batch stops at the first failure' \
	equal "$(tail -n 1 <<<"$out" | gojq -c '[.command, .error.what, .error.place]')" \
	'["batch","misplaced command '"'batch'"'","stops:3"]'
ok 'a line may ask for help' contains "$out" '^usage: dmabufctl help'

# What is refused is closed: a batch of many has no more files open than one of few.
for i in {1..200}; do echo "adopt --pid $$ --fd 0 --name a$i"; done >adopts
run bash -c 'ulimit -n 64 && dmabufctl --json batch --keep-going adopts </dev/null'
errors=$(gojq -r .error.errno <<<"$out" | sort | uniq -c | sed 's/^ *//')
if [ "$errors" = '200 EPERM' ]; then
	skip 'what is refused is closed' "no process may take another's files here"
else
	ok 'what is refused is closed' equal "$errors" '200 EINVAL'
fi
done_testing
