#!/bin/bash
# The examples of the manual: their commands still print what the pages show.
# lab:
. "$(dirname "$0")/lib.sh"

top=$(cd "$(dirname "$0")/../.." && pwd)

# alike - without what differs from run to run: the kernel's version, times, their histograms, sizes of tables by them,
# PIDs, inodes and other plain numbers. Older kernels do not say the domain of what faulted, and have no iterator of
# dma-bufs, in place of which debugfs is read.
alike() {
	sed -E 's/device \[0000:/device [/g; s/\bbpf,debugfs,vfio\b/bpf,vfio/; s/\b[0-9]+\.[0-9]+\.[0-9]+\b/VERSION/g; s/[0-9]+\.[0-9]+ us/TIME/g; s/\[[ .:=+*#-]+\]/HISTOGRAM/g; s/(^|[ (:=[",])[0-9]+(\.[0-9]+)?/\1N/g; s/ +/ /g; s/^ | $//g'
}

for page in "$top"/man/*.scd "$top"/man/*.scd.in; do
	# What is made has its examples in its template.
	[ ! -f "$page.in" ] || continue
	ok "$(basename "$page"): has examples" contains "$(sed -n '/^# EXAMPLES$/,/^# KERNEL/p' "$page")" '^# [a-z]'
	"$top/man/examples" "$page" >"$TEST_DIR/now" 2>"$TEST_DIR/errors"
	ok "$(basename "$page"): its examples can be run" equal "$? $(cat "$TEST_DIR/errors")" '0 '
	ok "$(basename "$page"): its examples print what it shows" \
		equal "$(diff <(alike <"$page") <(alike <"$TEST_DIR/now"))" ''
done
leave_nothing
done_testing
