"""Entries under `brands`: what is refused when the file is loaded, which places they cover, what is decided there."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harvester.config import rules_file
from harvester.domain.action import ActionKind, ActionState, effect_of
from harvester.domain.brand import Brand
from harvester.domain.candidate import AccountFacts, EffectRecord, EffectStanding
from harvester.domain.decision import Reason
from harvester.domain.ids import Effect, ProfileId
from harvester.domain.plan import PlanCounts
from harvester.domain.profile import AdGroup, Campaign, Mode, Profile, Region
from harvester.domain.target import Level, Match
from harvester.rules.brands import Spot, StandingBrands, brand_item, declined, judge, spots_of
from harvester.rules.explain import short
from harvester.rules.guard import Guard
from harvester.rules.reading import read
from harvester.rules.ruleset import ProfileRules, RuleSet

NOW = datetime(2026, 11, 1, tzinfo=UTC)
AUTO = Campaign("1", "Auto towels", "AUTO", "ENABLED")
MANUAL = Campaign("2", "Manual towels", "MANUAL", "ENABLED")
CAMPAIGNS = {"1": AUTO, "2": MANUAL}
AD_GROUPS = {
    "11": AdGroup("11", "1", "all products", "ENABLED"),
    "12": AdGroup("12", "1", "clearance", "PAUSED"),
    "21": AdGroup("21", "2", "keywords", "ENABLED"),
}


def ruleset(entry: dict[str, Any], **more: Any) -> RuleSet:
    found, problems = read({"version": 1, "brands": [{"name": "rivals", "ids": ["77"], **entry}], **more})
    assert found is not None, problems
    return found


def rules(entry: dict[str, Any], **more: Any) -> ProfileRules:
    return ruleset(entry, **more).for_profile(ProfileId("1001"))


def profile(kind: str = "seller") -> Profile:
    return Profile(ProfileId("1001"), "acme", Region.NA, "US", "USD", "UTC", kind, "Acme US")


def facts(kind: str = "seller", effects: dict[Effect, EffectRecord] | None = None) -> AccountFacts:
    return AccountFacts(profile(kind), frozenset(), effects or {}, NOW)


def spots(entry: dict[str, Any], **more: Any) -> list[Spot]:
    return spots_of(rules(entry, **more), profile(), CAMPAIGNS, AD_GROUPS)


@pytest.mark.parametrize(
    ("data", "field", "sentence"),
    [
        ({"brands": [{"ids": ["1"]}]}, "brands[0]", "`name` is missing"),
        ({"brands": [{"name": "a"}]}, "brands[0]", "`ids` is missing"),
        ({"brands": [{"name": "a", "ids": []}]}, "brands[0].ids", "names no brand"),
        ({"brands": [{"name": "a", "ids": ["Acme"]}]}, "brands[0].ids[0]", "must be an id of digits, not `Acme`"),
        ({"brands": [{"name": "a", "ids": ["1", 1]}]}, "brands[0].ids[1]", "1 stands twice"),
        (
            {"protect": {"brands": ["1"]}, "brands": [{"name": "a", "ids": ["1"]}]},
            "brands[0].ids[0]",
            "1 is one of your own brands (protect.brands): never negated",
        ),
        (
            {
                "profiles": {"1001": {"protect": {"brands": ["1"]}}},
                "brands": [{"name": "a", "ids": ["1"], "match": {"profiles": ["1001"]}}],
            },
            "brands[0].ids[0]",
            "(profiles.1001.protect.brands)",
        ),
        (
            {"brands": [{"name": "a", "ids": ["1"], "level": "campaign", "match": {"ad_groups": ["x"]}}]},
            "brands[0].match.ad_groups",
            "a whole campaign has no ad groups to choose",
        ),
        ({"brands": [{"name": "a", "ids": ["1"], "review_after": "soon"}]}, "brands[0].review_after", "such as 90d"),
        ({"brands": [{"name": "a", "ids": ["1"], "review_after": "0d"}]}, "brands[0].review_after", "from 1d to"),
        (
            {"brands": [{"name": "a", "ids": ["1"]}, {"name": "a", "ids": ["2"]}]},
            "brands[1].name",
            "called `a` already",
        ),
        ({"brands": [{"name": "promote-proven-keywords", "ids": ["1"]}]}, "brands[0].name", "a rule is called"),
        ({"brands": [{"name": "a", "ids": ["1"], "brand": "Acme"}]}, "brands[0].brand", "unknown key `brand`"),
    ],
)
def test_what_cannot_be_is_refused_at_load(data: dict[str, Any], field: str, sentence: str) -> None:
    """Each mistake has its place and its sentence; an own brand is one of them."""
    found, problems = read({"version": 1, **data})

    assert found is None
    assert [(each.field, sentence in each.message) for each in problems] == [(field, True)], problems


@pytest.mark.parametrize(("written", "days"), [("90d", 90), ("12w", 84), (30, 30)])
def test_a_review_date_is_written_in_days_or_weeks(written: object, days: int, tmp_path: Path) -> None:
    """A number alone is one of days."""
    path = tmp_path / "rules.yaml"
    path.write_text(f"version: 1\nbrands:\n  - {{name: a, ids: [5], review_after: {written}}}\n")

    (entry,) = rules_file.load(path).brands

    assert entry.review_after == days
    assert entry.ids == ("5",)


def test_the_fingerprint_changes_with_an_entry_only() -> None:
    """Rules without brands are the rules they were."""
    assert RuleSet().fingerprint == RuleSet.model_validate({"brands": []}).fingerprint
    assert RuleSet().fingerprint != ruleset({}).fingerprint


def test_an_entry_covers_what_its_patterns_name() -> None:
    """Everywhere without a match; ad groups or whole campaigns; profiles by id or name."""
    assert [spot.place for spot in spots({})] == [("1", "11"), ("1", "12"), ("2", "21")]
    assert [spot.place for spot in spots({"match": {"campaigns": ["auto *"], "ad_groups": ["all*"]}})] == [("1", "11")]
    assert [spot.place for spot in spots({"level": "campaign"})] == [("1", ""), ("2", "")]
    assert [spot.place for spot in spots({"match": {"profiles": ["Acme*"]}, "level": "campaign"})]
    assert spots({"match": {"profiles": ["2002"]}}) == []
    assert spots({"match": {"campaigns": ["Research *"]}}) == []


def test_a_brand_that_two_entries_put_at_one_place_is_the_first_ones() -> None:
    """One effect, one item; at another level it is another effect."""
    second = {"name": "again", "ids": ["77", "88"], "match": {"campaigns": ["1"], "ad_groups": ["11"]}}
    third = {"name": "above", "ids": ["77"], "level": "campaign", "match": {"campaigns": ["1"]}}
    first = {"name": "rivals", "ids": ["77"], "match": {"ad_groups": ["11"]}}
    found, problems = read({"version": 1, "brands": [first, second, third]})
    assert found is not None, problems

    covered = spots_of(found.for_profile(ProfileId("1001")), profile(), CAMPAIGNS, AD_GROUPS)

    assert [(each.entry.name, each.brand_id, each.place) for each in covered] == [
        ("rivals", "77", ("1", "11")),
        ("again", "88", ("1", "11")),
        ("above", "77", ("1", "")),
    ]
    assert len({each.effect for each in covered}) == 3


@pytest.mark.parametrize(
    ("kind", "campaign", "outcome"), [("seller", "2", "skip"), ("vendor", "2", "negate"), ("seller", "1", "negate")]
)
def test_whole_campaigns_take_brands_where_amazon_does(kind: str, campaign: str, outcome: str) -> None:
    """AUTO campaigns, and manual ones of vendors; a seller's manual one says why not."""
    entry = {"level": "campaign", "match": {"campaigns": [campaign]}}
    (spot,) = spots(entry)

    decision = judge(spot, rules(entry), facts(kind), StandingBrands())

    assert decision.outcome == outcome
    if outcome == "skip":
        assert decision.reason == Reason.OUT_OF_SCOPE
        assert short(decision, None, None) == (
            "its campaign takes no negative brands as a whole: it is a seller's, and manual"
        )


def test_what_speaks_against_a_brand_is_told_in_order() -> None:
    """Own brand, negative already, waiting, cooling down, declined, a negative that may be the same; else it is negated."""
    entry = {"match": {"ad_groups": ["11"]}}
    (spot,) = spots(entry)
    mine = rules(entry, profiles={"1001": {"protect": {"brands": ["77"]}}})
    standing = StandingBrands({"77": "900"}, frozenset({"901"}))
    free = StandingBrands({"78": "900"})

    def reason(against: ProfileRules, there: StandingBrands, why: EffectStanding | None = None) -> tuple[str, str]:
        effects = {spot.effect: EffectRecord(why, "p4", NOW)} if why else {}
        decision = judge(spot, against, facts(effects=effects), there)
        return decision.outcome.value, decision.reason

    plain = rules(entry)
    assert reason(mine, standing) == ("skip", Reason.PROTECTED)
    assert reason(plain, standing, EffectStanding.PLANNED) == ("skip", Reason.ALREADY_NEGATIVE)
    assert reason(plain, free, EffectStanding.PLANNED) == ("skip", Reason.ALREADY_PLANNED)
    assert reason(plain, free, EffectStanding.COOLING_DOWN) == ("skip", Reason.COOLING_DOWN)
    assert reason(plain, free, EffectStanding.DECLINED) == ("skip", Reason.DECLINED_BEFORE)
    assert reason(plain, StandingBrands({}, frozenset({"901"}))) == ("hold", Reason.MISSING_FACTS)
    assert reason(plain, free) == ("negate", "rivals")


def test_a_conflict_holds_the_item() -> None:
    """Naming all that is guarded does not approve what is held."""
    (spot,) = spots({"match": {"ad_groups": ["11"]}})

    item = brand_item(spot, Brand("77", "Rival"), 12, [], hold="would_block_own")

    assert (item.state, item.reason) == (ActionState.HELD, "would_block_own")


def test_a_brand_of_ones_own_name_is_left_alone() -> None:
    """Where Amazon has told what it is called, in any case; a name that is not known forbids nothing."""
    entry = {"match": {"ad_groups": ["11"]}}
    (spot,) = spots(entry)
    mine = rules(entry, catalog={"own_brands": ["Acme Kids"]})

    decision = judge(spot, mine, facts(), StandingBrands(), "ACME  kids")

    assert (decision.outcome, decision.reason) == ("skip", Reason.PROTECTED)
    assert short(decision, None, None) == "Amazon calls it “ACME  kids”, and that stands under catalog.own_brands"
    for name in ("", "Acme"):
        assert judge(spot, mine, facts(), StandingBrands(), name).outcome == "negate"


def test_an_own_brand_is_known_however_its_id_is_written() -> None:
    """As a number, in quotes, or with zeros in front."""
    for own, rival in (("77", "0077"), ("0077", "77"), (77, "077"), ("077", 77)):
        found, problems = read(
            {"version": 1, "protect": {"brands": [own]}, "brands": [{"name": "rivals", "ids": [rival]}]}
        )
        assert "77 is one of your own brands (protect.brands): never negated" in str(problems), (own, rival, found)
    assert spots({"ids": ["0088"]})[0].brand_id == "88"
    assert spots({"ids": ["00"]})[0].brand_id == "0"


def test_the_item_is_guarded_and_holds_the_id() -> None:
    """The name is for people, the id is what is sent; no guard lets it go, and it takes nobody's place."""
    (spot,) = spots({"match": {"ad_groups": ["11"]}, "review_after": "90d"})

    item = brand_item(spot, Brand("77", "Rival & Sons"), 12, ["One.", "Two."])

    assert (item.kind, item.state, item.reason) == (ActionKind.NEGATE_BRAND, ActionState.GUARDED, "negates_brand")
    assert item.fragment == (
        '{"campaignId":"1","adGroupId":"11","expression":[{"type":"ASIN_BRAND_SAME_AS","value":"77"}],"state":"ENABLED"}'
    )
    assert (item.target, item.key, item.match, item.level) == ("Rival & Sons (77)", "77", Match.SAME, Level.AD_GROUP)
    assert item.effect == effect_of(ActionKind.NEGATE_BRAND, "11", "77", Match.SAME)
    assert item.follow_up == '{"review_after_days":90}'
    assert (item.note, item.places, item.rule) == ("One. Two.", (12,), "rivals")
    guard = Guard(rules({}).guard, PlanCounts(), promotions_today=0, negatives_today=0)
    assert guard.admit(item) == item
    assert guard.negatives == 0


def test_an_entrys_mode_is_stricter_and_never_laxer() -> None:
    """As with a rule."""
    assert rules({"mode": "dry-run"}).strictest_mode(Mode.REVIEW, "rivals") is Mode.DRY_RUN
    assert rules({"mode": "auto"}).strictest_mode(Mode.REVIEW, "rivals") is Mode.REVIEW


def test_the_words_of_a_name_are_those_of_a_keyword() -> None:
    """Folded, without what stands between words; no name, no words."""
    assert Brand("1", "Hearth & Hound Co.").words == "hearth hound co"
    assert Brand("1", "").words == ""


def test_a_declined_brand_stays_declined_until_another_entry_names_it() -> None:
    """Brands have no evidence that could change; the plan says how to have it planned again."""
    entry = {"match": {"ad_groups": ["11"]}}
    (spot,) = spots(entry)

    def after(declined_as: str) -> Any:
        record = EffectRecord(EffectStanding.DECLINED, "p4", NOW, entry=declined_as)
        account = facts(effects={spot.effect: record})
        decision = judge(spot, rules(entry), account, StandingBrands())
        return decision.reason, declined([spot], [decision], account)

    assert after("another-entry") == ("rivals", [])
    assert after("rivals") == (
        Reason.DECLINED_BEFORE,
        [
            (
                "Entry `rivals` under `brands` was declined at 1 place (p4) and is left alone there: give the entry "
                "another name to have it planned again, or take it out"
            )
        ],
    )
