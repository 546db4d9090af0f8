#!/bin/bash
# A step that fails, or whose command is killed, is undone in the kernel and not in the record alone:
# page tables, IOASes, dma-bufs, open devices and command registers are what they were.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/kernel.sh"

# kernel - what it has of the default context.
kernel() {
	translations $EDU
	echo 'and of the NVMe controller:'
	translations $NVME2
	echo "IOASes $(peek ioases), dma-bufs $(dmabufs), commands $(command_register $EDU) $(command_register $RAM) $(command_register $NVME2)"
	find "/proc/$HOLDER/fd" -type l -printf '%l\n' | grep -v '^pipe:' | sort
}
# The record; times are compared too, as an object that was made anew has another.
record() { d status --json; }
remember() { record=$(record) kernel=$(kernel); }
unchanged() {
	ok "$1: the record is as before" equal "$(record)" "$record"
	ok "$1: the kernel is as before" equal "$(kernel)" "$kernel"
}

# fails FAULT STATUS COMMAND... - one call of the command gives this error.
fails() {
	local fault=$1 status=$2
	shift 2
	run env DMABUFCTL_FAULT="$fault" dmabufctl "$@"
	ok "$fault: $*: exit status $status" equal "$rc" "$status"
	unchanged "$fault: $*"
}
# killed FAULT COMMAND... - killed behind that call, and undone by the next command.
killed() {
	local fault=$1
	shift
	run env DMABUFCTL_FAULT="$fault=kill" dmabufctl "$@"
	ok "killed behind $fault: $*" equal "$rc" 137
	unchanged "killed behind $fault: $*"
}

d bind $RAM $EDU $NVME2 >/dev/null
printf '%s\n' "export $RAM 2 --range 0:64K --name fb" "attach $EDU" \
	'import fb --iova 0x10000000 --name first' 'import fb --iova 0x10020000 --prot r --name second' \
	'import fb --ioas other --iova 0x10000000 --name third' "attach $NVME2 other" |
	d --context default batch -
HOLDER=$(holder default)
remember
ok 'the start: two page tables' equal "$(translations $EDU | wc -l) $(translations $NVME2 | wc -l)" '2 1'

for call in IOMMU_IOAS_MAP_FILE=ENOMEM HOLDER_PUT=ENOBUFS; do
	fails $call 1 import fb --ioas ioas0 --iova 0x10010000
	fails $call 1 import fb --ioas new
done
fails HOLDER_PUT#2=ENOBUFS 1 import fb --ioas new
fails IOMMU_IOAS_ALLOC=ENOSPC 1 import fb --ioas new
fails VFIO_DEVICE_ATTACH_IOMMUFD_PT=ENOMEM 1 attach $EDU other
fails HOLDER_PUT=ENOBUFS 1 attach $EDU other
fails HOLDER_PUT#2=ENOBUFS 1 attach $EDU new
fails VFIO_DEVICE_DETACH_IOMMUFD_PT=EIO 1 detach $EDU
fails HOLDER_PUT=ENOBUFS 1 detach $EDU
fails HOLDER_PUT=ENOBUFS 1 export $RAM 2 --range 64K:4K
fails VFIO_DEVICE_FEATURE=ENOMEM 1 export $RAM 2 --range 64K:4K
fails HOLDER_DELETE_ALL=ENOBUFS 1 unmap first
fails HOLDER_DELETE_ALL=ENOBUFS 1 release first
fails HOLDER_DELETE=ENOBUFS 1 revoke $RAM --by close
fails pwrite=EIO 1 revoke $RAM --by memory
fails IOMMU_IOAS_MAP=ENOMEM 1 verify first --from $EDU
fails pwrite=EIO 1 verify first --from $EDU
fails pwrite#4=EIO 1 verify first --from $EDU
fails pread#3=EIO 1 verify first --from $EDU

# One call of recover fails: the mapping is stale, or live, or gone, for the kernel as for the record.
for call in IOMMU_IOAS_MAP_FILE#1 IOMMU_IOAS_MAP_FILE#2 IOMMU_IOAS_MAP_FILE#3 IOMMU_IOAS_ALLOC IOMMU_IOAS_UNMAP HOLDER_PUT_ALL HOLDER_PUT_ALL#2; do
	d revoke $RAM --by memory >/dev/null
	run env DMABUFCTL_FAULT=$call=ENOMEM dmabufctl recover second
	ok "$call: recover: what is live in the record is in the page table" \
		equal "$(attribute '.mappings[] | select(.ioas == "ioas0" and .state == "live") | .iova' | xargs)" \
		"$(translations $EDU | sed 's/+.*//' | xargs)"
	d import fb --ioas ioas0 --iova 0x10020000 --prot r --name second >/dev/null 2>&1
	for name in first second third; do d recover $name >/dev/null; done
	ok "$call: recover: it can be had again" equal "$(kernel)" "$kernel"
done

# Killed anywhere in it: the next command maps again what was being recovered, and nothing is lost.
for call in HOLDER_PUT_ALL IOMMU_IOAS_UNMAP IOMMU_IOAS_MAP_FILE#3 HOLDER_PUT_ALL#2; do
	d revoke $RAM --by memory >/dev/null
	run env DMABUFCTL_FAULT=$call=kill dmabufctl recover fb
	ok "killed behind $call: recover: it was" equal "$rc" 137
	ok "$call: killed in recover: all are there" equal "$(attribute '[.mappings[].name] | sort | join(" ")')" 'first second third'
	ok "$call: killed in recover: none is half way" equal "$(attribute '[.mappings[].recovering] | unique == [null]')" true
	d recover fb >/dev/null
	ok "$call: killed in recover: it can be had again" equal "$(kernel)" "$kernel"
done
remember

# A device that was opened for a step that failed is closed again.
d bind $NVME >/dev/null
remember
fails VFIO_DEVICE_FEATURE=ENOMEM 1 export $NVME 2
fails VFIO_DEVICE_BIND_IOMMUFD=EBUSY 1 export $NVME 2
fails HOLDER_PUT=ENOBUFS 1 export $NVME 2
fails HOLDER_PUT#2=ENOBUFS 1 export $NVME 2
fails VFIO_DEVICE_ATTACH_IOMMUFD_PT=EINVAL 1 attach $NVME other
fails IOMMU_IOAS_ALLOC=ENOMEM 1 attach $NVME new
ok 'the device is closed' equal "$(find /proc/[0-9]*/fd -lname "$(cdev $NVME)" 2>/dev/null)" ''

# Killed between the kernel's step and the record's.
killed IOMMU_IOAS_MAP_FILE import fb --ioas ioas0 --iova 0x1000000 --name before
killed IOMMU_IOAS_MAP_FILE import fb --ioas ioas0 --iova 0x10010000 --name between
killed IOMMU_IOAS_MAP_FILE import fb --ioas ioas0 --iova 0x10030000 --name behind
killed IOMMU_IOAS_MAP_FILE import fb --ioas other --iova 0xfff0000 --name before
killed IOMMU_IOAS_MAP_FILE import fb --ioas other --length 4K --name anywhere
killed IOMMU_IOAS_ALLOC import fb --ioas new
killed VFIO_DEVICE_ATTACH_IOMMUFD_PT attach $EDU other
killed VFIO_DEVICE_ATTACH_IOMMUFD_PT attach $NVME2 ioas0
killed VFIO_DEVICE_DETACH_IOMMUFD_PT detach $EDU
killed VFIO_DEVICE_DETACH_IOMMUFD_PT detach $NVME2
killed VFIO_DEVICE_FEATURE export $RAM 2 --range 64K:4K
killed VFIO_DEVICE_BIND_IOMMUFD export $NVME 2
killed IOMMU_IOAS_MAP verify first --from $EDU
# A status is no step: the same holds when it is the one that was killed before.
killed IOMMU_IOAS_ALLOC status

# The same for a device that was not attached, and for an IOAS without mappings.
d detach $NVME2
remember
killed VFIO_DEVICE_ATTACH_IOMMUFD_PT attach $NVME2 other
killed VFIO_DEVICE_ATTACH_IOMMUFD_PT attach $NVME2 ioas0
d unmap third
remember
killed IOMMU_IOAS_MAP_FILE import fb --ioas other --iova 0x10000000 --name stray
killed IOMMU_IOAS_MAP_FILE import fb --ioas other --iova 0x7000000000 --name stray

# What was left cannot be undone at first: that is said, nothing else is done, and the next command tries again.
for fault in IOMMU_IOAS_UNMAP=EIO VFIO_DEVICE_ATTACH_IOMMUFD_PT=EBUSY; do
	run env DMABUFCTL_FAULT=IOMMU_IOAS_MAP_FILE=kill dmabufctl import fb --ioas other --iova 0x10000000 --name stray
	for command in status 'release first'; do
		# shellcheck disable=SC2086 # words
		run env DMABUFCTL_FAULT=$fault dmabufctl $command
		ok "$fault: $command: exit status 1, and nothing printed" equal "$rc $out" '1 '
		ok "$fault: $command: says so" equal "$(head -n 1 <<<"$err")" "dmabufctl: context default: ${fault#*=}: what a killed command left there cannot be undone; 'dmabufctl context stop default' ends it, with all that it has"
	done
	unchanged "$fault: the repair of a repair"
done

# Behind the record's step the kernel's is done as well.
run env DMABUFCTL_FAULT=HOLDER_PUT=kill dmabufctl import fb --ioas ioas0 --iova 0x10010000 --name between
ok 'recorded, then killed: it is there' equal "$(attribute '[.mappings[] | .name + " " + .state] | sort | join(", ")')" \
	'between live, first live, second live'
ok 'recorded, then killed: in the kernel too' equal "$(translations $EDU | xargs)" \
	"0x10000000+0x10000->$(bar $RAM 2) rw 0x10010000+0x10000->$(bar $RAM 2) rw 0x10020000+0x10000->$(bar $RAM 2) r"
run env DMABUFCTL_FAULT=HOLDER_DELETE_ALL=kill dmabufctl unmap between
ok 'unrecorded, then killed: it is gone' equal "$(attribute '[.mappings[].name] | sort | join(" ")')" 'first second'
ok 'unrecorded, then killed: from the kernel too' equal "$(translations $EDU | wc -l)" 2
run env DMABUFCTL_FAULT=HOLDER_PUT=kill dmabufctl detach $EDU
ok 'recorded as detached, then killed: it is' equal "$(attribute ".devices[] | select(.name == \"$EDU\") | .ioas") $(translations $EDU)" 'null '
run env DMABUFCTL_FAULT=HOLDER_PUT=kill dmabufctl attach $EDU other
ok 'recorded as attached, then killed: it is' equal "$(attribute ".devices[] | select(.name == \"$EDU\") | .ioas") $(translations $EDU)" 'other '

leave_nothing
ok 'nothing left: no dma-buf' equal "$(dmabufs)" 0
done_testing
