# Shared by the lab's commands: messages, directories, packages. Sourced, never run.
# shellcheck shell=bash

LAB_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
LAB_CACHE=${XDG_CACHE_HOME:-${HOME:?}/.cache}/dmabufctl

# What builds the program and a kernel, boots it, and runs the tests.
LAB_PACKAGES=(
	gcc binutils make pkg-config autoconf automake scdoc mandoc
	libpci-dev libkmod-dev libtracefs-dev libtraceevent-dev libjson-c-dev libnl-3-dev
	libbpf-dev clang bpftool
	libibverbs-dev ibverbs-providers iproute2
	qemu-system-x86 patch bc bison flex libelf-dev libssl-dev openssl pahole python3 libc6-dev xz-utils kmod
	debian-archive-keyring gojq python3-jsonschema util-linux mount pciutils procps perl-base graphviz
)

# Standard output belongs to the command in the lab.
say() { printf 'lab: %s\n' "$*" >&2; }
die() { say "$@"; exit 125; }

# take_lock FILE WHAT - sets lock to a descriptor, which holds it until it is closed. Says what it waits for. Fails where FILE cannot be
# written.
take_lock() {
	exec {lock}>"$1" || return
	flock -n "$lock" || { say "waiting for another $2"; flock "$lock"; }
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "must be root to run: $*; become root or install sudo"
	fi
}

# need_packages PACKAGE... - installs those that are missing.
need_packages() {
	local missing=() package
	command -v dpkg-query >/dev/null ||
		die "not a Debian system; install the equivalents of: $*, then set LAB_PACKAGES_PRESENT=1"
	for package; do
		dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^.i' ||
			missing+=("$package")
	done
	[ ${#missing[@]} -eq 0 ] && return
	say "installing ${missing[*]}"
	as_root apt-get update -qq >&2 ||
		die "the package lists could not be updated; see apt's message above"
	as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq -o DPkg::Lock::Timeout=600 --no-install-recommends "${missing[@]}" >&2 ||
		die "could not install: ${missing[*]}; see apt's message above"
}

# The directory of the current build: the source tree when it was configured there.
build_dir() {
	if [ -n "${LAB_BUILD:-}" ]; then
		printf '%s\n' "$LAB_BUILD"
	elif [ -f "$LAB_TOP/Makefile" ]; then
		printf '%s\n' "$LAB_TOP"
	else
		printf '%s\n' "$LAB_TOP/build"
	fi
}

# configure_program BUILD [ARGUMENT...] - for the lab's tests, which make system calls fail. A build that
# was configured for something else keeps its other arguments.
configure_program() {
	local build=$1 before=()
	shift
	# Not left to make, whose automake adds no missing file.
	[ "$LAB_TOP/configure" -nt "$LAB_TOP/configure.ac" ] || (cd "$LAB_TOP" && autoreconf -fi) || return
	if [ -x "$build/config.status" ]; then
		grep -q '^#define FAULT_INJECTION 1' "$build/config.h" 2>/dev/null && return
		eval "before=($("$build/config.status" --config))"
	fi
	say "configuring in $build, with fault injection"
	(cd "$build" && "$LAB_TOP/configure" -q "${before[@]}" --enable-fault-injection "$@")
}

# shellcheck disable=SC2120 # lab/check passes arguments
# build_program [CONFIGURE-ARG...] - configures where that is needed, then brings the build up to date.
build_program() {
	local build log lock
	build=$(build_dir)
	mkdir -p "$build" || die "cannot write to $build"
	log=$build/lab-build.log
	# Machines may be started side by side.
	exec {lock}>"$build/lab-build.lock" && flock "$lock"
	configure_program "$build" "$@" >"$log" 2>&1 ||
		{ tail -n 20 "$log" >&2; die "configure failed; all of it is in $log"; }
	make -C "$build" -j"$(nproc)" >"$log" 2>&1 ||
		{ tail -n 20 "$log" >&2; die "the build failed; all of it is in $log"; }
	exec {lock}>&-
}

# prepare - everything that a lab command needs before it can boot.
prepare() {
	[ -n "${LAB_PACKAGES_PRESENT:-}" ] || need_packages "${LAB_PACKAGES[@]}"
	mkdir -p "$LAB_CACHE" || die "cannot write to the cache directory $LAB_CACHE"
	build_program
}

# is_at_least VERSION LEAST - of versions as 7.2.12; "" is below any.
is_at_least() {
	[ "$(printf '%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}
