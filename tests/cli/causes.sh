#!/bin/bash
# explain: which errno of which command has a cause, and that it finds both in what it is given.
. "$(dirname "$0")/../lib.sh"

export XDG_RUNTIME_DIR=$TEST_DIR/runtime
mkdir -m 700 "$XDG_RUNTIME_DIR"
d() { dmabufctl "$@"; }

# Each errno that a command can fail with, where something is known of it.
while read -r error commands; do
	for command in $commands; do
		run d explain "$error" --during "$command" --json
		ok "$error during $command: exit status 0" equal "$rc" 0
		ok "$error during $command: causes, all of them of both" equal \
			"$(gojq -c "[.causes | length > 0, all(.[]; .errno == \"$error\" and (.during | split(\" \") | index(\"$command\") != null))]" <<<"$out")" \
			'[true,true]'
	done
done <<-END
	ENODEV import recover export
	EOPNOTSUPP import export revoke
	EEXIST import
	EINVAL import export revoke adopt
	EOVERFLOW import export
	ENOSPC import
	ENOTTY import export revoke
	EPERM export attach revoke adopt
	EBUSY export attach revoke unbind release
	EACCES export attach exec monitor
	ENOENT export attach import revoke exec monitor
	EADDRINUSE attach adopt
	ETIMEDOUT verify
	EIO verify
	ESRCH adopt
	EBADF adopt
	ECONNREFUSED export
END
for pair in ENODEV:release EEXIST:export EBADF:import ESRCH:verify ENOSPC:attach; do
	run d explain "${pair%:*}" --during "${pair#*:}" --json
	ok "${pair%:*} during ${pair#*:}: no cause" equal "$rc $(gojq -c .causes <<<"$out")" '0 []'
done
# The number of a name, and the whole of a message.
count() { d explain "$@" --json | gojq -c '[.causes[] | [.errno, .check]] | unique | length'; }
ok 'a number is its name' equal "$(d explain 17 --json)" "$(d explain EEXIST --json)"
ok 'another number' equal "$(d explain 110 --json | gojq -r '[.causes[].errno] | unique[]')" ETIMEDOUT
ok 'without a command: of all' [ "$(count EBUSY)" -gt "$(count EBUSY --during unbind)" ]
ok 'a message: its errno and its command' equal \
	"$(d explain 'dmabufctl: import fb: EEXIST: map0 (stale) occupies it' --json)" "$(d explain EEXIST --during import --json)"
ok 'a message: --during goes before its own' equal \
	"$(d explain 'dmabufctl: import fb: EINVAL: x' --during export --json)" "$(d explain EINVAL --during export --json)"
ok 'a message: of the two that it names the first' equal \
	"$(d explain 'dmabufctl: import fb: ENODEV: not EEXIST' --json)" "$(d explain ENODEV --during import --json)"
ok 'each cause says all' equal "$(for e in EBUSY EPERM EINVAL ENOENT; do d explain $e --json; done |
	gojq -s '[.[].causes[] | select((.check and .next and .where and .during and (.here | IN("yes", "no", "unknown"))) | not)] | length')" 0
for text in 0 -0 256 99999 '' EFROB; do
	run d explain "$text"
	ok "'$text' names no errno: exit status 2" equal "$rc" 2
done
done_testing
