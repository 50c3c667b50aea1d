"""Fault rules: which requests go wrong, and how."""

import random
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from harvester.sandbox.edits import Edit


class Match(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """All that is given must hold. `path` and `body` are shell patterns; `nth`, `every`, `skip`, `times` and
    `probability` look at the requests that the rest let through.
    """

    method: str | None = None
    path: str = "*"
    profile: str | None = None
    body: str | None = None
    nth: int | list[int] | None = None
    every: int | None = None
    skip: int = 0
    times: int | None = None
    probability: float | None = None


class ItemFault(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What becomes of single items of a bulk call. `indexes` counts from 0; `every` n takes 0, n, 2n ...

    `answer`: `throttledError`, `internalServerError`, or `missing` (in neither list). `done`: whether the item's work
    is done all the same.
    """

    answer: str
    indexes: list[int] = []
    every: int | None = None
    done: bool = False

    def hits(self, index: int) -> bool:
        return index in self.indexes or (self.every is not None and index % self.every == 0)


class SetField(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Puts `value` into `field` of every `every`th row of the answer, wherever rows lie."""

    field: str
    value: Any
    every: int = 1


class ReportFault(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What becomes of a report. Of the request that asks for it: `status` it ends in (or stays in), `reason` of a
    failure, `seconds` until then. Of the one that shows it: whether its address has `expired`. Of the download: the
    file ends after a share of it (`truncate`); every `every`th row has fields `set`, is `raw` text, or
    comes `twice`.
    """

    status: str | None = None
    reason: str = "Internal server error"
    seconds: float | None = None
    expired: bool = False
    truncate: float | None = None
    every: int = 1
    set: dict[str, Any] = {}
    raw: str | None = None
    twice: bool = False


class Action(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """See docs/sandbox.md, "Faults"."""

    delay_seconds: float = 0.0
    hang_seconds: float = 0.0
    edit: Edit | None = None
    expire_tokens: bool = False
    lwa_error: str | None = None
    status: int | None = None
    form: str = "json"
    text: str | None = None
    headers: dict[str, str] = {}
    after_work: bool = False
    drop: str | None = None
    cut: float | None = None
    repeat_token: bool = False
    repeat_rows: bool = False
    empty_page: bool = False
    lag_seconds: float = 0.0
    set_field: SetField | None = None
    items: ItemFault | None = None
    plain_json: bool = False
    report: ReportFault | None = None


class Rule(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    action: Action
    match: Match = Match()
    seen: int = 0
    fired: int = 0


def load_rules(text: bytes) -> tuple[Rule, ...]:
    """Raises ValueError with the place and what is wrong."""
    try:
        rules = msgspec.json.decode(text, type=list[Rule])
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error
    for place, rule in enumerate(rules):
        _check(rule, place)
    return tuple(rules)


_FORMS = {"json", "message", "html", "text", "empty"}
_DROPS = {"before", "after"}
_REPORT_STATUSES = {"PENDING", "PROCESSING", "FAILED"}
_ITEM_ANSWERS = {"throttledError", "internalServerError", "missing"}
_LWA_ERRORS = {"invalid_grant", "invalid_client", "unauthorized_client", "server_error"}


def _check(rule: Rule, place: int) -> None:
    action = rule.action
    for name, value, allowed in (
        ("form", action.form, _FORMS),
        ("drop", action.drop, _DROPS),
        ("lwa_error", action.lwa_error, _LWA_ERRORS),
        ("report.status", action.report and action.report.status, _REPORT_STATUSES),
        ("items.answer", action.items and action.items.answer, _ITEM_ANSWERS),
    ):
        if value is not None and value not in allowed:
            raise ValueError(f"$[{place}].action.{name}: {value!r} is none of {', '.join(sorted(allowed))}")
    if action.cut is not None and not 0 <= action.cut < 1:
        raise ValueError(f"$[{place}].action.cut: the share of the body that still arrives, from 0 to below 1")


class FaultBook:
    """The rules in force. Every request is shown to every rule, in order; of what several say, the first wins."""

    def __init__(self, rules: tuple[Rule, ...], seed: int) -> None:
        self._seed = seed
        self.replace(rules)

    def replace(self, rules: tuple[Rule, ...]) -> None:
        """Counting starts anew, also for a rule that was there before."""
        self.rules = tuple(msgspec.structs.replace(rule, seen=0, fired=0) for rule in rules)
        self._dice = random.Random(f"faults {self._seed}")

    def action_for(self, method: str, path: str, profile: str | None, body: str) -> Action:
        merged = Action()
        for rule in self.rules:
            if _concerns(rule.match, method, path, profile, body) and self._fires(rule):
                merged = _merge(merged, rule.action)
        return merged

    def _fires(self, rule: Rule) -> bool:
        match = rule.match
        rule.seen += 1
        turn = rule.seen - match.skip
        if turn < 1 or (match.times is not None and rule.fired >= match.times):
            return False
        turns = [match.nth] if isinstance(match.nth, int) else match.nth
        if turns is not None and turn not in turns:
            return False
        if match.every is not None and turn % match.every:
            return False
        if match.probability is not None and self._dice.random() >= match.probability:
            return False
        rule.fired += 1
        return True


def _concerns(match: Match, method: str, path: str, profile: str | None, body: str) -> bool:
    return (
        (match.method is None or match.method.upper() == method)
        and fnmatchcase(path, match.path)
        and (match.profile is None or match.profile == profile)
        and (match.body is None or fnmatchcase(body, match.body))
    )


_NOTHING = Action()


def _merge(first: Action, second: Action) -> Action:
    changes = {
        name: getattr(second, name)
        for name in Action.__struct_fields__
        if getattr(first, name) == getattr(_NOTHING, name) and getattr(second, name) != getattr(_NOTHING, name)
    }
    return msgspec.structs.replace(first, **changes) if changes else first
