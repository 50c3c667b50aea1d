"""The Catalog API: one item, and searches by identifiers or keywords, as strict as catalogItems_2022-04-01."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harvester.sandbox import ads, catalog_items, page_faults, paging
from harvester.sandbox.auth import Logins
from harvester.sandbox.catalog_items import Product
from harvester.sandbox.marketplaces import BY_COUNTRY, Marketplace
from harvester.sandbox.throttle import Buckets
from harvester.sandbox.wire import Answer, ApiError, Json, json_answer
from harvester.sandbox.world import Account

ITEMS = "/catalog/2022-04-01/items"
BURST = 2.0
MOST_RESULTS = 1000
_MOST_LISTED = 20
_MOST_REFINEMENTS = 10
_DOCUMENTED_RATE = 2.0
_BY_ID = {place.marketplace_id: place for place in BY_COUNTRY.values()}
_INCLUDED = {
    *("attributes", "classifications", "dimensions", "identifiers", "images", "productTypes"),
    *("relationships", "salesRanks", "summaries", "vendorDetails"),
}
_SEARCH = {
    *("identifiers", "identifiersType", "marketplaceIds", "includedData", "locale", "sellerId", "keywords"),
    *("brandNames", "classificationIds", "pageSize", "pageToken", "keywordsLocale"),
}
_GET = {"marketplaceIds", "includedData", "locale"}
_WITH_KEYWORDS = ("brandNames", "classificationIds", "keywordsLocale")
_FORMS = {
    "ASIN": r"[A-Z0-9]{10}",
    "EAN": r"\d{8}|\d{13}",
    "GTIN": r"\d{8}|\d{12,14}",
    "ISBN": r"\d{9}[\dX]|\d{13}",
    "JAN": r"\d{8}|\d{13}",
    "MINSAN": r"A?\d{9}",
    "SKU": r".{1,40}",
    "UPC": r"\d{8}|\d{12}",
}
_USER_AGENT = re.compile(r"\S+/\S+ \(Language=[^)]+\)")
_CODES = {
    400: "InvalidInput",
    403: "Unauthorized",
    404: "NotFound",
    413: "RequestTooLarge",
    415: "UnsupportedMediaType",
    429: "QuotaExceeded",
    503: "ServiceUnavailable",
}


def concerns(path: str) -> bool:
    return ads.split_region(path)[1].startswith(ITEMS)


def refusal(error: ApiError) -> Answer:
    """Every error of this API has one form."""
    code = _CODES.get(error.status, "InternalFailure" if error.status >= 500 else error.code)
    said = {"code": code, "message": error.message, "details": str(error.errors[0]["details"]) if error.errors else ""}
    return json_answer({"errors": [said]}, error.status)


def answer(logins: Logins, buckets: Buckets, request: ads.Request) -> tuple[Answer, Account | None]:
    account = None
    rate = {"x-amzn-RateLimit-Limit": str(buckets.rate or _DOCUMENTED_RATE)}
    try:
        account = _partner(logins, request)
        region, path = ads.split_region(request.path)
        _check_route(request.method, path)
        operation = "search" if path == ITEMS else "get"
        _check_quota(buckets, f"{account.client_id} {operation}", request.clock.now())
        call = _Call(request, region, account)
        body = call.search() if operation == "search" else call.one(path.removeprefix(f"{ITEMS}/"))
    except ApiError as error:
        given = refusal(error)
        given.headers |= rate if error.status in (400, 404) else {}
        return given, account
    given = json_answer(body)
    given.body = page_faults.altered(given.body, request.action)
    given.headers |= rate
    return given, account


def _partner(logins: Logins, request: ads.Request) -> Account:
    """This API says 403 to a token that has expired."""
    token = request.headers.get("x-amz-access-token")
    if not token:
        raise _denied("Access token is missing in the request header.")
    account = logins.partner_of(token, request.clock.now())
    if account is None:
        raise _denied("The access token you provided is revoked, malformed or invalid, or has expired.")
    if not _USER_AGENT.fullmatch(request.headers.get("User-Agent", "")):
        raise _bad("The user-agent header is missing or not of the form App/1.0 (Language=Python/3.12).")
    return account


def _denied(details: str) -> ApiError:
    errors = [{"details": details}]
    return ApiError(403, "Unauthorized", "Access to requested resource is denied.", errors)


def _bad(message: str) -> ApiError:
    return ApiError(400, "InvalidInput", message)


def _check_route(method: str, path: str) -> None:
    if path != ITEMS and not re.fullmatch(re.escape(ITEMS) + r"/[^/]+", path):
        raise ApiError(404, "NotFound", "The resource specified does not exist.")
    if method != "GET":
        raise ApiError(400, "InvalidInput", "Unsupported method.")


def _check_quota(buckets: Buckets, whose: str, now: float) -> None:
    if buckets.wait_seconds(whose, now):
        raise ApiError(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")


@dataclass(frozen=True, slots=True)
class _Call:
    request: ads.Request
    region: str | None
    account: Account

    def one(self, asin: str) -> Json:
        self._known_parameters(_GET)
        if not re.fullmatch(_FORMS["ASIN"], asin):
            raise _bad("Invalid 'asin' provided.")
        places = [self._place(marketplace_id) for marketplace_id in self._list("marketplaceIds")]
        if not places:
            raise _bad("Missing required 'marketplaceIds'.")
        product = catalog_items.catalog().get(asin)
        if product is None:
            raise ApiError(404, "NotFound", f"Requested item '{asin}' not found in marketplace(s) {places[0].country}.")
        return catalog_items.item(product, places[0], self._included())

    def search(self) -> Json:
        self._known_parameters(_SEARCH)
        marketplaces = self._list("marketplaceIds")
        if len(marketplaces) != 1:
            raise _bad("Exactly one 'marketplaceIds' is required.")
        place = self._place(marketplaces[0])
        included, size = self._included(), self._page_size()
        by_keywords = "keywords" in self.request.query
        if by_keywords is ("identifiers" in self.request.query):
            raise _bad("Exactly one of 'identifiers' and 'keywords' is required.")
        found = self._by_keywords() if by_keywords else self._by_identifiers()
        total = found[:MOST_RESULTS] if by_keywords else found
        bound_to = self._binding()
        offset = self._offset(bound_to, len(total))
        page = total[offset : offset + size]
        body: Json = {
            "numberOfResults": len(found),
            "items": [catalog_items.item(each, place, included) for each in page],
            "pagination": self._pagination(bound_to, offset, size, len(total)),
        }
        if by_keywords:
            body["refinements"] = _refinements(found)
        return body

    def _by_identifiers(self) -> list[Product]:
        query, wanted = self.request.query, self._list("identifiers")
        kind = query.get("identifiersType")
        if kind not in _FORMS:
            raise _bad(f"'identifiersType' must be one of {', '.join(_FORMS)}.")
        if any(name in query for name in _WITH_KEYWORDS):
            raise _bad(f"{', '.join(_WITH_KEYWORDS)} cannot be used with 'identifiers'.")
        if kind == "SKU" and not query.get("sellerId"):
            raise _bad("'sellerId' is required when 'identifiersType' is SKU.")
        if not 0 < len(wanted) <= _MOST_LISTED:
            raise _bad(f"'identifiers' takes from 1 to {_MOST_LISTED} values.")
        if any(not re.fullmatch(_FORMS[kind], each) for each in wanted):
            raise _bad(f"Invalid '{kind.lower()}' provided.")
        asins = dict.fromkeys(asin for each in wanted for asin in catalog_items.by_identifier().get((kind, each), ()))
        return [catalog_items.catalog()[asin] for asin in asins]

    def _by_keywords(self) -> list[Product]:
        words = self._list("keywords")
        if any(name in self.request.query for name in ("identifiersType", "sellerId")):
            raise _bad("'identifiersType' and 'sellerId' cannot be used with 'keywords'.")
        if not 0 < len(words) <= _MOST_LISTED:
            raise _bad(f"'keywords' takes from 1 to {_MOST_LISTED} values.")
        brands, nodes = set(self._list("brandNames")), set(self._list("classificationIds"))
        wanted = {word.lower() for text in words for word in text.split()}
        return [
            each
            for each in catalog_items.catalog().values()
            if wanted & set(each.title.lower().split())
            and (not brands or each.brand in brands)
            and (not nodes or nodes & _node_ids(catalog_items.classification(each)))
        ]

    def _known_parameters(self, known: set[str]) -> None:
        strange = sorted(set(self.request.query) - known)
        if strange:
            raise _bad(f"Unknown parameter '{strange[0]}'.")

    def _list(self, name: str) -> list[str]:
        return [each for each in self.request.query.get(name, "").split(",") if each]

    def _place(self, marketplace_id: str) -> Marketplace:
        place = _BY_ID.get(marketplace_id)
        if place is None or self.region not in {None, place.region}:
            raise _bad("Invalid 'marketplaceIds' provided.")
        return place

    def _included(self) -> set[str]:
        included = set(self._list("includedData")) or {"summaries"}
        if not included <= _INCLUDED:
            raise _bad("Invalid 'includedData' provided.")
        return included

    def _page_size(self) -> int:
        text = self.request.query.get("pageSize", "10")
        if not text.isdigit() or not 1 <= int(text) <= _MOST_LISTED:
            raise _bad(f"'pageSize' must be a whole number up to {_MOST_LISTED}.")
        return int(text)

    def _binding(self) -> bytes:
        """A page token belongs to everything else that was asked for, the page size too."""
        query: Mapping[str, str] = self.request.query
        asked = {name: value for name, value in query.items() if name != "pageToken"}
        return paging.binding(self.account.client_id, "searchCatalogItems", asked)

    def _offset(self, bound_to: bytes, total: int) -> int:
        token = self.request.query.get("pageToken")
        if token is None:
            return 0
        try:
            return min(paging.offset_of(token, bound_to), total)
        except ApiError:
            raise _bad("Invalid 'pageToken' provided.") from None

    def _pagination(self, bound_to: bytes, offset: int, size: int, total: int) -> Json:
        pages: Json = {}
        if offset + size < total:
            pages["nextToken"] = paging.token(bound_to, offset + size)
        if offset > 0:
            pages["previousToken"] = paging.token(bound_to, max(offset - size, 0))
        if self.request.action.repeat_token:
            pages["nextToken"] = self.request.query.get("pageToken") or paging.token(bound_to, offset, 1)
        return pages


def _node_ids(node: Json) -> set[str]:
    ids = set()
    while node:
        ids.add(node["classificationId"])
        node = node.get("parent", {})
    return ids


def _refinements(found: Sequence[Product]) -> Json:
    brands = Counter(each.brand for each in found if each.brand)
    lowest = [catalog_items.classification(each) for each in found]
    nodes = Counter((node["displayName"], node["classificationId"]) for node in lowest)
    return {
        "brands": [
            {"numberOfResults": count, "brandName": name} for name, count in brands.most_common(_MOST_REFINEMENTS)
        ],
        "classifications": [
            {"numberOfResults": count, "displayName": name, "classificationId": node_id}
            for (name, node_id), count in nodes.most_common(_MOST_REFINEMENTS)
        ],
    }
