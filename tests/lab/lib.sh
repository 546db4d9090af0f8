# For tests that run in the lab. The first lines of a test file may name machines:
#   # lab: OPTIONS-OF-LAB/RUN     (once for each machine; default: one without options)
#   # kernels: all                (on each kernel, not on the first alone: what the kernel does)
# shellcheck shell=bash disable=SC2034,SC2012 # tests use the names; the directories hold BDFs
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# Exporters: BAR 2 is 16 MiB. On the root bus with --iommu amd.
if [ -e /sys/bus/pci/devices/0000:00:05.0 ]; then
	NVME=0000:00:05.0 NVME2=0000:00:06.0
else
	NVME=0000:01:00.0 NVME2=0000:02:00.0
fi
EDU=0000:00:03.0    # an importer
RAM=0000:00:04.0    # an exporter without any reset
IOVA=0x10000000

# For programs in Python that use the tool.
PYTHONPATH=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../contrib/python" && pwd)
export PYTHONPATH PYTHONDONTWRITEBYTECODE=1

# Descriptor 8 is what keeps a fixture (hold): nobody else may have it.
d() { kept dmabufctl "$@" 8>&-; }
# without_bpf COMMAND... - as root who may not load programs in BPF.
without_bpf() { setpriv --bounding-set=-sys_admin,-bpf,-perfmon -- "$@" 8>&- 9>&-; }

# cdev BDF - its VFIO node.
cdev() { echo "/dev/vfio/devices/$(ls "/sys/bus/pci/devices/$1/vfio-dev")"; }

# hold PROGRAM ARGUMENT... - a fixture that holds until let_go; its words in $held.
hold() {
	[ -p "$TEST_DIR/hold" ] || mkfifo "$TEST_DIR/hold"
	: >"$TEST_DIR/held"
	"$LAB_BUILD/tests/lab/$1" "${@:2}" <"$TEST_DIR/hold" >"$TEST_DIR/held" 8>&- &
	fixture=$!
	exec 8>"$TEST_DIR/hold"
	await 30 grep -q . "$TEST_DIR/held"
	read -r -a held <"$TEST_DIR/held"
}
let_go() {
	exec 8>&-
	wait "$fixture"
}

# vmm COMMAND... - one more line for the program that is coproc VMM (vmm.c), and its answer in $answer.
vmm() {
	echo "$*" >&"${VMM[1]}"
	read -r answer <&"${VMM[0]}"
}
# made KEY - of that answer.
made() { gojq -r ".$1" <<<"$answer"; }
vmm_ends() {
	local input=${VMM[1]} pid=$VMM_PID
	exec {input}>&-
	wait "$pid"
}

# rescan BDF - its bus, on which it was.
rescan() { echo 1 >"/sys/class/pci_bus/${1%:*}/rescan"; }

is_amd() { compgen -G '/sys/class/iommu/ivhd*' >/dev/null; }

# Whether Linux is told of what the IOMMU refuses. QEMU 7.2's AMD-Vi raises no interrupt for it.
faults_are_told() { ! is_amd; }

# Whether Linux remaps interrupts: by virtio-iommu it never does, by QEMU's AMD-Vi it does no more from 7.3 on.
remaps_interrupts() {
	! is_virtio && { ! is_amd || [[ $(printf '%s\n' 7.3 "$(uname -r)" | sort -V | head -n 1) != 7.3 ]]; }
}

# The attributes of `status --json` by a gojq expression.
attribute() { d status --json | gojq -r "$1"; }

# processes REGEX - the PIDs of those whose command line matches, as pgrep -f; but that reads more of each process, and
# takes five times as long.
processes() {
	local process words
	for process in /proc/[1-9]*; do
		words=()
		mapfile -d '' -t words <"$process/cmdline"
		[[ ! ${words[*]} =~ $1 ]] || echo "${process#/proc/}"
	done 2>/dev/null
}

# acs PORT [VALUE] - the control register of its ACS, in hexadecimal: reads it, or sets it.
acs() { setpci -s "$1" "ECAP_ACS+6.w${2:+=$2}"; }

# main_setup - an exporter and an importer, a dma-buf "fb", live as map0 at $IOVA.
main_setup() {
	d bind "$NVME" "$EDU" >/dev/null &&
		d export "$NVME" 2 --name fb >/dev/null &&
		d attach "$EDU" >/dev/null &&
		d import fb --iova "$IOVA" >/dev/null
}

# bar_page BDF BAR PAGE... - a checksum of these pages of 4 KiB in a BAR, seen past everything under test.
bar_page() {
	local bdf=$1 bar=$2 page
	shift 2
	for page; do
		"$LAB_BUILD/tests/lab/bar" read "/sys/bus/pci/devices/$bdf/resource$bar" $((page * 4096)) 4096 || return
	done | sha256sum
}

# bar_fill BDF BAR PAGE BYTE
bar_fill() { "$LAB_BUILD/tests/lab/bar" fill "/sys/bus/pci/devices/$1/resource$2" $(($3 * 4096)) 4096 "$4"; }

# leave_nothing - gives everything back and checks that nothing is left.
leave_nothing() {
	local bound
	d release --all
	bound=$(cd /run/dmabufctl 2>/dev/null && ls -- *.driver 2>/dev/null | sed 's/\.driver$//')
	# shellcheck disable=SC2086 # a list of BDFs
	[ -z "$bound" ] || d unbind $bound >/dev/null
	ok 'nothing left: no holder' equal "$(processes dmabufctl-holder)" ''
	ok 'nothing left: no trace instance' equal "$(ls /sys/kernel/tracing/instances 2>/dev/null)" ''
	ok 'nothing left: no file' equal "$(ls /run/dmabufctl 2>/dev/null)" ''
	ok 'nothing left: no VFIO node' equal "$(ls /dev/vfio/devices 2>/dev/null)" ''
	ok 'nothing left: the drivers are back' equal "$(driver_of "$NVME") $(driver_of "$EDU")" 'nvme none'
}

uptime() { cut -d . -f 1 /proc/uptime; }
is_uptime() { [ "$(uptime)" -ge "$1" ]; }

# leaks KNOWN - of what kmemleak tells, the objects that concern us. One that the function KNOWN has allocated is left
# out: mainline loses a table for each map through the DMA API (kernel/linux-7.x/0001).
leaks() {
	awk -v known="${1:-none}" '
		function put() {
			if (object ~ /iopt|iommufd|vfio|dma_buf|importer/ && object !~ known) printf "%s", object
			object = ""
		}
		/^unreferenced object/ { put() }
		{ object = object $0 "\n" }
		END { put() }'
}

# nothing_leaks - what a debug kernel says of its own: no memory is lost, and lockdep has not given up. Before a module that
# is to be watched is gone: it could not be named.
nothing_leaks() {
	if [ -e /sys/kernel/debug/kmemleak ]; then
		# A scan takes what was freed a moment ago for leaked, hence the second. What is younger than 5 s it
		# leaves out (mm/kmemleak.c, MSECS_MIN_AGE).
		for _ in 1 2; do
			await 60 is_uptime $(($(uptime) + 6))
			echo scan >/sys/kernel/debug/kmemleak
		done
		ok 'no leak' equal "$(leaks "$(closes_the_hole || echo dma_buf_phys_vec_to_sgt)" </sys/kernel/debug/kmemleak)" ''
	fi
	[ ! -e /proc/lockdep_stats ] || ok 'lockdep was watching to the end' \
		equal "$(awk '$1 == "debug_locks:" { print $2 }' /proc/lockdep_stats)" 1
}

done_testing() {
	ok 'no complaint in the kernel log' equal "$(dmesg | grep -E 'WARNING:|BUG:|Oops:|stall(s|ed) |blocked for more')" ''
	echo "1..$TEST_COUNT"
}

# Whether it is mainline's kernel, as it is or patched, and not 6.12.
is_mainline() { [[ $(uname -r) != 6.* ]]; }

# What a page table holds of a mapping that is to be written only: Intel's driver in 6.12 lets it be read, too
# (__domain_mapping() in drivers/iommu/intel/iommu.c).
write_only() { is_mainline && echo w || echo rw; }

# Whether the IOMMU is virtio's, which translates all 64 bits of an address.
is_virtio() { compgen -G '/sys/bus/virtio/drivers/virtio_iommu/virtio*' >/dev/null; }

# Whether this kernel revokes for resets that go past VFIO; mainline does not.
closes_the_hole() { grep -q ' vfio_pci_core_reset_prepare' /proc/kallsyms; }

# Whether the kernel lets programs in BPF go through its dma-bufs; 6.12 does not.
iterates_dmabufs() { grep -q ' bpf_iter_dmabuf_new' /proc/kallsyms; }

# Whether VFIO tells in fdinfo of a dma-buf what it is; mainline does not.
tells_in_fdinfo() { grep -q ' vfio_pci_dma_buf_show_fdinfo' /proc/kallsyms; }

driver_of() (
	cd -P "/sys/bus/pci/devices/$1/driver" 2>/dev/null && echo "${PWD##*/}" || echo none
)
