#!/bin/bash
# sample: quick
# Every error that the kernel may give to a step: the documented exit status, its name, and the record as
# it was. What the kernel will not do on demand is injected.
. "$(dirname "$0")/lib.sh"

d bind $RAM $EDU >/dev/null
printf '%s\n' "export $RAM 2 --range 0:64K --name fb" "attach $EDU" 'import fb --iova 0x10000000' \
	'import fb --ioas other --iova 0x10000000 --name idle' | d --context default batch -
record() { gojq -c 'del(.mappings[].verified_ns, .mappings[].arrived)' <<<"$(d status --json)"; }
before=$(record)
# meets CALL "ERRNO STATUS..." COMMAND... - the command's status and error for each errno of that call.
meets() {
	local call=$1 pairs=$2 error status
	shift 2
	while read -r error status; do
		run env DMABUFCTL_FAULT="$call=$error" dmabufctl --json "$@"
		ok "$call=$error: $*: exit status $status" equal "$rc" "$status"
		ok "$call=$error: $*: said so in JSON" equal "$(gojq -r '"\(.error.status) \(.error.errno)"' <<<"$out")" "$status $error"
	done < <(xargs -n 2 <<<"$pairs")
	ok "$call: $*: the record is as before" equal "$(record)" "$before"
}
common='EPERM 4 EACCES 4 ENOTTY 3 EOPNOTSUPP 3 ENOMEM 1 EIO 1'

meets IOMMU_IOAS_ALLOC "$common ENOSPC 1" import fb --ioas new
meets IOMMU_IOAS_MAP_FILE "$common ENODEV 5 EINVAL 1 EOVERFLOW 1 ENOENT 1" import fb --ioas ioas0
meets VFIO_DEVICE_FEATURE "$common EINVAL 1 EOVERFLOW 1 ENODEV 1" export $RAM 2 --range 0:4K
meets VFIO_DEVICE_GET_REGION_INFO "$common EINVAL 1" export $RAM 2
meets VFIO_DEVICE_ATTACH_IOMMUFD_PT "$common EINVAL 1 EADDRINUSE 1 EADDRNOTAVAIL 1 EBUSY 1" attach $EDU other
meets VFIO_DEVICE_DETACH_IOMMUFD_PT "$common" detach $EDU
meets VFIO_DEVICE_RESET "EPERM 4 EACCES 4 ENOTTY 3 EOPNOTSUPP 3 EINVAL 3 ENODEV 3 ENOENT 3 ENOMEM 1 EIO 1 EAGAIN 1" revoke $RAM --by reset
meets VFIO_DEVICE_GET_PCI_HOT_RESET_INFO "EPERM 4 ENODEV 3 EINVAL 3 EIO 1" revoke $RAM --by hot-reset
meets IOMMU_IOAS_MAP "EPERM 4 ENOMEM 1" verify map0 --from $EDU
# Of a kernel or a driver that cannot do it: what it takes.
hints() { refuses 3 "$2" env DMABUFCTL_FAULT="$1" dmabufctl "${@:3}"; }
hints VFIO_DEVICE_FEATURE=ENOTTY "VFIO has no VFIO_DEVICE_FEATURE_DMA_BUF; use Linux 6.19 or later with CONFIG_VFIO_PCI_DMABUF$" export $RAM 2 --range 0:4K
hints VFIO_DEVICE_FEATURE=EOPNOTSUPP 'BAR 2: EOPNOTSUPP: Operation not supported$' export $RAM 2 --range 0:4K
hints IOMMU_IOAS_MAP_FILE=ENOTTY 'iommufd has no IOMMU_IOAS_MAP_FILE; use Linux 6.19 or later$' import fb --ioas ioas0
# A device that is taken by another, or that nobody may open; and one that is opened in vain.
d bind $NVME >/dev/null
meets VFIO_DEVICE_BIND_IOMMUFD 'EBUSY 1 EPERM 1 EACCES 4 ENOMEM 1 ENODEV 1' export $NVME 2
run env DMABUFCTL_FAULT=VFIO_DEVICE_BIND_IOMMUFD=EINVAL dmabufctl --json export $NVME 2
ok 'a device that is open already: EBUSY, as that is what it means' equal "$rc $(gojq -r .error.errno <<<"$out")" '1 EBUSY'
run env DMABUFCTL_FAULT=VFIO_DEVICE_SET_IRQS=EIO dmabufctl --json revoke $RAM --by unbind
ok 'a request that cannot be awaited: exit status 1' equal "$rc $(gojq -r .error.errno <<<"$out")" '1 EIO'
# The child's error is the command's.
for pair in EACCES:4 EIO:1 EBUSY:1 EINVAL:3; do
	run env DMABUFCTL_FAULT=write="${pair%:*}" dmabufctl --json revoke $RAM --by unbind
	ok "unbind gives ${pair%:*}: exit status ${pair#*:}" equal "$rc $(gojq -r .error.errno <<<"$out")" "${pair#*:} ${pair%:*}"
	ok "unbind gives ${pair%:*}: the driver keeps it" equal "$(driver_of $RAM)" vfio-pci
done
ok 'nothing came of any of it' equal "$(record)" "$before"

# What stands in the way of a step, in the words of each state.
gives 0 'memory decode off' d revoke $RAM --by memory --hold
for command in 'import fb --ioas ioas0 --iova 0x20000000' 'recover map0' 'recover fb' 'import fb --ioas ioas0 --iova 0x10000000' 'verify map0 --from 00:03.0'; do
	# shellcheck disable=SC2086 # words
	run d --json $command
	ok "revoked: $command: exit status 5" equal "$rc $(gojq -r .error.status <<<"$out")" '5 5'
done
gives 0 'memory decode on' d revoke $RAM --by memory
run d --json import fb --ioas ioas0 --iova 0x10000000
ok 'stale: import at its IOVA: exit status 5' equal "$rc" 5
run d --json import fb --ioas ioas0 --iova 0x10001000
ok 'stale: import into it: exit status 5' equal "$rc" 5
run d --json verify map0 --from $EDU
ok 'stale: verify: exit status 5' equal "$rc" 5
d recover fb >/dev/null
run d --json import fb --ioas ioas0 --iova 0x10000000
ok 'live: import at its IOVA: exit status 1' equal "$rc" 1
run d --json import fb --ioas other --iova 0x10000000
ok 'idle: import at its IOVA: exit status 1' equal "$rc" 1

# Memory decode as the device has it, and its power state.
decode() { echo $((0x$(setpci -s "$1" COMMAND) & 2)); }
power() { echo $((0x$(setpci -s "$1" CAP_PM+4.w) & 3)); }
ok 'memory decode is on' equal "$(decode $RAM)" 2
d revoke $RAM --by memory --hold >/dev/null
ok '--by memory --hold: off, in the device' equal "$(decode $RAM)" 0
d revoke $RAM --by memory >/dev/null
ok '--by memory: on again, in the device' equal "$(decode $RAM)" 2
d export $NVME 2 --range 0:64K --name cmb >/dev/null
gives 0 'd3hot' d revoke $NVME --by d3hot
ok '--by d3hot: D0 again, in the device' equal "$(power $NVME)" 0
gives 0 'd3hot --hold' d revoke $NVME --by d3hot --hold
ok '--by d3hot --hold: D3hot, in the device' equal "$(power $NVME)" 3
ok '--by d3hot --hold: revoked' equal "$(attribute '.dmabufs[] | select(.name == "cmb").state')" revoked
gives 0 'd3hot again' d revoke $NVME --by d3hot
ok '--by d3hot: out of D3hot, in the device' equal "$(power $NVME)" 0
ok '--by d3hot: usable' equal "$(attribute '.dmabufs[] | select(.name == "cmb").state')" usable

leave_nothing
done_testing
