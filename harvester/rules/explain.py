"""From findings to sentences, made when somebody reads, never stored."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import assert_never

import msgspec

from harvester.domain.decision import Decision, Finding, Outcome, Reason
from harvester.rules.checks.category import REFINED
from harvester.rules.checks.evidence import Metric, Side, bound_of, is_evidence, is_windowed, percent_text
from harvester.rules.checks.windowed import NOT_READ
from harvester.rules.counting import plural
from harvester.rules.explain_catalog import CATALOG_TELLING, catalog_words
from harvester.rules.explain_category import CATEGORY_TELLING, refined_words
from harvester.rules.explain_windows import SIDES, WINDOW_TELLING, against, window_words
from harvester.rules.guard import GuardReason
from harvester.rules.margin import Missing, missing
from harvester.rules.window_margin import ways_in_windows

REASONS: dict[str, str] = {
    Reason.MALFORMED: "it can be no keyword or product at all",
    Reason.UNSUPPORTED_TYPE: "its target type is neither keyword nor product",
    Reason.UNREADABLE_EVIDENCE: "its clicks or conversions cannot be read",
    Reason.PROTECTED: "the rules file protects it",
    Reason.OWN_PRODUCT: "the profile advertises this product itself",
    Reason.DUPLICATE: "the same row came before in this run",
    Reason.OUT_OF_SCOPE: "no rule's `match` covers it",
    Reason.NOT_PROVEN: "no rule that covers it passes",
    Reason.ALREADY_TARGETED: "it is targeted already, at the destination or in another ad group of the same products",
    Reason.ALREADY_NEGATIVE: "a negative that stands covers it already",
    Reason.ALREADY_PLANNED: "an approved item with the same effect waits",
    Reason.COOLING_DOWN: "the same was undone not long ago, and is cooling down",
    Reason.DECLINED_BEFORE: "a person declined it, and its clicks have not doubled since",
    Reason.NO_DESTINATION: "there is no ad group that it could be promoted into",
    Reason.AMBIGUOUS_DESTINATION: "more than one promotion group takes from its ad",
    Reason.NO_BID: "the rule and the ad group give no bid in the profile's currency that its marketplace takes",
    Reason.MISSING_FACTS: "facts that a rule asks for are missing",
    Reason.MISSING_DAYS: "days of a window that a rule looks at were not read yet",
    Reason.IMMATURE_WINDOW: "days of a window that a rule looks at were read before their orders were complete",
    Reason.EVER_CONVERTED: "it, or a close variant of it, brought orders before, as far as anything is recorded",
    Reason.VARIANT_OF_POSITIVE: "it is a close variant of what is protected or is a target of your own",
    GuardReason.PROMOTIONS_PER_RUN: "the run has more promotions than the guard lets through",
    GuardReason.NEGATIVES_PER_RUN: "the run has more negatives than the guard lets through",
    GuardReason.PROMOTIONS_PER_DAY: "the day has more promotions than the guard lets through",
    GuardReason.NEGATIVES_PER_DAY: "the day has more negatives than the guard lets through",
    GuardReason.NEGATIVE_SHARE: "too large a share of the run's candidates says negate",
    GuardReason.HIGHEST_BID: "its bid is over the guard's highest",
    GuardReason.CREATES_CAMPAIGNS: "it creates campaigns that spend money, so a person must name it",
    GuardReason.NEGATES_BRAND: "it excludes everything of a brand, so a person must name it",
    GuardReason.REVIEW_DUE: "its review date has come, so a person must say whether it goes or stays",
    "conflicting_evidence": "not every row about it in its ad group says negate",
    "too_many_words": "it has more words than a negative of this match may have",
    "would_block_orders": "it would block what brought orders here before",
    "would_block_own": "it would block a keyword or target of your own, or what is protected",
    "edited_since": "somebody has edited it since",
    "rules_changed": "the rules have changed since one of them approved it by itself",
    "already_there": "it was there before, and Amazon has not told its id yet",
    "level_not_allowed": "its campaign takes no negative products at campaign level",
}
"""Why nothing is done, for decisions and for items of a plan, as the end of a sentence."""

_NAMES = {Metric.CLICKS: "clicks", Metric.CONVERSIONS: "conversions", Metric.CONVERSION_RATE: "conversion rate"}
_TELLING = {
    "malformed.empty": "it is empty",
    "malformed.characters": "it has {measured} characters, at most {bound} are taken",
    "malformed.words": "it has {measured} words, at most {bound} are taken",
    "malformed.placeholder": "`*` stands for no search term at all",
    "malformed.asin": "the keyword is an ASIN",
    "malformed.product": "`{measured}` is no ASIN",
    "malformed.category": "`{measured}` is no id of a category",
    "unsupported_type": "its target type is `{measured}`",
    "unreadable.clicks": "its clicks cannot be read",
    "unreadable.conversions": "its conversions cannot be read",
    "protect.keywords": "`{bound}` under protect.keywords covers it",
    "protect.asins": "it stands under protect.asins",
    "protect.brands": "it stands under protect.brands",
    "catalog.own_brands": "Amazon calls it “{measured}”, and that stands under catalog.own_brands",
    "brands.level": "its campaign takes no negative brands as a whole: it is a seller's, and {measured}",
    "brands.nameless": "negative brand {measured} stands there, and Amazon does not tell its id: it may be the same",
    "protect.own_products": "the profile advertises it itself",
    "overlap.targeted": "it stands already, as {bound}, in ad group {measured}",
    "overlap.negative_at_destination": "negative {measured} at the destination blocks it, as {bound}",
    "overlap.negative_at_source": "negative {measured} at the source blocks it already, as {bound}",
    "overlap.already_planned": "it waits in plan {measured}, as {bound}",
    "overlap.cooling_down": "it was undone in plan {measured}, as {bound}",
    "overlap.declined_before": "it was declined in plan {measured}, as {bound}",
    "scope.target_type": "rule {bound} just misses it: it looks at no {measured}",
    "scope.campaigns": "rule {bound} just misses it: its `campaigns` do not name “{measured}”",
    "scope.ad_groups": "rule {bound} just misses it: its `ad_groups` do not name “{measured}”",
    "scope.asins": "rule {bound} just misses it: its `asins` do not name {measured}",
    "scope.themes": "rule {bound} just misses it: its `themes` do not name “{measured}”",
    "sold.orders": "it brought {measured} orders in this campaign, the last seen {bound}",
    "sold.variant": "its close variant “{bound}” brought {measured} orders",
    "sold.elsewhere": "it brought {measured} orders in another ad group of the same products",
    "sold.here": "the last of them in this campaign, seen {bound}",
    "sold.in_ad_group": "the last of them in ad group {measured}, seen {bound}",
    "sold.sales": "it brought sales of {measured}, although no order of it is counted",
    "variant.protected": "it is a close variant of `{measured}` under protect.keywords",
    "variant.own": "it is a close variant of your own “{measured}”, enabled in ad group {bound}",
    "variant.served": "your own exact “{measured}” in this very ad group serves it: pause that, or lower its bid",
    **CATALOG_TELLING,
    **WINDOW_TELLING,
    **CATEGORY_TELLING,
}
Names = Mapping[str, str]
"""Of ad groups, by id: `“Shoes” of campaign “Manual”`."""
_NOBODY: Names = {}
_AD_GROUPS = {"overlap.targeted": "measured", "variant.own": "bound", "sold.in_ad_group": "measured"}
"""Which side of a finding is the id of an ad group."""
_WAITING = frozenset({Reason.MISSING_FACTS, Reason.MISSING_DAYS, Reason.IMMATURE_WINDOW})


def ad_groups_in(findings: Iterable[Finding]) -> Iterable[str]:
    """The ids of those that would be told by name, if it were known."""
    for finding in findings:
        if finding.check in _AD_GROUPS:
            yield str(getattr(finding, _AD_GROUPS[finding.check]))


def short(decision: Decision, clicks: float | None, conversions: float | None, names: Names = _NOBODY) -> str:
    """One line for a table: `needs 2 more conversions, or 14 more clicks without one`."""
    match decision.outcome:
        case Outcome.PROMOTE:
            return f"promote, by rule {decision.rule}"
        case Outcome.NEGATE:
            return f"negate, by rule {decision.rule}"
        case Outcome.HOLD | Outcome.SKIP:
            if decision.reason == Reason.NOT_PROVEN and clicks is not None and conversions is not None:
                return _what_is_missing(findings_of(decision), clicks, conversions)
            told = [_told(finding, names) for finding in findings_of(decision) if not finding.rule]
            return told[0] if told else describe(decision.reason)
        case _:
            assert_never(decision.outcome)


def long(decision: Decision, clicks: float | None, conversions: float | None, names: Names = _NOBODY) -> list[str]:
    """The whole story in sentences: the outcome, then each rule that was tried with all of its checks."""
    findings = findings_of(decision)
    why = describe(decision.reason) if decision.outcome in (Outcome.HOLD, Outcome.SKIP) else f"rule {decision.rule}"
    lines = [f"{decision.outcome}: {why}."]
    for rule, asked in groupby(findings, key=lambda finding: finding.rule):
        checks = list(asked)
        if not rule:
            told = [_told(finding, names) for finding in checks]
            lines += [f"{sentence[:1].upper()}{sentence[1:]}." for sentence in told]
            continue
        waits = rule == decision.rule and decision.reason in _WAITING
        verdict = (
            ("waits for facts" if decision.reason == Reason.MISSING_FACTS else "waits for days")
            if waits
            else "passes"
            if rule == decision.rule
            else "does not pass"
        )
        lines.append(f"Rule {rule} {verdict}:")
        lines += [f"  {_checked(finding)}" for finding in checks]
        if rule != decision.rule and clicks is not None and conversions is not None:
            ways = _ways(checks, clicks, conversions)
            lines.append(f"  It would with {', or '.join(ways)}." if ways else "  More evidence cannot make it pass.")
    return lines


def describe(reason: str) -> str:
    """A reason's code as the end of a sentence; an unknown one as it is."""
    return REASONS.get(reason, reason)


def findings_of(decision: Decision) -> list[Finding]:
    return msgspec.json.decode(decision.findings, type=list[Finding])


def _what_is_missing(findings: Sequence[Finding], clicks: float, conversions: float) -> str:
    ways: list[Missing] = []
    told: list[str] = []
    for _, asked in groupby(findings, key=lambda finding: finding.rule):
        checks = list(asked)
        if _in_windows(checks):
            told += [way for way in ways_in_windows(checks) if way not in told]
        else:
            ways += [way for way in missing(checks, clicks, conversions) if way not in ways]
    told = [*_texts(ways), *told]
    if told:
        return f"needs {', or '.join(told)}"
    failed = [each for each in findings if not each.passed and "not" not in each.group and not _untold(each)]
    failed.sort(key=lambda finding: (is_evidence(finding.check), ".at_most" not in finding.check))
    rules = {finding.rule for finding in findings}
    nobody = (
        f"only {rules.pop()} covers it, and can never pass"
        if len(rules) == 1
        else "no rule that covers it can ever pass"
    )
    if _in_windows(findings):
        nobody = "no rule that covers it passes"
    return nobody + (f": {_against(failed[0])}" if failed else "")


def _ways(checks: Sequence[Finding], clicks: float, conversions: float) -> list[str]:
    """Of one rule."""
    return ways_in_windows(checks) if _in_windows(checks) else _texts(missing(checks, clicks, conversions))


def _in_windows(checks: Sequence[Finding]) -> bool:
    """A rule looks at windows in all of its conditions on evidence, or in none."""
    return any(is_windowed(finding.check) for finding in checks)


def _texts(ways: Sequence[Missing]) -> list[str]:
    """`2 more conversions`, `14 more clicks without one`"""
    told: list[str] = []
    for way in ways:
        parts = [_more(way.conversions, "conversion"), _more(way.clicks, "click")]
        text = " and ".join(part for part in parts if part)
        if way.quiet and not way.conversions:
            text += " without one" if "conversion" in " ".join(told) else " without a conversion"
        told.append(text)
    return told


def _more(number: int, what: str) -> str:
    return f"{number} more {what}{'' if number == 1 else 's'}" if number else ""


def _checked(finding: Finding) -> str:
    inside = f" ({finding.group})" if finding.group else ""
    if finding.check == REFINED:
        return f"is {refined_words(finding)}"
    if _untold(finding):
        asked, _ = window_words(finding) if is_windowed(finding.check) else catalog_words(finding)
        return f"cannot tell {asked}{inside}"
    return f"{'meets' if finding.passed else 'misses'} {_measured(finding)}{inside}"


def _untold(finding: Finding) -> bool:
    """Whether it asked for a fact, or days of a window, that are not known."""
    if is_windowed(finding.check):
        return finding.measured == NOT_READ
    return finding.measured is None and not is_evidence(finding.check)


def _measured(finding: Finding) -> str:
    """`conversions at most 0: 14`"""
    if is_windowed(finding.check):
        return ": ".join(window_words(finding))
    if not is_evidence(finding.check):
        return ": ".join(catalog_words(finding))
    name, wanted, has = _name_wanted_has(finding)
    return f"{name} {wanted}: {has}"


def _against(finding: Finding) -> str:
    """`14 conversions, at most 0`"""
    if is_windowed(finding.check):
        return against(finding)
    if not is_evidence(finding.check):
        return ", but it is ".join(catalog_words(finding))
    name, wanted, has = _name_wanted_has(finding)
    return f"{name} {has}, {wanted}" if name == _NAMES[Metric.CONVERSION_RATE] else f"{has} {name}, {wanted}"


def _name_wanted_has(finding: Finding) -> tuple[str, str, str]:
    bound = bound_of(finding.check, float(finding.bound or 0))
    rate = bound.metric is Metric.CONVERSION_RATE
    wanted = percent_text(bound.value) if rate else f"{bound.value:g}"
    has = "unknown without clicks"
    if isinstance(finding.measured, (int, float)):
        has = f"{finding.measured:.1%}" if rate else f"{finding.measured:g}"
    if bound.confidence is not None and finding.measured is not None:
        end = "lower" if bound.side is Side.AT_LEAST else "upper"
        has += f" at the {end} end with {percent_text(bound.confidence)} confidence"
    return _NAMES[bound.metric], f"{SIDES[bound.side]} {wanted}", has


def _told(finding: Finding, names: Names) -> str:
    name, _, window = finding.check.partition("@")
    template = _TELLING.get(name, finding.check)
    said = {"measured": _plainly(finding.measured), "bound": _plainly(finding.bound), "window": window}
    side = _AD_GROUPS.get(name)
    if side is not None and said[side] in names:
        said[side] = f"{names[said[side]]} ({said[side]})"
    if window and isinstance(finding.measured, (int, float)):
        one = finding.measured == 1
        said |= {"days": plural(int(finding.measured), "day"), "were": "was" if one else "were",
                 "their": "its" if one else "their"}  # fmt: skip
    return template.format(**said).replace(" 1 orders", " 1 order")


def _plainly(value: float | str | None) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)
