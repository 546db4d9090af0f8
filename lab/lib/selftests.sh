# The kernel's own tests of iommufd and VFIO, out of its source (tools/testing/selftests). Sourced, never run.
# shellcheck shell=bash disable=SC2034 # lab/run uses SELFTESTS

# Their directory, or "" when they were not asked for.
SELFTESTS=''

# build_selftests SOURCE DIRECTORY - with what the tests of 7.2.12 lack of their own library. What does not
# build is missing from the directory.
build_selftests() {
	local objects=$2.objects
	rm -rf "$2" "$objects"
	mkdir -p "$2" "$objects"
	make -k -C "$1/tools/testing/selftests" TARGETS='iommu vfio' O="$objects" \
		KHDR_INCLUDES="-isystem $KERNEL/include" EXTRA_CFLAGS='-Wno-error -Dcalloc_assert=calloc' \
		all >"$2/log" 2>&1
	find "$objects"/kselftest/*/ -maxdepth 1 -type f -executable -exec cp -t "$2" {} +
	rm -rf "$objects"
}

# get_selftests - sets SELFTESTS to the directory of the programs that come with KERNEL's source.
get_selftests() {
	local archive source lock
	[ -n "$KERNEL_SOURCE" ] || die "--selftests wants a kernel of Debian's archive"
	need_packages libcap-dev
	archive=$(fetch_source "$KERNEL_SOURCE") || exit
	SELFTESTS=$LAB_CACHE/selftests/$(basename "$archive" .deb)
	[ ! -d "$SELFTESTS" ] || return 0
	mkdir -p "$LAB_CACHE/selftests"
	take_lock "$LAB_CACHE/selftests/lock" "build of the kernel's tests" || die "cannot write to $LAB_CACHE/selftests"
	if [ ! -d "$SELFTESTS" ]; then
		source=$SELFTESTS.source
		unpack "$archive" "$source"
		build_selftests "$source" "$SELFTESTS.new"
		rm -rf "$source"
		mv "$SELFTESTS.new" "$SELFTESTS"
	fi
	exec {lock}>&-
}
