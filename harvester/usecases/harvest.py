"""One source of a run: pull its recommendations, judge every row, record each page with the cursor after it."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import msgspec

from harvester.domain.candidate import Candidate
from harvester.domain.catalog import CatalogItem
from harvester.domain.category import key_of
from harvester.domain.decision import Decision, Outcome, Reason
from harvester.domain.errors import PageBroken, Rejected, Unavailable
from harvester.domain.history import History, Sold
from harvester.domain.reach import Reached, as_suggested, noted
from harvester.domain.recommendation import PROMOTION, WITHOUT_EVIDENCE, Recommendation, RecommendationPage
from harvester.domain.run import Cursor, Run
from harvester.domain.target import CATEGORY, KEYWORD, PRODUCT, asin_of, fold, kind_of
from harvester.ports import Clock, Profiles, Runs
from harvester.ports.sources import RecommendationSource
from harvester.usecases.behind import Behind
from harvester.usecases.surroundings import Surroundings

WINDOW = 5
"""Pages in which a repeated row is recognised."""
PAGE = 1000
MOST_UNREAD = 3
SLICE = 25
"""Rows judged before everything else gets its turn: the page before is on its way to the ledger meanwhile."""

Row = tuple[Recommendation, str, Decision]


class Judge(Protocol):
    def judge(self, candidate: Candidate) -> Decision: ...


class Facts(Protocol):
    async def __call__(self, asked: Iterable[tuple[str, str]]) -> Mapping[str, CatalogItem]:
        """What the catalog says about (target, advertised) ASINs, as far as it can be had."""
        ...

    def new_troubles(self) -> Sequence[str]:
        """Why some could not be had; each once."""
        ...


class Reach(Protocol):
    async def __call__(self, asked: Sequence[tuple[str, Recommendation]]) -> Sequence[Reached]:
        """What the rules named make of suggested categories, in the order of (rule, row) pairs."""
        ...

    def new_troubles(self) -> Sequence[str]:
        """Why some could not be counted; each once."""
        ...


LookBack = Callable[[Sequence[tuple[str, str, str]]], Awaitable[Mapping[tuple[str, str, str], Sold]]]
"""Of (campaign, ad group, key), those that ever brought orders, or a close variant did."""


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What is found out about candidates where a rule asks for it."""

    catalog: Facts | None = None
    reach: Reach | None = None
    sales: LookBack | None = None
    """Of search terms only."""

    def new_troubles(self) -> Sequence[str]:
        return [each for source in (self.catalog, self.reach) if source for each in source.new_troubles()]


NOTHING_LOOKED_UP = LookedUp()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is, for whoever watches."""

    batches: int
    batches_done: int
    pages: int
    rows: int


@dataclass(frozen=True, slots=True)
class Harvested:
    """What a run has read so far; with troubles, not everything."""

    pages: int
    rows: int
    troubles: tuple[str, ...]
    refused: Rejected | None = None
    """Amazon refused this source for good; nothing is recorded of that yet."""


class _Recent:
    """The rows of the last pages, to recognise one that comes again."""

    def __init__(self, rows: Sequence[Recommendation]) -> None:
        self._known = {_identity(row) for row in rows}
        self._pages = deque([set(self._known)])

    def repeats(self, rows: Sequence[Recommendation]) -> Sequence[bool]:
        """Opens a page: which of its rows came before, in it or in the last pages."""
        if len(self._pages) > WINDOW:
            self._known -= self._pages.popleft()
        known, identities = self._known, [_identity(row) for row in rows]
        first = dict(zip(reversed(identities), range(len(identities) - 1, -1, -1), strict=True))
        repeated = [first[identity] != place or identity in known for place, identity in enumerate(identities)]
        fresh = first.keys() - known
        known |= fresh
        self._pages.append(fresh)
        return repeated


def _identity(row: Recommendation) -> tuple[str | None, ...]:
    """Without evidence, what is said of a target is part of it: the same product under another theme is another row."""
    said = row.evidence_note if row.source in WITHOUT_EVIDENCE else None
    return (row.campaign_id, row.ad_group_id, row.ad_id, row.target, row.target_type, said)


@dataclass(frozen=True)
class Harvest:
    runs: Runs
    profiles: Profiles
    clock: Clock
    watch: Callable[[Run, Progress], None] = field(default=lambda _run, _progress: None)

    async def __call__(
        self,
        run: Run,
        source: RecommendationSource,
        surroundings: Surroundings,
        judge: Judge,
        own_asins: set[str],
        ad_groups: Sequence[str] | None = None,
        facts: LookedUp = NOTHING_LOOKED_UP,
    ) -> Harvested:
        """From the run's cursor to the end of the source. `own_asins` grows with what the rows advertise.

        A list that breaks off ends that batch of ad groups, an Amazon that stays unavailable ends the source; both are
        troubles of the result. Whatever else fails is raised: a lost lease, a supporting list.
        """
        work = _Work(run, source, surroundings, judge, own_asins, self.profiles, facts)
        await work.remember(self.runs)
        asked = surroundings.account.sources() if ad_groups is None else sorted(ad_groups)
        batches = _batches(asked, run.cursor, source)
        for done, (ids, token) in enumerate(batches):
            trouble = None
            async with aclosing(source.pages(ids, token)) as pages, Behind() as ledger:
                while True:
                    try:
                        page = await anext(pages, None)
                    except Rejected as refused:
                        return work.harvested(refused)
                    except (PageBroken, Unavailable) as error:
                        trouble = work.broke_off(error, ids)
                        break
                    if page is None:
                        break
                    await self._take(work, page, ids, ledger)
                    self.watch(run, Progress(len(batches), done, work.pages, work.rows))
            work.finished_through = ids[-1]
            cursor = Cursor(source=source.name, finished_through=ids[-1])
            await self.runs.save_cursor(run, cursor, trouble)
            self.watch(run, Progress(len(batches), done + 1, work.pages, work.rows))
            if work.over:
                break
        return work.harvested()

    async def _take(self, work: "_Work", page: RecommendationPage, ids: Sequence[str], ledger: Behind) -> None:
        rows = await work.judged(page)
        cursor = work.cursor_after(page, ids)
        unreadable = [f"{page.unreadable} items of a page were no recommendations"] if page.unreadable else []
        trouble = "; ".join([*unreadable, *work.facts.new_troubles()]) or None
        now = self.clock.now()
        await ledger.begin(partial(self.runs.save_page, work.run, work.rows, rows, cursor, now, trouble))
        work.pages += 1
        work.rows += len(rows)
        work.unread = 0
        if trouble:
            work.troubles.append(trouble)


@dataclass
class _Work:
    """What one harvest carries from page to page."""

    run: Run
    source: RecommendationSource
    surroundings: Surroundings
    judge: Judge
    own_asins: set[str]
    profiles: Profiles
    facts: LookedUp = NOTHING_LOOKED_UP
    pages: int = 0
    rows: int = 0
    troubles: list[str] = field(default_factory=list)
    recent: _Recent = field(default_factory=lambda: _Recent(()))
    finished_through: str = ""
    unread: int = 0
    """Batches in a row whose answers nobody could read, each asked for again and again."""
    over: bool = False
    """Nobody waits for this source any more."""

    async def remember(self, runs: Runs) -> None:
        self.pages, self.rows = self.run.pages, self.run.recommendations
        self.troubles.extend(self.run.troubles)
        if self.run.cursor.source in ("", self.source.name):
            self.finished_through = self.run.cursor.finished_through
        if self.run.resumed:
            recent = await runs.recent_rows(self.run, WINDOW * PAGE)
            mine = [row for row in recent if row.source == self.source.name]
            self.recent = _Recent([msgspec.structs.replace(row, evidence_note=_said(row)) for row in mine])

    def broke_off(self, error: PageBroken | Unavailable, ids: Sequence[str]) -> str:
        """The trouble that it is."""
        self.unread += isinstance(error, PageBroken) and error.waited
        self.over = isinstance(error, Unavailable) or self.unread >= MOST_UNREAD
        more = "; no more of it is asked for" if self.over and isinstance(error, PageBroken) else ""
        self.troubles.append(f"{_what(self.source)} of {len(ids)} ad groups broke off: {error}{more}")
        return self.troubles[-1]

    def harvested(self, refused: Rejected | None = None) -> Harvested:
        return Harvested(self.pages, self.rows, tuple(self.troubles), refused)

    def cursor_after(self, page: RecommendationPage, ids: Sequence[str]) -> Cursor:
        """Where a token does not last, a batch counts as not begun until it is done."""
        name = self.source.name
        if page.next_token is None:
            return Cursor(source=name, finished_through=ids[-1])
        if self.source.tokens_last:
            return Cursor(source=name, batch=tuple(ids), token=page.next_token)
        return Cursor(source=name, finished_through=self.finished_through)

    async def judged(self, page: RecommendationPage) -> list[Row]:
        await self.surroundings.cover({row.ad_group_id for row in page.rows})
        await self._note_own_asins(page.rows)
        repeats = self.recent.repeats(page.rows)
        ground, judge = self.surroundings.ground, self.judge.judge
        histories = page.histories or (None,) * len(page.rows)
        rows: list[Row] = []
        for start in range(0, len(page.rows), SLICE):
            part = slice(start, start + SLICE)
            for row, repeated, history in zip(page.rows[part], repeats[part], histories[part], strict=True):
                kind = kind_of(row.target_type)
                key = fold(row.target) if kind is KEYWORD else key_of(kind, row.target)
                ad = ground(row.ad_group_id, row.ad_id)
                rows.append((row, key, judge(Candidate(row, ad, kind, key, repeated, history=history))))
            await asyncio.sleep(0)
        catalog: Mapping[int, Mapping[str, CatalogItem]] = {}
        if self.facts.catalog is not None:
            catalog = await self._judge_again(rows, histories, self.facts.catalog)
        if self.facts.reach is not None:
            await self._count(rows, self.facts.reach)
        if self.facts.sales is not None:
            await self._judge_by_sales(rows, histories, self.facts.sales, catalog)
        return rows

    async def _judge_by_sales(
        self,
        rows: list[Row],
        histories: Sequence[History | None],
        look_back: LookBack,
        catalog: Mapping[int, Mapping[str, CatalogItem]],
    ) -> None:
        """Those that a rule would negate, with the orders that they ever brought, where they did."""
        asked = {
            place: (row.campaign_id, row.ad_group_id, key)
            for place, (row, key, decision) in enumerate(rows)
            if decision.outcome is Outcome.NEGATE
        }
        sold = await look_back(sorted(set(asked.values()))) if asked else {}
        for place, term in asked.items():
            history = histories[place]
            if history is None or term not in sold:
                continue
            history = msgspec.structs.replace(history, sold=sold[term])
            self._judge_with(rows, place, catalog=catalog.get(place), history=history)

    async def _judge_again(
        self, rows: list[Row], histories: Sequence[History | None], facts: Facts
    ) -> Mapping[int, Mapping[str, CatalogItem]]:
        """With catalog facts, those that no rule could decide without; they are products, and no repeated rows.

        By place: what they were judged with.
        """
        waiting = [
            place
            for place, (row, _, decision) in enumerate(rows)
            if decision.reason == Reason.MISSING_FACTS and kind_of(row.target_type) is PRODUCT
        ]
        if not waiting:
            return {}
        items = await facts((rows[place][1], each) for place in waiting for each in rows[place][0].advertised)
        for place in waiting:
            self._judge_with(rows, place, catalog=items, history=histories[place])
        return dict.fromkeys(waiting, items)

    async def _count(self, rows: list[Row], reach: Reach) -> None:
        """What rules make of categories, each asked about when its turn comes: an earlier rule may decide."""
        found: dict[int, dict[str, Reached]] = {}
        while True:
            waiting = [
                (place, decision.rule)
                for place, (row, _, decision) in enumerate(rows)
                if decision.reason == Reason.MISSING_FACTS
                and kind_of(row.target_type) is CATEGORY
                and decision.rule not in found.get(place, ())
            ]
            if not waiting:
                break
            made = await reach([(rule, rows[place][0]) for place, rule in waiting])
            for (place, rule), reached in zip(waiting, made, strict=True):
                known = found.setdefault(place, {})
                known[rule] = reached
                self._judge_with(rows, place, reached=known)
        for place, known in found.items():
            row, key, decision = rows[place]
            reached_by_rule = known.get(decision.rule)
            if decision.outcome is Outcome.PROMOTE and reached_by_rule is not None:
                note = noted(row.evidence_note, reached_by_rule)
                rows[place] = (msgspec.structs.replace(row, evidence_note=note), key, decision)

    def _judge_with(
        self,
        rows: list[Row],
        place: int,
        *,
        catalog: Mapping[str, CatalogItem] | None = None,
        reached: Mapping[str, Reached] | None = None,
        history: History | None = None,
    ) -> None:
        """One row once more, with what was found out about it since."""
        row, key, _ = rows[place]
        ground, kind = self.surroundings.ground(row.ad_group_id, row.ad_id), kind_of(row.target_type)
        candidate = Candidate(row, ground, kind, key, catalog=catalog, reached=reached, history=history)
        rows[place] = (row, key, self.judge.judge(candidate))

    async def _note_own_asins(self, rows: Sequence[Recommendation]) -> None:
        fresh = {asin for text in {row.ad_asin for row in rows} if (asin := asin_of(text))} - self.own_asins
        if fresh:
            await self.profiles.add_own_asins(self.run.profile_id, sorted(fresh))
            self.own_asins |= fresh


def _said(row: Recommendation) -> str | None:
    """What the source said, without what a rule made of it."""
    return as_suggested(row.evidence_note) if row.source in WITHOUT_EVIDENCE else row.evidence_note


def _what(source: RecommendationSource) -> str:
    return "recommendations" if source.name == PROMOTION else f"recommendations ({source.name})"


def _batches(
    sources: Sequence[str], cursor: Cursor, source: RecommendationSource
) -> list[tuple[tuple[str, ...], str | None]]:
    """What is still to be read, with the page token to begin from."""
    if cursor.source not in ("", source.name):
        cursor = Cursor()
    size = source.most_ad_groups
    batches: list[tuple[tuple[str, ...], str | None]] = []
    through = cursor.finished_through
    if cursor.batch:
        batches.append((cursor.batch, cursor.token))
        through = cursor.batch[-1]
    rest = [source for source in sources if source > through]
    batches.extend((tuple(rest[start : start + size]), None) for start in range(0, len(rest), size))
    return batches
