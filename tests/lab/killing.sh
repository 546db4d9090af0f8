# What a command killed at any call leaves; for tests/lab/kill*.sh, after lib.sh.
# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # gojq has variables too; the tests use the names
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
# mappings and the attachment that are recorded and no others, and the exporter is as it was. What a
# closed device exported is revoked, and cannot be tried.
consistent() {
	gojq -e '[.mappings[].state] - ["live", "idle", "stale", "revoked"] == []' <<<"$1" >/dev/null &&
		is_whole "$1" "$exporter" &&
		{ ! gojq -e '.mappings == [] and any(.dmabufs[]; .name == "fb" and .state == "usable")' <<<"$1" >/dev/null || is_free "$1"; }
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
