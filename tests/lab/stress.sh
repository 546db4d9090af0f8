#!/bin/bash
# lab: --cpus 2
# lab: --cpus 2 --iommu virtio
# kernels: all
# Everything at once, closing in every order, and removal while mapped: the kernel stands it.
# ROUNDS: of everything at once; UNPLUGS: how often both devices are removed while mapped.
. "$(dirname "$0")/lib.sh"

stress() { "$LAB_BUILD/tests/lab/stress" "$@"; }
# virtio-iommu of 6.12 learns what it can map when a domain is attached, later ones when it is made.
late=''
if is_virtio && ! grep -q ' viommu_domain_alloc_paging' /proc/kallsyms; then
	late='late-domains'
fi
rounds=200 unplugs=10
[ -e /sys/kernel/debug/kmemleak ] && rounds=1000 unplugs=250
rounds=${ROUNDS:-$rounds} unplugs=${UNPLUGS:-$unplugs}

d bind "$NVME" "$EDU" >/dev/null
gives 0 "$rounds rounds of everything at once" \
	stress rounds "$(cdev "$NVME")" "$(cdev "$EDU")" "/sys/bus/pci/devices/$NVME/reset" "$rounds" $late
gives 0 'closed in every order' stress orders "$(cdev "$NVME")" "$(cdev "$EDU")"
gives 0 "$unplugs times both are removed while mapped" stress unplugs "$NVME" "$EDU" "$unplugs"

# Both ends leave the bus with the mapping live, the exporter first and the other way about.
first=$NVME second=$EDU
for ((unplug = 0; unplug < 2; unplug++)); do
	d unbind "$NVME" "$EDU" >/dev/null
	main_setup
	for device in "$first" "$second"; do
		gives 0 "$first $second: $device is removed while mapped" d revoke "$device" --by remove --hold
	done
	ok "$first $second: the mapping is revoked" equal "$(attribute '.mappings[0].state')" revoked
	gives 0 "$first $second: all of it can be released" d release --all
	echo 1 >/sys/bus/pci/rescan
	d bind "$NVME" "$EDU" >/dev/null
	read -r first second <<<"$second $first"
done

# A holder that is killed closes everything at once.
main_setup
holder=$(d context --json | gojq '.contexts[0].holder')
kill -KILL "$holder"
await 30 has_ended "$holder"
gives 0 'after the holder was killed: it all works again' main_setup
gives 0 'after the holder was killed: DMA arrives' d verify map0 --from "$EDU"

d release --all
nothing_leaks
leave_nothing
done_testing
