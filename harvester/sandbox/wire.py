"""What travels: answers, whole-request errors, and the body each API family gives an error."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import msgspec

Json = dict[str, Any]

JSON = "application/json"


class Family(Enum):
    """Which error bodies and error media types an operation uses."""

    ENTITIES = "entities"
    GROUPS = "groups"
    RECOMMENDATIONS = "recommendations"
    SUGGESTIONS = "suggestions"
    PROFILES = "profiles"
    BIDS = "bids"
    REPORTS = "reports"


@dataclass(slots=True)
class Answer:
    status: int
    body: bytes
    media_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    stream: Iterator[bytes] | None = None
    """Instead of a body, pieces of a long one."""


class ApiError(Exception):
    """A refusal of the whole request."""

    def __init__(self, status: int, code: str, message: str, errors: list[Json] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors


def invalid(message: str) -> ApiError:
    return ApiError(400, "INVALID_ARGUMENT", message)


def invalid_token() -> ApiError:
    selector = {"invalidInputError": {"reason": "INVALID_TOKEN", "message": "The page token is not valid here"}}
    errors = [{"errorType": "invalidInputError", "errorValue": selector}]
    return ApiError(400, "INVALID_ARGUMENT", "Invalid token", errors)


def unauthorized(message: str) -> ApiError:
    return ApiError(401, "UNAUTHORIZED", message)


def error_answer(error: ApiError, family: Family, media_type: str, request_id: str) -> Answer:
    """`media_type` is the operation's own; promotion group calls name their errors with it, the others do not."""
    code = error.code
    if family is Family.PROFILES:
        body: Json = {"code": code, "details": error.message, "requestId": request_id}
        return Answer(error.status, msgspec.json.encode(body))
    if family is Family.SUGGESTIONS:
        return Answer(error.status, msgspec.json.encode({"code": str(error.status), "details": error.message}))
    if family is Family.REPORTS:
        return Answer(error.status, msgspec.json.encode({"code": str(error.status), "detail": error.message}))
    if family is Family.BIDS:
        details = {"code": str(error.status), "details": error.message}
        return Answer(error.status, msgspec.json.encode(details), media_type)
    if code == "UNAUTHORIZED" and family is not Family.ENTITIES:
        code = "UNAUTHENTICATED"
    body = {"code": code, "message": error.message}
    if error.errors and family is Family.ENTITIES:
        body["errors"] = error.errors
    return Answer(error.status, msgspec.json.encode(body), media_type if family is Family.GROUPS else JSON)


def json_answer(value: object, status: int = 200) -> Answer:
    return Answer(status, msgspec.json.encode(value))
