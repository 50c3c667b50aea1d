"""Slots: what is due, who has it, what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

import asyncpg

from harvester.adapters import queue
from harvester.adapters.postgres.database import Connection, Database
from harvester.adapters.postgres.queries import named
from harvester.adapters.postgres.replicas import modes_of
from harvester.adapters.postgres.storable import storable
from harvester.domain.fleet import RuntimeModes
from harvester.domain.ids import PlanId, ProfileId
from harvester.domain.slot import Done, Failed, NotTaken, Result, SetAside, Slot, Taken, Task

_NEW = named("new_slots")
_TO_RECONCILE = named("profiles_with_unknown")
_TO_FOLLOW_UP = named("profiles_with_follow_up")
_LOST = named("lost_slots")
_TO_APPLY = named("profiles_with_approved")
_PLANS_TO_APPLY = named("plans_to_apply")
_TO_TAKE = named("slot_to_take")
_TAKE = named("take_slot")
_COVER_OLDER = named("cover_older")
_END = named("end_slot")
_PUT_ASIDE = named("put_aside_slot")
_GIVE_UP = named("give_up_slot")
_EXPIRED = named("plans_with_expired_approvals")

_SOON = timedelta(seconds=1)
"""The queue and we need not agree about the time to the last bit."""


@dataclass(frozen=True, slots=True)
class PostgresSlots:
    database: Database
    silence: timedelta
    """After so long without a sign of life a replica's slots are anybody's."""

    async def put(self, slots: Sequence[tuple[Slot, datetime]], now: datetime) -> int:
        async def work(connection: Connection, _repeated: bool) -> int:
            return await _put(connection, slots, now)

        return await self.database.repeat(work) if slots else 0

    async def profiles_to_reconcile(
        self, now: datetime, unsettled_since: datetime, pauses: Sequence[timedelta]
    ) -> Sequence[ProfileId]:
        rows = await self.database.fetch(_TO_RECONCILE, unsettled_since, now, list(pauses))
        return [ProfileId(row["profile_id"]) for row in rows]

    async def profiles_to_follow_up(self, now: datetime, none_since: datetime) -> Sequence[ProfileId]:
        return [ProfileId(row["profile_id"]) for row in await self.database.fetch(_TO_FOLLOW_UP, now, none_since)]

    async def profiles_to_apply(
        self, now: datetime, approved_by: datetime, pauses: Sequence[timedelta], rules_since: datetime
    ) -> Mapping[ProfileId, RuntimeModes]:
        rows = await self.database.fetch(_TO_APPLY, approved_by, now, list(pauses), rules_since)
        return {ProfileId(row["profile_id"]): modes_of(row) for row in rows}

    async def plans_to_apply(self, profile_id: ProfileId, now: datetime) -> Sequence[PlanId]:
        return [PlanId(row["plan_id"]) for row in await self.database.fetch(_PLANS_TO_APPLY, profile_id, now)]

    async def put_back_lost(self, now: datetime) -> int:
        async def work(connection: Connection, _repeated: bool) -> int:
            lost = [(_slot(row), row["not_before"]) for row in await connection.fetch(_LOST, now)]
            await queue.enqueue(connection, lost, now)
            return len(lost)

        return await self.database.repeat(work)

    async def plans_with_expired_approvals(self, now: datetime) -> Sequence[PlanId]:
        return [PlanId(row["plan_id"]) for row in await self.database.fetch(_EXPIRED, now)]

    async def take(
        self, slot: Slot, replica_id: str, now: datetime, most_unanswered: int
    ) -> Taken | NotTaken | datetime:
        key = _key(slot)

        async def work(connection: Connection, _repeated: bool) -> Taken | NotTaken | datetime:
            row = await connection.fetchrow(_TO_TAKE, *key, self.silence)
            if row is None or row["state"] not in ("waiting", "running"):
                return NotTaken.OVER
            if row["state"] == "running" and row["replica_id"] != replica_id and row["alive"]:
                return NotTaken.BUSY
            if row["not_before"] is not None and row["not_before"] > now + _SOON:
                not_before: datetime = row["not_before"]
                return not_before
            if row["unanswered"] >= most_unanswered:
                reason = f"{most_unanswered} workers in a row ended while they were at it, without a word"
                await connection.execute(_GIVE_UP, *key, now, reason)
                return NotTaken.GIVEN_UP
            await connection.execute(_TAKE, *key, replica_id, now)
            await connection.execute(_COVER_OLDER, *key, now)
            return Taken(slot, row["deliveries"] + 1, row["failures"])

        return await self.database.repeat(work)

    async def settle(self, taken: Taken, result: Result, now: datetime) -> bool:
        """Written again when the answer to a COMMIT is lost: then it finds its own work done, and says so."""
        key = (*_key(taken.slot), taken.delivery)

        async def work(connection: Connection, repeated: bool) -> bool:
            match result:
                case Done(run_id=run_id, note=note):
                    said = await connection.execute(_END, *key, "done", now, run_id, storable(note))
                case Failed(reason=reason):
                    said = await connection.execute(_END, *key, "failed", now, None, storable(reason))
                case SetAside(until=until, reason=reason, counts=counts):
                    said = await connection.execute(_PUT_ASIDE, *key, until, storable(reason), counts)
                case _:
                    assert_never(result)
            return said == "UPDATE 1" or repeated

        return await self.database.repeat(work)


async def _put(connection: Connection, slots: Sequence[tuple[Slot, datetime]], now: datetime) -> int:
    rows = await connection.fetch(
        _NEW,
        [slot.task.value for slot, _ in slots],
        [slot.profile_id or "" for slot, _ in slots],
        [slot.due_at for slot, _ in slots],
        now,
        [not_before for _, not_before in slots],
    )
    await queue.enqueue(connection, [(_slot(row), row["not_before"]) for row in rows], now)
    return len(rows)


def _slot(row: asyncpg.Record) -> Slot:
    return Slot(Task(row["task"]), ProfileId(row["profile_id"]) if row["profile_id"] else None, row["due_at"])


def _key(slot: Slot) -> tuple[str, str, datetime]:
    return (slot.task.value, slot.profile_id or "", slot.due_at)
