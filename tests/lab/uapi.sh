#!/bin/bash
# lab:
# lab: --iommu virtio
# lab: --iommu amd
# kernels: all
# sample: lts
# src/uapi/ has the numbers and layouts of the kernel that runs.
. "$(dirname "$0")/lib.sh"

build() {
	"${CC:-gcc}" -D_GNU_SOURCE -Wall -Werror "$@" -o "$TEST_DIR/uapi" "$LAB_TOP/tests/uapi.c" &&
		"$TEST_DIR/uapi"
}

echo '#define HAVE_IOMMU_IOAS_MAP_FILE 0' >"$TEST_DIR/config.h"
run build -I "$TEST_DIR" -I "$LAB_TOP/src"
ours=$out
ok 'src/uapi/ builds' equal "$rc" 0
run build -DKERNEL_HEADERS -isystem "$LAB_KERNEL/include"
ok "the kernel's headers build" equal "$rc" 0
ok 'there is something to compare' [ "$(wc -l <<<"$out")" -gt 40 ]
ok 'both are the same' equal "$(diff <(echo "$ours") <(echo "$out"))" ''
done_testing
