#!/bin/bash
# revoke --by all on a device with several dma-bufs and mappings: what it takes along comes back as it
# was, in every range, offset, right and address, by the kernel's page tables; what is others' stays.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/kernel.sh"

summary() {
	attribute '{devices: [.devices[] | {name, ioas}] | sort_by(.name),
		dmabufs: [.dmabufs[] | {name, device, bar, ranges, size, state, permanent}] | sort_by(.name),
		ioases: [.ioases[] | {name, id}],
		mappings: [.mappings[] | {name, dmabuf, ioas, iova, length, offset, prot, state, revoked_by}] | sort_by(.name)}'
}
sizes() { for name in one two pair other; do sed -n 's/^size:\t//p' "/proc/$(holder default)/fdinfo/$(fds_of $name)"; done | xargs; }

d bind $RAM $EDU $NVME2 >/dev/null
printf '%s\n' "export $RAM 2 --range 64K:64K --name one" "export $RAM 2 --range 1M:128K --name two" \
	"export $RAM 2 --range 0:4K --range 8K:8K --name pair" "export $NVME2 2 --range 0:64K --name other" \
	"attach $EDU" "attach $NVME2 second" "attach $RAM second" \
	'import one --ioas ioas0 --offset 4K --length 8K --iova 0x10000000 --prot r --name reading' \
	'import two --ioas ioas0 --offset 64K --iova 0x11000000 --prot w --name writing' \
	'import two --ioas second --iova 0x12000000 --name both' \
	'import other --ioas ioas0 --iova 0x13000000 --name foreign' \
	'import one --ioas nobody --iova 0x14000000 --name idle' | d --context default batch -
before=$(summary) ioases=$(peek ioases)
made=$(attribute '.mappings[] | select(.name == "foreign").made_ns')

# A function that comes back to its bus may find its BAR elsewhere.
as_before() {
	local second
	second="0x12000000+0x20000->$(bar $RAM 2 0x100000) rw"
	ok "$1: the record is what it was" equal "$(summary)" "$before"
	ok "$1: edu's page table is" equal "$(translations $EDU)" "$(printf '%s\n' \
		"0x10000000+0x2000->$(bar $RAM 2 0x11000) r" "0x11000000+0x10000->$(bar $RAM 2 0x110000) $(write_only)" \
		"0x13000000+0x10000->$(bar $NVME2 2) rw")"
	ok "$1: the NVMe controller's is" equal "$(translations $NVME2)" "$second"
	ok "$1: the exporter's own is" equal "$(translations $RAM)" "$second"
	ok "$1: the IOASes are" equal "$(peek ioases)" "$ioases"
	ok "$1: what is another device's was not touched" equal "$(attribute '.mappings[] | select(.name == "foreign").made_ns')" "$made"
	ok "$1: the dma-bufs have the sizes they had" equal "$(sizes)" '65536 131072 12288 65536'
	ok "$1: one file each" equal "$(dmabufs)" 4
	ok "$1: the device is open once" equal "$(find "/proc/$(holder default)/fd" -lname "$(cdev $RAM)" | wc -l)" 1
}
as_before 'the start'
run d revoke $RAM --by all --json
ok '--by all: exit status 0' equal "$rc" 0
ok '--by all: what each trigger did' \
	equal "$(gojq -r '.matrix[] | select(.status == 0) | [.trigger, .outcome, .exporter, .state, .recovered, .verified] | join(" ")' <<<"$out")" \
	"$(printf '%s\n' 'memory revoked usable stale yes yes' 'low-power revoked usable stale yes yes' \
		'close revoked revoked revoked no yes' 'unbind revoked revoked revoked no yes' 'remove revoked revoked revoked no yes')"
ok '--by all: what the device cannot' equal "$(gojq -r '[.matrix[] | select(.status == 3).trigger] | join(" ")' <<<"$out")" \
	'reset flr d3hot hot-reset sysfs-reset'
as_before '--by all'
# From stale as well: every mapping is brought to life first.
gives 0 'revoke' d revoke $RAM --by memory
gives 0 '--by all, from stale' d revoke $RAM --by all
as_before '--by all, from stale'
# One that cannot come back is said.
gives 0 'memory decode off' d revoke $RAM --by memory --hold
refuses 5 'cannot be brought to life' d revoke $RAM --by all
gives 0 'memory decode on' d revoke $RAM --by memory
for name in one two; do d recover $name >/dev/null; done
as_before 'recovered'

leave_nothing
done_testing
