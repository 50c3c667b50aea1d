"""What Amazon's complaints about one item of a call mean for that item."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harvester.domain.outcome import ItemOutcome, Made, NotSent, TurnedDown, Unsure

_LONGEST_TEXT = 500
_LONGEST_ID = 100
_MOST_TOLD = 5
_LIMITS = ("lowerLimit", "upperLimit", "allowed", "quota")
_NOT_THERE_YET = frozenset({"NAME_NOT_UNIQUE", "MARKETPLACE_ATTRIBUTES_REPEATED"})
"""Duplicate errors about a name that something else has, or about a thing that the request itself says twice."""
_GONE = frozenset(
    {("entityNotFoundError", "ENTITY_NOT_FOUND"), ("entityStateError", "ARCHIVED_ENTITY_CANNOT_BE_MODIFIED")}
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for one item. `amazon_id`: of what is to be changed; empty for a creation."""

    amazon_id: str = ""
    stops: bool = False
    """It is to be paused or archived."""


@dataclass(frozen=True, slots=True)
class Complaint:
    selector: str
    reason: str
    message: str
    entity_id: str = ""

    @property
    def code(self) -> str:
        return "/".join(part for part in (self.selector, self.reason) if part)

    def is_fulfilled(self, asked: Asked) -> bool:
        """Whether it says that what was asked for stands already."""
        if asked.stops:
            return (self.selector, self.reason) in _GONE and self.entity_id in ("", asked.amazon_id)
        is_duplicate = self.selector == "duplicateValueError" and self.reason not in _NOT_THERE_YET
        return is_duplicate and not asked.amazon_id


def complaints_of(errors: object) -> list[Complaint]:
    """Of a list `[{errorType, errorValue: {selector: {message, reason, ...}}}]`; what is no such thing is left out.

    The selector counts; `errorType` is a free text, and only stands in for a missing one, or chooses among several.
    """
    return [
        complaint
        for error in (errors if isinstance(errors, list) else ())
        if isinstance(error, dict)
        for complaint in _complaints(error)
    ]


def outcome_of(complaints: Sequence[Complaint], asked: Asked) -> ItemOutcome:
    """What one item's complaints, all of them, mean for it.

    * A duplicate error answers a creation with "it is there": Made, its id to be found by listing.
    * Pausing or archiving what is archived already, or gone, has what it wanted, it runs no more: Made.
    * `throttledError` is the one that Amazon calls worth another try: NotSent.
    * `internalServerError` is documented as not retryable, the same request fails again: TurnedDown, like all others,
      known or not.
    * An item among the errors without any error: Unsure.

    Of several, "it is there" or "it is gone" goes before a refusal, and a refusal before a throttle.
    """
    if not complaints:
        return Unsure("the answer lists it among the errors, and names none")
    if any(complaint.is_fulfilled(asked) for complaint in complaints):
        return Made(asked.amazon_id)
    lasting = [complaint for complaint in complaints if complaint.selector != "throttledError"]
    if not lasting:
        return NotSent(f"Amazon throttled this item: {complaints[0].message or complaints[0].code}")
    return TurnedDown(lasting[0].code, told(lasting))


def told(complaints: Sequence[Complaint]) -> str:
    return "; ".join(complaint.message or complaint.code for complaint in complaints[:_MOST_TOLD])


def _complaints(error: Mapping[str, object]) -> Iterator[Complaint]:
    named, value = words(error.get("errorType")), error.get("errorValue")
    filled = {
        words(selector): said
        for selector, said in (value.items() if isinstance(value, dict) else ())
        if isinstance(said, dict) and said
    }
    for selector in filled if filled and named not in filled else filter(None, [named]):
        said = filled.get(selector, {})
        limits = ", ".join(f"{name} {text}" for name in _LIMITS if (text := words(said.get(name))))
        text = words(said.get("message")) or words(error.get("message"))
        message = f"{text} ({limits})".lstrip() if limits else text
        yield Complaint(selector, words(said.get("reason")), message, words(said.get("entityId")))


def words(value: object) -> str:
    """A JSON value as one line that can be stored and shown; empty where it says nothing."""
    match value:
        case str():
            text = value[: 4 * _LONGEST_TEXT]
        case bool() | None:
            return ""
        case int() | float():
            return str(value)
        case list():
            text = ", ".join(words(each) for each in value[:50] if not isinstance(each, list))
        case _:
            return ""
    line = " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
    return line if len(line) <= _LONGEST_TEXT else line[: _LONGEST_TEXT - 1] + "…"


def id_of(value: object) -> str:
    """An id as text, also where it came as a number; empty where it is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        return ""
    return value if " " not in value and len(value) <= _LONGEST_ID else ""
