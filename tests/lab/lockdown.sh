#!/bin/bash
# lab: --append lockdown=confidentiality
# A kernel that keeps its memory from root, too: the weaker sources take over, and each loss is said once.
. "$(dirname "$0")/lib.sh"

rows() { gojq -r ".checks[] | select(.check != \"KVM importer\" and ($1)) | \"\(.check) \(.result)\"" <<<"$out"; }
state() { attribute '.mappings[0] | "\(.state) by \(.evidence | join(","))"'; }

ok 'the kernel is locked down' contains "$(cat /sys/kernel/security/lockdown)" '[[]confidentiality]'
modprobe vfio-pci
run d doctor --json
ok 'doctor: exit status 0' equal "$rc" 0
ok 'doctor: what is missing' equal "$(rows '.result != "ok"')" "\
tracefs missing
kernel records missing"
ok 'doctor: each says why' equal "$(gojq '[.checks[].detail | select(contains("the kernel is locked down"))] | length' <<<"$out")" 2
fails 3 'monitor: EPERM: the kernel is locked down' d monitor
fails 3 'what iommufd has on record cannot be read: the kernel is locked down' d status --all

main_setup
ok 'live, by the page tables' equal "$(state)" 'live by page-table'
run d list --json
ok 'list: who has it' equal "$(gojq -c '.dmabufs[] | [.name, .device, .origin, (.holders | length)]' <<<"$out")" "[\"fb\",\"$NVME\",\"context default\",1]"
ok 'list: what is lacking, and why' contains "$(gojq -r .sources.lacking <<<"$out")" 'the kernel is locked down'
gives 0 'revoke' d revoke "$NVME" --by reset
ok 'stale, by the page tables' contains "$(state)" '^stale by .*page-table'
gives 0 'recover' d recover map0
gives 0 'verify by DMA' d verify map0 --from "$EDU"
leave_nothing
done_testing
