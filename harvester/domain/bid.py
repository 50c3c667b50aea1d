"""Bids that Amazon suggests: what is asked, for where, and what came back."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from harvester.domain.target import Match


class Suggested(StrEnum):
    """Which of the three suggested bids a rule takes."""

    LOW = "low"
    MIDDLE = "middle"
    HIGH = "high"


class BidTarget(NamedTuple):
    """What a bid is asked for: the match says whether it is a keyword or a product; a category says so itself."""

    match: Match
    text: str
    """The keyword as it would be sent, the ASIN, or the id of a category."""
    category: bool = False
    """A whole one: no bids are suggested for parts of one."""


@dataclass(frozen=True, slots=True)
class StandingAdGroup:
    campaign_id: str
    ad_group_id: str


@dataclass(frozen=True, slots=True)
class AdGroupToCome:
    """One that a plan makes: Amazon goes by what it would advertise, and how its campaign would bid."""

    asins: tuple[str, ...]
    """At most 50."""
    strategy: str


BidPlace = StandingAdGroup | AdGroupToCome


@dataclass(frozen=True, slots=True)
class SuggestedBids:
    """In the profile's currency, never falling."""

    low: Decimal
    middle: Decimal
    high: Decimal

    def at(self, level: Suggested) -> Decimal:
        return {Suggested.LOW: self.low, Suggested.MIDDLE: self.middle, Suggested.HIGH: self.high}[level]


@dataclass(frozen=True, slots=True)
class NoSuggestion:
    why: str
    """Ends the sentence `Amazon suggested no bid: ...`."""


Suggestion = SuggestedBids | NoSuggestion
