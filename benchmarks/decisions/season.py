"""A policy in a market: judged by the real rules engine from what reports show, day by day or week by week."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from benchmarks.decisions.market import (
    BREAK_EVEN_ACOS,
    DAYS,
    LEAD_IN,
    NEVER,
    PROMOTED_FACTOR,
    TARGET_ACOS,
    Market,
    Term,
    span,
)
from harvester.domain.candidate import AccountFacts, Candidate, Destination, Ground, Place
from harvester.domain.decision import Outcome
from harvester.domain.history import MICROS, NOTHING, Around, History, Totals, Window
from harvester.domain.ids import ProfileId
from harvester.domain.profile import AdGroup, Campaign, Profile, Region
from harvester.domain.recommendation import SEARCH_TERMS, Recommendation
from harvester.domain.target import KEYWORD
from harvester.rules.checks.windowed import shrunken_rate
from harvester.rules.economics import worths
from harvester.rules.evaluate import compile_rules, promotion_bid
from harvester.rules.money_bids import Earned
from harvester.rules.reading import read
from harvester.rules.ruleset import RuleSet
from harvester.rules.windows import default_window, windows_of

FEWEST_CLICKS = 5
"""Terms with fewer clicks and no order are not judged: no policy here acts on so little."""
_DAY_ZERO = date(2026, 1, 1)
PROFILE = Profile(ProfileId("1"), "main", Region.NA, "US", "USD", "UTC", "seller", "Simulated")


@dataclass(slots=True)
class Fate:
    """What a policy did to a term."""

    negated: int = NEVER
    promoted: int = NEVER
    bid: float = 0.0


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a season. Profit is by true rates: luck with single orders plays no part."""

    profit: float
    spend: float
    negated: int
    wrongly_negated: int
    """Whose true rate was profitable."""
    promoted: int
    wrongly_promoted: int
    """Whose true rate does not pay for the bid."""
    profitable: int
    """Terms that could have been negated wrongly: those with a click."""
    forgone: float
    """Profit that wrong negatives cost, from then to the end of the season."""
    misspent: float
    """What wrong promotions lost, from then to the end of the season."""


Act = Callable[[int, Sequence[Fate]], None]


@dataclass
class Engine:
    """The rules of a policy, asked about every term that nothing was done to yet."""

    market: Market
    ruleset: RuleSet
    spares_what_sold: bool
    """Whether a term that ever sold is never negated, as the product holds such negatives."""
    _candidates: list[Candidate] = field(init=False)

    def __post_init__(self) -> None:
        rules = self.ruleset.for_profile(PROFILE.profile_id)
        self._rules, self._judge = rules, compile_rules(self.ruleset, PROFILE)
        self._windows, self._usual = sorted(windows_of(rules, PROFILE)), default_window(PROFILE)
        grounds = [_ground(ad_group) for ad_group in range(len(self.market.prices))]
        self._candidates = [_candidate(place, grounds[term.ad_group]) for place, term in enumerate(self.market.terms)]
        self._worths = [worths(rules.economics, ground.source.campaign, (), "USD") for ground in grounds]

    def act(self, today: int, fates: Sequence[Fate]) -> None:
        seen = self._seen(today, fates)
        around = self._around(seen, today)
        for place, (term, fate, windows) in enumerate(zip(self.market.terms, fates, seen, strict=True)):
            if fate.negated < NEVER or fate.promoted < NEVER or not _is_judged(windows.values()):
                continue
            history = History(windows, around[term.ad_group])
            self._decide(place, today, fate, history)

    def _decide(self, place: int, today: int, fate: Fate, history: History) -> None:
        term, asked = self.market.terms[place], self._candidates[place]
        usual = history.totals(self._usual)
        row = _with_evidence(asked.row, usual)
        decision = self._judge.judge(Candidate(row, asked.ground, KEYWORD, asked.key, history=history))
        if decision.outcome is Outcome.NEGATE and not (self.spares_what_sold and term.sold_before(today)):
            fate.negated = today
        elif decision.outcome is Outcome.PROMOTE:
            rule = self._rules.rule(decision.rule)
            earned = Earned(usual, self._worths[term.ad_group], shrunken_rate(history.around, self._usual))
            bid = promotion_bid(asked.ground, KEYWORD, rule, self._rules, earned=earned)
            assert bid is not None
            fate.promoted, fate.bid = today, float(bid.amount)

    def _seen(self, today: int, fates: Sequence[Fate]) -> list[dict[Window, Totals]]:
        """By term; of what was done to is counted what came before."""
        seen: list[dict[Window, Totals]] = [{} for _ in fates]
        for window in self._windows:
            first, last = span(window, today)
            for term, fate, sums, found in zip(
                self.market.terms, fates, self.market.untouched(window, today), seen, strict=True
            ):
                until = min(fate.negated, fate.promoted) - 1
                shown = sums if until >= last or sums is NOTHING else term.totals(first, until, today)
                if shown is not NOTHING:
                    found[window] = shown
        return seen

    def _around(self, seen: Sequence[dict[Window, Totals]], today: int) -> list[Around]:
        groups: list[dict[Window, Totals]] = [{} for _ in self.market.prices]
        everything: dict[Window, Totals] = {}
        for window in self._windows:
            by_group: list[list[Totals]] = [[] for _ in groups]
            for term, windows in zip(self.market.terms, seen, strict=True):
                if window in windows:
                    by_group[term.ad_group].append(windows[window])
            for group, parts in zip(groups, by_group, strict=True):
                group[window] = _sum(parts)
            everything[window] = _sum([group[window] for group in groups])
        now = _DAY_ZERO + timedelta(days=today)
        return [Around(group, everything, {}, now) for group in groups]


def _is_judged(windows: Iterable[Totals]) -> bool:
    return any(each.clicks >= FEWEST_CLICKS or each.orders for each in windows)


def _sum(parts: Sequence[Totals]) -> Totals:
    """Clicks and orders: more is not looked at."""
    return Totals(clicks=sum(each.clicks for each in parts), orders=sum(each.orders for each in parts))


@dataclass
class Oracle:
    """Knows the true rates, and acts on a term once it has had a click."""

    market: Market
    waits: bool = False
    """For as much evidence as one needs who knows nothing: two orders, or the cost of an order at the target ACOS."""

    def act(self, today: int, fates: Sequence[Fate]) -> None:
        usual = self.market.untouched(default_window(PROFILE), today)
        for term, fate, sums in zip(self.market.terms, fates, usual, strict=True):
            if fate.negated < NEVER or fate.promoted < NEVER or not term.plain_days or term.plain_days[0] >= today:
                continue
            bid = PROMOTED_FACTOR * term.cpc
            promoted = term.traffic(bid) * (term.margin + term.cpc - term.paid(bid))
            if promoted > max(term.margin, 0):
                if sums.orders >= 2 or not self.waits:
                    fate.promoted, fate.bid = today, bid
            elif term.margin < 0 and (not self.waits or sums.cost >= term.price * TARGET_ACOS * MICROS):
                fate.negated = today


def play(market: Market, act: Act, every_days: int = 7) -> Played:
    """From the first day of the season to its last."""
    fates = [Fate() for _ in market.terms]
    for today in range(LEAD_IN, DAYS, every_days):
        act(today, fates)
    return _counted(market, fates)


def _counted(market: Market, fates: Sequence[Fate]) -> Played:
    profit = spend = forgone = misspent = 0.0
    for term, fate in zip(market.terms, fates, strict=True):
        for value, cost in _clicks(term, fate):
            profit += value - cost
            spend += cost
        if fate.promoted < NEVER and not pays(term, fate.bid):
            misspent -= sum(value - cost for value, cost in _clicks(term, fate, fate.promoted))
        if fate.negated < NEVER and term.is_profitable:
            untouched = sum(value - cost for value, cost in _clicks(term, Fate()))
            forgone += untouched - sum(value - cost for value, cost in _clicks(term, fate))
    pairs = list(zip(market.terms, fates, strict=True))
    negated = [term for term, fate in pairs if fate.negated < NEVER]
    promoted = [(term, fate.bid) for term, fate in pairs if fate.promoted < NEVER]
    return Played(
        profit,
        spend,
        len(negated),
        sum(term.is_profitable for term in negated),
        len(promoted),
        sum(not pays(term, bid) for term, bid in promoted),
        sum(term.is_profitable and bool(term.plain_days) for term in market.terms),
        forgone,
        misspent,
    )


def pays(term: Term, bid: float) -> bool:
    """Whether its true rate is worth what a click costs at this bid."""
    return term.rate * term.price * BREAK_EVEN_ACOS >= term.paid(bid)


def _clicks(term: Term, fate: Fate, since: int = LEAD_IN) -> Iterator[tuple[float, float]]:
    """Value and cost of each click of the season that came about."""
    traffic, paid = (term.traffic(fate.bid), term.paid(fate.bid)) if fate.promoted < NEVER else (1.0, term.cpc)
    for day, mark, value in zip(term.days, term.marks, term.value, strict=True):
        if day < since:
            continue
        if day >= fate.negated:
            return
        if day >= fate.promoted:
            if mark < traffic:
                yield value, paid
        elif mark < 1:
            yield value, term.cpc


def policy_rules(market: Market, rules: Sequence[object]) -> RuleSet:
    """With the economics of the market: the price of each ad group's product is no secret."""
    campaigns = [{"names": [_id(place)], "aov": {"USD": round(price, 2)}} for place, price in enumerate(market.prices)]
    economics = {"default": {"target_acos": f"{TARGET_ACOS:.0%}"}, "campaigns": campaigns}
    made, problems = read({"version": 1, "economics": economics, "rules": list(rules)})
    if made is None:
        raise ValueError("; ".join(f"{each.field}: {each.message}" for each in problems))
    return made


def _id(ad_group: int) -> str:
    return str(1000 + ad_group)


def _ground(ad_group: int) -> Ground:
    account = AccountFacts(PROFILE, frozenset(), {}, datetime(2026, 1, 1, tzinfo=UTC))
    source = Place(
        Campaign(_id(ad_group), f"Auto {ad_group}", "AUTO", "ENABLED"),
        AdGroup(_id(ad_group), _id(ad_group), "all", "ENABLED", default_bid="1.00"),
    )
    goal = Place(Campaign("9", "Exact", "MANUAL", "ENABLED"), AdGroup("9", "9", "exact", "ENABLED", default_bid="1.00"))
    return Ground(account, source, Destination("g", goal, goal), {})


def _candidate(place: int, ground: Ground) -> Candidate:
    campaign_id, ad_group_id = ground.source.campaign.campaign_id, ground.source.ad_group.ad_group_id
    text = f"term {place}"
    row = Recommendation(SEARCH_TERMS, campaign_id, ad_group_id, "", "", text, "KEYWORD", 0.0, 0.0)
    return Candidate(row, ground, KEYWORD, text)


def _with_evidence(row: Recommendation, sums: Totals) -> Recommendation:
    return Recommendation(
        row.source, row.campaign_id, row.ad_group_id, row.ad_id, row.ad_asin, row.target, row.target_type,
        float(sums.clicks), float(sums.orders),
    )  # fmt: skip
