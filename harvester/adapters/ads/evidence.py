"""Clicks and conversions out of the reasons of a recommendation, in every form they were seen.

The specification says that `data` is text, Amazon's guide shows an object; what live answers hold is not known.
"""

import math
import re
from contextlib import suppress
from functools import lru_cache
from typing import Any

import msgspec

from harvester.adapters.exchange import UNDECODABLE

_NUMBER = re.compile(r"\+?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_PLAIN = 2**53
"""Whole numbers below this are the same as floats."""
_LONGEST_NOTE = 4000
_LONGEST_RAW = 1000
_REMEMBERED = 2048
"""Each is some two hundred bytes, and hardly ever a note."""

Evidence = tuple[float | None, float | None, str | None]


class _PlainMetrics(msgspec.Struct, rename="upper", gc=False, forbid_unknown_fields=True):
    clicks: int
    conversions: int


class _PlainReason(msgspec.Struct, gc=False):
    """A reason in one of the two forms that are quick to read; any other is read as whatever JSON it is."""

    reason: str = ""
    data: _PlainMetrics | str | None = None


_plain_reasons = msgspec.json.Decoder(list[_PlainReason])
_plain_text = msgspec.json.Decoder(_PlainMetrics)


@lru_cache(_REMEMBERED)
def evidence_in(reasons: bytes) -> Evidence:
    """The evidence in reasons as they stand on the wire. Remembered: the same few come again and again."""
    with suppress(*UNDECODABLE):
        found = _plain_reasons.decode(reasons)
        if len(found) == 1:
            data = found[0].data
            metrics = _plain_text.decode(data) if isinstance(data, str) else data
            if metrics is not None and 0 <= metrics.clicks < _PLAIN and 0 <= metrics.conversions < _PLAIN:
                return float(metrics.clicks), float(metrics.conversions), None
    with suppress(*UNDECODABLE):
        return evidence_of(msgspec.json.decode(reasons))
    return evidence_of(reasons.decode("utf-8", "replace"))


def evidence_of(reasons: Any) -> Evidence:
    """Clicks, conversions (None where unreadable) and, as JSON text, whatever else there was.

    `reasons` are any JSON. Where reasons of HISTORICAL_PERF are among several, only they count.
    """
    listed = reasons if isinstance(reasons, list) else [reasons]
    read = [_Read(reason) for reason in listed if reason not in (None, {})]
    if not read:
        return None, None, None
    candidates = [reason for reason in read if reason.historical] or read
    chosen = next((reason for reason in candidates if reason.complete), candidates[0])
    note: dict[str, Any] = dict(chosen.others)
    rest = [reason.raw for reason in read if reason is not chosen]
    if rest:
        note["other_reasons"] = rest
    return chosen.clicks, chosen.conversions, _note(note)


class _Read:
    """One reason, as far as it can be read."""

    def __init__(self, reason: Any) -> None:
        self.raw = reason
        self.historical = False
        self.clicks: float | None = None
        self.conversions: float | None = None
        self.others: dict[str, Any] = {}
        data = reason
        if isinstance(reason, dict) and ("data" in reason or "reason" in reason):
            self.historical = str(reason.get("reason", "")).upper() == "HISTORICAL_PERF"
            data = reason.get("data")
        metrics = _metrics(data)
        if metrics is None:
            self.others = {} if data is None else {"raw": data}
            return
        for key, value in metrics.items():
            self._take(key, value)

    @property
    def complete(self) -> bool:
        return self.clicks is not None and self.conversions is not None

    def _take(self, key: str, value: Any) -> None:
        known = key.upper()
        amount = number(value) if known in ("CLICKS", "CONVERSIONS") else None
        if known == "CLICKS" and self.clicks is None and amount is not None:
            self.clicks = amount
        elif known == "CONVERSIONS" and self.conversions is None and amount is not None:
            self.conversions = amount
        else:
            self.others[key] = value


def _metrics(data: Any) -> dict[str, Any] | None:
    if isinstance(data, dict):
        return data
    if not isinstance(data, str):
        return None
    try:
        inner = msgspec.json.decode(data)
    except UNDECODABLE:
        return None
    return inner if isinstance(inner, dict) else None


def number(value: Any) -> float | None:
    """A finite number that is not negative, from an int, a decimal or numeric text; None for anything else."""
    if isinstance(value, str):
        written = value.strip()
        value = float(written) if _NUMBER.fullmatch(written) else None
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    amount = _float(value)
    return amount if amount is not None and math.isfinite(amount) and amount >= 0 else None


def _float(value: float) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


def _note(note: dict[str, Any]) -> str | None:
    if not note:
        return None
    written = msgspec.json.encode(note).decode()
    if len(written) > _LONGEST_NOTE:
        written = msgspec.json.encode({"raw": written[:_LONGEST_RAW]}).decode()
    return written
