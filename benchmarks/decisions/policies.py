"""Policies under test: rules files of this project's docs, and two that know more or do less."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / "docs" / "published-rules"
SHIPPED, PROPOSED = "recommended", "proposed"

Rules = Sequence[Mapping[str, object]]


class Policy(NamedTuple):
    """Files are read in their order, as one rules file; the first rule that passes decides."""

    name: str
    files: tuple[str, ...]
    spares_what_sold: bool = False
    """Ours hold a negative of a term that ever sold; those published say nothing of it."""
    every_days: int = 7
    changes: tuple[tuple[str, str], ...] = ()
    """Of the files' text: what stands there, and what is to stand there."""

    @property
    def rules(self) -> Rules:
        return [rule for file in self.files for rule in _rules_in(file, self.changes)]


def _rules_in(file: str, changes: Sequence[tuple[str, str]]) -> Rules:
    folder = HERE if file == PROPOSED else FOLDER
    text = (folder / f"{file}.yaml").read_text(encoding="utf-8")
    for before, after in changes:
        if before not in text:
            raise ValueError(f"{file}: there is no `{before}` to change")
        text = text.replace(before, after)
    rules: Rules = yaml.safe_load(text)["rules"]
    return rules


def ours(name: str, *changes: tuple[str, str], every_days: int = 7) -> Policy:
    return Policy(name, (PROPOSED,), spares_what_sold=True, every_days=every_days, changes=changes)


def negating(file: str) -> Policy:
    """Negatives as published, with the promotions that most agree on."""
    return Policy(file, ("promote-consensus", file))


def promoting(file: str) -> Policy:
    """Promotions as published, with the negatives that most agree on."""
    return Policy(file, (file, "negate-consensus"))


POLICIES = (
    Policy(SHIPPED, (SHIPPED,), spares_what_sold=True),
    ours(PROPOSED),
    ours("proposed, two orders", ("orders: {at_least: 1}", "orders: {at_least: 2}")),
    ours("proposed, bid of the click's cost alone", ("target_acos: true, ", "")),
    ours("proposed, 60 days", (", window: 12w", "")),
    ours("proposed, 1x target cost", ("2x target_cost", "1x target_cost")),
    ours("proposed, 3x target cost", ("2x target_cost", "3x target_cost")),
    ours("proposed, 3x expected clicks", ("spend: {at_least: 2x target_cost", "clicks: {at_least: 3x expected")),
    Policy("never negate", ("promote-consensus",)),
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
