"""What a reviewed file asks for, held against the plan: verdicts, bids and notes may differ, nothing else."""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from harvester.domain.action import ActionKind, ActionState
from harvester.domain.errors import Refused
from harvester.domain.profile import Profile
from harvester.domain.review import BECOMES, NEVER_SENT, REVIEWABLE, Verdict
from harvester.entrypoints.cli.csvfile import EDITABLE, NUMBERS, Line, Problem, plain_cells, unguarded
from harvester.usecases.review import NewBid, Wish
from harvester.usecases.reviewable import it_is, marketplace_bid

_VERDICTS = {verdict.value: verdict for verdict in (Verdict.APPROVE, Verdict.DECLINE, Verdict.HOLD)}
_MOVES_BY_ITSELF = frozenset({"state", "reason"})
_SCIENTIFIC = re.compile(r"-?\d([.,]\d*)?E\+?\d+", re.IGNORECASE | re.ASCII)
_DATE = re.compile(r"\d{1,4}[-/.]([a-z]{3}|\d{1,2})([-/.]\d{2,4})?|[a-z]{3}[-/. ]\d{2,4}", re.IGNORECASE | re.ASCII)
_DECIMAL_COMMA = re.compile(r"\d+,\d{1,2}", re.ASCII)
_EXACT_DIGITS = 15
"""Spreadsheets keep so many digits of a number, and put zeros for the rest."""

Items = Mapping[str, Mapping[str, Any]]


def wishes(
    lines: Sequence[Line], items: Items, plan_id: str, fingerprint: str, profile: Profile
) -> tuple[Sequence[Wish], Sequence[Problem]]:
    """What the lines ask for, and everything that is wrong with them; with a problem nothing may be done."""
    problems = list(_of_another_plan(lines, plan_id, fingerprint))
    if problems:
        return (), problems
    found: list[Wish] = []
    seen: dict[str, int] = {}
    for line in lines:
        item_id = unguarded(line.cells["item"])
        item = items.get(item_id)
        if item is None:
            problems.append(Problem(line.number, f"there is no item {item_id or '(empty)'} in plan {plan_id}"))
        elif item_id in seen:
            problems.append(Problem(line.number, f"item {item_id} stands in line {seen[item_id]} already"))
        else:
            seen[item_id] = line.number
            try:
                wish = _wish(line, item, plan_id, fingerprint, profile)
            except Refused as error:
                problems.append(Problem(line.number, f"item {item_id}: {error}"))
            else:
                found += [wish] if wish else []
    return found, problems


def _of_another_plan(lines: Sequence[Line], plan_id: str, fingerprint: str) -> Iterator[Problem]:
    """One problem that stands for all lines, where the file is not about the plan as it is now."""
    for line in lines:
        other = unguarded(line.cells.get("plan", plan_id))
        if other != plan_id:
            yield Problem(line.number, f"is about plan {other or '(empty)'}, not {plan_id}")
            return
        seen = unguarded(line.cells["fingerprint"])
        if seen != fingerprint:
            yield Problem(
                line.number,
                f"was exported when the fingerprint of plan {plan_id} was {seen or '(empty)'}; now it is {fingerprint}:"
                " export it again",
            )
            return


def _wish(line: Line, item: Mapping[str, Any], plan_id: str, fingerprint: str, profile: Profile) -> Wish | None:
    """None where the line asks for nothing. Raises Refused with what is wrong."""
    verdict, bid = _verdict(line.cells["verdict"]), _new_bid(line, item, profile)
    _demand_unchanged(line, plain_cells(item, plan_id, fingerprint), verdict, bid)
    if verdict is None and bid is None:
        return None
    if verdict is Verdict.DECLINE and bid is not None:
        raise Refused("is declined and given another bid: which of the two?")
    state = ActionState(item["state"])
    if verdict is not None and state is not BECOMES[verdict] and state not in REVIEWABLE[verdict]:
        raise Refused(it_is(state) if state is ActionState.SUPERSEDED else f"it is {state} and can take no {verdict}")
    if verdict is Verdict.APPROVE and (not item["fragment"] or item["reason"] in NEVER_SENT):
        raise Refused(f"it can never be sent as it is ({str(item['reason']).replace('_', ' ')})")
    return Wish(item["id"], verdict, bid, unguarded(line.cells.get("note", "")))


def _verdict(cell: str) -> Verdict | None:
    text = unguarded(cell).casefold()
    if not text:
        return None
    if text not in _VERDICTS:
        raise Refused(f"verdict is approve, decline, hold or empty, not {cell!r}")
    return _VERDICTS[text]


def _new_bid(line: Line, item: Mapping[str, Any], profile: Profile) -> NewBid | None:
    """None where it is as it was."""
    if "bid" not in line.cells:
        return None
    cell, bid = unguarded(line.cells["bid"]), item["bid"]
    before = bid["amount"] if bid else ""
    if same_number(cell, before):
        return None
    if not cell:
        raise Refused(f"bid is empty; it was {before}")
    if not ActionKind(item["kind"]).is_promotion or not before or not item["fragment"]:
        raise Refused(f"it has no bid that could be changed to {cell}")
    if ActionState(item["state"]) not in REVIEWABLE[Verdict.EDIT]:
        raise Refused(f"{it_is(ActionState(item['state']))}; its bid stays as it was")
    amount = cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell
    marketplace_bid(amount, profile)
    return NewBid(item["id"], amount, item["bid_formula"])


def _demand_unchanged(line: Line, stored: Mapping[str, str], verdict: Verdict | None, bid: NewBid | None) -> None:
    """State and reason move by themselves: they matter only where the line asks for something that depends on them."""
    asks = bid is not None or (verdict is not None and stored["state"] != BECOMES[verdict])
    for name, cell in line.cells.items():
        if name in EDITABLE or (name in _MOVES_BY_ITSELF and not asks):
            continue
        if not _same(name, cell, stored[name]):
            raise Refused(_difference(name, cell, stored[name]))


def _same(name: str, cell: str, stored: str) -> bool:
    if name in NUMBERS and same_number(cell, stored):
        return True
    return " ".join(stored.split()) in (" ".join(cell.split()), " ".join(unguarded(cell).split()))


def same_number(cell: str, stored: str) -> bool:
    """Whether both are empty, or the same number: 0.6, 0.60 and, where Excel speaks German, 0,60."""
    if not cell or not stored:
        return cell == stored
    try:
        return Decimal(cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell) == Decimal(stored)
    except InvalidOperation:
        return False


def _difference(name: str, cell: str, stored: str) -> str:
    seen = unguarded(cell)
    digits = seen.isdigit() and stored.isdigit()
    damaged = (
        _SCIENTIFIC.fullmatch(seen)
        or _DATE.fullmatch(seen)
        or (digits and stored.lstrip("0") == seen)
        or (digits and len(seen) == len(stored) > _EXACT_DIGITS and seen[:_EXACT_DIGITS] == stored[:_EXACT_DIGITS])
    )
    if damaged:
        return (
            f"{name} was {stored} and came back as {cell}: a spreadsheet took it for a number or a date. Export again "
            "and import that column as text"
        )
    if name == "state" and stored == ActionState.SUPERSEDED:
        return f"{it_is(ActionState.SUPERSEDED)}: export that one"
    if name in _MOVES_BY_ITSELF:
        return f"{name} is {stored or 'empty'} now, and the file says {cell or 'nothing'}: export again"
    return f"{name} is {stored!r} in the plan and {cell!r} in the file; only verdict, bid and note may be changed"
