#!/bin/bash
# lab: --selftests
# kernels: all
# sample: nothing
# The kernel's own tests of VFIO say of a kernel what they say of it without this project's patches.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/kernel.sh"

echo 128 >/proc/sys/vm/nr_hugepages
mkdir -p /dev/hugepages
mount -t hugetlbfs none /dev/hugepages
d bind "$NVME" >/dev/null
export VFIO_SELFTESTS_BDF=$NVME
for program in vfio_dma_mapping_test vfio_dma_mapping_mmio_test vfio_iommufd_setup_test vfio_pci_device_test; do
	adopt $program
done
leave_nothing
done_testing
