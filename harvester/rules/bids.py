"""The starting bid, with the formula that it came from."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation
from itertools import chain

from harvester.domain.bid import NoSuggestion, SuggestedBids, Suggestion
from harvester.domain.candidate import Destination
from harvester.domain.money import BID_RANGES, BidRange
from harvester.domain.numbers import plain
from harvester.domain.profile import Profile
from harvester.domain.target import TargetKind
from harvester.rules.bid_sections import Bid
from harvester.rules.money_bids import Base, Earned, money_bases
from harvester.rules.ruleset import BidBounds, ProfileRules

_CENT = Decimal("0.01")
_UNKNOWN_MARKETPLACE = BidRange(_CENT, Decimal(10**12), _CENT)
"""Amazon decides; only what is no amount at all is kept out."""
_LARGEST_DEFAULT = Decimal(10**12)


@dataclass(frozen=True, slots=True)
class StartingBid:
    amount: Decimal
    currency: str
    formula: str
    """`ad group default 0.75 USD × 1.1 = 0.83, ceiling 0.80 → 0.80 USD`"""
    default_bid: str = ""
    """The default bid of the destination ad group, as it was read, where the bid came from it."""

    @property
    def text(self) -> str:
        return format(self.amount, "f")


@dataclass(frozen=True, slots=True)
class _End:
    """One end of what the bid may be, and what to call it."""

    amount: Decimal
    name: str


def starting_bid(
    bid: Bid,
    destination: Destination,
    kind: TargetKind,
    profile: Profile,
    rules: ProfileRules,
    suggestion: Suggestion | None = None,
    earned: Earned | None = None,
) -> StartingBid | None:
    """None where there is none: no base in the profile's currency, or a ceiling under the marketplace's lowest bid.

    Rounded to the marketplace's step, half up, and never past an end. A ceiling wins over a floor. `suggestion`: what
    Amazon said, where the rule asks for it; None before it was asked. `earned`: what the term has cost and sold.
    """
    currency = profile.currency
    bids = BID_RANGES.get(profile.country, _UNKNOWN_MARKETPLACE)
    bases = chain(money_bases(bid, earned, currency), _bases(bid, destination, kind, currency, bids.step, suggestion))
    base = next(bases, None)
    if base is None:
        return None
    bounds = rules.bids.get(currency, BidBounds())
    floor = max(_ends(bid.floor.get(currency), bounds.floor, "floor", bids.lowest), key=lambda end: end.amount)
    ceiling = min(_ends(bid.ceiling.get(currency), bounds.ceiling, "ceiling", bids.highest), key=lambda end: end.amount)
    factor = bid.factor if base.takes_factor else Decimal(1)
    amount = _to_step(base.amount * factor, bids.step, ROUND_HALF_UP)
    formula = f"{base.name} {_money(base.amount, bids.step)} {currency}{base.around}"
    if isinstance(suggestion, NoSuggestion) and not base.of_money:
        formula = f"no suggestion, {formula}"
    if factor != 1:
        formula += f" × {plain(factor)} = {amount}"
    if amount < floor.amount:
        amount = _to_step(floor.amount, bids.step, ROUND_CEILING)
        formula += f", {floor.name} {_money(floor.amount, bids.step)}"
    if amount > ceiling.amount:
        amount = _to_step(ceiling.amount, bids.step, ROUND_FLOOR)
        formula += f", {ceiling.name} {_money(ceiling.amount, bids.step)}"
    if amount < bids.lowest:
        return None
    return StartingBid(amount, currency, f"{formula} → {amount} {currency}", base.default_bid)


def _bases(
    bid: Bid, destination: Destination, kind: TargetKind, currency: str, step: Decimal, suggestion: Suggestion | None
) -> Iterator[Base]:
    """In the order in which they count: suggested, fixed, the ad group's default."""
    if bid.suggested is not None and isinstance(suggestion, SuggestedBids):
        around = f" ({_money(suggestion.low, step)} to {_money(suggestion.high, step)})"
        whole = " for the whole category" if kind is TargetKind.CATEGORY else ""
        yield Base(f"suggested {bid.suggested}{whole}", suggestion.at(bid.suggested), around)
    fixed = (bid.fixed or {}).get(currency)
    if fixed is not None:
        yield Base("fixed", fixed)
    if not bid.takes_default:
        return
    place = destination.place(kind)
    text = place.ad_group.default_bid if place else destination.new.default_bid if destination.new else None
    amount = _amount(text)
    if amount is not None:
        name = "ad group default" if place else "new group's default"
        yield Base(name, amount, default_bid=(place.ad_group.default_bid if place else None) or "")


def _amount(text: str | None) -> Decimal | None:
    try:
        amount = Decimal(text or "NaN")
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 < amount <= _LARGEST_DEFAULT else None


def _ends(own: Decimal | None, profiles: Decimal | None, word: str, marketplaces: Decimal) -> list[_End]:
    named = ((own, word), (profiles, f"profile's {word}"), (marketplaces, f"marketplace's {word}"))
    return [_End(amount, name) for amount, name in named if amount is not None]


def _to_step(amount: Decimal, step: Decimal, rounding: str) -> Decimal:
    return ((amount / step).to_integral_value(rounding=rounding) * step).quantize(step)


def _money(amount: Decimal, step: Decimal) -> str:
    """With the currency's places, more where the amount has more."""
    rounded = amount.quantize(step)
    return format(rounded if rounded == amount else amount, "f")
