"""Leases on profiles: advisory locks of one dedicated session per process."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg

from harvester.adapters.postgres.database import translated
from harvester.adapters.postgres.queries import named
from harvester.domain.errors import LeaseLost, ProfileBusy, Unavailable
from harvester.domain.ids import ProfileId

_TAKE = named("lease_key_taken")
_GIVE_BACK = named("lease_key_given_back")
_END_HALF_HEARD = named("end_half_heard")
_END_SILENT_HOLDER = named("end_silent_holder")
_AGAIN_SECONDS = 0.25
_TRIES = 20
"""An ended session takes a moment to give its locks back."""


@dataclass(eq=False)
class _Holder:
    """Whoever is inside `hold` now."""

    task: "asyncio.Task[object]"
    has_it: bool = field(default=False)
    lost: bool = field(default=False)

    def lose(self) -> None:
        if self.has_it and not self.lost:
            self.lost = True
            self.task.cancel("the lease was lost")


class PostgresLease:
    """Built by `PostgresLease.open`.

    Postgres frees the locks when the session ends, so a process that dies holds nothing. A session that is lost, or
    does not answer for `patience_seconds`, cancels everybody inside `hold`; the next `hold` opens a new one, and waits
    up to `away_seconds` for a Postgres that is away.

    A process that is stopped keeps its session. Whoever wants what it holds ends that session once it has been silent
    for `grace_seconds`, longer than any call to Amazon takes; when it wakes up, it has lost everything it held. Every
    heartbeat does the same to transactions of processes that were stopped in the middle of a statement.
    """

    def __init__(
        self,
        dsn: str,
        heartbeat_seconds: float,
        patience_seconds: float,
        away_seconds: float,
        grace_seconds: float,
    ) -> None:
        self._dsn = dsn
        self._heartbeat_seconds = heartbeat_seconds
        self._patience_seconds = patience_seconds
        self._away_seconds = away_seconds
        self._grace_seconds = grace_seconds
        self._session: asyncpg.Connection[asyncpg.Record] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._holders: dict[ProfileId, _Holder] = {}

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        dsn: str,
        *,
        heartbeat_seconds: float = 10.0,
        patience_seconds: float = 10.0,
        away_seconds: float = 60.0,
        grace_seconds: float = 90.0,
    ) -> AsyncIterator["PostgresLease"]:
        lease = cls(dsn, heartbeat_seconds, patience_seconds, away_seconds, grace_seconds)
        heart = asyncio.create_task(lease._beat(), name="lease heartbeat")
        try:
            yield lease
        finally:
            heart.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await heart
            await lease._close()

    @asynccontextmanager
    async def hold(self, profile_id: ProfileId) -> AsyncIterator[None]:
        """Raises LeaseLost at the end when the lease was lost inside; the block is cancelled at once then."""
        task = asyncio.current_task()
        assert task is not None
        if profile_id in self._holders:
            raise ProfileBusy(f"profile {profile_id} is being worked on by this process")
        holder = self._holders[profile_id] = _Holder(task)
        try:
            await self._take_patiently(profile_id, holder)
            try:
                yield
            except asyncio.CancelledError:
                if holder.lost and task.uncancel() == 0:
                    raise _lost(profile_id) from None
                raise
            except Exception as error:
                if holder.lost:
                    await _take_cancellation(task)
                    raise _lost(profile_id) from error
                raise
            if holder.lost:
                await _take_cancellation(task)
                raise _lost(profile_id)
        finally:
            del self._holders[profile_id]
            if holder.has_it and not holder.lost:
                await asyncio.shield(self._give_back(profile_id))

    async def _take_patiently(self, profile_id: ProfileId, holder: _Holder) -> None:
        give_up_at = time.monotonic() + self._away_seconds
        while True:
            try:
                return await self._take(profile_id, holder)
            except Unavailable:
                if time.monotonic() + _AGAIN_SECONDS > give_up_at:
                    raise
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _take(self, profile_id: ProfileId, holder: _Holder) -> None:
        async with self._one_at_a_time:
            session = await self._open_session()
            with translated():
                taken = await session.fetchval(_TAKE, profile_id, timeout=self._patience_seconds)
                if not taken:
                    taken = await self._take_from_silent(session, profile_id)
            if session is not self._session:
                raise Unavailable("the session with Postgres ended while a lease was taken")
        if not taken:
            raise ProfileBusy(f"profile {profile_id} is being worked on by another process")
        holder.has_it = True

    async def _take_from_silent(self, session: "asyncpg.Connection[asyncpg.Record]", profile_id: ProfileId) -> bool:
        ended = await session.fetch(_END_SILENT_HOLDER, profile_id, self._grace_seconds, timeout=self._patience_seconds)
        for _ in range(_TRIES if ended else 0):
            if await session.fetchval(_TAKE, profile_id, timeout=self._patience_seconds):
                return True
            await asyncio.sleep(_AGAIN_SECONDS / _TRIES)
        return False

    async def _give_back(self, profile_id: ProfileId) -> None:
        """A session that cannot even do that is ended, which gives everything back."""
        async with self._one_at_a_time:
            session = self._session
            if session is None:
                return
            try:
                with translated():
                    await session.fetchval(_GIVE_BACK, profile_id, timeout=self._patience_seconds)
            except Unavailable:
                session.terminate()

    async def _open_session(self) -> "asyncpg.Connection[asyncpg.Record]":
        if self._session is None or self._session.is_closed():
            with translated():
                self._session = await asyncpg.connect(
                    self._dsn,
                    timeout=self._patience_seconds,
                    server_settings={"application_name": "harvester lease"},
                )
            self._session.add_termination_listener(self._lost_session)
        return self._session

    def _lost_session(self, session: object) -> None:
        if session is self._session:
            self._session = None
            for holder in self._holders.values():
                holder.lose()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat_seconds)
            async with self._one_at_a_time:
                session = self._session
                if session is None:
                    continue
                try:
                    with translated():
                        await session.fetchval(_END_HALF_HEARD, self._grace_seconds, timeout=self._patience_seconds)
                except Unavailable:
                    session.terminate()

    async def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            try:
                await session.close(timeout=self._patience_seconds)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                session.terminate()


async def _take_cancellation(task: "asyncio.Task[object]") -> None:
    """The one that is on its way to a block that ended in the same moment: nothing else may be hit by it."""
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(0)
    task.uncancel()


def _lost(profile_id: ProfileId) -> LeaseLost:
    return LeaseLost(f"the lease on profile {profile_id} was lost: the session with Postgres ended")
