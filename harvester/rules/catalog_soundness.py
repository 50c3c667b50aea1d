"""What a rules file says about catalog facts: whether it makes sense, and where it asks for them."""

from collections.abc import Iterator

from harvester.domain.target import TargetKind
from harvester.rules.conditions import Condition
from harvester.rules.ruleset import Rule, RuleSet
from harvester.rules.wording import Path, Problem

CATALOG_KEYS = (
    *("brand", "own_brand", "shared_category", "sales_rank", "category_rank", "price_ratio"),
    *("variation_of_own", "unknown_asin"),
)
"""Of conditions."""
NEVER_ZERO = "0 is never met: ranks begin at 1, and prices are over 0"
NO_LOGIN = (
    "asks for a catalog fact, and no account has a Selling Partner login that could deliver it: set "
    "HARVESTER_ACCOUNTS__<NAME>__SELLING_PARTNER__CLIENT_ID, __CLIENT_SECRET and __REFRESH_TOKEN, or take it out"
)


def catalog_keys(condition: Condition) -> list[str]:
    """The checks of catalog facts that stand in the condition itself."""
    return [key for key in CATALOG_KEYS if getattr(condition, key) is not None]


def condition_problems(path: Path, condition: Condition) -> Iterator[Problem]:
    """Of the condition itself, not of those in it. Thresholds are somebody else's."""
    brand, shared = condition.brand, condition.shared_category
    if brand is not None and bool(brand.in_) is bool(brand.not_in):
        yield Problem((*path, "brand"), "needs exactly one of `in` and `not_in`, with at least one name")
    if shared is not None:
        if (shared.same is None) is (shared.levels is None):
            yield Problem((*path, "shared_category"), "needs exactly one of `same: true` and `levels`")
        elif shared.same is False:
            yield Problem((*path, "shared_category", "same"), "can only be true; put the check under `not`")
        elif shared.levels == 0:
            yield Problem((*path, "shared_category", "levels"), "must be at least 1: any two categories share none")


def rule_problems(path: Path, rule: Rule) -> Iterator[Problem]:
    """Keywords and categories are in no catalog."""
    place = next(asks(path, rule.when), None)
    if place is not None and TargetKind.KEYWORD in rule.kinds:
        yield Problem(place, "says nothing about keywords; give the rule `match: {target_type: product}`")
    if place is not None and TargetKind.CATEGORY in rule.kinds:
        yield Problem(place, "says nothing about categories; it looks at products")


def own_brand_problems(ruleset: RuleSet) -> Iterator[Problem]:
    named = ruleset.catalog.own_brands or any(each.catalog.own_brands for each in ruleset.profiles.values())
    for place, rule in enumerate(ruleset.rules):
        for path in asks(("rules", place, "when"), rule.when):
            if path[-1] == "own_brand" and not named:
                yield Problem(path, "needs the names of your brands under `catalog: {own_brands: [...]}`")


def asks(path: Path, condition: Condition) -> Iterator[Path]:
    """Where a condition, or one in it, asks for a catalog fact."""
    yield from ((*path, key) for key in catalog_keys(condition))
    for key, parts in (("all", condition.all), ("any", condition.any)):
        for place, part in enumerate(parts or ()):
            yield from asks((*path, key, place), part)
    if condition.not_ is not None:
        yield from asks((*path, "not"), condition.not_)


def undelivered(ruleset: RuleSet) -> list[Problem]:
    """Where a sound file asks for catalog facts that no login can deliver; the first place of each rule."""
    found = (next(_asks(("rules", place), rule), None) for place, rule in enumerate(ruleset.rules))
    return [Problem(path, NO_LOGIN) for path in found if path is not None]


def _asks(path: Path, rule: Rule) -> Iterator[Path]:
    yield from asks((*path, "when"), rule.when)
    if rule.refine is not None and rule.refine.price_ratio is not None:
        yield (*path, "then", "promote", "refine", "price_ratio")
