"""Who gets in: Login with Amazon, access tokens, accounts, profiles and regions."""

import pytest

from harvester.sandbox.settings import Options
from tests.unit.sandbox.customer import RECOMMENDATIONS, Customer, shop


async def test_a_refresh_token_buys_an_access_token(customer: Customer) -> None:
    """The answer has the documented fields, and every login gives another token."""
    first = await customer.log_in()
    second = await customer.log_in()

    assert first.body["access_token"].startswith("Atza|")
    assert first.body["access_token"] != second.body["access_token"]
    assert (first.body["token_type"], first.body["expires_in"]) == ("bearer", 3600)
    assert first.body["refresh_token"].startswith("Atzr|")


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"refresh_token": "Atzr|revoked"}, 400, "invalid_grant"),
        ({"client_id": "somebody"}, 401, "invalid_client"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"client_secret": ""}, 400, "invalid_request"),
    ],
)
async def test_a_wrong_login_is_refused(customer: Customer, changes: dict[str, str], status: int, error: str) -> None:
    """Each mistake has the error of its kind."""
    reply = await customer.log_in(**changes)

    assert (reply.status, reply.body["error"]) == (status, error)
    assert reply.body["error_description"]


async def test_an_access_token_expires() -> None:
    """After its lifetime a token is worth nothing, and a new login is."""
    async with shop(Options(token_lifetime_seconds=60)) as customer:
        assert (await customer.call("GET", "/v2/profiles")).status == 200
        await customer.control("clock", {"advance_seconds": 61})
        assert (await customer.call("GET", "/v2/profiles")).status == 401
        await customer.log_in()
        assert (await customer.call("GET", "/v2/profiles")).status == 200


async def test_all_tokens_can_be_expired_at_once(customer: Customer) -> None:
    """The control route ends every session."""
    await customer.control("expire", {})

    assert (await customer.post("/sp/campaigns/list")).status == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": None},
        {"Authorization": "Atza|without the word"},
        {"Amazon-Advertising-API-ClientId": None},
        {"Amazon-Advertising-API-ClientId": "amzn1.application-oa2-client.other"},
        {"Amazon-Advertising-API-Scope": None},
        {"Amazon-Advertising-API-Scope": "123"},
    ],
)
async def test_a_missing_or_wrong_header_is_unauthorized(customer: Customer, headers: dict[str, str | None]) -> None:
    """Token, client and scope have to be there and to belong together."""
    assert (await customer.post(RECOMMENDATIONS, headers=headers)).status == 401
    assert (await customer.post("/sp/campaigns/list", headers=headers)).body["code"] == "UNAUTHORIZED"


async def test_accounts_see_their_own_profiles_only() -> None:
    """Profiles are dealt out among logins; another login's profile is unauthorized."""
    async with shop(Options(profiles=5, accounts=2)) as customer:
        own = {one["profileId"] for one in (await customer.call("GET", "/v2/profiles")).body}
        customer.account = 1
        await customer.log_in()
        others = {one["profileId"] for one in (await customer.call("GET", "/v2/profiles")).body}
        foreign = await customer.post("/sp/campaigns/list")
        customer.profile = str(min(others))
        mine = await customer.post("/sp/campaigns/list")

    assert (len(own), len(others)) == (3, 2)
    assert not own & others
    assert (foreign.status, mine.status) == (401, 200)


async def test_a_token_of_one_client_does_not_work_for_another() -> None:
    """A token cached under the wrong account is found out."""
    async with shop(Options(accounts=2)) as customer:
        customer.account = 1
        assert (await customer.call("GET", "/v2/profiles")).status == 401


async def test_a_regional_host_serves_its_own_region() -> None:
    """Below /eu only European profiles exist; the root serves all."""
    async with shop() as customer:
        everywhere = await customer.call("GET", "/v2/profiles")
        base, customer.url = customer.url, f"{customer.url}/eu"
        european = await customer.call("GET", "/v2/profiles")
        american_scope = await customer.post("/sp/campaigns/list")
        seen = customer.sandbox.journal.select(0, {"path": "/v2/profiles"})
        customer.profile = customer.profiles[1]
        british_scope = await customer.post("/sp/campaigns/list")
        customer.url = base

    assert [one["countryCode"] for one in everywhere.body] == ["US", "UK", "DE"]
    assert [one["countryCode"] for one in european.body] == ["UK", "DE"]
    assert (american_scope.status, british_scope.status) == (401, 200)
    assert [entry["region"] for entry in seen] == [None, "EU"]


async def test_profiles_can_be_filtered(customer: Customer) -> None:
    """By type and by what the login may do; a profile that may only be viewed is left out of the editable ones."""
    vendors = await customer.call("GET", "/v2/profiles?profileTypeFilter=vendor")
    await customer.control("edit", {"do": "access", "profile": customer.profile, "fields": {"access": "view"}})
    editable = await customer.call("GET", "/v2/profiles")
    visible = await customer.call("GET", "/v2/profiles?accessLevel=view")
    unknown = await customer.call("GET", "/v2/profiles?accessLevel=admin")

    assert [one["accountInfo"]["type"] for one in vendors.body] == ["vendor"]
    assert (len(editable.body), len(visible.body)) == (2, 3)
    assert unknown.status == 400


async def test_thousands_of_profiles_are_listed_without_opening_their_accounts() -> None:
    """An account is built when it is first looked at."""
    async with shop(Options(profiles=3000)) as customer:
        listed = await customer.call("GET", "/v2/profiles")

        assert len({one["profileId"] for one in listed.body}) == 3000
        assert customer.sandbox.world._markets == {}


async def test_profile_ids_are_numbers_and_their_currencies_fit(customer: Customer) -> None:
    """Unlike every other id; sellers have a daily budget, vendors a payment method."""
    seller, vendor, german = (await customer.call("GET", "/v2/profiles")).body

    assert isinstance(seller["profileId"], int)
    assert (seller["currencyCode"], vendor["currencyCode"], german["currencyCode"]) == ("USD", "GBP", "EUR")
    assert (german["timezone"], german["accountInfo"]["marketplaceStringId"]) == ("Europe/Paris", "A1PA6795UKMFR9")
    assert "dailyBudget" in seller
    assert "dailyBudget" not in vendor
    assert vendor["accountInfo"]["validPaymentMethod"] is True


async def test_unknown_paths_and_methods_are_not_found(customer: Customer) -> None:
    """Neither an unknown resource nor a known one with another method."""
    for method, path, status in (
        ("GET", "/sp/keywords", 405),
        ("POST", "/sp/keyword", 404),
        ("PUT", "/v2/profiles", 405),
    ):
        async with customer.http.request(method, customer.url + path) as answer:
            assert answer.status == status
