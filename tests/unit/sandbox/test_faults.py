"""Faults: whatever can go wrong between a customer and Amazon can be ordered."""

from typing import Any

import aiohttp
import pytest

from harvester.sandbox.fault_rules import FaultBook, load_rules
from tests.unit.sandbox.customer import RECOMMENDATIONS, Customer, only_error, product_line, successes

LIST = "/sp/keywords/list"


async def order(customer: Customer, *rules: dict[str, Any]) -> None:
    answer = await customer.control("faults", list(rules))
    assert len(answer["faults"]) == len(rules), answer


async def statuses(customer: Customer, count: int, path: str = LIST) -> list[int]:
    return [(await customer.post(path)).status for _ in range(count)]


async def create_negatives(customer: Customer, *texts: str) -> Any:
    line = await product_line(customer)
    items = [{**line.in_source, "keywordText": text, "matchType": "NEGATIVE_EXACT"} for text in texts]
    return await customer.post("/sp/negativeKeywords", {"negativeKeywords": items})


async def negatives(customer: Customer) -> set[str]:
    return {one["keywordText"] for one in (await customer.state())["negativeKeywords"]}


@pytest.mark.parametrize("retry_after", [None, "2", "-1", "soon", "Wed, 21 Oct 2026 07:28:00 GMT"])
async def test_throttling_with_any_retry_after(customer: Customer, retry_after: str | None) -> None:
    """429 with a number, with nonsense, or without the header."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    await order(customer, {"action": {"status": 429, "headers": headers}})

    reply = await customer.post(RECOMMENDATIONS)

    assert reply.status == 429
    assert reply.headers.get("Retry-After") == retry_after
    assert reply.body["code"] == "THROTTLED"


@pytest.mark.parametrize(
    ("form", "media_type", "part"),
    [
        ("html", "text/html", b"<h1>429 Too Many Requests</h1>"),
        ("text", "text/plain", b"Too Many Requests"),
        ("message", "application/json", b'{"message":"Too Many Requests"}'),
        ("empty", "application/json", b""),
    ],
)
async def test_errors_in_every_form(customer: Customer, form: str, media_type: str, part: bytes) -> None:
    """An HTML page, plain text, the gateway's {message}, or nothing at all."""
    customer.judging = False
    await order(customer, {"action": {"status": 429, "form": form}})

    reply = await customer.post(LIST)

    assert (reply.status, reply.media_type) == (429, media_type)
    assert part in reply.raw


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504])
async def test_server_errors(customer: Customer, status: int) -> None:
    """Before the work, nothing is done; `after_work`, everything is."""
    customer.judging = False
    await order(customer, {"match": {"method": "POST", "path": "/sp/negativeKeywords"}, "action": {"status": status}})
    before = await create_negatives(customer, "not done")
    await order(
        customer,
        {"match": {"path": "/sp/negativeKeywords"}, "action": {"status": status, "after_work": True, "form": "html"}},
    )
    after = await create_negatives(customer, "done")

    assert (before.status, after.status) == (status, status)
    assert "done" in await negatives(customer)
    assert "not done" not in await negatives(customer)


async def test_a_connection_is_dropped_before_or_after_the_work(customer: Customer) -> None:
    """The customer sees the same; only the account tells the difference."""
    for drop, text in (("before", "lost request"), ("after", "lost reply")):
        await order(customer, {"match": {"path": "/sp/negativeKeywords"}, "action": {"drop": drop}})
        with pytest.raises(aiohttp.ClientError):
            await create_negatives(customer, text)

    assert "lost reply" in await negatives(customer)
    assert "lost request" not in await negatives(customer)
    requests = (await customer.control("requests", query="?path=/sp/negativeKeywords"))["requests"]
    assert {one["status"] for one in requests} == {None}
    assert requests[-1]["answer"]["negativeKeywords"]["success"]


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
async def test_a_body_is_cut(customer: Customer, share: float) -> None:
    """Length and status are announced, the rest never comes."""
    await order(customer, {"match": {"path": RECOMMENDATIONS}, "action": {"cut": share}})

    with pytest.raises(aiohttp.ClientPayloadError):
        await customer.post(RECOMMENDATIONS)


async def test_an_answer_hangs(customer: Customer) -> None:
    """Longer than the customer's patience; nothing is done unless it hangs after the work."""
    line = await product_line(customer)
    patient, impatient = customer.http.timeout, aiohttp.ClientTimeout(total=0.5)
    for after_work, text in ((False, "hung before"), (True, "hung after")):
        action = {"hang_seconds": 60, "after_work": after_work}
        await order(customer, {"match": {"path": "/sp/negativeKeywords"}, "action": action})
        item = {**line.in_source, "keywordText": text, "matchType": "NEGATIVE_EXACT"}
        customer.http._timeout = impatient
        with pytest.raises(TimeoutError):
            await customer.post("/sp/negativeKeywords", {"negativeKeywords": [item]})
        customer.http._timeout = patient

    assert "hung after" in await negatives(customer)
    assert "hung before" not in await negatives(customer)


async def test_an_answer_is_delayed(customer: Customer) -> None:
    """And comes all the same."""
    await order(customer, {"action": {"delay_seconds": 0.05}})
    await customer.post(LIST)
    (entry,) = (await customer.control("requests", query=f"?path={LIST}"))["requests"]

    assert entry["duration_ms"] >= 50
    assert entry["fault"] == ["delay_seconds"]


async def test_tokens_expire_early(customer: Customer) -> None:
    """The request itself already meets an expired token; after a new login all is well."""
    await order(customer, {"match": {"path": LIST, "nth": 2}, "action": {"expire_tokens": True}})

    assert await statuses(customer, 3) == [200, 401, 401]
    await customer.log_in()
    assert await statuses(customer, 1) == [200]


@pytest.mark.parametrize(("error", "status"), [("invalid_grant", 400), ("invalid_client", 401), ("server_error", 500)])
async def test_the_login_is_refused(customer: Customer, error: str, status: int) -> None:
    """As when a grant was revoked or a secret has run out."""
    await order(customer, {"match": {"path": "/auth/*"}, "action": {"lwa_error": error}})

    reply = await customer.log_in()

    assert (reply.status, reply.body["error"]) == (status, error)


async def test_unknown_values_appear(customer: Customer) -> None:
    """Any field of any row, all of them or every other one."""
    customer.judging = False
    await order(
        customer,
        {
            "match": {"path": RECOMMENDATIONS},
            "action": {"set_field": {"field": "targetType", "value": "THEME", "every": 2}},
        },
        {"match": {"path": LIST}, "action": {"set_field": {"field": "state", "value": "ON_HOLD"}}},
    )

    rows = (await customer.post(RECOMMENDATIONS)).body["targets"]
    keywords = (await customer.post(LIST)).body["keywords"]

    assert [row["targetType"] == "THEME" for row in rows[:4]] == [False, True, False, True]
    assert {one["state"] for one in keywords} == {"ON_HOLD"}


async def test_a_page_token_comes_again(customer: Customer) -> None:
    """The answer's token is the one that was sent, or, on the first page, leads to the same page for ever."""
    await order(customer, {"match": {"path": RECOMMENDATIONS}, "action": {"repeat_token": True}})
    first = (await customer.post(RECOMMENDATIONS, {"maxResults": 10})).body
    second = (await customer.post(RECOMMENDATIONS, {"maxResults": 10, "nextToken": first["nextToken"]})).body
    third = (await customer.post(RECOMMENDATIONS, {"maxResults": 10, "nextToken": second["nextToken"]})).body

    assert first["nextToken"] == second["nextToken"] == third["nextToken"]
    assert first["targets"] == second["targets"] == third["targets"]


async def test_rows_come_again_on_another_page(customer: Customer) -> None:
    """The token goes on, the rows do not."""
    match = {"path": RECOMMENDATIONS, "nth": 2}
    await order(customer, {"match": match, "action": {"repeat_rows": True}})
    first = (await customer.post(RECOMMENDATIONS, {"maxResults": 10})).body
    second = (await customer.post(RECOMMENDATIONS, {"maxResults": 10, "nextToken": first["nextToken"]})).body
    third = (await customer.post(RECOMMENDATIONS, {"maxResults": 10, "nextToken": second["nextToken"]})).body

    assert first["targets"] == second["targets"] != third["targets"]


async def test_an_empty_page_is_not_the_last(customer: Customer) -> None:
    """It has a token that leads on to all that is missing."""
    await order(customer, {"match": {"path": RECOMMENDATIONS, "nth": [1, 3]}, "action": {"empty_page": True}})
    sizes, token = [], None
    while True:
        page = (await customer.post(RECOMMENDATIONS, {"maxResults": 80} | ({"nextToken": token} if token else {}))).body
        assert page.get("nextToken") != token
        sizes.append(len(page["targets"]))
        token = page.get("nextToken")
        if token is None:
            break

    assert sizes == [0, 80, 0, 80, 40]


async def test_items_fail_one_by_one(customer: Customer) -> None:
    """Throttled, broken or missing, and either done or not."""
    items: dict[str, Any] = {"answer": "throttledError", "indexes": [1]}
    await order(customer, {"match": {"path": "/sp/negativeKeywords"}, "action": {"items": items}})
    throttled = await create_negatives(customer, "one", "two", "three")
    items = {"answer": "internalServerError", "every": 2, "done": True}
    await order(customer, {"match": {"path": "/sp/negativeKeywords"}, "action": {"items": items}})
    broken = await create_negatives(customer, "four", "five", "six")
    items = {"answer": "missing", "indexes": [0, 2], "done": True}
    await order(customer, {"match": {"path": "/sp/negativeKeywords"}, "action": {"items": items}})
    missing = await create_negatives(customer, "seven", "eight", "nine")

    def errors(reply: Any) -> list[int]:
        return [one["index"] for one in reply.body["negativeKeywords"]["error"]]

    assert ([one["index"] for one in successes(throttled)], errors(throttled)) == ([0, 2], [1])
    assert "throttledError" in throttled.body["negativeKeywords"]["error"][0]["errors"][0]["errorValue"]
    assert ([one["index"] for one in successes(broken)], errors(broken)) == ([1], [0, 2])
    assert ([one["index"] for one in successes(missing)], errors(missing)) == ([1], [])
    assert await negatives(customer) >= {"one", "three", "four", "five", "six", "seven", "eight", "nine"}
    assert "two" not in await negatives(customer)


async def test_group_targets_fail_one_by_one(customer: Customer) -> None:
    """In both versions, in the shape of each."""
    line = await product_line(customer)
    path = "/sp/targetPromotionGroups/targets"
    await order(customer, {"match": {"path": path}, "action": {"items": {"answer": "throttledError", "indexes": [0]}}})
    one = {"target": "first", "expressionType": "QUERY_EXACT_MATCHES"}
    two = {"keywordTarget": {"keyword": "second", "matchType": "EXACT"}}

    first = await customer.post(path, {"targetPromotionGroupId": line.group, "targets": [one]})
    second = await customer.post(path, {"targetPromotionGroupId": line.group, "targets": [two]}, version=2)

    assert first.body["errors"][0]["errors"][0]["errorValue"]["throttledError"]["reason"] == "THROTTLED"
    assert second.body["error"][0]["subErrors"][0]["errorCode"] == "THROTTLED"


async def test_success_comes_as_plain_json(customer: Customer) -> None:
    """The right body under the wrong media type."""
    customer.judging = False
    await order(customer, {"action": {"plain_json": True}})

    reply = await customer.post(LIST)

    assert (reply.status, reply.media_type) == (200, "application/json")
    assert reply.body["keywords"]


async def test_a_person_edits_while_we_work(customer: Customer) -> None:
    """The edit happens right before the request is served."""
    line = await product_line(customer)
    edit = {"do": "archive", "kind": "ad_group", "id": line.source}
    await order(customer, {"match": {"path": "/sp/negativeKeywords", "nth": 2}, "action": {"edit": edit}})

    first = await create_negatives(customer, "in time")
    second = await create_negatives(customer, "too late")

    assert successes(first)
    assert only_error(second) == ("parentEntityError", "PARENT_ENTITY_ARCHIVED")


async def test_an_edit_of_nothing_is_not_passed_over(customer: Customer) -> None:
    """A fault that names what does not exist is a mistake of the test that ordered it."""
    customer.judging = False
    await order(customer, {"action": {"edit": {"do": "archive", "kind": "keyword", "id": "404"}}})

    reply = await customer.post(LIST)

    assert reply.status == 500
    assert "There is no keyword 404" in reply.body["error"]


async def test_rules_choose_their_requests(customer: Customer) -> None:
    """By method, path, profile and body, and then by count."""
    other = customer.profiles[1]
    await order(
        customer,
        {"match": {"profile": other}, "action": {"status": 500}},
        {"match": {"path": "/sp/keywords/*", "body": "*needle*"}, "action": {"status": 503}},
        {"match": {"method": "PUT"}, "action": {"status": 429}},
    )
    customer.judging = False

    with_body = await customer.post(LIST, {"nextToken": "needle"})
    put = await customer.put("/sp/adGroups", {"adGroups": []})
    plain = await customer.post(LIST)
    customer.profile = other
    elsewhere = await customer.post(LIST)

    assert [one.status for one in (with_body, put, plain, elsewhere)] == [503, 429, 200, 500]


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({"nth": 2}, [200, 429, 200, 200, 200, 200]),
        ({"nth": [1, 4]}, [429, 200, 200, 429, 200, 200]),
        ({"every": 3}, [200, 200, 429, 200, 200, 429]),
        ({"times": 2}, [429, 429, 200, 200, 200, 200]),
        ({"skip": 3, "times": 1}, [200, 200, 200, 429, 200, 200]),
        ({"every": 2, "times": 2}, [200, 429, 200, 429, 200, 200]),
        ({"probability": 0.0}, [200] * 6),
        ({"probability": 1.0}, [429] * 6),
    ],
)
async def test_rules_count(customer: Customer, match: dict[str, Any], expected: list[int]) -> None:
    """nth, every, times and skip count the requests that the rest of the match lets through."""
    await order(customer, {"match": {"path": LIST, **match}, "action": {"status": 429}})
    await customer.post("/sp/campaigns/list")

    assert await statuses(customer, 6) == expected


def test_chance_follows_the_seed() -> None:
    """The same rules and seed fail the same requests."""
    rules = load_rules(b'[{"match": {"probability": 0.3}, "action": {"status": 500}}]')

    def outcomes(seed: int) -> list[int | None]:
        book = FaultBook(rules, seed)
        return [book.action_for("POST", "/x", None, "").status for _ in range(200)]

    assert outcomes(1) == outcomes(1) != outcomes(2)
    assert 30 < outcomes(1).count(500) < 90


def test_of_several_rules_the_first_to_speak_wins() -> None:
    """Different effects add up, the same one is taken from the first rule."""
    book = FaultBook(
        load_rules(
            b'[{"action": {"status": 500}}, {"action": {"status": 429, "delay_seconds": 1}}]',
        ),
        seed=1,
    )

    action = book.action_for("POST", "/x", None, "")

    assert (action.status, action.delay_seconds) == (500, 1)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (b"{}", "Expected `array`"),
        (b"[{}]", "action"),
        (b'[{"action": {"stauts": 429}}]', "stauts"),
        (b'[{"action": {"status": "429"}}]', "$[0].action.status"),
        (b'[{"action": {"drop": "sometimes"}}]', "drop"),
        (b'[{"action": {"form": "xml"}}]', "form"),
        (b'[{"action": {"cut": 1}}]', "cut"),
        (b'[{"action": {"items": {"answer": "oops"}}}]', "answer"),
        (b'[{"action": {"lwa_error": "no"}}]', "lwa_error"),
        (b'[{"action": {"edit": {"do": "burn"}}}]', "do"),
        (b'[{"match": {"pth": "x"}, "action": {}}]', "pth"),
    ],
)
def test_a_bad_faults_file_is_refused_with_the_place(text: bytes, part: str) -> None:
    """Nothing that is misspelt is silently ignored."""
    with pytest.raises(ValueError) as refusal:
        load_rules(text)

    assert part in str(refusal.value)


async def test_faults_do_not_reach_the_control_routes(customer: Customer) -> None:
    """So that a test can always look."""
    await order(customer, {"action": {"drop": "before"}})

    assert await customer.control("state")
    assert (await customer.control("faults"))["faults"][0]["action"]["drop"] == "before"
    await order(customer)
    assert await statuses(customer, 1) == [200]
