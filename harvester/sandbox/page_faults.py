"""Faults that change what an answer says: pages that repeat or come empty, values nobody expects."""

from collections.abc import Callable

import msgspec

from harvester.sandbox import paging, product_suggestions
from harvester.sandbox.calls import Call
from harvester.sandbox.fault_rules import Action, SetField
from harvester.sandbox.wire import Json


def distorted(
    call: Call, body: Json | list[Json] | bytes, again: Callable[[Call], Json | list[Json] | bytes]
) -> Json | list[Json] | bytes:
    """`again` runs the operation once more, for faults that show another page than the one asked for."""
    action = call.action
    if isinstance(body, list):
        return msgspec.json.decode(altered(msgspec.json.encode(body), action), type=list[Json])
    if not (action.repeat_token or action.repeat_rows or action.empty_page or action.set_field):
        return body
    answer = _decoded(body)
    if action.repeat_rows:
        shown = again(_first_page(call))
        assert not isinstance(shown, list)
        first = _decoded(shown)
        answer[_rows_key(first)] = first[_rows_key(first)]
    if action.repeat_token:
        answer[_next_name(call)] = call.body.get(_token_name(call)) or _token_here(call, 1)
    if action.empty_page:
        answer[_rows_key(answer)] = []
        answer[_next_name(call)] = _token_here(call, 2)
    if action.set_field:
        _set(answer, action.set_field)
    return answer


def altered(body: bytes, action: Action) -> bytes:
    """An answer that is no page of a list: nothing but its fields can change."""
    if action.set_field is None:
        return body
    answer = _decoded(body)
    _set(answer, action.set_field)
    return msgspec.json.encode(answer)


def names(action: Action) -> list[str]:
    """The fields of an action that say something."""
    nothing = Action()
    return [name for name in Action.__struct_fields__ if getattr(action, name) != getattr(nothing, name)]


def _decoded(body: Json | bytes) -> Json:
    decoded: Json = msgspec.json.decode(body if isinstance(body, bytes) else msgspec.json.encode(body))
    return decoded


def _rows_key(answer: Json) -> str:
    return next(name for name, value in answer.items() if isinstance(value, list))


def _token_name(call: Call) -> str:
    return "cursor" if _has_cursors(call) else "nextToken"


def _next_name(call: Call) -> str:
    return "nextCursor" if _has_cursors(call) else "nextToken"


def _has_cursors(call: Call) -> bool:
    return call.operation == f"POST {product_suggestions.PATH}"


def _first_page(call: Call) -> Call:
    body = {name: value for name, value in call.body.items() if name != _token_name(call)}
    return Call(call.market, body, call.version, call.now, call.today, call.options, Action(), operation=call.operation)


def _token_here(call: Call, nonce: int) -> str:
    """A token, unlike the one given, that leads to the page just asked for."""
    form = f"{call.operation} {call.version}" if _has_cursors(call) else call.operation
    bound_to = paging.binding(call.market.profile.profile_id, form, call.body)
    given = call.body.get(_token_name(call))
    return paging.token(bound_to, paging.offset_of(given, bound_to) if given else 0, nonce)


def _set(answer: object, wanted: SetField) -> None:
    """Counts objects that hold the field, in the order of the answer."""
    seen = 0
    waiting = [answer]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, list):
            waiting[:0] = value
        elif isinstance(value, dict):
            if wanted.field in value:
                seen += 1
                if seen % wanted.every == 0:
                    value[wanted.field] = wanted.value
            waiting[:0] = value.values()
