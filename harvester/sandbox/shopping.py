"""Real shopping queries and ASINs with human relevance, and the rates at which pretend shoppers click and buy.

Data: Shopping Queries Dataset (ESCI), see data/NOTICE.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path
from random import Random

import msgspec


class Relevance(IntEnum):
    EXACT = 0
    SUBSTITUTE = 1
    COMPLEMENT = 2
    IRRELEVANT = 3


# Hidden true conversion rates per relevance; which of the four a target has follows from the seed.
CONVERSION_RATES = (
    (0.09, 0.13, 0.17, 0.24),
    (0.03, 0.05, 0.07, 0.10),
    (0.005, 0.01, 0.02, 0.03),
    (0.0, 0.001, 0.003, 0.006),
)
DRAWS = 64

_BEFORE = ("best", "cheap", "large", "small", "white", "black", "blue", "new", "premium", "set of")
_AFTER = ("for men", "for women", "for kids", "gift", "sale", "pack of 2", "pack of 4", "xl", "on sale", "with lid")


class _Query(msgspec.Struct):
    query: str
    exact: list[str] = []
    substitute: list[str] = []
    complement: list[str] = []
    irrelevant: list[str] = []


class _Sample(msgspec.Struct):
    queries: list[_Query]
    further_queries: list[str]


Judged = _Query
"""A query with the ASINs that people judged for it."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One product line of an advertiser: what shoppers who look for it type and view, best matches mixed with bad."""

    query: str
    own_asins: tuple[str, ...]
    keywords: tuple[tuple[str, Relevance], ...]
    products: tuple[tuple[str, Relevance], ...]

    @property
    def title(self) -> str:
        return self.query.capitalize()


@cache
def _sample() -> _Sample:
    text = (Path(__file__).parent / "data" / "esci_us_sample.json").read_bytes()
    return msgspec.json.decode(text, type=_Sample)


_NOT_FOR_DEMOS = {"dildo", "vibrator"}


def judgements() -> list[Judged]:
    return _sample().queries


@cache
def all_queries() -> tuple[str, ...]:
    sample = _sample()
    texts = [query.query for query in sample.queries] + sample.further_queries
    return tuple(dict.fromkeys(" ".join(text.split()) for text in texts if text not in _NOT_FOR_DEMOS))


@cache
def _all_asins() -> tuple[str, ...]:
    asins: dict[str, None] = {}
    for query in _sample().queries:
        for group in (query.exact, query.substitute, query.complement, query.irrelevant):
            asins.update(dict.fromkeys(group))
    return tuple(asins)


def topic_count() -> int:
    return len(_usable())


@cache
def _usable() -> tuple[int, ...]:
    """Queries that read well as the name of a product line and have enough matching products."""
    return tuple(
        place
        for place, query in enumerate(_sample().queries)
        if len(query.exact) >= 14
        and query.query.replace(" ", "").isalpha()
        and query.query.isascii()
        and 2 <= len(query.query.split()) <= 4
        and " without " not in query.query
    )


@cache
def topic(number: int) -> Topic:
    query = _sample().queries[_usable()[number % len(_usable())]]
    rng = Random(query.query)
    own = tuple(query.exact[:6])
    judged = [
        *((asin, Relevance.EXACT) for asin in query.exact[6:]),
        *((asin, Relevance.SUBSTITUTE) for asin in query.substitute),
        *((asin, Relevance.COMPLEMENT) for asin in query.complement),
        *((asin, Relevance.IRRELEVANT) for asin in query.irrelevant),
    ]
    rng.shuffle(judged)
    return Topic(query.query, own, tuple(_keywords(query.query, rng)), tuple(judged))


def _keywords(own: str, rng: Random) -> list[tuple[str, Relevance]]:
    near = [(f"{word} {own}", rng.choice((Relevance.EXACT, Relevance.SUBSTITUTE))) for word in _BEFORE]
    near += [(f"{own} {word}", rng.choice((Relevance.EXACT, Relevance.SUBSTITUTE))) for word in _AFTER]
    rng.shuffle(near)
    words = set(own.split())
    others = [text for text in all_queries() if text != own]
    related = [(text, Relevance.COMPLEMENT) for text in others if words & set(text.split())]
    strange = [(text, Relevance.IRRELEVANT) for text in others if not words & set(text.split())]
    rng.shuffle(strange)
    mixed = [(own, Relevance.EXACT)]
    for place, keyword in enumerate(near):
        mixed.append(keyword)
        mixed += related[place : place + 1] + (strange[place // 3 : place // 3 + 1] if place % 3 == 0 else [])
    seen = set(mixed)
    return mixed + [keyword for keyword in related + strange if keyword not in seen]


_LESSER = (Relevance.SUBSTITUTE, Relevance.COMPLEMENT, Relevance.IRRELEVANT)


def keyword(of: Topic, number: int) -> tuple[str, Relevance]:
    """An endless sequence without repetition: the topic's own list, then every query in numbered variants."""
    if number < len(of.keywords):
        return of.keywords[number]
    queries = all_queries()
    round_, place = divmod(number - len(of.keywords), len(queries))
    return f"{queries[place]} size {round_ + 1}", _LESSER[(number * 7 + round_) % 3]


def product(of: Topic, number: int) -> tuple[str, Relevance]:
    """An endless sequence without repetition: judged products, then other real ones, then made-up ASINs."""
    if number < len(of.products):
        return of.products[number]
    strangers = _strangers(of.query)
    rest = number - len(of.products)
    if rest < len(strangers):
        return strangers[rest], Relevance.IRRELEVANT
    return made_up_asin(rest), _LESSER[number % 3]


@cache
def _strangers(query: str) -> tuple[str, ...]:
    """Real ASINs that nobody judged for the query."""
    judged = next(one for one in _sample().queries if one.query == query)
    known = {*judged.exact, *judged.substitute, *judged.complement, *judged.irrelevant}
    return tuple(asin for asin in _all_asins() if asin not in known)


def made_up_asin(number: int) -> str:
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    value = (number * 1_000_003 + 77_777) % 36**7
    text = ""
    for _ in range(7):
        value, digit = divmod(value, 36)
        text += digits[digit]
    return "B0Z" + text


class Shoppers:
    """Clicks and conversions drawn from the hidden rates, once per seed."""

    def __init__(self, seed: int) -> None:
        rng = Random(f"shoppers {seed}")
        self.draws = tuple(
            tuple(tuple(_draw(rng, rate) for _ in range(DRAWS)) for rate in row) for row in CONVERSION_RATES
        )


def _draw(rng: Random, rate: float) -> tuple[int, int]:
    clicks = min(400, 1 + int(rng.lognormvariate(2.7, 0.9)))
    return clicks, sum(rng.random() < rate for _ in range(clicks))
