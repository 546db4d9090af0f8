#!/bin/bash
# lab:
# lab: --iommu virtio
# Events as they happen, in order, tied to names; what revoked means; ends that scripts can rely on.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/monitoring.sh"

# The name of a task is its owner's choice, and stands in no record.
d bind "$NVME" "$EDU" >/dev/null
start --json --event map,unmap,revoked,lost
pids=
for name in 'x-4294967295 [' 'x-4294967233 [' 'x-1 [' ' [1]abcde1.2:' $'a\nCPU:0 [LOST 9' 'x [LOST 1 EVENT'; do
	cp "$LAB_BUILD/tests/lab/stress" "$TEST_DIR/$name"
	"$TEST_DIR/$name" burst "$(cdev "$NVME")" "$(cdev "$EDU")" 1 &
	wait $!
	pids+="$! "
done
ends INT
ok 'hostile names: the monitor stands' equal "$rc" 0
for event in map unmap; do
	ok "hostile names: each $event has its PID" \
		equal "$(gojq -r "select(.event == \"$event\" and .iova == \"0x10000000\").pid" "$events" | tr '\n' ' ')" "$pids"
done
ok 'which BAR, and where in it: of a process that is not ours' equal \
	"$(gojq -c 'select(.iova == "0x10000000") | [.device, .bar, .offset]' "$events" | sort | uniq -c | xargs)" "12 [$NVME,2,0]"
ok 'hostile names: nothing is forged' equal "$(count '.event == "revoked" or .event == "lost"')" 0

# What is lost when they come too fast is counted.
start --json
kill -STOP $monitor
echo 64 >"$(instance)/buffer_size_kb"
"$LAB_BUILD/tests/lab/stress" burst "$(cdev "$NVME")" "$(cdev "$EDU")" 2000
kill -CONT $monitor
ends INT
lost=$(last .lost)
ok 'more than the ring holds: some are lost' [ "$lost" -gt 0 ]
ok 'more than the ring holds: the event lost says so' equal "$(gojq -s '[.[] | select(.event == "lost").count] | add' "$events")" "$lost"
known=$(($(count '.event | IN("map", "unmap", "attach", "detach")') + $(last .hidden) + lost))
ok 'more than the ring holds: each is printed, hidden, or counted as lost' [ "$known" -ge 8000 ]
# Of what is lost up to two records an attachment are no events: of whom it is, and that it pins.
ok 'more than the ring holds: none is counted twice' [ "$known" -lt 12060 ]

# While it cannot print, the rings fill: bursts on one CPU take all of a ring, however large it is.
has_nice() { [ "$(awk '{ print $19 }' /proc/$monitor/stat)" = "$1" ]; }
mkfifo "$TEST_DIR/output" "$TEST_DIR/go"
{ dd bs=32k count=50 status=none; read -r _ <"$TEST_DIR/go"; cat; } <"$TEST_DIR/output" >"$events" &
reader=$!
dmabufctl monitor --json >"$TEST_DIR/output" 2>"$complaints" &
monitor=$!
await 60 grep -q '"event":"begin"' "$events"
ok 'priority: what is watched goes first' has_nice 19
kill -STOP $monitor
rounds=0
until grep -q '^overrun: [1-9]' "$(instance)/per_cpu/cpu0/stats"; do
	taskset -c 0 "$LAB_BUILD/tests/lab/stress" burst "$(cdev "$NVME")" "$(cdev "$EDU")" 20000
	rounds=$((rounds + 20000))
done
kill -CONT $monitor
await 60 has_nice 0
ok 'priority: not when a ring is nearly full' has_nice 0
echo >"$TEST_DIR/go"
await 120 has_nice 19
ok 'priority: again, once it has caught up' has_nice 19
ends INT
wait $reader
known=$(($(grep -cE '"event":"(map|unmap|attach|detach)"' "$events") + $(last .hidden) + $(last .lost)))
ok 'priority: what was left at its end is read, printed or counted as lost' [ "$known" -ge $((4 * rounds)) ]
d unbind "$NVME" "$EDU" >/dev/null

main_setup
start --json
d revoke "$NVME" --by reset >/dev/null
d recover map0 >/dev/null
d list >/dev/null
d unmap map0
d import fb --name other --ioas ioas0 --iova "$IOVA" >/dev/null
# A name is learnt while it is there; a script that takes it away at once is faster than that.
await 30 grep -q '"event":"map","mapping":"other"' "$events"
d unmap other
d import fb --name map0 --ioas ioas0 --iova "$IOVA" >/dev/null
ends INT
ok 'SIGINT: exit status 0' equal "$rc" 0
ok 'each line is an object' gojq -e . "$events"
ok 'begin is the first' equal "$(head -n 1 "$events" | gojq -r .event)" begin
ok 'end is the last' equal "$(last .event)" end
ok 'revoked, mapped again, unmapped, mapped under other names, in order' \
	equal "$(gojq -r 'select(.iova == "0x10000000") | "\(.event) \(.mapping)"' "$events" | tr '\n' ',')" \
	'unmap map0,revoked map0,map map0,unmap map0,map other,unmap other,map map0,'
ok 'each names device and BAR' \
	equal "$(gojq -r 'select(.iova == "0x10000000") | "\(.device) \(.bar)"' "$events" | sort -u)" "$NVME 2"
ok 'revoked: names the context' equal "$(gojq -r 'select(.event == "revoked").context' "$events")" default
ok 'revoked: names the dma-buf' \
	equal "$(gojq -r 'select(.event == "revoked").inode' "$events")" "$(attribute '.dmabufs[] | select(.name == "fb").inode')"
ok 'an unmap by user space is not taken for a revocation' equal "$(count '.event == "revoked"')" 1
ok 'attached for each import, and let go of' equal "$(seen '.event == "attach" or .event == "detach"')" \
	'detach attach detach attach detach attach '
pinning=revocable
is_mainline || pinning=dynamic # it does not pin
ok 'attached: what iommufd promises' equal "$(gojq -r 'select(.event == "attach").promise' "$events" | xargs)" "$pinning $pinning $pinning"
ok 'who only looks or tries puts nothing' equal "$(count '.event == "put"')" 0
ok 'what was only tried is counted' [ "$(last .hidden)" -ge 2 ]
ok 'times do not go back for what the trace saw' \
	equal "$(gojq -s '[.[] | select(.event == "map" or .event == "unmap").t_ns] | . == sort' "$events")" true
ok 'what was printed is counted' equal "$(last .events)" "$(($(wc -l <"$events") - 1))"
ok 'nothing was lost' equal "$(last .lost)" 0
nothing_left 'SIGINT'

start --json --all
d revoke "$NVME" --by reset >/dev/null
d recover map0 >/dev/null
ends TERM
ok 'SIGTERM: exit status 0' equal "$rc" 0
ok '--all: what was only tried, too' [ "$(count '.event == "attach"')" -ge 3 ]
ok '--all: nothing is hidden' equal "$(last .hidden)" 0
nothing_left 'SIGTERM'

start --json
d bind "$NVME2" >/dev/null
d --context other export "$NVME2" 2 --name cmb >/dev/null
d --context other export "$NVME2" 2 --name second >/dev/null
d --context other attach "$NVME2" >/dev/null
d --context other import second --iova 0x20000000 >/dev/null
await 30 grep -q '"event":"map"' "$events"
d --context other detach "$NVME2"
d --context other release cmb
d --context other export "$NVME2" 2 --range 0x4000:0x1000 --name third >/dev/null
d --context other export "$NVME2" 2 --name fourth >/dev/null
d --context other unmap map0
d context stop other
d unbind "$NVME2" >/dev/null
echo change >"/sys/bus/pci/devices/$NVME2/uevent"
ends HUP
ok 'SIGHUP: exit status 0' equal "$rc" 0
ok 'export: each' equal "$(count '.event == "export" and .exporter == "vfio_pci_core" and .size > 0')" 4
ok 'put: each, once' equal "$(gojq -s '[.[] | select(.event == "put").inode] | sort == (unique)' "$events") $(count '.event == "put"')" 'true 4'
ok 'put: what was made last goes first, when all go' \
	equal "$(gojq -sc '[.[] | select(.event == "put").inode] | .[1:]' "$events")" \
	"$(gojq -sc '[.[] | select(.event == "export").inode] | .[1:] | reverse' "$events")"
ok 'put: of what was exported' \
	equal "$(gojq -sc '[.[] | select(.event == "put") | [.inode, .size, .exporter]] | sort' "$events")" \
	"$(gojq -sc '[.[] | select(.event == "export") | [.inode, .size, .exporter]] | sort' "$events")"
ok 'export, put: whose memory, and where it begins' \
	equal "$(gojq -r 'select(.event | IN("export", "put")) | "\(.event) \(.device) \(.bar) \(.offset)"' "$events" | sort | uniq -c | xargs)" \
	"3 export $NVME2 2 0 1 export $NVME2 2 16384 3 put $NVME2 2 0 1 put $NVME2 2 16384"
ok 'attach, detach: whose, beside the importer' \
	equal "$(gojq -r 'select(.event | IN("attach", "detach")) | "\(.event) \(.exporter_device) \(.bar) \(.device != .exporter_device)"' "$events" | xargs)" \
	"attach $NVME2 2 true detach $NVME2 2 true"
ok 'domain: of the device' [ "$(count ".event == \"domain\" and .device == \"$NVME2\"")" -ge 2 ]
ok 'a device that leaves its domain revokes nothing' equal "$(count '.event == "revoked"')" 0
ok 'a first import has its name' \
	equal "$(gojq -r 'select(.event == "map" and .iova == "0x20000000") | "\(.mapping) \(.context)"' "$events")" 'map0 other'
ok 'bind: to which driver' contains "$(gojq -r "select(.event == \"bind\" and .device == \"$NVME2\").driver" "$events" | head -n 1)" vfio-pci
ok 'unbind, bind, change: in order' \
	contains "$(seen ".device == \"$NVME2\" and (.event | IN(\"bind\", \"unbind\", \"change\"))")" '^unbind bind unbind bind change $'
ok 'context-start, context-stop' equal "$(seen '.context == "other" and (.event | startswith("context"))')" 'context-start context-stop '
nothing_left 'SIGHUP'

# As under nohup.
trap '' HUP
start --json
trap - HUP
kill -HUP $monitor
echo change >"/sys/bus/pci/devices/$NVME2/uevent"
await 60 grep -q '"event":"change"' "$events"
ends TERM
ok 'SIGHUP, ignored before it starts: it goes on' equal "$rc $(seen true)" '0 begin change end '

start --until revoked --json
d revoke "$NVME" --by memory >/dev/null
ends
ok '--until revoked: exit status 0' equal "$rc" 0
ok '--until revoked: that was it' equal "$(tail -n 2 "$events" | gojq -r .event | head -n 1)" revoked
d recover map0 >/dev/null

# It does not get to read until the task that revoked has long gone on to something else.
start --json
kill -STOP $monitor
d revoke "$NVME" --by reset >/dev/null
d recover map0 >/dev/null
d doctor >/dev/null # makes a dma-buf of memory
kill -CONT $monitor
ends TERM
ok 'held up meanwhile: the revocation is seen' equal "$(count '.event == "revoked" and .mapping == "map0"')" 1
ok 'export, put: of no device' equal "$(gojq -c 'select(.event | IN("export", "put")) | [.event, .exporter, .device, .bar]' "$events" | tr '\n' ' ')" \
	'["export","udmabuf",null,null] ["put","udmabuf",null,null] '

start --json
d revoke "$NVME" --by all >/dev/null 2>&1
ends TERM
revoking=9
closes_the_hole && revoking=10
ok "the matrix: each revocation is seen, tied to its name" equal "$(count '.event == "revoked" and .mapping == "map0"')" $revoking
ok 'the matrix: unbind, bind, remove, add' \
	contains "$(seen ".device == \"$NVME\" and (.event | IN(\"unbind\", \"remove\", \"add\"))")" '^unbind unbind remove add '

# Filters.
start --json --device "${NVME#0000:}" --event revoked,unmap,domain,bind,unbind
d revoke "$NVME" --by reset >/dev/null
d recover map0 >/dev/null
d bind "$NVME2" >/dev/null
d unbind "$NVME2" >/dev/null
ends INT
ok '--device: mappings of its memory, and nothing of others' equal "$(seen true)" 'begin unmap revoked end '
start --json --context other
d revoke "$NVME" --by reset >/dev/null
d recover map0 >/dev/null
d bind "$NVME2" >/dev/null
d --context other attach "$NVME2" >/dev/null
d --context other export "$NVME2" 2 --name cmb >/dev/null
d --context other import cmb --iova "$IOVA" >/dev/null
await 30 grep -q '"event":"map"' "$events"
d --context other release --all
ends INT
ok '--context: its own coming and going' equal "$(seen '.event | startswith("context")')" 'context-start context-stop '
ok '--context: nothing of others' equal "$(count '.context == "default" or .mapping == "map0" and .context != "other"')" 0
ok '--context: what happens to its dma-bufs, in order' \
	equal "$(seen '.event | IN("export", "attach", "detach", "put")')" 'export attach detach put '
ok '--context: another has a mapping at that address, and the dma-buf says which it is' \
	equal "$(gojq -r "select(.iova == \"$IOVA\") | \"\(.event) \(.mapping) \(.context)\"" "$events" | tr '\n' ',')" \
	'map map0 other,unmap map0 other,'
d unbind "$NVME2" >/dev/null
refuses 2 "option --event: .*frob" d monitor --event map,frob
refuses 2 "not a device's name; give it as 0000:01:00.0 or 01:00.0$" d monitor --device frob

d revoke "$NVME" --by memory >/dev/null
start --until fault,context-stop --json
d verify map0 --from "$EDU" --expect-fault >/dev/null
ends
ok '--until fault: exit status 0' equal "$rc" 0
ok 'the fault is tied to its mapping' equal "$(gojq -r 'select(.event == "fault").mapping' "$events" | head -n 1)" map0
ok 'the fault is tied to its device' equal "$(gojq -r 'select(.event == "fault").device' "$events" | head -n 1)" "$EDU"
d recover map0 >/dev/null

start --json --event map --until unmap
d revoke "$NVME" --by reset >/dev/null
ends
ok '--until what is not shown: it ends' equal "$rc $(seen true)" '0 begin end '
d recover map0 >/dev/null

# It has come before the monitor starts, and waits all the time that it sets things up.
run env --block-signal=TERM bash -c 'kill -TERM $$; exec dmabufctl monitor --json'
ok 'a signal while it sets up: exit status 0' equal "$rc" 0
ok 'a signal while it sets up: begin and end' equal "$(gojq -r .event <<<"$out" | tr '\n' ' ')" 'begin end '
nothing_left 'a signal while it sets up'

gives 6 '--until with --for: it did not come' d monitor --until remove --for 0.5
ok '--until with --for: says so' contains "$err" 'monitor --until remove: it was not seen'
gives 0 '--for' d monitor --json --for 0.2
ok '--for: no shorter' [ "$(gojq -s '.[-1].t_ns - .[0].t_ns' <<<"$out")" -ge 200000000 ]
start --json --for 1
d doctor >/dev/null
ends
ok '--for: no shorter when something happens' [ "$(gojq -s '.[-1].t_ns - .[0].t_ns' "$events")" -ge 1000000000 ]
refuses 2 'option --for' d monitor --for 18446744074
refuses 2 "option --until: 'frob': 'frob' is not a valid value; give some of map" d monitor --until frob
start --json
kill -KILL $monitor
wait $monitor 2>/dev/null
# Its name tells nothing about who is alive: it may be another PID namespace's.
foreign=$instances/dmabufctl.monitor-99999999-1
mkdir "$foreign"
exec 7<"$foreign/tracing_on"
start --json
gives 0 'after one that was killed' d monitor --for 0.2
ok 'one that somebody has open stays' [ -d "$foreign" ]
ends INT
ok 'one beside another goes on' equal "$(last .event)" end
exec 7<&-
gives 0 'after one that was killed, and nobody has open' d monitor --for 0.2
nothing_left 'after one that was killed'
d monitor 2>/dev/null | head -n 0
ok 'nobody reads it: it ends' equal "${PIPESTATUS[0]}" 141
nothing_left 'nobody reads it'
run setpriv --reuid=65534 --regid=65534 --clear-groups -- dmabufctl monitor --for 1
ok 'an ordinary user: exit status 4' equal "$rc" 4

# Without the kernel's types there are no probes.
mount -t tmpfs none /sys/kernel/btf
refuses 3 'monitor --until revoked: it cannot be seen: that takes .* BTF' d monitor --until revoked
start --json --for 0.1
ends
ok 'what cannot be seen is said' contains "$(cat "$complaints")" 'put, revoked, restored cannot be seen'
umount /sys/kernel/btf

# A burst: each event is printed, or counted as lost.
start --json
for ((i = 0; i < 500; i++)); do
	echo "import fb --name burst --ioas ioas0 --iova 0x40000000"
	echo 'unmap burst'
done | d --context default batch - >/dev/null
ends INT
ok 'a burst: 1,000 events are accounted for' \
	equal "$(($(count '.iova == "0x40000000" and (.event == "map" or .event == "unmap")') + $(last .lost)))" 1000
d release --all

# A context where there has been none.
d unbind "$NVME" "$EDU" >/dev/null
rm -r /run/dmabufctl
start --until context-start
d context start >/dev/null
ends
ok '--until context-start, where there has been none: exit status 0' equal "$rc" 0
ok 'for people: a line with the name' contains "$(cat "$events")" 'context-start +context=default'
d context stop
leave_nothing
done_testing
