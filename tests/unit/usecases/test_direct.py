"""Product targets in a manual ad group, without a promotion group: which ad group can take them."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

import pytest

from harvester.domain.candidate import Destination, NoDestination
from harvester.domain.profile import AdGroup, Campaign, PromotionGroup, StandingTarget
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


class TwoGroups(Reader):
    """The source has a promotion group for each of two ads, or two for both of them, with keywords of their own."""

    def __init__(self, into: str | None = "500", *, same: bool = False) -> None:
        super().__init__()
        self._into, self._same = into, same

    async def promotion_groups(self, _ids: Sequence[str]) -> AsyncIterator[Sequence[PromotionGroup]]:
        yield [
            PromotionGroup(f"g{ad}", "", "ENABLED", SOURCE, frozenset(() if self._same else ad), keywords, self._into)
            for ad, keywords in zip(("1", "2"), KEYWORDS, strict=True)
        ]


KEYWORDS = ("498", "499")


async def two_groups(rules: Any, into: str | None = "500", *, same: bool = False) -> tuple[Surroundings, TwoGroups]:
    found, reader = the_account(), TwoGroups(into, same=same)
    found.ad_groups.update({each: AdGroup(each, "302", f"Group {each}", "ENABLED") for each in (*KEYWORDS, "500")})
    around = Surroundings(cast("Any", reader), account(), found, RulesOnTheGround(rules, PROFILE))
    await around.cover([SOURCE])
    return around, reader


async def test_what_is_suggested_for_all_ads_goes_where_the_rules_file_says():
    """Between several promotion groups nobody chooses; what sold for one ad still goes through that ad's group."""
    around, reader = await two_groups(RULES)

    suggested, sold = (around.ground(SOURCE, ad).destination for ad in ("", "1"))

    assert isinstance(suggested, Destination)
    assert isinstance(sold, Destination)
    assert suggested.product is not None
    assert (suggested.direct, suggested.product.ad_group.ad_group_id) == (True, INTO)
    assert (sold.direct, sold.group_id) == (False, "g1")
    assert INTO in reader.asked[0]


@pytest.mark.parametrize(
    ("into", "lines"),
    [
        ("500", f'(500): {{source: {{ad_groups: ["{SOURCE}"]}}, without_group: {{product_ad_group: "500"}}}}'),
        (None, f'under `groups`: {{source: {{ad_groups: ["{SOURCE}"]}}, without_group: {{product_ad_group: "..."}}}}'),
    ],
)
async def test_otherwise_it_is_told_which_lines_would_mend_it(into: str | None, lines: str):
    """To be copied as they stand; an ad group of one of the promotion groups will do."""
    around, _ = await two_groups(profile_rules(PROMOTE), into)

    found = around.ground(SOURCE, "").destination

    assert isinstance(found, NoDestination)
    assert found.reason == "ambiguous_destination"
    assert found.detail.endswith(lines)


async def test_two_promotion_groups_of_one_ad_are_for_a_person_to_sort_out():
    """No line of the rules file chooses between them."""
    around, _ = await two_groups(RULES, same=True)

    said = around.ground(SOURCE, "1").destination

    assert isinstance(said, NoDestination)
    assert "for the same ad (g1, g2): keep one of them" in said.detail
