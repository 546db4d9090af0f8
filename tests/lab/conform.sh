#!/bin/bash
# lab:
# lab: --iommu virtio
# lab: --iommu amd
# kernels: all
# The kernel keeps the rules that conform knows, but for those that it is known to break; and conform leaves the
# machine as it found it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/kernel.sh"

DRIVER=dmabufctl-importer
case_of() { gojq -r ".cases[] | select(.result == \"$1\") | .$2" <<<"$out" | sort -u; }
count() { gojq -r ".summary.$1" <<<"$out"; }
is_intel() { [ -e /sys/kernel/debug/iommu/intel ]; }

fails 1 "its driver is nvme; 'dmabufctl bind $NVME' first" d conform --exporter "$NVME"
d bind "$NVME" "$EDU" "$RAM" >/dev/null
modprobe $DRIVER
d bind --driver $DRIVER "$NVME2" >/dev/null
before=$(command_register "$NVME")

run d conform --exporter "$NVME" --importer "$EDU,$NVME2" --json
ok 'no rule is broken: exit status 0' equal "$rc" 0
ok 'no rule is broken: none' equal "$(gojq -c '.cases[] | select(.result == "failed") | [.case, .seen]' <<<"$out")" ''
ok 'no rule is broken: 250 of them are kept' test "$(count passed)" -ge 250
ok 'the numbers are those of the cases' \
	equal "$(for kind in passed failed known skipped; do case_of $kind case | wc -l; done | paste -sd ' ')" \
	"$(for kind in passed failed known skipped; do count $kind; done | paste -sd ' ')"
# Those that no kernel of the lab keeps; then those of mainline alone, and of one that has BTF or not.
known=$(case_of known case)
ok 'low power is forgotten, or known to be' equal "$(comm -13 <(cat <<-END
	device-leak
	device-several-ranges
	domain-mmio-copied
	domain-mmio-second
	revoke-low-power-and-d3hot
	revoke-low-power-and-flr
	revoke-low-power-and-hot-reset
	revoke-low-power-and-memory
	revoke-low-power-and-reset
	revoke-low-power-born
	revoke-low-power-woken
	revoke-sysfs-reset
	revoke-sysfs-reset-all
	revoke-sysfs-reset-idle
	revoke-sysfs-reset-stale
	revoke-sysfs-reset-twice
END
) <(echo "$known") | grep .)" ''
ok 'resets through sysfs: known where they are not announced' \
	equal "$(grep -c '^revoke-sysfs-reset' <<<"$known")" "$(closes_the_hole && echo 0 || echo 5)"
ok 'a leak with each map: known where it is not mended' \
	equal "$(grep -cx device-leak <<<"$known")" "$(closes_the_hole && echo 0 || echo 1)"
ok 'of a known bug it is said what it is' \
	equal "$(gojq -r '.cases[] | select(.result == "known" and .known_bug == null).case' <<<"$out")" ''
reasons='the device has no BAR of I/O ports|the IOMMU has no page table of that kind \(flags 0x[12]\)|the rule came with a later Linux|the IOMMU.s driver makes no page table before a device is attached|nothing can tell what the IOMMU translates: .*|the IOMMU translates all 64 bits|the IOMMU reserves nothing at .*|this kernel maps no files but dma-bufs'
# There is no bus to reset above one on the root bus.
[[ $NVME != 0000:00:* ]] || reasons+='|the device has no such thing: a hot reset'
ok 'what is skipped cannot be tried here' equal "$(case_of skipped seen | grep -vxE "$reasons")" ''
ok 'the memory types of mappings are seen' equal "$(gojq -r '.cases[] | select(.case == "domain-mmio-first").result' <<<"$out")" passed

ok 'afterwards: the command register is what it was' equal "$(command_register "$NVME")" "$before"
ok 'afterwards: the drivers are what they were' \
	equal "$(d device "$NVME" "$EDU" "$NVME2" --json | gojq -r '[.devices[].driver] | join(" ")')" "vfio-pci vfio-pci $DRIVER"
ok 'afterwards: no dma-buf is left' equal "$(dmabufs)" 0
ok 'afterwards: no process is left' not pgrep -x dmabufctl
ok 'afterwards: no instance of tracefs is left' equal "$(ls /sys/kernel/tracing/instances)" ''
ok 'afterwards: no probe is left' not grep -q dmabufctl/map_ /sys/kernel/tracing/kprobe_events
ok 'afterwards: the kernel log has no complaint' not grep -qE 'WARNING:|BUG:|Oops' <(dmesg)

# In each of its forms it says the same.
run d conform --exporter "$NVME" --only fd,import --importer "$EDU" --tap
ok 'TAP: exit status 0' equal "$rc" 0
ok 'TAP: its version and plan' equal "$(head -n 2 <<<"$out" | paste -sd ' ')" "TAP version 14 1..$(grep -cE '^(not )?ok [0-9]+ - ' <<<"$out")"
ok 'TAP: the totals' contains "$out" '^# Totals: pass:[0-9]+ fail:0 xfail:0 xpass:0 skip:[0-9]+ error:0$'
ok 'TAP: numbers in a row' equal "$(sed -nE 's/^(not )?ok ([0-9]+) - .*/\2/p' <<<"$out")" "$(seq "$(grep -cE '^(not )?ok ' <<<"$out")")"
passed=$(grep -c '^ok [0-9]* - [a-z-]*$' <<<"$out")
if ! closes_the_hole; then
	run d conform --exporter "$NVME" --importer "$EDU" --only revoke-sysfs-reset --tap
	ok 'TAP: what is known is a TODO, with what mends it' \
		contains "$out" '^not ok 1 - revoke-sysfs-reset # TODO known: .* mended by kernel/linux-7.x/0008\)$'
	ok 'TAP: what is known is no failure' equal "$rc" 0
fi
run d conform --exporter "$NVME" --only fd,import --importer "$EDU" --junit
ok 'JUnit: it is XML, of as many cases' equal "$(python3 -c '
import sys, xml.etree.ElementTree as tree
suite = tree.parse(sys.argv[1]).getroot()
cases = suite.findall("testcase")
assert int(suite.get("tests")) == len(cases) and not suite.findall("testcase/failure")
print(sum(len(case) == 0 for case in cases), {case.get("classname") for case in cases} == {"fd", "import"})' "$TEST_DIR/out")" "$passed True"
run d conform --exporter "$NVME" --only fd,import --importer "$EDU"
ok 'for people: no case, and the summary' contains "$out" "^no case failed$"
ok 'for people: the numbers' contains "$out" " $NVME +2 $EDU +- +$passed +0 +0 "
run d conform --exporter "$NVME" --only fd,import --importer "$EDU" -v
ok 'for people, with -v: each case' equal "$(grep -c ' passed ' <<<"$out")" "$passed"

ok 'on a terminal: how far it is' contains \
	"$(script -qec "dmabufctl conform --exporter $NVME --only fd-size,fd-dup" /dev/null | tr '\r' '\n')" '0/2 fd-size$'

order() { d conform --exporter "$NVME" --only fd --json "$@" | gojq -r '[.cases[].case] | join(" ")'; }
straight=$(order)
ok '--repeat: all of it so many times' equal "$(order --repeat 2)" "$straight $straight"
shuffled=$(order --shuffle 7)
ok '--shuffle: in another order' not equal "$shuffled" "$straight"
ok '--shuffle: the same cases' equal "$(tr ' ' '\n' <<<"$shuffled" | sort)" "$(tr ' ' '\n' <<<"$straight" | sort)"
ok '--shuffle: the same for the same seed' equal "$(order --shuffle 7)" "$shuffled"
run d conform --exporter "$NVME" --importer "$EDU,$NVME2" --stress 2 --json
ok '--stress: no rule is broken' equal "$rc $(count failed)" '0 0'
ok '--stress: some 150 cases' test "$(count passed)" -ge 150

run d conform --exporter "$RAM" --importer "$EDU" --only export,fd,import,domain,life,data --json
ok 'a BAR that is RAM: no rule is broken' equal "$rc $(gojq -c '.cases[] | select(.result == "failed") | [.case, .seen]' <<<"$out")" '0 '
run d conform --exporter "$RAM" --importer "$EDU" --only 'revoke-reset*' --json
ok 'a device without any reset: exit status 3' equal "$rc $(count skipped)" "3 $(gojq '.cases | length' <<<"$out")"
ok 'a device without any reset: that is why' equal "$(case_of skipped seen)" 'the device has no such thing: a reset'
run d conform --exporter "$NVME" --bar 0 --only export,import,domain,life,data --importer "$EDU" --json
ok 'registers: no rule is broken' equal "$rc $(gojq -c '.cases[] | select(.result == "failed") | [.case, .seen]' <<<"$out")" '0 '
ok 'registers: no data is written there' \
	equal "$(gojq -r '[.cases[] | select(.case | startswith("data-")).seen] | unique | join(";")' <<<"$out")" \
	'the BAR is not prefetchable: access could have effects'

d export --udmabuf 64K --name memory >/dev/null
run d conform --dmabuf memory --json
ok "somebody else's dma-buf: no rule is broken" equal "$rc $(count failed) $(count exporter) $(count dmabuf)" '0 0 null memory'
ok "somebody else's dma-buf: what needs no VFIO" test "$(count passed)" -ge 25
ok "somebody else's dma-buf: its name is left" equal "$(attribute '.dmabufs[0].name')" memory
d release --all >/dev/null

fails 2 'it is the exporter' d conform --exporter "$NVME" --importer "$NVME"
fails 3 'BAR 5 is no memory BAR' d conform --exporter "$NVME" --bar 5
d export "$NVME" 2 --name busy >/dev/null
fails 1 "conform: --exporter $NVME" d conform --exporter "$NVME"
ok 'one that a context has open: it still has' equal "$(attribute '.dmabufs[0].name')" busy
d release --all >/dev/null
run without_bpf dmabufctl conform --exporter "$NVME" --only fd-gone,import-unmapped-released --json
ok 'without BPF: no rule is broken' equal "$rc $(count failed)" '0 0'

# As a case leaves it that is killed in the midst. No process has the first of the numbers.
for pid in 4194304 $$; do
	echo "p:dmabufctl/map_with_$pid iommu_map" >>/sys/kernel/tracing/kprobe_events
	mkdir "/sys/kernel/tracing/instances/dmabufctl-map_with_$pid"
done
d conform --exporter "$NVME" --only fd-size >/dev/null
ok 'what an ended process watched is taken away, and no other' \
	equal "$(find /sys/kernel/tracing/events/dmabufctl /sys/kernel/tracing/instances -maxdepth 1 -name '*map_*' -printf '%f ' | xargs)" \
	"map_with_$$ dmabufctl-map_with_$$"
rmdir "/sys/kernel/tracing/instances/dmabufctl-map_with_$$"
echo "-:dmabufctl/map_with_$$" >>/sys/kernel/tracing/kprobe_events
leave_nothing
done_testing
