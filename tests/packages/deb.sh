#!/bin/bash
# Debian's packages: built in a fresh root of each release, twice, elsewhere and otherwise, equal to the byte; without a word
# of lintian; and installed, used and removed in another fresh root.
. "$(dirname "$0")/lib.sh"

skip_without mmdebstrap
cd "$TEST_DIR" || exit 1
make_tarball

# build ROOT DIRECTORY - from the tarball, as a user would.
build() {
	mkdir -p "$1$2" && tar xf "$tarball" -C "$1$2" &&
		inside "$1" env -C "$2/dmabufctl-$version" DEB_BUILD_OPTIONS=nocheck DEB_BUILD_PROFILES=nocheck \
			sh -c './configure -q && make deb'
}
build_otherwise() (
	export TZ=Asia/Tokyo LC_ALL=C
	umask 027
	build "$@"
)

for suite in "${suites[@]}"; do
	builder=$suite-builder root=$suite
	made=$builder/tmp/one/dmabufctl-$version/deb
	build_root "$builder" "$suite" lintian
	ok "$suite: it is built" quietly build "$builder" /tmp/one
	ok "$suite: again, elsewhere and otherwise" quietly build_otherwise "$builder" /tmp/another/place
	ok "$suite: three packages, and one of debug symbols" equal "$(cd "$made" && basename -a -- *.deb | cut -d _ -f 1 | sort | xargs)" \
		'dmabufctl dmabufctl-dbgsym dmabufctl-importer-dkms dmabufctl-kernel-patches'
	for package in "$made"/*.deb; do
		ok "$suite: equal to the byte: $(basename "$package")" cmp "$package" "${made/one/another\/place}/$(basename "$package")"
	done
	run inside "$builder" sh -c "lintian --allow-root --fail-on error,warning /tmp/one/dmabufctl-$version/deb/*.changes 2>&1"
	ok "$suite: lintian says nothing" equal "$rc $out" '0 '

	fresh_root "$root" "$suite"
	mkdir "$root/tmp/packages" && cp "$made"/dmabufctl{,-importer-dkms,-kernel-patches}_*.deb "$root/tmp/packages"
	packages=("$root"/tmp/packages/*)
	quietly inside "$root" apt-get update -qq
	quietly install "$root" udev linux-headers-amd64
	ok "$suite: they are installed" quietly install "$root" "${packages[@]#"$root"}"
	works "$root"
	ok "$suite: the group of the udev rule is there" contains "$(inside "$root" getent group dmabufctl)" '^dmabufctl:x:[0-9]+:$'
	if inside "$root" udevadm verify --help >/dev/null 2>&1; then
		ok "$suite: udev takes the rule" quietly inside "$root" udevadm verify /usr/lib/udev/rules.d/60-dmabufctl.rules
	else
		skip "$suite: udev takes the rule" 'this udevadm verifies nothing'
	fi
	# The kernel of Debian 12 is older than 6.12.
	state=added
	[ "$suite" = bookworm ] || state=installed
	ok "$suite: the module is $state" contains "$(inside "$root" dkms status)" "^dmabufctl-importer/$version.*: $state$"
	ok "$suite: they are removed" quietly inside "$root" apt-get purge -y -qq dmabufctl dmabufctl-importer-dkms dmabufctl-kernel-patches
	gone "$root"
	rm -rf "$root" "$builder"
done
done_testing
