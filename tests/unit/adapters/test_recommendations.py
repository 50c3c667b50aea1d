"""Recommendations come page by page, one page ahead."""

import asyncio
from contextlib import aclosing

import pytest
from aiohttp import web

from harvester.domain.errors import PageBroken
from harvester.domain.recommendation import Recommendation
from tests.unit.adapters.loopback import PROFILE, Bench, Reply

PATH = "/sp/targetPromotionGroups/recommendations"


def item(target: str, clicks: int = 10, conversions: int = 2) -> dict[str, object]:
    return {
        "campaignId": "1",
        "adGroupId": "5",
        "adId": "7",
        "adAsin": "B000000001",
        "recommendedTarget": target,
        "targetType": "KEYWORD",
        "recommendationReasons": [
            {"reason": "HISTORICAL_PERF", "data": {"CLICKS": clicks, "CONVERSIONS": conversions}}
        ],
    }


async def test_pages_carry_rows_and_the_token_of_the_next(bench: Bench):
    """A page can be saved with the token to go on from."""
    bench.amazon.on(
        PATH,
        Reply({"targets": [item("red shoe"), 5], "nextToken": "b", "totalResults": 2}),
        Reply({"targets": [item("blue shoe")], "nextToken": None, "totalResults": 2}),
    )
    source = bench.login().reader(PROFILE, None).promotion

    pages = [page async for page in source.pages(["5", "6"], None)]

    assert source.name == "promotion"
    assert pages[0].rows == [
        Recommendation("promotion", "1", "5", "7", "B000000001", "red shoe", "KEYWORD", 10.0, 2.0, None)
    ]
    assert [(len(page.rows), page.next_token, page.unreadable) for page in pages] == [(1, "b", 1), (1, None, 0)]
    asked = [seen.json for seen in bench.amazon.asked(PATH)]
    assert asked == [
        {"maxResults": 1000, "adGroupIdFilter": {"include": ["5", "6"]}},
        {"maxResults": 1000, "adGroupIdFilter": {"include": ["5", "6"]}, "nextToken": "b"},
    ]


async def test_a_resumed_list_goes_on_from_its_token(bench: Bench):
    """The first call of a resumed run asks with the saved token."""
    bench.amazon.on(PATH, Reply({"targets": [item("x")], "totalResults": 1}))

    pages = [page async for page in bench.login().reader(PROFILE, None).promotion.pages(["5"], "saved")]

    assert len(pages) == 1
    assert [seen.json["nextToken"] for seen in bench.amazon.asked(PATH)] == ["saved"]


async def test_the_next_page_is_fetched_while_this_one_is_worked_on(bench: Bench):
    """The request for page two arrives before page one is given back."""
    second_asked = asyncio.Event()

    async def second(_: web.Request) -> web.StreamResponse:
        second_asked.set()
        return web.json_response({"targets": [item("b")], "totalResults": 2})

    bench.amazon.on(PATH, Reply({"targets": [item("a")], "nextToken": "t", "totalResults": 2}), Reply(does=second))

    async with aclosing(bench.login().reader(PROFILE, None).promotion.pages(["5"], None)) as pages:
        await anext(pages)
        await asyncio.wait_for(second_asked.wait(), 5)
        page = await anext(pages)

    assert page.rows[0].target == "b"


async def test_a_reader_that_leaves_early_leaves_no_call_behind(bench: Bench):
    """The page fetched ahead is cancelled, awaited and recorded when nobody wants it."""
    asked = asyncio.Event()

    async def hang(_: web.Request) -> web.StreamResponse:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    bench.amazon.on(PATH, Reply({"targets": [item("a")], "nextToken": "t", "totalResults": 2}), Reply(does=hang))
    before = asyncio.all_tasks()

    async with aclosing(bench.login().reader(PROFILE, None).promotion.pages(["5"], None)) as pages:
        await anext(pages)
        await asyncio.wait_for(asked.wait(), 5)

    assert not [task for task in asyncio.all_tasks() - before if "fetched" in repr(task.get_coro())]
    assert bench.log.calls[-1].status is None
    assert bench.log.calls[-1].error == "ended before an answer came"


async def test_nothing_is_asked_for_no_ad_groups(bench: Bench):
    """What an unfiltered call returns is not documented, so it is never made."""
    pages = [page async for page in bench.login().reader(PROFILE, None).promotion.pages([], None)]

    assert pages == []
    assert bench.amazon.seen == []


async def test_more_ad_groups_than_one_filter_takes_are_refused(bench: Bench):
    """A token belongs to one filter, so batches are the caller's."""
    many = [str(number) for number in range(1001)]

    with pytest.raises(ValueError, match="at most 1000"):
        await anext(bench.login().reader(PROFILE, None).promotion.pages(many, None))


async def test_a_token_that_comes_again_ends_the_list_after_its_page(bench: Bench):
    """The rows of the page are kept; the circle is not walked again."""
    bench.amazon.on(
        PATH,
        Reply({"targets": [item("a")], "nextToken": "t", "totalResults": 9}),
        Reply({"targets": [item("b")], "nextToken": "u", "totalResults": 9}),
        Reply({"targets": [item("c")], "nextToken": "t", "totalResults": 9}),
    )
    seen: list[str] = []

    async def read() -> None:
        async for page in bench.login().reader(PROFILE, None).promotion.pages(["5"], None):
            seen.extend(row.target for row in page.rows)

    with pytest.raises(PageBroken, match="token came again"):
        await read()

    assert seen == ["a", "b", "c"]
    assert len(bench.amazon.asked(PATH)) == 3


async def test_the_token_of_a_resumed_list_counts_as_seen(bench: Bench):
    """A saved token that leads back to itself is a circle of one."""
    bench.amazon.on(PATH, Reply({"targets": [item("a")], "nextToken": "saved", "totalResults": 9}))

    with pytest.raises(PageBroken, match="token came again"):
        [page async for page in bench.login().reader(PROFILE, None).promotion.pages(["5"], "saved")]

    assert len(bench.amazon.asked(PATH)) == 1


async def test_pages_without_end_or_news_end_the_list(bench: Bench):
    """Three pages that bring nothing, each naming a next one, are a list that will not end."""
    count = iter(range(1000))

    async def empty(_: web.Request) -> web.StreamResponse:
        return web.json_response({"targets": [], "nextToken": f"t{next(count)}", "totalResults": 0})

    bench.amazon.on(PATH, Reply(does=empty))

    with pytest.raises(PageBroken, match="nothing new"):
        [page async for page in bench.login().reader(PROFILE, None).promotion.pages(["5"], None)]

    assert len(bench.amazon.asked(PATH)) == 3


async def test_the_same_page_under_ever_new_tokens_ends_the_list(bench: Bench):
    """Rows that came before are nothing new, whatever the token says."""
    count = iter(range(1000))

    async def same(_: web.Request) -> web.StreamResponse:
        return web.json_response({"targets": [item("a")], "nextToken": f"t{next(count)}", "totalResults": 0})

    bench.amazon.on(PATH, Reply(does=same))

    with pytest.raises(PageBroken, match="nothing new"):
        [page async for page in bench.login().reader(PROFILE, None).promotion.pages(["5"], None)]

    assert len(bench.amazon.asked(PATH)) == 4


async def test_a_refused_page_token_breaks_the_list_and_not_the_profile(bench: Bench):
    """An expired token is a page that cannot be read."""
    selector = {"invalidInputError": {"reason": "INVALID_TOKEN", "message": "token expired"}}
    bench.amazon.on(
        PATH,
        Reply({"targets": [item("a")], "nextToken": "t", "totalResults": 2}),
        Reply({"code": "INVALID_ARGUMENT", "errors": [{"errorType": "x", "errorValue": selector}]}, status=400),
    )

    with pytest.raises(PageBroken, match=r"token was refused.*token expired"):
        [page async for page in bench.login().reader(PROFILE, None).promotion.pages(["5"], None)]
