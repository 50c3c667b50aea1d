"""Plans: what stands in the way of a new one, and how one is written, whole or not at all."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from harvester.adapters.postgres.database import Connection, Database
from harvester.adapters.postgres.plan_draft import PostgresPlanDraft, decided_rows
from harvester.adapters.postgres.queries import named
from harvester.domain.candidate import EffectRecord, EffectStanding
from harvester.domain.decision import DecidedRow
from harvester.domain.errors import LeaseLost
from harvester.domain.ids import Effect, PlanId, ProfileId, RunId
from harvester.domain.plan import PlanCounts
from harvester.domain.run import Run
from harvester.ports import Clock

_EFFECTS = named("effects")
_COUNTS = named("decision_counts")
_DECIDED_AD_GROUPS = named("decided_ad_groups")
_HELD_AD_GROUPS = named("held_ad_groups")
_PLAN_OF_RUN = named("plan_of_run")
_SENT_SINCE = named("sent_since")
_NEWEST_FENCE = named("newest_fence")
_ALLOCATE_PLAN = named("allocate_plan")
_OPEN_STAGING = named("open_staging")


@dataclass(frozen=True, slots=True)
class PostgresPlans:
    database: Database
    clock: Clock | None = field(default=None, kw_only=True)
    """Another one than Postgres' own."""

    async def effects(self, profile_id: ProfileId, now: datetime) -> Mapping[Effect, EffectRecord]:
        async def work(connection: Connection, _repeated: bool) -> dict[Effect, EffectRecord]:
            return {
                Effect(row["effect"]): EffectRecord(
                    standing=EffectStanding(row["standing"]),
                    plan_id=row["plan_id"],
                    at=row["at"],
                    clicks_then=row["clicks_then"],
                    until=row["until"],
                    entry=row["entry"] or "",
                )
                async for row in connection.cursor(_EFFECTS, profile_id, now, prefetch=1000)
            }

        return await self.database.repeat(work)

    async def counts(self, run_id: RunId) -> PlanCounts:
        row = await self.database.fetchrow(_COUNTS, run_id)
        assert row is not None
        return PlanCounts(**dict(row))

    async def decided_ad_groups(self, run_id: RunId) -> Sequence[str]:
        return [row["ad_group_id"] for row in await self.database.fetch(_DECIDED_AD_GROUPS, run_id)]

    async def held_ad_groups(self, run_id: RunId) -> Sequence[tuple[str, str]]:
        return [(row["ad_group_id"], row["ad_id"]) for row in await self.database.fetch(_HELD_AD_GROUPS, run_id)]

    async def decided(self, run_id: RunId) -> AsyncGenerator[Sequence[DecidedRow]]:
        async with self.database.transaction() as connection, aclosing(decided_rows(connection, run_id)) as rows:
            async for each in rows:
                yield each

    async def plan_of(self, run_id: RunId) -> PlanId | None:
        found: str | None = await self.database.fetchval(_PLAN_OF_RUN, run_id)
        return None if found is None else PlanId(found)

    async def sent_on(self, profile_id: ProfileId, since: datetime) -> tuple[int, int]:
        row = await self.database.fetchrow(_SENT_SINCE, profile_id, since)
        assert row is not None
        return row["promotions"], row["negatives"]

    @asynccontextmanager
    async def draft(self, run: Run) -> AsyncIterator[PostgresPlanDraft]:
        """Kept when the block ends without an error and the draft was finished; nothing of it otherwise.

        Raises LeaseLost where a newer run of the profile was begun; `finish` does so too, and raises Refused where the
        run has a plan already.
        """
        async with self.database.transaction() as connection:
            if await connection.fetchval(_NEWEST_FENCE, run.profile_id) != run.fence:
                raise LeaseLost(f"run {run.run_id} of profile {run.profile_id} was overtaken by a newer one")
            await connection.execute(_OPEN_STAGING)
            now = None if self.clock is None else self.clock.now()
            allocated = await connection.fetchrow(_ALLOCATE_PLAN, now)
            assert allocated is not None
            draft = PostgresPlanDraft(connection, run, PlanId(allocated["plan_id"]), allocated["at"])
            yield draft
            draft.demand_finished()
