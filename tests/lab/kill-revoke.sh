#!/bin/bash
# sample: nothing
# A revoke killed after each call that changes something: the next command brings memory decode back.
# In files of their own beside kill.sh for their time; kill-close.sh and kill-power.sh have other triggers.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/killing.sh"

exporter=$RAM
d bind "$RAM" "$EDU" "$NVME2" >/dev/null
die_everywhere revoke "$mapped" revoke "$RAM" --by memory

# What the next command puts right it says, once. --hold is no half step.
printf 'release --all\n%b' "$mapped" | d --context default batch - >/dev/null
run env DMABUFCTL_FAULT='pwrite=kill' dmabufctl revoke "$RAM" --by memory
ok 'killed with memory decode off' equal "$(memory_of "$RAM")" 0
run d status
ok 'the next command says what it undoes' contains "$err" "$RAM: a command was killed before it could undo --by memory; that is done now"
ok 'and has done it' equal "$(memory_of "$RAM")" 2
run d status
ok 'the one after it has nothing to say' equal "$err" ''
d revoke "$RAM" --by memory --hold >/dev/null
run d status
ok '--hold: nothing is undone' equal "$err $(memory_of "$RAM")" ' 0'
d revoke "$RAM" --by memory >/dev/null

# A batch without --context has no record that outlives it: the next command says what to run.
gives 0 'all is released' d release --all
printf 'export %s 2 --name fb\nrevoke %s --by unbind\n' "$RAM" "$RAM" >"$TEST_DIR/lines"
for ((call = 1; call < 60; call++)); do
	DMABUFCTL_FAULT="change#$call=kill" dmabufctl batch "$TEST_DIR/lines" >/dev/null 2>&1
	await 20 not pgrep -x dmabufctl >/dev/null
	[ -e "/sys/bus/pci/devices/$RAM/driver" ] || break
done
ok 'a batch killed while the device has no driver' equal "$(driver_of "$RAM")" none
refuses 1 "no driver has it; 'dmabufctl bind $RAM' gives it to vfio-pci" d export "$RAM" 2
gives 0 'and that does' d bind "$RAM"
echo 1 >"/sys/bus/pci/devices/$RAM/remove"
refuses 1 "no such PCI device; .*'echo 1 > /sys/bus/pci/rescan' brings back what was removed" d export "$RAM" 2
echo 1 >/sys/bus/pci/rescan
gives 0 'back on its bus' d bind "$RAM"

# One that is not killed tries again at its end what it could not undo.
run env DMABUFCTL_FAULT='write#2=EIO' dmabufctl batch "$TEST_DIR/lines"
ok 'a batch that could not give the driver back at first' equal "$rc $(driver_of "$RAM")" '1 vfio-pci'
ok 'says that it has' contains "$err" 'undo --by unbind; that is done now'

leave_nothing
done_testing
