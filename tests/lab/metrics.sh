#!/bin/bash
# What the service of contrib/systemd runs, with no more capabilities than it has there.
. "$(dirname "$0")/lib.sh"

service=$(cd "$(dirname "$0")/../../contrib/systemd" && pwd)/dmabufctl-metrics.service
command=$(sed -n "s|^ExecStart=/bin/sh -c '\(.*\)'$|\1|p" "$service")
capabilities=$(sed -n 's/^CapabilityBoundingSet=//p' "$service")
# metrics CAPABILITY... - what it writes with these alone.
metrics() {
	local set=-all capability
	for capability; do
		set+=,+${capability#CAP_}
	done
	(cd "$TEST_DIR/metrics" && setpriv --bounding-set="${set,,}" --no-new-privs -- sh -c "$command" 8>&-) &&
		cat "$TEST_DIR/metrics/dmabufctl.prom"
}

main_setup
mkdir "$TEST_DIR/metrics"
# shellcheck disable=SC2086 # words
run metrics $capabilities
ok 'the service: all that root is told' equal "$rc $out" "0 $(d list --openmetrics)"
ok 'a mapping is among it' contains "$out" "^dmabuf_mapped_bytes\{.*,device=\"$NVME\",.*,iova=\"$IOVA\",.*,state=\"live\"\} 16777216$"
if command -v promtool >/dev/null; then
	run promtool check metrics <"$TEST_DIR/metrics/dmabufctl.prom"
	ok 'Prometheus reads it' equal "$rc $err" '0 '
else
	skip 'Prometheus reads it' 'no promtool'
fi
for capability in CAP_BPF CAP_PERFMON; do
	# shellcheck disable=SC2046 # words
	run metrics $(tr ' ' '\n' <<<"$capabilities" | grep -vx "$capability")
	ok "$capability is wanted: no mapping is known without it, nor revocation but by fdinfo" \
		equal "$rc $(grep -c '^dmabuf_mapped_bytes{' <<<"$out") $(grep -c '^dmabuf_revoked{' <<<"$out")" \
		"0 0 $(tells_in_fdinfo && echo 1 || echo 0)"
done
run metrics CAP_SYS_PTRACE
ok 'CAP_SYS_PTRACE is wanted: with it all processes are seen' contains "$out" '^dmabuf_unseen_processes 0$'
run metrics
ok 'CAP_SYS_PTRACE is wanted: without it they are not' contains "$out" '^dmabuf_unseen_processes [1-9]'
d release --all >/dev/null
d unbind "$NVME" "$EDU" >/dev/null
leave_nothing
done_testing
