"""Runs, and the observations they record page by page."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg
import msgspec

from harvester.adapters.postgres.database import Connection, Database
from harvester.adapters.postgres.observation_copy import COLUMNS, PageCopy, Rows
from harvester.adapters.postgres.profiles import profile_columns
from harvester.adapters.postgres.queries import named
from harvester.domain.errors import LeaseLost
from harvester.domain.ids import Fingerprint, PlanId, ProfileId, RunId
from harvester.domain.profile import Mode, Profile
from harvester.domain.recommendation import Recommendation
from harvester.domain.run import Cursor, Run, RunState
from harvester.ports import Clock

_NEXT_FENCE = named("next_fence")
_REMEMBER_PROFILE = named("remember_profile")
_TAKE_UP = named("take_up_run")
_FAIL_INTERRUPTED = named("fail_interrupted_run")
_NEW = named("new_run")
_ENDED = named("ended_run")
_RECENT_ROWS = named("recent_rows")
_ADVERTISED = named("advertised")
_ADVANCE = named("advance_run")
_MOVE_CURSOR = named("move_cursor")
_FINISH = named("finish_run")
_SUMMARIZE_KEYS = named("summarize_keys")
_AS_IT_IS = named("run_as_it_is")
_ENSURE_PARTITIONS = named("ensure_partitions")

_read_cursor = msgspec.json.Decoder(Cursor).decode
_write_cursor = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class PostgresRuns:
    database: Database
    page_copy: PageCopy = field(default_factory=PageCopy, kw_only=True)
    clock: Clock | None = field(default=None, kw_only=True)
    """Another one than Postgres' own."""

    async def begin(
        self, profile: Profile, *, source: str, trigger: str, mode: Mode, ruleset: Fingerprint, resume_after: datetime
    ) -> Run:
        """An interrupted run is taken up only in the mode it was begun in."""

        async def work(connection: Connection, _repeated: bool) -> Run:
            profile_id = profile.profile_id
            await connection.execute(_REMEMBER_PROFILE, *profile_columns(profile))
            fence: int = await connection.fetchval(_NEXT_FENCE, profile_id)
            found = await connection.fetchrow(_TAKE_UP, profile_id, source, ruleset, mode.value, resume_after, fence)
            if found is not None:
                return _run(profile_id, found, fence)
            await connection.execute(_FAIL_INTERRUPTED, profile_id)
            made = await connection.fetchrow(
                _NEW, profile_id, profile.account, source, trigger, mode.value, ruleset, fence, self._now()
            )
            assert made is not None
            return Run(
                run_id=RunId(made["run_id"]),
                profile_id=profile_id,
                account=profile.account,
                fence=fence,
                started_at=made["started_at"],
                cursor=Cursor(),
                pages=0,
                recommendations=0,
                resumed=False,
            )

        await self.database.execute(_ENSURE_PARTITIONS)
        return await self.database.repeat(work)

    async def ended(
        self, profile_id: ProfileId, trigger: str, mode: Mode, ruleset: Fingerprint, begun: datetime, ended: datetime
    ) -> tuple[RunId, PlanId, Sequence[str]] | None:
        asked = (profile_id, trigger, mode.value, ruleset, begun, ended)

        row = await self.database.fetchrow(_ENDED, *asked)
        return None if row is None else (RunId(row["run_id"]), PlanId(row["plan_id"]), row["troubles"])

    async def recent_rows(self, run: Run, most: int) -> Sequence[Recommendation]:
        """In the order they were recorded."""
        return [Recommendation(*row) for row in reversed(await self.database.fetch(_RECENT_ROWS, run.run_id, most))]

    async def advertised(self, profile_id: ProfileId) -> Sequence[tuple[str, str, str]]:
        async def work(connection: Connection, _repeated: bool) -> list[asyncpg.Record]:
            return await connection.fetch(_ADVERTISED, profile_id)

        return [tuple(row) for row in await self.database.repeat(work)]

    async def save_page(
        self, run: Run, first_place: int, rows: Rows, cursor: Cursor, seen_at: datetime, trouble: str | None = None
    ) -> None:
        """Waits while Postgres is away, up to the database's patience; a page that was kept is not repeated."""
        cursor_text = _write_cursor(cursor).decode()

        async def write(copy: Sequence[bytes]) -> None:
            async def work(connection: Connection, repeated: bool) -> None:
                if repeated and await _is_at(connection, run, cursor_text):
                    return
                if rows:
                    await connection.copy_to_table(
                        "observation", schema_name="harvester", columns=COLUMNS, source=_each(copy), format="binary"
                    )
                # Last, so that Postgres has the rows to work on while the next page is judged.
                changed = await connection.execute(
                    _ADVANCE, run.run_id, run.fence, cursor_text, len(rows), trouble, seen_at
                )
                _still_ours(changed, run)

            await self.database.repeat(work)

        try:
            await write(self.page_copy(run, first_place, rows, seen_at))
        except (asyncpg.CharacterNotInRepertoireError, UnicodeEncodeError):
            await write(self.page_copy(run, first_place, rows, seen_at, clean=True))

    async def save_cursor(self, run: Run, cursor: Cursor, trouble: str | None = None) -> None:
        cursor_text = _write_cursor(cursor).decode()

        async def work(connection: Connection, _repeated: bool) -> None:
            changed = await connection.execute(_MOVE_CURSOR, run.run_id, run.fence, cursor_text, trouble)
            _still_ours(changed, run)

        await self.database.repeat(work)
        if cursor.finished_through:  # the plan that follows looks for keys: five hundred times in the whole of the run
            await self._summarize_keys()

    async def finish(self, run: Run, state: RunState, error: str | None) -> None:
        async def work(connection: Connection, repeated: bool) -> None:
            if repeated:
                found = await connection.fetchrow(_AS_IT_IS, run.run_id)
                if found is not None and (found["state"], found["fence"]) == (state.value, run.fence):
                    return
            _still_ours(await connection.execute(_FINISH, run.run_id, run.fence, state.value, error, self._now()), run)

        await self.database.repeat(work)
        await self._summarize_keys()

    def _now(self) -> datetime | None:
        return None if self.clock is None else self.clock.now()

    async def _summarize_keys(self) -> None:
        await self.database.execute(_SUMMARIZE_KEYS)


def _run(profile_id: ProfileId, found: asyncpg.Record, fence: int) -> Run:
    return Run(
        run_id=RunId(found["run_id"]),
        profile_id=profile_id,
        account=found["account"],
        fence=fence,
        started_at=found["started_at"],
        cursor=_read_cursor(found["cursor"]),
        pages=found["pages"],
        recommendations=found["recommendations"],
        resumed=True,
        troubles=tuple(found["troubles"]),
    )


async def _each(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def _is_at(connection: Connection, run: Run, cursor_text: str) -> bool:
    """Whether the attempt whose COMMIT got no answer was kept after all."""
    found = await connection.fetchrow(_AS_IT_IS, run.run_id)
    return found is not None and found["fence"] == run.fence and found["cursor"] == cursor_text


def _still_ours(status: str, run: Run) -> None:
    if status != "UPDATE 1":
        raise LeaseLost(f"run {run.run_id} of profile {run.profile_id} was taken over or has ended")
