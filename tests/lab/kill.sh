#!/bin/bash
# sample: nothing
# A command killed after each call that changes something, in turn, leaves the context
# consistent: what it was making is there or is not, in the record and in the kernel alike.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/killing.sh"

exporter=$RAM
d bind "$RAM" "$EDU" >/dev/null
die_everywhere export '' export "$RAM" 2 --name fb --range 0:64K
die_everywhere attach "$device" attach "$EDU"
die_everywhere import "$attached" import fb --iova "$IOVA"
die_everywhere 'import into a new IOAS' "$attached" import fb --ioas other --iova "$IOVA"
die_everywhere unmap "$mapped" unmap map0
die_everywhere detach "$mapped" detach "$EDU"
die_everywhere recover "$stale" recover map0
die_everywhere 'release --all' "$mapped" release --all

# An error from the kernel instead: the step is rolled back, and says so.
printf 'release --all\n%b' "$mapped" | d --context default batch - >/dev/null
before=$(d status --json)
fails() {
	local fault=$1 status=$2
	shift 2
	run env DMABUFCTL_FAULT="$fault" dmabufctl "$@"
	ok "$fault: exit status $status" equal "$rc" "$status"
	ok "$fault: says ${fault#*=}" contains "$err" "${fault#*=}"
	ok "$fault: as before" equal "$(d status --json)" "$before"
}
fails IOMMU_IOAS_MAP_FILE=ENOMEM 1 import fb --ioas other
fails IOMMU_IOAS_ALLOC=ENOSPC 1 import fb --ioas other
fails VFIO_DEVICE_FEATURE=ENOTTY 3 export "$RAM" 2
fails VFIO_DEVICE_FEATURE=EOPNOTSUPP 3 export "$RAM" 2
fails VFIO_DEVICE_GET_REGION_INFO=EPERM 4 export "$RAM" 2
fails VFIO_DEVICE_ATTACH_IOMMUFD_PT=EINVAL 1 attach "$EDU" other
fails VFIO_DEVICE_DETACH_IOMMUFD_PT=EIO 1 detach "$EDU"
fails VFIO_DEVICE_RESET=EAGAIN 1 revoke "$RAM" --by reset

leave_nothing
done_testing
