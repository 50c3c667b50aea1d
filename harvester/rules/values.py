"""The types of single values in the rules file, as the validator and the JSON Schema see them."""

from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from harvester.domain.target import Match
from harvester.rules import scalars

_PERCENT = {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*%\s*$", "examples": ["5%"]}


def percent_schema(example: str) -> dict[str, object]:
    return {**_PERCENT, "examples": [example]}


_POSITIVE = {"type": "number", "exclusiveMinimum": 0}
_ID = {"type": ["string", "integer"], "pattern": r"^\d{1,20}$"}
_NAME_OR_ID = {"type": ["string", "number"], "minLength": 1, "examples": ["Auto *", "123456789"]}
_CURRENCY = {"type": "string", "enum": sorted(scalars.CURRENCIES)}

Count = Annotated[float, BeforeValidator(scalars.evidence_number), WithJsonSchema({"type": "number", "minimum": 0})]
Whole = Annotated[int, BeforeValidator(scalars.whole_number), WithJsonSchema({"type": "integer", "minimum": 0})]
Counting = Annotated[int, BeforeValidator(scalars.counting_number), WithJsonSchema({"type": "integer", "minimum": 1})]
WaitDays = Annotated[
    int, BeforeValidator(scalars.days_to_wait), WithJsonSchema({"type": "integer", "minimum": 0, "maximum": 3650})
]
Stars = Annotated[int, BeforeValidator(scalars.stars), WithJsonSchema({"type": "integer", "minimum": 0, "maximum": 5})]
Rate = Annotated[float, BeforeValidator(scalars.percentage), WithJsonSchema(_PERCENT)]
Confidence = Annotated[
    float, BeforeValidator(scalars.confidence), WithJsonSchema({**_PERCENT, "examples": ["80%", "95%"]})
]
Amount = Annotated[Decimal, BeforeValidator(scalars.amount), WithJsonSchema(_POSITIVE)]
Currency = Annotated[str, BeforeValidator(scalars.currency), WithJsonSchema(_CURRENCY)]
Amounts = dict[Currency, Amount]
Name = Annotated[str, BeforeValidator(scalars.name), WithJsonSchema({"type": ["string", "number"], "maxLength": 80})]
Prefix = Annotated[str, BeforeValidator(scalars.name_prefix), WithJsonSchema({"type": "string", "maxLength": 100})]
NameOrId = Annotated[str, BeforeValidator(scalars.text), WithJsonSchema(_NAME_OR_ID)]
Digits = Annotated[str, BeforeValidator(scalars.digits), WithJsonSchema(_ID)]
BrandId = Annotated[str, BeforeValidator(scalars.brand_id), WithJsonSchema(_ID)]
Asin = Annotated[
    str, BeforeValidator(scalars.asin), WithJsonSchema({"type": ["string", "integer"], "examples": ["B000000001"]})
]
Protected = Annotated[
    str,
    BeforeValidator(scalars.protected_keyword),
    WithJsonSchema({"type": ["string", "number"], "minLength": 1, "examples": ["acme", "/^acme\\b/"]}),
]
NegativeMatch = Annotated[
    Match, BeforeValidator(scalars.negative_match), WithJsonSchema({"type": "string", "enum": ["exact", "phrase"]})
]
Days = Annotated[
    int,
    BeforeValidator(scalars.days),
    WithJsonSchema({"type": "string", "pattern": r"^\d+[dw]$", "examples": ["90d", "12w"]}),
]
Flag = Annotated[bool, BeforeValidator(scalars.yes_or_no)]
