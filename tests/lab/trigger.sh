#!/bin/bash
# lab:
# lab: --iommu virtio
# kernels: all
# Every trigger: what it does to a live mapping, by the trace and by DMA; and its safeguards.
. "$(dirname "$0")/lib.sh"

main_setup
# renew - after the device was closed: all that it took along, again.
renew() {
	d unmap map0
	d release fb
	d export "$NVME" 2 --name fb >/dev/null
	d import fb --name map0 --ioas ioas0 --iova "$IOVA" >/dev/null
}

for trigger in reset flr memory d3hot low-power; do
	run d revoke "$NVME" --by $trigger --json
	ok "$trigger: exit status 0" equal "$rc" 0
	ok "$trigger: unmapped, by the trace" equal "$(gojq '.mappings[0].unmapped_after_ns | type' <<<"$out")" '"number"'
	ok "$trigger: usable and stale" \
		equal "$(gojq -r '.dmabufs[0].state + " " + .mappings[0].state' <<<"$out")" 'usable stale'
	gives 0 "$trigger: recover" d recover map0
	gives 0 "$trigger: DMA arrives again" d verify map0 --from "$EDU"
done

# A reset behind VFIO's back.
run d revoke "$NVME" --by sysfs-reset
if closes_the_hole; then
	ok 'sysfs-reset: exit status 0' equal "$rc" 0
	ok 'sysfs-reset: stale' equal "$(attribute '.mappings[0].state')" stale
	gives 0 'sysfs-reset: recover' d recover map0
else
	ok 'sysfs-reset: exit status 6' equal "$rc" 6
	ok 'sysfs-reset: says what that means' contains "$err" 'does not revoke on a reset by way of sysfs'
	ok 'sysfs-reset: the mapping is live' equal "$(attribute '.mappings[0].state')" live
fi
gives 0 'sysfs-reset: DMA arrives' d verify map0 --from "$EDU"

# A device without any reset.
d bind "$RAM" >/dev/null
d export "$RAM" 2 --name ram >/dev/null
for trigger in reset flr d3hot sysfs-reset; do
	run d revoke "$RAM" --by $trigger
	ok "no $trigger: exit status 3" equal "$rc" 3
	ok "no $trigger: says what is lacking" contains "$err" 'the device has no'
done
gives 0 'memory decode works there too' d revoke "$RAM" --by memory

# A hot reset takes the other function along, and wants it to be ours.
d bind 03:00.0 03:00.1 >/dev/null
d export 03:00.0 2 --name first >/dev/null
run d revoke 03:00.0 --by hot-reset --dry-run --json
ok 'hot-reset --dry-run: both functions' \
	equal "$(gojq -r '[.hit[] | select(.kind == "device").name] | join(" ")' <<<"$out")" '0000:03:00.0 0000:03:00.1'
ok 'hot-reset --dry-run: nothing is revoked' \
	equal "$(attribute '.dmabufs[] | select(.name == "first").state')" usable
d export 03:00.1 2 --name second >/dev/null
d import second --name other >/dev/null
run d revoke 03:00.0 --by hot-reset --dry-run --json
ok "hot-reset: the other function's mappings are hit too" \
	contains "$(gojq -r '[.hit[].name] | join(" ")' <<<"$out")" 'first second other'

# The last users of a device: the context lets go when the kernel asks for it, and opens nothing again.
for trigger in unbind remove; do
	run d revoke "$NVME" --by $trigger --json
	ok "$trigger: exit status 0" equal "$rc" 0
	ok "$trigger: unmapped, by the trace" equal "$(gojq '.mappings[0].unmapped_after_ns | type' <<<"$out")" '"number"'
	ok "$trigger: revoked for ever" equal "$(gojq '.dmabufs[0].permanent' <<<"$out")" true
	ok "$trigger: the device is out of the context" equal "$(attribute "[.devices[].name] | index(\"$NVME\")")" null
	ok "$trigger: vfio-pci has it again" equal "$(driver_of "$NVME")" vfio-pci
	renew
done
# What --hold leaves off is not said to be on again, and is off.
run d revoke "$NVME" --by memory --hold --json
ok 'memory --hold: the timeline says what was done' \
	equal "$(gojq -r '[.timeline[] | select(.event != "unmapped").detail] | join("; ")' <<<"$out")" 'memory decode off; memory decode stays off'
ok 'memory --hold: it is off' equal "$(($(setpci -s "$NVME" COMMAND 2>/dev/null | sed 's/^/0x/') & 2))" 0
ok 'memory --hold: revoked' equal "$(attribute '.mappings[] | select(.name == "map0").state')" revoked
run d revoke "$NVME" --by memory --json
ok 'memory: the timeline says both' equal "$(gojq -r '.timeline[0].detail' <<<"$out")" 'memory decode off, and on again'
ok 'memory: it is on' equal "$((0x$(setpci -s "$NVME" COMMAND) & 2))" 2
d recover map0 >/dev/null
run d revoke "$NVME" --by d3hot --hold --json
ok 'd3hot --hold: it is in D3hot' equal "$(cat /sys/bus/pci/devices/$NVME/power_state) $(gojq -r '.timeline[0].detail' <<<"$out")" 'D3hot power state D3hot'
d revoke "$NVME" --by d3hot >/dev/null
ok 'd3hot: it is in D0 again' equal "$(cat /sys/bus/pci/devices/$NVME/power_state)" D0
d recover map0 >/dev/null
gives 0 'unbind --hold' d revoke "$NVME" --by unbind --hold
ok 'unbind --hold: it has no driver' equal "$(driver_of "$NVME")" none
d bind "$NVME" >/dev/null
renew
gives 0 'remove --hold' d revoke "$NVME" --by remove --hold
ok 'remove --hold: it is away' [ ! -e "/sys/bus/pci/devices/$NVME" ]
ok 'remove --hold: status still works' equal "$(attribute '.mappings[] | select(.name == "map0").state')" revoked
rescan "$NVME"
d bind "$NVME" >/dev/null
renew
gives 0 'after all of it: DMA arrives' d verify map0 --from "$EDU"
refuses 2 'only with --by memory, d3hot, unbind, remove$' d revoke "$NVME" --by reset --hold

# Somebody else holds the dma-buf, or the device: asked for, listed, and only with --yes.
holder=$(d context --json | gojq '.contexts[0].holder')
# fd_of NAME - its fd of that name.
fd_of() { find "/proc/$holder/fd" -lname "$1" -printf '%f\n' | sort -n | head -n 1; }
mkfifo "$TEST_DIR/pipe"
# steal NAME - a process of its own has the holder's fd of that name, until descriptor 8 is closed.
steal() {
	rm -f "$TEST_DIR/stranger"
	perl -e '$| = 1; $p = syscall(434, $ARGV[0] + 0, 0); $f = syscall(438, $p, $ARGV[1] + 0, 0);
		print $f < 0 ? "failed\n" : "held\n"; <STDIN>;' "$holder" "$(fd_of "$1")" \
		<"$TEST_DIR/pipe" >"$TEST_DIR/stranger" 8>&- &
	stranger=$!
	exec 8>"$TEST_DIR/pipe"
	await 30 [ -s "$TEST_DIR/stranger" ]
}
steal '/dmabuf:fb*'
ok 'another process holds the dma-buf' equal "$(cat "$TEST_DIR/stranger")" held
refuses 1 "EBUSY: fb is held by others too: perl \\(PID $stranger\\); --yes" d revoke "$NVME" --by reset
refuses 1 "EBUSY: fb is held by others too: perl \\(PID $stranger\\); --yes" d revoke "$NVME" --by all
ok 'refused: the mapping is live' equal "$(attribute '.mappings[] | select(.name == "map0").state')" live
run d revoke "$NVME" --by reset --dry-run
ok '--dry-run names the holder' contains "$out" "dma-buf fb +perl \\(PID $stranger\\)"
gives 0 '--yes goes ahead' d revoke "$NVME" --by reset --yes
exec 8>&-
await_end 30 $stranger
d recover fb >/dev/null

# Of several dma-bufs each is looked at.
d export "$NVME" 2 --range 0:4K --name small >/dev/null
steal '/dmabuf:small*'
refuses 1 "EBUSY: small is held by others too: perl \\(PID $stranger\\); --yes" d revoke "$NVME" --by reset
refuses 1 "EBUSY: small is held by others too: perl \\(PID $stranger\\); --yes" d revoke "$NVME" --by reset,flr
ok 'refused, for the second dma-buf: the mapping is live' equal "$(attribute '.mappings[] | select(.name == "map0").state')" live
exec 8>&-
wait $stranger
d release small

steal "$(d device "$NVME" --json | gojq -r '.devices[0].cdev')"
ok 'another process holds the device' equal "$(cat "$TEST_DIR/stranger")" held
refuses 1 "EBUSY: $NVME is held by others too: perl \\(PID $stranger\\); --yes goes ahead, and waits" \
	d revoke "$NVME" --by unbind
dmabufctl revoke "$NVME" --by unbind --yes >"$TEST_DIR/unbind" 2>&1 8>&- &
unbind=$!
await 60 grep waiting "$TEST_DIR/unbind"
ok '--yes: says whom it waits for' contains "$(cat "$TEST_DIR/unbind")" "$NVME: waiting for its last user to close it: perl \\(PID $stranger\\)"
exec 8>&-
await_end 30 $stranger
run await_end 60 $unbind
ok '--yes: done when the last user has let go: exit status 0' equal "$rc" 0
renew

# Rounds leave nothing behind: no fd, no memory, no fault.
d bind "$NVME2" >/dev/null
d attach "$NVME2" ioas0 >/dev/null
fds() { find "/proc/$holder/fd" -type l | wc -l; }
# What is clean is other processes' too, as they come and go.
memory() { awk '/^Private_Dirty/ { sum += $2 } END { print sum }' "/proc/$holder/smaps_rollup"; }
round="revoke $NVME --by memory\nrecover map0\nverify map0 --from $NVME2\n"
rounds=200
# The second machine, and the second kernel, need not do it all again.
[ -d /sys/kernel/debug/iommu/intel ] && ! closes_the_hole || rounds=20
for ((i = 0; i < rounds; i++)); do
	printf '%b' "$round"
done >"$TEST_DIR/rounds"
printf '%b' "$round" | d --context default batch - >/dev/null
before_fds=$(fds) before_memory=$(memory) before_faults=$(dmesg | grep -c 'fault addr\|page fault from')
gives 0 "$rounds rounds of revoke, recover and verify" d --context default batch "$TEST_DIR/rounds"
ok 'no fd is leaked' equal "$(fds)" "$before_fds"
ok 'the holder does not grow' [ "$(memory)" -le $((before_memory + 16)) ]
ok 'no fault was logged' equal "$(dmesg | grep -c 'fault addr\|page fault from')" "$before_faults"
gives 0 'DMA arrives' d verify map0 --from "$EDU"

leave_nothing
done_testing
