"""Who said what about which items."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from harvester.domain.action import ActionState
from harvester.domain.ids import Fingerprint, PlanId


class Verdict(StrEnum):
    APPROVE = "approve"
    DECLINE = "decline"
    HOLD = "hold"
    EDIT = "edit"


BECOMES = {
    Verdict.APPROVE: ActionState.APPROVED,
    Verdict.DECLINE: ActionState.DECLINED,
    Verdict.HOLD: ActionState.HELD,
}
REVIEWABLE = {
    Verdict.APPROVE: frozenset({ActionState.PLANNED, ActionState.GUARDED, ActionState.HELD}),
    Verdict.DECLINE: frozenset({ActionState.PLANNED, ActionState.GUARDED, ActionState.HELD, ActionState.APPROVED}),
    Verdict.HOLD: frozenset({ActionState.PLANNED, ActionState.GUARDED, ActionState.APPROVED}),
    Verdict.EDIT: frozenset({ActionState.PLANNED, ActionState.GUARDED, ActionState.HELD, ActionState.APPROVED}),
}
"""From which states an item can take a verdict."""

NEVER_SENT = frozenset({"too_many_words", "level_not_allowed", "no_destination", "ambiguous_destination", "no_bid"})
"""Held because there is no request, or none that Amazon would take."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which items of a plan; what is named narrows, nothing named means all that are `planned`.

    Guarded items come only when they are named by id or by `guarded`, held ones only by id.
    """

    action_ids: Sequence[str] = ()
    kinds: Sequence[str] = ()
    rules: Sequence[str] = ()
    guarded: bool = False


@dataclass(frozen=True, slots=True)
class Review:
    plan_id: PlanId
    fingerprint: Fingerprint
    """The one the reviewer saw; a plan whose fingerprint is another by now refuses."""
    verdict: Verdict
    reviewed_by: str
    reviewed_at: datetime
    expires_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What came of a review, item by item."""

    changed: Sequence[str]
    """Ids of the items that have the verdict now."""
    refused: Sequence[tuple[str, str]] = ()
    """Item id, and why the verdict could not be given."""
    waiting_for_second: Sequence[str] = field(default=())
    """Approved by one person; another one must approve them too."""
