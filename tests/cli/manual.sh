#!/bin/bash
# Program, --help, manual pages and completion say the same.
. "$(dirname "$0")/../lib.sh"

top=$(cd "$(dirname "$0")/../.." && pwd)
completion=$top/bash-completion/dmabufctl
d() { dmabufctl "$@"; }

# words FILE - the options that a page documents, sorted.
documented() { grep -oE '^\*(-[a-zA-Z]\*, \*)?--[a-z-]+\*|^\*-[a-zA-Z]\*' "$1" | grep -oE -- '-{1,2}[a-zA-Z][a-z-]*' | sort -u; }
listed() { d "$@" --list-options | sort -u; }
helped() { sed -n '/^Options/,$p' | grep -oE '^  (-[a-zA-Z], )?--[a-z-]+' | grep -oE -- '-{1,2}[a-zA-Z][a-z-]*' | sort -u; }

main=$top/man/dmabufctl.1.scd
ok 'global options: page' equal "$(documented "$main")" "$(listed)"
ok 'global options: --help' equal "$(d --help | helped)" "$(listed)"

for command in $(d --list-commands); do
	page=$top/man/dmabufctl-$command.1.scd
	ok "$command: has a page" [ -f "$page" ]
	ok "$command: options of the page" equal "$(documented "$page")" "$(listed "$command")"
	ok "$command: options of --help" equal "$(d "$command" --help | helped)" "$(listed "$command")"
	ok "$command: the page's synopsis is the usage" contains "$(sed 's/[*_\\]//g' "$page")" \
		"^$(d "$command" --help | sed -n 's/^usage: //p' | sed 's/[][.*|]/\\&/g')$"
	ok "$command: in the main page" contains "$(cat "$main")" "^\*dmabufctl-$command\*\(1\)"
	ok "$command: the page is in the build" contains "$(cat "$top/Makefile.am")" "man/dmabufctl-$command\.1\.scd"
done
ok 'src/cmd: a command a file' equal "$(basename -s .c "$top"/src/cmd/*.c | sort)" "$(d --list-commands | sort)"
for page in "$top"/man/dmabufctl-*.1.scd; do
	command=$(basename "$page" .1.scd)
	ok "$(basename "$page"): is a command's" contains "$(d --list-commands)" "^${command#dmabufctl-}$"
done
for status in 0 1 2 3 4 5 6; do
	ok "exit status $status is in the main page" contains "$(cat "$main")" "^\*$status\*"
done

# Each page has what a reader looks for, in this order, and leads to pages that there are.
for page in "$top"/man/*.scd "$top"/man/*.scd.in; do
	name=$(basename "$page")
	# shellcheck disable=SC2046 # headings, a line each
	ok "$name: its sections" equal "$(grep -xE '# (NAME|SYNOPSIS|DESCRIPTION|OPTIONS|EXIT STATUS|EXAMPLES|KERNEL INTERFACE|SEE ALSO)' "$page" | tr '\n' ' ')" \
		'# NAME # SYNOPSIS # DESCRIPTION # OPTIONS # EXIT STATUS # EXAMPLES # KERNEL INTERFACE # SEE ALSO '
	ok "$name: the pages that it names are there" equal "$(grep -oE '\*dmabufctl[a-z-]*\*\([1-8]\)' "$page" | sort -u | tr -d '*)' |
		while IFS='(' read -r other section; do
			[ -f "$top/man/$other.$section.scd" ] || [ -f "$top/man/$other.$section.scd.in" ] || echo "$other($section)"
		done)" ''
done

# text PAGE - what a page that is built says, in one line, without the formatting.
text() { sed -E '/^\.\\"/d; /^\./d; s/\\f[BRI]//g; s/\\&//g; s/\\\(aq|\\\*\(Aq/'"'"'/g; s/\\e/\\/g' "$1" | tr '\n' ' '; }
# The pages that are made, as they are built, against what they were made from.
built=$(dirname "$(command -v dmabufctl)")/man
if [ -f "$built/dmabufctl-conform.7" ]; then
	page=$(text "$built/dmabufctl-conform.7")
	lacking=0
	while IFS=$'\t' read -r name rule source; do
		[[ $page == *" $name $rule "*"[$source]"* ]] || { lacking=$((lacking + 1)); echo "# not in the page: $name $rule [$source]"; }
	done < <(d conform --list --json | gojq -r '.cases[] | [.case, .rule, .source] | @tsv')
	ok 'dmabufctl-conform(7) has each rule, as the program lists it' equal "$lacking" 0
	ok 'dmabufctl-conform(7) has no other' equal "$(grep -cE '^\\fB[a-z]+-[a-z0-9-]+\\fR$' "$built/dmabufctl-conform.7")" \
		"$(d conform --list --json | gojq '.cases | length')"
else
	skip 'dmabufctl-conform(7) has each rule' 'it is not built here'
fi
if [ -f "$built/dmabufctl-json.7" ]; then
	page=$(text "$built/dmabufctl-json.7")
	lacking=0
	# shellcheck disable=SC2016 # a key of JSON
	filter='.["$defs"] | .. | objects | .properties? // empty | to_entries[] |
		select(.value | type == "object" and has("description")) | [.key, .value.description] | @tsv'
	while IFS=$'\t' read -r key description; do
		[[ $page =~ [\ .]$key\ \([^\)]*\)\ +"$description" ]] || { lacking=$((lacking + 1)); echo "# not in the page: $key: $description"; }
	done < <(gojq -r "$filter" "$top/schema/dmabufctl-1.schema.json" | sort -u)
	ok 'dmabufctl-json(7) has each key, as the schema explains it' equal "$lacking" 0
else
	skip 'dmabufctl-json(7) has each key' 'it is not built here'
fi

# complete WORDS... - what the shell would offer for the last word.
complete_words() {
	# shellcheck disable=SC2034 # read by the completion
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=() COMP_LINE="$*"
	# shellcheck disable=SC2034
	COMP_POINT=${#COMP_LINE}
	_dmabufctl
	printf '%s\n' "${COMPREPLY[@]}"
}
# shellcheck disable=SC1090 # bash-completion/dmabufctl
. "$completion"
ok 'completion: commands' equal "$(complete_words dmabufctl '' | sort)" "$(d --list-commands | sort)"
ok 'completion: a part of a command' equal "$(complete_words dmabufctl expo)" export
ok 'completion: global options' equal "$(complete_words dmabufctl -- | sort)" "$(d --list-options | grep -- '^--' | sort)"
for command in $(d --list-commands); do
	ok "completion: options of $command" \
		equal "$(complete_words dmabufctl --json "$command" -- | sort)" \
		"$( (d --list-options; d "$command" --list-options) | grep -- '^--' | sort -u)"
done
ok 'completion: BARs' equal "$(complete_words dmabufctl export fffe:00:00.0 '' | tr '\n' ' ')" '0 1 2 3 4 5 '
ok 'completion: devices' equal "$(complete_words dmabufctl bind '')" "$(ls /sys/bus/pci/devices 2>/dev/null)"
ok 'completion: verbs' equal "$(complete_words dmabufctl context st | tr '\n' ' ')" 'start stop '
done_testing
