#!/bin/bash
# lab:
# lab: --iommu virtio
# lab: --iommu amd
# kernels: all
# A dma-buf is mapped for a device through the DMA API, as by drivers of RDMA and graphics devices: in each of the
# four ways to promise the exporter something, with real DMA, until it is told to let go.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/monitoring.sh"

# Under KVM the processor is the host's.
if ! grep -q AuthenticAMD /proc/cpuinfo; then
	skip 'a kernel driver imports' 'the kernel does not know that this machine routes peer traffic'
	done_testing
	exit
fi

DRIVER=dmabufctl-importer
# mapping NAME EXPRESSION - of `status --json`.
mapping() { attribute ".mappings[] | select(.name == \"$1\") | $2"; }
# let_go NAME - the state, how often it was told, and whether it let go.
promise() { mapping "$1" '"\(.state) \(.told > 0) \(.kept)"'; }
# known_kept - of the revocations that monitor saw, where somebody had something to let go of.
known_kept() { gojq -r 'select(.event == "revoked").kept | values' "$events" | xargs; }
# What mainline does not: kernel/linux-7.x.
links_ranges() { closes_the_hole || ! is_mainline; }

modprobe $DRIVER edu_dma_bits=48
d bind "$NVME" >/dev/null
d export "$NVME" 2 --name fb >/dev/null
d export "$NVME" 2 --range 0x4000:0x1000 --range 0x1000:0x2000 --name pieces >/dev/null
fails 1 "the device's driver is not $DRIVER: $EDU has none" d import fb --to "device:$EDU"
gives 0 'bind: the importer' d bind --driver $DRIVER "$EDU"
ok 'bind: it has the device' equal "$(driver_of "$EDU")" $DRIVER
ok 'bind: its node is there' [ -c /dev/$DRIVER/"$EDU" ]
fails 3 'is neither built in nor among the modules: nosuch' d bind --driver nosuch "$NVME2"
ok 'bind: no such driver: it keeps its own' equal "$(driver_of "$NVME2")" nvme

# Words that are wrong.
refuses 2 'which device is missing' d import fb --to device
refuses 2 'is missing' d import fb --to device:
refuses 2 'not a PCI address' d import fb --to device:frob
refuses 2 'makes no such promise' d import fb --as dynamic
refuses 2 'lets go at once' d import fb --late 1
refuses 2 'seconds' d import fb --to "device:$EDU" --late frob
refuses 1 'maps all of a dma-buf' d import fb --to "device:$EDU" --length 4096
refuses 1 'maps all of a dma-buf' d import fb --to "device:$EDU" --offset 4096
refuses 1 'maps all of a dma-buf' d import fb --to "device:$EDU" --iova "$IOVA"

# The four promises.
for promise in pinned plain; do
	fails 3 "takes importers only that let go.*: a $promise one never does" d import fb --to "device:$EDU" --as $promise
done
if is_mainline; then
	gives 0 'revocable: import' d import fb --to "device:$EDU" --as revocable --name revocable
	ok 'revocable: live' equal "$(mapping revocable '"\(.promise) \(.state) \(.told) \(.kept)"')" 'revocable live 0 null'
	gives 0 'revocable: reset' d revoke "$NVME" --by reset
	ok 'revocable: it let go' equal "$(promise revocable)" 'stale true true'
	gives 0 'revocable: comes back' d recover revocable
	ok 'revocable: live again' equal "$(mapping revocable .state)" live
	d unmap revocable
else
	refuses 3 'cannot be pinned' d import fb --to "device:$EDU" --as revocable
fi
ok 'nobody refused leaves anything' equal "$(attribute '.mappings | length')" 0

run d import fb --to "device:${EDU#0000:}" --name dyn --json
ok 'dynamic: import' equal "$rc" 0
ok 'dynamic: what it says' equal "$(gojq -r '.mapping | "\(.importer) \(.device) \(.promise) \(.length)"' <<<"$out")" \
	"device $EDU dynamic 16777216"
ok 'dynamic: live, by what' equal "$(mapping dyn '"\(.state) \(.evidence | index("kernel") != null) \(.disagrees)"')" 'live true []'
ok 'dynamic: all of it, through the host bridge' \
	equal "$(mapping dyn '.ranges | "\([.[].length] | add) \([.[].route] | unique)"')" '16777216 ["host-bridge"]'
ok 'dynamic: at the BAR' equal "$(mapping dyn '.ranges[0].physical')" "$(d device "$NVME" --json | gojq -r '.devices[0].bars[] | select(.bar == 2).address')"
ok 'list: the importer' equal "$(d list --json | gojq -r '.dmabufs[] | select(.name == "fb") | "\(.attachments) \(.attached)"')" "1 $EDU"
known=null
! iterates_dmabufs || known=lets-go
ok 'list: what it promised' equal "$(d list --json | gojq -r '.dmabufs[] | select(.name == "fb").promises')" $known
gives 0 'DMA arrives' d verify dyn --from "$EDU"
run d verify dyn --from "$EDU" --keep --json
ok 'DMA: read back by the device and by the processor' \
	equal "$(gojq -r '.verification | "\(.initiator) \(.read_by_dma) \(.read_by_cpu) \(.verdict)"' <<<"$out")" 'importer equal equal passed'
fails 1 "dyn is mapped for $EDU alone" d verify dyn --from "$NVME"
refuses 1 'EBUSY|busy|open' d unbind "$EDU"
gives 0 'unmap' d unmap dyn
ok 'unmap: nothing is attached' equal "$(d list --json | gojq -r '.dmabufs[] | select(.name == "fb").attachments')" 0

# Read-only and write-only.
d import fb --to "device:$EDU" --prot r --name readable >/dev/null
fails 1 'the mapping is read-only' d verify readable --from "$EDU"
d import fb --to "device:$EDU" --prot w --name writable >/dev/null
gives 0 'two attachments of one dma-buf: DMA' d verify writable --from "$EDU"
d unmap readable writable

if links_ranges; then
	gives 0 'two ranges: import' d import pieces --to "device:$EDU" --name pieces0
	ok 'two ranges: all of them' equal "$(mapping pieces0 '[.ranges[].length] | add')" 12288
	gives 0 'two ranges: DMA arrives in the first' d verify pieces0 --from "$EDU"
	d unmap pieces0
elif [ -e /sys/class/iommu/dmar0 ]; then
	refuses 1 'the kernel maps each range of the dma-buf over the one before: pieces has 2' d import pieces --to "device:$EDU"
fi

d import fb --to "device:$EDU" --name dyn >/dev/null
start --json
for trigger in reset flr memory d3hot low-power; do
	gives 0 "$trigger" d revoke "$NVME" --by $trigger
	ok "$trigger: it was told, and let go" equal "$(promise dyn)" 'stale true true'
	fails 5 'the mapping is stale' d verify dyn --from "$EDU"
	refuses 6 'no address for DMA' d verify dyn --from "$EDU" --expect-fault
	gives 0 "$trigger: recover" d recover dyn
	gives 0 "$trigger: DMA arrives again" d verify dyn --from "$EDU"
done
ends INT
ok 'monitor: it let go each time' equal "$(known_kept)" 'true true true true true'

d revoke "$NVME" --by memory --hold >/dev/null
ok 'revoked: so it is called' equal "$(mapping dyn .state)" revoked
refuses 5 'is revoked' d recover dyn
refuses 5 'is revoked' d import fb --to "device:$EDU"
d revoke "$NVME" --by memory >/dev/null
gives 0 'the memory is back: recover' d recover dyn
d unmap dyn

# Whoever takes the memory away waits for those who take their time.
d import fb --to "device:$EDU" --late 0.3 --name late >/dev/null
start --json --until revoked
gives 0 'a late one: reset' d revoke "$NVME" --by reset
ends
ok 'a late one: monitor: it had not let go when it was told' equal "$(known_kept)" false
ok 'a late one: was waited for' equal "$(mapping late '"\(.state) \(.kept) \(.let_go_ns >= 300000000)"')" 'stale true true'
gives 0 'a late one: recover' d recover late
gives 0 'a late one: it is late again' d revoke "$NVME" --by reset
ok 'a late one: was waited for again' equal "$(mapping late '.let_go_ns >= 300000000')" true
d unmap late

# One that never lets go: the exporter waits in the kernel, and says for whom, until it is made to let go.
d import fb --to "device:$EDU" --late never --name never >/dev/null
start --json --until revoked
dmabufctl revoke "$NVME" --by reset >/dev/null 2>"$TEST_DIR/waits" &
revoke=$!
await 60 grep -qs 'waits for' "$TEST_DIR/waits"
ends
ok 'one that never lets go: monitor says so while it is waited for' equal "$(known_kept)" false
ok 'one that never lets go: for whom, and since when' contains "$(<"$TEST_DIR/waits")" \
	"^dmabufctl: the kernel waits for never \\($EDU\\), told to let go [0-9.]+ s ago; \\^C has it let go"
kill -TERM $revoke
run wait $revoke
ok 'one that never lets go: the command ends' contains "$(<"$TEST_DIR/waits")" 'it is unmapped now, as this command is asked to end'
ok 'one that never lets go: nothing is half done' equal "$(attribute '.dmabufs[] | select(.name == "fb").state')" usable
ok 'one that never lets go: it had to let go' equal "$(mapping never '"\(.state) \(.kept)"')" 'stale false'

# A reset through sysfs meanwhile closes config space to user space. The write that turns memory off waits for its
# end, so the reset must not wait for what that holds.
d recover never >/dev/null
dmabufctl revoke "$NVME" --by memory >/dev/null 2>"$TEST_DIR/waits" &
revoke=$!
await 60 grep -qs 'waits for' "$TEST_DIR/waits"
{
	echo 1 >"/sys/bus/pci/devices/$NVME/reset"
	touch "$TEST_DIR/reset"
} &
reset=$!
await 60 eval "[ -e '$TEST_DIR/reset' ] || grep -q vfio_pci /proc/$reset/wchan"
kill -TERM $revoke
wait $revoke
gives 0 'a reset through sysfs, while a revocation waits' wait $reset
ok 'a reset through sysfs, while a revocation waits: both are over' \
	equal "$(attribute '.dmabufs[] | select(.name == "fb").state')" usable
start --json --until revoked
dmabufctl revoke "$NVME" --by memory >/dev/null 2>"$TEST_DIR/waits"
ok 'it has nothing mapped: nobody is waited for' equal "$(<"$TEST_DIR/waits")" ''
ends
ok 'it has nothing mapped: monitor: nobody had anything to let go of' equal "$(gojq -c 'select(.event == "revoked").kept' "$events")" null
d recover never >/dev/null
dmabufctl revoke "$NVME" --by memory >/dev/null 2>"$TEST_DIR/waits" &
revoke=$!
await 60 grep -qs 'waits for' "$TEST_DIR/waits"
kill -KILL $revoke
wait $revoke 2>/dev/null
ok 'killed: what was half done is done by the next' equal "$(attribute '.dmabufs[] | select(.name == "fb").state')" usable
d unmap never

# iommufd and a driver at once.
d bind "$NVME2" >/dev/null
d attach "$NVME2" >/dev/null
d import fb --name map0 >/dev/null
d import fb --to "device:$EDU" --name dyn >/dev/null
start --json
gives 0 'beside iommufd: reset' d revoke "$NVME" --by reset
ends INT
ok 'beside iommufd: monitor: both let go' equal "$(gojq -c 'select(.event == "revoked" and .kept != null) | [.ioas != null, .kept]' "$events" | sort | xargs)" \
	'[false,true] [true,true]'
ok 'beside iommufd: both have let go' equal "$(attribute '[.mappings[].state] | join(" ")')" 'stale stale'
gives 0 'recover: of both kinds' d recover fb
gives 0 'beside iommufd: DMA arrives again' d verify map0 --from "$NVME2"
gives 0 'beside iommufd: and from the driver' d verify dyn --from "$EDU"

# The driver is taken away while it has the dma-buf mapped.
echo "$EDU" >/sys/bus/pci/drivers/$DRIVER/unbind
ok 'the driver is gone: so is the mapping' equal "$(mapping dyn .state)" stale
ok 'the driver is gone: nothing is attached of it' equal "$(d list --json | gojq -r '.dmabufs[] | select(.name == "fb").attachments')" 1
gives 0 'the driver is gone: unmap' d unmap dyn
gives 0 'the driver comes back' d bind --driver $DRIVER "$EDU"
gives 0 'the driver comes back: import' d import fb --to "device:$EDU" --name dyn
gives 0 'the driver comes back: DMA' d verify dyn --from "$EDU"

# All are released.
gives 0 'release' d release --all
ok 'release: nothing is left' equal "$(d list --json | gojq '.dmabufs | length')" 0
d unbind "$EDU" >/dev/null
ok 'unbind: it has no driver again' equal "$(driver_of "$EDU")" none
nothing_leaks
rmmod $DRIVER

# Without memory for the IOMMU's page tables. The addresses for DMA, here enough for less than 4 BARs, are given back.
if modprobe $DRIVER edu_dma_bits=26 fail_links=5 2>/dev/null; then
	d bind --driver $DRIVER "$EDU" >/dev/null
	d export "$NVME" 2 --name fb >/dev/null
	for _ in {1..5}; do
		d import fb --to "device:$EDU" 2>&1 | grep -o ENOMEM
	done >"$TEST_DIR/failures"
	if closes_the_hole || ! is_mainline; then
		ok 'no range can be linked: ENOMEM each time' equal "$(uniq -c "$TEST_DIR/failures" | xargs)" '5 ENOMEM'
		gives 0 'no range could be linked: the next is' d import fb --to "device:$EDU" --name dyn
		gives 0 'no range could be linked: DMA arrives' d verify dyn --from "$EDU"
	else
		fails 1 'ENOMEM' d import fb --to "device:$EDU"
		ok 'no address is left: it does not come to a link' test "$(cat /sys/module/dmabufctl_importer/parameters/fail_links)" -gt 0
	fi
	d release --all
	d unbind "$EDU" >/dev/null
	rmmod $DRIVER
	# Mainline's are lost for as long as the device has this domain. Later tests want some.
	domain=/sys/bus/pci/devices/$EDU/iommu_group/type was=$(<"$domain")
	ok 'the device has another domain' eval "echo identity >$domain && echo $was >$domain"
else
	skip 'no range can be linked' 'this kernel has no dma_iova_link()'
fi

# A kernel that has it no more.
d export "$NVME" 2 --name fb >/dev/null
mv "/lib/modules/$(uname -r)" /lib/modules/away
fails 3 'the driver dmabufctl-importer is neither built in nor among the modules' d import fb --to "device:$EDU"
fails 3 'is neither built in nor among the modules: dmabufctl-importer' d bind --driver $DRIVER "$EDU"
mv /lib/modules/away "/lib/modules/$(uname -r)"
ok 'without the module: nothing is left' equal "$(attribute '.mappings | length') $(driver_of "$EDU")" '0 none'
d release --all
leave_nothing
done_testing
