"""Amounts and the bids that Amazon takes per marketplace."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal


@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    currency: str
    """ISO 4217."""

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


_PLACES = {"JPY": Decimal(1)}
_CENT = Decimal("0.01")


def smallest_coin(currency: str) -> Decimal:
    """What amounts in it are shown to."""
    return _PLACES.get(currency, _CENT)


def to_the_coin(amount: Decimal, currency: str) -> Decimal:
    """As people read it: `7.497` is `7.50` USD, and `1200` JPY has no places."""
    return amount.quantize(smallest_coin(currency), ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class BidRange:
    """What a marketplace takes as a Sponsored Products bid, ends included."""

    lowest: Decimal
    highest: Decimal
    step: Decimal = Decimal("0.01")


def _range(lowest: str, highest: str, step: str = "0.01") -> BidRange:
    return BidRange(Decimal(lowest), Decimal(highest), Decimal(step))


_EURO = _range("0.02", "1000")
BID_RANGES: dict[str, BidRange] = {
    "US": _range("0.02", "1000"),
    "CA": _range("0.02", "1000"),
    "MX": _range("0.1", "20000"),
    "BR": _range("0.07", "3700"),
    "UK": _range("0.02", "1000"),
    "DE": _EURO,
    "FR": _EURO,
    "IT": _EURO,
    "ES": _EURO,
    "NL": _EURO,
    "BE": _EURO,
    "IE": _EURO,
    "PL": _range("0.04", "2000"),
    "SE": _range("0.18", "9300"),
    "TR": _range("0.05", "2500"),
    "AE": _range("0.24", "184"),
    "SA": _range("0.10", "3670"),
    "EG": _range("0.15", "5.50"),
    "IN": _range("1", "5000"),
    "ZA": _range("1", "7000"),
    "JP": _range("2", "100000", "1"),
    "AU": _range("0.02", "1410"),
    "SG": _range("0.02", "1100"),
}
"""By country code, in local currency (Amazon Ads guide, reference/concepts/limits). A country that is not listed has
no range here: Amazon decides."""
