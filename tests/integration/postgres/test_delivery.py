"""The negative at a source waits until the targeting report shows what was promoted."""

from datetime import date, timedelta

import pytest

from harvester.adapters.postgres.actions import PostgresActions
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.histories import PostgresHistories
from harvester.adapters.postgres.profiles import PostgresProfiles
from harvester.adapters.postgres.reports import PostgresReports
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.adapters.postgres.slots import PostgresSlots
from harvester.adapters.postgres.story import PostgresStories
from harvester.domain.outcome import Made

from .acting import PROFILE, approve_all, harvest, ids, send
from .conftest import NOW, BeginRun, Sql, StorePlan, a_profile, an_action
from .reported import days, read_days, targeting

GATED = (
    '{"kind":"negate_keyword","match":"exact","after_days":14,"campaign_id":"700","ad_group_id":"710",'
    '"after_impressions":20}'
)
MADE = date(2026, 11, 20)
"""In Los Angeles, where it is half past ten in the evening of the day before."""
FORTNIGHT = NOW + timedelta(days=14)


@pytest.fixture
async def promoted(
    begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, database: Database, sql: Sql
) -> list[str]:
    """p1: T0 waits for 20 impressions, T1 for days alone."""
    actions = PostgresActions(database)
    await PostgresProfiles(database).save([a_profile()])
    plain = GATED.replace(',"after_impressions":20', "")
    plan_id = await harvest(begin, runs, store_plan, [an_action(0, follow_up=GATED), an_action(1, follow_up=plain)])
    await approve_all(actions, plan_id)
    found = await ids(sql, plan_id)
    await send(actions, found, [Made("T0"), Made("T1")])
    return found


async def due(database: Database) -> list[str]:
    return [each.action_id for each in await PostgresHistories(database).due_follow_ups(PROFILE, FORTNIGHT)]


async def waits(database: Database) -> list[str | None]:
    """As `show`, `why` and `why --id` have it of the first item."""
    shown = [item async for item in PostgresReports(database).items("p1")]
    rows = [row async for row in PostgresReports(database).why("running shoes 0", "running shoes 0")]
    [chapter] = await PostgresStories(database).of("T0")
    return [shown[0]["waits"], rows[0]["actions"][0]["waits"], chapter["waits"]]


async def test_it_waits_for_impressions_of_days_that_are_in(promoted: list[str], database: Database, sql: Sql):
    """Those of its own id since the day it was made, the profile's own, and of no day whose report is not in."""
    gated, plain = promoted
    assert await due(database) == [plain]
    assert await waits(database) == ["waits: no targeting report is in since the target was made (20 impressions)"] * 3

    await read_days(sql, "targeting", days(MADE - timedelta(days=3), 5))
    await targeting(sql, "T0", MADE - timedelta(days=1), impressions=500)
    await targeting(sql, "T1", MADE, impressions=500)
    await targeting(sql, "T0", MADE, impressions=15)
    await targeting(sql, "T0", MADE + timedelta(days=9), impressions=500)
    assert await due(database) == [plain]
    assert await waits(database) == ["waits: 15 of 20 impressions by 2026-11-21"] * 3

    await targeting(sql, "T0", MADE + timedelta(days=1), impressions=5)
    assert await due(database) == [gated, plain]
    assert await waits(database) == [None] * 3


async def test_the_source_of_what_is_regretted_is_not_closed(promoted: list[str], database: Database, sql: Sql):
    """By the newest reading: neither would sell then. The clock starts no run for it either."""
    _, plain = promoted
    reading = (
        "INSERT INTO harvester.outcome_reading (action_id, reading, profile_id, read_at, made_on, days, verdict, reason) "
        "VALUES ($1, $2, $3, $4, $5, 7, $6, 'loses')"
    )
    await sql.execute(reading, plain, 7, PROFILE, FORTNIGHT, MADE, "regretted")
    assert await due(database) == []
    far = await sql.fetchval("SELECT now() + interval '60 days'")
    asked = (far, far - timedelta(days=1))
    slots = PostgresSlots(database, timedelta(minutes=1))
    assert await slots.profiles_to_follow_up(*asked) == []

    await sql.execute(reading, plain, 14, PROFILE, FORTNIGHT, MADE, "good")
    assert await due(database) == [plain]
    assert await slots.profiles_to_follow_up(*asked) == [PROFILE]


async def test_the_clock_starts_no_run_for_what_waits(
    begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, database: Database, sql: Sql
):
    """A run a day for a target that nobody sees would be for nothing; once it is shown, there is one."""
    actions, slots = PostgresActions(database), PostgresSlots(database, timedelta(minutes=1))
    await PostgresProfiles(database).save([a_profile()])
    plan_id = await harvest(begin, runs, store_plan, [an_action(0, follow_up=GATED)])
    await approve_all(actions, plan_id)
    await send(actions, await ids(sql, plan_id), [Made("T0")])
    far = await sql.fetchval("SELECT now() + interval '60 days'")
    assert await slots.profiles_to_follow_up(far, far - timedelta(days=1)) == []
    await read_days(sql, "targeting", days(MADE, 5))
    await targeting(sql, "T0", MADE, impressions=20)
    assert await slots.profiles_to_follow_up(far, far - timedelta(days=1)) == [PROFILE]


async def test_a_profile_in_no_known_time_zone_has_days_too(promoted: list[str], database: Database, sql: Sql):
    """Then they are those of UTC."""
    await sql.execute("UPDATE harvester.profile SET timezone = 'Mars/Olympus'")
    await read_days(sql, "targeting", days(MADE, 5))
    await targeting(sql, "T0", MADE, impressions=500)
    assert await due(database) == [promoted[1]]
    await targeting(sql, "T0", MADE + timedelta(days=1), impressions=500)
    assert await due(database) == promoted
