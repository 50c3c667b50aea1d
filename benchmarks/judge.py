"""How much processor time one decision takes: six rules, many ads, mixed evidence, on one core."""

import random
import statistics
import time
from collections import Counter
from datetime import UTC, datetime

from benchmarks.results import Result, result
from harvester.domain.candidate import AccountFacts, Candidate, Destination, Ground, Place
from harvester.domain.ids import ProfileId
from harvester.domain.profile import AdGroup, Campaign, Profile, Region
from harvester.domain.recommendation import Recommendation
from harvester.domain.target import Match, fold, kind_of
from harvester.rules.evaluate import compile_rules
from harvester.rules.reading import read

ROWS = 200_000
ADS = 400
ROUNDS, QUICK_ROUNDS = 5, 3

RULES = {
    "protect": {"keywords": ["acme", "north star", "/^nova/"], "asins": ["B0PROTECT1"]},
    "rules": [
        {
            "name": f"promote-{tier}",
            "match": {"target_type": kind, "campaigns": [pattern]},
            "when": {
                "all": [
                    {"clicks": {"at_least": clicks}},
                    {"conversions": {"at_least": conversions}},
                    {"conversion_rate": {"at_least": "5%", "confidence": "80%"}},
                ]
            },
            "then": {"promote": {"bid": {"factor": 2, "ceiling": {"USD": 2}}}},
        }
        for tier, kind, pattern, clicks, conversions in (
            ("top", "keyword", "Auto *", 60, 9),
            ("good", "keyword", "Auto *", 50, 8),
            ("products", "product", "Auto *", 50, 7),
            ("wide", "keyword", "*", 70, 7),
        )
    ]
    + [
        {
            "name": f"stop-{clicks}",
            "when": {"all": [{"clicks": {"at_least": clicks}}, {"conversions": {"at_most": most}}]},
            "then": {"negate": {}},
        }
        for clicks, most in ((90, 0), (97, 1))
    ],
}


def candidates(profile: Profile) -> list[Candidate]:
    dice = random.Random(7)
    account = AccountFacts(profile, {f"B0OWN{at:05d}" for at in range(500)}, {}, datetime(2026, 1, 1, tzinfo=UTC))
    grounds = [_ground(account, at) for at in range(ADS)]
    words = ["garden", "hose", "red", "steel", "kids", "large", "acme", "wooden", "table", "lamp", "nova", "mat", "2nd"]
    made = []
    for _ in range(ROWS):
        ground = dice.choice(grounds)
        product = dice.random() < 0.3
        text = f"B0{dice.randrange(10**8):08d}" if product else " ".join(dice.choices(words[:9], k=dice.randint(2, 5)))
        row = Recommendation(
            source="promotion",
            campaign_id=ground.source.campaign.campaign_id,
            ad_group_id=ground.source.ad_group.ad_group_id,
            ad_id="1",
            ad_asin="B000000001",
            target=text,
            target_type="PRODUCT" if product else "KEYWORD",
            clicks=float(dice.randint(0, 100)),
            conversions=float(dice.choice((0, 0, 0, 1, 1, 2, 3, 8, 12))),
        )
        key = text.upper() if product else fold(text)
        made.append(Candidate(row, ground, kind_of(row.target_type), key))
    return made


def _ground(account: AccountFacts, at: int) -> Ground:
    source = Place(
        Campaign(f"{1000 + at}", f"Auto {at}", "AUTO", "ENABLED"),
        AdGroup(f"{at}", f"{1000 + at}", "x", "ENABLED", "0.5"),
    )
    goal = Place(Campaign("9", "Manual", "MANUAL", "ENABLED"), AdGroup(f"{5000 + at}", "9", "m", "ENABLED", "0.75"))
    return Ground(account, source, Destination(f"{at}", goal, goal), {("garden hose", Match.EXACT): "77"})


def measure(*, quick: bool) -> list[Result]:
    """The median of several rounds, each with a judge that remembers nothing yet."""
    ruleset, problems = read(RULES)
    if ruleset is None:
        raise SystemExit(problems)
    profile = Profile(ProfileId("1"), "main", Region.NA, "US", "USD", "America/Los_Angeles", "seller", "Shop")
    rows = candidates(profile)
    rounds = []
    outcomes: Counter[str] = Counter()
    for _ in range(QUICK_ROUNDS if quick else ROUNDS):
        judge = compile_rules(ruleset, profile).judge
        started = time.process_time()
        decisions = [judge(row) for row in rows]
        rounds.append((time.process_time() - started) / ROWS * 1e6)
        outcomes = Counter(f"{each.outcome}" for each in decisions)
    mix = ", ".join(f"{count / ROWS:.0%} {outcome}" for outcome, count in outcomes.most_common())
    return [
        result(f"CPU of one decision by {len(ruleset.rules)} rules ({mix})", statistics.median(rounds), "µs"),
        result("the same, best round", min(rounds), "µs"),
    ]
