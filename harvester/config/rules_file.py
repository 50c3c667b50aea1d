"""The rules file: YAML with the line of every key, and one clear sentence for everything wrong in it."""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import yaml

from harvester.domain.errors import Misconfigured
from harvester.rules.catalog_soundness import undelivered
from harvester.rules.reading import read
from harvester.rules.ruleset import RuleSet
from harvester.rules.window_soundness import unkept
from harvester.rules.wording import Problem

_LARGEST_BYTES = 4_000_000
_DEEPEST = 40
_MOST_VALUES = 200_000
"""With every alias written out."""

_WHOLE = re.compile(r"[-+]?(0|[1-9]\d{0,30})", re.ASCII)
_DECIMAL = re.compile(r"[-+]?(0|[1-9]\d{0,30})?\.\d{1,30}", re.ASCII)
_WORDS = {"true": True, "false": False, "True": True, "False": False, "TRUE": True, "FALSE": False}
_EMPTY = frozenset({"", "~", "null", "Null", "NULL"})

Steps = tuple[str | int, ...]


class Delivered(NamedTuple):
    """What rules can ask for under the settings."""

    catalog: bool = True
    """Whether some login delivers catalog facts."""
    report_days: int | None = None
    """How long days of reports are kept; None: for ever."""


EVERYTHING = Delivered()


def load(path: Path | None, delivered: Delivered = EVERYTHING) -> RuleSet:
    """None: the built-in defaults. Raises Misconfigured, the first of what `check` finds."""
    if path is None:
        return RuleSet()
    ruleset, problems = _read(path, delivered)
    if ruleset is None:
        raise problems[0]
    return ruleset


def check(path: Path, delivered: Delivered = EVERYTHING) -> list[Misconfigured]:
    """Everything that is wrong, in the file's order; empty for a file that can be used. No rule may ask for what is not
    delivered.
    """
    return _read(path, delivered)[1]


def _read(path: Path, delivered: Delivered) -> tuple[RuleSet | None, list[Misconfigured]]:
    file = str(path)
    composed = _Composer(file)
    try:
        data = composed.compose(_text(path))
    except Misconfigured as problem:
        return None, [problem]
    ruleset, found = read(data, composed.lines.get)
    if ruleset is not None:
        found = [] if delivered.catalog else undelivered(ruleset)
        found += unkept(ruleset, delivered.report_days)
    problems = composed.problems + [
        Misconfigured(each.message, file=file, line=composed.line_near(each.path), field=each.field or None)
        for each in found
        if not any(each.path[:depth] in composed.empty for depth in range(len(each.path) + 1))
    ]
    problems.sort(key=lambda each: each.line or 0)
    return (None if problems else ruleset), problems


def _text(path: Path) -> str:
    file = str(path)
    try:
        with path.open("rb") as opened:
            raw = opened.read(_LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise Misconfigured("there is no such file", file=file) from None
    except OSError as error:
        raise Misconfigured(f"cannot be read: {error.strerror}", file=file) from None
    if len(raw) > _LARGEST_BYTES:
        raise Misconfigured(f"is over {_LARGEST_BYTES // 1_000_000} MB, too large for a rules file", file=file)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Misconfigured("is not UTF-8 text; save it as UTF-8", file=file, line=line) from None


@dataclass
class _Composer:
    """Makes plain data of YAML: no tags, no merge keys, numbers as they read in YAML 1.2, aliases bounded."""

    file: str
    lines: dict[Steps, int] = field(default_factory=dict)
    """Of each key and list item."""
    problems: list[Misconfigured] = field(default_factory=list)
    """What does not stop the reading."""
    empty: set[Steps] = field(default_factory=set)
    """Keys without a value: said once, whatever else follows from them."""
    _values: int = 0

    def compose(self, text: str) -> dict[object, object]:
        root = self._parsed(text)
        if root is None:
            raise Misconfigured("is empty; without a rules file the built-in defaults hold", file=self.file, line=1)
        data = self._value(root, (), 0)
        if not isinstance(data, dict):
            raise Misconfigured("must be a section of keys such as `rules:`", file=self.file, line=_line(root))
        return data

    def line_near(self, path: Steps) -> int:
        """Of the key at the path, or of the nearest one around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def _parsed(self, text: str) -> yaml.Node | None:
        try:
            return yaml.compose(text, Loader=yaml.BaseLoader)
        except RecursionError:
            raise Misconfigured("is nested too deeply", file=self.file, line=_too_deep_line(text)) from None
        except (ValueError, OverflowError):
            raise Misconfigured("holds an escape (`\\...`) that names no character", file=self.file, line=1) from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            raise Misconfigured(_sentence(error), file=self.file, line=line) from None
        except yaml.YAMLError as error:  # a character that YAML does not allow
            at = getattr(error, "position", 0)
            line = text.count("\n", 0, at) + 1
            raise Misconfigured(
                "holds a control character that no YAML file may hold", file=self.file, line=line
            ) from None

    def _value(self, node: yaml.Node, path: Steps, depth: int) -> object:
        self._values += 1
        if self._values > _MOST_VALUES:
            raise Misconfigured("aliases (`*name`) repeat too much", file=self.file, line=_line(node))
        if depth > _DEEPEST:
            raise Misconfigured("is nested too deeply, or an alias holds itself", file=self.file, line=_line(node))
        if isinstance(node, yaml.ScalarNode):
            self._refuse_tag(node, "tag:yaml.org,2002:str")
            return self._scalar(node, path)
        if isinstance(node, yaml.SequenceNode):
            self._refuse_tag(node, "tag:yaml.org,2002:seq")
            return [self._item(child, (*path, place), depth) for place, child in enumerate(node.value)]
        self._refuse_tag(node, "tag:yaml.org,2002:map")
        return self._mapping(node, path, depth)

    def _item(self, node: yaml.Node, path: Steps, depth: int) -> object:
        self.lines[path] = _line(node)
        return self._value(node, path, depth + 1)

    def _mapping(self, node: yaml.Node, path: Steps, depth: int) -> dict[object, object]:
        data: dict[object, object] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise Misconfigured("a key must be one word", file=self.file, line=_line(key_node))
            key = key_node.value
            here = (*path, key)
            if key in data:
                first = self.lines[here]
                self._problem(f"`{key}` stands twice in the same section; first in line {first}", key_node, path)
                continue
            self.lines[here] = _line(key_node)
            data[key] = self._value(value_node, here, depth + 1)
        return data

    def _scalar(self, node: yaml.ScalarNode, path: Steps) -> object:
        text: str = node.value
        if node.style is not None:
            return text
        if text in _EMPTY:
            self.empty.add(path)
            self._problem("has no value; leave the key out to keep the default", node, path)
            return None
        if _WHOLE.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text):
            return Decimal(text)
        return _WORDS.get(text, text)

    def _problem(self, message: str, node: yaml.Node, path: Steps) -> None:
        field_name = Problem(path, "").field or None
        self.problems.append(Misconfigured(message, file=self.file, line=_line(node), field=field_name))

    def _refuse_tag(self, node: yaml.Node, plain: str) -> None:
        if node.tag not in (plain, "!"):
            raise Misconfigured(
                "tags (`!...`) are not understood; write plain values", file=self.file, line=_line(node)
            )


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _too_deep_line(text: str) -> int:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST + 1:
            return int(event.start_mark.line) + 1 if event.start_mark else 1
    return 1


def _sentence(error: yaml.MarkedYAMLError) -> str:
    problem = str(error.problem)
    if "\\t" in problem:
        return "is indented with a tab; use blanks"
    if "undefined alias" in problem:
        return f"{problem.replace('found undefined alias', 'uses the alias')}, which no anchor (`&name`) defines"
    if "another document" in problem:
        return "holds a second document (`---`); one file is one document"
    if "mapping values are not allowed" in problem:
        return "has a colon where none can stand; indent the line like its neighbours, or put the text in quotes"
    if "could not find expected ':'" in problem:
        return "has no colon after the key in the line before, or a bracket that is never closed"
    if "cannot start any token" in problem:
        return f"{problem.replace('found character', 'the character')}; put the text in quotes"
    if "end of stream" in problem or "stream end" in problem:
        return "ends in the middle: a quote, bracket or brace is never closed"
    return f"is not valid YAML here: {problem.replace('<', '`').replace('>', '`')}"
