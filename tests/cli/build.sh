#!/bin/bash
# The build's defences are in what was built, and fault injection only where it was asked for.
. "$(dirname "$0")/../lib.sh"

top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(dirname "$(command -v dmabufctl)")
makefile_says() { sed -n "s/^$1 = *//p" "$build/Makefile"; }
elf() { readelf --wide "$@" 2>&1; }

programs="dmabufctl dmabufctl-holder bench/floor tests/lab/buffers tests/lab/foreign tests/lab/stress"
if [ -z "$(makefile_says HARDENING_CFLAGS)" ]; then
	skip 'the defences' 'this build was configured without'
	programs=''
fi
for program in $programs; do
	file=$build/$program
	ok "$program: at any address" contains "$(elf -h "$file")" 'Type: +DYN'
	ok "$program: all symbols are bound at its start" contains "$(elf -d "$file")" 'BIND_NOW'
	ok "$program: relocated data is read-only then" contains "$(elf -l "$file")" '^ +GNU_RELRO '
	ok "$program: its stack is no code" contains "$(elf -l "$file")" '^ +GNU_STACK .* RW +0x'
	ok "$program: its stack is guarded" contains "$(elf --dyn-syms "$file")" ' __stack_chk_fail(@|$)'
done
needs() { elf -d "$build/$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\.so.*/\1/p' | sort | tr '\n' ' '; }
if [ -n "$programs" ]; then
	ok 'dmabufctl: begins with json-c and libc alone' equal "$(needs dmabufctl)" 'libc libjson-c '
	ok 'dmabufctl-holder: begins with libc alone' equal "$(needs dmabufctl-holder)" 'libc '
fi
for program in ${programs:+dmabufctl dmabufctl-holder}; do
	ok "$program: writes to memory of a known size are checked" \
		contains "$(elf --dyn-syms "$build/$program" | grep -v __stack_chk)" ' __[a-z]+_chk(@|$)'
done

# What is exported, and used by no other file, nor by a unit test. What this build leaves out may use it.
find "$build/src" -name '*.o' ! -name '*.bpf.o' -exec nm -A {} + >"$TEST_DIR/symbols"
ok 'symbols are seen' grep -q ' T main$' "$TEST_DIR/symbols"
ok 'nothing is exported for nobody' equal "$(awk '
	/ [TDBR] [a-z_0-9]+$/ { exported[$NF] = 1 }
	/ U [a-z_0-9]+$/ { used[$NF] = 1 }
	END { for (symbol in exported) if (!(symbol in used)) print symbol }' "$TEST_DIR/symbols" |
	while read -r symbol; do
		[ "$(grep -rlw --include='*.c' "$symbol" "$top/src" "$top/tests/unit" | wc -l)" -gt 1 ] || echo "$symbol"
	done | grep -vx main)" ''

# with_injection VALUE - compiles what knows of fault injection with it or without; prints its traces.
with_injection() {
	local source object=$TEST_DIR/object.o
	sed "s/^#define FAULT_INJECTION .*/#define FAULT_INJECTION $1/" "$build/config.h" >"$TEST_DIR/config.h"
	for source in src/kernel/sys.c src/cmd/shared/dispatch.c; do
		# shellcheck disable=SC2046 # several flags
		$(makefile_says CC) -D_GNU_SOURCE -O2 -I"$TEST_DIR" -I"$top/src" $(makefile_says JSON_CFLAGS) \
			-DPKGLIBEXECDIR='""' -c -o "$object" "$top/$source" || echo "$source does not compile"
		strings -a "$object" | grep -oE 'DMABUFCTL_FAULT|sys_inject_fault'
	done | sort -u | tr '\n' ' '
}
ok 'with fault injection: it is in the objects' equal "$(with_injection 1)" 'DMABUFCTL_FAULT sys_inject_fault '
ok 'without fault injection: no trace of it' equal "$(with_injection 0)" ''

if grep -q '^#define FAULT_INJECTION 1' "$build/config.h"; then
	for fault in '' open =EIO open= open=EFOO open=kill! open#=EIO open#0=EIO open#x=EIO open#-1=EIO open#1x=EIO \
		'#1=EIO' open#99999999999999999999=EIO "$(printf '%070d' 0)=EIO"; do
		run env DMABUFCTL_FAULT="$fault" dmabufctl --list-commands
		ok "DMABUFCTL_FAULT='$fault': exit status 2" equal "$rc" 2
		ok "DMABUFCTL_FAULT='$fault': says so" equal "$err" \
			"dmabufctl: DMABUFCTL_FAULT='$fault': not CALL[#N]=ERRNO or CALL[#N]=kill"
	done
	run env DMABUFCTL_FAULT=open=kill dmabufctl device
	ok 'kill: it dies at that call' equal "$rc" 137
else
	ok 'without fault injection: the program has no trace of it' \
		equal "$(strings -a "$build/dmabufctl" "$build/dmabufctl-holder" | grep -E 'DMABUFCTL_FAULT|inject')" ''
	run env DMABUFCTL_FAULT=open=EFOO dmabufctl --list-commands
	ok 'without fault injection: the variable is ignored' equal "$rc" 0
fi
done_testing
