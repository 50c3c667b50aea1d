"""What a rules file says about windows and money: whether its source delivers it, and whether economics are there."""

from collections.abc import Iterator

from harvester.domain.history import DEFAULT_WINDOW_DAYS, VENDORS_SKIP_DAYS, Window
from harvester.domain.recommendation import SEARCH_TERMS
from harvester.rules.checks.evidence import Metric
from harvester.rules.conditions import Condition
from harvester.rules.economics import CampaignWorth, Economics, Worth
from harvester.rules.given import Given
from harvester.rules.ruleset import Rule, RuleSet
from harvester.rules.window_scalars import TARGET, TARGET_COST, factor_of
from harvester.rules.window_sections import Threshold
from harvester.rules.windows import thresholds, window_of
from harvester.rules.wording import Path, Problem

_NEEDS = "needs what an order may cost: name price or aov, and target_acos, under `economics`"
_NEEDS_TARGET = "needs a target: name target_acos under `economics`"
_ON_TERMS = "`match: {source: search_terms}`"


def unmeasured(path: Path, condition: Condition) -> Iterator[Problem]:
    """What recommendations do not come with: they have clicks and conversions of no window in particular."""
    for where, each in within(path, condition):
        for key, threshold in thresholds(each):
            yield from _unmeasured((*where, key), key, threshold)


def within(path: Path, condition: Condition) -> Iterator[tuple[Path, Condition]]:
    """A condition and all below it, each with where it stands."""
    yield path, condition
    for key, parts in (("all", condition.all), ("any", condition.any)):
        for place, part in enumerate(parts or ()):
            yield from within((*path, key, place), part)
    if condition.not_ is not None:
        yield from within((*path, "not"), condition.not_)


def _unmeasured(at: Path, key: str, threshold: Threshold) -> Iterator[Problem]:
    if key not in set(Metric):
        yield Problem(at, f"recommendations come with clicks and conversions only; {key} goes with {_ON_TERMS}")
        return
    for name in ("window", "exclude_recent"):
        if getattr(threshold, name) is not None:
            why = "recommendations come with one count of clicks and conversions, of days that Amazon chooses"
            yield Problem((*at, name), f"{why}; windows go with {_ON_TERMS}")
    for name in ("at_least", "at_most"):
        said = getattr(threshold, name)
        if isinstance(said, str):
            yield Problem((*at, name), f"`{said}` goes with {_ON_TERMS}: only there an ad group's rate is known")


def unkept(ruleset: RuleSet, kept_days: int | None) -> list[Problem]:
    """Where a window would never be whole, as days of reports go before it has been recorded; None: they never go."""
    if kept_days is None:
        return []
    found = []
    for place, rule in enumerate(ruleset.rules):
        for where, each in within(("rules", place, "when"), rule.when):
            for key, threshold in thresholds(each):
                days = sum(window_of(threshold, _LONGEST_USUAL))
                if rule.match.source == SEARCH_TERMS and days + _LEEWAY_DAYS > kept_days:
                    at = (*where, key, "window" if threshold.window else "exclude_recent")
                    found.append(Problem(at, _UNKEPT.format(days, kept_days)))
    return found


_LONGEST_USUAL = Window(DEFAULT_WINDOW_DAYS, VENDORS_SKIP_DAYS)
_LEEWAY_DAYS = 2
"""Today, and a day for runs that go on past midnight, and for the other side of the world."""
_UNKEPT = (
    "looks back {} days, and the days of reports are kept for {} (HARVESTER_KEEP_REPORTS): it would never be whole"
)


def bid_problems(path: Path, rule: Rule) -> Iterator[Problem]:
    """Of bids from money."""
    if rule.then.promote is None:
        return
    bid = rule.then.promote.bid
    if bid.prior_orders is not None and not bid.target_acos:
        yield Problem((*path, "prior_orders"), "changes the conversion rate of `target_acos`; name that too")
    if rule.match.source == SEARCH_TERMS:
        return
    for key in ("cpc", "target_acos"):
        if getattr(bid, key) is not None:
            yield Problem((*path, key), f"source {rule.match.source} comes without money; it goes with {_ON_TERMS}")


def economics_problems(ruleset: RuleSet) -> Iterator[Problem]:
    """What no entry of the file says anything about can never be known; an entry that says nothing is a mistake."""
    sections: list[tuple[Path, Economics]] = [(("economics",), ruleset.economics)]
    sections += [(("profiles", each, "economics"), one.economics) for each, one in ruleset.profiles.items()]
    entries = [entry for path, section in sections for entry in _entries(path, section)]
    for path, entry in entries:
        yield from _entry(path, entry)
    priced = any(entry.of_an_order for _, entry in entries)
    aimed = any(entry.target_acos is not None for _, entry in entries)
    for place, rule in enumerate(ruleset.rules):
        yield from _unknown(("rules", place), rule, priced=priced, aimed=aimed)


def _entries(path: Path, section: Economics) -> Iterator[tuple[Path, Worth]]:
    if section.default != Worth():
        yield (*path, "default"), section.default
    yield from (((*path, "campaigns", place), entry) for place, entry in enumerate(section.campaigns))
    yield from (((*path, "asins", asin), entry) for asin, entry in section.asins.items())


def _entry(path: Path, entry: Worth) -> Iterator[Problem]:
    if entry.price is not None and entry.aov is not None:
        yield Problem((*path, "aov"), "stands in place of `price`; name one of the two")
    for key, amounts in (("price", entry.price), ("aov", entry.aov)):
        if amounts is not None and not amounts:
            yield Problem((*path, key), "names no currency; write for example {USD: 24.99}")
    if entry.price is None and entry.aov is None and entry.target_acos is None:
        yield Problem(path, "says nothing; name price or aov, target_acos, or both")
    if isinstance(entry, CampaignWorth) and not entry.names:
        yield Problem((*path, "names"), "names no campaign; what holds for all stands under `default`")


def _unknown(path: Path, rule: Rule, *, priced: bool, aimed: bool) -> Iterator[Problem]:
    for at, said in _multiples((*path, "when"), rule.when):
        unit = factor_of(said)[1]
        if unit == TARGET_COST and not (priced and aimed):
            yield Problem(at, _NEEDS)
        if unit == TARGET and not aimed:
            yield Problem(at, _NEEDS_TARGET)
    if rule.then.promote is not None and rule.then.promote.bid.target_acos and not aimed:
        yield Problem((*path, "then", "promote", "bid", "target_acos"), _NEEDS_TARGET)


def _multiples(path: Path, condition: Condition) -> Iterator[tuple[Path, str]]:
    for at, each in within(path, condition):
        for key, threshold in thresholds(each):
            for name in ("at_least", "at_most"):
                said = getattr(threshold, name)
                if isinstance(said, str):
                    yield (*at, key, name), said


def given_money_problems(path: Path, given: Given) -> Iterator[Problem]:
    """Of a test: figures of a search term where there is one, and nowhere else."""
    if given.source != SEARCH_TERMS:
        for key in ("impressions", "spend", "orders", "sales", "windows", "ad_group_rate"):
            if getattr(given, key) not in (None, {}):
                yield Problem((*path, key), "only search terms have it: add `source: search_terms`")
        return
    if given.clicks is None:
        yield Problem(path, "`clicks` is missing")
    if given.sold is None:
        yield Problem(path, "`orders` is missing")
    if given.orders is not None and given.conversions is not None:
        yield Problem((*path, "conversions"), "is the same as `orders`; name one of the two")
