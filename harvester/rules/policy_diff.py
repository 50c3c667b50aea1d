"""Two rule sets over the same recorded evidence: which decisions flip, and what stands behind them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

import msgspec

from harvester.domain.candidate import Place
from harvester.domain.decision import Decision, Outcome, Reason
from harvester.domain.history import Sold
from harvester.domain.profile import Profile
from harvester.domain.recommendation import SEARCH_TERMS
from harvester.domain.recorded import Money, RecordedRow
from harvester.rules.evaluate import Judge, compile_rules
from harvester.rules.recorded_facts import Assumption, RecordedFacts, assumed
from harvester.rules.recorded_history import Needs, lacking, money_of, needs_of
from harvester.rules.ruleset import RuleSet, Scope
from harvester.rules.scope import covers_profile

_ACTS = (Outcome.PROMOTE, Outcome.NEGATE)


class Flip(msgspec.Struct, frozen=True, gc=False):
    """A row that the two rule sets decide differently."""

    recorded: RecordedRow
    currency: str
    before: Decision
    """By the rules in force, asked again: not what was decided when the row was recorded."""
    after: Decision
    money: Money | None
    assumed: tuple[Assumption, ...]


class Unjudged(msgspec.Struct, frozen=True):
    """A row that cannot be judged again, and why, as the end of a sentence."""

    why: str


Judged = tuple[Decision, Decision] | Unjudged
"""Before and after."""


def newly_negated(recorded: RecordedRow, judged: Judged) -> bool:
    """A search term that only the new rules would negate: a plan looks for its orders of old first."""
    if isinstance(judged, Unjudged) or recorded.row.source != SEARCH_TERMS:
        return False
    before, after = judged
    return before.outcome is not Outcome.NEGATE and after.outcome is Outcome.NEGATE


class Movement(NamedTuple):
    """From which decision to which: outcomes, each with its rule or reason."""

    before: Outcome
    because: str
    after: Outcome
    now_because: str


@dataclass(slots=True)
class Tally:
    """What the rows of a movement add up to. Money by currency, of the rows whose evidence has any."""

    rows: int = 0
    clicks: float = 0
    conversions: float = 0
    with_money: int = 0
    orders: int = 0
    spend: dict[str, Decimal] = field(default_factory=dict)
    sales: dict[str, Decimal] = field(default_factory=dict)

    def add(self, flip: Flip) -> None:
        row, money = flip.recorded.row, flip.money
        self.rows += 1
        self.clicks += row.clicks or 0
        self.conversions += row.conversions or 0
        if money is not None:
            self.with_money += 1
            self.orders += money.orders
            self.spend[flip.currency] = self.spend.get(flip.currency, Decimal()) + money.spend
            self.sales[flip.currency] = self.sales.get(flip.currency, Decimal()) + money.sales

    def merge(self, other: "Tally") -> None:
        self.rows += other.rows
        self.clicks += other.clicks
        self.conversions += other.conversions
        self.with_money += other.with_money
        self.orders += other.orders
        for mine, theirs in ((self.spend, other.spend), (self.sales, other.sales)):
            for currency, amount in theirs.items():
                mine[currency] = mine.get(currency, Decimal()) + amount


@dataclass(slots=True)
class Totals:
    """Of all rows that were judged again, however many flips are shown one by one."""

    rows: int = 0
    flipped: int = 0
    same_outcome: int = 0
    """Of the flips: the outcome stays, and another rule or reason gives it."""
    changed_since: int = 0
    """Rows that the rules in force decide otherwise than they were decided when they were recorded."""
    before: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    after: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    movements: dict[Movement, Tally] = field(default_factory=dict)
    unjudged: dict[str, int] = field(default_factory=dict)
    assumed: dict[Assumption, int] = field(default_factory=dict)

    def moved(self, outcome: Outcome) -> tuple[Tally, Tally]:
        """What comes to this outcome, and what leaves it."""
        more, fewer = Tally(), Tally()
        for movement, tally in self.movements.items():
            if movement.before is not movement.after:
                if movement.after is outcome:
                    more.merge(tally)
                if movement.before is outcome:
                    fewer.merge(tally)
        return more, fewer


class Comparison:
    """Of two rule sets, for one profile."""

    def __init__(self, in_force: RuleSet, new: RuleSet, profile: Profile, own_asins: Collection[str]) -> None:
        self._facts = RecordedFacts(profile, own_asins)
        self._judges: tuple[Judge, Judge] = (compile_rules(in_force, profile), compile_rules(new, profile))
        self._rules = [ruleset.for_profile(profile.profile_id) for ruleset in (in_force, new)]
        self._profile = profile
        self._last: tuple[object, Needs] = (None, ())
        self._sources_with_names = frozenset(_sources_with_names((in_force, new), profile))

    def judge(self, recorded: RecordedRow, totals: Totals) -> Flip | None:
        """Counts the row into the totals; a flip where the two differ."""
        return self.count(recorded, self.judged(recorded), totals)

    def count(self, recorded: RecordedRow, judged: Judged, totals: Totals) -> Flip | None:
        if isinstance(judged, Unjudged):
            totals.unjudged[judged.why] = totals.unjudged.get(judged.why, 0) + 1
            return None
        before, after = judged
        totals.rows += 1
        totals.before[before.outcome] += 1
        totals.after[after.outcome] += 1
        then = recorded.decision
        totals.changed_since += (before.outcome, before.reason) != (then.outcome, then.reason)
        if (before.outcome, before.reason, before.rule) == (after.outcome, after.reason, after.rule):
            return None
        money, taken = money_of(recorded.row, self._profile), _taken_for_granted(recorded, judged)
        flip = Flip(recorded, self._profile.currency, before, after, money, taken)
        totals.flipped += 1
        totals.same_outcome += before.outcome is after.outcome
        movement = Movement(before.outcome, before.reason, after.outcome, after.reason)
        totals.movements.setdefault(movement, Tally()).add(flip)
        for each in flip.assumed:
            totals.assumed[each] = totals.assumed.get(each, 0) + 1
        return flip

    def judged(self, recorded: RecordedRow) -> Judged:
        """By the rules in force, and by the others."""
        if recorded.campaign_name is None and recorded.row.source in self._sources_with_names:
            return Unjudged("a rule asks for a name of its campaign or ad group, and no run has kept them yet")
        candidate = self._facts.candidate(recorded)
        if candidate.history is not None:
            why = lacking(candidate.history, self._needs(recorded, candidate.ground.source))
            if why is not None:
                return Unjudged(why)
        before, after = (_as_held(recorded, judge.judge(candidate)) for judge in self._judges)
        if _asks_catalog(before) or _asks_catalog(after):
            return Unjudged("a rule asks for facts of Amazon's catalog, which are not kept with the evidence")
        return before, after

    def with_sold(self, recorded: RecordedRow, judged: Judged, sold: Sold) -> Judged:
        """As the others judge it, knowing of orders of old; for what they alone would negate."""
        candidate = self._facts.candidate(recorded)
        if isinstance(judged, Unjudged) or candidate.history is None:
            return judged
        history = msgspec.structs.replace(candidate.history, sold=sold)
        return judged[0], self._judges[1].judge(msgspec.structs.replace(candidate, history=history))

    def _needs(self, recorded: RecordedRow, place: Place) -> Needs:
        """Rows come ad group by ad group: only the last one's are remembered."""
        where = (recorded.row.ad_group_id, recorded.campaign_name, recorded.ad_group_name)
        if where != self._last[0]:
            self._last = where, needs_of(self._rules, self._profile, place)
        return self._last[1]


_TRUST = frozenset({"ever_converted", "variant_of_positive"})
"""Why a search term is not negated whatever it cost; that depends on the account alone, not on the rules."""


def _as_held(recorded: RecordedRow, decision: Decision) -> Decision:
    """Of two reasons the one that was looked up stays: the orders of a row are all that is known of it now."""
    then = recorded.decision
    if (decision.outcome is not Outcome.NEGATE and decision.reason not in _TRUST) or then.reason not in _TRUST:
        return decision
    return Decision(Outcome.HOLD, then.reason, decision.rule, then.findings)


def _asks_catalog(decision: Decision) -> bool:
    """Economics are the rules' own: where they are missing, that is a decision like any other."""
    return decision.reason == Reason.MISSING_FACTS and "economics.unknown" not in decision.findings


def _taken_for_granted(recorded: RecordedRow, judged: tuple[Decision, Decision]) -> tuple[Assumption, ...]:
    both = [each for decision in judged for each in assumed(recorded, decision.outcome)]
    return tuple(dict.fromkeys(both))


def _sources_with_names(rulesets: tuple[RuleSet, ...], profile: Profile) -> Iterator[str]:
    """The sources whose rules look at names of campaigns or ad groups: ids alone are on every row."""
    for ruleset in rulesets:
        for rule in ruleset.rules:
            if covers_profile(rule.match, profile) and _names_places(rule.match):
                yield rule.match.source


def _names_places(scope: Scope) -> bool:
    entries = (*scope.campaigns, *scope.ad_groups)
    return any(not entry.isdigit() and entry.strip("*") for entry in entries)


def strength(flip: Flip) -> tuple[int, Decimal, float, float]:
    """What is worth showing first: what is done or no longer done, then money, then orders and clicks."""
    row, outcomes = flip.recorded.row, {flip.before.outcome, flip.after.outcome}
    changed = len(outcomes) - 1 + (len(outcomes) > 1 and not outcomes.isdisjoint(_ACTS))
    spend = flip.money.spend if flip.money else Decimal()
    return (changed, spend, row.conversions or 0, row.clicks or 0)
