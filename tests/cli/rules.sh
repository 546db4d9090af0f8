#!/bin/bash
# What the kernel refuses is said in src/rules/ alone, each sentence once.
. "$(dirname "$0")/../lib.sh"

src=$(cd "$(dirname "$0")/../../src" && pwd)
ok 'each rule has a sentence' equal "$(cat "$src"/rules/*.c | grep -c '\.sentence = "')" "$(cat "$src"/rules/*.c | grep -c '\.id = "')"
# The sentences, in quotes; those that end with a path's macro are left out.
mapfile -t sentences < <(cat "$src"/rules/*.c |
	perl -0ne 'while (/\.sentence\s*=\s*((?:"(?:[^"\\]|\\.)*"\s*)+),/g) { my $s = $1; $s =~ s/"\s*"//g; $s =~ s/\s+$//; print "$s\n" }')
# All strings of the source, those in parts joined.
strings=$(find "$src" -name '*.[ch]' -exec cat {} + |
	perl -0ne 'while (/((?:"(?:[^"\\]|\\.)*"\s*)+)/g) { my $s = $1; $s =~ s/"\s*"//g; $s =~ s/\s+$//; print "$s\n" }')
for sentence in "${sentences[@]}"; do
	text=${sentence#\"}
	ok "said once: ${text%\"}" equal "$(grep -cF -- "${text%\"}" <<<"$strings")" 1
done

done_testing
