"""What was done before: for undo, follow-ups, drift, and the reach of a negative."""

from datetime import timedelta

import pytest

from harvester.adapters.postgres.actions import PostgresActions
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.histories import Converted, PostgresHistories
from harvester.adapters.postgres.plans import PostgresPlans
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.domain.action import ActionKind
from harvester.domain.ids import Effect, Fingerprint, PlanId, ProfileId, RunId
from harvester.domain.outcome import ItemOutcome, Made, TurnedDown, Unsure
from harvester.domain.plan import PlanCounts
from harvester.domain.profile import Mode
from harvester.domain.review import Selection, Verdict
from harvester.domain.run import Cursor
from harvester.domain.target import Match

from .acting import PROFILE, a_review, approve_all, harvest, ids, send, states
from .conftest import NOW, BeginRun, Sql, StorePlan, a_decision, a_profile, a_row, an_action, later

DUE = '{"kind":"negate_keyword","match":"exact","after_days":14,"campaign_id":"700","ad_group_id":"710"}'


@pytest.fixture
def actions(database: Database) -> PostgresActions:
    return PostgresActions(database)


@pytest.fixture
def histories(database: Database) -> PostgresHistories:
    return PostgresHistories(database)


@pytest.fixture
async def followed(
    begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, actions: PostgresActions, sql: Sql
) -> list[str]:
    """p1: promotions a1 (done), a2 (refused), a3 (unknown); p2: a4, the negative that followed a1 (done), a5 (done)."""
    plan_id = await harvest(begin, runs, store_plan, [an_action(number, follow_up=DUE) for number in range(3)])
    await approve_all(actions, plan_id)
    first = await ids(sql, plan_id)
    outcomes: list[ItemOutcome] = [Made("T1"), TurnedDown("X", "no"), Unsure("lost")]
    await send(actions, first, outcomes)
    negative = an_action(7, kind=ActionKind.NEGATE_KEYWORD, effect=Effect("n"), follows=first[0])
    plan_id = await harvest(begin, runs, store_plan, [negative, an_action(8)])
    await approve_all(actions, plan_id)
    second = await ids(sql, plan_id)
    await send(actions, second, [Made("N1"), Made("T8")], later(60))
    return [*first, *second]


async def test_what_was_done_is_found_by_id_plan_run_and_time(followed: list[str], histories: PostgresHistories):
    """In plan order, with the negatives that followed; what is named narrows; what was not done is not there."""

    async def found(**named: object) -> list[str]:
        return [each.action_id for each in await histories.done_actions(PROFILE, **named)]  # type: ignore[arg-type]  # each test names one

    a1, a2, a3, a4, a5 = followed
    assert await found(plan_id=PlanId("p1")) == [a1, a4]
    assert await found(run_id=RunId("r2")) == [a4, a5]
    assert await found(action_ids=[a5, a1, a2, a3, "a99"]) == [a1, a4, a5]
    assert await found(action_ids=[a4]) == [a4]
    assert await found(since=later(60)) == [a4, a5]
    assert await found(since=later(61)) == []
    assert await found(plan_id=PlanId("p1"), since=later(30)) == []
    assert await histories.done_actions(ProfileId("2"), action_ids=[a1]) == []
    with pytest.raises(ValueError, match="never asked for at once"):
        await found()


async def test_undos_are_not_undone(
    begin: BeginRun,
    runs: PostgresRuns,
    store_plan: StorePlan,
    followed: list[str],
    actions: PostgresActions,
    histories: PostgresHistories,
    sql: Sql,
):
    """An undo waits in `open_undos` until it is settled, and is never offered for undoing itself."""
    undo = an_action(kind=ActionKind.PAUSE_KEYWORD, effect=Effect("pause|T8"), undoes=followed[4])
    plan_id = await harvest(begin, runs, store_plan, [undo])
    (mine,) = await ids(sql, plan_id)
    assert [(each.action_id, each.undoes) for each in await histories.open_undos(followed)] == [(mine, followed[4])]

    await approve_all(actions, plan_id)
    await send(actions, [mine], [Made("T8")])

    assert await histories.open_undos(followed) == []
    assert await histories.done_actions(PROFILE, plan_id=PlanId(plan_id)) == []
    assert [each.action_id for each in await histories.done_actions(PROFILE, plan_id=PlanId("p2"))] == [followed[3]]


async def test_all_that_is_done_comes_as_a_stream(
    begin: BeginRun,
    runs: PostgresRuns,
    store_plan: StorePlan,
    actions: PostgresActions,
    histories: PostgresHistories,
    sql: Sql,
):
    """Each once, however many round trips it takes; of this profile only."""
    plan_id = await harvest(begin, runs, store_plan, [an_action(number) for number in range(2100)])
    await approve_all(actions, plan_id)
    named = await ids(sql, plan_id)
    await send(actions, named[:2050], [Made(f"T{action_id}") for action_id in named[:2050]])

    found = [each async for each in histories.done(PROFILE)]

    assert sorted(each.action_id for each in found) == sorted(named[:2050])
    assert {each.amazon_id == f"T{each.action_id}" for each in found} == {True}
    assert [each async for each in histories.done(ProfileId("2"))] == []


async def test_a_negative_at_the_source_falls_due_once(
    begin: BeginRun,
    runs: PostgresRuns,
    store_plan: StorePlan,
    actions: PostgresActions,
    histories: PostgresHistories,
    sql: Sql,
):
    """After its days, for promotions that are done and wanted one; planned or declined it is not due, refused it is."""
    plan_id = await harvest(
        begin, runs, store_plan, [an_action(0, follow_up=DUE), an_action(1), an_action(2, follow_up=DUE)]
    )
    await approve_all(actions, plan_id)
    due, _, undone = await ids(sql, plan_id)
    await send(actions, [due], [Made("T0")])
    await send(actions, [undone], [Made("T2")])
    await sql.execute("UPDATE harvester.action SET state = 'undone' WHERE action_id = $1", undone)
    fortnight = NOW + timedelta(days=14)

    async def found() -> list[str]:
        return [each.action_id for each in await histories.due_follow_ups(PROFILE, fortnight)]

    assert await histories.due_follow_ups(PROFILE, fortnight - timedelta(seconds=1)) == []
    assert await found() == [due]
    negative = an_action(7, kind=ActionKind.NEGATE_KEYWORD, effect=Effect("n"), follows=due)
    first = await harvest(begin, runs, store_plan, [negative])
    assert await found() == []
    await approve_all(actions, first)
    await send(actions, await ids(sql, first), [TurnedDown("X", "no")])
    assert await found() == [due]
    second = await harvest(begin, runs, store_plan, [negative])
    await actions.review(a_review(second, Verdict.DECLINE), Selection(), ())
    assert await found() == []


async def test_plans_of_another_sort_do_not_take_over(
    begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, followed: list[str], sql: Sql
):
    """Undos and negatives that follow outlive a newer harvest, which outlives them; each gives way to its own kind."""
    undo = an_action(kind=ActionKind.PAUSE_KEYWORD, effect=Effect("pause"), undoes=followed[4])
    follow = an_action(kind=ActionKind.NEGATE_KEYWORD, effect=Effect("n2"), follows=followed[4])
    plain, undoing, following = an_action(20), [undo], [follow]
    plans = [await harvest(begin, runs, store_plan, items) for items in ([plain], undoing, following)]

    async def waiting() -> list[str]:
        return [(await states(sql, plan_id))[0] for plan_id in plans]

    assert await waiting() == ["planned"] * 3
    await harvest(begin, runs, store_plan, [undo])
    assert await waiting() == ["planned", "superseded", "planned"]
    await harvest(begin, runs, store_plan, [])
    assert await waiting() == ["superseded", "superseded", "planned"]
    await harvest(begin, runs, store_plan, [an_action(21), follow])
    assert await waiting() == ["superseded", "superseded", "superseded"]


async def test_a_draft_carries_links_and_what_must_still_be_so(
    begin: BeginRun, plans: PostgresPlans, followed: list[str], sql: Sql
):
    """Through staging and into the ledger."""
    item = an_action(3, seen='{"bid":"0.75"}', undoes=followed[0], follows=followed[4])
    async with plans.draft(await begin()) as draft:
        await draft.stage([item, an_action(4)])
        staged = [each async for each in draft.staged()]
        await draft.add(staged)
        await draft.finish(
            complete=True,
            mode=Mode.REVIEW,
            ruleset=Fingerprint("f" * 64),
            fingerprint=Fingerprint("a" * 64),
            counts=PlanCounts(actions=2),
            advice=[],
            now=NOW,
        )

    assert sorted(staged, key=lambda each: each.key) == [item, an_action(4)]
    assert await sql.fetch(
        "SELECT seen, undoes, follows FROM harvester.action WHERE plan_id = $1 ORDER BY key", draft.plan_id
    ) == [('{"bid":"0.75"}', followed[0], followed[4]), ("", None, None)]


@pytest.fixture
async def sold(begin: BeginRun, runs: PostgresRuns) -> None:
    """What converted where, in two runs, and in another profile."""
    rows = [
        ("red shoes", "700", "710", 2.0),
        ("red shoes", "700", "711", 9.0),
        ("running red shoes", "700", "710", 5.0),
        ("red shoestring", "700", "710", 7.0),
        ("shoes red", "700", "710", 7.0),
        ("red  hat", "700", "710", 0.0),
        ("red shoes men", "701", "712", 4.0),
        ("100% red shoes_", "700", "710", 1.0),
    ]
    for number, profile in enumerate((a_profile(), a_profile("2"))):
        run = await begin(profile)
        decided = [
            (a_row(0, campaign_id=campaign, ad_group_id=ad_group, conversions=conversions), key, a_decision())
            for key, campaign, ad_group, conversions in rows
        ]
        await runs.save_page(run, 0, decided, Cursor(), later(number))
    run = await begin(resume_after=later(9999))
    await runs.save_page(run, 0, [(a_row(0, conversions=3.0), "red shoes", a_decision())], Cursor(), later(5))


@pytest.mark.parametrize(
    ("campaign_id", "ad_group_id", "match", "expected"),
    [
        ("700", "710", Match.EXACT, [("red shoes", 3.0)]),
        ("700", "711", Match.EXACT, [("red shoes", 9.0)]),
        ("700", None, Match.SAME, [("red shoes", 9.0)]),
        ("701", None, Match.EXACT, []),
        ("700", "710", Match.PHRASE, [("running red shoes", 5.0), ("red shoes", 3.0)]),
        ("700", None, Match.PHRASE, [("red shoes", 9.0), ("running red shoes", 5.0)]),
        ("701", "712", Match.PHRASE, [("red shoes men", 4.0)]),
    ],
)
@pytest.mark.usefixtures("sold")
async def test_a_negative_is_told_what_it_would_block(
    histories: PostgresHistories,
    campaign_id: str,
    ad_group_id: str | None,
    match: Match,
    expected: list[tuple[str, float]],
):
    """Exact: the key itself. Phrase: its words in a row, whole. Where it would stand, in this profile, at its best."""
    found = await histories.converting_terms(PROFILE, campaign_id, ad_group_id, "red shoes", match)

    assert [(each.key, each.conversions) for each in found] == expected


@pytest.mark.usefixtures("sold")
async def test_a_blocked_term_says_when_it_sold_best(histories: PostgresHistories):
    """The time of the row with the most conversions."""
    (found,) = await histories.converting_terms(PROFILE, "700", "710", "red shoes", Match.EXACT)

    assert found == Converted("red shoes", 3.0, later(5))


async def test_products_that_sold_are_told_by_place(
    begin: BeginRun, runs: PostgresRuns, sql: Sql, histories: PostgresHistories
):
    """From runs and from recorded days, each once at its most; keywords, and what sold elsewhere, are not among them."""
    run = await begin()
    decided = [
        (a_row(0, conversions=2.0), "B000000001", a_decision()),
        (a_row(1, conversions=0.0), "B000000002", a_decision()),
        (a_row(2, conversions=5.0), "red shoes", a_decision()),
    ]
    await runs.save_page(run, 0, decided, Cursor(), NOW)
    rows = [
        (PROFILE, later(0).date(), "700", "710", "k", each, each, "x", "x", 1, 1, 1, orders, 1)
        for each, orders in (("B000000001", 7), ("B000000003", 1), ("B000000004", 0))
    ]
    elsewhere = (PROFILE, later(0).date(), "701", "712", "k", "B000000005", "B000000005", "x", "x", 1, 1, 1, 9, 1)
    await sql.copy_records_to_table("search_term_day", schema_name="harvester", records=[*rows, elsewhere])

    async def found(ad_group_id: str | None) -> list[tuple[str, float]]:
        sold = await histories.converting_products(PROFILE, "700", ad_group_id)
        return [(each.key, each.conversions) for each in sold]

    assert await found("710") == await found(None) == [("B000000001", 7), ("B000000003", 1)]
    assert await found("999") == []


async def test_at_most_twenty_blocked_terms_are_told(begin: BeginRun, runs: PostgresRuns, histories: PostgresHistories):
    """Those with the most conversions."""
    run = await begin()
    decided = [(a_row(0, conversions=float(number)), f"red {number}", a_decision()) for number in range(1, 31)]
    await runs.save_page(run, 0, decided, Cursor(), NOW)

    found = await histories.converting_terms(PROFILE, "700", None, "red", Match.PHRASE)

    assert [each.conversions for each in found] == [float(number) for number in range(30, 10, -1)]


async def test_recorded_days_tell_what_a_negative_would_block(
    begin: BeginRun, runs: PostgresRuns, sql: Sql, histories: PostgresHistories
):
    """Summed over days, at the place; where a run was told more, that counts; a phrase finds every term with its words, in
    the plural too.
    """
    place = ("700", "710", "k1")
    rows = [
        (PROFILE, later(0).date(), *place, "red Shoes", "red shoes", "x", "BROAD", 1, 1, 1, 2, 1),
        (PROFILE, later(-1440).date(), *place, "red shoes", "red shoes", "x", "BROAD", 1, 1, 1, 3, 1),
        (PROFILE, later(0).date(), *place, "red shoes 4 men", "red shoes 4 men", "x", "BROAD", 1, 1, 1, 1, 1),
        (PROFILE, later(0).date(), "700", "711", "k2", "red shoes", "red shoes", "x", "BROAD", 1, 1, 1, 9, 1),
        (PROFILE, later(0).date(), *place, "blue shoes", "blue shoes", "x", "BROAD", 1, 1, 1, 0, 1),
        ("99", later(0).date(), *place, "red shoes", "red shoes", "x", "BROAD", 1, 1, 1, 50, 1),
    ]
    await sql.copy_records_to_table("search_term_day", schema_name="harvester", records=rows)
    run = await begin()
    told = a_row(target="red shoes 4 men", conversions=2.0)
    await runs.save_page(run, 0, [(told, "red shoes 4 men", a_decision())], Cursor(), later(0))

    async def found(ad_group_id: str | None, key: str, match: Match) -> list[tuple[str, float]]:
        terms = await histories.converting_terms(PROFILE, "700", ad_group_id, key, match)
        return [(term.key, term.conversions) for term in terms]

    assert await found("710", "red shoes", Match.EXACT) == [("red shoes", 5)]
    assert await found(None, "red shoes", Match.EXACT) == [("red shoes", 14)]
    assert await found("710", "red shoes", Match.PHRASE) == [("red shoes", 5), ("red shoes 4 men", 2)]
    assert await found("710", "blue shoes", Match.EXACT) == []
    assert await found("710", "red shoe", Match.EXACT) == [("red shoes", 5)]
    assert await found("710", "shoe", Match.PHRASE) == [("red shoes", 5), ("red shoes 4 men", 2)]
    assert await found("710", "shoe man", Match.PHRASE) == []
    assert await found("710", "red shoe", Match.SAME) == []
