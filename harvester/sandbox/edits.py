"""What a person does in the console while the service is working."""

from typing import Any, Literal

import msgspec

from harvester.sandbox.market import Kind, Market
from harvester.sandbox.wire import Json


class Edit(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One change. `id` or `where` (fields that must be equal) picks the entity; neither: the first of the kind.

    `set` puts `fields`, `archive` archives, `add` makes a new entity of `fields`, `forget` removes without a trace,
    `access` sets what the login may do (`fields`: {"access": "view"}).
    """

    do: Literal["set", "archive", "add", "forget", "access"]
    profile: str | None = None
    kind: Kind = Kind.CAMPAIGN
    id: str | None = None
    where: dict[str, Any] = {}
    fields: dict[str, Any] = {}


def edit_from(text: bytes) -> Edit:
    """Raises ValueError with what is wrong."""
    return msgspec.json.decode(text, type=Edit)


def apply_edit(market: Market, edit: Edit, now: float) -> Json:
    """The entity as it stands afterwards. Raises ValueError when there is no such entity."""
    if edit.do == "access":
        if edit.fields.get("access") not in {"edit", "view"}:
            raise ValueError("fields.access must be edit or view")
        market.access = edit.fields["access"]
        return {"access": market.access}
    if edit.do == "add":
        return _add(market, edit.kind, edit.fields, now)
    wanted = edit.id or _first(market, edit.kind, edit.where)
    entity = market.find(edit.kind, wanted)
    if entity is None:
        raise ValueError(f"There is no {edit.kind.value} {wanted}")
    if edit.do == "forget":
        market.forget(edit.kind, wanted)
        return entity
    fields = {"state": "ARCHIVED"} if edit.do == "archive" else edit.fields
    market.change(edit.kind, wanted, now, **fields)
    return entity


def _add(market: Market, kind: Kind, fields: Json, now: float) -> Json:
    if kind is Kind.PRODUCT_AD:
        new_id = market.add_ad(fields["campaignId"], fields["adGroupId"], fields["asin"], now=now)
    else:
        body = {"state": "ENABLED", **fields}
        if "expression" in fields:
            body.setdefault("resolvedExpression", fields["expression"])
        if kind is Kind.TARGET:
            body.setdefault("expressionType", "MANUAL")
        if market.holder_of(kind, body) is not None:
            raise ValueError(f"The same {kind.value} stands already")
        new_id = market.add(kind, body, now)
    return market.rows[kind][new_id].body


def _first(market: Market, kind: Kind, where: Json) -> str:
    for own_id, row in market.rows[kind].items():
        if all(row.body.get(name) == value for name, value in where.items()):
            return own_id
    raise ValueError(f"There is no {kind.value} with {where}")
