"""What went wrong with a call, in one sentence, and which of our errors it is. No I/O."""

import html
import re
from dataclasses import dataclass, replace
from enum import Enum
from http import HTTPStatus
from typing import Any

import msgspec

from harvester.adapters.exchange import UNDECODABLE, Answer, Repeat
from harvester.domain.errors import (
    HarvesterError,
    Misconfigured,
    OutcomeUnknown,
    PageBroken,
    Rejected,
    Unavailable,
)

_LONGEST_TEXT = 240
_MOST_JSON_BYTES = 2**20
_MOST_TEXT_BYTES = 2**14
_NEVER_DONE = frozenset({HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.HTTP_VERSION_NOT_SUPPORTED})
_TITLE = re.compile(r"<title[^>]*>([^<]*)", re.IGNORECASE)
_NOT_SHOWN = re.compile(r"<(script|style|head)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_TEXT_KEYS = ("message", "details", "detail", "error_description", "Message", "reason")


class Kind(Enum):
    """By what may be done about it."""

    REFUSED = "refused"
    TOKEN = "token"  # noqa: S105 - a 401, not a secret
    THROTTLED = "throttled"
    FAILED = "failed"
    """A 5xx: on their side."""
    LOST = "lost"
    """Sent, and no answer, or half of one."""
    UNSENT = "unsent"
    """No connection: nothing was sent."""
    UNREADABLE = "unreadable"
    OVERSIZED = "oversized"
    ADDRESS = "address"
    """The configured address is none."""


RETRIED_READS = frozenset({Kind.THROTTLED, Kind.FAILED, Kind.LOST, Kind.UNSENT, Kind.UNREADABLE})


@dataclass(frozen=True, slots=True)
class Trouble:
    kind: Kind
    message: str
    status: int | None = None
    code: str | None = None
    request_id: str | None = None
    retry_after_seconds: float | None = None

    def error(self, repeat: Repeat) -> HarvesterError:
        """The domain error for a call that is given up."""
        if self.kind in (Kind.REFUSED, Kind.TOKEN):
            return Rejected(self.message, self.status, self.code, self.request_id)
        if self.kind is Kind.ADDRESS:
            return Misconfigured(self.message)
        if repeat is Repeat.NEVER and self.kind not in (Kind.THROTTLED, Kind.UNSENT):
            return OutcomeUnknown(self.message)
        if self.kind in (Kind.UNREADABLE, Kind.OVERSIZED):
            return PageBroken(self.message, waited=True)
        return Unavailable(self.message, self.status, self.retry_after_seconds, self.request_id)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What an error body says."""

    code: str | None
    text: str
    request_id: str | None = None


def trouble_of(answer: Answer, retry_after_seconds: float | None) -> Trouble | None:
    """What an answer's status and body complain about; None for a success."""
    if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    complaint = complaint_of(answer)
    said = " ".join(part for part in (str(answer.status), complaint.code) if part)
    message = f"Amazon answered {said}: {complaint.text}" if complaint.text else f"Amazon answered {said}"
    request_id = answer.request_id or complaint.request_id
    trouble = Trouble(_kind(answer.status, complaint.code), message, answer.status, complaint.code, request_id)
    return replace(trouble, retry_after_seconds=retry_after_seconds)


def _kind(status: int, code: str | None) -> Kind:
    """The Selling Partner API tells of a token that has expired with a 403 of this code."""
    if status == HTTPStatus.UNAUTHORIZED or (status == HTTPStatus.FORBIDDEN and code == "Unauthorized"):
        return Kind.TOKEN
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Kind.THROTTLED
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status not in _NEVER_DONE:
        return Kind.FAILED
    return Kind.REFUSED


def complaint_of(answer: Answer) -> Complaint:
    """Every family of Amazon's error bodies: JSON in six shapes, HTML pages, plain text, nothing."""
    try:
        said = msgspec.json.decode(answer.body[:_MOST_JSON_BYTES])
    except UNDECODABLE:
        return Complaint(None, _plain(answer.body[:_MOST_TEXT_BYTES].decode("utf-8", "replace")))
    if isinstance(said, dict):
        return _of_object(said)
    return Complaint(None, _short(said if isinstance(said, str) else _compact(said)))


def _of_object(said: dict[str, Any]) -> Complaint:
    code = _text(said.get("code") or said.get("error"))
    text = next((found for key in _TEXT_KEYS if (found := _text(said.get(key)))), "")
    errors = said.get("errors")
    if isinstance(errors, list):
        first = next((error for error in errors if isinstance(error, dict) and error), {})
        inner_code, inner_text = _of_item(first)
        code = code or inner_code
        text = text or inner_text
    return Complaint(code or None, _short(text), _text(said.get("requestId")) or None)


def _of_item(error: dict[str, Any]) -> tuple[str, str]:
    """A member of `errors`: `{code, message, details}`, or the selector form `{errorType, errorValue}`."""
    value = error.get("errorValue")
    if isinstance(value, dict):
        for selector in value.values():
            if isinstance(selector, dict):
                return _text(selector.get("reason")), _text(selector.get("message"))
    text = next((found for key in _TEXT_KEYS if (found := _text(error.get(key)))), "")
    return _text(error.get("code") or error.get("errorType")), text


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, str):
        return value.strip()
    return _compact(value)


def _compact(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _plain(text: str) -> str:
    """The title of an HTML page, else its words; other text as it is."""
    if "<" in text:
        title = _TITLE.search(text)
        found = html.unescape(title.group(1)).strip() if title else ""
        text = found or html.unescape(_TAG.sub(" ", _NOT_SHOWN.sub(" ", text)))
    return _short(text)


def _short(text: str) -> str:
    line = " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
    return line if len(line) <= _LONGEST_TEXT else line[: _LONGEST_TEXT - 1] + "…"
