#!/bin/bash
# lab:
# lab: --iommu virtio
# Every trigger: what it does to a live mapping, by the trace and by DMA; and its safeguards.
. "$(dirname "$0")/lib.sh"

main_setup

for trigger in reset flr memory d3hot low-power; do
	run d revoke "$NVME" --by $trigger --json
	ok "$trigger: exit status 0" equal "$rc" 0
	ok "$trigger: unmapped, by the trace" equal "$(jq '.mappings[0].unmapped_after_ns | type' <<<"$out")" '"number"'
	ok "$trigger: usable and stale" \
		equal "$(jq -r '.dmabufs[0].state + " " + .mappings[0].state' <<<"$out")" 'usable stale'
	gives 0 "$trigger: recover" d recover map0
	gives 0 "$trigger: DMA arrives again" d verify map0 --from "$EDU"
done

# What mainline does not do: a reset behind VFIO's back leaves the mapping live.
run d revoke "$NVME" --by sysfs-reset
ok 'sysfs-reset: exit status 6' equal "$rc" 6
ok 'sysfs-reset: says what that means' contains "$err" 'does not revoke on a reset by way of sysfs'
ok 'sysfs-reset: the mapping is live' equal "$(fact '.mappings[0].state')" live
gives 0 'sysfs-reset: DMA arrives all the while' d verify map0 --from "$EDU"

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
	equal "$(jq -r '[.hit[] | select(.kind == "device").name] | join(" ")' <<<"$out")" '0000:03:00.0 0000:03:00.1'
ok 'hot-reset --dry-run: nothing is revoked' \
	equal "$(fact '.dmabufs[] | select(.name == "first").state')" usable
d export 03:00.1 2 --name second >/dev/null
d import second --name other >/dev/null
run d revoke 03:00.0 --by hot-reset --dry-run --json
ok "hot-reset: the other function's mappings are hit too" \
	contains "$(jq -r '[.hit[].name] | join(" ")' <<<"$out")" 'first second other'

# Somebody else holds the dma-buf: asked for, listed, and only with --yes.
holder=$(d context --json | jq '.contexts[0].holder')
fd=$(find "/proc/$holder/fd" -lname '*dmabuf*' -printf '%f\n' | sort -n | head -n 1)
mkfifo "$TEST_DIR/pipe"
perl -e '$| = 1; $p = syscall(434, $ARGV[0] + 0, 0); $f = syscall(438, $p, $ARGV[1] + 0, 0);
	print $f < 0 ? "failed\n" : "held\n"; <STDIN>;' "$holder" "$fd" <"$TEST_DIR/pipe" >"$TEST_DIR/stranger" &
stranger=$!
exec 8>"$TEST_DIR/pipe"
until [ -s "$TEST_DIR/stranger" ]; do :; done
ok 'another process holds the dma-buf' equal "$(cat "$TEST_DIR/stranger")" held
refuses 1 "EBUSY: fb is held by others too: perl \\(PID $stranger\\); --yes" d revoke "$NVME" --by reset
ok 'refused: the mapping is live' equal "$(fact '.mappings[0].state')" live
run d revoke "$NVME" --by reset --dry-run
ok '--dry-run names the holder' contains "$out" "dma-buf fb +perl \\(PID $stranger\\)"
gives 0 '--yes goes ahead' d revoke "$NVME" --by reset --yes
exec 8>&-
wait $stranger

# Rounds leave nothing behind: no fd, no memory, no fault.
d recover map0 >/dev/null
d bind "$NVME2" >/dev/null
d attach "$NVME2" ioas0 >/dev/null
fds() { find "/proc/$holder/fd" -type l | wc -l; }
memory() { awk '/^Private/ { sum += $2 } END { print sum }' "/proc/$holder/smaps_rollup"; }
round="revoke $NVME --by memory\nrecover map0\nverify map0 --from $NVME2\n"
rounds=200
[ -d /sys/kernel/debug/iommu/intel ] || rounds=20 # the second machine need not do it all again
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
