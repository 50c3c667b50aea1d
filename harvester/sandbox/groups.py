"""The promotion group operations: groups, their targets, recommendations."""

from collections.abc import Callable

from harvester.sandbox import group_shapes as shape
from harvester.sandbox import groups_v1, groups_v2, paging
from harvester.sandbox.calls import Call, Operation, Version
from harvester.sandbox.lists import start_of
from harvester.sandbox.recommendations import encode_page
from harvester.sandbox.shapes import Shape
from harvester.sandbox.wire import Family, Json


def recommend(call: Call) -> bytes:
    """Filters combine with AND. The rows are encoded by hand, hence bytes."""
    wanted = [
        frozenset(call.body[name]["include"]) if name in call.body else None
        for name in ("campaignIdFilter", "adGroupIdFilter", "adIdFilter")
    ]
    source = call.market.recommendations
    selections = source.select(wanted[0], wanted[1], wanted[2])
    total = sum(selection.rows for selection in selections)
    start, bound_to = start_of(call)
    end = min(start + call.body.get("maxResults", 1000), total)
    rows = encode_page(source.rows(selections, start, end - start), call.options.dialect)
    token = b',"nextToken":"%s"' % paging.token(bound_to, end).encode() if end < total else b""
    return b'{"targets":%s,"totalResults":%d%s}' % (rows, total, token)


def _by_version(one: Callable[[Call], Json], two: Callable[[Call], Json]) -> Callable[[Call], Json]:
    return lambda call: one(call) if call.version == 1 else two(call)


def _operation(
    tail: str, media: str, shapes: tuple[Shape, Shape], handler: Callable[[Call], Json], *, status: int = 200
) -> Operation:
    return Operation(
        method="POST",
        path=f"/sp/targetPromotionGroups{tail}",
        family=Family.GROUPS,
        versions=tuple(
            Version(number, f"application/vnd.{media}.v{number}+json", body)
            for number, body in enumerate(shapes, start=1)
        ),
        handler=handler,
        status=status,
        body_required=not tail.endswith("list"),
        writes=not tail.endswith("list"),
    )


_GROUP = "sptargetpromotiongroup"
_TARGET = "sptargetpromotiongrouptarget"

OPERATIONS = (
    _operation("", _GROUP, (shape.CREATE_V1, shape.CREATE_V2), _by_version(groups_v1.create, groups_v2.create)),
    _operation(
        "/list", _GROUP, (shape.LIST_V1, shape.LIST_V2), _by_version(groups_v1.list_groups, groups_v2.list_groups)
    ),
    _operation(
        "/targets",
        _TARGET,
        (shape.TARGETS_V1, shape.TARGETS_V2),
        _by_version(groups_v1.create_targets, groups_v2.create_targets),
        status=207,
    ),
    _operation(
        "/targets/list",
        _TARGET,
        (shape.TARGETS_LIST, shape.TARGETS_LIST),
        _by_version(groups_v1.list_targets, groups_v2.list_targets),
    ),
    Operation(
        method="POST",
        path="/sp/targetPromotionGroups/recommendations",
        family=Family.RECOMMENDATIONS,
        versions=(Version(1, "application/vnd.spTargetPromotionGroupsRecommendations.v1+json", shape.RECOMMENDATIONS),),
        handler=recommend,
        body_required=False,
    ),
)
