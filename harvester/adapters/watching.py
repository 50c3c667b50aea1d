"""Whoever counts, traces or logs what the service does is told of it here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from harvester.domain.decision import Decision
from harvester.domain.ids import PlanId
from harvester.domain.recommendation import Recommendation
from harvester.domain.run import ApiCall, Run, RunState

Rows: TypeAlias = Sequence[tuple[Recommendation, str, Decision]]


class CallWatch(Protocol):
    """Neither method may wait, or fail."""

    def called(self, call: ApiCall, call_id: str | None) -> None:
        """An attempt and what came of it; its id in the ledger, if that is known already."""
        ...

    def waited(self, operation: str, seconds: float) -> None:
        """A call waited so long for its turn."""
        ...


class RunWatch(Protocol):
    """No method may wait, or fail."""

    def began(self, run: Run, trigger: str) -> None: ...

    def recorded(self, run: Run, rows: Rows, seconds: float) -> None:
        """A page and its decisions are in the ledger; writing them took so long."""
        ...

    def planned(self, run: Run, plan_id: PlanId, seconds: float) -> None:
        """The run's plan is stored; making it took so long."""
        ...

    def ended(self, run: Run, state: RunState) -> None: ...


class Watch(CallWatch, RunWatch, Protocol):
    """Both."""


@dataclass(frozen=True, slots=True)
class Watches:
    """Tells each of them, in their order."""

    watches: Sequence[Watch] = ()

    def called(self, call: ApiCall, call_id: str | None) -> None:
        for each in self.watches:
            each.called(call, call_id)

    def waited(self, operation: str, seconds: float) -> None:
        for each in self.watches:
            each.waited(operation, seconds)

    def began(self, run: Run, trigger: str) -> None:
        for each in self.watches:
            each.began(run, trigger)

    def recorded(self, run: Run, rows: Rows, seconds: float) -> None:
        for each in self.watches:
            each.recorded(run, rows, seconds)

    def planned(self, run: Run, plan_id: PlanId, seconds: float) -> None:
        for each in self.watches:
            each.planned(run, plan_id, seconds)

    def ended(self, run: Run, state: RunState) -> None:
        for each in self.watches:
            each.ended(run, state)


NOBODY = Watches()
