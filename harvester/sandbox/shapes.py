"""A small validator for request bodies, as strict as the specification: types, bounds, enums, no unknown fields."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from harvester.sandbox.wire import invalid


class Shape(Protocol):
    def check(self, value: object, where: str) -> None:
        """Raises `ApiError` 400 naming the place (JSONPath) when `value` does not fit."""


@dataclass(frozen=True, slots=True)
class Text:
    among: frozenset[str] | None = None
    nullable: bool = False
    date: bool = False
    longest: int | None = None

    def check(self, value: object, where: str) -> None:
        if value is None and self.nullable:
            return
        if not isinstance(value, str):
            raise invalid(f"{where} must be a string")
        if self.among is not None and value not in self.among:
            raise invalid(f"{where} must be one of {', '.join(sorted(self.among))}")
        if self.longest is not None and not 1 <= len(value) <= self.longest:
            raise invalid(f"{where} must have 1 to {self.longest} characters")
        if self.date:
            _check_date(value, where)


def _check_date(value: str, where: str) -> None:
    try:
        dt.datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=dt.UTC)
    except ValueError as error:
        raise invalid(f"{where} must be a date, YYYY-MM-DD") from error


@dataclass(frozen=True, slots=True)
class Number:
    least: float | None = None
    most: float | None = None
    nullable: bool = False
    whole: bool = False

    def check(self, value: object, where: str) -> None:
        if value is None and self.nullable:
            return
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise invalid(f"{where} must be a number")
        if self.whole and not isinstance(value, int):
            raise invalid(f"{where} must be an integer")
        if self.least is not None and value < self.least:
            raise invalid(f"{where} must be at least {self.least}")
        if self.most is not None and value > self.most:
            raise invalid(f"{where} must be at most {self.most}")


@dataclass(frozen=True, slots=True)
class Flag:
    def check(self, value: object, where: str) -> None:
        if not isinstance(value, bool):
            raise invalid(f"{where} must be true or false")


@dataclass(frozen=True, slots=True)
class Items:
    item: Shape
    least: int = 0
    most: int | None = None
    nullable: bool = False

    def check(self, value: object, where: str) -> None:
        if value is None and self.nullable:
            return
        if not isinstance(value, list):
            raise invalid(f"{where} must be an array")
        if len(value) < self.least:
            raise invalid(f"{where} must hold at least {self.least} items")
        if self.most is not None and len(value) > self.most:
            raise invalid(f"{where} must hold at most {self.most} items")
        for place, item in enumerate(value):
            self.item.check(item, f"{where}[{place}]")


@dataclass(frozen=True, slots=True)
class Record:
    fields: Mapping[str, Shape]
    required: frozenset[str] = field(default_factory=frozenset)

    def check(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise invalid(f"{where} must be an object")
        for name in self.required:
            if name not in value:
                raise invalid(f"{where}.{name} is required")
        for name, item in value.items():
            shape = self.fields.get(name)
            if shape is None:
                raise invalid(f"{where}.{name} is not a known field")
            shape.check(item, f"{where}.{name}")


@dataclass(frozen=True, slots=True)
class TextMap:
    """Free names, text values (tags)."""

    most: int = 50

    def check(self, value: object, where: str) -> None:
        if not isinstance(value, dict) or len(value) > self.most:
            raise invalid(f"{where} must be an object of at most {self.most} texts")
        for name, item in value.items():
            Text().check(item, f"{where}.{name}")


@dataclass(frozen=True, slots=True)
class OneOf:
    """Exactly one of several single-key records."""

    choices: Mapping[str, Shape]

    def check(self, value: object, where: str) -> None:
        if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in self.choices:
            raise invalid(f"{where} must hold exactly one of {', '.join(self.choices)}")
        name, item = next(iter(value.items()))
        self.choices[name].check(item, f"{where}.{name}")


def one_of(*values: str) -> Text:
    return Text(among=frozenset(values))


def record(fields: Mapping[str, Shape], *required: str) -> Record:
    return Record(fields, frozenset(required))


def include(most: int, item: Shape | None = None) -> Record:
    return record({"include": Items(item or Text(), 0, most)}, "include")
