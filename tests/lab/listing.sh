#!/bin/bash
# Every dma-buf and its holders: the whole of `list`, compared with /proc and debugfs, and each way
# of showing, choosing and ordering it with that.
# shellcheck disable=SC2016 # filters of gojq, and perl
. "$(dirname "$0")/lib.sh"

# also PROGRAM ARGUMENT... - a second fixture, which descriptor 9 keeps; its words in $also.
also() {
	[ -p "$TEST_DIR/also" ] || mkfifo "$TEST_DIR/also"
	: >"$TEST_DIR/words"
	"$@" <"$TEST_DIR/also" >"$TEST_DIR/words" 8>&- &
	second=$!
	exec 9>"$TEST_DIR/also"
	await 30 grep -q . "$TEST_DIR/words"
	read -r -a also <"$TEST_DIR/words"
}
also_go() {
	exec 9>&-
	wait "$second"
}
foreign() { also "$LAB_BUILD/tests/lab/foreign" "$@"; }

# What the kernel tells of each dma-buf, a line each; where it is from, by its name.
kernel_rows() {
	perl - "$@" <<-'END' | gojq -c .
		use strict;
		sub slurp { open my $f, '<', $_[0] or return ''; local $/; <$f> // '' }
		my (%buf, %held, %attached);
		for my $proc (sort { ($a =~ /(\d+)/)[0] <=> ($b =~ /(\d+)/)[0] } glob '/proc/[0-9]*') {
			my ($pid) = $proc =~ /(\d+)/;
			(my $comm = slurp("$proc/comm")) =~ s/\n$//;
			for my $fd (sort { $a <=> $b } map { /(\d+)$/ } glob "$proc/fd/*") {
				(readlink("$proc/fd/$fd") // '') =~ /^\/dmabuf:/ or next;
				my %f = slurp("$proc/fdinfo/$fd") =~ /^(\w+):\t(.*)$/mg;
				$buf{$f{ino}} = \%f;
				my $h = $held{$f{ino}}{$pid} //= { comm => $comm, fds => [], maps => 0, mapped => 0 };
				push @{$h->{fds}}, $fd;
			}
			for (split /\n/, slurp("$proc/maps")) {
				my ($start, $end, $ino) = /^(\w+)-(\w+) \S+ \w+ 00:\w+ (\d+) +\/dmabuf:/ or next;
				my $h = $held{$ino}{$pid} //= { comm => $comm, fds => [], maps => 0, mapped => 0 };
				$h->{maps}++;
				$h->{mapped} += hex($end) - hex($start);
			}
		}
		my $ino;
		for (split /\n/, slurp('/sys/kernel/debug/dma_buf/bufinfo')) {
			$ino = $1 + 0 if /^\d{8,}\t\w+\t\w+\t\d+\t\w+\t(\d+)\t/;
			push @{$attached{$ino}}, $1 if /^\t(?!Attached Devices:)(\S.*)$/;
		}
		my %origin = (
			a => '"device":"0000:01:00.0","bar":2,"ranges":[{"length":16777216,"offset":0}],"origin":"context default"',
			b => '"device":"0000:01:00.0","bar":2,"ranges":[{"length":8192,"offset":4096},{"length":4096,"offset":16384}],"origin":"context default"',
			c => '"device":"0000:00:04.0","bar":2,"ranges":[{"length":1048576,"offset":65536}],"origin":"context other"',
		);
		my ($foreign) = @ARGV;
		for my $ino (sort { $a <=> $b } keys %held) {
			my $f = $buf{$ino} // {};
			my $left = $f->{count};
			my @holders;
			for my $pid (sort { $a <=> $b } keys %{$held{$ino}}) {
				my $h = $held{$ino}{$pid};
				$left -= @{$h->{fds}} + $h->{maps};
				push @holders, sprintf '{"pid":%d,"command":"%s","fds":[%s],"maps":%d,"mapped":%d,"label":"%s (PID %d)"}',
					$pid, $h->{comm}, join(',', @{$h->{fds}}), $h->{maps}, $h->{mapped}, $h->{comm}, $pid;
			}
			my $attached = @{$attached{$ino} // []};
			my $name = $f->{name} // '';
			printf '{"inode":%d,"size":%d,"exporter":"%s","name":%s,%s,"references":%d,"attachments":%d,"attached":%s,"unexplained":%d,"in_flight":%d,"holders":[%s]}' . "\n",
				$ino, $f->{size}, $f->{exp_name}, $name eq '' ? 'null' : "\"$name\"",
				$origin{$name} // ($f->{exp_name} eq 'system' ? '"device":null,"bar":null,"ranges":null,"origin":null' : $foreign),
				$f->{count}, $attached, $attached ? '"' . join(',', @{$attached{$ino}}) . '"' : 'null',
				$left, $left > $attached ? $left - $attached : 0, join ',', @holders;
		}
	END
}
unknown='"device":null,"bar":null,"ranges":null,"origin":null'
# deduced BDF BAR LENGTH - as the origin of what is another program's; LENGTH null: not known where in the BAR.
deduced() {
	printf '"device":"%s","bar":%d,"ranges":%s,"origin":"deduced"' "$1" "$2" \
		"$([ "$3" = null ] && echo null || echo "[{\"offset\":0,\"length\":$3}]")"
}
# on_record BDF BAR OFFSET LENGTH - the same as VFIO has it.
on_record() { printf '"device":"%s","bar":%d,"ranges":[{"offset":%d,"length":%d}],"origin":"kernel"' "$@"; }
# What only VFIO's and iommufd's records tell is looked at in sight.sh.
rows() { gojq -c '.dmabufs[] | del(.state, .mappings, .promises)' <<<"$1"; }
# Without an iterator of dma-bufs there is debugfs, which does not tell what an importer has promised.
debugfs='' promised='"lets-go,lets-go"'
iterates_dmabufs || debugfs='"debugfs",' promised=null
# Without BPF there is fdinfo, where VFIO tells it there.
fdinfo='' told='[null]'
tells_in_fdinfo && fdinfo='"fdinfo",' told='[null,"usable"]'
# as_the_kernel_says WHAT DEDUCED ON-RECORD - and of another program's dma-buf what is deduced without BPF.
as_the_kernel_says() {
	local without=$2
	[ -z "$fdinfo" ] || without=${3/'"origin":"kernel"'/'"origin":"fdinfo"'}
	run without_bpf dmabufctl list --json
	ok "$1: exit status 0 without BPF" equal "$rc" 0
	ok "$1: every row, all of it, without BPF" equal "$(rows "$out")" "$(kernel_rows "$without")"
	run d list --json 9>&-
	ok "$1: exit status 0" equal "$rc" 0
	ok "$1: every row, all of it" equal "$(rows "$out")" "$(kernel_rows "$3")"
}

modprobe vfio-pci # whose records are among the sources
run d list --json
ok 'none: the whole object' equal "$(gojq -c . <<<"$out")" \
	'{"command":"list","dmabufs":[],"schema":"dmabufctl/1","sources":{"lacking":null,"unseen_processes":0,"used":["bpf",'"$debugfs"'"vfio","iommufd"]}}'
ok 'none: says so' contains "$(d list)" 'no dma-bufs are seen'

d bind $NVME $NVME2 $EDU $RAM >/dev/null
d export $NVME 2 --name a >/dev/null
d export $NVME 2 --range 4K:8K --range 16K:4K --name b >/dev/null
d attach $EDU >/dev/null
d import a --iova 0x10000000 >/dev/null
d import a --offset 1M --length 1M --iova 0x20000000 --prot r >/dev/null
d --context other export $RAM 2 --range 64K:1M --name c >/dev/null
hold buffers shapes some
foreign "$(cdev $NVME2)" 2 0x100000
of_nvme2=$(deduced $NVME2 2 null) nvme2_on_record=$(on_record $NVME2 2 0 $((0x100000)))
as_the_kernel_says 'all kinds at once' "$of_nvme2" "$nvme2_on_record"
json=$out
ok 'all kinds at once: where it is from' equal "$(gojq -c .sources <<<"$json")" \
	'{"lacking":null,"unseen_processes":0,"used":["bpf",'"$debugfs"'"vfio","iommufd","contexts"]}'
ok 'all kinds at once: iommufd lets go' equal "$(gojq -c '[.dmabufs[].promises]' <<<"$json")" "[$promised,null,null,null,null]"
ok 'there is what the checks below want' equal "$(gojq -c '[.dmabufs[] | [.name, .size, .attachments, (.holders | length)]]' <<<"$json")" \
	'[["a",16777216,2,1],["b",12288,0,1],["c",1048576,0,1],["some",65536,0,2],[null,1048576,0,1]]'
run without_bpf dmabufctl list --json
ok 'without BPF: no mappings, nor a state but by fdinfo' equal "$(gojq -c '[.dmabufs[] | .state, .mappings[]] | unique' <<<"$out")" "$told"
ok 'without BPF: says so' equal "$(gojq -r .sources.lacking <<<"$out")" \
	'what VFIO and iommufd have on record: programs in BPF may not be loaded: that takes CAP_BPF and CAP_PERFMON'
ok 'without BPF: from elsewhere' equal "$(gojq -c .sources.used <<<"$out")" '["debugfs",'"$fdinfo"'"fd","maps","contexts"]'

# Columns, one alone and some in another order, as text of the JSON.
texts='
def dash: if . == null then "-" else tostring end;
def sz: if . == null then "-" else {n: ., u: ["", "K", "M", "G", "T"]} |
	until(.n == 0 or .n % 1024 != 0 or (.u | length) == 1; {n: (.n / 1024), u: .u[1:]}) | "\(.n)\(.u[0])" end;
def hex: if . < 16 then "0123456789abcdef"[.:. + 1] else (. / 16 | floor | hex) + (. % 16 | hex) end;
def rng: if . == null then "-" else map("0x\(.offset | hex)+\(.length | sz)") | join(",") end;
def held: if .holders == [] then "-" else .holders | map("\(.command)(\(.pid)):" + ([(.fds[:8][] | tostring),
	(if (.fds | length) > 8 then "+\((.fds | length) - 8)" else empty end), (if .maps > 0 then "map" else empty end)] | join(","))) | join(" ") end;
def mapped: if .mappings == [] then "-" else .mappings | map("\(.command)(\(.pid)):\(.ioas)@\(.iova)+\(.length | sz)") | join(" ") end;
def cell($c): {INODE: (.inode | dash), SIZE: (.size | sz), EXPORTER: (.exporter | dash), NAME: (.name | dash),
	DEVICE: (.device | dash), BAR: (.bar | dash), RANGES: (.ranges | rng), ORIGIN: (.origin | dash),
	REFS: (.references | dash), ATTACHED: (.attachments | dash), TO: (.attached | dash), PROMISES: (.promises | dash), KERNEL: (.unexplained | dash),
	"IN-FLIGHT": (.in_flight | dash), HOLDERS: held, STATE: (.state | dash), "MAPPED-AT": mapped}[$c];
def value($c): {INODE: .inode, SIZE: .size, EXPORTER: .exporter, NAME: .name, DEVICE: .device, BAR: .bar,
	RANGES: (.ranges | if . == null then null else rng end), ORIGIN: .origin, REFS: .references, ATTACHED: .attachments,
	TO: .attached, PROMISES: .promises, KERNEL: .unexplained, "IN-FLIGHT": .in_flight, HOLDERS: held, STATE: .state,
	"MAPPED-AT": (mapped | if . == "-" then null else . end)}[$c];'
of_json() { gojq -r "$texts $1" <<<"$json"; }
columns='INODE SIZE EXPORTER NAME DEVICE BAR RANGES ORIGIN STATE REFS ATTACHED TO PROMISES KERNEL IN-FLIGHT HOLDERS MAPPED-AT'
squeezed() { sed 's/^ *//; s/  */ /g'; }
for column in $columns; do
	ok "column $column" equal "$(d list -o "$column" | tail -n +2 | squeezed)" \
		"$(echo "$column"; of_json ".dmabufs[] | cell(\"$column\")")"
	ok "sorted by $column" equal \
		"$(d list --sort "${column,,}" --json | gojq -c "$texts [.dmabufs[] | value(\"$column\")]")" \
		"$(of_json "[.dmabufs[] | value(\"$column\")] | sort" | gojq -c .)"
done
ok 'ten fds: eight, and how many more' contains "$(d list -o holders)" "ten\\(${held[2]}\\):([0-9]+,){8}\\+2$"
ok 'fds and maps' contains "$(d list -o holders)" "both\\(${held[1]}\\):[0-9]+,[0-9]+,map "
for choice in 'holders,inode' 'in-flight,to,NAME,size' 'BAR,BAR'; do
	ok "columns $choice, in that order" equal "$(d list -o "$choice" | tail -n +2 | squeezed)" \
		"$(tr ',a-z' ' A-Z' <<<"$choice"; of_json ".dmabufs[] | [(\"${choice//,/\",\"}\" | ascii_upcase) as \$c | cell(\$c)] | join(\" \")")"
done
shown='INODE SIZE EXPORTER NAME DEVICE BAR RANGES ORIGIN STATE ATTACHED KERNEL HOLDERS MAPPED-AT'
row() { of_json ".dmabufs[] | [(\"${1// /\",\"}\") as \$c | cell(\$c)] | join(\" \")"; }
ok 'the whole table' equal "$(d list | squeezed)" "\
Sources
SOURCES UNSEEN LACKING
bpf,${debugfs:+debugfs,}vfio,iommufd,contexts 0 -

Dma-bufs
$shown
$(row "$shown")"
ok '-v: the other columns too' equal "$(d list -v | squeezed | tail -n +6)" "\
$columns
$(row "$columns")"

# Filters, alone and together, against the whole.
chosen() { # FILTER OPTION...
	ok "${*:2}" equal "$(d list --json "${@:2}" | gojq -c '[.dmabufs[].inode]')" "$(of_json "[.dmabufs[] | select($1).inode]" | gojq -c .)"
}
holder=$(gojq '.dmabufs[0].holders[0].pid' <<<"$json")
chosen '.exporter == "system"' --exporter system
chosen '.exporter == "vfio_pci_core"' --exporter vfio_pci_core
chosen ".device == \"$NVME\"" --device 01:00.0
chosen ".device == \"$RAM\"" --device $RAM
chosen ".device == \"$NVME2\"" --device 02:00.0
chosen 'false' --device $EDU
chosen "any(.holders[]; .pid == $holder)" --pid "$holder"
chosen "any(.holders[]; .pid == ${held[2]})" --pid "${held[2]}"
chosen 'false' --pid $$
chosen 'any(.holders[]; .command == "ten")' --holder ten
chosen 'any(.holders[]; .command == "dmabufctl-holde")' --holder dmabufctl-holde
chosen 'false' --holder dmabufctl
chosen "any(.holders[]; .pid == $holder) and .device == \"$RAM\"" --pid "$holder" --device $RAM
chosen ".exporter == \"vfio_pci_core\" and any(.holders[]; .command == \"foreign\")" --exporter vfio_pci_core --holder foreign
chosen '.exporter == "system" and any(.holders[]; .command == "foreign")' --exporter system --holder foreign
ok 'a filter and an order' equal "$(d list --exporter vfio_pci_core --sort size -o size | tail -n +3 | squeezed | xargs)" '12K 1M 1M 16M'
refuses 2 'not a PCI address' d list --device zz

# A tree, metrics, a picture: of the same attributes.
ok 'the tree' equal "$(d list --tree | squeezed | tail -n +5)" "\
Dma-bufs and their holders
DMABUF SIZE EXPORTER NAME DEVICE BAR FDS MAPPED IOVA LENGTH PROT STATE DEVICES
$(of_json '.dmabufs[] | (. as $d | ["INODE", "SIZE", "EXPORTER", "NAME", "DEVICE", "BAR"] | map(. as $c | $d | cell($c)) | join(" ")) +
		" - - - - - \(.state | dash) -",
	(.holders + .mappings | to_entries[] as $h | (if $h.key + 1 < length then "|-" else "`-" end) + ($h.value |
	if .iova then "IOAS \(.ioas) of \(.command) (PID \(.pid)) - - - - - - - \(.iova) \(.length | sz) \(.prot) \(.state) " +
		(if .devices == [] then "-" else .devices | join(",") end)
	else "\(.label) - - - - - \(if .fds == [] then "-" else .fds | map(tostring) | join(",") end) \(.mapped | sz) - - - - -" end))')"
ok 'the metrics' equal "$(d list --openmetrics)" "$(of_json '
	def family($n; $h): "# TYPE \($n) gauge\n# HELP \($n) \($h)";
	def text: . // "";
	def labels: "{inode=\"\(.inode)\",exporter=\"\(.exporter)\",name=\"\(.name | text)\",device=\"\(.device | text)\"}";
	family("dmabuf_size_bytes"; "Size of the dma-buf."), (.dmabufs[] | "dmabuf_size_bytes\(labels) \(.size)"),
	family("dmabuf_references"; "References to the dma-buf'"'"'s file."), (.dmabufs[] | "dmabuf_references\(labels) \(.references)"),
	family("dmabuf_attachments"; "Importing devices."), (.dmabufs[] | "dmabuf_attachments\(labels) \(.attachments)"),
	family("dmabuf_unexplained_references"; "References that no process explains."),
	(.dmabufs[] | "dmabuf_unexplained_references\(labels) \(.unexplained)"),
	family("dmabuf_holder_fds"; "Fds of the dma-buf that a process has."),
	(.dmabufs[] | . as $d | .holders[] | "dmabuf_holder_fds{inode=\"\($d.inode)\",pid=\"\(.pid)\",command=\"\(.command)\"} \(.fds | length)"),
	family("dmabuf_revoked"; "Whether the exporter has revoked it."),
	(.dmabufs[] | select(.state) | "dmabuf_revoked{inode=\"\(.inode)\",device=\"\(.device | text)\"} \(if .state == "revoked" then 1 else 0 end)"),
	family("dmabuf_mapped_bytes"; "Length of a mapping in an iommufd context."),
	(.dmabufs[] | . as $d | .mappings[] | "dmabuf_mapped_bytes{inode=\"\($d.inode)\",pid=\"\(.pid)\",command=\"\(.command)\"," +
		"device=\"\($d.device | text)\",ioas=\"\(.ioas)\",iova=\"\(.iova)\",prot=\"\(.prot)\",state=\"\(.state)\"} \(.length)"),
	family("dmabuf_unseen_processes"; "Processes that could not be read."), "dmabuf_unseen_processes \(.sources.unseen_processes)", "# EOF"')"
ok 'the picture' equal "$(d list --dot | tail -n +4 | sed '$d; s/^\t//')" "$(of_json '
	.dmabufs[] | . as $d | "dma-buf \(.inode)" as $id |
	"\"\($id)\" [shape=box fillcolor=\(if .state then "palegreen" else "white" end) label=\"\($id)\\n\(.name // .exporter)\\n\(.size) bytes\(if .state then "\\n\(.state)" else "" end)\"]",
	(if .device then "\"\(.device)\" [shape=box fillcolor=lightblue label=\"\(.device)\"]", "\"\(.device)\" -> \"\($id)\" [style=solid label=\"exports\"]" else empty end),
	(.holders[] | "\"\(.label)\" [shape=ellipse fillcolor=white label=\"\(.label)\"]", "\"\(.label)\" -> \"\($id)\" [style=dashed label=\"\(.fds | length) fds, \(.maps) maps\"]"),
	(.mappings[] | "IOAS \(.ioas) of PID \(.pid)" as $ioas |
		"\"\($ioas)\" [shape=ellipse fillcolor=white label=\"\($ioas)\\n\(.command)\"]",
		"\"\($ioas)\" -> \"\($id)\" [style=solid label=\"\(.iova), \(.state)\"]",
		(.devices[] | "\"\(.)\" [shape=box fillcolor=lightblue label=\"\(.)\"]", "\"\(.)\" -> \"\($ioas)\" [style=solid label=\"attached\"]"))')"

# Adopted by a context: that does not make it the context's.
dmabufctl --context third adopt --pid "$second" --fd "${also[0]}" --name theirs >/dev/null 8>&- 9>&-
as_the_kernel_says 'adopted' "$of_nvme2" "$nvme2_on_record"
ok 'adopted: two hold it' equal "$(gojq -c '.dmabufs[-1].holders | length' <<<"$out")" 2
d --context third release --all
also_go
as_the_kernel_says 'one is gone' "$unknown" "$unknown"

# Of whom it is, by its size and what its holder has open.
for case in "0 0x4000 $(deduced $NVME2 0 16384)" "2 0x1000000 $(deduced $NVME2 2 16777216)" "2 0x1000 $unknown" "0 0x1000 $unknown"; do
	read -r bar length origin <<<"$case"
	foreign "$(cdev $NVME2)" "$bar" "$length"
	as_the_kernel_says "BAR $bar, $length" "$origin" "$(on_record $NVME2 "$bar" 0 $((length)))"
	also_go
done
d --context other release --all
foreign "$(cdev $NVME2)" 2 0x1000000 -- "$(cdev $RAM)"
as_the_kernel_says 'two open, one large enough' "$(deduced $NVME2 2 16777216)" "$(on_record $NVME2 2 0 16777216)"
also_go
foreign "$(cdev $NVME2)" 2 0x100000 -- "$(cdev $RAM)"
as_the_kernel_says 'two open, both large enough: unknown' "$unknown" "$nvme2_on_record"
also_go

# Less privilege, less is known, and it says which.
umount /sys/kernel/debug
run without_bpf dmabufctl list --json
ok 'neither BPF nor debugfs: references, but no attachments' \
	equal "$(gojq -c '[.dmabufs[] | [.name, .references, .attachments, .unexplained, .in_flight]]' <<<"$out")" \
	'[["a",3,null,2,null],["b",1,null,0,null],["some",14,null,0,null]]'
ok 'neither BPF nor debugfs: says so' contains "$(gojq -c '.sources | [.used, .unseen_processes, .lacking]' <<<"$out")" \
	'^\[\['"$fdinfo"'"fd","maps","contexts"\],0,"attachments: .*\]$'
mount -t debugfs debugfs /sys/kernel/debug
d release --all
chmod 666 /dev/dma_heap/system
chmod 755 "$TEST_DIR"
also setpriv --reuid=65534 --regid=65534 --clear-groups -- "$LAB_BUILD/tests/lab/buffers" shapes mine
run setpriv --reuid=65534 --regid=65534 --clear-groups -- dmabufctl list --json
ok "an ordinary user: one's own" equal "$(gojq -c '[.dmabufs[] | [.inode, .name, .size, .references, .attachments, .attached, .unexplained, .in_flight]]' <<<"$out")" \
	"[[${also[0]},\"mine\",65536,14,null,null,null,null]]"
ok "an ordinary user: with its holders" equal "$(gojq -c '[.dmabufs[0].holders[] | [.pid, .command, (.fds | length), .maps, .mapped]] | sort' <<<"$out")" \
	"[[${also[1]},\"both\",2,2,12288],[${also[2]},\"ten\",10,0,0]]"
ok 'an ordinary user: what was read, and what was not' equal "$(gojq -c '.sources | [.used, .unseen_processes > 0, .lacking != null]' <<<"$out")" \
	'[["fd","maps"],true,true]'
run setpriv --reuid=65534 --regid=65534 --clear-groups -- dmabufctl list --openmetrics
ok 'an ordinary user: no sample of what is not known' equal "$(grep -cE '^dmabuf_(attachments|unexplained_references)\{' <<<"$out")" 0
ok 'an ordinary user: the others' equal "$(grep -E '^dmabuf_(size_bytes|references)\{' <<<"$out" | sed 's/.*} //' | xargs)" '65536 14'
ok 'an ordinary user: how many were not seen' contains "$out" '^dmabuf_unseen_processes [1-9][0-9]*$'
also_go
let_go
chmod 600 /dev/dma_heap/system
leave_nothing
done_testing
