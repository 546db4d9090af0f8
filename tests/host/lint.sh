#!/bin/bash
# What the compilers and the checkers say; each is skipped where it is not installed.
. "$(dirname "$0")/../lib.sh"

top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top" || exit 1

# with TOOL DESCRIPTION COMMAND... - passes when the command finds nothing.
with() {
	local tool=$1 description=$2
	shift 2
	if command -v "$tool" >/dev/null; then
		run "$@"
		ok "$description" equal "$rc" 0
	else
		skip "$description" "no $tool"
	fi
}

build_with_clang() (
	mkdir "$TEST_DIR/clang" && cd "$TEST_DIR/clang" &&
		"$top/configure" -q --enable-werror --without-bpf CC=clang && make -j"$(nproc)"
)

scripts=(.ci/run lab/{check,demo,run,shell} lab/lib/{*.sh,demo,guest,init,mutants-guest} tests/alone tests/run tests/lib.sh tests/*/*.sh
	bench/{batch,list,monitor,scale} bash-completion/dmabufctl contrib/ci/{bisect,conform} man/html)
[ -e .ci/run ] || scripts=("${scripts[@]:1}")
check_scripts() { printf '%s\0' "${scripts[@]}" | xargs -0 -P "$(nproc)" -n 16 shellcheck; }
with shellcheck 'shellcheck finds nothing' check_scripts
# NULL is a pointer here, also where it ends the arguments of a function.
with cppcheck 'cppcheck finds nothing' cppcheck -q -j "$(nproc)" --error-exitcode=1 --suppress=varFuncNullUB \
	--enable=warning,performance,portability '--suppress=unknownMacro:*.bpf.c' -Isrc -Itests/unit -I. src tests bench
if [ -f Makefile ]; then
	skip 'clang builds without a warning, and without BPF' 'the tree is configured in place'
else
	# distcheck builds with gcc, and for BPF.
	with clang 'clang builds without a warning, and without BPF' build_with_clang
	if [ -x "$TEST_DIR/clang/dmabufctl" ]; then
		run "$TEST_DIR/clang/dmabufctl" doctor
		ok 'built without BPF: doctor says so' contains "$out" 'kernel records +missing +dmabufctl was built without BPF'
	else
		skip 'built without BPF: doctor says so' 'no clang'
	fi
fi
build=${LAB_BUILD:-$([ -f Makefile ] && echo . || echo build)}
with make 'make distcheck, without a warning of its compiler' make -s -j"$(nproc)" -C "$build" distcheck

# finds_nothing COMMAND... - succeeds, and has nothing to say.
finds_nothing() { out=$("$@" 2>&1) && [ -z "$out" ] || { echo "$out"; return 1; }; }
with mandoc 'mandoc finds nothing in the manual' finds_nothing mandoc -T lint "$build"/man/*.[1-8]
with mandoc 'the manual can be made for a browser' make -s -C "$build" html
if [ -d "$build/html" ]; then
	run tests/links "$build/html"
	ok 'the HTML has links' contains "$out" '^[1-9][0-9]* links$'
	ok 'no link of the HTML is dead' equal "$rc" 0
else
	skip 'no link of the HTML is dead' 'no mandoc'
fi

# What the tarball leaves out is named here.
left_out='^(\.ci/run|\.gitignore)$'
if [ -e .git ]; then
	packed=$(tar tf "$(find "$build" -maxdepth 1 -name 'dmabufctl-*.tar.xz')" | sed 's|^[^/]*/||' | sort)
	ok 'every file is in the tarball, or left out by name' \
		equal "$(git ls-files | grep -vE "$left_out" | sort | comm -23 - <(echo "$packed"))" ''
else
	skip 'every file is in the tarball, or left out by name' 'no git here'
fi
with python3 'Python finds no error' python3 -c 'import sys; [compile(open(f).read(), f, "exec") for f in sys.argv[1:]]' lab/lib/mutants lab/lib/kernel-mutants lab/lib/findings.py tests/host/stalling-server tests/links tests/schema tests/typing man/{schema,rules}.py \
	man/examples contrib/python/dmabufctl.py tests/lab/{python,races}.py

done_testing
