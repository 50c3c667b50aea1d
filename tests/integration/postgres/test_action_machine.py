"""Whatever people and processes do in whatever order: Postgres and a small model agree about every item."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

import asyncpg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from harvester.adapters.postgres.actions import PostgresActions
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.plans import PostgresPlans
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.adapters.postgres.verify import PostgresVerify
from harvester.domain.action import ActionKind, ActionState
from harvester.domain.decision import Outcome
from harvester.domain.errors import LeaseLost, Refused
from harvester.domain.ids import Effect, Fingerprint, PlanId
from harvester.domain.outcome import ItemOutcome, Made, NotSent, TurnedDown, Unsure
from harvester.domain.plan import PlanCounts
from harvester.domain.profile import Mode
from harvester.domain.review import Selection, Verdict
from harvester.domain.run import Cursor, RunState

from .acting import a_review, a_writing_call
from .conftest import LONG_AGO, RULES, a_page, a_profile, an_action

T = TypeVar("T")
HOURS = timedelta(hours=1)
OWNING = {"approved", "sending", "unknown", "done"}
SETTLED = {"done", "refused", "stale", "undone", "declined"}
EFFECTS = 4
_profiles = count(1)


class Item:
    """What the model knows of one action."""

    def __init__(self, action_id: str, plan_id: str, effect: int, state: str, undoes: str = "") -> None:
        self.action_id, self.plan_id, self.effect, self.state, self.undoes = action_id, plan_id, effect, state, undoes
        self.came_from = state
        self.expires_at = datetime.max.replace(tzinfo=UTC)

    @property
    def owner_key(self) -> tuple[str, object]:
        return ("undo", self.undoes) if self.undoes else ("effect", self.effect)


class Machine(RuleBasedStateMachine):
    """Ids differ from one try to the next: whatever is chosen is chosen in the order in which it was made."""

    dsn = ""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.profile = a_profile(str(next(_profiles)))
        self.now = datetime.now(UTC)
        self.items: dict[str, Item] = {}
        self.fingerprints: dict[str, Fingerprint] = {}
        self.fences = [0]
        self.calls: dict[int, tuple[int, list[str]]] = {}
        """Open calls: number -> fence and items."""

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def open(self) -> None:
        async def opened() -> None:
            self.database = await self.stack.enter_async_context(Database.open(self.dsn, most_connections=2))
            self.sql = await asyncpg.connect(self.dsn)

        self.do(opened())
        self.actions = PostgresActions(self.database)
        self.plan_harvest(effects=[0, 1, 2, 3], states=[ActionState.PLANNED] * 3 + [ActionState.GUARDED])
        self._review(Verdict.APPROVE, *self._whole_plan())
        self.take_fence()

    def teardown(self) -> None:
        if hasattr(self, "sql"):
            flaws = self.do(self._flaws())
            self.do(self.sql.close())
            self.do(self.stack.aclose())
            self.runner.close()
            assert flaws == []

    async def _flaws(self) -> list[str]:
        found = [flaw async for flaw in PostgresVerify(self.database).flaws()]
        return [f"{flaw.where}: {flaw.what}" for flaw in found if flaw.severity == "broken"]

    @precondition(lambda self: not self.items or any(item.state in SETTLED for item in self.items.values()))
    @rule(
        effects=st.lists(st.integers(0, EFFECTS - 1), min_size=1, max_size=4, unique=True),
        states=st.lists(st.sampled_from([ActionState.PLANNED, ActionState.GUARDED, ActionState.HELD]), min_size=4, max_size=4),
    )  # fmt: skip
    def plan_harvest(self, effects: list[int], states: list[ActionState]) -> None:
        """A newer plan supersedes what nobody has reviewed."""
        pairs = list(zip(effects, states, strict=False))
        for item in self.items.values():
            if item.state in ("planned", "guarded", "held") and not item.undoes:
                item.state = "superseded"
        actions = [
            an_action(place, effect=Effect(f"e{effect}"), state=state, reason="" if state == "planned" else "why")
            for place, (effect, state) in enumerate(pairs)
        ]
        self._store(actions, [(effect, state, "") for effect, state in pairs])

    @precondition(lambda self: any(item.state == "done" and not item.undoes for item in self.items.values()))
    @rule(data=st.data())
    def plan_undo(self, data: st.DataObject) -> None:
        """It supersedes only an undo of the same action."""
        done = [item.action_id for item in self.items.values() if item.state == "done" and not item.undoes]
        undone = data.draw(st.sampled_from(done))
        for item in self.items.values():
            if item.undoes == undone and item.state in ("planned", "guarded", "held"):
                item.state = "superseded"
        undo = an_action(0, kind=ActionKind.PAUSE_KEYWORD, effect=Effect(f"pause {undone}"), undoes=undone)
        self._store([undo], [(-1, ActionState.PLANNED, undone)])
        if data.draw(st.booleans()):
            self._review(Verdict.APPROVE, *self._whole_plan())

    def _store(self, actions: list[Any], facts: Sequence[tuple[int, ActionState, str]]) -> None:
        async def stored() -> tuple[str, list[str]]:
            runs = PostgresRuns(self.database)
            run = await runs.begin(
                self.profile, source="promotion", trigger="command", mode=Mode.REVIEW, ruleset=RULES,
                resume_after=LONG_AGO,
            )  # fmt: skip
            self.fences.append(run.fence)
            await runs.save_page(run, 0, a_page(0, len(actions), Outcome.PROMOTE), Cursor(), self.now)
            async with PostgresPlans(self.database).draft(run) as draft:
                await draft.add(actions)
                await draft.finish(
                    complete=True, mode=Mode.REVIEW, ruleset=RULES, fingerprint=Fingerprint("a" * 64),
                    counts=PlanCounts(candidates=len(actions), actions=len(actions)), advice=[], now=self.now,
                )  # fmt: skip
            await runs.finish(run, RunState.COMPLETE, None)
            rows = await self.sql.fetch(
                "SELECT action_id FROM harvester.action WHERE plan_id = $1 ORDER BY position", draft.plan_id
            )
            return draft.plan_id, [row[0] for row in rows]

        plan_id, named = self.do(stored())
        self.fingerprints[plan_id] = Fingerprint("a" * 64)
        for action_id, (effect, state, undoes) in zip(named, facts, strict=True):
            self.items[action_id] = Item(action_id, plan_id, effect, state.value, undoes)

    def _of_plan(self, data: st.DataObject) -> tuple[str, list[Item]]:
        plan_id = data.draw(st.sampled_from(list(self.fingerprints)))
        mine = [item.action_id for item in self.items.values() if item.plan_id == plan_id]
        chosen = data.draw(st.lists(st.sampled_from(mine), min_size=1, unique=True))
        return plan_id, [self.items[action_id] for action_id in mine if action_id in chosen]

    def _expire(self, plan_id: str) -> list[str]:
        expired = [
            item for item in self.items.values()
            if item.plan_id == plan_id and item.state == "approved" and item.expires_at <= self.now
        ]  # fmt: skip
        for item in expired:
            item.state = item.came_from
        return [item.action_id for item in expired]

    @rule(data=st.data(), verdict=st.sampled_from([Verdict.APPROVE] * 4 + [Verdict.DECLINE, Verdict.HOLD]))
    def review(self, data: st.DataObject, verdict: Verdict) -> None:
        self._review(verdict, *self._of_plan(data))

    def _whole_plan(self) -> tuple[str, list[Item]]:
        """The newest."""
        items = list(self.items.values())
        return items[-1].plan_id, [item for item in items if item.plan_id == items[-1].plan_id]

    @rule()
    def approve_the_newest_plan(self) -> None:
        self._review(Verdict.APPROVE, *self._whole_plan())

    def _review(self, verdict: Verdict, plan_id: str, chosen: Sequence[Item]) -> None:
        self._expire(plan_id)
        expected = []
        for item in chosen:
            if self._may(item, verdict):
                if verdict is Verdict.APPROVE:
                    item.came_from, item.expires_at = item.state, self.now + HOURS
                item.state = {"approve": "approved", "decline": "declined", "hold": "held"}[verdict.value]
                expected.append(item.action_id)
        review = a_review(
            plan_id, verdict, fingerprint=self.fingerprints[plan_id], reviewed_at=self.now,
            expires_at=self.now + HOURS if verdict is Verdict.APPROVE else None,
        )  # fmt: skip
        found = self.do(self.actions.review(review, Selection([item.action_id for item in chosen]), ()))
        assert sorted(found.changed) == sorted(expected)
        assert {item.action_id for item in chosen} == {*found.changed, *(each for each, _ in found.refused)}

    def _may(self, item: Item, verdict: Verdict) -> bool:
        if verdict is Verdict.HOLD:
            return item.state in ("planned", "guarded", "approved")
        if verdict is Verdict.DECLINE:
            return item.state in ("planned", "guarded", "held", "approved")
        taken = any(
            other is not item and other.state in OWNING and other.owner_key == item.owner_key
            for other in self.items.values()
        )
        stands = not item.undoes or self.items[item.undoes].state == "done"
        return item.state in ("planned", "guarded", "held") and not taken and stands

    @rule(data=st.data(), cents=st.integers(2, 99))
    def edit(self, data: st.DataObject, cents: int) -> None:
        plan_id, (item, *_) = self._of_plan(data)
        bid = f"0.{cents:02}"
        review = a_review(plan_id, Verdict.EDIT, fingerprint=self.fingerprints[plan_id], reviewed_at=self.now)
        work = self.actions.edit_bid(review, item.action_id, bid, "edited", f'{{"bid":{bid}}}')
        if item.state in ("planned", "guarded", "held", "approved"):
            self._expire(plan_id)
            self.fingerprints[plan_id] = self.do(work)
            item.state = item.came_from if item.state == "approved" else item.state
        else:
            self._refused(work)

    @rule(hours=st.sampled_from([0.1, 0.4, 1.1]))
    def time_passes(self, hours: float) -> None:
        self.now += hours * HOURS

    @rule(data=st.data())
    def expire(self, data: st.DataObject) -> None:
        plan_id = data.draw(st.sampled_from(list(self.fingerprints)))
        assert sorted(self.do(self.actions.expire(PlanId(plan_id), self.now))) == sorted(self._expire(plan_id))

    @rule()
    def take_fence(self) -> None:
        """As a process that starts, or takes over from one that died."""
        self.fences.append(self.do(self.actions.take_fence(self.profile.profile_id)))
        for item in self.items.values():
            if item.state == "sending":
                item.state = "unknown"

    @rule(data=st.data())
    def send_whatever(self, data: st.DataObject) -> None:
        """Any items of a plan, whatever state they are in."""
        self._begin(self._of_plan(data)[1])

    @precondition(lambda self: bool(self._approved()))
    @rule(data=st.data(), hindered=st.sampled_from(["", "", "", "late", "paused"]))
    def send_approved(self, data: st.DataObject, hindered: str) -> None:
        """Of one or more plans; sometimes by a process that was overtaken, sometimes while all is paused."""
        chosen = data.draw(st.lists(st.sampled_from(self._approved()), min_size=1, unique=True))
        if hindered == "late":
            self._lost(self.actions.begin_sending(chosen, self.fences[-1] - 1, self.now))
        elif hindered == "paused":
            self.do(self.actions.pause(self.profile.profile_id, "Ann", True))
            self._refused(self.actions.begin_sending(chosen, self.fences[-1], self.now))
            self.do(self.actions.pause(self.profile.profile_id, "Ann", False))
        else:
            self._begin([self.items[action_id] for action_id in chosen])

    def _approved(self) -> list[str]:
        return [item.action_id for item in self.items.values() if item.state == "approved"]

    def _begin(self, chosen: Sequence[Item]) -> None:
        named = [item.action_id for item in chosen]
        work = self.actions.begin_sending(named, self.fences[-1], self.now)
        if any(item.state != "approved" or item.expires_at <= self.now for item in chosen):
            self._refused(work)
            return
        self.calls[self.do(work)] = (self.fences[-1], named)
        for item in chosen:
            item.state = "sending"

    @precondition(lambda self: bool(self._approved()))
    @rule(data=st.data())
    def send_and_settle(self, data: st.DataObject) -> None:
        """Without anybody in between."""
        chosen = data.draw(st.lists(st.sampled_from(self._approved()), min_size=1, unique=True))
        self._begin([self.items[action_id] for action_id in chosen])
        if self.items[chosen[0]].state == "sending":
            self._settle(data, max(self.calls))

    @precondition(lambda self: bool(self.calls))
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        self._settle(data, data.draw(st.sampled_from(sorted(self.calls))))

    def _settle(self, data: st.DataObject, number: int) -> None:
        fence, named = self.calls.pop(number)
        outcomes = [data.draw(_outcome(action_id)) for action_id in named]
        call = a_writing_call(at=self.now, profile_id=self.profile.profile_id, plan_id=self.items[named[0]].plan_id)
        work = self.actions.settle(named, outcomes, [call], number, fence, self.now)
        if fence != self.fences[-1]:
            self._lost(work)
            return
        self.do(work)
        for action_id, outcome in zip(named, outcomes, strict=True):
            self._came(self.items[action_id], outcome)

    def _came(self, item: Item, outcome: ItemOutcome) -> None:
        match outcome:
            case Made(amazon_id=amazon_id):
                item.state = "done" if amazon_id else "unknown"
                if amazon_id and item.undoes:
                    self.items[item.undoes].state = "undone"
            case TurnedDown():
                item.state = "refused"
            case NotSent():
                item.state = "approved"
            case Unsure():
                item.state = "unknown"

    @precondition(lambda self: any(item.state == "unknown" for item in self.items.values()))
    @rule(data=st.data())
    def reconcile(self, data: st.DataObject) -> None:
        unknown = [item.action_id for item in self.items.values() if item.state == "unknown"]
        found = [(action_id, data.draw(_outcome(action_id))) for action_id in unknown]
        self.do(self.actions.settle_unknown(found, self.fences[-1], self.now))
        for action_id, outcome in found:
            item = self.items[action_id]
            self._came(item, outcome)
            if item.state == "approved" and item.expires_at <= self.now:
                item.state = "stale"

    @rule(data=st.data())
    def mark_stale(self, data: st.DataObject) -> None:
        _, (item, *_) = self._of_plan(data)
        self.do(self.actions.mark_stale([(item.action_id, "the bid moved")], self.fences[-1], self.now))
        item.state = "stale" if item.state == "approved" else item.state

    def _refused(self, work: Coroutine[Any, Any, object]) -> None:
        try:
            self.do(work)
        except Refused:
            return
        raise AssertionError("it was not refused")

    def _lost(self, work: Coroutine[Any, Any, object]) -> None:
        try:
            self.do(work)
        except LeaseLost:
            return
        raise AssertionError("an older fence was let through")

    @invariant()
    def postgres_and_the_model_agree(self) -> None:
        if not self.items:
            return
        rows = self.do(
            self.sql.fetch(
                "SELECT action_id, state FROM harvester.action WHERE profile_id = $1", self.profile.profile_id
            )
        )
        found = {row["action_id"]: row["state"] for row in rows}
        assert found == {item.action_id: item.state for item in self.items.values()}


def _outcome(action_id: str) -> st.SearchStrategy[ItemOutcome]:
    made = Made("T" + action_id)
    return st.sampled_from([made, made, made, Made(""), TurnedDown("X", "no"), NotSent("throttled"), Unsure("lost")])


def test_postgres_agrees_with_a_model_of_the_states(dsn: str):
    """Plans, undos, reviews, edits, expiry, pauses, fences, calls, outcomes, listings; and the ledger stays whole."""
    machine = type("MachineHere", (Machine,), {"dsn": dsn})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25, stateful_step_count=40, deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )  # fmt: skip
