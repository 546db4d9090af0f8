#!/bin/bash
# sample: sanitizers quick
# The whole JSON object of each command: keys, types, the order of rows, every value.
# shellcheck disable=SC2016 # filters of gojq
. "$(dirname "$0")/lib.sh"

# A line for each key, for an array of objects one for each of them. What is another number each time is
# "N", if it is a whole number above 0; a PID in a text, and the kernel's release, likewise, and
# where a BAR is. How many faults one write gives is the IOMMU's affair, and older kernels do not say their domain.
normal() {
	gojq -r --arg release "$(uname -r)" '
		def volatile: IN("inode", "holder", "made_ns", "verified_ns", "t_ns", "unmapped_after_ns");
		if .faults then .faults |= (map(.message |= sub("device \\[00:"; "device [0000:00:")) | unique) else . end |
		if .devices then .devices |= map(if .bars then .bars |= map(.address |= sub("^0x[0-9a-f]+$"; "N")) else . end) else . end |
		walk(if type == "object" then with_entries(
				if (.key | volatile) and (.value | type == "number" and . > 0 and . == floor) then .value = "N" else . end)
			elif type == "string" then gsub("PID [1-9][0-9]*"; "PID N") | if . == $release then "RELEASE" else . end
			else . end) |
		to_entries[] | .key as $key | .value |
		if type == "array" and . != [] and all(.[]; type == "object")
		then to_entries[] | "\($key)[\(.key)] \(.value | tojson)" else "\($key) \(tojson)" end'
}

# The command as an ordinary user, who has a runtime directory.
chmod 711 "$TEST_DIR"
install -d -m 700 -o 65534 "$TEST_DIR/runtime"
nobody() { kept env XDG_RUNTIME_DIR="$TEST_DIR/runtime" setpriv --reuid=65534 --regid=65534 --clear-groups -- dmabufctl "$@" 8>&-; }
# same DESCRIPTION STATUS COMMAND... - its object, which stands on standard input, and nothing else.
same() { compare d "$@"; }
same_for_nobody() { compare nobody "$@"; }
compare() {
	local how=$1 description=$2 status=$3 expected
	expected=$(cat)
	shift 3
	run "$how" --json "$@" </dev/null
	ok "$description" equal "$rc"$'\n'"$(normal <<<"$out")${err:+$'\n'stderr: $err}" "$status"$'\n'"$expected"
}
# holds DESCRIPTION FILTER - of the last object.
holds() { ok "$1" equal "$(gojq "$2" <<<"$out")" true; }

same 'bind' 0 bind 01:00.0 $NVME2 $EDU $RAM <<'END'
command "bind"
devices[0] {"cdev":"/dev/vfio/devices/vfio0","driver":"vfio-pci","driver_before":"nvme","name":"0000:01:00.0"}
devices[1] {"cdev":"/dev/vfio/devices/vfio1","driver":"vfio-pci","driver_before":"nvme","name":"0000:02:00.0"}
devices[2] {"cdev":"/dev/vfio/devices/vfio2","driver":"vfio-pci","driver_before":null,"name":"0000:00:03.0"}
devices[3] {"cdev":"/dev/vfio/devices/vfio3","driver":"vfio-pci","driver_before":null,"name":"0000:00:04.0"}
schema "dmabufctl/1"
END
same 'bind again' 0 bind $EDU <<'END'
command "bind"
devices[0] {"cdev":"/dev/vfio/devices/vfio2","driver":"vfio-pci","driver_before":"vfio-pci","name":"0000:00:03.0"}
schema "dmabufctl/1"
END
same 'device' 0 device $RAM 01:00.0 <<'END'
command "device"
devices[0] {"bars":[{"address":"N","bar":0,"exportable":false,"mmap":false,"prefetchable":false,"size":256,"type":"memory","why_not":"smaller than a page"},{"address":"N","bar":2,"exportable":true,"mmap":true,"prefetchable":true,"size":4194304,"type":"memory","why_not":null}],"cdev":"/dev/vfio/devices/vfio3","class":"RAM memory","description":"Red Hat, Inc. Inter-VM shared memory","device":"0000:00:04.0","driver":"vfio-pci","group":2,"id":"1af4:1110","reset":[]}
devices[1] {"bars":[{"address":"N","bar":0,"exportable":true,"mmap":true,"prefetchable":false,"size":16384,"type":"memory","why_not":null},{"address":"N","bar":2,"exportable":true,"mmap":true,"prefetchable":true,"size":16777216,"type":"memory","why_not":null}],"cdev":"/dev/vfio/devices/vfio0","class":"Non-Volatile memory controller","description":"Red Hat, Inc. QEMU NVM Express Controller","device":"0000:01:00.0","driver":"vfio-pci","group":12,"id":"1b36:0010","reset":["flr","bus"]}
schema "dmabufctl/1"
END
addresses() { head -n 6 "/sys/bus/pci/devices/$1/resource" | sed -n 's/^0x0*\([1-9a-f][0-9a-f]*\) .*/0x\1/p'; }
ok 'where the BARs are' equal "$(gojq -r '.devices[].bars[].address' <<<"$out")" "$(addresses $RAM; addresses $NVME)"
same 'status of nothing' 0 status <<'END'
command "status"
context "default"
devices []
dmabufs []
ioases []
mappings []
schema "dmabufctl/1"
trace_instance null
END
same 'context list of nothing' 0 context list <<'END'
command "context"
contexts []
schema "dmabufctl/1"
END

same 'export, two ranges and a name' 0 export $NVME 2 --range 4K:8K --range 1M:64K --name two <<'END'
command "export"
dmabuf {"adopted":false,"bar":2,"device":"0000:01:00.0","inode":"N","made_ns":"N","memory":null,"name":"two","ranges":[{"length":8192,"offset":4096},{"length":65536,"offset":1048576}],"size":73728}
schema "dmabufctl/1"
END
two=$out
same 'export, all of a BAR' 0 export $NVME 2 --name fb <<'END'
command "export"
dmabuf {"adopted":false,"bar":2,"device":"0000:01:00.0","inode":"N","made_ns":"N","memory":null,"name":"fb","ranges":[{"length":16777216,"offset":0}],"size":16777216}
schema "dmabufctl/1"
END
fb=$out
same 'export, another device, no name' 0 export $NVME2 2 --range 0:1M <<'END'
command "export"
dmabuf {"adopted":false,"bar":2,"device":"0000:02:00.0","inode":"N","made_ns":"N","memory":null,"name":"dmabuf0","ranges":[{"length":1048576,"offset":0}],"size":1048576}
schema "dmabufctl/1"
END
holder=$(processes dmabufctl-holder)
ok 'the inodes that the kernel gives' equal \
	"$(gojq -s -c 'map(.dmabuf.inode) | sort' <<<"$two$fb$out")" \
	"$(awk '/^ino:/ { ino = $2 } /^exp_name:/ { print ino }' /proc/"$holder"/fdinfo/* | sort -n | gojq -s -c .)"
same 'attach' 0 attach 00:03.0 <<'END'
command "attach"
device {"id":3,"ioas":"ioas0","made_ns":"N","name":"0000:00:03.0"}
schema "dmabufctl/1"
END
same 'import' 0 import fb --iova $IOVA <<'END'
command "import"
mapping {"dmabuf":"fb","importer":"iommufd","ioas":"ioas0","iova":"0x10000000","length":16777216,"made_ns":"N","name":"map0","offset":0,"prot":"rw","revoked_by":null}
schema "dmabufctl/1"
END
same 'import of a part, to be read alone' 0 import fb --offset 1M --length 64K --iova 0x20000000 --prot r --name part <<'END'
command "import"
mapping {"dmabuf":"fb","importer":"iommufd","ioas":"ioas0","iova":"0x20000000","length":65536,"made_ns":"N","name":"part","offset":1048576,"prot":"r","revoked_by":null}
schema "dmabufctl/1"
END
same 'import into an IOAS without devices' 0 import fb --ioas empty --iova 0x1000 --length 4K <<'END'
command "import"
mapping {"dmabuf":"fb","importer":"iommufd","ioas":"empty","iova":"0x1000","length":4096,"made_ns":"N","name":"map1","offset":0,"prot":"rw","revoked_by":null}
schema "dmabufctl/1"
END
same 'import of another dma-buf' 0 import dmabuf0 --ioas ioas0 --iova 0x30000000 <<'END'
command "import"
mapping {"dmabuf":"dmabuf0","importer":"iommufd","ioas":"ioas0","iova":"0x30000000","length":1048576,"made_ns":"N","name":"map2","offset":0,"prot":"rw","revoked_by":null}
schema "dmabufctl/1"
END
same 'verify' 0 verify map0 --from $EDU <<'END'
command "verify"
faults []
schema "dmabufctl/1"
verification {"bytes":4096,"cpu_access":"mmap","device_error":false,"from":"0000:00:03.0","initiator":"edu","iova":"0x10000000","mapping":"map0","read_by_cpu":"equal","read_by_dma":"equal","restored":true,"target_unchanged":false,"verdict":"passed"}
END
same 'status, live and idle' 0 status <<'END'
command "status"
context "default"
devices[0] {"id":1,"ioas":null,"made_ns":"N","name":"0000:01:00.0"}
devices[1] {"id":2,"ioas":null,"made_ns":"N","name":"0000:02:00.0"}
devices[2] {"id":3,"ioas":"ioas0","made_ns":"N","name":"0000:00:03.0"}
dmabufs[0] {"adopted":false,"bar":2,"device":"0000:01:00.0","evidence":["kernel","probe"],"inode":"N","made_ns":"N","memory":null,"missing":[],"name":"two","permanent":false,"ranges":[{"length":8192,"offset":4096},{"length":65536,"offset":1048576}],"size":73728,"state":"usable"}
dmabufs[1] {"adopted":false,"bar":2,"device":"0000:01:00.0","evidence":["kernel","probe"],"inode":"N","made_ns":"N","memory":null,"missing":[],"name":"fb","permanent":false,"ranges":[{"length":16777216,"offset":0}],"size":16777216,"state":"usable"}
dmabufs[2] {"adopted":false,"bar":2,"device":"0000:02:00.0","evidence":["kernel","probe"],"inode":"N","made_ns":"N","memory":null,"missing":[],"name":"dmabuf0","permanent":false,"ranges":[{"length":1048576,"offset":0}],"size":1048576,"state":"usable"}
ioases[0] {"devices":["0000:00:03.0"],"id":4,"name":"ioas0"}
ioases[1] {"devices":[],"id":6,"name":"empty"}
mappings[0] {"arrived":true,"disagrees":[],"dmabuf":"fb","doubt":null,"evidence":["dma","page-table","kernel"],"importer":"iommufd","ioas":"ioas0","iova":"0x10000000","length":16777216,"made_ns":"N","missing":[],"name":"map0","offset":0,"prot":"rw","revoked_by":null,"state":"live","verified_ns":"N"}
mappings[1] {"disagrees":[],"dmabuf":"fb","doubt":null,"evidence":["page-table","kernel"],"importer":"iommufd","ioas":"ioas0","iova":"0x20000000","length":65536,"made_ns":"N","missing":[],"name":"part","offset":1048576,"prot":"r","revoked_by":null,"state":"live"}
mappings[2] {"disagrees":[],"dmabuf":"fb","doubt":null,"evidence":["kernel","record"],"importer":"iommufd","ioas":"empty","iova":"0x1000","length":4096,"made_ns":"N","missing":[],"name":"map1","offset":0,"prot":"rw","revoked_by":null,"state":"idle"}
mappings[3] {"disagrees":[],"dmabuf":"dmabuf0","doubt":null,"evidence":["page-table","kernel"],"importer":"iommufd","ioas":"ioas0","iova":"0x30000000","length":1048576,"made_ns":"N","missing":[],"name":"map2","offset":0,"prot":"rw","revoked_by":null,"state":"live"}
schema "dmabufctl/1"
trace_instance "dmabufctl-default"
END
holds 'the times are in the order of the commands' '(.devices + .dmabufs + .mappings | map({(.name): .made_ns}) | add) as $at |
	["0000:01:00.0", "two", "fb", "dmabuf0", "0000:00:03.0", "map0", "part", "map1", "map2"] | map($at[.]) | . == sort and . == unique'
holds 'it was verified when it was there' '.mappings[0] | .verified_ns > .made_ns'
before=$(gojq '.mappings[0].made_ns' <<<"$out")

same 'doctor of a device in the context' 0 doctor 01:00.0 <<'END'
checks[0] {"check":"kernel","detail":"RELEASE","remedy":null,"required":true,"result":"ok"}
checks[1] {"check":"IOMMU","detail":"28 of 28 PCI devices are in IOMMU groups","remedy":null,"required":true,"result":"ok"}
checks[2] {"check":"interrupt remapping","detail":"interrupts are isolated","remedy":null,"required":true,"result":"ok"}
checks[3] {"check":"iommufd","detail":"/dev/iommu","remedy":null,"required":true,"result":"ok"}
checks[4] {"check":"iommufd import","detail":"IOMMU_IOAS_MAP_FILE knows dma-bufs","remedy":null,"required":true,"result":"ok"}
checks[5] {"check":"vfio-pci","detail":"there","remedy":null,"required":true,"result":"ok"}
checks[6] {"check":"VFIO device nodes","detail":"/dev/vfio/devices","remedy":null,"required":true,"result":"ok"}
checks[7] {"check":"VFIO dma-buf export","detail":"vfio-pci has VFIO_DEVICE_FEATURE_DMA_BUF","remedy":null,"required":true,"result":"ok"}
checks[8] {"check":"tracefs","detail":"iommu:map and iommu:unmap can be recorded","remedy":null,"required":false,"result":"ok"}
checks[9] {"check":"page tables","detail":"debugfs shows the IOMMU's","remedy":null,"required":false,"result":"ok"}
checks[10] {"check":"kernel records","detail":"what iommufd and VFIO have on record can be read","remedy":null,"required":false,"result":"ok"}
checks[11] {"check":"device importer","detail":"the module dmabufctl-importer is there","remedy":null,"required":false,"result":"ok"}
checks[12] {"check":"RDMA importer","detail":"libibverbs registers memory regions, where the device does DMA","remedy":null,"required":false,"result":"ok"}
checks[13] {"check":"KVM importer","detail":"no released kernel's KVM imports dma-bufs","remedy":"give the virtual machine an mmap() of the BAR as a memory slot, as VMMs do","required":false,"result":"missing"}
checks[14] {"check":"0000:01:00.0 driver","detail":"vfio-pci, /dev/vfio/devices/vfio0","remedy":null,"required":true,"result":"ok"}
checks[15] {"check":"0000:01:00.0 group","detail":"12; nothing else in it has a host driver","remedy":null,"required":true,"result":"ok"}
checks[16] {"check":"0000:01:00.0 node","detail":"may be opened","remedy":null,"required":true,"result":"ok"}
checks[17] {"check":"0000:01:00.0 free","detail":"open in context default (PID N)","remedy":null,"required":false,"result":"ok"}
checks[18] {"check":"0000:01:00.0 BARs","detail":"2 of a page or more","remedy":null,"required":true,"result":"ok"}
command "doctor"
schema "dmabufctl/1"
END
same 'revoke --dry-run' 0 revoke 01:00.0 --by memory --dry-run <<'END'
command "revoke"
hit[0] {"holders":null,"kind":"device","name":"0000:01:00.0"}
hit[1] {"holders":null,"kind":"dma-buf","name":"two"}
hit[2] {"holders":null,"kind":"dma-buf","name":"fb"}
hit[3] {"holders":null,"kind":"mapping","name":"map0"}
hit[4] {"holders":null,"kind":"mapping","name":"part"}
hit[5] {"holders":null,"kind":"mapping","name":"map1"}
other_mappings []
schema "dmabufctl/1"
END
same 'revoke --by memory' 0 revoke 01:00.0 --by memory <<'END'
command "revoke"
device "0000:01:00.0"
dmabufs[0] {"adopted":false,"bar":2,"device":"0000:01:00.0","evidence":["kernel","probe"],"inode":"N","made_ns":"N","memory":null,"missing":[],"name":"two","permanent":false,"ranges":[{"length":8192,"offset":4096},{"length":65536,"offset":1048576}],"size":73728,"state":"usable"}
dmabufs[1] {"adopted":false,"bar":2,"device":"0000:01:00.0","evidence":["kernel","probe"],"inode":"N","made_ns":"N","memory":null,"missing":[],"name":"fb","permanent":false,"ranges":[{"length":16777216,"offset":0}],"size":16777216,"state":"usable"}
mappings[0] {"disagrees":[],"dmabuf":"fb","doubt":null,"evidence":["kernel","record"],"importer":"iommufd","ioas":"empty","iova":"0x1000","length":4096,"made_ns":"N","missing":[],"name":"map1","next":"dmabufctl recover map1","offset":0,"prot":"rw","revoked_by":"memory","state":"stale","state_before":"idle","unmapped_after_ns":null}
mappings[1] {"disagrees":[],"dmabuf":"fb","doubt":null,"evidence":["page-table","kernel","trace"],"importer":"iommufd","ioas":"ioas0","iova":"0x20000000","length":65536,"made_ns":"N","missing":[],"name":"part","next":"dmabufctl recover part","offset":1048576,"prot":"r","revoked_by":"memory","state":"stale","state_before":"live","unmapped_after_ns":"N"}
mappings[2] {"arrived":true,"disagrees":[],"dmabuf":"fb","doubt":null,"evidence":["page-table","kernel","trace"],"importer":"iommufd","ioas":"ioas0","iova":"0x10000000","length":16777216,"made_ns":"N","missing":[],"name":"map0","next":"dmabufctl recover map0","offset":0,"prot":"rw","revoked_by":"memory","state":"stale","state_before":"live","unmapped_after_ns":"N","verified_ns":"N"}
observed true
schema "dmabufctl/1"
timeline[0] {"detail":"memory decode off, and on again","event":"trigger","object":"0000:01:00.0","t_ns":0}
timeline[1] {"detail":"iova 0x20000000+0x10000","event":"unmapped","object":"part","t_ns":"N"}
timeline[2] {"detail":"iova 0x10000000+0x1000000","event":"unmapped","object":"map0","t_ns":"N"}
timeline[3] {"detail":null,"event":"done","object":"0000:01:00.0","t_ns":"N"}
trigger "memory"
END
holds 'the timeline is in order' '.timeline | map(.t_ns) | .[0] == 0 and . == sort'
holds 'each time stands in both' '[.mappings[].unmapped_after_ns | numbers] == [.timeline[] | select(.event == "unmapped").t_ns]'
same 'status, stale' 0 status <<'END'
command "status"
context "default"
devices[0] {"id":1,"ioas":null,"made_ns":"N","name":"0000:01:00.0"}
devices[1] {"id":2,"ioas":null,"made_ns":"N","name":"0000:02:00.0"}
devices[2] {"id":3,"ioas":"ioas0","made_ns":"N","name":"0000:00:03.0"}
dmabufs[0] {"adopted":false,"bar":2,"device":"0000:01:00.0","evidence":["kernel","probe"],"inode":"N","made_ns":"N","memory":null,"missing":[],"name":"two","permanent":false,"ranges":[{"length":8192,"offset":4096},{"length":65536,"offset":1048576}],"size":73728,"state":"usable"}
dmabufs[1] {"adopted":false,"bar":2,"device":"0000:01:00.0","evidence":["kernel","probe"],"inode":"N","made_ns":"N","memory":null,"missing":[],"name":"fb","permanent":false,"ranges":[{"length":16777216,"offset":0}],"size":16777216,"state":"usable"}
dmabufs[2] {"adopted":false,"bar":2,"device":"0000:02:00.0","evidence":["kernel","probe"],"inode":"N","made_ns":"N","memory":null,"missing":[],"name":"dmabuf0","permanent":false,"ranges":[{"length":1048576,"offset":0}],"size":1048576,"state":"usable"}
ioases[0] {"devices":["0000:00:03.0"],"id":4,"name":"ioas0"}
ioases[1] {"devices":[],"id":6,"name":"empty"}
mappings[0] {"arrived":true,"disagrees":[],"dmabuf":"fb","doubt":null,"evidence":["page-table","kernel","trace"],"importer":"iommufd","ioas":"ioas0","iova":"0x10000000","length":16777216,"made_ns":"N","missing":[],"name":"map0","offset":0,"prot":"rw","revoked_by":"memory","state":"stale","verified_ns":"N"}
mappings[1] {"disagrees":[],"dmabuf":"fb","doubt":null,"evidence":["page-table","kernel","trace"],"importer":"iommufd","ioas":"ioas0","iova":"0x20000000","length":65536,"made_ns":"N","missing":[],"name":"part","offset":1048576,"prot":"r","revoked_by":"memory","state":"stale"}
mappings[2] {"disagrees":[],"dmabuf":"fb","doubt":null,"evidence":["kernel","record"],"importer":"iommufd","ioas":"empty","iova":"0x1000","length":4096,"made_ns":"N","missing":[],"name":"map1","offset":0,"prot":"rw","revoked_by":"memory","state":"stale"}
mappings[3] {"disagrees":[],"dmabuf":"dmabuf0","doubt":null,"evidence":["page-table","kernel"],"importer":"iommufd","ioas":"ioas0","iova":"0x30000000","length":1048576,"made_ns":"N","missing":[],"name":"map2","offset":0,"prot":"rw","revoked_by":null,"state":"live"}
schema "dmabufctl/1"
trace_instance "dmabufctl-default"
END
same 'revoke again, with nothing live' 0 revoke 01:00.0 --by memory <<'END'
command "revoke"
device "0000:01:00.0"
dmabufs[0] {"adopted":false,"bar":2,"device":"0000:01:00.0","evidence":["kernel","probe"],"inode":"N","made_ns":"N","memory":null,"missing":[],"name":"two","permanent":false,"ranges":[{"length":8192,"offset":4096},{"length":65536,"offset":1048576}],"size":73728,"state":"usable"}
dmabufs[1] {"adopted":false,"bar":2,"device":"0000:01:00.0","evidence":["kernel","probe"],"inode":"N","made_ns":"N","memory":null,"missing":[],"name":"fb","permanent":false,"ranges":[{"length":16777216,"offset":0}],"size":16777216,"state":"usable"}
mappings[0] {"arrived":true,"disagrees":[],"dmabuf":"fb","doubt":null,"evidence":["page-table","kernel","trace"],"importer":"iommufd","ioas":"ioas0","iova":"0x10000000","length":16777216,"made_ns":"N","missing":[],"name":"map0","next":"dmabufctl recover map0","offset":0,"prot":"rw","revoked_by":"memory","state":"stale","state_before":"stale","unmapped_after_ns":null,"verified_ns":"N"}
mappings[1] {"disagrees":[],"dmabuf":"fb","doubt":null,"evidence":["page-table","kernel","trace"],"importer":"iommufd","ioas":"ioas0","iova":"0x20000000","length":65536,"made_ns":"N","missing":[],"name":"part","next":"dmabufctl recover part","offset":1048576,"prot":"r","revoked_by":"memory","state":"stale","state_before":"stale","unmapped_after_ns":null}
mappings[2] {"disagrees":[],"dmabuf":"fb","doubt":null,"evidence":["kernel","record"],"importer":"iommufd","ioas":"empty","iova":"0x1000","length":4096,"made_ns":"N","missing":[],"name":"map1","next":"dmabufctl recover map1","offset":0,"prot":"rw","revoked_by":"memory","state":"stale","state_before":"stale","unmapped_after_ns":null}
observed true
schema "dmabufctl/1"
timeline[0] {"detail":"memory decode off, and on again","event":"trigger","object":"0000:01:00.0","t_ns":0}
timeline[1] {"detail":null,"event":"done","object":"0000:01:00.0","t_ns":"N"}
trigger "memory"
END
same 'verify --expect-fault' 0 verify map0 --from $EDU --expect-fault <<'END'
command "verify"
faults[0] {"address":"0x10000000","message":"DMAR: [DMA Write NO_PASID] Request device [0000:00:03.0] fault addr 0x10000000 [fault reason 0x05] PTE Write access is not set"}
schema "dmabufctl/1"
verification {"bytes":4096,"cpu_access":"mmap","device_error":false,"from":"0000:00:03.0","initiator":"edu","iova":"0x10000000","mapping":"map0","read_by_cpu":"different","read_by_dma":null,"restored":false,"target_unchanged":true,"verdict":"faulted"}
END
same 'verify of what is stale' 5 verify map0 --from $EDU <<'END'
command "verify"
error {"errno":null,"explain":null,"place":null,"remedy":"'dmabufctl recover map0', then again","status":5,"what":"verify map0 from 0000:00:03.0","why":"the mapping is stale: nothing is translated"}
faults[0] {"address":"0x10000000","message":"DMAR: [DMA Write NO_PASID] Request device [0000:00:03.0] fault addr 0x10000000 [fault reason 0x05] PTE Write access is not set"}
schema "dmabufctl/1"
verification {"bytes":4096,"cpu_access":"mmap","device_error":false,"from":"0000:00:03.0","initiator":"edu","iova":"0x10000000","mapping":"map0","read_by_cpu":"different","read_by_dma":null,"restored":false,"target_unchanged":true,"verdict":"faulted"}
END
same 'explain a fault' 0 explain "DMAR: [DMA Write NO_PASID] Request device [$EDU] fault addr 0x10000000 [fault reason 0x05] x" <<'END'
command "explain"
fault {"address":"0x10000000","device":"0000:00:03.0","mapping":"map0","meaning":"the exporter has withdrawn what was mapped there","next":"'dmabufctl recover map0'","state":"stale"}
schema "dmabufctl/1"
END
same 'recover one of them' 0 recover map0 <<'END'
command "recover"
mappings[0] {"disagrees":[],"dmabuf":"fb","doubt":null,"evidence":["page-table","kernel"],"importer":"iommufd","ioas":"ioas0","iova":"0x10000000","length":16777216,"made_ns":"N","missing":[],"name":"map0","offset":0,"prot":"rw","revoked_by":null,"state":"live","state_before":"stale"}
schema "dmabufctl/1"
END
holds 'it was mapped anew' ".mappings[0].made_ns > $before"
same 'revoke --hold' 0 revoke $NVME2 --by memory --hold <<'END'
command "revoke"
device "0000:02:00.0"
dmabufs[0] {"adopted":false,"bar":2,"device":"0000:02:00.0","evidence":["kernel","probe"],"inode":"N","made_ns":"N","memory":null,"missing":[],"name":"dmabuf0","permanent":false,"ranges":[{"length":1048576,"offset":0}],"size":1048576,"state":"revoked"}
mappings[0] {"disagrees":[],"dmabuf":"dmabuf0","doubt":null,"evidence":["page-table","kernel","trace","probe"],"importer":"iommufd","ioas":"ioas0","iova":"0x30000000","length":1048576,"made_ns":"N","missing":[],"name":"map2","next":"dmabufctl revoke 0000:02:00.0 --by memory, then recover","offset":0,"prot":"rw","revoked_by":"memory","state":"revoked","state_before":"live","unmapped_after_ns":"N"}
observed true
schema "dmabufctl/1"
timeline[0] {"detail":"memory decode off","event":"trigger","object":"0000:02:00.0","t_ns":0}
timeline[1] {"detail":"iova 0x30000000+0x100000","event":"unmapped","object":"map2","t_ns":"N"}
timeline[2] {"detail":"memory decode stays off","event":"done","object":"0000:02:00.0","t_ns":"N"}
trigger "memory"
END
same 'status, live, idle, revoked, stale' 0 status <<'END'
command "status"
context "default"
devices[0] {"id":1,"ioas":null,"made_ns":"N","name":"0000:01:00.0"}
devices[1] {"id":2,"ioas":null,"made_ns":"N","name":"0000:02:00.0"}
devices[2] {"id":3,"ioas":"ioas0","made_ns":"N","name":"0000:00:03.0"}
dmabufs[0] {"adopted":false,"bar":2,"device":"0000:01:00.0","evidence":["kernel","probe"],"inode":"N","made_ns":"N","memory":null,"missing":[],"name":"two","permanent":false,"ranges":[{"length":8192,"offset":4096},{"length":65536,"offset":1048576}],"size":73728,"state":"usable"}
dmabufs[1] {"adopted":false,"bar":2,"device":"0000:01:00.0","evidence":["kernel","probe"],"inode":"N","made_ns":"N","memory":null,"missing":[],"name":"fb","permanent":false,"ranges":[{"length":16777216,"offset":0}],"size":16777216,"state":"usable"}
dmabufs[2] {"adopted":false,"bar":2,"device":"0000:02:00.0","evidence":["kernel","probe"],"inode":"N","made_ns":"N","memory":null,"missing":[],"name":"dmabuf0","permanent":false,"ranges":[{"length":1048576,"offset":0}],"size":1048576,"state":"revoked"}
ioases[0] {"devices":["0000:00:03.0"],"id":4,"name":"ioas0"}
ioases[1] {"devices":[],"id":6,"name":"empty"}
mappings[0] {"disagrees":[],"dmabuf":"fb","doubt":null,"evidence":["page-table","kernel"],"importer":"iommufd","ioas":"ioas0","iova":"0x10000000","length":16777216,"made_ns":"N","missing":[],"name":"map0","offset":0,"prot":"rw","revoked_by":null,"state":"live"}
mappings[1] {"disagrees":[],"dmabuf":"fb","doubt":null,"evidence":["page-table","kernel","trace"],"importer":"iommufd","ioas":"ioas0","iova":"0x20000000","length":65536,"made_ns":"N","missing":[],"name":"part","offset":1048576,"prot":"r","revoked_by":"memory","state":"stale"}
mappings[2] {"disagrees":[],"dmabuf":"fb","doubt":null,"evidence":["kernel","record"],"importer":"iommufd","ioas":"empty","iova":"0x1000","length":4096,"made_ns":"N","missing":[],"name":"map1","offset":0,"prot":"rw","revoked_by":"memory","state":"stale"}
mappings[3] {"disagrees":[],"dmabuf":"dmabuf0","doubt":null,"evidence":["page-table","kernel","trace","probe"],"importer":"iommufd","ioas":"ioas0","iova":"0x30000000","length":1048576,"made_ns":"N","missing":[],"name":"map2","offset":0,"prot":"rw","revoked_by":"memory","state":"revoked"}
schema "dmabufctl/1"
trace_instance "dmabufctl-default"
END
same 'recover what is revoked' 5 recover dmabuf0 <<'END'
command "recover"
error {"errno":"ENODEV","explain":"dmabufctl explain ENODEV --during recover","place":null,"remedy":"'dmabufctl revoke 0000:02:00.0 --by memory' turns it on again, then try again","status":5,"what":"recover map2","why":"the dma-buf is revoked: 0000:02:00.0 has memory decode off"}
schema "dmabufctl/1"
END
same 'recover a dma-buf, all of it' 0 recover fb <<'END'
command "recover"
mappings[0] {"disagrees":[],"dmabuf":"fb","doubt":null,"evidence":["page-table","kernel"],"importer":"iommufd","ioas":"ioas0","iova":"0x10000000","length":16777216,"made_ns":"N","missing":[],"name":"map0","offset":0,"prot":"rw","revoked_by":null,"state":"live","state_before":"live"}
mappings[1] {"disagrees":[],"dmabuf":"fb","doubt":null,"evidence":["page-table","kernel"],"importer":"iommufd","ioas":"ioas0","iova":"0x20000000","length":65536,"made_ns":"N","missing":[],"name":"part","offset":1048576,"prot":"r","revoked_by":null,"state":"live","state_before":"stale"}
mappings[2] {"disagrees":[],"dmabuf":"fb","doubt":null,"evidence":["kernel","record"],"importer":"iommufd","ioas":"empty","iova":"0x1000","length":4096,"made_ns":"N","missing":[],"name":"map1","offset":0,"prot":"rw","revoked_by":null,"state":"idle","state_before":"stale"}
schema "dmabufctl/1"
END

hold foreign "/dev/vfio/devices/$(ls /sys/bus/pci/devices/$RAM/vfio-dev)" 2 0x100000
same 'adopt' 0 --context foo adopt --pid "$fixture" --fd "${held[0]}" --name theirs <<'END'
command "adopt"
dmabuf {"adopted":true,"bar":2,"device":"0000:00:04.0","inode":"N","made_ns":"N","memory":null,"name":"theirs","ranges":[{"length":1048576,"offset":0}],"size":1048576}
schema "dmabufctl/1"
END
same 'import what was adopted' 0 --context foo import theirs --name far --iova 0x1000 <<'END'
command "import"
mapping {"dmabuf":"theirs","importer":"iommufd","ioas":"ioas0","iova":"0x1000","length":1048576,"made_ns":"N","name":"far","offset":0,"prot":"rw","revoked_by":null}
schema "dmabufctl/1"
END
same 'status of another context' 0 --context foo status <<'END'
command "status"
context "foo"
devices []
dmabufs[0] {"adopted":true,"bar":2,"device":"0000:00:04.0","evidence":["kernel","probe"],"inode":"N","made_ns":"N","memory":null,"missing":[],"name":"theirs","permanent":false,"ranges":[{"length":1048576,"offset":0}],"size":1048576,"state":"usable"}
ioases[0] {"devices":[],"id":1,"name":"ioas0"}
mappings[0] {"disagrees":[],"dmabuf":"theirs","doubt":null,"evidence":["kernel","record"],"importer":"iommufd","ioas":"ioas0","iova":"0x1000","length":1048576,"made_ns":"N","missing":[],"name":"far","offset":0,"prot":"rw","revoked_by":null,"state":"idle"}
schema "dmabufctl/1"
trace_instance "dmabufctl-foo"
END
same 'context list' 0 context list <<'END'
command "context"
contexts[0] {"busy":false,"holder":"N","name":"default","objects":12,"problem":null,"state":"ready"}
contexts[1] {"busy":false,"holder":"N","name":"foo","objects":3,"problem":null,"state":"ready"}
schema "dmabufctl/1"
END
same 'doctor of a device that others have' 0 doctor $RAM <<'END'
checks[0] {"check":"kernel","detail":"RELEASE","remedy":null,"required":true,"result":"ok"}
checks[1] {"check":"IOMMU","detail":"28 of 28 PCI devices are in IOMMU groups","remedy":null,"required":true,"result":"ok"}
checks[2] {"check":"interrupt remapping","detail":"interrupts are isolated","remedy":null,"required":true,"result":"ok"}
checks[3] {"check":"iommufd","detail":"/dev/iommu","remedy":null,"required":true,"result":"ok"}
checks[4] {"check":"iommufd import","detail":"IOMMU_IOAS_MAP_FILE knows dma-bufs","remedy":null,"required":true,"result":"ok"}
checks[5] {"check":"vfio-pci","detail":"there","remedy":null,"required":true,"result":"ok"}
checks[6] {"check":"VFIO device nodes","detail":"/dev/vfio/devices","remedy":null,"required":true,"result":"ok"}
checks[7] {"check":"VFIO dma-buf export","detail":"vfio-pci has VFIO_DEVICE_FEATURE_DMA_BUF","remedy":null,"required":true,"result":"ok"}
checks[8] {"check":"tracefs","detail":"iommu:map and iommu:unmap can be recorded","remedy":null,"required":false,"result":"ok"}
checks[9] {"check":"page tables","detail":"debugfs shows the IOMMU's","remedy":null,"required":false,"result":"ok"}
checks[10] {"check":"kernel records","detail":"what iommufd and VFIO have on record can be read","remedy":null,"required":false,"result":"ok"}
checks[11] {"check":"device importer","detail":"the module dmabufctl-importer is there","remedy":null,"required":false,"result":"ok"}
checks[12] {"check":"RDMA importer","detail":"libibverbs registers memory regions, where the device does DMA","remedy":null,"required":false,"result":"ok"}
checks[13] {"check":"KVM importer","detail":"no released kernel's KVM imports dma-bufs","remedy":"give the virtual machine an mmap() of the BAR as a memory slot, as VMMs do","required":false,"result":"missing"}
checks[14] {"check":"0000:00:04.0 driver","detail":"vfio-pci, /dev/vfio/devices/vfio3","remedy":null,"required":true,"result":"ok"}
checks[15] {"check":"0000:00:04.0 group","detail":"2; nothing else in it has a host driver","remedy":null,"required":true,"result":"ok"}
checks[16] {"check":"0000:00:04.0 node","detail":"may be opened","remedy":null,"required":true,"result":"ok"}
checks[17] {"check":"0000:00:04.0 free","detail":"open in foreign (PID N)","remedy":null,"required":false,"result":"ok"}
checks[18] {"check":"0000:00:04.0 BARs","detail":"1 of a page or more","remedy":null,"required":true,"result":"ok"}
command "doctor"
schema "dmabufctl/1"
END
same 'topology' 0 topology 06:00.0 07:00.0 <<'END'
command "topology"
hops[0] {"acs":"SrcValid+ TransBlk- ReqRedir+ CmpltRedir+ UpstreamFwd+ EgressCtrl- DirectTrans-","name":"0000:00:13.0","type":"root port","way":"both"}
hops[1] {"acs":"none","name":"0000:04:00.0","type":"upstream port","way":"both"}
hops[2] {"acs":"none","name":"0000:05:00.0","type":"downstream port","way":"from"}
hops[3] {"acs":"none","name":"0000:06:00.0","type":"endpoint","way":"from"}
hops[4] {"acs":"none","name":"0000:05:01.0","type":"downstream port","way":"to"}
hops[5] {"acs":"none","name":"0000:07:00.0","type":"endpoint","way":"to"}
schema "dmabufctl/1"
verdict {"doubt":"untranslated requests to the peer's bus address pass without the IOMMU; those to an IOVA go up to it all the same","from":"0000:06:00.0","from_group":16,"from_host_bridge":"pci0000:00","same_group":false,"to":"0000:07:00.0","to_group":17,"to_host_bridge":"pci0000:00","verdict":"direct","why":"they meet in a switch whose port redirects nothing"}
END
same 'explain' 0 explain ENODEV --during import <<'END'
causes[0] {"check":"the dma-buf is revoked","detail":"0000:02:00.0 has memory decode off","during":"import recover","errno":"ENODEV","here":"yes","id":"import-revoked","next":"'dmabufctl revoke 0000:02:00.0 --by memory' turns it on again, then try again","object":"dmabuf0","since":"Linux 6.19; 6.12 with kernel/linux-6.12/0005","where":"vfio_pci_dma_buf_attach(), drivers/vfio/pci/vfio_pci_dmabuf.c"}
command "explain"
errno "ENODEV"
schema "dmabufctl/1"
END

# Completion.
offers() { # EXPECTED WORD...
	ok "completion of '${*:2}'" equal "$(d --complete -- "${@:2}" | sort | xargs)" "$1"
}
offers 'map0 map1 map2 part' unmap ''
offers 'map0 map1 map2' unmap m
offers 'map0 map2 part' unmap map1 ''
offers 'part' unmap map0 map1 map2 ''
offers '' unmap map0 map1 map2 part ''
offers 'far' --context foo unmap ''
offers 'far' --context=foo unmap ''
offers '' --context foo unmap far ''
offers '' --context bar unmap ''
offers 'dmabuf0 fb two' import ''
offers 'theirs' --context foo import ''
offers '' import fb ''
offers 'empty ioas0' attach $EDU ''
offers 'empty ioas0' import fb --ioas ''
offers 'dmabuf0 fb map0 map1 map2 part two' recover ''
offers 'dmabuf0 fb map0 map2 part' recover two map1 ''
offers '0000:00:03.0 0000:01:00.0 0000:02:00.0 dmabuf0 empty fb ioas0 map0 map1 map2 part two' release ''
offers 'default foo' context stop ''

# Errors, by exit status.
same 'status 1: no such dma-buf' 1 import nothing <<'END'
command "import"
error {"errno":"ENOENT","explain":"dmabufctl explain ENOENT --during import","place":null,"remedy":"'dmabufctl status' lists what it has","status":1,"what":"dma-buf nothing","why":"context default has no dma-buf of that name"}
schema "dmabufctl/1"
END
same 'status 1: a name that is taken' 1 export $NVME 2 --name fb <<'END'
command "export"
error {"errno":"EEXIST","explain":null,"place":null,"remedy":"choose another, or 'dmabufctl release fb' first","status":1,"what":"name fb","why":"an object of this context has it"}
schema "dmabufctl/1"
END
same 'status 1: it is needed' 1 release fb <<'END'
command "release"
error {"errno":"EBUSY","explain":"dmabufctl explain EBUSY --during release","place":null,"remedy":"'dmabufctl unmap map0' first, or release --all","status":1,"what":"release fb","why":"another object needs it: map0"}
released []
schema "dmabufctl/1"
END
same 'status 1: an IOVA that is taken' 1 import fb --ioas ioas0 --iova 0x10001000 <<'END'
command "import"
error {"errno":"EEXIST","explain":"dmabufctl explain EEXIST --during import","place":null,"remedy":"choose another IOVA, or 'dmabufctl unmap map0' first","status":1,"what":"import fb","why":"something is mapped in the IOVA range, a stale mapping too: map0 (live) occupies 0x10000000+0x1000000"}
schema "dmabufctl/1"
END
same 'status 2: no such option' 2 import fb --nope <<'END'
command "import"
error {"errno":null,"explain":null,"place":null,"remedy":"--help lists them","status":2,"what":"unknown option '--nope'","why":null}
schema "dmabufctl/1"
END
same 'status 2: not a number' 2 import fb --length zz <<'END'
command "import"
error {"errno":null,"explain":null,"place":null,"remedy":"give bytes, such as 4096, 0x1000, 4K, 16M or 1G","status":2,"what":"option --length: 'zz'","why":"not a valid value"}
schema "dmabufctl/1"
END
same 'status 2: not a command' 2 frob <<'END'
command "frob"
error {"errno":null,"explain":null,"place":null,"remedy":"--help lists them","status":2,"what":"unknown command 'frob'","why":null}
schema "dmabufctl/1"
END
same 'status 3: several ranges cannot be imported' 3 import two --ioas ioas0 <<'END'
command "import"
error {"errno":"EOPNOTSUPP","explain":"dmabufctl explain EOPNOTSUPP --during import","place":null,"remedy":"export each range as a dma-buf of its own","status":3,"what":"import two","why":"the dma-buf has more than one range: two has 2"}
schema "dmabufctl/1"
END
same 'status 3: no such trigger here' 3 revoke $EDU --by flr <<'END'
command "revoke"
error {"errno":"EOPNOTSUPP","explain":"dmabufctl explain EOPNOTSUPP --during revoke","place":null,"remedy":"try --by memory; 'dmabufctl device 0000:00:03.0' shows its reset methods","status":3,"what":"revoke 0000:00:03.0 --by flr","why":"the device has no function level reset"}
schema "dmabufctl/1"
END
same 'status 2: which IOAS' 2 import fb <<'END'
command "import"
error {"errno":null,"explain":null,"place":null,"remedy":"name one; 'dmabufctl status' lists them","status":2,"what":"import","why":"the context has several IOASes"}
schema "dmabufctl/1"
END
same 'status 1: the remedy names the context' 1 --context foo release theirs <<'END'
command "release"
error {"errno":"EBUSY","explain":"dmabufctl explain EBUSY --during release","place":null,"remedy":"'dmabufctl --context foo unmap far' first, or release --all","status":1,"what":"release theirs","why":"another object needs it: far"}
released []
schema "dmabufctl/1"
END
same_for_nobody 'status 4: bind by an ordinary user' 4 bind 06:00.0 <<'END'
command "bind"
devices []
error {"errno":"EACCES","explain":null,"place":null,"remedy":null,"status":4,"what":"bind 0000:06:00.0","why":"Permission denied"}
schema "dmabufctl/1"
END
same_for_nobody 'status 4: doctor by an ordinary user' 4 doctor 00:03.0 <<'END'
checks[0] {"check":"kernel","detail":"RELEASE","remedy":null,"required":true,"result":"ok"}
checks[1] {"check":"IOMMU","detail":"28 of 28 PCI devices are in IOMMU groups","remedy":null,"required":true,"result":"ok"}
checks[2] {"check":"interrupt remapping","detail":"interrupts are isolated","remedy":null,"required":true,"result":"ok"}
checks[3] {"check":"iommufd","detail":"no permission to open the device nodes: /dev/iommu","remedy":"run as root, or give yourself the nodes","required":true,"result":"missing"}
checks[4] {"check":"iommufd import","detail":"needs /dev/iommu","remedy":"see iommufd","required":true,"result":"unknown"}
checks[5] {"check":"vfio-pci","detail":"there","remedy":null,"required":true,"result":"ok"}
checks[6] {"check":"VFIO device nodes","detail":"/dev/vfio/devices","remedy":null,"required":true,"result":"ok"}
checks[7] {"check":"VFIO dma-buf export","detail":"vfio-pci has VFIO_DEVICE_FEATURE_DMA_BUF","remedy":null,"required":true,"result":"ok"}
checks[8] {"check":"tracefs","detail":"tracefs is root's","remedy":"run as root","required":false,"result":"missing"}
checks[9] {"check":"page tables","detail":"debugfs shows none that can be read","remedy":"as root, with debugfs mounted, an Intel IOMMU and CONFIG_INTEL_IOMMU_DEBUGFS; other IOMMUs show none","required":false,"result":"missing"}
checks[10] {"check":"kernel records","detail":"programs in BPF may not be loaded: that takes CAP_BPF and CAP_PERFMON","remedy":"be root in the first PID namespace, on a kernel with BTF; without it other processes' mappings are not seen","required":false,"result":"missing"}
checks[11] {"check":"device importer","detail":"the driver dmabufctl-importer is neither built in nor among the modules","remedy":"build it from kernel/importer: 'make -C /lib/modules/$(uname -r)/build M=$PWD/kernel/importer modules modules_install'","required":false,"result":"missing"}
checks[12] {"check":"RDMA importer","detail":"libibverbs registers memory regions, where the device does DMA","remedy":null,"required":false,"result":"ok"}
checks[13] {"check":"KVM importer","detail":"no released kernel's KVM imports dma-bufs","remedy":"give the virtual machine an mmap() of the BAR as a memory slot, as VMMs do","required":false,"result":"missing"}
checks[14] {"check":"0000:00:03.0 driver","detail":"vfio-pci, /dev/vfio/devices/vfio2","remedy":null,"required":true,"result":"ok"}
checks[15] {"check":"0000:00:03.0 group","detail":"1; nothing else in it has a host driver","remedy":null,"required":true,"result":"ok"}
checks[16] {"check":"0000:00:03.0 node","detail":"no permission to open the device nodes: /dev/vfio/devices/vfio2","remedy":"run as root, or give yourself the nodes","required":true,"result":"missing"}
checks[17] {"check":"0000:00:03.0 free","detail":"nobody has it open","remedy":null,"required":false,"result":"ok"}
checks[18] {"check":"0000:00:03.0 BARs","detail":"1 of a page or more","remedy":null,"required":true,"result":"ok"}
command "doctor"
schema "dmabufctl/1"
END
same 'status 6: no fault' 6 verify map0 --from $EDU --expect-fault <<'END'
command "verify"
error {"errno":null,"explain":null,"place":null,"remedy":"'dmabufctl status' says what state map0 is in","status":6,"what":"verify map0 from 0000:00:03.0","why":"the DMA arrived, and was expected to fault"}
faults []
schema "dmabufctl/1"
verification {"bytes":4096,"cpu_access":"mmap","device_error":false,"from":"0000:00:03.0","initiator":"edu","iova":"0x10000000","mapping":"map0","read_by_cpu":"equal","read_by_dma":"equal","restored":true,"target_unchanged":false,"verdict":"passed"}
END
same 'unmap' 0 unmap part map1 <<'END'
command "unmap"
schema "dmabufctl/1"
END
same 'detach' 0 detach $EDU <<'END'
command "detach"
idle[0] {"ioas":"ioas0","name":"map0"}
idle[1] {"ioas":"ioas0","name":"map2"}
schema "dmabufctl/1"
END
same 'release' 0 release map0 two <<'END'
command "release"
released ["map0","two"]
schema "dmabufctl/1"
END
same 'release, the rest' 0 release --all <<'END'
command "release"
released ["map2","fb","dmabuf0","0000:01:00.0","0000:02:00.0","0000:00:03.0","ioas0","empty"]
schema "dmabufctl/1"
END
d --context foo release --all >/dev/null
let_go
same 'unbind' 0 unbind $RAM 02:00.0 $EDU $NVME <<'END'
command "unbind"
devices[0] {"cdev":null,"driver":null,"driver_before":"vfio-pci","name":"0000:00:04.0"}
devices[1] {"cdev":null,"driver":"nvme","driver_before":"vfio-pci","name":"0000:02:00.0"}
devices[2] {"cdev":null,"driver":null,"driver_before":"vfio-pci","name":"0000:00:03.0"}
devices[3] {"cdev":null,"driver":"nvme","driver_before":"vfio-pci","name":"0000:01:00.0"}
schema "dmabufctl/1"
END
same 'unbind again' 0 unbind $NVME <<'END'
command "unbind"
devices[0] {"cdev":null,"driver":"nvme","driver_before":"nvme","name":"0000:01:00.0"}
schema "dmabufctl/1"
END
leave_nothing
done_testing
