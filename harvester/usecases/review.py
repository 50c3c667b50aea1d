"""What people say about the items of a plan: verdicts and bids, each tied to the fingerprint that they saw."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from harvester.domain.action import ActionState, Standing
from harvester.domain.errors import Refused
from harvester.domain.ids import Fingerprint, PlanId, ProfileId
from harvester.domain.money import Money
from harvester.domain.profile import Profile
from harvester.domain.review import BECOMES, Review, Reviewed, Selection, Verdict
from harvester.ports import Actions, Clock, Profiles
from harvester.rules.fragments import with_other_bid
from harvester.rules.ruleset import RuleSet
from harvester.usecases.apply import APPROVAL_HOLDS
from harvester.usecases.reviewable import marketplace_bid, not_editable, not_reviewable, reviewer
from harvester.usecases.verdicts import Verdicts, verdicts


@dataclass(frozen=True, slots=True)
class NewBid:
    action_id: str
    amount: str
    """As written by the reviewer."""
    instead_of: str
    """The formula of the bid so far."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a reviewed file asks for one item; at least one of verdict and bid."""

    action_id: str
    verdict: Verdict | None
    bid: NewBid | None
    note: str


@dataclass(frozen=True, slots=True)
class Edited:
    action_id: str
    target: str
    before: Money
    after: Money
    fingerprint: Fingerprint
    """Of the plan, with this bid."""
    was_approved: bool = False
    """It was, and now has to be approved again."""
    over: Money | None = None
    """The guard's `highest_bid` where the new bid is over it."""


@dataclass(slots=True)
class TakenOver:
    """What came of a reviewed file. `stopped`: why it ended before its end, because the plan changed meanwhile."""

    fingerprint: Fingerprint
    edited: list[Edited] = field(default_factory=list)
    verdicts: list[Verdicts] = field(default_factory=list)
    stopped: str = ""


@dataclass(frozen=True)
class ReviewPlan:
    actions: Actions
    profiles: Profiles
    clock: Clock
    rules: RuleSet
    two_person: Collection[str]

    async def __call__(
        self,
        plan_id: PlanId,
        verdict: Verdict,
        selection: Selection,
        by: str,
        *,
        note: str = "",
        fingerprint: Fingerprint | None = None,
    ) -> Verdicts:
        """`fingerprint`: the one that was seen; without it, the plan as it is now.

        Raises Refused: no such plan, another fingerprint, no name.
        """
        profile_id, seen = await self._plan(plan_id, fingerprint)
        review = self._review(plan_id, seen, verdict, by, note)
        before = await self._items(profile_id, plan_id)
        ids = list(dict.fromkeys(selection.action_ids))
        impossible = _impossible(plan_id, verdict, ids, before)
        possible = [action_id for action_id in ids if action_id not in impossible]
        reviewed = Reviewed(())
        if possible or not ids:
            reviewed = await self.actions.review(review, replace(selection, action_ids=possible), self.two_person)
        return verdicts(
            review, profile_id, selection, reviewed, impossible, before, await self._items(profile_id, plan_id)
        )

    async def edit(
        self, plan_id: PlanId, bid: NewBid, by: str, *, note: str = "", fingerprint: Fingerprint | None = None
    ) -> Edited:
        """Another bid for a promotion. Raises Refused also where the marketplace does not take the bid as written."""
        profile_id, seen = await self._plan(plan_id, fingerprint)
        review = self._review(plan_id, seen, Verdict.EDIT, by, note)
        item = (await self._items(profile_id, plan_id)).get(bid.action_id)
        if item is None:
            raise Refused(f"there is no item {bid.action_id} in plan {plan_id}")
        return await self._edit(review, await self.profile(profile_id), item, bid)

    async def take_over(self, plan_id: PlanId, fingerprint: Fingerprint, wishes: Sequence[Wish], by: str) -> TakenOver:
        """What a file asks for, bids first. What is refused of single items is in the result.

        Raises Refused before anything is changed.
        """
        profile_id, seen = await self._plan(plan_id, fingerprint)
        profile, items = await self.profile(profile_id), await self._items(profile_id, plan_id)
        taken = TakenOver(seen)
        try:
            for wish in wishes:
                if wish.bid is not None:
                    review = self._review(plan_id, taken.fingerprint, Verdict.EDIT, by, wish.note)
                    edited = await self._edit(review, profile, items[wish.action_id], wish.bid)
                    taken.edited.append(edited)
                    taken.fingerprint = edited.fingerprint
            for (verdict, note), ids in _together(wishes).items():
                said = await self(
                    plan_id, verdict, Selection(action_ids=ids), by, note=note, fingerprint=taken.fingerprint
                )
                taken.verdicts.append(said)
        except Refused as error:
            if not taken.edited and not taken.verdicts:
                raise
            taken.stopped = str(error)
        return taken

    async def profile(self, profile_id: ProfileId) -> Profile:
        return next(each for each in await self.profiles.known() if each.profile_id == profile_id)

    async def _plan(self, plan_id: PlanId, seen: Fingerprint | None) -> tuple[ProfileId, Fingerprint]:
        found = await self.actions.fingerprint(plan_id)
        if found is None:
            raise Refused(f"there is no plan {plan_id}; `harvester plans` lists them")
        profile_id, now = found
        if seen is not None and seen != now:
            raise Refused(
                f"plan {plan_id} is not what was looked at: its fingerprint is {now}, not {seen}; look at it again "
                f"with `harvester show {plan_id}`"
            )
        return profile_id, now

    async def _items(self, profile_id: ProfileId, plan_id: PlanId) -> Mapping[str, Standing]:
        found = await self.actions.in_state(profile_id, list(ActionState), plan_id)
        return {each.action_id: each for each in found}

    def _review(self, plan_id: PlanId, seen: Fingerprint, verdict: Verdict, by: str, note: str) -> Review:
        now = self.clock.now()
        expires_at: datetime | None = now + APPROVAL_HOLDS if verdict is Verdict.APPROVE else None
        return Review(plan_id, seen, verdict, reviewer(by), now, expires_at, note.strip())

    async def _edit(self, review: Review, profile: Profile, item: Standing, bid: NewBid) -> Edited:
        why_not = not_editable(item)
        if why_not or item.bid is None or item.match is None:
            raise Refused(f"the bid of item {item.action_id} cannot be changed: {why_not or 'it has none'}")
        before = Money(Decimal(item.bid), item.currency)
        after = Money(marketplace_bid(bid.amount, profile), item.currency)
        fingerprint = review.fingerprint
        if after != before:
            text = format(after.amount, "f")
            fingerprint = await self.actions.edit_bid(
                review,
                item.action_id,
                text,
                f"{text} {item.currency} by {review.reviewed_by}, instead of {bid.instead_of or before}",
                with_other_bid(item.fragment, after.amount),
            )
        cap = self.rules.for_profile(profile.profile_id).guard.highest_bid.get(item.currency)
        return Edited(
            item.action_id,
            item.target,
            before,
            after,
            fingerprint,
            was_approved=item.state is ActionState.APPROVED and after != before,
            over=Money(cap, item.currency) if cap is not None and after.amount > cap else None,
        )


def _impossible(
    plan_id: PlanId, verdict: Verdict, ids: Sequence[str], items: Mapping[str, Standing]
) -> Mapping[str, str]:
    """Why, by id. What has the verdict already is none of them."""
    found = {}
    for action_id in ids:
        item = items.get(action_id)
        if item is None:
            found[action_id] = f"there is no such item in plan {plan_id}"
        elif item.state is not BECOMES[verdict] and (why_not := not_reviewable(item, verdict)):
            found[action_id] = why_not
    return found


def _together(wishes: Sequence[Wish]) -> Mapping[tuple[Verdict, str], Sequence[str]]:
    """Ids by verdict and note, in the order of the file."""
    found: dict[tuple[Verdict, str], list[str]] = {}
    for wish in wishes:
        if wish.verdict is not None:
            found.setdefault((wish.verdict, wish.note), []).append(wish.action_id)
    return found
