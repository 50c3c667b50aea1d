"""One Selling Partner login, and its reading of one marketplace's catalog."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from time import monotonic
from urllib.parse import urlsplit

from harvester.adapters.catalog import protocol
from harvester.adapters.catalog.pace import SteadyPace
from harvester.adapters.catalog.protocol import (
    ITEMS_PATH,
    LWA_URL,
    MARKETPLACES,
    MOST_IDENTIFIERS,
    MOST_RESULTS,
    PAGE_SIZE,
    SELLING_PARTNER_URLS,
    Endpoint,
    Identifier,
    listed,
)
from harvester.adapters.catalog.wire import ItemPage, read_item, read_page
from harvester.adapters.exchange import Answer, Caller, Request
from harvester.adapters.http import HttpClient
from harvester.adapters.lwa import AccessTokens, Credentials, GrantBearer
from harvester.domain.catalog import CatalogItem
from harvester.domain.errors import AccountClosed, Misconfigured, PageBroken, Rejected
from harvester.domain.ids import RunId
from harvester.domain.profile import Profile, Region
from harvester.ports.catalog import Found

_REFUSED_INPUT = "InvalidInput"
_WELL_FORMED = "B000000001"
"""Whether there is such a product or not: a search for it is answered wherever searches are."""


@dataclass(frozen=True, slots=True)
class CatalogCheck:
    """What `doctor` tells of a login that works."""

    host: str
    answer_ms: float


class SellingPartnerLogin:
    """`url` and `lwa_url` replace Amazon's addresses. `pace` is that of `http`."""

    def __init__(
        self,
        *,
        account: str,
        region: Region,
        credentials: Credentials,
        http: HttpClient,
        pace: SteadyPace,
        tokens: AccessTokens,
        url: str | None = None,
        lwa_url: str | None = None,
    ) -> None:
        self._account = account
        self._http = http
        self._pace = pace
        bearer = _Bearer(tokens.bearer(account, credentials, lwa_url or LWA_URL), account)
        base = (url or SELLING_PARTNER_URLS[region]).rstrip("/")
        self._endpoint = Endpoint(base, f"{credentials.client_id} {account}", bearer)

    @property
    def account(self) -> str:
        return self._account

    def reader(self, profile: Profile, run_id: RunId | None) -> "SellingPartnerReader | None":
        """None for a profile whose marketplace nobody knows."""
        marketplace_id = profile.marketplace_id or MARKETPLACES.get(profile.country)
        if marketplace_id is None:
            return None
        caller = Caller(self._account, profile.profile_id, run_id)
        return SellingPartnerReader(self._http, self._pace, self._endpoint, caller, marketplace_id)

    async def check(self, profile: Profile) -> CatalogCheck:
        """Gets a token and looks one product up. Raises what `find` raises, and Misconfigured for a profile whose
        marketplace nobody knows.
        """
        reader, started = self.reader(profile, None), monotonic()
        if reader is None:
            raise Misconfigured(f"profile {profile.profile_id} names no marketplace that is known ({profile.country})")
        await reader.find([_WELL_FORMED])
        return CatalogCheck(urlsplit(self._endpoint.url).netloc, (monotonic() - started) * 1000)


@dataclass(frozen=True, slots=True)
class _Search:
    """What one search asks for: all of it goes with each of its pages."""

    query: dict[str, str]

    def at(self, token: str | None) -> dict[str, str]:
        return self.query if token is None else {**self.query, "pageToken": token}


@dataclass
class _Gathered:
    """What the pages of one search by identifiers held."""

    items: list[CatalogItem] = field(default_factory=list)
    identifiers: list[frozenset[tuple[str, str]]] = field(default_factory=list)
    complete: bool = True
    """False: there are more than the pages held, so that what is absent may exist."""


class SellingPartnerReader:
    def __init__(
        self, http: HttpClient, pace: SteadyPace, endpoint: Endpoint, caller: Caller, marketplace_id: str
    ) -> None:
        self._http = http
        self._pace = pace
        self._endpoint = endpoint
        self._caller = caller
        self._marketplace_id = marketplace_id
        self._answered = False
        """A search by identifiers was: refusals of others are about those."""

    @property
    def marketplace_id(self) -> str:
        return self._marketplace_id

    async def get(self, asin: str) -> CatalogItem:
        """`known` is False where the catalog has no such product. Raises what `find` raises."""
        query = {"marketplaceIds": self._marketplace_id, "includedData": listed(protocol.INCLUDED)}
        request = self._endpoint.request(protocol.GET, self._caller, f"{ITEMS_PATH}/{asin}", query)

        def read(answer: Answer) -> CatalogItem:
            self._pace.told(request.budget, answer.rate_limit)
            return read_item(answer, self._marketplace_id)

        try:
            return await self._http.send(request, read)
        except Rejected as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return CatalogItem(asin, known=False)
            raise

    async def find(self, asins: Sequence[str]) -> Found:
        return await self.look_up(Identifier.ASIN, asins)

    async def look_up(self, kind: Identifier, identifiers: Sequence[str], *, seller_id: str | None = None) -> Found:
        """At most 20 identifiers; SKUs are those of `seller_id`. Raises AccountClosed, Rejected, Unavailable,
        PageBroken.

        One that Amazon refuses does not lose the others: they are asked for without it. Only where other searches are
        answered it is called malformed: a refusal may as well be about the marketplace.
        """
        asked = list(dict.fromkeys(identifiers))
        if len(asked) > MOST_IDENTIFIERS:
            raise ValueError(f"at most {MOST_IDENTIFIERS} identifiers fit into one search, not {len(asked)}")
        fitting = [each for each in asked if kind.fits(each)]
        malformed = [each for each in asked if each not in fitting]
        if not fitting:
            return Found((), (), malformed)
        found = await self._split(kind, fitting, seller_id)
        return replace(found, malformed=[*malformed, *found.malformed])

    async def search(
        self,
        keywords: Sequence[str],
        *,
        brands: Sequence[str] = (),
        classification_ids: Sequence[str] = (),
        locale: str | None = None,
    ) -> AsyncGenerator[Sequence[CatalogItem], None]:
        """Page by page, the first 1,000 products at most. Raises as `look_up`; PageBroken where pages go in circles."""
        if not 0 < len(keywords) <= MOST_IDENTIFIERS:
            raise ValueError(f"from 1 to {MOST_IDENTIFIERS} keywords fit into one search, not {len(keywords)}")
        query = self._query() | {"keywords": listed(keywords)}
        query |= {"brandNames": listed(brands)} if brands else {}
        query |= {"classificationIds": listed(classification_ids)} if classification_ids else {}
        query |= {"keywordsLocale": locale} if locale else {}
        async for page in self._pages(_Search(query)):
            yield page.items

    async def _split(self, kind: Identifier, identifiers: list[str], seller_id: str | None) -> Found:
        try:
            return await self._look_up(kind, identifiers, seller_id)
        except Rejected as error:
            if error.status != HTTPStatus.BAD_REQUEST or error.code != _REFUSED_INPUT:
                raise
        if not self._answered:
            await self._look_up(Identifier.ASIN, [_WELL_FORMED], None)
        if len(identifiers) == 1:
            return Found((), (), identifiers)
        middle = len(identifiers) // 2
        halves = [await self._split(kind, half, seller_id) for half in (identifiers[:middle], identifiers[middle:])]
        return Found(
            items=[item for half in halves for item in half.items],
            unknown=[each for half in halves for each in half.unknown],
            malformed=[each for half in halves for each in half.malformed],
        )

    async def _look_up(self, kind: Identifier, identifiers: list[str], seller_id: str | None) -> Found:
        included = protocol.INCLUDED if kind is Identifier.ASIN else (*protocol.INCLUDED, "identifiers")
        query = self._query(included) | {"identifiers": listed(identifiers), "identifiersType": kind.value}
        query |= {"sellerId": seller_id} if seller_id else {}
        gathered = _Gathered()
        total = 0
        async for page in self._pages(_Search(query)):
            gathered.items += page.items
            gathered.identifiers += page.identifiers
            total = max(total, page.total)
        self._answered = True
        gathered.complete = len({item.asin for item in gathered.items}) >= total
        return Found(gathered.items, _absent(kind, identifiers, gathered))

    def _query(self, included: Sequence[str] = protocol.INCLUDED) -> dict[str, str]:
        return {
            "marketplaceIds": self._marketplace_id,
            "includedData": listed(included),
            "pageSize": str(PAGE_SIZE),
        }

    async def _pages(self, search: _Search) -> AsyncGenerator[ItemPage, None]:
        token: str | None = None
        seen: set[str] = set()
        for _ in range(MOST_RESULTS // PAGE_SIZE):
            request = self._endpoint.request(protocol.SEARCH, self._caller, ITEMS_PATH, search.at(token))

            def read(answer: Answer, request: Request = request) -> ItemPage:
                self._pace.told(request.budget, answer.rate_limit)
                return read_page(answer, self._marketplace_id)

            page = await self._http.send(request, read)
            yield page
            token = page.next_token
            if token is None:
                return
            if token in seen:
                raise PageBroken(f"{protocol.SEARCH}: a page token came again, so the list goes round in circles")
            seen.add(token)


def _absent(kind: Identifier, asked: Sequence[str], gathered: _Gathered) -> list[str]:
    """What the catalog does not have; nothing where it holds more than came."""
    if not gathered.complete:
        return []
    if kind is Identifier.ASIN:
        there = {item.asin for item in gathered.items}
        return [each for each in asked if each not in there]
    given = {value.lstrip("0") for each in gathered.identifiers for named, value in each if named == kind}
    return [each for each in asked if each.lstrip("0") not in given]


class _Bearer:
    """A grant's token where this API wants it."""

    def __init__(self, grant: GrantBearer, account: str) -> None:
        self._grant = grant
        self._account = account

    async def token(self) -> str:
        try:
            return await self._grant.token()
        except AccountClosed as error:
            raise replace(error, message=_advice(self._account, error)) from None

    def header(self, token: str) -> tuple[str, str]:
        return "x-amz-access-token", token

    def refused(self, token: str) -> None:
        self._grant.refused(token)

    def hidden(self) -> Sequence[str]:
        return self._grant.hidden()


def _advice(account: str, error: AccountClosed) -> str:
    prefix = f"HARVESTER_ACCOUNTS__{account.upper()}__SELLING_PARTNER__"
    advice = {
        "invalid_grant": f"the grant was revoked: authorise the app again and set {prefix}REFRESH_TOKEN",
        "invalid_client": "the client secret may have expired, as it does every 180 days: make a new one in the "
        f"developer console and set {prefix}CLIENT_SECRET (and check {prefix}CLIENT_ID)",
    }.get(str(error.code), f"check {prefix}CLIENT_ID, __CLIENT_SECRET and __REFRESH_TOKEN")
    return f"Login with Amazon refused the Selling Partner login of account {account} ({error.code}): {advice}"
