"""Conditions of the rules file as checks."""

from harvester.domain.recommendation import SEARCH_TERMS
from harvester.rules.check import Check, Either, Every, Not
from harvester.rules.checks.catalog import (
    BrandListed,
    CatalogCheck,
    Figure,
    FigureBound,
    SharedCategory,
    UnknownAsin,
    VariationOfOwn,
)
from harvester.rules.checks.category import ProductsBound
from harvester.rules.checks.evidence import Bound, Metric, Side
from harvester.rules.conditions import Condition
from harvester.rules.ruleset import Rule
from harvester.rules.sections import CountThreshold
from harvester.rules.window_compiling import ANY, Terms, window_bounds
from harvester.rules.window_sections import ClickThreshold, NumberThreshold, ShareThreshold


def rule_check(rule: Rule, own_brands: tuple[str, ...] = (), terms: Terms = ANY) -> Check:
    """What a rule asks for; rules on search terms look at windows."""
    refined = rule.refine.model_dump_json() if rule.refine else ""
    return check_of(rule.when, own_brands, terms if rule.match.source == SEARCH_TERMS else None, refined)


def check_of(
    condition: Condition, own_brands: tuple[str, ...] = (), terms: Terms | None = None, refined: str = ""
) -> Check:
    """Of a condition that the file's checks let through: exactly one key, nothing empty. `terms`: what its windows are,
    where it has any; `refined`: what the rule narrows a category down to.
    """
    if condition.all is not None:
        return _every([check_of(part, own_brands, terms, refined) for part in condition.all])
    if condition.any is not None:
        return Either(tuple(check_of(part, own_brands, terms, refined) for part in condition.any))
    if condition.not_ is not None:
        return Not(check_of(condition.not_, own_brands, terms, refined))
    bounds: list[Check] = [*catalog_checks(condition, own_brands), *_products(condition, refined)]
    bounds += window_bounds(condition, terms) if terms is not None else _bounds(condition)
    return bounds[0] if len(bounds) == 1 else Every(tuple(bounds))


def _bounds(condition: Condition) -> list[Bound]:
    """Of one count each, where there are no windows."""
    found: list[Bound] = []
    for metric in Metric:
        threshold: ClickThreshold | NumberThreshold | ShareThreshold | None = getattr(condition, metric)
        if threshold is not None:
            sides = ((Side.AT_LEAST, threshold.at_least), (Side.AT_MOST, threshold.at_most))
            confidence = threshold.confidence if isinstance(threshold, ShareThreshold) else None
            found += [Bound(metric, side, float(value), confidence) for side, value in sides if value is not None]
    return found


def catalog_checks(condition: Condition, own_brands: tuple[str, ...] = ()) -> list[CatalogCheck]:
    """Those that stand in the condition itself."""
    checks: list[CatalogCheck] = []
    if condition.brand is not None:
        inside, outside = condition.brand.in_, condition.brand.not_in
        checks += [BrandListed(inside, wanted=True)] if inside else []
        checks += [BrandListed(outside, wanted=False)] if outside else []
    if condition.own_brand is not None:
        checks.append(BrandListed(own_brands, condition.own_brand, own=True))
    if condition.shared_category is not None:
        checks.append(SharedCategory(condition.shared_category.levels))
    for figure in Figure:
        threshold: CountThreshold | None = getattr(condition, figure)
        if threshold is not None:
            sides = ((Side.AT_LEAST, threshold.at_least), (Side.AT_MOST, threshold.at_most))
            checks += [FigureBound(figure, side, value) for side, value in sides if value is not None]
    if condition.variation_of_own is not None:
        checks.append(VariationOfOwn(condition.variation_of_own))
    if condition.unknown_asin is not None:
        checks.append(UnknownAsin(condition.unknown_asin))
    return checks


def _products(condition: Condition, refined: str) -> list[Check]:
    counted = condition.products or CountThreshold()
    sides = ((Side.AT_LEAST, counted.at_least), (Side.AT_MOST, counted.at_most))
    return [ProductsBound(side, value, refined) for side, value in sides if value is not None]


def _every(parts: list[Check]) -> Check:
    """Flat: `all` within `all` says no more than one."""
    flat: list[Check] = []
    for part in parts:
        flat += part.parts if isinstance(part, Every) else (part,)
    return Every(tuple(flat))
