#!/bin/bash
# lab: --cpus 2
# kernels: all
# Processes that map, unmap, reset and end while they are looked at: nothing crashes or hangs, and each row
# that is shown was true. ROUNDS: how often they are looked at.
. "$(dirname "$0")/lib.sh"
rounds=${ROUNDS:-10}

d bind "$NVME" "$NVME2" "$EDU" >/dev/null
coproc CROWD { exec "$LAB_BUILD/tests/lab/crowd" "$(cdev "$NVME")" "$(cdev "$NVME2")" "$(cdev "$EDU")" 8>&-; }
read -r -a inodes <&"${CROWD[0]}"
ok 'a dma-buf for each process' equal "${#inodes[@]}" 8

run /usr/bin/python3 "$(dirname "$0")/races.py" "$rounds" "$NVME" "$NVME2,$EDU" "${inodes[@]}"
seen=$out
ok 'list, status and monitor: exit status 0 each time' equal "$rc" 0
ok 'they are alive' kill -0 "$CROWD_PID"
eval "exec ${CROWD[1]}>&-"
run wait "$CROWD_PID"
ok 'none of them failed' equal "$rc" 0

ok 'nothing that was never true' equal "$(grep ^untrue <<<"$seen")" ''
ok 'list: eight of them each time' contains "$seen" '^dmabufs 8$'
ok 'there were mappings, of each process' contains "$seen" '^processes crowd0 crowd1 crowd2 crowd3 crowd4 crowd5 crowd6 crowd7$'
ok 'monitor: mappings of those with a device' contains "$seen" '^watched 0 1$'
d unbind "$NVME" "$NVME2" "$EDU" >/dev/null
leave_nothing
done_testing
