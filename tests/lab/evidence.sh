#!/bin/bash
# What a state rests on, source by source: what a trial import said, what the page table holds where,
# which events of the trace are a mapping's own, and what is left when a source has nothing to say.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/kernel.sh"

# of STATUS NAME - its state, evidence, and what was missing.
of() { gojq -r ".mappings[] | select(.name == \"$2\") | \"\(.state) by \(.evidence | join(\",\")) without \(.missing | join(\",\"))\"" <<<"$1"; }
state() { of "$(d status --json)" "$1"; }
weak() { of "$(without_bpf dmabufctl status --json)" "$1"; }
exporter() { gojq -r '.dmabufs[] | select(.name == "fb") | "\(.state) by \(.evidence | join(",")) \(.permanent)"' <<<"$1"; }
ioas() { attribute ".ioases[] | select(.name == \"$1\").id"; }

d bind $RAM $EDU >/dev/null
d export $RAM 2 --range 1M:64K --name fb >/dev/null
d attach $EDU >/dev/null
d import fb --offset 16K --length 32K --iova $IOVA >/dev/null
first=$(ioas ioas0)
fd=$(fds_of fb)

# What a trial import says is the exporter's state; what the page table shows counts for a mapping.
while read -r error wanted; do
	run env DMABUFCTL_FAULT="IOMMU_IOAS_MAP_FILE=$error" dmabufctl status --json
	ok "a trial import gives $error: the exporter" equal "$(exporter "$out")" "$wanted"
	ok "a trial import gives $error: what is translated is live" equal "$(of "$out" map0)" 'live by page-table,kernel without '
	ok "a trial import gives $error: it left nothing" equal "$(peek ioases)" "$first"
done <<'END'
EOPNOTSUPP usable by kernel,probe false
ENOMEM usable by kernel false
EINVAL usable by kernel false
END
run env DMABUFCTL_FAULT=IOMMU_IOAS_MAP_FILE=ENODEV dmabufctl status --json
ok 'a trial import gives ENODEV: revoked, and the records disagree' \
	equal "$(exporter "$out") $(gojq -c '.mappings[0] | [.state, .evidence, .disagrees]' <<<"$out")" 'revoked by probe false ["live",["page-table","kernel"],["probe"]]'
run env DMABUFCTL_FAULT=IOMMU_IOAS_ALLOC=ENOMEM dmabufctl status --json
ok 'no trial import: the exporter, by VFIO'"'"'s record' equal "$(exporter "$out")" 'usable by kernel false'
run without_bpf env DMABUFCTL_FAULT=IOMMU_IOAS_ALLOC=ENOMEM dmabufctl status --json
by_fdinfo='unknown by  false'
tells_in_fdinfo && by_fdinfo='usable by fdinfo false'
ok 'neither: the exporter is unknown, but for fdinfo' equal "$(exporter "$out")" "$by_fdinfo"

# The page table: all of it, in the right place, or nobody can vouch for it.
# holds OFFSET LENGTH... - what the kernel has at $IOVA instead, in pieces of the dma-buf.
holds() {
	local at=$IOVA
	peek unmap "$first" $IOVA 0x8000
	while [ $# -gt 0 ]; do
		peek map "$first" "$fd" "$1" "$2" $at
		at=$((at + $2))
		shift 2
	done
}
holds 0x4000 0x8000
ok 'mapped by somebody else, in the same place: live' equal "$(state map0)" 'live by page-table,kernel without '
holds 0x4000 0x1000 0x5000 0x7000
ok 'in two pieces: live' equal "$(state map0)" 'live by page-table without '
for pieces in '0x5000 0x8000' '0x3000 0x8000' '0x4000 0x7000' '0x4000 0x7000 0x0 0x1000' '0x0 0x1000 0x5000 0x7000' '0x4000 0x1000'; do
	# shellcheck disable=SC2086 # numbers
	holds $pieces
	ok "something else is there ($pieces): unknown" contains "$(state map0)" '^unknown'
done

# What DMA finds out: a page further on, where nobody looks for it, it arrives without a fault.
holds 0x5000 0x8000
run d verify map0 --from $EDU --json
ok 'something else is there: DMA does not arrive, exit status 1' equal "$rc" 1
ok 'something else is there: lost' equal "$(gojq -r '.verification | "\(.verdict) \(.read_by_cpu) \(.read_by_dma) \(.target_unchanged)"' <<<"$out")" \
	'lost different null true'
ok 'something else is there: why, and where to look' equal "$(gojq -r '.error | "\(.status) \(.errno) \(.why); \(.remedy)"' <<<"$out")" \
	"1 null the bytes did not arrive, and the kernel logged no fault; the way between the two devices may not carry peer traffic: 'dmabufctl topology $EDU $RAM'"
fails 6 "the DMA did not arrive, but the kernel logged no fault; 'dmabufctl status' says what state map0 is in" \
	d verify map0 --from $EDU --expect-fault
peek unmap "$first" $IOVA 0x8000
peek map "$first" "$fd" 0x5000 0x7000 $((IOVA + 0x1000))
fails 1 'the IOMMU stopped the DMA; the way between the two devices may not carry peer traffic' d verify map0 --from $EDU
holds 0x4000 0x8000

# The trace alone: a mapping's own events.
d import fb --length 16K --iova $((IOVA + 0x8000)) --name neighbour >/dev/null
d import fb --length 16K --iova $((IOVA - 0x4000)) --name before >/dev/null
d unmap map0
d import fb --offset 16K --length 32K --iova $IOVA --name map0 >/dev/null
umount /sys/kernel/debug/tracing 2>/dev/null
umount /sys/kernel/debug
for name in map0 neighbour before; do
	ok "by the trace: $name" equal "$(weak $name)" 'live by trace without page-table,kernel'
done
gives 0 'revoke, by the trace' without_bpf dmabufctl revoke $RAM --by memory
for name in map0 neighbour before; do
	ok "by the trace: $name is stale" equal "$(weak $name)" 'stale by trace without page-table,kernel'
done
gives 0 'recover one' d recover neighbour
ok 'by the trace: it is live' equal "$(weak neighbour)" 'live by trace without page-table,kernel'
ok 'by the trace: its neighbour is not' equal "$(weak map0)" 'stale by trace without page-table,kernel'
gives 0 'recover all' d recover fb
gives 0 'the last page of it in another IOAS' d import fb --length 4K --ioas other --iova $((IOVA + 0x7000)) --name twin
ok 'two at one IOVA: the records tell' equal "$(state map0)" 'live by kernel without page-table'
ok 'two at one IOVA cannot be told apart: unknown' equal "$(weak map0)" 'unknown by  without page-table,kernel,trace'
ok 'beside it they can' equal "$(weak neighbour)" 'live by trace without page-table,kernel'
ok 'what no device is attached to is idle, by the record' equal "$(weak twin)" 'idle by record without '
d unmap twin
ok 'one is gone: they can again' equal "$(weak map0)" 'live by trace without page-table,kernel'
gives 0 'memory decode off' d revoke $RAM --by memory --hold
ok 'revoked, by the trace and a trial import' equal "$(weak map0)" 'revoked by trace,probe without '
gives 0 'memory decode on' d revoke $RAM --by memory
gives 0 'recover all' d recover fb

# What the recorder has lost cannot be relied on; what is made afterwards can.
gives 0 'more events than it holds' peek churn "$first" "$fd" 0x70000000 40000
ok 'events were overwritten: unknown' equal "$(weak map0)" 'unknown by  without page-table,kernel,trace'
gives 0 'one is mapped afterwards' d import fb --ioas ioas0 --length 4K --iova 0x30000000 --name early
gives 0 'and another' d import fb --ioas ioas0 --length 4K --iova 0x40000000 --name late
ok 'what was mapped since is live, by the trace' equal "$(weak late)" 'live by trace without page-table,kernel'
ok 'the records tell of both' equal "$(state late) $(state map0)" 'live by kernel,trace without page-table live by kernel without page-table'
ok 'what was mapped before is not' equal "$(weak map0)" 'unknown by  without page-table,kernel,trace'
d unmap early late
mount -t debugfs debugfs /sys/kernel/debug

# The page tables alone.
umount /sys/kernel/debug/tracing 2>/dev/null
umount /sys/kernel/tracing
ok 'without a trace: live' equal "$(state map0)" 'live by page-table,kernel without '
run without_bpf dmabufctl revoke $RAM --by memory --json
ok 'without a trace: revoke sees it, exit status 0' equal "$rc" 0
ok 'without a trace: when is not known' equal "$(gojq -c '[.mappings[].unmapped_after_ns] | unique' <<<"$out")" '[null]'
ok 'without a trace: nor in the timeline' equal "$(gojq -c '[.timeline[].event]' <<<"$out")" '["trigger","done"]'
ok 'without a trace: stale' equal "$(state map0)" 'stale by page-table,kernel without '
mount -t tracefs tracefs /sys/kernel/tracing
ok 'with a trace again, which was overwritten: the page table' contains "$(state map0)" '^stale by page-table'
d recover fb >/dev/null

# DMA adds to a state that agrees with it, and to no other.
gives 0 'verify' d verify map0 --from $EDU
ok 'it arrived: live by DMA' equal "$(state map0)" 'live by dma,page-table,kernel without '
ok 'it arrived: the neighbour has not been tried' equal "$(state neighbour)" 'live by page-table,kernel without '
gives 0 'revoke' d revoke $RAM --by memory
ok 'it had arrived: that says nothing of stale' contains "$(state map0)" '^stale by page-table'
gives 0 'verify, to fault' d verify map0 --from $EDU --expect-fault
ok 'it faulted: stale by DMA' contains "$(state map0)" '^stale by dma,page-table'
gives 0 'recover' d recover map0
ok 'recovered: a new mapping' equal "$(state map0)" 'live by page-table,kernel without '
gives 0 'verify again' d verify map0 --from $EDU
gives 0 'detach' d detach $EDU
ok 'detached: DMA says nothing of idle' equal "$(state map0)" 'idle by kernel,record without '

leave_nothing
done_testing
