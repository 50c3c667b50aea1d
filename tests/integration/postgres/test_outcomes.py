"""What became of what was done: readings from the days that are in, once each, and the views of them."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from harvester.adapters.postgres.actions import PostgresActions
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.notices import PostgresNotices
from harvester.adapters.postgres.outcomes import PostgresOutcomes
from harvester.adapters.postgres.profiles import PostgresProfiles
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.adapters.postgres.search_terms import PostgresSearchTerms
from harvester.domain.action import ActionKind
from harvester.domain.decision import Outcome
from harvester.domain.ids import Effect, PlanId, ProfileId
from harvester.domain.notice import NoticeKind
from harvester.domain.outcome import Made
from harvester.domain.plan import PlannedAction
from harvester.domain.review import Selection, Verdict
from harvester.domain.run import Cursor, RunState
from harvester.domain.target import Level, Match
from harvester.rules.score import scores
from harvester.usecases.read_outcomes import ReadOutcomes

from .acting import PROFILE, a_review, approve_all, harvest, ids, send
from .conftest import NOW, BeginRun, Sql, StorePlan, a_decision, a_profile, a_row, an_action
from .reported import days, read_days, search_term, targeting

MADE = date(2026, 11, 20)
"""In Los Angeles; everything of these tests is done at `NOW`."""


Do = Callable[..., Awaitable[list[str]]]


class At:
    """A clock that stands."""

    def __init__(self, day: int) -> None:
        self.time = NOW + timedelta(days=day)

    def now(self) -> datetime:
        return self.time


def on(day: int) -> date:
    """So many days after it was made."""
    return MADE + timedelta(days=day)


@pytest.fixture
def outcomes(database: Database) -> PostgresOutcomes:
    return PostgresOutcomes(database)


@pytest.fixture
def do(begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, database: Database, sql: Sql) -> Do:
    """Plans, approves and sends these items, or only plans them; their ids."""

    async def done(*items: PlannedAction, sent: bool = True) -> list[str]:
        actions = PostgresActions(database)
        await PostgresProfiles(database).save([a_profile()])
        plan_id = await harvest(begin, runs, store_plan, items)
        found = await ids(sql, plan_id)
        if not sent:
            return found
        await approve_all(actions, plan_id)
        await send(actions, found, [Made(f"{plan_id}-T{place}") for place, _ in enumerate(found)])
        return found

    return done


def a_negative(number: int = 0, key: str = "", **changes: object) -> PlannedAction:
    key = key or f"loser {number}"
    fields: dict[str, object] = {
        "kind": ActionKind.NEGATE_KEYWORD, "effect": Effect(f"negate {key}"), "rule": "stop-losers", "key": key,
        "target": key, "match": Match.EXACT, "level": Level.AD_GROUP, "campaign_id": "700", "ad_group_id": "710",
        "group_id": "", "clicks": 40.0, "conversions": 0.0, "bid": None,
    }  # fmt: skip
    return an_action(number, **{**fields, **changes})


async def caught_up(sql: Sql, day: int, kinds: Sequence[str] = ("search_terms", "targeting")) -> None:
    """Everything until the day before is in, asked for on that day."""
    for kind in kinds:
        await read_days(sql, kind, days(on(-80), day + 80), NOW + timedelta(days=day))


async def read(outcomes: PostgresOutcomes, day: int, target_acos: float | None = None) -> int:
    return await ReadOutcomes(
        outcomes, At(day), PostgresSearchTerms(outcomes.database), lambda _profile, _deed: target_acos
    )(a_profile())


async def said(outcomes: PostgresOutcomes, field: str = "reason") -> dict[str, object]:
    return {row["action_id"]: row[field] for row in await outcomes.listed()}


async def test_a_negative_is_read_on_its_days_and_once_on_each(do: Do, outcomes: PostgresOutcomes, sql: Sql):
    """Seven days after the first time; the days it compares grow with what is complete; the last reading is final."""
    [negative] = await do(a_negative())
    for day in days(on(-30), 30):
        await search_term(sql, "loser 0", day, clicks=2, cost=3)
    await caught_up(sql, 6)
    assert await read(outcomes, 6) == 0
    assert await said(outcomes) == {negative: "not_read"}

    row: dict[str, Any] = {}
    for at, length, reason in ((7, 0, "no_days"), (14, 7, "restating"), (28, 21, "saves"), (42, 30, "saves")):
        assert await read(outcomes, at) == 0, "the reports have not caught up"
        await caught_up(sql, at)
        assert await read(outcomes, at) == 1
        assert await read(outcomes, at) == 0
        [row] = await outcomes.listed()
        assert (row["reading"], row["days"], row["reason"]) == (at, length, reason)
    assert row["verdict"] == "good"
    assert row["source"]["before"] == {"clicks": 60, "spend": "90.00", "orders": 0, "sales": "0.00", "acos": None}
    assert row["source"]["after"]["clicks"] == 0
    assert (row["destination"]["after"], row["money"], row["currency"]) == (None, "90.00", "USD")
    assert row["sentence"] == "saves: 60 clicks, 90.00 USD and no order in 30 days before it, nothing since"
    await caught_up(sql, 60)
    assert await read(outcomes, 60) == 0
    assert await sql.fetchval("SELECT count(*) FROM ledger.outcome_readings") == 4


async def test_a_negative_whose_term_sold_late_is_regretted(do: Do, outcomes: PostgresOutcomes, sql: Sql):
    """Orders of days before it that its decision did not see, at once; orders of other terms and places are not its."""
    late, same, dearer, phrase = await do(
        a_negative(0), a_negative(1, conversions=2.0), a_negative(2, conversions=1.0),
        a_negative(3, key="cheap shoes", match=Match.PHRASE, seen='{"blocks":[],"sold":["cheap shoes for men"]}'),
    )  # fmt: skip
    await search_term(sql, "loser 0", on(-9), orders=1, sales=25)
    await search_term(sql, "loser 0", on(-68), orders=7, sales=7)
    await search_term(sql, "loser 1", on(-20), orders=2, sales=50)
    await search_term(sql, "loser 2", on(-5), cost=90, orders=2, sales=50)
    await search_term(sql, "cheap shoes for men", on(-5), orders=3, sales=90)
    await search_term(sql, "cheap shoes", on(-5), orders=1, ad_group_id="711")
    await caught_up(sql, 7)
    assert await read(outcomes, 7, target_acos=0.3) == 4
    assert await said(outcomes) == {late: "sold_late", same: "no_days", dearer: "no_days", phrase: "no_days"}
    rows = {row["action_id"]: row for row in await outcomes.listed()}
    assert rows[late]["verdict"] == "regretted"
    assert rows[late]["sentence"] == "sold: 1 order in the days before it, of which its decision saw 0"

    await caught_up(sql, 42)
    await search_term(sql, "loser 1", on(-1), orders=1, sales=25)
    assert await read(outcomes, 42, target_acos=0.3) == 4
    assert await said(outcomes) == {late: "sold_late", same: "sold_late", dearer: "still_dear", phrase: "paid"}


async def test_what_else_a_negative_shuts_out_may_have_sold_late_too(do: Do, outcomes: PostgresOutcomes, sql: Sql):
    """Close variants, and what holds a phrase, at its place and on its days; not what its reviewer was told of."""
    exact, phrase, told, elsewhere = await do(
        a_negative(0, key="yoga mats"),
        a_negative(1, key="cheap shoes", match=Match.PHRASE, level=Level.CAMPAIGN, ad_group_id=""),
        a_negative(2, key="blue hats", seen='{"blocks":[],"sold":["hats blue"]}'),
        a_negative(3, key="red hats"),
    )  # fmt: skip
    await search_term(sql, "mat for yoga", on(-2), orders=1)
    await search_term(sql, "yoga mat", on(-3), orders=2)
    await search_term(sql, "yoga mat", on(-90), orders=9)
    await search_term(sql, "yoga mat", on(1), orders=9)
    await search_term(sql, "cheap shoe for kids", on(-5), orders=3, ad_group_id="711")
    await search_term(sql, "hats blue", on(-5), orders=3)
    await search_term(sql, "red hat", on(-5), orders=3, ad_group_id="711")
    await caught_up(sql, 7)

    assert await read(outcomes, 7) == 4
    assert await said(outcomes) == {exact: "sold_late", phrase: "sold_late", told: "no_days", elsewhere: "no_days"}
    assert await said(outcomes, "orders_now") == {exact: 3, phrase: 3, told: 0, elsewhere: 0}


async def test_orders_that_any_row_of_the_decision_saw_are_not_late(
    begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, outcomes: PostgresOutcomes, sql: Sql
) -> None:
    """A negative of a whole campaign folds a row of each ad group, and what two sources saw of one term is one count."""
    await PostgresProfiles(outcomes.database).save([a_profile()])
    run = await begin()
    terms: dict[str, Any] = {"source": "search_terms", "ad_id": "", "ad_asin": "", "clicks": 20.0}
    rows = [a_row(**terms, ad_group_id=each, conversions=orders) for each, orders in (("710", 2.0), ("711", 3.0))]
    rows += [a_row(ad_group_id="710", clicks=20.0, conversions=4.0)]
    await runs.save_page(run, 0, [(row, "loser 0", a_decision(Outcome.NEGATE)) for row in rows], Cursor(), NOW)
    whole = a_negative(0, level=Level.CAMPAIGN, ad_group_id="", conversions=2.0, places=(0, 1, 2))
    plan_id = await store_plan(run, [whole])
    await runs.finish(run, RunState.COMPLETE, None)
    actions = PostgresActions(outcomes.database)
    await approve_all(actions, plan_id)
    await send(actions, await ids(sql, plan_id), [Made("N1")])
    await search_term(sql, "loser 0", on(-20), orders=2, sales=50, ad_group_id="710")
    await search_term(sql, "loser 0", on(-20), orders=3, sales=50, ad_group_id="711")
    await caught_up(sql, 7)

    assert await read(outcomes, 7) == 1
    [row] = await outcomes.listed()
    assert (row["reason"], row["orders_seen"], row["orders_now"]) == ("no_days", 5.0, 5)
    await search_term(sql, "loser 0", on(-2), orders=1, sales=9, ad_group_id="711")
    await caught_up(sql, 14)
    assert await read(outcomes, 14) == 1
    [row] = await outcomes.listed()
    assert row["sentence"] == "sold: 6 orders in the days before it, of which its decision saw 5"


async def test_the_days_that_a_decision_looked_at_are_those_of_its_run(
    do: Do, outcomes: PostgresOutcomes, sql: Sql
) -> None:
    """A run before midnight whose plan is stored after it saw one day more than the plan's date tells."""
    await do(a_negative(0))
    await sql.execute("SET session_replication_role = replica")
    await sql.execute("UPDATE harvester.run SET started_at = $1", NOW - timedelta(days=1))
    await search_term(sql, "loser 0", on(-68), orders=1, sales=25)
    await caught_up(sql, 7)

    assert await read(outcomes, 7) == 1
    assert list((await said(outcomes)).values()) == ["sold_late"]


@pytest.mark.parametrize("campaigns", [["700"], [""]])
async def test_days_of_which_rows_could_not_be_read_are_not_compared(
    do: Do, outcomes: PostgresOutcomes, sql: Sql, campaigns: list[str]
) -> None:
    """Such a row may have been the click, or the order; of other campaigns it was not."""
    saves, elsewhere = await do(a_negative(0), a_negative(1, campaign_id="800", ad_group_id="810"))
    await search_term(sql, "loser 0", on(-5), clicks=9, cost=9)
    await search_term(sql, "loser 1", on(-5), clicks=9, cost=9, ad_group_id="810", campaign_id="800")
    await caught_up(sql, 42)
    await sql.execute("UPDATE harvester.report_day SET unread = $2 WHERE day = $1", on(11), campaigns)

    assert await read(outcomes, 42) == 2
    assert await said(outcomes, "days") == {saves: 10, elsewhere: 30 if campaigns == ["700"] else 10}


async def test_days_in_part_of_where_a_target_is_end_what_is_compared(
    do: Do, outcomes: PostgresOutcomes, sql: Sql
) -> None:
    """Of the campaign that the promotion went to, not of the one that it came from."""
    [promotion] = await do(an_action(0))
    await caught_up(sql, 42)
    for day, campaign in ((on(9), "700"), (on(16), "900")):
        await sql.execute(
            "UPDATE harvester.report_day SET unread = ARRAY[$2::text] WHERE kind = 'targeting' AND day = $1",
            day,
            campaign,
        )

    assert await read(outcomes, 42) == 1
    assert await said(outcomes, "days") == {promotion: 15}


async def test_a_negative_of_a_whole_campaign_is_measured_there(do: Do, outcomes: PostgresOutcomes, sql: Sql):
    """In every ad group of it, and in no other campaign; of a phrase every term that holds its words."""
    whole, phrase, brand = await do(
        a_negative(0, level=Level.CAMPAIGN, ad_group_id=""),
        a_negative(1, key="cheap shoes", match=Match.PHRASE),
        a_negative(2, kind=ActionKind.NEGATE_BRAND, key="18841", match=Match.SAME),
    )
    await search_term(sql, "loser 0", on(-5), clicks=3, ad_group_id="710")
    await search_term(sql, "loser 0", on(-6), clicks=4, ad_group_id="711")
    await search_term(sql, "loser 0", on(-6), clicks=50, ad_group_id="810", campaign_id="800")
    await search_term(sql, "cheap shoes for men", on(-5), clicks=6)
    await search_term(sql, "cheap shoestrings", on(-5), clicks=60)
    await search_term(sql, "cheap shoes", on(5), clicks=1)
    await caught_up(sql, 42)
    assert await read(outcomes, 42) == 3
    rows = {row["action_id"]: row for row in await outcomes.listed()}
    assert rows[whole]["source"]["before"]["clicks"] == 7
    assert rows[phrase]["source"]["before"]["clicks"] == 6
    assert {key: row["reason"] for key, row in rows.items()} == {
        whole: "saves", phrase: "still_spends", brand: "not_measurable"
    }  # fmt: skip


async def test_a_promotion_is_judged_by_what_its_target_did(do: Do, outcomes: PostgresOutcomes, sql: Sql):
    """Earned or lost, by sales at the target ACOS over its own days; the source stands beside it for comparison."""
    earns, loses, quiet, unsold = await do(*(an_action(number) for number in range(4)))
    for number, (clicks, cost, orders, sales) in enumerate(((2, 1, 1, 25), (4, 9, 1, 20), (1, 1, 0, 0), (3, 2, 0, 0))):
        for day in days(on(1), 30):
            await targeting(sql, f"p1-T{number}", day, 10, clicks, cost, orders, sales)
    await targeting(sql, "p1-T0", on(0), 900, 900, 900)
    await search_term(sql, "running shoes 0", on(-2), clicks=9, cost=8, orders=1, sales=40)
    await search_term(sql, "running shoes 0", on(3), clicks=1, cost=1)
    await caught_up(sql, 42)
    assert await read(outcomes, 42, target_acos=0.3) == 4
    rows = {row["action_id"]: row for row in await outcomes.listed()}
    assert {key: row["reason"] for key, row in rows.items()} == {
        earns: "pays", loses: "loses", quiet: "no_orders", unsold: "no_orders"
    }  # fmt: skip
    assert (rows[earns]["money"], rows[loses]["money"]) == ("195.00", "-90.00")
    assert rows[earns]["destination"]["after"] == {
        "impressions": 300, "clicks": 60, "spend": "30.00", "orders": 30, "sales": "750.00", "acos": "0.0400"
    }  # fmt: skip
    assert rows[earns]["source"]["before"]["acos"] == "0.2000"
    assert rows[earns]["source"]["after"]["clicks"] == 1
    assert rows[quiet]["target_acos"] == 0.3


async def test_a_promotion_is_judged_without_its_source_where_that_is_not_in(
    do: Do, outcomes: PostgresOutcomes, sql: Sql
):
    """The days of the targeting report are enough; a gap in them ends what is compared."""
    [promotion] = await do(an_action())
    for day in days(on(1), 30):
        await targeting(sql, "p1-T0", day, 10, 2, 1, 1, 25)
    await read_days(sql, "targeting", [*days(on(1), 11), *days(on(13), 30)], NOW + timedelta(days=42))
    assert await read(outcomes, 42) == 1
    [row] = await outcomes.listed()
    assert (row["action_id"], row["days"], row["reason"]) == (promotion, 11, "sells")
    assert row["source"] == {"before": None, "after": None}


async def test_a_negative_at_a_source_is_judged_by_its_promotion(do: Do, outcomes: PostgresOutcomes, sql: Sql):
    """What sold at the source and is not seen at the destination is a gap; where the target sells, it has moved."""
    first, second = await do(an_action(0), an_action(1))
    moved, gap = await do(a_negative(0, follows=first), a_negative(1, follows=second))
    await targeting(sql, "p1-T0", on(9), 10, 5, 2, 1, 25)
    await search_term(sql, "loser 1", on(-5), orders=1, sales=25)
    await caught_up(sql, 42)
    assert await read(outcomes, 42) == 4
    found = await said(outcomes)
    assert (found[moved], found[gap]) == ("moved", "gap")


async def test_scores_count_by_rule_and_what_it_did(do: Do, outcomes: PostgresOutcomes, sql: Sql):
    """Matured is what has a verdict; money is summed by its sign; --since narrows."""
    await do(a_negative(0), a_negative(1), a_negative(2, rule="other"), an_action(3))
    await search_term(sql, "loser 0", on(-9), clicks=5, cost=20)
    await search_term(sql, "loser 1", on(-9), orders=1, sales=25)
    await caught_up(sql, 42)
    assert await scores_by_rule(outcomes) == {"other": (1, 0, 0), "promote-proven": (1, 0, 0), "stop-losers": (2, 0, 0)}
    assert await read(outcomes, 42) == 4
    assert await scores_by_rule(outcomes) == {"other": (1, 1, 0), "promote-proven": (1, 1, 0), "stop-losers": (2, 2, 1)}
    [losers] = [each for each in scores(await outcomes.scores([PROFILE])) if each.rule == "stop-losers"]
    assert (losers.good, losers.false_negatives.rate, losers.false_promotions.rate) == (1, 0.5, None)
    assert [(currency, str(saved), str(lost)) for currency, (saved, lost) in losers.money.items()] == [
        ("USD", "20.00", "25.00")
    ]
    assert await outcomes.scores([PROFILE], NOW + timedelta(days=1)) == []
    assert await outcomes.scores(["2"]) == []
    assert [row["rule"] for row in await outcomes.listed(rule="other")] == ["other"]


async def scores_by_rule(outcomes: PostgresOutcomes) -> dict[str, tuple[int, int, int]]:
    return {each.rule: (each.actions, each.matured, each.regretted) for each in scores(await outcomes.scores())}


async def test_a_regret_is_opened_once(do: Do, outcomes: PostgresOutcomes, sql: Sql):
    """Noted with its plan it is no question any more; an undo that is there already is named."""
    late, other = await do(a_negative(0), a_negative(1))
    for number in range(2):
        await search_term(sql, f"loser {number}", on(-9), orders=1)
    await caught_up(sql, 7)
    assert await outcomes.profiles_due(NOW + timedelta(days=1)) == []
    assert await outcomes.profiles_due(NOW + timedelta(days=7)) == [PROFILE]
    await read(outcomes, 7)
    found = await outcomes.regretted(PROFILE)
    assert [(each.action_id, each.undo_plan_id) for each in found] == [(late, None), (other, None)]
    await do(a_negative(7, kind=ActionKind.ARCHIVE_NEGATIVE_KEYWORD, undoes=other), sent=False)
    assert [each.action_id for each in await outcomes.regretted(PROFILE)] == [late, other]
    await outcomes.note_opened([late], PlanId("p1"), NOW)
    await outcomes.note_opened([late], PlanId("p2"), NOW)
    [left] = await outcomes.regretted(PROFILE)
    assert (left.action_id, left.undo_plan_id) == (other, "p2")
    assert {row["action_id"]: row["undo_plan_id"] for row in await outcomes.listed()}[late] == "p1"


async def test_reports_are_needed_while_readings_are_to_come(
    do: Do, outcomes: PostgresOutcomes, sql: Sql, begin: BeginRun
) -> None:
    """Of both kinds until the last reading, for sixty days at most; of targets alone where a negative still waits."""
    gated = '{"kind":"negate_keyword","match":"exact","after_days":14,"after_impressions":1}'

    async def needed(day: int) -> set[str] | None:
        found = await outcomes.kinds_needed([PROFILE, ProfileId("2")], NOW + timedelta(days=day))
        return {kind.value for kind in found[PROFILE]} if found else None

    assert await needed(1) is None
    [promotion] = await do(an_action(follow_up=gated))
    assert await needed(1) == await needed(59) == {"search_terms", "targeting"}
    assert await needed(61) == {"targeting"}
    await do(a_negative(5, follows=promotion), sent=False)
    assert await needed(59) == {"search_terms", "targeting"}
    assert await needed(61) is None
    await caught_up(sql, 42)
    await read(outcomes, 42)
    assert await needed(43) is None


async def test_products_are_those_that_the_evidence_names(
    do: Do, begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, outcomes: PostgresOutcomes, sql: Sql
) -> None:
    """A search term is bought for all that its ad group advertises; a recommendation for the product of its ad."""
    [recommended] = await do(an_action(0))
    run = await begin()
    note = '{"windows": {}, "asked_for": ["B000000001", "B000000002"]}'
    row = a_row(source="search_terms", ad_id="", ad_asin="", evidence_note=note)
    await runs.save_page(run, 0, [(row, "loser 1", a_decision(Outcome.NEGATE))], Cursor(), NOW)
    plan_id = await store_plan(run, [a_negative(1, asin="", places=(0,))])
    await runs.finish(run, RunState.COMPLETE, None)
    actions = PostgresActions(outcomes.database)
    await approve_all(actions, plan_id)
    [term] = await ids(sql, plan_id)
    await send(actions, [term], [Made("N1")])
    await caught_up(sql, 7)

    due = {each.action_id: each.asins for each in await outcomes.due(a_profile(), NOW + timedelta(days=7), 10)}
    assert due == {recommended: ("B000000001",), term: ("B000000001", "B000000002")}


async def test_a_plan_of_regrets_is_told_as_such(do: Do, outcomes: PostgresOutcomes, database: Database) -> None:
    """With the rules behind it, and not a second time as a plan that waits; taken up, it is silent."""
    notices = PostgresNotices(database)

    async def told(day: int) -> list[tuple[NoticeKind, str, int, str]]:
        turn = await notices.take_turn(NOW + timedelta(days=day), timedelta(minutes=1), ["main"], tuple(NoticeKind))
        if turn is None:
            return []
        await notices.told(turn, NOW + timedelta(days=day))
        return [(each.kind, each.subject, each.items, each.detail) for each in turn.notices]

    [mistake] = await do(a_negative(0))
    [undo] = await do(a_negative(7, kind=ActionKind.ARCHIVE_NEGATIVE_KEYWORD, undoes=mistake), sent=False)
    assert [each[0] for each in await told(1)] == [NoticeKind.PLAN_WAITING]
    await outcomes.note_opened([mistake], PlanId("p2"), NOW)
    assert await told(2) == [(NoticeKind.REGRETTED, "p2", 1, "rule stop-losers")]
    review = a_review("p2", Verdict.DECLINE)
    await PostgresActions(database).review(review, Selection([undo]), ())
    assert await told(4) == []


async def test_what_was_read_stays_as_it_was(do: Do, outcomes: PostgresOutcomes, sql: Sql):
    """Postgres refuses every change of a reading, and every write through the views."""
    await do(a_negative(0))
    await caught_up(sql, 7)
    await read(outcomes, 7)
    for table in ("harvester.outcome_reading", "harvester.regret", "ledger.outcomes", "ledger.outcome_readings"):
        with pytest.raises(asyncpg.PostgresError):
            await sql.execute(f"DELETE FROM {table} WHERE action_id <> ''")
