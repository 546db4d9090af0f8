#!/usr/bin/python3
"""Looks at the processes of crowd.c while they map, unmap, reset and end, and tells what was seen.

    races.py ROUNDS EXPORTER IMPORTER,... INODE...

In lines: "dmabufs" and how many there were, each time; "processes" and which had mappings; "watched" and whose
mappings the monitor saw; "untrue" and whatever can never have been so. What belongs together: a process's number,
its addresses, its length, its dma-buf, its device.
"""
import sys
from concurrent.futures import ThreadPoolExecutor

from dmabufctl import Dmabufctl

rounds, exporter, importers, inodes = int(sys.argv[1]), sys.argv[2], sys.argv[3].split(","), list(map(int, sys.argv[4:]))
WINDOWS = {((n + 1) << 32) + (window << 20): n for n in range(len(inodes)) for window in range(4)}


def number(thing):
    """Of the process whose address this is, or None."""
    return WINDOWS.get(int(thing["iova"], 16))


def length(n):
    return (n + 1) * 4096


def is_exported(dmabuf):
    n = inodes.index(dmabuf["inode"])
    return (dmabuf["device"], dmabuf["bar"]) == (exporter, 2) and dmabuf["ranges"] == [
        {"offset": n * 65536, "length": length(n)}
    ]


def is_true(mapping, inode):
    n = number(mapping)
    return (
        n is not None
        and inode == inodes[n]
        and (mapping["length"], mapping["offset"], mapping["prot"]) == (length(n), 0, "rw")
        and mapping["state"] in ("live", "idle", "stale", "revoked")
    )


def is_its_own(mapping):
    n = number(mapping)
    return mapping["command"] in (None, f"crowd{n}") and set(mapping["devices"]) <= set(importers[n : n + 1])


def is_no_window(event):
    n = number(event)
    return n is not None and event["length"] != length(n)


tool = Dmabufctl()
listed, mappings, untrue = set(), [], []
with tool.monitor() as monitor, ThreadPoolExecutor() as pool:
    watching = pool.submit(list, monitor)
    for _ in range(rounds):
        dmabufs = tool.list()
        listed.add(len(dmabufs))
        untrue += [dmabuf for dmabuf in dmabufs if not is_exported(dmabuf)]
        for dmabuf in dmabufs:
            mappings += dmabuf["mappings"]
            untrue += [one for one in dmabuf["mappings"] if not is_true(one, dmabuf["inode"]) or not is_its_own(one)]
        for context in tool.run("status", all=True)["contexts"]:
            untrue += [one for one in context["mappings"] if not is_true(one, one["inode"])]
    monitor.stop()
    events = watching.result()
untrue += [
    event for event in events if event["event"] in ("map", "unmap", "revoked") and event.get("iova") and is_no_window(event)
]
print("dmabufs", *sorted(listed))
print("processes", *sorted({one["command"] for one in mappings if one["command"]}))
print("watched", *sorted({number(event) for event in events if event["event"] == "map"} - {None}))
for thing in untrue:
    print("untrue", thing)
