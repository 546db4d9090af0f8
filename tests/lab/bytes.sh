#!/bin/bash
# verify writes where it says, and nowhere else; puts back what was there unless it is told not to;
# and leaves devices, page tables and the rest as they were.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/kernel.sh"

seed=0x7700000000000000
fill() { peek fill "$(cdev $RAM)" 2 "$1" "$2" $seed; }
same() { peek same "$(cdev $RAM)" 2 "$1" "$2" $seed; }
word() { peek read "$(cdev $RAM)" 2 "$1" 8; }
field() { gojq -r ".verification.$1" <<<"$out"; }
whole() { gojq -c '.verification | [.read_by_dma, .read_by_cpu, .target_unchanged, .device_error, .restored, .verdict]' <<<"$out"; }
# at_rest - no bus master, no page beside the mappings, the NVMe controller is off.
at_rest() {
	ok "$1: no device is bus master" equal "$((0x$(command_register $EDU) & 4)) $((0x$(command_register $NVME2) & 4))" '0 0'
	ok "$1: nothing is left in the IOAS" equal "$(translations $EDU)" "$tables"
	ok "$1: the NVMe controller is off" equal "$(peek read "$(cdev $NVME2)" 0 0x14 4) $(peek read "$(cdev $NVME2)" 0 0x1c 4)" '0x0 0x0'
}

d bind $RAM $EDU $NVME2 >/dev/null
printf '%s\n' "export $RAM 2 --range 1M:64K --name fb" "attach $EDU" "attach $NVME2" \
	'import fb --offset 16K --length 16K --iova 0x10000000 --name map0' \
	'import fb --iova 0x20000000 --prot w --name blind' | d --context default batch -
tables=$(translations $EDU)
fill 0xfc000 0x20000

for from in $EDU $NVME2; do
	run d verify map0 --from "$from" --json
	ok "$from: exit status 0" equal "$rc" 0
	ok "$from: what was found" equal "$(whole)" '["equal","equal",false,false,true,"passed"]'
	ok "$from: where, from whom" equal "$(gojq -r '.verification | "\(.mapping) \(.from) \(.iova) \(.bytes)"' <<<"$out")" "map0 $from 0x10000000 4096"
	ok "$from: every byte is what it was" same 0xfc000 0x20000
	at_rest "$from"
	run env DMABUFCTL_FAULT=mmap=EINVAL dmabufctl verify map0 --from "$from" --json
	ok "$from, without mmap: what was found" equal "$(whole) $(field cpu_access)" '["equal","equal",false,false,true,"passed"] vfio'
	ok "$from, without mmap: every byte is what it was" same 0xfc000 0x20000
	run d verify blind --from "$from" --json
	ok "$from, where nothing can be read: by the CPU alone" equal "$rc $(whole)" '0 [null,"equal",false,false,true,"passed"]'
	ok "$from, where nothing can be read: every byte is what it was" same 0xfc000 0x20000

	run d verify map0 --from "$from" --keep --json
	ok "$from --keep: nothing is put back" equal "$rc $(whole)" '0 ["equal","equal",false,false,false,"passed"]'
	ok "$from --keep: the first bytes are others" [ "$(word 0x104000)" != "$(printf '0x%x' $((seed + 0x104000)))" ]
	ok "$from --keep: the bytes before are not" same 0xfc000 0x8000
	ok "$from --keep: the bytes behind are not" same 0x105000 0x17000
	at_rest "$from --keep"
	fill 0x104000 0x1000
done

# The NVMe controller's pattern is always the same, and stays where nothing is read by DMA: where it is already, that it
# arrives must still be seen.
d verify blind --from $NVME2 --keep >/dev/null
kept=$(word 0x100000)
gives 0 'revoke' d revoke $RAM --by memory
run d verify blind --from $NVME2 --json
ok 'the pattern is there, the DMA faults: exit status 5' equal "$rc" 5
ok 'the pattern is there, the DMA faults: seen' equal "$(field verdict)" faulted
ok 'the pattern is there, the DMA faults: it is put back' equal "$(word 0x100000)" "$kept"
fill 0x100000 0x1000
for from in $EDU $NVME2; do
	run d verify map0 --from "$from" --json
	ok "$from, stale: exit status 5" equal "$rc" 5
	ok "$from, stale: nothing arrived" equal "$(whole)" '[null,"different",true,false,false,"faulted"]'
	ok "$from, stale: the fault is at the mapping's address" equal "$(gojq -r '[.faults[].address] | unique | join(" ")' <<<"$out")" 0x10000000
	ok "$from, stale: every byte is what it was" same 0xfc000 0x20000
done
tables=''
at_rest 'stale'
run d verify map0 --from $EDU --expect-fault --json
ok '--expect-fault: exit status 0, no error' equal "$rc $(gojq .error <<<"$out")" '0 null'
gives 0 'memory decode off' d revoke $RAM --by memory --hold
run d verify map0 --from $EDU --json
ok 'memory decode off: nobody can look' equal "$rc $(whole)" '5 ["different",null,null,false,false,"faulted"]'
gives 0 'memory decode on' d revoke $RAM --by memory
ok 'every byte is what it was' same 0xfc000 0x20000
gives 0 'recover' d recover fb
run d verify map0 --from $EDU --expect-fault --json
ok 'it arrives, and was to fault: exit status 6' equal "$rc $(gojq .error.status <<<"$out")" '6 6'
ok 'it arrives, and was to fault: every byte is what it was' same 0xfc000 0x20000

# A device that fails half-way: what it wrote until then is undone.
run env DMABUFCTL_FAULT=pread#4=EIO dmabufctl verify map0 --from $EDU
ok 'a device that fails: not 0' [ "$rc" -ne 0 ]
ok 'a device that fails: every byte is what it was' same 0xfc000 0x20000

leave_nothing
done_testing
