"""What a rule may say depends on its source: suggestions have no evidence, promotions have no themes."""

from collections.abc import Iterator

from harvester.domain.recommendation import CATEGORIES, PRODUCTS, PROMOTION, RECOMMENDS, SEARCH_TERMS
from harvester.domain.target import TargetKind
from harvester.rules.conditions import Condition
from harvester.rules.given import FileTest
from harvester.rules.ruleset import Rule, Then
from harvester.rules.window_soundness import bid_problems, given_money_problems, unmeasured
from harvester.rules.windows import thresholds
from harvester.rules.wording import Path, Problem

_PLURALS = {TargetKind.KEYWORD: "keywords", TargetKind.PRODUCT: "products", TargetKind.CATEGORY: "categories"}


def source_problems(path: Path, rule: Rule) -> Iterator[Problem]:
    match, then = rule.match, rule.then
    if match.source != PRODUCTS and match.themes:
        yield Problem((*path, "match", "themes"), f"only product suggestions have themes, not source {match.source}")
    if match.target_type is not None and match.target_type not in RECOMMENDS[match.source]:
        yield Problem(
            (*path, "match", "target_type"), f"source {match.source} suggests no {_PLURALS[match.target_type]}"
        )
    if match.source == PROMOTION:
        yield from unmeasured((*path, "when"), rule.when)
    yield from bid_problems((*path, "then", "promote", "bid"), rule)
    if match.has_evidence:
        if "when" not in rule.model_fields_set:
            yield Problem(path, "`when` is missing")
        return
    yield from _evidence((*path, "when"), rule.when, match.source)
    if then.negate is not None:
        yield Problem(
            (*path, "then", "negate"), f"a row of source {match.source} suggests a target and proves nothing against it"
        )
    if match.source == CATEGORIES:
        yield from _of_categories((*path, "then"), then)


def _of_categories(path: Path, then: Then) -> Iterator[Problem]:
    if then.negate_at_source is not None:
        yield Problem((*path, "negate_at_source"), "goes with keywords and products; a category is not negated")
    if then.promote is not None and then.promote.match is not None:
        yield Problem((*path, "promote", "match"), "a category has no match; leave it out")


def _evidence(path: Path, condition: Condition, source: str) -> Iterator[Problem]:
    for key, _ in thresholds(condition):
        yield Problem((*path, key), f"rows of source {source} have no clicks or conversions")
    for key, parts in (("all", condition.all), ("any", condition.any)):
        for place, part in enumerate(parts or ()):
            yield from _evidence((*path, key, place), part, source)
    if condition.not_ is not None:
        yield from _evidence((*path, "not"), condition.not_, source)


def given_problems(path: Path, test: FileTest) -> Iterator[Problem]:
    given = test.given
    counts = {"clicks": given.clicks, "conversions": given.conversions}
    path = (*path, "given")
    if given.source != PRODUCTS and given.themes:
        yield Problem((*path, "themes"), "only product suggestions have themes: add `source: products`")
    if given.target_type is not None and given.target_type not in RECOMMENDS[given.source]:
        yield Problem((*path, "target_type"), f"source {given.source} suggests no {_PLURALS[given.target_type]}")
    if given.source != CATEGORIES and given.products is not None:
        yield Problem((*path, "products"), "are counted of categories only: add `source: categories`")
    yield from given_money_problems(path, given)
    if given.source == SEARCH_TERMS:
        return
    if given.source == PROMOTION:
        yield from (Problem(path, f"`{name}` is missing") for name, count in counts.items() if count is None)
        return
    for name, count in counts.items():
        if count is not None:
            yield Problem((*path, name), f"rows of source {given.source} have no clicks or conversions")
