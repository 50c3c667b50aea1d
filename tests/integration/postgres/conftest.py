"""A profile, runs of it, and rows to record."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.plans import PostgresPlans
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.domain.action import ActionKind, ActionState, effect_of
from harvester.domain.decision import Decision, Finding, Outcome
from harvester.domain.ids import Fingerprint, ProfileId
from harvester.domain.plan import PlanCounts, PlannedAction
from harvester.domain.profile import Mode, Profile, Region
from harvester.domain.recommendation import Recommendation
from harvester.domain.run import Run
from harvester.domain.target import Match

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
RULES = Fingerprint("f" * 64)


def a_profile(profile_id: str = "1234567890") -> Profile:
    return Profile(
        profile_id=ProfileId(profile_id),
        account="main",
        region=Region.NA,
        country="US",
        currency="USD",
        timezone="America/Los_Angeles",
        kind="seller",
        name="Acme",
    )


def a_row(number: int = 0, **changes: Any) -> Recommendation:
    row = Recommendation(
        source="promotion",
        campaign_id="700",
        ad_group_id="710",
        ad_id="720",
        ad_asin="B000000001",
        target=f"Running Shoes {number}",
        target_type="KEYWORD",
        clicks=12.0 + number,
        conversions=3.0,
    )
    return msgspec.structs.replace(row, **changes)


def a_decision(outcome: Outcome = Outcome.HOLD, reason: str = "not_proven") -> Decision:
    finding = Finding("promote-proven", "clicks.at_least", 12.0, 10.0, passed=True)
    acts = outcome in (Outcome.PROMOTE, Outcome.NEGATE)
    findings = msgspec.json.encode([finding]).decode()
    return Decision(outcome, "promote-proven" if acts else reason, "promote-proven" if acts else "", findings)


def a_page(first: int, size: int, outcome: Outcome = Outcome.HOLD) -> list[tuple[Recommendation, str, Decision]]:
    decision = a_decision(outcome)
    return [(a_row(number), f"running shoes {number}", decision) for number in range(first, first + size)]


def an_action(number: int = 0, **changes: Any) -> PlannedAction:
    key = f"running shoes {number}"
    action = PlannedAction(
        kind=ActionKind.PROMOTE_KEYWORD,
        effect=effect_of(ActionKind.PROMOTE_KEYWORD, "910", key, Match.EXACT),
        state=ActionState.PLANNED,
        reason="",
        rule="promote-proven",
        target=f"Running Shoes {number}",
        key=key,
        match=Match.EXACT,
        level=None,
        campaign_id="900",
        campaign_name="Manual",
        ad_group_id="910",
        ad_group_name="Exact",
        group_id="990",
        source_campaign_id="700",
        source_campaign_name="Auto",
        source_ad_group_id="710",
        source_ad_group_name="All",
        ad_id="720",
        asin="B000000001",
        clicks=12.0 + number,
        conversions=3.0,
        bid="0.75",
        currency="USD",
        bid_formula="the destination's default",
        fragment=f'{{"keywordText":"Running Shoes {number}","bid":0.75}}',
        follow_up="",
        note="",
        places=(number,),
    )
    return msgspec.structs.replace(action, **changes)


Sql = Any
"""A connection of asyncpg; its records compare with tuples, which its stubs do not know."""
BeginRun = Callable[..., Awaitable[Run]]
StorePlan = Callable[..., Awaitable[str]]


@pytest.fixture
def runs(database: Database) -> PostgresRuns:
    return PostgresRuns(database)


@pytest.fixture
def plans(database: Database) -> PostgresPlans:
    return PostgresPlans(database)


@pytest.fixture
def begin(runs: PostgresRuns) -> BeginRun:
    """Begins a run, or takes one up, with everything overridable."""

    async def begin_run(profile: Profile | None = None, **changes: Any) -> Run:
        settings: dict[str, Any] = {
            "source": "promotion",
            "trigger": "command",
            "mode": Mode.REVIEW,
            "ruleset": RULES,
            "resume_after": LONG_AGO,
        }
        return await runs.begin(profile or a_profile(), **{**settings, **changes})

    return begin_run


@pytest.fixture
def store_plan(plans: PostgresPlans) -> StorePlan:
    """Stores a plan of a run with these actions."""

    async def store(run: Run, actions: list[PlannedAction], now: datetime = NOW, **changes: Any) -> str:
        counts = PlanCounts(candidates=len(actions), promote=len(actions), actions=len(actions))
        settings: dict[str, Any] = {
            "complete": True,
            "mode": Mode.REVIEW,
            "ruleset": RULES,
            "fingerprint": Fingerprint("a" * 64),
            "counts": counts,
            "advice": [],
            "now": now,
        }
        async with plans.draft(run) as draft:
            await draft.add(actions)
            await draft.finish(**{**settings, **changes})
        return draft.plan_id

    return store


@pytest.fixture
async def sql(dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """The owner's own connection, as somebody with psql would have it."""
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)
