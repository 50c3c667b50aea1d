"""All that the core needs from outside, as narrow Protocols."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from harvester.domain.candidate import EffectRecord
from harvester.domain.decision import DecidedRow, Decision
from harvester.domain.ids import Effect, Fingerprint, PlanId, ProfileId, RunId
from harvester.domain.plan import PlanCounts, PlannedAction
from harvester.domain.profile import (
    AdGroup,
    Campaign,
    Mode,
    ProductAd,
    Profile,
    PromotionGroup,
    StandingNegative,
    StandingTarget,
)
from harvester.domain.recommendation import Recommendation, RecommendationPage
from harvester.domain.run import ApiCall, Cursor, Run, RunState


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware, UTC."""
        ...


class RecommendationSource(Protocol):
    """One kind of recommendations for one profile."""

    @property
    def name(self) -> str: ...

    def pages(self, ad_group_ids: Sequence[str], token: str | None) -> AsyncIterator[RecommendationPage]:
        """From the page that `token` names to the end of the list; the page after is fetched ahead.

        Raises PageBroken when a page cannot be read or the list goes round in circles, Rejected, Unavailable.
        """
        ...


class AccountReader(Protocol):
    """Reads one profile's account. Every list comes page by page and raises what `pages` above raises."""

    @property
    def promotion(self) -> RecommendationSource: ...

    def campaigns(self) -> AsyncIterator[Sequence[Campaign]]:
        """All that are not archived."""
        ...

    def ad_groups(self) -> AsyncIterator[Sequence[AdGroup]]:
        """All that are not archived."""
        ...

    def product_ads(self) -> AsyncIterator[Sequence[ProductAd]]:
        """All that are not archived."""
        ...

    def promotion_groups(self, source_ad_group_ids: Sequence[str]) -> AsyncIterator[Sequence[PromotionGroup]]: ...

    def group_targets(self, group_ids: Sequence[str]) -> AsyncIterator[Sequence[StandingTarget]]:
        """What was made through these groups; without state or bid (state is `UNKNOWN`)."""
        ...

    def keywords(self, ad_group_ids: Sequence[str]) -> AsyncIterator[Sequence[StandingTarget]]:
        """Not archived, of any number of ad groups; asked for in batches as large as Amazon takes."""
        ...

    def targets(self, ad_group_ids: Sequence[str]) -> AsyncIterator[Sequence[StandingTarget]]:
        """Product targets of one ASIN each; category, brand and automatic clauses are left out."""
        ...

    def negative_keywords(self, ad_group_ids: Sequence[str]) -> AsyncIterator[Sequence[StandingNegative]]: ...

    def negative_targets(self, ad_group_ids: Sequence[str]) -> AsyncIterator[Sequence[StandingNegative]]:
        """Products only; brand clauses are left out."""
        ...

    def campaign_negative_keywords(self, campaign_ids: Sequence[str]) -> AsyncIterator[Sequence[StandingNegative]]: ...

    def campaign_negative_targets(self, campaign_ids: Sequence[str]) -> AsyncIterator[Sequence[StandingNegative]]: ...


class CallLog(Protocol):
    """Where the client leaves every call; `record` never waits and never fails."""

    def record(self, call: ApiCall) -> None: ...


class AdsLogin(Protocol):
    """One advertising login: finds its profiles, opens readers."""

    @property
    def account(self) -> str: ...

    async def profiles(self) -> Sequence[Profile]:
        """Those that the login can edit. Raises AccountClosed, Rejected, Unavailable, PageBroken."""
        ...

    def reader(self, profile: Profile, run_id: RunId | None) -> AccountReader: ...


class Profiles(Protocol):
    """The profiles as far as known, and what is known of each across runs."""

    async def save(self, profiles: Sequence[Profile]) -> None: ...

    async def known(self) -> Sequence[Profile]: ...

    async def own_asins(self, profile_id: ProfileId) -> set[str]:
        """ASINs seen advertised in this and earlier runs."""
        ...

    async def add_own_asins(self, profile_id: ProfileId, asins: Sequence[str]) -> None: ...


class Rulesets(Protocol):
    async def save(self, fingerprint: Fingerprint, text: str) -> None:
        """The effective rules as text, once per fingerprint."""
        ...

    async def text(self, fingerprint: Fingerprint) -> str | None: ...


class Lease(Protocol):
    """One profile, held by one process at a time in the whole fleet."""

    def hold(self, profile_id: ProfileId) -> AbstractAsyncContextManager[None]:
        """Raises Refused when another process holds it. Ends by itself when this process dies."""
        ...


class Runs(Protocol):
    """All methods but `begin` raise LeaseLost when the run's fence is no longer the newest, or it is not running."""

    async def begin(
        self, profile: Profile, *, source: str, trigger: str, mode: Mode, ruleset: Fingerprint, resume_after: datetime
    ) -> Run:
        """The interrupted run of the same rules, if one started after `resume_after`, with a new fence; else a new run.

        An interrupted run that is not taken up becomes `failed`. Only under the profile's lease.
        """
        ...

    async def recent_rows(self, run: Run, most: int) -> Sequence[Recommendation]:
        """The last rows recorded, to recognise repeats after a resume."""
        ...

    async def save_page(
        self,
        run: Run,
        first_place: int,
        rows: Sequence[tuple[Recommendation, str, Decision]],
        cursor: Cursor,
        seen_at: datetime,
    ) -> None:
        """The page's rows (with the candidate's key) and the cursor after it, in one transaction.

        `first_place` is the first row's place in the run, from 0.
        """
        ...

    async def save_cursor(self, run: Run, cursor: Cursor, trouble: str | None = None) -> None: ...

    async def finish(self, run: Run, state: RunState, error: str | None) -> None: ...


class PlanDraft(Protocol):
    """A plan being written, inside one transaction: all of it, or nothing, is kept."""

    def decided(self) -> AsyncIterator[Sequence[DecidedRow]]:
        """All rows but `duplicate` ones of one ad group and key at a time, where one says promote or negate."""
        ...

    async def stage(self, actions: Sequence[PlannedAction]) -> None: ...

    def staged(self) -> AsyncIterator[PlannedAction]:
        """In plan order: by kind, then strongest evidence first, then effect. One per effect: its `places` are those of
        all that were staged with it, the strongest first.
        """
        ...

    async def add(self, actions: Sequence[PlannedAction]) -> None:
        """In plan order, with their final state."""
        ...

    async def finish(
        self,
        *,
        complete: bool,
        mode: Mode,
        ruleset: Fingerprint,
        fingerprint: Fingerprint,
        counts: PlanCounts,
        advice: Sequence[str],
        now: datetime,
    ) -> None:
        """Unreviewed items of the profile's older plans become superseded. A plan that holds nothing is `empty`."""
        ...

    @property
    def plan_id(self) -> PlanId: ...


class Plans(Protocol):
    async def effects(self, profile_id: ProfileId, now: datetime) -> Mapping[Effect, EffectRecord]:
        """Every effect of the profile that is not free, with why."""
        ...

    async def counts(self, run_id: RunId) -> PlanCounts:
        """Of the run's decisions; `actions` and `guarded` are 0."""
        ...

    async def decided_ad_groups(self, run_id: RunId) -> Sequence[str]:
        """Source ad groups with a row that says promote or negate."""
        ...

    async def held_ad_groups(self, run_id: RunId) -> Sequence[tuple[str, str]]:
        """Source ad groups whose promotions are held for want of a destination, each with one ad that shows it."""
        ...

    async def plan_of(self, run_id: RunId) -> PlanId | None: ...

    def draft(self, run: Run) -> AbstractAsyncContextManager[PlanDraft]: ...

    async def sent_on(self, profile_id: ProfileId, since: datetime) -> tuple[int, int]:
        """Promotions and negatives sent since then (the start of the profile's day)."""
        ...
