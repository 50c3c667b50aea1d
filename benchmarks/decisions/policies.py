"""Policies under test: the rules file that ships, what it could say instead, and what others publish."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / "docs" / "published-rules"
SHIPPED, TWO_ORDERS, FORMER = "recommended", "recommended, with two orders", "formerly recommended"

Rules = Sequence[Mapping[str, object]]


class Policy(NamedTuple):
    """Files are read in their order, as one rules file; the first rule that passes decides."""

    name: str
    files: tuple[Path, ...]
    spares_what_sold: bool = False
    """Ours hold a negative of a term that ever sold; those published say nothing of it."""
    every_days: int = 7
    changes: tuple[tuple[str, str], ...] = ()
    """Of the files' text: what stands there, and what is to stand there."""

    @property
    def rules(self) -> Rules:
        return [rule for file in self.files for rule in _rules_in(file, self.changes)]


def _rules_in(file: Path, changes: Sequence[tuple[str, str]]) -> Rules:
    text = file.read_text(encoding="utf-8")
    rules: Rules = yaml.safe_load(text)["rules"]
    for before, after in changes:
        text, unchanged = text.replace(before, after), rules
        rules = yaml.safe_load(text)["rules"]
        if rules == unchanged:
            raise ValueError(f"{file.name}: there is no `{before}` to change")
    return rules


def published(file: str) -> Path:
    return FOLDER / f"{file}.yaml"


def ours(name: str, *changes: tuple[str, str], every_days: int = 7) -> Policy:
    """The file that ships, read where it ships from, with what is changed in it."""
    return Policy(name, (published(SHIPPED),), spares_what_sold=True, every_days=every_days, changes=changes)


def negating(file: str) -> Policy:
    """Negatives as published, with the promotions that most agree on."""
    return Policy(file, (published("promote-consensus"), published(file)))


def promoting(file: str) -> Policy:
    """Promotions as published, with the negatives that most agree on."""
    return Policy(file, (published(file), published("negate-consensus")))


POLICIES = (
    ours(SHIPPED),
    ours(TWO_ORDERS, ("orders: {at_least: 1}", "orders: {at_least: 2}")),
    ours("recommended, without the target ACOS bid", ("target_acos: true, ", "")),
    ours("recommended, over 60 days", (", window: 12w", "")),
    ours("recommended, at 1x target cost", ("2x target_cost", "1x target_cost")),
    ours("recommended, at 3x target cost", ("2x target_cost", "3x target_cost")),
    ours("recommended, by 3x expected clicks", ("spend: {at_least: 2x target_cost", "clicks: {at_least: 3x expected")),
    Policy(FORMER, (HERE / "formerly-recommended.yaml",), spares_what_sold=True),
    Policy("never negate", (published("promote-consensus"),)),
    negating("negate-consensus"),
    negating("negate-twenty-clicks"),
    negating("negate-ten-clicks"),
    negating("negate-thirty-clicks"),
    negating("negate-target-cost"),
    negating("negate-ten-dollars"),
    negating("negate-two-of-three"),
    negating("negate-rule-of-three"),
    promoting("promote-two-orders-half-acos"),
    promoting("promote-ten-clicks"),
    promoting("promote-every-order"),
)
