"""What travels between the clients and the one HTTP session: requests, answers, who asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

import msgspec

from harvester.domain.ids import PlanId, ProfileId, RunId

UNDECODABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What a body that is no JSON, or is nested without end, makes a decoder raise."""


class Repeat(Enum):
    READ = "read"
    """Asking again changes nothing: repeated until the patience is used up."""
    NEVER = "never"
    """Repeated only when the answer proves that nothing was done: 429 and 401."""


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a call is made: what the call log files it under."""

    account: str
    profile_id: ProfileId | None = None
    run_id: RunId | None = None
    plan_id: PlanId | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """Which allowances at Amazon a call draws on, from the widest to the narrowest."""

    login: str
    """Host and client id."""
    profile: str
    operation: str


class Bearer(Protocol):
    """Gives a call its access token."""

    async def token(self) -> str:
        """Raises AccountClosed, Rejected, Unavailable."""
        ...

    def header(self, token: str) -> tuple[str, str]: ...

    def refused(self, token: str) -> None:
        """Amazon answered 401 to this token."""
        ...

    def hidden(self) -> Sequence[str]:
        """Every secret that an answer could echo."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` go out exactly as given. What is secret never shows in the text of a request."""

    method: str
    url: str
    path: str
    """Path and query, as the call log shows it."""
    headers: Mapping[str, str]
    caller: Caller
    budget: Budget
    body: bytes | None = field(default=None, repr=False)
    bearer: Bearer | None = field(default=None, repr=False)
    confidential: bool = False
    """Neither body is recorded."""
    hidden: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes = field(repr=False)
    media_type: str
    """Without parameters, in lower case."""
    request_id: str | None
    date: datetime | None = None
    """By the server's clock; None where it named none."""
    rate_limit: str | None = None
    """What it says of its limit, as text; None where it says nothing."""


class Unreadable(ValueError):
    """An answer of success that does not say what it should; its text is one short sentence."""
