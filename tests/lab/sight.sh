#!/bin/bash
# lab:
# lab: --iommu virtio
# kernels: all
# What is told of a process that has nothing to do with dmabufctl, compared with what it says it did.
. "$(dirname "$0")/lib.sh"

# seen EXPRESSION - of `status --pid`, with what is not the same in each run left out.
seen() { d status --pid "$VMM_PID" --json | gojq -c ".contexts[0] | $1"; }

d bind "$NVME" "$NVME2" "$EDU" >/dev/null
coproc VMM { exec "$LAB_BUILD/tests/lab/vmm" 8>&-; }
vmm open "$(cdev "$NVME")" && nvme=$(made id)
vmm open "$(cdev "$NVME2")" && nvme2=$(made id)
vmm open "$(cdev "$EDU")" && edu=$(made id)
vmm export 0 2 0 0x200000 && whole=$(made inode)
vmm export 1 2 0x10000 0x4000 0x40000 0x2000 && parts=$(made inode)
vmm export 1 2 0x100000 0x100000 && other=$(made inode)
vmm ioas && first=$(made id)
vmm ioas && second=$(made id)
vmm attach 2 0
vmm map-file 0 0x10000000 0 0x1000 0x100000
ok 'the program has a mapping' equal "$answer" '{"command":"map-file 0 0x10000000 0 0x1000 0x100000"}'
vmm map-file 1 0x20000000 0 0 0x200000
vmm map-file 0 0x30000000 2 0 0x100000
vmm map-memory 0 0x40000000 0x3000
vmm map-memory 1 0x40000000 0x5000

ok 'list: where each is from, certain' equal "$(d list --json | gojq -c '.dmabufs[] | [.inode, .device, .bar, .origin, .state]')" "\
[$whole,\"$NVME\",2,\"kernel\",\"usable\"]
[$parts,\"$NVME2\",2,\"kernel\",\"usable\"]
[$other,\"$NVME2\",2,\"kernel\",\"usable\"]"
ok 'list: one range, and two' equal "$(d list --json | gojq -c '.dmabufs[].ranges')" "\
[{\"length\":2097152,\"offset\":0}]
[{\"length\":16384,\"offset\":65536},{\"length\":8192,\"offset\":262144}]
[{\"length\":1048576,\"offset\":1048576}]"
ok 'list: where each is mapped' equal \
	"$(d list --json | gojq -c '.dmabufs[] | [.mappings[] | [.pid, .command, .ioas, .iova, .length, .offset, .prot, .state, .devices]]')" "\
[[$VMM_PID,\"vmm\",$first,\"0x10000000\",1048576,4096,\"rw\",\"live\",[\"$EDU\"]],[$VMM_PID,\"vmm\",$second,\"0x20000000\",2097152,0,\"rw\",\"idle\",[]]]
[]
[[$VMM_PID,\"vmm\",$first,\"0x30000000\",1048576,0,\"rw\",\"live\",[\"$EDU\"]]]"
ok 'status: the process' equal "$(seen '[.process, .users]')" "[\"vmm($VMM_PID)\",[{\"command\":\"vmm\",\"pid\":$VMM_PID}]]"
ok 'status: its devices' equal "$(seen '[.devices[] | [.name, .id, .ioas]]')" \
	"[[\"$NVME\",$nvme,null],[\"$NVME2\",$nvme2,null],[\"$EDU\",$edu,$first]]"
ok 'status: its IOASes, memory as sums' equal "$(seen '[.ioases[] | [.ioas, .devices, .memory_mappings, .memory_bytes, .complete]]')" \
	"[[$first,[\"$EDU\"],1,12288,true],[$second,[],1,20480,true]]"
ok 'status: its mappings' equal "$(seen '[.mappings[] | [.inode, .ioas, .iova, .length, .offset, .prot, .state, .evidence, .mapped_by]]')" "\
[[$whole,$first,\"0x10000000\",1048576,4096,\"rw\",\"live\",[\"kernel\"],$VMM_PID],\
[$other,$first,\"0x30000000\",1048576,0,\"rw\",\"live\",[\"kernel\"],$VMM_PID],\
[$whole,$second,\"0x20000000\",2097152,0,\"rw\",\"idle\",[\"kernel\"],$VMM_PID]]"
ok 'status: its dma-bufs' equal "$(seen '[.dmabufs[] | [.inode, .device, .bar, .state, .permanent]]')" \
	"[[$whole,\"$NVME\",2,\"usable\",false],[$parts,\"$NVME2\",2,\"usable\",false],[$other,\"$NVME2\",2,\"usable\",false]]"
ok 'status --all: the same' equal "$(d status --all --json | gojq -c .contexts[0])" "$(seen .)"
ok 'status --all: a table of each kind' equal "$(d status --all | grep -c "^ *vmm($VMM_PID)")" 12
ok 'status --all: the mappings as a table' equal "$(d status --all | tail -n 3 | sed 's/  */ /g')" "\
vmm($VMM_PID) $whole 4K $first 0x10000000 1M rw live kernel
vmm($VMM_PID) $other 0 $first 0x30000000 1M rw live kernel
vmm($VMM_PID) $whole 0 $second 0x20000000 2M rw idle kernel"
d status --all --dot >"$TEST_DIR/dot"
ok 'status --all: a picture' equal "$(grep -c -- ' -> ' "$TEST_DIR/dot") $(dot -Tsvg "$TEST_DIR/dot" | grep -c '<title>IOAS')" '7 5'
ok 'list: a picture' equal "$(d list --dot | grep -c ' -> "dma-buf .*label="0x[0-9a-f]*, \(live\|idle\)"')" 3
ok 'status of a process without one: none' equal "$(d status --pid $$ --json | gojq -c .contexts)" '[]'

# A reset takes the mapping away, and does not bring it back; memory decode off is revoked now.
vmm reset 0
vmm memory 1 0
ok 'after a reset of one, the other off: stale and revoked' equal "$(seen '[.mappings[] | [.inode, .state]]')" \
	"[[$whole,\"stale\"],[$other,\"revoked\"],[$whole,\"stale\"]]"
ok 'list: usable again, and revoked' equal "$(d list --json | gojq -c '[.dmabufs[].state]')" '["usable","revoked","revoked"]'
ok 'list: in the picture, too' equal "$(d list --dot | grep -c 'fillcolor=lightcoral label="dma-buf .*revoked"')" 2
ok 'list: by device as metrics' equal "$(d list --openmetrics | grep '^dmabuf_revoked')" "\
dmabuf_revoked{inode=\"$whole\",device=\"$NVME\"} 0
dmabuf_revoked{inode=\"$parts\",device=\"$NVME2\"} 1
dmabuf_revoked{inode=\"$other\",device=\"$NVME2\"} 1"
vmm memory 1 1
ok 'the memory is back: the mapping is not' equal "$(seen '[.mappings[].state]')" '["stale","stale","stale"]'
vmm unmap 0 0x10000000 0x100000
vmm map-file 0 0x10000000 0 0x1000 0x100000
ok 'mapped anew: live' equal "$(seen '[.mappings[].state]')" '["live","stale","stale"]'
vmm unmap 1 0x20000000 0x200000
vmm map-file 1 0x20000000 0 0 0x200000
ok 'mapped anew without a device: idle' equal "$(seen '[.mappings[].state]')" '["live","stale","idle"]'

# Whose fd of the dma-buf is gone, whose device is closed.
vmm close dmabuf 0
ok 'no process has the dma-buf: its mappings have' equal \
	"$(d list --json | gojq -c ".dmabufs[] | select(.inode == $whole) | [.device, .origin, .holders, [.mappings[].state]]")" \
	"[\"$NVME\",\"kernel\",[],[\"live\",\"idle\"]]"
vmm close device 1
ok 'its device is closed: revoked for good' equal "$(seen "[.dmabufs[] | select(.inode != $whole) | [.inode, .device, .state, .permanent]]")" \
	"[[$parts,null,\"revoked\",true],[$other,null,\"revoked\",true]]"

# What one's own context shows beside it.
d --context own export "$NVME2" 2 --name mine >/dev/null
ok 'list: a context is named' equal "$(d list --json | gojq -r '.dmabufs[] | select(.name == "mine") | "\(.device) \(.origin)"')" "$NVME2 context own"
ok 'status --all: both processes' equal "$(d status --all --json | gojq -c '[.contexts[].users[0].command] | sort')" '["dmabufctl-holde","vmm"]'
d --context own release --all
run without_bpf dmabufctl status --all
ok 'without BPF: exit status 3' equal "$rc" 3
ok 'without BPF: says what is missing' contains "$err" 'what iommufd has on record cannot be read: programs in BPF may not be loaded: .*; be root in the first PID namespace'

vmm_ends
ok 'its end: nothing is left' equal "$(d status --all --json | gojq -c .contexts)$(d list --json | gojq -c .dmabufs)" '[][]'

# Two devices of one group, one of them attached; a part of a mapping in another IOAS.
d bind 03:00.0 03:00.1 >/dev/null
coproc VMM { exec "$LAB_BUILD/tests/lab/vmm" 8>&-; }
vmm open "$(cdev 0000:03:00.0)"
vmm open "$(cdev 0000:03:00.1)"
vmm ioas && first=$(made id)
vmm ioas && second=$(made id)
vmm attach 0 0
vmm export 0 2 0 0x10000
vmm map-file 0 0x10000000 0 0x1000 0x8000
vmm copy 0 0x10002000 1 0x20000000 0x3000
ok 'a part of a mapping is copied' equal "$(made error)" null
ok 'of one group: the one that is attached' equal "$(seen '[.devices[] | [.name, .ioas]]')" \
	"[[\"0000:03:00.0\",$first],[\"0000:03:00.1\",null]]"
ok 'the part: where it is in the dma-buf' equal "$(seen '[.mappings[] | [.ioas, .iova, .length, .offset]]')" \
	"[[$first,\"0x10000000\",32768,4096],[$second,\"0x20000000\",12288,12288]]"
vmm_ends
d unbind 03:00.0 03:00.1 >/dev/null

# More than the table has room for at first.
coproc MANY { exec "$LAB_BUILD/tests/lab/stress" many "$(cdev "$NVME")" 2 9000 8>&-; }
many=$MANY_PID
read -r answer <&"${MANY[0]}"
ok 'many mappings: they are made' equal "$answer" ready
dmabufctl status --pid "$many" --json | grep -o '"iova":"0x[0-9a-f]*"' | sort | uniq -c >"$TEST_DIR/many"
ok 'many mappings: each is there, once in each context' equal "$(awk '{ print $1 }' "$TEST_DIR/many" | sort | uniq -c | xargs)" '9000 2'
eval "exec ${MANY[1]}>&-"
wait "$many"
leave_nothing
done_testing
