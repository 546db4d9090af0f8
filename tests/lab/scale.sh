#!/bin/bash
# sample: nothing
# Many objects at once: several of each kind, of which some go and some stay, seen in the IOMMU's own
# tables; and thousands, past the limit of open files that a shell has.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/kernel.sh"

TABLES=/sys/kernel/debug/iommu/intel

bar2() { awk 'NR == 3 { print $1 }' "/sys/bus/pci/devices/$1/resource"; }

# at BDF OFFSET RIGHTS - what leaf says of a page of that device's BAR 2.
at() { printf '0x%x %s' $(($(bar2 "$1") + $2)) "$3"; }

# state MAPPING
state() { attribute ".mappings[] | select(.name == \"$1\") | .state"; }
why() { attribute ".mappings[] | select(.name == \"$1\") | \"\(.state) by \(.evidence | join(\",\")) against \(.disagrees | join(\",\")) doubt \(.doubt)\""; }

d bind "$NVME" "$NVME2" "$EDU" >/dev/null
d export "$NVME" 2 --range 64K:64K --name a >/dev/null
d export "$NVME" 2 --range 1M:128K --name b >/dev/null
d export "$NVME2" 2 --range 8K:64K --name c >/dev/null
d attach "$EDU" main >/dev/null
d attach "$NVME2" other >/dev/null
gives 0 'a part of a, to be read' d import a --ioas main --iova 0x10000000 --offset 4K --length 8K --prot r --name a1
gives 0 'another part of a, to be written' d import a --ioas main --iova 0x10004000 --offset 32K --length 4K --prot w --name a2
gives 0 'all of b' d import b --ioas main --iova 0x10100000 --name b1
gives 0 'a part of c' d import c --ioas main --iova 0x10200000 --offset 8K --name c1
gives 0 'a, at the same IOVA of another IOAS' d import a --ioas other --iova 0x10000000 --name a3
holder=$(d context --json | gojq '.contexts[0].holder')
inode=$(attribute '.dmabufs[] | select(.name == "b") | .inode')
fd=$(d list --json | gojq ".dmabufs[] | select(.inode == $inode) | .holders[] | select(.pid == $holder) | .fds[0]")
gives 0 'b comes back by a detour' d adopt --pid "$holder" --fd "$fd" --name twin
ok 'it is known for what it is' equal "$(attribute '.dmabufs[] | select(.name == "twin") | "\(.device) \(.bar) \(.ranges[0].offset) \(.inode)"')" \
	"$NVME 2 1048576 $inode"
gives 0 'and is mapped' d import twin --ioas main --iova 0x10300000 --offset 64K --name twin1

all_there() {
	ok "$1: a1 leads to its part of the BAR" equal "$(leaf "$EDU" 0x10000000)" "$(at "$NVME" $((0x10000 + 0x1000)) r)"
	ok "$1: its last page too" equal "$(leaf "$EDU" 0x10001000)" "$(at "$NVME" $((0x10000 + 0x2000)) r)"
	ok "$1: and no more than that" equal "$(leaf "$EDU" 0x10002000)" none
	ok "$1: a2 leads to its own" equal "$(leaf "$EDU" 0x10004000)" "$(at "$NVME" $((0x10000 + 0x8000)) "$(write_only)")"
	ok "$1: b1" equal "$(leaf "$EDU" 0x1011f000)" "$(at "$NVME" $((0x100000 + 0x1f000)) rw)"
	ok "$1: the twin" equal "$(leaf "$EDU" 0x10300000)" "$(at "$NVME" $((0x100000 + 0x10000)) rw)"
	ok "$1: c1" equal "$(leaf "$EDU" 0x10200000)" "$(at "$NVME2" $((0x2000 + 0x2000)) rw)"
	ok "$1: a3 in the other table" equal "$(leaf "$NVME2" 0x10001000)" "$(at "$NVME" $((0x10000 + 0x1000)) rw)"
	ok "$1: all are live" equal "$(attribute '[.mappings[].state] | unique | join(" ")')" live
}
all_there 'imported'

ok '--dry-run names all that would go' equal \
	"$(d revoke "$NVME" --by memory --dry-run --json | gojq -r '[.hit[].name] | sort | join(" ")')" "$NVME a a1 a2 a3 b b1 twin twin1"
run d revoke "$NVME" --by memory --json
ok 'revoke: exit status 0' equal "$rc" 0
ok 'revoke: each was live, each is stale' equal \
	"$(gojq -r '[.mappings[] | "\(.name) \(.state_before) \(.state)"] | sort | join(", ")' <<<"$out")" \
	'a1 live stale, a2 live stale, a3 live stale, b1 live stale, twin1 live stale'
for iova in 0x10000000 0x10001000 0x10004000 0x10100000 0x1011f000 0x10300000; do
	ok "revoke: nothing at $iova" equal "$(leaf "$EDU" $iova)" none
done
ok 'revoke: nor in the other table' equal "$(leaf "$NVME2" 0x10000000)" none
ok 'revoke: the other device'"'"'s is untouched' equal "$(leaf "$EDU" 0x10200000)" "$(at "$NVME2" $((0x2000 + 0x2000)) rw)"
ok 'revoke: and live' equal "$(state c1)" live
gives 0 'recover dma-bufs and a mapping, some twice' d recover b a1 a twin a3
all_there 'recovered'
refuses 1 'mapping nope' d recover nope a

# Tables that do not say what is expected. The tool reads what is mounted over them.
d recover a b twin >/dev/null
fake() { mount --bind "$2" "$TABLES/$1/domain_translation_struct"; }
real() { umount "$TABLES/$1/domain_translation_struct"; }
cp "$TABLES/$EDU/domain_translation_struct" "$TEST_DIR/table"
pte_a=$(awk '$1 == "0x0000000010000" { print $NF }' "$TEST_DIR/table")
pte_b=$(awk '$1 == "0x0000000010100" { print $NF }' "$TEST_DIR/table")
sed -e "s/$pte_a\$/swap/; s/$pte_b\$/$pte_a/; s/swap\$/$pte_b/" "$TEST_DIR/table" >"$TEST_DIR/swapped"
fake "$EDU" "$TEST_DIR/swapped"
ok 'two swapped: told of the one' equal "$(why a1)" 'unknown by page-table against kernel doubt elsewhere'
ok 'two swapped: told of the other' equal "$(why b1)" 'unknown by page-table against kernel doubt elsewhere'
ok 'two swapped: the third is live' equal "$(state a2)" live
real "$EDU"
grep -v '^0x0000000010001 ' "$TEST_DIR/table" >"$TEST_DIR/partial"
fake "$EDU" "$TEST_DIR/partial"
ok 'one page of two: told' equal "$(why a1)" 'unknown by page-table against kernel doubt partial'
real "$EDU"
grep -vE '^0x0000000010(10|11)' "$TEST_DIR/table" >"$TEST_DIR/less"
fake "$EDU" "$TEST_DIR/less"
ok 'the table has nothing, the records and the trace have it: said' equal "$(why b1)" 'stale by page-table against kernel,trace doubt null'
real "$EDU"

# One of several that stays: what shares its IOVA went, which is no news of it.
cp "$TABLES/$NVME2/domain_translation_struct" "$TEST_DIR/other"
fake "$NVME2" "$TEST_DIR/other"
run d revoke "$NVME" --by memory --json
ok 'one of five stays: exit status 6' equal "$rc" 6
ok 'one of five stays: which' equal "$(gojq -r '[.mappings[] | select(.state != "stale").name] | join(" ")' <<<"$out")" a3
ok 'one of five stays: not observed' equal "$(gojq .observed <<<"$out")" false
real "$NVME2"
d release --all

# Thousands, with no more open files than a shell allows.
many=1500
awk -v n=$many -v bdf="$NVME" -v importer="$EDU" 'BEGIN {
	print "attach", importer
	for (i = 0; i < n; i++)
		printf "export %s 2 --range %d:4K\nimport dmabuf%d --iova 0x%x\n", bdf, i * 4096, i, 268435456 + i * 8192
}' >"$TEST_DIR/many"
limited() { (ulimit -Sn 1024 && d "$@"); }
gives 0 "$many dma-bufs, each mapped" limited --context many batch "$TEST_DIR/many"
run limited --context many status --json
ok "$many: all are live, by their page table" equal \
	"$(gojq -r '[.mappings[] | .state + " " + .evidence[0]] | "\(length) \(unique | join(","))"' <<<"$out")" "$many live page-table"
ok "$many: the last one leads where it should" equal "$(leaf "$EDU" $((0x10000000 + (many - 1) * 8192)))" "$(at "$NVME" $(((many - 1) * 4096)) rw)"
ok "$many: exec gives back the limit" equal "$(limited --context many exec dmabuf1400 -- bash -c 'ulimit -Sn')" 1024
run limited --context many revoke "$NVME" --by memory --json
ok "$many: revoke: exit status 0" equal "$rc" 0
ok "$many: revoke: all are stale" equal "$(gojq -r '[.mappings[].state] | "\(length) \(unique | join(","))"' <<<"$out")" "$many stale"
ok "$many: the page table is empty" equal "$(grep -c '^0x' "$TABLES/$EDU/domain_translation_struct")" 0
# calls OF COMMAND... - how many calls of that kind it makes.
calls() { limited --context many -vv "${@:2}" 2>&1 >/dev/null | grep -c "^$1("; }
ok "$many: revoke: no more than its fd is asked of the holder for each" test "$(calls sendmsg revoke "$NVME" --by memory)" -lt $((many + 50))
# shellcheck disable=SC2046 # names
run limited --context many recover --json $(seq -f 'dmabuf%.0f' 0 $((many - 1)))
ok "$many: recover: exit status 0" equal "$rc" 0
ok "$many: recover: all are live" equal "$(gojq -r '[.mappings[].state] | "\(length) \(unique | join(","))"' <<<"$out")" "$many live"
d --context many revoke "$NVME" --by memory >/dev/null
# shellcheck disable=SC2046
ok "$many: recover: the same" test "$(calls sendmsg recover $(seq -f 'dmabuf%.0f' 0 $((many - 1))))" -lt $((many + 50))
ok "$many: the page table is full again" equal "$(grep -c '^0x' "$TABLES/$EDU/domain_translation_struct")" $many
# shellcheck disable=SC2046
gives 0 "$many: release" limited --context many release $(seq -f 'map%.0f' 0 $((many - 2))) $(seq -f 'dmabuf%.0f' 0 $((many - 2)))
ok "$many: one is left" equal "$(d --context many status --json | gojq -r '[.dmabufs[].name, .mappings[].name] | join(" ")')" "dmabuf$((many - 1)) map$((many - 1))"
gives 0 'release --all' d --context many release --all

run bash -c "ulimit -n 64; dmabufctl batch '$TEST_DIR/many'"
ok 'no more than 64 files at all: exit status 1' equal "$rc" 1
ok 'no more than 64 files at all: says what to raise' contains "$err" "EMFILE.*ulimit -Hn"

leave_nothing
done_testing
