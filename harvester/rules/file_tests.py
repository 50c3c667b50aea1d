"""Runs the tests that stand in a rules file: made-up recommendations with what must come of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from harvester.domain.candidate import AccountFacts, Candidate, Destination, Ground, Place
from harvester.domain.catalog import CatalogItem
from harvester.domain.category import key_of
from harvester.domain.category_tree import ProductCount
from harvester.domain.decision import Decision
from harvester.domain.ids import ProfileId
from harvester.domain.profile import AdGroup, Campaign, Profile, Region
from harvester.domain.reach import Reached
from harvester.domain.recommendation import SEARCH_TERMS, Recommendation
from harvester.domain.target import TargetKind
from harvester.rules.evaluate import compile_rules
from harvester.rules.explain import short
from harvester.rules.given import FileTest, Given
from harvester.rules.made_up_facts import OWN_RELATIVE, made_up
from harvester.rules.made_up_terms import made_up_history
from harvester.rules.refining import Lack, Refine, refined
from harvester.rules.ruleset import RuleSet
from harvester.rules.windows import windows_of

_OURS = "B000000001"
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_TARGETS = {TargetKind.KEYWORD: "example keyword", TargetKind.PRODUCT: "B000000000", TargetKind.CATEGORY: "1000"}


@dataclass(frozen=True, slots=True)
class TestResult:
    """`got` says what came of it, in words, also where the test passes; `expected` what had to."""

    __test__ = False  # for pytest, which takes any class of such a name for tests

    name: str
    passed: bool
    expected: str
    got: str


def run_tests(ruleset: RuleSet) -> list[TestResult]:
    """In the file's order. There is always a destination, with a default bid, and nothing stands in the way."""
    return [_run(ruleset, test) for test in ruleset.tests]


def _run(ruleset: RuleSet, test: FileTest) -> TestResult:
    given = test.given
    profile = _profile(given)
    reached = _reached(ruleset, given, profile) if given.kind is TargetKind.CATEGORY else None
    candidate = _candidate(given, profile, reached)
    if given.source == SEARCH_TERMS:
        windows = windows_of(ruleset.for_profile(profile.profile_id), profile)
        candidate = msgspec.structs.replace(candidate, history=made_up_history(given, windows))
    decision = compile_rules(ruleset, profile).judge(candidate)
    passed = (
        decision.outcome == test.expect
        and test.rule in (None, decision.rule)
        and test.reason in (None, decision.reason)
    )
    return TestResult(test.name, passed, _expected(test), _got(decision, given))


def _expected(test: FileTest) -> str:
    return test.expect + (f" ({test.reason})" if test.reason else "") + (f", by rule {test.rule}" if test.rule else "")


def _got(decision: Decision, given: Given) -> str:
    told = short(decision, given.clicks, given.sold)
    return told if told.startswith(decision.outcome) else f"{decision.outcome} ({decision.reason}): {told}"


def _profile(given: Given) -> Profile:
    profile_id = ProfileId(given.profile or "1")
    return Profile(profile_id, "", Region.NA, "US", "USD", "UTC", "seller", "")


def _reached(ruleset: RuleSet, given: Given, profile: Profile) -> Mapping[str, Reached]:
    """What each rule makes of the category; our products cost 1.00."""
    ours = {_OURS: CatalogItem(_OURS, list_price="1.00", currency=profile.currency)}
    count = None if given.products is None else ProductCount(given.products, given.products)
    found = {}
    for rule in ruleset.rules:
        made = refined(rule.refine or Refine(), given.target or _TARGETS[TargetKind.CATEGORY], profile, [_OURS], ours)
        lacks = (made.check, made.measured, made.bound) if isinstance(made, Lack) else None
        found[rule.name] = Reached(() if isinstance(made, Lack) else made.targets, count, lacks)
    return found


def _candidate(given: Given, profile: Profile, reached: Mapping[str, Reached] | None) -> Candidate:
    kind, target = given.kind, given.target or _TARGETS[given.kind]
    campaign = Campaign("", given.campaign or "", "AUTO", "ENABLED")
    source = Place(campaign, AdGroup("", "", given.ad_group or "", "ENABLED"))
    goal = Place(Campaign("", "", "MANUAL", "ENABLED"), AdGroup("", "", "", "ENABLED", "1.00"))
    row = Recommendation(
        source=given.source,
        campaign_id="",
        ad_group_id="",
        ad_id="",
        ad_asin=given.asin or "",
        target=target,
        target_type=kind.upper(),
        clicks=given.clicks,
        conversions=given.sold,
        themes=given.themes,
        asked_for=(given.asin,) if given.asin else (),
    )
    account = AccountFacts(profile, frozenset({OWN_RELATIVE}), {}, _LONG_AGO)
    ground = Ground(account, source, Destination("", goal, goal), {})
    key = key_of(kind, target)
    catalog = None if given.catalog is None else made_up(given.catalog, key, row.ad_asin)
    return Candidate(row, ground, kind, key, catalog=catalog, reached=reached)
