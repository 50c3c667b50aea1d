"""All sources of one run, one after the other: a broken one stops none of the others."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from harvester.domain.errors import Rejected
from harvester.domain.profile import Profile
from harvester.domain.recommendation import CATEGORIES, PRODUCTS, PROMOTION, SEARCH_TERMS, SOURCES
from harvester.domain.run import Cursor, Run
from harvester.domain.suggestion import Advertised, Asking
from harvester.domain.target import asin_of
from harvester.ports import AccountReader, Runs
from harvester.ports.search_terms import SearchTerms
from harvester.ports.sources import RecommendationSource
from harvester.rules.advertised import named_products, told_apart
from harvester.rules.ruleset import ProfileRules, Rule
from harvester.rules.scope import covers_place, covers_profile
from harvester.usecases.harvest import NOTHING_LOOKED_UP, Harvest, Harvested, Judge, LookBack, LookedUp
from harvester.usecases.search_terms import open_terms
from harvester.usecases.sold_before import SoldBefore, WhatSold
from harvester.usecases.surroundings import Surroundings

_MOST_NAMED = 10
"""Ad groups that the advice names one by one."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a run has read of all its sources. `advice`: what would make a source tell more."""

    harvested: Harvested
    advice: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Opened:
    source: RecommendationSource
    ad_groups: Sequence[str]
    advice: tuple[str, ...] = ()
    sales: LookBack | None = None


def sources_in_force(rules: ProfileRules, profile: Profile) -> tuple[str, ...]:
    """What the rules that look at this profile name, in the order in which they are read."""
    named = {rule.match.source for rule in rules.rules if covers_profile(rule.match, profile)}
    return tuple(source for source in SOURCES if source in named) or (PROMOTION,)


@dataclass(frozen=True)
class ReadSources:
    harvest: Harvest
    runs: Runs
    terms: SearchTerms
    facts: LookedUp = NOTHING_LOOKED_UP

    async def __call__(
        self,
        run: Run,
        names: Sequence[str],
        reader: AccountReader,
        surroundings: Surroundings,
        rules: ProfileRules,
        judge: Judge,
        own_asins: set[str],
    ) -> Read:
        """From the source and the place in it where the run stopped. Raises Rejected where all of them are refused."""
        begin_at = _begin_at(run.cursor, names)
        advice: tuple[str, ...] = ()
        refused: list[Rejected] = []
        harvested = Harvested(run.pages, run.recommendations, run.troubles)
        for place, name in enumerate(names):
            opened = await self._open(name, run, reader, surroundings, rules)
            advice += opened.advice
            if place < begin_at:
                continue
            facts = replace(self.facts, sales=opened.sales)
            harvested = await self.harvest(run, opened.source, surroundings, judge, own_asins, opened.ad_groups, facts)
            if harvested.refused is not None:
                refused.append(harvested.refused)
                if len(refused) == len(names):
                    raise refused[0]
                harvested = await self._note(run, name, harvested)
            run = replace(
                run,
                pages=harvested.pages,
                recommendations=harvested.rows,
                troubles=harvested.troubles,
                cursor=Cursor(),
                resumed=False,
            )
        return Read(harvested, advice)

    async def _note(self, run: Run, name: str, harvested: Harvested) -> Harvested:
        """Where the run goes on is after this source: asked again, it would be refused again."""
        trouble = f"recommendations ({name}) were refused: {harvested.refused}"
        await self.runs.save_cursor(run, Cursor(source=name, finished_through=_THE_END), trouble)
        return replace(harvested, troubles=(*harvested.troubles, trouble), refused=None)

    async def _open(
        self, name: str, run: Run, reader: AccountReader, surroundings: Surroundings, rules: ProfileRules
    ) -> _Opened:
        if name == PROMOTION:
            return _Opened(reader.promotion, surroundings.account.sources())
        if name == SEARCH_TERMS:
            terms = await open_terms(self.terms, run, surroundings, rules)
            terms.source.advertised = await self._told_apart(run, surroundings, rules, terms.ad_groups)
            sold = SoldBefore(WhatSold(self.terms, surroundings.facts.profile), run, surroundings.account)
            return _Opened(terms.source, terms.ad_groups, terms.advice, sold)
        known, unknown = await self._advertised(name, run, surroundings, rules)
        if name == CATEGORIES:
            source = reader.categories(known)
        else:
            wish = rules.suggestions.products
            source = reader.products(known, Asking(by_theme=wish.by == "theme", most=wish.most))
        return _Opened(source, [each.ad_group_id for each in known], _unknown_products(name, unknown, surroundings))

    async def _advertised(
        self, name: str, run: Run, surroundings: Surroundings, rules: ProfileRules
    ) -> tuple[list[Advertised], list[str]]:
        """Ad groups that a rule looks at: those whose products are known, and the others."""
        account, profile = surroundings.account, surroundings.facts.profile
        asking = [rule for rule in rules.rules if rule.match.source == name and covers_profile(rule.match, profile)]
        wanted = [ad_group_id for ad_group_id in account.sources() if _looked_at(ad_group_id, asking, surroundings)]
        asins = await self._asins(run, surroundings, wanted)
        known = [
            Advertised(account.ad_groups[each].campaign_id, each, tuple(sorted(asins[each])))
            for each in wanted
            if asins[each]
        ]
        return known, [each for each in wanted if not asins[each]]

    async def _told_apart(
        self, run: Run, surroundings: Surroundings, rules: ProfileRules, ad_groups: Sequence[str]
    ) -> Mapping[str, tuple[str, ...]]:
        """By ad group, where the rules tell products apart: what search terms of it are about, as far as known."""
        named = named_products(rules)
        if not named:
            return {}
        asins = await self._asins(run, surroundings, ad_groups)
        return {each: told_apart(named, asins[each]) for each in ad_groups if asins[each]}

    async def _asins(
        self, run: Run, surroundings: Surroundings, wanted: Sequence[str]
    ) -> Mapping[str, AbstractSet[str]]:
        """What ad groups advertise: as their ads name it, else as rows of source promotion told.

        Those are about automatic ones; a manual one of the same products has theirs.
        """
        account = surroundings.account
        asins: defaultdict[str, set[str]] = defaultdict(set)
        for ad_group_id in wanted:
            named = account.products.get(ad_group_id, frozenset())
            asins[ad_group_id] |= {asin for each in named if (asin := asin_of(each.removeprefix("asin:")))}
        unnamed: defaultdict[str, list[str]] = defaultdict(list)
        for ad_group_id in wanted:
            for each in () if asins[ad_group_id] else (ad_group_id, *account.leading(ad_group_id)):
                unnamed[each].append(ad_group_id)
        for ad_group_id, ad_id, text in await self.runs.advertised(run.profile_id) if unnamed else ():
            asin = asin_of(text)
            if asin and ad_id in account.ads.get(ad_group_id, ()):
                for each in unnamed.get(ad_group_id, ()):
                    asins[each].add(asin)
        return asins


def _begin_at(cursor: Cursor, names: Sequence[str]) -> int:
    """The place of the source to go on with; after the last one where what follows them was begun."""
    if cursor.brands:
        return len(names)
    return names.index(cursor.source) if cursor.source else 0


_ASKED_FOR = {PRODUCTS: "product", CATEGORIES: "category"}
_THE_END = "~"
"""After every id: those are digits."""


def _looked_at(ad_group_id: str, rules: Sequence[Rule], surroundings: Surroundings) -> bool:
    place = surroundings.account.place(ad_group_id)
    return place is not None and any(covers_place(rule.match, place) for rule in rules)


def _unknown_products(name: str, ad_group_ids: Sequence[str], surroundings: Surroundings) -> tuple[str, ...]:
    """Once per ad group; of many, the first by name and the rest by number."""
    ad_groups = surroundings.account.ad_groups
    said = [
        f"Which ASINs ad group “{ad_groups[each].name}” ({each}) advertises is not known yet, so no "
        f"{_ASKED_FOR[name]} suggestions were asked for: a seller's ads hold SKUs only, and rows of source promotion "
        "tell; let a rule name it for a run"
        for each in ad_group_ids[:_MOST_NAMED]
    ]
    more = len(ad_group_ids) - _MOST_NAMED
    if more > 0:
        said.append(f"The same holds for {more} more ad groups")
    return tuple(said)
