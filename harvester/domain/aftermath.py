"""What became of something that was done: the same days before and after it, and a verdict."""

from datetime import date
from enum import StrEnum

import msgspec

from harvester.domain.action import ActionKind
from harvester.domain.history import Totals
from harvester.domain.target import Level, Match

READINGS = (7, 14, 28, 42)
"""Days after it was made: Amazon restates orders for 28 days, and the last one has a whole window behind it."""
SETTLED_READING, LAST_READING = READINGS[2:]
"""From the first of them on, the orders of the days before it are restated no more."""
LONGEST_WINDOW = 30


class Judgement(StrEnum):
    TOO_EARLY = "too_early"
    GOOD = "good"
    NEUTRAL = "neutral"
    REGRETTED = "regretted"


class Because(StrEnum):
    """Why a verdict is what it is."""

    NOT_READ = "not_read"
    """No reading yet."""
    NO_DAYS = "no_days"
    """Days that are needed are not in, or not complete."""
    RESTATING = "restating"
    FEW_CLICKS = "few_clicks"
    NO_ORDERS = "no_orders"
    PAYS = "pays"
    LOSES = "loses"
    SELLS = "sells"
    """Where no target ACOS is known: not worse than at its source."""
    DEARER = "dearer"
    SOLD_LATE = "sold_late"
    STILL_DEAR = "still_dear"
    """It sold late, and still costs more than it brings."""
    SAVES = "saves"
    PAID = "paid"
    """A negative on what paid, or sold, before."""
    STILL_SPENDS = "still_spends"
    NOTHING_TO_SAVE = "nothing_to_save"
    MOVED = "moved"
    """A negative at the source: its promotion sells."""
    GAP = "gap"
    """A negative at the source: what sold there is not seen at the destination."""
    NOT_MEASURABLE = "not_measurable"


class Deed(msgspec.Struct, frozen=True):
    """One action that is done, as those need it who look what became of it."""

    action_id: str
    kind: ActionKind
    rule: str
    target: str
    key: str
    match: Match | None
    level: Level | None
    campaign_id: str
    """Of the source: where the term was bought."""
    campaign_name: str
    ad_group_id: str
    """Empty: the whole campaign."""
    asins: tuple[str, ...]
    """Advertised where it came from, as far as its evidence says."""
    amazon_id: str
    """Of the promoted target: of the promotion itself, or of the one that a negative follows; else empty."""
    served_in: str
    """The campaign of that target."""
    follows: str
    clicks_seen: float | None
    orders_seen: float | None
    """In the days that the decision looked at; of a negative, by all its rows."""
    looked_from: date
    """The first of those days."""
    made_on: date
    reading: int
    shown: tuple[str, ...] = ()
    """Of a negative: the keys that had sold when it was planned and that it shuts out, as its reviewer was told."""


class Measured(msgspec.Struct, frozen=True):
    """`days` before it was made and as many after; the day itself is in neither. None: not measured."""

    days: int
    before: Totals | None = None
    """Of the term at its source."""
    after: Totals | None = None
    destination: Totals | None = None
    """Of the promoted target, after."""
    orders_now: int | None = None
    """Of a negative: of the days that the decision looked at and all others until it was made; with those of what else
    it shuts out and its reviewer was not shown."""


class Aftermath(msgspec.Struct, frozen=True):
    judgement: Judgement
    because: Because
    money: int | None = None
    """In millionths: saved or earned; negative: lost. None where that cannot be told."""


class Reading(msgspec.Struct, frozen=True):
    deed: Deed
    measured: Measured
    target_acos: float | None
    found: Aftermath
