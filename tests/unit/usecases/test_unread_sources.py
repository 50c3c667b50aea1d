"""A source whose answers nobody can read costs a run three times the patience, not once for each of its ad groups."""

from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any, cast

from harvester.domain.errors import PageBroken
from harvester.domain.recommendation import RecommendationPage
from harvester.usecases.harvest import Harvest, Harvested
from tests.unit.usecases.test_page_order import RUN, Around, Clock, Judge, Ledger, Profiles, page

AD_GROUPS = [str(number) for number in range(710, 810)]


class Around100(Around):
    account = SimpleNamespace(sources=lambda: AD_GROUPS)


class Suggestions:
    """One call per ad group."""

    name = "products"
    most_ad_groups = 1
    tokens_last = False

    def __init__(self, broken: set[str], *, waited: bool) -> None:
        self._broken, self._waited = broken, waited
        self.asked: list[str] = []

    async def pages(self, ad_group_ids: Sequence[str], token: str | None) -> AsyncIterator[RecommendationPage]:
        (ad_group_id,) = ad_group_ids
        self.asked.append(ad_group_id)
        if ad_group_id in self._broken:
            raise PageBroken("odd", waited=self._waited)
        yield page(int(ad_group_id), last=True, ad_group_id=ad_group_id)


async def harvest(source: Suggestions) -> Harvested:
    work = Harvest(cast("Any", Ledger()), cast("Any", Profiles()), Clock())
    return await work(RUN, cast("Any", source), cast("Any", Around100()), Judge(), set())


async def test_nobody_waits_a_fourth_time_for_what_cannot_be_read() -> None:
    """Every wait is as long as the patience: a hundred of them are a night."""
    source = Suggestions(set(AD_GROUPS), waited=True)

    harvested = await harvest(source)

    assert source.asked == AD_GROUPS[:3]
    assert len(harvested.troubles) == 3
    assert harvested.troubles[-1] == (
        "recommendations (products) of 1 ad groups broke off: odd; no more of it is asked for"
    )


async def test_single_ad_groups_that_cannot_be_read_cost_no_other() -> None:
    """As long as others are read in between; and what is refused at once ends nothing."""
    every_other = Suggestions(set(AD_GROUPS[::2]), waited=True)
    refused = Suggestions(set(AD_GROUPS), waited=False)

    assert len((await harvest(every_other)).troubles) == 50
    assert len((await harvest(refused)).troubles) == 100
    assert every_other.asked == refused.asked == AD_GROUPS
