#!/bin/bash
# sample: nothing
# A revoke that closes the device, killed after each call that changes something: the next command brings
# the driver back.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/killing.sh"

exporter=$RAM
d bind "$RAM" "$EDU" "$NVME2" >/dev/null
die_everywhere 'revoke --by close' "$mapped" revoke "$RAM" --by close
die_everywhere 'revoke --by unbind' "$device" revoke "$RAM" --by unbind
die_everywhere 'revoke --by remove' "$device" revoke "$RAM" --by remove

leave_nothing
done_testing
