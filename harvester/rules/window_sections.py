"""Thresholds of conditions on windows and money, as they stand in the rules file."""

from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from harvester.rules import window_scalars
from harvester.rules.section import Section
from harvester.rules.values import Confidence, Count, Rate, percent_schema

_DAYS = {"type": "string", "pattern": r"^\d+[dw]$", "examples": ["60d"]}
_NUMBER = {"type": "number", "minimum": 0}
_BY_CURRENCY = {"type": "object", "additionalProperties": _NUMBER, "examples": [{"USD": 20, "EUR": 18}]}

WindowDays = Annotated[int, BeforeValidator(window_scalars.window), WithJsonSchema(_DAYS)]
SkipDays = Annotated[int, BeforeValidator(window_scalars.skip), WithJsonSchema({**_DAYS, "examples": ["7d", "0d"]})]
WindowText = Annotated[
    str, BeforeValidator(window_scalars.window_text), WithJsonSchema({"type": "string", "examples": ["30d-7d"]})
]
Share = Annotated[float, BeforeValidator(window_scalars.positive_percentage), WithJsonSchema(percent_schema("30%"))]


def _multiple(example: str, *others: dict[str, object]) -> dict[str, object]:
    text = {
        "type": "string",
        "pattern": rf"^\s*(\d+(\.\d+)?\s*x)?\s*{example.rsplit(maxsplit=1)[-1]}\s*$",
        "examples": [example],
    }
    return {"anyOf": [*others, text]}


ClickCount = Annotated[
    float | str, BeforeValidator(window_scalars.clicks), WithJsonSchema(_multiple("3x expected", _NUMBER))
]
MoneyAmount = Annotated[
    Decimal | dict[str, Decimal],
    BeforeValidator(window_scalars.money),
    WithJsonSchema({"anyOf": [_NUMBER, _BY_CURRENCY]}),
]
SpendAmount = Annotated[
    Decimal | dict[str, Decimal] | str,
    BeforeValidator(window_scalars.spend),
    WithJsonSchema(_multiple("1x target_cost", _NUMBER, _BY_CURRENCY)),
]
AcosShare = Annotated[
    float | str, BeforeValidator(window_scalars.acos), WithJsonSchema(_multiple("1x target", percent_schema("30%")))
]


class Span(Section):
    """Which days are counted; of source search_terms only, where all conditions have a window."""

    window: WindowDays | None = None
    """So many whole days: `60d`, which is the default, or `8w`."""
    exclude_recent: SkipDays | None = None
    """So many newest days are left out, of which orders still come in: `7d`; for vendors `14d` by default."""


class ClickThreshold(Span):
    at_least: ClickCount | None = None
    """A number, or a multiple of the clicks that an order takes in the ad group: `3x expected`."""
    at_most: ClickCount | None = None


class NumberThreshold(Span):
    at_least: Count | None = None
    at_most: Count | None = None


class ShareThreshold(Span):
    """Of the whole, at most 100 %. With `confidence`, `at_least` looks at the lower end of the two-sided Wilson
    interval and `at_most` at its upper end.
    """

    at_least: Rate | None = None
    at_most: Rate | None = None
    confidence: Confidence | None = None


class MoneyThreshold(Span):
    at_least: MoneyAmount | None = None
    """In the profile's currency, or per currency: `{USD: 20, EUR: 18}`."""
    at_most: MoneyAmount | None = None


class SpendThreshold(Span):
    at_least: SpendAmount | None = None
    """In the profile's currency, per currency, or a multiple of what an order may cost: `1x target_cost`."""
    at_most: SpendAmount | None = None


class AcosThreshold(Span):
    at_least: AcosShare | None = None
    at_most: AcosShare | None = None
    """A percentage, or a multiple of the product's target: `target`, `1.2x target`."""


Threshold = ClickThreshold | NumberThreshold | ShareThreshold | MoneyThreshold | SpendThreshold | AcosThreshold
