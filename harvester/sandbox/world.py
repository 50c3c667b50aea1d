"""Everything there is: logins, their profiles, and one market per profile, built when first looked at."""

from dataclasses import dataclass

from harvester.sandbox.market import Market, Profile
from harvester.sandbox.marketplaces import BY_COUNTRY, OPENING
from harvester.sandbox.opening import open_market
from harvester.sandbox.settings import Options
from harvester.sandbox.shopping import Shoppers
from harvester.sandbox.wire import Json


@dataclass(frozen=True, slots=True)
class Account:
    """One login: what a customer would configure."""

    number: int
    client_id: str
    client_secret: str
    refresh_token: str


class World:
    def __init__(self, options: Options) -> None:
        self.options = options
        self.accounts = [_account(number) for number in range(options.accounts)]
        self.selling_partners = [_selling_partner(number) for number in range(options.accounts)]
        self.profiles = {profile.profile_id: profile for profile in _profiles(options)}
        self._shoppers = Shoppers(options.seed)
        self._markets: dict[str, Market] = {}

    def market(self, profile_id: str) -> Market:
        market = self._markets.get(profile_id)
        if market is None:
            market = open_market(self.profiles[profile_id], self.options, self._shoppers)
            self._markets[profile_id] = market
        return market

    def may_edit(self, profile_id: str) -> bool:
        """Without building a market for the answer: thousands of profiles are listed at once."""
        market = self._markets.get(profile_id)
        return market is None or market.access == "edit"


def profile_body(profile: Profile) -> Json:
    place = profile.marketplace
    account: Json = {
        "marketplaceStringId": place.marketplace_id,
        "id": profile.entity_id,
        "type": profile.seller_or_vendor,
        "name": profile.name,
    }
    if profile.is_vendor:
        account["validPaymentMethod"] = True
    body: Json = {
        "profileId": int(profile.profile_id),
        "countryCode": place.country,
        "currencyCode": place.currency,
        "timezone": place.timezone,
        "accountInfo": account,
    }
    if not profile.is_vendor:
        body["dailyBudget"] = 999999999.0
    return body


def _account(number: int) -> Account:
    mark = f"{number + 1:04d}"
    return Account(
        number,
        f"amzn1.application-oa2-client.5a4db0c5{mark}",
        f"amzn1.oa2-cs.v1.sandbox{mark}",
        f"Atzr|IwEBIsandbox{mark}",
    )


def _selling_partner(number: int) -> Account:
    mark = f"{number + 1:04d}"
    return Account(
        number,
        f"amzn1.application-oa2-client.5e111e20{mark}",
        f"amzn1.oa2-cs.v1.sandboxpartner{mark}",
        f"Atzr|IwEBIsandboxpartner{mark}",
    )


def _profiles(options: Options) -> list[Profile]:
    profiles = []
    for number in range(options.profiles):
        country, seller_or_vendor = OPENING[number % len(OPENING)]
        profiles.append(
            Profile(
                profile_id=str(1_034_000_000_000_000 + number * 7_919_000_000_007),
                account=number % options.accounts,
                marketplace=BY_COUNTRY[country],
                seller_or_vendor=seller_or_vendor,
                name=f"Sandbox {'Vendor' if seller_or_vendor == 'vendor' else 'Store'} {number + 1}",
                entity_id=f"{'ENTITY' if seller_or_vendor == 'vendor' else 'A'}{number + 1:012d}",
            )
        )
    return profiles
