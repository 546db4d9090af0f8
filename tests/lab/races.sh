#!/bin/bash
# lab: --cpus 2
# kernels: all
# Processes that map, unmap, reset and end while they are looked at: nothing crashes or hangs, and each row
# that is shown was true. ROUNDS: how often they are looked at.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/monitoring.sh"
rounds=${ROUNDS:-10}

d bind "$NVME" "$NVME2" "$EDU" >/dev/null
importers=("$NVME2" "$EDU")
coproc CROWD { exec "$LAB_BUILD/tests/lab/crowd" "$(cdev "$NVME")" "$(cdev "$NVME2")" "$(cdev "$EDU")" 8>&-; }
read -r -a inodes <&"${CROWD[0]}"
ok 'a dma-buf for each process' equal "${#inodes[@]}" 8

start --json
failed=0
for ((round = 0; round < rounds; round++)); do
	dmabufctl list --json >>"$TEST_DIR/list" || failed=$((failed + 1))
	dmabufctl status --all --json >>"$TEST_DIR/status" || failed=$((failed + 1))
done
ends INT
ok 'monitor: ends as it was told' equal "$rc" 0
ok 'list and status: exit status 0 each time' equal "$failed" 0
ok 'they are alive' kill -0 "$CROWD_PID"
eval "exec ${CROWD[1]}>&-"
run wait "$CROWD_PID"
ok 'none of them failed' equal "$rc" 0

# What belongs together: a process's number, its addresses, its length, its dma-buf, its device.
rules="
def inodes: [$(IFS=,; echo "${inodes[*]}")];
def exporter: \"$NVME\";
def importers: [\"${importers[0]}\", \"${importers[1]}\"];
def number: [range(8)] | map({\"0x\(\"123456789\"[.:. + 1])00000000\": .,  \"0x\(\"123456789\"[.:. + 1])00100000\": .,
	\"0x\(\"123456789\"[.:. + 1])00200000\": ., \"0x\(\"123456789\"[.:. + 1])00300000\": .}) | add;
def at: . as \$iova | number[\$iova];
def is_true(\$inode): (.iova | at) as \$n | \$n != null and .length == (\$n + 1) * 4096 and \$inode == inodes[\$n] and
	.offset == 0 and .prot == \"rw\" and (.state | IN(\"live\", \"idle\", \"stale\", \"revoked\"));
def of_its_own: (.iova | at) as \$n | .command == \"crowd\(\$n)\" and (.devices - [importers[\$n]] == []);
def as_exported: . as \$d | (inodes | index(\$d.inode)) as \$n | \$n != null and .device == exporter and .bar == 2 and
	.ranges == [{offset: (\$n * 65536), length: ((\$n + 1) * 4096)}];
def untrue: .inode as \$i | .mappings[] | select((is_true(\$i) and (.command == null or of_its_own)) | not);
def of_no_length: select(.iova) | (.iova | at) as \$n | select(\$n != null and .length != (\$n + 1) * 4096);
"
ok 'list: each dma-buf as it was exported' equal "$(gojq -c "$rules"'.dmabufs[] | select(as_exported | not)' "$TEST_DIR/list")" ''
ok 'list: eight of them each time' equal "$(gojq -c '.dmabufs | length' "$TEST_DIR/list" | sort -u)" 8
ok 'list: no mapping that was never true' equal "$(gojq -c "$rules"'.dmabufs[] | untrue' "$TEST_DIR/list")" ''
ok 'status: no mapping that was never true' equal \
	"$(gojq -c "$rules"'.contexts[].mappings[] | select(is_true(.inode) | not)' "$TEST_DIR/status")" ''
ok 'there were mappings, of each process' equal \
	"$(gojq -r '.dmabufs[].mappings[] | .command // empty' "$TEST_DIR/list" | sort -u | tr '\n' ' ')" 'crowd0 crowd1 crowd2 crowd3 crowd4 crowd5 crowd6 crowd7 '
ok 'monitor: no window that was never mapped' equal \
	"$(gojq -c "$rules"'select(.event | IN("map", "unmap", "revoked")) | of_no_length' "$events")" ''
ok 'monitor: mappings of those with a device' equal \
	"$(gojq -r "$rules"'select(.event == "map") | .iova | at | values' "$events" | sort -u | tr '\n' ' ')" '0 1 '
d unbind "$NVME" "$NVME2" "$EDU" >/dev/null
leave_nothing
done_testing
