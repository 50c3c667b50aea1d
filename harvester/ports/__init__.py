"""All that the core needs from outside, as narrow Protocols."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from harvester.domain.action import Standing
from harvester.domain.candidate import EffectRecord
from harvester.domain.decision import DecidedRow, Decision
from harvester.domain.ids import Effect, Fingerprint, PlanId, ProfileId, RunId
from harvester.domain.outcome import ItemOutcome, Reply
from harvester.domain.plan import PlanCounts, PlannedAction
from harvester.domain.profile import (
    AdGroup,
    Campaign,
    FoundProfiles,
    Mode,
    ProductAd,
    Profile,
    PromotionGroup,
    StandingNegative,
    StandingTarget,
)
from harvester.domain.recommendation import Recommendation
from harvester.domain.review import Review, Reviewed, Selection
from harvester.domain.run import ApiCall, Cursor, Run, RunState
from harvester.domain.suggestion import Advertised, Asking
from harvester.ports.bids import BidSuggestions, DecidedRows
from harvester.ports.categories import ProductCounts
from harvester.ports.sources import RecommendationSource
from harvester.rules.requests import Request


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware, UTC."""
        ...


class AccountReader(BidSuggestions, ProductCounts, Protocol):
    """Reads one profile's account. Every list comes page by page and raises what `pages` above raises."""

    @property
    def unreadable(self) -> Mapping[str, int]:
        """List -> how many of its items, so far, were not what the list should hold. They were left out."""
        ...

    @property
    def promotion(self) -> RecommendationSource: ...

    def products(self, advertised: Sequence[Advertised], asking: Asking) -> RecommendationSource:
        """Product suggestions for these ad groups."""
        ...

    def categories(self, advertised: Sequence[Advertised]) -> RecommendationSource:
        """Category suggestions for these ad groups."""
        ...

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
        """Product targets of one ASIN each, and categories; brand and automatic clauses are left out."""
        ...

    def negative_keywords(self, ad_group_ids: Sequence[str]) -> AsyncIterator[Sequence[StandingNegative]]: ...

    def negative_targets(self, ad_group_ids: Sequence[str]) -> AsyncIterator[Sequence[StandingNegative]]:
        """Products and brands."""
        ...

    def campaign_negative_keywords(self, campaign_ids: Sequence[str]) -> AsyncIterator[Sequence[StandingNegative]]: ...

    def campaign_negative_targets(self, campaign_ids: Sequence[str]) -> AsyncIterator[Sequence[StandingNegative]]: ...


class CallLog(Protocol):
    """Where the client leaves every call; `record` never waits and never fails."""

    def record(self, call: ApiCall) -> str | None:
        """The call's id in the ledger, if that is known already."""
        ...


class AdsLogin(Protocol):
    """One advertising login: finds its profiles, opens readers."""

    @property
    def account(self) -> str: ...

    async def profiles(self) -> FoundProfiles:
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

    async def ended(
        self, profile_id: ProfileId, trigger: str, mode: Mode, ruleset: Fingerprint, begun: datetime, ended: datetime
    ) -> tuple[RunId, PlanId, Sequence[str]] | None:
        """The last run of these, begun and ended well since then, that has its plan; and its troubles."""
        ...

    async def recent_rows(self, run: Run, most: int) -> Sequence[Recommendation]:
        """The last rows recorded, to recognise repeats after a resume."""
        ...

    async def advertised(self, profile_id: ProfileId) -> Sequence[tuple[str, str, str]]:
        """Ad group, ad, and the ASIN that it advertises, as the profile's last runs saw them."""
        ...

    async def save_page(
        self,
        run: Run,
        first_place: int,
        rows: Sequence[tuple[Recommendation, str, Decision]],
        cursor: Cursor,
        seen_at: datetime,
        trouble: str | None = None,
    ) -> None:
        """The page's rows (with the candidate's key), the cursor after it and its trouble, in one transaction.

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


class AccountWriter(Protocol):
    """Writes to one profile's account. There is one only where the mode allows writing."""

    async def send(self, request: Request, plan_id: PlanId, gate: Callable[[], Awaitable[None]]) -> Reply:
        """One call, one outcome per item of it; never repeated unless the answer proves that nothing was done.

        `gate` is awaited immediately before each attempt is written to the socket; what it raises comes out of here,
        and then this attempt was not made (earlier ones were proven undone).
        """
        ...


class Actions(Protocol):
    """Every change of an action's state: checked against its state before, and recorded with it.

    Methods that take a fence raise LeaseLost when a newer one exists.
    """

    async def review(self, review: Review, selection: Selection, two_person: Collection[str]) -> Reviewed:
        """`two_person`: kinds that are approved only when a second person agrees; `create_group` means those that
        create campaigns. A group's verdict is not its targets'.
        """
        ...

    async def edit_bid(self, review: Review, action_id: str, bid: str, formula: str, fragment: str) -> Fingerprint:
        """The plan's new fingerprint. An approved item becomes planned again."""
        ...

    async def take_fence(self, profile_id: ProfileId) -> int:
        """Only under the profile's lease. Whatever an older fence left `sending` becomes `unknown`."""
        ...

    async def fingerprint(self, plan_id: PlanId) -> tuple[ProfileId, Fingerprint] | None:
        """Whose plan it is, and the fingerprint that covers its items as they are now, edits included."""
        ...

    async def in_state(
        self, profile_id: ProfileId, states: Collection[str], plan_id: PlanId | None
    ) -> Sequence[Standing]:
        """In plan order."""
        ...

    async def action(self, action_id: str) -> Standing | None: ...

    async def approve_automatically(
        self, plan_id: PlanId, rules: Collection[str], ruleset: Fingerprint, at: datetime, expires_at: datetime
    ) -> Sequence[str]:
        """The plan's `planned` items of these rules, reviewed by `auto:<rule>`; never a group that makes campaigns, and
        never an item that a person has edited: its bid is not the rule's. None of a plan made under another rule set.
        """
        ...

    async def retract_automatic(self, plan_id: PlanId, ruleset: Fingerprint, at: datetime) -> Sequence[str]:
        """What `auto:<rule>` approved of a plan made under another rule set waits again, as `rules_changed`."""
        ...

    async def ruleset(self, plan_id: PlanId) -> Fingerprint | None: ...

    async def expire(self, plan_id: PlanId, now: datetime) -> Sequence[str]:
        """Approved items whose approval has run out become planned again."""
        ...

    async def paused(self, profile_id: ProfileId, fence: int | None = None) -> str | None:
        """Why nothing may be sent now (this profile, or all, are paused, and by whom); None: go on.

        With a fence, raises LeaseLost when a newer one exists.
        """
        ...

    async def pause(self, profile_id: ProfileId | None, by: str, paused: bool) -> None: ...

    async def begin_sending(self, action_ids: Sequence[str], fence: int, at: datetime) -> int:
        """All of them `sending`, committed, with the number of the call that will carry them, at these positions.

        Raises Refused when one of them is no longer approved, or its approval has run out.
        """
        ...

    async def settle(
        self,
        action_ids: Sequence[str],
        outcomes: Sequence[ItemOutcome],
        calls: Sequence[ApiCall],
        call_number: int,
        fence: int,
        at: datetime,
    ) -> None:
        """The outcome of each, and the call itself, in one transaction.

        Made with an id: done, and what it undoes is undone. Made without: unknown until its id is found. TurnedDown:
        refused. NotSent: approved again. Unsure: unknown.
        """
        ...

    async def mark_stale(self, moved: Sequence[tuple[str, str]], fence: int, at: datetime) -> None:
        """Item id, and what moved (before and after, in words)."""
        ...

    async def say_why(self, waiting: Sequence[tuple[str, str]], fence: int) -> None:
        """Item id, and why it is approved and not sent: for whoever looks at it. It stays approved."""
        ...

    async def settle_unknown(self, found: Sequence[tuple[str, ItemOutcome]], fence: int, at: datetime) -> None:
        """As a listing tells. Made: done. NotSent: approved again while its approval holds, else stale.

        TurnedDown: refused.
        """
        ...


class Plans(DecidedRows, Protocol):
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
        """Source ad groups whose promotions are held for want of a destination, each with every ad that shows it."""
        ...

    async def plan_of(self, run_id: RunId) -> PlanId | None: ...

    def draft(self, run: Run) -> AbstractAsyncContextManager[PlanDraft]: ...

    async def sent_on(self, profile_id: ProfileId, since: datetime) -> tuple[int, int]:
        """Promotions and negatives sent since then (the start of the profile's day), or approved and about to be."""
        ...
