#!/bin/bash
# lab: --selftests --iommu none
# kernels: all
# sample: nothing
# The kernel's own tests of iommufd say of a kernel what they say of it without this project's patches. They want a
# debug kernel, and a machine without an IOMMU: their mock devices would be taken for that one's.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/kernel.sh"

echo 128 >/proc/sys/vm/nr_hugepages
if grep -q iommufd_test /proc/kallsyms; then
	adopt iommufd
	adopt iommufd_fail_nth
else
	skip "iommufd's own tests" 'this kernel has no CONFIG_IOMMUFD_TEST: a debug kernel has'
fi
done_testing
