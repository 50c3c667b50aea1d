"""From a candidate to its decision: the rules of one profile, made ready for millions of rows."""

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import reduce

import msgspec

from harvester.domain.bid import Suggestion
from harvester.domain.candidate import Candidate, Ground, NoDestination
from harvester.domain.decision import Decision, Finding, Outcome, Reason
from harvester.domain.history import History
from harvester.domain.profile import Profile
from harvester.domain.reach import Reached
from harvester.domain.recommendation import CATEGORIES, PROMOTION, SEARCH_TERMS, WITHOUT_EVIDENCE, Recommendation
from harvester.domain.target import CATEGORY, PRODUCT, TargetKind
from harvester.rules.bids import StartingBid, starting_bid
from harvester.rules.check import Check, ask, could_pass, leaves, on_facts
from harvester.rules.checks.catalog import About, CatalogCheck, lacking
from harvester.rules.checks.category import refined_to, uncounted
from harvester.rules.checks.overlap import Opening, destination_of, open_negative, open_targets
from harvester.rules.checks.protection import Protection
from harvester.rules.checks.shape import malformed, unreadable
from harvester.rules.checks.trust import Trust
from harvester.rules.checks.windowed import UNSEEN, Lacking, Seen, WindowBound, gap_in, waiting_for
from harvester.rules.compiling import rule_check
from harvester.rules.economics import ProductWorth, worths
from harvester.rules.money_bids import Earned
from harvester.rules.near_miss import near_miss
from harvester.rules.ruleset import ProfileRules, Rule, RuleSet
from harvester.rules.scope import covers_advertised, covers_place, covers_profile, covers_themes
from harvester.rules.window_compiling import terms_of
from harvester.rules.windows import default_window

_INFINITE = math.inf
_MOST_GROUNDS = 8192
_MOST_VERDICTS = 8192
"""Each keeps its findings, about a kilobyte: memory stays flat where hardly any evidence comes twice."""

_json = msgspec.json.Encoder()
_NOT_FOUND_OUT: Mapping[str, Reached] = {}


class Passed(msgspec.Struct, frozen=True):
    """The first rule that passes, and the findings of all that were tried."""

    rule: Rule
    findings: str
    keys: tuple[str, ...] = ()
    """Of what it makes of a category; empty: of the candidate's own key."""
    decisions: dict[tuple[Outcome, str], Decision] = msgspec.field(default_factory=dict)
    """Those that nothing more was found out for: one for all rows with this evidence."""

    def decided(self, outcome: Outcome, reason: str, more: Finding | None = None) -> Decision:
        if more is not None:
            return Decision(outcome, reason, self.rule.name, _with(self.findings, more))
        decision = self.decisions.get((outcome, reason))
        if decision is None:
            decision = Decision(outcome, reason, self.rule.name, self.findings)
            self.decisions[outcome, reason] = decision
        return decision


class Cover:
    """The rules that look at one kind of target of one ad, and what they said before."""

    __slots__ = ("_known", "_rules", "on_windows")

    def __init__(self, rules: tuple[tuple[Rule, Check], ...]) -> None:
        self._rules = [(rule, check, tuple(on_facts(check))) for rule, check in rules]
        self.on_windows = any(isinstance(each, WindowBound) for _, check in rules for each in leaves(check))
        """Whether a rule looks at windows: evidence alone does not decide then."""
        self._known: dict[tuple[float, float], Passed | Decision] = {}

    def verdict(self, clicks: float, conversions: float) -> Passed | Decision:
        """Remembered: the same evidence comes again and again. A decision where no rule passes."""
        evidence = (clicks, conversions)
        known = self._known.get(evidence)
        if known is None:
            if len(self._known) >= _MOST_VERDICTS:
                self._known.clear()
            known = self._known[evidence] = self._asked(float(clicks) + 0.0, float(conversions) + 0.0)
        return known

    def with_facts(
        self,
        clicks: float,
        conversions: float,
        about: About | None,
        seen: Seen = UNSEEN,
        reached: Mapping[str, Reached] = _NOT_FOUND_OUT,
    ) -> Passed | Decision:
        """Not remembered: it is this product's, this category's or this term's alone."""
        return self._asked(float(clicks) + 0.0, float(conversions) + 0.0, about, seen, reached)

    def _asked(
        self,
        clicks: float,
        conversions: float,
        about: About | None = None,
        seen: Seen = UNSEEN,
        reached: Mapping[str, Reached] = _NOT_FOUND_OUT,
    ) -> Passed | Decision:
        """The first rule that passes; or that could, if it were known what is not known."""
        findings: list[Finding] = []
        for rule, check, facts in self._rules:
            made = reached.get(rule.name)
            known = about if about is None or made is None else replace(about, reached=made)
            unknown: list[Lacking] = []
            passes = ask(check, clicks, conversions, rule.name, findings, known, seen, unknown)
            if passes and (rule.refine is None or (made is not None and made.targets)):
                return _passed(rule, findings, made)
            if (unknown or facts or rule.refine) and could_pass(check, clicks, conversions, known, seen):
                waits = waiting_for(unknown, seen)
                reason, more = waits or (Reason.MISSING_FACTS, [_missing(rule, facts, known)])
                return Decision(Outcome.HOLD, reason, rule.name, _text([*findings, *more]))
        return Decision(Outcome.HOLD, Reason.NOT_PROVEN, "", _text(findings))


def _missing(rule: Rule, facts: tuple[CatalogCheck, ...], about: About | None) -> Finding:
    if rule.on_categories:
        return uncounted(about, about.asin if about else "")
    return lacking(facts, about)


def _passed(rule: Rule, findings: list[Finding], made: Reached | None) -> Passed:
    if rule.refine is None or made is None:
        return Passed(rule, _text(findings))
    return Passed(rule, _text([*findings, refined_to(rule.name, made)]), tuple(each.key for each in made.targets))


class _Known(msgspec.Struct, gc=False):
    """What was found out about a ground: the ground itself (so that its id stays its own), covers, and bids."""

    ground: Ground
    covers: dict[TargetKind, Cover | Decision]
    """A decision where no rule covers it."""
    worths: tuple[ProductWorth, ...]
    bids: dict[tuple[str, TargetKind], bool]


_OUT_OF_SCOPE = Decision(Outcome.SKIP, Reason.OUT_OF_SCOPE, "", "[]")
_DUPLICATE = Decision(Outcome.SKIP, Reason.DUPLICATE, "", "[]")


class Judge:
    """Judges the candidates of one profile. The same candidate always gets the same decision."""

    def __init__(self, rules: ProfileRules, profile: Profile) -> None:
        self._rules = rules
        self._profile = profile
        self._protection = Protection(rules.protect)
        self._trust = Trust(rules.protect, profile.country)
        self._own_products = rules.protect.own_products
        self._compiled = [
            (rule, rule_check(rule, rules.own_brands, terms_of(profile)))
            for rule in rules.rules
            if covers_profile(rule.match, profile)
        ]
        self._covers: dict[tuple[int, ...], Cover] = {}
        self._known: dict[tuple[int, object], _Known] = {}

    def judge(self, candidate: Candidate) -> Decision:
        """The first that applies, in the order of the outcome table in the rules reference."""
        kind, row, key = candidate.kind, candidate.row, candidate.key
        clicks, conversions = row.clicks, row.conversions
        if kind is None or (kind is CATEGORY and row.source != CATEGORIES):
            return _skip(Reason.UNSUPPORTED_TYPE, Finding("", "unsupported_type", row.target_type, None, passed=False))
        finding = malformed(candidate)
        if finding is not None:
            return _skip(Reason.MALFORMED, finding)
        if clicks is None or conversions is None or not (0 <= clicks < _INFINITE and 0 <= conversions < _INFINITE):
            if row.source not in WITHOUT_EVIDENCE:
                return _skip(Reason.UNREADABLE_EVIDENCE, unreadable(clicks, conversions))
            clicks = conversions = 0.0
        finding = self._protection.finding(kind, key)
        if finding is not None:
            return _skip(Reason.PROTECTED, finding)
        ground = candidate.ground
        if kind is PRODUCT and self._own_products and key in ground.account.own_asins:
            return _skip(Reason.OWN_PRODUCT, Finding("", "protect.own_products", key, None, passed=False))
        if candidate.repeated:
            return _DUPLICATE
        about = row.ad_asin if row.source == PROMOTION else (row.source, row.asked_for, row.themes)
        known = self._known.get((id(ground), about)) or self._meet(ground, row, about)
        cover = known.covers[kind]
        if isinstance(cover, Decision):
            return cover
        if candidate.catalog is None and candidate.reached is None and not cover.on_windows:
            verdict = cover.verdict(clicks, conversions)
        else:
            seen = Seen(candidate.history, known.worths, self._profile.currency)
            verdict = cover.with_facts(clicks, conversions, _about(candidate), seen, candidate.reached or {})
        if isinstance(verdict, Decision):
            return verdict
        decision = self._wish(known, candidate, kind, clicks, verdict)
        return self._trusted(candidate, decision) if decision.outcome is Outcome.NEGATE else decision

    def _trusted(self, candidate: Candidate, decision: Decision) -> Decision:
        """A search term that sold before, or that is what we sell by, is never negated on its costs alone."""
        against = self._trust.against(candidate) if candidate.row.source == SEARCH_TERMS else None
        if against is None:
            return decision
        reason, more = against
        return Decision(Outcome.HOLD, reason, decision.rule, reduce(_with, more, decision.findings))

    @property
    def on_catalog(self) -> tuple[CatalogCheck, ...]:
        """All checks of catalog facts in the profile's rules."""
        return tuple(each for _, check in self._compiled for each in on_facts(check) if each.of_catalog)

    @property
    def on_prices(self) -> bool:
        """Whether a rule refines categories by what the catalog says our products cost."""
        return any(rule.refine is not None and rule.refine.price_ratio is not None for rule, _ in self._compiled)

    def _meet(self, ground: Ground, row: Recommendation, about: object) -> _Known:
        if len(self._known) >= _MOST_GROUNDS:
            self._known.clear()
        covers = {kind: self._cover(ground, row, kind) for kind in TargetKind}
        advertised = row.asked_for or (row.ad_asin,)
        worth = worths(self._rules.economics, ground.source.campaign, advertised, self._profile.currency)
        known = _Known(ground, covers, worth, {})
        self._known[id(ground), about] = known
        return known

    def _cover(self, ground: Ground, row: Recommendation, kind: TargetKind) -> Cover | Decision:
        places = tuple(
            place
            for place, (rule, _) in enumerate(self._compiled)
            if kind in rule.kinds
            and rule.match.source == row.source
            and covers_place(rule.match, ground.source)
            and covers_advertised(rule.match, row.asked_for or (row.ad_asin,))
            and covers_themes(rule.match, row.themes)
        )
        if not places:
            missed = near_miss((rule for rule, _ in self._compiled), kind, ground.source, row)
            return _skip(Reason.OUT_OF_SCOPE, missed) if missed else _OUT_OF_SCOPE
        if places not in self._covers:
            self._covers[places] = Cover(tuple(self._compiled[place] for place in places))
        return self._covers[places]

    def _wish(self, known: _Known, candidate: Candidate, kind: TargetKind, clicks: float, passed: Passed) -> Decision:
        """A rule would act: what of it is done, forbidden or waiting already, and is there anywhere to go?"""
        ground, rule, key = known.ground, passed.rule, candidate.key
        negate = rule.then.negate
        if negate is not None:
            opening = open_negative(ground, kind, key, negate, clicks)
            return _decided(passed, opening, Outcome.NEGATE)
        opening = open_targets(ground, kind, passed.keys or (key,), rule.promotes(kind), clicks)
        if opening.reason is None:
            reason, finding = missing_destination(ground, kind), None
            if reason is None:
                reason, finding = self._without_bid(known, kind, rule, candidate.history)
            if reason is not None:
                return passed.decided(Outcome.HOLD, reason, finding)
        return _decided(passed, opening, Outcome.PROMOTE)

    def _without_bid(
        self, known: _Known, kind: TargetKind, rule: Rule, history: History | None
    ) -> tuple[Reason | None, Finding | None]:
        """Why there is no bid. A bid from money waits for its window: one of a part of the days would be another."""
        usual = default_window(self._profile)
        gap = gap_in(history, usual) if takes_money(rule) else None
        if gap is not None:
            return gap
        return (None if self._has_bid(known, kind, rule, history) else Reason.NO_BID), None

    def _has_bid(self, known: _Known, kind: TargetKind, rule: Rule, history: History | None) -> bool:
        place = (rule.name, kind)
        if place not in known.bids:
            known.bids[place] = asks_amazon(rule) or promotion_bid(known.ground, kind, rule, self._rules) is not None
        if known.bids[place] or history is None:
            return known.bids[place]
        earned = Earned(history.totals(default_window(self._profile)), known.worths)
        return promotion_bid(known.ground, kind, rule, self._rules, earned=earned) is not None


def compile_rules(ruleset: RuleSet, profile: Profile) -> Judge:
    return Judge(ruleset.for_profile(profile.profile_id), profile)


def missing_destination(ground: Ground, kind: TargetKind) -> Reason | None:
    if isinstance(ground.destination, NoDestination):
        return Reason(ground.destination.reason)
    return Reason.NO_DESTINATION if destination_of(ground, kind) is None else None


def asks_amazon(rule: Rule) -> bool:
    """Whether its bid is one that Amazon suggests: known only once the plan's items are."""
    return rule.then.promote is not None and rule.then.promote.bid.suggested is not None


def takes_money(rule: Rule) -> bool:
    """Whether its bid depends on what the term itself has cost and sold."""
    return rule.then.promote is not None and rule.then.promote.bid.of_money


def promotion_bid(
    ground: Ground,
    kind: TargetKind,
    rule: Rule,
    rules: ProfileRules,
    suggestion: Suggestion | None = None,
    earned: Earned | None = None,
) -> StartingBid | None:
    promote, destination = rule.then.promote, ground.destination
    if promote is None or isinstance(destination, NoDestination):
        return None
    return starting_bid(promote.bid, destination, kind, ground.account.profile, rules, suggestion, earned)


def _about(candidate: Candidate) -> About | None:
    if candidate.catalog is None and candidate.reached is None:
        return None
    advertised = tuple(each.strip().upper() for each in candidate.row.advertised)
    return About(candidate.key, advertised, candidate.ground.account.own_asins, candidate.catalog or {})


def _decided(passed: Passed, opening: Opening, outcome: Outcome) -> Decision:
    if opening.reason is not None:
        return passed.decided(Outcome.SKIP, opening.reason, opening.finding)
    return passed.decided(outcome, passed.rule.name, opening.finding)


def _skip(reason: Reason, finding: Finding) -> Decision:
    return Decision(Outcome.SKIP, reason, "", _text([finding]))


def _text(findings: list[Finding]) -> str:
    return _json.encode(findings).decode()


def _with(findings: str, more: Finding) -> str:
    """A rule without evidence asks nothing."""
    comma = "," if len(findings) > len("[]") else ""
    return f"{findings[:-1]}{comma}{_json.encode(more).decode()}]"
