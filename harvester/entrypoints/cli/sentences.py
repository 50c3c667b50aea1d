"""Rows of the ledger in words."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from harvester.domain.decision import Decision, Finding, Outcome
from harvester.domain.retention import Horizon
from harvester.rules import explain


def decision_of(row: Mapping[str, Any]) -> Decision:
    """A row of ledger.decisions as the decision it was."""
    findings = [
        Finding(each["rule"], each["check"], each["measured"], each["bound"], each["passed"], each.get("group") or "")
        for each in row["findings"]
    ]
    return Decision(Outcome(row["outcome"]), row["reason"], row["rule"], msgspec.json.encode(findings).decode())


def in_short(row: Mapping[str, Any]) -> str:
    """What is missing, or what stands in the way, on one line."""
    metrics = row["metrics"]
    return explain.short(decision_of(row), metrics.get("clicks"), metrics.get("conversions"))


def at_length(row: Mapping[str, Any]) -> Sequence[str]:
    metrics = row["metrics"]
    return explain.long(decision_of(row), metrics.get("clicks"), metrics.get("conversions"))


def horizon(found: Horizon) -> str:
    """What is not there any more."""
    return (
        f"History before {found.before:%Y-%m-%d} was dropped on {found.dropped_at:%Y-%m-%d} by retention, "
        "but for what actions refer to."
    )


def reason(code: str) -> str:
    """`not_proven` in words."""
    return explain.describe(code)
