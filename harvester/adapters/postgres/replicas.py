"""Who serves, which profiles its logins show, and how far people let it go."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from harvester.adapters.postgres.database import Connection, Database
from harvester.adapters.postgres.profiles import no_such_profile, profile_of
from harvester.adapters.postgres.queries import named
from harvester.adapters.postgres.storable import storable
from harvester.domain.fleet import Login, Narrowed, RuntimeModes, Sign
from harvester.domain.ids import ProfileId
from harvester.domain.orders import Order, Orders
from harvester.domain.profile import Mode, Profile

_SIGN = named("sign_of_life")
_LEAVE = named("leave")
_TIME = named("time_of_all")
_NOTE_LISTED = named("note_listed")
_NOTE_LOGIN = named("note_login")
_NOTE_FAILURE = named("note_login_failure")
_FORGET_LOGINS = named("forget_logins")
_LOGINS = named("logins")
_FIND = named("find_profile")
_LISTED = named("listed_profiles")
_MODES = named("runtime_modes")
_NARROWED = named("narrowed_modes")
_ORDERS = named("orders")
_SET_PROFILE_MODE = named("set_profile_mode")
_SET_FLEET_MODE = named("set_fleet_mode")


@dataclass(frozen=True, slots=True)
class PostgresReplicas:
    database: Database

    async def sign(self, sign: Sign) -> datetime:
        """Raises Unavailable at once where Postgres is away: the next sign comes soon."""
        error = None if sign.rules_error is None else storable(sign.rules_error)
        columns = (sign.replica_id, sign.kind, sign.host, sign.pid, sign.version, sign.started_at)
        state = (sign.holds_clock, sign.draining, sign.running, sign.ruleset_fingerprint, error)
        goes_by = (sign.mode and sign.mode.value, sign.schedule)
        async with self.database.transaction() as connection:
            seen_at: datetime = await connection.fetchval(_SIGN, *columns, *state, *goes_by)
            return seen_at

    async def time(self) -> datetime:
        """By Postgres' clock."""
        async with self.database.connection() as connection:
            now: datetime = await connection.fetchval(_TIME)
            return now

    async def leave(self, replica_id: str) -> None:
        async with self.database.transaction() as connection:
            await connection.execute(_LEAVE, replica_id)


@dataclass(frozen=True, slots=True)
class PostgresFleetProfiles:
    database: Database

    async def find(self, profile_id: ProfileId) -> Profile | None:
        row = await self.database.fetchrow(_FIND, profile_id)
        return None if row is None else profile_of(row)

    async def listed(self, accounts: Collection[str]) -> Sequence[Profile]:
        return [profile_of(row) for row in await self.database.fetch(_LISTED, list(accounts))]

    async def note_listed(self, account: str, profiles: Sequence[Profile], now: datetime) -> None:
        profile_ids = [profile.profile_id for profile in profiles]

        async def work(connection: Connection, _repeated: bool) -> None:
            await connection.execute(_NOTE_LISTED, account, profile_ids, now)
            await connection.execute(_NOTE_LOGIN, account, now)

        await self.database.repeat(work)

    async def note_failure(self, account: str, failure: str, *, closed: bool, now: datetime) -> None:
        await self.database.execute(_NOTE_FAILURE, account, now, storable(failure), closed)

    async def forget_others(self, accounts: Collection[str]) -> None:
        await self.database.execute(_FORGET_LOGINS, list(accounts))

    async def logins(self) -> Sequence[Login]:
        return [Login(**row) for row in await self.database.fetch(_LOGINS)]


@dataclass(frozen=True, slots=True)
class PostgresModes:
    database: Database

    async def current(self, profile_id: ProfileId) -> RuntimeModes:
        (row,) = await self.database.ask(_MODES, profile_id)
        return modes_of(row)

    async def narrowed(self) -> Sequence[Narrowed]:
        """What is set now: for all first, then by profile."""
        return [
            Narrowed(row["profile_id"], Mode(row["mode"]), row["mode_by"], row["mode_at"])
            for row in await self.database.fetch(_NARROWED)
        ]

    async def orders(self) -> Orders:
        """Modes, and the kill switch. Raises Unavailable at once where Postgres is away: the next look comes soon."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(_ORDERS)
        return {
            row["profile_id"]: Order(row["paused"], row["paused_by"], row["mode"] and Mode(row["mode"]), row["mode_by"])
            for row in rows
        }

    async def set(self, profile_id: ProfileId | None, mode: Mode | None, by: str, now: datetime) -> None:
        value = None if mode is None else mode.value

        async def work(connection: Connection, _repeated: bool) -> None:
            if profile_id is None:
                await connection.execute(_SET_FLEET_MODE, value, by, now)
            elif await connection.execute(_SET_PROFILE_MODE, profile_id, value, by, now) != "INSERT 0 1":
                raise await no_such_profile(connection, profile_id)

        await self.database.repeat(work)


def modes_of(row: asyncpg.Record) -> RuntimeModes:
    return RuntimeModes(*(None if mode is None else Mode(mode) for mode in (row["fleet"], row["profile"])))
