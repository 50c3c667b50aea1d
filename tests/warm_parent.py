"""`python -m tests.warm_parent FD`: has imported what commands import, and forks one for each order that comes in.

What comes out of it is a process as any other: its own id, folder, environment, streams, signals and end.
"""

import gc
import importlib
import json
import os
import select
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from harvester.entrypoints.cli.app import _FAMILIES, main
from tests.warm import MOST_BYTES, NUMBER

_NEEDED_LATER = ("croniter", "harvester.entrypoints.daemon", "uvloop")
_PROGRAM = Path(__file__).parents[1] / "harvester" / "__main__.py"


@dataclass(frozen=True)
class Order:
    arguments: list[str]
    folder: str
    environment: dict[str, str]
    streams: list[int]

    def take(self) -> None:
        """Be what was ordered."""
        for place, stream in enumerate(self.streams):
            os.dup2(stream, place)
            os.close(stream)
        os.chdir(self.folder)
        os.environ.clear()
        os.environ.update(self.environment)
        sys.argv = [str(_PROGRAM), *self.arguments]


class Nursery:
    """`reports`: where the end of a child is told, by the descriptor that is readable when it has ended."""

    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders
        self._reports: dict[int, tuple[int, int]] = {}
        self._poll = select.poll()
        self._poll.register(orders, select.POLLIN)

    def order(self) -> Order | None:
        """In each child what it is to become; None once in the parent, when nobody orders any more."""
        while True:
            for ready, _ in self._poll.poll():
                if ready != self._orders.fileno():
                    self._ended(ready)
                    continue
                message, descriptors, _, _ = socket.recv_fds(self._orders, MOST_BYTES, 4)
                if not message:
                    return None
                *streams, report = descriptors
                pid = os.fork()
                if not pid:
                    self._leave(report)
                    arguments, folder, environment = json.loads(message)
                    return Order(arguments, folder, environment, streams)
                self._begun(pid, report, streams)

    def _begun(self, pid: int, report: int, streams: list[int]) -> None:
        for each in streams:
            os.close(each)
        end = os.pidfd_open(pid)
        self._reports[end] = pid, report
        self._poll.register(end, select.POLLIN)
        os.write(report, NUMBER.pack(pid))

    def _ended(self, end: int) -> None:
        pid, report = self._reports.pop(end)
        self._poll.unregister(end)
        os.close(end)
        _, status = os.waitpid(pid, 0)
        try:
            os.write(report, NUMBER.pack(os.waitstatus_to_exitcode(status)))
        except BrokenPipeError:
            return  # nobody asks
        finally:
            os.close(report)

    def _leave(self, report: int) -> None:
        self._orders.close()
        for end, (_, other) in self._reports.items():
            os.close(end)
            os.close(other)
        os.close(report)


def _import_everything() -> None:
    for family in sorted(set(_FAMILIES.values())):
        importlib.import_module(f"harvester.entrypoints.cli.{family}")
    for name in _NEEDED_LATER:
        importlib.import_module(name)


if __name__ == "__main__":
    _import_everything()
    gc.collect()
    gc.freeze()
    ordered = Nursery(socket.socket(fileno=int(sys.argv[1]))).order()
    if ordered is not None:
        ordered.take()
        main()
