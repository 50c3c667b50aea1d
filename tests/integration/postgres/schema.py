"""The schema as text, from migrations and from the snapshot, so that the two can be compared.

`python -m tests.integration.postgres.schema` writes migrations/snapshot.sql anew.
"""

import asyncio
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg

from harvester.adapters.embedded_postgres import EmbeddedPostgres, _candidates
from harvester.adapters.postgres.migrate import folder, migrate

SNAPSHOT = folder() / "snapshot.sql"

_DESCRIBE = """
SELECT 'table ' || c.oid::regclass || ' ' || c.relkind::text || ' ' || coalesce(pg_get_partkeydef(c.oid), '')
    || coalesce(c.reloptions::text, '')
FROM pg_class c WHERE c.relnamespace IN (SELECT oid FROM ours) AND c.relkind IN ('r', 'p', 'v', 'S')
UNION ALL
SELECT 'column ' || a.attrelid::regclass || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' '
    || a.attnum || CASE WHEN a.attnotnull THEN ' not null ' ELSE ' ' END || a.attidentity::text
    || coalesce(pg_get_expr(d.adbin, d.adrelid), '') || coalesce(' -- ' || col_description(a.attrelid, a.attnum), '')
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relnamespace IN (SELECT oid FROM ours) AND c.relkind IN ('r', 'p', 'v') AND a.attnum > 0
UNION ALL
SELECT 'comment ' || c.oid::regclass || ' ' || obj_description(c.oid, 'pg_class')
FROM pg_class c WHERE c.relnamespace IN (SELECT oid FROM ours) AND obj_description(c.oid, 'pg_class') IS NOT NULL
UNION ALL
SELECT 'constraint ' || coalesce(c.conrelid::regclass::text, '') || ' ' || c.conname || ' ' || pg_get_constraintdef(c.oid)
FROM pg_constraint c WHERE c.connamespace IN (SELECT oid FROM ours) AND c.contype <> 'n'
UNION ALL
SELECT 'index ' || pg_get_indexdef(i.indexrelid)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace IN (SELECT oid FROM ours)
UNION ALL
SELECT 'trigger ' || t.tgenabled::text || ' ' || pg_get_triggerdef(t.oid)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace IN (SELECT oid FROM ours) AND NOT t.tgisinternal
UNION ALL
SELECT 'view ' || c.oid::regclass || ' ' || pg_get_viewdef(c.oid)
FROM pg_class c WHERE c.relnamespace IN (SELECT oid FROM ours) AND c.relkind = 'v'
UNION ALL
SELECT 'function ' || CASE p.prokind WHEN 'a' THEN p.oid::regprocedure || ' ' || a.aggtransfn || ' ' || a.aggtranstype::regtype
    ELSE pg_get_functiondef(p.oid) END
FROM pg_proc p LEFT JOIN pg_aggregate a ON a.aggfnoid = p.oid WHERE p.pronamespace IN (SELECT oid FROM ours)
UNION ALL
SELECT 'schema ' || nspname || coalesce(' -- ' || obj_description(oid, 'pg_namespace'), '')
FROM pg_namespace WHERE oid IN (SELECT oid FROM ours)
"""

_MONTHS = re.compile(r"(?:observation|api_call|action_call)_\d{4}_\d{2}")


async def described(dsn: str) -> list[str]:
    """Everything in our two schemas, one text per thing; the partitions of single months left out."""
    connection = await asyncpg.connect(dsn)
    try:
        with_ours = "WITH ours AS (SELECT oid, nspname FROM pg_namespace WHERE nspname IN ('harvester', 'ledger'))"
        rows = await connection.fetch(with_ours + _DESCRIBE)
    finally:
        await connection.close()
    return sorted(row[0] for row in rows if not _MONTHS.search(row[0]))


async def load_snapshot(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(SNAPSHOT.read_text(encoding="utf-8"))
    finally:
        await connection.close()


def dumped(dsn: str) -> str:
    """The schema as pg_dump writes it, without what differs from one machine or month to the next."""
    parts = urlsplit(dsn)
    options = parse_qs(parts.query)
    binary = next(folder / "pg_dump" for folder in _candidates() if (folder / "pg_dump").exists())
    dump = subprocess.run(
        [binary, "--schema-only", "--no-owner", "--no-privileges", "--schema=harvester", "--schema=ledger", parts.path.lstrip("/")],
        env={"PGHOST": options["host"][0], "PGPORT": options["port"][0], "PGUSER": parts.username or "",
             "PGPASSWORD": unquote(parts.password or "")},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    blocks = re.split(r"\n(?=--\n-- Name: )", dump)
    kept = [block for block in blocks[1:] if not _MONTHS.search(block)]
    text = "\n".join(line for block in kept for line in block.splitlines() if not line.startswith(("\\", "--", "SET ")))
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


async def _main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        server = EmbeddedPostgres(Path(temporary), durable=False)
        dsn = server.join()
        try:
            await migrate(dsn)
            head = "-- What the numbered files add up to; written by a program, compared with them by a test.\n"
            SNAPSHOT.write_text(head + "SET check_function_bodies = false;\n\n" + dumped(dsn), encoding="utf-8")
        finally:
            server.leave()


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
