# What the kernel says, past dmabufctl; sourced by tests, after lib.sh.
# shellcheck shell=bash

# translations BDF - what the device's IOMMU page table holds, "IOVA+LENGTH->ADDRESS RIGHTS" a line,
# of neighbours that follow each other one (Intel's; drivers/iommu/intel/debugfs.c).
translations() {
	perl -e '
		my ($iova, $length, $phys, $rights) = (0, 0, 0, "");
		sub put { printf "0x%x+0x%x->0x%x %s\n", $iova, $length, $phys, $rights if $length }
		while (<>) {
			next unless /^0x[0-9a-f]+ \|/;
			my ($pfn, @entry) = /0x([0-9a-f]+)/g;
			my $size = 1 << (12 + 9 * (5 - @entry));
			my $leaf = hex $entry[-1];
			my $to = $leaf & 0xffffffffff000 & ~($size - 1);
			my $may = ($leaf & 1 ? "r" : "") . ($leaf & 2 ? "w" : "");
			my $at = hex($pfn) << 12;
			if ($length && $at == $iova + $length && $to == $phys + $length && $may eq $rights) {
				$length += $size;
				next;
			}
			put;
			($iova, $length, $phys, $rights) = ($at, $size, $to, $may);
		}
		put;' "/sys/kernel/debug/iommu/intel/$1/domain_translation_struct"
}

# leaf BDF IOVA - what the device's page table (Intel's) has of that page of 4 KiB, "ADDRESS RIGHTS"; or "none".
leaf() {
	local pte rights=(- r w rw)
	pte=$(awk -v pfn="$(printf '0x%013x' $(($2 >> 12)))" '$1 == pfn { print $NF }' \
		"/sys/kernel/debug/iommu/intel/$1/domain_translation_struct")
	[ -n "$pte" ] && printf '0x%x %s' $((pte & 0xffffffffff000)) "${rights[pte & 3]}" || echo none
}

# bar BDF BAR [OFFSET] - the address of a byte of it, in hexadecimal.
bar() {
	local start
	start=$(sed -n "$(($2 + 1))s/ .*//p" "/sys/bus/pci/devices/$1/resource")
	printf '0x%x' $((start + ${3:-0}))
}

# holder CONTEXT - the PID of its holder: who has the socket's name on its command line. Looked for once,
# when HOLDER has that of the default context.
holder() {
	if [ "$1" = default ] && [ -e "/proc/${HOLDER:-none}" ]; then
		echo "$HOLDER"
	else
		processes "^[^ ]*dmabufctl-holder /run/dmabufctl/$1[.]socket$"
	fi
}

# peek COMMAND... - of the default context's holder; see peek.c.
peek() { "$LAB_BUILD/tests/lab/peek" "$(holder default)" "$@"; }

# fds_of NAME - the holder's fds of the dma-buf that the kernel knows by this name.
fds_of() { find "/proc/$(holder default)/fd" -lname "/dmabuf:$1" -printf '%f\n' | sort -n; }

# command_register BDF - as the hardware has it, in hexadecimal.
command_register() { od -An -tx2 -j 4 -N 2 "/sys/bus/pci/devices/$1/config" | tr -d ' '; }

# dmabufs - how many there are on the system.
dmabufs() { grep -c 'vfio_pci_core' /sys/kernel/debug/dma_buf/bufinfo; }

# adopt PROGRAM - the checks of one of the kernel's own tests become checks here.
adopt() {
	local program=$1 line name
	if [ ! -x "$LAB_SELFTESTS/$program" ]; then
		skip "$program" 'it does not build out of this source'
		return
	fi
	"$LAB_SELFTESTS/$program" >"$TEST_DIR/$program" 2>&1
	while IFS= read -r line; do
		[[ $line =~ ok\ [0-9]+\ (.*) ]]
		name=${BASH_REMATCH[1]}
		case $line in
		'ok '*'# SKIP '*) skip "$program: ${name% # SKIP*}" "${line#*# SKIP }" ;;
		'ok '*) ok "$program: $name" true ;;
		'not ok '*.vfio_type1*_iommu*) skip "$program: $name" 'VFIO containers, which this kernel does not have' ;;
		'not ok '*)
			ok "$program: $name" false
			grep -B 20 -F "$line" "$TEST_DIR/$program" | grep '^#' | tail -n 5 | sed 's/^/# /'
			;;
		esac
	done < <(grep -E '^(not )?ok [0-9]+ ' "$TEST_DIR/$program")
	ok "$program: it kept to its plan" equal "$(grep -cE '^(not )?ok [0-9]+ ' "$TEST_DIR/$program")" \
		"$(sed -nE 's/^1\.\.([0-9]+)$/\1/p' "$TEST_DIR/$program")"
}
