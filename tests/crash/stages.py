"""Stages: an account and a ledger in the middle of their work, from which every round starts anew."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.verify import PostgresVerify, Severity
from harvester.domain.errors import Refused
from harvester.domain.ids import Fingerprint, PlanId
from harvester.sandbox.journal import Entry
from harvester.sandbox.serving import Running, running
from harvester.sandbox.state import state_of
from harvester.usecases.undo import ToUndo
from tests.conftest import Databases, in_a_loop_of_its_own
from tests.crash.agreement import CHANGES, Agreement, Round
from tests.crash.books import fragments, read_books
from tests.crash.scene import OPTIONS, PROFILE, Desk, open_desk, picture, show

State = Mapping[str, Any]
T = TypeVar("T")

_numbers = itertools.count(1)


@dataclass(frozen=True, eq=False)
class Stage:
    """`database`: of a ledger with a plan that is approved. `first`: the account before anything was sent."""

    databases: Databases
    database: str
    account: bytes
    first: State
    journal: tuple[Entry, ...]
    plan_id: PlanId
    fingerprint: Fingerprint
    approved: Mapping[str, str]

    @asynccontextmanager
    async def ledger(self) -> AsyncIterator[str]:
        """A copy of the ledger, for one round."""
        name = f"{self.database}_{next(_numbers)}"
        with self.databases.made(name, self.database) as dsn:
            yield dsn

    def set_up(self, amazon: Running) -> None:
        show(amazon, self.account)
        for entry in self.journal:
            amazon.sandbox.journal.total += 1
            amazon.sandbox.journal._entries.append(entry)

    async def finish(self, dsn: str, amazon: Running) -> None:
        """As a person would go on: reconcile, apply, until nothing is left."""
        amazon.sandbox.faults.replace(())
        async with open_desk(dsn, amazon.url) as desk:
            for _ in range(4):
                await patiently(desk.reconcile)
                await patiently(lambda: desk.apply(self.plan_id, self.fingerprint))
                if not await desk.services.actions.in_state(desk.profile.profile_id, ["unknown", "sending"], None):
                    return

    async def demand_agreement(self, dsn: str, amazon: Running, allowed: Round, *, verify: bool = True) -> None:
        """`verify`: by the program's own check of its ledger too."""
        books = await read_books(dsn, CHANGES, self.approved)
        if verify:
            async with Database.open(dsn, most_connections=1) as database:
                flaws = [flaw async for flaw in PostgresVerify(database).flaws() if flaw.severity is Severity.BROKEN]
            assert not flaws, flaws
        requests = amazon.sandbox.journal.select(0, {})
        Agreement(self.first, state(amazon), requests, books, allowed).demand()


def state(amazon: Running) -> State:
    """The account as it is now; a copy that does not follow it."""
    found: State = msgspec.json.decode(msgspec.json.encode(state_of(amazon.sandbox.world, PROFILE)))["profiles"][
        PROFILE
    ]
    return found


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Again while Postgres has not noticed yet that the process before is gone."""
    give_up_at = time.monotonic() + 60
    while True:
        try:
            return await work()
        except Refused as error:
            if "by another process" not in str(error) or time.monotonic() > give_up_at:
                raise
        await asyncio.sleep(0)


@contextmanager
def built(databases: Databases, template: str, *, undo: bool = False) -> Iterator[Stage]:
    """A plan with work of every kind, approved but for two items; or the plan that takes all of it back."""
    name = f"{template}_{'undo' if undo else 'apply'}_{next(_numbers)}"
    with databases.made(name, template) as dsn:
        yield in_a_loop_of_its_own(_build(databases, name, dsn, undo=undo))


async def _build(databases: Databases, name: str, dsn: str, *, undo: bool) -> Stage:
    async with running(OPTIONS) as amazon:
        first = state(amazon)
        async with open_desk(dsn, amazon.url) as desk:
            plan_id, fingerprint = await _approved_plan(desk)
            approved = await fragments(dsn)
            if undo:
                applied = await desk.apply(plan_id, fingerprint)
                assert applied.done == len(approved)
                undone = await desk.undo(ToUndo(plan_id=plan_id))
                assert undone.plan_id is not None
                plan_id = undone.plan_id
                fingerprint = await desk.approve(plan_id)
                approved = {**approved, **await fragments(dsn)}
                items = [item async for item in desk.services.reports.items(plan_id)]
                assert {item["state"] for item in items} == {"approved"}
        journal = tuple(amazon.sandbox.journal._entries)
        return Stage(databases, name, picture(amazon), first, journal if undo else (), plan_id, fingerprint, approved)


async def _approved_plan(desk: Desk) -> tuple[PlanId, Fingerprint]:
    """All that may be sent; one promotion and one negative are left out, so that something is declined and waits."""
    await desk.services.profiles.save([desk.profile])
    plan_id = await desk.plan()
    items = [item async for item in desk.services.reports.items(plan_id)]
    sendable = [item for item in items if item["state"] in ("planned", "guarded")]
    declined = next(item["id"] for item in sendable if item["kind"] == "promote_keyword")
    waiting = next(item["id"] for item in sendable if item["kind"] == "negate_product")
    fingerprint = await desk.approve(
        plan_id, action_ids=[item["id"] for item in sendable if item["id"] not in (declined, waiting)]
    )
    await desk.decline(plan_id, [declined])
    return plan_id, fingerprint
