"""A slot: one piece of work that falls due, for a profile or for the whole fleet; and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from harvester.domain.ids import ProfileId, RunId


class Task(StrEnum):
    PLAN = "plan"
    """A run of the schedule."""
    FOLLOW_UP = "follow_up"
    """A run because a negative at the source has fallen due, where the schedule brings none in time."""
    APPLY = "apply"
    """What is approved and was not sent yet, where the mode is auto."""
    RECONCILE = "reconcile"
    """What nobody knows is settled by listing the account."""
    DISCOVER = "discover"
    """Which profiles the logins can edit."""
    EXPIRE = "expire"
    """Approvals that have run out."""
    RETAIN = "retain"
    """Partitions to come are made, old ones dropped."""
    NOTIFY = "notify"
    """People are told what waits for them."""
    OUTCOMES = "outcomes"
    """What became of what was done is read, and what is regretted gets a plan that would take it back."""
    REPORT = "report"
    """Reports that the rules need are asked for, and read when they are there."""


@dataclass(frozen=True, slots=True)
class Slot:
    task: Task
    profile_id: ProfileId | None
    """None: a chore of the whole fleet."""
    due_at: datetime

    @property
    def key(self) -> str:
        """What lets nobody put the same slot into the queue twice."""
        return f"{self.task}/{self.profile_id or ''}/{int(self.due_at.timestamp())}"


@dataclass(frozen=True, slots=True)
class Taken:
    """A slot in the hands of a worker. It may be written to by that worker until another one takes it."""

    slot: Slot
    delivery: int
    """The how manieth taking this is."""
    failures: int
    """How often it was set aside for a reason before."""

    @property
    def again(self) -> bool:
        """Somebody had it before, and may have done a part of it."""
        return self.delivery > 1


class NotTaken(StrEnum):
    """Why a worker that was handed a slot has nothing to do."""

    OVER = "over"
    """Done, failed or given up, perhaps by a run for another slot."""
    BUSY = "busy"
    """Another replica that shows signs of life has it."""
    GIVEN_UP = "given_up"
    """Too many workers died of it: just now it was given up, for people to see."""


@dataclass(frozen=True, slots=True)
class Done:
    run_id: RunId | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class SetAside:
    """To be tried again later. `counts`: it is a failure of its own, so that the next pause is longer."""

    until: datetime
    reason: str
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Failed:
    """It cannot succeed before something changes: the next slot of the schedule tries again."""

    reason: str


Result: TypeAlias = Done | SetAside | Failed
