"""The client reads the sandbox's whole account, exactly, in every dialect and through every fault."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from harvester.adapters.ads.client import AmazonLogin
from harvester.adapters.ads.reader import AmazonReader
from harvester.domain.errors import AccountClosed, PageBroken
from harvester.sandbox.fault_rules import load_rules
from harvester.sandbox.serving import running
from harvester.sandbox.settings import Options
from harvester.sandbox.state import state_of
from tests.unit.adapters.logged_in import logged_in
from tests.unit.adapters.loopback import FakeTime, Log

RECOMMENDATIONS = 2600
TROUBLES: dict[str, list[dict[str, Any]]] = {
    "5xx of every body": [
        {"match": {"path": "/sp/*", "every": 3}, "action": {"status": 503, "form": form}}
        for form in ("json", "message", "html", "text", "empty")
    ],
    "429 without Retry-After": [{"match": {"path": "/sp/*", "every": 3}, "action": {"status": 429, "form": "html"}}],
    "429 with Retry-After": [
        {"match": {"every": 4}, "action": {"status": 429, "headers": {"Retry-After": "3"}}},
        {"match": {"every": 5}, "action": {"status": 429, "headers": {"Retry-After": "nonsense"}}},
    ],
    "lost and cut answers": [
        {"match": {"path": "/sp/*", "every": 3}, "action": {"drop": "before"}},
        {"match": {"path": "/sp/*", "every": 4}, "action": {"drop": "after"}},
        {"match": {"path": "/sp/*", "every": 5}, "action": {"cut": 0.5}},
    ],
    "tokens that end early": [{"match": {"path": "/sp/*", "every": 4}, "action": {"expire_tokens": True}}],
    "plain JSON": [{"action": {"plain_json": True}}],
    "a token service that stumbles": [
        {"match": {"path": "/auth/*", "nth": 1}, "action": {"lwa_error": "server_error"}}
    ],
}


class _SharedTime(FakeTime):
    """While the client waits, time passes in the sandbox too."""

    def __init__(self, advance: Callable[[float], None]) -> None:
        super().__init__()
        self._advance = advance

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        self._advance(seconds)


class Shop:
    """A running sandbox, and a login at it."""

    def __init__(self, login: AmazonLogin, state: Any, log: Log) -> None:
        self.login = login
        self.state = state
        self.log = log

    async def reader(self) -> AmazonReader:
        (profile,) = (await self.login.profiles()).readable
        return self.login.reader(profile, None)


@asynccontextmanager
async def shop(faults: Sequence[dict[str, Any]] = (), **options: Any) -> AsyncIterator[Shop]:
    rules = load_rules(json.dumps(list(faults)).encode())
    given = Options(port=0, profiles=1, recommendations=RECOMMENDATIONS, seed=7, faults=rules, **options)
    async with running(given) as started:
        time, log = _SharedTime(started.sandbox.clock.advance), Log()
        (state,) = state_of(started.sandbox.world, None)["profiles"].values()
        async with logged_in(started, log, time) as login:
            yield Shop(login, state, log)


async def every(pages: AsyncIterator[Sequence[Any]]) -> list[Any]:
    return [each async for page in pages for each in page]


def live(bodies: Sequence[Any]) -> list[Any]:
    return [body for body in bodies if body["state"] in ("ENABLED", "PAUSED")]


def standing(bodies: Sequence[Any]) -> list[tuple[str, str, str]]:
    """Id, campaign and text of keywords, and of targets of one ASIN."""
    found = []
    for body in live(bodies):
        expression = body.get("expression")
        if expression is None:
            found.append((body["keywordId"], body["campaignId"], body["keywordText"]))
        elif [each["type"] for each in expression] in (["ASIN_SAME_AS"], ["ASIN_EXPANDED_FROM"]):
            found.append((body["targetId"], body["campaignId"], expression[0]["value"]))
    return sorted(found)


def read_ones(items: Sequence[Any]) -> list[tuple[str, str, str]]:
    return sorted((item.amazon_id, item.campaign_id, item.text) for item in items)


async def reads_everything(opened: Shop) -> None:
    """What the reader gives is what stands in the account, item by item."""
    reader, state = await opened.reader(), opened.state
    ad_groups = [body["adGroupId"] for body in state["adGroups"]]
    campaigns = [body["campaignId"] for body in state["campaigns"]]

    assert sorted(each.campaign_id for each in await every(reader.campaigns())) == sorted(
        body["campaignId"] for body in live(state["campaigns"])
    )
    assert {each.ad_group_id: float(each.default_bid or 0) for each in await every(reader.ad_groups())} == {
        body["adGroupId"]: body["defaultBid"] for body in live(state["adGroups"])
    }
    assert sorted((each.ad_id, each.sku) for each in await every(reader.product_ads())) == sorted(
        (body["adId"], body.get("sku")) for body in live(state["productAds"])
    )
    assert read_ones(await every(reader.keywords(ad_groups))) == standing(state["keywords"])
    assert read_ones(await every(reader.targets(ad_groups))) == standing(state["targets"])
    assert read_ones(await every(reader.negative_keywords(ad_groups))) == standing(state["negativeKeywords"])
    assert read_ones(await every(reader.negative_targets(ad_groups))) == standing(state["negativeTargets"])
    of_campaigns = await every(reader.campaign_negative_keywords(campaigns))
    assert read_ones(of_campaigns) == standing(state["campaignNegativeKeywords"])
    of_campaigns = await every(reader.campaign_negative_targets(campaigns))
    assert read_ones(of_campaigns) == standing(state["campaignNegativeTargets"])
    groups = await every(reader.promotion_groups(ad_groups))
    assert sorted(group.group_id for group in groups) == sorted(
        body["targetPromotionGroupId"] for body in state["groups"]
    )
    rows = [row async for page in reader.promotion.pages(ad_groups, None) for row in page.rows]
    assert len(rows) == state["recommendations"] == RECOMMENDATIONS
    assert {row.ad_group_id for row in rows} <= set(ad_groups)
    assert not sum(reader.unreadable.values())


@pytest.mark.parametrize("dialect", ["spec", "guide", "mixed"])
async def test_the_whole_account_is_read_in_every_dialect(dialect: str):
    """As the specification has it, as the guide prints it, and as both take turns."""
    async with shop(dialect=dialect) as opened:
        await reads_everything(opened)


@pytest.mark.parametrize("name", TROUBLES)
async def test_the_whole_account_is_read_through_every_trouble(name: str):
    """Nothing is missed and nothing comes twice, and every attempt is on record."""
    async with shop(TROUBLES[name]) as opened:
        await reads_everything(opened)

        attempts = [call for call in opened.log.calls if call.status != 200]
        assert attempts or name == "plain JSON"
        assert all(call.error for call in attempts)


async def test_a_rate_limit_is_adapted_to():
    """Against a real budget the client slows down, reads everything, and is refused less and less."""
    async with shop(rate=4.0) as opened:
        await reads_everything(opened)

        refused = [call.status == 429 for call in opened.log.calls]
        assert any(refused)
        assert sum(refused) < len(refused) / 2


@pytest.mark.parametrize("action", [{"repeat_token": True}, {"empty_page": True}])
async def test_lists_that_go_round_are_left(action: dict[str, Any]):
    """Page tokens that repeat, with rows or without."""
    async with shop([{"match": {"path": "*/recommendations"}, "action": action}]) as opened:
        reader = await opened.reader()

        with pytest.raises(PageBroken, match="token came again"):
            await every_row(reader, [body["adGroupId"] for body in opened.state["adGroups"]])


async def test_one_empty_page_ends_nothing():
    """A page without rows that names a next one is passed over."""
    async with shop([{"match": {"path": "/sp/*/list", "every": 2}, "action": {"empty_page": True}}]) as opened:
        await reads_everything(opened)


async def every_row(reader: AmazonReader, ad_groups: Sequence[str]) -> list[Any]:
    return [row async for page in reader.promotion.pages(ad_groups, None) for row in page.rows]


@pytest.mark.parametrize("field", ["recommendedTarget", "targetType", "adGroupId", "recommendationReasons"])
async def test_odd_values_cost_single_rows_at_most(field: str):
    """Every tenth row has an object where a text should be; the others are all there."""
    odd = {
        "match": {"path": "*/recommendations"},
        "action": {"set_field": {"field": field, "value": {"odd": 1}, "every": 10}},
    }
    async with shop([odd]) as opened:
        reader = await opened.reader()
        ad_groups = [body["adGroupId"] for body in opened.state["adGroups"]]

        pages = [page async for page in reader.promotion.pages(ad_groups, None)]

    read, unreadable = sum(len(page.rows) for page in pages), sum(page.unreadable for page in pages)
    assert read + unreadable == RECOMMENDATIONS
    assert unreadable == (0 if field == "recommendationReasons" else RECOMMENDATIONS // 10)


async def test_a_revoked_grant_closes_the_account():
    """One call to the token service, one sentence."""
    fault = {"match": {"path": "/auth/*"}, "action": {"lwa_error": "invalid_grant"}}
    async with shop([fault]) as opened:
        for _ in range(2):
            with pytest.raises(AccountClosed, match="HARVESTER_ACCOUNTS__SHOP__REFRESH_TOKEN"):
                await opened.login.profiles()

        assert [call.path for call in opened.log.calls] == ["/auth/o2/token"]
