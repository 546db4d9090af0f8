# Gets and builds the lab's kernels. Sourced, never run.
# shellcheck shell=bash
#
# A finished kernel is a directory: bzImage, modules/ (as under /), include/ (its UAPI
# headers), build/ (what modules from outside are built with), version. It appears in the cache
# complete or not at all.

KERNEL_IMPORTER=$LAB_TOP/kernel/importer
KERNEL_SUITES=(trixie-backports trixie forky sid)
KERNEL_WANTED=7.2
KERNEL_OLDEST=7.1
KERNEL_LTS=6.12
# Of each kind of kernel: the parts of its configuration, and how many objects gcc makes.
declare -A KERNEL_CONFIGS=([small]=lab [full]='lab tests' [debug]='lab tests debug')
declare -A KERNEL_OBJECTS=([small]=1250 [full]=1580 [debug]=1650)

# private_apt COMMAND... - apt with a state of its own; the machine's is left alone.
private_apt() {
	local root=$LAB_CACHE/apt
	"$1" -o Dir::Etc::sourcelist="$root/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::State="$root/state" -o Dir::State::status=/dev/null \
		-o Dir::Cache="$root/cache" -o APT::Sandbox::User= "${@:2}"
}

# The Debian mirror that this machine itself is set up to use.
debian_mirror() {
	local mirror
	# shellcheck disable=SC2016 # apt fills that in
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' \
		'Created-By: Packages' 2>/dev/null | head -n 1)
	[ -n "$mirror" ] || die "this machine's apt sources name no Debian archive;" \
		"run 'apt-get update', or name a source tree, tarball or bzImage with --kernel"
	printf '%s\n' "${mirror%/}"
}

# suite_offers SUITE - points the private apt at SUITE, prints its linux-source versions.
suite_offers() {
	local root=$LAB_CACHE/apt mirror
	mirror=$(debian_mirror) || exit
	mkdir -p "$root"/state/lists/partial "$root"/cache/archives/partial
	printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' \
		"$mirror" "$1" >"$root/sources.list"
	private_apt apt-get update >"$root/log" 2>&1 || return 0
	private_apt apt-cache search --names-only '^linux-source-[0-9.]+$' |
		sed -n 's/^linux-source-\([0-9.]*\) .*/\1/p' | sort -V
}

# choose_version WANTED OFFER... - WANTED where offered, else the newest that will do.
choose_version() {
	local wanted=$1 offer newest=
	shift
	for offer; do
		[ "$offer" = "$wanted" ] && { echo "$offer"; return; }
		is_at_least "$offer" "$KERNEL_OLDEST" && newest=$offer
	done
	echo "$newest"
}

# fetch_source VERSION - leaves a Debian linux-source package in the cache, prints its path.
# VERSION "mainline" means the wanted one or the newest there is; any other is meant exactly.
fetch_source() {
	local downloads=$LAB_CACHE/downloads suite version offers deb
	mkdir -p "$downloads"
	for deb in "$downloads/linux-source-${1/mainline/$KERNEL_WANTED}"_*.deb; do
		[ -f "$deb" ] && { echo "$deb"; return; }
	done
	for suite in "${KERNEL_SUITES[@]}"; do
		say "looking for kernel sources in Debian's $suite"
		mapfile -t offers < <(suite_offers "$suite")
		if [ "$1" = mainline ]; then
			version=$(choose_version "$KERNEL_WANTED" "${offers[@]}")
		else
			version=$(printf '%s\n' "${offers[@]}" | grep -Fx "$1")
		fi
		[ -n "$version" ] && break
	done
	[ -n "$version" ] || die "no kernel source ${1/mainline/$KERNEL_OLDEST or newer} in" \
		"${KERNEL_SUITES[*]} (apt's log: $LAB_CACHE/apt/log);" \
		"name a source tree, tarball or bzImage with --kernel"
	say "downloading linux-source-$version (about 160 MB)"
	rm -f "$downloads/linux-source-$version"_*.deb
	(cd "$downloads" && private_apt apt-get download "linux-source-$version" >&2) ||
		die "the download failed; see apt's message above"
	echo "$downloads"/linux-source-"$version"_*.deb
}

# newest_version - of what Debian's suites have, as none is always ahead of the others; the answer is kept for a day.
newest_version() {
	local kept=$LAB_CACHE/newest suite version
	if ! find "$kept" -mtime 0 2>/dev/null | grep -q .; then
		say "looking for the newest kernel source in Debian's ${KERNEL_SUITES[*]}"
		version=$(for suite in "${KERNEL_SUITES[@]}"; do suite_offers "$suite"; done | sort -V | tail -n 1)
		[ -n "$version" ] || die "no kernel source in ${KERNEL_SUITES[*]} (apt's log: $LAB_CACHE/apt/log)"
		echo "$version" >"$kept"
	fi
	cat "$kept"
}

# unpack ARCHIVE DIRECTORY - a Debian source package or a kernel tarball.
unpack() {
	say "unpacking $(basename "$1")"
	mkdir -p "$2"
	case $1 in
	*.deb)
		dpkg-deb --fsys-tarfile "$1" |
			tar xO --wildcards './usr/src/linux-source-*.tar.xz' |
			XZ_OPT=-T0 tar xJ -C "$2" --strip-components=1
		;;
	*) tar xf "$1" -C "$2" --strip-components=1 ;;
	esac || die "could not unpack $1; is the disk full? ($(df -h --output=avail "$2" | tail -n 1) free in $2)"
}

# put_progress OBJECTS SECONDS - how far a build is, and how long it will take at this rate.
put_progress() {
	local all=${KERNEL_OBJECTS[$KERNEL_KIND]} left=''
	[ "$1" -lt 100 ] || left=", about $(($2 * (all - $1) / $1 / 60 + 1)) min left"
	[ "$1" -lt "$all" ] || left=', nearly done'
	printf 'lab: building the kernel: %d of about %d objects%s' "$1" "$all" "$left" >&2
}

# progress LOG PID - on a terminal one line that changes, else one every few hundred objects, until PID ends.
progress() {
	local objects last=-1 start=$SECONDS
	while kill -0 "$2" 2>/dev/null; do
		objects=$(grep -c '^  CC ' "$1")
		if [ -t 2 ]; then
			printf '\r' >&2
			put_progress "$objects" $((SECONDS - start))
			printf '\e[K' >&2
		elif [ $((objects / 200)) -ne "$last" ]; then
			last=$((objects / 200))
			put_progress "$objects" $((SECONDS - start))
			echo >&2
		fi
		sleep 1
	done
	[ -t 2 ] && echo >&2
	wait "$2"
}

# configuration KIND [older] - what a kernel of that kind must have; older: and what older ones need besides.
configuration() {
	local part
	for part in ${KERNEL_CONFIGS[$1]} "${@:2}"; do
		cat "$LAB_TOP/kernel/$part.config"
	done
}

# configure_kernel SOURCE OBJECTS - over allnoconfig; every line must stick, but for those that
# only older kernels know.
configure_kernel() {
	local line lost=()
	configuration "$KERNEL_KIND" older >"$2/config" || die "cannot write to $2"
	KCONFIG_ALLCONFIG=$2/config make -C "$1" O="$2" allnoconfig >"$2/log" 2>&1 ||
		{ tail -n 5 "$2/log" >&2; die "the kernel could not be configured"; }
	while read -r line; do
		grep -qx "$line" "$2/.config" || lost+=("$line")
	done < <(configuration "$KERNEL_KIND" | grep '^CONFIG_')
	[ ${#lost[@]} -eq 0 ] || die "this kernel source does not take ${lost[*]}"
}

# install_modules SOURCE OBJECTS DIRECTORY
install_modules() {
	make -C "$1" O="$2" -s INSTALL_MOD_PATH="$3" DEPMOD=/sbin/depmod modules_install &&
		find "$3" -type l -delete
}

# install_build SOURCE OBJECTS DIRECTORY - what Debian's linux-headers packages have.
install_build() {
	make -C "$1" O="$2" -s run-command \
		KBUILD_RUN_COMMAND="\${srctree}/scripts/package/install-extmod-build $3"
}

# compile SOURCE OBJECTS RESULT - RESULT becomes a finished kernel.
compile() {
	local source=$1 objects=$2 result=$3 log=$2/log
	mkdir -p "$objects"
	configure_kernel "$source" "$objects"
	# It goes when this shell does.
	setpriv --pdeathsig TERM -- make -C "$source" O="$objects" -j"$(nproc)" bzImage modules headers >"$log" 2>&1 &
	progress "$log" $! ||
		{ tail -n 20 "$log" >&2; die "the kernel did not build; all of it is in $log"; }
	rm -rf "$result.new"
	mkdir -p "$result.new" &&
		cp "$objects/arch/x86/boot/bzImage" "$result.new/" &&
		install_modules "$source" "$objects" "$result.new/modules" >>"$log" 2>&1 &&
		install_build "$source" "$objects" "$result.new/build" >>"$log" 2>&1 &&
		cp -r "$objects/usr/include" "$result.new/include" &&
		make -C "$source" O="$objects" -s kernelrelease >"$result.new/version" ||
		die "could not put the kernel into $result; is the disk full? ($log)"
	rm -rf "$result"
	mv "$result.new" "$result"
}

# version_of SOURCE - as 7.2.
version_of() {
	sed -nE '1,5s/^(VERSION|PATCHLEVEL) = //p' "$1/Makefile" | paste -sd .
}

# apply_series SOURCE SERIES - no fuzz: what does not fit exactly was not meant for it. What this version
# alone needs, which has its own directory beside that of the series, comes last.
apply_series() {
	local patch
	for patch in "$2"/*.patch "${2%-7.x}-$(version_of "$1")"/*.patch; do
		[ -f "$patch" ] && [[ $patch != */0000-* ]] || continue
		patch -d "$1" -p1 --fuzz=0 --silent <"$patch" >&2 ||
			die "$(basename "$patch") does not apply to this kernel source"
	done
}

# changes_of PATCH... - without what each says of itself: better words are no other kernel.
changes_of() {
	[ $# -eq 0 ] || sed -s '1,/^---$/d' "$@"
}

# place_of NAME SERIES KIND - where the cache has that kernel: one for each name, settings and patches, whatever
# comments say.
place_of() {
	local key
	key=$({
		configuration "$3" older | grep '^CONFIG_'
		changes_of ${2:+"${2%x}"*/*.patch}
		echo "$1"
	} | sha256sum | cut -c 1-12)
	echo "$LAB_CACHE/kernels/$(basename "$1")-$3-$key"
}

# kernel_from_archive NAME SERIES ARCHIVE-COMMAND... - builds it once. SERIES: a directory of patches, or "".
kernel_from_archive() {
	local name=$1 series=$2 work archive lock
	shift 2
	if [ "$KERNEL_KIND" = small ]; then
		KERNEL=$(place_of "$name" "$series" full)
		[ ! -f "$KERNEL/bzImage" ] || return 0
	fi
	KERNEL=$(place_of "$name" "$series" "$KERNEL_KIND")
	[ ! -f "$KERNEL/bzImage" ] || return 0
	mkdir -p "$LAB_CACHE/kernels" || die "cannot write to $LAB_CACHE"
	take_lock "$LAB_CACHE/kernels/lock" 'build of a kernel' || die "cannot write to $LAB_CACHE/kernels"
	if [ ! -f "$KERNEL/bzImage" ]; then
		archive=$("$@") || exit
		work=$LAB_CACHE/work
		rm -rf "$work"
		mkdir -p "$work/objects"
		unpack "$archive" "$work/source"
		[ -z "$series" ] || apply_series "$work/source" "$series"
		compile "$work/source" "$work/objects" "$KERNEL"
		rm -rf "$work"
	fi
	exec {lock}>&-
}

# kernel_from_tree TREE - objects are kept, so that a change costs its own compile only.
kernel_from_tree() {
	local key
	key=$({ realpath "$1"; echo "$KERNEL_KIND"; } | sha256sum | cut -c 1-12)
	KERNEL=$LAB_CACHE/trees/$key/kernel
	compile "$(realpath "$1")" "$LAB_CACHE/trees/$key/objects" "$KERNEL"
}

# add_importer MODULES - the kernel's modules and, among them, the importer.
add_importer() {
	local release work=$1/source
	release=$(cat "$KERNEL/version") &&
		mkdir -p "$1" &&
		cp -rT "$KERNEL/modules" "$1" &&
		cp -rT "$KERNEL_IMPORTER" "$work" &&
		make -s -C "$KERNEL/build" M="$work" modules &&
		install -D -m 644 -t "$1/lib/modules/$release/updates" "$work"/*.ko &&
		rm -r "$work" &&
		/sbin/depmod -b "$1" "$release"
}

# get_modules - sets MODULES to the modules of KERNEL. A kernel that the importer was not written for
# does without.
get_modules() {
	local key lock with
	MODULES=$KERNEL/modules
	[ -d "$KERNEL/build" ] || return 0
	key=$(cat "$KERNEL_IMPORTER"/* | sha256sum | cut -c 1-12)
	with=$MODULES-$key
	if [ ! -d "$with" ]; then
		take_lock "$KERNEL/lock" 'build of the modules'
		rm -rf "$with.new"
		[ -d "$with" ] || { add_importer "$with.new" >"$KERNEL/importer.log" 2>&1 && mv "$with.new" "$with"; } ||
			say "$(basename "$KERNEL_IMPORTER") does not build for this kernel; the tests lack it" \
				"($KERNEL/importer.log)"
		exec {lock}>&-
	fi
	[ ! -d "$with" ] || MODULES=$with
}

# get_kernel SPEC KIND - sets KERNEL to the directory of a finished kernel, MODULES, and KERNEL_SOURCE to
# what fetch_source() takes, "" when it is not Debian's. SPEC: mainline, newest, or a version in Debian's
# archive, each also with -patched; lts, a source tree, a tarball, or a bzImage (its modules/ beside it).
# KIND: full; debug, which adds checks; or small, where one will do that has only what the demo needs.
get_kernel() {
	local name=$1
	KERNEL_KIND=$2 KERNEL_SOURCE=''
	if [[ $1 =~ ^newest(-patched)?$ ]]; then
		name=$(newest_version)${1#newest} || exit
	fi
	if [ -d "$1" ]; then
		[ -f "$1/Kbuild" ] || die "$1 is not a kernel source tree"
		kernel_from_tree "$1"
	elif [ -f "$1" ] && tar tf "$1" >/dev/null 2>&1; then
		kernel_from_archive "$(realpath "$1")" '' realpath "$1"
	elif [ -f "$1" ]; then
		KERNEL=$(dirname "$(realpath "$1")")
		[ "$(basename "$1")" = bzImage ] || die "$1 is neither a tarball nor named bzImage"
	elif [ "$1" = lts ]; then
		KERNEL_SOURCE=$KERNEL_LTS
		kernel_from_archive "$1" "$LAB_TOP/kernel/linux-$KERNEL_LTS" fetch_source "$KERNEL_SOURCE"
	elif [[ $name =~ ^(mainline|[0-9]+\.[0-9]+)(-patched)?$ ]]; then
		KERNEL_SOURCE=${BASH_REMATCH[1]}
		kernel_from_archive "$name" "${BASH_REMATCH[2]:+$LAB_TOP/kernel/linux-7.x}" fetch_source "$KERNEL_SOURCE"
	else
		die "no kernel '$1': use mainline, newest, or a version as 7.2, each also with -patched; lts, a" \
			"source tree, a tarball or a bzImage"
	fi
	get_modules
}
