#!/bin/bash
# lab: --selftests
# lab: --selftests --iommu none
# kernels: all
# sample: nothing
# The kernel's own tests say of a kernel what they say of it without this project's patches. Those of iommufd want a debug
# kernel, and a machine without an IOMMU: its mock devices would be taken for that one's.
. "$(dirname "$0")/lib.sh"

shopt -s extglob

# adopt PROGRAM - its checks become checks here.
adopt() {
	local program=$1 line name
	if [ ! -x "$LAB_SELFTESTS/$program" ]; then
		skip "$program" 'it does not build out of this source'
		return
	fi
	"$LAB_SELFTESTS/$program" >"$TEST_DIR/$program" 2>&1
	while IFS= read -r line; do
		name=${line#*ok +([0-9]) }
		case $line in
		'ok '*'# SKIP '*) skip "$program: ${name% # SKIP*}" "${line#*# SKIP }" ;;
		'ok '*) ok "$program: $name" true ;;
		'not ok '*.vfio_type1*_iommu*) skip "$program: $name" 'VFIO containers, which this kernel does not have' ;;
		'not ok '*)
			ok "$program: $name" false
			grep -B 20 -F "$line" "$TEST_DIR/$program" | grep '^#' | tail -n 5 | sed 's/^/# /'
			;;
		esac
	done < <(grep -E '^(not )?ok [0-9]+ ' "$TEST_DIR/$program")
	ok "$program: it kept to its plan" equal "$(grep -cE '^(not )?ok [0-9]+ ' "$TEST_DIR/$program")" \
		"$(sed -nE 's/^1\.\.([0-9]+)$/\1/p' "$TEST_DIR/$program")"
}

echo 128 >/proc/sys/vm/nr_hugepages
if [ -n "$(ls /sys/kernel/iommu_groups)" ]; then
	mkdir -p /dev/hugepages
	mount -t hugetlbfs none /dev/hugepages
	d bind "$NVME" >/dev/null
	export VFIO_SELFTESTS_BDF=$NVME
	for program in vfio_dma_mapping_test vfio_dma_mapping_mmio_test vfio_iommufd_setup_test vfio_pci_device_test; do
		adopt $program
	done
	leave_nothing
elif [ -e /sys/kernel/debug/iommufd_test ] || grep -q iommufd_test /proc/kallsyms; then
	adopt iommufd
	adopt iommufd_fail_nth
else
	skip "iommufd's own tests" 'this kernel has no CONFIG_IOMMUFD_TEST: a debug kernel has'
fi
done_testing
