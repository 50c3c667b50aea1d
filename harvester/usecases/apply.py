"""Sends what was approved: intent first, then the call, then its outcome; whatever dies on the way is accounted for."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from harvester.domain.action import ActionKind, ActionState, Standing
from harvester.domain.errors import HarvesterError, LeaseLost, Refused
from harvester.domain.ids import ActionId, Fingerprint, PlanId
from harvester.domain.outcome import ItemOutcome, Made, NotSent, Reply, TurnedDown
from harvester.domain.profile import Mode, Profile
from harvester.ports import AccountReader, AccountWriter, Actions, Clock, Lease
from harvester.rules.requests import Request, requests
from harvester.rules.ruleset import RuleSet
from harvester.usecases.live import look
from harvester.usecases.moved import moved

APPROVAL_HOLDS = timedelta(hours=72)
_PASSES = 3
"""An item that Amazon throttled inside an answered call is sent again so many times at most."""

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
    mode: Mode

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
        rules = self.rules.for_profile(profile.profile_id)
        if rules.strictest_mode(self.mode) is Mode.DRY_RUN:
            raise Refused("mode is dry-run: nothing is ever sent; set HARVESTER_MODE=review to apply a reviewed plan")
        async with self.lease.hold(profile.profile_id):
            await self._demand(profile, plan_id, fingerprint)
            fence = await self.actions.take_fence(profile.profile_id)
            now = self.clock.now()
            await self.actions.expire(plan_id, now)
            automatic = [rule.name for rule in rules.rules if rules.strictest_mode(self.mode, rule.name) is Mode.AUTO]
            if automatic:
                await self.actions.approve_automatically(plan_id, automatic, now, now + APPROVAL_HOLDS)
            session = _Session(self, profile, plan_id, fence, writer, watch)
            return await session.work(reader, self._sendable(rules.strictest_mode))

    def _sendable(self, strictest: Callable[[Mode, str], Mode]) -> Callable[[Standing], bool]:
        """A rule may be stricter than the service: what it decided in dry-run is never sent."""
        return lambda action: strictest(self.mode, action.rule) is not Mode.DRY_RUN

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
    writer: AccountWriter
    watch: Watch
    applied: Applied = field(default_factory=Applied)
    sent: int = 0
    total: int = 0

    async def work(self, reader: AccountReader, sendable: Callable[[Standing], bool]) -> Applied:
        approved = [action for action in await self._approved() if sendable(action)]
        self.total = len(approved)
        stale = await self._put_aside(reader, approved)
        groups = [each for each in approved if each.kind is ActionKind.CREATE_GROUP and each.action_id not in stale]
        await self._send_all(groups)
        await self._put_aside_without_group(sendable)
        for _ in range(_PASSES):
            again = [
                each
                for each in await self._approved()
                if sendable(each) and each.action_id not in stale and not _waits(each)
            ]
            if not again or self.applied.stopped:
                break
            await self._send_all(again)
        self.applied.waiting = len(await self._approved())
        return self.applied

    async def _approved(self) -> Sequence[Standing]:
        return await self.parts.actions.in_state(self.profile.profile_id, [ActionState.APPROVED], self.plan_id)

    async def _put_aside(self, reader: AccountReader, approved: Sequence[Standing]) -> Collection[str]:
        """What moved becomes stale; the rest goes on."""
        if not approved:
            return ()
        live = await look(reader, approved)
        found = [(each.action_id, why) for each in approved if (why := moved(each, live))]
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
        for request in requests((ActionId(each.action_id), each) for each in actions):
            if self.applied.stopped:
                return
            await self._finish_even_if_cancelled(self._send(request))
            self.watch(self.sent, self.total)

    async def _finish_even_if_cancelled(self, work: Awaitable[None]) -> None:
        """A call in flight is ended and recorded before a stop takes effect."""
        task = asyncio.ensure_future(work)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task])
            task.result()
            raise

    async def _send(self, request: Request) -> None:
        actions, clock = self.parts.actions, self.parts.clock
        call_number = await actions.begin_sending(request.action_ids, self.fence, clock.now())
        try:
            reply = await self.writer.send(request, self.plan_id, self._gate)
        except LeaseLost:
            raise
        except HarvesterError as error:  # before the socket: proven not to have been done
            self.applied.stopped = str(error)
            reply = Reply(tuple(NotSent(str(error)) for _ in request.action_ids), ())
        await actions.settle(request.action_ids, reply.outcomes, reply.calls, call_number, self.fence, clock.now())
        self.applied.count(reply.outcomes)
        self.sent += sum(not isinstance(outcome, NotSent) for outcome in reply.outcomes)
        if all(isinstance(outcome, NotSent) for outcome in reply.outcomes) and not self.applied.stopped:
            self.applied.stopped = next(outcome.why for outcome in reply.outcomes if isinstance(outcome, NotSent))

    async def _gate(self) -> None:
        """Immediately before the socket: since the call was announced a sleeping process may have been overtaken."""
        paused = await self.parts.actions.paused(self.profile.profile_id, self.fence)
        if paused:
            raise Refused(paused)


def _waits(action: Standing) -> bool:
    """A promotion into a group that does not exist yet."""
    return action.kind.is_promotion and not action.group_id
