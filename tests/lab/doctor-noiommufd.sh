#!/bin/bash
# lab: --append initcall_blacklist=iommufd_init
# On a kernel without iommufd.
. "$(dirname "$0")/lib.sh"

run d doctor
ok 'doctor: exit status 3' equal "$rc" 3
ok 'doctor: names what is missing' contains "$out" 'iommufd +missing +there is no /dev/iommu'
ok 'doctor: and the remedy' contains "$out" 'CONFIG_IOMMUFD'
ok 'doctor: what cannot be tried is unknown' contains "$out" 'iommufd import +unknown'
ok 'doctor: changes nothing' equal "$(ls /run/dmabufctl /dev/vfio/devices 2>/dev/null) $(driver_of $NVME)" ' nvme'
d bind "$NVME" >/dev/null
refuses 3 '/dev/iommu: ENOENT: there is no /dev/iommu' d export "$NVME" 2
ok 'nothing is left of it' equal "$(d context)" 'no contexts'
d unbind "$NVME" >/dev/null
done_testing
