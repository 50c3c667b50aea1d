"""Conditions of the rules file as checks."""

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
from harvester.rules.ruleset import Condition, Rule
from harvester.rules.sections import CountThreshold, RateThreshold


def check_of_rule(rule: Rule, own_brands: tuple[str, ...] = ()) -> Check:
    """Of a rule that the file's checks let through."""
    return check_of(rule.when, own_brands, rule.refine.model_dump_json() if rule.refine else "")


def check_of(condition: Condition, own_brands: tuple[str, ...] = (), refined: str = "") -> Check:
    """Of a condition that the file's checks let through: exactly one key, nothing empty."""
    if condition.all is not None:
        return _every([check_of(part, own_brands, refined) for part in condition.all])
    if condition.any is not None:
        return Either(tuple(check_of(part, own_brands, refined) for part in condition.any))
    if condition.not_ is not None:
        return Not(check_of(condition.not_, own_brands, refined))
    bounds: list[Check] = [*catalog_checks(condition, own_brands), *_products(condition, refined)]
    for metric, threshold in thresholds(condition):
        sides = ((Side.AT_LEAST, threshold.at_least), (Side.AT_MOST, threshold.at_most))
        confidence = threshold.confidence if isinstance(threshold, RateThreshold) else None
        bounds += [Bound(metric, side, value, confidence) for side, value in sides if value is not None]
    return bounds[0] if len(bounds) == 1 else Every(tuple(bounds))


def thresholds(condition: Condition) -> list[tuple[Metric, CountThreshold | RateThreshold]]:
    named = (
        (Metric.CLICKS, condition.clicks),
        (Metric.CONVERSIONS, condition.conversions),
        (Metric.CONVERSION_RATE, condition.conversion_rate),
    )
    return [(metric, threshold) for metric, threshold in named if threshold is not None]


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
