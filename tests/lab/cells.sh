#!/bin/bash
# lab:
# lab: --iommu virtio
# lab: --iommu amd
# kernels: all
# sample: lts
# Every kind of importer and promise with every kind of exporter: what the kernel says, and the rule that explains it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/monitoring.sh"

if ! grep -q AuthenticAMD /proc/cpuinfo; then
	skip 'every importer with every exporter' 'the kernel does not know that this machine routes peer traffic'
	done_testing
	exit
fi

DRIVER=dmabufctl-importer
modprobe $DRIVER edu_dma_bits=48
d bind "$NVME" >/dev/null
d bind --driver $DRIVER "$EDU" >/dev/null
d export "$NVME" 2 --name vfio >/dev/null
gives 0 'export: memory by udmabuf' d export --udmabuf 1M --name udmabuf
gives 0 'export: memory of a heap' d export --heap system 1M --name heap
ok 'memory is of no device, and usable' \
	equal "$(attribute '[.dmabufs[] | select(.memory) | "\(.name) \(.memory) \(.device) \(.state) \(.size)"] | join(",")')" \
	'udmabuf udmabuf null usable 1048576,heap heap:system null usable 1048576'
ok 'list: whose they are' equal \
	"$(d list --json | gojq -r '[.dmabufs[] | select(.device == null) | .exporter] | sort | join(" ")')" 'system udmabuf'

# cell EXPORTER IMPORTER... - "live" when it is mapped, and DMA goes where it should; else the errno and the rule.
cell() {
	local exporter=$1
	shift
	run d import "$exporter" "$@" --name cell --json
	if [ "$rc" -ne 0 ]; then
		gojq -r '.error | "\(.errno): \(.why | sub(":.*"; ""))"' <<<"$out"
		return
	fi
	if [ "$1" = --to ]; then
		d verify cell --from "$EDU" >/dev/null 2>&1
		echo "$(attribute '.mappings[] | select(.name == "cell") | "\(.state) \([.ranges[].route] | unique[])"'), verify: $?"
	else
		attribute '.mappings[] | select(.name == "cell").state'
	fi
	d unmap cell
}

start --json --event attach
MEMORY='live host-bridge'
for exporter in vfio udmabuf heap; do
	for importer in iommufd dynamic revocable pinned plain; do
		case $exporter:$importer in
		vfio:iommufd) wanted=idle ;;
		*:iommufd) wanted='EOPNOTSUPP: the exporter is not VFIO' ;;
		vfio:dynamic) wanted='live host-bridge, verify: 0' ;;
		vfio:revocable)
			wanted='live host-bridge, verify: 0'
			is_mainline || wanted='EOPNOTSUPP: the exporter cannot be pinned'
			;;
		vfio:*) wanted='EOPNOTSUPP: the exporter takes importers only that let go when they are told to' ;;
		*) wanted="$MEMORY, verify: 0" ;;
		esac
		if [ $importer = iommufd ]; then
			ok "$exporter, $importer" equal "$(cell $exporter)" "$wanted"
		else
			ok "$exporter, $importer" equal "$(cell $exporter --to "device:$EDU" --as $importer)" "$wanted"
		fi
	done
done
ends INT
# promised EXPORTER - by the device's importers that monitor saw.
promised() { gojq -r "select(.exporter == \"$1\" and .device == \"$EDU\").promise" "$events" | xargs; }
pinned=pinned
is_mainline || pinned=revocable # it can be told, in vain
for exporter in udmabuf system; do
	ok "monitor: what importers of $exporter promise" equal "$(promised $exporter)" "dynamic revocable $pinned plain"
done
ok 'monitor: what importers of VFIO promise' equal "$(promised vfio_pci_core)" "dynamic$(! is_mainline || echo ' revocable')"
gives 0 'release' d release --all
d unbind "$EDU" >/dev/null
nothing_leaks
rmmod $DRIVER
leave_nothing
done_testing
