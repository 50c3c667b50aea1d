"""Promotion recommendations of one market, made row by row from the seed and never held.

Row r of an ad group belongs to ad r mod n and layer r div n, so ads of an ad group take turns. Of five layers, three
are shared by all its ads (the same target for each), two are every ad's own.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import msgspec

from harvester.sandbox import shopping
from harvester.sandbox.oddities import ODDITIES, Occasion, Oddity
from harvester.sandbox.shopping import DRAWS, Relevance, Shoppers, Topic

_MASK = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Ad:
    ad_id: str
    asin: str


@dataclass(frozen=True, slots=True)
class Source:
    """An ad group that recommendations come from."""

    number: int
    campaign_id: str
    ad_group_id: str
    ads: tuple[Ad, ...]
    topic: Topic
    foreign_own_asin: str


@dataclass(frozen=True, slots=True)
class Selection:
    """The ads of one source that a filter leaves, as places in `source.ads`, and how many rows each has."""

    source: Source
    places: tuple[int, ...]
    counts: tuple[int, ...]

    @property
    def rows(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Found:
    """One row, before a dialect gives it its form. `target_type` is KEYWORD, PRODUCT or something unknown."""

    source: Source
    ad: Ad
    target: str
    target_type: str
    clicks: int
    conversions: int
    dice: int


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
            width = len(selection.places)
            for ordinal in range(offset, selection.rows):
                layer, turn = divmod(ordinal, width)
                yield self.row(selection.source, layer, selection.places[turn])
            offset = 0

    def row(self, source: Source, layer: int, place: int) -> Found:
        ad = source.ads[place]
        dice = _mixed(self._salt + source.number * 0x9E3779B1, layer, place)
        oddity = self._oddity(source, layer, place)
        if oddity is not None:
            occasion = Occasion(source.topic, source.foreign_own_asin, layer, dice)
            target, target_type, clicks, conversions = oddity(occasion)
            return Found(source, ad, target, target_type, clicks, conversions, dice)
        target, target_type, relevance = target_of(source, layer, place)
        clicks, conversions = self._evidence(source, layer, place, relevance, dice)
        return Found(source, ad, target, target_type, clicks, conversions, dice)

    def _oddity(self, source: Source, layer: int, place: int) -> Oddity | None:
        """A special row of the first ad: on two early layers of every ad group, then on one layer in forty."""
        if place or (layer not in (3, 8) and layer % 40 != 28):
            return None
        oddity = ODDITIES[(source.number * 2 + layer // 5) % len(ODDITIES)]
        return ODDITIES[0] if oddity is ODDITIES[-1] and not self._odd_types else oddity

    def _evidence(self, source: Source, layer: int, place: int, relevance: Relevance, dice: int) -> tuple[int, int]:
        if layer in _STAGED:
            staged = _STAGED[layer]
            return staged[min(place, len(staged) - 1)]
        level = _mixed(self._salt, source.number, layer if is_shared(layer) else layer * 31 + place) & 3
        return self._shoppers.draws[relevance][level][dice % DRAWS]


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


def _mixed(salt: int, layer: int, place: int) -> int:
    value = (salt + layer * 0x9E3779B1 + place * 0x85EBCA77) & _MASK
    value = ((value ^ value >> 16) * 0x7FEB352D) & _MASK
    value = ((value ^ value >> 15) * 0x846CA68B) & _MASK
    return value ^ value >> 16


def encode_page(rows: Iterator[Found], dialect: str) -> bytes:
    """The JSON array of the rows; text is assembled directly, because a page of 1000 must take milliseconds."""
    quote = _quoted
    parts = []
    for row in rows:
        guide = dialect == "guide" or (dialect == "mixed" and row.dice & 0x300 == 0)
        metrics = f'{{"CLICKS":{row.clicks},"CONVERSIONS":{row.conversions}}}'
        target_type = row.target_type
        if not guide:
            metrics = f'"{{\\"CLICKS\\":{row.clicks},\\"CONVERSIONS\\":{row.conversions}}}"'
            target_type = "ASIN" if target_type == "PRODUCT" else target_type
        parts.append(
            f'{{"campaignId":"{row.source.campaign_id}","adGroupId":"{row.source.ad_group_id}",'
            f'"adId":"{row.ad.ad_id}","adAsin":"{row.ad.asin}","recommendedTarget":{quote(row.target)},'
            f'"targetType":"{target_type}","recommendationReasons":'
            f'[{{"reason":"HISTORICAL_PERF","data":{metrics}}}]}}'
        )
    return f"[{','.join(parts)}]".encode()


_encoder = msgspec.json.Encoder()


def _quoted(text: str) -> str:
    if text.isascii() and '"' not in text and "\\" not in text and text.isprintable():
        return f'"{text}"'
    return _encoder.encode(text).decode()
