"""Days of reports as they are when they were read."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from .acting import PROFILE
from .conftest import Sql

ASKED = datetime(2027, 6, 1, tzinfo=UTC)
"""Long after every day of these tests: nothing of them is restated any more."""


def days(first: date, count: int) -> list[date]:
    return [first + timedelta(days=number) for number in range(count)]


async def read_days(
    sql: Sql, kind: str, which: Sequence[date], asked_at: datetime = ASKED, profile_id: str = PROFILE
) -> None:
    """These days are in, as of then."""
    number = await sql.fetchval(
        "INSERT INTO harvester.report (profile_id, kind, first_day, last_day, state, asked_at, settled_at) "
        "VALUES ($1, $2, $3, $3, 'loaded', $4, $4) RETURNING number",
        profile_id, kind, which[0], asked_at,
    )  # fmt: skip
    await sql.executemany(
        "INSERT INTO harvester.report_day (profile_id, kind, day, asked_at, report) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (profile_id, kind, day) DO UPDATE SET asked_at = excluded.asked_at",
        [(profile_id, kind, day, asked_at, number) for day in which],
    )


async def targeting(
    sql: Sql, target: str, day: date, impressions: int = 10, clicks: int = 0, cost: int = 0, orders: int = 0,
    sales: int = 0, profile_id: str = PROFILE,
) -> None:  # fmt: skip
    """One day of a target of ours; money in whole units."""
    await sql.execute(
        "INSERT INTO harvester.targeting_day VALUES ($1, $2, '900', '910', $3, 'x', 'EXACT', $4, $5, $6, $7, $8)",
        profile_id, day, target, impressions, clicks, cost * 1_000_000, orders, sales * 1_000_000,
    )  # fmt: skip


async def search_term(
    sql: Sql, key: str, day: date, clicks: int = 1, cost: int = 1, orders: int = 0, sales: int = 0,
    ad_group_id: str = "710", campaign_id: str = "700", profile_id: str = PROFILE,
) -> None:  # fmt: skip
    """One day of a search term; money in whole units."""
    await sql.execute(
        "INSERT INTO harvester.search_term_day "
        "VALUES ($1, $2, $3, $4, '77', $5, $5, 'close-match', 'TARGETING_EXPRESSION_PREDEFINED', $6, $7, $8, $9, $10)",
        profile_id, day, campaign_id, ad_group_id, key, clicks * 20, clicks, cost * 1_000_000, orders, sales * 1_000_000,
    )  # fmt: skip
