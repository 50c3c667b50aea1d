"""A run: one harvest of one profile, and the calls it makes."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

import msgspec

from harvester.domain.ids import PlanId, ProfileId, RunId


class RunState(StrEnum):
    RUNNING = "running"
    COMPLETE = "complete"
    PARTIAL = "partial"
    """Some recommendations could not be read; what was read is judged and planned."""
    FAILED = "failed"


class Cursor(msgspec.Struct, frozen=True):
    """How far a run has come: saved with each page, so that a resumed run repeats nothing.

    Source ad groups are asked for in batches, in the order of their ids.
    """

    batch: tuple[str, ...] = ()
    """The ad groups of the batch under way; empty between batches."""
    token: str | None = None
    """The page token to ask with next; None: the first page of `batch`."""
    finished_through: str = ""
    """Every ad group up to this id is done."""
    source: str = ""
    """The source under way; those before it are done. Empty: the first."""
    brands: bool = False
    """Every source is done, and what the rules file says about brands is judged too: the last rows of the run."""


@dataclass(frozen=True, slots=True)
class Run:
    run_id: RunId
    profile_id: ProfileId
    account: str
    fence: int
    """Grows with every run of the profile; a page of an older fence is refused."""
    started_at: datetime
    cursor: Cursor
    pages: int
    recommendations: int
    resumed: bool
    troubles: tuple[str, ...] = ()
    """Why it will be partial, gathered before a crash."""


class ApiCall(msgspec.Struct, frozen=True, gc=False):
    """One request to Amazon and what came back. Never a token or a secret; `status` None: no answer."""

    at: datetime
    method: str
    path: str
    status: int | None
    duration_ms: float
    attempt: int
    """From 1."""
    request_id: str | None
    request_body: str | None
    response_body: str | None
    error: str | None
    account: str
    profile_id: ProfileId | None = None
    run_id: RunId | None = None
    plan_id: PlanId | None = None

    @property
    def operation(self) -> str:
        """`POST /sp/keywords/list`"""
        return operation_of(self.method, self.path)


_AN_ID = re.compile(r"(?<=/)(?!\d{4}-\d\d-\d\d(?:/|$))(?=[^/]*\d)[^/]{6,}")
"""A part of a path with a digit, that is neither a version nor a date."""


@lru_cache(maxsize=512)
def operation_of(method: str, path: str) -> str:
    """Method and path, without the query, `{id}` in place of what differs from call to call."""
    return f"{method} {_AN_ID.sub('{id}', path.partition('?')[0])}"
