# The lab's machine: QEMU's arguments, and a boot with limits. Sourced, never run.
# shellcheck shell=bash disable=SC2054,SC2034 # commas are QEMU's; lab/run uses the variables

# The hardware. Slots are given so that every BDF is the same in each boot.
#   00:03.0 edu           a DMA engine
#   00:04.0 ivshmem       a BAR that is plain RAM; no reset of any kind
MACHINE_DEVICES=(
	-device edu,addr=03.0,dma_mask=0xffffffffffff
	-object memory-backend-ram,id=shared,size=4M,share=on
	-device ivshmem-plain,memdev=shared,addr=04.0
)

# And behind ports:
#   01:00.0 02:00.0 nvme  BAR 2 is a 16 MiB controller memory buffer; behind root ports
#   03:00.0 03:00.1       one device with two functions
#   06:00.0 07:00.0 nvme  under one PCIe switch, whose ports have no ACS
#   0a:00.0 0b:00.0 nvme  under one whose ports have it: QEMU's root ports, in that place
MACHINE_PORTS=(
	-device pcie-root-port,id=port1,bus=pcie.0,chassis=1,addr=10.0
	-device nvme,bus=port1,serial=lab1,cmb_size_mb=16
	-device pcie-root-port,id=port2,bus=pcie.0,chassis=2,addr=11.0
	-device nvme,bus=port2,serial=lab2,cmb_size_mb=16
	-device pcie-root-port,id=port3,bus=pcie.0,chassis=3,addr=12.0
	-device nvme,bus=port3,addr=0.0,multifunction=on,serial=lab3,cmb_size_mb=16
	-device nvme,bus=port3,addr=0.1,serial=lab4,cmb_size_mb=16
	-device pcie-root-port,id=port4,bus=pcie.0,chassis=4,addr=13.0
	-device x3130-upstream,id=switch,bus=port4
	-device xio3130-downstream,id=down1,bus=switch,chassis=5,slot=0
	-device nvme,bus=down1,serial=lab5,cmb_size_mb=16
	-device xio3130-downstream,id=down2,bus=switch,chassis=6,slot=1
	-device nvme,bus=down2,serial=lab6,cmb_size_mb=16
	-device pcie-root-port,id=port5,bus=pcie.0,chassis=7,addr=14.0
	-device x3130-upstream,id=acs-switch,bus=port5
	-device pcie-root-port,id=down3,bus=acs-switch,chassis=8,slot=0
	-device nvme,bus=down3,serial=lab7,cmb_size_mb=16
	-device pcie-root-port,id=down4,bus=acs-switch,chassis=9,slot=1
	-device nvme,bus=down4,serial=lab8,cmb_size_mb=16
)

# Or else on the root bus: QEMU's AMD-Vi, as of 7.2, translates for no other.
MACHINE_ROOT_BUS=(
	-device nvme,addr=05.0,serial=lab1,cmb_size_mb=16
	-device nvme,addr=06.0,serial=lab2,cmb_size_mb=16
)

# iommu_arguments KIND [VERSION] - sets IOMMU_DEVICE (for QEMU), IOMMU_PARAMETERS (for the kernel of that
# version) and the rest of the hardware, MACHINE_NVME.
iommu_arguments() {
	local unsafe=iommufd.allow_unsafe_interrupts=1
	MACHINE_NVME=("${MACHINE_PORTS[@]}")
	case $1 in
	intel)
		IOMMU_DEVICE=(-device intel-iommu,intremap=on,aw-bits=48)
		IOMMU_PARAMETERS=intel_iommu=on
		;;
	intel-noremap)
		IOMMU_DEVICE=(-device intel-iommu,intremap=off,aw-bits=48)
		IOMMU_PARAMETERS=intel_iommu=on
		;;
	amd)
		MACHINE_NVME=("${MACHINE_ROOT_BUS[@]}")
		IOMMU_DEVICE=(-device amd-iommu,intremap=on)
		IOMMU_PARAMETERS=
		# Since 7.3 Linux remaps interrupts only where an ISA bridge or an SMBus controller is at the
		# I/O APIC's requester ID (check_sb_ioapic() in drivers/iommu/amd/init.c). QEMU has no device
		# there, and none that would do.
		! is_at_least "${2:-}" 7.3 || IOMMU_PARAMETERS=$unsafe
		;;
	virtio)
		IOMMU_DEVICE=(-device virtio-iommu-pci,addr=01.0)
		IOMMU_PARAMETERS=$unsafe
		;;
	none)
		IOMMU_DEVICE=()
		IOMMU_PARAMETERS=
		;;
	*) die "no IOMMU '$1': use intel, intel-noremap, amd, virtio or none" ;;
	esac
}

# kvm_boots KERNEL - /dev/kvm can be there, even create a machine, and still not run one.
kvm_boots() {
	[ -r /dev/kvm ] && [ -w /dev/kvm ] &&
		timeout 5 qemu-system-x86_64 -accel kvm -M q35,kernel-irqchip=split -m 256 -nodefaults \
			-nographic -no-reboot -serial stdio -kernel "$1/bzImage" \
			-append 'console=ttyS0 panic=-1' </dev/null 2>/dev/null | grep -q 'Kernel panic'
}

# kvm_works KERNEL - the trial's result, which holds until the host reboots.
kvm_works() {
	local memo
	memo=$LAB_CACHE/kvm-$(cat /proc/sys/kernel/random/boot_id)
	if [ ! -s "$memo" ]; then
		rm -f "$LAB_CACHE"/kvm-*
		{ kvm_boots "$1" && echo yes || echo no; } >"$memo"
	fi
	grep -q yes "$memo"
}

# machine_arguments KERNEL RUN-DIRECTORY IOMMU CPUS KERNEL-PARAMETERS - sets MACHINE.
machine_arguments() {
	local kernel=$1 run=$2 accel cpu=max emulated=''
	iommu_arguments "$3" "$(cat "$kernel/version" 2>/dev/null)"
	if kvm_works "$kernel"; then
		accel=(-accel kvm -M q35,kernel-irqchip=split)
	else
		# One thread for all processors: with one each, a processor that moves a BAR while another
		# accesses one ends QEMU in an assertion (seen with 7.2 and 10.0).
		accel=(-accel tcg,thread=single -M q35)
		# On a busy host its timer may tick too late for the kernel's check, which panics then. And
		# QEMU keeps what it translated by the address it ran at: with the same addresses in each
		# process the tests take half the time.
		emulated='no_timer_check norandmaps'
		# A Zen processor: of other AMDs, and of QEMU's host bridge, Linux does not know that
		# they route peer traffic (drivers/pci/p2pdma.c).
		cpu=max,vendor=AuthenticAMD,family=23
	fi
	MACHINE=(
		qemu-system-x86_64 "${accel[@]}" -cpu "$cpu"
		-smp "$4" -m 2G -nodefaults -nographic -no-reboot
		"${IOMMU_DEVICE[@]}"
		-chardev file,id=console,path="$run/console" -serial chardev:console
		-fsdev local,id=root,path=/,security_model=none,readonly=on,multidevs=remap
		-device virtio-9p-pci,fsdev=root,mount_tag=root,addr=1c.0
		-fsdev local,id=lab,path="$run/share",security_model=none
		-device virtio-9p-pci,fsdev=lab,mount_tag=lab,addr=1d.0
		-device virtio-serial-pci,addr=1e.0
		"${MACHINE_DEVICES[@]}" "${MACHINE_NVME[@]}"
		-kernel "$kernel/bzImage"
		-append "console=ttyS0 panic=-1 oops=panic sysctl.kernel.hung_task_panic=1 root=root rootfstype=9p \
rootflags=trans=virtio,ro,version=9p2000.L,msize=512000,cache=loose \
init=\"$LAB_TOP/lab/lib/init\" $emulated $IOMMU_PARAMETERS $5"
	)
	# Slots that ACPI handles have no link that is up. The monitor is at one end of a socket, a port
	# of the machine at the other.
	MACHINE_NATIVE=(
		-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off
		-chardev socket,id=monitor,path="$run/monitor",server=on,wait=off -mon chardev=monitor,mode=readline
		-chardev socket,id=port,path="$run/monitor" -device virtserialport,chardev=port,name=monitor
	)
}

# new_run - sets RUN to a directory that the machine shares, gone when this shell ends.
new_run() {
	RUN=''
	trap end_run EXIT
	RUN=$(mktemp -d "${TMPDIR:-/tmp}/dmabufctl-lab.XXXXXX") || die "no room for a temporary directory"
	mkdir "$RUN/share"
}

end_run() {
	[ -n "${MACHINE_PID:-}" ] && kill -KILL "$MACHINE_PID" 2>/dev/null
	# shellcheck disable=SC2086 # two process IDs
	[ -n "${TAIL_PIDS:-}" ] && kill $TAIL_PIDS 2>/dev/null
	[ -n "${TERMINAL:-}" ] && stty "$TERMINAL"
	rm -rf "$RUN"
}

# describe_command KERNEL MODULES CMD... - what the guest's init reads.
describe_command() {
	local share=$RUN/share
	printf '%s\n' "$2" >"$share/modules"
	printf '%s\0' "${@:3}" >"$share/command"
	pwd -P >"$share/directory"
	env -0 PATH="$(build_dir):/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
		HOME=/root LAB_KERNEL="$1" LAB_SELFTESTS="$SELFTESTS" LAB_BUILD="$(build_dir)" LAB_TOP="$LAB_TOP" \
		TEST_JSON="${TEST_JSON:+/run/json}" >"$share/environment"
	: >"$share/out"
	: >"$share/err"
	# One destination for both keeps their order.
	[ /proc/self/fd/1 -ef /proc/self/fd/2 ] && : >"$share/merge"
	return 0
}

console_tail() {
	say "the console's last lines:"
	tail -n 40 "$RUN/console" | sed 's/^/lab: | /' >&2
}

# await_machine BOOT-LIMIT LIMIT - seconds: until the guest reaches the command, and then for it.
await_machine() {
	local ready='' start=$SECONDS limit=$1 late="the machine did not boot within $1 s"
	while kill -0 "$MACHINE_PID" 2>/dev/null; do
		if [ -z "$ready" ] && [ -e "$RUN/share/ready" ]; then
			ready=yes start=$SECONDS limit=$2 late="the command did not end within $2 s (--timeout)"
		elif [ $((SECONDS - start)) -ge "$limit" ]; then
			say "$late"
			console_tail
			exit 124
		fi
		sleep 0.1
	done
	wait "$MACHINE_PID"
	MACHINE_PID=
}
