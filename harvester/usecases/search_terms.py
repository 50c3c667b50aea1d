"""Search terms as a source of a run: page by page from the recorded reports, with the figures of every window."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from operator import attrgetter

from harvester.domain.coverage import Read, Stretches, gaps_of, stretches_of
from harvester.domain.history import (
    NOTHING,
    Around,
    Gap,
    History,
    Totals,
    Window,
)
from harvester.domain.profile import Profile
from harvester.domain.recommendation import SEARCH_TERMS, Recommendation, RecommendationPage
from harvester.domain.run import Run
from harvester.domain.target import KEYWORD, PRODUCT, asin_of
from harvester.domain.zones import zone
from harvester.ports.search_terms import SearchTerms, TermPart
from harvester.rules.checks.windowed import window_name
from harvester.rules.counting import plural
from harvester.rules.ruleset import ProfileRules
from harvester.rules.scope import covers_place, covers_profile
from harvester.rules.term_notes import note_of, tail_of_note
from harvester.rules.windows import default_window, windows_of
from harvester.usecases.account_map import serves
from harvester.usecases.surroundings import Surroundings

PAGE = 1000
_PARTS_AT_ONCE = 20_000
"""More than one term of an ad group ever has: it holds at most a thousand keywords."""
_BEFORE_ALL = ""


@dataclass(frozen=True, slots=True)
class OpenedTerms:
    """The source, which ad groups it is asked for, and how old its evidence is."""

    source: "SearchTermSource"
    ad_groups: Sequence[str]
    advice: tuple[str, ...]


async def open_terms(terms: SearchTerms, run: Run, surroundings: Surroundings, rules: ProfileRules) -> OpenedTerms:
    """Of enabled ad groups, automatic and manual, that a rule looks at."""
    profile, account = surroundings.facts.profile, surroundings.account
    local = zone(profile.timezone)
    today = run.started_at.astimezone(local).date()
    default = default_window(profile)
    asking = [rule for rule in rules.rules if rule.match.source == SEARCH_TERMS and covers_profile(rule.match, profile)]
    windows = (default, *sorted(windows_of(rules, profile) - {default}))
    read = {day: at.astimezone(local).date() for day, at in (await terms.days_read(profile.profile_id)).items()}
    unread = await terms.days_in_part(profile.profile_id)
    whole = {day: on for day, on in read.items() if "" not in unread.get(day, ())}
    gaps = gaps_of(windows, whole, today)
    looked_at = [
        ad_group_id
        for ad_group_id in sorted(account.ad_groups)
        if (place := account.place(ad_group_id)) is not None
        and serves(place)
        and any(covers_place(rule.match, place) for rule in asking)
    ]
    of_campaign = {
        campaign_id: gaps_of(
            windows, {day: on for day, on in whole.items() if campaign_id not in unread.get(day, ())}, today
        )
        for campaign_id in {each for campaigns in unread.values() for each in campaigns if each}
    }
    of_ad_group = {
        each: of_campaign[campaign_id]
        for each in looked_at
        if (campaign_id := account.ad_groups[each].campaign_id) in of_campaign
    }
    source = SearchTermSource(terms, profile, today, default, windows, gaps, frozenset(looked_at), of_ad_group)
    advice = (*told_age(windows, whole, gaps, today), *told_unread(windows, unread, today))
    return OpenedTerms(source, looked_at, advice)


def told_age(windows: Sequence[Window], read: Read, gaps: Mapping[Window, Gap], today: date) -> tuple[str, ...]:
    """How old the evidence is, and what of it is missing; the default window comes first."""
    if not read:
        return (_NO_REPORTS,)
    first, last = min(window.first(today) for window in windows), max(window.last(today) for window in windows)
    within = [day for day in read if first <= day <= last]
    told = (
        f"Search terms were judged by reports of {min(within)} to {max(within)}: {len(within)} of "
        f"{(last - first).days + 1} days, last asked for on {max(read[day] for day in within)}"
        if within
        else f"No search term could be judged: the days of {first} to {last} are in no report that was read"
    )
    return (told, *(_told_gap(window, gap) for window, gap in gaps.items()))


def _told_gap(window: Window, gap: Gap) -> str:
    lacks = []
    if gap.missing:
        lacks.append(f"{plural(gap.missing, 'day')} in no report")
    if gap.immature:
        lacks.append(f"{plural(gap.immature, 'day')} read before their orders were complete")
    return (
        f"Window {window_name(window)} of search terms has {' and '.join(lacks)}, the first {gap.first_day}: what a "
        "rule needs it for is held until they are read"
    )


def told_unread(windows: Sequence[Window], unread: Mapping[date, Collection[str]], today: date) -> tuple[str, ...]:
    """Which days in their windows are held because rows of them could not be read."""
    first, last = min(window.first(today) for window in windows), max(window.last(today) for window in windows)
    within = {day: campaigns for day, campaigns in unread.items() if first <= day <= last}
    if not within:
        return ()
    campaigns = {each for found in within.values() for each in found}
    whose = "nobody knows of which campaigns" if "" in campaigns else f"of {plural(len(campaigns), 'campaign')}"
    told = f"Rows of the reports of {plural(len(within), 'day')} could not be read, the first {min(within)}, {whose}"
    return (f"{told}: what rules need those days for is held there; they are asked for again",)


_NO_REPORTS = (
    "No report of search terms is in for this profile yet, so none were judged: `harvester plan` asks Amazon for them "
    "and waits, and the service fetches them by itself"
)


@dataclass
class SearchTermSource:
    """One run's: `today` is the profile's day on which it began, so that a resumed one goes on as it began."""

    terms: SearchTerms
    profile: Profile
    today: date
    default: Window
    """Whose clicks and orders are those of the row."""
    windows: Sequence[Window]
    """The default one first."""
    gaps: Mapping[Window, Gap]
    looked_at: AbstractSet[str]
    """Ad groups that a rule looks at: of others nothing is read."""
    gaps_there: Mapping[str, Mapping[Window, Gap]] = field(default_factory=dict)
    """Of ad groups of whose campaign rows could not be read."""
    page_size: int = PAGE
    parts_at_once: int = _PARTS_AT_ONCE
    advertised: Mapping[str, tuple[str, ...]] = field(default_factory=dict, init=False)
    """By ad group: its products, where the rules tell them apart."""
    name: str = field(default=SEARCH_TERMS, init=False)
    most_ad_groups: int = field(default=200, init=False)
    tokens_last: bool = field(default=True, init=False)
    _around: Mapping[str, Around] | None = field(default=None, init=False)

    async def pages(self, ad_group_ids: Sequence[str], token: str | None) -> AsyncGenerator[RecommendationPage, None]:
        """In the order of ad group and key; a token is the place of the last row before it."""
        stretches = stretches_of(self.windows, self.today)
        around = await self._shared(stretches)
        making, wanted = _Making(self, stretches, around), around.keys() & set(ad_group_ids)
        rows: list[tuple[Recommendation, History]] = []
        place: tuple[str, str] | None = None
        async for parts in self._chunks(stretches, ad_group_ids, token):
            for (ad_group_id, key), mine in groupby(parts, key=_place_of):
                made = making.row(list(mine)) if ad_group_id in wanted else None
                if made is None:
                    continue
                if len(rows) >= self.page_size and place is not None:
                    yield _page(rows, " ".join(place))
                    rows = []
                rows.append(made)
                place = (ad_group_id, key)
        if rows:
            yield _page(rows, None)

    async def _shared(self, stretches: Stretches) -> Mapping[str, Around]:
        """By ad group; read once, for those that are looked at."""
        if self._around is None:
            of_profile: dict[int, Totals] = {}
            wanted: dict[str, Mapping[int, Totals]] = {}
            totals = await self.terms.ad_group_totals(self.profile.profile_id, stretches.starts)
            for ad_group_id, sums in totals.items():
                for stretch, each in sums.items():
                    of_profile[stretch] = of_profile.get(stretch, NOTHING).plus(each)
                if ad_group_id in self.looked_at:
                    wanted[ad_group_id] = sums
            everywhere = stretches.summed(of_profile)
            self._around = {
                ad_group_id: Around(
                    stretches.summed(sums), everywhere, self.gaps_there.get(ad_group_id, self.gaps), self.today
                )
                for ad_group_id, sums in wanted.items()
            }
        return self._around

    async def _chunks(
        self, stretches: Stretches, ad_group_ids: Sequence[str], token: str | None
    ) -> AsyncGenerator[Sequence[TermPart], None]:
        """All parts of a term together; the next ones are read while these are judged."""
        after = _after(token) if token is not None else (min(ad_group_ids), _BEFORE_ALL)
        through, most = max(ad_group_ids), self.parts_at_once
        reading = asyncio.create_task(self._read(stretches, after, through, most))
        try:
            while len(parts := await reading) == most:
                last = _place_of(parts[-1])
                whole = [part for part in parts if _place_of(part) != last]
                if whole:
                    after = _place_of(whole[-1])
                else:
                    most *= 2
                reading = asyncio.create_task(self._read(stretches, after, through, most))
                yield whole
            yield parts
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, stretches: Stretches, after: tuple[str, str], through: str, most: int) -> Sequence[TermPart]:
        return await self.terms.parts(self.profile.profile_id, stretches.starts, after, through, most)


_place_of = attrgetter("ad_group_id", "key")


def _after(token: str) -> tuple[str, str]:
    ad_group_id, _, key = token.partition(" ")
    return ad_group_id, key


def _page(rows: Sequence[tuple[Recommendation, History]], token: str | None) -> RecommendationPage:
    return RecommendationPage([row for row, _ in rows], token, histories=[history for _, history in rows])


class _Making:
    """From the parts of a term to its row."""

    def __init__(self, source: SearchTermSource, stretches: Stretches, around: Mapping[str, Around]) -> None:
        self._source = source
        self._stretches = stretches
        self._around = around
        self._names = {window_name(window): window for window in source.windows}
        self._tails: dict[tuple[str, str, int], str] = {}

    def row(self, parts: Sequence[TermPart]) -> tuple[Recommendation, History] | None:
        """None where nothing of it lies in any window."""
        windows = self._stretches.summed(_by_stretch(parts))
        if not windows:
            return None
        first, source = parts[0], self._source
        is_product = first.key == asin_of(first.key)
        counted = windows.get(source.default, NOTHING)
        row = Recommendation(
            source=SEARCH_TERMS,
            campaign_id=first.campaign_id,
            ad_group_id=first.ad_group_id,
            ad_id="",
            ad_asin="",
            target=first.key if is_product else first.term,
            target_type=_PRODUCT if is_product else _KEYWORD,
            clicks=float(counted.clicks),
            conversions=float(counted.orders),
            evidence_note=note_of(self._names, windows, self._tail(parts)),
            asked_for=source.advertised.get(first.ad_group_id, ()),
        )
        return row, History(windows, self._around[first.ad_group_id])

    def _tail(self, parts: Sequence[TermPart]) -> str:
        leader, keywords = parts[0], 1
        if len(parts) > 1:
            spent: dict[str, int] = {}
            for part in parts:
                spent[part.keyword_id] = spent.get(part.keyword_id, 0) + part.totals.cost
            most = max(spent, key=spent.__getitem__)
            leader, keywords = next(part for part in parts if part.keyword_id == most), len(spent)
        shared = (leader.ad_group_id, leader.keyword_id, keywords)
        tail = self._tails.get(shared)
        if tail is None:
            if len(self._tails) >= _MOST_TAILS:
                self._tails.clear()
            tail = self._tails[shared] = tail_of_note(
                leader.keyword_id,
                leader.match_type,
                leader.targeting,
                self._source.profile.currency,
                keywords,
                self._source.advertised.get(leader.ad_group_id, ()),
                self._around[leader.ad_group_id],
            )
        return tail


_MOST_TAILS = 4096
_KEYWORD, _PRODUCT = KEYWORD.upper(), PRODUCT.upper()


def _by_stretch(parts: Sequence[TermPart]) -> Mapping[int, Totals]:
    if len(parts) == 1:
        return {parts[0].stretch: parts[0].totals}
    sums: dict[int, Totals] = {}
    for part in parts:
        before = sums.get(part.stretch)
        sums[part.stretch] = part.totals if before is None else before.plus(part.totals)
    return sums
