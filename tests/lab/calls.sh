#!/bin/bash
# What each command asks of the kernel, as -vv shows it: what was meant, and no more.
. "$(dirname "$0")/lib.sh"

# calls COMMAND... - the calls that change something, without the context's own keeping and trial imports;
# fds, IDs and results left out.
calls() {
	d -vv "$@" 2>&1 >/dev/null | grep -E '^(ioctl|pwrite|write)\(' |
		grep -vE 'VFIO_DEVICE_GET_REGION_INFO' |
		sed -E 's/^(ioctl|pwrite)\([0-9]+, /\1(/; s/(fd|ioas|pt|id|iommufd|eventfd) [0-9]+/\1 N/g; s/ = [0-9]+$//' |
		perl -0pe 's/ioctl\(IOMMU_IOAS_MAP_FILE, READABLE [^\n]* 0x0\+0x1000, iova 0x0[^\n]*\n//g;
			s/ioctl\(IOMMU_IOAS_ALLOC\)\nioctl\(IOMMU_DESTROY[^\n]*\n//g'
}
# asks COMMAND... - compares with standard input.
asks() {
	local got wanted
	got=$(calls "$@") wanted=$(cat)
	ok "$*" equal "$got" "$wanted"
	[ "$got" = "$wanted" ] || sed 's/^/# /' <<<"$got"
}

d bind $RAM $EDU $NVME >/dev/null
asks export $RAM 2 --range 64K:64K --name fb <<'END'
ioctl(VFIO_DEVICE_BIND_IOMMUFD, {iommufd N})
ioctl(VFIO_DEVICE_FEATURE, GET|DMA_BUF {bar 2, 1 range 0x10000+0x10000})
ioctl(DMA_BUF_SET_NAME, "fb")
END
asks export $RAM 2 --range 0:4K <<'END'
ioctl(VFIO_DEVICE_FEATURE, GET|DMA_BUF {bar 2, 1 range 0x0+0x1000})
END
long=$(printf 'x%.0s' {1..40})
asks export $RAM 2 --range 4K:8K --name "$long" <<END
ioctl(VFIO_DEVICE_FEATURE, GET|DMA_BUF {bar 2, 1 range 0x1000+0x2000})
ioctl(DMA_BUF_SET_NAME, "${long:0:31}")
END
asks attach $EDU <<'END'
ioctl(VFIO_DEVICE_BIND_IOMMUFD, {iommufd N})
ioctl(IOMMU_IOAS_ALLOC)
ioctl(VFIO_DEVICE_ATTACH_IOMMUFD_PT, {pt N})
END
asks import fb --iova 0x10000000 --offset 4K --length 8K <<'END'
ioctl(IOMMU_IOAS_MAP_FILE, FIXED_IOVA|READABLE|WRITEABLE {ioas N, fd N, 0x1000+0x2000, iova 0x10000000})
END
asks import fb --offset 32K --prot r <<'END'
ioctl(IOMMU_IOAS_MAP_FILE, READABLE {ioas N, fd N, 0x8000+0x8000, iova 0x0})
END
asks unmap map0 <<'END'
ioctl(IOMMU_IOAS_UNMAP, {ioas N, iova 0x10000000+0x2000})
END
asks import fb --iova 0x20000000 --prot w --name mapw <<'END'
ioctl(IOMMU_IOAS_MAP_FILE, FIXED_IOVA|WRITEABLE {ioas N, fd N, 0x0+0x10000, iova 0x20000000})
END
asks unmap mapw <<'END'
ioctl(IOMMU_IOAS_UNMAP, {ioas N, iova 0x20000000+0x10000})
END
asks import fb --ioas other --iova 0x5000 --name map5 <<'END'
ioctl(IOMMU_IOAS_ALLOC)
ioctl(IOMMU_IOAS_MAP_FILE, FIXED_IOVA|READABLE|WRITEABLE {ioas N, fd N, 0x0+0x10000, iova 0x5000})
END
asks attach $EDU other <<'END'
ioctl(VFIO_DEVICE_ATTACH_IOMMUFD_PT, {pt N})
END
asks detach $EDU <<'END'
ioctl(VFIO_DEVICE_DETACH_IOMMUFD_PT)
END
asks status </dev/null
asks status --dot </dev/null
asks release map5 other <<'END'
ioctl(IOMMU_IOAS_UNMAP, {ioas N, iova 0x5000+0x10000})
ioctl(IOMMU_DESTROY, {id N})
END
d attach $EDU ioas0 >/dev/null
d import fb --ioas ioas0 --iova 0x30000 --prot r --name map9 >/dev/null

# Each trigger pulls itself and no other, and takes back in the end what it takes back.
command=0x70000000004
asks revoke $RAM --by memory <<END
pwrite(2 bytes at $command)
pwrite(2 bytes at $command)
END
asks recover map9 <<'END'
ioctl(IOMMU_IOAS_UNMAP, {ioas N, iova 0x30000+0x10000})
ioctl(IOMMU_IOAS_MAP_FILE, FIXED_IOVA|READABLE {ioas N, fd N, 0x0+0x10000, iova 0x30000})
END
asks recover map9 </dev/null
asks revoke $RAM --by memory --hold <<END
pwrite(2 bytes at $command)
END
asks revoke $RAM --by memory --dry-run </dev/null
asks recover map9 </dev/null
asks revoke $RAM --by memory <<END
pwrite(2 bytes at $command)
pwrite(2 bytes at $command)
END
asks revoke $RAM --by close </dev/null
d export $NVME 2 --range 0:64K --name cmb >/dev/null
asks revoke $NVME --by reset <<'END'
ioctl(VFIO_DEVICE_RESET)
END
asks revoke $NVME --by low-power <<'END'
ioctl(VFIO_DEVICE_FEATURE, SET|LOW_POWER_ENTRY)
ioctl(VFIO_DEVICE_FEATURE, SET|LOW_POWER_EXIT)
END
# Where its capabilities are, the device knows.
register() { setpci -v -s $NVME "$1" | sed -E 's/.*@([0-9a-f]+) = .*/0x700000000\1/'; }
asks revoke $NVME --by flr <<END
pwrite(2 bytes at $(register CAP_EXP+8.w))
END
asks revoke $NVME --by d3hot <<END
pwrite(2 bytes at $(register CAP_PM+4.w))
pwrite(2 bytes at $(register CAP_PM+4.w))
END
asks revoke $NVME --by sysfs-reset <<END
write(/sys/bus/pci/devices/$NVME/reset, "1")
END
asks revoke $NVME --by hot-reset <<END
ioctl(VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, {room for 256})
ioctl(VFIO_DEVICE_PCI_HOT_RESET, {count 0}) = -ENOTTY
END
# unbind and remove are a child process's, whose lines mix with those of its parent.

leave_nothing
done_testing
