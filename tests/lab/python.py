#!/usr/bin/python3
"""For python.sh: the main job from Python, and each kind of failure. Prints TAP without a plan.

    python.py EXPORTER IMPORTER
"""
import os
import subprocess
import sys

import dmabufctl
from dmabufctl import Dmabufctl

exporter, importer = sys.argv[1:]
tool = Dmabufctl(context="py")


def ok(description, got, expected):
    print("ok" if got == expected else "not ok", "-", description)
    if got != expected:
        print(f"# expected: {expected!r}\n# got: {got!r}")


def fails(description, kind, status, errno, function, *arguments, **options):
    try:
        got = function(*arguments, **options)
    except dmabufctl.Error as error:
        got = type(error), error.status, error.errno
    ok(f"{description}: {kind.__name__}", got, (kind, status, errno))


def fd_inodes(fds):
    return {name: os.fstat(fd).st_ino for name, fd in fds.items()}


def states():
    return {name: mapping.state for name, mapping in tool.status().mappings.items()}


ok("bind", [device["driver"] for device in tool.bind(exporter, importer)], ["vfio-pci", "vfio-pci"])
bar = tool.export(exporter, 2, name="bar")
ok("export: all of a BAR", (bar.name, bar.device, bar.bar, bar.ranges, bar.size), ("bar", exporter, 2, [dmabufctl.Range(0, 1 << 24)], 1 << 24))
part = tool.export(exporter, 2, ranges=[(4096, 8192), (1 << 20, 4096)], name="part")
ok("export: two ranges", part.ranges, [dmabufctl.Range(4096, 8192), dmabufctl.Range(1 << 20, 4096)])
ok("attach", tool.attach(importer, "main").ioas, "main")
mapping = tool.import_("bar", iova=0x10000000, offset="1M", length=8192, prot="r", name="reading")
ok("import", (mapping.iova, mapping.offset, mapping.length, mapping.prot), (0x10000000, 1 << 20, 8192, "r"))
mapping = tool.import_("bar", iova=0x20000000)
ok("verify", tool.verify(mapping.name, importer)["verdict"], "passed")
status = tool.status()
ok("status: the devices", {name: device.ioas for name, device in status.devices.items()}, {exporter: None, importer: "main"})
ok("status: the IOASes", {name: ioas.devices for name, ioas in status.ioases.items()}, {"main": [importer]})
ok("status: the dma-bufs", {name: dmabuf.state for name, dmabuf in status.dmabufs.items()}, {"bar": "usable", "part": "usable"})
ok("status: the mappings", states(), {"reading": "live", "map0": "live"})
inodes = {"bar": bar.inode, "part": part.inode}
ok("list: the inodes", {dmabuf["inode"] for dmabuf in tool.list(device=exporter)}, set(inodes.values()))

fds = tool.fds("part", "bar")
ok("fds: they are the dma-bufs", fd_inodes(fds), inodes)
ok("fds: no program inherits them", [os.get_inheritable(fd) for fd in fds.values()], [False, False])
for fd in fds.values():
    os.close(fd)
fails("fds: of none", dmabufctl.FailedError, 1, "ENOENT", tool.fds, "bar", "nope")
child = "import os, dmabufctl; print({name: os.fstat(fd).st_ino for name, fd in dmabufctl.inherited_fds().items()})"
with tool.exec(["bar", "part"], [sys.executable, "-c", child], stdout=subprocess.PIPE, text=True) as process:
    ok("exec: the program has them", eval(process.communicate()[0]), inodes)
ok("inherited_fds: this process has none", dmabufctl.inherited_fds(), {})

with tool.monitor(until="revoked") as monitor:
    revocation = tool.revoke(exporter, "memory", hold=True)
    events = list(monitor)
ok("revoke", [mapping["state"] for mapping in revocation["mappings"]], ["revoked", "revoked"])
ok("monitor: until it saw that", [event["event"] for event in events][-2:], ["revoked", "end"])
ok("status: what revoke left", states(), {"reading": "revoked", "map0": "revoked"})
fails("import of what is revoked", dmabufctl.RevokedError, 5, "ENODEV", tool.import_, "bar", iova=0x30000000)
tool.revoke(exporter, "memory")
ok("status: stale", states(), {"reading": "stale", "map0": "stale"})
ok("recover", {mapping.name: mapping.iova for mapping in tool.recover("bar")}, {"reading": 0x10000000, "map0": 0x20000000})
ok("status: live", states(), {"reading": "live", "map0": "live"})
with tool.monitor() as monitor:
    tool.unmap("reading")
    monitor.stop()
    ok("monitor: all that happened", "unmap" in [event["event"] for event in monitor], True)

fails("DMA that was to fault", dmabufctl.NotObservedError, 6, None, tool.verify, "map0", importer, expect_fault=True)
fails("an event that does not come", dmabufctl.NotObservedError, 6, None, lambda: list(tool.monitor(until="revoked", for_="0.1")))
fails("two ranges", dmabufctl.UnsupportedError, 3, "EOPNOTSUPP", tool.import_, "part", ioas="main")
fails("no such name", dmabufctl.FailedError, 1, "ENOENT", tool.import_, "nope")
fails("a bad value", dmabufctl.UsageError, 2, None, tool.import_, "bar", prot="x")

with tool.batch() as batch:
    third = batch.export(exporter, 2, ranges=[(0, 4096)], name="third")
    ok("a batch in the context", third.name in batch.status().dmabufs, True)
    fails("a batch: a failure", dmabufctl.FailedError, 1, "EEXIST", batch.export, exporter, 2, name="bar")
    batch.release("third")
    ok("a batch goes on after a failure", sorted(batch.status().dmabufs), ["bar", "part"])
ok("context", [context["name"] for context in tool.context("list")["contexts"]], ["py"])
tool.release(all=True)
ok("unbind", [device["name"] for device in tool.unbind(exporter, importer)], [exporter, importer])
