#!/bin/bash
# lab:
# lab: --iommu virtio
# kernels: all
# Every trigger after another: what each did, and that nothing is worse afterwards.
. "$(dirname "$0")/lib.sh"

main_setup
row() { gojq -r ".matrix[] | select(.trigger == \"$1\") | $2" <<<"$out"; }
# All but inodes, times and evidence.
summary() {
	attribute '{devices: [.devices[] | {name, ioas}] | sort_by(.name),
		dmabufs: [.dmabufs[] | {name, device, bar, ranges, state}],
		mappings: [.mappings[] | {name, dmabuf, ioas, iova, length, prot, state}]}'
}

run d revoke "$NVME" --by all --dry-run --json
ok '--dry-run: device, dma-buf and mapping' equal "$(gojq -r '[.hit[].name] | join(" ")' <<<"$out")" "$NVME fb map0"
ok '--dry-run: nothing is pulled' equal "$(gojq '.matrix' <<<"$out")" null
before=$(summary)
revoking='reset flr memory d3hot low-power'
closes_the_hole && revoking="$revoking sysfs-reset"
run d revoke "$NVME" --by all --json
if closes_the_hole; then
	ok 'exit status 1, for the hot reset that cannot be completed here' equal "$rc" 1
else
	ok 'exit status 6, for the reset by way of sysfs' equal "$rc" 6
fi
ok 'a row for each trigger' equal "$(gojq -r '[.matrix[].trigger] | join(" ")' <<<"$out")" \
	'reset flr memory d3hot low-power hot-reset sysfs-reset close unbind remove'
for trigger in $revoking; do
	ok "$trigger: revoked, usable again, stale, recovered, verified" \
		equal "$(row "$trigger" '[.outcome, .status, .exporter, .state, .recovered, .verified] | join(" ")')" \
		'revoked 0 usable stale yes yes'
	ok "$trigger: when it was unmapped" equal "$(row "$trigger" '.unmapped_after_ns | type')" number
done
ok 'hot-reset: revoked, though the kernel could not complete it here' \
	equal "$(row hot-reset '[.outcome, .status, .state, .recovered, .verified] | join(" ")')" 'revoked 1 stale yes yes'
if ! closes_the_hole; then
	ok 'sysfs-reset: not revoked, and live all the while' \
		equal "$(row sysfs-reset '[.outcome, .status, .state, .recovered, .verified] | join(" ")')" 'not-revoked 6 live  yes'
	ok 'sysfs-reset: what that means' contains "$(row sysfs-reset .note)" 'reaches the BAR while it is reset'
fi
for trigger in close unbind remove; do
	ok "$trigger: revoked for ever, made anew, verified" \
		equal "$(row "$trigger" '[.outcome, .status, .exporter, .state, .recovered, .verified] | join(" ")')" \
		'revoked 0 revoked revoked no yes'
done
ok 'the context is what it was' equal "$(summary)" "$before"
gives 0 'DMA arrives' d verify map0 --from "$EDU"
run d revoke "$NVME" --by all
ok 'once more, as a table' contains "$out" '^memory +revoked +0 +[0-9.]+ us usable +stale +yes +yes'
closes_the_hole ||
	ok 'names what was not observed' contains "$err" 'not observed for sysfs-reset$'

# Several, or all but some, for a pipeline.
run d revoke "$NVME" --by memory,reset --json
ok 'two: exit status 0' equal "$rc" 0
ok 'two: a row for each, the mildest first' equal "$(gojq -r '[.matrix[] | .trigger + " " + .outcome] | join(", ")' <<<"$out")" \
	'reset revoked, memory revoked'
run d revoke "$NVME" --by all --except sysfs-reset,hot-reset --json
ok 'all but two: exit status 0' equal "$rc" 0
ok 'all but two: the others' equal "$(gojq -r '[.matrix[].trigger] | join(" ")' <<<"$out")" \
	'reset flr memory d3hot low-power close unbind remove'
ok 'all but two: nothing is worse' equal "$(summary)" "$before"
fails 1 'failed, or refused: hot-reset; the table says why' d revoke "$NVME" --by memory,hot-reset
run d revoke "$NVME" --by reset,memory --except reset --json
ok 'all but one of two: a table of one' equal "$(gojq -r '[.matrix[].trigger] | join(" ")' <<<"$out")" memory
run d revoke "$NVME" --by reset,unbind --dry-run --json
ok 'two, --dry-run: what is hit, once' equal "$(gojq -r '[.hit[].name] | join(" ")' <<<"$out")" "$NVME fb map0"
ok 'two, --dry-run: nothing is pulled' equal "$(summary)" "$before"
refuses 2 "option --by: 'reset,nope': 'nope' is not a valid value; give some of reset, flr" d revoke "$NVME" --by reset,nope
refuses 2 "option --by: 'reset,': '' is not a valid value" d revoke "$NVME" --by reset,
refuses 2 "option --by: '': '' is not a valid value" d revoke "$NVME" --by ''
refuses 2 'a trigger stands there twice' d revoke "$NVME" --by reset,flr,reset
refuses 2 "option --except: 'flr': --by does not name it" d revoke "$NVME" --by reset --except flr
refuses 2 "option --except: 'reset': nothing is left" d revoke "$NVME" --by reset --except reset
refuses 2 'it goes with one trigger' d revoke "$NVME" --by memory,d3hot --hold

# A device that can hardly be reset at all.
d bind "$RAM" >/dev/null
d export "$RAM" 2 --name ram >/dev/null
d import ram --name ramp >/dev/null
config=$(setpci -s "$RAM" COMMAND)
run d revoke "$RAM" --by all --json
ok 'without any reset: exit status 0' equal "$rc" 0
for trigger in reset flr d3hot hot-reset sysfs-reset; do
	ok "without any reset: no $trigger" equal "$(row "$trigger" '[.outcome, .status, .state] | join(" ")')" 'unsupported 3 '
done
ok 'without any reset: memory' equal "$(row memory '[.outcome, .recovered, .verified] | join(" ")')" 'revoked yes yes'
ok 'without any reset: remove' equal "$(row remove '[.outcome, .recovered, .verified] | join(" ")')" 'revoked no yes'
ok 'without any reset: its command register' equal "$(setpci -s "$RAM" COMMAND)" "$config"
gives 0 'without any reset: DMA arrives' d verify ramp --from "$EDU"

fails 3 'the device cannot take reset, flr; the table says why' d revoke "$RAM" --by reset,flr,memory
gives 0 'without any reset: still DMA arrives' d verify ramp --from "$EDU"
fails 3 'the device cannot take reset, flr, d3hot, hot-reset, sysfs-reset' d revoke "$RAM" --by all --except memory,low-power,close,unbind,remove

refuses 1 'nothing of it is mapped, .*; export one of its BARs and import it first$' d revoke "$EDU" --by all
refuses 2 'goes with' d revoke "$NVME" --by all --hold
d revoke "$NVME" --by close >/dev/null
refuses 1 'it is not open in context default' d revoke "$NVME" --by all
leave_nothing
done_testing
