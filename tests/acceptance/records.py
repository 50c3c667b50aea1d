"""What the ledger holds, read by plain SQL as an analyst would."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from tests.conftest import in_a_loop_of_its_own

Row = dict[str, Any]

_LONGEST_WAIT_SECONDS = 120.0
_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = $1::text::regclass"
_STOPPED = """
    SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database AND datname = current_database()
    WHERE NOT granted AND locktype = 'advisory' AND classid = 1 AND objid = 1
"""
_WHAT_WAS_DECIDED = """
    SELECT profile_id, source, campaign_id, ad_group_id, ad_id, ad_asin, target, target_type, metrics, outcome, reason,
        rule, findings
    FROM ledger.decisions
"""


@dataclass(frozen=True)
class Ledger:
    dsn: str

    @property
    def name(self) -> str:
        """Of the database."""
        return urlsplit(self.dsn).path.removeprefix("/")

    def rows(self, query: str, *arguments: object) -> list[Row]:
        return in_a_loop_of_its_own(_rows(self.dsn, query, arguments))

    def value(self, query: str, *arguments: object) -> Any:
        ((value,),) = [tuple(row.values()) for row in self.rows(query, *arguments)]
        return value

    def execute(self, query: str, *arguments: object) -> None:
        in_a_loop_of_its_own(_execute(self.dsn, query, arguments))

    @contextmanager
    def locked(self, table: str) -> Iterator[Callable[[], None]]:
        """Nobody writes to the table inside the block; the function given returns once somebody waits to do so."""
        with asyncio.Runner() as runner:
            connection = runner.run(_connected(self.dsn))
            runner.run(connection.execute(f"BEGIN; LOCK TABLE {table} IN SHARE MODE"))

            def somebody_waits() -> None:
                give_up_at = time.monotonic() + _LONGEST_WAIT_SECONDS
                while not runner.run(connection.fetchval(_WAITING, table)):
                    assert time.monotonic() < give_up_at, f"nobody ever wrote to {table}"

            try:
                yield somebody_waits
            finally:
                runner.run(connection.close())

    @contextmanager
    def stopped_at(self, table: str, when: str) -> Iterator[Callable[[], None]]:
        """Whoever writes a row of which this is true stops there inside the block; the function given returns once one does."""
        self.execute(f"""
            CREATE FUNCTION public.stop() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_advisory_xact_lock(1, 1); RETURN NEW; END $$;
            CREATE TRIGGER stop BEFORE INSERT ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION public.stop()
        """)
        with asyncio.Runner() as runner:
            connection = runner.run(_connected(self.dsn))
            runner.run(connection.execute("SELECT pg_advisory_lock(1, 1)"))

            def somebody_waits() -> None:
                give_up_at = time.monotonic() + _LONGEST_WAIT_SECONDS
                while not runner.run(connection.fetchval(_STOPPED)):
                    assert time.monotonic() < give_up_at, f"no such row of {table} was ever written"

            try:
                yield somebody_waits
            finally:
                connection.terminate()
                self.execute(f"DROP TRIGGER stop ON {table}; DROP FUNCTION public.stop")

    def tables(self) -> list[str]:
        """Every table and view of ours, with its schema."""
        found = "SELECT table_schema || '.' || table_name AS name FROM information_schema.tables"
        rows = self.rows(f"{found} WHERE table_schema IN ('harvester', 'ledger')")
        assert len(rows) > 10
        return [row["name"] for row in rows]

    def runs(self) -> dict[str, Row]:
        """The only run of each profile."""
        rows = self.rows("SELECT * FROM ledger.runs")
        assert len({row["profile_id"] for row in rows}) == len(rows)
        return {row["profile_id"]: row for row in rows}

    def decided(self, *, without: frozenset[str] = frozenset()) -> Counter[str]:
        """Every decision as text, without what differs from run to run."""
        return Counter(
            json.dumps({name: value for name, value in row.items() if name not in without}, sort_keys=True)
            for row in self.rows(_WHAT_WAS_DECIDED)
        )

    def places_have_no_gap(self) -> bool:
        """Every run's decisions are numbered 0, 1, 2 ... and each stands once."""
        rows = self.rows(
            "SELECT count(*) AS all, count(DISTINCT place) AS different, min(place) AS first, max(place) AS last "
            "FROM ledger.decisions GROUP BY run_id"
        )
        return all(row["all"] == row["different"] == row["last"] + 1 and row["first"] == 0 for row in rows)

    def plans(self) -> dict[str, tuple[str, bool, Mapping[str, int]]]:
        """Profile -> fingerprint, whether it is complete, and its counts."""
        names = ("candidates", "promote", "negate", "hold", "skip", "actions", "guarded")
        rows = self.rows("SELECT * FROM harvester.plan")
        assert len({row["profile_id"] for row in rows}) == len(rows)
        return {
            row["profile_id"]: (row["fingerprint"], row["complete"], {name: row[name] for name in names})
            for row in rows
        }


async def _connected(dsn: str) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(dsn)


async def _rows(dsn: str, query: str, arguments: tuple[object, ...]) -> list[Row]:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
        return [dict(row) for row in await connection.fetch(query, *arguments)]
    finally:
        await asyncio.shield(connection.close())


async def _execute(dsn: str, query: str, arguments: tuple[object, ...]) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(query, *arguments)
    finally:
        await connection.close()
