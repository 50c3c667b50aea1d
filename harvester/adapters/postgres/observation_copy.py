"""A page of observations as a binary COPY reads it. What rows share is encoded once."""

import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from harvester.adapters.postgres.storable import storable
from harvester.domain.decision import Decision
from harvester.domain.recommendation import Recommendation
from harvester.domain.run import Run

Rows = Sequence[tuple[Recommendation, str, Decision]]
Encode = Callable[[str], bytes]

COLUMNS = (
    "run_id",
    "profile_id",
    "seen_at",
    "ad_id",
    "ad_group_id",
    "campaign_id",
    "ad_asin",
    "target_type",
    "source",
    "place",
    "target",
    "key",
    "clicks",
    "conversions",
    "evidence_note",
    "outcome",
    "reason",
    "rule",
    "findings",
)
"""In this order: first what the rows of an ad share, then what is a row's own, last what equal verdicts share."""

_SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
"""Signature, no flags, no header extension."""
_END = struct.pack(">h", -1)
_NULL = struct.pack(">i", -1)
_FIELDS = struct.pack(">h", len(COLUMNS))
_length = struct.Struct(">i").pack
_number = struct.Struct(">id").pack
_time = struct.Struct(">iq").pack
_place_and_length = struct.Struct(">iii").pack
_ROWS_A_PIECE = 100
"""Small enough that memory is used again and again, instead of being asked of the system for every page."""
_MOST_VERDICTS = 2048
"""About a kilobyte each."""
_POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class PageCopy:
    """Encodes page after page, and remembers verdicts: most rows have one that was there before."""

    def __init__(self) -> None:
        self._verdicts: dict[tuple[object, ...], tuple[Decision, bytes]] = {}
        """With the decision, so that its id stays its own."""

    def __call__(
        self, run: Run, first_place: int, rows: Rows, seen_at: datetime, *, clean: bool = False
    ) -> Sequence[bytes]:
        """The whole COPY in pieces. Raises UnicodeEncodeError for half a surrogate pair, unless `clean`.

        `clean` makes every text storable, which takes its time.
        """
        encode: Encode = _encode_storable if clean else str.encode
        verdicts = {} if clean else self._verdicts
        if len(verdicts) >= _MOST_VERDICTS:
            verdicts.clear()
        opening = _opening(run, seen_at, encode)
        heads: dict[tuple[str, ...], bytes] = {}
        pieces = [_SIGNATURE]
        for start in range(0, len(rows), _ROWS_A_PIECE):
            parts: list[bytes] = []
            for place, (row, key, decision) in enumerate(rows[start : start + _ROWS_A_PIECE], first_place + start):
                ad = (row.ad_id, row.ad_group_id, row.campaign_id, row.ad_asin, row.target_type, row.source)
                head = heads.get(ad)
                if head is None:
                    head = heads[ad] = opening + b"".join(_text(encode(value)) for value in ad)
                said = (id(decision), row.clicks, row.conversions, row.evidence_note)
                verdict = verdicts.get(said)
                if verdict is None:
                    verdict = verdicts[said] = decision, _verdict(row, decision, encode)
                target = encode(row.target)
                folded = target if key == row.target else encode(key)
                own = _place_and_length(4, place, len(target))
                parts += (head, own, target, _length(len(folded)), folded, verdict[1])
            pieces.append(b"".join(parts))
        pieces.append(_END)
        return pieces


def _opening(run: Run, seen_at: datetime, encode: Encode) -> bytes:
    """What all rows of a page begin with."""
    microseconds = (seen_at - _POSTGRES_EPOCH) // timedelta(microseconds=1)
    return _FIELDS + _text(encode(run.run_id)) + _text(encode(run.profile_id)) + _time(8, microseconds)


def _verdict(row: Recommendation, decision: Decision, encode: Encode) -> bytes:
    note = _NULL if row.evidence_note is None else _text(encode(row.evidence_note))
    texts = (decision.outcome, decision.reason, decision.rule, decision.findings)
    return _amount(row.clicks) + _amount(row.conversions) + note + b"".join(_text(encode(text)) for text in texts)


def _text(encoded: bytes) -> bytes:
    return _length(len(encoded)) + encoded


def _amount(value: float | None) -> bytes:
    return _NULL if value is None else _number(8, value)


def _encode_storable(value: str) -> bytes:
    return storable(value).encode()
