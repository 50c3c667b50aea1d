"""What the reviewer of a negative brand is told about own products: by the catalog, as far as it is remembered."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from harvester.domain.brand import Brand
from harvester.domain.catalog import CatalogItem
from harvester.domain.profile import AdGroup, Campaign, StandingTarget
from harvester.domain.target import Match, TargetKind
from harvester.rules.brand_entries import BrandEntry
from harvester.rules.brands import Spot
from harvester.usecases.brand_hints import BrandHints
from tests.unit.rules.builders import PROFILE

SPOT = Spot(
    BrandEntry.model_validate({"name": "rivals", "ids": ["77"]}),
    "77",
    Campaign("1", "Manual", "MANUAL", "ENABLED"),
    AdGroup("11", "1", "Products", "ENABLED"),
)


class Own:
    def __init__(self, *texts: str) -> None:
        self.targets = [
            StandingTarget(str(at), "11", "1", TargetKind.PRODUCT, text, Match.SAME, "ENABLED", None)
            for at, text in enumerate(texts)
        ]

    def at(self, campaign_id: str, ad_group_id: str) -> Sequence[StandingTarget]:
        return self.targets


class Histories:
    async def converting_terms(self, *asked: object) -> Sequence[object]:
        return []


async def told(targets: Sequence[str], known: Mapping[str, str], own: Sequence[str] = ()) -> list[str]:
    catalog = {asin: CatalogItem(asin, brand=brand) for asin, brand in known.items()}
    hints = BrandHints(
        cast("Any", Own(*targets)),
        cast("Any", Histories()),
        PROFILE.profile_id,
        {"77": Brand("77", "Blue Heron")},
        catalog,
        own,
    )
    return list(await hints.of(SPOT))[1:]


@pytest.mark.parametrize(
    ("targets", "known", "hint"),
    [
        ([], {}, []),
        (["CATEGORY=1"], {}, []),
        (["B000000001"], {}, ["You target one product there; which brands they are of is not known here."]),
        (
            ["B000000001", "b000000002"],
            {"B000000001": "BLUE  heron"},
            [
                "You target 2 products there, of that brand by the catalog: B000000001; of 1 the brand is not known here."
            ],
        ),
        (
            ["B000000001"],
            {"B000000001": "Kestrel"},
            ["You target one product there, none of that brand by the catalog."],
        ),
        (
            ["B000000001"],
            {"B000000001": ""},
            ["You target one product there; which brands they are of is not known here."],
        ),
    ],
)
async def test_own_targets_of_the_brand_are_named_as_far_as_the_catalog_told(
    targets: Sequence[str], known: Mapping[str, str], hint: Sequence[str]
) -> None:
    """A brand that is not known is not said to be another one; a category is no product."""
    assert await told(targets, known) == hint


async def test_own_products_of_the_brand_are_the_first_thing_said() -> None:
    """It may be one's own brand, under an id that nobody has protected."""
    found = await told([], {"B000000001": "Blue Heron", "B000000002": "Kestrel"}, ["B000000001", "B000000002"])

    assert found == ["By the catalog you advertise products of that brand yourself: B000000001."]
