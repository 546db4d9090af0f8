#!/bin/bash
# lab: --iommu none
# On a machine without an IOMMU.
. "$(dirname "$0")/lib.sh"

run d doctor
ok 'doctor: exit status 3' equal "$rc" 3
ok 'doctor: names what is missing' contains "$out" 'IOMMU +missing +0 of'
ok 'doctor: and the remedy' contains "$out" 'intel_iommu=on'
refuses 3 'it is in no IOMMU group' d bind "$NVME"
ok 'the driver stays' equal "$(driver_of $NVME)" nvme
run d topology 01:00.0 02:00.0 --json
ok 'topology: no IOMMU group is null' equal "$(gojq -c '.verdict | [.from_group, .to_group, .same_group]' <<<"$out")" \
	'[null,null,false]'
ok 'topology: and no number in the table' equal "$(d topology 01:00.0 02:00.0 | awk '/^FROM/ { getline; print $2, $4 }')" '- -'
done_testing
