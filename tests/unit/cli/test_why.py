"""What `why` says of the items that a decision led to."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harvester.entrypoints.cli.app import Invocation
from harvester.entrypoints.cli.why import _became, _item, _names, _tell

GUARD = "because the day has more promotions than the guard lets through"


@pytest.mark.parametrize(
    ("state", "reason", "by", "said"),
    [
        ("planned", "", "", "planned."),
        (
            "planned",
            "rules_changed",
            "",
            "planned, because the rules have changed since one of them approved it by itself.",
        ),
        ("guarded", "promotions_per_day", "", f"guarded, {GUARD}."),
        ("superseded", "promotions_per_day", "", f"superseded; before that it waited, {GUARD}."),
        ("approved", "promotions_per_day", "anna", f"approved, reviewed by anna; before that it waited, {GUARD}."),
        (
            "unknown",
            "already_there",
            "anna",
            "unknown, because it was there before, and Amazon has not told its id yet, reviewed by anna.",
        ),
    ],
)
def test_an_item_waits_for_its_reason_and_is_done_in_spite_of_it(state: str, reason: str, by: str, said: str) -> None:
    """An item keeps the reason of its waiting: it does not tell why somebody approved it or a newer plan has it."""
    action = {"id": "a7", "plan_id": "p1", "kind": "promote_keyword", "amazon_id": ""}

    told = _item({**action, "state": state, "reason": reason, "reviewed_by": by})

    assert told == f"In plan p1 it is item a7 (promote keyword): {said}"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ["After 28 days: regretted, sold: 2 orders in the days before it. Plan p4 would take it back."]),
        ({"state": "undone"}, ["After 28 days: regretted, sold: 2 orders in the days before it."]),
        ({"reading": None}, []),
    ],
)
def test_what_became_of_an_item_belongs_to_its_story(changes: dict[str, Any], said: list[str]) -> None:
    """By the newest reading, and once in a story, however many rows led to the item."""
    outcome = {
        "action_id": "a7", "reading": 28, "verdict": "regretted", "undo_plan_id": "p4", "state": "done",
        "sentence": "sold: 2 orders in the days before it", **changes,
    }  # fmt: skip

    assert _became(outcome) == said


def test_who_finds_nothing_is_told_where_all_targets_stand(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part of a text is no text that was recommended."""
    monkeypatch.setattr(sys, "argv", ["harvester"])

    _tell(Invocation(Path("my.env")), "towels", None, [], {})

    assert " ".join(capsys.readouterr().out.split()) == (
        "“towels” was never recommended, as far as this ledger goes. The whole text is compared; every target of a run "
        "stands in harvester --env-file my.env show PLAN --all"
    )


def test_an_ad_group_is_called_as_an_item_has_kept_it_and_else_as_it_is_called_now() -> None:
    """Decisions that led to no item have a name too."""
    kept = {"source_ad_group_id": "1", "source_ad_group_name": "Old", "source_campaign_name": "Auto"}
    rows: list[Mapping[str, Any]] = [
        {"ad_group_id": "1", "ad_group_name": "New", "campaign_name": "Auto", "actions": [kept]},
        {"ad_group_id": "1", "ad_group_name": "New", "campaign_name": "Auto", "actions": []},
        {"ad_group_id": "2", "ad_group_name": "Towels", "campaign_name": "Auto", "actions": []},
        {"ad_group_id": "3", "ad_group_name": None, "campaign_name": None, "actions": []},
    ]

    assert _names(rows) == {"1": "“Old” of campaign “Auto”", "2": "“Towels” of campaign “Auto”"}
