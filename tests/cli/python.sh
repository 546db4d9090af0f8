#!/bin/bash
# contrib/python/dmabufctl.py: what can be had without devices, and that it knows what the program has.
# shellcheck disable=SC2016 # filters of gojq
. "$(dirname "$0")/../lib.sh"

top=$(cd "$(dirname "$0")/../.." && pwd)
export PYTHONPATH=$top/contrib/python PYTHONDONTWRITEBYTECODE=1
command -v /usr/bin/python3 >/dev/null || { echo '1..0 # SKIP no python3'; exit; }
# python CODE - runs it, with everything of the module at hand.
python() { /usr/bin/python3 -c "import json, sys; import dmabufctl; from dmabufctl import *; tool = Dmabufctl()
$1" "${@:2}"; }
# raises DESCRIPTION "CLASS STATUS" EXPRESSION
raises() {
	run python "
try: $3
except Error as error: print(type(error).__name__, error.status)"
	ok "$1" equal "$out" "$2"
}

ok 'an exception for each exit status' equal \
	"$(python 'print(*sorted(dmabufctl.ERRORS))')" \
	"$(gojq -r '."$defs".error.properties.status.enum | join(" ")' "$top/schema/dmabufctl-1.schema.json")"
for pair in Device:device DmaBuf:dmabuf_with_state Ioas:ioas Mapping:mapping_with_state Range:range DmaRange:dma_range; do
	ok "${pair%:*}: the keys that the schema has" equal "$(python "print(*sorted(field.name for field in dmabufctl.fields(${pair%:*})))")" \
		"$(gojq -r --arg key "${pair#*:}" '."$defs"[$key].properties | keys | join(" ")' "$top/schema/dmabufctl-1.schema.json")"
done
# help gives no object; what bench gives, run() does.
ok 'a method for each command' equal "$(python 'print(*[name for name in sys.argv[1].split()
	if not hasattr(tool, name) and not hasattr(tool, name + "_") and name not in ("help", "bench")])' "$(dmabufctl --list-commands)")" ''

raises 'an unknown command' 'UsageError 2' 'tool.run("frob")'
raises 'an unknown option' 'UsageError 2' 'tool.list(frob=True)'
raises 'a bad value' 'UsageError 2' 'tool.export("zz", 2)'
raises 'a word like an option' 'UsageError 2' 'tool.unmap("--frob")'
raises 'no such thing' 'FailedError 1' 'tool.release("nothing")'
raises 'a monitor that cannot be' 'UsageError 2' 'tool.monitor(until="frob")'
raises 'fds of nothing' 'FailedError 1' 'tool.fds("nothing")'
raises 'a command that is no part of a batch' 'UsageError 2' 'tool.batch().run("context", "list")'
raises 'a word that a batch cannot have' 'UsageError 2' 'tool.batch().explain("a\nb")'
raises 'a program that says nothing' 'Error 0' 'Dmabufctl(program="true").list()'
raises 'a batch that has ended' 'Error 0' 'Dmabufctl(program="true").batch().list()'
run python 'Dmabufctl(program="/nowhere").list()'
ok 'no program: Python says so' contains "$err" '^FileNotFoundError'
run python '
try: tool.export("zz", 2)
except Error as error: print(error); print(error.what); print(error.why, error.errno, error.explain); print(error.result["command"])'
ok 'what an exception has' equal "$out" "device 'zz': not a PCI address; write it as 0000:01:00.0 or 01:00.0
device 'zz'
not a PCI address None None
export"

# One process: what was written in between is no matter, nor are quotes.
run python '
with tool.batch() as batch:
	print(len(batch.explain("ENODEV")) > 0, batch.status().context)
	try: batch.explain("it'\''s \"so\" \\ #1")
	except UsageError as error: print(error.what)
	print(batch.list(pid=1 << 22))'
ok 'a batch answers each' equal "$rc $out" "0 True None
explain 'it's \"so\" \\ #1'
[]"
ok 'options: true is a flag, a list repeats, None is none' equal "$(python 'print(*dmabufctl._words("export", ["a", 2], dict(
	range=["0:4K", "8K:4K"], dry_run=True, from_="b", name=None, yes=False)))')" 'export --range 0:4K --range 8K:4K --dry-run --from b a 2'
done_testing
