"""The Selling Partner client: one bad identifier loses nothing, pages end, limits and refusals are understood."""

import re
from collections.abc import AsyncIterator, Sequence
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from aiohttp import web

from harvester.adapters.catalog.protocol import LWA_URL, MARKETPLACES, SELLING_PARTNER_URLS, Identifier
from harvester.domain.catalog import CatalogItem
from harvester.domain.errors import AccountClosed, Misconfigured, PageBroken, Rejected, Unavailable
from harvester.domain.profile import Region
from harvester.ports.catalog import Found
from tests.contracts.catalog_spec import demand_request
from tests.unit.adapters.loopback import ACCESS_TOKEN, CLIENT_SECRET, PROFILE, REFRESH_TOKEN, Reply
from tests.unit.adapters.selling_partner import HERE, ITEMS, Shelf, asins, page, refused, shelf


@pytest.fixture
async def one() -> AsyncIterator[Shelf]:
    async with shelf() as opened:
        yield opened


def query(path: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(path).query))


def picky(bad: Sequence[str], *, unknown: Sequence[str] = ()) -> Reply:
    """Refuses any search that holds a bad identifier, as Amazon does; knows the rest."""

    async def answer(request: web.Request) -> web.StreamResponse:
        wanted = parse_qs(request.query_string)["identifiers"][0].split(",")
        if set(wanted) & set(bad):
            return await refused(400, "InvalidInput", "Invalid 'asin' provided.").give(request)
        return await page(*(each for each in wanted if each not in unknown)).give(request)

    return Reply(does=answer)


async def test_a_search_says_exactly_this(one: Shelf):
    """All parameters, the page size, the token by itself, a user agent of the form that is demanded."""
    one.amazon.on(ITEMS, page(*asins(20)))

    found = await one.reader.find(asins(20))

    (request,) = one.asked()
    demand_request(request.path, dict(request.headers))
    assert query(request.path) == {
        "marketplaceIds": HERE,
        "includedData": "attributes,classifications,images,relationships,salesRanks,summaries",
        "pageSize": "20",
        "identifiers": ",".join(asins(20)),
        "identifiersType": "ASIN",
    }
    assert re.fullmatch(r"harvester/0\.1 \(Language=Python/3\.\d+\.\d+\S*\)", request.headers["User-Agent"])
    assert [item.asin for item in found.items] == asins(20)
    assert (found.unknown, found.malformed) == ([], [])


async def test_every_call_is_in_the_log_without_its_token(one: Shelf):
    """Path and query as sent, the caller's account and profile, no secret."""
    one.amazon.on(ITEMS, Reply({"items": [], "numberOfResults": 0, "echo": f"{ACCESS_TOKEN}1 {CLIENT_SECRET}"}))

    await one.reader.find(asins(1))

    (call,) = [call for call in one.log.calls if call.path.startswith(ITEMS)]
    assert (call.account, call.profile_id, call.status, call.operation) == ("acme", "1001", 200, f"GET {ITEMS}")
    assert not any(secret in repr(one.log.calls) for secret in (ACCESS_TOKEN, CLIENT_SECRET, REFRESH_TOKEN))


async def test_malformed_identifiers_are_left_out_and_reported(one: Shelf):
    """They never reach Amazon; where nothing else is left there is no call."""
    one.amazon.on(ITEMS, page("B000000001"))

    assert await one.reader.find(["b00", "B000000001", "B00000000!"]) == Found(
        [CatalogItem("B000000001")], [], ["b00", "B00000000!"]
    )
    assert await one.reader.find(["", "B00000000000"]) == Found((), (), ["", "B00000000000"])
    assert [query(request.path)["identifiers"] for request in one.asked()] == ["B000000001"]


async def test_unknown_identifiers_are_told(one: Shelf):
    """They are just absent from the answer."""
    one.amazon.on(ITEMS, picky([], unknown=["B000000002", "B000000004"]))

    found = await one.reader.find(asins(5))

    assert (len(found.items), found.unknown) == (3, ["B000000002", "B000000004"])


async def test_one_refused_identifier_loses_no_other(one: Shelf):
    """The batch is halved until it stands alone: 2 log n calls, one to see that searches are answered; every other answer comes."""
    one.amazon.on(ITEMS, picky(["B000000013"], unknown=["B000000002"]))

    found = await one.reader.find(asins(20))

    assert [item.asin for item in found.items] == [each for each in asins(20) if each[-2:] not in ("02", "13")]
    assert (found.unknown, found.malformed) == (["B000000002"], ["B000000013"])
    assert len(one.asked()) <= 12


@pytest.mark.parametrize("count", [1, 2, 20])
async def test_a_refusal_that_is_about_no_identifier_is_raised(one: Shelf, count: int):
    """A marketplace that the seller is not in refuses all of them, a single one too: none of them is bad."""
    one.amazon.on(ITEMS, refused(400, "InvalidInput", "Invalid 'marketplaceIds' provided."))

    with pytest.raises(Rejected, match="marketplaceIds"):
        await one.reader.find(asins(count, first=7))

    assert len(one.asked()) == 2


@pytest.mark.parametrize("count", [1, 3])
async def test_products_that_are_all_refused_are_malformed_where_others_are_not(one: Shelf, count: int):
    """Asked once whether searches are answered at all; then it is their own fault."""
    one.amazon.on(ITEMS, picky(asins(4, first=7)))
    reader = one.reader

    first = await reader.find(asins(count, first=7))
    second = await reader.find(asins(1, first=10))

    assert [first.malformed, second.malformed] == [asins(count, first=7), asins(1, first=10)]
    controls = [query(seen.path)["identifiers"] for seen in one.asked()].count("B000000001")
    assert controls == 1


async def test_a_role_that_is_missing_is_raised_at_once(one: Shelf):
    """A 403 is tried once more with a new token, and never split."""
    one.amazon.on(ITEMS, refused(403, "Unauthorized", "Access to requested resource is denied."))

    with pytest.raises(Rejected, match="Access to requested resource is denied"):
        await one.reader.find(asins(20))
    assert (len(one.asked()), one.amazon.tokens) == (2, 2)


async def test_a_token_that_has_expired_is_renewed(one: Shelf):
    """This API says 403 where others say 401."""
    one.amazon.on(ITEMS, refused(403, "Unauthorized", "denied"), page("B000000000"))

    assert len((await one.reader.find(asins(1))).items) == 1
    assert [request.headers["x-amz-access-token"] for request in one.asked()] == [
        f"{ACCESS_TOKEN}1",
        f"{ACCESS_TOKEN}2",
    ]


async def test_quota_exceeded_is_waited_for(one: Shelf):
    """An occasional 429 below the limit is normal; without Retry-After the client's own pause holds."""
    one.amazon.on(ITEMS, refused(429, "QuotaExceeded"), refused(429, "QuotaExceeded"), page("B000000000"))

    assert len((await one.reader.find(asins(1))).items) == 1
    assert [call.status for call in one.log.calls if call.path.startswith(ITEMS)] == [429, 429, 200]


async def test_a_catalog_that_only_throttles_is_given_up(one: Shelf):
    """After the patience, with the status and when to come again."""
    one.amazon.on(ITEMS, refused(429, "QuotaExceeded", "You exceeded your quota for the requested resource."))

    with pytest.raises(Unavailable, match="QuotaExceeded") as given_up:
        await one.reader.find(asins(1))
    assert given_up.value.status == 429


async def test_a_cut_body_is_asked_for_again(one: Shelf):
    """Half an answer is none."""

    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "900", "Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(b'{"numberOfResults": 1, "items": [')
        assert request.transport is not None
        request.transport.close()
        return response

    one.amazon.on(ITEMS, Reply(does=cut), page("B000000000"))

    assert len((await one.reader.find(asins(1))).items) == 1


@pytest.mark.parametrize("body", [b"[]", b"{}", b"<html>", b'{"items": {}}'])
async def test_an_answer_that_is_no_page_is_a_broken_page(one: Shelf, body: bytes):
    """After the patience: nothing is taken for an empty catalog."""
    one.amazon.on(ITEMS, Reply(body))

    with pytest.raises(PageBroken):
        await one.reader.find(asins(1))


async def test_one_identifier_that_names_many_products_takes_several_pages(one: Shelf):
    """Every page asks for all that the first asked for; what belongs to no identifier is not called unknown."""
    upcs = [f"{number:012d}" for number in range(1, 21)]
    named = {"identifiers": [{"marketplaceId": HERE, "identifiers": [{"identifierType": "EAN", "identifier": "0"},
             {"identifierType": "UPC", "identifier": "000000000001"}]}]}  # fmt: skip
    one.amazon.on(ITEMS, page(*asins(20), total=21, token="next+/=", **named), page("B00000002Z", total=21))

    found = await one.reader.look_up(Identifier.UPC, upcs)

    first, second = (query(request.path) for request in one.asked())
    assert second == {**first, "pageToken": "next+/="}
    assert first["includedData"].endswith(",identifiers")
    assert (len(found.items), found.unknown) == (21, upcs[1:])


@pytest.mark.parametrize("total", [None, True, 2, 3])
async def test_an_item_that_cannot_be_read_may_be_the_one_that_is_missing(one: Shelf, total: object):
    """So nothing that did not come is called unknown, whatever number the answer names."""
    items = [{"asin": "B000000001"}, {"asin": None, "summaries": []}, "junk"]
    one.amazon.on(ITEMS, Reply({"items": items, "numberOfResults": total}))

    found = await one.reader.find(["B000000001", "B000000002"])

    assert ([each.asin for each in found.items], found.unknown) == (["B000000001"], [])


async def test_a_product_that_comes_twice_does_not_stand_for_another(one: Shelf):
    """Two results were promised: the second may be the one that did not come."""
    one.amazon.on(ITEMS, page("B000000001", "B000000001"))

    assert (await one.reader.find(["B000000001", "B000000002"])).unknown == []


async def test_what_never_came_is_not_called_unknown(one: Shelf):
    """A page token was once missing: with more found than sent, the absent may well exist."""
    one.amazon.on(ITEMS, page(*asins(10), total=20))

    found = await one.reader.find(asins(20))

    assert (len(found.items), found.unknown) == (10, [])


async def test_skus_go_with_their_seller(one: Shelf):
    """Blanks and slashes are escaped, a comma would be two of them."""
    one.amazon.on(ITEMS, page())

    found = await one.reader.look_up(Identifier.SKU, ["A B/c", "1,2"], seller_id="A1SELLER")

    (request,) = one.asked()
    demand_request(request.path, dict(request.headers))
    assert query(request.path).items() >= {"identifiers": "A B/c", "sellerId": "A1SELLER"}.items()
    assert found == Found([], ["A B/c"], ["1,2"])


async def test_more_than_twenty_identifiers_are_a_mistake_of_the_caller(one: Shelf):
    """Amazon would refuse them."""
    with pytest.raises(ValueError, match="at most 20"):
        await one.reader.find(asins(21))


FORMS = [
    (Identifier.ASIN, "B000000001", "b000000001"),
    (Identifier.EAN, "4006381333931", "400638133393"),
    (Identifier.GTIN, "00012345600012", "123456789"),
    (Identifier.ISBN, "155404295X", "15540429X5"),
    (Identifier.JAN, "4901234567894", "49012"),
    (Identifier.MINSAN, "A012345678", "A0123"),
    (Identifier.SKU, "AB 1", "AB 1 "),
    (Identifier.UPC, "012345678905", "01234567890"),
]


@pytest.mark.parametrize(("kind", "good", "bad"), FORMS, ids=str)
def test_each_kind_of_identifier_has_its_form(kind: Identifier, good: str, bad: str):
    """One of another form would make Amazon refuse all that go with it."""
    assert (kind.fits(good), kind.fits(bad)) == (True, False)


async def test_a_search_by_keywords_repeats_all_parameters(one: Shelf):
    """With brand and classification refinements, page by page until there is no token."""
    one.amazon.on(ITEMS, page(*asins(20), total=25, token="t1"), page(*asins(5, 20), total=25))

    found = [item async for items in one.reader.search(
        ["bath towel", "b"], brands=["Acme"], classification_ids=["7"], locale="en_US") for item in items]  # fmt: skip

    first, second = one.asked()
    for request in (first, second):
        demand_request(request.path, dict(request.headers))
    assert query(second.path) == {**query(first.path), "pageToken": "t1"}
    assert query(first.path).items() >= {
        "keywords": "bath towel,b", "brandNames": "Acme", "classificationIds": "7", "keywordsLocale": "en_US", "pageSize": "20",
    }.items()  # fmt: skip
    assert [item.asin for item in found] == asins(25)


async def test_a_search_ends_at_a_thousand(one: Shelf):
    """No more can be paged through, whatever the tokens say."""
    tokens = iter(range(1000))

    async def endless(request: web.Request) -> web.StreamResponse:
        return await page(*asins(20), total=5000, token=f"t{next(tokens)}").give(request)

    one.amazon.on(ITEMS, Reply(does=endless))

    found = [item async for items in one.reader.search(["towel"]) for item in items]

    assert (len(found), len(one.asked())) == (1000, 50)


async def test_pages_that_go_in_circles_end(one: Shelf):
    """The same token again is a broken list."""
    one.amazon.on(ITEMS, page(*asins(20), total=60, token="t1"))

    with pytest.raises(PageBroken, match="circles"):
        [items async for items in one.reader.search(["towel"])]


@pytest.mark.parametrize("words", [[], [f"w{number}" for number in range(21)]])
async def test_keywords_are_from_one_to_twenty(one: Shelf, words: list[str]):
    """As the specification says."""
    with pytest.raises(ValueError, match="from 1 to 20 keywords"):
        await anext(one.reader.search(words))


async def test_one_item_is_got_by_its_asin(one: Shelf):
    """Or it is not in the catalog; anything else is raised."""
    one.amazon.on(
        f"{ITEMS}/B000000001", Reply({"asin": "B000000001", "summaries": [{"marketplaceId": HERE, "brand": "Acme"}]})
    )
    one.amazon.on(f"{ITEMS}/B000000002", refused(404, "NotFound"))
    one.amazon.on(f"{ITEMS}/B000000003", refused(400, "InvalidInput"))
    one.amazon.on(f"{ITEMS}/B000000004", Reply({"brand": "Acme"}))

    assert await one.reader.get("B000000001") == CatalogItem("B000000001", brand="Acme")
    assert await one.reader.get("B000000002") == CatalogItem("B000000002", known=False)
    with pytest.raises(Rejected):
        await one.reader.get("B000000003")
    with pytest.raises(PageBroken):
        await one.reader.get("B000000004")
    for request in one.asked():
        demand_request(request.path, dict(request.headers))


REFUSALS = [
    ("invalid_grant", "set HARVESTER_ACCOUNTS__ACME__SELLING_PARTNER__REFRESH_TOKEN"),
    ("invalid_client", "as it does every 180 days"),
    ("unauthorized_client", "check HARVESTER_ACCOUNTS__ACME__SELLING_PARTNER__CLIENT_ID"),
]


@pytest.mark.parametrize(("error", "advice"), REFUSALS)
async def test_a_login_that_is_refused_says_which(one: Shelf, error: str, advice: str):
    """Not the advertising login's settings: its own."""
    one.amazon.token_replies.append(Reply({"error": error, "error_description": "no"}, status=400))

    with pytest.raises(AccountClosed, match="Selling Partner login of account acme") as closed:
        await one.reader.find(asins(1))
    assert advice in str(closed.value)


async def test_the_doctor_learns_host_and_time(one: Shelf):
    """One product looked up in the profile's marketplace."""
    one.amazon.on(ITEMS, page())

    found = await one.login.check(PROFILE)

    assert found.host == urlsplit(one.amazon.url).netloc
    assert query(one.asked()[0].path)["identifiers"] == "B000000001"
    assert one.login.account == "acme"


async def test_hosts_and_marketplaces_are_those_of_the_guides(one: Shelf):
    """A profile that names its marketplace is believed; for one whose country nobody knows there is no catalog."""
    from dataclasses import replace

    assert SELLING_PARTNER_URLS == {
        Region.NA: "https://sellingpartnerapi-na.amazon.com",
        Region.EU: "https://sellingpartnerapi-eu.amazon.com",
        Region.FE: "https://sellingpartnerapi-fe.amazon.com",
    }
    assert LWA_URL == "https://api.amazon.com/auth/o2/token"
    assert (len(MARKETPLACES), MARKETPLACES["JP"]) == (23, "A1VC38T7YXB528")
    named, nowhere = replace(PROFILE, marketplace_id="A1"), replace(PROFILE, country="XX")
    reader = one.login.reader(named, None)
    assert reader is not None
    assert reader.marketplace_id == "A1"
    assert one.login.reader(nowhere, None) is None
    with pytest.raises(Misconfigured, match="no marketplace that is known"):
        await one.login.check(nowhere)
