"""Sends one call that changes an account, once, and says item by item what came of it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus

import msgspec

from harvester.adapters.ads import group_replies
from harvester.adapters.ads.bulk_replies import FAMILIES, Family, decoded, read_bulk
from harvester.adapters.ads.item_errors import Asked, complaints_of, outcome_of, told
from harvester.adapters.ads.protocol import Endpoint, Operation
from harvester.adapters.exchange import Caller, Repeat, Unreadable
from harvester.adapters.http import HttpClient
from harvester.adapters.scrub import scrub
from harvester.domain.errors import HarvesterError, Misconfigured, OutcomeUnknown, Rejected
from harvester.domain.ids import PlanId, ProfileId
from harvester.domain.outcome import ItemOutcome, Made, NotSent, Reply, TurnedDown, Unsure
from harvester.domain.run import ApiCall
from harvester.rules.requests import GROUP_TARGETS, GROUPS, Request

_PROVEN_UNDONE = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS})
_DELETE = "/delete"
_counted = msgspec.json.Decoder(dict[str, list[msgspec.Raw]]).decode


class _Kept:
    """The attempts of one call: they are stored with its outcome, not by the client's own log."""

    def __init__(self) -> None:
        self.calls: list[ApiCall] = []

    def record(self, call: ApiCall) -> None:
        self.calls.append(call)


class _Gate:
    """Remembers what the gate raised, so that it is never taken for an answer of Amazon's."""

    def __init__(self, gate: Callable[[], Awaitable[None]]) -> None:
        self._gate = gate
        self.raised: BaseException | None = None

    async def passed(self) -> None:
        try:
            await self._gate()
        except BaseException as error:
            self.raised = error
            raise


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one call asks for, item by item, and how its answer is read."""

    asked: Sequence[Asked]
    read: Callable[[bytes], list[ItemOutcome]]


class AmazonWriter:
    """Writes to one profile's account."""

    def __init__(self, http: HttpClient, endpoint: Endpoint, account: str, profile_id: ProfileId) -> None:
        self._http = http
        self._endpoint = endpoint
        self._account = account
        self._profile_id = profile_id

    async def send(self, request: Request, plan_id: PlanId, gate: Callable[[], Awaitable[None]]) -> Reply:
        """As the port says; raises only what the gate raises, and ValueError for a request that is none of ours.

        What is sent is `request.body`, to the byte, with `request.media_type` as Content-Type and Accept.
        Attempts before the gate's refusal, or before a cancellation, go to the client's own log. Who cancels this
        while a call is under way leaves its items without an outcome; the caller shields it.
        """
        if request.path in (GROUPS.path, GROUP_TARGETS.path) and group_replies.SPOKEN == 2:  # noqa: PLR2004 - a version
            request = group_replies.in_version_2(request)
        reading = _reading(request)
        kept, guard = _Kept(), _Gate(gate)
        caller = Caller(self._account, self._profile_id, None, plan_id)
        operation = Operation(
            request.path.removeprefix("/sp/"), request.method, request.path, request.media_type, request.media_type
        )
        call = replace(self._endpoint.request(operation, caller), body=request.body.encode())
        try:
            outcomes = await self._http.send(
                call,
                lambda answer: reading.read(answer.body),
                repeat=Repeat.NEVER,
                log=kept,
                gate=guard.passed,
            )
        except HarvesterError as error:
            if guard.raised is error:
                self._hand_over(kept)
                raise
            outcomes = _given_up(error, kept.calls, reading, request.path)
        except BaseException:
            self._hand_over(kept)
            raise
        secrets = self._endpoint.bearer.hidden()
        return Reply(_all_scrubbed(outcomes, secrets), tuple(kept.calls))

    def _hand_over(self, kept: _Kept) -> None:
        for call in kept.calls:
            self._http.log.record(call)


def _reading(request: Request) -> _Reading:
    """Raises ValueError where the body does not hold the items that the request names, or nobody knows the path."""
    try:
        reading = _reading_of(request)
    except (KeyError, TypeError, AttributeError, msgspec.DecodeError) as error:
        raise ValueError(f"{request.path}: this is no body of that call") from error
    if len(reading.asked) != len(request.action_ids):
        raise ValueError(f"{request.path}: {len(reading.asked)} items in the body, {len(request.action_ids)} actions")
    return reading


def _reading_of(request: Request) -> _Reading:
    if request.path == GROUPS.path:
        return _Reading([Asked()], group_replies.read_group)
    if request.path == GROUP_TARGETS.path:
        targets = group_replies.targets_asked(request)
        return _Reading([Asked()] * len(targets), lambda body: group_replies.read_targets(body, request))
    family = FAMILIES[request.path.removesuffix(_DELETE)]
    asked = _asked(request, family)
    return _Reading(asked, lambda body: read_bulk(body, family, asked))


def _asked(request: Request, family: Family) -> list[Asked]:
    if request.path.endswith(_DELETE):
        (id_filter,) = msgspec.json.decode(request.body).values()
        return [Asked(amazon_id, stops=True) for amazon_id in id_filter["include"]]
    if request.method != "PUT":  # counted, not read
        return [Asked()] * len(_counted(request.body)[family.key])
    items = msgspec.json.decode(request.body)[family.key]
    return [Asked(item[family.own_id], stops=item.get("state") == "PAUSED") for item in items]


def _given_up(error: HarvesterError, calls: Sequence[ApiCall], reading: _Reading, path: str) -> list[ItemOutcome]:
    """The same for every item, unless the refusal of the whole call says more.

    A 401 and a 429 prove that nothing was done, and so does a call without an attempt: the login is closed, the token
    could not be had, the throttle gave no turn. A 408 proves nothing.
    """
    last = calls[-1] if calls else None
    count = len(reading.asked)
    if last is None or last.status in _PROVEN_UNDONE:
        return [NotSent(_login_sentence(error, last))] * count
    if isinstance(error, OutcomeUnknown) or last.status == HTTPStatus.REQUEST_TIMEOUT:
        return [Unsure(str(error))] * count
    if isinstance(error, Rejected):
        return _turned_down(error, last, reading, path)
    if isinstance(error, Misconfigured) and last.status is not None:
        return [Unsure(str(error))] * count
    return [NotSent(str(error))] * count


def _login_sentence(error: HarvesterError, last: ApiCall | None) -> str:
    if isinstance(error, Rejected) and last is not None and last.status == HTTPStatus.UNAUTHORIZED:
        return f"the login was refused, twice, and nothing was done: {error}"
    return str(error)


def _turned_down(error: Rejected, last: ApiCall, reading: _Reading, path: str) -> list[ItemOutcome]:
    """A 400 of an entity call may hold `errors` without positions: they speak of the whole call."""
    if path == GROUPS.path and group_replies.says_group_exists(error.code or "", error.message):
        return [Made("")]
    complaints = complaints_of(_errors_in(last.response_body))
    if len(reading.asked) == 1 and complaints:
        return [outcome_of(complaints, reading.asked[0])]
    code = complaints[0].code if complaints else error.code or f"HTTP_{error.status}"
    details = told(complaints)
    message = error.message if details in error.message else f"{error.message}: {details}"
    return [TurnedDown(code, message)] * len(reading.asked)


def _errors_in(body: str | None) -> object:
    try:
        said = decoded((body or "").encode("utf-8", "replace"))
    except Unreadable:
        return None
    return said.get("errors") if isinstance(said, dict) else None


def _all_scrubbed(outcomes: Sequence[ItemOutcome], secrets: Sequence[str]) -> tuple[ItemOutcome, ...]:
    """Ids alone, as nearly always, are looked through at once: what hides nothing together hides nothing apart."""
    ids = "\n".join(each.amazon_id for each in outcomes if isinstance(each, Made) and not each.parts)
    clean = scrub(ids, secrets) == ids
    return tuple(
        each if clean and isinstance(each, Made) and not each.parts else _scrubbed(each, secrets) for each in outcomes
    )


def _scrubbed(outcome: ItemOutcome, secrets: Sequence[str]) -> ItemOutcome:
    match outcome:
        case Made(amazon_id, parts):
            return Made(_clean_id(amazon_id, secrets), tuple(_clean_id(part, secrets) for part in parts))
        case TurnedDown(code, message):
            return TurnedDown(scrub(code, secrets), scrub(message, secrets))
        case NotSent(why):
            return NotSent(scrub(why, secrets))
        case Unsure(why):
            return Unsure(scrub(why, secrets))


def _clean_id(amazon_id: str, secrets: Sequence[str]) -> str:
    """No id holds a secret; what does is none."""
    return amazon_id if scrub(amazon_id, secrets) == amazon_id else ""
