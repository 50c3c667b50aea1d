"""How the fleet is: numbers for probes and scrapes, lists for people."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from harvester.adapters.postgres.database import Connection, Database
from harvester.adapters.postgres.queries import named
from harvester.domain.vitals import SEEN_SECONDS, Vitals

_VITALS = named("vitals")
_LAST_ENDS = named("last_ends")
_OPEN_ACTIONS = named("open_actions")
_RUNNING = named("fleet_running")
_DUE = named("fleet_due")
_SET_ASIDE = named("fleet_set_aside")
_FAILING = named("fleet_failing")
_PAUSED = named("fleet_paused")
_LOGINS = named("fleet_logins")
_MODES = named("fleet_modes")
_REPLICAS = named("fleet_replicas")
_TIMEZONES = named("fleet_timezones")
_TIME = named("time_of_all")

_MOST_REPLICAS = 100
_ENDS_HOLD = timedelta(seconds=30)
"""Looking up the last slot of each profile takes 0.1 s for ten thousand of them; the rest takes a twentieth."""

Row = dict[str, Any]
"""JSON-shaped: times are ISO 8601 text, ids text."""


@dataclass(frozen=True, slots=True)
class FleetLists:
    """The first of each group, as many as were asked for; `Vitals` says how many there are."""

    running: Sequence[Row]
    due: Sequence[Row]
    set_aside: Sequence[Row]
    failing: Sequence[Row]
    paused: Sequence[Row]
    logins: Sequence[Row]
    """Those that fail."""
    replicas: Sequence[Row]
    modes: Row
    timezones: Sequence[str]


@dataclass(slots=True)
class PostgresFleet:
    database: Database
    most_seconds: float = 2.0
    """That one question of the vitals may take."""
    seen_seconds: float = SEEN_SECONDS
    """A replica that was seen this lately is there."""
    _ends: tuple[datetime, asyncpg.Record] | None = field(default=None, init=False)

    async def vitals(self, now: datetime) -> Vitals:
        """Asked once, without patience; what fails is up to half a minute old. Raises Unavailable when Postgres is away
        or takes too long.
        """
        async with self.database.connection() as connection:
            if self._ends is None or not timedelta() <= now - self._ends[0] < _ENDS_HOLD:
                self._ends = now, await _last_ends(connection, now, self.most_seconds)
            return await _vitals(connection, now, self._ends[1], self.seen_seconds, self.most_seconds)

    async def time(self) -> datetime:
        """By Postgres' clock, as are the signs of life: whoever looks may have another."""
        ((now,),) = await self.database.fetch(_TIME)
        moment: datetime = now
        return moment

    async def glance(self, now: datetime, most: int) -> tuple[Vitals, FleetLists]:
        """Both of one moment."""

        async def work(connection: Connection, _repeated: bool) -> tuple[Vitals, FleetLists]:
            ends = await _last_ends(connection, now, None)
            vitals = await _vitals(connection, now, ends, self.seen_seconds, None)
            return vitals, await _lists(connection, now, self.seen_seconds, most)

        return await self.database.repeat(work)


async def _last_ends(connection: Connection, now: datetime, most_seconds: float | None) -> asyncpg.Record:
    row = await connection.fetchrow(_LAST_ENDS, now, timeout=most_seconds)
    assert row is not None
    return row


async def _vitals(
    connection: Connection, now: datetime, ends: asyncpg.Record, seen_seconds: float, most_seconds: float | None
) -> Vitals:
    seen_since = now - timedelta(seconds=seen_seconds)
    row = await connection.fetchrow(_VITALS, now, seen_since, timeout=most_seconds)
    actions = await connection.fetch(_OPEN_ACTIONS, timeout=most_seconds)
    assert row is not None

    def age(since: datetime | None) -> float | None:
        return None if since is None else max(0.0, (now - since).total_seconds())

    return Vitals(
        seen_seconds=seen_seconds,
        profiles=row["profiles"],
        paused_profiles=row["paused_profiles"],
        all_paused=row["all_paused"],
        accounts_closed=row["accounts_closed"],
        accounts_failing=row["accounts_failing"],
        due=row["due"],
        coming=row["coming"],
        set_aside=row["set_aside"],
        running=row["running"],
        failing=ends["failing"],
        lag_seconds=age(row["not_started_since"]),
        stuck_seconds=age(row["stuck_since"]),
        jobs_queued=row["jobs_queued"],
        jobs_picked=row["jobs_picked"],
        job_seconds=age(row["queued_since"]),
        serving=row["serving"],
        working=row["working"],
        draining=row["draining"],
        busy=row["busy"],
        rules_broken=row["rules_broken"],
        clock_seconds=age(row["clock_seen_at"]),
        unknown_seconds=age(row["unknown_since"]),
        harvested_seconds=age(ends["harvested_at"]),
        actions={each["state"]: each["actions"] for each in actions},
    )


async def _lists(connection: Connection, now: datetime, seen_seconds: float, most: int) -> FleetLists:
    modes = await connection.fetchrow(_MODES)
    assert modes is not None
    seen_since = now - timedelta(seconds=seen_seconds)
    replicas = await connection.fetch(_REPLICAS, seen_since, _MOST_REPLICAS)
    return FleetLists(
        running=_rows(await connection.fetch(_RUNNING, most)),
        due=_rows(await connection.fetch(_DUE, now, most)),
        set_aside=_rows(await connection.fetch(_SET_ASIDE, now, most)),
        failing=_rows(await connection.fetch(_FAILING, now, most)),
        paused=_rows(await connection.fetch(_PAUSED, most)),
        logins=_rows(await connection.fetch(_LOGINS, most)),
        replicas=[{**_row(row), "there": row["seen_at"] >= seen_since} for row in replicas],
        modes={**_row(modes), "profile_modes": dict(msgspec.json.decode(each) for each in modes["profile_modes"])},
        timezones=[row["timezone"] for row in await connection.fetch(_TIMEZONES)],
    )


def _rows(records: Sequence[asyncpg.Record]) -> Sequence[Row]:
    return [_row(record) for record in records]


def _row(record: asyncpg.Record) -> Row:
    """A chore's profile is null."""
    row = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in record.items()}
    return {**row, "profile_id": row["profile_id"] or None} if "profile_id" in row else row
