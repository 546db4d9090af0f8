#!/bin/bash
# Devices go to vfio-pci and come back as they were.
. "$(dirname "$0")/lib.sh"

override() { cat "/sys/bus/pci/devices/$1/driver_override"; }

run d bind "$NVME" "$EDU" --json
ok 'bind: exit status 0' equal "$rc" 0
ok 'bind: JSON says what was and what is' \
	equal "$(gojq -r '.devices[0] | .driver_before + " " + .driver' <<<"$out")" 'nvme vfio-pci'
ok 'bind: the node is there' [ -c "$(gojq -r '.devices[0].cdev' <<<"$out")" ]
gives 0 'bind again changes nothing' d bind "$NVME"
gives 0 'unbind' d unbind "$NVME" "$EDU"
ok 'unbind: the drivers are back' equal "$(driver_of $NVME) $(driver_of $EDU)" 'nvme none'
ok 'unbind: no override is left' equal "$(override $NVME)" '(null)'

echo nvme >/sys/bus/pci/devices/$NVME/driver_override
d bind "$NVME" >/dev/null
d unbind "$NVME" >/dev/null
ok 'an override that was there is there again' equal "$(override $NVME)" nvme
echo >/sys/bus/pci/devices/$NVME/driver_override

# A probe that fails half-way: back to where it was.
run env DMABUFCTL_FAULT='write#3=EIO' dmabufctl bind "$NVME"
ok 'a failing bind: exit status 1' equal "$rc" 1
ok 'a failing bind: the driver is back' equal "$(driver_of $NVME) $(override $NVME)" 'nvme (null)'

refuses 3 'it is a bridge' d bind 00:10.0
ok 'the bridge keeps its driver' equal "$(driver_of 0000:00:10.0)" pcieport
refuses 1 'no driver has it' d unbind "$EDU"

# Two functions of one device are one IOMMU group, to be had together.
d bind 03:00.0 >/dev/null
refuses 1 '0000:03:00.1, in the same IOMMU group [0-9]+, belongs to the driver nvme' d export 03:00.0 2
d bind 03:00.1 >/dev/null
gives 0 'with both it works' d export 03:00.0 2
refuses 1 '0000:03:00.0, in the same IOMMU group [0-9]+, is open: context default' \
	d --context other export 03:00.1 2
gives 0 'and both go into one context' d export 03:00.1 2
d release --all
d unbind 03:00.0 03:00.1 >/dev/null

run d device --json
ok 'device: all of them' equal "$(gojq '.devices | length' <<<"$out")" "$(find /sys/bus/pci/devices -type l | wc -l)"
ok 'device: BARs with sizes' \
	equal "$(gojq -r ".devices[] | select(.device == \"$NVME\") | .bars[] | select(.bar == 2).size" <<<"$out")" 16777216
ok 'device: why a BAR cannot be exported' \
	contains "$(gojq -r ".devices[] | select(.device == \"$NVME\") | .bars[0].why_not" <<<"$out")" 'driver nvme; bind it first'
ok 'device: I/O ports' contains "$(gojq -r '.devices[].bars[].why_not' <<<"$out")" 'I/O ports'
ok 'device: reset methods' \
	equal "$(gojq -c ".devices[] | select(.device == \"$NVME\").reset" <<<"$out")" '["flr","bus"]'
gives 0 'device: one' d device 00:04.0
ok 'device: none is a dash' contains "$out" "$RAM .* - +RAM memory"

leave_nothing
done_testing
