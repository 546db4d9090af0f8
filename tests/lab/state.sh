#!/bin/bash
# kernels: all
# sample: quick
# States that rest on less, and exporters that are revoked from birth.
. "$(dirname "$0")/lib.sh"

main_setup
gives 0 'import into an IOAS of its own' d import fb --ioas spare --name idle
state() { without=$1 && $without dmabufctl status --json | gojq -r '.mappings[] | select(.name == "'"$2"'") | .state + " by " + (.evidence | join(",")) + " without " + (.missing | join(","))'; }
ok 'no device attached: idle, by the records' equal "$(state '' idle)" 'idle by kernel,record without '
ok 'no device attached: idle, by the record' equal "$(state without_bpf idle)" 'idle by record without '
gives 0 'revoke' d revoke "$NVME" --by reset
ok 'an idle mapping that was revoked is stale, by the records' equal "$(state '' idle)" 'stale by kernel,record without '
ok 'an idle mapping that was revoked is stale, by the record' equal "$(state without_bpf idle)" 'stale by record without '
gives 0 'recover all of the dma-buf' d recover fb
ok 'live and idle again' equal "$(attribute '[.mappings[].state] | sort | join(" ")')" 'idle live'

gives 0 'memory decode off' d revoke "$NVME" --by memory --hold
ok 'revoked while it is off' equal "$(attribute '[.mappings[].state] | unique | join(" ")')" revoked
gives 0 'export while memory decode is off' d export "$NVME" 2 --range 0:4K --name born
ok 'born revoked' equal "$(attribute '.dmabufs[] | select(.name == "born") | .state + " " + (.evidence | join(","))')" 'revoked kernel,probe'
refuses 5 'memory decode off' d import born --ioas ioas0
refuses 5 'memory decode off' d recover map0
gives 0 'memory decode on' d revoke "$NVME" --by memory
ok 'both usable' equal "$(attribute '[.dmabufs[].state] | unique | join(" ")')" usable
gives 0 'what was born revoked can be imported' d import born --ioas ioas0 --name late
ok 'and is live' equal "$(attribute '.mappings[] | select(.name == "late") | .state')" live
gives 0 'recover' d recover fb

gives 0 'two ranges export' d export "$NVME" 2 --range 0:4K --range 8K:4K --name two
ok 'usable, although iommufd takes one range only' \
	equal "$(attribute '.dmabufs[] | select(.name == "two") | .state')" usable
refuses 3 'EOPNOTSUPP: the dma-buf has more than one range: two has 2;' d import two --ioas ioas0

gives 0 'detach' d detach "$EDU"
ok 'detached: idle' equal "$(attribute '.mappings[] | select(.name == "map0") | .state')" idle
gives 0 'attach again' d attach "$EDU" ioas0
ok 'attached again: live' equal "$(attribute '.mappings[] | select(.name == "map0") | .state')" live
gives 0 'a part of a dma-buf' d import fb --offset 1M --length 64K --ioas ioas0 --prot r --name part
ok 'live at the right address' equal "$(attribute '.mappings[] | select(.name == "part") | .state + " " + (.evidence[:2] | join(","))')" 'live page-table,kernel'
d unmap part

# Without debugfs the kernel's records tell, without them the trace, without that one's own record, and
# what nobody saw is unknown.
umount /sys/kernel/debug/tracing 2>/dev/null
umount /sys/kernel/debug
ok 'without debugfs: the records' equal "$(state '' map0)" 'live by kernel,trace without page-table'
ok 'without BPF, too: the trace' equal "$(state without_bpf map0)" 'live by trace without page-table,kernel'
gives 0 'revoke by the trace' without_bpf dmabufctl revoke "$NVME" --by reset
ok 'without debugfs: the records have it revoked' equal "$(state '' map0)" 'stale by kernel,trace without page-table'
ok 'without BPF, too: the trace saw the unmap' equal "$(state without_bpf map0)" 'stale by trace without page-table,kernel'
d recover map0 >/dev/null
umount /sys/kernel/tracing
ok 'without either: the records' equal "$(state '' map0)" 'live by kernel without page-table'
ok 'without any: unknown, and says what was missing' equal "$(state without_bpf map0)" 'unknown by  without page-table,kernel,trace'
gives 6 'a revocation that nobody could observe' without_bpf dmabufctl revoke "$NVME" --by reset
ok 'without any: the record of one'"'"'s own trigger' equal "$(state without_bpf map0)" 'stale by record without page-table,kernel,trace'
ok 'without either: the records agree' equal "$(state '' map0)" 'stale by kernel without page-table'
d recover map0 >/dev/null
gives 0 'a revocation by the records' d revoke "$NVME" --by reset
run d doctor
ok 'doctor names both' equal "$(grep -cE '(tracefs|page tables) +missing' <<<"$out")" 2
ok 'and they are not required' equal "$rc" 0
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing

leave_nothing
done_testing
