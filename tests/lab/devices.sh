#!/bin/bash
# lab:
# lab: --iommu none
# Every device, as sysfs and lspci have it: each field of each, before a driver changes and after.
. "$(dirname "$0")/lib.sh"

# devices_of_sysfs - what `device --json` ought to say, an object a line.
devices_of_sysfs() {
	lspci -D -vmm >"$TEST_DIR/lspci"
	perl - "$TEST_DIR/lspci" <<-'END' | gojq -c .
		use strict;
		sub slurp { open my $f, '<', $_[0] or return ''; local $/; my $t = <$f>; $t =~ s/\n+$//; $t }
		sub last_of { my $t = readlink $_[0] or return ''; $t =~ s{.*/}{}; $t }
		sub text { $_[0] eq '' ? 'null' : "\"$_[0]\"" }
		my %names;
		for (split /\n\n/, slurp($ARGV[0])) {
			my %f = /^(\w+):\t(.*)$/mg;
			$names{$f{Slot}} = \%f;
		}
		for my $path (sort glob '/sys/bus/pci/devices/*') {
			my ($bdf) = $path =~ m{([^/]+)$};
			my $n = $names{$bdf};
			my ($vendor, $device) = map { substr slurp("$path/$_"), 2 } qw(vendor device);
			my $description = $n->{Vendor} =~ /^Vendor / ? "Device $vendor:$device" : "$n->{Vendor} $n->{Device}";
			my $driver = last_of("$path/driver");
			my $group = last_of("$path/iommu_group");
			my ($node) = glob "$path/vfio-dev/vfio*";
			my $cdev = $node ? '/dev/vfio/devices/' . ($node =~ s{.*/}{}r) : '';
			my @resource = split /\n/, slurp("$path/resource");
			my @bars;
			for my $i (0 .. 5) {
				my ($start, $end, $flags) = map { hex } split / /, $resource[$i];
				next unless $end;
				my $size = $end - $start + 1;
				my $memory = $flags & 0x200;
				my $why = !$memory ? 'I/O ports' : $size < 4096 ? 'smaller than a page' : $cdev ? '' :
					-e "$path/subordinate_bus_number" ? 'the device is a bridge' :
					'driver ' . ($driver || 'none') . '; bind it first';
				push @bars, sprintf '{"bar":%d,"type":"%s","size":%d,"address":"0x%x","prefetchable":%s,"mmap":%s,"exportable":%s,"why_not":%s}',
					$i, $memory ? 'memory' : 'io', $size, $start, $flags & 0x2000 ? 'true' : 'false',
					$memory && $size >= 4096 ? 'true' : 'false', $why ? 'false' : 'true', text($why);
			}
			printf "{\"device\":\"%s\",\"class\":\"%s\",\"description\":\"%s\",\"id\":\"%s\",\"driver\":%s,\"cdev\":%s,\"group\":%s,\"reset\":[%s],\"bars\":[%s]}\n",
				$bdf, $n->{Class}, $description, "$vendor:$device", text($driver), text($cdev),
				$group eq '' ? 'null' : $group, join(',', map { "\"$_\"" } split / /, slurp("$path/reset_method")),
				join ',', @bars;
		}
	END
}

# same GOT WANTED - files; what differs is printed.
same() { diff "$1" "$2" | sed 's/^/# /'; return "${PIPESTATUS[0]}"; }

# as_sysfs_has_them WHEN - every device.
as_sysfs_has_them() {
	devices_of_sysfs >"$TEST_DIR/wanted"
	run d device --json
	ok "$1: exit status 0" equal "$rc" 0
	ok "$1: schema and command" equal "$(gojq -c 'del(.devices)' <<<"$out")" '{"command":"device","schema":"dmabufctl/1"}'
	gojq -c '.devices[]' <<<"$out" >"$TEST_DIR/got"
	ok "$1: all devices, by address" \
		equal "$(gojq -r .device "$TEST_DIR/got")" "$(gojq -r .device "$TEST_DIR/wanted")"
	ok "$1: each field of each" same "$TEST_DIR/got" "$TEST_DIR/wanted"
}

as_sysfs_has_them 'at first'
# What the machine has of each kind, so that the above has met it.
has() { ok "there is $1" equal "$(gojq -s "[.[] | select($2)] | length > 0" "$TEST_DIR/wanted")" true; }
has 'one with a reset' '.reset == ["flr", "bus"]'
has 'one without' '.reset == []'
has 'one of two functions' '.device | endswith(".1")'
has 'a bridge with a BAR' '.bars[0].why_not == "the device is a bridge"'
has 'one without BARs' '.bars == []'
has 'I/O ports' '.bars[0].type == "io"'
has 'a BAR smaller than a page' '.bars[0].size == 256'
has 'a prefetchable BAR' '.bars[1].prefetchable'
has 'a BAR of 4' '.bars[].bar == 4'

# The tables, of the devices asked for, in that order; blanks between columns count once.
d device --json "$NVME" | gojq -c '.devices[]' >"$TEST_DIR/one"
ok 'one alone, as among all' equal "$(cat "$TEST_DIR/one")" "$(grep "\"device\":\"$NVME\"" "$TEST_DIR/got")"
squeezed() { tr -s ' ' <<<"$1"; }
address() { gojq -r "select(.device == \"$1\").bars[] | select(.bar == $2).address" "$TEST_DIR/wanted"; }
group_of() { gojq -r "select(.device == \"$1\") | .group // \"-\"" "$TEST_DIR/wanted"; }
run d device 00:04.0 1:0.0
ok 'tables: exit status 0' equal "$rc" 0
ok 'tables: all of them' equal "$(squeezed "$out")" "\
Devices
DEVICE DRIVER GROUP CDEV RESET CLASS DESCRIPTION
$RAM - $(group_of $RAM) - - RAM memory Red Hat, Inc. Inter-VM shared memory
$NVME nvme $(group_of $NVME) - flr,bus Non-Volatile memory controller Red Hat, Inc. QEMU NVM Express Controller

BARs
DEVICE BAR TYPE SIZE ADDRESS MMAP EXPORTABLE WHY-NOT
$RAM 0 memory 256 $(address $RAM 0) false false smaller than a page
$RAM 2 memory 4M $(address $RAM 2) true false driver none; bind it first
$NVME 0 memory 16K $(address $NVME 0) true false driver nvme; bind it first
$NVME 2 memory 16M $(address $NVME 2) true false driver nvme; bind it first"
ok '-v: the IDs too' contains "$(d -v device $NVME | tr -s ' ')" ' DESCRIPTION ID$'
ok '-v: the ID' contains "$(d device $NVME -v)" ' 1b36:0010$'
ok 'no BARs: no table of them' equal "$(d device 00:00.0 | grep -c .)" 3
run d device $NVME 99:00.0 --json
ok 'one that is not there: exit status 1' equal "$rc" 1
ok 'one that is not there: the error names it' \
	equal "$(gojq -c '[.devices, .error.status, .error.errno, .error.what]' <<<"$out")" \
	'[null,1,"ENODEV","device 0000:99:00.0"]'
refuses 1 'there is no such PCI device' d device 99:00.0
refuses 2 'not a PCI address' d device $NVME zz
ok 'an ordinary user sees the same' equal \
	"$(setpriv --reuid=65534 --regid=65534 --clear-groups -- dmabufctl device --json)" "$(d device --json)"

mkdir "$TEST_DIR/libraries"
: >"$TEST_DIR/libraries/libpci.so.3" # no library
run env LD_LIBRARY_PATH="$TEST_DIR/libraries" dmabufctl device --json
ok 'without libpci: exit status 0' equal "$rc" 0
ok 'without libpci: numbers in place of names' \
	equal "$(gojq -c ".devices[] | select(.device == \"$NVME\") | [.class, .description == .id]" <<<"$out")" '["010802",true]'
ok 'without libpci: all else as with it' equal "$(gojq -c 'del(.devices[] | .class, .description)' <<<"$out")" \
	"$(d device --json | gojq -c 'del(.devices[] | .class, .description)')"

[ -e /sys/bus/pci/devices/$NVME/iommu_group ] || { done_testing; exit; }
d bind 01:00.0 00:03.0 00:04.0 00:1f.2 >/dev/null
as_sysfs_has_them 'with VFIO'
has 'a VFIO node' '.cdev == "/dev/vfio/devices/vfio3"'
has 'a BAR that can be exported' '.bars[].exportable'
has 'ports that cannot' '.cdev and .bars[0].why_not == "I/O ports"'
has 'a small BAR that cannot' '.cdev and .bars[0].why_not == "smaller than a page"'
ok 'tables: what can be exported' equal "$(squeezed "$(d device $RAM | tail -n 2)")" "\
$RAM 0 memory 256 $(address $RAM 0) false false smaller than a page
$RAM 2 memory 4M $(address $RAM 2) true true -"
# What it says can be exported can, and nothing else.
for bdf in $NVME $RAM 0000:00:1f.2; do
	for bar in {0..5}; do
		said=$(gojq -r "select(.device == \"$bdf\").bars[] | select(.bar == $bar).exportable" "$TEST_DIR/got")
		[ "$(gojq -r "select(.device == \"$bdf\").group" "$TEST_DIR/got")" = 11 ] && continue # of three functions
		d export "$bdf" "$bar" >/dev/null 2>&1 && could=true || could=false
		ok "$bdf BAR $bar: exportable is ${said:-false}, and so it is" equal "$could" "${said:-false}"
	done
done
d release --all
d unbind 01:00.0 00:03.0 00:04.0 00:1f.2 >/dev/null
as_sysfs_has_them 'given back'
leave_nothing
done_testing
