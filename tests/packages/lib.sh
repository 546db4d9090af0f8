# For tests that build packages and install them in fresh roots of Debian. SUITES: of which releases.
# shellcheck shell=bash disable=SC2034,SC2016 # tests use the names; for the shell in the root
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
# shellcheck source=lab/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lab/lib/common.sh"
. "$LAB_TOP/lab/lib/kernel.sh"

read -r -a suites <<<"${SUITES:-bookworm trixie}"
version=$(sed -nE 's/^AC_INIT\(\[dmabufctl\], \[([^]]*)\].*/\1/p' "$LAB_TOP/configure.ac")
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

skip_without() {
	local tool
	for tool; do
		command -v "$tool" >/dev/null || { echo "1..0 # SKIP no $tool"; exit; }
	done
	[ "$(id -u)" -eq 0 ] || { echo '1..0 # SKIP root alone makes a root'; exit; }
}

# make_tarball - sets $tarball. Without one there is nothing to test.
make_tarball() {
	tarball=$(build_dir)/dmabufctl-$version.tar.xz
	run make -s -C "$(build_dir)" dist-xz
	ok 'the tarball is made' equal "$rc" 0
	[ "$rc" -eq 0 ] || { done_testing; exit; }
}

# fresh_root DIRECTORY SUITE - what a new machine of that release has, and no more.
fresh_root() {
	if [ ! -f "$TEST_DIR/$2.tar" ]; then
		mmdebstrap --quiet --variant=apt --mode=root --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
			"$2" "$TEST_DIR/$2.tar" "deb $(debian_mirror) $2 main" || return
	fi
	mkdir "$1" && tar xf "$TEST_DIR/$2.tar" -C "$1"
}

# inside ROOT COMMAND... - its processes and mounts end with it. It is a mount itself, as rpm wants of what is /.
inside() {
	unshare --mount --pid --fork --kill-child -- sh -c '
		mount --bind "$0" "$0" && mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" &&
			mount -t tmpfs run "$0/run" && exec chroot "$0" "$@"' "$@"
}

# install ROOT PACKAGE... - files are named by a path in the root.
install() { inside "$1" apt-get install -y -qq --no-install-recommends "${@:2}"; }

# quietly COMMAND... - what it says is shown when it fails.
quietly() {
	"$@" >"$TEST_DIR/log" 2>&1 || { tail -n 30 "$TEST_DIR/log" | sed 's/^/# /'; return 1; }
}

# build_root DIRECTORY SUITE PACKAGE... - with what builds the tarball there, and these.
build_root() {
	fresh_root "$1" "$2"
	quietly inside "$1" apt-get update -qq
	quietly install "$1" build-essential "${@:3}"
	mkdir "$1/tmp/source" && tar xf "$tarball" -C "$1/tmp/source"
	ok "$2: what it is built with is there" quietly inside "$1" \
		env DEB_BUILD_PROFILES=nocheck apt-get build-dep -y -qq --no-install-recommends "/tmp/source/dmabufctl-$version"
}

# works ROOT - what is installed there does its job, as far as that goes without devices.
works() {
	run inside "$1" dmabufctl --version
	ok "$1: it is this version" contains "$out" "$version"
	for command in device list doctor; do
		run inside "$1" dmabufctl --json "$command"
		ok "$1: $command" contains "$out" '^\{"schema":'
		[ "$command" = doctor ] || ok "$1: $command: exit status 0" equal "$rc" 0
		ok "$1: $command: no library is missing" not contains "$out" 'lib[a-z-]+\.so'
	done
	run inside "$1" sh -c 'dmabufctl context start one && dmabufctl context stop one'
	ok "$1: a context is started and stopped" equal "$rc $err" '0 '
	run inside "$1" bash -c '. /usr/share/bash-completion/completions/dmabufctl && complete -p dmabufctl'
	ok "$1: bash completes it" equal "$rc" 0
	ok "$1: the manual is there" contains "$(ls "$1/usr/share/man/man1")" '^dmabufctl-export\.1'
	ok "$1: the patches are there" equal "$(cd "$1/usr/share/dmabufctl/kernel" && find . -name '*.patch' | sort)" \
		"$(cd "$LAB_TOP/kernel" && find . -name '*.patch' | sort)"
}

# gone ROOT - nothing of it is left.
gone() { ok "$1: removed: nothing is left" equal "$(find "$1" -xdev -path "$1/tmp" -prune -o -name '*dmabufctl*' -print)" ''; }
