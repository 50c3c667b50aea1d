"""A recommendation as the ledger recorded it, with what was decided about it then."""

from decimal import Decimal

import msgspec

from harvester.domain.decision import Decision
from harvester.domain.ids import ProfileId
from harvester.domain.recommendation import Recommendation


class RecordedRow(msgspec.Struct, frozen=True, gc=False):
    """`decision` is what was decided then, by the rules of then."""

    decision_id: str
    profile_id: ProfileId
    row: Recommendation
    key: str
    decision: Decision
    campaign_name: str | None = None
    """As a run last read it; None where no run has kept the name."""
    ad_group_name: str | None = None


class Money(msgspec.Struct, frozen=True, gc=False):
    """What a row's evidence says of money, over one of its windows."""

    window: str
    """`60d-7d`: sixty days, without the newest seven."""
    spend: Decimal
    orders: int
    sales: Decimal
