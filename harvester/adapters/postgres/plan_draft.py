"""A plan being written, inside one transaction; memory stays flat however many decisions there are."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import count

import asyncpg

from harvester.adapters.postgres.database import Connection, translated
from harvester.adapters.postgres.queries import named
from harvester.adapters.postgres.storable import storable
from harvester.domain.action import ActionKind, ActionState
from harvester.domain.decision import DecidedRow, Outcome
from harvester.domain.errors import LeaseLost
from harvester.domain.ids import Effect, Fingerprint, PlanId, RunId
from harvester.domain.plan import PlanCounts, PlannedAction
from harvester.domain.profile import Mode
from harvester.domain.run import Run
from harvester.domain.target import Level, Match

_DECIDED_ROWS = named("decided_rows")
_LOCK_HISTORY = named("lock_history")
_HOLD_NEWEST_FENCE = named("hold_newest_fence")
_STAGED = named("staged_actions")
_ALLOCATE_ACTIONS = named("allocate_actions")
_INSERT_PLAN = named("insert_plan")
_SUPERSEDE_OLDER = named("supersede_older")

_PREFETCH = 2000
"""Rows per round trip."""

_TEXTS = (
    "reason",
    "rule",
    "target",
    "key",
    "match",
    "level",
    "campaign_id",
    "campaign_name",
    "ad_group_id",
    "ad_group_name",
    "group_id",
    "source_campaign_id",
    "source_campaign_name",
    "source_ad_group_id",
    "source_ad_group_name",
    "ad_id",
    "asin",
    "clicks",
    "conversions",
)
_REST = ("currency", "bid_formula", "fragment", "follow_up", "note", "seen")
_LINKS = ("undoes", "follows")
_STAGED_COLUMNS = ("kind_rank", "kind", "effect", "state", *_TEXTS, "bid", *_REST, *_LINKS, "places")
_ACTION_COLUMNS = (
    "action_id",
    "plan_id",
    "position",
    "profile_id",
    "run_id",
    "changed_at",
    "changed_by",
    "fence",
    "leader",
    "kind",
    "effect",
    "state",
    *_TEXTS,
    "bid",
    *_REST,
    *_LINKS,
)


class PostgresPlanDraft:
    """Built by `PostgresPlans.draft`."""

    def __init__(self, connection: Connection, run: Run, plan_id: PlanId, opened_at: datetime) -> None:
        self._connection = connection
        self._run = run
        self._plan_id = plan_id
        self._opened_at = opened_at
        self._positions = count()
        self._finished = False

    @property
    def plan_id(self) -> PlanId:
        return self._plan_id

    def decided(self) -> AsyncIterator[Sequence[DecidedRow]]:
        return decided_rows(self._connection, self._run.run_id)

    async def stage(self, actions: Sequence[PlannedAction]) -> None:
        with translated():
            await self._connection.copy_records_to_table(
                "staged_action", columns=_STAGED_COLUMNS, records=map(_staged_columns, actions)
            )

    async def staged(self) -> AsyncIterator[PlannedAction]:
        with translated():
            async for row in self._connection.cursor(_STAGED, prefetch=_PREFETCH):
                yield _planned_action(row)

    async def add(self, actions: Sequence[PlannedAction]) -> None:
        if not actions:
            return
        with translated():
            ids = [row[0] for row in await self._connection.fetch(_ALLOCATE_ACTIONS, len(actions))]
            await self._connection.copy_records_to_table(
                "action", schema_name="harvester", columns=_ACTION_COLUMNS, records=self._action_rows(ids, actions)
            )
            await self._connection.copy_records_to_table(
                "action_observation",
                schema_name="harvester",
                columns=("action_id", "ordinal", "run_id", "place"),
                records=(
                    (action_id, ordinal, self._run.run_id, place)
                    for action_id, action in zip(ids, actions, strict=True)
                    for ordinal, place in enumerate(action.places)
                ),
            )

    def _action_rows(self, ids: Sequence[str], actions: Sequence[PlannedAction]) -> Iterator[tuple[object, ...]]:
        run, plan_id = self._run, self._plan_id
        for action_id, action in zip(ids, actions, strict=True):
            yield (
                action_id,
                plan_id,
                next(self._positions),
                run.profile_id,
                run.run_id,
                self._opened_at,
                "plan",
                run.fence,
                action.places[0] if action.places else None,
                action.kind,
                action.effect,
                action.state,
                *_texts(action),
                None if action.bid is None else Decimal(action.bid),
                *_rest(action),
                action.undoes or None,
                action.follows or None,
            )

    async def finish(
        self,
        *,
        complete: bool,
        mode: Mode,
        ruleset: Fingerprint,
        fingerprint: Fingerprint,
        counts: PlanCounts,
        advice: Sequence[str],
        now: datetime,
    ) -> None:
        run = self._run
        with translated():
            await self._connection.execute(_LOCK_HISTORY, run.profile_id)
            if await self._connection.fetchval(_HOLD_NEWEST_FENCE, run.profile_id) != run.fence:
                raise LeaseLost(f"run {run.run_id} of profile {run.profile_id} was overtaken by a newer one")
            await self._connection.execute(
                _INSERT_PLAN,
                self._plan_id,
                run.profile_id,
                run.account,
                run.run_id,
                complete,
                fingerprint,
                mode.value,
                ruleset,
                now,
                counts.candidates,
                counts.promote,
                counts.negate,
                counts.hold,
                counts.skip,
                counts.actions,
                counts.guarded,
                [storable(sentence) for sentence in advice],
            )
            await self._connection.execute(_SUPERSEDE_OLDER, run.profile_id, self._plan_id, now, run.fence)
        self._finished = True

    def demand_finished(self) -> None:
        """A draft that was begun and not finished must not be kept."""
        if not self._finished:
            raise AssertionError(f"the draft of plan {self._plan_id} was left without `finish`")


async def decided_rows(connection: Connection, run_id: RunId) -> AsyncGenerator[Sequence[DecidedRow]]:
    """Groups come in the order of ad group, key and kind of target; rows in the order of the run."""
    group: list[DecidedRow] = []
    group_key: tuple[str, str, int] | None = None
    with translated():
        async for row in connection.cursor(_DECIDED_ROWS, run_id, prefetch=_PREFETCH):
            key = (row["ad_group_id"], row["key"], row["kind"])
            if key != group_key and group:
                yield group
                group = []
            group_key = key
            group.append(_decided_row(row))
    if group:
        yield group


def _decided_row(row: asyncpg.Record) -> DecidedRow:
    fields = dict(row)
    del fields["kind"]
    return DecidedRow(**{**fields, "outcome": Outcome(fields["outcome"])})


def _texts(action: PlannedAction) -> tuple[object, ...]:
    """Names are anybody's texts."""
    values = (getattr(action, name) for name in _TEXTS)
    return tuple(storable(value) if isinstance(value, str) else value for value in values)


def _rest(action: PlannedAction) -> tuple[str, ...]:
    return tuple(storable(getattr(action, name)) for name in _REST)


def _staged_columns(action: PlannedAction) -> tuple[object, ...]:
    return (
        action.kind.rank,
        action.kind,
        action.effect,
        action.state,
        *_texts(action),
        action.bid,
        *_rest(action),
        action.undoes,
        action.follows,
        ",".join(map(str, action.places)),
    )


def _planned_action(row: asyncpg.Record) -> PlannedAction:
    fields = dict(row)
    places = fields.pop("all_places")
    match, level = fields["match"], fields["level"]
    return PlannedAction(
        **{
            **fields,
            "kind": ActionKind(fields["kind"]),
            "effect": Effect(fields["effect"]),
            "state": ActionState(fields["state"]),
            "match": None if match is None else Match(match),
            "level": None if level is None else Level(level),
            "places": tuple(int(place) for place in places.split(",") if place),
        }
    )
