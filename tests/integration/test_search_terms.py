# ruff: noqa: F811
"""Search terms from the tables of days to items of a plan."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harvester.config import rules_file
from harvester.domain.ids import PlanId
from harvester.rules.ruleset import RuleSet
from harvester.sandbox.market import Kind
from harvester.sandbox.serving import Running
from tests.acceptance.records import Ledger
from tests.crash.conftest import amazon  # noqa: F401
from tests.crash.scene import PROFILE, Desk, open_desk
from tests.integration.told_by_reports import Day, ago, all_read, told

RULES = """
version: 1
rules:
  - name: promote-sold
    match: {source: search_terms}
    when: {all: [{clicks: {at_least: 10}}, {conversions: {at_least: 2}}]}
    then: {promote: {bid: {fixed: {USD: 0.75}}}}
  - name: stop-losers
    match: {source: search_terms}
    when: {all: [{clicks: {at_least: 20}}, {conversions: {at_most: 0}}]}
    then: {negate: {}}
guard: {negative_share: 100%}
"""


def rules_of(folder: Path, text: str = RULES) -> RuleSet:
    path = folder / "rules.yaml"
    path.write_text(text)
    return rules_file.load(path)


def auto_ad_group(amazon: Running, place: int = 0) -> tuple[str, str]:
    """An enabled automatic ad group with a promotion group: its id, and its campaign's."""
    rows = amazon.sandbox.world.market(PROFILE).rows
    found = [
        (row.body["adGroupId"], row.body["campaignId"])
        for row in rows[Kind.AD_GROUP].values()
        if rows[Kind.CAMPAIGN][row.body["campaignId"]].body["targetingType"] == "AUTO"
    ]
    return sorted(found)[place]


async def planned(desk: Desk) -> tuple[PlanId, list[Mapping[str, Any]]]:
    await desk.services.profiles.save([desk.profile])
    plan_id = await desk.plan()
    return plan_id, await desk.items(plan_id)


async def test_one_term_becomes_one_negative(dsn: str, amazon: Running, tmp_path: Path) -> None:
    """From a day of a report to an item with its request; the ledger keeps the window with its money."""
    ad_group, campaign = auto_ad_group(amazon)
    ledger = Ledger(dsn)
    loser = Day(ago(10), ad_group, campaign, "garden  Gnome hat", clicks=12, cost=9.6)
    async with open_desk(dsn, amazon.url, rules=rules_of(tmp_path)) as desk:
        await desk.services.profiles.save([desk.profile])
        all_read(ledger)
        told(ledger, loser.on(ago(10), ago(20)))
        _, (item,) = await planned(desk)

    assert (item["kind"], item["state"], item["target"]) == ("negate_keyword", "planned", "garden Gnome hat")
    assert (item["ad_group_id"], item["clicks"], item["conversions"]) == (ad_group, 24, 0)
    (decision,) = ledger.rows("SELECT * FROM ledger.decisions WHERE source = 'search_terms'")
    assert (decision["outcome"], decision["rule"], decision["ad_id"]) == ("negate", "stop-losers", "")
    metrics = decision["metrics"]
    assert metrics["windows"] == {
        "60d-7d": {"impressions": 200, "clicks": 24, "cost": "19.20", "orders": 0, "sales": "0.00"}
    }
    assert (metrics["currency"], metrics["keyword_id"], metrics["targeting"]) == ("USD", "400", "close-match")
