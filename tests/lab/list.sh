#!/bin/bash
# sample: quick
# Who holds which dma-buf, told apart; and dma-bufs taken from and given to other programs.
. "$(dirname "$0")/lib.sh"

row() { d list --json | gojq -c ".dmabufs[] | select(.inode == $1)"; }
holder() { gojq -c ".holders[] | select(.pid == $1)" <<<"$out"; }

# same_without_bpf WHAT - the kernel's iterators, and what is read without them, tell the same.
known_without() { gojq -c '.dmabufs | map(del(.state, .mappings, .promises, .device, .bar, .ranges, .origin))'; }
same_without_bpf() {
	run without_bpf dmabufctl list --json
	ok "$1: the same without BPF, but for what only records tell" equal "$(known_without <<<"$out")" \
		"$(d list --json | known_without)"
}

modprobe vfio-pci # whose records are among the sources
hold buffers share
inode=${held[0]}
out=$(row "$inode")
sources='bpf vfio iommufd'
iterates_dmabufs || sources='bpf debugfs vfio iommufd'
ok "the kernel's iterators are used" equal "$(d list --json | gojq -r '.sources.used | join(" ")')" "$sources"
ok 'size and exporter' equal "$(gojq -r '"\(.size) \(.exporter)"' <<<"$out")" '16384 system'
ok 'one has it mapped' equal "$(holder "${held[1]}" | gojq -r '"\(.command) \(.fds | length) \(.mapped)"')" 'mapped 0 16384'
ok 'one has two fds' equal "$(holder "${held[2]}" | gojq -r '"\(.command) \(.fds | length) \(.mapped)"')" 'twice 2 0'
ok 'one has it in a socket: no holder, but a reference' \
	equal "$(holder "${held[3]}") $(gojq -r '"\(.references) \(.unexplained) \(.in_flight)"' <<<"$out")" ' 4 1 1'
ok 'as a table' contains "$(d list -o inode,holders)" "^ +$inode twice\\(${held[2]}\\):[0-9]+,[0-9]+ mapped\\(${held[1]}\\):map"
ok 'as a tree' contains "$(d list --tree)" "-twice \\(PID ${held[2]}\\) .* [0-9]+,[0-9]+ +0( +-){5}$"
ok 'as a tree: what is mapped' contains "$(d list --tree)" "-mapped \\(PID ${held[1]}\\) .* - +16K( +-){5}$"
ok 'by holder' equal "$(d list --holder twice --json | gojq '.dmabufs | length')" 1
ok 'by another holder' equal "$(d list --holder nobody --json | gojq '.dmabufs | length')" 0
ok 'by PID' equal "$(d list --pid "${held[1]}" --json | gojq -r '.dmabufs[].inode')" "$inode"
ok 'by exporter' equal "$(d list --exporter vfio_pci_core --json | gojq '.dmabufs | length')" 0
gives 0 'any dma-buf can be adopted' \
	d adopt --pid "${held[2]}" --fd "$(holder "${held[2]}" | gojq '.fds[0]')" --name memory
refuses 3 "the exporter is not VFIO: that of memory is system; iommufd imports VFIO's dma-bufs only" d import memory
ok 'explain sees it' equal "$(d explain EOPNOTSUPP --during import --json |
	gojq -r '.causes[] | select(.check | contains("not VFIO")).here')" yes
d release --all
same_without_bpf 'fds, maps and a socket'
ok 'without BPF: /proc is used' equal "$(gojq -r '.sources.used | join(" ")' <<<"$out")" 'debugfs fd maps'
kill -KILL "${held[2]}"
await 30 [ ! -e "/proc/${held[2]}" ]
out=$(row "$inode")
ok 'one is killed: the row has changed' equal "$(holder "${held[2]}") $(gojq .references <<<"$out")" ' 2'
run setpriv --reuid=65534 --regid=65534 --clear-groups -- dmabufctl list --json
ok 'an ordinary user: exit status 0' equal "$rc" 0
ok 'an ordinary user: is told of what is not seen' \
	equal "$(gojq -r '"\(.sources.unseen_processes > 10) \(.sources.lacking)"' <<<"$out")" \
	"true other users' processes: their dma-bufs are missing; run as root"
let_go
ok 'all gone: no row' equal "$(row "$inode")" ''

# Processes that come and go while they are looked at.
(while :; do /bin/true; done) &
churn=$!
hold buffers share
failed=0
for ((i = 0; i < 10; i++)); do
	[ "$(without_bpf dmabufctl list --json | gojq '[.dmabufs[].holders[].command] | sort | join(" ")')" = '"mapped twice"' ] ||
		failed=$((failed + 1))
done
let_go
kill $churn
ok 'processes vanish meanwhile: no error' equal $failed 0

# A file that is called like a dma-buf is none.
echo file >'/dmabuf:file'
exec 7<'/dmabuf:file'
ok 'a file of that name is not listed' equal "$(d list --json | gojq '.dmabufs | length')" 0
hold buffers share
ok 'nor beside a dma-buf' equal "$(d list --json | gojq '.dmabufs | length')" 1
let_go
exec 7<&-
rm '/dmabuf:file'

# Names that would break a table, a label, a field or a line.
# shellcheck disable=SC1003 # a backslash
for name in $'a\nb\tc' $'\e[31mred' '"quoted\' $'x\nTotal 9 devices attached\n' $'\xff\xfe' $'\nsize:\t1'; do
	hold buffers share "$name"
	run d list --json
	ok "hostile name $(printf %q "$name"): JSON holds it" \
		equal "$(gojq -r ".dmabufs[] | select(.inode == ${held[0]}).name" <<<"$out" | tr -d '\n\357\277\275')" "$(tr -d '\n\377\376' <<<"$name")"
	ok "hostile name $(printf %q "$name"): nothing else is wrong" \
		equal "$(gojq -r ".dmabufs[] | select(.inode == ${held[0]}) | \"\(.size) \(.attachments)\"" <<<"$out")" '16384 0'
	same_without_bpf "hostile name $(printf %q "$name")"
	ok "hostile name $(printf %q "$name"): one line in a table" equal "$(d list -o inode,name | wc -l)" 3
	ok "hostile name $(printf %q "$name"): no control character" \
		equal "$(d list | tr -d '\n' | grep -cP '[\x00-\x1f]')" 0
	ok "hostile name $(printf %q "$name"): lines of metrics" \
		equal "$(d list --openmetrics | grep -cvP '^(# (TYPE|HELP|EOF)|dmabuf_[a-z_]+({.*})? [0-9]+$)')" 0
	ok "hostile name $(printf %q "$name"): Graphviz reads it" eval 'd list --dot | dot -Tsvg -o /dev/null'
	let_go
done

# A program that is not ours: what it exported is deduced, and can be adopted.
d bind "$NVME" "$EDU" >/dev/null
how=deduced
tells_in_fdinfo && how=fdinfo
hold foreign "$(d device "$NVME" --json | gojq -r '.devices[0].cdev')" 2 0x1000000
out=$(without_bpf dmabufctl list --json)
ok 'of another program: device and BAR, deduced or by fdinfo' \
	equal "$(gojq -r '.dmabufs[0] | "\(.device) \(.bar) \(.ranges[0].offset)+\(.ranges[0].length) \(.origin)"' <<<"$out")" \
	"$NVME 2 0+16777216 $how"
same_without_bpf 'a VFIO device'
ok 'of another program: by device' equal "$(d list --device "${NVME#0000:}" --json | gojq '.dmabufs | length')" 1
gives 0 'adopt' d adopt --pid $fixture --fd "${held[0]}" --name theirs
d attach "$EDU" >/dev/null
gives 0 'adopt: it can be imported' d import theirs --iova "$IOVA"
ok 'adopt: live' equal "$(attribute '.mappings[0].state')" live
gives 0 'adopt: real DMA reaches it' d verify map0 --from "$EDU"
same_without_bpf 'attached'
ok 'adopt: an attachment' equal "$(d list --json | gojq -r '.dmabufs[0] | "\(.attachments) \(.in_flight)"')" '1 0'
let_go
refuses 5 'revoked: by whoever exports it' d recover map0
ok 'its program is gone: for good' equal "$(attribute '.dmabufs[0].permanent')" true
ok 'its program is gone: revoked' equal "$(attribute '.mappings[0].state')" revoked
d release --all
refuses 1 "the file is not a dma-buf: fd 0 of PID $$" d adopt --pid $$ --fd 0
refuses 4 'EPERM: .*; be its user and lower /proc/sys/kernel/yama/ptrace_scope, or have CAP_SYS_PTRACE$' \
	setpriv --bounding-set=-sys_ptrace -- dmabufctl adopt --pid 1 --fd 0
refuses 1 'there is no such process' d adopt --pid 999999 --fd 0
refuses 1 'the process has no such fd' d adopt --pid $$ --fd 999
refuses 2 'it wants --pid and --fd, or --receive-from' d adopt --pid 1
ok 'refused: no context was left' equal "$(d context --json | gojq '.contexts | length')" 0

hold foreign "/dev/vfio/$(basename "$(readlink "/sys/bus/pci/devices/$NVME/iommu_group")")" 2 0x1000000 "$NVME"
ok 'through the group: likewise' \
	equal "$(without_bpf dmabufctl list --json | gojq -r '.dmabufs[0] | "\(.device) \(.bar) \(.origin)"')" "$NVME 2 $how"
same_without_bpf 'a group'
let_go

# Given to other programs: as fds of a command, and through a socket.
d export "$NVME" 2 --name fb >/dev/null
d export "$NVME" 2 --range 0:1M --name part >/dev/null
# shellcheck disable=SC2016 # for the command's shell
run d exec part fb -- bash -c 'echo $LISTEN_FDS $LISTEN_FDNAMES $((LISTEN_PID == $$)); readlink /proc/self/fd/3 /proc/self/fd/4; ls /proc/$$/fd | wc -l; exit 7'
ok "exec: the exit status is the command's" equal "$rc" 7
ok 'exec: fds and names, and no others' equal "$out" "$(printf '2 part:fb 1\n/dmabuf:part\n/dmabuf:fb\n5')"
gives 0 'exec: the context is free meanwhile' d exec fb -- "$(command -v dmabufctl)" status
refuses 2 'it wants dma-bufs, then --, then a command' d exec fb true
refuses 1 'no dma-buf of that name' d exec nope -- true
refuses 127 'exec /nowhere: ENOENT: there is no such program, or no such interpreter; give its path, or look at PATH$' d exec fb -- /nowhere
refuses 127 'exec /etc/passwd/x: ENOTDIR: ' d exec fb -- /etc/passwd/x
refuses 126 'exec /etc/passwd: EACCES: the program is not executable' d exec fb -- /etc/passwd
run d --json exec fb -- echo hello
ok 'exec with --json: the output is the command'"'"'s' equal "$rc $out" '0 hello'
run d --json exec fb -- /etc/passwd
ok 'exec with --json: exit status of one that cannot be run' equal "$rc" 126
ok 'exec with --json: a failure is one object' \
	equal "$(gojq -c '[.command, .error.status, .error.errno, .error.what]' <<<"$out")" \
	'["exec",126,"EACCES","exec /etc/passwd"]'
run d --json exec nope -- true
ok 'exec with --json: a failure before is one object' \
	equal "$(gojq -c '[.command, .error.status, .error.what]' <<<"$out")" '["exec",1,"dma-buf nope"]'
dmabufctl --context other adopt --receive-from "$TEST_DIR/socket" --name given >"$TEST_DIR/adopted" 8>&- &
receiver=$!
await 30 [ -S "$TEST_DIR/socket" ]
gives 0 'export --send-to' d export "$NVME" 2 --name sent --send-to "$TEST_DIR/socket"
run await_end 30 $receiver
ok 'adopt --receive-from: exit status 0' equal "$rc" 0
ok 'both contexts have the same dma-buf' \
	equal "$(d status --json | gojq '.dmabufs[] | select(.name == "sent").inode')" \
	"$(d --context other status --json | gojq '.dmabufs[0].inode')"
ok 'status --dot: Graphviz reads it' eval 'd status --dot | dot -Tsvg -o /dev/null'
before=$(attribute .dmabufs)
refuses 1 'somebody must be waiting there' d export "$NVME" 2 --name lost --send-to "$TEST_DIR/socket"
ok 'nobody waits: nothing was exported' equal "$(attribute .dmabufs)" "$before"
ok 'certain: the ranges' contains "$(d list -o device,bar,ranges)" "^$NVME +2 0x0\+1M$"
ok 'certain: of a context' equal "$(d list --json | gojq -r '[.dmabufs[].origin] | unique | join(",")')" 'context default'
refuses 2 'not a valid value; give some of INODE' d list -o FROB
refuses 2 'not a valid value; give one of INODE' d list --sort FROB
refuses 2 'the tree has columns' d list --tree -o NAME
ok '--sort' equal "$(d list --sort size --json | gojq -c '[.dmabufs[].size]')" '[1048576,16777216,16777216]'
d --context other release --all
leave_nothing
done_testing
