"""An action: one effect on the account, its kinds and its states."""

from enum import StrEnum

from harvester.domain.ids import Effect
from harvester.domain.target import Match


class ActionKind(StrEnum):
    """The order is the order in a plan: groups before what goes into them, promotions before negatives."""

    CREATE_GROUP = "create_group"
    PROMOTE_KEYWORD = "promote_keyword"
    PROMOTE_PRODUCT = "promote_product"
    NEGATE_KEYWORD = "negate_keyword"
    NEGATE_PRODUCT = "negate_product"

    @property
    def rank(self) -> int:
        return _RANKS[self]

    @property
    def is_promotion(self) -> bool:
        return self in (ActionKind.PROMOTE_KEYWORD, ActionKind.PROMOTE_PRODUCT)

    @property
    def is_negative(self) -> bool:
        return self in (ActionKind.NEGATE_KEYWORD, ActionKind.NEGATE_PRODUCT)


_RANKS = {kind: rank for rank, kind in enumerate(ActionKind)}


class ActionState(StrEnum):
    PLANNED = "planned"
    GUARDED = "guarded"
    """Over a number of the guard: waits for a person who names it."""
    HELD = "held"
    APPROVED = "approved"
    DECLINED = "declined"
    SUPERSEDED = "superseded"
    SENDING = "sending"
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    STALE = "stale"
    UNDONE = "undone"


def effect_of(kind: ActionKind, where: str, key: str, match: Match | None) -> Effect:
    """The text under which two actions of a profile are the same.

    `where` is the ad group or campaign the action changes; for a group that does not exist yet, `new:` and the source
    ad group. `key` is the folded keyword, the ASIN, or (for a group) the source ad group.
    """
    return Effect(f"{kind}|{where}|{match or ''}|{key}")
