#!/bin/bash
# lab:
# lab: --iommu virtio
# lab: --iommu amd
# kernels: all
# sample: lts virtio sanitizers quick
# The main job, as shell commands one after another.
. "$(dirname "$0")/lib.sh"

# What the machine can show decides which evidence is the strongest.
if [ -d /sys/kernel/debug/iommu/intel ]; then
	strongest='page-table'
else
	strongest=kernel
fi

gives 0 'doctor' d doctor
ok 'doctor: nothing required is missing' \
	equal "$(d doctor --json | gojq '[.checks[] | select(.required and .result != "ok")] | length')" 0
if remaps_interrupts; then
	isolation='interrupts are isolated'
else
	isolation='off, and allowed by iommufd.allow_unsafe_interrupts'
fi
ok 'doctor: interrupts' equal "$(d doctor --json | gojq -r '.checks[] | select(.check == "interrupt remapping").detail')" "$isolation"
ok 'doctor: the devices keep their drivers' equal "$(driver_of $NVME)" nvme

gives 0 'bind two devices' d bind "${NVME#0000:}" "${EDU#0000:}"
ok 'bind: the driver is vfio-pci' equal "$(driver_of $NVME) $(driver_of $EDU)" 'vfio-pci vfio-pci'
gives 0 'export a 16 MiB BAR' d export "${NVME#0000:}" 2 --name fb
ok 'export: shows the size' contains "$out" '16M'
gives 0 'attach' d attach "${EDU#0000:}"
gives 0 'import' d import fb --iova "$IOVA"
ok 'import: shows the IOVA' contains "$out" "$IOVA"

gives 0 'status' d status
ok 'status: live, with evidence' contains "$out" "map0 .* live +$strongest"
ok 'status --json: live' equal "$(attribute '.mappings[0] | .state + " " + .evidence[0]')" "live $strongest"
ok 'status --json: bytes are integers' equal "$(attribute '.mappings[0].length')" 16777216
ok 'status --json: addresses are hex strings' equal "$(attribute '.mappings[0].iova')" "$IOVA"
ok 'status --json: names its schema' equal "$(attribute .schema)" dmabufctl/1

gives 0 'revoke --by reset' d revoke "${NVME#0000:}" --by reset
ok 'revoke: shows the unmap' contains "$out" 'unmapped +map0'
ok 'revoke: names the way back' contains "$out" 'dmabufctl recover map0'
ok 'after reset: the dma-buf is usable' equal "$(attribute '.dmabufs[0].state')" usable
ok 'after reset: the mapping is stale' equal "$(attribute '.mappings[0].state')" stale
refuses 5 "EEXIST: something is mapped .*: map0 \(stale\) occupies .*; 'dmabufctl recover map0' brings it back, 'dmabufctl unmap map0' frees the IOVA$" d import fb --iova "$IOVA"
gives 0 'recover' d recover map0
ok 'recover: live again, at the same IOVA' \
	equal "$(attribute '.mappings[] | .name + " " + .state + " " + .iova')" "map0 live $IOVA"

run d revoke "${NVME#0000:}" --by memory --json
ok 'revoke --by memory: exit status 0' equal "$rc" 0
ok 'revoke --by memory: observed' equal "$(gojq .observed <<<"$out")" true
ok 'revoke --by memory: when, by the trace' \
	equal "$(gojq '.mappings[0].unmapped_after_ns | type' <<<"$out")" '"number"'
ok 'after memory: usable and stale' equal "$(attribute '.dmabufs[0].state + " " + .mappings[0].state')" 'usable stale'
gives 0 'recover, by the dma-buf' d recover fb
ok 'recover: live again' equal "$(attribute '.mappings[0].state')" live

gives 0 'revoke --by close' d revoke "${NVME#0000:}" --by close
ok 'after close: revoked, both' equal "$(attribute '.dmabufs[0].state + " " + .mappings[0].state')" 'revoked revoked'
ok 'after close: for ever' equal "$(attribute '.dmabufs[0].permanent')" true
refuses 5 'ENODEV: the dma-buf is revoked: for ever' d import fb --iova 0x20000000
refuses 5 '; release fb and export the BAR again$' d recover map0
gives 0 'a new export from the same device' d export "${NVME#0000:}" 2 --name fb2
ok 'the old dma-buf stays revoked' equal "$(attribute '.dmabufs[] | .name + " " + .state' | tr '\n' ' ')" 'fb revoked fb2 usable '

leave_nothing
done_testing
