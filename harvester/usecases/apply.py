"""Sends what was approved: intent first, then the call, then its outcome; whatever dies on the way is accounted for."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from harvester.domain.action import ActionKind, ActionState, Standing
from harvester.domain.errors import HarvesterError, LeaseLost, Refused
from harvester.domain.fleet import strictest
from harvester.domain.ids import ActionId, Fingerprint, PlanId, ProfileId
from harvester.domain.outcome import ItemOutcome, Made, NotSent, Reply, TurnedDown
from harvester.domain.profile import Mode, Profile
from harvester.ports import AccountReader, AccountWriter, Actions, Clock, Lease
from harvester.ports.fleet import Modes
from harvester.ports.negatives import PlanHistories
from harvester.ports.search_terms import SearchTerms
from harvester.rules.requests import Request, requests
from harvester.rules.ruleset import RuleSet
from harvester.usecases.conflicts import Conflicts
from harvester.usecases.follow_up import unreplaced
from harvester.usecases.live import look
from harvester.usecases.moved import moved
from harvester.usecases.sold_before import WhatSold
from harvester.usecases.sold_there import SoldThere

APPROVAL_HOLDS = timedelta(hours=72)
_PASSES = 3
"""An item that Amazon throttled inside an answered call is sent again so many times at most."""

OTHER_RULES = "the rules have changed since the plan was made: they wait for a person, or for the plan of the next run"

_NOT_YET_MADE = (ActionState.PLANNED, ActionState.GUARDED, ActionState.HELD, ActionState.APPROVED, ActionState.UNKNOWN)
_NEVER_MADE = (ActionState.REFUSED, ActionState.STALE, ActionState.DECLINED, ActionState.SUPERSEDED)


@dataclass(slots=True)
class Applied:
    """What one `apply` did. `reasons`: state and sentence -> how many items."""

    done: int = 0
    refused: int = 0
    unknown: int = 0
    stale: int = 0
    waiting: int = 0
    """Still approved: not sent, or waiting for their promotion group."""
    stopped: str = ""
    """Why it ended before everything was sent; empty where it did not."""
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)

    def count(self, outcomes: Sequence[ItemOutcome]) -> None:
        for outcome in outcomes:
            match outcome:
                case Made(amazon_id=""):
                    self.unknown += 1
                    self.reasons["unknown", "it is there already; a listing must tell its id"] += 1
                case Made():
                    self.done += 1
                case TurnedDown(code=code, message=message):
                    self.refused += 1
                    self.reasons["refused", f"{code}: {message}" if code else message] += 1
                case NotSent(why=why):
                    self.reasons["approved", why] += 1
                case _:
                    self.unknown += 1
                    self.reasons["unknown", outcome.why] += 1


Watch = Callable[[int, int], None]
"""Items sent so far, items in all."""


@dataclass(frozen=True)
class Apply:
    lease: Lease
    actions: Actions
    clock: Clock
    rules: RuleSet
    modes: Modes
    mode_of: Callable[[ProfileId], Mode]
    """What the settings and the rules allow now; it may change while this runs."""
    histories: PlanHistories
    terms: SearchTerms

    async def __call__(
        self,
        profile: Profile,
        plan_id: PlanId,
        fingerprint: Fingerprint,
        reader: AccountReader,
        writer: AccountWriter,
        watch: Watch,
    ) -> Applied:
        """May be repeated until nothing is left. Cancelled, it ends the call in flight and records it, then stops.

        Raises Refused: dry run, another fingerprint, paused, another process works on the profile; and what the reader
        raises while the account is looked at.
        """
        rules, mode = self.rules.for_profile(profile.profile_id), await self.mode(profile)
        if mode is Mode.DRY_RUN:
            raise Refused(self._why_dry(profile))
        async with self.lease.hold(profile.profile_id):
            await self._demand(profile, plan_id, fingerprint)
            fence = await self.actions.take_fence(profile.profile_id)
            now = self.clock.now()
            await self.actions.expire(plan_id, now)
            automatic = [rule.name for rule in rules.rules if rules.strictest_mode(mode, rule.name) is Mode.AUTO]
            session = _Session(self, profile, plan_id, fence, mode, writer, watch)
            await session.approve(automatic, now)
            sent = cache(lambda rule: rules.strictest_mode(mode, rule) is not Mode.DRY_RUN)
            return await session.work(reader, lambda action: sent(action.rule))

    async def mode(self, profile: Profile) -> Mode:
        """The strictest of the settings', the rules' and what people have set for the time being."""
        return (await self.modes.current(profile.profile_id)).within(self.mode_of(profile.profile_id))

    def _why_dry(self, profile: Profile) -> str:
        if self.mode_of(profile.profile_id) is Mode.DRY_RUN:
            return "mode is dry-run: nothing is ever sent; set HARVESTER_MODE=review to apply a reviewed plan"
        return (
            "mode is dry-run for the time being, so nothing is sent: `harvester mode` shows by whom, and what lifts it"
        )

    async def _demand(self, profile: Profile, plan_id: PlanId, fingerprint: Fingerprint) -> None:
        found = await self.actions.fingerprint(plan_id)
        if found is None:
            raise Refused(f"there is no plan {plan_id}")
        owner, now = found
        if owner != profile.profile_id:
            raise Refused(f"plan {plan_id} is not one of profile {profile.profile_id}")
        if now != fingerprint:
            raise Refused(
                f"plan {plan_id} is not what was reviewed: its fingerprint is {now}, not {fingerprint}; look at it "
                f"again with `harvester show {plan_id}`"
            )
        paused = await self.actions.paused(profile.profile_id)
        if paused:
            raise Refused(paused)


@dataclass
class _Session:
    """One `apply` of one plan, under the lease."""

    parts: Apply
    profile: Profile
    plan_id: PlanId
    fence: int
    mode: Mode
    """When this began; a stricter one stops it."""
    writer: AccountWriter
    watch: Watch
    applied: Applied = field(default_factory=Applied)
    sent: int = 0
    total: int = 0
    cancelled: bool = False

    async def approve(self, rules: Collection[str], now: datetime) -> None:
        """What the plan's rules may take by themselves, as long as they are the rules still; else that waits again."""
        actions, ruleset = self.parts.actions, self.parts.rules.fingerprint
        back = frozenset(await actions.retract_automatic(self.plan_id, ruleset, now))
        if rules:
            await actions.approve_automatically(self.plan_id, rules, ruleset, now, now + APPROVAL_HOLDS)
        if (rules or back) and await actions.ruleset(self.plan_id) != ruleset:
            planned = await actions.in_state(self.profile.profile_id, [ActionState.PLANNED], self.plan_id)
            count = sum(each.rule in rules or each.action_id in back for each in planned)
            if count:
                self.applied.reasons["planned", OTHER_RULES] += count

    async def work(self, reader: AccountReader, sendable: Callable[[Standing], bool]) -> Applied:
        approved = [action for action in await self._approved() if sendable(action)]
        self.total = len(approved)
        stale = await self._put_aside(reader, approved)
        approved = [action for action in approved if action.action_id not in stale]
        groups = [each for each in approved if each.kind is ActionKind.CREATE_GROUP]
        await self._send_all(groups)
        if any(map(_waits, approved)):
            await self._put_aside_without_group(sendable)
        if groups:
            approved = await self._sendable_now(sendable, stale)
        for _ in range(_PASSES):
            again = [action for action in approved if not _waits(action)]
            if not again or self.applied.stopped:
                break
            await self._send_all(again)
            approved = await self._sendable_now(sendable, stale)
        await self._say_what_waits(sendable)
        return self.applied

    async def _sendable_now(self, sendable: Callable[[Standing], bool], stale: Collection[str]) -> list[Standing]:
        return [each for each in await self._approved() if sendable(each) and each.action_id not in stale]

    async def _approved(self) -> Sequence[Standing]:
        return await self.parts.actions.in_state(self.profile.profile_id, [ActionState.APPROVED], self.plan_id)

    async def _say_what_waits(self, sendable: Callable[[Standing], bool]) -> None:
        """With the reason of what sending again would not change, which is kept with the item too."""
        waiting = await self._approved()
        self.applied.waiting = len(waiting)
        open_ones = await self.parts.actions.in_state(self.profile.profile_id, _NOT_YET_MADE, self.plan_id)
        makers = {each.source_ad_group_id: each for each in open_ones if each.kind is ActionKind.CREATE_GROUP}
        found: list[tuple[str, str]] = []
        for each in waiting:
            maker = makers.get(each.source_ad_group_id)
            if not sendable(each):
                found.append((each.action_id, f"rule {each.rule} is in dry-run"))
            elif _waits(each) and maker is not None and maker.state is not ActionState.APPROVED:
                why = f"item {maker.action_id} is to make the promotion group first, and is {maker.state}"
                found.append((each.action_id, why))
        self.applied.reasons.update(("waiting", why) for _, why in found)
        await self.parts.actions.say_why(found, self.fence)

    async def _put_aside(self, reader: AccountReader, approved: Sequence[Standing]) -> Collection[str]:
        """What moved becomes stale; the rest goes on."""
        if not approved:
            return ()
        live = await look(reader, approved)
        found = [(each.action_id, why) for each in approved if (why := moved(each, live))]
        profile_id, histories = self.profile.profile_id, self.parts.histories
        found += await unreplaced(histories, profile_id, _without(approved, found), reader, live.account)
        sold = SoldThere(histories, WhatSold(self.parts.terms, self.profile))
        conflicts = Conflicts(histories, sold, self.parts.rules.for_profile(profile_id))
        found += await conflicts.found(_without(approved, found), live.account, reader)
        await self._mark_stale(found)
        return {action_id for action_id, _ in found}

    async def _put_aside_without_group(self, sendable: Callable[[Standing], bool]) -> None:
        """What waits for a group that its plan will never make becomes stale too."""
        waiting = [each for each in await self._approved() if _waits(each) and sendable(each)]
        if not waiting:
            return
        ended = await self.parts.actions.in_state(self.profile.profile_id, _NEVER_MADE, self.plan_id)
        makers = {each.source_ad_group_id: each for each in ended if each.kind is ActionKind.CREATE_GROUP}
        await self._mark_stale(
            [
                (each.action_id, f"item {maker.action_id} was to make its promotion group, and is {maker.state} now")
                for each in waiting
                if (maker := makers.get(each.source_ad_group_id)) is not None
            ]
        )

    async def _mark_stale(self, found: Sequence[tuple[str, str]]) -> None:
        if found:
            await self.parts.actions.mark_stale(found, self.fence, self.parts.clock.now())
            self.applied.stale += len(found)
            self.applied.reasons.update(("stale", why) for _, why in found)

    async def _send_all(self, actions: Sequence[Standing]) -> None:
        """Cancelled, it ends the call in flight and records it, and makes no other."""
        task = asyncio.ensure_future(self._send_in_turn(requests((ActionId(each.action_id), each) for each in actions)))
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            self.cancelled = True
            await asyncio.wait([task])
            task.result()
            raise

    async def _send_in_turn(self, coming: Iterator[Request]) -> None:
        """While a call is under way, what came of the one before is recorded and the next is announced.

        A call is made once the one before is answered. So a process that dies leaves two calls without an outcome at
        most, both announced. What is announced when this has to end is proven not to have been sent, and recorded so.
        """
        answered: _Answered | None = None
        announced = None if self.applied.stopped else await self._announce(coming)
        while announced is not None:
            if self.cancelled or self.applied.stopped:
                await self._record(answered)
                await self._call_off(announced, self.applied.stopped or "it was stopped before this was sent")
                return
            reply, following = await asyncio.gather(
                self._call(announced), self._record_and_announce(answered, coming), return_exceptions=True
            )
            if isinstance(reply, BaseException):
                if isinstance(following, _Announced) and not isinstance(reply, LeaseLost):
                    await self._call_off(following, f"the call before it failed: {reply}")
                raise reply
            answered = _Answered(announced, reply)
            if isinstance(following, BaseException):
                await self._record(answered)
                raise following
            announced = following
        await self._record(answered)

    async def _record_and_announce(
        self, answered: "_Answered | None", coming: Iterator[Request]
    ) -> "_Announced | None":
        await self._record(answered)
        return await self._announce(coming)

    async def _announce(self, coming: Iterator[Request]) -> "_Announced | None":
        """The next one; None where there is none."""
        request = next(coming, None)
        if request is None:
            return None
        actions, now = self.parts.actions, self.parts.clock.now()
        return _Announced(request, await actions.begin_sending(request.action_ids, self.fence, now))

    async def _call(self, announced: "_Announced") -> Reply:
        request = announced.request
        try:
            reply = await self.writer.send(request, self.plan_id, self._gate)
        except LeaseLost:
            raise
        except HarvesterError as error:  # before the socket: proven not to have been done
            self.applied.stopped = str(error)
            return _not_sent(request, str(error))
        if all(isinstance(outcome, NotSent) for outcome in reply.outcomes) and not self.applied.stopped:
            self.applied.stopped = next(outcome.why for outcome in reply.outcomes if isinstance(outcome, NotSent))
        return reply

    async def _call_off(self, announced: "_Announced", why: str) -> None:
        await self._record(_Answered(announced, _not_sent(announced.request, why)))

    async def _record(self, answered: "_Answered | None") -> None:
        if answered is None:
            return
        announced, reply = answered.announced, answered.reply
        action_ids, now = announced.request.action_ids, self.parts.clock.now()
        await self.parts.actions.settle(action_ids, reply.outcomes, reply.calls, announced.number, self.fence, now)
        self.applied.count(reply.outcomes)
        self.sent += sum(not isinstance(outcome, NotSent) for outcome in reply.outcomes)
        self.watch(self.sent, self.total)

    async def _gate(self) -> None:
        """Immediately before the socket: since the call was announced a sleeping process may have been overtaken."""
        paused = await self.parts.actions.paused(self.profile.profile_id, self.fence)
        if paused:
            raise Refused(paused)
        mode = await self.parts.mode(self.profile)
        if strictest([mode, self.mode]) is not self.mode:
            raise Refused(f"mode has become {mode} while this was under way")


@dataclass(frozen=True, slots=True)
class _Announced:
    """A call whose items are on their way, committed."""

    request: Request
    number: int


@dataclass(frozen=True, slots=True)
class _Answered:
    """A call of which it is known, and not yet recorded, what came of it."""

    announced: _Announced
    reply: Reply


def _not_sent(request: Request, why: str) -> Reply:
    return Reply(tuple(NotSent(why) for _ in request.action_ids), ())


def _without(actions: Sequence[Standing], found: Sequence[tuple[str, str]]) -> list[Standing]:
    """Those of which nothing was found."""
    gone = {action_id for action_id, _ in found}
    return [each for each in actions if each.action_id not in gone]


def _waits(action: Standing) -> bool:
    """A promotion into a group that does not exist yet."""
    return action.kind.goes_through_group and not action.group_id
