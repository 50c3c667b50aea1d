"""Commands as processes that start warm: what costs a second is imported once in a worker, see `warm_parent`."""

import contextlib
import functools
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol

ROOT = Path(__file__).parents[1]
KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR")
"""Of the environment of this process."""
MOST_BYTES = 2**17
"""Of an order."""
NUMBER = struct.Struct("i")
"""What is told of a child: its id, and later its exit code as `subprocess` has it."""


class Process(Protocol):
    """What a test may do with one; `subprocess.Popen` can, too."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int) -> None: ...

    def kill(self) -> None: ...


class Forked:
    """A child of the warm parent, which tells of its end."""

    def __init__(self, report: int) -> None:
        self._report = report
        self.returncode: int | None = None
        self.pid = self._told()
        self._handle: int | None = None
        with contextlib.suppress(ProcessLookupError):  # it is over already
            self._handle = os.pidfd_open(self.pid)

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            poll = select.poll()
            poll.register(self._report, select.POLLIN)
            if not poll.poll(None if timeout is None else timeout * 1000):
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            self.returncode = self._told()
            self._close()
        return self.returncode

    def send_signal(self, sig: int) -> None:
        if self.poll() is None and self._handle is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, sig)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _told(self) -> int:
        message = os.read(self._report, NUMBER.size)
        assert message, "the warm parent is gone"
        number: int = NUMBER.unpack(message)[0]
        return number

    def _close(self) -> None:
        os.close(self._report)
        if self._handle is not None:
            os.close(self._handle)


class WarmParent:
    """Of this worker."""

    def __init__(self) -> None:
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.warm_parent", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env=environment | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"},
            )

    def start(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], out: IO[bytes], err: IO[bytes]
    ) -> Forked:
        """`harvester` with these arguments."""
        report, theirs = os.pipe()
        message = json.dumps([list(arguments), str(folder), dict(environment)]).encode()
        with Path(os.devnull).open("rb") as nothing:
            streams = [nothing.fileno(), out.fileno(), err.fileno()]
            socket.send_fds(self._orders, [message], [*streams, theirs])
        os.close(theirs)
        return Forked(report)

    def end(self) -> None:
        self._orders.close()
        self._process.wait()


@functools.cache
def _parent() -> WarmParent:
    return WarmParent()


def end_parent() -> None:
    """Where there is one."""
    if _parent.cache_info().currsize:
        _parent().end()
        _parent.cache_clear()


def started(
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    out: IO[bytes],
    err: IO[bytes],
    *,
    warm: bool = True,
) -> Process:
    """`harvester` in a process of its own; not `warm`: as a person starts it."""
    if warm and hasattr(os, "pidfd_open"):
        return _parent().start(arguments, folder, environment, out, err)
    return subprocess.Popen(
        [sys.executable, "-m", "harvester", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        cwd=folder,
        env=dict(environment),
    )
