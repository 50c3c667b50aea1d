"""The SQL of this package, as named and described blocks of `sql/*.sql`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Query:
    name: str
    description: str
    text: str


def parse(file: str, text: str) -> Iterator[Query]:
    """Every block of a file: `-- name: x`, a line `-- what it answers`, then SQL up to the next block."""
    pieces = _NAME.split(text)
    if pieces[0].strip():
        raise ValueError(f"{file}: text before the first block")
    for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
        first, _, sql = body.strip().partition("\n")
        if not first.startswith("-- ") or not sql.strip():
            raise ValueError(f"{file}: block {name} needs one line of description, then SQL")
        yield Query(name, first.removeprefix("-- "), sql.strip().rstrip(";"))


def _load() -> Mapping[str, Query]:
    found: dict[str, Query] = {}
    for file in sorted(resources.files(__package__).joinpath("sql").iterdir(), key=lambda file: file.name):
        for query in parse(file.name, file.read_text(encoding="utf-8")):
            if query.name in found:
                raise ValueError(f"{file.name}: block {query.name} stands twice")
            found[query.name] = query
    return MappingProxyType(found)


QUERIES = _load()


def named(name: str) -> str:
    """The text of a block. Asked for at import time only: a name that does not exist stops the program at once."""
    return QUERIES[name].text
