#!/bin/bash
# lab:
# lab: --iommu virtio
# lab: --iommu amd
# kernels: all
# What explain says of other programs that map a BAR by its mmap: the kernel refuses it so, and takes its dma-buf.
. "$(dirname "$0")/lib.sh"

d bind $NVME $EDU >/dev/null
hold vmm "open $(cdev $NVME)" "open $(cdev $EDU)" 'export 0 2 0 0x10000' ioas ioas 'attach 1 0'

# does COMMAND... - the error of the program's next command, "none" if it has none.
does() {
	local said
	said=$(wc -l <"$TEST_DIR/held")
	echo "$*" >&8
	await 30 eval "[ \$(wc -l <'$TEST_DIR/held') -gt $said ]"
	tail -n 1 "$TEST_DIR/held" | gojq -r '.error // "none"'
}
await 30 eval "[ \$(wc -l <'$TEST_DIR/held') -eq 6 ]"
ok 'devices, dma-buf and IOASes are there' equal "$(gojq -sc 'map(.error // empty)' "$TEST_DIR/held")" '[]'
ok 'memory is mapped' equal "$(does map-memory 0 0x10000000 0x10000)" none
ok 'a BAR by its mmap is not: EFAULT' equal "$(does map-bar 0 0x20000000 0 2 0x10000)" EFAULT
ok 'by its dma-buf it is' equal "$(does map-file 0 0x20000000 0 0 0x10000)" none
# Without a device nothing is pinned yet.
ok 'where no device is attached, the BAR is taken' equal "$(does map-bar 1 0x20000000 0 2 0x10000)" none
ok 'and the device is not: EFAULT' equal "$(does attach 0 1)" EFAULT
ok 'without it, it is' equal "$(does unmap 1 0x20000000 0x10000) $(does attach 0 1)" 'none none'

# rule MESSAGE - the rules that explain names for it, and whether they apply.
rule() { d explain --json "$1" | gojq -r '[.causes[] | .id + " " + .here] | join(" ")'; }
ok 'explain names that rule' equal \
	"$(rule 'qemu-system-x86_64: warning: IOMMU_IOAS_MAP failed: Bad address, PCI BAR?')" 'map-mmio unknown'
ok 'for the attachment too' equal \
	"$(rule 'vfio 0000:01:00.0: [iommufd=24] error attach 0000:01:00.0 (26) to id=3: Bad address')" 'map-mmio unknown'
ok 'revoked: ENODEV' equal "$(does memory 0 0) $(does map-file 0 0x30000000 0 0 0x10000)" 'none ENODEV'
let_go

# Whose dma-bufs a message is about: another program's are not the context's.
d export $NVME 2 --name fb >/dev/null
d revoke $NVME --by memory --hold >/dev/null
ok "the context's is revoked" equal "$(rule 'ioctl(7, IOMMU_IOAS_MAP_FILE, {}) = -1 ENODEV (No such device)')" 'import-revoked yes'
ok "that says nothing of QEMU's" equal "$(rule 'qemu-system-x86_64: IOMMU_IOAS_MAP_FILE failed: No such device')" \
	'import-revoked unknown'
d revoke $NVME --by memory >/dev/null
leave_nothing
done_testing
