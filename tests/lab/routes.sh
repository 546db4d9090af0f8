#!/bin/bash
# lab:
# lab: --iommu virtio
# kernels: all
# What `topology` says of two devices beforehand is what the DMA API then does. Only the addresses are judged: QEMU takes
# every one of them to the memory that is there, whichever way hardware would go. A device cannot be both sides, nor can two
# functions of one IOMMU group be one each: the exporter's group is all VFIO's.
. "$(dirname "$0")/lib.sh"

if ! grep -q AuthenticAMD /proc/cpuinfo; then
	skip 'the ways that topology predicts' 'the kernel does not know that this machine routes peer traffic'
	done_testing
	exit
fi

DRIVER=dmabufctl-importer
modprobe $DRIVER
# goes IMPORTER EXPORTER VERDICT ROUTE - and at the BAR's own address where that is the bus address.
goes() {
	local importer=0000:$1 exporter=0000:$2 address
	d bind --driver $DRIVER "$importer" >/dev/null
	d bind "$exporter" >/dev/null
	d export "$exporter" 2 --name fb >/dev/null
	ok "$1 to $2: predicted" equal "$(d topology "$importer" "$exporter" --json | gojq -r .verdict.verdict)" "$3"
	gives 0 "$1 to $2: import" d import fb --to "device:$importer" --name dma
	ok "$1 to $2: the route" equal "$(attribute '[.mappings[0].ranges[].route] | unique | join(" ")')" "$4"
	address=$(d device "$exporter" --json | gojq -r '.devices[0].bars[] | select(.bar == 2).address')
	if [ "$4" = bus ]; then
		ok "$1 to $2: the BAR's address on the bus" equal "$(attribute '.mappings[0].dma')" "$address"
	else
		ok "$1 to $2: an IOVA, and what is there" \
			equal "$(attribute '.mappings[0] | "\(.dma != .ranges[0].physical) \(.ranges[0].physical)"')" "true $address"
	fi
	gives 0 "$1 to $2: revoke" d revoke "$exporter" --by reset
	ok "$1 to $2: it let go" equal "$(attribute '.mappings[0] | "\(.state) \(.kept)"')" 'stale true'
	d release --all
	d unbind "$importer" "$exporter" >/dev/null
}

goes 06:00.0 07:00.0 direct bus
goes 07:00.0 06:00.0 direct bus
goes 0a:00.0 0b:00.0 redirected host-bridge
goes 06:00.0 0b:00.0 host-bridge host-bridge
goes 01:00.0 02:00.0 host-bridge host-bridge
goes 00:03.0 01:00.0 host-bridge host-bridge

# The same two devices, once their ports redirect nothing. The DMA API looks at both ports, where the one that the device's
# requests come to would do (pci_p2pdma.c: upstream_bridge_distance()).
redirects=$(acs 09:00.0)
both_ports() { acs 09:00.0 "$1" && acs 09:01.0 "$1"; }
acs 09:00.0 0000
goes 0a:00.0 0b:00.0 direct host-bridge
both_ports 0000
goes 0a:00.0 0b:00.0 direct bus

# Mainline finds out the way of two devices once. When their ports redirect from then on, it hands out addresses that
# end at the IOMMU, as some exporters do by mistake. On 6.12 the series finds out each time.
d bind --driver $DRIVER 0a:00.0 >/dev/null
d bind 0b:00.0 >/dev/null
d export 0b:00.0 2 --name fb >/dev/null
run d import fb --to device:0a:00.0 --name dma
ok 'no redirect: nothing to complain of' equal "$rc $err" '0 '
both_ports "$redirects"
ok 'redirected meanwhile: status shows it' equal "$(attribute '.mappings[0].route')" nowhere
d unmap dma
run d import fb --to device:0a:00.0 --name dma --json
if ! is_mainline; then
	ok 'redirected: the next import goes that way' equal "$rc $(gojq -r .mapping.route <<<"$out") $err" '0 host-bridge '
else
	ok 'redirected: import says it' equal "$rc $(gojq -r .mapping.route <<<"$out")" '0 nowhere'
	ok 'redirected: and what is wrong' contains "$err" \
		'^dmabufctl: dma: the exporter gave bus addresses that 0000:0a:00.0 does not reach: its IOMMU translates none of them'
fi
d release --all
d unbind 0a:00.0 0b:00.0 >/dev/null
nothing_leaks
rmmod $DRIVER
leave_nothing
done_testing
