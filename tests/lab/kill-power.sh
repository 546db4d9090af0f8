#!/bin/bash
# sample: nothing
# A revoke of a device that has power states and resets, which take their time here, killed after each
# call that changes something: the next command brings the power state back.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/killing.sh"

exporter=$NVME2
d bind "$EDU" "$NVME2" >/dev/null
for trigger in d3hot flr; do
	die_everywhere "revoke --by $trigger" "export $NVME2 2 --name fb --range 0:64K\n" revoke "$NVME2" --by $trigger
done

leave_nothing
done_testing
