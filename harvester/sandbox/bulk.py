"""The 207 envelope: every item answered for itself."""

from collections.abc import Callable, Sequence

from harvester.sandbox import item_errors
from harvester.sandbox.calls import Call
from harvester.sandbox.item_errors import ItemError
from harvester.sandbox.wire import Json

Outcome = Json | ItemError | None


def each(call: Call, items: Sequence[object], work: Callable[[object], Json]) -> list[Outcome]:
    """One outcome per item, in order: what `work` gave, the error it raised, or None for an item left out."""
    return [_one(call, index, item, work) for index, item in enumerate(items)]


def _one(call: Call, index: int, item: object, work: Callable[[object], Json]) -> Outcome:
    fault = call.action.items
    hit = fault is not None and fault.hits(index)
    if not hit or (fault is not None and fault.done):
        try:
            outcome: Outcome = work(item)
        except ItemError as error:
            outcome = error
        if not hit:
            return outcome
    if fault is None or fault.answer == "missing":
        return None
    return item_errors.throttled() if fault.answer == "throttledError" else item_errors.internal()


def by_index(outcomes: Sequence[Outcome]) -> Json:
    """`{"success": [{index, ...}], "error": [{index, errors}]}`, the form of the v3 entities."""
    success: list[Json] = []
    errors: list[Json] = []
    for index, outcome in enumerate(outcomes):
        if isinstance(outcome, ItemError):
            errors.append({"index": index, "errors": [outcome.body()]})
        elif outcome is not None:
            success.append({"index": index, **outcome})
    return {"success": success, "error": errors}
