"""Who serves, and how far anybody may go while the service runs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from harvester.domain.ids import ProfileId
from harvester.domain.profile import Mode


@dataclass(frozen=True, slots=True)
class Sign:
    """What a replica says of itself with each sign of life."""

    replica_id: str
    kind: Literal["serve", "worker"]
    host: str
    pid: int
    version: str
    started_at: datetime
    holds_clock: bool
    draining: bool
    running: int
    """Slots under way."""
    ruleset_fingerprint: str
    rules_error: str | None
    """Why the rules file as it is now is not in force; None: it is."""
    mode: Mode | None = None
    """As far as its settings go."""
    schedule: str | None = None
    """When profiles fall due by its settings; a worker has none."""


@dataclass(frozen=True, slots=True)
class Login:
    """What a login of the settings showed when it was last asked for its profiles."""

    account: str
    listed_at: datetime | None
    failed_since: datetime | None
    failure: str | None
    closed: bool
    """Amazon has closed it: a person has to authorise it again."""


@dataclass(frozen=True, slots=True)
class RuntimeModes:
    """None: as far as the settings go."""

    fleet: Mode | None = None
    profile: Mode | None = None

    def within(self, mode: Mode) -> Mode:
        """The strictest of all: what a person sets at run time narrows what the settings allow, and never widens it."""
        return strictest([mode, *(each for each in (self.fleet, self.profile) if each is not None)])


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a person has set for the time being."""

    profile_id: ProfileId | None
    """None: for all."""
    mode: Mode
    by: str
    at: datetime


def strictest(modes: Iterable[Mode]) -> Mode:
    return min(modes, key=list(Mode).index)
