#!/bin/bash
# sample: sanitizers
# Several dma-bufs, IOASes, mappings and devices at once: the kernel's page tables hold what was asked
# for, all of it, with these rights, and nothing else; DMA reaches that and no byte beside it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/kernel.sh"

# tables WANTED-OF-EDU WANTED-OF-NVME2 DESCRIPTION
tables() {
	ok "$3: the page table of edu" equal "$(translations $EDU)" "$1"
	ok "$3: the page table of the NVMe controller" equal "$(translations $NVME2)" "$2"
	ok "$3: the kernel has the IOASes of the record" equal "$(peek ioases)" "$(attribute '[.ioases[].id] | sort | join(" ")')"
}
states() { attribute '[.mappings[] | "\(.name) \(.state)"] | sort | join(", ")'; }
size_of() { sed -n 's/^size:\t//p' "/proc/$(holder default)/fdinfo/$(fds_of "$1")"; }
field() { attribute ".mappings[] | select(.name == \"$1\") | $2"; }

d bind $RAM $EDU $NVME2 >/dev/null
gives 0 'a range at the start' d export $RAM 2 --range 0:64K --name low
gives 0 'a range inside' d export 00:04.0 2 --range 1M:128K --name middle
gives 0 'the last page' d export $RAM 2 --range 0x3ff000:4K --name top
gives 0 'two ranges' d export $RAM 2 --range 64K:4K --range 0x30000:8K --name two
gives 0 'all of it, without a name' d export $RAM 2
gives 0 'another device, another BAR' d export $NVME2 2 --range 4K:8K --name other
ok 'their sizes, by the kernel' equal "$(for name in low middle top two other; do size_of $name; done | xargs)" \
	'65536 131072 4096 12288 8192'
ok 'a dma-buf that was not given a name has none in the kernel' equal "$(fds_of | wc -l)" 1
ok 'its size' equal "$(size_of '')" 4194304
refuses 1 'a range reaches beyond the BAR: 0x400000:0x1000' d export $RAM 2 --range 0:4K --range 4M:4K
refuses 1 'a range is not page aligned: 0x1001:0x1000' d export $RAM 2 --range 0:4K --range 0x1001:0x1000
ok 'six dma-bufs in the kernel' equal "$(dmabufs)" 6

gives 0 'attach' d attach $EDU
gives 0 'a part, to be read only' d import middle --offset 16K --length 32K --iova 0x10000000 --prot r --name part
gives 0 'right behind it, all' d import low --iova 0x10008000 --name whole
gives 0 'to be written only, where the kernel likes' d import top --prot w --ioas ioas0 --name last
gives 0 'of another device' d import other --offset 4K --iova 0x20000000 --to iommufd --name foreign
gives 0 'from an offset to the end, in an IOAS of its own' d import middle --offset 64K --to IOMMUFD:second --iova 0x10000000 --name rest
gives 0 'attach another device there' d attach $NVME2 second
last=$(field last .iova)
edu=$(printf '%s\n' \
	"0x10000000+0x8000->$(bar $RAM 2 0x104000) r" \
	"0x10008000+0x10000->$(bar $RAM 2) rw" \
	"0x20000000+0x1000->$(bar $NVME2 2 0x2000) rw" \
	"$last+0x1000->$(bar $RAM 2 0x3ff000) $(write_only)" | while read -r line; do echo "$((${line%%+*})) $line"; done | sort -n | cut -d ' ' -f 2-)
nvme="0x10000000+0x10000->$(bar $RAM 2 0x110000) rw"
tables "$edu" "$nvme" 'what was asked for'
ok 'all are live' equal "$(states)" 'foreign live, last live, part live, rest live, whole live'
ok 'by the page table' equal "$(attribute '[.mappings[].evidence] | unique | map(join(",")) | join(" ")')" page-table,kernel
gives 0 'once more' d status
tables "$edu" "$nvme" 'looking changes nothing'

# What is occupied is said by name, in this IOAS; a page before or behind it is free.
refuses 1 'whole \(live\) occupies 0x10008000\+0x10000' d import low --ioas ioas0 --iova 0x10017000
refuses 1 'part \(live\) occupies 0x10000000\+0x8000' d import low --ioas ioas0 --iova 0xfff1000
refuses 1 'rest \(live\) occupies 0x10000000\+0x10000' d import low --ioas second --iova 0x10008000
gives 0 'right behind what is there' d import low --ioas ioas0 --iova 0x10018000 --name behind
gives 0 'right before it' d import low --ioas ioas0 --iova 0xfff0000 --name before
gives 0 'unmap both' d unmap behind before
tables "$edu" "$nvme" 'unmapped again'

# DMA: bytes go where they should, and to no other page.
ram=$(cdev $RAM) engine=$(cdev $EDU)
fill() { peek fill "$ram" 2 "$1" "$2" 0x5500000000000000; }
same() { peek same "$ram" 2 "$1" "$2" "${3:-0x5500000000000000}"; }
faults() { dmesg | grep -c "\[DMA Write .* fault addr $1 "; }
has_faulted() { [ "$(faults "$1")" -gt "$2" ]; }
fill 0 0x11000
fill 0xff000 0x22000
fill 0x3fe000 0x2000
peek copy "$engine" 0x10001000 0x10008800 2048
ok 'DMA from the part arrives in the other dma-buf' same 0x800 2048 $((0x5500000000000000 + 0x105000 - 0x800))
ok 'DMA: the bytes before are the same' same 0 2048
ok 'DMA: the bytes behind are the same' same 0x1000 0x10000
peek copy "$engine" 0x10009000 "$last" 2048
ok 'DMA into what is to be written only' same 0x3ff000 2048 $((0x5500000000000000 + 0x1000 - 0x3ff000))
ok 'DMA: no other byte' same 0x3fe000 0x1000
# Nothing arrives in what is read only, beside a mapping, or past its end.
for target in 0x10000000 0xffff000 0x10018000; do
	before=$(faults $target)
	peek copy "$engine" 0x10009000 $target 2048
	await 30 has_faulted $target "$before"
done
ok 'DMA into what is to be read only: nothing changed' same 0xff000 0x22000
ok 'DMA beside: nothing changed' same 0x1000 0x10000
fill 0x3ff000 0x1000
peek copy "$engine" "$last" 0x1000a000 2048
comes() { same 0x2000 2048 $((0x5500000000000000 + 0x3ff000 - 0x2000)); }
ok 'DMA out of what is to be written only: nothing comes, where the page table says so' \
	equal "$(comes >/dev/null && echo rw || echo w)" "$(write_only)"

# One device's memory goes: its mappings and no others; each comes back as it was.
run d revoke $RAM --by memory --json
ok 'revoke: exit status 0' equal "$rc" 0
ok 'revoke: its dma-bufs' equal "$(gojq -r '[.dmabufs[].name] | sort | join(" ")' <<<"$out")" 'dmabuf0 low middle top two'
ok 'revoke: its mappings' equal "$(gojq -r '[.mappings[].name] | sort | join(" ")' <<<"$out")" 'last part rest whole'
ok 'revoke: when each went, by the trace, in that order' \
	equal "$(gojq -c '[.timeline[] | select(.event == "unmapped") | {(.object): .t_ns}] | add' <<<"$out")" \
	"$(gojq -c '[.mappings[] | select(.unmapped_after_ns) | {(.name): .unmapped_after_ns}] | add' <<<"$out")"
ok 'revoke: the timeline runs forwards' equal "$(gojq -c '[.timeline[].t_ns] == ([.timeline[].t_ns] | sort)' <<<"$out")" true
ok 'revoke: from the trigger to the end' equal "$(gojq -r '[.timeline[0, -1] | .event, .object] | join(" ")' <<<"$out")" \
	"trigger $RAM done $RAM"
ok 'revoke: what each was, is, and wants' \
	equal "$(gojq -r '.mappings[] | select(.name == "part") | "\(.state_before) \(.state) \(.evidence | join(",")) \(.revoked_by) \(.next)"' <<<"$out")" \
	'live stale page-table,kernel memory dmabufctl recover part'
tables "$(grep '^0x2000' <<<"$edu")" '' 'revoked'
ok 'revoked: the states' equal "$(states)" 'foreign live, last stale, part stale, rest stale, whole stale'
ok 'revoked: by what, in the record' equal "$(attribute '[.mappings[] | "\(.name) \(.revoked_by)"] | sort | join(", ")')" \
	'foreign null, last memory, part memory, rest memory, whole memory'
refuses 5 'part \(stale\) occupies' d import low --ioas ioas0 --iova 0x10000000
gives 0 'recover one' d recover part
ok 'recovered: one' equal "$(states)" 'foreign live, last stale, part live, rest stale, whole stale'
tables "$(grep -E '^0x(2000|10000000)' <<<"$edu")" '' 'recovered one'
made=$(field part .made_ns)
run d recover middle --json
ok 'recover a dma-buf: each of its mappings, and how it was' \
	equal "$(gojq -r '[.mappings[] | "\(.name) \(.state_before) \(.state)"] | sort | join(", ")' <<<"$out")" 'part live live, rest stale live'
ok 'recover a dma-buf: what is live is left alone' equal "$(field part .made_ns)" "$made"
gives 0 'recover another dma-buf' d recover low
gives 0 'recover what is to be written only' d recover last
tables "$edu" "$nvme" 'all recovered, with the rights they had'
ok 'recovered: no trigger in the record' equal "$(attribute '[.mappings[].revoked_by] | unique | tostring')" '[null]'

# Devices move.
gives 0 'attach where it is already' d attach $EDU
tables "$edu" "$nvme" 'attached where it was'
gives 0 'move' d attach $EDU second
tables "$nvme" "$nvme" 'moved'
ok 'moved: what nobody is attached to is idle' equal "$(states)" 'foreign idle, last idle, part idle, rest live, whole idle'
gives 0 'detach' d detach $NVME2
tables "$nvme" '' 'detached one'
gives 0 'detach the other' d detach 00:03.0
tables '' '' 'detached both'
refuses 2 'several IOASes' d attach $EDU
gives 0 'move back' d attach $EDU ioas0
tables "$edu" '' 'back'
refuses 1 'no mapping of that name' d unmap second
gives 0 'unmap two of them' d unmap part foreign
tables "$(grep -vE '^0x(2000|10000000)' <<<"$edu")" '' 'unmapped two'

# What is needed stays: by a mapping, by an attached device, by a dma-buf.
refuses 1 'another object needs it: whole' d release low
refuses 1 'another object needs it: rest' d release second
refuses 1 'another object needs it' d release $RAM
# What the kernel does not unmap is a mapping still.
before=$(attribute '.mappings[] | select(.name == "whole")')
refuses 1 'unmap whole: EIO' env DMABUFCTL_FAULT=IOMMU_IOAS_UNMAP=EIO dmabufctl unmap whole last
ok 'what was not unmapped is on record as before' \
	equal "$(attribute '.mappings[] | select(.name == "whole")')" "$before"
ok 'what was unmapped is not' equal "$(attribute '[.mappings[].name] | join(" ")')" 'rest whole'
gives 0 'unmap what was left' d unmap whole
refuses 1 "another object needs it: $EDU" d release ioas0
refuses 1 'another object needs it: rest' d release middle
gives 0 'release what nobody needs' d release low top other
ok 'it is gone from the kernel' equal "$(dmabufs)" 3
gives 0 'release an IOAS with its mapping' d release rest second
tables '' '' 'released'
gives 0 'release a device' d release 02:00.0
ok 'its node is closed' equal "$(find "/proc/$(holder default)/fd" -lname "$(cdev $NVME2)" | wc -l)" 0
ok 'what is left' equal "$(attribute '[.devices[], .dmabufs[], .ioases[], .mappings[] | .name] | join(" ")')" \
	"$RAM $EDU middle two dmabuf0 ioas0"

# What each command says of it: of several ranges the sum, of what goes idle that alone.
ok 'two ranges: their size' equal "$(d export $RAM 2 --range 0:4K --range 64K:8K --name pair --json | gojq .dmabuf.size)" 12288
d import middle --ioas ioas0 --length 4K --name here >/dev/null
d import middle --ioas lonely --length 4K --name there >/dev/null
ok 'a device is released: what is idle by that' equal "$(d release $EDU --json | gojq -c '[.idle[] | [.name, .ioas]]')" '[["here","ioas0"]]'
d attach $EDU ioas0 >/dev/null
gives 0 'unmap --all' d unmap --all
ok 'unmap --all: none is left' equal "$(attribute '.mappings | length')" 0
d release pair lonely

d import middle --ioas ioas0 --iova 0x10000000 --length 4K --name one >/dev/null
d import middle --ioas ioas0 --iova 0x10001000 --offset 4K --length 4K --name two-too >/dev/null
run env DMABUFCTL_FAULT=IOMMU_IOAS_UNMAP=EIO dmabufctl release --all --json
ok 'release --all tells what it released before it failed' equal "$rc $(gojq -c .released <<<"$out")" '1 ["two-too"]'
leave_nothing
ok 'nothing left: no dma-buf' equal "$(dmabufs)" 0
done_testing
