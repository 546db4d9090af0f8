#!/bin/bash
# Where a mapping is and with which rights, asked of the IOMMU's page table and of real DMA; and that
# recover brings back just that.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/kernel.sh"

# place IOVA - where it leads in the BAR, and the rights, as "0x14000 r".
place() {
	local address rights
	read -r address rights <<<"$(leaf "$EDU" "$1")"
	[ "$address" != none ] || { echo none; return; }
	printf '0x%x %s\n' $((address - bar)) "$rights"
}
places() { for iova; do place "$iova"; done | tr '\n' ','; }

main_setup
d unmap map0
bar=$(d device "$NVME" --json | gojq -r '.devices[0].bars[] | select(.bar == 2).address')
d export "$NVME" 2 --range 64K:1M --name part >/dev/null
d import part --name ro --offset 16K --length 8K --prot r --iova 0x20000000 >/dev/null
d import part --name wo --offset 32K --length 4K --prot w --iova 0x20010000 >/dev/null
d import part --name rw --offset 48K --length 4K --iova 0x20020000 >/dev/null
d import part --name rest --offset 1020K --iova 0x20030000 >/dev/null
d import part --name away --ioas other --length 4K --iova 0x20040000 >/dev/null
windows=(0x20000000 0x20001000 0x20002000 0x20010000 0x20011000 0x20020000 0x20030000 0x20031000 0x20040000)
expected="0x14000 r,0x15000 r,none,0x18000 $(write_only),none,0x1c000 rw,0x10f000 rw,none,none,"
ok 'import: offset, length, rights, address and IOAS are what was asked for' equal "$(places "${windows[@]}")" "$expected"

for by in ro wo rw rest away part; do
	d revoke "$NVME" --by memory >/dev/null
	ok "$by: all are gone" equal "$(places "${windows[@]}")" 'none,none,none,none,none,none,none,none,none,'
	gives 0 "$by: recover" d recover "$by"
	[ "$by" = part ] || ok "$by: it alone is back" equal "$(d status --json | gojq -r '[.mappings[] | select(.state == "live" or .state == "idle").name] | join(" ")')" "$by"
done
ok 'recover: all at the same place, with the same rights' equal "$(places "${windows[@]}")" "$expected"
d attach "$EDU" other >/dev/null
ok 'moved to the other IOAS: what is mapped there' equal "$(places "${windows[@]}")" 'none,none,none,none,none,none,none,none,0x10000 rw,'
d attach "$EDU" ioas0 >/dev/null

# Real DMA reaches that page and no other.
for page in {26..30}; do bar_fill "$NVME" 2 "$page" "$page"; done
before=$(bar_page "$NVME" 2 26 27 29 30) page=$(bar_page "$NVME" 2 28)
gives 0 'DMA' d verify rw --from "$EDU" --keep
ok 'DMA: it is in the page that was asked for' [ "$(bar_page "$NVME" 2 28)" != "$page" ]
ok 'DMA: its neighbours are as they were' equal "$(bar_page "$NVME" 2 26 27 29 30)" "$before"
refuses 1 'the mapping is read-only' d verify ro --from "$EDU"

# Ranges: what the kernel made of them.
d export "$NVME" 2 --range 0x4000:0x1000 --range 0x1000:0x2000 --name pieces >/dev/null
# shellcheck disable=SC2016 # for the command's shell
ok 'two ranges: the kernel has both' equal "$(d exec pieces -- sh -c 'sed -n "s/^size:[[:space:]]*//p" /proc/self/fdinfo/3')" 12288
ok 'two ranges: both are on record' \
	equal "$(attribute '.dmabufs[] | select(.name == "pieces").ranges | map("\(.offset)+\(.length)") | join(" ")')" '16384+4096 4096+8192'

# A window that a device cannot have is found when it comes.
d import part --name msi --ioas spare --length 4K --iova 0xfee01000 >/dev/null
refuses 1 "msi at 0xfee01000\\+4K lies in the MSI window 0xfee00000\\+1M, which $EDU cannot have mapped; 'dmabufctl unmap msi'" \
	d attach "$EDU" spare
ok 'refused: it is where it was' equal "$(places "${windows[@]}")" "$expected"

# A picture has what the table has.
run d status --dot
for name in "$NVME" "$EDU" part pieces ro wo rw rest away msi ioas0 other spare; do
	ok "--dot: $name is in it" contains "$out" "\"$name\""
done

# Who takes the last device away is told what is idle now.
run d detach "$EDU" --json
ok 'detach: names what is idle now' equal "$(gojq -r '[.idle[].name] | sort | join(" ")' <<<"$out")" 'rest ro rw wo'
d attach "$EDU" ioas0 >/dev/null
gives 0 'release of the importer' d release "$EDU"
ok 'release: names what is idle now' contains "$out" '^ro +ioas0'
ok 'release: it is' equal "$(attribute '[.mappings[].state] | unique | join(" ")')" idle
d attach "$EDU" other >/dev/null
gives 0 'release of what no mapping needs' d release pieces
ok 'release: nothing is idle by that' equal "$out" ''
gives 0 'unmap --all' d unmap --all
ok 'unmap --all: nothing is mapped' equal "$(attribute '.mappings | length') $(places "${windows[@]}")" '0 none,none,none,none,none,none,none,none,none,'
ok 'unmap --all: the dma-bufs are there' equal "$(attribute '[.dmabufs[].name] | sort | join(" ")')" 'fb part'
refuses 2 '--all takes no mappings' d unmap --all ro

leave_nothing
done_testing
