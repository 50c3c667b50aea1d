"""Product targets in a manual ad group, without a promotion group: which ad group can take them."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

import pytest

from harvester.domain.candidate import Destination, NoDestination
from harvester.domain.profile import AdGroup, Campaign, StandingTarget
from harvester.domain.target import Match, TargetKind
from harvester.rules.suggesting import WithoutGroup
from harvester.usecases.account_map import AccountMap
from harvester.usecases.direct import direct_destination
from harvester.usecases.make_plan import RulesOnTheGround
from harvester.usecases.surroundings import Surroundings
from tests.unit.rules.builders import PROFILE, PROMOTE, account, profile_rules

SOURCE, INTO = "200", "402"
GROUPS = [{"source": {}, "without_group": {"product_ad_group": INTO}}]
RULES = profile_rules(PROMOTE, groups=GROUPS)


def the_account(targeting: str = "MANUAL", products: frozenset[str] = frozenset({"sku:A", "sku:B"})) -> AccountMap:
    """An automatic ad group that advertises A, and another one."""
    return AccountMap(
        campaigns={
            "100": Campaign("100", "Auto", "AUTO", "ENABLED"),
            "302": Campaign("302", "Products", targeting, "ENABLED"),
        },
        ad_groups={
            SOURCE: AdGroup(SOURCE, "100", "Towels", "ENABLED"),
            INTO: AdGroup(INTO, "302", "ASINs", "ENABLED", default_bid="0.60"),
        },
        products={SOURCE: frozenset({"sku:A"}), INTO: products},
        ads={SOURCE: ["1"]},
    )


def destination(found: AccountMap, into: str = INTO) -> Destination | NoDestination:
    entry = RULES.groups[0].model_copy(update={"without_group": WithoutGroup(product_ad_group=into)})
    place = found.place(SOURCE)
    assert place is not None
    return direct_destination(entry, into, place, found)


def test_an_ad_group_that_shares_a_product_takes_them():
    """It may advertise more; keywords have nowhere to go, and that is said."""
    found = destination(the_account())

    assert isinstance(found, Destination)
    assert found.product is not None
    assert (found.direct, found.group_id, found.keyword, found.product.ad_group.ad_group_id) == (True, None, None, INTO)
    assert "keywords need one" in found.gaps[0]


@pytest.mark.parametrize(
    ("found", "into", "told"),
    [
        (the_account(), "999", "is archived or not part of this account"),
        (the_account(targeting="AUTO"), INTO, "belongs to an automatic campaign"),
        (the_account(products=frozenset({"sku:B"})), INTO, "advertises none of its products"),
    ],
)
def test_any_other_ad_group_is_named_with_what_is_wrong(found: AccountMap, into: str, told: str):
    """And where the rules file says so."""
    said = destination(found, into)

    assert isinstance(said, NoDestination)
    assert told in said.detail
    assert "correct its entry under `groups`" in said.detail


class Reader:
    """Lists one product target in the ad group, and says what was asked for."""

    def __init__(self) -> None:
        self.unreadable: dict[str, int] = {}
        self.asked: list[Sequence[str]] = []

    async def targets(self, ad_group_ids: Sequence[str]) -> AsyncIterator[Sequence[StandingTarget]]:
        self.asked.append(ad_group_ids)
        yield [StandingTarget("t1", INTO, "302", TargetKind.PRODUCT, "b000000001", Match.SAME, "ENABLED")]

    async def _nothing(self, _ids: Sequence[str]) -> AsyncIterator[Sequence[Any]]:
        nothing: Sequence[Any]
        for nothing in ():
            yield nothing

    promotion_groups = keywords = negative_keywords = negative_targets = _nothing
    campaign_negative_keywords = campaign_negative_targets = _nothing


async def test_what_stands_in_such_an_ad_group_is_known():
    """Also where it advertises more than the source does: nothing there is planned a second time."""
    reader = Reader()
    on_the_ground = RulesOnTheGround(RULES, PROFILE)
    around = Surroundings(cast("Any", reader), account(), the_account(), on_the_ground)

    await around.cover([SOURCE])

    assert reader.asked == [[INTO]]
    assert around.ground(SOURCE, "").standing == {("B000000001", Match.SAME): INTO}
