#!/bin/bash
# lab:
# lab: --iommu virtio
# kernels: all
# A kernel driver imports a BAR as those of RDMA and graphics do: it gets addresses that real DMA
# goes through, until it is told to let go.
. "$(dirname "$0")/lib.sh"

# Under KVM the processor is the host's.
if ! grep -q AuthenticAMD /proc/cpuinfo; then
	skip 'a kernel driver imports' 'the kernel does not know that this machine routes peer traffic'
	done_testing
	exit
fi

# What is told to the importer, and what it says.
tell() { printf '%s\n' "$*" >&9; }
attach() { d exec "$1" -- bash -c "echo ${2:-attach} 3 >&9"; }
says() { cat <&9; }
bytes() { says | grep -o '[0-9]* bytes'; }
told() { says | sed 's/.* told \([0-9]*\) .*/\1/'; }
# Mainline links each range of a dma-buf over the one before (kernel/linux-7.x).
links_ranges() { closes_the_hole || [[ $(uname -r) == 6.* ]]; }
# Mainline tells importers also when the memory is back.
was_told() { [ "$(bytes)" = '0 bytes' ] && [ "$(told)" -gt "$1" ]; }
loaded() { says | sed 's/.*loaded //'; }

d bind "$NVME" >/dev/null
modprobe edu-importer
exec 9<>/dev/edu-importer
d export "$NVME" 2 --name fb >/dev/null
d export "$NVME" 2 --range 0x4000:0x1000 --range 0x1000:0x2000 --name pieces >/dev/null

refuses 1 'Operation not supported' attach fb attach-pages
refuses 1 'Operation not supported' attach fb attach-pinned
gives 0 'attach: peer to peer' attach fb
ok 'list: the importer' equal "$(d list --json | gojq -r '.dmabufs[] | select(.name == "fb") | "\(.attachments) \(.attached)"')" "1 $EDU"
gives 0 'map' tell map
ok 'map: all of it' equal "$(bytes)" '16777216 bytes'
gives 0 'DMA stores' tell store 0x1400 0xdeadbeef
gives 0 'DMA stores elsewhere' tell store 0x4000 0xcafe
gives 0 'DMA loads' tell load 0x1400
ok 'DMA loads what was stored' equal "$(loaded)" 0xdeadbeef
refuses 1 'Invalid argument' tell load 0x1000000
gives 0 'unmap' tell unmap
gives 0 'map again' tell map
gives 0 'detach while mapped' tell detach

if links_ranges; then
	gives 0 'two ranges: attach' attach pieces
	gives 0 'two ranges: map' tell map
	ok 'two ranges: all of them' equal "$(bytes)" '12288 bytes'
	tell load 0
	ok 'two ranges: the first is where it was asked for' equal "$(loaded)" 0xcafe
	tell load 0x1400
	ok 'two ranges: the second follows it' equal "$(loaded)" 0xdeadbeef
	tell detach
fi

attach fb
tell map
for trigger in reset flr memory d3hot low-power; do
	before=$(told)
	gives 0 "$trigger" d revoke "$NVME" --by $trigger
	ok "$trigger: the importer was told, and let go" was_told "$before"
	gives 0 "$trigger: it maps again" tell map
	tell store 0 "0x1$before"
	tell load 0
	ok "$trigger: real DMA goes through" equal "$(loaded)" "0x1$before"
done

d revoke "$NVME" --by memory --hold >/dev/null
refuses 1 'No such device' tell map
tell detach
refuses 1 'No such device' attach fb
d revoke "$NVME" --by memory >/dev/null
gives 0 'the memory is back: attach' attach fb
gives 0 'the memory is back: map' tell map

# Whoever takes the memory away waits for those who take their time.
tell lazy 500
start=${EPOCHREALTIME/./}
gives 0 'a lazy importer: reset' d revoke "$NVME" --by reset
took=$((${EPOCHREALTIME/./} - start))
ok 'a lazy importer: was waited for' test $took -ge 500000
ok 'a lazy importer: has let go' equal "$(bytes)" '0 bytes'
tell lazy 0

# It maps and lets go all the time, while the memory comes and goes.
(while :; do
	tell map
	tell unmap
done) 2>/dev/null &
racer=$!
gives 0 'a restless importer: 20 times memory off and on' \
	d --context default batch <(for ((i = 0; i < 20; i++)); do echo "revoke $NVME --by memory"; done)
kill $racer
wait $racer 2>/dev/null
tell unmap
gives 0 'a restless importer: it maps' tell map
gives 0 'a restless importer: DMA' tell store 0x9000 0x99

# iommufd and a driver at once.
d bind "$NVME2" >/dev/null
d attach "$NVME2" >/dev/null
d import fb >/dev/null
gives 0 'beside iommufd: reset' d revoke "$NVME" --by reset
ok 'beside iommufd: both have let go' equal "$(bytes) $(attribute '.mappings[0].state')" '0 bytes stale'
d recover map0 >/dev/null
tell map
gives 0 'beside iommufd: DMA arrives again' d verify map0 --from "$NVME2"
gives 0 'beside iommufd: and from the driver' tell store 0x8000 0x77

if closes_the_hole; then
	before=$(told)
	gives 0 'sysfs-reset' d revoke "$NVME" --by sysfs-reset
	ok 'sysfs-reset: the importer was told' was_told "$before"
	tell map
fi

# The device is closed for good while the importer has it mapped, and another process its fd.
dmabufctl exec fb -- sleep 1000 &
keeper=$!
await 30 grep sleep /proc/$keeper/comm
tell lazy 200
gives 0 'close' d release --all
ok 'close: the importer has let go' equal "$(bytes)" '0 bytes'
refuses 1 'No such device' tell map
ok 'close: the dma-buf is still there' equal "$(d list --json | gojq '.dmabufs | length')" 1
kill $keeper
wait $keeper 2>/dev/null
ok 'the importer alone: a reference that no process explains' \
	equal "$(d list --json | gojq -r '.dmabufs[0] | "\(.holders | length) \(.unexplained)"')" '0 1'
tell detach
ok 'nobody has it: it is gone' equal "$(d list --json | gojq '.dmabufs | length')" 0

d export "$NVME" 2 --name alone >/dev/null
attach alone
d release alone
# Only later kernels have an iterator of dma-bufs, which finds those that no process has.
known="[\"$NVME\",2,\"kernel\",[]]"
[[ $(uname -r) != 6.* ]] || known='[null,null,null,[]]'
ok 'the importer alone: whose memory it is' \
	equal "$(d list --json | gojq -c '.dmabufs[] | [.device, .bar, .origin, .holders]')" "$known"
tell detach
d release --all
exec 9>&-
rmmod edu-importer

leave_nothing
done_testing
