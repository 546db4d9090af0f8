#!/bin/bash
# bench where there is nothing to measure on: its options, and what it says.
. "$(dirname "$0")/../lib.sh"

bench() { dmabufctl bench --exporter fffe:00:00.0 "$@"; }

refuses 2 '--exporter BDF is missing' dmabufctl bench
refuses 2 'not a PCI address' dmabufctl bench --exporter zz
refuses 1 'there is no such PCI device' bench
for bad in '--bar 6' '--only frob' '--only import,,unmap' '--by close' '--samples 0' '--warm-up -1' '--size 1' '--size 0' '--size 4K,4097' \
	'--size 4K,' '--size x' '--count 0' '--count 1,1.5' '--count 1000001' '--seconds x'; do
	# shellcheck disable=SC2086 # option and value
	refuses 2 "^dmabufctl: option ${bad% *}" bench $bad
done
refuses 2 "option --size: '4K,8K,0x1000': one stands there twice" bench --size 4K,8K,0x1000
refuses 2 'option --limit: it is of --compare' bench --limit 1.5
for bad in 0 0.001 1000.1 x 1.5x -1; do
	refuses 2 "option --limit: '$bad': not a valid value" bench --compare "$TEST_DIR/none" --limit "$bad"
done
for good in '--only import,dma-read' '--only unmap' '--by hot-reset' '--size 4K,2M,1G' '--count 1,100,1000000' '--seconds 0.5'; do
	# shellcheck disable=SC2086 # option and value
	refuses 1 'there is no such PCI device' bench $good
done

refuses 1 "bench --compare $TEST_DIR/none: it cannot be read, or is no JSON" bench --compare "$TEST_DIR/none"
echo '{' >"$TEST_DIR/broken"
refuses 1 'it cannot be read, or is no JSON' bench --compare "$TEST_DIR/broken"
dmabufctl --json device >"$TEST_DIR/other"
for other in '[]' '7' '{"command":"bench","measurements":{},"summary":{}}' "$(<"$TEST_DIR/other")"; do
	echo "$other" >"$TEST_DIR/other"
	refuses 1 'it is not what bench prints with --json' bench --compare "$TEST_DIR/other"
done
echo '{"command":"bench","measurements":[],"summary":{}}' >"$TEST_DIR/good"
refuses 1 'there is no such PCI device' bench --compare "$TEST_DIR/good" --limit 1.5

refuses 1 "bench --gnuplot /nothing/plot: ENOENT" bench --gnuplot /nothing/plot
refuses 1 'there is no such PCI device' bench --gnuplot "$TEST_DIR/plot"
ok 'a file with nothing to write is not left' not test -e "$TEST_DIR/plot"
echo mine >"$TEST_DIR/plot"
refuses 1 'there is no such PCI device' bench --gnuplot "$TEST_DIR/plot"
ok 'one that was there is as it was' equal "$(<"$TEST_DIR/plot")" mine

# A machine without gnuplot, and one whose gnuplot does not run.
mkdir "$TEST_DIR/empty"
program=$(command -v dmabufctl)
without_gnuplot() { PATH=$TEST_DIR/empty "$program" bench --exporter fffe:00:00.0 --png "$TEST_DIR/picture"; }
refuses 1 'gnuplot is not installed; install gnuplot' without_gnuplot
ok 'no picture is left' not test -e "$TEST_DIR/picture"
printf '#!/bin/sh\nexit 3\n' >"$TEST_DIR/empty/gnuplot"
chmod +x "$TEST_DIR/empty/gnuplot"
refuses 1 "'gnuplot --version' fails" without_gnuplot
# What it prints is not shown. That goes to /dev/null, which it has open once, but for what this shell has of it.
cat >"$TEST_DIR/empty/gnuplot" <<'END'
#!/bin/sh
echo gnuplot 5.4 || exit 3
for fd in /proc/$$/fd/*; do
	number=${fd##*/}
	[ "$number" -le 2 ] || [ -e "/proc/$shell/fd/$number" ] || ! [ "$fd" -ef /dev/null ] || exit 4
done
END
export shell=$$
refuses 1 'there is no such PCI device' without_gnuplot

operations=$(dmabufctl bench --help | sed -nE 's/^  ([a-z-]+)  +[a-z].*/\1/p')
# shellcheck disable=SC2086 # several
ok '--help explains what --only takes' equal "$(for each in $operations; do bench --only $each 2>&1; done | grep -c 'no such PCI device')" 8
done_testing
