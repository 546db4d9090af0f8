#!/bin/bash
# lab:
# The way between two devices, and no more of it than the bits say.
. "$(dirname "$0")/lib.sh"

verdict() { d topology "$1" "$2" --json | gojq -r .verdict.verdict; }

ok 'under one switch without ACS: direct' equal "$(verdict 06:00.0 07:00.0)" direct
run d topology 06:00.0 07:00.0 --json
ok 'the ports between, by type' \
	equal "$(gojq -r '[.hops[] | .way + " " + .type] | join(", ")' <<<"$out")" \
	'both root port, both upstream port, from downstream port, from endpoint, to downstream port, to endpoint'
group() { basename "$(readlink "/sys/bus/pci/devices/0000:$1/iommu_group")"; }
ok 'the IOMMU groups' equal "$(gojq -r '.verdict | "\(.from_group) \(.to_group)"' <<<"$out")" "$(group 06:00.0) $(group 07:00.0)"
# Ports with ACS; the kernel has turned request redirect on, for the sake of its IOMMU groups.
ok 'under a switch whose ports redirect: redirected' equal "$(verdict 0a:00.0 0b:00.0)" redirected
redirects=$(acs 09:00.0)
acs 09:00.0 0000
ok 'the same with redirection off: direct' equal "$(verdict 0a:00.0 0b:00.0)" direct
ok 'the other way about, where it is on: redirected' equal "$(verdict 0b:00.0 0a:00.0)" redirected
acs 09:00.0 0004
ok 'request redirect alone: redirected' equal "$(verdict 0a:00.0 0b:00.0)" redirected
ok 'that bit alone is shown' \
	contains "$(d topology 0a:00.0 0b:00.0)" '^from 0000:09:00.0 .* SrcValid- TransBlk- ReqRedir\+ CmpltRedir-'
acs 09:00.0 "$redirects"
ok 'the port is left as the kernel has set it' equal "$(acs 09:00.0)" "$redirects"
ok 'under different switches: the host bridge' equal "$(verdict 06:00.0 0a:00.0)" host-bridge

run d topology 0a:00.0 0b:00.0 --dot
ok 'a picture: exit status 0' equal "$rc" 0
ok 'a picture: Graphviz reads it' dot -Tsvg -o /dev/null "$TEST_DIR/out"
ok 'a picture: the ways meet at the upstream port' \
	equal "$(grep -c '^	"0000:08:00.0" -> ' <<<"$out")" 2
ok 'a picture: the verdict' contains "$out" '"0000:0a:00.0" -> "0000:0b:00.0" \[style=dashed label="redirected"\]'
ok 'under different root ports: the host bridge' equal "$(verdict 01:00.0 02:00.0)" host-bridge
run d topology 01:00.0 02:00.0 --json
ok 'a host bridge leaves a doubt' contains "$(gojq -r .verdict.doubt <<<"$out")" 'routes peer traffic'
ok 'ACS bits of a root port' contains "$(gojq -r '.hops[] | select(.name == "0000:00:10.0").acs' <<<"$out")" 'ReqRedir'
ok 'as lspci has them' \
	equal "$(gojq -r '.hops[] | select(.name == "0000:00:10.0").acs' <<<"$out")" \
	"$(lspci -vv -s 00:10.0 | sed -n 's/.*ACSCtl:[[:space:]]*//p')"
ok 'between two functions, ACS or not' equal "$(verdict 03:00.0 03:00.1)" direct
ok 'a device without a memory BAR: impossible' equal "$(verdict 01:00.0 "$(
	d device --json | gojq -r '[.devices[] | select(.bars | map(select(.type == "memory")) == []).device][0]')")" impossible
run setpriv --reuid=65534 --regid=65534 --clear-groups -- dmabufctl topology 06:00.0 07:00.0 --json
ok 'without privileges: unknown' equal "$(gojq -r .verdict.verdict <<<"$out")" unknown
run d topology 0a:00.0 0b:00.0
ok 'as tables: one blank line between the two' equal "$(grep -c '^$' <<<"$out")" 1
ok 'as tables: the reason and the doubt have lines of their own' \
	equal "$(grep -cE '^(WHY|DOUBT)$' <<<"$out")" 2
refuses 2 'both are 0000:01:00.0' d topology 01:00.0 01:00.0
refuses 1 'there is no such PCI device' d topology 01:00.0 99:00.0
done_testing
