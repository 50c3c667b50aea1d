"""The file of a report: rows made from the market as they are written, never held."""

import datetime as dt
import gzip
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from harvester.sandbox.calls import Call
from harvester.sandbox.clicks import Figures, Moment, days_of, impressions
from harvester.sandbox.clock import Clock
from harvester.sandbox.fault_rules import ReportFault
from harvester.sandbox.market import Market
from harvester.sandbox.report_columns import TARGETING, RowWriter
from harvester.sandbox.settings import Options
from harvester.sandbox.spans import Calendar
from harvester.sandbox.streams import Served, Stream, Streams

if TYPE_CHECKING:
    from harvester.sandbox.reports import Report

LARGE = 20_000
"""From so many recommendations on, the file is made while it is sent, and nobody knows its size before."""
_STREAMS_A_CHUNK = 60

Days = dict[int, Figures]


@dataclass(frozen=True, slots=True)
class Made:
    """A report that is done: all that its rows follow from. The same at every download."""

    market: Market
    options: Options
    clock: Clock
    report: "Report"

    @property
    def large(self) -> bool:
        return self.market.recommendations.total >= LARGE


def size(call: Call, report: "Report") -> int | None:
    made = Made(call.market, call.options, call.clock, report)
    if made.large:
        return None
    report.file = packed(made, ReportFault())
    return len(report.file)


def packed(made: Made, fault: ReportFault) -> bytes:
    """The gzip file as a whole."""
    whole = made.report.file
    if whole is not None and not (fault.set or fault.raw or fault.twice):
        made.report.file = None
    else:
        whole = gzip.compress(b"".join(chunks(made, fault)), compresslevel=6, mtime=0)
    return whole if fault.truncate is None else whole[: int(len(whole) * fault.truncate)]


def packed_chunks(made: Made, fault: ReportFault) -> Iterator[bytes]:
    """The gzip file in pieces, some of them empty; a truncated one ends within its first megabyte of text."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    left = None if fault.truncate is None else int(fault.truncate * 2**20)
    for chunk in chunks(made, fault):
        yield packer.compress(chunk)
        if left is not None:
            left -= len(chunk)
            if left <= 0:
                return
    yield packer.flush()


def chunks(made: Made, fault: ReportFault) -> Iterator[bytes]:
    """The JSON array, some hundred search terms at a time."""
    yield b"["
    before = ""
    number = 0
    for rows in _row_groups(made):
        texts: list[str] = []
        for row in rows:
            number += 1
            texts += _spoiled(row, fault) if number % fault.every == 0 else (row,)
        yield (before + ",\n".join(texts)).encode() if texts else b""
        before = ",\n" if texts else before
    yield b"]"


def _spoiled(row: str, fault: ReportFault) -> tuple[str, ...]:
    if fault.raw is not None:
        return (fault.raw,)
    if fault.set:
        row = msgspec.json.encode({**msgspec.json.decode(row), **fault.set}).decode()
    return (row, row) if fault.twice else (row,)


@dataclass(slots=True)
class _Table:
    """How one report groups its figures: which days there are, and what becomes a row."""

    writer: RowWriter
    first: int
    last: int
    moment: Moment
    daily: bool
    names: dict[int, str] = field(default_factory=dict)

    def rows(self, served: Served, text: str, days: Days) -> Iterator[str]:
        beginning = self.writer.beginning(served, text)
        if self.daily:
            for day in sorted(days):
                yield self.writer.row(beginning, self.names[day], days[day])
        elif days:
            together = Figures()
            for figures in days.values():
                together.add(figures)
            yield self.writer.row(beginning, "", together)

    def clicked(self, stream: Stream) -> Days:
        """The days with clicks."""
        flow, days = stream.flow, {}
        for first, last in stream.spans:
            if first <= self.last and last >= self.first:
                days.update(days_of(flow, max(first, self.first), min(last, self.last), self.moment))
        for day, figures in days.items():
            figures.impressions = impressions(flow, day, figures.clicks, self.moment)
        return days

    def shown(self, stream: Stream, into: Days) -> None:
        """Adds the days with impressions, clicked or not."""
        clicked = self.clicked(stream)
        for first, last in stream.spans:
            for day in range(max(first, self.first), min(last, self.last) + 1):
                figures = clicked.get(day)
                seen = impressions(stream.flow, day, 0, self.moment) if figures is None else figures.impressions
                if seen:
                    total = into.setdefault(day, Figures())
                    total.add(figures or Figures(impressions=seen))


def _row_groups(made: Made) -> Iterator[list[str]]:
    asked = made.report.asked
    zone = ZoneInfo(made.market.profile.marketplace.timezone)
    calendar = Calendar(made.clock, zone)
    streams = Streams(made.market, calendar, made.options.seed)
    configuration = asked["configuration"]
    first, last = (dt.date.fromisoformat(asked[name]).toordinal() for name in ("startDate", "endDate"))
    table = _Table(
        writer=RowWriter(asked, streams.coins, made.options.dialect),
        first=first,
        last=last,
        moment=Moment(int(made.clock.day(made.report.done_at, zone) * 24) / 24, int(calendar.opened)),
        daily=configuration["timeUnit"] == "DAILY",
        names={day: dt.date.fromordinal(day).isoformat() for day in range(first, last + 1)},
    )
    wanted = [(one["field"], set(one["values"])) for one in configuration.get("filters") or ()]
    for found in (streams.automatic(), streams.manual()):
        passing = (stream for stream in found if _wanted(stream.served, wanted))
        if configuration["reportTypeId"] == TARGETING.name:
            yield from _by_target(table, passing)
        else:
            yield from _by_term(table, passing)


def _wanted(served: Served, wanted: list[tuple[str, set[str]]]) -> bool:
    values = {"keywordType": served.keyword_type, "adKeywordStatus": served.body["state"]}
    return all(values[name] in allowed for name, allowed in wanted)


def _by_term(table: _Table, streams: Iterable[Stream]) -> Iterator[list[str]]:
    rows: list[str] = []
    for number, stream in enumerate(streams, start=1):
        rows += table.rows(stream.served, stream.text, table.clicked(stream))
        if number % _STREAMS_A_CHUNK == 0:
            yield rows
            rows = []
    yield rows


def _by_target(table: _Table, streams: Iterable[Stream]) -> Iterator[list[str]]:
    """Adds up all terms of a target; those of an ad group's targets come together."""
    targets: dict[str, tuple[Served, Days]] = {}
    ad_group = ""
    for number, stream in enumerate(streams, start=1):
        served = stream.served
        if served.ad_group["adGroupId"] != ad_group:
            yield _flushed(table, targets)
            ad_group, targets = served.ad_group["adGroupId"], {}
        table.shown(stream, targets.setdefault(served.own_id, (served, {}))[1])
        if number % _STREAMS_A_CHUNK == 0:
            yield []
    yield _flushed(table, targets)


def _flushed(table: _Table, targets: dict[str, tuple[Served, Days]]) -> list[str]:
    return [row for served, days in targets.values() for row in table.rows(served, "", days)]
