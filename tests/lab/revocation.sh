#!/bin/bash
# lab:
# lab: --iommu virtio
# lab: --iommu amd
# kernels: all
# sample: quick
# Revocation as monitor has it from the kernel: which dma-buf, which mapping, whose, by whom; of a program that is not
# ours and of a context. And what is inferred where the kernel cannot be asked.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/monitoring.sh"

# told [EXPRESSION] - the revocations and restorings, in order, a line each: these parts of them.
told() {
	gojq -c "select(.event == \"revoked\" or .event == \"restored\") |
		${1-[.event, .inode, .device, .bar, .iova, .length, .ioas, .mapped_by, .pid, .source]}" "$events"
}

d bind "$NVME" "$NVME2" "$EDU" >/dev/null
coproc VMM { exec "$LAB_BUILD/tests/lab/vmm" 8>&-; }
vmm open "$(cdev "$NVME")"
vmm open "$(cdev "$NVME2")"
vmm open "$(cdev "$EDU")"
vmm export 0 2 0x10000 0x200000 && whole=$(made inode)
vmm export 1 2 0 0x100000 && spare=$(made inode)
vmm ioas && first=$(made id)
vmm ioas
vmm attach 2 0
vmm map-file 0 0x10000000 0 0 0x200000
vmm map-file 1 0x20000000 0 0 0x200000
live="[\"revoked\",$whole,\"$NVME\",2,\"0x10000000\",2097152,$first,$VMM_PID,$VMM_PID,\"kernel\"]"
idle="[\"revoked\",$whole,\"$NVME\",2,null,null,null,$VMM_PID,$VMM_PID,\"kernel\"]"
# sees_all WHAT - the monitor complains of nothing.
sees_all() { ok "$1: the kernel tells it" equal "$(cat "$complaints")" ''; }
# about EVENT INODE DEVICE - of a dma-buf itself.
about() { echo "[\"$1\",$2,\"$3\",2,null,null,null,null,$VMM_PID,\"kernel\"]"; }

start --json
sees_all 'a reset'
vmm reset 0
vmm memory 1 0
vmm memory 1 1
ends INT
ok 'a reset: each importer once, and back' equal "$(told | head -n 3 | sort)" \
	"$(printf '%s\n' "$live" "$idle" "$(about restored "$whole" "$NVME")" | sort)"
ok 'a reset: back in the end' equal "$(told .event | tr '\n' ' ')" '"revoked" "revoked" "restored" "revoked" "restored" '
ok 'memory decode off, and on; nothing was mapped' equal "$(told | tail -n 2)" \
	"$(printf '%s\n' "$(about revoked "$spare" "$NVME2")" "$(about restored "$spare" "$NVME2")")"
ok 'in the order of the times' equal "$(gojq -s '[.[].t_ns] | . == sort' "$events")" true
ok 'iommufd let go, live or idle; then there was nothing to let go of' equal "$(told .kept | xargs)" 'true true null null null'
# shellcheck disable=SC2016 # gojq's variable
ok 'how long: the unmap was within' equal "$(gojq -s '(.[] | select(.event == "revoked" and .iova)) as $revoked |
	[.[] | select(.event == "unmap" and .iova == $revoked.iova).t_ns] |
	.[0] < $revoked.t_ns and .[0] > $revoked.t_ns - $revoked.took_ns' "$events")" true
ok 'nothing was lost' equal "$(last .lost)" 0

# One that is revoked from the beginning; what is taken away twice; what is closed.
vmm unmap 0 0x10000000 0x200000
vmm unmap 1 0x20000000 0x200000
vmm memory 0 0
vmm export 0 2 0 0x1000 && born=$(made inode)
start --json --device "$NVME"
sees_all 'off all the time'
vmm memory 1 0
vmm memory 1 1
vmm reset 0
vmm memory 0 1
vmm map-file 0 0x10000000 0 0 0x200000
vmm close device 0
ends INT
ok 'off all the time: no news until it is back; then closed; --device' equal "$(told | sort)" \
	"$(printf '%s\n' "$live" "$(about restored "$whole" "$NVME")" "$(about restored "$born" "$NVME")" \
		"$(about revoked "$born" "$NVME")" | sort)"
ok 'mapped, and unmapped by the revocation: which BAR, and where in it' equal \
	"$(gojq -c 'select(.event | IN("map", "unmap")) | [.event, .iova, .device, .bar, .offset]' "$events")" \
	"$(printf '["%s","0x10000000","%s",2,65536]\n' map "$NVME" unmap "$NVME")"
ok 'exported before it was watched: whose memory an importer gets' equal \
	"$(gojq -c 'select(.event == "attach") | [.inode, .exporter_device, .bar, .offset]' "$events")" "[$whole,\"$NVME\",2,65536]"
ok 'closed: that is the end' equal "$(told .event | tr '\n' ' ')" '"restored" "restored" "revoked" "revoked" '

# More than there is room for, 17,476 of 120 bytes (src/kernel/revocation.bpf.c), while nobody reads.
rounds=700
for ((i = 0; i < 13; i++)); do vmm export 1 2 $((i << 12)) 0x1000; done
vmm export 2 0 0 0x1000 # the sixteenth after the first
start --json --event revoked,restored,lost,map,unmap
vmm map-file 0 0x30000000 16 0 0x1000
kill -STOP $monitor
for ((i = 0; i < rounds; i++)); do
	vmm memory 1 0
	vmm memory 1 1
done
kill -CONT $monitor
await 60 grep -q 'lost.*revocations and exports' "$events"
vmm unmap 0 0x30000000 0x1000
ends INT
ok 'more than the ring holds: the trace lost nothing, so an unmap names its BAR all the same' equal \
	"$(gojq -c 'select(.iova == "0x30000000") | [.event, .device, .bar]' "$events")" \
	"$(printf '["map","%s",0]\n["unmap","%s",0]' "$EDU" "$EDU")"
lost=$(last .lost)
ok 'more than the ring holds: some are lost' [ "$lost" -gt 0 ]
ok 'more than the ring holds: the event lost says so' equal "$(gojq -s '[.[] | select(.event == "lost").count] | add' "$events")" "$lost"
ok 'more than the ring holds: each is printed, or counted as lost' \
	equal "$(($(grep -cE '"event":"(revoked|restored)"' "$events") + lost))" $((rounds * 2 * 14))

# The trace's.
start --json --event lost,map,unmap
vmm map-file 0 0x30000000 16 0 0x1000
kill -STOP $monitor
echo 64 >"$(instance)/buffer_size_kb"
until grep -q '^overrun: [1-9]' "$(instance)"/per_cpu/cpu*/stats; do
	vmm map-file 0 0x40000000 16 0 0x1000
	vmm unmap 0 0x40000000 0x1000
done
kill -CONT $monitor
await 60 grep -q 'lost.*trace' "$events"
vmm unmap 0 0x30000000 0x1000
ends INT
ok 'the trace lost some: what was mapped may be gone since, so an unmap names no BAR' equal \
	"$(gojq -c 'select(.event == "unmap" and .iova == "0x30000000") | [.device, .bar]' "$events")" '[null,null]'

vmm_ends

# A context's have their names. Who maps and who revokes are two processes.
d --context own export "$NVME" 2 --name fb >/dev/null
d --context own attach "$EDU" >/dev/null
dmabufctl --context own import fb --iova "$IOVA" >/dev/null &
importer=$!
wait $importer
start --json --until restored
dmabufctl --context own revoke "$NVME" --by memory >/dev/null &
revoker=$!
ends
wait $revoker
ok '--until restored: exit status 0' equal "$rc" 0
ok 'of a context: its names, and who' \
	equal "$(told '[.event, .mapping, .context, .iova, .mapped_by, .pid, .source]' | tr '\n' ' ')" \
	"[\"revoked\",\"map0\",\"own\",\"$IOVA\",$importer,$revoker,\"kernel\"] [\"restored\",null,null,null,null,$revoker,\"kernel\"] "
d --context own recover map0 >/dev/null
start --until revoked
d --context own revoke "$NVME" --by memory >/dev/null
ends
ok 'for people' contains "$(cat "$events")" \
	" revoked +mapping=map0 context=own iova=$IOVA length=16777216 ioas=[0-9]+ mapped_by=[0-9]+ took_ns=[0-9]+ inode=[0-9]+ device=$NVME bar=2 pid=[0-9]+ source=kernel kept=true$"
d --context own recover map0 >/dev/null

# Without BPF it is inferred, and says so.
: >"$events"
setpriv --bounding-set=-sys_admin,-bpf,-perfmon -- dmabufctl monitor --json >"$events" 2>"$complaints" &
monitor=$!
await 60 grep -q '"event":"begin"' "$events"
d --context own revoke "$NVME" --by memory >/dev/null
ends INT
ok 'without BPF: inferred' equal "$(told '[.event, .mapping, .inode, .device, .iova, .source, .kept, .inferred_from]')" \
	"[\"revoked\",\"map0\",$(d --context own status --json | gojq '.dmabufs[0].inode'),\"$NVME\",\"$IOVA\",\"inferred\",null,\"unmapped while the exporter called the dma-buf back\"]"
ok 'without BPF: says what cannot be seen' contains "$(cat "$complaints")" 'restored cannot be seen: that takes BPF'
run without_bpf dmabufctl monitor --until restored
ok 'without BPF: --until restored: exit status 3' equal "$rc" 3
d --context own release --all
d unbind "$NVME" "$NVME2" "$EDU" >/dev/null

# What is watched is in a module, which comes, or goes and comes, meanwhile. What was watched before is left first, and
# all of it: without probes that are gone, one of vfio-pci's is new. iommufd's function is the last: first the end of it,
# then its beginning.
probes=/sys/kernel/debug/kprobes/list
is_watched() { ! grep -q '\[GONE\]' $probes && grep -q 'vfio_pci_dma_buf_move' $probes && [ "$(grep -c ' iopt_' $probes)" = 2 ]; }
# reloaded WHAT - the module is loaded now, and the monitor sees what it does.
reloaded() {
	d bind "$NVME" >/dev/null
	await 60 is_watched
	d --context own export "$NVME" 2 --name fb >/dev/null
	d --context own revoke "$NVME" --by memory >/dev/null
	d --context own release --all
	ends INT
	ok "$1: seen" equal "$(told '[.event, .device, .source]' | tr '\n' ' ')" \
		"[\"revoked\",\"$NVME\",\"kernel\"] [\"restored\",\"$NVME\",\"kernel\"] "
}
modprobe -r vfio-pci
start --json --event revoked,restored
ok 'not loaded: what cannot be seen is said' contains "$(cat "$complaints")" 'restored cannot be seen: .* vfio-pci'
reloaded 'loaded while it runs'
start --json --event revoked,restored
d unbind "$NVME" >/dev/null
modprobe -r vfio-pci
reloaded 'unloaded and loaded while it runs'
nothing_left 'in the end'
ok 'in the end: nothing is watched' equal "$(grep -c . $probes)" 0
leave_nothing
done_testing
