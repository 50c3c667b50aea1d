"""Where replicas tell one another what Amazon lets through."""

import math
from collections import defaultdict
from collections.abc import Sequence

from harvester.adapters.limit import Learned
from harvester.adapters.postgres.database import Connection, Database
from harvester.adapters.postgres.queries import named
from harvester.adapters.sharing import DEAD_AFTER_SECONDS, Standing, merged
from harvester.adapters.throttle import Report

_LOCKED = named("budgets_locked")
_KEEP = named("keep_budgets")
_KEEP_PARTS = named("keep_budget_parts")
_OTHERS = named("other_budget_parts")
_GIVE_BACK = named("give_back_budget_parts")


class PostgresBudgets:
    """One short transaction per heartbeat, whatever the number of requests."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def exchange(self, replica: str, reports: Sequence[Report]) -> Sequence[Standing]:
        """Raises Unavailable; nothing was told then, or it is told again by the next report."""
        if not reports:
            return []
        async with self._database.transaction() as connection:
            learned = await self._learn(connection, reports)
            wanted, through = [each.wanted for each in reports], [each.through for each in reports]
            logins = [each.login for each in reports]
            await connection.execute(_KEEP_PARTS, replica, logins, wanted, through)
            others = defaultdict(list)
            for row in await connection.fetch(_OTHERS, logins, replica, DEAD_AFTER_SECONDS):
                if not (_is_number(row["wanted"]) and _is_number(row["through"])):
                    continue
                others[row["login"]].append((row["wanted"], row["through"]))
        return [
            Standing(
                login,
                learned[login],
                [wanted for wanted, _ in others[login]],
                sum(through for _, through in others[login]),
            )
            for login in logins
        ]

    async def leave(self, replica: str) -> None:
        async with self._database.connection() as connection:
            await connection.execute(_GIVE_BACK, replica)

    @staticmethod
    async def _learn(connection: Connection, reports: Sequence[Report]) -> dict[str, Learned]:
        logins = [each.login for each in reports]
        known = {row["login"]: row for row in await connection.fetch(_LOCKED, logins)}
        learned = {}
        for report in reports:
            row = known.get(report.login)
            stored = None if row is None else Learned(row["rate"], row["ceiling"], row["epoch"])
            age_seconds = row["age_seconds"] if row is not None and stored is not None and _sane(stored) else math.inf
            learned[report.login] = merged(stored, age_seconds, report)
        values = list(learned.values())
        await connection.execute(
            _KEEP,
            list(learned),
            [each.rate for each in values],
            [each.ceiling for each in values],
            [each.epoch for each in values],
        )
        return learned


def _sane(learned: Learned) -> bool:
    """Whoever wrote it: nothing can be divided by what is none. Old news takes its place."""
    return all(number is None or (_is_number(number) and number > 0) for number in (learned.rate, learned.ceiling))


def _is_number(number: float) -> bool:
    return math.isfinite(number) and number >= 0
