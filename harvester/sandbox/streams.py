"""What every keyword and target of an account brings: search term by search term, on the days that it served."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import cast

from harvester.sandbox import shopping
from harvester.sandbox.clicks import Flow
from harvester.sandbox.market import Kind, Market, Row, folded
from harvester.sandbox.marketplaces import SCALE
from harvester.sandbox.recommendations import Source, mixed
from harvester.sandbox.report_terms import AUTO_CLAUSES, EVIDENCE_DAYS, Evidence, further, recommended
from harvester.sandbox.spans import Calendar, Span, Stops, both, minus, stops_of
from harvester.sandbox.wire import Json

_KNOWN_LAYERS = 200
"""How deep the recommendations of an ad group are searched for what is known of a keyword."""


@dataclass(frozen=True, slots=True)
class Served:
    """A keyword or target of ours, as report rows name it, and when it served."""

    own_id: str
    body: Json
    campaign: Json
    ad_group: Json
    currency: str
    keyword: str
    keyword_type: str
    targeting: str
    spans: tuple[Span, ...]
    bid: float
    """The first one: what a click has cost stays so."""


@dataclass(frozen=True, slots=True)
class Stream:
    """What one target brings from one search term."""

    served: Served
    text: str
    flow: Flow
    spans: tuple[Span, ...]


class Streams:
    """Of one account. Dice depend on the seed, the profile, the ad group, the target and the term."""

    def __init__(self, market: Market, calendar: Calendar, seed: int) -> None:
        self._market = market
        self._calendar = calendar
        self._salt = zlib.crc32(f"reports {seed} {market.profile.profile_id}".encode())
        self._stops = stops_of(market, calendar)
        self.coins = 1 if market.profile.marketplace.currency == "JPY" else 100
        self._known: dict[str, Evidence] = {}

    def automatic(self) -> Iterator[Stream]:
        """Of the automatic ad groups that recommendations come from."""
        for source in self._market.recommendations.sources:
            clauses = {}
            for row in list(self._market.rows[Kind.TARGET].values()):
                if row.body["adGroupId"] == source.ad_group_id and row.body["expressionType"] == "AUTO":
                    clauses[row.body["expression"][0]["type"]] = self._served(Kind.TARGET, row)
            prices = tuple(self._price(ad.asin) for ad in source.ads)
            yield from self._of_source(source, {name: one for name, one in clauses.items() if one.spans}, prices)

    def _of_source(self, source: Source, clauses: dict[str, Served], prices: tuple[int, ...]) -> Iterator[Stream]:
        stops = self._stops_at(source.campaign_id, source.ad_group_id)
        for terms in (recommended(self._market, source), further(source)):
            for term in terms:
                served = clauses.get(term.clause)
                if served is not None:
                    yield self._stream(served, term.text, term.evidence, prices, stops)

    def manual(self) -> Iterator[Stream]:
        for kind in (Kind.KEYWORD, Kind.TARGET):
            for row in list(self._market.rows[kind].values()):
                if row.body.get("expressionType") == "AUTO":
                    continue
                served = self._served(kind, row)
                if served.spans:
                    yield from self._of_own(served)

    def _of_own(self, served: Served) -> Iterator[Stream]:
        body = served.body
        stops = self._stops_at(body["campaignId"], body["adGroupId"])
        prices = self._prices(body["adGroupId"])
        for text, share in _terms_of(served):
            evidence = self._evidence(text, share)
            yield self._stream(served, text, evidence, prices, stops)

    def _stream(self, served: Served, text: str, evidence: Evidence, prices: tuple[int, ...], stops: Stops) -> Stream:
        salt = self._salt ^ zlib.crc32(f"{served.ad_group['adGroupId']} {served.own_id} {text}".encode())
        dice = mixed(salt, 0, 99)
        flow = Flow(
            salt=salt,
            clicks_a_day=evidence.clicks / EVIDENCE_DAYS,
            buys=evidence.orders / evidence.clicks,
            true_rate=evidence.true_rate,
            cpc=served.bid * self.coins * (0.5 + (dice & 255) / 600),
            prices=prices,
            shows=25 + (dice >> 8 & 255),
            slow=evidence.slow,
        )
        return Stream(served, text, flow, minus(served.spans, stops.of(text)))

    def _served(self, kind: Kind, row: Row) -> Served:
        market, calendar, body = self._market, self._calendar, row.body
        parents = (
            market.rows[Kind.CAMPAIGN][body["campaignId"]],
            market.rows[Kind.AD_GROUP][body["adGroupId"]],
        )
        spans = calendar.enabled(row)
        for parent in parents:
            spans = both(spans, calendar.enabled(parent))
        if kind is Kind.KEYWORD:
            own_id, keyword, keyword_type = body["keywordId"], body["keywordText"], body["matchType"]
            targeting = keyword
        else:
            own_id, targeting = body["targetId"], _targeting(body["expression"])
            keyword = targeting
            automatic = body["expressionType"] == "AUTO"
            keyword_type = "TARGETING_EXPRESSION_PREDEFINED" if automatic else "TARGETING_EXPRESSION"
        return Served(
            own_id=own_id,
            body=body,
            campaign=parents[0].body,
            ad_group=parents[1].body,
            currency=market.profile.marketplace.currency,
            keyword=keyword,
            keyword_type=keyword_type,
            targeting=targeting,
            spans=spans,
            bid=_first_bid(row, "bid") or _first_bid(parents[1], "defaultBid"),
        )

    def _stops_at(self, campaign_id: str, ad_group_id: str) -> Stops:
        none = Stops()
        at_campaign = self._stops.get(("campaignId", campaign_id), none)
        return self._stops.get(("adGroupId", ad_group_id), none).extend(at_campaign)

    def _prices(self, ad_group_id: str) -> tuple[int, ...]:
        ads = self._market.rows[Kind.PRODUCT_AD]
        asins = [asin for ad, asin in self._market.ad_asins.items() if ads[ad].body["adGroupId"] == ad_group_id]
        return tuple(self._price(asin) for asin in asins) or (self._price(ad_group_id),)

    def _price(self, asin: str) -> int:
        """8 to 88 dollars or what is worth as much, one coin below the whole."""
        dollars = 8 + zlib.crc32(f"price {asin}".encode()) % 81
        return int(dollars * SCALE.get(self._market.profile.marketplace.currency, 1)) * self.coins - 1

    def _evidence(self, text: str, share: float) -> Evidence:
        if not self._known:
            for source in self._market.recommendations.sources:
                for term in (*recommended(self._market, source, _KNOWN_LAYERS), *further(source)):
                    self._known.setdefault(folded(term.text), term.evidence)
        known = self._known.get(folded(text))
        if known is None:
            dice = zlib.crc32(f"{self._salt} {text}".encode())
            rate = shopping.CONVERSION_RATES[1 + (dice >> 8) % 2][dice >> 16 & 3]
            clicks = 8 + dice % 25
            known = Evidence(clicks, round(clicks * rate), rate)
        clicks = max(1, round(known.clicks * share))
        return known._replace(clicks=clicks, orders=round(known.orders * clicks / known.clicks))


def _first_bid(row: Row, name: str) -> float:
    return cast("float", row.value_at(name, row.born_at) or 0.0)


_WITHIN_BROAD = ("{0} online", "buy {0}", "{0} for home", "which {0}", "{0} reviews 2026")


def _terms_of(served: Served) -> Iterator[tuple[str, float]]:
    """What a target of ours meets, and which share of what is known of the term."""
    if served.keyword_type in {"BROAD", "PHRASE", "EXACT"}:
        text = served.keyword.lower()
        yield text, 1.0
        variants = {"BROAD": 5, "PHRASE": 3}.get(served.keyword_type, 0)
        yield from ((variant.format(text), 0.3) for variant in islice(_WITHIN_BROAD, variants))
        return
    first = served.body["expression"][0]
    if first["type"] in {"ASIN_SAME_AS", "ASIN_EXPANDED_FROM"}:
        yield first["value"].lower(), 1.0
    if first["type"] != "ASIN_SAME_AS":
        start = zlib.crc32(served.targeting.encode()) % 90_000
        yield from ((shopping.made_up_asin(start + place).lower(), 0.5) for place in range(3))


_NAMES = {"ASIN_SAME_AS": "asin", "ASIN_EXPANDED_FROM": "asin-expanded", "ASIN_CATEGORY_SAME_AS": "category"}


def _targeting(expression: list[Json]) -> str:
    if expression[0]["type"] in AUTO_CLAUSES:
        return AUTO_CLAUSES[expression[0]["type"]]
    parts = []
    for part in expression:
        name = _NAMES.get(part["type"], part["type"].removesuffix("_SAME_AS").lower().replace("_", "-"))
        parts.append(f'{name}="{part.get("value", "")}"')
    return " ".join(parts)
