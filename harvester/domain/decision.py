"""Exactly one decision per candidate and run."""

from enum import StrEnum

import msgspec

from harvester.domain.recommendation import PROMOTION


class Outcome(StrEnum):
    PROMOTE = "promote"
    NEGATE = "negate"
    HOLD = "hold"
    SKIP = "skip"


class Reason(StrEnum):
    """Why nothing is done. For `promote` and `negate` the reason is the rule's name."""

    MALFORMED = "malformed"
    UNSUPPORTED_TYPE = "unsupported_type"
    UNREADABLE_EVIDENCE = "unreadable_evidence"
    PROTECTED = "protected"
    OWN_PRODUCT = "own_product"
    DUPLICATE = "duplicate"
    OUT_OF_SCOPE = "out_of_scope"
    NOT_PROVEN = "not_proven"
    ALREADY_TARGETED = "already_targeted"
    ALREADY_NEGATIVE = "already_negative"
    ALREADY_PLANNED = "already_planned"
    COOLING_DOWN = "cooling_down"
    DECLINED_BEFORE = "declined_before"
    NO_DESTINATION = "no_destination"
    AMBIGUOUS_DESTINATION = "ambiguous_destination"
    NO_BID = "no_bid"
    MISSING_FACTS = "missing_facts"
    MISSING_DAYS = "missing_days"
    IMMATURE_WINDOW = "immature_window"
    EVER_CONVERTED = "ever_converted"
    VARIANT_OF_POSITIVE = "variant_of_positive"


class Finding(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One check that was asked. Stored as a JSON array in this order; sentences are made when it is read."""

    rule: str
    """Empty for what is asked before any rule (malformed, protected ...)."""
    check: str
    """`clicks.at_least`, `conversion_rate.at_least`, `protect.keywords`, `overlap.targeted` ..."""
    measured: float | str | None
    bound: float | str | None
    passed: bool
    group: str = ""
    """Where it stands below `all`: `any1`, `any1.not2` ...; empty at the top."""


class Decision(msgspec.Struct, frozen=True, gc=False):
    """`findings` is the JSON text of a list of `Finding`s, in the order they were asked."""

    outcome: Outcome
    reason: str
    rule: str
    """The rule that decided; empty where none did."""
    findings: str


class DecidedRow(msgspec.Struct, frozen=True, gc=False):
    """A recorded decision as the planner reads it back. `place` is its place in the run, from 0."""

    place: int
    campaign_id: str
    ad_group_id: str
    ad_id: str
    ad_asin: str
    target: str
    key: str
    target_type: str
    clicks: float | None
    conversions: float | None
    outcome: Outcome
    reason: str
    rule: str
    source: str = PROMOTION
    evidence_note: str | None = None
