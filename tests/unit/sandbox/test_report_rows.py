"""What reports say agrees with the market, changes as days age, and follows what is done to the account."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import AsyncIterator

import pytest

from harvester.sandbox.market import Kind, Market
from harvester.sandbox.recommendations import Source
from harvester.sandbox.settings import Options
from tests.unit.sandbox.customer import RECOMMENDATIONS, Customer, product_line, shop
from tests.unit.sandbox.reporting import Row, back, every_day, noon, rows, summed, today

FIRST_DAY = dt.date(2026, 11, 27)
AUTO = {"close-match", "loose-match", "substitutes", "complements"}


@pytest.fixture
async def customer() -> AsyncIterator[Customer]:
    async with shop(Options(first_day=FIRST_DAY)) as opened:
        yield opened


async def evidence(customer: Customer) -> dict[tuple[int, str], tuple[int, int]]:
    """Clicks and conversions of recommendations, by ad group and target, over all its ads."""
    found: dict[tuple[int, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for row in await customer.every(RECOMMENDATIONS):
        metrics = json.loads(row["recommendationReasons"][0]["data"])
        key = int(row["adGroupId"]), row["recommendedTarget"].lower()
        found[key] = found[key][0] + metrics["CLICKS"], found[key][1] + metrics["CONVERSIONS"]
    return found


def market_of(customer: Customer) -> Market:
    return customer.sandbox.world.market(customer.profile)


def serving(market: Market) -> set[int]:
    """The ad groups with recommendations whose campaign is on."""
    on = {body["campaignId"] for body in market.bodies(Kind.CAMPAIGN) if body["state"] == "ENABLED"}
    return {int(one.ad_group_id) for one in market.recommendations.sources if one.campaign_id in on}


def negated(market: Market, term: str) -> bool:
    """Whether any negative of the account has to do with the term."""
    texts = []
    for kind in (one for one in Kind if "NEGATIVE" in one.name):
        texts += [body.get("keywordText") or body["expression"][0]["value"] for body in market.bodies(kind)]
    return any(text.lower() in term for text in texts)


async def test_search_terms_agree_with_recommendations(customer: Customer) -> None:
    """64 days have the clicks that recommendations tell of, give or take two, and their orders once they are in."""
    told = await evidence(customer)
    market = market_of(customer)
    on = serving(market)
    customer.sandbox.clock.advance(28 * 86_400)
    await customer.log_in()
    terms = [row for row in await every_day(customer, 92, 29) if row["targeting"] in AUTO]
    found = summed(terms, "adGroupId", "searchTerm")
    compared = {key: value for key, value in told.items() if key in found and key[0] in on and key[1] != "*"}
    compared = {key: value for key, value in compared.items() if not negated(market, key[1])}
    orders = sum(found[key]["purchases14d"] for key in compared)
    told_orders = sum(value[1] for value in compared.values())

    assert len(compared) > 80
    assert all(abs(found[key]["clicks"] - value[0]) <= 2 for key, value in compared.items())
    assert all(found[key]["purchases14d"] <= value[1] + 1 for key, value in compared.items())
    assert told_orders * 0.9 < orders <= told_orders * 1.05


@pytest.mark.parametrize("profile", [0, 1])
async def test_targets_are_the_sums_of_their_terms(customer: Customer, profile: int) -> None:
    """Clicks, cost, orders and sales are the same, day by day; impressions are more: terms without a click count."""
    customer.profile = customer.profiles[profile]
    terms = summed(await rows(customer, back(customer, 40, 12)), "adGroupId", "keywordId", "date")
    targets = summed(await rows(customer, back(customer, 40, 12, kind="spTargeting")), "adGroupId", "keywordId", "date")
    clicked = {key: value for key, value in targets.items() if value["clicks"]}

    assert terms.keys() == clicked.keys()
    for key, value in terms.items():
        assert {**clicked[key], "impressions": 0} == {**value, "impressions": 0}
        assert clicked[key]["impressions"] >= value["impressions"]


async def test_days_add_up_to_their_summary(customer: Customer) -> None:
    """The same report by day and as one sum."""
    by_day = await rows(customer, back(customer, 40, 12))
    together = await rows(customer, back(customer, 40, 12, unit="SUMMARY"))
    names = ("adGroupId", "keywordId", "searchTerm")

    assert summed(by_day, *names) == summed(together, *names)
    assert len(together) == len(summed(together, *names))


async def test_rows_are_plausible(customer: Customer) -> None:
    """A term was clicked, each has one row a day and target, and what it costs fits its bid."""
    found = await rows(customer, back(customer, 40, 12))
    keys = {(row["adGroupId"], row["keywordId"], row["searchTerm"], row["date"]) for row in found}

    assert len(keys) == len(found) > 1000
    for row in found:
        assert row["impressions"] >= row["clicks"] >= 1
        assert 0.1 < row["cost"] / row["clicks"] < 2
        assert (row["sales14d"] > 0) == (row["purchases14d"] > 0)
        assert row["purchases7d"] <= row["purchases14d"]
        assert row["sales7d"] <= row["sales14d"]
        assert row["searchTerm"] == row["searchTerm"].lower()


async def test_targets_are_named_as_in_real_reports(customer: Customer) -> None:
    """Automatic clauses, keywords with their match types, products with lower-case ASINs as terms."""
    found = await rows(customer, back(customer, 40, 12))
    by_type = defaultdict(set)
    for row in found:
        by_type[row["keywordType"]].add(row["targeting"])
    products = {row["searchTerm"] for row in found if row["targeting"].startswith("asin=")}

    assert by_type["TARGETING_EXPRESSION_PREDEFINED"] == AUTO
    assert all(one.startswith('asin="') for one in by_type["TARGETING_EXPRESSION"])
    assert by_type.keys() >= {"BROAD", "EXACT", "PHRASE"}
    assert all(term.isalnum() and len(term) == 10 for term in products)
    assert any(row["searchTerm"] == "*" for row in found)


async def test_money_is_lost_and_made(customer: Customer) -> None:
    """Every ad group that serves has terms with 30 clicks and no order in 60 days, and some with good money."""
    found = await every_day(customer, 67, 8)
    sums = summed(found, "adGroupId", "searchTerm")

    for ad_group in serving(market_of(customer)):
        own = [value for key, value in sums.items() if key[0] == ad_group]
        lost = [one for one in own if one["clicks"] >= 30 and one["purchases14d"] == 0]
        made = [one for one in own if one["purchases14d"] >= 5 and one["sales14d"] > 5 * one["cost"]]
        assert len(lost) >= 3
        assert sum(one["cost"] for one in lost) > 30
        assert len(made) >= 2


async def test_some_terms_pay_late(customer: Customer) -> None:
    """Their orders come in the second week: sellers' seven days miss what fourteen show."""
    found = summed(await every_day(customer, 90, 45), "searchTerm")
    late = [value for (term,), value in found.items() if term.endswith("subscription")]

    assert sum(one["purchases14d"] for one in late) > sum(one["purchases7d"] for one in late) > 0


async def test_days_are_restated_as_they_age(customer: Customer) -> None:
    """Clicks of a day shrink within three days, its orders grow for weeks; then nothing changes any more."""
    await noon(customer)
    last = today(customer) - dt.timedelta(days=1)
    seen = []
    for days in (0, 4, 7, 30, 10):
        customer.sandbox.clock.advance(days * 86_400)
        await customer.log_in()
        age = (today(customer) - last).days
        found = await rows(customer, back(customer, age + 1, age))
        seen.append({name: round(sum(row[name] for row in found), 2) for name in ("clicks", "cost", "purchases14d")})
    fresh, checked, week, month, final = seen

    assert fresh["clicks"] > checked["clicks"] == week["clicks"] == month["clicks"]
    assert fresh["cost"] > checked["cost"] == month["cost"]
    assert fresh["purchases14d"] < checked["purchases14d"] <= week["purchases14d"] < month["purchases14d"]
    assert month == final


async def test_today_fills_up(customer: Customer) -> None:
    """Its clicks come in as it passes: a day later there are more."""
    await noon(customer)
    day = today(customer)
    before = await rows(customer, back(customer, 0, 0))
    customer.sandbox.clock.advance(86_400)
    await customer.log_in()
    after = await rows(customer, back(customer, 1, 1))

    assert {row["date"] for row in after} == {day.isoformat()}
    assert sum(row["clicks"] for row in before) < sum(row["clicks"] for row in after)


@pytest.mark.parametrize("match", ["NEGATIVE_EXACT", "NEGATIVE_PHRASE"])
async def test_a_negative_stops_its_term_from_the_day_after(customer: Customer, match: str) -> None:
    """And, as a phrase, what holds it; other terms go on; what was before stays; taken away, the term comes back."""
    source = market_of(customer).recommendations.sources[0]
    term = f"{source.topic.query} clipart"
    place = {"campaignId": source.campaign_id, "adGroupId": source.ad_group_id, "state": "ENABLED"}
    text = term if match == "NEGATIVE_EXACT" else "clipart"
    made = await customer.post(
        "/sp/negativeKeywords", {"negativeKeywords": [{**place, "keywordText": text, "matchType": match}]}, version=3
    )
    own_id = made.body["negativeKeywords"]["success"][0]["negativeKeywordId"]
    day = today(customer)
    customer.sandbox.clock.advance(15 * 86_400)
    await customer.log_in()
    await customer.post("/sp/negativeKeywords/delete", {"negativeKeywordIdFilter": {"include": [own_id]}}, version=3)
    customer.sandbox.clock.advance(15 * 86_400)
    await customer.log_in()
    found = [row for row in await rows(customer, back(customer, 45, 1) | _days(customer, 30)) if _at(row, source)]
    dates = [row["date"] for row in found if row["searchTerm"] == term]
    others = [row["date"] for row in found if row["searchTerm"].endswith("near me")]
    stopped = {(day + dt.timedelta(days=number)).isoformat() for number in range(1, 16)}

    assert not stopped & set(dates)
    assert stopped & set(others)
    assert any(date > max(stopped) for date in dates)


def _days(customer: Customer, count: int) -> dict[str, str]:
    last = today(customer) - dt.timedelta(days=1)
    return {"startDate": (last - dt.timedelta(days=count - 1)).isoformat(), "endDate": last.isoformat()}


def _at(row: Row, source: Source) -> bool:
    return bool(row["adGroupId"] == int(source.ad_group_id))


async def test_a_promoted_target_serves_from_its_day_on(customer: Customer) -> None:
    """It appears in both reports with its own id, not before; paused, it stops."""
    line = await product_line(customer)
    target = "newborn hospital essentials rehearsal"
    keyword = {"keywordTarget": {"keyword": target, "matchType": "EXACT"}}
    body = {"targetPromotionGroupId": line.group, "targets": [keyword]}
    made = await customer.post("/sp/targetPromotionGroups/targets", body, version=2)
    assert made.status in {200, 207}, made.raw
    own_id = next(one["keywordId"] for one in (await customer.state())["keywords"] if one["keywordText"] == target)
    day = today(customer)
    customer.sandbox.clock.advance(20 * 86_400)
    await customer.log_in()
    paused = await customer.put("/sp/keywords", {"keywords": [{"keywordId": own_id, "state": "PAUSED"}]})
    customer.sandbox.clock.advance(10 * 86_400)
    await customer.log_in()
    last = (day + dt.timedelta(days=20)).isoformat()
    for kind in ("spSearchTerm", "spTargeting"):
        found = await rows(customer, back(customer, 60, 1, kind=kind) | _days(customer, 31))
        dates = [row["date"] for row in found if row["targeting"] == target]

        assert dates
        assert day.isoformat() <= min(dates) <= max(dates) <= last
        assert {row["keywordId"] for row in found if row["targeting"] == target} == {int(own_id)}
    assert paused.status == 207


async def test_the_same_seed_gives_the_same_rows() -> None:
    """Another seed others; money is whole where the currency has no coins."""
    found = []
    for seed in (1, 1, 2):
        async with shop(Options(seed=seed, profiles=4, first_day=FIRST_DAY)) as customer:
            customer.profile = customer.profiles[3]
            found.append(await rows(customer, back(customer, 60, 40)))

    assert found[0] == found[1] != found[2]
    assert all(row["cost"] == int(row["cost"]) for row in found[0])
