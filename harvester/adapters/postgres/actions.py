"""Every change of an action's state, each in one transaction that is kept exactly once."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from harvester.adapters.postgres import reviewing, sending, settling
from harvester.adapters.postgres.database import Connection, Database
from harvester.adapters.postgres.once import once
from harvester.adapters.postgres.profiles import no_such_profile
from harvester.adapters.postgres.queries import named
from harvester.adapters.postgres.standings import standing, standings
from harvester.domain.action import OPEN, Standing
from harvester.domain.errors import LeaseLost, Refused
from harvester.domain.ids import Fingerprint, PlanId, ProfileId
from harvester.domain.outcome import ItemOutcome
from harvester.domain.review import Review, Reviewed, Selection
from harvester.domain.run import ApiCall

_LOCK = named("lock_history")
_NEXT_FENCE = named("next_fence")
_STRAYS = named("strays_unknown")
_FINGERPRINT = named("plan_fingerprint")
_RULESET = named("plan_ruleset")
_CLOSE_PLANS = named("close_plans")
_IN_STATE = named("actions_in_state")
_PLANS_OF = named("plans_of")
_ONE = named("one_action")
_AUTOMATIC = named("approve_automatically")
_EXPIRE = named("expire_approvals")
_RETRACT = named("retract_automatic")
_PAUSES = named("pauses")
_PAUSE_PROFILE = named("pause_profile")
_PAUSE_ALL = named("pause_all")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PostgresActions:
    """All waiting is Postgres': transactions that change actions of one profile come one after the other."""

    database: Database

    async def review(self, review: Review, selection: Selection, two_person: Collection[str]) -> Reviewed:
        return await self._once(lambda connection: reviewing.review(connection, review, selection, two_person))

    async def edit_bid(self, review: Review, action_id: str, bid: str, formula: str, fragment: str) -> Fingerprint:
        amount = Decimal(bid)
        return await self._once(
            lambda connection: reviewing.edit_bid(connection, review, action_id, amount, formula, fragment)
        )

    async def take_fence(self, profile_id: ProfileId) -> int:
        async def work(connection: Connection) -> int:
            await connection.execute(_LOCK, profile_id)
            fence: int = await connection.fetchval(_NEXT_FENCE, profile_id)
            await connection.execute(_STRAYS, profile_id, fence)
            await connection.execute(_CLOSE_PLANS, profile_id)
            return fence

        return await self._once(work)

    async def fingerprint(self, plan_id: PlanId) -> tuple[ProfileId, Fingerprint] | None:
        rows = await self.database.fetch(_FINGERPRINT, plan_id)
        return (rows[0]["profile_id"], rows[0]["fingerprint"]) if rows else None

    async def in_state(
        self, profile_id: ProfileId, states: Collection[str], plan_id: PlanId | None
    ) -> Sequence[Standing]:
        plans = [plan_id]
        if plan_id is None:
            plans = [
                row["plan_id"] for row in await self.database.fetch(_PLANS_OF, profile_id, OPEN.issuperset(states))
            ]
        return standings(await self.database.fetch(_IN_STATE, profile_id, list(states), plans))

    async def action(self, action_id: str) -> Standing | None:
        rows = await self.database.fetch(_ONE, action_id)
        return standing(rows[0]) if rows else None

    async def approve_automatically(
        self, plan_id: PlanId, rules: Collection[str], ruleset: Fingerprint, at: datetime, expires_at: datetime
    ) -> Sequence[str]:
        return await self._ids(plan_id, _AUTOMATIC, list(rules), at, expires_at, ruleset)

    async def retract_automatic(self, plan_id: PlanId, ruleset: Fingerprint, at: datetime) -> Sequence[str]:
        return await self._ids(plan_id, _RETRACT, at, ruleset)

    async def ruleset(self, plan_id: PlanId) -> Fingerprint | None:
        rows = await self.database.fetch(_RULESET, plan_id)
        return Fingerprint(rows[0]["ruleset_fingerprint"]) if rows else None

    async def expire(self, plan_id: PlanId, now: datetime) -> Sequence[str]:
        return await self._ids(plan_id, _EXPIRE, now)

    async def paused(self, profile_id: ProfileId, fence: int | None = None) -> str | None:
        (row,) = await self.database.ask(_PAUSES, profile_id)
        if fence is not None and row["fence"] != fence:
            raise sending.overtaken(profile_id, fence)
        return sending.why_paused(profile_id, row)

    async def pause(self, profile_id: ProfileId | None, by: str, paused: bool) -> None:
        async def work(connection: Connection, _repeated: bool) -> None:
            if profile_id is None:
                await connection.execute(_PAUSE_ALL, by, paused)
            elif await connection.execute(_PAUSE_PROFILE, profile_id, by, paused) != "INSERT 0 1":
                raise await no_such_profile(connection, profile_id)

        await self.database.repeat(work)

    async def begin_sending(self, action_ids: Sequence[str], fence: int, at: datetime) -> int:
        return await self._once(lambda connection: sending.begin_sending(connection, list(action_ids), fence, at))

    async def settle(
        self,
        action_ids: Sequence[str],
        outcomes: Sequence[ItemOutcome],
        calls: Sequence[ApiCall],
        call_number: int,
        fence: int,
        at: datetime,
    ) -> None:
        """Where a newer fence has taken the items, the calls are recorded all the same; then it raises LeaseLost."""
        settled = settling.by_position(action_ids, outcomes)

        async def work(connection: Connection) -> LeaseLost | None:
            return await settling.settle(connection, settled, calls, call_number, fence, at)

        lost = await self._once(work)
        if lost is not None:
            raise lost

    async def mark_stale(self, moved: Sequence[tuple[str, str]], fence: int, at: datetime) -> None:
        if moved:
            await self._once(lambda connection: settling.mark_stale(connection, moved, fence, at))

    async def say_why(self, waiting: Sequence[tuple[str, str]], fence: int) -> None:
        if waiting:
            await self._once(lambda connection: settling.say_why(connection, waiting, fence))

    async def settle_unknown(self, found: Sequence[tuple[str, ItemOutcome]], fence: int, at: datetime) -> None:
        if found:
            await self._once(lambda connection: settling.settle_unknown(connection, found, fence, at))

    async def _ids(self, plan_id: PlanId, query: str, *arguments: object) -> Sequence[str]:
        """Of the items that a change of one plan has changed."""

        async def work(connection: Connection) -> list[str]:
            found = await connection.fetchrow(_FINGERPRINT, plan_id)
            if found is None:
                raise Refused(f"there is no plan {plan_id}")
            await connection.execute(_LOCK, found["profile_id"])
            return [row["action_id"] for row in await connection.fetch(query, plan_id, *arguments)]

        return await self._once(work)

    async def _once(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        return await once(self.database, work)
