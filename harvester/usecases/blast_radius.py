"""What a negative would block that sold before: shown to the reviewer, and held until a person names it."""

from dataclasses import dataclass

import msgspec

from harvester.domain.action import ActionState
from harvester.domain.ids import ProfileId
from harvester.domain.plan import PlannedAction
from harvester.domain.target import Level, Match
from harvester.ports.histories import ConvertingTerm, Histories

REASON = "would_block_orders"
_MOST_ASKED = 500
"""Questions to the history for one plan; what comes after is held unasked, and says so."""
_MOST_NAMED = 5


@dataclass
class BlastRadius:
    histories: Histories
    profile_id: ProfileId
    asked: int = 0

    async def shown(self, item: PlannedAction) -> PlannedAction:
        """The item, held with the terms named where the recorded history holds orders that it would have blocked."""
        if not item.kind.is_negative or item.state is not ActionState.PLANNED:
            return item
        if self.asked >= _MOST_ASKED:
            return _held(item, f"Not checked against earlier orders: this plan has more than {_MOST_ASKED} negatives.")
        self.asked += 1
        ad_group_id = None if item.level is Level.CAMPAIGN else item.ad_group_id
        terms = await self.histories.converting_terms(
            self.profile_id, item.campaign_id, ad_group_id, item.key, item.match or Match.EXACT
        )
        return _held(item, _sentence([*terms])) if terms else item


def _held(item: PlannedAction, sentence: str) -> PlannedAction:
    note = f"{item.note} {sentence}".strip()
    return msgspec.structs.replace(item, state=ActionState.HELD, reason=REASON, note=note)


def _sentence(terms: list[ConvertingTerm]) -> str:
    named = "; ".join(
        f"“{term.key}” with {term.conversions:g} orders, seen {term.seen_at:%Y-%m-%d}" for term in terms[:_MOST_NAMED]
    )
    more = f"; and {len(terms) - _MOST_NAMED} more" if len(terms) > _MOST_NAMED else ""
    return f"It would block what sold here before: {named}{more}."
