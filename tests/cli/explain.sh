#!/bin/bash
# Messages as people meet them, in logs and on terminals: which errno explain finds in each.
. "$(dirname "$0")/../lib.sh"

export XDG_RUNTIME_DIR=$TEST_DIR/runtime
mkdir -m 700 "$XDG_RUNTIME_DIR"

# finds ERRNO MESSAGE
finds() {
	run dmabufctl explain --json -- "$2"
	ok "'$2': $1" equal "$(gojq -r .errno <<<"$out") $rc" "$1 0"
}

finds ENODEV ENODEV
finds ENODEV enodev
finds ENODEV 19
finds ENODEV -19
finds EOPNOTSUPP ENOTSUP
finds EAGAIN EWOULDBLOCK
finds EXDEV 18
finds EHWPOISON 133
finds ENODEV 'No such device'
finds ENXIO 'open: No such device or address'
finds EBUSY 'qemu-system-x86_64: -device vfio-pci,host=01:00.0: vfio 0000:01:00.0: failed to open /dev/vfio/7: Device or resource busy'
finds EINVAL 'qemu-system-x86_64: vfio 0000:01:00.0: error binding device to iommufd: Invalid argument'
finds EINVAL 'vfio-pci 0000:01:00.0: probe with driver vfio-pci failed with error -22'
finds EPERM 'vfio-pci 0000:01:00.0: probe with driver vfio-pci failed with error -1'
finds ENODEV "[Errno 19] No such device: '/dev/vfio/devices/vfio0'"
finds ENODEV '[Errno 19] quelque chose'
finds EOPNOTSUPP 'ibv_reg_dmabuf_mr: errno=95'
finds EINVAL 'ioctl(IOMMU_IOAS_MAP_FILE) returned -22'
finds ENOTTY 'ioctl(7, IOMMU_IOAS_MAP_FILE, {}) = -1 ENOTTY (Inappropriate ioctl for device)'
finds ENOTTY 'inappropriate IOCTL for device'
finds EEXIST 'dmabufctl: import fb: EEXIST: map0 (stale) occupies 0x10000000+0x1000000'
finds EOPNOTSUPP 'Error: Operation not supported'
finds ENOENT '3 errors: No such file or directory'
finds ERESTART 'Interrupted system call should be restarted'
finds EINTR 'Interrupted system call'

# Other programs' messages: whose, what failed in the kernel, how, and by which rules.
# tells MESSAGE EXPECTED
tells() {
	run dmabufctl explain --json -- "$1"
	ok "'$1': $2" equal \
		"$(gojq -r '"\(.message.program): \(.message.operations | join(" ")): \(.message.errno): \([.causes[].id] | join(" "))"' <<<"$out")" "$2"
}
tells 'qemu-system-x86_64: warning: IOMMU_IOAS_MAP failed: Bad address, PCI BAR?' 'QEMU: IOMMU_IOAS_MAP: EFAULT: map-mmio'
tells 'qemu-system-x86_64: warning: IOMMU_IOAS_MAP_FILE failed: Bad address, PCI BAR?' 'QEMU: IOMMU_IOAS_MAP_FILE: EFAULT: '
tells 'warning: VFIO dma-buf not supported in kernel: PCI BAR IOMMU mappings may fail' \
	'QEMU: VFIO_DEVICE_FEATURE_DMA_BUF: ENOTTY: export-feature'
tells 'vfio_container_dma_map(0x55cc, 0x380000000000, 0x1000000, 0x7f87) = -95 (Operation not supported)' \
	'QEMU: IOMMU_IOAS_MAP VFIO_IOMMU_MAP_DMA IOMMU_IOAS_MAP_FILE: EOPNOTSUPP: import-ranges import-exporter'
tells 'Failed to DMA map: failed to map an IOVA range to the IOAS: Bad address (os error 14)' \
	'Cloud Hypervisor: IOMMU_IOAS_MAP: EFAULT: map-mmio'
tells 'failed to map 0x0-0x1000 into iommufd IOAS: IOMMU_IOAS_MAP_FILE failed: ENODEV: No such device' \
	'OpenVMM: IOMMU_IOAS_MAP_FILE: ENODEV: import-revoked'
tells 'ioctl(7, IOMMU_IOAS_MAP, {}) = -1 EEXIST (File exists)' 'null: IOMMU_IOAS_MAP: EEXIST: import-occupied'
run dmabufctl explain --json --during export -- 'IOMMU_IOAS_MAP failed: Invalid argument'
ok '--during goes before what the message tells' equal "$(gojq -r '[.causes[].during] | unique[]' <<<"$out")" export
run dmabufctl explain --json EFAULT
ok 'a bare errno is no message' equal "$(gojq -r .message <<<"$out")" null
run dmabufctl explain -v 'qemu-system-x86_64: warning: IOMMU_IOAS_MAP failed: Bad address, PCI BAR?'
ok 'a table: program, operation, errno' contains "$out" '^QEMU +IOMMU_IOAS_MAP +EFAULT'
ok 'a table: the check, its place and what helps' \
	contains "$out" '^EFAULT .* MMIO.* IOMMU_IOAS_MAP_FILE .*check_vma_flags\(\), mm/gup.c'
run dmabufctl explain 'IOMMU_IOAS_MAP_FILE failed: Bad address, PCI BAR?'
ok 'where no rule fits, it is said' contains "$out" '^no check is known that gives this errno there'

refuses_to_find() { refuses 2 'it names no errno, and is no IOMMU fault; give a name' dmabufctl explain -- "$1"; }
for text in nonsense '' 0 134 -134 1000000000000000000000 'device 0000:01:00.0' 'ERRNO' 'error 22x' 'a-19' 'no device' \
	'DMAR: DRHD: handling fault status reg 2'; do
	refuses_to_find "$text"
done
refuses 2 "option --during: 'nonsense': not a command; 'dmabufctl --list-commands' lists them" \
	dmabufctl explain ENODEV --during nonsense

# A fault: who, where, and that nothing is there.
for line in 'DMAR: [DMA Write NO_PASID] Request device [0000:00:03.0] fault addr 0x10001000 [fault reason 0x05] PTE Write access is not set' \
	'[   77.002233] virtio_iommu virtio3: page fault from EP 24 at 0x10001000 [W]' \
	'Nov 24 09:00:00 eio kernel: vfio-pci 0000:00:03.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0011 address=0x10001000 flags=0x0020]'; do
	run dmabufctl explain --json "$line"
	ok "${line:0:40}: exit status 0" equal "$rc" 0
	ok "${line:0:40}: device, address, mapping" \
		equal "$(gojq -r '.fault | "\(.device) \(.address) \(.mapping) \(.meaning)"' <<<"$out")" \
		'0000:00:03.0 0x10001000 null nothing of this context is mapped there'
done

# What explain can say of each errno: no cause twice, each with its place and a way on.
for ((number = 1; number <= 133; number++)); do
	dmabufctl explain --json $number
done | gojq -s '[.[].causes[]]' >"$TEST_DIR/causes"
ok 'as many causes as there are rules' \
	equal "$(gojq length "$TEST_DIR/causes")" "$(cat "$(dirname "$0")"/../../src/rules/*.c | grep -c '\.id = "')"
ok 'each by an id of its own' equal "$(gojq '[.[].id] | unique | length' "$TEST_DIR/causes")" "$(gojq length "$TEST_DIR/causes")"
ok 'none twice' equal "$(gojq '[.[] | .errno + .during + .check] | group_by(.) | map(select(length > 1)) | length' "$TEST_DIR/causes")" 0
ok 'each with its place, and a way on' equal "$(gojq '[.[] | select((.next | not) or (.where | not) or (.check | not) or (.since | not))] | length' "$TEST_DIR/causes")" 0
# A version that came after 6.12 is not all there is to say: 6.12 has it by a patch of this tree, or never.
ok 'what 6.12 does with the patches is said' equal \
	"$(gojq -r '.[] | select(.since | test("6\\.1[3-9]") and (test("6\\.12 with kernel/linux-6\\.12/[0-9]{4}$|6\\.1[3-9] to ") | not)) | .id' "$TEST_DIR/causes")" ''
for patch in $(gojq -r '[.[].since | scan("kernel/linux-6\\.12/[0-9]{4}")] | unique | join(" ")' "$TEST_DIR/causes"); do
	ok "$patch is there" compgen -G "$(dirname "$0")/../../$patch-*.patch"
done
for during in $(gojq -r '[.[].during | split(" ")[]] | unique | join(" ")' "$TEST_DIR/causes"); do
	ok "$during is a command, or a call" eval "{ dmabufctl --list-commands; printf '%s\n' IOMMU_IOAS_MAP VFIO_IOMMU_MAP_DMA; } | grep -qx $during"
done
# What the kernel is known to refuse with (tests/lab/uapi.sh has it do so): each can be looked up.
while read -r error during count; do
	ok "$error during $during: $count causes" \
		equal "$(dmabufctl explain "$error" --during "$during" --json | gojq '.causes | length')" "$count"
done <<-END
	ENODEV import 1
	EOPNOTSUPP import 5
	EEXIST import 1
	EINVAL import 9
	EOVERFLOW import 1
	ENOTTY import 5
	ENODEV export 1
	EINVAL export 7
	EOVERFLOW export 1
	ENOTTY export 1
	EOPNOTSUPP export 1
	EPERM export 3
	EPERM attach 3
	EADDRINUSE attach 2
END
done_testing
