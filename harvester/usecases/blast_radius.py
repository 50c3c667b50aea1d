"""What a negative would block that is one's own or sold before: shown, and held until a person names it."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from harvester.domain.action import ActionKind, ActionState
from harvester.domain.ids import ProfileId
from harvester.domain.plan import PlannedAction
from harvester.domain.target import Level, Match
from harvester.ports.histories import ConvertingTerm, Histories
from harvester.rules.fragments import compact
from harvester.usecases.conflicts import OwnTargets, named

REASON = "would_block_orders"
OWN_REASON = "would_block_own"
_MOST_ASKED = 500
"""Questions to the history for one plan; what comes after is held unasked, and says so."""
_MOST_NAMED = 5


@dataclass
class BlastRadius:
    histories: Histories
    profile_id: ProfileId
    own: OwnTargets | None = None
    asked: int = 0

    async def shown(self, item: PlannedAction) -> PlannedAction:
        """The item, held with what it would block named: enabled targets of one's own, and terms that the recorded
        history holds orders of, but for the very term that was promoted because it sold. What was shown is kept, so
        that it is no news when the item is sent.
        """
        if self.own and item.kind.is_promotion and item.state is ActionState.PLANNED:
            self.own.expect(item)
        if not item.kind.is_negative or item.state is not ActionState.PLANNED or item.kind is ActionKind.NEGATE_BRAND:
            return item
        own = self.own.blocked_by(item) if self.own else ()
        if self.asked >= _MOST_ASKED:
            return _held(item, f"Not checked against earlier orders: this plan has more than {_MOST_ASKED} negatives.")
        self.asked += 1
        ad_group_id = None if item.level is Level.CAMPAIGN else item.ad_group_id
        terms = await self.histories.converting_terms(
            self.profile_id, item.campaign_id, ad_group_id, item.key, item.match or Match.EXACT
        )
        seen = {"blocks": [each.amazon_id for each in own], "sold": [term.key for term in terms]}
        others = [term for term in terms if not (item.follows and term.key == item.key)]
        if others:
            item = _held(item, _sentence(others))
        if own:
            item = _held(item, f"It would block enabled targets of your own there: {named(own)}.", OWN_REASON)
        return msgspec.structs.replace(item, seen=compact(seen)) if terms or own else item


def _held(item: PlannedAction, sentence: str, reason: str = REASON) -> PlannedAction:
    note = f"{item.note} {sentence}".strip()
    return msgspec.structs.replace(item, state=ActionState.HELD, reason=reason, note=note)


def _sentence(terms: Sequence[ConvertingTerm]) -> str:
    told = "; ".join(
        f"“{term.key}” with {term.conversions:g} orders, seen {term.seen_at:%Y-%m-%d}" for term in terms[:_MOST_NAMED]
    )
    more = f"; and {len(terms) - _MOST_NAMED} more" if len(terms) > _MOST_NAMED else ""
    return f"It would block what sold here before: {told}{more}."
