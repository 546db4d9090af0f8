#!/bin/bash
# Each row of doctor, with what it is about taken away and given back; and the devices' rows.
. "$(dirname "$0")/lib.sh"

nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"; }
# rows FILTER - check, result, required; remedies exactly where they are needed.
rows() { gojq -r ".checks[] | select(.check != \"KVM importer\" and ($1)) | \"\(.check) \(.result) \(if .required then \"required\" else \"evidence\" end)\"" <<<"$out"; }
result() { gojq -r ".checks[] | select(.check == \"$1\").result" <<<"$out"; }
detail() { gojq -r ".checks[] | select(.check == \"$1\").detail" <<<"$out"; }
doctor() { run d doctor --json "$@"; }
remedies() {
	ok "$1: a remedy where one is needed, and nowhere else" \
		equal "$(gojq -c '[.checks[] | select((.result == "ok") != (.remedy == null)).check]' <<<"$out")" '[]'
	ok "$1: each has a detail" equal "$(gojq -c '[.checks[] | select(.detail == null).check]' <<<"$out")" '[]'
}

modprobe -r vfio-pci # a test before this one may have had it loaded
doctor
ok 'a machine that can: exit status 0' equal "$rc" 0
ok 'a machine that can: each row' equal "$(rows true)" "\
kernel ok required
IOMMU ok required
interrupt remapping ok required
iommufd ok required
iommufd import ok required
vfio-pci ok required
VFIO device nodes ok required
VFIO dma-buf export ok required
tracefs ok evidence
page tables ok evidence
kernel records ok evidence
device importer ok evidence
RDMA importer ok evidence"
ok 'a machine that can: but no kernel has this one' equal "$(result 'KVM importer'): $(detail 'KVM importer')" \
	"missing: no released kernel's KVM imports dma-bufs"
remedies 'a machine that can'
ok 'the kernel by its release' equal "$(detail kernel)" "$(uname -r)"
all=$(find /sys/bus/pci/devices -type l | wc -l)
ok 'devices in groups are counted' contains "$(detail IOMMU)" "^$(find /sys/bus/pci/devices/*/iommu_group -maxdepth 0 | wc -l) of $all "
ok 'not loaded yet' contains "$(detail vfio-pci)" 'not loaded'
ok 'looking has loaded nothing' [ ! -d /sys/module/vfio_pci ]

# Without evidence it still works; without the rest it does not.
umount /sys/kernel/tracing
doctor
ok 'without tracefs: exit status 0' equal "$rc" 0
ok 'without tracefs: that alone is missing' equal "$(rows '.result != "ok"')" 'tracefs missing evidence'
remedies 'without tracefs'
ok 'without tracefs: nothing was mounted' not mountpoint -q /sys/kernel/tracing
mount -t tracefs tracefs /sys/kernel/tracing
umount /sys/kernel/debug
doctor
ok 'without debugfs: exit status 0' equal "$rc" 0
ok 'without debugfs: that alone is missing' equal "$(rows '.result != "ok"')" 'page tables missing evidence'
remedies 'without debugfs'
mount -t debugfs debugfs /sys/kernel/debug
mv /dev/iommu /dev/iommu.away
doctor
ok 'without /dev/iommu: exit status 3' equal "$rc" 3
ok 'without /dev/iommu: missing, and what hangs on it unknown' equal "$(rows '.result != "ok"')" "\
iommufd missing required
iommufd import unknown required"
remedies 'without /dev/iommu'
mv /dev/iommu.away /dev/iommu
mv "/lib/modules/$(uname -r)" /lib/modules/away
doctor
ok 'without the module: exit status 3' equal "$rc" 3
ok 'without the modules: missing' equal "$(result vfio-pci) $(result 'device importer')" 'missing missing'
ok 'without the module: nor what it brings' contains "$(result 'VFIO dma-buf export')" '^(missing|unknown)$'
remedies 'without the module'
mv /lib/modules/away "/lib/modules/$(uname -r)"

# A module that does not describe its types.
modprobe vfio-pci-core
rmmod vfio-pci-core
objcopy --remove-section='.BTF*' "$(modinfo -n vfio-pci-core)" "$TEST_DIR/vfio-pci-core.ko"
insmod "$TEST_DIR/vfio-pci-core.ko"
doctor
ok "without the module's BTF: exit status 0" equal "$rc" 0
ok "without the module's BTF: that alone is missing" equal "$(rows '.result != "ok"')" 'kernel records missing evidence'
ok "without the module's BTF: what is missing" contains "$(detail 'kernel records')" 'a module of VFIO or iommufd has no BTF'
run d list --json
sources='bpf iommufd'
iterates_dmabufs || sources='bpf debugfs iommufd'
ok "without the module's BTF: list says so, too" \
	contains "$(gojq -r '.sources | "\(.used | join(" ")): \(.lacking)"' <<<"$out")" "^$sources"': .*: a module of VFIO or iommufd has no BTF'
rmmod vfio-pci-core
run d list --json
ok 'not loaded: it has nothing on record, so nothing is lacking' equal "$(gojq .sources.lacking <<<"$out")" null

modprobe vfio-pci # the lab's modules are in root's own directory
run nobody dmabufctl doctor --json
ok 'an ordinary user: exit status 4' equal "$rc" 4
ok 'an ordinary user: what is forbidden counts as missing' equal "$(rows '.result == "missing"')" "\
iommufd missing required
tracefs missing evidence
page tables missing evidence
kernel records missing evidence
device importer missing evidence"
remedies 'an ordinary user'
chmod 666 /dev/iommu
chmod 600 /dev/udmabuf
run nobody dmabufctl doctor --json
ok 'with the right to it: exit status 0' equal "$rc" 0
ok 'with the right to it: ok' equal "$(result iommufd)" ok
ok 'with the right to it alone: whether imports work is unknown' equal \
	"$(gojq -r '.checks[] | select(.check == "iommufd import") | .result, .detail, .remedy' <<<"$out")" "\
unknown
IOMMU_IOAS_MAP_FILE is there; no permission to open /dev/udmabuf, to try it with a dma-buf
run as root, or give yourself /dev/udmabuf"
chmod 666 /dev/udmabuf
run nobody dmabufctl doctor --json
ok 'with the right to both: imports work' equal "$rc $(result 'iommufd import')" '0 ok'
chmod 600 /dev/udmabuf

# Devices: each by itself.
chmod 600 /dev/iommu
of() { gojq -r ".checks[] | select(.check | startswith(\"$1 \")) | \"\(.check | ltrimstr(\"$1 \")) \(.result) \(.required)\"" <<<"$out"; }
doctor 01:00.0 00:1f.0 00:1f.3 $RAM
ok 'not bound: exit status 3' equal "$rc" 3
ok 'not bound: the driver is missing' contains "$(of $NVME)" '^driver missing true$'
ok 'not bound: which it has' equal "$(detail "$NVME driver")" nvme
ok 'not bound: what to run' contains "$(gojq -r ".checks[] | select(.check == \"$NVME driver\").remedy" <<<"$out")" "dmabufctl bind $NVME"
ok 'no driver at all' equal "$(detail "$RAM driver")" none
ok 'BARs that can be exported are counted' \
	equal "$(for bdf in $NVME 0000:00:1f.0 0000:00:1f.3 $RAM; do echo "$(result "$bdf BARs") $(detail "$bdf BARs" | cut -d ' ' -f 1)"; done)" \
	$'ok 2\nmissing 0\nmissing 0\nok 1'
remedies 'not bound'
d bind $NVME $RAM $EDU >/dev/null
doctor $NVME $RAM $EDU
ok 'bound: exit status 0' equal "$rc" 0
ok 'bound: nothing is missing' equal "$(rows '.result != "ok"')" ''
ok 'bound: the module is there' equal "$(detail vfio-pci)" there
ok 'bound: driver and node' equal "$(detail "$NVME driver")" "vfio-pci, /dev/vfio/devices/$(ls /sys/bus/pci/devices/$NVME/vfio-dev)"
ok 'bound: nobody has it' contains "$(detail "$NVME free")" 'nobody'
doctor 00:1f.3
ok 'bound, and another that has nothing: exit status 3' equal "$rc" 3
d export $NVME 2 >/dev/null
holder=$(processes dmabufctl-holder)
hold foreign "/dev/vfio/devices/$(ls /sys/bus/pci/devices/$RAM/vfio-dev)" 2 0x1000
doctor $NVME $RAM $EDU
ok 'open: no failure' equal "$rc" 0
ok 'open: in which context' contains "$(detail "$NVME free")" "context default \\(PID $holder\\)"
ok 'open: in which process' contains "$(detail "$RAM free")" "foreign \\(PID $fixture\\)"
ok 'open: the third is not' contains "$(detail "$EDU free")" 'nobody'
let_go
chmod 666 /dev/iommu "/dev/vfio/devices/$(ls /sys/bus/pci/devices/$NVME/vfio-dev)"
run nobody dmabufctl doctor --json $NVME
ok 'a node for everybody: exit status 0' equal "$rc" 0
ok 'a node for everybody: ok' equal "$(result "$NVME node")" ok
run nobody dmabufctl doctor --json $NVME $EDU
ok 'a node that is forbidden: exit status 4' equal "$rc" 4
ok 'a node that is forbidden: that one' equal "$(result "$NVME node") $(result "$EDU node")" 'ok missing'
remedies 'a node that is forbidden'
run nobody dmabufctl doctor --json $EDU 00:1f.0
ok 'forbidden, and missing besides: exit status 3' equal "$rc" 3
chmod 600 /dev/iommu
fails 2 'not a PCI address' d doctor zz
run d doctor $NVME 99:00.0 --json
ok 'a device that is not there: exit status 1' equal "$rc" 1
ok 'a device that is not there: the machine was looked at' equal "$(gojq '[.checks[].check] | index("kernel")' <<<"$out")" 0

# For people: the same rows; -v says which are required.
run d doctor
ok 'a table of them' equal "$(head -n 2 <<<"$out" | tr -s ' ')" "\
CHECK RESULT DETAIL REMEDY
kernel ok $(uname -r) -"
ok '-v: which are required' contains "$(d doctor -v | tr -s ' ')" '^tracefs ok .* false$'

# What is revealed by what the kernel offers, not by its version.
echo N >/sys/module/iommufd/parameters/allow_unsafe_interrupts
doctor
ok 'remapped interrupts need no permission' equal "$(result 'interrupt remapping')" ok

leave_nothing
done_testing
