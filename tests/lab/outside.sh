#!/bin/bash
# lab: --native
# kernels: all
# Resets that come from outside: of a slot or a bus through the port above it, also where functions of one slot
# import each other's BARs, and by the PCI core when it recovers from an error.
. "$(dirname "$0")/lib.sh"

F0=0000:03:00.0 # two functions of one device
F1=0000:03:00.1
state() { attribute ".mappings[] | select(.name == \"$1\").state"; }
memory() { attribute ".dmabufs[] | select(.name == \"$1\").state"; }
# Whether the device itself decodes memory, past VFIO.
decodes() { [ $(($(setpci -s "$1" COMMAND | sed 's/^/0x/') & 2)) -ne 0 ]; }
hears_errors() { grep -q ' vfio_pci_core_aer_resume' /proc/kallsyms; }

port_above() (cd -P "/sys/bus/pci/devices/$1/.." && echo "${PWD##*/}")
reset_below() { echo 1 >"/sys/bus/pci/devices/$(port_above "$1")/reset_subordinate"; }
# resets WHAT BDF - what is below its port. 6.12 waits less long for QEMU's links, and gives ENOTTY when all is done.
resets() {
	if is_mainline; then
		gives 0 "$1" reset_below "$2"
	else
		run reset_below "$2"
		ok "$1" contains "$rc $err" '^0 |Inappropriate ioctl'
	fi
}

# after_reset WHAT MAPPING... - these were revoked by it, and come back; or, on mainline, lived through it.
after_reset() {
	local what=$1 expected=live mapping
	shift
	! closes_the_hole || expected=stale
	for mapping; do
		ok "$what: $mapping is $expected" equal "$(state "$mapping")" $expected
	done
	! closes_the_hole || gives 0 "$what: recover" d recover "$@"
}

# inject ERROR - the port above NVME reports it, and the PCI core recovers.
inject() {
	dmesg --clear
	echo "pcie_aer_inject_error port1 $1" >"$monitor"
	await 60 recovered
}
recovered() { dmesg | grep -q 'device recovery successful'; }

for port in /sys/class/virtio-ports/*; do
	[ "$(<"$port/name")" != monitor ] || monitor=/dev/${port##*/}
done
main_setup

if [ -e "/sys/bus/pci/devices/$(port_above "$NVME")/reset_subordinate" ]; then
	resets 'a slot' "$NVME"
	after_reset 'a slot' map0
	gives 0 'a slot: DMA arrives' d verify map0 --from "$EDU"

	for service in /sys/bus/pci_express/drivers/pciehp/"$(port_above "$NVME")":*; do
		echo "${service##*/}" >/sys/bus/pci_express/drivers/pciehp/unbind
	done
	resets 'a bus' "$NVME"
	after_reset 'a bus' map0
	gives 0 'a bus: DMA arrives' d verify map0 --from "$EDU"

	d bind $F0 $F1 >/dev/null
	d attach $F0 pair >/dev/null
	d attach $F1 pair >/dev/null
	for number in 0 1; do
		d export 0000:03:00.$number 2 --name bar$number >/dev/null
		d import bar$number --ioas pair --name of$number >/dev/null
	done
	gives 0 'functions of one slot: DMA' d verify of0 --from $F1
	resets 'functions of one slot' $F0
	after_reset 'functions of one slot' of0 of1
	gives 0 'functions of one slot: DMA arrives in the one' d verify of0 --from $F1
	gives 0 'functions of one slot: and in the other' d verify of1 --from $F0
else
	skip 'a slot or a bus is reset' 'no port of this kernel has reset_subordinate'
fi

if ! is_mainline; then
	skip 'the PCI core recovers from errors' 'this kernel gives up on a link of QEMU that is slow to come back'
	nothing_leaks
	leave_nothing
	done_testing
	exit
fi

# A fatal error: the PCI core resets the bus, and restores no config space.
inject DLP
ok 'a fatal error: the device decodes no memory any more' not decodes "$NVME"
if hears_errors; then
	ok 'a fatal error: the mapping is revoked' equal "$(state map0)" revoked
	fails 5 'is revoked' d import fb --ioas ioas0
	d revoke "$NVME" --by reset >/dev/null 2>&1
	ok 'a fatal error: a reset does not bring the memory back' equal "$(memory fb) $(state map0)" 'revoked revoked'
	d revoke "$NVME" --by memory >/dev/null 2>&1
	ok 'a fatal error: memory decode does' equal "$(memory fb) $(state map0)" 'usable stale'
else
	ok 'a fatal error: the mapping lives on' equal "$(memory fb) $(state map0)" 'usable live'
	gives 0 'a fatal error: memory decode brings the memory back' d revoke "$NVME" --by memory
fi
ok 'a fatal error: the device decodes memory again' decodes "$NVME"
gives 0 'a fatal error: recover' d recover map0
gives 0 'a fatal error: DMA arrives' d verify map0 --from "$EDU"

# One that is not: no reset, but one could have followed.
inject POISON_TLP
ok 'an error: the device decodes memory' decodes "$NVME"
ok 'an error: the dma-buf can be used' equal "$(memory fb)" usable
if hears_errors; then
	ok 'an error: the mapping was revoked' equal "$(state map0)" stale
	gives 0 'an error: recover' d recover map0
else
	ok 'an error: the mapping lives on' equal "$(state map0)" live
fi
gives 0 'an error: DMA arrives' d verify map0 --from "$EDU"

# One that finds the device closed, in full power, and as one that was never enabled. To open it turns memory on.
d release --all
echo on >"/sys/bus/pci/devices/$NVME/power/control"
setpci -s "$NVME" COMMAND=0
inject POISON_TLP
main_setup
ok 'an error before the device is opened: the dma-buf can be used' equal "$(memory fb) $(state map0)" 'usable live'
gives 0 'an error before the device is opened: DMA arrives' d verify map0 --from "$EDU"

nothing_leaks
leave_nothing
done_testing
