"""The address a report is downloaded from: signed, short-lived, and no business of the Ads API's headers."""

import datetime as dt
import hashlib
import hmac
import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from harvester.sandbox.calls import Call
from harvester.sandbox.fault_rules import ReportFault
from harvester.sandbox.report_file import Made, packed, packed_chunks
from harvester.sandbox.wire import Answer

if TYPE_CHECKING:
    from harvester.sandbox.ads import Request
    from harvester.sandbox.world import World

PREFIX = "/offline-report-storage/"
LIFETIME_SECONDS = 3600
_FORM = re.compile(r"/offline-report-storage/([^/]+)/([^/]+)/report-\2\.json")
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_CODES = {400: "InvalidArgument", 403: "AccessDenied", 404: "NoSuchKey", 405: "MethodNotAllowed", 503: "SlowDown"}


def concerns(path: str) -> bool:
    return path.startswith(PREFIX)


def address(call: Call, report_id: str, signed_at: float) -> str:
    path = f"{PREFIX}{call.market.profile.profile_id}/{report_id}/report-{report_id}.json"
    date = call.clock.moment(signed_at).strftime("%Y%m%dT%H%M%SZ")
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Date": date,
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Expires": str(LIFETIME_SECONDS),
        "X-Amz-Signature": _signature(call.options.seed, path, date),
    }
    return f"{call.base_url}{path}?{urlencode(query)}"


def _signature(seed: int, path: str, date: str) -> str:
    return hmac.new(f"reports {seed}".encode(), f"{path} {date}".encode(), hashlib.sha256).hexdigest()


def refusal(status: int, message: str) -> Answer:
    """As S3 says it."""
    code = _CODES.get(status, "InternalError")
    xml = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return Answer(status, (_XML + xml).encode(), "application/xml")


def answer(world: "World", request: "Request") -> Answer:
    clock, path, query = request.clock, request.path, request.query
    found = _FORM.fullmatch(path)
    if request.method != "GET":
        return refusal(405, "The specified method is not allowed against this resource.")
    if "Authorization" in request.headers:
        return refusal(400, "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter is")
    date = query.get("X-Amz-Date", "")
    if found is None or not hmac.compare_digest(
        query.get("X-Amz-Signature", ""), _signature(world.options.seed, path, date)
    ):
        return refusal(403, "The request signature we calculated does not match the signature you provided.")
    signed = dt.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    if clock.moment(clock.now()) > signed + dt.timedelta(seconds=LIFETIME_SECONDS):
        return refusal(403, "Request has expired")
    market = world.market(found[1])
    report = market.reports.get(found[2])
    if report is None:
        return refusal(404, "The specified key does not exist.")
    made = Made(market, world.options, clock, report)
    fault = request.action.report or ReportFault()
    if made.large:
        return Answer(200, b"", "application/octet-stream", stream=packed_chunks(made, fault))
    return Answer(200, packed(made, fault), "application/octet-stream")
