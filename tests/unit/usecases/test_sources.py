"""Several sources in one run: in their order, each with its own cursor, and none in the way of another."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harvester.domain.errors import PageBroken, Rejected, Unavailable
from harvester.domain.profile import AdGroup, Campaign
from harvester.domain.recommendation import Recommendation, RecommendationPage
from harvester.domain.run import Cursor, Run
from harvester.domain.suggestion import Advertised, Asking
from harvester.usecases.account_map import AccountMap
from harvester.usecases.harvest import Harvest
from harvester.usecases.sources import Read, ReadSources, sources_in_force
from tests.unit.rules.builders import PROFILE, PROMOTE, profile_rules
from tests.unit.usecases.test_page_order import RUN, Clock, Judge, Ledger, Profiles

SUGGEST = {"name": "suggest", "match": {"source": "products", "campaigns": ["Auto *"]}, "then": {"promote": {}}}
RULES = profile_rules(PROMOTE, SUGGEST)
BOTH = ("promotion", "products")
REFUSED = Rejected("no access", 403, "ACCESS_DENIED")
ADS = [("710", "ad1", "B000000001"), ("710", "gone", "B000000009"), ("720", "ad2", "b000000002"), ("720", "ad2", "odd")]


def account(**products: frozenset[str]) -> AccountMap:
    """Three automatic ad groups; what the first two advertise is named by SKU, the third is out of the rule's scope."""
    campaigns = {"1": Campaign("1", "Auto one", "AUTO", "ENABLED"), "2": Campaign("2", "Other", "AUTO", "ENABLED")}
    ad_groups = {
        each: AdGroup(each, campaign, f"Group {each}", "ENABLED")
        for each, campaign in (("710", "1"), ("720", "1"), ("730", "2"))
    }
    skus = {each: frozenset({"sku:A"}) for each in ad_groups}
    ads = {"710": ["ad1"], "720": ["ad2"], "730": ["ad3"]}
    return AccountMap(campaigns, ad_groups, {**skus, **{each[1:]: found for each, found in products.items()}}, ads)


class Source:
    """Pages by ad group; what is an error is raised in its place."""

    def __init__(self, name: str, size: int, pages: dict[str, list[RecommendationPage | Exception]]) -> None:
        self.name = name
        self.most_ad_groups = size
        self.tokens_last = size > 1
        self.asked: list[tuple[str, ...]] = []
        self._pages = pages

    async def pages(self, ad_group_ids: Sequence[str], token: str | None) -> AsyncIterator[RecommendationPage]:
        self.asked.append(tuple(ad_group_ids))
        for ad_group_id in ad_group_ids:
            for page in self._pages.get(ad_group_id, []):
                if isinstance(page, Exception):
                    raise page
                yield page


class Reader:
    def __init__(self, promotion: Source, products: Source) -> None:
        self.promotion = promotion
        self.suggesting = products
        self.asked: tuple[Sequence[Advertised], Asking] | None = None

    def products(self, advertised: Sequence[Advertised], asking: Asking) -> Source:
        self.asked = (advertised, asking)
        return self.suggesting


class Books(Ledger):
    """With what earlier runs saw."""

    def __init__(self, ads: Sequence[tuple[str, str, str]] = tuple(ADS), recent: Sequence[Recommendation] = ()) -> None:
        super().__init__()
        self.ads, self.recent = ads, recent

    async def advertised(self, profile_id: str) -> Sequence[tuple[str, str, str]]:
        return self.ads

    async def recent_rows(self, run: Run, most: int) -> Sequence[Recommendation]:
        return self.recent


class Around:
    def __init__(self, found: AccountMap) -> None:
        self.account, self.facts = found, SimpleNamespace(profile=PROFILE)

    async def cover(self, ad_group_ids: set[str]) -> None: ...

    def ground(self, ad_group_id: str, ad_id: str) -> object:
        return None


def page(source: str, *targets: str, more: str | None = None) -> RecommendationPage:
    rows = [
        Recommendation(source, "1", "710", "", "", each, "PRODUCT", None, None, '{"themes":[]}') for each in targets
    ]
    return RecommendationPage(rows, more)


def promotion(*pages: RecommendationPage | Exception) -> Source:
    return Source("promotion", 200, {"710": list(pages or [page("promotion", "B1")])})


def products(**pages: list[RecommendationPage | Exception]) -> Source:
    found: dict[str, list[RecommendationPage | Exception]]
    found = {"710": [page("products", "B2")], "720": [page("products", "B3")]}
    return Source("products", 1, {**found, **{each[1:]: list(given) for each, given in pages.items()}})


async def read(
    reader: Reader, books: Books, *, run: Run = RUN, found: AccountMap | None = None, judge: Judge | None = None
) -> Read:
    harvest = Harvest(cast("Any", books), cast("Any", Profiles()), Clock())
    around = Around(found or account())
    return await ReadSources(harvest, cast("Any", books), cast("Any", None))(
        run, BOTH, cast("Any", reader), cast("Any", around), RULES, judge or Judge(), set()
    )


def test_only_what_a_rule_in_force_names_is_read():
    """In the order in which sources need one another; a profile without a rule is read as ever."""
    elsewhere = {**SUGGEST, "match": {"source": "products", "profiles": ["99"]}}

    assert sources_in_force(RULES, PROFILE) == BOTH
    assert sources_in_force(profile_rules(SUGGEST), PROFILE) == ("products",)
    assert sources_in_force(profile_rules(PROMOTE, elsewhere), PROFILE) == ("promotion",)
    assert sources_in_force(profile_rules(elsewhere), PROFILE) == ("promotion",)


async def test_each_source_has_its_own_cursor_and_the_places_go_on():
    """Rows of the second are numbered after those of the first; every cursor names its source."""
    books, reader = Books(), Reader(promotion(page("promotion", "B1", "B4")), products())

    done = await read(reader, books)

    assert (done.harvested.pages, done.harvested.rows, done.advice) == (3, 4, ())
    assert books.kept == [0, 2, 3]
    places = [(cursor.source, cursor.finished_through) for cursor, _ in books.cursors]
    assert places[0] == ("promotion", "730")
    assert places[-1] == ("products", "720")
    assert reader.suggesting.asked == [("710",), ("720",)]


async def test_the_products_of_an_ad_group_are_asked_about_together():
    """Those of ads that are there still, as the last runs saw them; vendors' ads name their own; the rest is no ASIN."""
    reader = Reader(promotion(), products())

    await read(reader, Books(), found=account(_710=frozenset({"asin:B00VENDOR1", "asin:B00VENDOR2"})))

    assert reader.asked == (
        [Advertised("1", "710", ("B00VENDOR1", "B00VENDOR2")), Advertised("1", "720", ("B000000002",))],
        Asking(by_theme=False, most=None),
    )


async def test_unknown_products_are_said_once_for_each_ad_group():
    """Nothing is asked for them."""
    reader = Reader(promotion(), products())

    done = await read(reader, Books(ads=ADS[:1]))

    assert reader.suggesting.asked == [("710",)]
    (sentence,) = done.advice
    assert "Group 720" in sentence
    assert "(720)" in sentence


async def test_of_many_unknown_ad_groups_the_first_are_named():
    """And the others counted."""
    found = account()
    for number in range(800, 815):
        found.ad_groups[str(number)] = AdGroup(str(number), "1", f"Group {number}", "ENABLED")

    done = await read(Reader(promotion(), products()), Books(), found=found)

    assert len(done.advice) == 11
    assert done.advice[-1] == "The same holds for 5 more ad groups"


async def test_a_resumed_run_goes_on_in_its_source():
    """The first source is left alone, and so is the ad group that was done."""
    books, reader = Books(), Reader(promotion(), products())
    run = replace(
        RUN, cursor=Cursor(source="products", finished_through="710"), pages=2, recommendations=5, resumed=True
    )

    done = await read(reader, books, run=run)

    assert reader.promotion.asked == []
    assert reader.suggesting.asked == [("720",)]
    assert (done.harvested.pages, done.harvested.rows) == (3, 6)


async def test_a_run_resumed_after_its_brands_reads_nothing_again():
    """Every source was done before; the plan that follows counts what they had."""
    books, reader = Books(), Reader(promotion(), products())
    run = replace(RUN, cursor=Cursor(brands=True), pages=4, recommendations=7, resumed=True)

    done = await read(reader, books, run=run)

    assert (reader.promotion.asked, reader.suggesting.asked, books.cursors) == ([], [], [])
    assert (done.harvested.pages, done.harvested.rows) == (4, 7)


async def test_an_interrupted_ad_group_is_asked_about_again_and_repeats_are_known():
    """Its cursor may have expired, so none is kept; the same product under another theme is no repeat."""
    pages = [page("products", "B2", "B3", more="c"), page("products", "B4")]
    books, judge = Books(), Judge()
    await read(Reader(promotion(), products(_710=list(pages))), books)
    (begun,) = [cursor for cursor, _ in books.cursors if cursor.source == "products" and not cursor.finished_through]
    other = replace_note(page("products", "B3").rows[0], '{"themes":["x"]}')
    seen = [*page("products", "B2").rows, other, *page("promotion", "B4").rows]
    run = replace(RUN, cursor=begun, pages=2, recommendations=3, resumed=True)

    await read(Reader(promotion(), products(_710=list(pages), _720=[])), Books(recent=seen), run=run, judge=judge)

    assert (begun.batch, begun.token) == ((), None)
    assert judge.repeated == [True, False, False]


def replace_note(row: Recommendation, note: str) -> Recommendation:
    return Recommendation(row.source, row.campaign_id, row.ad_group_id, "", "", row.target, "PRODUCT", None, None, note)


@pytest.mark.parametrize("error", [PageBroken("round in circles"), Unavailable("away"), REFUSED])
async def test_a_broken_source_stops_no_other(error: Exception):
    """It is a trouble of the run, whichever of the two it is."""
    for reader in (Reader(promotion(error), products()), Reader(promotion(), products(_710=[error]))):
        done = await read(reader, Books())

        assert len(done.harvested.troubles) == 1
        assert done.harvested.rows >= 1
        assert done.harvested.refused is None


async def test_a_refused_source_is_not_asked_again_by_a_resumed_run():
    """The cursor after it lies behind its last ad group."""
    books, reader = Books(), Reader(promotion(), products(_710=[REFUSED]))
    await read(reader, books)
    cursor, trouble = books.cursors[-1]

    again = Reader(promotion(), products())
    await read(again, Books(), run=replace(RUN, cursor=cursor, resumed=True))

    assert trouble == "recommendations (products) were refused: no access"
    assert again.suggesting.asked == []


async def test_where_all_sources_are_refused_the_profile_is():
    """As with one source: the run fails with what the first was told."""
    reader = Reader(promotion(Rejected("first", 403, None)), products(_710=[REFUSED]))

    with pytest.raises(Rejected, match="first"):
        await read(reader, Books())
