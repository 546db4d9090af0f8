#!/bin/bash
# lab:
# lab: --iommu virtio
# lab: --iommu amd
# kernels: all
# sample: lts
# What fdinfo tells of a program that has nothing to do with dmabufctl to those who may load no programs in BPF: with this
# project's patches what each dma-buf is part of and how much is mapped, and without them next to nothing.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/kernel.sh"

nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"; }
# of_each EXPRESSION - of the program's dma-bufs, without BPF.
of_each() { without_bpf dmabufctl list --json | gojq -c ".dmabufs[] | $1"; }
# fdinfo LINK PREFIX - what the kernel says of the program's fds of that kind, in their order.
fdinfo() {
	local fd
	for fd in $(find "/proc/$VMM_PID/fd" -lname "$1" -printf '%f\n' | sort -n); do
		grep "^$2" "/proc/$VMM_PID/fdinfo/$fd"
	done
}
modprobe vfio-pci
patched=false
tells_in_fdinfo && patched=true
# on_patched TEXT [OTHER] - what to expect.
on_patched() { $patched && printf '%s' "$1" || printf '%s' "${2-}"; }

d bind "$NVME" "$NVME2" "$EDU" >/dev/null
coproc VMM { exec "$LAB_BUILD/tests/lab/vmm" 8>&-; }
vmm open "$(cdev "$NVME")"
vmm open "$(cdev "$NVME2")"
vmm open "$(cdev "$EDU")"
vmm export 0 2 0 0x200000 && whole=$(made inode)
vmm export 1 2 0x10000 0x4000 0x40000 0x2000 && parts=$(made inode)
vmm ioas && first=$(made id)
vmm ioas && second=$(made id)
vmm attach 2 0
vmm map-file 0 0x10000000 0 0x1000 0x100000
vmm map-file 0 0x30000000 0 0 0x100000
vmm map-memory 0 0x40000000 0x3000
vmm map-memory 1 0x40000000 0x5000

ok "a VFIO device's fd: which device it is, as mainline says since 6.18" \
	equal "$(fdinfo '/dev/vfio/devices/*' vfio-device-syspath)" \
	"$(for bdf in "$NVME" "$NVME2" "$EDU"; do echo "vfio-device-syspath: $(realpath "/sys/bus/pci/devices/$bdf")"; done)"
ok 'two devices of one kind: which it is' equal "$(of_each '[.inode, .device, .bar, .origin, .state]')" "$(on_patched "\
[$whole,\"$NVME\",2,\"fdinfo\",\"usable\"]
[$parts,\"$NVME2\",2,\"fdinfo\",\"usable\"]" "\
[$whole,null,null,null,null]
[$parts,null,null,null,null]")"
ok 'one range, and two' equal "$(of_each .ranges)" "$(on_patched '[{"length":2097152,"offset":0}]
[{"length":16384,"offset":65536},{"length":8192,"offset":262144}]' 'null
null')"
ok 'where it is from is said' equal "$(without_bpf dmabufctl list --json | gojq -c '.sources.used | index("fdinfo") != null')" $patched
ok 'with BPF it is not asked for' equal "$(d list --json | gojq -c '.sources.used | index("fdinfo")')" null
ok 'no address of memory' equal "$(fdinfo '/dmabuf:*' vfio | grep -ci "$(bar "$NVME" 2 | cut -c 3-)\|$(bar "$NVME2" 2 | cut -c 3-)")" 0
ok 'how much of an IOAS is what' equal "$(fdinfo /dev/iommu ioas)" "$(on_patched "\
ioas-$first-memory:	1 12288
ioas-$first-dma-bufs:	2
ioas-$first-revoked:	0
ioas-$second-memory:	1 20480
ioas-$second-dma-bufs:	0
ioas-$second-revoked:	0")"

vmm memory 1 0
ok 'memory decode off: revoked' equal "$(of_each .state)" "$(on_patched $'"usable"\n"revoked"' $'null\nnull')"
vmm reset 0
ok 'a reset: usable again, and its mappings are gone' equal "$(of_each .state) $(fdinfo /dev/iommu 'ioas-.*-revoked' | xargs)" \
	"$(on_patched "\"usable\"
\"revoked\" ioas-$first-revoked: 2 ioas-$second-revoked: 0" $'null\nnull ')"
vmm close device 1
ok 'its device is closed: which it was, and revoked for good' \
	equal "$(of_each '[.device, .state]') $(fdinfo '/dmabuf:*' vfio-closed | xargs)" \
	"$(on_patched "[\"$NVME\",\"usable\"]
[\"$NVME2\",\"revoked\"] vfio-closed: 0 vfio-closed: 1" "[\"$NVME\",null]
[null,null] ")" # of the one device that is left only one can be
vmm_ends

# A context's own, and what an ordinary user sees of theirs.
d export "$NVME" 2 --name fb >/dev/null
ok "a context's: evidence" equal "$(without_bpf dmabufctl status --json | gojq -c '.dmabufs[0] | [.state, .evidence]')" \
	"[\"usable\",[$(on_patched '"fdinfo",')\"probe\"]]"
dmabufctl exec fb -- setpriv --reuid=65534 --regid=65534 --clear-groups -- sleep infinity &
theirs=$!
await 30 grep -qx sleep "/proc/$theirs/comm"
run nobody dmabufctl list --json
ok "an ordinary user's: which it is" equal "$(gojq -c '.dmabufs[] | [.device, .bar, .origin, .holders[0].pid]' <<<"$out")" \
	"$(on_patched "[\"$NVME\",2,\"fdinfo\",$theirs]" "[null,null,null,$theirs]")"
kill $theirs
wait $theirs
leave_nothing
done_testing
