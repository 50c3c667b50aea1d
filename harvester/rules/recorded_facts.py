"""Candidates out of what the ledger recorded: the facts beside the evidence as they were then, or as assumed."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from harvester.domain.action import effect_of
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
from harvester.domain.decision import Finding, Outcome, Reason
from harvester.domain.ids import Effect
from harvester.domain.profile import AdGroup, Campaign, Profile
from harvester.domain.recorded import RecordedRow
from harvester.domain.target import Level, Match, TargetKind, kind_of
from harvester.rules.checks.overlap import negative_kind, negative_place, promotion_kind
from harvester.rules.recorded_history import history_of, windows_noted

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_SOME_BID = "1.00"
_GOAL = "destination"
_OVERLAP = '"overlap.'
_MOST_GROUNDS = 8192
_findings = msgspec.json.Decoder(list[Finding])
_STANDINGS = {f"overlap.{each}": each for each in EffectStanding}


class Assumption(StrEnum):
    """What nobody looked up when the row was recorded, so that both sides take it for granted."""

    DESTINATION = "destination"
    """That there is one, with a default bid."""
    NOTHING_STANDS = "nothing_stands"
    """That no target or negative of the account and no earlier plan stands in the way."""


WISHED = frozenset(
    {
        Reason.ALREADY_TARGETED,
        Reason.ALREADY_NEGATIVE,
        Reason.ALREADY_PLANNED,
        Reason.COOLING_DOWN,
        Reason.DECLINED_BEFORE,
        Reason.NO_DESTINATION,
        Reason.AMBIGUOUS_DESTINATION,
        Reason.NO_BID,
    }
)
"""Reasons that are given once a rule would act: what stood in the way was looked up."""
_NOWHERE = frozenset({Reason.NO_DESTINATION, Reason.AMBIGUOUS_DESTINATION})


def assumed(recorded: RecordedRow, wanted: Outcome) -> tuple[Assumption, ...]:
    """What a decision takes for granted that nobody looked up then."""
    then = recorded.decision
    if then.outcome is wanted or wanted not in (Outcome.PROMOTE, Outcome.NEGATE):
        return ()
    if wanted is Outcome.NEGATE:
        return (Assumption.NOTHING_STANDS,)
    return () if then.reason in WISHED else (Assumption.DESTINATION, Assumption.NOTHING_STANDS)


class RecordedFacts:
    """Of one profile. Rows that nothing was found out about share their ground, ad group by ad group."""

    def __init__(self, profile: Profile, own_asins: Collection[str]) -> None:
        self._profile = profile
        self._account = AccountFacts(profile, frozenset(own_asins), {}, _LONG_AGO)
        self._grounds: dict[tuple[str, str | None, str | None], Ground] = {}

    def candidate(self, recorded: RecordedRow) -> Candidate:
        kind, then = kind_of(recorded.row.target_type), recorded.decision
        ground = self._plain(recorded)
        if kind is not None and (then.reason in WISHED or _OVERLAP in then.findings):
            ground = _as_recorded(ground, recorded, kind)
        windows = windows_noted(recorded.row)
        history = history_of(recorded, windows) if windows else None
        return Candidate(recorded.row, ground, kind, recorded.key, history=history)

    def _plain(self, recorded: RecordedRow) -> Ground:
        row = recorded.row
        key = (row.ad_group_id, recorded.campaign_name, recorded.ad_group_name)
        ground = self._grounds.get(key)
        if ground is None:
            if len(self._grounds) >= _MOST_GROUNDS:
                self._grounds.clear()
            place = Place(
                Campaign(row.campaign_id, recorded.campaign_name or "", "AUTO", "ENABLED"),
                AdGroup(row.ad_group_id, row.campaign_id, recorded.ad_group_name or "", "ENABLED"),
            )
            ground = self._grounds[key] = Ground(self._account, place, _somewhere(_SOME_BID), {})
        return ground


def _somewhere(default_bid: str | None) -> Destination:
    goal = Place(
        Campaign(_GOAL, "", "MANUAL", "ENABLED"), AdGroup(_GOAL, _GOAL, "", "ENABLED", default_bid=default_bid)
    )
    return Destination(_GOAL, goal, goal)


def _as_recorded(plain: Ground, recorded: RecordedRow, kind: TargetKind) -> Ground:
    """With what the findings name: it stood in the way of the rules of then, and stands in the way of any other."""
    key, reason = recorded.key, recorded.decision.reason
    destination: Destination | NoDestination = plain.destination
    if reason in _NOWHERE:
        destination = NoDestination(reason, "")
    elif reason == Reason.NO_BID:
        destination = _somewhere(None)
    standing: dict[tuple[str, Match], str] = {}
    at_source, at_destination = Negatives(), Negatives()
    effects: dict[Effect, EffectRecord] = {}
    for finding in _findings.decode(recorded.decision.findings):
        if not finding.check.startswith(_OVERLAP[1:]):
            continue
        what, match = str(finding.measured), Match(str(finding.bound))
        if finding.check == "overlap.targeted":
            standing[key, match] = what
        elif finding.check == "overlap.negative_at_source":
            at_source.add(kind, match, key, what)
        elif finding.check == "overlap.negative_at_destination":
            at_destination.add(kind, match, key, what)
        elif finding.check in _STANDINGS:
            record = EffectRecord(_STANDINGS[finding.check], what, _LONG_AGO)
            effects |= dict.fromkeys(_effects(plain, kind, key, match), record)
    account = plain.account
    return Ground(
        account=AccountFacts(account.profile, account.own_asins, effects, account.now),
        source=plain.source,
        destination=destination,
        standing=standing,
        source_negatives=at_source,
        source_campaign_negatives=at_source,
        destination_negatives={kind: at_destination},
    )


def _effects(plain: Ground, kind: TargetKind, key: str, match: Match) -> Mapping[Effect, None]:
    """Of both directions: the findings do not say which of them the plan was for."""
    places = (negative_place(plain, level) for level in Level)
    negatives = [effect_of(negative_kind(kind), place, key, match) for place in places]
    return dict.fromkeys([effect_of(promotion_kind(kind), _GOAL, key, match), *negatives])
