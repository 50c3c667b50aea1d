"""The sandbox's own routes below /_sandbox/: state, requests, faults, edits, rate, clock, tokens, reset."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from harvester.sandbox.edits import apply_edit, edit_from
from harvester.sandbox.fault_rules import load_rules
from harvester.sandbox.state import state_of
from harvester.sandbox.wire import Answer, Json, json_answer

if TYPE_CHECKING:
    from harvester.sandbox.sandbox import Sandbox

PREFIX = "/_sandbox/"


@dataclass(frozen=True, slots=True)
class Wish:
    sandbox: "Sandbox"
    query: Mapping[str, str]
    body: bytes


def answer(method: str, path: str, wish: Wish) -> Answer:
    control = _CONTROLS.get((method, path.removeprefix(PREFIX)))
    if control is None:
        known = ", ".join(f"{known_method} {PREFIX}{name}" for known_method, name in _CONTROLS)
        return json_answer({"error": f"No such route; there are {known}"}, 404)
    try:
        return json_answer(control(wish))
    except (ValueError, KeyError, TypeError) as error:
        return json_answer({"error": f"{type(error).__name__}: {error}"}, 400)


def _state(wish: Wish) -> Json:
    return state_of(wish.sandbox.world, wish.query.get("profile"), wish.sandbox.clock.now())


def _requests(wish: Wish) -> Json:
    wanted = {name: wish.query[name] for name in ("method", "path", "profile") if name in wish.query}
    journal = wish.sandbox.journal
    return {"total": journal.total, "requests": journal.select(int(wish.query.get("since", "0")), wanted)}


def _faults(wish: Wish) -> Json:
    return {"faults": wish.sandbox.faults.rules}


def _set_faults(wish: Wish) -> Json:
    wish.sandbox.faults.replace(load_rules(wish.body or b"[]"))
    return _faults(wish)


def _edit(wish: Wish) -> Json:
    world = wish.sandbox.world
    edit = edit_from(wish.body)
    if edit.profile not in world.profiles:
        raise ValueError(f"There is no profile {edit.profile}")
    return {"edited": apply_edit(world.market(edit.profile), edit, wish.sandbox.clock.now())}


def _rate(wish: Wish) -> Json:
    """Body: {"rate": requests per second and host}, 0 = no limit."""
    wish.sandbox.buckets.set_rate(float(msgspec.json.decode(wish.body)["rate"]))
    return {"rate": wish.sandbox.buckets.rate}


def _advance(wish: Wish) -> Json:
    """Body: {"advance_seconds": n} or {"advance_days": n}. Tokens age, days and lags pass; nothing waits."""
    body = msgspec.json.decode(wish.body)
    seconds = float(body["advance_days"]) * 86_400 if "advance_days" in body else float(body["advance_seconds"])
    wish.sandbox.clock.advance(seconds)
    return {"advanced_seconds": seconds}


def _expire(wish: Wish) -> Json:
    wish.sandbox.logins.expire_all()
    return {"expired": True}


def _reset(wish: Wish) -> Json:
    """Everything as at the start: markets, journal, tokens, counters; the faults are those of the start."""
    wish.sandbox.begin()
    return {"reset": True}


_CONTROLS: dict[tuple[str, str], Callable[[Wish], Json]] = {
    ("GET", "state"): _state,
    ("GET", "requests"): _requests,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _set_faults,
    ("POST", "edit"): _edit,
    ("POST", "rate"): _rate,
    ("POST", "clock"): _advance,
    ("POST", "expire"): _expire,
    ("POST", "reset"): _reset,
}
