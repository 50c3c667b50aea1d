"""What people must know: looked up, and told once in the whole fleet."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

import asyncpg

from harvester.adapters.postgres.database import Connection, Database
from harvester.adapters.postgres.once import once
from harvester.adapters.postgres.queries import named
from harvester.domain.ids import ProfileId
from harvester.domain.notice import News, Notice, NoticeKind, NoticeTurn, Sighting, Whose

_TAKE_TURN = named("take_notice_turn")
_END_TURN = named("end_notice_turn")
_WORK_STOPPED = named("work_stopped")
_RULES_BROKEN = named("rules_broken")
_SEE = named("see_notices")
_RESOLVE = named("resolve_notices")
_FORGET = named("forget_notices")
_TAKE = named("take_notices")
_MARK_TOLD = named("mark_notices_told")

_OF_ACCOUNTS = MappingProxyType(
    {
        NoticeKind.ACCOUNT_CLOSED: named("accounts_closed"),
        NoticeKind.ITEMS_GUARDED: named("items_guarded"),
        NoticeKind.REGRETTED: named("plans_regretted"),
    }
)
_OF_ACCOUNTS_BY_NOW = MappingProxyType(
    {
        NoticeKind.ITEMS_UNKNOWN: named("items_unknown"),
        NoticeKind.ITEMS_REFUSED: named("items_refused"),
        NoticeKind.PLAN_WAITING: named("plans_waiting"),
    }
)

_TASKS: Mapping[str, str] = MappingProxyType(
    {
        "plan": "planning",
        "follow_up": "planning what follows",
        "apply": "sending",
        "reconcile": "reconciling",
        "discover": "finding profiles",
        "expire": "ending approvals",
        "retain": "keeping the tables in order",
        "notify": "notifying",
        "outcomes": "looking back",
        "report": "fetching reports",
    }
)

TURN_LASTS = timedelta(minutes=5)
"""Longer than any address is waited for. A replica that dies in its turn delays the others by this."""
_SLACK = 0.05
"""By how much of `every` a message may come early: who calls is not that exact, and would miss every other time."""


@dataclass(frozen=True, slots=True)
class PostgresNotices:
    database: Database

    async def take_turn(
        self, now: datetime, every: timedelta, accounts: Collection[str], kinds: Collection[NoticeKind]
    ) -> NoticeTurn | None:
        async def work(connection: Connection) -> NoticeTurn | None:
            number: int | None = await connection.fetchval(_TAKE_TURN, now, TURN_LASTS, every * (1 - _SLACK))
            if number is None:
                return None
            names = [kind.value for kind in kinds]
            seen = _columns(await _look(connection, now, accounts, kinds))
            await connection.execute(_SEE, now, *seen)
            await connection.execute(_RESOLVE, now, names, *seen[:2])
            await connection.execute(_FORGET, now)
            rows = await connection.fetch(_TAKE, now, number, names)
            if not rows:
                await connection.execute(_END_TURN, number, False)
                return None
            return NoticeTurn(number, tuple(_notice(row) for row in rows))

        return await once(self.database, work)

    async def told(self, turn: NoticeTurn, now: datetime) -> None:
        async def work(connection: Connection, _repeated: bool) -> None:
            await connection.execute(_MARK_TOLD, turn.number, now)
            await connection.execute(_END_TURN, turn.number, True)

        await self.database.repeat(work)

    async def give_up(self, turn: NoticeTurn) -> None:
        await self.database.execute(_END_TURN, turn.number, False)


async def _look(
    connection: Connection, now: datetime, accounts: Collection[str], kinds: Collection[NoticeKind]
) -> Sequence[Sighting]:
    found: list[Sighting] = []
    named_accounts = list(accounts)
    for kind, query in _OF_ACCOUNTS.items():
        if kind in kinds:
            found += [_sighting(kind, row) for row in await connection.fetch(query, named_accounts)]
    for kind, query in _OF_ACCOUNTS_BY_NOW.items():
        if kind in kinds:
            found += [_sighting(kind, row) for row in await connection.fetch(query, named_accounts, now)]
    if NoticeKind.RULES_BROKEN in kinds:
        found += [_sighting(NoticeKind.RULES_BROKEN, row) for row in await connection.fetch(_RULES_BROKEN, now)]
    if {NoticeKind.PROFILE_STOPPED, NoticeKind.CHORE_STOPPED} & {*kinds}:
        stopped = [_stopped(row) for row in await connection.fetch(_WORK_STOPPED, named_accounts, now)]
        found += [sighting for sighting in stopped if sighting.kind in kinds]
    return found


def _sighting(kind: NoticeKind, row: asyncpg.Record) -> Sighting:
    return Sighting(
        kind=kind,
        subject=row["subject"],
        since=row["since"],
        profile_id=row["profile_id"],
        account=row["account"],
        items=row["items"],
        detail=row["detail"],
        version=row["version"],
    )


def _stopped(row: asyncpg.Record) -> Sighting:
    task, profile_id, how, reason = row["task"], row["profile_id"], row["how"], row["reason"]
    what = "no complete run for two days" if how == "incomplete" else f"{_TASKS.get(task, task)} {how}"
    return Sighting(
        kind=NoticeKind.PROFILE_STOPPED if profile_id else NoticeKind.CHORE_STOPPED,
        subject=f"{task} {profile_id}" if profile_id else task,
        since=row["since"],
        profile_id=profile_id,
        account=row["account"],
        detail=f"{what}: {reason}" if reason else what,
    )


def _columns(found: Sequence[Sighting]) -> tuple[list[object], ...]:
    """In the order of the statements that take them: kind and subject first."""
    return (
        [sighting.kind.value for sighting in found],
        [sighting.subject for sighting in found],
        [sighting.profile_id for sighting in found],
        [sighting.account for sighting in found],
        [sighting.items for sighting in found],
        [sighting.detail for sighting in found],
        [sighting.version for sighting in found],
        [sighting.since for sighting in found],
    )


def _notice(row: asyncpg.Record) -> Notice:
    whose = zip(row["ids"], row["names"], row["countries"], strict=True)
    return Notice(
        kind=NoticeKind(row["kind"]),
        news=News(row["news"]),
        subject=row["subject"],
        since=row["since"],
        account=row["account"],
        whose=tuple(Whose(ProfileId(profile_id), name, country) for profile_id, name, country in whose if profile_id),
        items=row["items"],
        told_items=row["told_items"],
        detail=row["detail"],
    )
