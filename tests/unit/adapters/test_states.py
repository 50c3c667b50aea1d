"""The state of what stands in an account, in whatever letters it comes."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from harvester.adapters.ads import entities, negatives

FIELDS = {
    "campaignId": "1", "adGroupId": "2", "adId": "3", "keywordId": "4", "targetId": "5", "name": "n",
    "keywordText": "mug", "expression": [{"type": "ASIN_SAME_AS", "value": "B000000001"}],
}  # fmt: skip
LISTS: list[tuple[type[msgspec.Struct], Callable[..., Any], str]] = [
    (entities.CampaignItem, entities.campaign, ""),
    (entities.AdGroupItem, entities.ad_group, ""),
    (entities.ProductAdItem, entities.product_ad, ""),
    (entities.KeywordItem, entities.keyword, "EXACT"),
    (entities.TargetItem, entities.target, ""),
    (negatives.NegativeKeywordItem, negatives.negative_keyword, "NEGATIVE_EXACT"),
    (negatives.NegativeTargetItem, negatives.negative_target, ""),
]


@pytest.mark.parametrize(("item", "convert", "match"), LISTS)
def test_a_state_is_the_same_in_any_letters(
    item: type[msgspec.Struct], convert: Callable[..., Any], match: str
) -> None:
    """What is enabled may be what a negative would block: older answers write it in small letters."""

    def standing(state: object) -> Any:
        return convert(msgspec.convert({**FIELDS, "matchType": match, "state": state}, item))

    assert standing("enabled").state == standing("ENABLED").state == "ENABLED"
    assert standing("archived") is None
    assert standing(None).state == ""
