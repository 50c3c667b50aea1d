"""The typed rules file: what may stand in it, what is put in where it is silent, and its fingerprint."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from harvester.domain.ids import Fingerprint, ProfileId
from harvester.domain.profile import Mode
from harvester.domain.recommendation import CATEGORIES, RECOMMENDS, WITHOUT_EVIDENCE
from harvester.domain.target import KEYWORD_MATCHES, PRODUCT_MATCHES, Level, Match, TargetKind
from harvester.rules.after import After
from harvester.rules.bid_sections import Bid
from harvester.rules.brand_entries import BrandEntry
from harvester.rules.conditions import Condition
from harvester.rules.economics import Economics
from harvester.rules.given import FileTest
from harvester.rules.refining import Refine
from harvester.rules.section import Section
from harvester.rules.sections import (
    CatalogNames,
    GuardLimits,
    GuardOverride,
    Protect,
    ProtectMore,
)
from harvester.rules.suggesting import Suggestions, WithoutGroup
from harvester.rules.values import (
    Amount,
    Amounts,
    Asin,
    Currency,
    Days,
    Digits,
    Name,
    NameOrId,
    NegativeMatch,
    Prefix,
)
from harvester.rules.window_sections import ClickThreshold, NumberThreshold


class Scope(Section):
    """Where something applies. A list that is left out or empty means everywhere. Names are patterns with `*` and `?`,
    in any case; an entry of digits only is an id or a name.
    """

    campaigns: tuple[NameOrId, ...] = ()
    ad_groups: tuple[NameOrId, ...] = ()
    profiles: tuple[NameOrId, ...] = ()


class RuleMatch(Scope):
    """Which recommendations a rule looks at."""

    source: Literal["promotion", "products", "categories", "search_terms"] = "promotion"
    """promotion: what brought orders in automatic ad groups. products, categories: what Amazon suggests
    for what is advertised; such rows have no clicks or conversions."""
    target_type: TargetKind | None = None
    """keyword, product or category; all that the source has when left out."""
    asins: tuple[Asin, ...] = ()
    """The advertised products."""
    themes: tuple[NameOrId, ...] = ()
    """Of product suggestions: why Amazon suggests them, in its English words; patterns as for names."""

    @property
    def has_evidence(self) -> bool:
        """Whether rows of its source come with clicks and conversions."""
        return self.source not in WITHOUT_EVIDENCE


class NegateAtSource(Section):
    """The negative in the source ad group that follows a promotion."""

    match: NegativeMatch = Match.EXACT
    """Of keywords; a product is negated as itself."""
    after: After = After()
    review_after: Days | None = None
    """How long after it was made lifting it is proposed: `90d`."""


class Promote(Section):
    match: tuple[Match, ...] | None = None
    """broad, phrase, exact for keywords; same, expanded for products; one item of the plan each. Left out: exact and
    same."""
    bid: Bid = Bid()
    refine: Refine | None = None
    """Of categories."""


class Negate(Section):
    level: Level = Level.AD_GROUP
    match: NegativeMatch = Match.EXACT
    """Of keywords; a product is negated as itself."""
    review_after: Days | None = None
    """How long after it was made lifting it is proposed: `90d`."""


class Then(Section):
    """Exactly one of `promote` and `negate`."""

    promote: Promote | None = None
    negate_at_source: NegateAtSource | None = None
    """Together with `promote` only."""
    negate: Negate | None = None


class Rule(Section):
    name: Name
    match: RuleMatch = RuleMatch()
    when: Condition = Condition(all=())
    """May be left out where the source has no evidence: then every row that matches passes."""
    then: Then
    mode: Mode | None = None
    """Stricter than the service's mode for what this rule decides; never laxer."""

    @property
    def on_categories(self) -> bool:
        return self.match.source == CATEGORIES

    @property
    def refine(self) -> Refine | None:
        return self.then.promote.refine if self.then.promote else None

    @property
    def kinds(self) -> tuple[TargetKind, ...]:
        """The kinds of target that the rule says anything about."""
        return tuple(
            kind
            for kind in RECOMMENDS[self.match.source]
            if self.match.target_type in (None, kind) and (self.then.promote is None or self.promotes(kind))
        )

    def promotes(self, kind: TargetKind) -> tuple[Match, ...]:
        """The matches that it asks for, in the file's order; none for a negating rule."""
        category = kind is TargetKind.CATEGORY
        if self.then.promote is None or category is not (self.match.source == CATEGORIES):
            return ()
        if category:
            return (Match.SAME,)
        wanted = self.then.promote.match
        if wanted is None:
            return (Match.EXACT,) if kind is TargetKind.KEYWORD else (Match.SAME,)
        mine = KEYWORD_MATCHES if kind is TargetKind.KEYWORD else PRODUCT_MATCHES
        return tuple(match for match in wanted if match in mine)


class ExistingAdGroups(Section):
    """Ad groups that advertise the same products as the source."""

    keyword_ad_group: Digits | None = None
    product_ad_group: Digits | None = None


class NewCampaigns(Section):
    """New campaigns that Amazon makes. They spend money: each waits for a person who names it."""

    name_prefix: Prefix
    daily_budget: Amounts
    default_bid: Amounts
    strategy: Literal["LEGACY_FOR_SALES", "AUTO_FOR_SALES", "MANUAL", "RULE_BASED"] = "AUTO_FOR_SALES"


class Create(Section):
    """Exactly one of `existing` and `new`."""

    existing: ExistingAdGroups | None = None
    new: NewCampaigns | None = None


class GroupEntry(Section):
    """What to do for a source ad group without a promotion group. The first entry that applies is taken. Exactly one of
    `create` and `without_group`.
    """

    source: Scope = Scope()
    create: Create | None = None
    without_group: WithoutGroup | None = None
    _line: int | None = PrivateAttr(default=None)

    @property
    def line(self) -> int | None:
        """Where it stands in the file."""
        return self._line

    def stands_at(self, line: int | None) -> None:
        self._line = line


class BidBounds(Section):
    floor: Amount | None = None
    ceiling: Amount | None = None


class ProfileOverride(Section):
    """What differs for one profile."""

    mode: Mode | None = None
    """Stricter than the service's mode; never laxer."""
    protect: ProtectMore = ProtectMore()
    guard: GuardOverride = GuardOverride()
    bids: dict[Currency, BidBounds] = {}
    """Tightens the bids of all rules."""
    catalog: CatalogNames = CatalogNames()
    """Own brands beside those of all profiles."""
    economics: Economics = Economics()
    """Its entries come before those of all profiles."""


def _default_rules() -> tuple[Rule, ...]:
    proven = Condition(
        all=(Condition(clicks=ClickThreshold(at_least=10)), Condition(conversions=NumberThreshold(at_least=2)))
    )
    return tuple(
        Rule(
            name=f"promote-proven-{kind}s",
            match=RuleMatch(target_type=kind),
            when=proven,
            then=Then(promote=Promote(match=(match,))),
        )
        for kind, match in ((TargetKind.KEYWORD, Match.EXACT), (TargetKind.PRODUCT, Match.SAME))
    )


class RuleSet(Section):
    """A rules file. The first rule that matches and passes decides."""

    model_config = ConfigDict(title="Harvester rules")

    version: Literal[1] = 1
    protect: Protect = Protect()
    rules: tuple[Rule, ...] = Field(default_factory=_default_rules)
    groups: tuple[GroupEntry, ...] = ()
    """Where a source ad group has no promotion group yet; nothing listed: its promotions are held."""
    brands: tuple[BrandEntry, ...] = ()
    """Brands that are to be negative somewhere."""
    guard: GuardLimits = GuardLimits()
    suggestions: Suggestions = Suggestions()
    profiles: dict[Digits, ProfileOverride] = {}
    """By profile id."""
    tests: tuple[FileTest, ...] = ()
    catalog: CatalogNames = CatalogNames()
    economics: Economics = Economics()
    """What an order is worth, and what it may cost."""

    @property
    def text(self) -> str:
        """Canonical JSON of everything that decides, defaults filled in; the file's tests decide nothing.

        Keys that came later are left out where they say nothing: rules that were there before keep their fingerprint.
        """
        left_out = {"tests"} if self.brands else {"tests", "brands"}
        plainly = self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=left_out)
        for section in (plainly, *plainly["profiles"].values()):
            if section["catalog"] == {"own_brands": []}:
                del section["catalog"]  # says nothing, and files of before it keep their fingerprint
            if section["economics"] == {"default": {}, "campaigns": [], "asins": {}}:
                del section["economics"]
        for rule in plainly["rules"]:
            if not rule["match"]["themes"]:
                del rule["match"]["themes"]
        if self.suggestions == Suggestions():
            del plainly["suggestions"]
        return json.dumps(plainly, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint(hashlib.sha256(self.text.encode()).hexdigest())

    def for_profile(self, profile_id: ProfileId) -> "ProfileRules":
        """The rules with the profile's overrides."""
        override = self.profiles.get(profile_id, ProfileOverride())
        return ProfileRules(
            profile_id=profile_id,
            rules=self.rules,
            groups=self.groups,
            mode=override.mode,
            protect=_added(self.protect, override.protect),
            guard=_overridden(self.guard, override.guard),
            bids=override.bids,
            own_brands=(*self.catalog.own_brands, *override.catalog.own_brands),
            suggestions=self.suggestions,
            brands=self.brands,
            economics=(override.economics, self.economics),
        )


@dataclass(frozen=True, slots=True)
class ProfileRules:
    """The rules as they hold for one profile."""

    profile_id: ProfileId
    rules: tuple[Rule, ...]
    groups: tuple[GroupEntry, ...]
    mode: Mode | None
    """The profile's own, where the file says one; the stricter of it and the service's holds."""
    protect: Protect
    guard: GuardLimits
    bids: dict[str, BidBounds]
    own_brands: tuple[str, ...] = ()
    suggestions: Suggestions = field(default_factory=Suggestions)
    brands: tuple[BrandEntry, ...] = ()
    economics: tuple[Economics, ...] = ()
    """The profile's own first."""

    def rule(self, name: str) -> Rule:
        """Raises KeyError."""
        return {rule.name: rule for rule in self.rules}[name]

    def strictest_mode(self, service: Mode, rule: str = "") -> Mode:
        """What holds for a rule's items: the strictest of the service's, the profile's and the rule's mode."""
        asked = [service, self.mode, *(each.mode for each in self.rules if each.name == rule)]
        asked += [each.mode for each in self.brands if each.name == rule]
        return min((mode for mode in asked if mode is not None), key=list(Mode).index)


def _added(general: Protect, more: ProtectMore) -> Protect:
    return Protect(
        keywords=(*general.keywords, *more.keywords),
        asins=(*general.asins, *more.asins),
        brands=(*general.brands, *more.brands),
        own_products=general.own_products or more.own_products is True,
    )


def _overridden(general: GuardLimits, override: GuardOverride) -> GuardLimits:
    said = override.model_dump(exclude_none=True, exclude={"highest_bid"})
    return general.model_copy(update={**said, "highest_bid": {**general.highest_bid, **override.highest_bid}})


def schema() -> dict[str, Any]:
    """The JSON Schema of rules files, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **RuleSet.model_json_schema()}


def keys_of(model: type[BaseModel]) -> Iterator[str]:
    """The keys of a section, as they are written in the file."""
    for name, info in model.model_fields.items():
        yield info.alias or name
