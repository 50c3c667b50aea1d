"""Review: who may say what about which items, and what that leads to."""

import asyncio
from hashlib import sha256
from typing import Any

import pytest

from harvester.adapters.postgres.actions import PostgresActions
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.reports import PostgresReports
from harvester.domain.action import ActionKind, ActionState
from harvester.domain.errors import HarvesterError, Refused
from harvester.domain.ids import Effect, Fingerprint, PlanId
from harvester.domain.outcome import Made
from harvester.domain.review import Selection, Verdict
from harvester.usecases.make_plan import fingerprinted

from .acting import FIRST_FINGERPRINT, IN_FORCE, PROFILE, a_review, approve_all, ids, send, states
from .conftest import NOW, RULES, BeginRun, Sql, StorePlan, an_action, later

S = ActionState
APPROVE, DECLINE, HOLD, EDIT = Verdict.APPROVE, Verdict.DECLINE, Verdict.HOLD, Verdict.EDIT
ALLOWED = {
    (S.PLANNED, APPROVE): S.APPROVED, (S.GUARDED, APPROVE): S.APPROVED, (S.HELD, APPROVE): S.APPROVED,
    (S.PLANNED, DECLINE): S.DECLINED, (S.GUARDED, DECLINE): S.DECLINED, (S.HELD, DECLINE): S.DECLINED,
    (S.APPROVED, DECLINE): S.DECLINED,
    (S.PLANNED, HOLD): S.HELD, (S.GUARDED, HOLD): S.HELD, (S.APPROVED, HOLD): S.HELD,
}  # fmt: skip


OTHER_RULES = Fingerprint("e" * 64)


@pytest.fixture
def actions(database: Database) -> PostgresActions:
    return PostgresActions(database)


@pytest.mark.parametrize("verdict", [APPROVE, DECLINE, HOLD])
async def test_a_verdict_is_given_where_the_state_allows_it(
    begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql, verdict: Verdict
):
    """Of all twelve states, each item named by id: the rest is refused with its state, and stays as it was."""
    plan_id = await store_plan(await begin(), [an_action(place, state=state) for place, state in enumerate(S)])
    named = await ids(sql, plan_id)

    reviewed = await actions.review(a_review(plan_id, verdict), Selection(named), ())

    expected = [ALLOWED.get((state, verdict), state) for state in S]
    assert await states(sql, plan_id) == expected
    taken = [action_id for action_id, state in zip(named, S, strict=True) if (state, verdict) in ALLOWED]
    assert list(reviewed.changed) == taken
    told = dict(reviewed.refused)
    assert told == {
        action_id: f"it is {state}" + (" already, by None" if state is S.APPROVED else "")
        for action_id, state in zip(named, S, strict=True)
        if (state, verdict) not in ALLOWED
    }


async def test_a_bare_approval_takes_planned_items_only(
    begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql
):
    """Guarded ones are told, held ones are left alone; who, when and until when stand on what was approved."""
    items = [
        an_action(0),
        an_action(1, state=S.GUARDED, reason="promotions_per_run"),
        an_action(2, state=S.HELD, reason="conflicting_evidence"),
    ]
    plan_id = await store_plan(await begin(), items)
    first, second, _ = await ids(sql, plan_id)

    reviewed = await actions.review(a_review(plan_id), Selection(), ())

    assert list(reviewed.changed) == [first]
    assert list(reviewed.refused) == [(second, "it is guarded (promotions_per_run): name it, or ask for guarded items")]
    assert await states(sql, plan_id) == ["approved", "guarded", "held"]
    standing = await actions.action(first)
    assert standing is not None
    assert (standing.reviewed_by, standing.reviewed_at, standing.expires_at) == ("Ann", NOW, IN_FORCE)
    assert await sql.fetch("SELECT verdict, fingerprint, reviewed_by, action_ids FROM harvester.plan_review") == [
        ("approve", FIRST_FINGERPRINT, "Ann", [first])
    ]


@pytest.mark.parametrize(
    ("selection", "approved"),
    [
        (Selection(guarded=True), [0, 1, 3]),
        (Selection(kinds=["negate_keyword"], guarded=True), [3]),
        (Selection(rules=["other"]), [3]),
        (Selection(kinds=["promote_keyword"], rules=["other"]), []),
        (Selection(["a2", "a3"]), [1, 2]),
        (Selection(["a1", "a4"], kinds=["negate_keyword"]), [3]),
        (Selection(["a1", "a4"], rules=["promote-proven"]), [0]),
    ],
)
async def test_what_is_named_narrows(
    begin: BeginRun,
    store_plan: StorePlan,
    actions: PostgresActions,
    sql: Sql,
    selection: Selection,
    approved: list[int],
):
    """Ids, kinds and rules together: an item must meet all of them; a named one that does not is told."""
    items = [
        an_action(0),
        an_action(1, state=S.GUARDED, reason="promotions_per_run"),
        an_action(2, state=S.HELD, reason="own_product"),
        an_action(3, kind=ActionKind.NEGATE_KEYWORD, rule="other"),
    ]
    plan_id = await store_plan(await begin(), items)

    reviewed = await actions.review(a_review(plan_id), selection, ())

    found = await states(sql, plan_id)
    assert [place for place, state in enumerate(found) if state == "approved"] == approved
    if selection.action_ids:
        assert len(reviewed.changed) + len(reviewed.refused) == len(selection.action_ids)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        *(
            ({"reason": reason}, "can never be sent")
            for reason in ("too_many_words", "level_not_allowed", "no_destination", "ambiguous_destination", "no_bid")
        ),
        ({"reason": "cooling_down", "fragment": ""}, "has no request"),
    ],
)
async def test_what_cannot_be_sent_cannot_be_approved(
    begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql, changes: dict[str, Any], why: str
):
    """Even by id: Amazon would refuse it, or there is nothing to send. It may be declined."""
    plan_id = await store_plan(await begin(), [an_action(state=S.HELD, **changes)])
    named = Selection(await ids(sql, plan_id))

    reviewed = await actions.review(a_review(plan_id), named, ())
    assert [why in reason for _, reason in reviewed.refused] == [True]
    assert (await actions.review(a_review(plan_id, DECLINE), named, ())).refused == []


async def test_ids_of_another_plan_stop_the_whole_review(
    begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql
):
    """They are named, and nothing is changed."""
    plan_id = await store_plan(await begin(), [an_action()])
    mine = await ids(sql, plan_id)

    with pytest.raises(Refused, match=f"not in plan {plan_id}: a77, a9"):
        await actions.review(a_review(plan_id), Selection([*mine, "a9", "a77"]), ())
    assert await states(sql, plan_id) == ["planned"]


async def test_a_review_of_something_else_is_refused(begin: BeginRun, store_plan: StorePlan, actions: PostgresActions):
    """No such plan, or another fingerprint than the reviewer saw."""
    plan_id = await store_plan(await begin(), [an_action()])

    with pytest.raises(Refused, match="no plan p99"):
        await actions.review(a_review("p99"), Selection(), ())
    with pytest.raises(Refused, match=f"fingerprint is {FIRST_FINGERPRINT} now, not {'b' * 64}"):
        await actions.review(a_review(plan_id, fingerprint=Fingerprint("b" * 64)), Selection(), ())


async def test_an_effect_has_one_owner_across_plans(
    begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql
):
    """The second approval says which item of which plan was first; that one's decline frees it."""
    first = await store_plan(await begin(), [an_action()])
    await approve_all(actions, first)
    second = await store_plan(await begin(resume_after=later(9999)), [an_action()])

    reviewed = await actions.review(a_review(second), Selection(), ())
    (owner,), (mine,) = await ids(sql, first), await ids(sql, second)
    assert list(reviewed.refused) == [(mine, f"item {owner} of plan {first} does the same and is approved")]

    await actions.review(a_review(first, DECLINE), Selection([owner]), ())
    assert list((await actions.review(a_review(second), Selection(), ())).changed) == [mine]


async def test_of_two_items_with_one_effect_one_is_approved(
    begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql
):
    """Also within a plan."""
    plan_id = await store_plan(await begin(), [an_action(0, effect=Effect("e")), an_action(1, effect=Effect("e"))])
    first, second = await ids(sql, plan_id)

    reviewed = await actions.review(a_review(plan_id), Selection(), ())

    assert (list(reviewed.changed), list(reviewed.refused)) == ([first], [(second, f"item {first} does the same")])


async def test_of_many_approvals_at_once_one_owns_the_effect(
    begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql
):
    """Whoever comes later is refused in words; no error, no second owner."""
    plan_id = await store_plan(await begin(), [an_action(number, effect=Effect("e")) for number in range(6)])

    reviewed = await asyncio.gather(
        *(actions.review(a_review(plan_id), Selection([mine]), ()) for mine in await ids(sql, plan_id))
    )

    assert sorted(len(each.changed) for each in reviewed) == [0, 0, 0, 0, 0, 1]
    assert sorted(await states(sql, plan_id)) == ["approved", *["planned"] * 5]


async def test_two_reviewers_at_once_come_one_after_the_other(
    begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql
):
    """Approve and decline of the same items: they end declined, and whoever approves too late is told."""
    plan_id = await store_plan(await begin(), [an_action(number) for number in range(30)])

    approved, declined = await asyncio.gather(
        actions.review(a_review(plan_id), Selection(), ()),
        actions.review(a_review(plan_id, DECLINE, by="Bob"), Selection(await ids(sql, plan_id)), ()),
    )

    assert len(declined.changed) == 30
    assert len(approved.changed) in (0, 30)
    assert set(await states(sql, plan_id)) == {"declined"}


async def test_a_decline_and_a_send_never_both_win(
    begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql
):
    """Either it is on its way and the decline is refused, or it is declined and nothing is sent."""
    plan_id = await store_plan(await begin(), [an_action(number) for number in range(12)])
    await approve_all(actions, plan_id)
    fence = await actions.take_fence(PROFILE)

    async def race(action_id: str) -> tuple[bool, bool]:
        sending, declining = await asyncio.gather(
            actions.begin_sending([action_id], fence, NOW),
            actions.review(a_review(plan_id, DECLINE), Selection([action_id]), ()),
            return_exceptions=True,
        )
        assert not isinstance(declining, BaseException)
        assert isinstance(sending, int | Refused)
        return isinstance(sending, int), bool(declining.changed)

    for sent, declined in [await race(action_id) for action_id in await ids(sql, plan_id)]:
        assert sent is not declined


async def test_two_persons_must_agree_where_that_is_the_rule(
    begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql
):
    """The first one's approval waits, twice the same person is one, the second one's makes it approved."""
    plan_id = await store_plan(await begin(), [an_action(0), an_action(1, kind=ActionKind.NEGATE_KEYWORD)])
    promotion, negative = await ids(sql, plan_id)
    two = {"negate_keyword"}

    first = await actions.review(a_review(plan_id), Selection(), two)
    assert (list(first.changed), list(first.waiting_for_second)) == ([promotion], [negative])
    again = await actions.review(a_review(plan_id, by=" ANN "), Selection([negative]), two)
    assert (list(again.changed), list(again.waiting_for_second)) == ([], [negative])
    assert await states(sql, plan_id) == ["approved", "planned"]

    second = await actions.review(a_review(plan_id, by="Bob"), Selection([negative]), two)
    assert list(second.changed) == [negative]
    standing = await actions.action(negative)
    assert standing is not None
    assert standing.reviewed_by == "Ann, Bob"


@pytest.mark.parametrize("between", ["edit", "hold", "expiry"])
async def test_a_first_approval_lapses(
    begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql, between: str
):
    """When the item is edited or held, and when it runs out, the second person becomes the first."""
    plan_id = await store_plan(await begin(), [an_action(0), an_action(1)])
    item, other = await ids(sql, plan_id)
    two, at, fingerprint = {"promote_keyword"}, later(1), FIRST_FINGERPRINT
    await actions.review(a_review(plan_id), Selection(), two)
    if between == "edit":
        review = a_review(plan_id, EDIT, by="Cid")
        fingerprint = await actions.edit_bid(review, item, "0.60", "edited", '{"bid":0.60}')
    elif between == "hold":
        await actions.review(a_review(plan_id, HOLD), Selection([item]), two)
    else:
        at = later(72 * 60 + 1)

    approval = a_review(plan_id, by="Bob", reviewed_at=at, fingerprint=fingerprint)
    reviewed = await actions.review(approval, Selection([item, other]), two)

    assert item in reviewed.waiting_for_second
    assert (other in reviewed.changed) is (between != "expiry")


async def test_a_group_that_creates_no_campaigns_needs_one_person(
    begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql
):
    """`create_group` in the two-person rule means those that cost money; their verdict is not their targets'."""
    groups = [
        an_action(0, kind=ActionKind.CREATE_GROUP, bid=None),
        an_action(1, kind=ActionKind.CREATE_GROUP, state=S.GUARDED, reason="creates_campaigns"),
        an_action(2, group_id=""),
    ]
    plan_id = await store_plan(await begin(), groups)
    free, costly, target = await ids(sql, plan_id)

    reviewed = await actions.review(a_review(plan_id), Selection(guarded=True), {"create_group"})

    assert (list(reviewed.changed), list(reviewed.waiting_for_second)) == ([free, target], [costly])


async def test_an_edit_changes_the_fingerprint_of_the_plan(
    begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, database: Database, sql: Sql
):
    """By the formula the plan was made with; whoever saw the old one must look again; headers show the new one."""
    items = [an_action(0), an_action(1)]
    plan_id = await store_plan(await begin(), items)
    await approve_all(actions, plan_id)
    edited, _ = await ids(sql, plan_id)
    fragment = '{"keywordText":"Running Shoes 0","bid":0.6}'

    found = await actions.edit_bid(a_review(plan_id, EDIT), edited, "0.60", "edited by Ann", fragment)

    lines = [fingerprinted(an_action(0, fragment=fragment)), fingerprinted(items[1])]
    assert found == sha256(b"".join(lines)).hexdigest()
    assert await actions.fingerprint(PlanId(plan_id)) == (PROFILE, found)
    reports = PostgresReports(database)
    header = await reports.plan(plan_id)
    assert header is not None
    assert header["fingerprint"] == found == (await reports.plans())[0]["fingerprint"]
    assert await states(sql, plan_id) == ["planned", "approved"]
    standing = await actions.action(edited)
    assert standing is not None
    assert (standing.bid, standing.fragment, standing.reviewed_by) == ("0.60", fragment, "")
    with pytest.raises(Refused, match="is not what was looked at"):
        await actions.review(a_review(plan_id), Selection(), ())
    assert list((await actions.review(a_review(plan_id, fingerprint=found), Selection(), ())).changed) == [edited]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"state": S.DECLINED}, "it is declined"),
        ({"state": S.HELD, "reason": "no_bid"}, "can never be sent"),
        ({"kind": ActionKind.NEGATE_KEYWORD, "bid": None}, "it has no bid"),
    ],
)
async def test_what_has_no_open_bid_cannot_be_edited(
    begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql, changes: dict[str, Any], why: str
):
    """Nothing is changed, and the plan keeps its fingerprint."""
    plan_id = await store_plan(await begin(), [an_action(**changes)])

    with pytest.raises(Refused, match=why):
        await actions.edit_bid(a_review(plan_id, EDIT), "a1", "0.60", "edited", "{}")
    assert await actions.fingerprint(PlanId(plan_id)) == (PROFILE, FIRST_FINGERPRINT)


async def test_an_approval_that_runs_out_leads_back_to_where_it_came_from(
    begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql
):
    """Guarded stays guarded; what still holds stays approved; a new approval needs no call of `expire` before it."""
    items = [an_action(0), an_action(1, state=S.GUARDED, reason="promotions_per_run"), an_action(2)]
    plan_id = await store_plan(await begin(), items)
    first, second, third = await ids(sql, plan_id)
    await actions.review(a_review(plan_id, expires_at=later(10)), Selection([first, second]), ())
    await actions.review(a_review(plan_id), Selection([third]), ())

    assert await actions.expire(PlanId(plan_id), later(9)) == []
    assert await actions.expire(PlanId(plan_id), later(10)) == [first, second]
    assert await states(sql, plan_id) == ["planned", "guarded", "approved"]

    await actions.review(a_review(plan_id, expires_at=later(20)), Selection([first]), ())
    renewed = await actions.review(a_review(plan_id, reviewed_at=later(30)), Selection([first]), ())
    assert list(renewed.changed) == [first]


async def test_automatic_approval_takes_what_its_rules_planned(
    begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql
):
    """No guarded or held item, no other rule, no group that makes campaigns, no effect that has an owner."""
    first = await store_plan(await begin(), [an_action(9)])
    await approve_all(actions, first)
    items = [
        an_action(0),
        an_action(1, state=S.GUARDED, reason="promotions_per_run"),
        an_action(2, rule="other"),
        an_action(3, rule="third"),
        an_action(4, kind=ActionKind.CREATE_GROUP),
        an_action(5, state=S.HELD, reason="own_product"),
        an_action(9),
    ]
    plan_id = await store_plan(await begin(resume_after=later(9999)), items)
    named = await ids(sql, plan_id)

    taken = await actions.approve_automatically(PlanId(plan_id), ["promote-proven", "third"], RULES, NOW, IN_FORCE)

    assert taken == [named[0], named[3]]
    assert await sql.fetch(
        "SELECT reviewed_by, action_ids FROM harvester.plan_review WHERE plan_id = $1 ORDER BY 1", plan_id
    ) == [("auto:promote-proven", [named[0]]), ("auto:third", [named[3]])]
    standing = await actions.action(named[3])
    assert standing is not None
    assert (standing.reviewed_by, standing.expires_at) == ("auto:third", IN_FORCE)


async def test_a_bid_that_a_person_wrote_is_never_approved_by_a_rule(
    begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql
):
    """The rule said another bid, and the guard let that one through: ninety dollars wait for somebody who means it."""
    plan_id = await store_plan(await begin(), [an_action(0), an_action(1)])
    first, second = await ids(sql, plan_id)
    await actions.edit_bid(a_review(plan_id, EDIT), first, "90.00", "90.00 USD by Ann", "{}")

    assert await actions.approve_automatically(PlanId(plan_id), ["promote-proven"], RULES, NOW, IN_FORCE) == [second]
    assert await states(sql, plan_id) == ["planned", "approved"]


async def test_a_plan_of_other_rules_is_never_approved_by_a_rule(
    begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql
):
    """A rule of the same name may say something else by now: what it planned then waits for a person."""
    plan_id = PlanId(await store_plan(await begin(), [an_action(0)]))

    assert await actions.approve_automatically(plan_id, ["promote-proven"], OTHER_RULES, NOW, IN_FORCE) == []
    assert await states(sql, plan_id) == ["planned"]
    assert await actions.ruleset(plan_id) == RULES


async def test_what_a_rule_approved_goes_back_when_the_rules_are_others(
    begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql
):
    """What a person approved stays, and under the same rules everything does."""
    plan_id = PlanId(await store_plan(await begin(), [an_action(0), an_action(1)]))
    first, second = await ids(sql, plan_id)
    await actions.review(a_review(plan_id), Selection([first]), ())
    await actions.approve_automatically(plan_id, ["promote-proven"], RULES, NOW, IN_FORCE)

    assert await actions.retract_automatic(plan_id, RULES, NOW) == []
    assert await actions.retract_automatic(plan_id, OTHER_RULES, NOW) == [second]

    assert await states(sql, plan_id) == ["approved", "planned"]
    standing = await actions.action(second)
    assert standing is not None
    assert (standing.reason, standing.reviewed_by, standing.expires_at) == ("rules_changed", "", None)


async def test_an_undo_needs_something_to_undo(
    begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql
):
    """Approved while its action is done; a second undo of it is refused, and so is one of what is undone."""
    promotion = (await ids(sql, plan_id := await store_plan(await begin(), [an_action()])))[0]
    await approve_all(actions, plan_id)
    await send(actions, [promotion], [Made("T1")])
    undo = an_action(kind=ActionKind.PAUSE_KEYWORD, effect=Effect("pause|T1"), undoes=promotion, places=())
    first = await store_plan(await begin(resume_after=later(9999)), [undo])
    second = await store_plan(await begin(resume_after=later(99999)), [undo])
    assert await states(sql, first) == ["superseded"]
    third = await store_plan(await begin(resume_after=later(999999)), [an_action(5)])
    assert await states(sql, second) == ["planned"]

    (mine,) = await approve_all(actions, second)
    fourth = await store_plan(await begin(resume_after=later(9999999)), [undo])
    assert await states(sql, third) == ["planned"]
    (other,) = await ids(sql, fourth)
    twice = await actions.review(a_review(fourth), Selection(), ())
    assert list(twice.refused) == [(other, f"item {mine} of plan {second} does the same and is approved")]
    await send(actions, [mine], [Made("T1")])
    late = await actions.review(a_review(fourth), Selection(), ())
    assert "does the same and is done" in late.refused[0][1]


async def test_reviews_of_a_plan_that_is_gone_from_sight_are_errors_of_ours(actions: PostgresActions):
    """Every method that names a plan says so in words."""
    for call in (
        actions.expire(PlanId("p9"), NOW),
        actions.approve_automatically(PlanId("p9"), [], RULES, NOW, IN_FORCE),
        actions.edit_bid(a_review("p9", EDIT), "a1", "1", "", ""),
    ):
        with pytest.raises(HarvesterError, match="no plan p9"):
            await call
    assert await actions.fingerprint(PlanId("p9")) is None
    assert await actions.action("a9") is None
