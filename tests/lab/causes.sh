#!/bin/bash
# explain says what is so here and now: each cause that can be looked at, before, while and after it is there.
. "$(dirname "$0")/lib.sh"

nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"; }
# here ERRNO COMMAND PATTERN [WRAPPER...] - whether the cause whose check is like that is there.
here() {
	"${@:4}" dmabufctl explain "$1" --during "$2" --json |
		gojq -r "[.causes[] | select(.check | test(\"$3\")).here] | join(\" \")"
}

d bind $NVME $NVME2 $EDU >/dev/null
ok 'nothing there: no' equal \
	"$(here ENODEV import revoked) $(here EEXIST import mapped) $(here EOPNOTSUPP import 'range') $(here EOPNOTSUPP import 'not VFIO')" 'no no no no'
# What is so of the second of several only, and of the first only.
d export $NVME 2 --name first >/dev/null
d export $NVME2 2 --name second >/dev/null
ok 'one range each: no' equal "$(here EOPNOTSUPP import 'range')" no
d export $NVME2 2 --range 0:4K --range 8K:4K --name third >/dev/null
ok 'the third has two ranges: yes' equal "$(here EOPNOTSUPP import 'range')" yes
d release third >/dev/null
ok 'released: no' equal "$(here EOPNOTSUPP import 'range')" no
ok 'none is revoked: no' equal "$(here ENODEV import revoked) $(here ENODEV recover revoked)" 'no no'
for device in $NVME $NVME2; do
	d revoke "$device" --by memory --hold >/dev/null
	ok "that of $device is revoked: yes" equal "$(here ENODEV import revoked) $(here ENODEV recover revoked)" 'yes yes'
	d revoke "$device" --by memory >/dev/null
	ok "that of $device is back: no" equal "$(here ENODEV import revoked)" no
done
d attach $EDU >/dev/null
ok 'nothing is mapped: no' equal "$(here EEXIST import mapped) $(here EADDRINUSE attach reserves)" 'no no'
d import second >/dev/null
ok 'something is mapped: yes; whether a device can have it there depends on the device' \
	equal "$(here EEXIST import mapped) $(here EADDRINUSE attach reserves)" 'yes unknown'
hold buffers share
d adopt --pid "${held[2]}" --fd "$(d list --json | gojq ".dmabufs[].holders[] | select(.pid == ${held[2]}).fds[0]")" --name strange >/dev/null
ok 'one is not VFIO: yes' equal "$(here EOPNOTSUPP import 'not VFIO')" yes
d release strange >/dev/null
ok 'it is released: no' equal "$(here EOPNOTSUPP import 'not VFIO')" no
let_go
d release --all

ok 'interrupts are isolated: no' equal "$(here EPERM attach isolated) $(here EPERM export isolated)" 'no no'
ok 'the kernel has what it wants: no' equal "$(here ENOTTY import MAP_FILE) $(here ENOTTY export DMA_BUF)" 'no no'
ok 'tracefs is there, and ours: no' equal "$(here ENOENT monitor tracefs) $(here EACCES monitor tracefs)" 'no no'
ok "tracefs is not an ordinary user's: yes" equal "$(here EACCES monitor tracefs nobody)" yes
umount /sys/kernel/tracing
ok 'tracefs is not there: yes' equal "$(here ENOENT monitor tracefs) $(here EACCES monitor tracefs)" 'yes no'
mount -t tracefs tracefs /sys/kernel/tracing
ok 'the nodes are ours: no' equal "$(here EACCES attach permission) $(here EACCES export permission)" 'no no'
ok "the nodes are not an ordinary user's: yes" equal "$(here EACCES attach permission nobody)" yes
ok 'iommufd is there: no' equal "$(here ENOENT attach /dev/iommu) $(here ENOENT import /dev/iommu)" 'no no'
mv /dev/iommu /dev/iommu.away
ok 'iommufd is not there: yes' equal "$(here ENOENT attach /dev/iommu) $(here ENOENT export /dev/iommu)" 'yes yes'
ok 'without iommufd: import cannot be tried' equal "$(here ENOTTY import MAP_FILE)" unknown
mv /dev/iommu.away /dev/iommu
ok 'what only the request can tell is unknown' equal "$(here EINVAL import reserved) $(here EINVAL export aligned)" 'unknown unknown'
leave_nothing
done_testing
