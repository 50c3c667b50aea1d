"""Promotion recommendations of one market, made row by row from the seed and never held.

Row r of an ad group belongs to ad r mod n and layer r div n, so ads of an ad group take turns. Of five layers, three
are shared by all its ads (the same target for each), two are every ad's own.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice

import msgspec

from harvester.sandbox import shopping
from harvester.sandbox.oddities import ODDITIES, Occasion, Oddity
from harvester.sandbox.shopping import CONVERSION_RATES, DRAWS, Relevance, Shoppers, Topic

_MASK = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Ad:
    ad_id: str
    asin: str


@dataclass(frozen=True)
class Source:
    """An ad group that recommendations come from."""

    number: int
    campaign_id: str
    ad_group_id: str
    ads: tuple[Ad, ...]
    topic: Topic
    foreign_own_asin: str

    @cached_property
    def beginnings(self) -> tuple[str, ...]:
        """How the JSON of a row begins, per ad."""
        return tuple(
            f'{{"campaignId":"{self.campaign_id}","adGroupId":"{self.ad_group_id}",'
            f'"adId":"{ad.ad_id}","adAsin":"{ad.asin}","recommendedTarget":'
            for ad in self.ads
        )


@dataclass(frozen=True, slots=True)
class Selection:
    """The ads of one source that a filter leaves, as places in `source.ads`, and how many rows each has."""

    source: Source
    places: tuple[int, ...]
    counts: tuple[int, ...]

    @property
    def rows(self) -> int:
        return sum(self.counts)


# One row, before a dialect gives it its form: source, place of the ad in `source.ads`, target, target type (KEYWORD,
# PRODUCT or something unknown), clicks, conversions, dice. A bare tuple, because a page of 1000 must take milliseconds.
Found = tuple[Source, int, str, str, int, int, int]


class Recommendations:
    """`total` rows over all sources, the same for the same seed."""

    def __init__(self, *, seed: int, name: str, total: int, shoppers: Shoppers, odd_types: bool) -> None:
        self.total = total
        self.sources: list[Source] = []
        self._salt = zlib.crc32(f"{seed} {name}".encode())
        self._shoppers = shoppers
        self._odd_types = odd_types

    def select(
        self, campaigns: frozenset[str] | None, ad_groups: frozenset[str] | None, ads: frozenset[str] | None
    ) -> list[Selection]:
        """What is left under all three filters together; None is no filter."""
        everyone = sum(len(source.ads) for source in self.sources)
        each, more = divmod(self.total, everyone) if everyone else (0, 0)
        selections = []
        before = 0
        for source in self.sources:
            wanted = (campaigns is None or source.campaign_id in campaigns) and (
                ad_groups is None or source.ad_group_id in ad_groups
            )
            places = tuple(place for place, ad in enumerate(source.ads) if wanted and (ads is None or ad.ad_id in ads))
            if places:
                counts = tuple(each + (before + place < more) for place in places)
                selections.append(Selection(source, places, counts))
            before += len(source.ads)
        return selections

    def rows(self, selections: list[Selection], offset: int, limit: int) -> Iterator[Found]:
        return islice(self._from(selections, offset), limit)

    def _from(self, selections: list[Selection], offset: int) -> Iterator[Found]:
        for selection in selections:
            if offset >= selection.rows:
                offset -= selection.rows
                continue
            first_layer, turn = divmod(offset, len(selection.places))
            for layer in range(first_layer, max(selection.counts)):
                yield from self.layer(selection, layer, turn)
                turn = 0
            offset = 0

    def layer(self, selection: Selection, layer: int, turn: int = 0) -> Iterator[Found]:
        """One row of each ad, from the `turn`th on; the last layer may lack the last ads."""
        source = selection.source
        salt = self.salt_of(source)
        shared = target_of(source, layer, 0) if is_shared(layer) else None
        level = mixed(salt, layer, 0) & 3
        for place, count in zip(selection.places[turn:], selection.counts[turn:], strict=True):
            if layer >= count:
                return
            dice = mixed(salt, layer, place + 1)
            oddity = None if place else self._oddity(source, layer)
            if oddity is not None:
                occasion = Occasion(source.topic, source.foreign_own_asin, layer, dice)
                target, target_type, clicks, conversions = oddity(occasion)
            else:
                target, target_type, relevance = shared or target_of(source, layer, place)
                clicks, conversions = self._evidence(layer, place, relevance, level, dice)
            yield source, place, target, target_type, clicks, conversions, dice

    def salt_of(self, source: Source) -> int:
        return self._salt + source.number * 0x9E3779B1

    def true_rate(self, source: Source, layer: int, place: int) -> float:
        """How often shoppers really buy after a click on the layer's ordinary row of that ad."""
        level = mixed(self.salt_of(source), layer, 0) & 3
        return CONVERSION_RATES[target_of(source, layer, place)[2]][level]

    def is_odd(self, source: Source, layer: int, place: int) -> bool:
        return place == 0 and self._oddity(source, layer) is not None

    def _oddity(self, source: Source, layer: int) -> Oddity | None:
        """A special row of the first ad: on two early layers of every ad group, then on one layer in forty."""
        if layer not in _ODD_LAYERS and layer % 40 != 28:
            return None
        oddity = ODDITIES[(source.number * 2 + layer // 5) % len(ODDITIES)]
        return ODDITIES[0] if oddity is ODDITIES[-1] and not self._odd_types else oddity

    def _evidence(self, layer: int, place: int, relevance: Relevance, level: int, dice: int) -> tuple[int, int]:
        staged = _STAGED.get(layer)
        if staged is not None:
            return staged[min(place, len(staged) - 1)]
        return self._shoppers.draws[relevance][level][dice % DRAWS]


_ODD_LAYERS = (3, 8)

# Layers with the same evidence in every market: a clear winner for every ad, and a product on which ads disagree.
_STAGED = {0: ((31, 5), (24, 3)), 1: ((28, 4), (61, 0))}


def is_shared(layer: int) -> bool:
    return layer % 5 < 3


def target_of(source: Source, layer: int, place: int) -> tuple[str, str, Relevance]:
    """Layers 0, 2 (shared) and 3 (own) of five bring keywords, 1 (shared) and 4 (own) products."""
    block, kind = divmod(layer, 5)
    width = len(source.ads)
    if kind in {1, 4}:
        text, relevance = shopping.product(source.topic, block * (width + 1) + (0 if kind == 1 else 1 + place))
        return text, "PRODUCT", relevance
    text, relevance = shopping.keyword(source.topic, block * (width + 2) + (kind // 2 if kind < 3 else 2 + place))
    return text, "KEYWORD", relevance


def mixed(salt: int, layer: int, place: int) -> int:
    value = (salt + layer * 0x9E3779B1 + place * 0x85EBCA77) & _MASK
    value = ((value ^ value >> 16) * 0x7FEB352D) & _MASK
    value = ((value ^ value >> 15) * 0x846CA68B) & _MASK
    return value ^ value >> 16


def encode_page(rows: Iterator[Found], dialect: str) -> bytes:
    """The JSON array of the rows, put together as text."""
    spec, mixed = dialect == "spec", dialect == "mixed"
    lines = []
    for source, place, target, target_type, clicks, conversions, dice in rows:
        plain = target.isascii() and target.isprintable() and '"' not in target and "\\" not in target
        quoted = f'"{target}"' if plain else _encoder.encode(target).decode()
        ending = _ending(target_type, clicks, conversions, spec or (mixed and dice & 0x300 != 0))
        lines.append(source.beginnings[place] + quoted + ending)
    return f"[{','.join(lines)}]".encode()


_encoder = msgspec.json.Encoder()


@lru_cache(8192)
def _ending(target_type: str, clicks: int, conversions: int, spec: bool) -> str:
    """The specification says ASIN and has the metrics as text; the guide says PRODUCT and has an object."""
    metrics = f'{{"CLICKS":{clicks},"CONVERSIONS":{conversions}}}'
    if spec:
        target_type = "ASIN" if target_type == "PRODUCT" else target_type
        metrics = _encoder.encode(metrics).decode()
    reasons = f'[{{"reason":"HISTORICAL_PERF","data":{metrics}}}]'
    return f',"targetType":"{target_type}","recommendationReasons":{reasons}}}'
