"""Creating, changing and archiving v3 entities."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from harvester.sandbox import bulk, checks, item_errors
from harvester.sandbox.calls import Call
from harvester.sandbox.market import ENTITY_TYPE, ID_FIELD, Kind
from harvester.sandbox.wire import Json


@dataclass(frozen=True, slots=True)
class Names:
    """What the answers of one kind of entity call things."""

    kind: Kind
    key: str
    success_id: str
    success_entity: str
    delete_filter: str

    def success(self, call: Call, entity_id: str) -> Json:
        outcome: Json = {self.success_id: entity_id}
        if call.representation:
            outcome[self.success_entity] = dict(call.market.rows[self.kind][entity_id].body)
        return outcome


Check = Callable[[Call, Json], Json]


def create(names: Names, check: Check) -> Callable[[Call], Json]:
    """`check` raises what is wrong with the item and gives the body to keep."""

    def work(call: Call, item: Json) -> Json:
        body = check(call, item)
        checks.unique(call.market, names.kind, body)
        return names.success(call, call.market.add(names.kind, body, call.now))

    return lambda call: {names.key: _each(call, call.body[names.key], work)}


def update(names: Names, check: Check) -> Callable[[Call], Json]:
    """`check` raises what is wrong with the change and gives the fields to set."""
    own_id = ID_FIELD[names.kind]

    def work(call: Call, item: Json) -> Json:
        changeable(call, names.kind, item[own_id])
        fields = check(call, item)
        call.market.change(names.kind, item[own_id], call.now, **fields)
        return names.success(call, item[own_id])

    return lambda call: {names.key: _each(call, call.body[names.key], work)}


def archive(names: Names) -> Callable[[Call], Json]:
    def work(call: Call, wanted: str) -> Json:
        entity = changeable(call, names.kind, wanted)
        if entity.get("expressionType") == "AUTO":
            reason = "AUTO_TARGETING_CLAUSE_CANNOT_BE_ARCHIVED_MANUALLY"
            raise item_errors.state(reason, ENTITY_TYPE[names.kind], "Automatic targeting clauses stay")
        call.market.change(names.kind, wanted, call.now, state="ARCHIVED")
        return names.success(call, wanted)

    def handler(call: Call) -> Json:
        ids = call.body[names.delete_filter]["include"]
        outcomes = bulk.each(call, ids, lambda wanted: work(call, cast("str", wanted)))
        return {names.key: bulk.by_index(outcomes)}

    return handler


def _each(call: Call, items: list[Json], work: Callable[[Call, Json], Json]) -> Json:
    return bulk.by_index(bulk.each(call, items, lambda item: work(call, cast("Json", item))))


def changeable(call: Call, kind: Kind, wanted: str) -> Json:
    """The entity, if it exists, is not archived, and neither are its parents."""
    entity = call.market.find(kind, wanted)
    if entity is None:
        raise item_errors.not_found(ENTITY_TYPE[kind], wanted)
    if entity["state"] == "ARCHIVED":
        reason = "ARCHIVED_ENTITY_CANNOT_BE_MODIFIED"
        raise item_errors.state(reason, ENTITY_TYPE[kind], "An archived entity cannot be changed")
    for parent in (Kind.CAMPAIGN, Kind.AD_GROUP):
        body = call.market.find(parent, entity.get(ID_FIELD[parent], ""))
        if body is not None and body["state"] == "ARCHIVED":
            reason = "PARENT_ARCHIVED_FORBIDS_UPDATES"
            raise item_errors.state(reason, ENTITY_TYPE[parent], "An entity of an archived parent cannot be changed")
    return entity
