"""Bids from what a search term has cost and sold: its cost per click, and what a click may cost by the target ACOS."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from harvester.domain.history import MICROS, Totals
from harvester.domain.numbers import plain
from harvester.rules.bid_sections import Bid
from harvester.rules.checks.evidence import percent_text
from harvester.rules.checks.windowed import money_text
from harvester.rules.economics import ProductWorth

_STEP = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Base:
    """What the factor is applied to, and what to call it."""

    name: str
    amount: Decimal
    around: str = ""
    """` (0.61 to 1.10)`"""
    default_bid: str = ""
    of_money: bool = False
    takes_factor: bool = True


@dataclass(frozen=True, slots=True)
class Earned:
    """What a bid from money is made of: a term's figures over the usual window, and what its products are worth."""

    sums: Totals
    worths: tuple[ProductWorth, ...] = ()
    ad_group_rate: float | None = None
    """Orders per click of its ad group, drawn towards the profile's; None where it is not known."""


def money_bases(bid: Bid, earned: Earned | None, currency: str) -> Iterator[Base]:
    """One, or none where nothing can be computed. Of two the one that makes the smaller bid, the other named beside."""
    if earned is None:
        return
    paid = _paid(earned.sums, currency) if bid.cpc else None
    worth = _worth(bid, earned, currency) if bid.target_acos else None
    if paid is None or worth is None:
        only = paid or worth
        if only is not None:
            yield _beside(only, "no target ACOS bid") if bid.cpc and bid.target_acos and worth is None else only
        return
    factored = paid.amount * bid.factor
    if factored <= worth.amount:
        yield _beside(paid, f"target ACOS bid {_exactly(worth.amount)}")
    else:
        times = "" if bid.factor == 1 else f" × {plain(bid.factor)} = {_exactly(factored)}"
        yield _beside(worth, f"CPC {_exactly(paid.amount)}{times}")


def _beside(base: Base, other: str) -> Base:
    """Names what was not taken, within the brackets."""
    return replace(base, around=f"{base.around[:-1]}; {other})")


def _paid(sums: Totals, currency: str) -> Base | None:
    """What a click has cost."""
    if not sums.clicks or not sums.cost:
        return None
    note = f" ({money_text(sums.cost, currency)} for {sums.clicks} clicks)"
    return Base("CPC", _rounded(Decimal(sums.cost) / sums.clicks), note, of_money=True)


def _worth(bid: Bid, earned: Earned, currency: str) -> Base | None:
    """Of several products, the smallest: the click may be on any of them."""
    sums = earned.sums
    if not sums.clicks or not sums.orders:
        return None
    rate, words = _conversion_rate(sums, bid.prior_orders, earned.ad_group_rate)
    formula = f"conversion rate {float(rate):.1%}, {words},"
    found = [_of_product(sums, worth, rate, formula, currency) for worth in earned.worths]
    known = [each for each in found if each is not None]
    return min(known, key=lambda each: each.amount) if known and len(known) == len(found) else None


def _conversion_rate(sums: Totals, prior: Decimal | None, ad_group_rate: float | None) -> tuple[Decimal, str]:
    """At most 1, and what it is made of."""
    orders, clicks = Decimal(sums.orders), Decimal(sums.clicks)
    words = f"{sums.orders} of {sums.clicks} clicks"
    if prior is not None and ad_group_rate:
        orders, clicks = orders + prior, clicks + prior / Decimal(repr(ad_group_rate))
        words = f"{words} and {plain(prior)} more at its ad group's {ad_group_rate:.1%}"
    return min(orders / clicks, Decimal(1)), words


def _of_product(sums: Totals, worth: ProductWorth, rate: Decimal, rated: str, currency: str) -> Base | None:
    """AOV x conversion rate x target ACOS: of its own sales, where it has any."""
    order = Decimal(sums.sales) / sums.orders if sums.sales else Decimal(worth.order or 0)
    if not order or worth.target_acos is None:
        return None
    target = Decimal(repr(worth.target_acos))
    of = f"AOV {money_text(float(order), currency)}{'' if sums.sales else ' by `economics`'}"
    formula = f" ({of} × {rated} × target ACOS {percent_text(worth.target_acos)})"
    return Base("target ACOS bid", _rounded(order * rate * target), formula, of_money=True, takes_factor=False)


def _rounded(millionths: Decimal) -> Decimal:
    """As the formula shows it, so that it can be worked out again."""
    return (millionths / MICROS).quantize(_STEP)


def _exactly(amount: Decimal) -> str:
    return f"{amount:.4f}".removesuffix("00")
