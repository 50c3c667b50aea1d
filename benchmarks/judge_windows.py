"""How fast rules decide on windows of money: three conditions over sixty days, a million terms, on one core."""

import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import islice

from benchmarks.results import Result, result
from harvester.domain.candidate import AccountFacts, Candidate, Destination, Ground, Place
from harvester.domain.history import Around, History, Totals, Window
from harvester.domain.ids import ProfileId
from harvester.domain.profile import AdGroup, Campaign, Profile, Region
from harvester.domain.recommendation import SEARCH_TERMS, Recommendation
from harvester.domain.target import TargetKind
from harvester.rules.evaluate import compile_rules
from harvester.rules.reading import read

TERMS, QUICK_TERMS = 1_000_000, 200_000
AD_GROUPS = 400
ROUNDS, QUICK_ROUNDS = 2, 1
_PART = 50_000
"""Terms made at a time: they are not measured, and memory stays flat."""
_USUAL = Window(60, 7)
_TODAY = date(2026, 3, 1)

RULES = {
    "economics": {"default": {"price": {"USD": 24.99}, "target_acos": "30%"}},
    "rules": [
        {
            "name": "stop-what-should-have-sold",
            "match": {"source": "search_terms"},
            "when": {
                "all": [
                    {"clicks": {"at_least": "2.3x expected"}},
                    {"orders": {"at_most": 0}},
                    {"spend": {"at_least": "1x target_cost"}},
                ]
            },
            "then": {"negate": {}},
        }
    ],
}


def _terms(profile: Profile, count: int) -> Iterator[Candidate]:
    """Most have a handful of clicks, as in a real report; the same in every round."""
    dice = random.Random(11)
    account = AccountFacts(profile, frozenset(), {}, datetime(2026, 3, 1, tzinfo=UTC))
    grounds = [_ground(account, at) for at in range(AD_GROUPS)]
    profile_sums = {_USUAL: Totals(9_000_000, 90_000, 0, 6_300, 0)}
    arounds = [
        Around({_USUAL: Totals(90_000, 900, 0, dice.randint(20, 110), 0)}, profile_sums, {}, _TODAY) for _ in grounds
    ]
    for at in range(count):
        place = dice.randrange(AD_GROUPS)
        clicks = int(dice.paretovariate(0.9))
        orders = sum(dice.random() < 0.07 for _ in range(min(clicks, 60)))
        sums = Totals(clicks * 90, clicks, clicks * dice.randint(300_000, 900_000), orders, orders * 24_990_000)
        yield _term(grounds[place], f"garden hose {at}", History({_USUAL: sums}, arounds[place]), sums)


def _term(ground: Ground, text: str, history: History, sums: Totals) -> Candidate:
    row = Recommendation(
        source=SEARCH_TERMS,
        campaign_id=ground.source.campaign.campaign_id,
        ad_group_id=ground.source.ad_group.ad_group_id,
        ad_id="",
        ad_asin="",
        target=text,
        target_type="KEYWORD",
        clicks=float(sums.clicks),
        conversions=float(sums.orders),
    )
    return Candidate(row, ground, TargetKind.KEYWORD, text, history=history)


def _ground(account: AccountFacts, at: int) -> Ground:
    source = Place(
        Campaign(f"{1000 + at}", f"Auto {at}", "AUTO", "ENABLED"),
        AdGroup(f"{at}", f"{1000 + at}", "x", "ENABLED", "0.5"),
    )
    goal = Place(Campaign("9", "Manual", "MANUAL", "ENABLED"), AdGroup(f"{5000 + at}", "9", "m", "ENABLED", "0.75"))
    return Ground(account, source, Destination(f"{at}", goal, goal), {})


def measure(*, quick: bool) -> list[Result]:
    """The median of several rounds, each with a judge that remembers nothing yet."""
    ruleset, problems = read(RULES)
    if ruleset is None:
        raise SystemExit(problems)
    profile = Profile(ProfileId("1"), "main", Region.NA, "US", "USD", "America/Los_Angeles", "seller", "Shop")
    count = QUICK_TERMS if quick else TERMS
    rounds = []
    outcomes: Counter[str] = Counter()
    for _ in range(QUICK_ROUNDS if quick else ROUNDS):
        judge, terms, spent = compile_rules(ruleset, profile).judge, _terms(profile, count), 0.0
        outcomes.clear()
        while part := list(islice(terms, _PART)):
            started = time.process_time()
            decisions = [judge(term) for term in part]
            spent += time.process_time() - started
            outcomes.update(f"{each.outcome}" for each in decisions)
        rounds.append(count / spent)
    mix = ", ".join(f"{share / count:.1%} {outcome}" for outcome, share in outcomes.most_common())
    return [
        result(
            f"rules over 60-day windows for {count:,} terms ({mix})", statistics.median(rounds), "terms/s", ">= 60000"
        ),
        result("the same, best round", max(rounds), "terms/s"),
    ]
