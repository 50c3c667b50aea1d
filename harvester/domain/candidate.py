"""A recommendation plus every fact a rule may look at."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import msgspec

from harvester.domain.catalog import CatalogItem
from harvester.domain.history import History
from harvester.domain.ids import Effect
from harvester.domain.profile import AdGroup, Campaign, Profile
from harvester.domain.reach import Reached
from harvester.domain.recommendation import Recommendation
from harvester.domain.target import Match, TargetKind


class Negatives:
    """The negatives that bear on one place (an ad group and its campaign), by what they block."""

    __slots__ = ("_exact", "_phrases", "_products")

    def __init__(self) -> None:
        self._exact: dict[str, str] = {}
        self._phrases: dict[str, str] = {}
        self._products: dict[str, str] = {}

    def add(self, kind: TargetKind, match: Match, key: str, amazon_id: str) -> None:
        """`key` is the folded text or the ASIN. A broad negative is kept as a phrase: what it surely covers."""
        if kind is TargetKind.PRODUCT:
            self._products[key] = amazon_id
        elif match is Match.EXACT:
            self._exact[key] = amazon_id
        else:
            self._phrases[key] = amazon_id

    def covering(self, kind: TargetKind, key: str, match: Match) -> str | None:
        """The Amazon id of a negative equal to, or covering, a negative of this kind and match; None without one. Of a
        shorter phrase with its words.

        A phrase negative covers every keyword that holds its words in a row. An exact one covers its own text only,
        and never a phrase.
        """
        if kind is not TargetKind.KEYWORD:
            return self._products.get(key)
        if match is Match.EXACT and key in self._exact:
            return self._exact[key]
        if self._phrases:
            words = key.split()
            for start in range(len(words)):
                for end in range(start + 1, len(words) + 1):
                    phrase = " ".join(words[start:end])
                    found = self._phrases.get(phrase)
                    if found is not None:
                        return found if phrase == key else f"{found} (phrase “{phrase}”)"
        return None


@dataclass(frozen=True, slots=True)
class Place:
    """An ad group, with its campaign, where something is or would be targeted."""

    campaign: Campaign
    ad_group: AdGroup


@dataclass(frozen=True, slots=True)
class NewGroup:
    """The promotion group that the rules file would have made for a source ad group that has none."""

    line: int | None
    """Of the `groups` entry in the rules file."""
    request: Mapping[str, object]
    """The whole v1 request body of the create call."""
    makes_campaigns: bool
    daily_budget: str | None = None
    default_bid: str | None = None
    names: tuple[str, ...] = ()
    """Names of the campaigns that it creates, as far as known."""
    strategy: str = "LEGACY_FOR_SALES"
    """How those campaigns will bid."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where promotions of an ad go. With `new`, the group does not exist yet; its ad groups may."""

    group_id: str | None
    keyword: Place | None
    product: Place | None
    new: NewGroup | None = None
    gaps: tuple[str, ...] = ()
    """One sentence for each kind of target that has no ad group to go to."""
    direct: bool = False
    """No promotion group is involved: product targets are made in the ad group itself."""

    def place(self, kind: TargetKind) -> Place | None:
        return self.keyword if kind is TargetKind.KEYWORD else self.product


@dataclass(frozen=True, slots=True)
class NoDestination:
    reason: str
    """`no_destination` or `ambiguous_destination`."""
    detail: str
    """One sentence: why, and which lines of the rules file would mend it."""


class EffectStanding(StrEnum):
    """Why an effect is not free."""

    PLANNED = "already_planned"
    COOLING_DOWN = "cooling_down"
    DECLINED = "declined_before"


@dataclass(frozen=True, slots=True)
class EffectRecord:
    standing: EffectStanding
    plan_id: str
    at: datetime
    clicks_then: float | None = None
    """For a declined one: the clicks the reviewer saw."""
    until: datetime | None = None
    """For a cooling one."""
    entry: str = ""
    """For a declined brand: the entry of the rules file that wanted it."""


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What holds for a whole profile during one run. `own_asins` grows while the run goes on."""

    profile: Profile
    own_asins: AbstractSet[str]
    effects: Mapping[Effect, EffectRecord]
    now: datetime


class Positive(msgspec.Struct, frozen=True, gc=False):
    """An enabled keyword or product target of one's own, as far as it tells what must not be negated."""

    text: str
    key: str
    match: Match
    ad_group_id: str


@dataclass(frozen=True, slots=True)
class Ground:
    """What holds for all rows of one ad: shared by its candidates, never copied."""

    account: AccountFacts
    source: Place
    destination: Destination | NoDestination
    standing: Mapping[tuple[str, Match], str]
    """(folded text or ASIN, match) -> the ad group where it stands: the destination, or another manual one of the
    same products."""
    source_negatives: Negatives = field(default_factory=Negatives)
    """Of the source ad group and its campaign together."""
    destination_negatives: Mapping[TargetKind, Negatives] = field(default_factory=dict)
    """Negatives at the destination's keyword and product ad group, with those of their campaigns."""
    source_campaign_negatives: Negatives = field(default_factory=Negatives)
    """Of the source campaign alone: what bears on a new negative at campaign level."""
    positives: Mapping[str, Positive] = field(default_factory=dict)
    """What is enabled in the source ad group (a manual one) and at the other places of the same products, by ASIN or by
    what close variants share; empty where no rule negates search terms."""


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """`kind` is None for a target type that nobody knows; `key` is the folded text, the upper-case ASIN
    or the key of a `CategoryTarget`.
    """

    row: Recommendation
    ground: Ground
    kind: TargetKind | None
    key: str
    repeated: bool = False
    """The same row came before in this run, as far as the recent pages are remembered."""
    catalog: Mapping[str, CatalogItem] | None = None
    """By ASIN, of the products that its rules ask about, as far as known; None: nothing was looked up."""
    history: History | None = None
    """Of search terms: their figures by window."""
    reached: Mapping[str, Reached] | None = None
    """Of a category: what its rules make of it, by rule, as far as found out; None: nothing was."""
