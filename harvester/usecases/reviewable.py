"""Who may say what about which item: names, states, and the bids that a marketplace takes."""

import re
from decimal import Decimal

from harvester.domain.action import ActionState, Standing
from harvester.domain.errors import Refused
from harvester.domain.money import BID_RANGES, BidRange
from harvester.domain.profile import Profile
from harvester.domain.review import NEVER_SENT, REVIEWABLE, Verdict

_LONGEST_NAME = 100
_PLAIN_DECIMAL = re.compile(r"\d{1,12}(\.\d{1,12})?", re.ASCII)
_ELSEWHERE = BidRange(Decimal("0.01"), Decimal(10**12))
"""A country without a known range: Amazon decides."""


def reviewer(name: str) -> str:
    """A person's name as it is recorded. Raises Refused."""
    clean = " ".join(name.split())
    if not clean or len(clean) > _LONGEST_NAME or not clean.isprintable():
        raise Refused(f"say who you are, in 1 to {_LONGEST_NAME} printable characters")
    if clean.casefold().startswith("auto:"):
        raise Refused("names that begin with `auto:` are kept for what rules approve by themselves")
    return clean


def marketplace_bid(text: str, profile: Profile) -> Decimal:
    """Exactly what was written, with the marketplace's decimal places. Raises Refused, and never rounds."""
    plain = text.strip()
    if not _PLAIN_DECIMAL.fullmatch(plain) or not Decimal(plain):
        raise Refused(f"a bid is a positive plain decimal like 0.60, not {text!r}")
    amount = Decimal(plain)
    bids = BID_RANGES.get(profile.country, _ELSEWHERE)
    if amount % bids.step:
        raise Refused(
            f"bids in {profile.country} go in steps of {bids.step} {profile.currency}: {plain} is between two of them, "
            "and nothing is rounded for you"
        )
    if not bids.lowest <= amount <= bids.highest:
        raise Refused(
            f"{plain} {profile.currency} is no bid that Amazon takes in {profile.country}: from {bids.lowest} to "
            f"{bids.highest}"
        )
    return amount.quantize(bids.step)


def not_editable(item: Standing) -> str:
    """Why the bid of an item cannot be changed; empty where it can."""
    if not item.kind.is_promotion:
        return f"it is a {item.kind}, and only promotions have one of their own"
    if item.state not in REVIEWABLE[Verdict.EDIT]:
        return it_is(item.state)
    if not item.fragment or item.bid is None:
        return f"it has none yet ({item.reason.replace('_', ' ')}); mend what its note names and plan again"
    return ""


def not_reviewable(item: Standing, verdict: Verdict) -> str:
    """Why an item cannot take a verdict, if not named in another way; empty where it can."""
    if item.state not in REVIEWABLE[verdict]:
        return it_is(item.state)
    if verdict is Verdict.APPROVE and (not item.fragment or item.reason in NEVER_SENT):
        why = item.reason.replace("_", " ")
        return f"it can never be sent as it is ({why}); mend what its note names and plan again"
    return ""


def it_is(state: ActionState) -> str:
    """Why an item takes no verdict."""
    if state is ActionState.SUPERSEDED:
        return "it is superseded: a newer plan of the profile has taken over what nobody had reviewed"
    return f"it is {state}"
