#!/bin/bash
# HACKING.md's picture of the directories of src/ against the includes: no arrow missing, none unused, none up, and
# no files that include each other in a circle. What HACKING.md says where things are is there, and each file says
# in its first lines what it is about.
. "$(dirname "$0")/../lib.sh"

top=$(cd "$(dirname "$0")/../.." && pwd)

# includes DIRECTORY - "FILE INCLUDED" for each include of one file of it by another, without their endings.
includes() {
	(cd "$1/src" && grep -rno --include='*.[ch]' '^#include "[^"]*\.h"' .) |
		sed -E 's|^\./(.*)\.[ch]:[0-9]+:#include "(.*)\.h"|\1 \2|' | grep -v ' config$' | awk '$1 != $2' | sort -u
}

# arrows DIRECTORY - the same of directories; "main" is src/ itself.
arrows() {
	includes "$1" | awk '
		function directory(file) { return sub(/\/[^\/]*$/, "", file) ? file : "main" }
		{ from = directory($1); to = directory($2); if (from != to) print from, to }' | sort -u
}

# picture DIRECTORY - the lines "FROM -> TO..." of HACKING.md: "FROM TO" in their order.
picture() {
	awk '$2 == "->" { for (i = 3; i <= NF; i++) print $1, $i }' "$1/HACKING.md"
}

# faults DIRECTORY - what is wrong with the picture and the includes, a line each.
faults() {
	comm -3 <(arrows "$1") <(picture "$1" | sort) | awk -F '\t' '
		$1 { print "HACKING.md lacks the arrow " $1 }
		$2 { print "nothing uses the arrow " $2 }'
	awk '$2 == "->" { for (i = 3; i <= NF; i++) if ($i in above) print "the arrow " $1 " " $i " points up"; above[$1] }' \
		"$1/HACKING.md"
	# A .c file leaves that to the header of its name, where there is one.
	(cd "$1" && find src -name '*.[ch]' | sort | xargs awk '
		BEGIN { for (i in ARGV) there[ARGV[i]] }
		FNR == 2 && !/^\/\*/ {
			header = FILENAME
			if (!sub(/\.c$/, ".h", header) || !(header in there)) print FILENAME " does not say what it is about"
		}')
	includes "$1" | LC_ALL=C tsort 2>&1 >/dev/null | sed -n 's/^tsort: \([^-].*\)/in a circle: \1/p'
	# What stands in backquotes and looks like a file's path, from the top or from src/.
	# shellcheck disable=SC2016 # backquotes of Markdown
	grep -oE '`[a-z][a-z./-]*/[][a-z0-9*._/-]*`' "$1/HACKING.md" | tr -d '`' | sort -u | while read -r path; do
		compgen -G "$1/$path" >/dev/null || compgen -G "$1/src/$path" >/dev/null || echo "there is no $path"
	done
}

ok 'the picture is what is included' equal "$(faults "$top")" ''
ok 'there is a picture' test "$(picture "$top" | wc -l)" -gt 10
# shellcheck disable=SC2016 # the same
questions=$(sed -n '/^## Ten questions/,/^## [^T]/p' "$top/HACKING.md" | grep -c '^| .*? | `.*` |$')
ok 'ten questions are answered by paths' equal "$questions" 10

# A tree with one fault each.
tree=$TEST_DIR/tree
mkdir -p "$tree"/src/{above,below}
# file PATH INCLUDED... - the file, which includes these.
file() {
	local path=$1
	shift
	{
		printf '// The license.\n/* What it is about. */\n'
		printf '#include "%s"\n' "$@"
	} >"$tree/src/$path"
}
file main.c above/a.h below/b.h
file above/a.h below/b.h
file below/b.c below/b.h config.h
file below/b.h below/c.h
file below/c.h config.h
printf '%s\n' 'main -> above below' 'above -> below' "\`below/b.c\`" >"$tree/HACKING.md"
cp "$tree/HACKING.md" "$TEST_DIR/good"

# finds DESCRIPTION FAULT - what is wrong with the tree now; HACKING.md is good again afterwards.
finds() {
	ok "$1" equal "$(faults "$tree")" "$2"
	cp "$TEST_DIR/good" "$tree/HACKING.md"
}
finds 'nothing is wrong' ''
sed -i 's/main -> above below/main -> above/' "$tree/HACKING.md"
finds 'an arrow that the picture lacks' 'HACKING.md lacks the arrow main below'
echo 'below -> beyond' >>"$tree/HACKING.md"
finds 'an arrow that nothing uses' 'nothing uses the arrow below beyond'
printf '%s\n' 'above -> below' 'main -> above below' >"$tree/HACKING.md"
finds 'an arrow that points up' 'the arrow main above points up'
echo "\`below/[bd].c\` \`below/d.c\`" >>"$tree/HACKING.md"
finds 'a path that is not there' 'there is no below/d.c'
sed -i 2d "$tree/src/above/a.h"
finds 'a file that says nothing' 'src/above/a.h does not say what it is about'
file above/a.h below/b.h
file below/c.h below/d.h
file below/d.c below/b.h
finds 'files in a circle' "in a circle: below/b
in a circle: below/c
in a circle: below/d"
done_testing
