#!/bin/bash
# contrib/ci on a kernel tree: four commits, of which the second is a bug and the third does not compile.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=lab/lib/common.sh
. "$(dirname "$0")/../../lab/lib/common.sh"
. "$LAB_TOP/lab/lib/kernel.sh"

ci=$LAB_TOP/contrib/ci
bug=$LAB_TOP/tests/mutants/kernel/reset-keeps.patch
file=drivers/vfio/pci/vfio_pci_dmabuf.c
command -v git >/dev/null || { echo "1..0 # SKIP no git"; exit; }
archive=$(fetch_source mainline) || exit
# A kernel with its objects is too large for some machines' /tmp.
work=$(mktemp -d "$LAB_CACHE/bisect.XXXXXX") || exit
trap 'rm -rf "$work" "$TEST_DIR"' EXIT
export XDG_CACHE_HOME=$work GIT_CEILING_DIRECTORIES=$work GIT_CONFIG_GLOBAL=/dev/null
export GIT_{AUTHOR,COMMITTER}_NAME=test GIT_{AUTHOR,COMMITTER}_EMAIL=test@localhost

# commit MESSAGE - of the files that change, the only ones that git need know.
commit() { git add -f "$file" drivers/vfio/pci/vfio_pci_core.c && git commit -qm "$1"; }
make_series() {
	git init -q && commit base && git tag base &&
		echo '/* a change */' >>"$file" && commit change &&
		patch -p1 --fuzz=0 --silent <"$bug" && commit bug && git tag bug &&
		echo 'int broken' >>"$file" && commit broken && git tag broken &&
		sed -i '$d' "$file" && commit mended
}

run "$ci/bisect" revoke-reset
ok 'where there is no kernel: skipped' equal "$rc" 125
unpack "$archive" "$work/linux" 2>/dev/null
cd "$work/linux" || exit
ok 'a series of commits' make_series
"$ci/bisect" revoke-reset >/dev/null 2>"$TEST_DIR/stopped" &
pid=$!
await 120 grep -q 'building the kernel' "$TEST_DIR/stopped"
pkill -TERM -P $pid
wait $pid
ok 'a build that is stopped: so is git bisect' equal $? 143
git bisect start HEAD base >/dev/null
run git bisect run "$ci/bisect" revoke-reset revoke-memory
ok 'git bisect finds the bug' equal "$rc $(git rev-parse bisect/bad)" "0 $(git rev-parse bug)"
ok 'it tried one that is bad, and one that is good' \
	equal "$(git bisect log | sed -nE 's/^git bisect (bad|good) .*/\1/p' | xargs)" 'bad good'
ok 'conform says which rule is broken' contains "$out" 'not ok.*revoke-reset|revoke-reset .*failed'
git checkout -q broken
run "$ci/bisect" revoke-reset
ok 'what does not compile: skipped' equal "$rc" 125
ok 'and why is told' contains "$err" 'the kernel did not build'
git checkout -q bug
run "$ci/conform" . --only revoke-memory --tap
ok 'a rule that is not broken' equal "$rc $(grep -c '^ok' <<<"$out")" '0 1'
done_testing
