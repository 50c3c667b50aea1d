"""What narrows a suggested category down, as the rules file says it, and the targets and the count that follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import product

from pydantic import Field

from harvester.domain.catalog import CatalogItem
from harvester.domain.category import CategoryTarget, Range
from harvester.domain.category_tree import Narrowed
from harvester.domain.money import BID_RANGES
from harvester.domain.profile import Profile
from harvester.rules.scalars import MOST_STARS
from harvester.rules.section import Section
from harvester.rules.values import Amount, Amounts, Digits, Flag, Stars

_CENT = Decimal("0.01")
_HIGHEST = Decimal(10**9)
"""A list price over it is none."""


class PriceEnds(Section):
    """Per currency. One end alone leaves out what costs exactly that."""

    at_least: Amounts = Field(default={})
    at_most: Amounts = Field(default={})


class RatioEnds(Section):
    """Times our own list prices: at least so much over the highest of them, at most so much of the lowest."""

    at_least: Amount | None = None
    at_most: Amount | None = None


class StarEnds(Section):
    """Whole stars, 0 to 5, ends included."""

    at_least: Stars | None = None
    at_most: Stars | None = None


class Refine(Section):
    """Only these products of a category. Of several brands, age ranges or genres each becomes a target of its own."""

    brands: tuple[Digits, ...] = ()
    age_ranges: tuple[Digits, ...] = ()
    genres: tuple[Digits, ...] = ()
    """Ids of all three: `harvester categories ID --refinements` lists them."""
    prime: Flag | None = None
    """true: only what is shipped by Prime."""
    price: PriceEnds | None = None
    price_ratio: RatioEnds | None = None
    """The price over that of the advertised products, from the catalog."""
    rating: StarEnds | None = None

    @property
    def lists(self) -> Mapping[str, tuple[str, ...]]:
        return {"brands": self.brands, "age_ranges": self.age_ranges, "genres": self.genres}


@dataclass(frozen=True, slots=True)
class Refined:
    targets: tuple[CategoryTarget, ...]
    together: Narrowed
    """What is asked to count the products of all of them."""


@dataclass(frozen=True, slots=True)
class Lack:
    """Why a category cannot be refined, as the finding that says so."""

    check: str
    measured: str
    bound: str = ""


def refined(
    refine: Refine, category_id: str, profile: Profile, advertised: Sequence[str], items: Mapping[str, CatalogItem]
) -> Refined | Lack:
    """`items`: what the catalog says about the advertised products, as far as known."""
    price = _price(refine, profile, advertised, items)
    if isinstance(price, Lack):
        return price
    rating = None
    if refine.rating is not None:
        low, high = refine.rating.at_least, refine.rating.at_most
        rating = (0 if low is None else low, MOST_STARS if high is None else high)
    stars = None if rating is None else Range(Decimal(rating[0]), Decimal(rating[1]))
    ends = None if price == (None, None) else Range(*price)
    choices = (each or ("",) for each in refine.lists.values())
    targets = tuple(
        CategoryTarget(category_id, brand, age_range, genre, ends, stars, refine.prime is True)
        for brand, age_range, genre in product(*choices)
    )
    asked = Narrowed(
        category_id,
        brands=refine.brands,
        age_ranges=refine.age_ranges,
        genres=refine.genres,
        prime=refine.prime,
        price=price,
        rating=(None, None) if rating is None else rating,
    )
    return Refined(targets, asked)


def _price(
    refine: Refine, profile: Profile, advertised: Sequence[str], items: Mapping[str, CatalogItem]
) -> tuple[Decimal | None, Decimal | None] | Lack:
    low: Decimal | None = None
    high: Decimal | None = None
    if refine.price is not None:
        low, high = refine.price.at_least.get(profile.currency), refine.price.at_most.get(profile.currency)
        if low is None and high is None:
            return Lack("refine.no_currency", profile.currency)
    elif refine.price_ratio is not None:
        ours = [_list_price(items.get(asin), profile.currency) for asin in advertised]
        known = [each for each in ours if each is not None]
        if len(known) < len(ours) or not known:
            unknown = [asin for asin, each in zip(advertised, ours, strict=True) if each is None]
            return Lack("refine.no_price", ", ".join(unknown[:3]) or "the advertised product", str(len(unknown)))
        step = BID_RANGES[profile.country].step if profile.country in BID_RANGES else _CENT
        low, high = (
            _times(refine.price_ratio.at_least, max(known), step),
            _times(refine.price_ratio.at_most, min(known), step),
        )
    if low is not None and high is not None and low > high:
        return Lack("refine.nothing_left", str(low), str(high))
    return low, high


def _times(ratio: Decimal | None, price: Decimal, step: Decimal) -> Decimal | None:
    """To the currency's step, half up."""
    if ratio is None:
        return None
    return ((ratio * price / step).to_integral_value(rounding=ROUND_HALF_UP) * step).quantize(step)


def _list_price(item: CatalogItem | None, currency: str) -> Decimal | None:
    if item is None or not item.known or not item.list_price or item.currency != currency:
        return None
    price = Decimal(item.list_price)
    return price if 0 < price <= _HIGHEST else None
