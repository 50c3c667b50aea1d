"""Recommendations that are not what one hopes for, as they come in real accounts."""

from collections.abc import Callable
from dataclasses import dataclass

from harvester.sandbox.shopping import Topic

Row = tuple[str, str, int, int]


@dataclass(frozen=True, slots=True)
class Occasion:
    """Where an odd row appears. `foreign_own_asin` is advertised by another campaign of the same account."""

    topic: Topic
    foreign_own_asin: str
    layer: int
    dice: int


Oddity = Callable[[Occasion], Row]


def own_product(at: Occasion) -> Row:
    return at.foreign_own_asin, "PRODUCT", 20 + at.dice % 20, 3


def proven_loser(at: Occasion) -> Row:
    return f"free {at.topic.query} {at.layer}", "KEYWORD", 70 + at.dice % 60, 0


def over_long(at: Occasion) -> Row:
    long = f"{at.topic.query} that my sister in law bought last {at.layer} christmas for the summer house by the lake"
    return long, "KEYWORD", 12, 2


def brand_term(at: Occasion) -> Row:
    return f"acme {at.topic.query} {at.layer}", "KEYWORD", 44, 9


def more_conversions_than_clicks(at: Occasion) -> Row:
    return f"{at.topic.query} refill {at.layer}", "KEYWORD", 12, 25


def asin_as_keyword(at: Occasion) -> Row:
    asin = at.topic.products[at.dice % len(at.topic.products)][0]
    return asin.lower(), "KEYWORD", 15 + at.layer % 7, 2


def many_words(at: Occasion) -> Row:
    return f"a b c d e f g h i j {at.topic.query.split()[0]} {at.layer}", "KEYWORD", 14, 3


def star(at: Occasion) -> Row:
    return "*", "KEYWORD", 9 + at.dice % 5, 1


def accents(at: Occasion) -> Row:
    """Legal, but folding, escaping and encoding have to be right."""
    return f'Größe "{at.topic.query}" déco {at.layer}', "KEYWORD", 18, 3


def empty(at: Occasion) -> Row:
    return "", "KEYWORD", 11 + at.dice % 5, 2


def no_asin(at: Occasion) -> Row:
    return f"B0SHORT{at.layer % 100:02d}", "PRODUCT", 16, 2


def unknown_type(at: Occasion) -> Row:
    """Not in the specification's enum: only outside its dialect."""
    return at.topic.query, "PRODUCT_CATEGORY", 21, 4


ODDITIES: tuple[Oddity, ...] = (
    own_product,
    proven_loser,
    over_long,
    brand_term,
    more_conversions_than_clicks,
    asin_as_keyword,
    many_words,
    star,
    accents,
    empty,
    no_asin,
    unknown_type,
)
