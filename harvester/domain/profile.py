"""Whose account, and what stands in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from harvester.domain.brand import brand_key
from harvester.domain.ids import ProfileId
from harvester.domain.target import Match, TargetKind, asin_of, fold


class Mode(StrEnum):
    """From the strictest; a rule or a profile may be stricter than the service, never laxer."""

    DRY_RUN = "dry-run"
    REVIEW = "review"
    AUTO = "auto"


class Region(StrEnum):
    NA = "NA"
    EU = "EU"
    FE = "FE"


@dataclass(frozen=True, slots=True)
class Profile:
    """One advertiser in one marketplace."""

    profile_id: ProfileId
    account: str
    """The name of the login in the settings."""
    region: Region
    country: str
    """Amazon's code: `UK`, not `GB`."""
    currency: str
    timezone: str
    kind: str
    """seller, vendor or agency"""
    name: str
    marketplace_id: str | None = None

    @property
    def is_vendor(self) -> bool:
        return self.kind == "vendor"


@dataclass(frozen=True, slots=True)
class UnreadableProfile:
    """What a login's list of profiles holds and nobody can work on."""

    profile_id: ProfileId | None
    """None where the item does not even say whose it is."""
    reason: str


@dataclass(frozen=True, slots=True)
class FoundProfiles:
    """What a login's list of profiles holds."""

    readable: Sequence[Profile]
    unreadable: Sequence[UnreadableProfile] = ()


class Campaign(msgspec.Struct, frozen=True, gc=False):
    campaign_id: str
    name: str
    targeting: str
    """AUTO or MANUAL; other values as Amazon sends them"""
    state: str
    budget: str | None = None
    """The daily budget as decimal text."""


class AdGroup(msgspec.Struct, frozen=True, gc=False):
    ad_group_id: str
    campaign_id: str
    name: str
    state: str
    default_bid: str | None = None
    """Decimal text, in the profile's currency."""


class ProductAd(msgspec.Struct, frozen=True, gc=False):
    ad_id: str
    ad_group_id: str
    campaign_id: str
    state: str
    asin: str | None = None
    """Vendors only."""
    sku: str | None = None
    """Sellers only."""

    @property
    def product(self) -> str:
        """What tells whether two ad groups advertise the same things."""
        return f"asin:{self.asin.upper()}" if self.asin else f"sku:{self.sku}"


class StandingTarget(msgspec.Struct, frozen=True, gc=False):
    """A keyword or product target that an ad group has now."""

    amazon_id: str
    ad_group_id: str
    campaign_id: str
    kind: TargetKind
    text: str
    """As Amazon has it; the ASIN of a product target; of a category the key of its `CategoryTarget`."""
    match: Match
    state: str
    bid: str | None = None


class StandingNegative(msgspec.Struct, frozen=True, gc=False):
    """A negative keyword, product or brand that an ad group or a campaign has now."""

    amazon_id: str
    campaign_id: str
    ad_group_id: str | None
    """None at campaign level."""
    kind: TargetKind
    text: str
    match: Match
    """EXACT, PHRASE or BROAD for keywords, SAME for products and brands."""
    state: str
    is_brand: bool = False
    """Then `kind` is PRODUCT, because Amazon keeps the two together, and `text` the brand's id: empty where Amazon
    shows the name alone."""
    brand_name: str = ""

    @property
    def key(self) -> str:
        """What tells it from others of its kind and match."""
        if self.is_brand:
            return brand_key(self.text) if self.text else f"brand without id:{self.amazon_id}"
        if self.kind is TargetKind.PRODUCT:
            return asin_of(self.text) or self.text.upper()
        return fold(self.text)


@dataclass(frozen=True, slots=True)
class PromotionGroup:
    group_id: str
    name: str
    state: str
    source_ad_group_id: str
    ad_ids: frozenset[str]
    """Empty: all ads of the source ad group."""
    keyword_ad_group_id: str | None
    product_ad_group_id: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """One supporting list, read to its end: what kind, of which parents, how many."""

    what: str
    count: int
    parents: Mapping[str, int] = field(default_factory=dict)
