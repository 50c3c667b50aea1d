"""What a contender for reports is told, and what it answers."""

import resource
import sys

import msgspec

from benchmarks.task import Answer

_KILOBYTES = 1 if sys.platform != "darwin" else 1024


class ReportTask(msgspec.Struct):
    url: str
    dsn: str


class ReportAnswer(msgspec.Struct):
    rows_a_second: float
    cpu_microseconds_a_row: float
    """Of this process alone, without Postgres."""
    rows: int
    peak_megabytes: float

    @classmethod
    def of(cls, answer: Answer) -> "ReportAnswer":
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KILOBYTES / 1024
        return cls(answer.rows_a_second, answer.cpu_microseconds_a_row, answer.rows, peak)


def read() -> ReportTask:
    return msgspec.json.decode(sys.stdin.buffer.read(), type=ReportTask)


def write(answer: ReportAnswer) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
