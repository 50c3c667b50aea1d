"""What the reviewer of a negative brand is told about own products: by the catalog, as far as it is remembered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from harvester.domain.brand import Brand
from harvester.domain.catalog import CatalogItem
from harvester.domain.profile import AdGroup, Campaign, StandingTarget
from harvester.domain.target import Match, TargetKind
from harvester.rules.brand_entries import BrandEntry
from harvester.rules.brands import Spot
from harvester.usecases.brand_hints import BrandHints, Hints
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


@dataclass(frozen=True)
class Sold:
    key: str
    conversions: float
    seen_at: datetime


class Histories:
    async def converting_terms(self, *asked: object) -> Sequence[object]:
        return []


async def hinted(
    targets: Sequence[str], known: Mapping[str, str], own: Sequence[str] = (), sold: Sequence[str] = ()
) -> Hints:
    catalog = {asin: CatalogItem(asin, brand=brand) for asin, brand in known.items()}
    hints = BrandHints(
        cast("Any", Own(*targets)),
        cast("Any", Histories()),
        PROFILE.profile_id,
        {"77": Brand("77", "Blue Heron")},
        catalog,
        own,
        {SPOT.place: [Sold(asin, 3.0, datetime(2026, 11, 1, tzinfo=UTC)) for asin in sold]},
    )
    return await hints.of(SPOT)


async def told(targets: Sequence[str], known: Mapping[str, str], own: Sequence[str] = ()) -> list[str]:
    return list((await hinted(targets, known, own)).sentences)[1:]


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


async def test_what_sold_of_the_brand_is_named() -> None:
    """By the catalog, as far as it is remembered: what it does not know is not said to be of the brand."""
    found = await hinted([], {"B000000001": "Blue Heron", "B000000002": "Kestrel"}, (), ["B000000001", "B000000003"])

    assert found.sentences[1:] == [
        "Products of that brand, by the catalog, that sold here: B000000001 with 3 orders, seen 2026-11-01."
    ]


@pytest.mark.parametrize(
    ("targets", "own", "sold", "brand", "reason"),
    [
        (["B000000001"], [], [], "Blue Heron", "would_block_own"),
        ([], ["B000000001"], [], "blue heron", "would_block_own"),
        ([], [], ["B000000001"], "Blue Heron", "would_block_orders"),
        (["B000000001"], ["B000000001"], ["B000000001"], "Kestrel", ""),
        (["B000000001"], ["B000000001"], ["B000000001"], "", ""),
        ([], [], [], "Blue Heron", ""),
    ],
)
async def test_a_brand_that_would_block_what_is_ours_or_sells_is_held(
    targets: Sequence[str], own: Sequence[str], sold: Sequence[str], brand: str, reason: str
) -> None:
    """By the catalog; then it takes more than naming all guarded items at once."""
    assert (await hinted(targets, {"B000000001": brand}, own, sold)).reason == reason
