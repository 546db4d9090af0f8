#!/bin/bash
# A command killed after each call that changes something, in turn, leaves the context
# consistent: what it was making is there or is not, in the record and in the kernel alike.
# shellcheck disable=SC2016 # gojq has variables too
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

# consistent STATUS - every mapping is in a state that a whole step can leave, the kernel has the
# mappings and the attachment that are recorded and no others, and the exporter is as it was.
consistent() {
	gojq -e '[.mappings[].state] - ["live", "idle", "stale", "revoked"] == []' <<<"$1" >/dev/null &&
		is_whole "$1" "$exporter" &&
		{ ! gojq -e '.mappings == [] and any(.dmabufs[]; .name == "fb")' <<<"$1" >/dev/null || is_free "$1"; }
}

# is_whole STATUS BDF - the driver has it, and while it is open its memory decodes, in power state D0.
is_whole() {
	local device=/sys/bus/pci/devices/$2
	[ "$(driver_of "$2")" = vfio-pci ] || return 1
	gojq -e --arg name "$2" 'any(.devices[]; .name == $name)' <<<"$1" >/dev/null || return 0
	[ "$(memory_of "$2")" = 2 ] &&
		[[ $(cat "$device/power_state") = @(D0|unknown) ]]
}

# is_free STATUS - the IOVA can be mapped, and the importer reaches it when it is recorded as attached.
is_free() {
	local recorded=no kernel=no
	gojq -e --arg name "$EDU" 'any(.devices[]; .name == $name and .ioas == "ioas0")' <<<"$1" >/dev/null && recorded=yes
	d import fb --ioas ioas0 --iova "$IOVA" --name probe >/dev/null || return 1
	grep -q "^0x0*10000\b" "/sys/kernel/debug/iommu/intel/$EDU/domain_translation_struct" && kernel=yes
	d unmap probe && [ $recorded = $kernel ]
}

# memory_of BDF - 2 with memory decode on, 0 without, as the device has it.
memory_of() { echo $(($(od -An -tu1 -j4 -N1 "/sys/bus/pci/devices/$1/config") & 2)); }

# This exporter has no reset, so that opening and closing it takes no time.
device="export $RAM 2 --name fb --range 0:64K\n"
attached="${device}attach $EDU\n"
mapped="${attached}import fb --iova $IOVA\n"
stale="${mapped}revoke $RAM --by memory\n"

exporter=$RAM
d bind "$RAM" "$EDU" "$NVME2" >/dev/null
die_everywhere export '' export "$RAM" 2 --name fb --range 0:64K
die_everywhere attach "$device" attach "$EDU"
die_everywhere import "$attached" import fb --iova "$IOVA"
die_everywhere 'import into a new IOAS' "$attached" import fb --ioas other --iova "$IOVA"
die_everywhere unmap "$mapped" unmap map0
die_everywhere detach "$mapped" detach "$EDU"
die_everywhere recover "$stale" recover map0
die_everywhere revoke "$mapped" revoke "$RAM" --by memory
die_everywhere 'revoke --by close' "$mapped" revoke "$RAM" --by close
die_everywhere 'revoke --by unbind' "$mapped" revoke "$RAM" --by unbind
die_everywhere 'revoke --by remove' "$mapped" revoke "$RAM" --by remove
die_everywhere 'release --all' "$mapped" release --all

# And one that has power states and resets.
exporter=$NVME2
for trigger in d3hot low-power flr reset; do
	die_everywhere "revoke --by $trigger" "export $NVME2 2 --name fb --range 0:64K\n" revoke "$NVME2" --by $trigger
done
exporter=$RAM

# What the next command puts right it says, once. --hold is no half step.
printf 'release --all\n%b' "$mapped" | d --context default batch - >/dev/null
run env DMABUFCTL_FAULT='pwrite=kill' dmabufctl revoke "$RAM" --by memory
ok 'killed with memory decode off' equal "$(memory_of "$RAM")" 0
run d status
ok 'the next command says what it undoes' contains "$err" "$RAM: a command was killed before it could undo --by memory; that is done now"
ok 'and has done it' equal "$(memory_of "$RAM")" 2
run d status
ok 'the one after it has nothing to say' equal "$err" ''
d revoke "$RAM" --by memory --hold >/dev/null
run d status
ok '--hold: nothing is undone' equal "$err $(memory_of "$RAM")" ' 0'
d revoke "$RAM" --by memory >/dev/null

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
