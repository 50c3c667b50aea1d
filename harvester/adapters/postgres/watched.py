"""Runs and plans that tell a watch how far they are."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from harvester.adapters.postgres.plan_draft import PostgresPlanDraft
from harvester.adapters.postgres.plans import PostgresPlans
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.adapters.watching import Rows, RunWatch
from harvester.domain.ids import Fingerprint
from harvester.domain.profile import Mode, Profile
from harvester.domain.run import Cursor, Run, RunState


@dataclass(frozen=True)
class WatchedRuns(PostgresRuns):
    watch: RunWatch

    async def begin(
        self, profile: Profile, *, source: str, trigger: str, mode: Mode, ruleset: Fingerprint, resume_after: datetime
    ) -> Run:
        run = await super().begin(
            profile, source=source, trigger=trigger, mode=mode, ruleset=ruleset, resume_after=resume_after
        )
        self.watch.began(run, trigger)
        return run

    async def save_page(
        self, run: Run, first_place: int, rows: Rows, cursor: Cursor, seen_at: datetime, trouble: str | None = None
    ) -> None:
        started = time.monotonic()
        await super().save_page(run, first_place, rows, cursor, seen_at, trouble)
        self.watch.recorded(run, rows, time.monotonic() - started)

    async def finish(self, run: Run, state: RunState, error: str | None) -> None:
        await super().finish(run, state, error)
        self.watch.ended(run, state)


@dataclass(frozen=True)
class WatchedPlans(PostgresPlans):
    watch: RunWatch

    @asynccontextmanager
    async def draft(self, run: Run) -> AsyncIterator[PostgresPlanDraft]:
        started = time.monotonic()
        async with super().draft(run) as draft:
            yield draft
        self.watch.planned(run, draft.plan_id, time.monotonic() - started)
