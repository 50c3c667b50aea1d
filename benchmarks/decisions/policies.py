"""Policies under test: the rules file that ships, what it could say instead, and what others publish."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / "docs" / "published-rules"
SHIPPED, TWO_ORDERS, FORMER = "recommended", "recommended, with two orders", "formerly recommended"
EARLIER = "recommended, without prior orders, at 2x target cost"

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


def ours(name: str, *changes: tuple[str, str], files: tuple[Path, ...] = (), every_days: int = 7) -> Policy:
    """The file that ships, read where it ships from, with what is changed in it, or with more files behind it."""
    return Policy(name, (published(SHIPPED), *files), spares_what_sold=True, every_days=every_days, changes=changes)


def negating(file: str) -> Policy:
    """Negatives as published, with the promotions that most agree on."""
    return Policy(file, (published("promote-consensus"), published(file)))


def promoting(file: str) -> Policy:
    """Promotions as published, with the negatives that most agree on."""
    return Policy(file, (published(file), published("negate-consensus")))


_COST = "1.75x target_cost"
POLICIES = (
    ours(SHIPPED),
    ours(TWO_ORDERS, ("orders: {at_least: 1}", "orders: {at_least: 2}")),
    ours("recommended, without the target ACOS bid", ("target_acos: true, prior_orders: 1, ", "")),
    ours("recommended, without prior orders", ("prior_orders: 1, ", "")),
    ours("recommended, over 60 days", (", window: 12w", "")),
    *(ours(f"recommended, at {each}x target cost", (_COST, f"{each}x target_cost")) for each in (1, 2, 3)),
    ours("recommended, by 3x expected clicks", (f"spend: {{at_least: {_COST}", "clicks: {at_least: 3x expected")),
    ours("recommended, and half a year", files=(HERE / "over-half-a-year.yaml",)),
    ours(EARLIER, ("prior_orders: 1, ", ""), (_COST, "2x target_cost")),
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
