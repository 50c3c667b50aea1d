"""Whether a report may be asked for: the specification's form, and what the guides allow for each report type."""

import datetime as dt

from harvester.sandbox.report_columns import TYPES, ReportType
from harvester.sandbox.shapes import Items, Text, one_of, record
from harvester.sandbox.wire import ApiError, Json, invalid

MOST_DAYS = 31
KEPT_DAYS = 95

_AD_PRODUCTS = one_of(
    *("ALL", "DEMAND_SIDE_PLATFORM", "SPONSORED_BRANDS", "SPONSORED_DISPLAY", "SPONSORED_PRODUCTS"),
    "SPONSORED_TELEVISION",
)
_FILTER = record({"field": Text(), "values": Items(Text())})
_CONFIGURATION = record(
    {
        "adProduct": _AD_PRODUCTS,
        "columns": Items(Text()),
        "filters": Items(_FILTER, nullable=True),
        "format": one_of("GZIP_JSON"),
        "groupBy": Items(Text()),
        "reportTypeId": Text(),
        "timeUnit": one_of("DAILY", "SUMMARY"),
    },
    *("adProduct", "columns", "format", "groupBy", "reportTypeId", "timeUnit"),
)
CREATE = record(
    {"name": Text(), "startDate": Text(), "endDate": Text(), "configuration": _CONFIGURATION},
    *("configuration", "endDate", "startDate"),
)


def check(body: Json, today: str) -> None:
    """Raises `ApiError` 400 with the first thing that is wrong, in words like those of the real service."""
    configuration = body["configuration"]
    if configuration["adProduct"] != "SPONSORED_PRODUCTS":
        raise invalid("configuration adProduct: this advertiser has SPONSORED_PRODUCTS only")
    kind = TYPES.get(configuration["reportTypeId"])
    if kind is None:
        raise invalid(f"configuration reportTypeId is invalid. Allowed values: ({', '.join(TYPES)})")
    if configuration["groupBy"] != [kind.group_by]:
        raise invalid(f"configuration groupBy is invalid for {kind.name}. Allowed values: ({kind.group_by})")
    _check_columns(configuration["columns"], configuration["timeUnit"], kind)
    for one in configuration.get("filters") or ():
        _check_filter(one, kind)
    _check_days(body, dt.date.fromisoformat(today))


def _check_columns(columns: list[str], time_unit: str, kind: ReportType) -> None:
    if not columns:
        raise invalid("configuration columns cannot be null or empty")
    unknown = [name for name in columns if name not in kind.columns]
    if unknown:
        allowed = ", ".join(sorted(kind.columns))
        wrong = ", ".join(unknown)
        raise invalid(f"configuration columns includes invalid values: ({wrong}). Allowed values: ({allowed})")
    if len(set(columns)) < len(columns):
        raise invalid("configuration columns includes duplicate values")
    strange = {"DAILY": {"startDate", "endDate"}, "SUMMARY": {"date"}}[time_unit] & set(columns)
    if strange:
        raise invalid(f"configuration columns ({', '.join(sorted(strange))}) are invalid for timeUnit {time_unit}")


def _check_filter(one: Json, kind: ReportType) -> None:
    allowed = kind.filters.get(one.get("field", ""))
    if allowed is None:
        known = "; ".join(f"field: {name}, values: {', '.join(values)}" for name, values in kind.filters.items())
        place = kind.group_by
        raise invalid(
            f"configuration filters includes fields: ({one.get('field')}) which are invalid for groupBys: {place}."
            f" Allowed filters for groupBy {place}: ({known})"
        )
    values = one.get("values")
    if not values or not set(values) <= set(allowed):
        raise invalid(f"configuration filters values of {one['field']} must be among: {', '.join(allowed)}")


def _check_days(body: Json, today: dt.date) -> None:
    first, last = (_day(body, name) for name in ("startDate", "endDate"))
    if last < first:
        raise invalid("endDate must not be before startDate")
    if last > today:
        raise invalid(f"endDate must not be in the future; today is {today}")
    if (last - first).days >= MOST_DAYS:
        raise invalid(f"startDate to endDate range must not exceed {MOST_DAYS} days")
    if (today - first).days > KEPT_DAYS:
        raise invalid(f"startDate must not be more than {KEPT_DAYS} days before today, {today}")


def _day(body: Json, name: str) -> dt.date:
    try:
        day = dt.datetime.strptime(body[name], "%Y-%m-%d").replace(tzinfo=dt.UTC).date()
    except ValueError as error:
        raise invalid(f"{name} must have the form YYYY-MM-DD") from error
    if day.isoformat() != body[name]:
        raise invalid(f"{name} must have the form YYYY-MM-DD")
    return day


def too_early(report_id: str) -> ApiError:
    return ApiError(425, "TOO_EARLY", f"The Request is a duplicate of : {report_id}")
