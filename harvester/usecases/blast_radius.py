"""What a negative would block that is one's own or sold before: shown, and held until a person names it."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from harvester.domain.action import ActionKind, ActionState
from harvester.domain.plan import PlannedAction
from harvester.ports.histories import ConvertingTerm
from harvester.rules.blocking import protected_by
from harvester.rules.fragments import compact
from harvester.rules.sections import Protect
from harvester.usecases.conflicts import OwnTargets, named
from harvester.usecases.sold_there import SoldThere, orders

REASON = "would_block_orders"
OWN_REASON = "would_block_own"
_MOST_ASKED = 500
"""Questions to the history for one plan; what comes after is held unasked, and says so."""
_MOST_NAMED = 5


@dataclass
class BlastRadius:
    sold: SoldThere
    own: OwnTargets
    protect: Protect
    asked: int = 0

    async def shown(self, item: PlannedAction) -> PlannedAction:
        """The item, held with what it would block named: enabled targets of one's own, what is protected, and terms
        that brought orders. What was shown is kept, so that it is no news when the item is sent.
        """
        if item.kind.is_promotion and item.state is ActionState.PLANNED:
            self.own.expect(item)
        if not item.kind.is_negative or item.state is not ActionState.PLANNED or item.kind is ActionKind.NEGATE_BRAND:
            return item
        own, protected = self.own.blocked_by(item), self._protected(item)
        if self.asked >= _MOST_ASKED:
            return _held(item, f"Not checked against earlier orders: this plan has more than {_MOST_ASKED} negatives.")
        self.asked += 1
        terms = await self.sold.blocked_by(item, follows=bool(item.follows))
        seen = {
            "blocks": [each.amazon_id for each in own],
            "sold": [term.key for term in terms],
            "protects": [protected] if protected else [],
        }
        if terms:
            item = _held(item, _sentence([*terms]))
        if own:
            item = _held(item, f"It would block enabled targets of your own there: {named(own)}.", OWN_REASON)
        if protected:
            item = _held(item, f"It would shut out `{protected}` under protect.keywords.", OWN_REASON)
        return msgspec.structs.replace(item, seen=compact(seen)) if any(seen.values()) else item

    def _protected(self, item: PlannedAction) -> str | None:
        country = self.sold.what_sold.profile.country
        keyword = item.kind is ActionKind.NEGATE_KEYWORD
        return protected_by(self.protect, item.key, item.match, country) if keyword else None


def _held(item: PlannedAction, sentence: str, reason: str = REASON) -> PlannedAction:
    note = f"{item.note} {sentence}".strip()
    return msgspec.structs.replace(item, state=ActionState.HELD, reason=reason, note=note)


def _sentence(terms: Sequence[ConvertingTerm]) -> str:
    told = "; ".join(
        f"“{term.key}” with {orders(term.conversions)}, seen {term.seen_at:%Y-%m-%d}" for term in terms[:_MOST_NAMED]
    )
    more = f"; and {len(terms) - _MOST_NAMED} more" if len(terms) > _MOST_NAMED else ""
    return f"It would block what sold here before: {told}{more}."
