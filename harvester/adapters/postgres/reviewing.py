"""A review, inside one transaction: what may have the verdict gets it, the rest says why not."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256

import asyncpg

from harvester.adapters.postgres.database import Connection
from harvester.adapters.postgres.queries import named
from harvester.domain.action import ActionKind
from harvester.domain.errors import Refused
from harvester.domain.fingerprint import fingerprint_line
from harvester.domain.ids import Fingerprint, PlanId
from harvester.domain.review import BECOMES, NEVER_SENT, REVIEWABLE, Review, Reviewed, Selection, Verdict

_LOCK = named("lock_history")
_FINGERPRINT = named("plan_fingerprint")
_EXPIRE = named("expire_approvals")
_NAMED = named("review_named")
_UNNAMED = named("review_unnamed")
_EARLIER = named("earlier_approvals")
_GIVE = named("give_verdict")
_NOTE = named("note_review")
_EDIT = named("edit_bid")
_PARTS = named("fingerprint_parts")

_MOST_NAMED = 5
_PREFETCH = 2000


@dataclass(frozen=True, slots=True)
class _Said:
    """What comes of a review, before it is written: item ids with who they are reviewed by, or why not."""

    given: Sequence[tuple[str, str]]
    refused: Sequence[tuple[str, str]]
    waiting: Sequence[str]


async def review(connection: Connection, review: Review, selection: Selection, two_person: Collection[str]) -> Reviewed:
    await demand_current(connection, review.plan_id, review.fingerprint)
    await connection.fetch(_EXPIRE, review.plan_id, review.reviewed_at)
    rows = await _selected(connection, review.plan_id, selection)
    earlier: Mapping[str, Sequence[str]] = {}
    if review.verdict is Verdict.APPROVE:
        both = [row["action_id"] for row in rows if _needs_two(row, two_person)]
        earlier = await _earlier_approvals(connection, review, both)
    said = _said(review, selection, rows, earlier)
    given = [action_id for action_id, _ in said.given]
    if given:
        expires_at = review.expires_at if review.verdict is Verdict.APPROVE else None
        names = [name for _, name in said.given]
        await connection.execute(_GIVE, given, names, BECOMES[review.verdict], review.reviewed_at, expires_at)
    if given or said.waiting:
        await _note(connection, review, [*given, *said.waiting], None)
    return Reviewed(given, said.refused, said.waiting)


async def edit_bid(
    connection: Connection, review: Review, action_id: str, bid: Decimal, formula: str, fragment: str
) -> Fingerprint:
    await demand_current(connection, review.plan_id, review.fingerprint)
    await connection.fetch(_EXPIRE, review.plan_id, review.reviewed_at)
    (row,) = await _selected(connection, review.plan_id, Selection([action_id]))
    why = _why_not(review.verdict, row) or ("" if row["has_bid"] else "it has no bid")
    if why:
        raise Refused(f"item {action_id} cannot have another bid: {why}")
    await connection.execute(_EDIT, action_id, bid, formula, fragment, review.reviewed_at, review.reviewed_by)
    digest = sha256()
    async for part in connection.cursor(_PARTS, review.plan_id, prefetch=_PREFETCH):
        digest.update(fingerprint_line(part["kind"], part["effect"], part["group_id"], part["fragment"]))
    fingerprint = Fingerprint(digest.hexdigest())
    await _note(connection, review, [action_id], fingerprint)
    return fingerprint


async def demand_current(connection: Connection, plan_id: PlanId, seen: Fingerprint) -> None:
    """Locks the history of the plan's profile; raises Refused where the plan is not what the reviewer saw."""
    found = await connection.fetchrow(_FINGERPRINT, plan_id)
    if found is None:
        raise Refused(f"there is no plan {plan_id}")
    await connection.execute(_LOCK, found["profile_id"])
    found = await connection.fetchrow(_FINGERPRINT, plan_id)
    assert found is not None
    if found["fingerprint"] != seen:
        raise Refused(
            f"plan {plan_id} is not what was looked at: its fingerprint is {found['fingerprint']} now, not {seen}; "
            f"look at it again with `harvester show {plan_id}`"
        )


async def _selected(connection: Connection, plan_id: PlanId, selection: Selection) -> list[asyncpg.Record]:
    ids = list(dict.fromkeys(selection.action_ids))
    if not ids:
        kinds, rules = list(selection.kinds), list(selection.rules)
        ids = [row["action_id"] for row in await connection.fetch(_UNNAMED, plan_id, kinds, rules)]
    rows = await connection.fetch(_NAMED, plan_id, ids)
    missing = sorted(set(ids) - {row["action_id"] for row in rows})
    if missing:
        raise Refused(f"not in plan {plan_id}: {_listed(missing)}")
    return rows


async def _earlier_approvals(
    connection: Connection, review: Review, action_ids: Sequence[str]
) -> Mapping[str, Sequence[str]]:
    """For each item that two persons must approve: who has done so already."""
    found: dict[str, list[str]] = {action_id: [] for action_id in action_ids}
    if action_ids:
        for row in await connection.fetch(_EARLIER, review.plan_id, action_ids, review.reviewed_at):
            found[row["action_id"]].append(row["reviewed_by"])
    return found


def _said(
    review: Review, selection: Selection, rows: Sequence[asyncpg.Record], earlier: Mapping[str, Sequence[str]]
) -> _Said:
    given: list[tuple[str, str]] = []
    refused: list[tuple[str, str]] = []
    waiting: list[str] = []
    effects: dict[str, str] = {}
    for row in rows:
        action_id, me = row["action_id"], review.reviewed_by
        why = _why_not_named(row, selection) or _why_not(review.verdict, row)
        if not why and review.verdict is Verdict.APPROVE:
            twin = effects.setdefault(row["effect"], action_id)
            why = _why_not_approve(row) or (f"item {twin} does the same" if twin != action_id else "")
        others = [name for name in earlier.get(action_id, ()) if _person(name) != _person(me)]
        if why:
            refused.append((action_id, why))
        elif action_id in earlier and not others:
            waiting.append(action_id)
        else:
            given.append((action_id, ", ".join([*others[:1], me])))
    return _Said(given, refused, waiting)


def _why_not_named(row: asyncpg.Record, selection: Selection) -> str:
    """Why an item does not belong to the selection, though it was meant to."""
    if selection.action_ids:
        if selection.kinds and row["kind"] not in selection.kinds:
            return f"it is {row['kind']}, and only {_listed(selection.kinds)} was asked for"
        if selection.rules and row["rule"] not in selection.rules:
            return f"it comes from rule {row['rule']}, and only {_listed(selection.rules)} was asked for"
        return ""
    if row["state"] == "guarded" and not selection.guarded:
        return f"it is guarded ({row['reason']}): name it, or ask for guarded items"
    return ""


def _why_not(verdict: Verdict, row: asyncpg.Record) -> str:
    state = row["state"]
    if state not in REVIEWABLE[verdict]:
        return f"it is {state} already, by {row['reviewed_by']}" if state == "approved" else f"it is {state}"
    if verdict in (Verdict.APPROVE, Verdict.EDIT) and state == "held":
        if row["reason"] in NEVER_SENT:
            return f"it is held for a reason that stays ({row['reason']}): it can never be sent"
        if row["without_request"]:
            return f"it is held ({row['reason']}) and has no request that could be sent"
    return ""


def _why_not_approve(row: asyncpg.Record) -> str:
    if row["without_request"]:
        return "it has no request that could be sent"
    if row["owner_id"] is not None:
        return f"item {row['owner_id']} of plan {row['owner_plan']} does the same and is {row['owner_state']}"
    if row["undone_state"] not in (None, "done"):
        return f"item {row['undone_id']}, which it takes back, is {row['undone_state']}"
    if row["followed_state"] not in (None, "done"):
        return f"item {row['followed_id']}, which it follows, is {row['followed_state']}"
    return ""


def _needs_two(row: asyncpg.Record, two_person: Collection[str]) -> bool:
    """A group without a bid leads to campaigns that exist: it creates none."""
    return row["kind"] in two_person and (row["kind"] != ActionKind.CREATE_GROUP or row["has_bid"])


def _person(name: str) -> str:
    return " ".join(name.casefold().split())


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


async def _note(
    connection: Connection, review: Review, action_ids: Sequence[str], fingerprint: Fingerprint | None
) -> None:
    await connection.execute(
        _NOTE,
        review.plan_id,
        review.fingerprint,
        review.verdict.value,
        review.reviewed_by,
        review.reviewed_at,
        review.expires_at,
        action_ids,
        review.note,
        fingerprint,
    )
