#!/bin/bash
# contrib/systemd: the units, and what the service runs.
. "$(dirname "$0")/../lib.sh"

contrib=$(cd "$(dirname "$0")/../../contrib" && pwd)
service=$contrib/systemd/dmabufctl-metrics.service
# metrics - what the service runs, in a directory of its own.
metrics() (
	cd "$TEST_DIR/metrics" && sh -c "$(sed -n "s|^ExecStart=/bin/sh -c '\(.*\)'$|\1|p" "$service")"
)
mkdir "$TEST_DIR/metrics" && file=$TEST_DIR/metrics/dmabufctl.prom

if command -v systemd-analyze >/dev/null; then
	run systemd-analyze verify --man=no "$service" "${service%service}timer"
	ok 'systemd finds nothing in the units' equal "$rc $err" '0 '
else
	skip 'systemd finds nothing in the units' 'no systemd-analyze'
fi
gives 0 'the metrics are written' metrics
ok 'all of them' contains "$(cat "$file")" '^# EOF$'
ok 'nothing else is left' equal "$(ls "$TEST_DIR/metrics")" dmabufctl.prom
if command -v promtool >/dev/null; then
	run promtool check metrics <"$file"
	ok 'Prometheus reads them' equal "$rc $err" '0 '
else
	skip 'Prometheus reads them' 'no promtool'
fi
echo before >"$file"
mkdir "$TEST_DIR/bin" && ln -s "$(type -P false)" "$TEST_DIR/bin/dmabufctl"
PATH=$TEST_DIR/bin:$PATH run metrics
ok 'where they cannot be had: it fails' equal "$rc" 1
ok 'and leaves those of before' equal "$(cat "$file")" before

done_testing
