"""Refuses what is too much, too one-sided or too costly, and says which number broke."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import msgspec

from harvester.domain.action import ActionState
from harvester.domain.plan import PlanCounts, PlannedAction
from harvester.rules.checks.evidence import percent_text
from harvester.rules.sections import GuardLimits

LEAST_CANDIDATES = 50
"""The share of negatives says nothing about smaller runs."""


class GuardReason(StrEnum):
    PROMOTIONS_PER_RUN = "promotions_per_run"
    NEGATIVES_PER_RUN = "negatives_per_run"
    PROMOTIONS_PER_DAY = "promotions_per_day"
    NEGATIVES_PER_DAY = "negatives_per_day"
    NEGATIVE_SHARE = "negative_share"
    HIGHEST_BID = "highest_bid"
    CREATES_CAMPAIGNS = "creates_campaigns"
    """Set by the planner."""
    NEGATES_BRAND = "negates_brand"
    """Set where brands are planned."""
    REVIEW_DUE = "review_due"
    """Set where lifting a negative is proposed."""


@dataclass
class Guard:
    """Watches the items of one plan, in plan order. What is held or guarded already stays so, and counts nothing."""

    limits: GuardLimits
    counts: PlanCounts
    """Of the run's decisions."""
    promotions_today: int
    """Sent already on the profile's day."""
    negatives_today: int
    promotions: int = 0
    """Let through so far."""
    negatives: int = 0

    def admit(self, item: PlannedAction) -> PlannedAction:
        if item.state is not ActionState.PLANNED:
            return item
        broken = self._broken(item)
        if broken is not None:
            reason, sentence = broken
            note = f"{item.note} {sentence}".strip()
            return msgspec.structs.replace(item, state=ActionState.GUARDED, reason=reason.value, note=note)
        self.promotions += item.kind.is_promotion
        self.negatives += item.kind.is_negative
        return item

    def _broken(self, item: PlannedAction) -> tuple[GuardReason, str] | None:
        limits = self.limits
        cap = limits.highest_bid.get(item.currency)
        if item.bid is not None and cap is not None and Decimal(item.bid) > cap:
            return GuardReason.HIGHEST_BID, f"The bid {item.bid} {item.currency} is over highest_bid {cap}."
        if item.kind.is_promotion:
            return self._over(
                (GuardReason.PROMOTIONS_PER_RUN, self.promotions, limits.promotions_per_run),
                (
                    GuardReason.PROMOTIONS_PER_DAY,
                    self.promotions + self.promotions_today,
                    limits.promotions_per_day,
                ),
            )
        if item.kind.is_negative:
            share = self._share()
            return share or self._over(
                (GuardReason.NEGATIVES_PER_RUN, self.negatives, limits.negatives_per_run),
                (GuardReason.NEGATIVES_PER_DAY, self.negatives + self.negatives_today, limits.negatives_per_day),
            )
        return None

    def _share(self) -> tuple[GuardReason, str] | None:
        most = self.limits.negative_share
        negate, candidates = self.counts.negate, self.counts.candidates
        if candidates < LEAST_CANDIDATES or negate <= most * candidates:
            return None
        return GuardReason.NEGATIVE_SHARE, (
            f"{negate} of {candidates} candidates say negate, "
            f"over negative_share {percent_text(most)}: something may be wrong with the evidence."
        )

    def _over(self, *counted: tuple[GuardReason, int, int]) -> tuple[GuardReason, str] | None:
        for reason, taken, most in counted:
            if taken >= most:
                return reason, f"Over {reason} {most}: {taken} are taken."
        return None
