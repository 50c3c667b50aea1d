"""A plan with an item of every sort that a reviewer meets, and the command line to review it with."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.plans import PostgresPlans
from harvester.adapters.postgres.profiles import PostgresProfiles
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.domain.action import ActionKind, ActionState, effect_of
from harvester.domain.fingerprint import fingerprint_line
from harvester.domain.ids import Fingerprint
from harvester.domain.plan import PlanCounts, PlannedAction
from harvester.domain.profile import Mode, Profile
from harvester.domain.target import Level, Match
from harvester.entrypoints.cli.app import main
from harvester.rules import fragments
from tests.conftest import in_a_loop_of_its_own
from tests.integration.postgres.conftest import a_profile, an_action

RULES = Fingerprint("f" * 64)


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def words(self) -> str:
        """Standard output without the line breaks that a narrow terminal asks for."""
        return " ".join(self.out.split())


@dataclass(frozen=True)
class Desk:
    """Where one reviewer sits: a database, a folder, and the commands."""

    dsn: str
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capfd: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Result:
        self.monkeypatch.setattr("sys.argv", ["harvester", *arguments])
        self.capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self.capfd.readouterr()
        code = ended.value.code
        return Result(code if isinstance(code, int) else 0, out, err)

    def sql(self, query: str, *arguments: object) -> list[dict[str, Any]]:
        return in_a_loop_of_its_own(_fetch(self.dsn, query, arguments))

    def states(self, plan_id: str = "p1") -> dict[str, str]:
        rows = self.sql("SELECT action_id, state FROM harvester.action WHERE plan_id = $1 ORDER BY position", plan_id)
        return {row["action_id"]: row["state"] for row in rows}

    def reviews(self) -> list[dict[str, Any]]:
        return self.sql("SELECT * FROM harvester.plan_review ORDER BY review_number")

    def file(self, name: str, content: str | bytes) -> str:
        data = content.encode() if isinstance(content, str) else content
        (self.folder / name).write_bytes(data)
        return name

    def plan(self, items: Sequence[PlannedAction] | None = None, profile: Profile | None = None) -> str:
        """Stores a plan; its id."""
        return in_a_loop_of_its_own(_store(self.dsn, items or every_sort(), profile or a_profile()))


async def _fetch(dsn: str, query: str, arguments: tuple[object, ...]) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(dsn)
    try:
        return [dict(row) for row in await connection.fetch(query, *arguments)]
    finally:
        await connection.close()


async def _store(dsn: str, items: Sequence[PlannedAction], profile: Profile) -> str:
    now = datetime.now(UTC)
    async with Database.open(dsn, most_connections=2, patience_seconds=20) as database:
        await PostgresProfiles(database).save([profile])
        run = await PostgresRuns(database).begin(
            profile, source="promotion", trigger="command", mode=Mode.REVIEW, ruleset=RULES, resume_after=now
        )
        lines = [fingerprint_line(each.kind, each.effect, each.group_id, each.fragment) for each in items]
        async with PostgresPlans(database).draft(run) as draft:
            await draft.add(items)
            await draft.finish(
                complete=True,
                mode=Mode.REVIEW,
                ruleset=RULES,
                fingerprint=Fingerprint(sha256(b"".join(lines)).hexdigest()),
                counts=PlanCounts(candidates=20, promote=5, negate=3, actions=len(items)),
                advice=(),
                now=now,
            )
    return draft.plan_id


def keyword(text: str, **changes: Any) -> PlannedAction:
    return an_action(
        **{
            "effect": effect_of(ActionKind.PROMOTE_KEYWORD, "910", text, Match.EXACT),
            "target": text,
            "key": text,
            "bid": "0.60",
            "bid_formula": "ad group default 0.60 USD → 0.60 USD",
            "fragment": fragments.group_target(text, Match.EXACT, Decimal("0.60")),
            **changes,
        }
    )


def product(asin: str, **changes: Any) -> PlannedAction:
    return keyword(
        asin,
        **{
            "kind": ActionKind.PROMOTE_PRODUCT,
            "effect": effect_of(ActionKind.PROMOTE_PRODUCT, "911", asin, Match.SAME),
            "match": Match.SAME,
            "rule": "promote-products",
            "fragment": fragments.group_target(asin, Match.SAME, Decimal("0.60")),
            **changes,
        },
    )


def negative(text: str, **changes: Any) -> PlannedAction:
    return an_action(
        **{
            "kind": ActionKind.NEGATE_KEYWORD,
            "effect": effect_of(ActionKind.NEGATE_KEYWORD, "710", text, Match.EXACT),
            "rule": "stop-losers",
            "target": text,
            "key": text,
            "level": Level.AD_GROUP,
            "campaign_id": "700",
            "ad_group_id": "710",
            "group_id": "",
            "clicks": 61.0,
            "conversions": 0.0,
            "bid": None,
            "currency": "",
            "bid_formula": "",
            "fragment": fragments.negative_keyword(text, Match.EXACT, "700", "710"),
            **changes,
        }
    )


def new_group() -> PlannedAction:
    return an_action(
        kind=ActionKind.CREATE_GROUP,
        effect=effect_of(ActionKind.CREATE_GROUP, "new:712", "712", None),
        state=ActionState.GUARDED,
        reason="creates_campaigns",
        target="Research, all products",
        key="712",
        match=None,
        group_id="",
        bid="0.75",
        fragment='{"name":"Harvest Research","newCampaignDetails":{}}',
    )


GROUP, SHOES, ASIN, FORMULA, DEAR, LATER, LOSER, CONTESTED, NOWHERE = (f"a{number}" for number in range(1, 10))


def every_sort() -> list[PlannedAction]:
    """Under the ids above: five are planned, two guarded, two held."""
    return [
        new_group(),
        keyword("running shoes"),
        product("B000000002"),
        keyword("=size tops"),
        keyword("dear shoes", state=ActionState.GUARDED, reason="promotions_per_run"),
        keyword("later shoes", group_id="", effect=effect_of(ActionKind.PROMOTE_KEYWORD, "new:712", "later shoes", Match.EXACT)),
        negative("shoe rack"),
        negative("shoe box", state=ActionState.HELD, reason="conflicting_evidence", note="1 of 2 rows say so."),
        keyword("lost shoes", state=ActionState.HELD, reason="no_destination", group_id="", bid=None, currency="", fragment=""),
    ]  # fmt: skip
