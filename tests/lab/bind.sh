#!/bin/bash
# sample: quick
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

# What each had is remembered for each, and nothing of one that vfio-pci has already.
d bind "$NVME" "$EDU" "$NVME2" >/dev/null
d bind "$NVME" >/dev/null
ok 'the drivers that they had are on record' equal "$(head -n 1 /run/dmabufctl/$NVME.driver /run/dmabufctl/$EDU.driver | tr '\n' ' ')" \
	"==> /run/dmabufctl/$NVME.driver <== nvme  ==> /run/dmabufctl/$EDU.driver <==  "
d unbind "$EDU" "$NVME" >/dev/null
ok 'each has its own back' equal "$(driver_of $NVME) $(driver_of $EDU) $(driver_of $NVME2)" 'nvme none vfio-pci'
run d unbind "$NVME" "$EDU" "$NVME2" --json
ok 'unbind again: exit status 0' equal "$rc" 0
ok 'unbind again: what was and what is' \
	equal "$(gojq -r '.devices[] | "\(.driver_before) \(.driver)"' <<<"$out" | tr '\n' ',')" 'nvme nvme,null null,vfio-pci nvme,'
ok 'unbind again: no record is left' equal "$(ls /run/dmabufctl)" ''
# A driver that does not take it back is missed.
echo nosuch >/sys/bus/pci/devices/$NVME/driver_override
d bind "$NVME" >/dev/null
fails 1 'nvme, which it had before, did not take it back' d unbind "$NVME"
ok 'the override that was there is there again' equal "$(override $NVME)" nosuch
echo >/sys/bus/pci/devices/$NVME/driver_override
echo $NVME >/sys/bus/pci/drivers_probe
ok 'the driver is back' equal "$(driver_of $NVME)" nvme

for bridge in 00:10.0 00:00.0 05:00.0 00:1f.0; do
	before=$(driver_of "0000:$bridge")
	refuses 3 'it is a bridge' d bind "$bridge"
	ok "the bridge $bridge keeps its driver" equal "$(driver_of "0000:$bridge") $(override "0000:$bridge")" "$before (null)"
	run d doctor "$bridge" --json
	ok "doctor $bridge: exit status 3" equal "$rc" 3
	ok "doctor $bridge: does not suggest bind" equal "$(gojq -r '.checks[] | select(.check | endswith("driver")).remedy' <<<"$out")" \
		"choose an endpoint; 'dmabufctl device' lists them"
done

# Two functions of one device are one IOMMU group, to be had together.
d bind 03:00.0 >/dev/null
refuses 1 'another device of the IOMMU group has a host driver: 0000:03:00.1 belongs to the driver nvme' d export 03:00.0 2
run d doctor 03:00.0 --json
ok 'doctor: exit status 3, as export would fail' equal "$rc" 3
ok 'doctor: which device of the group, and what to do' \
	equal "$(gojq -r '.checks[] | select(.check == "0000:03:00.0 group") | "\(.result): \(.detail): \(.remedy)"' <<<"$out")" \
	"missing: another device of the IOMMU group has a host driver: 0000:03:00.1 belongs to the driver nvme: 'dmabufctl bind 0000:03:00.1'"
d bind 03:00.1 >/dev/null
gives 0 'doctor: with both it is well' d doctor 03:00.0
gives 0 'with both it works' d export 03:00.0 2
refuses 1 "it is open: context default \\(PID [0-9]+\\); 'dmabufctl --context default release --all' lets it go" d unbind 03:00.0
refuses 1 "it is open already: context default \\(PID [0-9]+\\); 'dmabufctl --context default release --all' lets it go" \
	d --context other export 03:00.0 2
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
