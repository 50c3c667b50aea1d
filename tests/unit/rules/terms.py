"""Search terms with their figures by window, for the tests of the rules."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from harvester.domain.candidate import Candidate, Ground
from harvester.domain.decision import Decision
from harvester.domain.history import NOTHING, Around, Gap, History, Totals, Window
from harvester.domain.recommendation import SEARCH_TERMS, Recommendation
from harvester.domain.target import TargetKind, fold, kind_of
from harvester.rules.checks.windowed import window_name
from harvester.rules.evaluate import compile_rules
from harvester.rules.ruleset import RuleSet
from harvester.rules.term_notes import decimal_text
from tests.unit.rules.builders import ground

TODAY = date(2026, 3, 1)
USUAL = Window(60, 7)
VENDORS = Window(60, 14)
SHORT = Window(14, 0)


def sums(clicks: int = 0, orders: int = 0, spend: float = 0, sales: float = 0, impressions: int = 0) -> Totals:
    return Totals(impressions, clicks, round(spend * 1_000_000), orders, round(sales * 1_000_000))


AROUND = Around({USUAL: sums(1150, 98)}, {USUAL: sums(10_000, 600)}, {}, TODAY)


def around(
    ad_group: Mapping[Window, Totals] | None = None,
    profile: Mapping[Window, Totals] | None = None,
    gaps: Mapping[Window, Gap] | None = None,
) -> Around:
    return Around(
        AROUND.ad_group if ad_group is None else ad_group,
        AROUND.profile if profile is None else profile,
        gaps or {},
        TODAY,
    )


def missing(days: int = 3) -> Gap:
    return Gap(days, 0, date(2026, 2, 1))


def immature(days: int = 2) -> Gap:
    return Gap(0, days, date(2026, 2, 20))


def term(
    totals: Totals | Mapping[Window, Totals] = NOTHING,
    *,
    text: str = "bath towel",
    on: Ground | None = None,
    among: Around = AROUND,
    target_type: str = "KEYWORD",
    asins: tuple[str, ...] = (),
    unread: bool = False,
    **more: Any,
) -> Candidate:
    on = on or ground()
    windows = totals if isinstance(totals, Mapping) else {USUAL: totals}
    usual = windows.get(USUAL, Totals())
    row = Recommendation(
        source=SEARCH_TERMS,
        campaign_id=on.source.campaign.campaign_id,
        ad_group_id=on.source.ad_group.ad_group_id,
        ad_id="",
        ad_asin="",
        target=text,
        target_type=target_type,
        clicks=float(usual.clicks),
        conversions=float(usual.orders),
        asked_for=asins,
    )
    kind = kind_of(target_type)
    key = fold(text) if kind is TargetKind.KEYWORD else text.upper()
    return Candidate(row, on, kind, key, history=None if unread else History(windows, among), **more)


def on_terms(when: object, then: object = None, **keys: Any) -> dict[str, Any]:
    match = {"source": "search_terms", **keys.pop("match", {})}
    return {"name": "r", "match": match, "when": when, "then": then or {"negate": {}}, **keys}


def judged(rules: RuleSet, asked: Candidate) -> Decision:
    return compile_rules(rules, asked.ground.account.profile).judge(asked)


def told(history: History, windows: Collection[Window]) -> dict[str, dict[str, int | str]]:
    """As a recorded note has them under `windows`: those that are whole."""
    return {window_name(each): _told(history.totals(each)) for each in windows if each not in history.around.gaps}


def _told(sums: Totals) -> dict[str, int | str]:
    money = {"cost": decimal_text(sums.cost), "sales": decimal_text(sums.sales)}
    return {"impressions": sums.impressions, "clicks": sums.clicks, "orders": sums.orders, **money}
