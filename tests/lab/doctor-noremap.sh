#!/bin/bash
# lab: --iommu intel-noremap
# Without interrupt remapping: doctor says so beforehand, attach and export when it bites.
. "$(dirname "$0")/lib.sh"

run d doctor
ok 'doctor: exit status 3' equal "$rc" 3
ok 'doctor: names what is missing' contains "$out" 'interrupt remapping +missing'
ok 'doctor: and the remedy' contains "$out" 'iommufd.allow_unsafe_interrupts=1'
ok 'doctor: and nothing else' equal "$(d doctor --json | gojq '[.checks[] | select(.required and .result == "missing")] | length')" 1
ok 'doctor: changes nothing' equal "$(ls /run/dmabufctl /dev/vfio/devices 2>/dev/null) $(driver_of $NVME)" ' nvme'
d bind "$NVME" >/dev/null
refuses 3 'EPERM: interrupts are not isolated: no interrupt remapping' d export "$NVME" 2
ok 'nothing is left of it' equal "$(d context)" 'no contexts'
d unbind "$NVME" >/dev/null
echo Y >/sys/module/iommufd/parameters/allow_unsafe_interrupts
gives 0 'doctor: the remedy is one' d doctor
done_testing
