#!/bin/bash
# The RPM packages: built in a fresh root of Debian 13, twice, elsewhere and otherwise, equal to the byte; without a word of
# rpmlint; and installed, used and removed in another fresh root. RPM is Debian's there, and does without the names of
# packages: the files are in their places, the program has its libraries, and the scripts do their job; whether a
# distribution with RPM has packages of these names is not known by that.
. "$(dirname "$0")/lib.sh"

skip_without mmdebstrap
cd "$TEST_DIR" || exit 1
make_tarball
suite=trixie builder=builder root=root sources=/tmp/one/dmabufctl-$version again=/tmp/another/place
made=$builder$sources/rpm

# build - from the tarball, as a user would.
build() {
	mkdir "$builder/tmp/one" && tar xf "$tarball" -C "$builder/tmp/one" &&
		inside "$builder" env -C "$sources" sh -c './configure -q && make rpm RPM_FLAGS=--nodeps'
}
# build_otherwise - from the source package, as a distribution would.
build_otherwise() (
	export TZ=Asia/Tokyo LC_ALL=C
	umask 027
	# shellcheck disable=SC2016 # for the shell in the root
	inside "$builder" sh -c 'rpm --define "_topdir $0" --install "$1"/rpm/SRPMS/*.src.rpm &&
		rpmbuild --define "_topdir $0" --nodeps -ba "$0/SPECS/dmabufctl.spec"' "$again" "$sources"
)

build_root "$builder" "$suite" rpm rpmlint
# What the macros of systemd say elsewhere.
mkdir -p "$builder/etc/rpm"
cat >"$builder/etc/rpm/macros" <<-END
	%_unitdir /usr/lib/systemd/system
	%_sysusersdir /usr/lib/sysusers.d
	%_udevrulesdir /usr/lib/udev/rules.d
	%packager dmabufctl's tests
END
ok 'they are built' quietly build
ok 'again, elsewhere and otherwise' quietly build_otherwise
mapfile -t packages < <(cd "$made" && find . -name '*.rpm' | sort)
ok 'three packages, one of debug symbols, and their source' equal "$(basename -a -- "${packages[@]}" | sed "s/-$version.*\.\(.*\)\.rpm/ \1/" | sort | xargs)" \
	"dmabufctl src dmabufctl $(uname -m) dmabufctl-debuginfo $(uname -m) dmabufctl-importer-dkms noarch dmabufctl-kernel-patches noarch"
# A source package has the paths of its build in it, and the others have its checksum, which goes into their own.
contents() {
	inside "$builder" rpm -qp --xml "$1" | sed -E '/name="(Sourcepkgid|Sigmd5|Sha(1|256)header)"/,/<.rpmTag>/d'
}
for package in "${packages[@]}"; do
	[[ $package != *.src.rpm ]] || continue
	run contents "$sources/rpm/$package"
	ok "has what is in it: $(basename "$package")" contains "$out" 'name="Payload(sha256|digest)"'
	ok "equal to the byte: $(basename "$package")" [ "$out" = "$(contents "$again/$package")" ]
done
# Debian's RPM strips debug symbols alone, and its script that compresses pages is one for bash that runs in dash.
{
	cat "$builder$sources/contrib/rpm/rpmlintrc"
	printf 'addFilter(" %s")\n' unstripped-binary-or-object manpage-not-compressed
} >"$builder/tmp/rpmlintrc"
run inside "$builder" rpmlint --ignore-unused-rpmlintrc -r /tmp/rpmlintrc "$sources/rpm"/{RPMS,SRPMS,dmabufctl.spec}
ok 'rpmlint says nothing' contains "$out" ' 0 errors, 0 warnings'
ok 'what is loaded on first use is wanted by name' equal \
	"$(sed -nE 's/^(Requires|Recommends): +(lib[^(]*)\(.*/\2/p' "$made/dmabufctl.spec" | sort)" \
	"$(grep -rh '^LIBRARY' "$LAB_TOP/src" | cut -d '"' -f 2 | sort -u)"

fresh_root "$root" "$suite"
quietly inside "$root" apt-get update -qq
quietly install "$root" rpm dkms linux-headers-amd64 systemd udev \
	libbpf1 libibverbs1 libjson-c5 libkmod2 libnl-3-200 libpci3 libtraceevent1 libtracefs1
mkdir "$root/tmp/packages" && find "$made/RPMS" -name '*.rpm' ! -name '*-debuginfo-*' -exec cp -t "$root/tmp/packages" {} +
ok 'the libraries that they want are those of the root' equal "$(inside "$root" sh -c 'rpm -qpR /tmp/packages/*' |
	sed -nE 's/^(lib[^(]*)\(.*/\1/p' | sort -u | while read -r library; do
	inside "$root" ldconfig -p | grep -qF "$library " || echo "$library"
done)" ''
ok 'they are installed' quietly inside "$root" sh -c 'rpm --install --nodeps /tmp/packages/*'
works "$root"
ok 'the group of the udev rule is there' contains "$(inside "$root" getent group dmabufctl)" '^dmabufctl:x:[0-9]+:$'
headers=$(cd "$root/lib/modules" && echo *)
ok 'the module builds' quietly inside "$root" dkms install -m dmabufctl-importer -v "$version" -k "$headers"
ok 'they are removed' quietly inside "$root" rpm --erase --nodeps dmabufctl dmabufctl-importer-dkms dmabufctl-kernel-patches
gone "$root"
done_testing
