"""Errors of single items in a 207 answer, in the specification's shapes (one selector each)."""

from harvester.sandbox.marketplaces import NAMED_IN_ERRORS, Marketplace
from harvester.sandbox.wire import Json


class ItemError(Exception):
    """One item is refused; the others go on."""

    def __init__(self, selector: str, reason: str, message: str, **fields: object) -> None:
        super().__init__(message)
        self.selector = selector
        self.reason = reason
        self.message = message
        self.fields = fields

    def body(self) -> Json:
        value = {"reason": self.reason, "message": self.message, **self.fields}
        return {"errorType": self.selector, "errorValue": {self.selector: value}}


def _cause(location: str, trigger: str | None = None) -> Json:
    return {"location": location} if trigger is None else {"location": location, "trigger": trigger}


def bid_out_of_range(bid: float, marketplace: Marketplace) -> ItemError:
    named = {"marketplace": marketplace.country} if marketplace.country in NAMED_IN_ERRORS else {}
    return ItemError(
        "biddingError",
        "BID_OUT_OF_MARKET_PLACE_RANGE",
        f"The bid must lie between {marketplace.lowest_bid} and {marketplace.highest_bid} {marketplace.currency}",
        lowerLimit=str(marketplace.lowest_bid),
        upperLimit=str(marketplace.highest_bid),
        cause=_cause("$.bid", str(bid)),
        **named,
    )


def bid_above_budget(bid: float, budget: float) -> ItemError:
    message = f"The bid is higher than the campaign's budget of {budget}"
    return ItemError("biddingError", "BID_GT_BUDGET", message, upperLimit=str(budget), cause=_cause("$.bid", str(bid)))


def budget_too_low(marketplace: Marketplace) -> ItemError:
    return ItemError(
        "budgetError",
        "BUDGET_TOO_LOW",
        f"The daily budget must be at least {marketplace.lowest_budget} {marketplace.currency}",
        lowerLimit=str(marketplace.lowest_budget),
        cause=_cause("$.budget.budget"),
    )


def duplicate(message: str, reason: str = "DUPLICATE_VALUE") -> ItemError:
    return ItemError("duplicateValueError", reason, message)


def not_found(entity_type: str, entity_id: str) -> ItemError:
    message = f"There is no {entity_type} {entity_id}"
    reason = "ENTITY_NOT_FOUND"
    return ItemError("entityNotFoundError", reason, message, entityId=entity_id, entityType=entity_type)


def state(reason: str, entity_type: str, message: str) -> ItemError:
    return ItemError("entityStateError", reason, message, entityType=entity_type)


def malformed(reason: str, field: str, text: str, message: str) -> ItemError:
    return ItemError("malformedValueError", reason, message, fragment=text[:100], cause=_cause(f"$.{field}"))


def parent(reason: str, message: str) -> ItemError:
    return ItemError("parentEntityError", reason, message)


def targeting(reason: str, message: str) -> ItemError:
    return ItemError("targetingClauseSetupError", reason, message)


def throttled() -> ItemError:
    return ItemError("throttledError", "THROTTLED", "Too many requests; try this item again later")


def internal() -> ItemError:
    return ItemError("internalServerError", "INTERNAL_ERROR", "Something went wrong with this item")
