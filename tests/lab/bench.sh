#!/bin/bash
# lab:
# lab: --iommu virtio
# kernels: all
# bench measures what it says it does, each so often, and leaves the machine as it found it. How long anything took
# decides nothing here.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/kernel.sh"

DRIVER=dmabufctl-importer
OPERATIONS=export,import,unmap,revoke,revoke-to-unmapped,recover
bench() { d bench --exporter "$NVME" "$@"; }
few() { bench --samples 1 --warm-up 0 --size 4K --count 1 "$@"; }
# rows ARRAY - "operation importer size count" of each.
rows() { gojq -r ".$1[] | \"\(.operation) \(.importer // \"-\") \(.size) \(.count)\"" <<<"$out"; }
# those EXPRESSION - the measurements for which it is true.
those() { gojq -c ".measurements[] | select($1)" <<<"$out"; }
is_clean() {
	ok "$1: no dma-buf is left" equal "$(dmabufs)" 0
	ok "$1: no instance of tracefs is left" equal "$(ls /sys/kernel/tracing/instances)" ''
	ok "$1: the device is as it was" equal "$(command_register "$NVME")" "$before"
	ok "$1: no process is left" not pgrep -x dmabufctl
}

fails 1 "its driver is nvme; 'dmabufctl bind $NVME' first" bench
d bind "$NVME" "$EDU" "$RAM" >/dev/null
modprobe $DRIVER
d bind --driver $DRIVER "$NVME2" >/dev/null
before=$(command_register "$NVME")

run bench --importer "$EDU,$NVME2" --only $OPERATIONS --samples 6 --warm-up 1 --size 4K,64K,16M --count 2,3 \
	--gnuplot "$TEST_DIR/plot" --json
ok 'all that needs no DMA: exit status 0' equal "$rc $err" '0 '
ok 'nothing is skipped' equal "$(rows skipped)" ''
ok 'each operation, by each importer, of each size and count' equal "$(rows measurements)" "$(
	for operation in ${OPERATIONS//,/ }; do
		importers='iommufd device'
		[ "$operation" != export ] || importers=-
		for importer in $importers; do
			printf "$operation $importer %s\n" '4096 2' '65536 2' '16777216 2' '4096 3'
		done
	done
)"
ok 'each so often' equal "$(those '.samples != 6')" ''
# shellcheck disable=SC2016 # a variable of gojq's
ok 'in order: least, median, 99th percentile, greatest; the mean within' \
	equal "$(those '[.min_ns, .p50_ns, .p99_ns, .max_ns] as $all | $all != ($all | sort) or .mean_ns < .min_ns or .mean_ns > .max_ns')" ''
ok 'of six samples the 99th percentile is the greatest' equal "$(those '.p99_ns != .max_ns')" ''
ok 'something took time' equal "$(those '.min_ns == 0')" ''
ok 'the histogram has all samples' equal "$(those '([.histogram[].samples] | add) != .samples')" ''
ok 'from the least to the greatest' \
	equal "$(those '.min_ns < .histogram[0].from_ns or .min_ns >= .histogram[0].below_ns or
		.max_ns < .histogram[-1].from_ns or .max_ns >= .histogram[-1].below_ns')" ''
ok 'its bins join' equal "$(those '[.histogram[1:][].from_ns] != [.histogram[:-1][].below_ns]')" ''
ok 'a trigger is of what revokes' \
	equal "$(gojq -r '.measurements[] | select(.trigger == "memory").operation' <<<"$out" | uniq | xargs)" 'revoke revoke-to-unmapped recover'
# The kernel unmaps within the call, and each sample has both.
# shellcheck disable=SC2016 # gojq's variables
ok 'all is unmapped before the call that revokes is over' equal "$(gojq -c '.measurements as $all | $all[] |
	select(.operation == "revoke-to-unmapped") | . as $row | $all[] |
	select(.operation == "revoke" and .importer == $row.importer and .size == $row.size and .count == $row.count) |
	select(.p50_ns < $row.p50_ns or .max_ns < $row.max_ns)' <<<"$out")" ''
ok 'growth: over size and count, of each' equal "$(gojq -r '.growth[] | "\(.over) \(.from) \(.to)"' <<<"$out" | sort | uniq -c | xargs)" \
	'11 count 2 3 11 size 4096 16777216'
ok 'growth: in percent of the first' \
	equal "$(gojq -c '.growth[] | select(.ratio_percent != (.to_p50_ns * 100 / .from_p50_ns | floor))' <<<"$out")" ''
ok 'the summary' equal "$(gojq -r '.summary | "\(.kernel) \(.exporter) \(.bar) \(.importer) \(.dma_importer) \(.trigger) \(.samples) \(.warm_up)"' <<<"$out")" \
	"$(uname -r) $NVME 2 $EDU $NVME2 memory 6 1"
ok 'the IOMMU, as sysfs calls it' equal "$(gojq -r .summary.iommu <<<"$out")" \
	"$(basename "$(readlink "/sys/bus/pci/devices/$EDU/iommu")")"
is_clean 'afterwards'
cp "$TEST_DIR/out" "$TEST_DIR/first"

ok 'the script for gnuplot has the data' equal "$(grep -cE '^[0-9 ]+$' "$TEST_DIR/plot")" 55
ok 'and each row of JSON in it' equal "$(gojq -r '.measurements[] | [.size, .count, .samples, .min_ns, .p50_ns, .p99_ns, .max_ns, .mean_ns] |
	map(tostring) | join(" ")' <<<"$out" | sort -u | comm -23 - <(sort -u "$TEST_DIR/plot"))" ''
if command -v gnuplot >/dev/null; then
	ok 'gnuplot draws it' equal "$(gnuplot -e 'set terminal dumb' "$TEST_DIR/plot" 2>&1 >"$TEST_DIR/drawn")" ''
	ok 'gnuplot draws it: both panels' equal "$(grep -cE 'size in bytes .*count' "$TEST_DIR/drawn")" 1
	gives 0 '--png' few --only unmap --png "$TEST_DIR/picture.png"
	ok '--png: it is one' equal "$(head -c 8 "$TEST_DIR/picture.png" | od -An -tx1 | tr -d ' \n')" 89504e470d0a1a0a
else
	skip 'gnuplot draws it' 'no gnuplot'
fi

# What the kernel is asked for: two that stay, then one for each warm-up and sample, in each of two rounds.
run d -vv bench --exporter "$NVME" --importer "$EDU" --only import --size 8K --count 3 --samples 4 --warm-up 1
ok 'so many maps: those that stay, warm-ups, samples' equal "$(grep -c 'IOMMU_IOAS_MAP_FILE.* = 0' <<<"$err")" "$((4 * 2 + 4 * 1 + 4))"
ok 'of that size' equal "$(grep 'IOMMU_IOAS_MAP_FILE.* = 0' <<<"$err" | grep -vc '0x2000')" 0
ok 'parts of the BAR that follow each other' \
	equal "$(grep -oE '1 range 0x[0-9a-f]+\+0x2000' <<<"$err" | sort | uniq -c | xargs)" \
	'4 1 range 0x0+0x2000 4 1 range 0x2000+0x2000 8 1 range 0x4000+0x2000'
run few --only recover --count 2 --json
ok '--only: what it needs is done, and not shown' equal "$rc $(rows measurements)" '0 recover iommufd 4096 2'
ok 'without an importer: the exporter itself' equal "$(gojq .summary.importer <<<"$out")" null
ok 'one size and count: nothing grows' equal "$(gojq -c .growth <<<"$out")" '[]'

run few --only dma-write,dma-read,unmap --importer "$EDU,$NVME2" --count 2 --json
ok 'DMA: exit status 0' equal "$rc $err" '0 '
ok 'DMA: both ways' contains "$(rows measurements | grep dma | xargs)" '^dma-write iommufd 4096 2 dma-read iommufd 4096 2'
ok 'DMA: it took time' equal "$(those '.min_ns == 0')" ''
ok 'DMA: what has none says so' equal "$(gojq -r '.skipped[] | "\(.importer) \(.why)"' <<<"$out" | sort -u)" \
	"device the importer's module cannot make the device do DMA"
run few --only dma-write,dma-read --json
ok 'DMA without an importer: exit status 3' equal "$rc" 3
ok 'DMA without an importer: why' contains "$err$out" 'no importer is named that could do DMA'
run few --bar 0 --only dma-write --importer "$EDU" --json
ok 'DMA to registers: exit status 3' equal "$rc" 3
ok 'DMA to registers: why' contains "$(gojq -r '.skipped[].why' <<<"$out")" 'the BAR is not prefetchable'

for trigger in reset flr d3hot low-power hot-reset; do
	run few --by $trigger --only revoke-to-unmapped --importer "$EDU" --json
	ok "--by $trigger: seen to be unmapped" equal "$rc $(gojq -c '.measurements[] | [.operation, .trigger, .samples]' <<<"$out")" \
		"0 [\"revoke-to-unmapped\",\"$trigger\",1]"
done
is_clean 'after all triggers'
run d bench --exporter "$RAM" --by reset --only revoke --samples 1 --warm-up 0 --size 4K --count 1 --json
ok 'a device without a reset: exit status 3' equal "$rc" 3
ok 'a device without a reset: why' equal "$(gojq -r '.skipped[].why' <<<"$out")" 'the device has no such trigger: reset'

# earlier FILTER - the file of an earlier run, made of the first here.
earlier() { gojq "$1" "$TEST_DIR/first" >"$TEST_DIR/before"; }
again() { bench --importer "$EDU" --only export,unmap --samples 2 --warm-up 0 --size 64K --count 2 --compare "$TEST_DIR/before" "$@"; }
earlier .
run again --json
ok '--compare: exit status 0' equal "$rc" 0
ok '--compare: what both have' equal "$(rows comparison)" 'export - 65536 2
unmap iommufd 65536 2'
# shellcheck disable=SC2016 # gojq's variables
ok '--compare: the medians, and their ratio' equal "$(gojq -c --slurpfile before "$TEST_DIR/before" '. as $now | .comparison[] | . as $row |
	[$now, $before[0] | .measurements[] | select(.operation == $row.operation and .importer == $row.importer and
		.size == $row.size and .count == $row.count).p50_ns] as [$p50, $old] |
	select(.p50_ns != $p50 or .before_p50_ns != $old or .ratio_percent != ($p50 * 100 / $old | floor) or .slower)' <<<"$out")" ''
ok '--compare: with what' equal "$(gojq -c .before <<<"$out")" "$(gojq -c .summary "$TEST_DIR/first")"
earlier '.measurements[].p50_ns = 1000000000000'
gives 0 '--limit: none is slower' again --limit 0.5
earlier '(.measurements[] | select(.operation == "unmap").p50_ns) = 1'
run again --limit 1000 --json
ok '--limit: exit status 6' equal "$rc" 6
ok '--limit: which is slower' equal "$(gojq -r '.comparison[] | "\(.operation) \(.slower)"' <<<"$out" | xargs)" 'export false unmap true'
ok '--limit: and that is what is said' contains "$(gojq -r .error.why <<<"$out")" '^1 of 2 medians .* unmap of 65536 bytes, count 2'
earlier '.measurements[].size = 8192'
fails 1 'nothing was measured now that was measured then' again
earlier '.measurements |= [{operation: "revoke", importer: "iommufd", size: 4096, count: 1, trigger: "reset", p50_ns: 1}]'
fails 6 '1 of what was measured then could not be measured now' d bench --exporter "$RAM" --by reset --only export,revoke \
	--samples 1 --size 4K --count 1 --compare "$TEST_DIR/before" --limit 2

run few --only unmap
ok 'for people: the times' contains "$out" '^unmap +iommufd +4K +1 +[0-9.]+ us +[0-9.]+ us +[0-9.]+ us$'
ok 'for people: the histogram, of one bin' contains "$out" '^unmap +iommufd +4K +1 +[0-9.]+ us \[#\]$'
ok 'no terminal: nothing of how far it is' equal "$err" ''
ok 'on a terminal: how far it is' contains \
	"$(script -qec "dmabufctl bench --exporter $NVME --only unmap --size 4K --count 1 --samples 2" /dev/null | tr '\r' '\n')" \
	'\[#{20}\] 100%  4K, count 1$'

if [ -z "${TEST_REPORTS:-}" ]; then
	# As /proc is in another PID namespace; the lab's kernel has but one.
	elsewhere() {
		unshare --mount sh -c 'mount -t tmpfs none /proc && mkdir -p /proc/self/ns && ln -s "pid:[1]" /proc/self/ns/pid && exec "$@"' sh "$@"
	}
	run elsewhere dmabufctl bench --exporter "$NVME" --only revoke,revoke-to-unmapped --size 4K --count 1 --samples 1 --json
	ok 'another PID namespace: what can be measured is' equal "$rc $(rows measurements)" '0 revoke iommufd 4096 1'
	ok 'another PID namespace: the rest says why not' contains "$(gojq -r '.skipped[].why' <<<"$out")" 'this is not the first PID namespace$'
else
	skip 'another PID namespace' 'sanitizers read /proc'
fi

# A background command ignores SIGINT in a script: env gives it back.
env --default-signal=INT dmabufctl bench --exporter "$NVME" --importer "$EDU" --only revoke-to-unmapped --samples 1000000 --seconds 100000 \
	--size 4K --count 3 --json >"$TEST_DIR/out" 2>"$TEST_DIR/err" 8>&- &
pid=$!
await 60 compgen -G '/sys/kernel/tracing/instances/dmabufctl.bench-*'
kill -INT $pid
await_end 60 $pid
ok 'SIGINT: exit status 1' equal "$?" 1
keep "$TEST_DIR/out"
ok 'SIGINT: it is said, in JSON' contains "$(gojq -r .error.why "$TEST_DIR/out")" 'stopped by signal 2'
is_clean 'after SIGINT'
run env DMABUFCTL_FAULT='IOMMU_IOAS_MAP_FILE#2=ENOMEM' dmabufctl bench --exporter "$NVME" --only import,unmap --size 4K --count 1 --json
ok 'an import that fails: exit status 1' equal "$rc" 1
ok 'an import that fails: which' contains "$(gojq -r '.error | .what + ": " + .errno' <<<"$out")" '^bench: import of 4096 bytes, count 1: ENOMEM'
is_clean 'after a failure'
if [ -z "${TEST_REPORTS:-}" ]; then
	# Of samples that take 8 MiB a row, the rows of 64 counts do not fit.
	run prlimit --as=$((256 << 20)) dmabufctl bench --exporter "$NVME" --samples 1000000 --count "$(seq -s , 64)"
	ok 'no memory for samples: exit status 1, and why' equal "$rc $err" '1 dmabufctl: bench: ENOMEM: Cannot allocate memory'
	is_clean 'without memory'
else
	skip 'no memory for samples' 'sanitizers want more of it'
fi

fails 2 'it is the exporter' bench --importer "$NVME"
fails 3 'BAR 2 of .* has 16777216 bytes' bench --size 4K,32M
d export "$NVME" 2 --name busy >/dev/null
fails 1 "bench: --exporter $NVME" bench
d release --all >/dev/null
leave_nothing
modprobe -r $DRIVER
done_testing
