#!/bin/bash
# What a trigger hits, and whom: all of a device's dma-bufs and mappings, nobody else's; who else has
# one of them is asked first, whichever it is; and what is not seen to go is said.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/kernel.sh"

# share FD - another process has the holder's fd as well, until unshare; its PID is in $stranger.
share() {
	coproc STRANGER { exec "$LAB_BUILD/tests/lab/peek" "$(holder default)" hold "$1"; }
	# shellcheck disable=SC2153 # bash sets it
	stranger=$STRANGER_PID
	read -r -t 30 _ <&"${STRANGER[0]}"
}
unshare() {
	local input=${STRANGER[1]}
	exec {input}>&-
	wait "$stranger"
}
fd_on() { find "/proc/$(holder default)/fd" -lname "$1" -printf '%f\n'; }
# hits BDF --by METHOD - "kind name holders" of each, sorted.
hits() { d revoke "$@" --dry-run --json | gojq -r '.hit[] | "\(.kind) \(.name) \(.holders)"' | sort; }

d bind $RAM $EDU $NVME2 >/dev/null
printf '%s\n' "export $RAM 2 --range 0:64K --name one" "export $RAM 2 --range 1M:64K --name two" \
	"export $RAM 2 --range 2M:64K --name three" "export $NVME2 2 --range 0:64K --name other" \
	"attach $EDU" 'import one --iova 0x10000000 --name a' 'import two --iova 0x11000000 --name b' \
	'import two --iova 0x12000000 --name c' 'import other --iova 0x13000000 --name d' |
	d --context default batch -
tables=$(translations $EDU)
mine=$(printf '%s\n' "device $RAM null" 'dma-buf one null' 'dma-buf three null' 'dma-buf two null' \
	'mapping a null' 'mapping b null' 'mapping c null')

for trigger in reset memory close unbind; do
	ok "$trigger --dry-run: all that is this device's" equal "$(hits $RAM --by $trigger)" "$mine"
done
ok '--by all --dry-run: the same, once' equal "$(hits $RAM --by all | uniq)" "$mine"
ok '--dry-run: nothing was pulled' equal "$(translations $EDU)" "$tables"

# Each dma-buf in turn is held by somebody else; another device's does not matter.
for name in one two three; do
	share "$(fds_of $name)"
	refuses 1 "EBUSY: $name is held by others too: peek \\(PID $stranger\\)" d revoke $RAM --by memory
	ok "$name is shared: nothing was pulled" equal "$(translations $EDU)" "$tables"
	ok "$name is shared: who has it" equal "$(hits $RAM --by memory)" \
		"$(sed "s/^dma-buf $name null/dma-buf $name peek (PID $stranger)/" <<<"$mine")"
	refuses 1 "$name is held by others too" d revoke $RAM --by all
	unshare
done
share "$(fds_of other)"
gives 0 "another device's is shared: that is no reason" d revoke $RAM --by memory
unshare
ok 'what is not hit is live' equal "$(translations $EDU)" "$(grep '^0x13' <<<"$tables")"
for name in one two; do
	gives 0 "recover $name" d recover $name
done
share "$(fds_of three)"
gives 0 '--yes: all the same' d revoke $RAM --by memory --yes
unshare
d recover one >/dev/null
d recover two >/dev/null
ok 'all are back' equal "$(translations $EDU)" "$tables"

# Who has the device itself matters to those triggers that wait for it.
share "$(fd_on "$(cdev $RAM)")"
ok 'the device is shared: unbind says who has it' equal "$(hits $RAM --by unbind | head -n 1)" "device $RAM peek (PID $stranger)"
ok 'the device is shared: remove says who has it' equal "$(hits $RAM --by remove | head -n 1)" "device $RAM peek (PID $stranger)"
ok 'the device is shared: a reset does not care' equal "$(hits $RAM --by memory | head -n 1)" "device $RAM null"
refuses 1 "EBUSY: $RAM is held by others too: peek" d revoke $RAM --by unbind
gives 0 'the device is shared: memory does not care' d revoke $RAM --by memory
unshare
d recover one >/dev/null
d recover two >/dev/null

# One of several does not go: whichever it is, that is said, and the status is not 0. What the kernel has
# in its place is another device's.
ioas=$(attribute '.ioases[0].id')
while read -r name iova; do
	peek unmap "$ioas" "$iova" 0x10000
	peek map "$ioas" "$(fds_of other)" 0 0x10000 "$iova"
	run d revoke $RAM --by memory --json
	ok "$name does not go: exit status 6" equal "$rc" 6
	ok "$name does not go: not observed" equal "$(gojq .observed <<<"$out")" false
	ok "$name does not go: the others do" \
		equal "$(gojq -r '[.mappings[] | select(.unmapped_after_ns != null) | .name] | sort | join(" ")' <<<"$out")" \
		"$(echo 'a b c' | sed "s/$name//" | xargs)"
	d recover one >/dev/null
	d recover two >/dev/null
	ok "$name does not go: all are back" equal "$(translations $EDU)" "$tables"
done <<'END'
a 0x10000000
b 0x11000000
c 0x12000000
END

# A trigger that fails says nothing of the mappings.
run env DMABUFCTL_FAULT=pwrite=EIO dmabufctl revoke $RAM --by memory --json
ok 'a trigger that fails: exit status 1' equal "$rc" 1
ok 'a trigger that fails: no trigger in the record' equal "$(attribute '[.mappings[].revoked_by] | unique | tostring')" '[null]'
ok 'a trigger that fails: there is nothing to report' equal "$(gojq -c '[.timeline, .mappings]' <<<"$out")" '[null,null]'

# A hot reset takes along what is not ours: refused, whatever it is.
echo 0000:03:00.1 >/sys/bus/pci/drivers/nvme/unbind
d bind 03:00.0 >/dev/null
gives 0 'a function whose neighbour nobody has' d export 03:00.0 2 --range 0:4K --name function
ok 'hot-reset --dry-run: both' equal "$(d revoke 03:00.0 --by hot-reset --dry-run --json | gojq -r '[.hit[].name] | join(" ")')" \
	'0000:03:00.0 0000:03:00.1 function'
run d -vv revoke 03:00.0 --by hot-reset
ok 'hot-reset of what is not ours: exit status 1' equal "$rc" 1
ok 'hot-reset of what is not ours: what' contains "$err" 'take along what is not this context.s: .*0000:03:00.1'
ok 'hot-reset of what is not ours: not done' equal "$(grep -c 'VFIO_DEVICE_PCI_HOT_RESET' <<<"$err")" 0
run d -vv revoke 03:00.0 --by hot-reset --yes
ok 'hot-reset of what is not ours, with --yes: not done either' equal "$rc $(grep -c 'VFIO_DEVICE_PCI_HOT_RESET' <<<"$err")" '1 0'
d bind 03:00.1 >/dev/null
printf '%s\n' 'attach 03:00.1 ioas0' 'export 03:00.1 2 --range 0:64K --name beside' \
	'import beside --ioas ioas0 --iova 0x14000000 --name e' | d --context default batch -
ok 'with the other function: hot-reset hits it too' equal "$(hits 03:00.0 --by hot-reset | xargs)" \
	'device 0000:03:00.0 null device 0000:03:00.1 null dma-buf beside null dma-buf function null mapping e null'
ok 'with the other function: another trigger does not' equal "$(hits 03:00.0 --by memory | xargs)" \
	'device 0000:03:00.0 null dma-buf function null'
run d -vv revoke 03:00.0 --by hot-reset
ok 'with the other function: it is done' equal "$(grep -c 'VFIO_DEVICE_PCI_HOT_RESET,' <<<"$err")" 1
ok 'with the other function: its mapping goes, and no other' equal "$(translations $EDU)" "$tables"

d release --all
d unbind 03:00.1 >/dev/null
d unbind 03:00.0 >/dev/null
leave_nothing
done_testing
