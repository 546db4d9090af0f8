#!/bin/bash
# lab: --iommu none
# On a machine without an IOMMU.
. "$(dirname "$0")/lib.sh"

run d doctor
ok 'doctor: exit status 3' equal "$rc" 3
ok 'doctor: names what is missing' contains "$out" 'IOMMU +missing +0 of'
ok 'doctor: and the remedy' contains "$out" 'intel_iommu=on'
refuses 3 'it is in no IOMMU group' d bind "$NVME"
ok 'the driver stays' equal "$(driver_of $NVME)" nvme
done_testing
