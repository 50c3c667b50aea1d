"""The Ads API: from a request to an answer, strict about everything the specification says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import msgspec

from harvester.sandbox import (
    bid_suggestions,
    brands,
    categories,
    entities,
    groups,
    page_faults,
    product_suggestions,
    profiles,
    reports,
)
from harvester.sandbox.auth import Logins
from harvester.sandbox.calls import Call, Operation, Version
from harvester.sandbox.clock import Clock
from harvester.sandbox.fault_rules import Action
from harvester.sandbox.market import Market
from harvester.sandbox.wire import JSON, Answer, ApiError, Family, Json, error_answer, invalid, unauthorized
from harvester.sandbox.world import Account, World

OPERATIONS: dict[tuple[str, str], Operation] = {
    (operation.method, operation.path): operation
    for operation in (
        *entities.OPERATIONS,
        *groups.OPERATIONS,
        *bid_suggestions.OPERATIONS,
        *brands.OPERATIONS,
        *categories.OPERATIONS,
        *product_suggestions.OPERATIONS,
        *reports.OPERATIONS,
    )
}
_PATHS = {path for _, path in OPERATIONS}
_WITH_IDS = {key: re.compile(re.sub(r"\{\w+\}", "[^/]+", key[1])) for key in OPERATIONS if "{" in key[1]}
"""Paths that hold an id."""
_BODILESS = {"GET", "DELETE"}
_REGIONS = {"na": "NA", "eu": "EU", "fe": "FE"}


@dataclass(frozen=True, slots=True)
class Request:
    """What arrived, without the transport. Header names are case-insensitive."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    request_id: str
    clock: Clock
    action: Action
    base_url: str = ""


def split_region(path: str) -> tuple[str | None, str]:
    """`/eu/sp/...` is the European host; without such a prefix one host serves every region."""
    first, _, rest = path.removeprefix("/").partition("/")
    region = _REGIONS.get(first)
    return (None, path) if region is None else (region, f"/{rest}")


def operation_at(method: str, path: str) -> Operation | None:
    with_id = next((key for key, form in _WITH_IDS.items() if key[0] == method and form.fullmatch(path)), None)
    return OPERATIONS.get(with_id or (method, path))


def writes(method: str, path: str) -> bool:
    operation = operation_at(method, path)
    return operation is not None and operation.writes


def answer(world: World, logins: Logins, request: Request) -> tuple[Answer, Account | None]:
    region, path = split_region(request.path)
    operation = operation_at(request.method, path)
    account = None
    try:
        _check_route(operation, request.method, path)
        headers = request.headers
        client_id = headers.get("Amazon-Advertising-API-ClientId")
        account = logins.account_of(headers.get("Authorization"), client_id, request.clock.now())
        if operation is None:
            listed = profiles.answer(world, account.number, region, path, request.query)
            return replace(listed, body=page_faults.altered(listed.body, request.action)), account
        market = _market(world, account, region, operation, headers.get("Amazon-Advertising-API-Scope"))
        return _operate(world, market, operation, request), account
    except ApiError as error:
        return refusal(error, request.method, request.path, request.headers, request.request_id), account


def refusal(error: ApiError, method: str, path: str, headers: Mapping[str, str], request_id: str) -> Answer:
    """An error in the body and media type of the operation's family."""
    _, path = split_region(path)
    operation = operation_at(method, path)
    if operation is None:
        family = Family.PROFILES if path.startswith(profiles.PATH) else Family.ENTITIES
        return error_answer(error, family, JSON, request_id)
    given = headers.get("Content-Type", "").lower()
    version = operation.by_media_type.get(given, operation.versions[0])
    return error_answer(error, operation.family, version.media_type, request_id)


def _check_route(operation: Operation | None, method: str, path: str) -> None:
    about_profiles = path == profiles.PATH or path.startswith(f"{profiles.PATH}/")
    if operation is None and not (about_profiles and method == "GET"):
        raise ApiError(405 if path in _PATHS or about_profiles else 404, "NOT_FOUND", "Method Not Found")


def _market(world: World, account: Account, region: str | None, operation: Operation, scope: str | None) -> Market:
    if scope is None:
        raise unauthorized("Amazon-Advertising-API-Scope header is missing")
    profile = world.profiles.get(scope)
    if profile is None or profile.account != account.number or region not in {None, profile.marketplace.region}:
        raise unauthorized(f"Not authorized to access scope {scope}")
    market = world.market(scope)
    if operation.writes and market.access != "edit":
        raise ApiError(403, "ACCESS_DENIED", f"No permission to change profile {scope}")
    return market


def _operate(world: World, market: Market, operation: Operation, request: Request) -> Answer:
    version = _version(operation, request.headers, plain=world.options.accept_plain_json)
    body = _body(operation, version, request.body)
    call = Call(
        market=market,
        body=body,
        version=version.number,
        now=request.clock.now(),
        today=request.clock.today(ZoneInfo(market.profile.marketplace.timezone)),
        options=world.options,
        action=request.action,
        representation=operation.prefers and _prefers_representation(request.headers),
        operation=operation.name,
        path=split_region(request.path)[1],
        query=request.query,
        clock=request.clock,
        base_url=request.base_url,
    )
    result = page_faults.distorted(call, operation.handler(call), operation.handler)
    encoded = result if isinstance(result, bytes) else msgspec.json.encode(result)
    headers = {"Preference-Applied": "return=representation"} if call.representation else {}
    media_type = JSON if request.action.plain_json else version.media_type
    return Answer(operation.status, encoded, media_type, headers)


def _prefers_representation(headers: Mapping[str, str]) -> bool:
    return "return=representation" in (part.strip() for part in headers.get("Prefer", "").split(","))


def _version(operation: Operation, headers: Mapping[str, str], *, plain: bool) -> Version:
    """Content-Type and Accept must name the same version of the operation; parameters are refused."""
    given = headers.get("Content-Type", "").strip().lower()
    version = operation.by_media_type.get(given) if operation.method not in _BODILESS else operation.versions[0]
    if version is None and plain and given == JSON:
        version = operation.versions[0]
    if version is None:
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", f"Cannot consume content type {given!r}")
    accepted = {part.strip().lower() for part in headers.get("Accept", "").split(",")}
    if operation.answers:
        return _answering(operation, version, accepted)
    if version.media_type.lower() not in accepted and not (plain and accepted & {JSON, "*/*", ""}):
        raise ApiError(406, "NOT_ACCEPTABLE", f"{operation.path} gives {version.media_type} only")
    return version


def _answering(operation: Operation, version: Version, accepted: set[str]) -> Version:
    for number, media_type in enumerate(operation.answers, start=1):
        if media_type.lower() in accepted:
            return replace(version, number=number, media_type=media_type)
    raise ApiError(406, "NOT_ACCEPTABLE", f"{operation.path} gives {' or '.join(operation.answers)} only")


def _body(operation: Operation, version: Version, raw: bytes) -> Json:
    if not raw and not operation.body_required:
        return {}
    try:
        body = msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        raise invalid(f"Request can't be parsed: {error}") from error
    version.shape.check(body, "$")
    checked: Json = body
    return checked
