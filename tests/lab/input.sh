#!/bin/bash
# lab:
# lab: --iommu virtio
# kernels: all
# Bad input: a clear message, the documented exit status, and the context as it was.
. "$(dirname "$0")/lib.sh"

main_setup
d bind "$RAM" >/dev/null
before=$(d status --json)

# shellcheck disable=SC2016 # a filter of gojq
# explained - explain, told what a command has just said, knows the rule by which it was refused, if it was by
# one: what was found here, and of what, is what was said. What only the request could tell is unknown.
explained() {
	local said=$err found
	found=$(d explain "$said" --json | gojq -r --arg said "$said" '.causes[] | select(.check as $check | $said | contains($check)) |
		"\(.id) \(.here) \([.object, .detail] | all(. as $part | $part == null or ($said | contains($part))))"')
	[ -n "$found" ] || return
	found_all+=$found$'\n'
	ok "explain '$said': one rule, and the very object" contains "$found" '^[a-z-]+ (yes|unknown) true$'
}

# unchanged STATUS REGEX COMMAND...
unchanged() {
	refuses "$@"
	[ "$1" = 2 ] || explained
	ok "${*:3}: status unchanged" equal "$(d status --json)" "$before"
}
found_all=''

# All names are looked up before the first object is touched.
unchanged 1 'object nope: ENOENT' d release map0 nope
unchanged 1 'mapping nope: ENOENT' d unmap map0 nope
unchanged 2 'release map0: it is named twice' d release map0 map0
d import fb --name gone >/dev/null
ok 'release tells what it released' \
	equal "$(d release gone --json | gojq -c '[.command, .released]')" '["release",["gone"]]'
before=$(d status --json)

unchanged 1 'ENODEV: there is no such PCI device' d export 99:00.0 2
unchanged 2 'not a PCI address; write it as 0000:01:00.0 or 01:00.0$' d export zz 2
unchanged 2 'not a PCI address' d export 1:2:3:4 2
unchanged 2 'not a BAR number' d export "$NVME" 6
unchanged 2 'not a BAR number' d export "$NVME" 2x
unchanged 3 'ENODEV: there is no such BAR: the device has no BAR 5' d export "$NVME" 5
unchanged 3 'upper half' d export "$NVME" 3
unchanged 3 'smaller than a page' d export "$RAM" 0
unchanged 1 'the driver nvme has it' d export "$NVME2" 2
unchanged 1 'a range is not page aligned: 0x10:0x1000' d export "$NVME" 2 --range 0x10:0x1000
unchanged 1 'a range is empty: 0x0:0x0' d export "$NVME" 2 --range 0:0
unchanged 1 'a range reaches beyond the BAR: 0x0:0x2000000; stay in 0:0x1000000 in steps of 4096$' d export "$NVME" 2 --range 0:32M
unchanged 1 'EOVERFLOW: offset and length of a range wrap around: 0xfffffffffffff000:0x2000' d export "$NVME" 2 --range 0xfffffffffffff000:8K
unchanged 2 "'4KB x:1': not a valid value" d export "$NVME" 2 --range '4KB x:1'
unchanged 2 'not a valid value' d export "$NVME" 2 --range -1:4K
unchanged 2 'too large' d export "$NVME" 2 --range 0:99999999999999999999
unchanged 2 'too large' d export "$NVME" 2 --range 0:16777216T
unchanged 2 "name 'a b': not a name" d export "$NVME" 2 --name 'a b'
unchanged 2 "not a name: a letter, then letters, digits, '_', '-', '.', at most 63$" d export "$NVME" 2 --name ''
unchanged 2 'not a name' d export "$NVME" 2 --name "$(printf 'x%.0s' {1..64})"
unchanged 1 'EEXIST: an object of this context has it' d export "$NVME" 2 --name fb
unchanged 1 'EEXIST: an object' d export "$NVME" 2 --name map0

unchanged 1 'EEXIST: something is mapped .*: map0 \(live\) occupies' d import fb --iova "$IOVA"
unchanged 1 'EINVAL: offset, length and IOVA must be multiples of the page size: IOVA 0x123, pages of 4096 bytes; the nearest below is 0x0' d import fb --iova 0x123
unchanged 1 "0xfee00000\\+16M lies in the MSI window 0xfee00000\\+1M, which $EDU cannot have mapped; leave --iova out" d import fb --iova 0xfee00000
if is_virtio; then
	gives 0 'an IOVA that takes 64 bits' d import fb --iova 0xff00000000000000 --name high
	d unmap high
else
	unchanged 1 'the IOVA is beyond what the attached devices reach: 0xff00000000000000\+16M in ioas0' d import fb --iova 0xff00000000000000
fi
unchanged 1 'EOVERFLOW: IOVA or offset wraps around: 0xfffffffffffff000\+0x1000000' d import fb --iova 0xfffffffffffff000
unchanged 1 'EINVAL: the length is 0' d import fb --length 0
unchanged 1 'offset and length reach beyond the dma-buf: 0x0\+0x2000000 of fb, which has 0x1000000 bytes' d import fb --length 32M
unchanged 1 'reach beyond the dma-buf: 0x1000000\+0x1000 of fb' d import fb --offset 16M
unchanged 1 'the page size: offset 0x1, pages of 4096' d import fb --offset 1
unchanged 1 'the page size: length 0x1001, pages of 4096 bytes; the nearest below is 0x1000' d import fb --length 4097
unchanged 2 "option --prot: 'x'" d import fb --prot x
unchanged 2 "option --iova: '1Q'" d import fb --iova 1Q
unchanged 2 "option --to: 'carpet:x'.* give one of iommufd" d import fb --to carpet:x
unchanged 2 "not a name" d import fb --to iommufd:1x
unchanged 2 '--to iommufd:ioas0 says where' d import fb --to iommufd:ioas0 --ioas ioas0
unchanged 1 'no dma-buf of that name' d import nope
unchanged 2 'not a name' d import fb --ioas '1x'
unchanged 1 'EEXIST' d import fb --ioas fb

unchanged 1 'another object needs it: map0' d release fb
unchanged 1 'another object needs it: map0' d release ioas0
unchanged 1 'another object needs it: fb' d release "$NVME"
unchanged 1 'no object of that name' d release nope
unchanged 2 'nothing to release' d release
unchanged 2 'takes no objects' d release --all fb
unchanged 1 'no mapping of that name' d unmap fb
unchanged 2 "option --by: 'magic': 'magic' is not a valid value; give some of reset, flr" d revoke "$NVME" --by magic
unchanged 2 'option --by: it is missing; give one of reset, flr, .*, remove, all, or several of them separated by commas$' d revoke "$NVME"
unchanged 2 'only with --by memory' d revoke "$NVME" --by reset --hold
unchanged 1 "ENOENT: it is not open in context default; 'dmabufctl attach $NVME2' opens it" d revoke "${NVME2#0000:}" --by reset
unchanged 1 'no device of that name' d detach zz
unchanged 1 'it is not attached' d detach "$NVME"
unchanged 1 "it is open: context default \\(PID [0-9]+\\); 'dmabufctl --context default release --all' lets it go" d unbind "$EDU"
unchanged 1 'it is open already: context default' d --context other export "$NVME" 2
unchanged 3 'it is a bridge' d bind 00:10.0

gives 0 'export from a device without reset' d export "$RAM" 2 --name ram
before=$(d status --json)
unchanged 3 'no reset that VFIO can use' d revoke "$RAM" --by reset

# A mapping that was made where the device cannot reach keeps it from being attached.
d detach "$EDU"
d import fb --ioas far --iova 0xff00000000000000 --name far0 >/dev/null
before=$(d status --json)
if is_virtio; then
	gives 0 'a mapping that takes 64 bits' d attach "$EDU" far
	d detach "$EDU"
else
	unchanged 1 'EADDRINUSE: a mapping of the IOAS lies beyond' d attach "$EDU" far
fi

# A process that is not a context holds the device.
exec 9<>/dev/vfio/devices/"$(basename "$(echo /sys/bus/pci/devices/$RAM/vfio-dev/*)")"
d release ram "$RAM"
refuses 1 "it is open: $(cat /proc/$$/comm) \(PID $$\)" d unbind "$RAM"
explained
exec 9<&-
# rules HERE - those that explain named so.
rules() { sed -n "s/ $1 true\$//p" <<<"$found_all" | sort -u | xargs; }
ok 'explain knew the rule of many refusals' test "$(rules '[a-z]*' | wc -w)" -ge 16
ok 'and saw, of those that can be seen' contains "$(rules yes)" 'import-occupied .*open-held .*release-user'

leave_nothing
done_testing
