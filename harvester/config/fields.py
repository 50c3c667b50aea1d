"""What single settings may say, and how they are read."""

import difflib
import json
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, SecretStr, ValidationInfo
from pydantic_settings import NoDecode

from harvester.config.notices import notify_addresses
from harvester.domain.action import ActionKind
from harvester.domain.report_spans import KEPT_DAYS

EVERY_MORNING = "30 6 * * *"


def _words(value: object) -> object:
    """`1, 2` or `["1", "2"]` as a list."""
    if isinstance(value, int):
        return (str(value),)
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return [str(word) for word in json.loads(value)]
        except (ValueError, TypeError):
            raise ValueError("must be ids separated by commas") from None
    return [word for word in value.replace(",", " ").split() if word]


def upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _web_address(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not value.startswith(("http://", "https://")):
        raise ValueError("must be a full address that begins with https:// or http://")
    try:
        parts = urlsplit(value)
        known = parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        known = False
    if not known:
        raise ValueError("must be an address such as https://host or http://127.0.0.1:8080")
    return value.rstrip("/")


def _database_address(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        parts = urlsplit(value)
        if "," not in parts.netloc:  # of several hosts, each has its own port
            parts.port  # noqa: B018 - raises where it is none
    except ValueError:
        raise ValueError(
            "must be an address such as postgresql://user:password@host:5432/name; in the password write / as %2F, "
            "# as %23 and ? as %3F"
        ) from None
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ValueError("must begin with postgresql://")
    return value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]
Address = Annotated[str, BeforeValidator(_web_address)]
NotifyAddresses = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(notify_addresses)]
DatabaseAddress = Annotated[SecretStr, BeforeValidator(_database_address)]


_TWO_PERSON_KINDS = frozenset({*ActionKind, "negate_brand", "target_product", "target_category"})
"""Those of later versions too: a file that is ready for them is no mistake."""


def known_kinds(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """A misspelt kind would take the second person away in silence."""
    for kind in kinds:
        if kind not in _TWO_PERSON_KINDS:
            near = difflib.get_close_matches(kind, _TWO_PERSON_KINDS, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(f"`{kind}` is no kind of action{hint}")
    return kinds


def cron(line: str) -> str:
    line = " ".join(line.split())
    if line != EVERY_MORNING:
        from croniter import croniter  # noqa: PLC0415 - every command loads this module, few have a schedule of their own

        wanted = (
            "must be a cron line of five fields that comes true some day, such as `30 6 * * *` (every day at 06:30)"
        )
        if len(line.split()) != _CRON_FIELDS and line not in _CRON_NAMES:
            raise ValueError(wanted)
        try:
            croniter(line, datetime(2026, 1, 1, tzinfo=UTC)).get_next()
        except (ValueError, KeyError):
            raise ValueError(wanted) from None
    return line


_CRON_FIELDS = 5
_CRON_NAMES = frozenset({"@hourly", "@daily", "@midnight", "@weekly", "@monthly"})


def longer_than_a_call(reconcile_after: float, read: ValidationInfo) -> float:
    """What is still under way has not failed to arrive."""
    timeout = read.data.get("call_timeout", 0)
    if 0 < reconcile_after <= timeout:
        raise ValueError(f"must be longer than a call may take (HARVESTER_CALL_TIMEOUT, {timeout:g}), or 0")
    return reconcile_after


_AMAZON_KEEPS = KEPT_DAYS * 86_400
_A_WEEK, _A_HUNDRED_YEARS = 7 * 86_400, 36_500 * 86_400


def a_week_or_for_ever(seconds: float) -> float:
    """Less would take away what is still under review."""
    return _at_least(seconds, _A_WEEK, "a week")


def as_long_as_amazon_or_for_ever(seconds: float) -> float:
    """What is dropped before Amazon drops it is missing again, and would be fetched and dropped every day."""
    return _at_least(seconds, _AMAZON_KEEPS, f"the {KEPT_DAYS} days that Amazon keeps")


def _at_least(seconds: float, least: int, words: str) -> float:
    if seconds != 0 and not least <= seconds <= _A_HUNDRED_YEARS:
        raise ValueError(f"must be 0 (for ever), or between {least} ({words}) and {_A_HUNDRED_YEARS}")
    return seconds
