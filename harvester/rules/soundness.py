"""What no single value shows: parts of a rules file that contradict one another or can never be reached."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import combinations

from harvester.domain.recommendation import RECOMMENDS
from harvester.domain.target import KEYWORD_MATCHES, PRODUCT_MATCHES, TargetKind
from harvester.rules.bid_sections import Bid
from harvester.rules.brand_soundness import brand_problems
from harvester.rules.catalog_soundness import (
    NEVER_ZERO,
    catalog_keys,
    condition_problems,
    own_brand_problems,
    rule_problems,
)
from harvester.rules.category_soundness import category_problems
from harvester.rules.checks.catalog import Figure
from harvester.rules.checks.category import PRODUCTS
from harvester.rules.compiling import rule_check
from harvester.rules.conditions import Condition
from harvester.rules.reach import decided_before, limits_of, never_passes
from harvester.rules.ruleset import (
    GroupEntry,
    NewCampaigns,
    Promote,
    Rule,
    RuleSet,
    Then,
)
from harvester.rules.scalars import did_you_mean
from harvester.rules.scope import at_least_as_wide
from harvester.rules.sections import CountThreshold
from harvester.rules.source_soundness import given_problems, source_problems
from harvester.rules.threshold_soundness import threshold_problems
from harvester.rules.window_soundness import economics_problems
from harvester.rules.windows import thresholds
from harvester.rules.wording import Path, Problem


def problems_of(ruleset: RuleSet) -> list[Problem]:
    """In the file's order, part by part."""
    found = [*_rules(ruleset)]
    found += [*_names(ruleset), *own_brand_problems(ruleset)]
    if not found:
        found += _reach(ruleset)
    found += _entries(ruleset)
    found += _groups_reach(ruleset)
    found += brand_problems(ruleset)
    found += economics_problems(ruleset)
    found += _profiles(ruleset)
    found += _tests(ruleset)
    return found


def problems_of_parts(ruleset: RuleSet) -> list[Problem]:
    """Of each rule and each entry under `groups` by itself, whatever else stands in the file."""
    return [*_rules(ruleset), *_entries(ruleset)]


def _rules(ruleset: RuleSet) -> Iterator[Problem]:
    for place, rule in enumerate(ruleset.rules):
        yield from _rule(("rules", place), rule)


def _entries(ruleset: RuleSet) -> Iterator[Problem]:
    for place, entry in enumerate(ruleset.groups):
        yield from _group(("groups", place), entry)


def _names(ruleset: RuleSet) -> Iterator[Problem]:
    for (_, one), (place, two) in combinations(enumerate(ruleset.rules), 2):
        if one.name == two.name:
            yield Problem(
                ("rules", place, "name"), f"another rule is called `{two.name}` already; names tell rules apart"
            )


def _rule(path: Path, rule: Rule) -> Iterator[Problem]:
    wrong = [*source_problems(path, rule), *category_problems(path, rule)]
    if "when" in rule.model_fields_set:
        wrong += _condition((*path, "when"), rule.when)
    yield from wrong
    if not wrong and never_passes(limits_of(rule_check(rule))):
        yield Problem((*path, "when"), f"rule `{rule.name}` can never pass: its conditions exclude one another")
    yield from rule_problems((*path, "when"), rule)
    recommended = RECOMMENDS[rule.match.source]
    only = recommended[0] if len(recommended) == 1 else None
    yield from _then((*path, "then"), rule.then, rule.match.target_type or only)


def _condition(path: Path, condition: Condition) -> Iterator[Problem]:
    named = [key for key in ("all", "any") if getattr(condition, key) is not None]
    named += ["not"] if condition.not_ is not None else []
    named += [*(key for key, _ in thresholds(condition)), *catalog_keys(condition)]
    named += [PRODUCTS] if condition.products is not None else []
    if not named:
        yield Problem(
            path,
            "says nothing; name one of all, any, not, clicks, conversions, conversion_rate, or a check of the catalog",
        )
    elif len(named) > 1:
        yield Problem(path, f"holds {' and '.join(named)} side by side; list them under `all`, one per dash")
    for key, parts in (("all", condition.all), ("any", condition.any)):
        if parts is not None and not parts:
            yield Problem((*path, key), f"`{key}` is empty; list at least one condition")
        for place, part in enumerate(parts or ()):
            yield from _condition((*path, key, place), part)
    if condition.not_ is not None:
        yield from _condition((*path, "not"), condition.not_)
    for key, threshold in thresholds(condition):
        yield from threshold_problems((*path, key), threshold)
    if condition.products is not None:
        yield from threshold_problems((*path, PRODUCTS), condition.products)
    for figure in Figure:
        bounds: CountThreshold | None = getattr(condition, figure)
        if bounds is not None:
            yield from threshold_problems((*path, figure.value), bounds)
            if bounds.at_most == 0:
                yield Problem((*path, figure.value, "at_most"), NEVER_ZERO)
    yield from condition_problems(path, condition)


def _then(path: Path, then: Then, target_type: TargetKind | None) -> Iterator[Problem]:
    if (then.promote is None) is (then.negate is None):
        yield Problem(path, "needs exactly one of `promote` and `negate`")
    if then.negate_at_source is not None and then.promote is None:
        yield Problem((*path, "negate_at_source"), "goes with `promote` only; use `negate`")
    if then.promote is not None:
        yield from _promote((*path, "promote"), then.promote, target_type)
        yield from _bid((*path, "promote", "bid"), then.promote.bid)


def _promote(path: Path, promote: Promote, target_type: TargetKind | None) -> Iterator[Problem]:
    path = (*path, "match")
    wanted = promote.match
    if wanted is None or target_type is TargetKind.CATEGORY:
        return
    if not wanted:
        yield Problem(path, "is empty; name at least one match, or leave the key out")
    if len(set(wanted)) < len(wanted):
        yield Problem(path, "names a match twice")
    foreign = PRODUCT_MATCHES if target_type is TargetKind.KEYWORD else KEYWORD_MATCHES
    wrong = [match for match in wanted if target_type is not None and match in foreign]
    if target_type is not None and wrong:
        mine = KEYWORD_MATCHES if target_type is TargetKind.KEYWORD else PRODUCT_MATCHES
        yield Problem(path, f"`{wrong[0]}` is no match for a {target_type}; those are {', '.join(mine)}")


def _bid(path: Path, bid: Bid) -> Iterator[Problem]:
    if bid.fixed is None and bid.suggested is None and not bid.of_money and bid.ad_group_default is False:
        yield Problem(
            (*path, "ad_group_default"),
            "is the only base there is without `fixed` and `suggested`; leave it out or set one of them",
        )
    if bid.fixed is not None and not bid.fixed:
        yield Problem((*path, "fixed"), "names no currency; write for example {USD: 0.75}")
    yield from _crossed((*path, "floor"), bid.floor, bid.ceiling)


def _crossed(path: Path, floor: Mapping[str, Decimal], ceiling: Mapping[str, Decimal]) -> Iterator[Problem]:
    for currency, low in floor.items():
        high = ceiling.get(currency)
        if high is not None and low > high:
            yield Problem((*path, currency), f"the floor {low} is over the ceiling {high}")


def _reach(ruleset: RuleSet) -> Iterator[Problem]:
    for place, rule in enumerate(ruleset.rules):
        before = decided_before(ruleset.rules, place)
        if before:
            earlier = " and ".join(f"`{each.name}`" for each in before)
            yield Problem(
                ("rules", place),
                f"rule `{rule.name}` can never decide: {earlier} before it passes whenever it would; move it up or "
                "tighten the other",
            )


def _group(path: Path, entry: GroupEntry) -> Iterator[Problem]:
    if (entry.create is None) is (entry.without_group is None):
        yield Problem(path, "needs exactly one of `create` and `without_group`")
    if entry.create is None:
        return
    existing, new = entry.create.existing, entry.create.new
    path = (*path, "create")
    if (existing is None) is (new is None):
        yield Problem(path, "needs exactly one of `existing` and `new`")
    if existing is not None:
        if existing.keyword_ad_group is None and existing.product_ad_group is None:
            yield Problem((*path, "existing"), "needs keyword_ad_group or product_ad_group")
        elif existing.keyword_ad_group == existing.product_ad_group:
            yield Problem(
                (*path, "existing"), "names one ad group twice: an ad group holds keywords or products, not both"
            )
    if new is not None:
        yield from _new((*path, "new"), new)


def _new(path: Path, new: NewCampaigns) -> Iterator[Problem]:
    if not new.daily_budget:
        yield Problem((*path, "daily_budget"), "names no currency; write for example {USD: 25}")
    for currency in sorted(set(new.daily_budget) ^ set(new.default_bid)):
        has, lacks = (
            ("daily_budget", "default_bid") if currency in new.daily_budget else ("default_bid", "daily_budget")
        )
        yield Problem((*path, lacks), f"{currency} is missing, but `{has}` has it")
    for currency, bid in new.default_bid.items():
        budget = new.daily_budget.get(currency)
        if budget is not None and bid > budget:
            yield Problem((*path, "default_bid", currency), f"the bid {bid} is over the daily budget {budget}")


def _groups_reach(ruleset: RuleSet) -> Iterator[Problem]:
    for (earlier, one), (place, two) in combinations(enumerate(ruleset.groups), 2):
        if at_least_as_wide(one.source, two.source):
            yield Problem(
                ("groups", place), f"is never used: entry {earlier + 1} covers all of its ad groups before it"
            )
            return


def _profiles(ruleset: RuleSet) -> Iterator[Problem]:
    for profile_id, override in ruleset.profiles.items():
        path: Path = ("profiles", profile_id)
        if override.protect.own_products is False:
            yield Problem((*path, "protect", "own_products"), "a profile can only add protection; leave it out")
        for currency, bounds in override.bids.items():
            if bounds.floor is not None and bounds.ceiling is not None:
                floor, ceiling = {currency: bounds.floor}, {currency: bounds.ceiling}
                yield from (
                    Problem((*path, "bids", currency, "floor"), problem.message)
                    for problem in _crossed(path, floor, ceiling)
                )


def _tests(ruleset: RuleSet) -> Iterator[Problem]:
    known = [rule.name for rule in ruleset.rules]
    for place, test in enumerate(ruleset.tests):
        yield from given_problems(("tests", place), test)
        if test.rule is not None and test.rule not in known:
            yield Problem(("tests", place, "rule"), f"no rule is called `{test.rule}`{did_you_mean(test.rule, known)}")
