"""How often a rule was wrong: shares with their intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from harvester.rules.checks.evidence import wilson

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Share:
    """So many of those whose verdict is known."""

    regretted: int = 0
    matured: int = 0

    @property
    def rate(self) -> float | None:
        return self.regretted / self.matured if self.matured else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Both ends of the two-sided 95 % Wilson interval."""
        return wilson(self.regretted / self.matured, self.matured, CONFIDENCE) if self.matured else None

    def plus(self, other: "Share") -> "Share":
        return Share(self.regretted + other.regretted, self.matured + other.matured)


@dataclass(slots=True)
class Score:
    rule: str
    actions: int = 0
    matured: int = 0
    good: int = 0
    neutral: int = 0
    regretted: int = 0
    false_negatives: Share = field(default_factory=Share)
    """Of its negatives."""
    false_promotions: Share = field(default_factory=Share)
    money: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    """By currency: saved or earned, and lost."""


def scores(counted: Sequence[Mapping[str, Any]]) -> Sequence[Score]:
    """Of rows by rule, by what it does and by currency; the rules in their order."""
    found: dict[str, Score] = {}
    for row in counted:
        score = found.setdefault(row["rule"], Score(row["rule"]))
        score.actions += row["actions"]
        score.matured += row["matured"]
        score.good += row["good"]
        score.neutral += row["neutral"]
        score.regretted += row["regretted"]
        share = Share(row["regretted"], row["matured"])
        if row["does"] == "negate":
            score.false_negatives = score.false_negatives.plus(share)
        else:
            score.false_promotions = score.false_promotions.plus(share)
        saved, lost = score.money.get(row["currency"], (Decimal(0), Decimal(0)))
        score.money[row["currency"]] = (saved + Decimal(row["saved"]), lost + Decimal(row["lost"]))
    return list(found.values())
