"""Accounts, candidates and rules for the tests of the rules."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from harvester.domain.action import ActionKind, ActionState
from harvester.domain.candidate import (
    AccountFacts,
    Candidate,
    Destination,
    EffectRecord,
    EffectStanding,
    Ground,
    Negatives,
    NoDestination,
    Place,
)
from harvester.domain.decision import DecidedRow, Decision, Outcome
from harvester.domain.ids import Effect, ProfileId
from harvester.domain.plan import PlannedAction
from harvester.domain.profile import AdGroup, Campaign, Profile, Region
from harvester.domain.recommendation import Recommendation
from harvester.domain.target import Match, TargetKind, fold, kind_of
from harvester.rules.evaluate import compile_rules
from harvester.rules.reading import read
from harvester.rules.ruleset import ProfileRules, RuleSet

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PROFILE = Profile(ProfileId("11"), "main", Region.NA, "US", "USD", "America/Los_Angeles", "seller", "Shop US")
VENDOR = replace(PROFILE, kind="vendor")
GERMANY = replace(PROFILE, profile_id=ProfileId("12"), region=Region.EU, country="DE", currency="EUR", name="Shop DE")
JAPAN = replace(PROFILE, profile_id=ProfileId("13"), region=Region.FE, country="JP", currency="JPY", name="Shop JP")

SOURCE = Place(
    Campaign("100", "Auto towels", "AUTO", "ENABLED"), AdGroup("200", "100", "Towels", "ENABLED", default_bid="0.50")
)
MANUAL_SOURCE = Place(
    Campaign("101", "Manual towels", "MANUAL", "ENABLED"),
    AdGroup("201", "101", "Towels", "ENABLED", default_bid="0.50"),
)
KEYWORDS = Place(
    Campaign("300", "Keywords", "MANUAL", "ENABLED"), AdGroup("400", "300", "Exact", "ENABLED", default_bid="0.75")
)
PRODUCTS = Place(
    Campaign("301", "Products", "MANUAL", "ENABLED"), AdGroup("401", "301", "ASINs", "ENABLED", default_bid="0.60")
)
DESTINATION = Destination("g1", KEYWORDS, PRODUCTS)

PROMOTE = {
    "name": "promote",
    "when": {"all": [{"clicks": {"at_least": 10}}, {"conversions": {"at_least": 2}}]},
    "then": {"promote": {}},
}
NEGATE = {
    "name": "negate",
    "when": {"all": [{"clicks": {"at_least": 45}}, {"conversions": {"at_most": 0}}]},
    "then": {"negate": {}},
}


def ruleset(*rules: Mapping[str, object], **sections: object) -> RuleSet:
    """Of rules as they stand in a file; fails the test where the file would be refused."""
    data: dict[str, object] = {**sections}
    if rules:
        data["rules"] = list(rules)
    made, problems = read(data)
    assert made is not None, problems
    return made


def profile_rules(*rules: Mapping[str, object], **sections: object) -> ProfileRules:
    return ruleset(*rules, **sections).for_profile(PROFILE.profile_id)


def account(
    profile: Profile = PROFILE, *, own: Collection[str] = (), effects: Mapping[Effect, EffectRecord] | None = None
) -> AccountFacts:
    return AccountFacts(profile, frozenset(own), effects or {}, NOW)


def ground(
    facts: AccountFacts | None = None,
    *,
    source: Place = SOURCE,
    destination: Destination | NoDestination = DESTINATION,
    standing: Mapping[tuple[str, Match], str] | None = None,
    **negatives: Any,
) -> Ground:
    return Ground(facts or account(), source, destination, standing or {}, **negatives)


def negatives(*entries: tuple[TargetKind, Match, str]) -> Negatives:
    made = Negatives()
    for number, (kind, match, key) in enumerate(entries):
        made.add(kind, match, key, f"n{number}")
    return made


def candidate(
    target: str = "bath towel",
    clicks: float | None = 12,
    conversions: float | None = 3,
    *,
    on: Ground | None = None,
    target_type: str = "KEYWORD",
    asin: str = "B0ADVERT01",
    repeated: bool = False,
) -> Candidate:
    on = on or ground()
    row = Recommendation(
        source="promotion",
        campaign_id=on.source.campaign.campaign_id,
        ad_group_id=on.source.ad_group.ad_group_id,
        ad_id="1",
        ad_asin=asin,
        target=target,
        target_type=target_type,
        clicks=clicks,
        conversions=conversions,
    )
    kind = kind_of(target_type)
    key = fold(target) if kind is TargetKind.KEYWORD else target.strip().upper()
    return Candidate(row, on, kind, key, repeated)


def judged(rules: RuleSet, asked: Candidate) -> Decision:
    return compile_rules(rules, asked.ground.account.profile).judge(asked)


def decided(
    place: int,
    outcome: Outcome = Outcome.PROMOTE,
    *,
    target: str = "bath towel",
    clicks: float | None = 12,
    conversions: float | None = 3,
    ad_id: str = "1",
    target_type: str = "KEYWORD",
    rule: str | None = None,
    reason: str = "",
) -> DecidedRow:
    by = rule if rule is not None else str(outcome) if outcome in (Outcome.PROMOTE, Outcome.NEGATE) else ""
    return DecidedRow(
        place=place,
        campaign_id="100",
        ad_group_id="200",
        ad_id=ad_id,
        ad_asin="B0ADVERT01",
        target=target,
        key=fold(target) if target_type == "KEYWORD" else target.upper(),
        target_type=target_type,
        clicks=clicks,
        conversions=conversions,
        outcome=outcome,
        reason=reason or by or "not_proven",
        rule=by,
    )


def blocked(standing: EffectStanding, clicks_then: float | None = None) -> EffectRecord:
    return EffectRecord(standing, "p9", NOW, clicks_then)


def item(kind: ActionKind = ActionKind.PROMOTE_KEYWORD, **fields: Any) -> PlannedAction:
    values: dict[str, Any] = {
        "kind": kind, "effect": Effect("e"), "state": ActionState.PLANNED, "reason": "", "rule": "promote",
        "target": "bath towel", "key": "bath towel", "match": Match.EXACT, "level": None, "campaign_id": "300",
        "campaign_name": "Keywords", "ad_group_id": "400", "ad_group_name": "Exact", "group_id": "g1",
        "source_campaign_id": "100", "source_campaign_name": "Auto towels", "source_ad_group_id": "200",
        "source_ad_group_name": "Towels", "ad_id": "1", "asin": "B0ADVERT01", "clicks": 12.0, "conversions": 3.0,
        "bid": "0.75", "currency": "USD", "bid_formula": "fixed 0.75 USD → 0.75 USD",
        "fragment": '{"target":"bath towel","expressionType":"QUERY_EXACT_MATCHES","bid":0.75}',
        "follow_up": "", "note": "", "places": (0,),
    }  # fmt: skip
    return PlannedAction(**{**values, **fields})
