"""From a run's decisions to a stored plan: fold, guard, fingerprint; all of it or nothing."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from harvester.domain.action import ActionKind, ActionState
from harvester.domain.candidate import Destination, Ground, NewGroup, NoDestination, Place
from harvester.domain.decision import Reason
from harvester.domain.fingerprint import fingerprint_line
from harvester.domain.ids import Fingerprint, PlanId
from harvester.domain.plan import PlanCounts, PlannedAction
from harvester.domain.profile import Mode, Profile
from harvester.domain.recommendation import SEARCH_TERMS
from harvester.domain.run import Run
from harvester.domain.target import Level
from harvester.domain.zones import zone
from harvester.ports import Clock, PlanDraft, Plans
from harvester.ports.negatives import PlanHistories
from harvester.ports.search_terms import SearchTerms
from harvester.rules.groups import entry_for, group_for
from harvester.rules.guard import Guard
from harvester.rules.planner import GroupsInUse, fold
from harvester.rules.ruleset import ProfileRules
from harvester.rules.suggestions import Suggestions
from harvester.usecases.account_map import ENABLED, MANUAL, AccountMap, serves
from harvester.usecases.blast_radius import BlastRadius
from harvester.usecases.conflicts import OwnTargets
from harvester.usecases.direct import direct_destination
from harvester.usecases.follow_up import due_negatives
from harvester.usecases.plan_brands import NO_BRANDS, BrandPlan
from harvester.usecases.reviews_due import due_reviews
from harvester.usecases.sold_before import WhatSold
from harvester.usecases.sold_there import SoldThere
from harvester.usecases.suggest_bids import SuggestBids, advice_on
from harvester.usecases.surroundings import Surroundings

_BATCH = 1000
"""Items written at a time: memory stays flat, however large the plan."""


@dataclass(frozen=True, slots=True)
class RulesOnTheGround:
    """What the rules in force say about places."""

    rules: ProfileRules
    profile: Profile

    @property
    def promotes(self) -> bool:
        return any(rule.then.promote is not None for rule in self.rules.rules)

    @property
    def negates(self) -> bool:
        return any(rule.then.negate is not None for rule in self.rules.rules)

    @property
    def negates_terms(self) -> bool:
        return any(each.then.negate is not None and each.match.source == SEARCH_TERMS for each in self.rules.rules)

    def new_destination(self, source: Place, account: AccountMap) -> Destination | NoDestination:
        """As the rules file's `groups` say; existing ad groups must advertise what the source does."""
        entry = entry_for(self.rules, source, self.profile)
        if entry is not None and entry.without_group is not None:
            return direct_destination(entry, entry.without_group.product_ad_group, source, account)
        if source.campaign.targeting == MANUAL:
            return NoDestination(Reason.NO_DESTINATION, _no_leading(source))
        new = group_for(self.rules, source, self.profile)
        if isinstance(new, NoDestination):
            return new
        if new.makes_campaigns:
            return Destination(None, None, None, new, (_waiting_for_group(source),))
        keyword, product = self._existing(new, "keyword"), self._existing(new, "product")
        for ad_group_id in filter(None, (keyword, product)):
            reason = _unfit(ad_group_id, source, account)
            if reason:
                return NoDestination(Reason.NO_DESTINATION, f"{reason}: correct its entry under `groups`{_line(new)}.")
        gaps = tuple(
            f"The entry under `groups`{_line(new)} for ad group {source.ad_group.ad_group_id} "
            f"(`{source.ad_group.name}`) names no {what}_ad_group, so {what}s are held: add one there."
            for what, ad_group_id in (("keyword", keyword), ("product", product))
            if ad_group_id is None
        )
        return Destination(None, account.place(keyword), account.place(product), new, gaps)

    def for_suggestions(self, source: Place, account: AccountMap) -> Destination | NoDestination | None:
        """Keywords of such an ad group go through its promotion groups all the same."""
        entry = entry_for(self.rules, source, self.profile)
        if entry is None or entry.without_group is None:
            return None
        return direct_destination(entry, entry.without_group.product_ad_group, source, account)

    @staticmethod
    def _existing(new: NewGroup, what: str) -> str | None:
        details = new.request["existingCampaignDetails"]
        assert isinstance(details, Mapping)
        ids = details.get(f"{what}CampaignAdGroupIds")
        return str(ids[0]) if ids else None


def _no_leading(source: Place) -> str:
    return (
        f"Manual ad group “{source.ad_group.name}” ({source.ad_group.ad_group_id}) promotes through the group "
        "of an automatic ad group that advertises the same products, and there is none: make one in the advertising "
        "console, or through the rules file's `groups` where there is such an ad group"
    )


def _line(new: NewGroup) -> str:
    return f" (line {new.line} of the rules file)" if new.line else ""


def _waiting_for_group(source: Place) -> str:
    """Said where something is held: keywords and products are not, for they go through the group."""
    return (
        f"Category targets of ad group {source.ad_group.ad_group_id} (`{source.ad_group.name}`) have no ad group to go "
        "to before its promotion group is made: apply that, and a later plan has them."
    )


def _unfit(ad_group_id: str, source: Place, account: AccountMap) -> str:
    """Why an ad group cannot be the destination; empty where it can."""
    name = f"ad group {source.ad_group.ad_group_id} (`{source.ad_group.name}`)"
    if account.place(ad_group_id) is None:
        return f"The destination {ad_group_id} of {name} is archived or not part of this account"
    mine, theirs = account.products.get(source.ad_group.ad_group_id), account.products.get(ad_group_id)
    if not mine or mine != theirs:
        return f"The destination {ad_group_id} does not advertise the same products as {name}"
    return ""


class _Grounds(Mapping[tuple[str, str], Ground]):
    """Surveyed when asked for: an account may have more ads than a plan touches."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings

    def __getitem__(self, place: tuple[str, str]) -> Ground:
        return self._surroundings.ground(*place)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._surroundings.surveyed())

    def __len__(self) -> int:
        return len(self._surroundings.surveyed())


@dataclass
class _Tally:
    """What is counted while the items stream by."""

    actions: int = 0
    guarded: int = 0
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def count(self, action: PlannedAction) -> None:
        self.actions += 1
        self.guarded += action.state is ActionState.GUARDED
        self.digest.update(fingerprinted(action))


@dataclass(frozen=True)
class MakePlan:
    plans: Plans
    histories: PlanHistories
    clock: Clock
    terms: SearchTerms

    async def __call__(
        self,
        run: Run,
        surroundings: Surroundings,
        rules: ProfileRules,
        *,
        mode: Mode,
        ruleset: Fingerprint,
        complete: bool,
        advice: Sequence[str] = (),
        brands: BrandPlan = NO_BRANDS,
    ) -> PlanId:
        """The run's plan; a run that has one keeps it. Lists the account first, then writes in one transaction."""
        if (made := await self.plans.plan_of(run.run_id)) is not None:
            return made
        counts = await self.plans.counts(run.run_id)
        decided = await self.plans.decided_ad_groups(run.run_id)
        await surroundings.cover(decided)
        held = await self.plans.held_ad_groups(run.run_id)
        await surroundings.cover({ad_group_id for ad_group_id, _ in held})
        now = self.clock.now()
        guard = await self._guard(surroundings.facts.profile, rules, without(counts, brands), now)
        suggestions = await self._suggestions(run, surroundings, rules)
        said = [*advice, *_advice(surroundings, held), *advice_on(suggestions), *brands.advice]
        due = [*await self._due(surroundings, now), *brands.items]
        blast = await self._blast(surroundings, rules, decided, due)
        async with self.plans.draft(run) as draft:
            into = await self._stage(draft, surroundings, rules, suggestions)
            said += asleep(surroundings.account, into)
            await draft.stage(due)
            tally = await self._admit(draft, guard, blast)
            await draft.finish(
                complete=complete,
                mode=mode,
                ruleset=ruleset,
                fingerprint=Fingerprint(tally.digest.hexdigest()),
                counts=msgspec.structs.replace(counts, actions=tally.actions, guarded=tally.guarded),
                advice=list(dict.fromkeys(said)),
                now=now,
            )
            return draft.plan_id

    async def _blast(
        self, surroundings: Surroundings, rules: ProfileRules, decided: Collection[str], due: Sequence[PlannedAction]
    ) -> BlastRadius:
        """Ready for all that may be negated, so that Postgres and Amazon are asked about many places at once."""
        what_sold, ad_groups = WhatSold(self.terms, surroundings.facts.profile), surroundings.account.ad_groups
        places = [each for each in decided if each in ad_groups and surroundings.rules.negates]
        campaigns = {ad_groups[each].campaign_id for each in places}
        await what_sold.ahead(campaigns | {item.campaign_id for item in due if item.kind.is_negative})
        own = await own_targets(surroundings, rules, decided, due)
        return BlastRadius(SoldThere(self.histories, what_sold), own, rules.protect)

    async def _suggestions(self, run: Run, surroundings: Surroundings, rules: ProfileRules) -> Suggestions:
        suggest = SuggestBids(surroundings.reader)
        return await suggest(self.plans, run.run_id, _Grounds(surroundings), rules)

    async def _guard(self, profile: Profile, rules: ProfileRules, counts: PlanCounts, now: datetime) -> Guard:
        promotions, negatives = await self.plans.sent_on(profile.profile_id, _start_of_day(now, profile))
        return Guard(rules.guard, counts, promotions_today=promotions, negatives_today=negatives)

    async def _due(self, surroundings: Surroundings, now: datetime) -> Sequence[PlannedAction]:
        """What follows from earlier plans: negatives at sources, and negatives to look at again."""
        negatives = await due_negatives(self.histories, surroundings, now)
        return [*negatives, *await due_reviews(self.histories, surroundings, now)]

    @staticmethod
    async def _stage(
        draft: PlanDraft, surroundings: Surroundings, rules: ProfileRules, suggestions: Suggestions
    ) -> set[str]:
        """The ad groups that something is promoted into."""
        into: set[str] = set()
        grounds = _Grounds(surroundings)
        groups = GroupsInUse()
        waiting: list[PlannedAction] = []
        async for rows in draft.decided():
            items = fold(rows, grounds, rules, suggestions)
            groups.add(items)
            into |= {item.ad_group_id for item in items if item.kind.is_promotion}
            waiting += items
            if len(waiting) >= _BATCH:
                await draft.stage(waiting)
                waiting = []
        await draft.stage([*waiting, *groups.items(grounds)])
        return into

    @staticmethod
    async def _admit(draft: PlanDraft, guard: Guard, blast: BlastRadius) -> _Tally:
        tally = _Tally()
        waiting: list[PlannedAction] = []
        async for staged in draft.staged():
            action = guard.admit(await blast.shown(staged))
            tally.count(action)
            waiting.append(action)
            if len(waiting) >= _BATCH:
                await draft.add(waiting)
                waiting = []
        await draft.add(waiting)
        return tally


async def own_targets(
    surroundings: Surroundings, rules: ProfileRules, decided: Collection[str], due: Sequence[PlannedAction]
) -> OwnTargets:
    """What stands where negatives may be planned: in the ad groups with decisions, or in all of their campaigns."""
    own = OwnTargets(surroundings.account, surroundings.facts.profile.country)
    places = [(each.campaign_id, each.ad_group_id) for each in due if each.kind is not ActionKind.NEGATE_BRAND]
    levels = {rule.then.negate.level for rule in rules.rules if rule.then.negate is not None}
    for ad_group in (surroundings.account.ad_groups.get(each) for each in decided if levels):
        if ad_group is not None:
            whole = Level.CAMPAIGN in levels
            places.append((ad_group.campaign_id, "" if whole else ad_group.ad_group_id))
    await own.read(surroundings.reader, places)
    return own


def without(counts: PlanCounts, brands: BrandPlan) -> PlanCounts:
    """What the guard's share looks at: a brand that the rules file names is no evidence for or against the others."""
    return msgspec.structs.replace(
        counts, candidates=counts.candidates - brands.judged, negate=counts.negate - brands.negated
    )


def fingerprinted(item: PlannedAction) -> bytes:
    """What of an item its plan's fingerprint covers."""
    return fingerprint_line(item.kind.value, item.effect, item.group_id, item.fragment)


def _advice(surroundings: Surroundings, held: Sequence[tuple[str, str]]) -> list[str]:
    """What would mend the (ad group, ad) pairs without a destination; what differs in the ad alone is said once."""
    said: dict[str, str] = {}
    for ad_group_id, ad_id in held:
        destination = surroundings.ground(ad_group_id, ad_id).destination
        for sentence in [destination.detail] if isinstance(destination, NoDestination) else destination.gaps:
            said.setdefault(sentence.replace(f"ad {ad_id} ", ""), sentence)
    return list(said.values())


def asleep(account: AccountMap, into: Collection[str]) -> Sequence[str]:
    """One sentence per ad group that is promoted into and serves nothing: a person may want it so, and has to know."""
    sentences = []
    for ad_group_id in sorted(into):
        place = account.place(ad_group_id)
        if place is not None and not serves(place):
            what = "it" if place.ad_group.state != ENABLED else f"its campaign “{place.campaign.name}”"
            state = place.ad_group.state if place.ad_group.state != ENABLED else place.campaign.state
            sentences.append(
                f"What goes into ad group “{place.ad_group.name}” ({ad_group_id}) will not serve: {what} is "
                f"{state.lower()}; enable it, or decline those items"
            )
    return sentences


def _start_of_day(now: datetime, profile: Profile) -> datetime:
    """In the profile's own time zone; UTC where Amazon names one that nobody knows."""
    return now.astimezone(zone(profile.timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
