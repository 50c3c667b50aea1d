"""Regular expressions that no keyword can keep busy: read into parts, and asked in the way that is sure to end."""

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from harvester.rules.automaton import Alternatives, Atom, Automaton, Edge, Part, Repeat, Sequence, size_of

MOST_STEPS = 1_000_000
"""What Python's engine may take for one keyword at worst: some milliseconds."""
_MOST_PARTS = 1000
_DEEPEST = 30
_MOST_WAYS = 10**6

_TOKEN = re.compile(
    r"(?P<back>\\[1-9]|\(\?P=)"
    r"|(?P<around>\(\?(?:<?[=!]|>|\())"
    r"|(?P<comment>\(\?\#[^)]*\))"
    r"|(?P<flags>\(\?[a-zA-Z-]+\))"
    r"|(?P<open>\((?:\?(?:P<[^>]*>|(?P<inner>[a-zA-Z-]*):))?)"
    r"|(?P<close>\))|(?P<bar>\|)"
    r"|(?P<edge>[\^$]|\\[bBAZz])"
    r"|(?P<repeat>[*+?]|\{(?!\})(?P<least>\d*)(?P<most>,\d*)?\})(?P<mode>[+?]?)"
    r"|(?P<atom>\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|0[0-7]{0,2}|.)"
    r"|\[\^?\]?(?:\\.|[^\]\\])*\]|.)",
    re.DOTALL,
)
_HARMLESS_FLAGS = frozenset("imsu")
"""Case is folded anyway, and a keyword is one line."""


class Unanswerable(ValueError):
    """A pattern that cannot be asked, or not within bounded time; its text says why."""


@dataclass(frozen=True, slots=True)
class _Ways:
    """In how many ways a part fits a text, at most: `constant` times its length to the power of `degree`."""

    constant: int = 1
    degree: int = 0


class Pattern:
    """One expression, in any case: Python's own engine answers where its worst case is short, else an automaton."""

    __slots__ = ("_automaton", "_quick", "_ways")

    def __init__(self, pattern: str) -> None:
        """Raises Unanswerable."""
        self._quick = _compiled(pattern)
        whole = _Reader(pattern).whole()
        if size_of(whole, _MOST_PARTS) > _MOST_PARTS:
            raise Unanswerable("repeats too much; a keyword has at most 80 characters")
        self._ways = _ways(whole)
        self._automaton: Callable[[str], bool] = Automaton(whole)

    def found_in(self, text: str) -> bool:
        """Whether it fits anywhere in a folded keyword."""
        ways, length = self._ways, len(text) + 1
        if ways is not None and ways.constant * length ** (ways.degree + 2) <= MOST_STEPS:
            return self._quick.search(text) is not None
        return self._automaton(text)


def _compiled(pattern: str) -> "re.Pattern[str]":
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return re.compile(pattern, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        raise Unanswerable(f"is no regular expression: {error}") from None
    except Warning as warning:
        raise Unanswerable(f"may mean two things ({str(warning).lower()}); write the sign with a backslash") from None


class _Reader:
    """Of an expression that Python takes."""

    def __init__(self, pattern: str) -> None:
        self._tokens = list(_TOKEN.finditer(pattern))
        self._next = 0
        self._depth = 0

    def whole(self) -> Part:
        return self._alternatives()

    def _alternatives(self) -> Part:
        branches: list[Part] = []
        while True:
            branches.append(self._sequence())
            if self._next >= len(self._tokens) or not self._tokens[self._next]["bar"]:
                return branches[0] if len(branches) == 1 else Alternatives(tuple(branches))
            self._next += 1

    def _sequence(self) -> Part:
        parts: list[Part] = []
        while self._next < len(self._tokens):
            token = self._tokens[self._next]
            if token["bar"] or token["close"]:
                break
            self._next += 1
            if token["repeat"]:
                parts[-1] = _repeated(parts[-1], token)
            elif part := self._part(token):
                parts.append(part)
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _part(self, token: "re.Match[str]") -> Part | None:
        _demand_bounded(token)
        if token["comment"] or token["flags"]:
            return None
        if token["open"]:
            self._depth += 1
            if self._depth > _DEEPEST:
                raise Unanswerable(f"nests groups more than {_DEEPEST} deep")
            inside = self._alternatives()
            self._next += 1
            self._depth -= 1
            return inside
        return Edge(token[0]) if token["edge"] else Atom(token[0])


def _demand_bounded(token: "re.Match[str]") -> None:
    if token["back"]:
        raise Unanswerable(f"refers back with {token[0]}: write out what is meant")
    if token["around"]:
        raise Unanswerable(f"looks around with {token[0]}: write out what is meant")
    flags = (token["flags"] or "").strip("(?)") + (token["inner"] or "")
    if set(flags) - _HARMLESS_FLAGS:
        raise Unanswerable(f"sets {token[0]}: only (?i) may be set, and holds anyway")


def _repeated(part: Part, token: "re.Match[str]") -> Part:
    if token["mode"] == "+":
        raise Unanswerable(f"keeps what it took with {token[0]}: leave the last + out")
    if token["least"] is None:
        least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[token["repeat"]]
    else:
        least = int(token["least"] or 0)
        bound = token["most"]
        most = least if bound is None else int(bound[1:]) if bound[1:] else None
    return Repeat(part, least, most)


def _ways(part: Part) -> _Ways | None:
    """None: more than anybody counts."""
    match part:
        case Atom() | Edge():
            return _Ways()
        case Sequence(parts):
            return _product([_ways(each) for each in parts])
        case Alternatives(branches):
            each_way = [_ways(branch) for branch in branches]
            known = [ways for ways in each_way if ways is not None]
            if len(known) < len(each_way):
                return None
            return _Ways(sum(ways.constant for ways in known), max(ways.degree for ways in known))
        case _:
            return _ways_of_repeat(_ways(part.part), part.least, part.most)


def _ways_of_repeat(once: _Ways | None, least: int, most: int | None) -> _Ways | None:
    if once == _Ways():
        return _Ways(1, 1) if most is None else _Ways(most - least + 1)
    if once is None or most is None:
        return None
    product = _product([once] * most)
    return None if product is None else _Ways((most - least + 1) * product.constant, product.degree)


def _product(parts: "list[_Ways | None]") -> _Ways | None:
    constant = 1
    degree = 0
    for ways in parts:
        if ways is None or constant > _MOST_WAYS:
            return None
        constant, degree = constant * ways.constant, degree + ways.degree
    return _Ways(constant, degree)
