# ruff: noqa: F811
"""Search terms judged by the economics of the products that their ad group advertises."""

from pathlib import Path

from harvester.config import rules_file
from harvester.rules.ruleset import RuleSet
from harvester.sandbox.serving import Running
from tests.acceptance.records import Ledger
from tests.crash.conftest import amazon  # noqa: F401
from tests.crash.scene import Desk, open_desk
from tests.integration.told_by_reports import Day, ago, all_read, told

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


def rules_of(folder: Path, text: str) -> RuleSet:
    path = folder / "rules.yaml"
    path.write_text(text)
    return rules_file.load(path)


async def planned(desk: Desk) -> None:
    await desk.services.profiles.save([desk.profile])
    await desk.plan()


async def test_a_term_is_held_to_the_economics_of_what_its_ad_group_advertises(
    dsn: str, amazon: Running, tmp_path: Path
) -> None:
    """Once rows of source promotion have told which product that is; the ledger keeps it with the figures."""
    ledger = Ledger(dsn)
    async with open_desk(dsn, amazon.url, rules=rules_of(tmp_path, PROMOTIONS)) as desk:
        await planned(desk)
    (known, *_) = ledger.rows(
        "SELECT ad_group_id, campaign_id, ad_asin FROM ledger.recommendations WHERE ad_asin <> '' ORDER BY 1, 3 LIMIT 1"
    )
    loser = Day(ago(10), known["ad_group_id"], known["campaign_id"], "garden gnome hat", clicks=12, cost=9.6)
    all_read(ledger)
    told(ledger, loser.on(ago(10), ago(20)))
    async with open_desk(dsn, amazon.url, rules=rules_of(tmp_path, BY_PRODUCT.format(asin=known["ad_asin"]))) as desk:
        await planned(desk)

    (decision,) = ledger.rows("SELECT * FROM ledger.decisions WHERE source = 'search_terms'")
    assert known["ad_asin"] in decision["metrics"]["asked_for"]
    assert decision["outcome"] == "negate"
    spent = decision["findings"][0]
    assert (spent["measured"], spent["bound"]) == ("19.20 USD", "10.00 USD")
