"""What `harvester brands` says beside each brand."""

from collections.abc import Sequence
from datetime import UTC, datetime

from harvester.domain.brand import Brand
from harvester.rules.reading import read
from harvester.usecases.look_up_brands import LookUpBrands
from tests.unit.rules.builders import PROFILE

NOW = datetime(2026, 11, 1, tzinfo=UTC)
FOUND = [Brand("77", "Acme"), Brand("78", "ACME kids"), Brand("79", "Bolt"), Brand("80", "")]


class Amazon:
    async def search_brands(self, text: str) -> Sequence[Brand]:
        return FOUND

    async def recommended_brands(self) -> Sequence[Brand]:
        return FOUND

    async def remember(self, country: str, brands: Sequence[Brand], now: datetime) -> None:
        pass

    def now(self) -> datetime:
        return NOW


async def test_own_brands_are_marked_by_id_and_by_name() -> None:
    """So that nobody copies one of them under `brands`; entries that name a brand are told too."""
    rules, problems = read(
        {
            "version": 1,
            "protect": {"brands": [77]},
            "catalog": {"own_brands": ["Acme Kids"]},
            "brands": [{"name": "rivals", "ids": ["079"]}],
        }
    )
    assert rules is not None, problems
    amazon = Amazon()

    found = await LookUpBrands(amazon, amazon, rules)(PROFILE, amazon, "")

    assert [(each.protected, each.entries) for each in found] == [
        (True, ()),
        (True, ()),
        (False, ("rivals",)),
        (False, ()),
    ]
