"""Every request seen, without secrets."""

import datetime as dt
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from harvester.sandbox.wire import Json

_SECRET_HEADERS = {"authorization", "x-amz-access-token", "cookie"}


@dataclass(slots=True)
class Entry:
    """`path` is without the prefix of a regional host, `region` None without one. `status` None: no answer was sent.
    `fault`: the fields of the action that was in force. `answer`: of writing calls only.
    """

    number: int
    at: str
    method: str
    path: str
    region: str | None
    query: str
    headers: dict[str, str]
    body: bytes
    profile: str | None
    account: int | None = None
    status: int | None = None
    duration_ms: float = 0.0
    fault: list[str] = field(default_factory=list)
    answer: bytes = b""

    def shown(self) -> Json:
        return {
            "number": self.number,
            "at": self.at,
            "method": self.method,
            "path": self.path,
            "region": self.region,
            "query": self.query,
            "headers": self.headers,
            "body": _parsed(self.body),
            "raw": self.body.decode(errors="replace"),
            "profile": self.profile,
            "account": self.account,
            "status": self.status,
            "duration_ms": round(self.duration_ms, 3),
            "fault": self.fault,
            "answer": _parsed(self.answer),
        }


def _parsed(body: bytes) -> object:
    try:
        return msgspec.json.decode(body) if body else None
    except msgspec.DecodeError:
        return None


class Journal:
    """The newest `size` requests; `total` counts all."""

    def __init__(self, size: int) -> None:
        self._entries: deque[Entry] = deque(maxlen=size)
        self.total = 0

    def begin(
        self, method: str, path: str, region: str | None, query: str, headers: Mapping[str, str], body: bytes
    ) -> Entry:
        self.total += 1
        kept = {name: "***" if name.lower() in _SECRET_HEADERS else value for name, value in headers.items()}
        entry = Entry(
            number=self.total,
            at=dt.datetime.now(dt.UTC).isoformat(),
            method=method,
            path=path,
            region=region,
            query=query,
            headers=kept,
            body=body,
            profile=headers.get("Amazon-Advertising-API-Scope"),
        )
        self._entries.append(entry)
        return entry

    def select(self, since: int, wanted: Mapping[str, str]) -> list[Json]:
        """Entries after number `since` whose method, path or profile are the wanted ones."""
        return [
            entry.shown()
            for entry in self._entries
            if entry.number > since and all(getattr(entry, name) == value for name, value in wanted.items())
        ]

    def clear(self) -> None:
        self._entries.clear()
        self.total = 0
