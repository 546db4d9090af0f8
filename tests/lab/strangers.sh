#!/bin/bash
# lab:
# lab: --iommu virtio
# kernels: all
# What revoke and unbind would take from other processes, and which devices of theirs reach which: by what the
# kernel has on record of a program that has nothing to do with dmabufctl.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/kernel.sh"

F0=0000:03:00.0 F1=0000:03:00.1 # one device with two functions

# others BDF --by METHOD - the mappings of other processes that would go.
others() {
	d revoke "$@" --dry-run --json |
		gojq -c '.other_mappings[] | [.dmabuf, .inode, .device, .pid, .command, .ioas, .iova, .length, .state, .devices]'
}
pairs() { d topology --pid "$VMM_PID" --json | gojq -r '.pairs[] | "\(.from) \(.to) \(.verdict) \(.mapped)"'; }

# It has one dma-buf from the context, which maps it too, and two mappings of that.
d bind "$NVME" "$NVME2" "$EDU" "$F0" "$F1" >/dev/null
printf '%s\n' "export $NVME 2 --name fb" "export $NVME2 2 --range 0:64K --name other" \
	"export $F0 2 --range 0:4K --name function" "export $F1 2 --range 0:64K --name beside" "attach $NVME2" 'import fb --iova 0x50000000 --name mine' |
	d --context default batch -
fb=$(attribute '.dmabufs[] | select(.name == "fb").inode')
holder=$(holder default)
coproc VMM { exec dmabufctl exec fb -- "$LAB_BUILD/tests/lab/vmm" 8>&-; }
vmm open "$(cdev "$EDU")"
vmm ioas && first=$(made id)
vmm ioas && second=$(made id)
vmm attach 0 0
vmm inherit 3
ok 'the program was given the dma-buf' equal "$(made inode)" "$fb"
ok 'topology: one device alone' equal "$(d topology --pid "$VMM_PID")" 'it has no device that could reach another'
vmm map-file 0 0x10000000 0 0x1000 0x100000
vmm map-file 1 0x20000000 0 0 0x4000

ok 'list: each mapping with the process that has it' equal "$(d list -o name,mapped-at | awk '$1 == "fb"' | sed 's/^ *//; s/  */ /g')" \
	"fb dmabufctl-holde($holder):$(attribute '.ioases[0].id')@0x50000000+16M vmm($VMM_PID):$first@0x10000000+1M vmm($VMM_PID):$second@0x20000000+16K"
theirs="\
[\"fb\",$fb,\"$NVME\",$VMM_PID,\"vmm\",$first,\"0x10000000\",1048576,\"live\",[\"$EDU\"]]
[\"fb\",$fb,\"$NVME\",$VMM_PID,\"vmm\",$second,\"0x20000000\",16384,\"idle\",[]]"
ok 'revoke --dry-run: what the other process would lose' equal "$(others "$NVME" --by memory)" "$theirs"
ok 'revoke --by all --dry-run: the same, once' equal "$(others "$NVME" --by all)" "$theirs"
ok "another device's trigger: nothing of it" equal "$(others "$NVME2" --by memory)" ''
ok 'as a table' equal "$(d revoke "$NVME" --by memory --dry-run | tail -n 3 | sed 's/  */ /g')" "\
COMMAND PID DMABUF INODE DEVICE IOAS IOVA LENGTH STATE DEVICES
vmm $VMM_PID fb $fb $NVME $first 0x10000000 1M live $EDU
vmm $VMM_PID fb $fb $NVME $second 0x20000000 16K idle -"
refuses 1 "EBUSY: fb is held by others too: vmm \\(PID $VMM_PID\\)" d revoke "$NVME" --by memory
vmm close dmabuf 0
refuses 1 "EBUSY: fb is mapped by others too: vmm \\(PID $VMM_PID\\); --yes revokes it all the same" d revoke "$NVME" --by memory
refuses 1 "EBUSY: fb is mapped by others too: vmm \\(PID $VMM_PID\\)" d revoke "$NVME" --by all
ok 'refused: nothing was pulled' equal "$(others "$NVME" --by memory)" "$theirs"
gives 0 "another device's trigger" d revoke "$NVME2" --by memory
ok 'topology: from the importer to the exporter, whoever has that open' equal "$(pairs)" "$EDU $NVME host-bridge true"

in="mappings of its BARs would go with it: 1 in context default \\(PID $holder\\), 2 in vmm \\(PID $VMM_PID\\)"
refuses 1 "^dmabufctl: unbind $NVME: EBUSY: it is open: context default \\(PID $holder\\); $in; 'dmabufctl --context default" d unbind "$NVME"
refuses 1 "EBUSY: it is open: vmm \\(PID $VMM_PID\\); end PID $VMM_PID$" d unbind "$EDU"

# Without the records all is as it was, and that is said.
run without_bpf dmabufctl revoke "$NVME" --by memory --dry-run --json
ok 'without BPF: revoke --dry-run does not know' equal "$rc $(gojq -c '[.other_mappings, (.hit | length)]' <<<"$out")" '0 [null,3]'
unseen="^dmabufctl: revoke $NVME: mappings of other processes cannot be seen; 'dmabufctl doctor' says why$"
ok 'without BPF: revoke --dry-run says so, once' equal "$(grep -c "$unseen" <<<"$err")" 1
run without_bpf dmabufctl revoke "$NVME" --by memory
ok 'without BPF: revoke goes ahead, and says so, once' equal "$rc $(grep -c "$unseen" <<<"$err")" '0 1'
refuses 1 "it is open: context default \\(PID $holder\\); what of its BARs is mapped cannot be seen without BPF; " without_bpf dmabufctl unbind "$NVME"
refuses 3 'topology: what iommufd has on record cannot be read: programs in BPF may not be loaded: .*; be root in the first PID namespace' without_bpf dmabufctl topology --pid "$VMM_PID"

# What was taken away is nobody's to lose; what was mapped anew is, also when the context gave the dma-buf up.
ok 'taken away: nothing would go' equal "$(others "$NVME" --by memory)" ''
gives 0 'taken away: it is no reason to refuse' d revoke "$NVME" --by memory
refuses 1 "it is open: context default \\(PID $holder\\); 'dmabufctl --context default" d unbind "$NVME"
d recover mine >/dev/null
run d revoke "$NVME" --by memory --dry-run --json
ok "the context's own mapping is among what is hit, and not the others'" \
	equal "$(gojq -c '[[.hit[].name], .other_mappings]' <<<"$out")" "[[\"$NVME\",\"fb\",\"mine\"],[]]"
vmm_ends
coproc VMM { exec dmabufctl exec fb beside -- "$LAB_BUILD/tests/lab/vmm" 8>&-; }
vmm open "$(cdev "$EDU")"
vmm ioas && first=$(made id)
vmm attach 0 0
vmm inherit 3
vmm map-file 0 0x10000000 0 0 0x100000
vmm close dmabuf 0
d unmap mine >/dev/null
d release fb
ok 'the context has it no more: it would go' equal "$(others "$NVME" --by memory)" \
	"[null,$fb,\"$NVME\",$VMM_PID,\"vmm\",$first,\"0x10000000\",1048576,\"live\",[\"$EDU\"]]"
refuses 1 "EBUSY: dma-buf $fb is mapped by others too: vmm" d revoke "$NVME" --by memory
gives 0 '--yes: all the same' d revoke "$NVME" --by memory --yes
ok '--yes: it went' equal "$(others "$NVME" --by memory)" ''

# A hot reset takes what others have of the other function.
vmm inherit 4 && beside=$(made inode)
vmm map-file 0 0x30000000 1 0 0x10000
ok 'hot-reset: of the other function too' equal "$(others "$F0" --by hot-reset)" \
	"[\"beside\",$beside,\"$F1\",$VMM_PID,\"vmm\",$first,\"0x30000000\",65536,\"live\",[\"$EDU\"]]"
ok 'memory: of that function alone' equal "$(others "$F0" --by memory)" ''
ok 'topology: one row for each exporter, what was taken away too' equal "$(pairs)" "\
$EDU $NVME host-bridge true
$EDU $F1 host-bridge true"
vmm_ends

# Without a context the mappings of this process are its own.
d release --all
printf '%s\n' "export $NVME 2 --name own" "attach $NVME2" 'import own' "revoke $NVME --by memory" >"$TEST_DIR/batch"
gives 0 "a batch's own mappings are no reason" d batch "$TEST_DIR/batch"

# Of a process that has nothing mapped: all pairs, but to what has no memory BAR.
SMBUS=0000:00:1f.3 direct=(0000:06:00.0 0000:07:00.0) redirected=(0000:0a:00.0 0000:0b:00.0)
d bind $SMBUS "${direct[@]}" "${redirected[@]}" >/dev/null
coproc VMM { exec "$LAB_BUILD/tests/lab/vmm" 8>&-; }
for bdf in "${direct[@]}" "${redirected[@]}" $SMBUS; do
	vmm open "$(cdev "$bdf")"
done
expected=$(
	for from in "${direct[@]}" "${redirected[@]}" $SMBUS; do
		for to in "${direct[@]}" "${redirected[@]}"; do
			case "$from $to" in
			"$from $from") ;;
			"${direct[*]}" | "${direct[1]} ${direct[0]}") echo "$from $to direct false" ;;
			"${redirected[*]}" | "${redirected[1]} ${redirected[0]}") echo "$from $to redirected false" ;;
			*) echo "$from $to host-bridge false" ;;
			esac
		done
	done
)
ok 'topology of a process: all pairs' equal "$(pairs)" "$expected"
ok 'topology of a process: a picture' equal "$(d topology --pid "$VMM_PID" --dot | grep -c '\[style=dashed label="')" 16
run d topology --pid "$VMM_PID" --json
pair=$(gojq -c '.pairs[] | select(.from == "0000:0a:00.0" and .to == "0000:0b:00.0") | del(.mapped)' <<<"$out")
ok 'topology of a process: as of the two alone' equal "$pair" "$(d topology 0a:00.0 0b:00.0 --json | gojq -c .verdict)"
# Its own BAR, and one of another; a device that is attached elsewhere has neither.
vmm export 3 2 0 0x10000
vmm export 2 2 0 0x10000
vmm ioas
vmm ioas
vmm attach 2 0
vmm attach 3 1
vmm map-file 0 0x10000000 0 0 0x10000
vmm map-file 0 0x20000000 1 0 0x10000
ok 'topology of a process: what is mapped for whom' equal "$(pairs)" '0000:0a:00.0 0000:0b:00.0 redirected true'
ok 'topology of a process: a line is solid' contains "$(d topology --pid "$VMM_PID" --dot)" \
	'"0000:0a:00.0" -> "0000:0b:00.0" \[style=solid label="redirected"\]'
ok 'topology of a process: as a table' equal "$(d topology --pid "$VMM_PID" | sed 's/  */ /g; s/ [0-9]* / N /g')" "\
FROM GROUP TO GROUP VERDICT MAPPED
0000:0a:00.0 N 0000:0b:00.0 N redirected true"
ok 'topology of a process: -v says why' contains "$(d -v topology --pid "$VMM_PID")" 'ACS request redirect is on'
refuses 1 "topology of PID $$: it has no iommufd context; 'dmabufctl status --all' lists them" d topology --pid $$
vmm_ends

leave_nothing
done_testing
