"""The sandbox's own routes: what was seen, what stands, and a person's hand in it."""

from typing import Any

import pytest

from harvester.sandbox.settings import Options
from tests.unit.sandbox.customer import RECOMMENDATIONS, Customer, product_line, shop


async def edit(customer: Customer, **fields: Any) -> Any:
    return await customer.control("edit", {"profile": customer.profile, **fields})


async def requests(customer: Customer, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await customer.control("requests", query=query))["requests"]
    return found


async def test_every_request_is_kept_without_secrets(customer: Customer) -> None:
    """Method, path, body to the byte, status, profile; no token, no login form."""
    login = customer.sandbox.world.accounts[0]
    await customer.call("POST", "/sp/keywords/list", b'{ "maxResults": 5 }')

    first, listing = await requests(customer)

    assert (first["path"], first["body"], first["raw"]) == ("/auth/o2/token", None, "")
    assert (listing["method"], listing["status"], listing["profile"]) == ("POST", 200, customer.profile)
    assert (listing["body"], listing["raw"]) == ({"maxResults": 5}, '{ "maxResults": 5 }')
    assert listing["account"] == 0
    text = str(await customer.control("requests"))
    for secret in (login.client_secret, login.refresh_token, customer.token):
        assert secret not in text


async def test_requests_can_be_picked(customer: Customer) -> None:
    """By number, method, path and profile; refused ones are there too."""
    await customer.post("/sp/keywords/list")
    customer.profile = customer.profiles[1]
    await customer.post(RECOMMENDATIONS, {"maxResults": 0})

    assert [one["status"] for one in await requests(customer, f"?profile={customer.profile}")] == [400]
    assert [one["path"] for one in await requests(customer, "?since=2")] == [RECOMMENDATIONS]
    assert len(await requests(customer, "?path=/sp/keywords/list")) == 1
    assert await requests(customer, "?method=PUT") == []


async def test_answers_to_writing_calls_are_kept(customer: Customer) -> None:
    """So that a lost reply can be compared with what was done."""
    line = await product_line(customer)
    item = {**line.in_source, "keywordText": "kept", "matchType": "NEGATIVE_EXACT"}
    reply = await customer.post("/sp/negativeKeywords", {"negativeKeywords": [item]})

    await customer.post("/sp/negativeKeywords/list")

    writing, reading = (await requests(customer))[-2:]
    assert writing["answer"] == reply.body
    assert reading["answer"] is None


async def test_the_journal_keeps_the_newest() -> None:
    """Memory stays bounded; the total tells that older ones are gone."""
    async with shop(Options(journal_size=3)) as customer:
        for _ in range(5):
            await customer.post("/sp/keywords/list")
        kept = await customer.control("requests")

    assert kept["total"] == 6
    assert [one["number"] for one in kept["requests"]] == [4, 5, 6]


async def test_the_state_shows_everything(customer: Customer) -> None:
    """Per profile: the profile, every entity, groups and what came through them."""
    everything = await customer.control("state")
    line = await product_line(customer)
    target = {"target": "seen", "expressionType": "QUERY_EXACT_MATCHES"}
    body = {"targetPromotionGroupId": line.group, "targets": [target]}
    await customer.post("/sp/targetPromotionGroups/targets", body)

    state = await customer.state()

    assert list(everything["profiles"]) == customer.profiles
    assert state["profile"]["profileId"] == int(customer.profile)
    assert state["groupTargets"][0]["text"] == "seen"
    assert {"campaigns", "adGroups", "productAds", "keywords", "targets", "negativeKeywords"} <= state.keys()
    assert (await customer.control("state", query="?profile=1"))["error"]


async def test_a_person_edits_in_every_way(customer: Customer) -> None:
    """Changes, archives, adds and removes, by id, by fields, or just the first."""
    line = await product_line(customer)
    keyword = (await customer.state())["keywords"][0]

    changed = await edit(customer, do="set", kind="keyword", id=keyword["keywordId"], fields={"bid": 2.5})
    paused = await edit(
        customer, do="set", kind="ad_group", where={"adGroupId": line.source}, fields={"state": "PAUSED"}
    )
    archived = await edit(customer, do="archive", kind="campaign")
    fields = {**line.in_keyword, "keywordText": "by hand", "matchType": "EXACT"}
    added = await edit(customer, do="add", kind="keyword", fields=fields)
    removed = await edit(customer, do="forget", kind="group", id=line.group)

    state = await customer.state()
    assert changed["edited"]["bid"] == 2.5
    assert paused["edited"]["state"] == "PAUSED"
    assert archived["edited"]["state"] == state["campaigns"][0]["state"] == "ARCHIVED"
    assert added["edited"] in state["keywords"]
    assert removed["edited"] not in state["groups"]


async def test_what_a_person_adds_stands_in_the_way(customer: Customer) -> None:
    """Uniqueness knows of it, and forgets what a person archived."""
    line = await product_line(customer)
    fields = {**line.in_source, "keywordText": "by hand", "matchType": "NEGATIVE_EXACT"}
    added = await edit(customer, do="add", kind="negative_keyword", fields=fields)
    again = await customer.post("/sp/negativeKeywords", {"negativeKeywords": [fields]})
    by_hand = await edit(customer, do="add", kind="negative_keyword", fields=fields)
    await edit(customer, do="archive", kind="negative_keyword", id=added["edited"]["keywordId"])
    anew = await customer.post("/sp/negativeKeywords", {"negativeKeywords": [fields]})

    assert len(again.body["negativeKeywords"]["error"]) == 1
    assert "stands already" in by_hand["error"]
    assert len(anew.body["negativeKeywords"]["success"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"do": "burn"},
        {"do": "set", "kind": "house"},
        {"do": "archive", "kind": "keyword", "id": "1"},
        {"do": "archive", "kind": "keyword", "where": {"keywordText": "never"}},
        {"do": "archive", "profile": "1"},
        {"do": "add", "kind": "product_ad", "fields": {}},
        {"do": "add", "kind": "keyword", "fields": {"keywordText": "no parents"}},
        {"do": "access", "fields": {"access": "none"}},
        {"what": 1},
    ],
)
async def test_an_edit_that_makes_no_sense_says_why(customer: Customer, body: dict[str, Any]) -> None:
    """Nothing is changed."""
    before = await customer.state()

    answer = await customer.control("edit", {"profile": customer.profile, **body})

    assert answer["error"]
    assert await customer.state() == before


async def test_the_rate_is_limited_per_host() -> None:
    """So many per second and at least one at once, logins aside; Retry-After says when to come again."""
    async with shop(Options(rate=0.01)) as customer:
        first = [await customer.post("/sp/keywords/list") for _ in range(3)]
        await customer.control("clock", {"advance_seconds": 100})
        later = [(await customer.post("/sp/keywords/list")).status for _ in range(3)]
        await customer.control("rate", {"rate": 0})
        free = [(await customer.post("/sp/keywords/list")).status for _ in range(5)]

    assert [one.status for one in first] == [200, 429, 429]
    assert 90 <= int(first[1].headers["Retry-After"]) <= 100
    assert later == [200, 429, 429]
    assert free == [200] * 5


async def test_reset_brings_the_first_morning_back(customer: Customer) -> None:
    """Accounts, journal and tokens; the faults are those of the start."""
    before = await customer.control("state")
    await edit(customer, do="archive", kind="campaign")
    await customer.control("faults", [{"action": {"status": 500}}])
    await customer.control("reset", {})

    assert await customer.control("state") == before
    assert (await customer.control("requests"))["total"] == 0
    assert (await customer.control("faults"))["faults"] == []
    assert (await customer.post("/sp/keywords/list")).status == 401


async def test_time_goes_forward_only(customer: Customer) -> None:
    """The clock refuses to go back."""
    assert (await customer.control("clock", {"advance_seconds": -1}))["error"]


async def test_an_unknown_control_route_names_the_known_ones(customer: Customer) -> None:
    """Instead of a bare 404."""
    assert "POST /_sandbox/reset" in (await customer.control("nonsense"))["error"]
