#!/bin/bash
# lab:
# lab: --iommu none
# The way between two devices: each port as lspci has it, each field of the verdict, either way about.
. "$(dirname "$0")/lib.sh"

group_of() { local link; link=$(readlink "/sys/bus/pci/devices/$1/iommu_group") && basename "$link" || echo null; }
# By lspci's words: type and ACS of each port or device.
declare -A ports
while IFS=$'\t' read -r bdf port; do
	ports[$bdf]=$port
done < <(lspci -D -vv | perl -00 -ne '
	my ($bdf) = /^(\S+)/;
	my ($type) = /Express \(v\d+\) ([^(,]*)[(,]/;
	my %types = ("Root Port " => "root port", "Upstream Port" => "upstream port",
		"Downstream Port " => "downstream port", "Endpoint" => "endpoint",
		"Root Complex Integrated Endpoint" => "endpoint");
	my ($acs) = /ACSCtl:\s*(.*)/;
	printf "%s\t{\"acs\":\"%s\",\"name\":\"%s\",\"type\":\"%s\"\n", $bdf, $acs // "none", $bdf,
		defined $type ? $types{$type} // $type : "unknown";')

# goes FROM TO VERDICT BOTH FROM-SIDE TO-SIDE - hops by their BDFs, the whole of it in JSON.
goes() {
	local from=0000:$1 to=0000:$2 hops='' way bdf same=false
	for way in both from to; do
		for bdf in $4; do hops+="${ports[0000:$bdf]},\"way\":\"$way\"},"; done
		set -- "$1" "$2" "$3" "$5" "${6:-}"
	done
	[ "$(group_of "$from")" != null ] && [ "$(group_of "$from")" = "$(group_of "$to")" ] && same=true
	run d topology "$1" "$2" --json
	ok "$1 to $2: exit status 0" equal "$rc" 0
	ok "$1 to $2: the hops" equal "$(gojq -c .hops <<<"$out")" "[${hops%,}]"
	ok "$1 to $2: the verdict" equal "$(gojq -c '.verdict | del(.why, .doubt)' <<<"$out")" \
		"{\"from\":\"$from\",\"from_group\":$(group_of "$from"),\"from_host_bridge\":\"pci0000:00\",\"same_group\":$same,\"to\":\"$to\",\"to_group\":$(group_of "$to"),\"to_host_bridge\":\"pci0000:00\",\"verdict\":\"$3\"}"
	ok "$1 to $2: a reason, and a doubt but where it is impossible" \
		equal "$(gojq -c '.verdict | [.why != null, .doubt != null]' <<<"$out")" \
		"[true,$([ "$3" = impossible ] && echo false || echo true)]"
}

redirected=redirected
[ -e /sys/bus/pci/devices/$NVME/iommu_group ] || redirected=direct # nobody turns ACS on
goes 06:00.0 07:00.0 direct '00:13.0 04:00.0' '05:00.0 06:00.0' '05:01.0 07:00.0'
goes 07:00.0 06:00.0 direct '00:13.0 04:00.0' '05:01.0 07:00.0' '05:00.0 06:00.0'
goes 0a:00.0 0b:00.0 $redirected '00:14.0 08:00.0' '09:00.0 0a:00.0' '09:01.0 0b:00.0'
goes 06:00.0 0b:00.0 host-bridge '' '00:13.0 04:00.0 05:00.0 06:00.0' '00:14.0 08:00.0 09:01.0 0b:00.0'
goes 01:00.0 02:00.0 host-bridge '' '00:10.0 01:00.0' '00:11.0 02:00.0'
goes 00:03.0 01:00.0 host-bridge '' '00:03.0' '00:10.0 01:00.0'
goes 00:03.0 00:04.0 host-bridge '' '00:03.0' '00:04.0'
goes 03:00.0 03:00.1 direct '00:12.0' '03:00.0' '03:00.1'
goes 00:1f.3 00:1f.2 host-bridge '' '00:1f.3' '00:1f.2'
goes 01:00.0 00:1f.3 impossible '' '00:10.0 01:00.0' '00:1f.3'
goes 01:00.0 00:1f.0 impossible '' '00:10.0 01:00.0' '00:1f.0'
goes 00:1f.0 01:00.0 host-bridge '' '00:1f.0' '00:10.0 01:00.0'
goes 06:00.0 05:00.0 impossible '00:13.0 04:00.0' '05:00.0 06:00.0' '05:00.0'

# Every bit of the control register, as lspci shows it, and only that one decides.
redirects=$(acs 09:00.0) others=$(acs 09:01.0)
for bits in 0001 0002 0004 0008 0010 0020 0040 001d 0000; do
	acs 09:00.0 $bits
	run d topology 0a:00.0 0b:00.0 --json
	ok "ACS control $bits: as lspci has it" \
		equal "$(gojq -r '.hops[] | select(.name == "0000:09:00.0").acs' <<<"$out")" \
		"$(lspci -vv -s 09:00.0 | sed -n 's/.*ACSCtl:[[:space:]]*//p')"
	ok "ACS control $bits: request redirect decides" equal "$(gojq -r .verdict.verdict <<<"$out")" \
		"$([ $((0x$bits & 4)) -ne 0 ] && [ $((0x$(acs 09:00.0) & 4)) -ne 0 ] && echo redirected || echo direct)"
done
acs 09:01.0 001d
ok "the port of the other side does not count" equal "$(d topology 0a:00.0 0b:00.0 --json | gojq -r .verdict.verdict)" direct
acs 09:00.0 "$redirects"
acs 09:01.0 "$others"
ok 'the ports are left as the kernel has set them' equal "$(d topology 0a:00.0 0b:00.0 --json | gojq -r .verdict.verdict) $(acs 09:01.0)" "$redirected $others"

# An ordinary user reads 64 bytes of each: types and bits are not known.
run setpriv --reuid=65534 --regid=65534 --clear-groups -- dmabufctl topology 0a:00.0 0b:00.0 --json
ok 'without privileges: what cannot be read is not claimed' \
	equal "$(gojq -r '[.hops[] | "\(.type) \(.acs)"] | unique | join(", ")' <<<"$out")" 'unknown unreadable'
ok 'without privileges: the verdict is open' equal "$(gojq -r '.verdict | "\(.verdict) \(.doubt != null)"' <<<"$out")" 'unknown true'

# Tables and picture: of that object.
run d topology 03:00.0 03:00.1 --json
json=$out
run d topology 03:00.0 03:00.1
squeezed=$(tr -s ' ' <<<"$out")
ok 'the table of hops' equal "$(sed -n 2,5p <<<"$squeezed")" "\
WAY NAME TYPE ACS
$(gojq -r '.hops[] | "\(.way) \(.name) \(.type) \(.acs)"' <<<"$json")"
ok 'the verdict: both groups' contains "$squeezed" \
	"^0000:03:00.0 $(group_of 0000:03:00.0 | sed s/null/-/) 0000:03:00.1 $(group_of 0000:03:00.1 | sed s/null/-/) direct$"
ok 'the doubt' contains "$squeezed" "^$(gojq -r .verdict.doubt <<<"$json" | head -c 40)"
run d topology 06:00.0 07:00.0 --dot
ok 'the picture: each hop below the one before' equal "$(grep -F -e '->' <<<"$out" | sed 's/^\t//')" "\
\"pci0000:00\" -> \"0000:00:13.0\" [style=solid]
\"0000:00:13.0\" -> \"0000:04:00.0\" [style=solid]
\"0000:04:00.0\" -> \"0000:05:00.0\" [style=solid]
\"0000:05:00.0\" -> \"0000:06:00.0\" [style=solid]
\"0000:04:00.0\" -> \"0000:05:01.0\" [style=solid]
\"0000:05:01.0\" -> \"0000:07:00.0\" [style=solid]
\"0000:06:00.0\" -> \"0000:07:00.0\" [style=dashed label=\"direct\"]"
ok 'the picture: ends stand out' equal "$(grep -c 'fillcolor=lightblue' <<<"$out")" 2
run d topology 01:00.0 02:00.0 --dot
ok 'the picture: nothing in common' equal "$(grep -F -e '->' <<<"$out" | sed 's/^\t//')" "\
\"pci0000:00\" -> \"0000:00:10.0\" [style=solid]
\"0000:00:10.0\" -> \"0000:01:00.0\" [style=solid]
\"pci0000:00\" -> \"0000:00:11.0\" [style=solid]
\"0000:00:11.0\" -> \"0000:02:00.0\" [style=solid]
\"0000:01:00.0\" -> \"0000:02:00.0\" [style=dashed label=\"host-bridge\"]"
refuses 2 'both are 0000:01:00.0' d topology 01:00.0 0000:01:00.0
refuses 2 'not a PCI address' d topology 01:00.0 zz
refuses 1 'device 0000:99:00.0' d topology 99:00.0 01:00.0
done_testing
