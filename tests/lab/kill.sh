#!/bin/bash
# A command killed after each call that changes something, in turn, leaves the context
# consistent: what it was making is there or is not, in the record and in the kernel alike.
. "$(dirname "$0")/lib.sh"

# die_everywhere DESCRIPTION SETUP COMMAND... - COMMAND is killed after its 1st, 2nd, ...
# call, until it completes. SETUP is a batch that brings an empty context to the start.
die_everywhere() {
	local description=$1 setup=$2 call bad='' state
	shift 2
	for ((call = 1; call < 100; call++)); do
		printf 'release --all\n%b' "$setup" | d --context default batch - >/dev/null || bad+=" $call:setup"
		run env DMABUFCTL_FAULT="change#$call=kill" dmabufctl "$@"
		[ "$rc" -eq 137 ] || break
		state=$(d status --json) || bad+=" $call:status"
		consistent "$state" || bad+=" $call:$(gojq -c '[.mappings, .devices]' <<<"$state")"
	done 2>/dev/null
	ok "$description: completes in the end" equal "$rc" 0
	ok "$description: consistent after a kill at each of $((call - 1)) calls" equal "$bad" ''
}

# consistent STATUS - every mapping is in a state that a whole step can leave, and where none
# is recorded the kernel has none: the IOVA is free.
consistent() {
	case $(gojq -r 'if [.mappings[].state] - ["live", "idle", "stale", "revoked"] != [] then "bad"
		elif (.mappings == []) and any(.dmabufs[]; .name == "fb") then "try" else "good" end' <<<"$1") in
	good) ;;
	try) printf 'import fb --ioas ioas0 --iova %s\nunmap map0\n' "$IOVA" | d --context default batch - ;;
	*) return 1 ;;
	esac
}

# This exporter has no reset, so that opening and closing it takes no time.
device="export $RAM 2 --name fb --range 0:64K\n"
attached="${device}attach $EDU\n"
mapped="${attached}import fb --iova $IOVA\n"
stale="${mapped}revoke $RAM --by memory\n"

d bind "$RAM" "$EDU" >/dev/null
die_everywhere export '' export "$RAM" 2 --name fb --range 0:64K
die_everywhere attach "$device" attach "$EDU"
die_everywhere import "$attached" import fb --iova "$IOVA"
die_everywhere 'import into a new IOAS' "$attached" import fb --ioas other --iova "$IOVA"
die_everywhere unmap "$mapped" unmap map0
die_everywhere detach "$mapped" detach "$EDU"
die_everywhere recover "$stale" recover map0
die_everywhere revoke "$mapped" revoke "$RAM" --by memory
die_everywhere 'revoke --by close' "$mapped" revoke "$RAM" --by close
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
