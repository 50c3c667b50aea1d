"""Reports of Reporting v3: asked for, made after a while, shown with an address to download them from, deleted."""

import uuid
from dataclasses import dataclass

from harvester.sandbox import report_checks, report_download, report_file
from harvester.sandbox.calls import Call, Operation, Version
from harvester.sandbox.fault_rules import ReportFault
from harvester.sandbox.shapes import record
from harvester.sandbox.wire import ApiError, Family, Json, invalid

PATH = "/reporting/reports"
_REQUEST = "application/vnd.createasyncreportrequest.v3+json"
_CREATED = "application/vnd.createasyncreportresponse.v3+json"
_SHOWN = "application/vnd.getasyncreportresponse.v3+json"
_DELETED = "application/vnd.deleteasyncreportresponse.v3+json"
_PENDING_SHARE = 0.4
"""Of a report's time, before it is being processed."""


@dataclass(slots=True)
class Report:
    """`asked` is the body of the request; times are those of the sandbox's clock."""

    report_id: str
    asked: Json
    created_at: float
    done_at: float
    fate: ReportFault
    file: bytes | None = None
    """Made when its size was asked for, kept until it is fetched."""

    def status(self, now: float) -> str:
        wait = self.done_at - self.created_at
        if now >= self.done_at and self.fate.status not in {"PENDING", "PROCESSING"}:
            return self.fate.status or "COMPLETED"
        started = now >= self.created_at + wait * _PENDING_SHARE and self.fate.status != "PENDING"
        return "PROCESSING" if started and wait else "PENDING"

    def updated_at(self, now: float) -> float:
        match self.status(now):
            case "PENDING":
                return self.created_at
            case "PROCESSING":
                return self.created_at + (self.done_at - self.created_at) * _PENDING_SHARE
            case _:
                return self.done_at


def _create(call: Call) -> Json:
    report_checks.check(call.body, call.today)
    for report in call.market.reports.values():
        same = all(report.asked[name] == call.body[name] for name in ("startDate", "endDate", "configuration"))
        if same and report.status(call.now) in {"PENDING", "PROCESSING"}:
            raise report_checks.too_early(report.report_id)
    fate = call.action.report or ReportFault()
    name = f"{call.options.seed} {call.market.profile.profile_id} {len(call.market.reports)} {call.now}"
    report_id = str(uuid.uuid5(uuid.NAMESPACE_OID, name))
    wait = call.options.report_seconds if fate.seconds is None else fate.seconds
    report = Report(report_id, call.body, call.now, call.now + wait, fate)
    call.market.reports[report_id] = report
    return _fields(call, report, "PENDING")


def _show(call: Call) -> Json:
    report = _report(call)
    return _fields(call, report, report.status(call.now))


def _delete(call: Call) -> Json:
    report = _report(call)
    if report.status(call.now) != "PENDING":
        raise invalid(f"Report {report.report_id} is {report.status(call.now)}; only PENDING reports can be deleted")
    del call.market.reports[report.report_id]
    return {"code": "200", "detail": "Report deleted", "reportId": report.report_id}


def _report(call: Call) -> Report:
    report = call.market.reports.get(call.path.removeprefix(f"{PATH}/"))
    if report is None:
        raise ApiError(404, "NOT_FOUND", "Not Found")
    return report


def _fields(call: Call, report: Report, status: str) -> Json:
    body: Json = {
        "reportId": report.report_id,
        "status": status,
        "name": report.asked.get("name"),
        "startDate": report.asked["startDate"],
        "endDate": report.asked["endDate"],
        "configuration": {"filters": None, **report.asked["configuration"]},
        "createdAt": _text(call, report.created_at),
        "updatedAt": _text(call, report.updated_at(call.now)),
        "generatedAt": None,
        "failureReason": None,
        "fileSize": None,
        "url": None,
        "urlExpiresAt": None,
    }
    if status == "FAILED":
        body["failureReason"] = report.fate.reason
    if status == "COMPLETED":
        expired = call.action.report is not None and call.action.report.expired
        signed_at = call.now - (report_download.LIFETIME_SECONDS + 1 if expired else 0)
        body["generatedAt"] = _text(call, report.done_at)
        body["fileSize"] = report_file.size(call, report)
        body["url"] = report_download.address(call, report.report_id, signed_at)
        body["urlExpiresAt"] = _text(call, signed_at + report_download.LIFETIME_SECONDS)
    return body


def _text(call: Call, at: float) -> str:
    return call.clock.moment(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_NOTHING = record({})

OPERATIONS = (
    Operation(
        method="POST",
        path=PATH,
        family=Family.REPORTS,
        versions=(Version(3, _REQUEST, report_checks.CREATE),),
        handler=_create,
        answers=(_CREATED,),
    ),
    Operation(
        method="GET",
        path=f"{PATH}/{{reportId}}",
        family=Family.REPORTS,
        versions=(Version(3, _SHOWN, _NOTHING),),
        handler=_show,
        body_required=False,
    ),
    Operation(
        method="DELETE",
        path=f"{PATH}/{{reportId}}",
        family=Family.REPORTS,
        versions=(Version(3, _DELETED, _NOTHING),),
        handler=_delete,
        body_required=False,
    ),
)
