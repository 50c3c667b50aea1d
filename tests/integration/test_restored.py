# ruff: noqa: F811
"""A ledger that was restored from a backup has forgotten what was sent since: none of it is sent again."""

import subprocess
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
import pytest

from harvester.adapters.embedded_postgres import _candidates
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.verify import PostgresVerify
from harvester.sandbox.serving import Running
from tests.crash.agreement import CHANGES
from tests.crash.conftest import amazon, applying, undoing  # noqa: F401
from tests.crash.scene import open_desk
from tests.crash.stages import Stage, state


def _changes(amazon: Running) -> int:
    """How many calls have changed the account so far."""
    return sum(request["path"] in CHANGES for request in amazon.sandbox.journal.select(0, {}))


@pytest.mark.parametrize("which", ["applying", "undoing"])
async def test_what_was_sent_after_the_backup_is_not_sent_again(
    which: str, amazon: Running, request: pytest.FixtureRequest
) -> None:
    """Each item is held against the live account first: what stands there already is stale, and says so."""
    stage: Stage = request.getfixturevalue(which)
    stage.set_up(amazon)
    async with stage.ledger() as lost, open_desk(lost, amazon.url) as desk:
        applied = await desk.apply(stage.plan_id, stage.fingerprint)
    sent, after = _changes(amazon), state(amazon)

    async with stage.ledger() as restored:
        async with open_desk(restored, amazon.url) as desk:
            again = await desk.apply(stage.plan_id, stage.fingerprint)
            await desk.reconcile()
        async with Database.open(restored, most_connections=1) as database:
            flaws = [flaw async for flaw in PostgresVerify(database).flaws()]

    assert applied.done > 0
    assert (again.done, again.stale) == (0, applied.done)
    assert _changes(amazon) == sent
    assert state(amazon) == after
    assert flaws == []


async def test_a_dump_brings_back_a_whole_ledger(applying: Stage, empty_dsn: str) -> None:
    """All rows, the chain of events, and the triggers that let nobody change them."""
    async with applying.ledger() as dsn:
        dump = _dump(dsn)
        before = await _counts(dsn)
    connection = await asyncpg.connect(empty_dsn)
    await connection.execute(dump)
    await connection.execute("RESET ALL")
    with pytest.raises(asyncpg.RestrictViolationError, match="kept as it was"):
        await connection.execute("DELETE FROM harvester.action_event")
    await connection.close()

    assert await _counts(empty_dsn) == before
    async with Database.open(empty_dsn, most_connections=1) as database:
        assert [flaw async for flaw in PostgresVerify(database).flaws()] == []


def _dump(dsn: str) -> str:
    """As rows that can be sent through any connection, without what one version says to its own kind only."""
    parts = urlsplit(dsn)
    options = parse_qs(parts.query)
    tool = next(folder / "pg_dump" for folder in _candidates() if (folder / "pg_dump").exists())
    done = subprocess.run(
        [tool, "--rows-per-insert=100", "--no-owner", parts.path.lstrip("/")],
        env={
            "PGHOST": options["host"][0] if "host" in options else parts.hostname or "",
            "PGPORT": options["port"][0] if "port" in options else str(parts.port or 5432),
            "PGUSER": parts.username or "",
            "PGPASSWORD": unquote(parts.password or ""),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    return "\n".join(line for line in lines if not line.startswith(("\\", "SET transaction_timeout")))


async def _counts(dsn: str) -> dict[str, int]:
    connection = await asyncpg.connect(dsn)
    tables = ("observation", "api_call", "action", "action_event", "action_observation", "plan", "plan_review", "run")
    found = {table: await connection.fetchval(f"SELECT count(*) FROM harvester.{table}") for table in tables}
    await connection.close()
    return found
