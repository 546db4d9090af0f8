#!/bin/bash
# What lab/run promises: the command's output and status, limits, and nothing left running.
. "$(dirname "$0")/../lib.sh"

top=$(cd "$(dirname "$0")/../.." && pwd)
export TMPDIR=$TEST_DIR
lab() { "$top/lab/run" --timeout $((120 * ${TEST_PATIENCE:-1})) "$@"; }
machines_left() { pgrep -fc "qemu-system-x86_64.*$TEST_DIR"; }
directories_left() { find "$TEST_DIR" -maxdepth 1 -name 'dmabufctl-lab.*' | wc -l; }

cd "$top/tests" || exit 1
run lab -- bash -c 'echo out; echo err >&2; pwd; id -u; touch made; exit 7'
ok "the exit status is the command's" equal "$rc" 7
ok 'so is its output, in its own directory, as root' equal "$out" "$(printf 'out\n%s\n0' "$PWD")"
ok 'and its standard error' equal "$err" err
ok 'what it writes stays in the lab' [ ! -e made ]

seq 200000 >"$TEST_DIR/numbers"
run bash -c "'$top/lab/run' -- cat <'$TEST_DIR/numbers'"
ok 'standard input arrives, all of it' cmp -s "$TEST_DIR/numbers" "$TEST_DIR/out"
run lab -- bash -c 'echo 1; echo 2 >&2; echo 3' 2>&1
run bash -c "'$top/lab/run' -- bash -c 'for i in 1 3 5; do echo \$i; echo \$((i + 1)) >&2; done' 2>&1"
ok 'one destination for both keeps their order' equal "$(tr -d '\n' <<<"$out")" 123456

run "$top/lab/run" --timeout 3 -- sleep 1000
ok 'a limit: exit status 124' equal "$rc" 124
ok "a limit: the console's last lines" contains "$err" 'lab: \| \['
run lab -- bash -c 'echo c >/proc/sysrq-trigger; sleep 5'
ok 'a panic: exit status 125' equal "$rc" 125
ok "a panic: the console's last lines" contains "$err" 'Kernel panic'

# counts NUMBER COUNT - a function that counts gives that.
counts() { [ "$("$2")" -eq "$1" ]; }
some() { [ "$("$1")" -gt 0 ]; }

for signal in INT TERM KILL; do
	# INT is ignored in a background job otherwise.
	: >"$TEST_DIR/out"
	env --default-signal=INT "$top/lab/run" -- sh -c 'echo up; exec sleep 1000' \
		>"$TEST_DIR/out" 2>/dev/null </dev/null &
	pid=$!
	await 120 grep up "$TEST_DIR/out"
	ok "$signal: it runs" equal "$(machines_left)" 1
	kill -$signal $pid
	await_end 60 $pid
	await 60 counts 0 machines_left
	ok "$signal: nothing is left running" equal "$(machines_left)" 0
	[ $signal = KILL ] || ok "$signal: no directory is left" equal "$(directories_left)" 0
done
rm -rf "$TEST_DIR"/dmabufctl-lab.*

# A kernel's build takes minutes; this one takes the configuration as it is, some steps, and then its time.
tree=$TEST_DIR/tree
mkdir "$tree"
touch "$tree/Kbuild"
# shellcheck disable=SC2016 # make's variables
printf '%s: ; %s\n' allnoconfig 'cp $(KCONFIG_ALLCONFIG) $(O)/.config' \
	'bzImage modules headers' '@seq -f "  CC %g" 600; sleep 1000' >"$tree/Makefile"
builds_left() { pgrep -fc "make.* -C $tree .*bzImage"; }
for how in 'INT lab/run --prepare' 'TERM lab/run --prepare' 'KILL lab/run --prepare' 'TERM lab/check' 'TERM lab/demo'; do
	read -r signal command option <<<"$how"
	: >"$TEST_DIR/building"
	env --default-signal=INT XDG_CACHE_HOME="$TEST_DIR/cache" "$top/$command" ${option:+"$option"} --kernel "$tree" >/dev/null 2>"$TEST_DIR/building" &
	pid=$!
	await 120 grep ' of about [0-9]* objects, about [0-9]* min left$' "$TEST_DIR/building"
	ok "$signal to $command during a kernel's build: it builds, and says how long it will take" some builds_left
	kill -s "$signal" $pid
	await_end 60 $pid
	await 60 counts 0 builds_left
	ok "$signal to $command during a kernel's build: nothing is left running" equal "$(builds_left)" 0
done

# has_types - how many of the trees' configurations have the types described, and how many have not.
has_types() {
	grep -c '^CONFIG_DEBUG_INFO_BTF=y' "$TEST_DIR"/cache/dmabufctl/trees/*/objects/.config | cut -d : -f 2 | sort | xargs
}
ok 'lab/demo builds a small kernel, the others a whole one' equal "$(has_types)" '0 1'

# with_kernels FUNCTION ARGUMENT... - with what gets kernels, and a cache of its own.
with_kernels() (
	# shellcheck source=lab/lib/common.sh
	. "$top/lab/lib/common.sh"
	# shellcheck source=lab/lib/kernel.sh
	. "$top/lab/lib/kernel.sh"
	LAB_CACHE=$TEST_DIR/kept
	"$@"
)
is_built() {
	local place
	place=$(place_of mainline '' "$1")
	mkdir -p "$place"
	touch "$place/bzImage"
}
chosen() {
	get_kernel mainline "$1"
	# shellcheck disable=SC2031 # not that of with_kernels
	basename "$KERNEL"
}
with_kernels is_built small
ok 'a small kernel in the cache: taken' contains "$(with_kernels chosen small)" ^mainline-small-
with_kernels is_built full
ok 'a whole kernel in the cache: taken before a small one' contains "$(with_kernels chosen small)" ^mainline-full-
with_kernels is_built debug
ok 'a kernel with checks in the cache: taken where it is asked for' contains "$(with_kernels chosen debug)" ^mainline-debug-
ok 'a whole kernel is one without them' contains "$(with_kernels chosen full)" ^mainline-full-

# place_with LINE - where the cache has a kernel whose configuration says that besides.
place_with() {
	LAB_TOP=$TEST_DIR/other
	mkdir -p "$LAB_TOP"
	cp -rT "$top/kernel" "$LAB_TOP/kernel"
	echo "$1" >>"$LAB_TOP/kernel/lab.config"
	place_of mainline '' full
}
usual=$(with_kernels place_of mainline '' full)
ok 'another setting: another kernel' not equal "$(with_kernels place_with CONFIG_FROB=y)" "$usual"
ok 'another comment: the same kernel' equal "$(with_kernels place_with '# frob')" "$usual"

# The importer cannot be built for this kernel, which has nothing in it.
empty=$TEST_DIR/empty
mkdir -p "$empty"/{build,modules}
modules_of() {
	KERNEL=$1
	get_modules
}
flock -F "$empty/lock" sleep 1000 &
holder=$!
await 60 bash -c "! flock -n '$empty/lock' true"
with_kernels modules_of "$empty" 2>"$TEST_DIR/waiting" &
pid=$!
await 60 grep 'waiting for another build of the modules' "$TEST_DIR/waiting"
ok 'while another builds the modules: it waits' kill -0 $pid
kill $holder
await_end 60 $pid
ok 'when that has ended: it goes on' contains "$(cat "$TEST_DIR/waiting")" 'does not build for this kernel'
rm "$empty/lock"
mkdir "$empty/lock"
run with_kernels modules_of "$empty"
ok 'a kernel that cannot be locked: it is taken' equal "$rc" 0
ok 'a kernel that cannot be locked: the tests lack the importer' contains "$err" 'does not build for this kernel'

# offer SUITE VERSION... - in the archive, a suite with linux-source of these versions.
offer() {
	local packages version
	packages=$debian/dists/$1/main/binary-$(dpkg --print-architecture)
	mkdir -p "$packages"
	for version in "${@:2}"; do
		control_of "$version"
		echo 'Filename: linux-source.deb'
		echo "Size: $(stat -c %s "$debian/linux-source.deb")"
		echo "SHA256: $(sha256sum "$debian/linux-source.deb" | cut -d ' ' -f 1)"
		echo
	done >"$packages/Packages"
}
control_of() {
	printf '%s\n' "Package: linux-source-$1" 'Version: 1' 'Architecture: all' 'Maintainer: nobody' 'Description: random'
}

# stalling_archive - a Debian archive whose linux-source stops in its midst, once.
debian=$TEST_DIR/archive
stalling_archive() {
	mkdir -p "$debian" "$TEST_DIR/package/DEBIAN"
	control_of 7.2 >"$TEST_DIR/package/DEBIAN/control"
	head -c 4M /dev/urandom >"$TEST_DIR/package/random"
	dpkg-deb --root-owner-group -b "$TEST_DIR/package" "$debian/linux-source.deb" >/dev/null
	offer trixie 7.2 7.10
	offer forky 7.1
	offer sid 7.1
	python3 "$top/tests/host/stalling-server" "$debian" >"$TEST_DIR/server" 2>/dev/null &
	server=$!
	await 60 grep -q http "$TEST_DIR/server"
}

# in_archive SUITES FUNCTION ARGUMENT... - with those suites of that archive.
in_archive() {
	export APT_CONFIG=$TEST_DIR/apt.conf
	printf '%s;\n' 'Acquire::http::Timeout "2"' 'Acquire::AllowInsecureRepositories "true"' \
		'APT::Get::AllowUnauthenticated "true"' >"$APT_CONFIG"
	# shellcheck disable=SC2317 # suite_offers asks
	debian_mirror() { head -n 1 "$TEST_DIR/server"; }
	read -ra KERNEL_SUITES <<<"$1"
	"${@:2}"
}
stalling_archive
run with_kernels in_archive trixie fetch_source mainline
ok 'a download that stalls: it goes on' equal "$rc" 0
ok 'a download that stalls: all of it arrives' cmp "$out" "$debian/linux-source.deb"
ok 'a download that stalls: what was there is not asked for again' grep -qx 'range' "$TEST_DIR/server"
run with_kernels in_archive 'forky trixie sid' newest_version
ok 'the newest kernel is that of all suites, whichever has it' equal "$out" 7.10
kill $server

refuses 125 'no option --frob' lab --frob
refuses 125 'no IOMMU' lab --iommu magic -- true
refuses 125 "no kernel 'frob'" lab --kernel frob -- true
refuses 125 'is not a kernel source tree' lab --kernel "$TEST_DIR" -- true
refuses 125 'no command' lab
refuses 125 '--cpus wants a number' lab --cpus none -- true
refuses 125 '--timeout wants seconds' "$top/lab/run" --timeout soon -- true
run env XDG_CACHE_HOME=/dev/null "$top/lab/run" -- true
ok 'no room for the cache: exit status 125' equal "$rc" 125
ok 'no room for the cache: one clear message' contains "$err" '^lab: cannot write to the cache directory'

# An ordinary user, with a tree and a cache of their own.
if [ "$(id -u)" -eq 0 ]; then
	mkdir "$TEST_DIR/home"
	chmod 755 "$TEST_DIR"
	(cd "$top" && tar c --exclude=./build --exclude=./build-sanitized --exclude=./build-mutants --exclude=./.git .) | tar x -C "$TEST_DIR/home"
	mkdir -p "$TEST_DIR/home/.cache/dmabufctl/kernels"
	cp -r "${XDG_CACHE_HOME:-$HOME/.cache}"/dmabufctl/kernels/mainline-full-???????????? "$TEST_DIR/home/.cache/dmabufctl/kernels/"
	chown -R 65534:65534 "$TEST_DIR/home"
	cd "$TEST_DIR/home" || exit 1
	run env HOME="$TEST_DIR/home" XDG_CACHE_HOME= TMPDIR=/tmp \
		setpriv --reuid=65534 --regid=65534 --clear-groups -- \
		lab/run -- bash -c 'id -u; dmabufctl doctor >/dev/null; echo $?'
	ok 'an ordinary user: works' equal "$out" "$(printf '0\n0')"
else
	skip 'an ordinary user: works' 'this is one'
fi
done_testing
