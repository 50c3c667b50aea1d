"""The intent of a call: its items are on their way, committed before the call is made."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg
import msgspec

from harvester.adapters.postgres.database import Connection
from harvester.adapters.postgres.queries import named
from harvester.domain.errors import LeaseLost, Refused
from harvester.domain.ids import ProfileId

_LOCK = named("lock_profile_of_action")
_NEWEST_FENCE = named("hold_newest_fence")
_NEXT_CALL = named("next_call")
_BEGIN = named("begin_sending")
_WHY_NOT = named("why_not_sent")

_MOST_NAMED = 5


async def begin_sending(connection: Connection, action_ids: Sequence[str], fence: int, at: datetime) -> int:
    profile_id = await locked_profile(connection, action_ids)
    row = await connection.fetchrow(_NEXT_CALL, profile_id)
    assert row is not None
    if row["fence"] != fence:
        raise overtaken(profile_id, fence)
    paused = why_paused(profile_id, row)
    if paused:
        raise Refused(paused)
    call_number: int = row["call_number"]
    sent = await connection.fetchval(_BEGIN, json_texts(action_ids), call_number, fence, at, profile_id)
    if sent != len(action_ids):
        raise Refused(await _why_not(connection, action_ids, at))
    return call_number


def json_texts(texts: Sequence[str | None]) -> str:
    """As Postgres takes many at once."""
    return msgspec.json.encode(texts).decode()


async def locked_profile(connection: Connection, action_ids: Sequence[str]) -> ProfileId:
    """Whose item the first is; nobody else changes that profile's items until the end of the transaction."""
    owner = await connection.fetchval(_LOCK, action_ids[0]) if action_ids else None
    if owner is None:
        raise Refused(f"there is no item {action_ids[0]}" if action_ids else "no item is named")
    return ProfileId(owner)


async def is_newest(connection: Connection, profile_id: ProfileId, fence: int) -> bool:
    """If so, it stays the newest until the end of the transaction."""
    return bool(await connection.fetchval(_NEWEST_FENCE, profile_id) == fence)


def overtaken(profile_id: ProfileId, fence: int) -> LeaseLost:
    return LeaseLost(f"profile {profile_id} was taken over by another process: fence {fence} is not the newest")


def why_paused(profile_id: ProfileId, row: asyncpg.Record) -> str | None:
    """As the row says: the pauses of the profile and of everybody."""
    if row["all_paused"]:
        since = f"{row['all_paused_at']:%Y-%m-%d %H:%M} UTC"
        lift = "`harvester resume --by YOUR-NAME`"
        return f"everything is paused, by {row['all_paused_by']} since {since}: {lift} lifts it"
    if row["paused"]:
        since = f"{row['paused_at']:%Y-%m-%d %H:%M} UTC"
        lift = f"`harvester resume --profile {profile_id} --by YOUR-NAME`"
        return f"profile {profile_id} is paused, by {row['paused_by']} since {since}: {lift} lifts it"
    return None


async def _why_not(connection: Connection, action_ids: Sequence[str], at: datetime) -> str:
    """After an attempt that took fewer items than were named: those that it did not take are not `sending`."""
    told = []
    for row in await connection.fetch(_WHY_NOT, action_ids, at):
        if row["state"] == "sending":
            continue
        if row["state"] != "approved":
            told.append(f"{row['action_id']} is {row['state']}")
        elif row["expired"]:
            told.append(f"the approval of {row['action_id']} has run out")
        else:
            told.append(f"the promotion group of {row['action_id']} does not exist yet")
    if not told:
        told.append("an item is named twice, does not exist, or is another profile's")
    more = f" and {len(told) - _MOST_NAMED} more" if len(told) > _MOST_NAMED else ""
    return f"nothing was sent: {'; '.join(told[:_MOST_NAMED])}{more}"
