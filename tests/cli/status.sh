#!/bin/bash
# What is shown of a context, exactly: of a record that is written by hand, so without any device.
# The devices that it names are on a bus that no machine has.
. "$(dirname "$0")/../lib.sh"

export XDG_RUNTIME_DIR=$TEST_DIR/runtime
mkdir -m 700 "$XDG_RUNTIME_DIR"
client=$(dirname "$(command -v dmabufctl)")/tests/lab/client
directory=$XDG_RUNTIME_DIR/dmabufctl
[ "$(id -u)" -ne 0 ] || directory=/run/dmabufctl
mine=status-$$
d() { dmabufctl --context $mine "$@"; }
same() { ok "$1" equal "$out" "$(cat)"; }

d context start
# put KIND NAME ATTRIBUTES - kinds: 3 device, 4 dma-buf, 5 IOAS, 6 mapping.
put() { "$client" "$directory/$mine.socket" put "$@" >/dev/null; }
put 3 0000:ff:1f.0 '{"id":1,"ioas":"ioas0","made_ns":5}'
put 3 0000:ff:1f.1 '{"id":2,"ioas":null,"made_ns":5}'
put 4 fb '{"adopted":false,"device":"0000:ff:1f.0","bar":2,"ranges":[{"offset":0,"length":4096},{"offset":8192,"length":8192}],"size":12288,"inode":7,"made_ns":6}'
put 4 old '{"adopted":false,"device":"0000:ff:1f.2","bar":0,"ranges":[{"offset":4096,"length":4096}],"size":4096,"inode":8,"made_ns":3}'
put 4 theirs '{"adopted":true,"device":null,"bar":null,"ranges":[],"size":16777216,"inode":9,"made_ns":6}'
put 5 ioas0 '{"id":3}'
put 5 spare '{"id":4}'
mapping='"importer":"iommufd","length":8192,"made_ns":7'
put 6 idle "{$mapping,\"dmabuf\":\"theirs\",\"ioas\":\"spare\",\"iova\":\"0x10000\",\"offset\":8192,\"prot\":\"r\",\"revoked_by\":null}"
put 6 stale "{$mapping,\"dmabuf\":\"fb\",\"ioas\":\"spare\",\"iova\":\"0x20000\",\"offset\":0,\"prot\":\"w\",\"revoked_by\":\"memory\"}"
put 6 map0 "{$mapping,\"dmabuf\":\"fb\",\"ioas\":\"ioas0\",\"iova\":\"0xffffffffe000\",\"offset\":4096,\"prot\":\"rw\",\"revoked_by\":null}"

run d status --json
out=$(gojq -c 'del(.context, .trace_instance) | to_entries[] | if .value | type == "array" then .key, .value[] else . end' <<<"$out")
same 'as JSON' <<'END'
{"key":"command","value":"status"}
"devices"
{"id":1,"ioas":"ioas0","made_ns":5,"name":"0000:ff:1f.0"}
{"id":2,"ioas":null,"made_ns":5,"name":"0000:ff:1f.1"}
"dmabufs"
{"adopted":false,"bar":2,"device":"0000:ff:1f.0","evidence":[],"inode":7,"made_ns":6,"memory":null,"missing":["probe"],"name":"fb","permanent":false,"ranges":[{"length":4096,"offset":0},{"length":8192,"offset":8192}],"size":12288,"state":"unknown"}
{"adopted":false,"bar":0,"device":"0000:ff:1f.2","evidence":[],"inode":8,"made_ns":3,"memory":null,"missing":["probe"],"name":"old","permanent":true,"ranges":[{"length":4096,"offset":4096}],"size":4096,"state":"unknown"}
{"adopted":true,"bar":null,"device":null,"evidence":[],"inode":9,"made_ns":6,"memory":null,"missing":["probe"],"name":"theirs","permanent":false,"ranges":[],"size":16777216,"state":"unknown"}
"ioases"
{"devices":["0000:ff:1f.0"],"id":3,"name":"ioas0"}
{"devices":[],"id":4,"name":"spare"}
"mappings"
{"disagrees":[],"dmabuf":"theirs","doubt":null,"evidence":["record"],"importer":"iommufd","ioas":"spare","iova":"0x10000","length":8192,"made_ns":7,"missing":[],"name":"idle","offset":8192,"prot":"r","revoked_by":null,"state":"idle"}
{"disagrees":[],"dmabuf":"fb","doubt":null,"evidence":["record"],"importer":"iommufd","ioas":"spare","iova":"0x20000","length":8192,"made_ns":7,"missing":["probe"],"name":"stale","offset":0,"prot":"w","revoked_by":"memory","state":"stale"}
{"disagrees":[],"dmabuf":"fb","doubt":null,"evidence":[],"importer":"iommufd","ioas":"ioas0","iova":"0xffffffffe000","length":8192,"made_ns":7,"missing":["page-table","kernel","trace"],"name":"map0","offset":4096,"prot":"rw","revoked_by":null,"state":"unknown"}
{"key":"schema","value":"dmabufctl/1"}
END
run d status -v
same 'as tables' <<'END'
Devices
DEVICE       IOAS  ID
0000:ff:1f.0 ioas0  1
0000:ff:1f.1 -      2

Dma-bufs
DMABUF DEVICE       BAR RANGES           SIZE INODE STATE   EVIDENCE
fb     0000:ff:1f.0   2 0x0+4K,0x2000+8K  12K     7 unknown -
old    0000:ff:1f.2   0 0x1000+4K          4K     8 unknown -
theirs -              - -                 16M     9 unknown -

I/O address spaces
IOAS  DEVICES      ID
ioas0 0000:ff:1f.0  3
spare -             4

Mappings
MAPPING DMABUF OFFSET IOAS  IOVA           LENGTH PROT STATE   EVIDENCE MISSING                 DISAGREES DOUBT
idle    theirs     8K spare 0x10000            8K r    idle    record   -                       -         -
stale   fb          0 spare 0x20000            8K w    stale   record   probe                   -         -
map0    fb         4K ioas0 0xffffffffe000     8K rw   unknown -        page-table,kernel,trace -         -
END
run d status --dot
same 'as a picture' <<'END'
digraph "context" {
	node [fontname="sans-serif" style=filled fillcolor=white]
	edge [fontname="sans-serif"]
	"0000:ff:1f.0" [shape=box fillcolor=lightblue label="0000:ff:1f.0"]
	"0000:ff:1f.0" -> "ioas0" [style=solid label="attached"]
	"0000:ff:1f.1" [shape=box fillcolor=lightblue label="0000:ff:1f.1"]
	"fb" [shape=box fillcolor=white label="fb\nBAR 2, 12288 bytes\nunknown"]
	"0000:ff:1f.0" -> "fb" [style=solid label="exports"]
	"old" [shape=box fillcolor=white label="old\nBAR 0, 4096 bytes\nunknown"]
	"0000:ff:1f.2" -> "old" [style=solid label="exports"]
	"theirs" [shape=box fillcolor=white label="theirs\n16777216 bytes\nunknown"]
	"ioas0" [shape=ellipse fillcolor=white label="ioas0"]
	"spare" [shape=ellipse fillcolor=white label="spare"]
	"idle" [shape=box fillcolor=lightgray label="idle\n0x10000\nidle"]
	"spare" -> "idle" [style=solid]
	"idle" -> "theirs" [style=solid]
	"stale" [shape=box fillcolor=gold label="stale\n0x20000\nstale"]
	"spare" -> "stale" [style=solid]
	"stale" -> "fb" [style=solid]
	"map0" [shape=box fillcolor=white label="map0\n0xffffffffe000\nunknown"]
	"ioas0" -> "map0" [style=solid]
	"map0" -> "fb" [style=solid]
}
END

# A fault of a device at an address: the mapping there, whether the device is attached to it, and its end.
while read -r device address wanted; do
	run d explain --json "DMAR: [DMA Write NO_PASID] Request device [$device] fault addr $address [fault reason 0x05] x"
	ok "a fault of $device at $address" equal "$(gojq -r '.fault | "\(.mapping) \(.state) \(.meaning)"' <<<"$out")" "$wanted"
done <<'END'
0000:ff:1f.0 0xffffffffe000 map0 unknown the mapping is there; it may not have been then, or not for writing
ff:1f.0 0xfffffffff000 map0 unknown the mapping is there; it may not have been then, or not for writing
0000:ff:1f.1 0xffffffffe000 map0 unknown the mapping is there, but the device is not attached to its IOAS
0000:ff:1f.0 0x11000 idle idle the mapping is there, but the device is not attached to its IOAS
0000:ff:1f.0 0x12000 null null nothing of this context is mapped there
0000:ff:1f.0 0xffffffffd000 null null nothing of this context is mapped there
0000:ff:1f.0 0x0 null null nothing of this context is mapped there
END

# For a device, and of an RDMA device: neither can be asked here, and an address of the region is no IOVA.
mapping='"dmabuf":"theirs","length":8192,"made_ns":7,"offset":0,"prot":"rw","revoked_by":null'
put 6 dma "{$mapping,\"importer\":\"device\",\"device\":\"0000:ff:1f.3\",\"dma\":\"0x40000\",\"promise\":\"revocable\",\"late_ms\":100}"
put 6 region "{$mapping,\"importer\":\"rdma\",\"rdma\":\"mlx5_9\",\"iova\":\"0x12000\",\"lkey\":7,\"rkey\":8}"
run d status --json
ok 'for a device' equal "$(gojq -c '.mappings[] | select(.name == "dma") | [.device, .dma, .promise, .late_ms, .state, .told]' <<<"$out")" \
	'["0000:ff:1f.3","0x40000","revocable",100,"unknown",null]'
ok 'a memory region' equal "$(gojq -c '.mappings[] | select(.name == "region") | [.rdma, .iova, .lkey, .rkey, .mr, .state, .evidence]' <<<"$out")" \
	'["mlx5_9","0x12000",7,8,null,"unknown",[]]'
run d explain --json "DMAR: [DMA Write NO_PASID] Request device [0000:ff:1f.0] fault addr 0x12000 [fault reason 0x05] x"
ok 'a memory region: no fault is at its address' equal "$(gojq -c .fault.mapping <<<"$out")" null
ok 'a picture of both' equal "$(d status --dot | grep -E '"(dma|region)"|mlx|1f.3')" '	"dma" [shape=box fillcolor=white label="dma\n0x40000\nunknown"]
	"0000:ff:1f.3" [shape=box fillcolor=lightblue label="0000:ff:1f.3"]
	"0000:ff:1f.3" -> "dma" [style=solid label="revocable"]
	"dma" -> "theirs" [style=solid]
	"region" [shape=box fillcolor=white label="region\n0x12000\nunknown"]
	"mlx5_9" [shape=box fillcolor=lightblue label="mlx5_9"]
	"mlx5_9" -> "region" [style=solid label="rdma"]
	"region" -> "theirs" [style=solid]'
d context stop
done_testing
