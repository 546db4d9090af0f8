#!/bin/bash
# contrib/systemd and contrib/ci: what can be had without a kernel of one's own.
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

refuses 2 '^usage: conform TREE' "$contrib/ci/conform"
# steps KEY - what the steps of the workflow have under it.
steps() {
	/usr/bin/python3 -c 'import sys, yaml
for step in yaml.safe_load(open(sys.argv[1]))["jobs"]["conform"]["steps"]: print(step.get(sys.argv[2], ""))' "$contrib/ci/workflow.yml" "$1" | grep .
}
if /usr/bin/python3 -c 'import yaml' 2>/dev/null; then
	run steps run
	ok 'the workflow: its steps' equal "$rc $(wc -l <<<"$out")" '0 3'
	if command -v shellcheck >/dev/null; then
		run shellcheck -s bash - <<<"$out"
		ok 'the workflow: shellcheck finds nothing' equal "$rc" 0
	else
		skip 'the workflow: shellcheck finds nothing' 'no shellcheck'
	fi
	read -r script _ form _ < <(steps run | tail -n 1)
	ok 'the workflow: its script is there' [ -x "$contrib/${script#dmabufctl/contrib/}" ]
	ok 'the workflow: conform has its option' contains "$(dmabufctl --list-options conform)" "^$form"
else
	skip 'the workflow' 'no yaml module for Python'
fi
done_testing
