"""The Catalog Items API without I/O: hosts, the two operations, what identifiers look like.

Hosts, marketplaces, rates, headers: the Selling Partner API guides; paths and bounds: catalogItems_2022-04-01.
"""

import platform
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, urlsplit

from harvester.adapters.exchange import Bearer, Budget, Caller, Request
from harvester.domain.profile import Region

SELLING_PARTNER_URLS: Mapping[Region, str] = {
    Region.NA: "https://sellingpartnerapi-na.amazon.com",
    Region.EU: "https://sellingpartnerapi-eu.amazon.com",
    Region.FE: "https://sellingpartnerapi-fe.amazon.com",
}
LWA_URL = "https://api.amazon.com/auth/o2/token"
"""The one token address that the guides of this API name."""
MARKETPLACES: Mapping[str, str] = {
    "US": "ATVPDKIKX0DER", "CA": "A2EUQ1WTGCTBG2", "MX": "A1AM78C64UM0Y8", "BR": "A2Q3Y263D00KWC",
    "UK": "A1F83G8C2ARO7P", "DE": "A1PA6795UKMFR9", "FR": "A13V1IB3VIYZZH", "IT": "APJ6JRA9NG5V4",
    "ES": "A1RKKUPIHCS9HS", "NL": "A1805IZSGTT6HS", "SE": "A2NODRKZP88ZB9", "PL": "A1C3SOZRARQ6R3",
    "BE": "AMEN7PMS3EDWL", "IE": "A28R8C7NBKEWEA", "TR": "A33AVAJ2PDY3EV", "AE": "A2VIGQ35RCS4UG",
    "SA": "A17E79C6D8DWNP", "EG": "ARBP9OOSHTCHU", "IN": "A21TJRUUN4KGV", "ZA": "AE08WJ6YKNBMC",
    "JP": "A1VC38T7YXB528", "AU": "A39IBJ37TRP1C6", "SG": "A19VAU5U5O7RUS",
}  # fmt: skip
"""By country, for profiles that do not name theirs."""
ITEMS_PATH = "/catalog/2022-04-01/items"
GET, SEARCH = "getCatalogItem", "searchCatalogItems"
MOST_IDENTIFIERS = 20
"""And keywords, of one search."""
PAGE_SIZE = 20
"""The largest; left out it is 10, and 20 identifiers come in two pages."""
MOST_RESULTS = 1000
"""That can be paged through."""
INCLUDED = ("attributes", "classifications", "images", "relationships", "salesRanks", "summaries")
"""What facts are read from; the list price is an attribute."""
_USER_AGENT = f"harvester/0.1 (Language=Python/{platform.python_version()})"
"""Mandatory, in this form."""


class Identifier(StrEnum):
    """What can be looked up."""

    ASIN = "ASIN"
    EAN = "EAN"
    GTIN = "GTIN"
    ISBN = "ISBN"
    JAN = "JAN"
    MINSAN = "MINSAN"
    SKU = "SKU"
    UPC = "UPC"

    def fits(self, value: str) -> bool:
        """One that does not look like it would make Amazon refuse all that are asked for with it."""
        return re.fullmatch(_FORMS[self], value, re.ASCII) is not None


_FORMS: Mapping[Identifier, str] = {
    Identifier.ASIN: r"[A-Z0-9]{10}",
    Identifier.EAN: r"\d{8}|\d{13}",
    Identifier.GTIN: r"\d{8}|\d{12,14}",
    Identifier.ISBN: r"\d{9}[\dX]|\d{13}",
    Identifier.JAN: r"\d{8}|\d{13}",
    Identifier.MINSAN: r"A?\d{9}",
    Identifier.SKU: r"[!-+\--~](?:[ -+\--~]{0,38}[!-+\--~])?",  # printable, no comma, no blank at an end
    Identifier.UPC: r"\d{8}|\d{12}",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One Selling Partner login at its host."""

    url: str
    """Base address, no slash at the end."""
    login: str
    """What its rate is counted under: it is that of one account and application."""
    bearer: Bearer

    def request(self, operation: str, caller: Caller, path: str, query: Mapping[str, str]) -> Request:
        asked = "&".join(f"{name}={quote(value, safe=',')}" for name, value in query.items())
        base = urlsplit(self.url)
        return Request(
            method="GET",
            url=f"{self.url}{path}?{asked}",
            path=f"{base.path}{path}?{asked}",
            headers={"Accept": "application/json", "User-Agent": _USER_AGENT},
            caller=caller,
            budget=Budget(f"{base.netloc} {self.login}", "", operation),
            bearer=self.bearer,
        )


def listed(values: Iterable[str]) -> str:
    """An array of the query (`collectionFormat: csv`)."""
    return ",".join(values)
