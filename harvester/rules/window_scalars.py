"""Single values of conditions on windows and money: what is taken, and the sentence when it is not."""

import re
from decimal import Decimal

from harvester.domain.numbers import plain
from harvester.domain.target import asin_of
from harvester.rules.scalars import Unusable, currency, days, described, evidence_number, number, shown, text

_TIMES = re.compile(r"(?:(\d{1,6}(?:\.\d{1,6})?)\s*x?\s*)?([a-z_]+)", re.ASCII)
_PERCENTAGE = re.compile(r"\d{1,6}(\.\d{1,6})?\s*%", re.ASCII)
_MOST_WINDOW, _MOST_SKIP = 365, 90
EXPECTED, TARGET_COST, TARGET = "expected", "target_cost", "target"
"""What a bound can be a multiple of."""


def window(value: object) -> int:
    found = days(value)
    if found > _MOST_WINDOW:
        raise Unusable(f"must be at most {_MOST_WINDOW}d, not {shown(value)}")
    return found


def skip(value: object) -> int:
    if value in ("0d", 0) and not isinstance(value, bool):
        return 0
    found = days(value)
    if found > _MOST_SKIP:
        raise Unusable(f"must be at most {_MOST_SKIP}d, not {shown(value)}")
    return found


def clicks(value: object) -> float | str:
    """A number, or a multiple of the clicks that an order takes: `3x expected`."""
    return _times(value, EXPECTED) if isinstance(value, str) else evidence_number(value)


def money(value: object) -> Decimal | dict[str, Decimal]:
    """A number in the profile's currency, or one per currency."""
    if not isinstance(value, dict):
        return _plainly(value)
    if not value:
        raise Unusable("names no currency; write for example {USD: 20}, or a number in the profile's currency")
    return {currency(name): _plainly(each) for name, each in value.items()}


def spend(value: object) -> Decimal | dict[str, Decimal] | str:
    """Money, or a multiple of what an order may cost: `1x target_cost`."""
    return _times(value, TARGET_COST) if isinstance(value, str) else money(value)


def acos(value: object) -> float | str:
    """A percentage, also over 100 %, or a multiple of the product's target: `target`, `1.2x target`."""
    if not isinstance(value, str):
        raise Unusable(f"must be a percentage such as 30%, or `target`, not {described(value)}")
    written = value.strip()
    if _PERCENTAGE.fullmatch(written):
        return float(Decimal(written.removesuffix("%").strip()) / 100)
    return _times(value, TARGET)


def factor_of(value: str) -> tuple[Decimal, str]:
    """`3x expected` -> (3, expected); of a text that was let through."""
    factor, _, unit = value.partition("x ")
    return Decimal(factor), unit


def positive_percentage(value: object) -> float:
    """`30%` -> 0.3; over zero, and at most 1000 %."""
    found = acos(value) if isinstance(value, str) else TARGET
    if isinstance(found, str) or not 0 < found <= 10:  # noqa: PLR2004
        raise Unusable(f"must be a percentage over 0%, such as 30%, not {described(value)}")
    return found


def by_asin(value: object) -> object:
    """A section of products, each once, in whatever case it is written."""
    written: dict[str, object] = {}
    for each in value if isinstance(value, dict) else ():
        known = asin_of(str(each)) or str(each)
        if known in written:
            raise Unusable(f"`{shown(written[known])}` and `{shown(each)}` are one product; write it once")
        written[known] = each
    return value


def window_text(value: object) -> str:
    """`60d-7d`: so many days, without the newest so many."""
    written = text(value)
    first, _, last = written.partition("-")
    return f"{window(first)}d-{skip(last)}d"


def _times(value: str, unit: str) -> str:
    found = _TIMES.fullmatch(value.strip())
    factor = Decimal(found[1] or "1") if found else Decimal(0)
    if found is None or found[2] != unit or factor == 0:
        raise Unusable(f"must be a number, or a multiple such as `3x {unit}`, not `{shown(value)}`")
    return f"{plain(factor)}x {unit}"


def _plainly(value: object) -> Decimal:
    return Decimal(plain(number(value)))
