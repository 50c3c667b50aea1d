"""The verdict on what was done, in one sentence."""

from decimal import Decimal

import msgspec

from harvester.domain.aftermath import Because
from harvester.domain.money import to_the_coin
from harvester.rules.counting import plural


class Figures(msgspec.Struct, frozen=True):
    clicks: int
    spend: Decimal
    orders: int
    sales: Decimal
    acos: Decimal | None


NOTHING = Figures(0, Decimal(0), 0, Decimal(0), None)


class Told(msgspec.Struct, frozen=True):
    """What one reading says; None where nothing was measured."""

    because: Because
    days: int
    currency: str
    before: Figures | None = None
    after: Figures | None = None
    destination: Figures | None = None
    orders_seen: float | None = None
    orders_now: int | None = None
    target_acos: float | None = None


_PLAIN = {
    Because.NOT_READ: "too early: no reading yet; the first is 7 days after it was made, once the reports are in",
    Because.NO_DAYS: "too early: the days around it are not in yet, or their orders not complete",
    Because.RESTATING: "too early: the orders of the days before it can still be restated",
    Because.NOT_MEASURABLE: "cannot be measured: the reports do not say of which brand a product is",
}


def sentence(told: Told) -> str:
    plain = _PLAIN.get(told.because)
    return plain or _SENTENCES[told.because](told)


def _sold_late(told: Told) -> str:
    seen = f"{told.orders_seen or 0:g}"
    return f"sold: {plural(told.orders_now or 0, 'order')} in the days before it, of which its decision saw {seen}"


def _at_destination(told: Told) -> str:
    sold = told.destination or NOTHING
    if not sold.orders:
        return f"{plural(sold.clicks, 'click')} and {_money(sold.spend, told)} without an order in {_days(told)}"
    return (
        f"{plural(sold.orders, 'order')} for {_money(sold.sales, told)} on {_money(sold.spend, told)} spent in "
        f"{_days(told)}, ACOS {_percent(sold.acos)}"
    )


def _target(told: Told) -> str:
    return f"the target is {_percent(told.target_acos)}"


def _pays(told: Told) -> str:
    return f"pays: {_at_destination(told)}; {_target(told)}"


def _loses(told: Told) -> str:
    return f"loses money: {_at_destination(told)}; {_target(told)}"


def _no_orders(told: Told) -> str:
    return f"does not sell: {_at_destination(told)}"


def _few_clicks(told: Told) -> str:
    return f"too few clicks to say: {_at_destination(told)}"


def _sells(told: Told) -> str:
    known = told.before is not None and told.before.acos is not None
    return f"sells: {_at_destination(told)}{f', at its source before {_before_acos(told)}' if known else ''}"


def _dearer(told: Told) -> str:
    return f"sells, dearer than at its source: {_at_destination(told)}, there before {_before_acos(told)}"


def _before_acos(told: Told) -> str:
    return _percent((told.before or NOTHING).acos)


def _before(told: Told) -> str:
    was = told.before or NOTHING
    sold = f"{plural(was.orders, 'order')} for {_money(was.sales, told)}" if was.orders else "no order"
    return f"{plural(was.clicks, 'click')}, {_money(was.spend, told)} and {sold} in {_days(told)} before it"


def _still_dear(told: Told) -> str:
    return f"{_sold_late(told)}; it still cost more than it brought: {_before(told)}, {_target(told)}"


def _saves(told: Told) -> str:
    return f"saves: {_before(told)}, nothing since"


def _paid(told: Told) -> str:
    return f"sold before, as its decision saw: {_before(told)}"


def _still_spends(told: Told) -> str:
    now = told.after or NOTHING
    return f"does not stop everything: {plural(now.clicks, 'click')} and {_money(now.spend, told)} since"


def _nothing_to_save(told: Told) -> str:
    return f"nothing to save: no click in {_days(told)} before it"


def _moved(told: Told) -> str:
    return f"moved: {_at_destination(told)} at the destination"


def _gap(told: Told) -> str:
    return f"a gap: {_before(told)}, and not a click at the destination since"


_SENTENCES = {
    Because.SOLD_LATE: _sold_late,
    Because.PAYS: _pays,
    Because.LOSES: _loses,
    Because.NO_ORDERS: _no_orders,
    Because.FEW_CLICKS: _few_clicks,
    Because.SELLS: _sells,
    Because.DEARER: _dearer,
    Because.STILL_DEAR: _still_dear,
    Because.SAVES: _saves,
    Because.PAID: _paid,
    Because.STILL_SPENDS: _still_spends,
    Because.NOTHING_TO_SAVE: _nothing_to_save,
    Because.MOVED: _moved,
    Because.GAP: _gap,
}


def _days(told: Told) -> str:
    return plural(told.days, "day")


def _money(amount: Decimal, told: Told) -> str:
    return f"{to_the_coin(amount, told.currency):,f} {told.currency}"


def _percent(fraction: Decimal | float | None) -> str:
    return "without sales" if fraction is None else f"{100 * Decimal(str(fraction)):.0f}%"
