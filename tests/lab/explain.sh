#!/bin/bash
# Errors point to explain, and explain looks at what is so here and now.
. "$(dirname "$0")/lib.sh"

# here ERRNO COMMAND CHECK - what explain says of the check whose text has CHECK in it.
# shellcheck disable=SC2016 # a variable of the filter
here() {
	d explain "$1" --during "$2" --json |
		gojq -r --arg check "$3" '[.causes[] | select(.check | contains($check)).here] | join(" ")'
}

main_setup
ok 'nothing is revoked' equal "$(here ENODEV import revoked)" no
ok 'something is mapped' equal "$(here EEXIST import mapped)" yes
ok 'no dma-buf has several ranges' equal "$(here EOPNOTSUPP import range)" no
ok 'interrupts are isolated' equal "$(here EPERM attach isolated)" no
ok 'iommufd is there' equal "$(here ENOENT export /dev/iommu)" no
ok 'the features are there' equal "$(here ENOTTY import MAP_FILE) $(here ENOTTY export DMA_BUF)" 'no no'
d export "$NVME" 2 --range 0:4K --range 8K:4K --name two >/dev/null
ok 'a dma-buf has several ranges' equal "$(here EOPNOTSUPP import range)" yes

run d import two
ok 'the message points to explain' contains "$err" "see 'dmabufctl explain EOPNOTSUPP --during import'"
run d explain "$err" --json
ok 'a message explains itself: errno and command' \
	equal "$(gojq -r '[.causes[] | .errno + " " + .during] | unique | join(" ")' <<<"$out")" 'EOPNOTSUPP import'
run d import two --json
ok 'so does the JSON error' equal "$(gojq -r .error.explain <<<"$out")" 'dmabufctl explain EOPNOTSUPP --during import'
d revoke "$NVME" --by memory --hold >/dev/null
ok 'now something is revoked' equal "$(here ENODEV import revoked)" yes
d revoke "$NVME" --by memory >/dev/null

gives 0 'by number' d explain 19 --during import
ok 'by number: ENODEV' contains "$out" '^ENODEV +import recover'
gives 0 'an errno that nothing gives' d explain EXDEV
ok 'says so' contains "$out" 'no check is known'

# A fault, as the kernel logged it: the device, the address and the mapping that lies there.
fault() { gojq -r '.fault | "\(.device) \(.address) \(.mapping) \(.state) \(.next)"' <<<"$out"; }
d revoke "$NVME" --by memory >/dev/null
d verify map0 --from "$EDU" --expect-fault >/dev/null
logged=$(dmesg | grep -E 'fault addr|page fault from' | tail -n 1)
run d explain "$logged" --json
edu=$(grep -oE "(0000:)?${EDU#0000:}" <<<"$logged") # older kernels do not say the domain
ok 'a fault: a stale mapping' equal "$(fault)" "$edu $IOVA map0 stale 'dmabufctl recover map0'"
d recover map0 >/dev/null
run d explain "DMAR: [DMA Write NO_PASID] Request device [$EDU] fault addr 0x10fff000 [fault reason 0x05] x" --json
ok 'a fault in a mapping that is live' contains "$(fault)" "^$EDU 0x10fff000 map0 live "
run d explain "DMAR: [DMA Write NO_PASID] Request device [$EDU] fault addr 0x11000000 [fault reason 0x05] x" --json
ok 'a fault behind it' contains "$(fault)" "^$EDU 0x11000000 null null "
run d explain "DMAR: [DMA Write NO_PASID] Request device [$NVME2] fault addr 0x10000000 [fault reason 0x05] x" --json
ok 'a fault of a device that is not attached' contains "$(gojq -r .fault.meaning <<<"$out")" 'the device is not attached to its IOAS'

leave_nothing
done_testing
