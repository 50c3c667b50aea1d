"""What a row of each report type can hold, and how it gets there.

Names: the guides to search term and targeting reports of Reporting v3.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from harvester.sandbox.clicks import Figures
from harvester.sandbox.spans import ASIN
from harvester.sandbox.streams import Served
from harvester.sandbox.wire import Json

_WINDOWS = ("1d", "7d", "14d", "30d")
_BY_WINDOW = (
    *("purchases", "purchasesSameSku", "unitsSoldClicks", "sales"),
    *("attributedSalesSameSku", "unitsSoldSameSku"),
)
_COUNTED = (
    *("impressions", "addToList", "qualifiedBorrows", "royaltyQualifiedBorrows", "clicks", "costPerClick"),
    *("clickThroughRate", "cost", *(name + window for name in _BY_WINDOW for window in _WINDOWS)),
    *("kindleEditionNormalizedPagesRead14d", "kindleEditionNormalizedPagesRoyalties14d", "salesOtherSku7d"),
    *("unitsSoldOtherSku7d", "acosClicks7d", "acosClicks14d", "roasClicks7d", "roasClicks14d"),
)
_DAYS = ("date", "startDate", "endDate")
_FIXED = (
    *("keywordId", "keyword", "campaignBudgetCurrencyCode", "portfolioId", "campaignName", "campaignId"),
    *("campaignBudgetType", "campaignBudgetAmount", "campaignStatus", "keywordBid", "adGroupName", "adGroupId"),
    *("keywordType", "matchType", "targeting", "adKeywordStatus"),
)
_KEYWORD_TYPES = ("BROAD", "PHRASE", "EXACT", "TARGETING_EXPRESSION", "TARGETING_EXPRESSION_PREDEFINED")


@dataclass(frozen=True, slots=True)
class ReportType:
    name: str
    group_by: str
    columns: frozenset[str]
    filters: dict[str, tuple[str, ...]]


SEARCH_TERMS = ReportType(
    "spSearchTerm",
    "searchTerm",
    frozenset((*_COUNTED, *_DAYS, *_FIXED, "searchTerm")),
    {"keywordType": _KEYWORD_TYPES},
)
TARGETING = ReportType(
    "spTargeting",
    "targeting",
    frozenset((*_COUNTED, *_DAYS, *_FIXED, "topOfSearchImpressionShare")),
    {"keywordType": _KEYWORD_TYPES, "adKeywordStatus": ("ENABLED", "PAUSED", "ARCHIVED")},
)
TYPES = {one.name: one for one in (SEARCH_TERMS, TARGETING)}

_Column = Callable[[Figures, int], float | None]


def _ratio(top: float, bottom: float, digits: int = 4) -> float | None:
    return round(top / bottom, digits) if bottom else None


def _counted() -> dict[str, _Column]:
    """Of figures and the smallest coins in one unit of the currency. Nobody buys another product than the one shown."""
    columns: dict[str, _Column] = dict.fromkeys(_COUNTED, lambda _figures, _coins: 0)
    columns |= {
        "impressions": lambda figures, _coins: figures.impressions,
        "clicks": lambda figures, _coins: figures.clicks,
        "cost": lambda figures, coins: figures.cost / coins,
        "costPerClick": lambda figures, coins: _ratio(figures.cost / coins, figures.clicks),
        "clickThroughRate": lambda figures, _coins: _ratio(figures.clicks * 100, figures.impressions),
    }
    for place, window in enumerate(_WINDOWS):
        columns |= _within(window, min(place, 2))
    return columns


def _within(window: str, place: int) -> dict[str, _Column]:
    def orders(figures: Figures, _coins: int) -> float:
        return figures.orders[place]

    def units(figures: Figures, _coins: int) -> float:
        return figures.units[place]

    def sales(figures: Figures, coins: int) -> float:
        return figures.sales[place] / coins

    def acos(figures: Figures, _coins: int) -> float | None:
        return _ratio(figures.cost * 100, figures.sales[place], 2)

    def roas(figures: Figures, _coins: int) -> float | None:
        return _ratio(figures.sales[place], figures.cost)

    columns: dict[str, _Column] = {
        "purchases": orders,
        "purchasesSameSku": orders,
        "unitsSoldClicks": units,
        "unitsSoldSameSku": units,
    }
    columns |= {"sales": sales, "attributedSalesSameSku": sales, "acosClicks": acos, "roasClicks": roas}
    return {name + window: column for name, column in columns.items()}


_COLUMNS = _counted()


def fixed(served: Served, text_ids: bool) -> Json:
    """What a row says of its target; ids are numbers, as in real reports, or texts."""
    identify = str if text_ids else int
    return {
        "campaignId": identify(served.campaign["campaignId"]),
        "campaignName": served.campaign["name"],
        "campaignStatus": served.campaign["state"],
        "campaignBudgetType": served.campaign["budget"]["budgetType"] + "_BUDGET",
        "campaignBudgetAmount": served.campaign["budget"]["budget"],
        "campaignBudgetCurrencyCode": served.currency,
        "portfolioId": None,
        "adGroupId": identify(served.ad_group["adGroupId"]),
        "adGroupName": served.ad_group["name"],
        "keywordId": identify(served.own_id),
        "keyword": served.keyword,
        "keywordBid": served.body.get("bid"),
        "keywordType": served.keyword_type,
        "matchType": served.keyword_type,
        "targeting": served.targeting,
        "adKeywordStatus": served.body["state"],
        "topOfSearchImpressionShare": None,
    }


class RowWriter:
    """Rows of one report as JSON texts: what stays the same for a target and term is encoded once."""

    def __init__(self, asked: Json, coins: int, dialect: str) -> None:
        self._columns: list[str] = asked["configuration"]["columns"]
        self._days = {name: asked[name] for name in ("startDate", "endDate")}
        self._coins = coins
        self._dialect = dialect
        self._counted = [(f',"{name}":', _COLUMNS[name]) for name in self._columns if name in _COLUMNS]
        self._dated = "date" in self._columns

    def beginning(self, served: Served, term: str) -> str:
        values = {**fixed(served, self._dialect == "guide"), **self._days, "searchTerm": self._written(term)}
        body = {name: values[name] for name in self._columns if name in values}
        return msgspec.json.encode(body).decode()[:-1]

    def _written(self, term: str) -> str:
        """ASINs as shoppers' pages have them, or as targeting expressions do."""
        mixed = self._dialect == "mixed" and zlib.crc32(term.encode()) & 1
        return f'asin="{term}"' if (mixed or self._dialect == "guide") and ASIN.fullmatch(term) else term

    def row(self, beginning: str, day: str, figures: Figures) -> str:
        coins = self._coins
        counted = "".join([f"{name}{_text(column(figures, coins))}" for name, column in self._counted])
        date = f',"date":"{day}"' if self._dated else ""
        text = beginning + date + counted
        return (text if beginning != "{" else "{" + text[2:]) + "}"


def _text(value: float | None) -> str:
    return "null" if value is None else repr(value)
