# SPDX-License-Identifier: GPL-2.0-only
"""dmabufctl from Python 3.9 or later: runs the program, and gives what it says as objects.

    from dmabufctl import Dmabufctl, RevokedError

    tool = Dmabufctl(context="vm1")
    bar = tool.export("01:00.0", 2, name="bar")
    tool.attach("03:00.0")
    mapping = tool.import_("bar", iova=0x10000000)
    try:
        tool.verify(mapping.name, from_="03:00.0")
    except RevokedError as error:
        print(error.what, error.why, error.remedy)
    with tool.monitor(until="revoked") as events:
        for event in events:
            print(event["event"])
    descriptor = tool.fds("bar")["bar"]

Each command is a method; import_ is import. Options are keywords: dry_run=True is --dry-run, from_="..." is
--from, a list repeats the option, None and False leave it out. Devices, dma-bufs, IOASes and mappings are
objects of the classes below. What is wider is the JSON object itself, as schema/dmabufctl-1.schema.json
describes it. A command that fails raises the exception that goes with its exit status.
"""
import array
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, fields
from typing import Dict, Iterator, List, Optional

FIRST_FD = 3  # sd_listen_fds(3)
FDS_A_MESSAGE = 250  # the kernel takes 253


class Error(Exception):
    """A command failed: what, on what; why; what to do about it. Each may be None, but for what."""

    status: Optional[int] = None

    def __init__(self, what, status=None, result=None):
        error = (result or {}).get("error", {})
        self.status = status
        self.what = what
        self.why = error.get("why")
        self.remedy = error.get("remedy")
        self.errno = error.get("errno")  # by name, as "ENODEV"
        self.explain = error.get("explain")
        self.result = result  # all of it: what was found nevertheless is there
        super().__init__("; ".join(filter(None, [": ".join(filter(None, [what, self.errno, self.why])), self.remedy])))


class FailedError(Error):
    """The operation failed."""


class UsageError(Error):
    """An unknown command or option, or a malformed value."""


class UnsupportedError(Error):
    """This kernel or device does not support it."""


class NotPermittedError(Error):
    """No permission."""


class RevokedError(Error):
    """A revoked dma-buf or stale mapping stood in the way."""


class NotObservedError(Error):
    """What was expected was not observed."""


class NotRunError(Error):
    """The program for exec or fds is there, and could not be run."""


class NoProgramError(Error):
    """There is no such program."""


ERRORS = {
    1: FailedError,
    2: UsageError,
    3: UnsupportedError,
    4: NotPermittedError,
    5: RevokedError,
    6: NotObservedError,
    126: NotRunError,
    127: NoProgramError,
}


def _make(kind, source):
    """An object of what the program says, which may say more in a later version."""
    values = {field.name: source.get(field.name) for field in fields(kind)}
    for name in ("iova", "dma", "address", "physical"):
        if isinstance(values.get(name), str):
            values[name] = int(values[name], 16)
    return kind(**values)


@dataclass
class Range:
    """A part of a BAR."""

    offset: int
    length: int


@dataclass
class DmaRange:
    """A range of a device's DMA addresses."""

    address: int
    length: int
    physical: Optional[int]
    route: str


@dataclass
class Device:
    """A device that is open in the context."""

    name: str
    id: int
    ioas: Optional[str]
    made_ns: int


@dataclass
class DmaBuf:
    """A dma-buf of the context; its state is known to status() alone."""

    name: str
    adopted: bool
    memory: Optional[str]
    device: Optional[str]
    bar: Optional[int]
    ranges: List[Range]
    size: int
    made_ns: int
    inode: int
    state: Optional[str]
    evidence: Optional[List[str]]
    permanent: Optional[bool]
    missing: Optional[List[str]]

    def __post_init__(self):
        self.ranges = [_make(Range, part) for part in self.ranges]


@dataclass
class Ioas:
    """An I/O address space."""

    name: str
    id: int
    devices: List[str]


@dataclass
class Mapping:
    """A mapping of a dma-buf; its state is known to status() alone. What its kind of importer has not is None."""

    name: str
    dmabuf: str
    importer: str
    ioas: Optional[str]
    iova: Optional[int]
    device: Optional[str]
    dma: Optional[int]
    rdma: Optional[str]
    lkey: Optional[int]
    rkey: Optional[int]
    mr: Optional[int]
    length: int
    offset: int
    prot: str
    promise: Optional[str]
    late_ms: Optional[int]
    made_ns: int
    revoked_by: Optional[str]
    verified_ns: Optional[int]
    arrived: Optional[bool]
    state: Optional[str]
    evidence: Optional[List[str]]
    missing: Optional[List[str]]
    disagrees: Optional[List[str]]
    doubt: Optional[str]
    told: Optional[int]
    kept: Optional[bool]
    let_go_ns: Optional[int]
    ranges: Optional[List[DmaRange]]
    route: Optional[str]

    def __post_init__(self):
        if self.ranges is not None:
            self.ranges = [_make(DmaRange, part) for part in self.ranges]


@dataclass
class Status:
    """A context; its objects by their names."""

    context: Optional[str]
    trace_instance: Optional[str]
    devices: Dict[str, Device]
    dmabufs: Dict[str, DmaBuf]
    ioases: Dict[str, Ioas]
    mappings: Dict[str, Mapping]


def _option(name, value):
    """The words of an option: none, one, or two for each of its values."""
    name = "--" + name.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return []
    if value is True:
        return [name]
    values = value if isinstance(value, (list, tuple)) else [value]
    return [word for each in values for word in (name, str(each))]


def _words(command, arguments, options):
    return [
        command,
        *(word for name, value in options.items() for word in _option(name, value)),
        *map(str, arguments),
    ]


def _result(text, status=None, complaint=""):
    """The object that a command printed, or the exception that it stands for."""
    try:
        result = json.loads(text)
    except ValueError:
        said = complaint.strip() or f"dmabufctl printed no object, and ended with status {status}"
        raise ERRORS.get(status, Error)(said, status) from None
    if "error" in result:
        status = result["error"]["status"]
        raise ERRORS.get(status, Error)(result["error"]["what"], status, result)
    return result


class Commands:
    """The commands that a context and a batch of its own have in common."""

    def run(self, command, *arguments, **options):
        """Any command: the JSON object that it prints."""
        raise NotImplementedError

    def doctor(self, *devices):
        return self.run("doctor", *devices)["checks"]

    def device(self, *devices):
        return self.run("device", *devices)["devices"]

    def bind(self, *devices, **options):
        return self.run("bind", *devices, **options)["devices"]

    def unbind(self, *devices, **options):
        return self.run("unbind", *devices, **options)["devices"]

    def export(self, *device_and_bar, ranges=(), **options) -> DmaBuf:
        """export("01:00.0", 2, ranges=[(0, 4096)]), or export(udmabuf="1M")."""
        parts = [f"{offset}:{length}" for offset, length in ranges]
        return _make(DmaBuf, self.run("export", *device_and_bar, range=parts, **options)["dmabuf"])

    def adopt(self, **options) -> DmaBuf:
        return _make(DmaBuf, self.run("adopt", **options)["dmabuf"])

    def attach(self, device, *ioas) -> Device:
        return _make(Device, self.run("attach", device, *ioas)["device"])

    def detach(self, device):
        """The mappings that no device reaches any more."""
        return self.run("detach", device)["idle"]

    def import_(self, dmabuf, **options) -> Mapping:
        return _make(Mapping, self.run("import", dmabuf, **options)["mapping"])

    def unmap(self, *mappings, **options):
        self.run("unmap", *mappings, **options)

    def recover(self, *names) -> List[Mapping]:
        return [_make(Mapping, mapping) for mapping in self.run("recover", *names)["mappings"]]

    def release(self, *names, **options):
        return self.run("release", *names, **options)

    def revoke(self, device, by, **options):
        return self.run("revoke", device, by=by, **options)

    def verify(self, mapping, from_, **options):
        return self.run("verify", mapping, from_=from_, **options)["verification"]

    def topology(self, *devices, **options):
        return self.run("topology", *devices, **options)

    def status(self) -> Status:
        """The context; of all processes, run("status", all=True)."""
        result = self.run("status")
        kinds = {"devices": Device, "dmabufs": DmaBuf, "ioases": Ioas, "mappings": Mapping}
        objects = {key: {one["name"]: _make(kind, one) for one in result[key]} for key, kind in kinds.items()}
        return Status(result["context"], result["trace_instance"], **objects)

    def list(self, **options):
        """Every dma-buf on the system; what this comes from, run("list")["sources"]."""
        return self.run("list", **options)["dmabufs"]

    def explain(self, error, **options):
        return self.run("explain", error, **options)["causes"]


class Dmabufctl(Commands):
    """A context, by its name (None: the default one), whose objects live until they are released.

    wait: the seconds that each command may wait for another that has the context; None: no limit.
    """

    def __init__(self, context=None, program="dmabufctl", wait=None):
        self._start = [program, "--json", *_option("context", context), *_option("wait", wait)]

    def run(self, command, *arguments, **options):
        process = subprocess.run(
            self._start + _words(command, arguments, options),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return _result(process.stdout, process.returncode, process.stderr)

    def context(self, *words):
        """context("list"), context("start", NAME), context("stop", NAME)."""
        return self.run("context", *words)

    def conform(self, **options):
        """Whatever its outcome, each case; the summary is in run("conform")."""
        try:
            return self.run("conform", **options)["cases"]
        except NotObservedError as error:
            return error.result["cases"]

    def batch(self):
        """The same commands in one process; see Batch."""
        return Batch(self._start)

    def monitor(self, **options):
        """What happens from now on; see Monitor."""
        return Monitor(self._start + _words("monitor", [], options))

    def exec(self, dmabufs, command, **options):
        """Starts a command that has these dma-bufs as its fds 3, 4, ...: a subprocess.Popen, which takes the options.

        A program in Python finds them with inherited_fds().
        """
        return subprocess.Popen([self._start[0], *self._start[2:], "exec", *dmabufs, "--", *command], **options)

    def fds(self, *dmabufs) -> Dict[str, int]:
        """Descriptors of these dma-bufs for this process, by name, for the caller to close."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            process = subprocess.Popen(
                [*self._start, "exec", *dmabufs, "--", sys.executable, "-I", "-c", SEND_FDS],
                stdin=theirs,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            theirs.close()
            got = _receive_fds(ours)
            said, complaint = process.communicate()
        if process.returncode or len(got) != len(dmabufs):
            for fd in got:
                os.close(fd)
            _result(said, process.returncode, complaint)
        return dict(zip(dmabufs, got))


# Standard input is a socket to whoever wants them.
SEND_FDS = f"""
import os, socket
fds = range({FIRST_FD}, {FIRST_FD} + int(os.environ["LISTEN_FDS"]))
for i in range(0, len(fds), {FDS_A_MESSAGE}):
    socket.send_fds(socket.socket(fileno=0), [b"."], fds[i:i + {FDS_A_MESSAGE}])
"""


def _receive_fds(channel):
    """All that come until the other end is closed."""
    got = array.array("i")
    while True:
        room = socket.CMSG_SPACE(FDS_A_MESSAGE * got.itemsize)
        data, messages, _, _ = channel.recvmsg(1, room, socket.MSG_CMSG_CLOEXEC)
        if not data:
            return got.tolist()
        for level, kind, content in messages:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                got.frombytes(content)


def inherited_fds() -> Dict[str, int]:
    """The dma-bufs that 'dmabufctl exec', or exec() above, gave to this process, by name."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return {}
    names = os.environ["LISTEN_FDNAMES"].split(":")
    fds = {name: FIRST_FD + i for i, name in enumerate(names)}
    for fd in fds.values():
        os.set_inheritable(fd, False)
    return fds


class Process:
    """The program while it prints an object a line. Leaving a with-statement closes it."""

    def __init__(self, command, **options):
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, **options
        )

    def _read(self):
        line = self._process.stdout.readline()
        return _result(line, None if line else self._process.wait())

    def close(self):
        raise NotImplementedError

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Batch(Process, Commands):
    """Commands in one process, which takes a fraction of the time.

    In a context that was named they stay there, and it is busy meanwhile. Otherwise they are gone at the end.

        with Dmabufctl().batch() as tool:
            tool.export("01:00.0", 2)
    """

    def __init__(self, start):
        super().__init__([*start, "batch", "--keep-going", "-"], stdin=subprocess.PIPE)

    def run(self, command, *arguments, **options):
        line = shlex.join(_words(command, arguments, options))
        if "\n" in line:
            raise UsageError("a word has a newline in it", 2)
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # what it said last tells why
        return self._read()

    def close(self):
        self._process.communicate()


class Monitor(Process):
    """Events as they happen: an iterator of objects, the first of which is there when this is.

    It ends with the event "end", after one that was waited for (until=), after the time that was given (for_=), or
    when it is closed; NotObservedError when what was waited for did not come.
    """

    def __init__(self, command):
        super().__init__(command, stdin=subprocess.DEVNULL)
        self.begin = self._read()

    def __iter__(self) -> Iterator[dict]:
        event = self.begin
        while event["event"] != "end":
            event = self._read()
            yield event
        if self._process.wait():
            self._read()

    def stop(self):
        """Has it end in order; what happened until then is still to be read."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def close(self):
        self.stop()
        self._process.communicate()
