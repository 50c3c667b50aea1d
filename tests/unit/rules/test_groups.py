"""Which `groups` entry makes a promotion group, and with what request."""

import json

import pytest

from harvester.domain.candidate import NewGroup, NoDestination
from harvester.rules.fragments import compact
from harvester.rules.groups import entry_for, group_for
from tests.contracts.spec import Spec
from tests.unit.rules.builders import GERMANY, PROFILE, SOURCE, profile_rules

EXISTING = {"existing": {"keyword_ad_group": "123", "product_ad_group": "456"}}
NEW = {"new": {"name_prefix": "Harvest", "daily_budget": {"USD": 25}, "default_bid": {"USD": 0.75}}}
MEDIA_TYPE = "application/vnd.sptargetpromotiongroup.v1+json"


def made(create, **source) -> NewGroup:
    group = group_for(profile_rules(groups=[{"source": source, "create": create}]), SOURCE, PROFILE)
    assert isinstance(group, NewGroup)
    return group


@pytest.mark.parametrize(
    ("create", "body"),
    [
        (
            EXISTING,
            '{"adGroupId":"200","existingCampaignDetails":{"keywordCampaignAdGroupIds":["123"],"productCampaignAdGroupIds":["456"]}}',
        ),
        (
            {"existing": {"keyword_ad_group": 123}},
            '{"adGroupId":"200","existingCampaignDetails":{"keywordCampaignAdGroupIds":["123"]}}',
        ),
        (
            {"existing": {"product_ad_group": 456}},
            '{"adGroupId":"200","existingCampaignDetails":{"productCampaignAdGroupIds":["456"]}}',
        ),
        (
            NEW,
            '{"adGroupId":"200","newCampaignDetails":{"namePrefix":"Harvest","defaultBid":0.75,"budget":{"budget":25,"budgetType":"DAILY"},"dynamicBidding":{"strategy":"AUTO_FOR_SALES"}}}',
        ),
    ],
)
def test_the_request_is_the_one_that_the_specification_takes(create, body):
    """Amounts are JSON numbers, keys in a fixed order."""
    text = compact(made(create).request)
    headers = {
        "Content-Type": MEDIA_TYPE, "Accept": MEDIA_TYPE, "Amazon-Advertising-API-ClientId": "c",
        "Amazon-Advertising-API-Scope": "11", "Authorization": "Bearer x",
    }  # fmt: skip

    assert text == body
    Spec.load("sponsored-products").validate_request("POST", "/sp/targetPromotionGroups", headers, text)


def test_new_campaigns_say_what_they_may_cost():
    """Existing ad groups cost nothing new."""
    new, existing = made(NEW), made(EXISTING)

    assert (new.makes_campaigns, new.daily_budget, new.default_bid, new.names) == (True, "25", "0.75", ("Harvest…",))
    assert (existing.makes_campaigns, existing.daily_budget, existing.default_bid) == (False, None, None)


def test_the_first_entry_that_covers_the_ad_group_is_taken():
    """By campaign, ad group and profile."""
    rules = profile_rules(
        groups=[
            {"source": {"profiles": ["12"]}, "create": {"existing": {"keyword_ad_group": 1}}},
            {"source": {"campaigns": ["Manual *"]}, "create": {"existing": {"keyword_ad_group": 2}}},
            {"source": {"ad_groups": ["200"]}, "create": {"existing": {"keyword_ad_group": 3}}},
            {"create": {"existing": {"keyword_ad_group": 4}}},
        ]
    )

    assert entry_for(rules, SOURCE, PROFILE) is rules.groups[2]
    assert entry_for(rules, SOURCE, GERMANY) is rules.groups[0]


def test_without_an_entry_the_sentence_says_what_to_add():
    """Ad group and campaign by name, and the lines that would mend it."""
    missing = group_for(profile_rules(), SOURCE, PROFILE)

    assert isinstance(missing, NoDestination)
    assert missing.reason == "no_destination"
    assert "ad group 200 (`Towels` in campaign `Auto towels`)" in missing.detail
    assert 'source: {ad_groups: ["200"]}' in missing.detail


def test_a_budget_in_another_currency_is_none():
    """The sentence names the entry's line and the currency that it lacks."""
    rules = profile_rules(groups=[{"create": NEW}])
    missing = group_for(rules, SOURCE, GERMANY)
    rules.groups[0].stands_at(31)
    with_line = group_for(rules, SOURCE, GERMANY)

    assert isinstance(missing, NoDestination)
    assert isinstance(with_line, NoDestination)
    assert "names no EUR budget" in missing.detail
    assert "entry in line 31 that covers" in with_line.detail
    assert json.dumps(missing.reason) == '"no_destination"'
