"""What came of a verdict, item by item: changed, so already, waiting, refused, or left because nobody named it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harvester.domain.action import ActionState, Standing
from harvester.domain.ids import ProfileId
from harvester.domain.review import BECOMES, REVIEWABLE, Review, Reviewed, Selection, Verdict


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What came of a verdict. `already`: had it before."""

    review: Review
    profile_id: ProfileId
    changed: Sequence[Standing] = ()
    refused: Sequence[tuple[str, str]] = ()
    already: Sequence[Standing] = ()
    waiting_for_second: Sequence[Standing] = ()
    left: Sequence[Standing] = ()
    """Of the named kinds and rules, guarded or held: not taken because they were not named."""
    superseded: Sequence[Standing] = ()
    """Of the named kinds and rules, where nobody named items: a newer plan of the profile has them."""


def verdicts(
    review: Review,
    profile_id: ProfileId,
    selection: Selection,
    reviewed: Reviewed,
    impossible: Mapping[str, str],
    before: Mapping[str, Standing],
    after: Mapping[str, Standing],
) -> Verdicts:
    already = _already(review.verdict, selection, reviewed, before)
    known = {each.action_id for each in already}
    left = [] if selection.action_ids else _left(review.verdict, selection, reviewed, after)
    unnamed = {item.action_id for item in left}
    refused = {**impossible, **{each: why for each, why in reviewed.refused if each not in known | unnamed}}
    told = {*reviewed.changed, *refused, *known, *reviewed.waiting_for_second}
    refused |= {
        each: "it is not of the kinds and rules that were named" for each in selection.action_ids if each not in told
    }
    return Verdicts(
        review,
        profile_id,
        changed=[after[each] for each in reviewed.changed],
        refused=list(refused.items()),
        already=already,
        waiting_for_second=[after[each] for each in reviewed.waiting_for_second],
        left=left,
        superseded=[] if selection.action_ids else _superseded(selection, after),
    )


def _already(
    verdict: Verdict, selection: Selection, reviewed: Reviewed, before: Mapping[str, Standing]
) -> Sequence[Standing]:
    """What was asked for by id and is so; where nobody named items and nothing changed, all that match."""
    if not selection.action_ids and reviewed.changed:
        return []
    return [
        item
        for item in before.values()
        if item.state is BECOMES[verdict]
        and item.action_id not in reviewed.changed
        and (item.action_id in selection.action_ids if selection.action_ids else _matches(item, selection))
    ]


def _matches(item: Standing, selection: Selection) -> bool:
    return (not selection.kinds or item.kind in selection.kinds) and (
        not selection.rules or item.rule in selection.rules
    )


def _superseded(selection: Selection, items: Mapping[str, Standing]) -> Sequence[Standing]:
    return [item for item in items.values() if item.state is ActionState.SUPERSEDED and _matches(item, selection)]


def _left(
    verdict: Verdict, selection: Selection, reviewed: Reviewed, items: Mapping[str, Standing]
) -> Sequence[Standing]:
    takes = {ActionState.GUARDED, ActionState.HELD} & REVIEWABLE[verdict]
    if selection.guarded:
        takes -= {ActionState.GUARDED}
    told = {*reviewed.changed, *reviewed.waiting_for_second}
    return [
        item
        for item in items.values()
        if item.state in takes and item.action_id not in told and _matches(item, selection)
    ]
