"""What came of sending, inside one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from harvester.adapters.postgres.calls import call_columns
from harvester.adapters.postgres.database import Connection
from harvester.adapters.postgres.queries import named
from harvester.adapters.postgres.sending import is_newest, json_texts, locked_profile, overtaken
from harvester.adapters.postgres.storable import storable
from harvester.domain.action import ActionState
from harvester.domain.errors import LeaseLost, Refused
from harvester.domain.ids import ProfileId
from harvester.domain.outcome import ItemOutcome, Made, NotSent, TurnedDown, Unsure
from harvester.domain.run import ApiCall

_SETTLE = named("settle_actions")
_SAY_WHY = named("say_why_waiting")
_UNDONE = named("settle_undone")
_GROUPS = named("settle_groups")
_ALLOCATE_CALLS = named("allocate_calls")
_WRITE_CALL = named("write_call")
_CARRY = named("carry_actions")
_PAST_APPROVAL = named("unknown_past_approval")

ID_NOT_KNOWN = "already there; its id is not known yet"
NEVER_ARRIVED = "never arrived, and its approval has expired"


class _Change(NamedTuple):
    """What is written about one action."""

    action_id: str
    state: ActionState
    amazon_id: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    reason: str | None = None


async def settle(
    connection: Connection,
    settled: Sequence[tuple[str, ItemOutcome]],
    calls: Sequence[ApiCall],
    call_number: int,
    fence: int,
    at: datetime,
) -> LeaseLost | None:
    """Returned, not raised, where a newer fence has the actions: then the calls are kept, and nothing else."""
    action_ids = [action_id for action_id, _ in settled]
    profile_id = await locked_profile(connection, action_ids)
    if not await is_newest(connection, profile_id, fence):
        await _write_calls(connection, action_ids, calls, call_number)
        return overtaken(profile_id, fence)
    changes = [_change(action_id, outcome) for action_id, outcome in settled]
    done = await _write(connection, profile_id, changes, ActionState.SENDING, call_number, fence, at, "apply")
    if done != len(changes):
        raise Refused(f"of {len(changes)} items {done} were on their way with call c{call_number}: nothing is recorded")
    await _write_calls(connection, action_ids, calls, call_number)
    return None


async def mark_stale(connection: Connection, moved: Sequence[tuple[str, str]], fence: int, at: datetime) -> None:
    """What is no longer approved by now is left as it is."""
    profile_id = await _demand_newest(connection, [action_id for action_id, _ in moved], fence)
    changes = [_Change(action_id, ActionState.STALE, error_message=what) for action_id, what in moved]
    await _write(connection, profile_id, changes, ActionState.APPROVED, None, fence, at, "apply")


async def say_why(connection: Connection, waiting: Sequence[tuple[str, str]], fence: int) -> None:
    """No step of an action: its history says nothing of it. What is no longer approved by now is left as it is."""
    action_ids = [action_id for action_id, _ in waiting]
    await _demand_newest(connection, action_ids, fence)
    await connection.execute(_SAY_WHY, action_ids, [storable(why) for _, why in waiting])


async def settle_unknown(
    connection: Connection, found: Sequence[tuple[str, ItemOutcome]], fence: int, at: datetime
) -> None:
    """What is no longer unknown by now is left as it is, and so is what the listing could not tell."""
    action_ids = [action_id for action_id, _ in found]
    profile_id = await _demand_newest(connection, action_ids, fence)
    expired = {row["action_id"] for row in await connection.fetch(_PAST_APPROVAL, action_ids, at)}
    changes = []
    for action_id, outcome in found:
        change = _change(action_id, outcome)
        if change.state is ActionState.APPROVED and action_id in expired:
            change = _Change(action_id, ActionState.STALE, error_message=NEVER_ARRIVED)
        if change.state is not ActionState.UNKNOWN:
            changes.append(change)
    await _write(connection, profile_id, changes, ActionState.UNKNOWN, None, fence, at, "reconcile")


def _change(action_id: str, outcome: ItemOutcome) -> _Change:
    match outcome:
        case Made(amazon_id=""):
            return _Change(action_id, ActionState.UNKNOWN, error_message=ID_NOT_KNOWN, reason="already_there")
        case Made(amazon_id=amazon_id):
            return _Change(action_id, ActionState.DONE, amazon_id=amazon_id)
        case TurnedDown(code=code, message=message):
            return _Change(action_id, ActionState.REFUSED, error_code=code, error_message=message)
        case NotSent(why=why):
            return _Change(action_id, ActionState.APPROVED, error_message=why)
        case Unsure(why=why):
            return _Change(action_id, ActionState.UNKNOWN, error_message=why)


async def _demand_newest(connection: Connection, action_ids: Sequence[str], fence: int) -> ProfileId:
    profile_id = await locked_profile(connection, action_ids)
    if not await is_newest(connection, profile_id, fence):
        raise overtaken(profile_id, fence)
    return profile_id


async def _write(
    connection: Connection,
    profile_id: ProfileId,
    changes: Sequence[_Change],
    before: ActionState,
    call_number: int | None,
    fence: int,
    at: datetime,
    by: str,
) -> int:
    """How many were in the state before, and with what is done what depends on it."""
    columns = [_column([text and storable(text) for text in column]) for column in zip(*changes, strict=True)]
    if not columns:
        return 0
    row = await connection.fetchrow(_SETTLE, *columns, before.value, call_number, fence, at, by, profile_id)
    assert row is not None
    if row["undos"]:
        await connection.execute(_UNDONE, row["undos"], at)
    if row["groups"]:
        await connection.execute(_GROUPS, row["groups"])
    settled: int = row["settled"]
    return settled


def _column(texts: Sequence[str | None]) -> str:
    """Where nothing is said of any item, Postgres fills up what is missing with nulls."""
    return json_texts(texts if any(text is not None for text in texts) else ())


async def _write_calls(
    connection: Connection, action_ids: Sequence[str], calls: Sequence[ApiCall], call_number: int
) -> None:
    """The last attempt is the call that was announced; those before it were proven undone, and carried the same."""
    if not calls:
        return
    more = len(calls) - 1
    earlier = [row[0] for row in await connection.fetch(_ALLOCATE_CALLS, more)] if more else []
    for number, call in zip([*earlier, call_number], calls, strict=True):
        await connection.execute(_WRITE_CALL, number, *call_columns(call))
    for number, call in zip(earlier, calls, strict=False):
        await connection.execute(_CARRY, call.at, number, action_ids)


def by_position(action_ids: Sequence[str], outcomes: Sequence[ItemOutcome]) -> Sequence[tuple[str, ItemOutcome]]:
    """Raises ValueError where there is not one outcome for each."""
    return list(zip(action_ids, outcomes, strict=True))
