#!/bin/bash
# What a device had before vfio-pci is what it gets back: driver and override, each device its own,
# whatever happened in between, and after every failure.
. "$(dirname "$0")/lib.sh"

sysfs=/sys/bus/pci/devices
has() { echo "$(driver_of "$1") $(cat "$sysfs/$1/driver_override")"; }
records() { ls /run/dmabufctl 2>/dev/null; }
F0=0000:03:00.0 F1=0000:03:00.1

modprobe -r vfio-pci # a test before this one may have had it loaded
ok 'before: not loaded' [ ! -d /sys/module/vfio_pci ]
# Each with a state of its own: driver, no driver, override without driver, override with it.
echo nobody >$sysfs/$RAM/driver_override
echo nvme >$sysfs/$NVME2/driver_override
echo $F1 >$sysfs/$F1/driver/unbind
run d bind 01:00.0 00:03.0 $RAM $NVME2 03:00.0 03:00.1 --json
ok 'six at once: exit status 0' equal "$rc" 0
wanted='{"command":"bind","devices":['
for entry in $NVME/nvme $EDU/null $RAM/null $NVME2/nvme $F0/nvme $F1/null; do
	bdf=${entry%/*}
	wanted+=$(printf '{"cdev":"%s","driver":"vfio-pci","driver_before":%s,"name":"%s"},' "$(cdev "$bdf")" \
		"$([ "${entry#*/}" = null ] && echo null || echo "\"${entry#*/}\"")" "$bdf")
	ok "$bdf: driver and override" equal "$(has "$bdf")" 'vfio-pci vfio-pci'
	read -r number < <(cat $sysfs/"$bdf"/vfio-dev/vfio*/dev)
	ok "$bdf: its node has its number" equal "$(stat -c '%t:%T' "$(cdev "$bdf")")" \
		"$(printf '%x:%x' "${number%:*}" "${number#*:}")"
done
ok 'six at once: what was and what is' equal "$(gojq -c . <<<"$out")" "${wanted%,}],\"schema\":\"dmabufctl/1\"}"
ok 'no other device was touched' equal "$(driver_of 0000:06:00.0) $(driver_of 0000:07:00.0) $(driver_of 0000:0a:00.0)" 'nvme nvme nvme'
run d bind $NVME $EDU
ok 'again: exit status 0' equal "$rc" 0
ok 'again: it had vfio-pci already' equal "$(tr -s ' ' <<<"$out")" "\
DEVICE BEFORE DRIVER CDEV
$NVME vfio-pci vfio-pci $(cdev $NVME)
$EDU vfio-pci vfio-pci $(cdev $EDU)"

run d unbind $RAM 01:00.0 --json
ok 'two of them back, in another order: exit status 0' equal "$rc" 0
ok 'two of them back: what was and what is' equal "$(gojq -c .devices <<<"$out")" \
	"[{\"cdev\":null,\"driver\":null,\"driver_before\":\"vfio-pci\",\"name\":\"$RAM\"},{\"cdev\":null,\"driver\":\"nvme\",\"driver_before\":\"vfio-pci\",\"name\":\"$NVME\"}]"
ok 'a driver, and no override' equal "$(has $NVME)" 'nvme (null)'
ok 'an override that nobody answers' equal "$(has $RAM)" 'none nobody'
ok 'the others keep theirs' equal "$(has $NVME2); $(has $EDU); $(has $F0); $(has $F1)" \
	'vfio-pci vfio-pci; vfio-pci vfio-pci; vfio-pci vfio-pci; vfio-pci vfio-pci'
gives 0 'the rest' d unbind $F1 $NVME2 $EDU $F0
ok 'an override with its driver' equal "$(has $NVME2)" 'nvme nvme'
ok 'neither' equal "$(has $EDU)" 'none (null)'
ok 'one function with its driver' equal "$(has $F0)" 'nvme (null)'
ok 'nothing is remembered any more' equal "$(records)" ''
echo >$sysfs/$RAM/driver_override
echo >$sysfs/$NVME2/driver_override
ok 'the module stays' [ -d /sys/module/vfio_pci ]

# Between two bindings: what it had before the first counts.
d bind $NVME >/dev/null
echo $NVME >$sysfs/$NVME/driver/unbind
ok 'taken from vfio-pci by hand' equal "$(has $NVME)" 'none vfio-pci'
run d bind $NVME --json
ok 'bound once more: exit status 0' equal "$rc" 0
ok 'bound once more: it had none' equal "$(gojq -c '.devices[0] | [.driver_before, .driver]' <<<"$out")" '[null,"vfio-pci"]'
gives 0 'given back' d unbind $NVME
ok 'the driver of before the first' equal "$(has $NVME)" 'nvme (null)'
d bind $NVME >/dev/null
echo $NVME >$sysfs/$NVME/driver/unbind
gives 0 'given back from no driver at all' d unbind $NVME
ok 'the driver is back all the same' equal "$(has $NVME)" 'nvme (null)'

# Of a former binding nothing may be left for a later one.
d bind $EDU >/dev/null && d unbind $EDU >/dev/null
echo nobody >$sysfs/$EDU/driver_override
d bind $EDU >/dev/null && d unbind $EDU >/dev/null
ok 'a second time, with another override' equal "$(has $EDU)" 'none nobody'
echo >$sysfs/$EDU/driver_override

# Bound by somebody else, there is no record: the kernel chooses.
echo vfio-pci >$sysfs/$NVME2/driver_override
echo $NVME2 >$sysfs/$NVME2/driver/unbind
echo $NVME2 >/sys/bus/pci/drivers_probe
gives 0 'bound by hand: nothing to do' d bind $NVME2
ok 'bound by hand: nothing is remembered' equal "$(records)" ''
gives 0 'bound by hand: unbind' d unbind $NVME2
ok 'bound by hand: the driver that wants it' equal "$(has $NVME2)" 'nvme (null)'

# Who has it open, all of them, before anything happens to it.
d bind $NVME $NVME2 $EDU >/dev/null
hold foreign "$(cdev $NVME2)" 2 0x1000
d export $NVME 2 >/dev/null
holder=$(processes dmabufctl-holder)
run d unbind $EDU $NVME2 $NVME --json
ok 'open in a process: exit status 1' equal "$rc" 1
ok 'open in a process: that one, and what came before is done' \
	equal "$(gojq -c '[[.devices[].name], .error.status, .error.errno, .error.what, .error.why]' <<<"$out")" \
	"[[\"$EDU\"],1,\"EBUSY\",\"unbind $NVME2\",\"it is open: foreign (PID $fixture)\"]"
ok 'open in a process: nothing has changed' equal "$(has $NVME2) $(has $NVME)" 'vfio-pci vfio-pci vfio-pci vfio-pci'
run d unbind $NVME
ok 'open in a context: exit status 1' equal "$rc" 1
ok 'open in a context: which' contains "$err" "it is open: context default \\(PID $holder\\)"
let_go
gives 0 'closed: unbind' d unbind $NVME2
d release --all
gives 0 'released: unbind' d unbind $NVME
ok 'closed and released: back' equal "$(has $NVME2); $(has $NVME)" 'nvme (null); nvme (null)'

run d unbind $NVME 00:10.0 $RAM --json
ok 'what vfio-pci does not have: exit status 0' equal "$rc" 0
ok 'what vfio-pci does not have: it is as it was' \
	equal "$(gojq -c '[.devices[] | [.name, .driver_before, .driver, .cdev]]' <<<"$out")" \
	"[[\"$NVME\",\"nvme\",\"nvme\",null],[\"0000:00:10.0\",\"pcieport\",\"pcieport\",null],[\"$RAM\",null,null,null]]"
ok 'what vfio-pci does not have: it keeps that' equal "$(has $NVME); $(has 0000:00:10.0)" 'nvme (null); pcieport (null)'
for bridge in 00:10.0 04:00.0 05:01.0 00:00.0 00:1f.0; do
	refuses 3 'it is a bridge' d bind $bridge
done
ok 'bridges keep their driver' equal "$(has 0000:00:10.0); $(has 0000:04:00.0); $(has 0000:05:01.0)" \
	'pcieport (null); pcieport (null); pcieport (null)'
refuses 1 'there is no such PCI device' d bind 99:00.0
run d bind $EDU 99:00.0 --json
ok 'a second one that is not there: exit status 1' equal "$rc" 1
ok 'a second one that is not there: the first is bound' equal "$(gojq -c '[.devices[] | [.name, .driver]]' <<<"$out") $(has $EDU)" \
	"[[\"$EDU\",\"vfio-pci\"]] vfio-pci vfio-pci"
d unbind $EDU >/dev/null

# An ordinary user: nothing happens, and it says why.
refuses 1 "^dmabufctl: bind $NVME: there is no directory for a record of its driver that is this user's alone; set XDG_RUNTIME_DIR " \
	setpriv --reuid=65534 --regid=65534 --clear-groups -- dmabufctl bind $NVME
ok 'an ordinary user: nothing has changed' equal "$(has $NVME) $(records)" 'nvme (null) '
mkdir -m 700 "$TEST_DIR/runtime" && chown 65534 "$TEST_DIR/runtime" && chmod 711 "$TEST_DIR"
run env XDG_RUNTIME_DIR="$TEST_DIR/runtime" setpriv --reuid=65534 --regid=65534 --clear-groups -- dmabufctl bind $NVME --json
ok 'a user with a runtime directory: exit status 4' equal "$rc" 4
ok 'a user with a runtime directory: why' equal "$(gojq -c '[.error.status, .error.what]' <<<"$out")" "[4,\"bind $NVME\"]"
ok 'a user with a runtime directory: no record is left' equal "$(find "$TEST_DIR/runtime" -name '*.driver')" ''

# The driver that had it is gone when it is to come back.
d bind $NVME >/dev/null
sed -i s/nvme/nosuch/ /run/dmabufctl/$NVME.driver
run d unbind $NVME
ok 'another driver took it: exit status 1' equal "$rc" 1
ok 'another driver took it: which did not' contains "$err" 'nosuch, which it had before, did not take it back'
ok 'another driver took it: it is out of the way of vfio-pci' equal "$(has $NVME)" 'nvme (null)'

leave_nothing
done_testing
