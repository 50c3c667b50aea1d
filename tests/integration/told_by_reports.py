"""Report days as the fetcher leaves them, for tests that only read them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from harvester.domain.target import fold
from harvester.domain.zones import zone
from tests.acceptance.records import Ledger
from tests.crash.scene import PROFILE

ZONE = "America/Los_Angeles"
MILLION = 1_000_000


@dataclass(frozen=True)
class Day:
    """What a search term brought on one day under one keyword; money in whole units."""

    day: date
    ad_group_id: str
    campaign_id: str
    term: str
    clicks: int = 1
    orders: int = 0
    cost: float = 1.0
    sales: float = 0.0
    impressions: int = 100
    keyword_id: str = "400"
    targeting: str = "close-match"
    match_type: str = "TARGETING_EXPRESSION_PREDEFINED"
    profile_id: str = PROFILE

    @property
    def key(self) -> str:
        return self.term.upper() if self.term.lower().startswith("b0") else fold(self.term)

    def on(self, *days: date) -> "list[Day]":
        return [replace(self, day=day) for day in days]


def today() -> date:
    """The profile's."""
    return datetime.now(UTC).astimezone(zone(ZONE)).date()


def ago(days: int) -> date:
    return today() - timedelta(days=days)


def told(ledger: Ledger, rows: Iterable[Day]) -> None:
    ledger.execute(
        """INSERT INTO harvester.search_term_day SELECT * FROM jsonb_to_recordset($1::text::jsonb) AS told (
        profile_id text, day date, campaign_id text, ad_group_id text, keyword_id text, term text, key text, targeting text,
        match_type text, impressions bigint, clicks bigint, cost bigint, orders bigint, sales bigint)""",
        _json(rows),
    )


def read(ledger: Ledger, days: Iterable[date], *, profile_id: str = PROFILE, asked: date | None = None) -> None:
    """These days are in, from a report that was asked for at noon of a day of the profile (today)."""
    at = datetime.combine(asked or today(), datetime.min.time(), zone(ZONE)) + timedelta(hours=12)
    ledger.execute(
        """WITH one AS (
            INSERT INTO harvester.report (profile_id, kind, first_day, last_day, state, asked_at)
            VALUES ($1, 'search_terms', $3, $3, 'loaded', $2) RETURNING number)
        INSERT INTO harvester.report_day SELECT $1, 'search_terms', day, $2, number
        FROM one, unnest($4::date[]) AS day
        ON CONFLICT (profile_id, kind, day) DO UPDATE SET asked_at = excluded.asked_at, report = excluded.report""",
        profile_id,
        at,
        today(),
        list(days),
    )


def all_read(ledger: Ledger) -> None:
    """Every day that a usual window looks at."""
    read(ledger, [ago(days) for days in range(1, 90)])


def _json(rows: Iterable[Day]) -> str:
    return json.dumps(
        [
            {
                **{
                    name: getattr(row, name)
                    for name in ("profile_id", "campaign_id", "ad_group_id", "keyword_id", "term")
                },
                **{name: getattr(row, name) for name in ("key", "targeting", "match_type", "impressions", "clicks")},
                "day": row.day.isoformat(),
                "cost": round(row.cost * MILLION),
                "orders": row.orders,
                "sales": round(row.sales * MILLION),
            }
            for row in rows
        ]
    )
