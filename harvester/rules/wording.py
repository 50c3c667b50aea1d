"""What is wrong with a rules file, in sentences: no word of the validator reaches a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, get_args

from pydantic import BaseModel

from harvester.rules.ruleset import RuleSet, keys_of
from harvester.rules.scalars import described, did_you_mean
from harvester.rules.values import Amounts

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` leads to the key or list item, from the top of the file."""

    path: Path
    message: str

    @property
    def field(self) -> str:
        """`rules[0].when.all[1].clicks`"""
        text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return text.removeprefix(".")


_FACTS = "the facts of a recommendation are clicks, conversions and conversion_rate; of a search term its money too"
_UNDELIVERED = ("impression_share", "units", "rating", "reviews", "title", "stock", "buy_box", "margin")
_NO_INTERVAL = "goes with conversion_rate and ctr: only a part of a whole has an interval around it"
_LATER: Mapping[str, Mapping[str, str]] = {
    "Condition": {fact: f"no enabled source delivers {fact}; {_FACTS}" for fact in _UNDELIVERED}
    | {
        "price": "is looked at as `price_ratio`, the list price over that of the advertised product",
        "cost": "is called `spend`",
        "revenue": "is called `sales`",
        "category": "is looked at as `shared_category`, with the advertised product",
    },
    "Then": {
        "negate_brand": "no recommendation is a brand; name the ids under `brands`, at the top of the file",
        "target_category": "use `promote` with source categories: it makes category targets",
        "target_product": "use `promote`: with source products, or without a promotion group, it makes product targets",
    },
} | {
    threshold: {"confidence": _NO_INTERVAL}
    for threshold in ("ClickThreshold", "NumberThreshold", "MoneyThreshold", "SpendThreshold", "AcosThreshold")
}


def problem_of(error: Mapping[str, Any]) -> Problem:
    """Of one entry of the validator's list of errors."""
    path: Path = tuple(step for step in error["loc"] if step != "[key]")
    value = error["input"]
    match error["type"]:
        case "extra_forbidden":
            return Problem(path, _unknown_key(path))
        case "missing":
            return Problem(path[:-1], f"`{path[-1]}` is missing")
        case "value_error":
            return Problem(path, str(error["ctx"]["error"]))
        case "enum" | "literal_error":
            return Problem(path, _not_among(value, error["ctx"]["expected"]))
        case "tuple_type":
            return Problem(path, _no_list(value))
        case _:
            return Problem(path, f"must be {_section_wanted(path, value)}, not {described(value)}")


def _section_wanted(path: Path, value: object) -> str:
    """Where a bare number stands, what to write around it."""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        field = section_at(path[:-1]).model_fields.get(str(path[-1]))
        if field and Amounts in (field.annotation, *get_args(field.annotation)):
            return f"an amount per currency, such as {{USD: {value}}}"
        wanted = section_at(path).model_fields
        if "at_least" in wanted:
            return f"a section of keys such as {{at_least: {value}}}"
        if "fixed" in wanted:
            return f"a section of keys such as {{fixed: {{USD: {value}}}}}"
    return "a section of keys"


def _unknown_key(path: Path) -> str:
    key = str(path[-1])
    section = section_at(path[:-1])
    later = _LATER.get(section.__name__, {}).get(key)
    if later:
        return later
    if key == "<<":
        return "merge keys (`<<`) are not understood; write the keys out"
    known = list(keys_of(section))
    return f"unknown key `{key}`{did_you_mean(key, known) or '; known here: ' + ', '.join(known)}"


def _not_among(value: object, expected: str) -> str:
    allowed = expected.replace("'", "").replace(" or ", ", ").split(", ")
    hint = did_you_mean(str(value).lower(), allowed)
    choices = allowed[0] if len(allowed) == 1 else f"one of {', '.join(allowed)}"
    return f"must be {choices}, not {described(value)}{hint}"


def _no_list(value: object) -> str:
    if isinstance(value, (dict, list)):
        return f"must be a list, not {described(value)}; start each entry with a dash"
    return f"must be a list, not {described(value)}; write [{value}]"


def section_at(path: Path) -> type[BaseModel]:
    """The section that stands at a path of the file: the nearest one, where the path leads into a list or map."""
    section: type[BaseModel] = RuleSet
    for step in path:
        for name, field in section.model_fields.items():
            if step in (field.alias or name, name):
                section = _section_in(field.annotation) or section
                break
    return section


def _section_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := _section_in(each))), None)
