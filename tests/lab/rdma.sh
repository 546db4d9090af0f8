#!/bin/bash
# lab:
# lab: --iommu virtio
# lab: --iommu amd
# kernels: all
# Memory regions of RDMA devices. Those of the lab are software: they do no DMA, so they take no dma-buf, of any
# exporter. What hardware would do after that cannot be tried here.
. "$(dirname "$0")/lib.sh"

d bind "$NVME" >/dev/null
d export "$NVME" 2 --name vfio >/dev/null
d export --udmabuf 1M --name udmabuf >/dev/null
refuses 2 'which device is missing' d import vfio --to rdma
refuses 2 'which device is missing' d import vfio --to rdma:
refuses 2 'rdma makes no such promise' d import vfio --to rdma:rxe0 --as dynamic
fails 1 "there is no such RDMA device: 'rxe0'" d import vfio --to rdma:rxe0

# One by UDP and one by TCP, over a network card that is none.
modprobe -a rdma_rxe siw dummy 2>/dev/null
ip link add dummy0 type dummy
ip link set dummy0 up
rdma link add rxe0 type rxe netdev dummy0
rdma link add siw0 type siw netdev dummy0
fails 1 "there is no such RDMA device: '../../devices'" d import vfio --to rdma:../../devices
for device in rxe0 siw0; do
	for exporter in vfio udmabuf; do
		fails 3 "the RDMA device's driver registers no dma-bufs: $device is software, and its copies are the processor's" \
			d import $exporter --to rdma:$device
	done
done
fails 1 'begins at the same place in a page as what is mapped: offset 0x1000, address 0x7800' \
	d import vfio --to rdma:rxe0 --offset 4096 --length 4096 --iova 0x7800
fails 3 'registers no dma-bufs' d import vfio --to rdma:rxe0 --offset 0x1800 --length 4096 --iova 0x7800
ok 'nobody refused leaves anything' equal "$(attribute '.mappings | length')" 0
ok 'nothing of RDMA is open' equal "$(rdma -j resource show mr | gojq '[.[] | select(.pid)] | length')" 0

# A machine without libibverbs; the device is there.
library=$(ldconfig -p | sed -n 's/^\tlibibverbs\.so\.1 .* => //p')
mv "$library" "$library.away"
fails 3 'libibverbs, which registers memory regions, is not there' d import vfio --to rdma:rxe0
ok 'without libibverbs: doctor says so' \
	equal "$(d doctor --json | gojq -r '.checks[] | select(.check == "RDMA importer").result')" missing
mv "$library.away" "$library"

# A region lives as long as the node's open file, whoever made it.
numbers() { rdma -j resource show mr dev rxe0 | gojq -r '.[] | select(.mrlen == 12288).mrn'; }
coproc REGION { exec "$LAB_BUILD/tests/lab/region" rxe0 8>&-; }
region=$REGION_PID
read -r number <&"${REGION[0]}"
ok 'a region: its number is the one that rdma has' equal "$number" "$(numbers)"
echo again >&"${REGION[1]}"
read -r again <&"${REGION[0]}"
ok 'a region: it keeps it' equal "$again" "$number"
# No dma-buf can be mapped here, so a record says that one is.
d --context record context start >/dev/null
put() { "$LAB_BUILD/tests/lab/client" /run/dmabufctl/record.socket put "$@" >/dev/null; }
put 4 theirs '{"adopted":true,"device":null,"bar":null,"ranges":[],"size":16777216,"inode":9,"made_ns":6}'
put 6 map0 '{"dmabuf":"theirs","length":8192,"made_ns":7,"offset":0,"prot":"rw","revoked_by":null,"importer":"rdma","rdma":"rxe0","iova":"0x12000","lkey":7,"rkey":8}'
ok 'a region that is not there, beside one that is: it has no number' \
	equal "$(d --context record status --json | gojq -c '.mappings[] | [.rdma, .lkey, .mr]')" '["rxe0",7,null]'
d --context record context stop
echo >&"${REGION[1]}"
read -r gone <&"${REGION[0]}"
ok 'a region: it goes with the fd' equal "$gone" 'No such file or directory'
wait "$region"

# No kernel has this one.
fails 3 "no released kernel's KVM imports dma-bufs" d import vfio --to kvm
refuses 3 'mmap' d import vfio --to kvm
ok 'kvm: nothing is left' equal "$(attribute '.mappings | length')" 0

gives 0 'release' d release --all
d unbind "$NVME" >/dev/null
rdma link delete rxe0
rdma link delete siw0
ip link delete dummy0
leave_nothing
done_testing
