"""The answers that Amazon's guides print are read, where the specification says otherwise too."""

from pathlib import Path

import pytest

from harvester.domain.profile import PromotionGroup, StandingNegative, StandingTarget
from harvester.domain.recommendation import Recommendation
from harvester.domain.suggestion import Advertised, Asking
from harvester.domain.target import Match, TargetKind
from tests.unit.adapters.loopback import PROFILE, Bench, Reply

SAMPLES = Path(__file__).parents[2] / "contracts" / "samples"


def sample(name: str, *, last_page: bool = True) -> Reply:
    body = (SAMPLES / name).read_bytes()
    return Reply(body.replace(b'"nextToken"', b'"noToken"') if last_page else body)


async def test_the_guides_recommendations_are_read(bench: Bench):
    """Evidence as an object, PRODUCT as a type, more conversions than clicks: all as printed."""
    bench.amazon.on("/sp/targetPromotionGroups/recommendations", sample("recommendations.json"))

    (page,) = [page async for page in bench.login().reader(PROFILE, None).promotion.pages(["1"], None)]

    keyword = ("232423432423423", "23232432432423", "20344534523113", "ASIN1", "keyword1", "KEYWORD", 10.0, 2.0, None)
    product = ("265665797831232", "2454657687699", "2992435433231", "ASIN2", "ASIN3", "PRODUCT", 12.0, 25.0, None)
    assert page.rows == [Recommendation("promotion", *keyword), Recommendation("promotion", *product)]
    assert (page.next_token, page.unreadable) == (None, 0)


async def test_the_guides_wrapped_group_is_unwrapped(bench: Bench):
    """Flat by the specification, wrapped once more in the guide."""
    bench.amazon.on("/sp/targetPromotionGroups/list", sample("groups-wrapped.json"))

    groups = [g async for page in bench.login().reader(PROFILE, None).promotion_groups(["442364767877"]) for g in page]

    ads = frozenset({"43565324231234"})
    assert groups == [
        PromotionGroup("string", "TargetingGroup-1", "ENABLED", "442364767877", ads, "24235532221313", "24235532221314")
    ]


async def test_the_guides_older_group_is_counted_as_one_that_cannot_be_placed(bench: Bench):
    """It names campaigns only: whose destination it is cannot be told, and a second group must not be planned."""
    bench.amazon.on("/sp/targetPromotionGroups/list", sample("groups-old.json"))
    reader = bench.login().reader(PROFILE, None)

    groups = [g async for page in reader.promotion_groups(["1"]) for g in page]

    assert groups == []
    assert sum(reader.unreadable.values()) == 1


async def test_the_guides_group_targets_are_read_in_both_spellings(bench: Bench):
    """KEYWORD_BROAD is in no specification, and is a broad keyword all the same; the bid is an extra."""
    bench.amazon.on("/sp/targetPromotionGroups/targets/list", sample("group-targets.json"))

    targets = [t async for page in bench.login().reader(PROFILE, None).group_targets(["1243242232312"]) for t in page]

    broad = ("2454365654567658", "", "", TargetKind.KEYWORD, "keyword1", Match.BROAD, "UNKNOWN", "0.75")
    similar = ("2454365654567659", "", "", TargetKind.PRODUCT, "B332432M0", Match.EXPANDED, "UNKNOWN", "0.99")
    assert targets == [StandingTarget(*broad), StandingTarget(*similar)]


async def test_the_guides_negatives_are_read_brands_too(bench: Bench):
    """A negative product of an ad group, and a negative brand of a campaign by its id."""
    bench.amazon.on("/sp/negativeTargets/list", sample("negative-targets.json"))
    bench.amazon.on("/sp/campaignNegativeTargets/list", sample("campaign-negative-targets.json"))
    reader = bench.login().reader(PROFILE, None)

    products = [n async for page in reader.negative_targets(["169462822148652"]) for n in page]
    brands = [n async for page in reader.campaign_negative_targets(["26256301417055"]) for n in page]

    place = ("81231231231", "26256301417055", "169462822148652")
    assert products == [StandingNegative(*place, TargetKind.PRODUCT, "B07YT8NVF9", Match.SAME, "ENABLED")]
    brand = ("81231231232", "26256301417055", None, TargetKind.PRODUCT, "18681839011", Match.SAME, "ENABLED", True)
    assert brands == [StandingNegative(*brand)]
    assert bench.amazon.asked("/sp/campaignNegativeTargets/list")[0].json["campaignIdFilter"] == {
        "include": ["26256301417055"]
    }


async def test_the_guides_product_suggestions_are_read_in_both_forms(bench: Bench):
    """By ASIN with a cursor to more, by theme with descriptions and null cursors: the same products come out."""
    path = "/sp/targets/products/recommendations"
    advertised = [Advertised("1", "2", ("B09LJWZT6G",))]
    similar, complements = "Similar items (frequently viewed together)", "Complements"
    reader = bench.login().reader(PROFILE, None)
    bench.amazon.on(path, sample("product-suggestions-by-asin.json"), Reply({"recommendations": []}))
    by_asin = [p async for p in reader.products(advertised, Asking()).pages(["2"], None)]
    bench.amazon.on(path, sample("product-suggestions-by-theme.json"))
    by_theme = [p async for p in reader.products(advertised, Asking(by_theme=True)).pages(["2"], None)]

    assert [page.next_token for page in (*by_asin, *by_theme)] == ["h9oGnf2jn2qd3ymV4nWLsA==", None, None]
    first = by_asin[0].rows[0]
    assert (first.target, first.themes, first.ad_asin) == ("B08YJY5KW5", (similar,), "B09LJWZT6G")
    assert {row.target for row in by_asin[0].rows} < {row.target for row in by_theme[0].rows}
    assert [len([row for row in by_theme[0].rows if row.themes == (theme,)]) for theme in (similar, complements)] == [
        6,
        6,
    ]
    assert "tennis balls" in str(by_theme[0].rows[-1].evidence_note)
    assert sum(page.unreadable for page in (*by_asin, *by_theme)) == 0


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.glob("*.json")))
def test_every_sample_is_read_by_a_test(name: str):
    """A sample that nothing reads proves nothing."""
    readers = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    assert any(f'"{name}"' in text for text in readers)
