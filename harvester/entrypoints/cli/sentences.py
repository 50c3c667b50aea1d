"""Rows of the ledger in words."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from harvester.domain.decision import Decision, Finding, Outcome
from harvester.domain.retention import Horizon
from harvester.rules import explain

_NO_NAMES: explain.Names = {}


def decision_of(row: Mapping[str, Any]) -> Decision:
    """A row of ledger.decisions as the decision it was."""
    findings = [
        Finding(each["rule"], each["check"], each["measured"], each["bound"], each["passed"], each.get("group") or "")
        for each in row["findings"]
    ]
    return Decision(Outcome(row["outcome"]), row["reason"], row["rule"], msgspec.json.encode(findings).decode())


def ad_groups_in(rows: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """Profile and id of those that the findings of these rows speak of."""
    return {
        (row["profile_id"], each)
        for row in rows
        for each in explain.ad_groups_in(explain.findings_of(decision_of(row)))
    }


def ad_group_named(ad_group: str, campaign: str) -> str:
    return f"“{ad_group}” of campaign “{campaign}”"


def in_short(row: Mapping[str, Any], names: explain.Names = _NO_NAMES) -> str:
    """What is missing, or what stands in the way, on one line."""
    metrics = row["metrics"]
    return explain.short(decision_of(row), metrics.get("clicks"), metrics.get("conversions"), names)


def at_length(row: Mapping[str, Any], names: explain.Names = _NO_NAMES) -> Sequence[str]:
    metrics = row["metrics"]
    return explain.long(decision_of(row), metrics.get("clicks"), metrics.get("conversions"), names)


def horizon(found: Horizon) -> str:
    """What is not there any more."""
    return (
        f"History before {found.before:%Y-%m-%d} was dropped on {found.dropped_at:%Y-%m-%d} by retention, "
        "but for what actions refer to."
    )


def reason(code: str) -> str:
    """`not_proven` in words."""
    return explain.describe(code)
