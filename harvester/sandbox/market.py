"""One advertiser's account in one marketplace: every entity in it, and what makes one unique."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from harvester.sandbox.marketplaces import Marketplace
from harvester.sandbox.wire import Json

if TYPE_CHECKING:
    from harvester.sandbox.recommendations import Recommendations
    from harvester.sandbox.reports import Report


class Kind(Enum):
    CAMPAIGN = "campaign"
    AD_GROUP = "ad_group"
    PRODUCT_AD = "product_ad"
    KEYWORD = "keyword"
    TARGET = "target"
    NEGATIVE_KEYWORD = "negative_keyword"
    NEGATIVE_TARGET = "negative_target"
    CAMPAIGN_NEGATIVE_KEYWORD = "campaign_negative_keyword"
    CAMPAIGN_NEGATIVE_TARGET = "campaign_negative_target"
    GROUP = "group"
    GROUP_TARGET = "group_target"


ID_FIELD = {
    Kind.CAMPAIGN: "campaignId",
    Kind.AD_GROUP: "adGroupId",
    Kind.PRODUCT_AD: "adId",
    Kind.KEYWORD: "keywordId",
    Kind.TARGET: "targetId",
    Kind.NEGATIVE_KEYWORD: "keywordId",
    Kind.NEGATIVE_TARGET: "targetId",
    Kind.CAMPAIGN_NEGATIVE_KEYWORD: "keywordId",
    Kind.CAMPAIGN_NEGATIVE_TARGET: "targetId",
    Kind.GROUP: "targetPromotionGroupId",
    Kind.GROUP_TARGET: "linkId",
}

ENTITY_TYPE = {
    Kind.CAMPAIGN: "CAMPAIGN",
    Kind.AD_GROUP: "AD_GROUP",
    Kind.PRODUCT_AD: "PRODUCT_AD",
    Kind.KEYWORD: "KEYWORD",
    Kind.TARGET: "TARGETING_CLAUSE",
    Kind.NEGATIVE_KEYWORD: "NEGATIVE_KEYWORD",
    Kind.NEGATIVE_TARGET: "NEGATIVE_TARGETING_CLAUSE",
    Kind.CAMPAIGN_NEGATIVE_KEYWORD: "CAMPAIGN_NEGATIVE_KEYWORD",
    Kind.CAMPAIGN_NEGATIVE_TARGET: "CAMPAIGN_NEGATIVE_TARGETING_CLAUSE",
}


@dataclass(frozen=True, slots=True)
class Profile:
    profile_id: str
    account: int
    marketplace: Marketplace
    seller_or_vendor: str
    name: str
    entity_id: str

    @property
    def is_vendor(self) -> bool:
        return self.seller_or_vendor == "vendor"


@dataclass(slots=True)
class Row:
    body: Json
    born_at: float
    changed_at: float
    before: list[tuple[float, Json]] = field(default_factory=list)
    """Every change: when, and what the fields it touched held until then (None: nothing)."""

    def value_at(self, name: str, at: float) -> object:
        value = self.body.get(name)
        for changed_at, held in reversed(self.before):
            if changed_at > at and name in held:
                value = held[name]
        return value


def entity_id(number: int) -> str:
    """The same number gives the same id in every profile and for every kind, as ids are unique within those only.

    Some lie above 2^63, because Amazon's range is unsigned.
    """
    value = 10**14 + number * 2_654_435_761 % 10**14
    return str(value + 9_300_000_000_000_000_000 if number % 13 == 5 else value)


def folded(text: str) -> str:
    return " ".join(text.casefold().split())


def expression_key(expression: list[Json]) -> tuple[str, ...]:
    return tuple(sorted(f"{part['type']}={part.get('value', '').upper()}" for part in expression))


_UNIQUE: dict[Kind, Callable[[Json], tuple[object, ...]]] = {
    Kind.CAMPAIGN: lambda body: (body["name"],),
    Kind.AD_GROUP: lambda body: (body["campaignId"], body["name"]),
    Kind.KEYWORD: lambda body: (body["adGroupId"], folded(body["keywordText"]), body["matchType"]),
    Kind.NEGATIVE_KEYWORD: lambda body: (body["adGroupId"], folded(body["keywordText"]), body["matchType"]),
    Kind.CAMPAIGN_NEGATIVE_KEYWORD: lambda body: (body["campaignId"], folded(body["keywordText"]), body["matchType"]),
    Kind.TARGET: lambda body: (body["adGroupId"], expression_key(body["expression"])),
    Kind.NEGATIVE_TARGET: lambda body: (body["adGroupId"], expression_key(body["expression"])),
    Kind.CAMPAIGN_NEGATIVE_TARGET: lambda body: (body["campaignId"], expression_key(body["expression"])),
}


@dataclass(slots=True)
class Market:
    profile: Profile
    recommendations: "Recommendations"
    access: str = "edit"
    reports: "dict[str, Report]" = field(default_factory=dict)
    ad_asins: dict[str, str] = field(default_factory=dict)
    rows: dict[Kind, dict[str, Row]] = field(default_factory=lambda: {kind: {} for kind in Kind})
    _taken: dict[tuple[object, ...], str] = field(default_factory=dict)
    _standing: Counter[tuple[Kind, str]] = field(default_factory=Counter)

    def add(self, kind: Kind, body: Json, now: float = 0.0) -> str:
        """Gives the entity its id (first field of the body) and remembers it. Uniqueness is the caller's question."""
        new_id = entity_id(len(self.rows[kind]) + 1)
        self.rows[kind][new_id] = Row({ID_FIELD[kind]: new_id, **body}, now, now)
        self._enter(kind, new_id)
        return new_id

    def add_ad(self, campaign: str, ad_group: str, asin: str, state: str = "ENABLED", now: float = 0.0) -> str:
        """Vendors' ads carry the ASIN, sellers' the SKU only."""
        product = {"asin": asin} if self.profile.is_vendor else {"sku": f"SKU-{asin[-6:]}"}
        body = {"adGroupId": ad_group, "campaignId": campaign, "state": state, **product}
        ad_id = self.add(Kind.PRODUCT_AD, body, now)
        self.ad_asins[ad_id] = asin
        return ad_id

    def find(self, kind: Kind, wanted: str) -> Json | None:
        row = self.rows[kind].get(wanted)
        return None if row is None else row.body

    def bodies(self, kind: Kind) -> Iterator[Json]:
        return (row.body for row in self.rows[kind].values())

    def change(self, kind: Kind, wanted: str, now: float, **fields: object) -> None:
        """A field given as None is removed (a bid of None: the ad group's default applies)."""
        row = self.rows[kind][wanted]
        self._leave(kind, row.body)
        row.before.append((now, {name: row.body.get(name) for name in fields}))
        for name, value in fields.items():
            if value is None:
                row.body.pop(name, None)
            else:
                row.body[name] = value
        row.changed_at = now
        self._enter(kind, wanted)

    def forget(self, kind: Kind, wanted: str) -> None:
        """Takes an entity away without a trace, as no call of the API can."""
        self._leave(kind, self.rows[kind].pop(wanted).body)

    def holder_of(self, kind: Kind, body: Json) -> str | None:
        """The id of the standing (not archived) entity that is the same thing as `body`."""
        return self._taken.get((kind, *_UNIQUE[kind](body))) if kind in _UNIQUE else None

    def standing(self, kind: Kind, ad_group_id: str) -> int:
        return self._standing[kind, ad_group_id]

    def products(self, ad_group_id: str) -> frozenset[str]:
        """SKUs (sellers) or ASINs (vendors) that the ad group's standing ads advertise."""
        return frozenset(
            body.get("sku") or body["asin"]
            for body in self.bodies(Kind.PRODUCT_AD)
            if body["adGroupId"] == ad_group_id and body["state"] != "ARCHIVED"
        )

    def _enter(self, kind: Kind, own_id: str) -> None:
        body = self.rows[kind][own_id].body
        if body.get("state") == "ARCHIVED":
            return
        if kind in _UNIQUE:
            self._taken.setdefault((kind, *_UNIQUE[kind](body)), own_id)
        if "adGroupId" in body:
            self._standing[kind, body["adGroupId"]] += 1

    def _leave(self, kind: Kind, body: Json) -> None:
        if body.get("state") == "ARCHIVED":
            return
        if kind in _UNIQUE:
            key = (kind, *_UNIQUE[kind](body))
            if self._taken.get(key) == body[ID_FIELD[kind]]:
                del self._taken[key]
        if "adGroupId" in body:
            self._standing[kind, body["adGroupId"]] -= 1
