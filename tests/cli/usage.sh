#!/bin/bash
# The command line's contract, on any machine: usage, exit statuses, JSON, a full disk.
. "$(dirname "$0")/../lib.sh"

export XDG_RUNTIME_DIR=$TEST_DIR/runtime
mkdir -m 700 "$XDG_RUNTIME_DIR"
d() { dmabufctl "$@"; }

gives 0 '--help' d --help
ok '--help lists every command' equal "$(d --list-commands | while read -r c; do
	grep -qE "^  $c " <<<"$out" || echo "$c"; done)" ''
ok '--help says what the exit statuses mean' contains "$out" 'Exit status: 0 done'
gives 0 '--version' d --version
ok '--version' contains "$out" '^dmabufctl [0-9]+\.[0-9]+'
ok 'NEWS.md begins with this version' equal "$(head -n 1 "$(dirname "$0")/../../NEWS.md")" "# $(head -n 1 <<<"$out")"
refuses 2 'no command' d
refuses 2 "unknown command 'frobnicate'" d frobnicate
refuses 2 "unknown option '--frob'" d --frob status
refuses 2 "unknown option '-x'" d status -x
refuses 2 "unknown option '--frob'" d status --frob -- --json
refuses 2 'it takes no value' d status --json=yes
refuses 2 'its value CONTEXT is missing' d status --context
refuses 2 "too many arguments, from 'now' on; usage: dmabufctl status$" d status now
refuses 2 "too many arguments, from 'b' on; usage: dmabufctl context" d context stop a b
refuses 2 '^dmabufctl: export: BDF is missing; give BDF BAR, or --udmabuf SIZE, or --heap HEAP SIZE$' d export
refuses 2 '^dmabufctl: export: BAR is missing; give BDF BAR, ' d export 01:00.0
refuses 2 '^dmabufctl: export: SIZE is missing; ' d export --heap system
refuses 2 '^dmabufctl: export: memory has no BDF and no BAR; ' d export --udmabuf 4K 01:00.0
refuses 2 '^dmabufctl: export: memory has no BDF and no BAR; ' d export --heap system 4K 2
refuses 2 '^dmabufctl: export: --range is for a BAR; ' d export --udmabuf 4K --range 0:4K
refuses 2 '^dmabufctl: export: --udmabuf and --heap are two dma-bufs; ' d export --udmabuf 4K --heap system 4K
refuses 2 '^dmabufctl: export: --heap wants the name of a file in /dev/dma_heap; ' d export --heap ../null 4K
refuses 2 "^dmabufctl: SIZE 'x'; give bytes, " d export --heap system x
refuses 2 '^dmabufctl: unmap: MAPPING is missing; name mappings, or give --all$' d unmap
refuses 2 '^dmabufctl: attach: BDF is missing; usage: dmabufctl attach BDF \[IOAS\]$' d attach
refuses 2 '^dmabufctl: verify: MAPPING is missing; usage: dmabufctl verify MAPPING --from BDF$' d verify
refuses 2 '^dmabufctl: exec: DMABUF is missing; ' d exec
ways='usage: dmabufctl topology BDF BDF \| --pid PID$'
refuses 2 "^dmabufctl: topology: it wants two devices, or --pid; $ways" d topology
refuses 2 "^dmabufctl: topology: it wants two devices, or --pid; $ways" d topology 01:00.0
refuses 2 "^dmabufctl: topology: --pid takes no devices; $ways" d topology --pid 1 01:00.0 02:00.0
refuses 2 "unknown command 'lsit'; did you mean 'list'\? --help lists them$" d lsit
refuses 2 "unknown command 'lsit'; did you mean 'list'\?" d help lsit
refuses 2 "unknown option '--josn'; did you mean '--json'\?" d status --josn
refuses 2 "unknown option '--pdi=3'; did you mean '--pid'\?" d list --pdi=3
refuses 2 "context '../x': not a name" d --context ../x status
refuses 2 "context 'a/b'" d --context a/b export 01:00.0 2
refuses 2 "^dmabufctl: context '1': not a name: a letter, then letters, digits, '_', '-', '.', at most 63$" d --context 1 status
refuses 2 '^dmabufctl: context frob; give list, start \[CONTEXT\] or stop \[CONTEXT\]$' d context frob
longest=$(printf 'x%.0s' {1..63})
refuses 1 "context $longest: ENOENT" d context stop "$longest"
refuses 2 "context '${longest}x': not a name" d context stop "${longest}x"

bounds="give a whole number from 1 to 2147483647$"
for number in 0 -1 x 4K 4294967297 99999999999999999999; do
	refuses 2 "^dmabufctl: option --pid: '$number': .*; $bounds" d list --pid "$number"
	refuses 2 "^dmabufctl: option --pid: '$number': .*; $bounds" d adopt --fd 1 --pid "$number"
done
refuses 2 "option --fd: '2147483648': .*; give a whole number from 0 to" d adopt --pid 1 --fd 2147483648
for seconds in 18446744074 1000000001 -1 1h ''; do
	refuses 2 "option --for: '$seconds': .*; give seconds from 0 to 1000000000" d monitor --for "$seconds"
done
columns='of INODE, SIZE, '
refuses 2 "option --sort: 'INODE,SIZE': not a valid value; give one $columns" d list --sort INODE,SIZE
refuses 2 "option --sort: '': not a valid value; give one $columns" d list --sort ''
for choice in '' ',' 'INODE,' ',INODE' 'INODE,,SIZE'; do
	refuses 2 "option --output: '$choice': '' is not a valid value; give some $columns" d list -o "$choice"
done
refuses 2 "option --output: 'sizs': .*; did you mean 'SIZE'\? give some $columns" d list -o sizs
many=$(printf 'size,%.0s' {1..31})inode
refuses 2 "option --output: 33 columns: a table takes 32" d list -o "$many,size"
gives 0 'as many columns as a table takes' d list -o "$many"

ok '--no-header leaves headings out' equal "$(d context --no-header)" "$(d context | sed '1{/^CONTEXT /d}')"

# on_terminal COLUMNS ARGUMENT... - the first line that is printed there, one blank between its words.
on_terminal() { script -qec "stty cols $1; dmabufctl ${*:2}" /dev/null </dev/null | tr -d '\r' | tr -s ' ' | head -n 1; }
ok 'a terminal that is wide enough: a table' equal "$(on_terminal 1000 doctor)" 'CHECK RESULT DETAIL REMEDY'
ok 'one that is not: each row by itself' equal "$(on_terminal 40 doctor)" 'CHECK kernel'
ok 'one that is not, without headings: a table' equal "$(on_terminal 40 doctor --no-header)" "kernel ok $(uname -r) -"
ok 'no terminal: a table' equal "$(d doctor | head -n 1 | tr -s ' ')" 'CHECK RESULT DETAIL REMEDY'
ok '-h is --help' equal "$(d -h)" "$(d --help)"
ok 'help is --help' equal "$(d help)" "$(d --help)"
ok 'help with --json is text' equal "$(d help --json)" "$(d --help)"
ok '-V is --version' equal "$(d -V)" "$(d --version)"

# What an option asks for in place of the command is done in place of it.
for option in --help -h --version -V --list-commands --list-options; do
	gives 0 "context start with $option" d context start asked "$option"
	ok "context start with $option starts none" equal "$(d context | grep '^asked ')" ''
done
ok '--version after a command' equal "$(d status --version)" "$(d --version)"
ok '--list-commands after a command' equal "$(d status --list-commands)" "$(d --list-commands)"
refuses 2 'option --complete: it goes before the command' d context start asked --complete
ok 'a value that looks like --json is none' contains "$(d status --context --json 2>&1)" \
	"^dmabufctl: context '--json': not a name"

for form in --dot --openmetrics --tree; do
	run d list --json "$form"
	ok "list --json $form: exit status 2" equal "$rc" 2
	ok "list --json $form: is refused" equal "$(gojq -c '[.error.what, .error.why]' <<<"$out")" \
		"[\"option $form\",\"it does not go with --json: the output has one form\"]"
done
for command in status 'topology a b'; do
	# shellcheck disable=SC2086 # words
	run d --json $command --dot
	ok "$command --json --dot: exit status 2" equal "$rc" 2
done
refuses 2 'option --dot: it does not go with --tree' d list --tree --dot
refuses 2 'option --dot: it does not go with --openmetrics' d list --dot --openmetrics

for command in $(d --list-commands); do
	gives 0 "$command --help" d "$command" --help
	ok "help $command: the same" equal "$(d help "$command")" "$out"
	ok "$command --help shows its usage" contains "$out" "^usage: dmabufctl $command"
done

gives 0 'status without a context' d status
ok 'status without a context starts none' equal "$(ls "$XDG_RUNTIME_DIR")" ''
ok 'status: the same in JSON' \
	equal "$(d status --json | gojq -c '[.schema, .command, .devices, .mappings]')" \
	'["dmabufctl/1","status",[],[]]'
ok 'options go before the command too' equal "$(d --json status)" "$(d status --json)"

ok 'status, exactly' equal "$(d status --json)" \
	'{"schema":"dmabufctl/1","command":"status","context":"default","trace_instance":null,"devices":[],"dmabufs":[],"ioases":[],"mappings":[]}'
ok 'a failure, exactly' equal "$(d --json export)" \
	'{"schema":"dmabufctl/1","command":"export","error":{"status":2,"errno":null,"place":null,"what":"export","why":"BDF is missing","remedy":"give BDF BAR, or --udmabuf SIZE, or --heap HEAP SIZE","explain":null}}'
ok 'a failure of no command, exactly' equal "$(d --json)" \
	'{"schema":"dmabufctl/1","command":null,"error":{"status":2,"errno":null,"place":null,"what":"no command","why":null,"remedy":"--help lists them","explain":null}}'
run d --json export zz 2
ok 'JSON errors: exit status' equal "$rc" 2
ok 'JSON errors: on standard output, alone' equal "$err" ''
ok 'JSON errors: what, status, remedy' \
	equal "$(gojq -c '[.schema, .command, .error.status, .error.errno]' <<<"$out")" \
	'["dmabufctl/1","export",2,null]'
ok 'JSON errors: one object' equal "$(gojq -c . <<<"$out" | wc -l)" 1
run d --json frobnicate --bad
ok 'JSON usage errors' equal "$(gojq -r .error.what <<<"$out")" "unknown command 'frobnicate'"

run bash -c 'dmabufctl --help >/dev/full'
ok 'a full disk: exit status 1' equal "$rc" 1
ok 'a full disk: says so' contains "$err" 'standard output: No space left'
run bash -c 'dmabufctl status --json >/dev/full'
ok 'a full disk, JSON: exit status 1' equal "$rc" 1

for line in '-vv status' 'status -v -v' 'status -vv' 'status --verbose --verbose' '-v status'; do
	# shellcheck disable=SC2086 # words
	gives 0 "$line" d $line
done

# Of a socket of messages each write can be told.
# shellcheck disable=SC2016 # perl
run perl -e 'socketpair(A, B, 1, 5, 0) or die; # AF_UNIX, SOCK_SEQPACKET
	fork or do { open(STDERR, ">&B"); open(STDOUT, ">/dev/null"); exec @ARGV };
	close B;
	while (sysread(A, $write, 4096)) { print "a line\n" if $write =~ /^open\(.*\) = .*\n\z/ }' \
	dmabufctl -vv doctor
ok '-vv: each line is one write, so that two processes do not mix theirs' contains "$out" '^a line'

ok 'nothing is left behind' equal "$(find "$XDG_RUNTIME_DIR" -type f)" ''
done_testing
