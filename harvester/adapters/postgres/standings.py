"""Rows of the view `harvester.standing` as the domain's `Standing`."""

from collections.abc import Callable, Iterable, Mapping

import asyncpg
import msgspec

from harvester.domain.action import ActionKind, ActionState, Standing
from harvester.domain.target import Level, Match

_AS: Mapping[str, Mapping[str | None, object]] = {
    "kind": {kind.value: kind for kind in ActionKind},
    "state": {state.value: state for state in ActionState},
    "match": {None: None, **{match.value: match for match in Match}},
    "level": {None: None, **{level.value: level for level in Level}},
}
_NULL_IS_EMPTY = ("undoes", "follows", "reviewed_by", "amazon_id")
_FIELDS = [field.name for field in msgspec.structs.fields(Standing)]
_LOOKUPS = [(_FIELDS.index(name), meanings) for name, meanings in _AS.items()]
_EMPTIES = [_FIELDS.index(name) for name in _NULL_IS_EMPTY]
_make: Callable[..., Standing] = Standing


def standing(row: asyncpg.Record) -> Standing:
    """The view has the fields in their order, then `run_id`."""
    values = list(row.values())
    for place, meanings in _LOOKUPS:
        values[place] = meanings[values[place]]
    for place in _EMPTIES:
        values[place] = values[place] or ""
    return _make(*values[: len(_FIELDS)])


def standings(rows: Iterable[asyncpg.Record]) -> list[Standing]:
    return [standing(row) for row in rows]
