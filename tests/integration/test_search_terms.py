# ruff: noqa: F811
"""Search terms from the tables of days to items of a plan, to the account and back."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from harvester.domain.ids import PlanId
from harvester.sandbox.market import Kind
from harvester.sandbox.serving import Running
from harvester.usecases.undo import ToUndo
from tests.acceptance.records import Ledger
from tests.crash.conftest import amazon  # noqa: F401
from tests.crash.scene import PROFILE, Desk, open_desk
from tests.integration.by_hand import rules_in
from tests.integration.told_by_reports import Day, ago, all_read, read, told

AUTO, MANUAL = "100002654435761", "100005308871522"
"""Ad groups, and their campaigns: here both have the same id. The first has a group that leads into the second."""
BROAD, EXACT = "newborn hospital essentials original", "Newborn Hospital Essentials Gift"
"""What stands enabled in the manual one."""
RULES = """
version: 1
protect: {keywords: ["acme"]}
rules:
  - name: promote-sold
    match: {source: search_terms}
    when: {all: [{clicks: {at_least: 10}}, {conversions: {at_least: 2}}]}
    then: {promote: {match: [exact, same], bid: {fixed: {USD: 0.75}}}}
  - name: stop-losers
    match: {source: search_terms}
    when: {all: [{clicks: {at_least: 20}}, {conversions: {at_most: 0}}]}
    then: {negate: {}}
guard: {negative_share: 100%}
"""


def lost(term: str, ad_group: str = AUTO, **more: Any) -> list[Day]:
    """Twenty-four clicks on two days, and not one order."""
    return Day(ago(10), ad_group, ad_group, term, **{"clicks": 12, "cost": 9.6, **more}).on(ago(10), ago(20))


def sold(term: str, ad_group: str = AUTO, campaign: str = "") -> list[Day]:
    """Twenty-four clicks and four orders."""
    return Day(ago(10), ad_group, campaign or ad_group, term, clicks=12, cost=9.6, orders=2, sales=40).on(
        ago(10), ago(20)
    )


async def planned(desk: Desk) -> tuple[PlanId, list[Mapping[str, Any]]]:
    plan_id = await desk.plan()
    return plan_id, await desk.items(plan_id)


def decided(ledger: Ledger, run: int = 1) -> dict[str, tuple[str, str]]:
    rows = ledger.rows(
        "SELECT target, outcome, reason FROM ledger.decisions WHERE source = 'search_terms' AND run_id = $1", f"r{run}"
    )
    return {row["target"]: (row["outcome"], row["reason"]) for row in rows}


async def advice(desk: Desk, plan_id: PlanId) -> list[str]:
    plan = await desk.services.reports.plan(plan_id)
    assert plan is not None
    return list(plan["advice"])


async def test_where_rows_could_not_be_read_nothing_is_decided(dsn: str, amazon: Running, tmp_path: Path) -> None:
    """One of them may have been the order: in their campaign, or everywhere where they do not say whose they are."""
    ledger = Ledger(dsn)
    held = ("hold", "missing_days")
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, RULES)) as desk:
        await desk.services.profiles.save([desk.profile])
        all_read(ledger)
        told(ledger, [*lost("garden gnome hat"), *lost("window frame", MANUAL)])
        in_part = "UPDATE harvester.report_day SET unread = $1 WHERE day = $2"
        ledger.execute(in_part, [AUTO], ago(20))
        first, _ = await planned(desk)
        said = await advice(desk, first)
        ledger.execute(in_part, [""], ago(20))
        await planned(desk)
        ledger.execute(in_part, [AUTO], ago(3))
        ledger.execute(in_part, [], ago(20))
        third, _ = await planned(desk)
        quiet = await advice(desk, third)

    assert decided(ledger, 1) == {"garden gnome hat": held, "window frame": ("negate", "stop-losers")}
    assert set(decided(ledger, 2).values()) == {held}
    assert {outcome for outcome, _ in decided(ledger, 3).values()} == {"negate"}
    assert any(
        f"Rows of the reports of 1 day could not be read, the first {ago(20)}, of 1 campaign" in each for each in said
    )
    assert not any("could not be read" in each for each in quiet)


async def test_from_days_to_the_account_and_back(dsn: str, amazon: Running, tmp_path: Path) -> None:
    """A loser is negated where it cost, winners of an automatic and of a manual ad group go through the same group; the
    account holds what the ledger says, and undo takes it back.
    """
    ledger = Ledger(dsn)
    terms = [
        *lost("garden  Gnome hat"),
        *sold("baby shower basket"),
        *sold("hospital bag for mom", MANUAL),
        *sold("b0gift0001"),
    ]
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, RULES)) as desk:
        await desk.services.profiles.save([desk.profile])
        all_read(ledger)
        told(ledger, [*terms, *lost("*")])
        plan_id, items = await planned(desk)
        said = await advice(desk, plan_id)
        await desk.approve(plan_id)
        await desk.apply(plan_id)
        states = [item["state"] for item in await desk.items(plan_id)]
        undo = await desk.undo(ToUndo(plan_id=plan_id))
        rows = amazon.sandbox.world.market(PROFILE).rows
        negatives = {row.body["keywordText"]: row.body for row in rows[Kind.NEGATIVE_KEYWORD].values()}
        links = {(row.body["text"], row.body["destination"]) for row in rows[Kind.GROUP_TARGET].values()}
        assert undo.plan_id is not None
        await desk.approve(undo.plan_id)
        await desk.apply(undo.plan_id)
        after = {row.body["keywordText"]: row.body["state"] for row in rows[Kind.NEGATIVE_KEYWORD].values()}

    assert states == ["done"] * 4
    assert {(item["kind"], item["target"], item["source_ad_group_id"], item["ad_group_id"]) for item in items} == {
        ("negate_keyword", "garden Gnome hat", AUTO, AUTO),
        ("promote_keyword", "baby shower basket", AUTO, MANUAL),
        ("promote_keyword", "hospital bag for mom", MANUAL, MANUAL),
        ("promote_product", "B0GIFT0001", AUTO, "100007963307283"),
    }
    negated = next(item for item in items if item["kind"] == "negate_keyword")
    assert negated["note"] == ("Search term of target “close-match”: 24 clicks, 0 orders, 19.20 USD spent (60d-7d).")
    assert negated["metrics"]["windows"]["60d-7d"]["cost"] == "19.20"
    assert negatives["garden Gnome hat"]["adGroupId"] == AUTO
    assert {("baby shower basket", MANUAL), ("hospital bag for mom", MANUAL)} <= links
    assert after["garden Gnome hat"] == "ARCHIVED"
    (decision,) = ledger.rows("SELECT * FROM ledger.decisions WHERE outcome = 'negate'")
    assert (decision["source"], decision["ad_id"], decision["target_type"]) == ("search_terms", "", "KEYWORD")
    metrics = decision["metrics"]
    assert metrics["windows"] == {
        "60d-7d": {"impressions": 200, "clicks": 24, "cost": "19.20", "orders": 0, "sales": "0.00"}
    }
    assert (metrics["currency"], metrics["keyword_id"], metrics["targeting"]) == ("USD", "400", "close-match")
    assert len(decided(ledger)) == 4
    assert [
        each
        for each in said
        if each.startswith(f"Search terms were judged by reports of {ago(67)} to {ago(8)}: 60 of 60")
    ]
    assert {row["state"] for row in ledger.rows("SELECT state FROM ledger.actions WHERE plan_id = $1", plan_id)} == {
        "undone"
    }


async def test_what_must_not_be_negated_is_held_and_says_why(dsn: str, amazon: Running, tmp_path: Path) -> None:
    """It, or a close variant, sold long ago elsewhere in the campaign, or in the newest days, or where the same products are
    advertised; it is a variant of what is ours or protected.
    """
    ledger = Ledger(dsn)
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, RULES)) as desk:
        await desk.services.profiles.save([desk.profile])
        all_read(ledger)
        told(
            ledger,
            [
                *lost("old seller"),
                *Day(ago(80), "999", AUTO, "Old Seller", orders=3).on(ago(80)),
                *lost("late seller"),
                *Day(ago(2), AUTO, AUTO, "late seller", orders=1).on(ago(2)),
                *lost("sellers of mats"),
                *Day(ago(70), AUTO, AUTO, "mat seller", orders=2).on(ago(70)),
                *lost("same products seller"),
                *Day(ago(80), MANUAL, MANUAL, "same product sellers", orders=3).on(ago(80)),
                *lost("other campaigns seller"),
                *Day(ago(80), "998", "998", "other campaigns seller", orders=3).on(ago(80)),
                *lost("acmes hats"),
                *lost("acme hats"),
                *lost("gifts for newborn hospital essentials"),
                *lost(EXACT.lower(), MANUAL),
                *lost("newborn original hospital essential", MANUAL),
                *lost("nothing of ours"),
            ],
        )
        _, items = await planned(desk)

    assert decided(ledger) == {
        "old seller": ("hold", "ever_converted"),
        "late seller": ("hold", "ever_converted"),
        "sellers of mats": ("hold", "ever_converted"),
        "same products seller": ("hold", "ever_converted"),
        "other campaigns seller": ("negate", "stop-losers"),
        "acmes hats": ("hold", "variant_of_positive"),
        "acme hats": ("skip", "protected"),
        "gifts for newborn hospital essentials": ("hold", "variant_of_positive"),
        EXACT.lower(): ("hold", "variant_of_positive"),
        "newborn original hospital essential": ("hold", "variant_of_positive"),
        "nothing of ours": ("negate", "stop-losers"),
    }
    assert {item["target"] for item in items} == {"other campaigns seller", "nothing of ours"}
    told_of = {
        row["target"]: [(each["check"], each["measured"], each["bound"]) for each in row["findings"][-2:]]
        for row in ledger.rows("SELECT target, findings FROM ledger.decisions WHERE outcome = 'hold'")
    }
    findings = {target: found[-1] for target, found in told_of.items()}
    assert findings["old seller"] == ("sold.orders", 3, ago(80).isoformat())
    assert told_of["sellers of mats"] == [
        ("sold.variant", 2, "mat seller"),
        ("sold.here", None, ago(70).isoformat()),
    ]
    assert told_of["same products seller"] == [
        ("sold.variant", 3, "same product sellers"),
        ("sold.in_ad_group", MANUAL, ago(80).isoformat()),
    ]
    assert findings["acmes hats"] == ("variant.protected", "acme", None)
    assert findings["gifts for newborn hospital essentials"] == ("variant.own", EXACT, MANUAL)
    assert findings[EXACT.lower()] == ("variant.served", EXACT, MANUAL)
    assert findings["newborn original hospital essential"] == ("variant.own", BROAD, MANUAL)


async def test_without_reports_nothing_is_judged_and_the_plan_says_so_once(
    dsn: str, amazon: Running, tmp_path: Path
) -> None:
    """And what to do about it."""
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, RULES)) as desk:
        await desk.services.profiles.save([desk.profile])
        plan_id, items = await planned(desk)
        said = await advice(desk, plan_id)

    assert items == []
    assert [each for each in said if "`harvester plan` asks Amazon for them" in each] == said


async def test_missing_and_immature_days_hold_and_are_named(dsn: str, amazon: Running, tmp_path: Path) -> None:
    """Nothing is decided from a window that is not whole; once it is, a new run decides, and the old one stays as it was."""
    ledger = Ledger(dsn)
    window = RULES.replace("clicks: {at_least: 20}", "clicks: {at_least: 20, window: 60d}")
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, window)) as desk:
        await desk.services.profiles.save([desk.profile])
        read(ledger, [ago(days) for days in range(1, 90) if days not in (30, 31)])
        told(ledger, lost("garden gnome"))
        first, items = await planned(desk)
        said = await advice(desk, first)
        read(ledger, [ago(30), ago(31)], asked=ago(27))
        second, _ = await planned(desk)
        immature = await advice(desk, second)
        read(ledger, [ago(30), ago(31)])
        _, after = await planned(desk)

    assert items == []
    assert [decided(ledger, run)["garden gnome"] for run in (1, 2, 3)] == [
        ("hold", "missing_days"),
        ("hold", "immature_window"),
        ("negate", "stop-losers"),
    ]
    assert [each for each in said if f"2 days in no report, the first {ago(31)}" in each]
    assert [each for each in immature if f"2 days read before their orders were complete, the first {ago(31)}" in each]
    assert [item["target"] for item in after] == ["garden gnome"]


async def test_restated_days_change_decisions_only_through_new_runs(dsn: str, amazon: Running, tmp_path: Path) -> None:
    """An order that came late leaves plan and decision as they were; the next run holds, and applying finds out too."""
    ledger = Ledger(dsn)
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, RULES)) as desk:
        await desk.services.profiles.save([desk.profile])
        all_read(ledger)
        told(ledger, lost("garden gnome"))
        first, before = await planned(desk)
        await desk.approve(first)
        ledger.execute("UPDATE harvester.search_term_day SET orders = 1, sales = 9000000 WHERE day = $1", ago(10))
        unchanged = await desk.items(first)
        _, items = await planned(desk)
        await desk.apply(first)
        (stale,) = await desk.items(first)

    assert [(each["target"], each["metrics"]) for each in unchanged] == [
        (each["target"], each["metrics"]) for each in before
    ]
    assert [decided(ledger, run)["garden gnome"] for run in (1, 2)] == [
        ("negate", "stop-losers"),
        ("hold", "not_proven"),
    ]
    assert items == []
    assert stale["state"] == "stale"
    assert "“garden gnome” with 1 order was seen here" in stale["error"]


async def test_a_phrase_that_would_block_recorded_orders_is_held(dsn: str, amazon: Running, tmp_path: Path) -> None:
    """The terms that it would have blocked are named with their orders; the exact negative is not held for them."""
    ledger = Ledger(dsn)
    phrase = RULES.replace("then: {negate: {}}", "then: {negate: {match: phrase}}")
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, phrase)) as desk:
        await desk.services.profiles.save([desk.profile])
        all_read(ledger)
        told(ledger, [*lost("garden gnome"), *sold("red garden gnome"), *lost("tool")])
        _, items = await planned(desk)

    states = {item["target"]: (item["state"], item["reason"]) for item in items if item["kind"] == "negate_keyword"}
    assert states == {"garden gnome": ("held", "would_block_orders"), "tool": ("planned", "")}
    (held,) = [item for item in items if item["state"] == "held"]
    assert "“red garden gnome” with 4 orders" in held["note"]


async def test_rows_of_two_sources_about_one_thing_are_one_item(dsn: str, amazon: Running, tmp_path: Path) -> None:
    """A recommendation and a search term fold into the effect that they share; each keeps its own decision."""
    ledger = Ledger(dsn)
    both = RULES.replace(
        "rules:\n",
        "rules:\n  - {name: recommended, match: {source: promotion, campaigns: ['Auto | Newborn*']}, "
        "when: {conversions: {at_least: 1}}, then: {promote: {match: [exact, same], bid: {fixed: {USD: 0.60}}}}}\n",
    )
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, both)) as desk:
        await desk.services.profiles.save([desk.profile])
        _, before = await planned(desk)
        shared = next(item for item in before if item["kind"] == "promote_keyword" and item["state"] == "planned")
        all_read(ledger)
        told(ledger, sold(shared["target"]))
        _, items = await planned(desk.later(timedelta(seconds=1)))

    (item,) = [each for each in items if each["key"] == shared["key"] and each["kind"] == "promote_keyword"]
    sources = ledger.rows("SELECT source FROM ledger.decisions WHERE decision_id = ANY ($1)", item["decision_ids"])
    assert {row["source"] for row in sources} == {"promotion", "search_terms"}
    assert "Search term of target “close-match”: 24 clicks, 4 orders" in item["note"]
    assert len({each["key"] for each in items}) == len({each["key"] for each in before})


async def test_rules_on_advertised_products_see_those_of_the_ad_group(
    dsn: str, amazon: Running, tmp_path: Path
) -> None:
    """A seller's ads hold SKUs only: rows of recommendations tell, for the manual ad group of the same products too."""
    ledger = Ledger(dsn)
    rules = RULES + "economics: {asins: {B000000001: {price: {USD: 9}, target_acos: 30%}}}\n"
    rules = rules.replace(
        "rules:\n", "rules:\n  - {name: never, when: {clicks: {at_least: 999999}}, then: {promote: {}}}\n"
    )
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, rules)) as desk:
        await desk.services.profiles.save([desk.profile])
        all_read(ledger)
        told(ledger, [*lost("garden gnome"), *lost("garden gnome", MANUAL)])
        await planned(desk)

    advertised = "SELECT DISTINCT ad_asin FROM ledger.decisions WHERE ad_group_id = $1 AND source = 'promotion'"
    known = {row["ad_asin"] for row in ledger.rows(advertised, AUTO)} - {""}
    assert known
    told_of = ledger.rows("SELECT ad_group_id, metrics FROM ledger.decisions WHERE source = 'search_terms'")
    shown = {row["ad_group_id"]: row["metrics"]["asked_for"] for row in told_of}
    assert set(shown[AUTO]) <= known
    assert shown[AUTO] == shown[MANUAL] != []


PROMOTIONS = """
version: 1
rules:
  - name: never
    match: {source: promotion}
    when: {clicks: {at_least: 1000000}}
    then: {promote: {}}
"""
BY_PRODUCT = """
version: 1
economics:
  default: {{price: {{USD: 10}}, target_acos: 10%}}
  asins:
    {asin}: {{price: {{USD: 100}}}}
rules:
  - name: stop-what-does-not-pay
    match: {{source: search_terms}}
    when: {{all: [{{spend: {{at_least: 1x target_cost}}}}, {{conversions: {{at_most: 0}}}}]}}
    then: {{negate: {{}}}}
guard: {{negative_share: 100%}}
"""


async def test_a_term_is_held_to_the_economics_of_what_its_ad_group_advertises(
    dsn: str, amazon: Running, tmp_path: Path
) -> None:
    """Once rows of source promotion have told which product that is; the ledger keeps it with the figures."""
    ledger = Ledger(dsn)
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, PROMOTIONS)) as desk:
        await planned(desk)
    (known, *_) = ledger.rows(
        "SELECT ad_group_id, campaign_id, ad_asin FROM ledger.recommendations WHERE ad_asin <> '' ORDER BY 1, 3 LIMIT 1"
    )
    loser = Day(ago(10), known["ad_group_id"], known["campaign_id"], "garden gnome hat", clicks=12, cost=9.6)
    all_read(ledger)
    told(ledger, loser.on(ago(10), ago(20)))
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, BY_PRODUCT.format(asin=known["ad_asin"]))) as desk:
        await planned(desk)

    (decision,) = ledger.rows("SELECT * FROM ledger.decisions WHERE source = 'search_terms'")
    assert known["ad_asin"] in decision["metrics"]["asked_for"]
    assert decision["outcome"] == "negate"
    spent = decision["findings"][0]
    assert (spent["measured"], spent["bound"]) == ("19.20 USD", "10.00 USD")


async def test_a_manual_ad_group_promotes_only_where_its_products_have_one_group(
    dsn: str, amazon: Running, tmp_path: Path
) -> None:
    """Two groups that lead to different places, or none at all: held, and the plan says what would mend it."""
    ledger = Ledger(dsn)
    rows = amazon.sandbox.world.market(PROFILE).rows
    campaigns = {row.body["name"]: row.body["campaignId"] for row in rows[Kind.CAMPAIGN].values()}
    several, none = (campaigns[f"Manual | {name} | Keywords"] for name in ("Cdj stand", "Couch pillows"))
    ad_groups = {row.body["campaignId"]: row.body["adGroupId"] for row in rows[Kind.AD_GROUP].values()}
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, RULES)) as desk:
        await desk.services.profiles.save([desk.profile])
        all_read(ledger)
        for number, campaign in enumerate((several, none)):
            told(ledger, sold(f"term {number}", ad_groups[campaign], campaign))
        plan_id, items = await planned(desk)
        said = " ".join(await advice(desk, plan_id))

    assert items == []
    assert decided(ledger) == {"term 0": ("hold", "ambiguous_destination"), "term 1": ("hold", "no_destination")}
    assert "has 2 promotion groups (" in said
    assert f"({ad_groups[none]}) promotes through the group of an automatic ad group that advertises the same" in said
