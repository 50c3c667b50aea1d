"""Rows of the view `harvester.standing` as the domain's `Standing`."""

from collections.abc import Iterable

import asyncpg

from harvester.domain.action import ActionKind, ActionState, Standing
from harvester.domain.ids import Effect
from harvester.domain.target import Level, Match


def standing(row: asyncpg.Record) -> Standing:
    fields = dict(row)
    del fields["run_id"]
    match, level = fields["match"], fields["level"]
    fields["kind"] = ActionKind(fields["kind"])
    fields["effect"] = Effect(fields["effect"])
    fields["state"] = ActionState(fields["state"])
    fields["match"] = None if match is None else Match(match)
    fields["level"] = None if level is None else Level(level)
    for name in ("undoes", "follows", "reviewed_by", "amazon_id"):
        fields[name] = fields[name] or ""
    return Standing(**fields)


def standings(rows: Iterable[asyncpg.Record]) -> list[Standing]:
    return [standing(row) for row in rows]
