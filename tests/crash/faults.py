"""Faults that a round orders call by call."""

from collections.abc import Callable

import msgspec

from harvester.sandbox.fault_rules import Action, FaultBook, Rule, load_rules
from tests.crash.agreement import CHANGES

Decide = Callable[[int, str], Action | None]
"""The how manieth call that changes the account (0: it only reads), and its path."""


def rules(*found: object) -> tuple[Rule, ...]:
    return load_rules(msgspec.json.encode(found))


class Trouble(FaultBook):
    """Asked about every call until the round is over."""

    def __init__(self, decide: Decide) -> None:
        self._decide: Decide | None = decide
        self._changes = 0
        self.fired = 0
        super().__init__((), 1)

    def replace(self, rules: tuple[Rule, ...]) -> None:
        if hasattr(self, "rules"):
            self._decide = None
        super().replace(rules)

    def action_for(self, method: str, path: str, profile: str | None, body: str) -> Action:
        changes = path in CHANGES
        self._changes += changes
        action = self._decide(self._changes if changes else 0, path) if self._decide else None
        if action is None:
            return super().action_for(method, path, profile, body)
        self.fired += 1
        return action


def at_change(nth: int, action: Action) -> Trouble:
    return Trouble(lambda number, _path: action if number == nth else None)
