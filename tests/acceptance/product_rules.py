"""A rules file that asks for product suggestions, made for one account of the pretend Amazon."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RULES = """
version: 1
rules:
  - name: promote-proven-keywords
    match: {{source: promotion, target_type: keyword}}
    when: {{all: [{{clicks: {{at_least: 20}}}}, {{conversions: {{at_least: 3}}}}]}}
    then: {{promote: {{match: [exact], bid: {{ad_group_default: true}}}}}}
  - name: target-what-sold
    match: {{source: products, themes: ["top converting*"]}}
    then: {{promote: {{match: [same], bid: {{ad_group_default: true, factor: 0.9}}}}}}
  - name: target-complements
    match: {{source: products, themes: [Complements], ad_groups: ["*, clearance"]}}
    then: {{promote: {{match: [same, expanded], bid: {{fixed: {{USD: 0.44, GBP: 0.44, EUR: 0.44}}}}}}}}
groups:
  - source: {{ad_groups: ["{source}"]}}
    without_group: {{product_ad_group: "{into}"}}
guard: {{promotions_per_run: 1000, promotions_per_day: 1000}}
suggestions: {{products: {{by: {by}}}}}
tests:
  - name: what sold becomes a target
    given: {{source: products, themes: [Top converting targets]}}
    expect: promote
    rule: target-what-sold
  - {{name: what is merely similar does not, given: {{source: products, themes: [Similar items]}}, expect: skip}}
"""


@dataclass(frozen=True)
class Ways:
    """A source ad group without a promotion group, and the manual product ad group of the same products."""

    source: str
    into: str
    campaign: str
    asins: Sequence[str]


def ways_without_group(account: Any) -> Ways:
    """The product line that is sold off: it has manual campaigns, and no promotion group."""
    source = next(each for each in account["adGroups"] if each["name"].endswith(", clearance"))
    skus = products_of(account, source["adGroupId"])
    into = next(
        each
        for each in account["adGroups"]
        if each["name"].endswith(" products") and products_of(account, each["adGroupId"]) == skus
    )
    return Ways(source["adGroupId"], into["adGroupId"], into["campaignId"], sorted(skus))


def products_of(account: Any, ad_group_id: str) -> frozenset[str]:
    return frozenset(ad["sku"] for ad in account["productAds"] if ad["adGroupId"] == ad_group_id)


def write_rules(folder: Path, account: Any, by: str = "asin") -> Ways:
    ways = ways_without_group(account)
    (folder / "products.yaml").write_text(RULES.format(source=ways.source, into=ways.into, by=by), encoding="utf-8")
    return ways
