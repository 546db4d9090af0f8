#!/bin/bash
# conform where there is nothing to try it on: its list, its options, and what it says.
. "$(dirname "$0")/../lib.sh"

d() { dmabufctl "$@"; }

run d conform --list --json
ok 'the list: exit status 0' equal "$rc" 0
ok 'the list has 150 cases or more' test "$(gojq '.cases | length' <<<"$out")" -ge 150
ok 'each has a name of its own' equal "$(gojq -r '.cases[].case' <<<"$out" | sort | uniq -d)" ''
ok 'the name of each begins with its group' \
	equal "$(gojq -r '.cases[].case' <<<"$out" | sed 's/-.*//' | uniq | paste -sd ' ')" \
	'export fd import domain life revoke data device isolation'
ok 'each has a sentence and a source' \
	equal "$(gojq -c '.cases[] | select((.rule | length) < 15 or (.source | contains(" in ") | not))' <<<"$out")" ''
ok 'no sentence stands twice in a group' \
	equal "$(gojq -r '.cases[] | (.case | split("-")[0]) + ": " + .rule' <<<"$out" | sort | uniq -d)" ''
cases=$(gojq -r '.cases[].case' <<<"$out")
listed() { d conform --list --json "$@" | gojq -r '.cases[].case'; }
ok '--only by a group' equal "$(listed --only data)" "$(grep '^data-' <<<"$cases")"
ok '--only by a pattern' equal "$(listed --only '*-sync-*')" "$(grep -e '-sync-' <<<"$cases")"
ok '--only by two' equal "$(listed --only 'fd-size,data')" "$(grep -e '^fd-size$' -e '^data-' <<<"$cases")"
ok '--skip' equal "$(listed --skip 'revoke,*-close*')" "$(grep -v -e '^revoke-' -e '-close' <<<"$cases")"
ok '--only and --skip' equal "$(listed --only data --skip 'data-p*')" "$(grep '^data-' <<<"$cases" | grep -v '^data-p')"
run d conform --list --only data
ok 'as a table: a line a case' equal "$(grep -c '^data-' <<<"$out")" "$(grep -c '^data-' <<<"$cases")"

refuses 2 'either --exporter BDF or --dmabuf DMABUF is wanted' d conform
refuses 2 'either --exporter BDF or --dmabuf DMABUF is wanted' d conform --exporter 01:00.0 --dmabuf fb
refuses 2 '--bar is of an exporter' d conform --dmabuf fb --bar 2
refuses 2 '--stress goes with neither' d conform --exporter 01:00.0 --stress 1 --repeat 2
refuses 2 '--list runs nothing' d conform --list --tap
refuses 2 'no case is left' d conform --list --only nothing
# All of these would be noticed by others.
refuses 2 'no case is left' d conform --list --stress 1 --only 'revoke,data'
refuses 2 'not a PCI address' d conform --exporter zz
refuses 1 'there is no such PCI device' d conform --exporter fffe:00:00.0
refuses 1 "has no dma-buf of that name" d conform --dmabuf fb
for bad in '--bar 6' '--repeat 0' '--shuffle -1' '--stress 0' '--limit 0'; do
	# shellcheck disable=SC2086 # option and value
	refuses 2 "^dmabufctl: option ${bad% *}" d conform --exporter 01:00.0 $bad
done
done_testing
