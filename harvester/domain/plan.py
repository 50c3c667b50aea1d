"""A plan: the ordered actions that follow from one run of one profile."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import msgspec

from harvester.domain.action import ActionKind, ActionState
from harvester.domain.ids import Effect, Fingerprint, PlanId, ProfileId, RunId
from harvester.domain.profile import Mode
from harvester.domain.target import Level, Match


class PlanState(StrEnum):
    PLANNED = "planned"
    REVIEWED = "reviewed"
    APPLYING = "applying"
    APPLIED = "applied"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    EMPTY = "empty"


class PlannedAction(msgspec.Struct, frozen=True, gc=False):
    """One item of a plan. Texts are empty where there is nothing to say; amounts are decimal text.

    `campaign_*` and `ad_group_*` are where the action takes effect (the destination of a promotion, the place of a
    negative); `source_*` is where the recommendation came from. `fragment` is the item's own part of the request, as
    the JSON text that will be sent.
    """

    kind: ActionKind
    effect: Effect
    state: ActionState
    reason: str
    """Why it is guarded or held; empty while it is planned."""
    rule: str
    target: str
    key: str
    match: Match | None
    level: Level | None
    campaign_id: str
    campaign_name: str
    ad_group_id: str
    ad_group_name: str
    group_id: str
    """Empty for a group that this plan creates; then the fragment's call carries a placeholder."""
    source_campaign_id: str
    source_campaign_name: str
    source_ad_group_id: str
    source_ad_group_name: str
    ad_id: str
    asin: str
    clicks: float | None
    conversions: float | None
    bid: str | None
    currency: str
    bid_formula: str
    fragment: str
    follow_up: str
    """JSON text of what falls due later because of this action (the negative at its source), else empty."""
    note: str
    """For the reviewer: what is unusual, what it costs, what cannot be undone."""
    places: tuple[int, ...]
    """The decisions it folds, by place in the run; the first one is the leader."""
    seen: str = ""
    """JSON text of what must still be so when it is sent: `{"default_bid": "0.75"}` where the bid came from it; for an
    undo the state and bid that we left behind."""
    undoes: str = ""
    """The action that this one takes back."""
    follows: str = ""
    """The promotion whose source this negative closes."""


class PlanCounts(msgspec.Struct, frozen=True):
    candidates: int = 0
    promote: int = 0
    negate: int = 0
    hold: int = 0
    skip: int = 0
    actions: int = 0
    """Items in the plan, whatever their state."""
    guarded: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Without its items, which are read as a stream."""

    plan_id: PlanId
    profile_id: ProfileId
    account: str
    run_id: RunId
    state: PlanState
    complete: bool
    """False: the run ended early, the plan knows only what was read."""
    fingerprint: Fingerprint
    mode: Mode
    created_at: datetime
    ruleset_fingerprint: Fingerprint
    counts: PlanCounts
    advice: tuple[str, ...] = field(default=())
    """What would mend the held ones: at most one sentence per ad group."""
