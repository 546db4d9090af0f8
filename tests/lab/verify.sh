#!/bin/bash
# lab:
# lab: --iommu virtio
# lab: --iommu amd
# kernels: all
# sample: lts virtio quick
# Real DMA through a mapping: it arrives while the mapping is live, and faults when it is not.
. "$(dirname "$0")/lib.sh"

setup() {
	main_setup
	d bind "$NVME2" "$RAM" >/dev/null
	d attach "$NVME2" >/dev/null
	d export "$RAM" 2 --name ram >/dev/null
	d import ram --name ramp >/dev/null
}
field() { gojq -r ".verification.$1" <<<"$out"; }
faulted=$(faults_are_told && echo faulted || echo lost)
# expects_fault DESCRIPTION COMMAND... - there is one, or it is said that none was told of.
expects_fault() {
	if faults_are_told; then
		gives 0 "$@"
	else
		fails 6 'the DMA did not arrive, but the kernel logged no fault' "${@:2}"
	fi
}

setup
for target in map0 ramp; do
	run d verify $target --from "$EDU" --json
	ok "edu into $target: exit status 0" equal "$rc" 0
	ok "edu into $target: equal by both ways of reading" equal "$(field read_by_dma) $(field read_by_cpu)" 'equal equal'
	ok "edu into $target: the CPU has the BAR mapped" equal "$(field cpu_access)" mmap
	ok "edu into $target: what was there is back" equal "$(field restored)" true
	run env DMABUFCTL_FAULT=mmap=EINVAL dmabufctl verify $target --from "$EDU" --json
	ok "a $target that cannot be mapped: the CPU reads through VFIO" equal "$(field 'cpu_access + " " + .verification.read_by_cpu')" 'vfio equal'
	ok "a $target that cannot be mapped: what was there is back" equal "$(field restored)" true
	run d verify $target --from "$NVME2" --json
	ok "nvme into $target: exit status 0" equal "$rc" 0
	ok "nvme into $target: equal by both ways of reading" equal "$(field read_by_dma) $(field read_by_cpu)" 'equal equal'
	ok "nvme into $target: what was there is back" equal "$(field restored)" true
done
ok 'status: by the evidence of DMA' equal "$(attribute '.mappings[0] | .state + " " + .evidence[0]')" 'live dma'

gives 0 'revoke' d revoke "$NVME" --by reset
run d verify map0 --from "$EDU" --json
ok 'a stale mapping: exit status 5' equal "$rc" 5
ok 'a stale mapping: the DMA faulted' equal "$(field verdict)" "$faulted"
! faults_are_told ||
	ok 'a stale mapping: the fault is in the report' contains "$(gojq -r '.faults[0].message' <<<"$out")" "0x0*${IOVA#0x}"
ok 'a stale mapping: the target is unchanged' equal "$(field target_unchanged)" true
ok 'status: stale, by the evidence of DMA' equal "$(attribute '.mappings[0] | .state + " " + .evidence[0]')" 'stale dma'
expects_fault 'expected to fault' d verify map0 --from "$EDU" --expect-fault
expects_fault 'expected to fault, from NVMe' d verify map0 --from "$NVME2" --expect-fault
d recover map0 >/dev/null
ok 'recovered: not yet by DMA' equal "$(attribute '.mappings[] | select(.name == "map0") | .evidence | index("dma")')" null
gives 0 'recovered: it arrives again' d verify map0 --from "$EDU"
run d verify map0 --from "$EDU" --expect-fault --json
ok 'recovered: a fault that was expected: exit status 6, and in JSON' equal "$rc $(gojq .error.status <<<"$out")" '6 6'

gives 0 'memory decode off' d revoke "$NVME" --by memory --hold
run d verify map0 --from "$NVME2" --json
ok 'while memory decode is off: exit status 5' equal "$rc" 5
ok 'while memory decode is off: the CPU cannot look' equal "$(field read_by_cpu)" null
ok 'while memory decode is off: says how it comes back' contains "$(gojq -r '.error | .why + ": " + .remedy' <<<"$out")" \
	"$NVME has memory decode off: 'dmabufctl revoke $NVME --by memory' turns it on again, then try again"
d revoke "$NVME" --by memory >/dev/null
d recover map0 >/dev/null

# What it leaves in the BAR, seen past dmabufctl and VFIO: nothing, but for the page it wrote with --keep.
for page in 0 1 2 3; do bar_fill "$NVME" 2 $page $((0x41 + page)); done
untouched=$(bar_page "$NVME" 2 0 1 2 3)
for from in "$EDU" "$NVME2"; do
	gives 0 "what was there, from $from" d verify map0 --from "$from"
	ok "what was there is there again, from $from" equal "$(bar_page "$NVME" 2 0 1 2 3)" "$untouched"
done
d import fb --name third --offset 8K --length 4K >/dev/null
neighbours=$(bar_page "$NVME" 2 0 1 3)
for from in "$EDU" "$NVME2"; do
	third=$(bar_page "$NVME" 2 2)
	run d verify third --from "$from" --keep --json
	ok "--keep, from $from: exit status 0" equal "$rc" 0
	ok "--keep, from $from: says that nothing was put back" equal "$(field restored)" false
	ok "--keep, from $from: the pattern is in the page that is mapped" [ "$(bar_page "$NVME" 2 2)" != "$third" ]
	ok "--keep, from $from: and in no other" equal "$(bar_page "$NVME" 2 0 1 3)" "$neighbours"
done
d unmap third
bar_fill "$NVME" 2 2 0x43
d revoke "$NVME" --by memory >/dev/null
expects_fault 'a fault that was expected' d verify map0 --from "$EDU" --expect-fault --keep
ok 'a fault that was expected: nothing was written' equal "$(bar_page "$NVME" 2 0 1 2 3)" "$untouched"
d recover map0 >/dev/null

# Memory that another program exported: VFIO has on record where it is, so the CPU looks there, too.
d release map0 fb "$NVME"
hold foreign "$(d device "$NVME" --json | gojq -r '.devices[0].cdev')" 2 0x1000000
d adopt --pid "$fixture" --fd "${held[0]}" --name theirs >/dev/null
ok 'of another program: device, BAR and range' \
	equal "$(attribute '.dmabufs[] | select(.name == "theirs") | "\(.adopted) \(.device) \(.bar) \(.ranges[0].offset)+\(.ranges[0].length)"')" "true $NVME 2 0+16777216"
d import theirs --name map0 --ioas ioas0 --iova "$IOVA" >/dev/null
bar_fill "$NVME" 2 0 0x41
before=$(bar_page "$NVME" 2 0)
run d verify map0 --from "$NVME2" --json
ok 'of another program: exit status 0' equal "$rc" 0
ok 'of another program: the CPU saw it arrive' \
	equal "$(field 'verdict + " " + .verification.read_by_cpu + " " + .verification.cpu_access + " \(.verification.restored)"')" 'passed equal sysfs true'
ok 'of another program: what was there is there again' equal "$(bar_page "$NVME" 2 0)" "$before"
d unmap map0
d release theirs

# Without the record, who cannot look does not say that it is lost.
without_bpf dmabufctl adopt --pid "$fixture" --fd "${held[0]}" --name theirs >/dev/null
d import theirs --name map0 --ioas ioas0 --iova "$IOVA" >/dev/null
if tells_in_fdinfo; then
	run d verify map0 --from "$NVME2" --json
	ok 'by fdinfo: the CPU saw it arrive' equal "$(field 'verdict + " \(.verification.read_by_cpu)"')" 'passed equal'
else
	run d verify map0 --from "$NVME2" --json
	ok 'out of sight: exit status 6' equal "$rc" 6
	ok 'out of sight: unknown' equal "$(field 'verdict + " \(.verification.read_by_cpu) \(.verification.read_by_dma)"')" 'unknown null null'
	ok 'out of sight: says why' contains "$(gojq -r .error.why <<<"$out")" 'nothing can read whether the bytes arrived'
	ok 'out of sight: it had arrived' [ "$(bar_page "$NVME" 2 0)" != "$before" ]
	ok 'out of sight: no evidence of DMA' equal "$(attribute '.mappings[] | select(.name == "map0").evidence | index("dma")')" null
	fails 6 'no fault was logged, and nothing can read whether the DMA arrived' d verify map0 --from "$NVME2" --expect-fault
	run d verify map0 --from "$EDU" --json
	ok 'out of sight, by a device that reads: exit status 0' equal "$rc" 0
	ok 'out of sight, by a device that reads: by its DMA alone' equal "$(field 'read_by_dma + " \(.verification.read_by_cpu)"')" 'equal null'
fi
d unmap map0
d release theirs
let_go
d export "$NVME" 2 --name fb >/dev/null
# The context's own dma-buf, adopted back, is looked at through the device that it has.
holder=$(d context --json | gojq '.contexts[0].holder')
d adopt --pid "$holder" --fd "$(find "/proc/$holder/fd" -lname '*dmabuf*' -printf '%f\n' | tail -n 1)" --name again >/dev/null
d import again --name map0 --ioas ioas0 --iova "$IOVA" >/dev/null
run d verify map0 --from "$NVME2" --json
ok 'adopted from itself: passed, by both ways of reading' equal "$(field 'verdict + " " + .verification.read_by_cpu + " " + .verification.read_by_dma')" 'passed equal equal'
d unmap map0
d release again
d import fb --name map0 --ioas ioas0 --iova "$IOVA" >/dev/null

before=$(attribute .mappings)
refuses 2 'option --from: it is missing' d verify map0
refuses 1 'no mapping of that name' d verify nope --from "$EDU"
refuses 1 'not attached to ioas0' d verify map0 --from "$NVME"
refuses 3 'no driver here can make 1af4:1110 do DMA; known are: .*edu' d verify map0 --from "$RAM"
d import fb --name readonly --prot r >/dev/null
refuses 1 'the mapping is read-only, and verifying writes through it; import it again with --prot rw$' d verify readonly --from "$EDU"
d unmap readonly
ok 'refused: nothing changed' equal "$(attribute .mappings)" "$before"
run env DMABUFCTL_FAULT=pwrite#6=EIO dmabufctl verify map0 --from "$EDU"
ok 'a device that fails half-way: exit status 1' equal "$rc" 1
ok 'a device that fails half-way: the IOAS is as it was' equal "$(attribute .mappings)" "$before"

# The exporter is on its way out of the machine, which waits for the context to let it go.
(echo 1 >"/sys/bus/pci/devices/$NVME/remove") &
removal=$!
asked_for() { dmesg | grep "$1: .*request"; }
await 60 asked_for "$NVME"
gives 0 'while a removal waits: DMA arrives' d verify map0 --from "$EDU"
d revoke "$NVME" --by close >/dev/null
await_end 60 $removal
run d verify map0 --from "$EDU" --json
ok 'the exporter was removed: exit status 5' equal "$rc" 5
ok 'the exporter was removed: the DMA faulted' equal "$(field verdict)" "$faulted"
ok 'the exporter was removed: the CPU cannot look' equal "$(field read_by_cpu)" null
refuses 5 'was closed since it was exported' d recover map0
rescan "$NVME"
d unmap map0
d release fb
d bind "$NVME" >/dev/null
d export "$NVME" 2 --name fb >/dev/null
d import fb --name map0 --ioas ioas0 --iova "$IOVA" >/dev/null
gives 0 'it is back: DMA arrives' d verify map0 --from "$EDU"

# A bounce buffer that a killed command left in the IOAS is gone with the next.
run env DMABUFCTL_FAULT=IOMMU_IOAS_MAP=kill dmabufctl verify map0 --from "$EDU"
gives 0 'after a kill: verify works' d verify map0 --from "$EDU"
d release --all
leave_nothing
done_testing
