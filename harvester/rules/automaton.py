"""Finds a regular expression in a text in one walk over it: the time grows with the text, whatever the expression."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

_MOST_STATES = 2048


@dataclass(frozen=True, slots=True)
class Atom:
    """One character, or one of a set: as written."""

    source: str


@dataclass(frozen=True, slots=True)
class Edge:
    """A place between characters: `^`, `$`, `\\A`, `\\Z`, `\\b` or `\\B`."""

    source: str


@dataclass(frozen=True, slots=True)
class Sequence:
    parts: "tuple[Part, ...]"


@dataclass(frozen=True, slots=True)
class Alternatives:
    branches: "tuple[Part, ...]"


@dataclass(frozen=True, slots=True)
class Repeat:
    part: "Part"
    least: int
    most: int | None


Part: TypeAlias = Atom | Edge | Sequence | Alternatives | Repeat


def size_of(part: Part, most: int) -> int:
    """How many single steps it is when every counted repeat is written out; not counted on far beyond `most`."""
    match part:
        case Atom() | Edge():
            return 1
        case Sequence(parts) | Alternatives(parts):
            return min(sum(size_of(each, most) + 1 for each in parts), 2 * most)
        case _:
            return min((size_of(part.part, most) + 1) * max(part.least, part.most or 0, 1), 2 * most)


class _State(dict[str, "_State"]):
    """The steps that may come next, and what stood before; by the next character, the state after it."""

    __slots__ = ("before", "steps")

    def __init__(self, steps: frozenset[int], before: str) -> None:
        super().__init__()
        self.steps = steps
        self.before = before
        """Empty at the start, `w` after a letter, digit or underscore, else a blank."""


_FOUND = _State(frozenset(), "")
_END = ""
_ANYWHERE = "anywhere"


class Automaton:
    """Walks all ways at once; the states that it meets are kept, so that most characters cost one look-up."""

    def __init__(self, whole: Part) -> None:
        self._asks: dict[int, re.Pattern[str] | str] = {}
        """Step -> what the next character must fit, or what must hold between two."""
        self._next: dict[int, list[int]] = {}
        """Step -> the steps after it; 0 is the end."""
        self._fits: dict[tuple[str, str], bool] = {}
        self._first = frozenset(self._entries(whole, [0]))
        self._states: dict[tuple[frozenset[int], str], _State] = {}

    def __call__(self, text: str) -> bool:
        state = self._state(self._first, "")
        for character in text:
            following = state.get(character)
            if following is None:
                following = state[character] = self._after(state, character)
            if following is _FOUND:
                return True
            state = following
        if _END not in state:
            state[_END] = self._after(state, _END)
        return state[_END] is _FOUND

    def _entries(self, part: Part, after: list[int]) -> list[int]:
        """Lays the part out in front of the steps `after`; where to enter it."""
        match part:
            case Atom(source):
                return [self._step(re.compile(source, re.IGNORECASE), after)]
            case Edge(source):
                return [self._step(source, after)]
            case Sequence(parts):
                for each in reversed(parts):
                    after = self._entries(each, after)
                return after
            case Alternatives(branches):
                return _each_once(step for branch in branches for step in self._entries(branch, after))
            case _:
                return self._repeat(part.part, part.least, part.most, after)

    def _repeat(self, inner: Part, least: int, most: int | None, after: list[int]) -> list[int]:
        if most is None:
            loop = self._step(_ANYWHERE, after)
            self._next[loop] = _each_once((*self._entries(inner, [loop]), *after))
            after = [loop]
        else:
            for _ in range(most - least):
                after = _each_once((*self._entries(inner, after), *after))
        for _ in range(least):
            after = self._entries(inner, after)
        return after

    def _step(self, ask: "re.Pattern[str] | str", after: list[int]) -> int:
        step = len(self._asks) + 1
        self._asks[step] = ask
        self._next[step] = after
        return step

    def _state(self, steps: frozenset[int], before: str) -> _State:
        key = (steps, before)
        state = self._states.get(key)
        if state is None:
            if len(self._states) >= _MOST_STATES:
                for each in self._states.values():
                    each.clear()
                self._states.clear()
            state = self._states[key] = _State(steps, before)
        return state

    def _after(self, state: _State, character: str) -> _State:
        """The state after one more character; _END: whether the end of the text is an end of the expression."""
        reached: set[int] = set()
        seen: set[int] = set()
        waiting = list(state.steps)
        kind = _kind(character)
        while waiting:
            step = waiting.pop()
            if step in seen:
                continue
            seen.add(step)
            if step == 0:
                return _FOUND
            ask = self._asks[step]
            if not isinstance(ask, str):
                if character and self._fit(ask, character):
                    reached.update(self._next[step])
            elif _holds(ask, state.before, kind):
                waiting.extend(self._next[step])
        return self._state(frozenset(reached | self._first), kind)

    def _fit(self, atom: "re.Pattern[str]", character: str) -> bool:
        key = (atom.pattern, character)
        fits = self._fits.get(key)
        if fits is None:
            if len(self._fits) >= _MOST_STATES:
                self._fits.clear()
            fits = self._fits[key] = atom.fullmatch(character) is not None
        return fits


def _each_once(steps: Iterable[int]) -> list[int]:
    return list(dict.fromkeys(steps))


def _kind(character: str) -> str:
    if not character:
        return ""
    return "w" if character.isalnum() or character == "_" else " "


def _holds(edge: str, before: str, after: str) -> bool:
    match edge:
        case _ if edge == _ANYWHERE:
            return True
        case "^" | "\\A":
            return before == ""
        case "$" | "\\Z" | "\\z":
            return after == ""
        case "\\b":
            return (before == "w") is not (after == "w")
        case _:
            return (before == "w") is (after == "w")
