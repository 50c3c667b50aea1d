# ruff: noqa: F811
"""What moved since the review is not sent: it becomes stale, with before and after, and the rest goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from harvester.sandbox.edits import Edit, apply_edit
from harvester.sandbox.market import Kind
from harvester.sandbox.serving import Running
from tests.acceptance.records import Ledger, Row
from tests.crash.agreement import IDS, Name, Round
from tests.crash.conftest import amazon, applying, undoing  # noqa: F401
from tests.crash.scene import PROFILE, open_desk
from tests.crash.stages import Stage, state

NEWBORN = "100002654435761"
"""A source campaign, its ad group and its promotion group have the same id."""
NEWBORN_KEYWORDS = "100005308871522"
NEWBORN_PRODUCTS = "100007963307283"
COUCH = "100039816536415"
COUCH_KEYWORDS = "100042470972176"
COUCH_PRODUCTS = "100045125407937"
KEYWORD = "newborn hospital essentials"
LOSER = "free newborn hospital essentials 8"

Wanted = Callable[[Row], bool]


def promoted_from(ad_group_id: str) -> Wanted:
    return lambda item: item["kind"].startswith("promote_") and item["source_ad_group_id"] == ad_group_id


def made_from(ad_group_id: str) -> Wanted:
    """Also what goes through no promotion group."""
    return lambda item: item["kind"].startswith(("promote_", "target_")) and item["source_ad_group_id"] == ad_group_id


def of_the_couch(item: Row) -> bool:
    return promoted_from(COUCH)(item) or (item["kind"] == "create_group" and item["key"] == COUCH)


@dataclass(frozen=True)
class Move:
    """What a person does, which items that concerns, and words that tell of it."""

    edit: Edit
    stale: Wanted
    told: tuple[str, ...]


def _set(kind: Kind, own_id: str, **fields: Any) -> Edit:
    return Edit(do="set", kind=kind, id=own_id, fields=fields)


def _add(kind: Kind, **fields: Any) -> Edit:
    return Edit(do="add", kind=kind, fields=fields)


MOVES = {
    "the target exists by now": Move(
        _add(
            Kind.KEYWORD,
            campaignId=NEWBORN_KEYWORDS,
            adGroupId=NEWBORN_KEYWORDS,
            keywordText=KEYWORD.title(),
            matchType="EXACT",
        ),
        lambda item: item["target"] == KEYWORD,
        ("it was not targeted there", "enabled"),
    ),
    "the source campaign is paused": Move(
        _set(Kind.CAMPAIGN, NEWBORN, state="PAUSED"), made_from(NEWBORN), ("was enabled", "paused")
    ),
    "the source ad group is paused": Move(
        _set(Kind.AD_GROUP, NEWBORN, state="PAUSED"), made_from(NEWBORN), ("was enabled", "paused")
    ),
    "the source campaign is archived": Move(
        Edit(do="archive", kind=Kind.CAMPAIGN, id=NEWBORN),
        lambda item: made_from(NEWBORN)(item) or item["ad_group_id"] == NEWBORN,
        ("was there, and is archived now",),
    ),
    "a covering negative stands by now": Move(
        _add(
            Kind.NEGATIVE_KEYWORD,
            campaignId=NEWBORN,
            adGroupId=NEWBORN,
            keywordText="Free Newborn",
            matchType="NEGATIVE_PHRASE",
        ),
        lambda item: item["target"] == LOSER,
        ("no negative covered it",),
    ),
    "the promotion group is gone": Move(
        _set(Kind.GROUP, NEWBORN, state="ARCHIVED"), promoted_from(NEWBORN), ("was there, and is gone now",)
    ),
    "the promotion group leads elsewhere": Move(
        _set(Kind.GROUP, NEWBORN, keyword=COUCH_KEYWORDS),
        lambda item: promoted_from(NEWBORN)(item) and item["kind"] == "promote_keyword",
        (f"led to ad group {NEWBORN_KEYWORDS}, and leads to {COUCH_KEYWORDS} now",),
    ),
    "a person changed the default bid": Move(
        _set(Kind.AD_GROUP, NEWBORN_KEYWORDS, defaultBid=0.42),
        lambda item: promoted_from(NEWBORN)(item) and item["kind"] == "promote_keyword",
        ("was 0.9", "is 0.42 now"),
    ),
    "the destination is archived": Move(
        Edit(do="archive", kind=Kind.AD_GROUP, id=NEWBORN_PRODUCTS),
        lambda item: made_from(NEWBORN)(item) and item["ad_group_id"] == NEWBORN_PRODUCTS,
        (f"its destination ad group {NEWBORN_PRODUCTS} was there, and is archived now",),
    ),
    "a person made the group": Move(
        _add(Kind.GROUP, name="By hand", source=COUCH, ads=[], keyword=COUCH_KEYWORDS, product=COUCH_PRODUCTS),
        of_the_couch,
        ("had no promotion group, and has", "was to make its promotion group, and is stale now"),
    ),
    "the destination of the new group is archived": Move(
        Edit(do="archive", kind=Kind.AD_GROUP, id=COUCH_KEYWORDS),
        lambda item: of_the_couch(item) and item["kind"] != "never",
        (
            f"its destination ad group {COUCH_KEYWORDS} was there, and is archived now",
            "was to make its promotion group",
        ),
    ),
}


@pytest.mark.parametrize("name", MOVES)
async def test_what_moved_is_stale_and_the_rest_goes_on(name: str, applying: Stage, amazon: Running) -> None:
    """Each item is held against the account as it is now; nothing is planned anew silently."""
    move = MOVES[name]
    applying.set_up(amazon)
    before = _names(amazon)
    apply_edit(amazon.sandbox.world.market(PROFILE), move.edit, amazon.sandbox.clock.now())
    people = [*(_names(amazon) - before), *_named(move.edit)]
    async with applying.ledger() as dsn:
        async with open_desk(dsn, amazon.url) as desk:
            applied = await desk.apply(applying.plan_id, applying.fingerprint)
        items = [item for item in _items(dsn, applying) if item["action_id"] in applying.approved]
        stale = {item["action_id"] for item in items if item["state"] == "stale"}
        assert stale == {item["action_id"] for item in items if move.stale(item)} != set()
        assert {item["state"] for item in items if item["action_id"] not in stale} == {"done"}
        assert (applied.stale, applied.done) == (len(stale), len(items) - len(stale))
        told = "; ".join(item["error_message"] for item in items if item["state"] == "stale")
        assert [words for words in move.told if words not in told] == []
        await applying.demand_agreement(dsn, amazon, Round(people=people))


async def test_what_a_person_edited_is_not_taken_back(undoing: Stage, amazon: Running) -> None:
    """Edited, paused or removed since the undo was planned: left as it is, with what happened; the rest is taken back."""
    undoing.set_up(amazon)
    market, now = amazon.sandbox.world.market(PROFILE), amazon.sandbox.clock.now()
    async with undoing.ledger() as dsn:
        keywords = [item for item in _items(dsn, undoing) if item["kind"] == "pause_keyword"]
        lifts = [item for item in _items(dsn, undoing) if item["kind"] == "archive_negative_keyword"]
        edited, paused, removed = (item["key"] for item in keywords[:3])
        lifted = next(item for item in lifts if item["level"] == "ad_group")
        for edit in (
            _set(Kind.KEYWORD, edited, bid=0.33),
            _set(Kind.KEYWORD, paused, state="PAUSED"),
            Edit(do="archive", kind=Kind.KEYWORD, id=removed),
            Edit(do="archive", kind=Kind.NEGATIVE_KEYWORD, id=lifted["key"]),
        ):
            apply_edit(market, edit, now)
        async with open_desk(dsn, amazon.url) as desk:
            applied = await desk.apply(undoing.plan_id, undoing.fingerprint)
        told = {item["key"]: item["error_message"] for item in _items(dsn, undoing) if item["state"] == "stale"}
        assert applied.stale == 4
        assert "0.33 now: a person has edited it" in told[edited]
        assert "it is paused now" in told[paused]
        assert told[removed] == told[lifted["key"]] == "we made it, and it is archived now"
        people = [("keywords", each) for each in (edited, paused, removed)]
        await undoing.demand_agreement(dsn, amazon, Round(people=[*people, ("negativeKeywords", lifted["key"])]))


def _items(dsn: str, stage: Stage) -> list[Row]:
    return Ledger(dsn).rows("SELECT * FROM harvester.action WHERE plan_id = $1 ORDER BY position", stage.plan_id)


def _names(amazon: Running) -> set[Name]:
    found = state(amazon)
    return {(kind, entity[own_id]) for kind, own_id in IDS.items() for entity in found[kind]}


def _named(edit: Edit) -> list[Name]:
    kinds = {Kind.GROUP: "groups", Kind.CAMPAIGN: "campaigns", Kind.AD_GROUP: "adGroups"}
    return [(kinds[edit.kind], edit.id)] if edit.id else []
