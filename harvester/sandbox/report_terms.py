"""Which search terms an account's targets meet: those of its recommendations, and more that never pay or pay late."""

from collections.abc import Iterator
from typing import NamedTuple

from harvester.sandbox import shopping
from harvester.sandbox.market import Market
from harvester.sandbox.recommendations import Selection, Source, target_of

EVIDENCE_DAYS = 64
"""How many days the clicks and conversions of a recommendation are from."""

AUTO_CLAUSES = {
    "QUERY_HIGH_REL_MATCHES": "close-match",
    "QUERY_BROAD_REL_MATCHES": "loose-match",
    "ASIN_SUBSTITUTE_RELATED": "substitutes",
    "ASIN_ACCESSORY_RELATED": "complements",
}
CLOSE, LOOSE, SUBSTITUTES, COMPLEMENTS = AUTO_CLAUSES


class Evidence(NamedTuple):
    """Clicks and orders of a term within `EVIDENCE_DAYS`, and how often shoppers really buy after a click."""

    clicks: int
    orders: int
    true_rate: float
    slow: bool = False


class Term(NamedTuple):
    text: str
    clause: str
    evidence: Evidence


# What shoppers type beside the recommended terms, per 64 days: clicks, orders. Money is lost on the first, made on the
# last; the orders of the slow ones come days after the click.
_WASTED = (
    ("{query} repair near me", 46, 0),
    ("how to draw {query}", 57, 0),
    ("{query} clipart", 38, 0),
    ("{query} rental", 17, 0),
    ("{query} jobs", 13, 0),
)
_SLOW = (("{query} subscription", 36, 3), ("{query} wedding registry", 28, 2))
_GOOD = (("{query} bestseller", 52, 9), ("{query} replacement", 34, 5))
_TAIL = (
    *("near me", "review", "vs", "ideas", "tutorial", "wholesale", "second hand", "manual", "parts", "diy"),
    *("history", "sizes", "comparison", "brands", "deals", "today", "tips", "forum", "meaning", "box"),
    *("repair", "storage", "coupon", "warranty", "video", "colors", "outdoor", "vintage", "handmade", "bulk"),
    *(
        "refurbished",
        "open box",
        "returns",
        "clearance sale",
        "travel size",
        "starter",
        "with case",
        "2025",
        "usa",
        "europe",
    ),
)


def recommended(market: Market, source: Source, most_layers: int | None = None) -> Iterator[Term]:
    """The terms behind the recommendations of an ad group, each once: what its ads share is summed up."""
    seen: set[str] = set()
    for selection in market.recommendations.select(None, frozenset((source.ad_group_id,)), None):
        layers = max(selection.counts)
        for layer in range(layers if most_layers is None else min(layers, most_layers)):
            yield from _layer(market, selection, layer, seen)


def _layer(market: Market, selection: Selection, layer: int, seen: set[str]) -> Iterator[Term]:
    rows, source = market.recommendations, selection.source
    together: dict[str, Term] = {}
    for _, place, target, target_type, clicks, orders, _dice in rows.layer(selection, layer):
        if rows.is_odd(source, layer, place):
            text = target.lower()
            if text and target_type in {"KEYWORD", "PRODUCT"} and text not in seen:
                seen.add(text)
                clause = LOOSE if target_type == "KEYWORD" else COMPLEMENTS
                yield Term(text, clause, Evidence(clicks, orders, min(1.0, orders / clicks)))
            continue
        text = target.lower()
        if text == source.foreign_own_asin.lower():
            continue
        before = together[text].evidence if text in together else Evidence(0, 0, 0.0)
        evidence = Evidence(before.clicks + clicks, before.orders + orders, rows.true_rate(source, layer, place))
        together[text] = Term(text, _clause(source, layer, place), evidence)
    yield from together.values()


def _clause(source: Source, layer: int, place: int) -> str:
    _, target_type, relevance = target_of(source, layer, place)
    if target_type == "PRODUCT":
        return SUBSTITUTES if relevance <= shopping.Relevance.SUBSTITUTE else COMPLEMENTS
    return CLOSE if relevance is shopping.Relevance.EXACT else LOOSE


def further(source: Source) -> Iterator[Term]:
    """What nobody would recommend, and a little that nobody has yet."""
    query = source.topic.query
    for text, clicks, orders in (*_WASTED, *_GOOD):
        yield Term(text.format(query=query), LOOSE, Evidence(clicks, orders, orders / clicks))
    for text, clicks, orders in _SLOW:
        yield Term(text.format(query=query), CLOSE, Evidence(clicks, orders, orders / clicks, slow=True))
    for place, word in enumerate(_TAIL):
        yield Term(f"{query} {word}", LOOSE, Evidence(1 + place % 4, 0, 0.01))
    yield Term("*", SUBSTITUTES, Evidence(18, 1, 0.05))
    yield Term("*", COMPLEMENTS, Evidence(11, 0, 0.01))
