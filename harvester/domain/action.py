"""An action: one effect on the account, its kinds and its states."""

from datetime import datetime
from enum import StrEnum

import msgspec

from harvester.domain.ids import Effect
from harvester.domain.target import Level, Match


class ActionKind(StrEnum):
    """The order is the order in a plan: groups before what goes into them, promotions before negatives.

    The last six undo: a negative is lifted before the target it made room for is paused, campaigns come last.
    """

    CREATE_GROUP = "create_group"
    PROMOTE_KEYWORD = "promote_keyword"
    PROMOTE_PRODUCT = "promote_product"
    TARGET_PRODUCT = "target_product"
    TARGET_CATEGORY = "target_category"
    NEGATE_KEYWORD = "negate_keyword"
    NEGATE_PRODUCT = "negate_product"
    NEGATE_BRAND = "negate_brand"
    """Never automatic: a person names it."""
    ARCHIVE_NEGATIVE_KEYWORD = "archive_negative_keyword"
    ARCHIVE_NEGATIVE_PRODUCT = "archive_negative_product"
    ARCHIVE_NEGATIVE_BRAND = "archive_negative_brand"
    PAUSE_KEYWORD = "pause_keyword"
    PAUSE_TARGET = "pause_target"
    PAUSE_CAMPAIGN = "pause_campaign"

    @property
    def rank(self) -> int:
        return _RANKS[self]

    @property
    def is_promotion(self) -> bool:
        """Whether it makes something new to bid on."""
        return self.goes_through_group or self.is_direct_target

    @property
    def goes_through_group(self) -> bool:
        """Whether a promotion group makes it."""
        return self in (ActionKind.PROMOTE_KEYWORD, ActionKind.PROMOTE_PRODUCT)

    @property
    def is_direct_target(self) -> bool:
        """Whether it is made in an ad group without a promotion group."""
        return self in (ActionKind.TARGET_PRODUCT, ActionKind.TARGET_CATEGORY)

    @property
    def is_negative(self) -> bool:
        return self in (ActionKind.NEGATE_KEYWORD, ActionKind.NEGATE_PRODUCT, ActionKind.NEGATE_BRAND)

    @property
    def is_undo(self) -> bool:
        return self.rank >= ActionKind.ARCHIVE_NEGATIVE_KEYWORD.rank


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


OPEN = frozenset({ActionState.APPROVED, ActionState.SENDING, ActionState.UNKNOWN})
"""Of an item with which there is still something to do."""


# When two things at Amazon are the same, by kind. Reconciling, checking before sending, and drift all go by this:
#   keyword            ad group, folded text, match
#   product target     ad group, ASIN, expression (same or expanded), whether a promotion group made it or not
#   category target    ad group, category with its refinements
#   negative keyword   ad group or campaign, folded text, match
#   negative product   ad group or campaign, ASIN
#   negative brand     ad group or campaign, brand id
#   promotion group    source ad group (and, where the request names them, the destination ad groups)
#   what an undo did   the id it was done to


def effect_of(kind: ActionKind, where: str, key: str, match: Match | None) -> Effect:
    """The text under which two actions of a profile are the same.

    `where` is the ad group or campaign the action changes; for a group that does not exist yet, `new:` and the source
    ad group. `key` is the folded keyword, the ASIN, or (for a group) the source ad group.
    """
    kind = ActionKind.PROMOTE_PRODUCT if kind is ActionKind.TARGET_PRODUCT else kind
    return Effect(f"{kind}|{where}|{match or ''}|{key}")


class Standing(msgspec.Struct, frozen=True, gc=False):
    """What the ledger keeps of an action and how far it has come. Texts are empty where there is nothing to say."""

    action_id: str
    plan_id: str
    position: int
    profile_id: str
    kind: ActionKind
    effect: Effect
    state: ActionState
    reason: str
    rule: str
    target: str
    key: str
    """The folded keyword, the ASIN or the brand's id; of an undo, Amazon's id of what it takes back."""
    match: Match | None
    level: Level | None
    campaign_id: str
    ad_group_id: str
    group_id: str
    source_campaign_id: str
    source_ad_group_id: str
    clicks: float | None
    conversions: float | None
    bid: str | None
    currency: str
    fragment: str
    follow_up: str
    seen: str
    """JSON text of what was there when it was planned and must still be there when it is sent."""
    undoes: str
    """The action that this one takes back; else empty."""
    follows: str
    """The promotion whose source this negative closes; else empty."""
    reviewed_by: str
    reviewed_at: datetime | None
    expires_at: datetime | None
    attempts: int
    sent_at: datetime | None
    settled_at: datetime | None
    amazon_id: str
    fence: int | None
