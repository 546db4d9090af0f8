#!/bin/bash
# What revoke and unbind would take from other processes, by what the kernel has on record of a program that has
# nothing to do with dmabufctl.
# kernels: all
# lab:
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/kernel.sh"

F0=0000:03:00.0 F1=0000:03:00.1 # one device with two functions

# others BDF --by METHOD - the mappings of other processes that would go.
others() {
	d revoke "$@" --dry-run --json |
		gojq -c '.other_mappings[] | [.dmabuf, .inode, .device, .pid, .command, .ioas, .iova, .length, .state, .devices]'
}

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
vmm map-file 0 0x10000000 0 0x1000 0x100000
vmm map-file 1 0x20000000 0 0 0x4000

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
vmm_ends

# Without a context the mappings of this process are its own.
d release --all
printf '%s\n' "export $NVME 2 --name own" "attach $NVME2" 'import own' "revoke $NVME --by memory" >"$TEST_DIR/batch"
gives 0 "a batch's own mappings are no reason" d batch "$TEST_DIR/batch"

leave_nothing
done_testing
