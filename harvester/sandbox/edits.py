"""What a person does in the console while the service is working."""

from typing import Any, Literal

import msgspec

from harvester.sandbox.market import Kind, Market
from harvester.sandbox.opening import add_ad
from harvester.sandbox.wire import Json


class Edit(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One change. `where` picks by fields; `id` by id; neither: the first of the kind. See docs/sandbox.md."""

    do: Literal["set", "archive", "add", "forget", "access"]
    profile: str | None = None
    kind: str | None = None
    id: str | None = None
    where: dict[str, Any] = {}
    fields: dict[str, Any] = {}


def edit_from(value: object) -> Edit:
    """Raises ValueError with what is wrong."""
    try:
        edit = msgspec.convert(value, Edit)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
    if edit.do != "access" and edit.kind not in {kind.value for kind in Kind}:
        raise ValueError(f"kind must be one of {', '.join(kind.value for kind in Kind)}")
    return edit


def apply_edit(market: Market, edit: Edit, now: float) -> Json:
    """The entity as it stands afterwards. Raises ValueError when there is no such entity."""
    if edit.do == "access":
        market.access = str(edit.fields["access"])
        return {"access": market.access}
    kind = Kind(edit.kind)
    if edit.do == "add":
        return _add(market, kind, edit.fields, now)
    wanted = edit.id or _first(market, kind, edit.where)
    if market.find(kind, wanted) is None:
        raise ValueError(f"There is no {kind.value} {wanted}")
    if edit.do == "forget":
        gone = dict(market.rows[kind][wanted].body)
        market.forget(kind, wanted)
        return gone
    fields = {"state": "ARCHIVED"} if edit.do == "archive" else edit.fields
    market.change(kind, wanted, now, **fields)
    return market.rows[kind][wanted].body


def _add(market: Market, kind: Kind, fields: Json, now: float) -> Json:
    if kind is Kind.PRODUCT_AD:
        new_id = add_ad(market, fields["campaignId"], fields["adGroupId"], fields["asin"], now=now)
    else:
        body = {"state": "ENABLED", **fields}
        if "expression" in fields:
            body.setdefault("resolvedExpression", fields["expression"])
        if kind is Kind.TARGET:
            body.setdefault("expressionType", "MANUAL")
        new_id = market.add(kind, body, now)
    return market.rows[kind][new_id].body


def _first(market: Market, kind: Kind, where: Json) -> str:
    for own_id, row in market.rows[kind].items():
        if all(row.body.get(name) == value for name, value in where.items()):
            return own_id
    raise ValueError(f"There is no {kind.value} with {where}")
