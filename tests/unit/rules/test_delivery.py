"""A negative at the source that waits for impressions of what was promoted."""

import json

import msgspec
import pytest

from harvester.rules.compensate import source_negative
from harvester.rules.delivery import KeptOpen, needs_targeting, waiting, why_open
from harvester.rules.planner import fold

from .builders import decided, ground, profile_rules
from .test_compensate import PROMOTED

GATED = {
    "name": "promote",
    "match": {"target_type": "keyword"},
    "when": {"clicks": {"at_least": 10}},
    "then": {"promote": {}, "negate_at_source": {"after": {"days": 14, "impressions": 1}}},
}


def test_the_promotion_remembers_what_its_negative_waits_for():
    """Days and impressions; without the key the item says what it always said."""
    [item] = fold([decided(7)], {("200", "1"): ground()}, profile_rules(GATED))

    assert json.loads(item.follow_up)["after_days"] == 14
    assert json.loads(item.follow_up)["after_impressions"] == 1


def test_the_reviewer_reads_how_often_it_was_shown():
    """The sentence names the impressions only where they were waited for."""
    due = {**json.loads(PROMOTED.follow_up), "after_impressions": 50}
    gated = source_negative(msgspec.structs.replace(PROMOTED, follow_up=json.dumps(due)), None)
    plain = source_negative(PROMOTED, None)

    assert gated is not None
    assert plain is not None
    assert "the target serves (shown 50 times or more, by the targeting report): the source can" in gated.note
    assert "the target serves: the source can" in plain.note


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (None, None),
        ('{"wanted": 1, "impressions": 0, "last_day": "2026-11-25"}', "waits: 0 of 1 impression by 2026-11-25"),
        (
            '{"wanted": 5000, "impressions": 1200, "last_day": "2026-11-25"}',
            "waits: 1,200 of 5,000 impressions by 2026-11-25",
        ),
        (
            '{"wanted": 2, "impressions": 0, "last_day": null}',
            "waits: no targeting report is in since the target was made (2 impressions)",
        ),
        (
            '{"wanted": 2, "impressions": 0, "last_day": null, "kept_open": "archived"}',
            "will not be made: the promoted target is no longer there, it is archived",
        ),
        (
            '{"wanted": 0, "impressions": 0, "last_day": null, "kept_open": "paused"}',
            "is not made while the promoted target is paused",
        ),
    ],
)
def test_what_it_waits_for_is_said_in_numbers(said: str | None, sentence: str | None):
    """Seen, wanted, and the last day that is in; nothing where nothing is waited for."""
    assert waiting(said) == sentence


def test_only_rules_that_wait_for_impressions_need_the_targeting_report():
    """Days alone need none, and neither do rules without a negative at the source."""
    days = {**GATED, "then": {"promote": {}, "negate_at_source": {"after": {"days": 14}}}}
    none = {**GATED, "then": {"promote": {}}}

    assert needs_targeting(profile_rules(GATED).rules)
    assert not needs_targeting(profile_rules(days).rules)
    assert not needs_targeting(profile_rules(none).rules)


def test_what_became_of_the_target_is_said_in_words():
    """Of each way in which a source is kept open."""
    said = [why_open(why) for why in KeptOpen]

    assert said == ["is archived now", "is paused now", "stands in a campaign or ad group that does not serve now"]
