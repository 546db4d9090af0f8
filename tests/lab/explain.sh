#!/bin/bash
# Errors point to explain, and explain looks at what is so here and now.
. "$(dirname "$0")/lib.sh"

# here ERRNO COMMAND CHECK - what explain says of the check whose text has CHECK in it.
# shellcheck disable=SC2016 # a variable of the filter
here() {
	d explain "$1" --during "$2" --json |
		gojq -r --arg check "$3" '[.causes[] | select(.check | contains($check)).here] | join(" ")'
}

main_setup
ok 'nothing is revoked' equal "$(here ENODEV import revoked)" no
ok 'something is mapped' equal "$(here EEXIST import mapped)" yes
ok 'no dma-buf has several ranges' equal "$(here EOPNOTSUPP import range)" no
ok 'interrupts are isolated' equal "$(here EPERM attach isolated)" no
ok 'iommufd is there' equal "$(here ENOENT export /dev/iommu)" no
ok 'the features are there' equal "$(here ENOTTY import MAP_FILE) $(here ENOTTY export DMA_BUF)" 'no no'
d export "$NVME" 2 --range 0:4K --range 8K:4K --name two >/dev/null
ok 'a dma-buf has several ranges' equal "$(here EOPNOTSUPP import range)" yes

run d import two
ok 'the message points to explain' contains "$err" "see 'dmabufctl explain EOPNOTSUPP --during import'"
run d explain "$err" --json
ok 'a message explains itself: errno and command' \
	equal "$(gojq -r '[.causes[] | .errno + " " + .during] | unique | join(" ")' <<<"$out")" 'EOPNOTSUPP import'
run d import two --json
ok 'so does the JSON error' equal "$(gojq -r .error.explain <<<"$out")" 'dmabufctl explain EOPNOTSUPP --during import'
d revoke "$NVME" --by memory --hold >/dev/null
ok 'now something is revoked' equal "$(here ENODEV import revoked)" yes
d revoke "$NVME" --by memory >/dev/null

gives 0 'by number' d explain 19 --during import
ok 'by number: ENODEV' contains "$out" '^ENODEV +import recover'
gives 0 'an errno that nothing gives' d explain EXDEV
ok 'says so' contains "$out" 'no check is known'
refuses 2 'names no errno' d explain nonsense
refuses 2 'not a command' d explain ENODEV --during nonsense
ok 'every check has a way on' equal "$(for e in {1..133}; do d explain "$e" --json; done |
	gojq -s '[.[].causes[] | select((.next | not) or (.where | not))] | length')" 0

leave_nothing
done_testing
