"""Marketplaces: region, currency, time zone, id, and the range of Sponsored Products bids and budgets."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Marketplace:
    country: str
    region: str
    currency: str
    timezone: str
    marketplace_id: str
    lowest_bid: float
    highest_bid: float
    lowest_budget: float = 1.0


# Profiles_prod_3p (time zones), "Limits" in the Ads API guides (bids, budgets), SP-API "Marketplace IDs".
_ALL = (
    Marketplace("US", "NA", "USD", "America/Los_Angeles", "ATVPDKIKX0DER", 0.02, 1000),
    Marketplace("CA", "NA", "CAD", "America/Los_Angeles", "A2EUQ1WTGCTBG2", 0.02, 1000),
    Marketplace("MX", "NA", "MXN", "America/Los_Angeles", "A1AM78C64UM0Y8", 0.1, 20000),
    Marketplace("BR", "NA", "BRL", "America/Sao_Paulo", "A2Q3Y263D00KWC", 0.07, 3700, 1.32),
    Marketplace("UK", "EU", "GBP", "Europe/London", "A1F83G8C2ARO7P", 0.02, 1000),
    Marketplace("DE", "EU", "EUR", "Europe/Paris", "A1PA6795UKMFR9", 0.02, 1000),
    Marketplace("FR", "EU", "EUR", "Europe/Paris", "A13V1IB3VIYZZH", 0.02, 1000),
    Marketplace("IT", "EU", "EUR", "Europe/Paris", "APJ6JRA9NG5V4", 0.02, 1000),
    Marketplace("ES", "EU", "EUR", "Europe/Paris", "A1RKKUPIHCS9HS", 0.02, 1000),
    Marketplace("NL", "EU", "EUR", "Europe/Amsterdam", "A1805IZSGTT6HS", 0.02, 1000),
    Marketplace("BE", "EU", "EUR", "Europe/Brussels", "AMEN7PMS3EDWL", 0.02, 1000),
    Marketplace("IE", "EU", "EUR", "Europe/Dublin", "A28R8C7NBKEWEA", 0.02, 1000),
    Marketplace("PL", "EU", "PLN", "Europe/Warsaw", "A1C3SOZRARQ6R3", 0.04, 2000, 2),
    Marketplace("SE", "EU", "SEK", "Europe/Stockholm", "A2NODRKZP88ZB9", 0.18, 9300, 9),
    Marketplace("TR", "EU", "TRY", "Europe/Istanbul", "A33AVAJ2PDY3EV", 0.05, 2500, 2),
    Marketplace("AE", "EU", "AED", "Asia/Dubai", "A2VIGQ35RCS4UG", 0.24, 184, 4),
    Marketplace("SA", "EU", "SAR", "Asia/Riyadh", "A17E79C6D8DWNP", 0.10, 3670, 4),
    Marketplace("EG", "EU", "EGP", "Africa/Cairo", "ARBP9OOSHTCHU", 0.15, 5.50, 7),
    Marketplace("IN", "EU", "INR", "Asia/Kolkata", "A21TJRUUN4KGV", 1, 5000, 50),
    Marketplace("ZA", "EU", "ZAR", "Africa/Johannesburg", "AE08WJ6YKNBMC", 1, 7000, 20),
    Marketplace("JP", "FE", "JPY", "Asia/Tokyo", "A1VC38T7YXB528", 2, 100000, 100),
    Marketplace("AU", "FE", "AUD", "Australia/Sydney", "A39IBJ37TRP1C6", 0.02, 1410, 1.4),
    Marketplace("SG", "FE", "SGD", "Asia/Singapore", "A19VAU5U5O7RUS", 0.02, 1100, 1.39),
)

BY_COUNTRY = {marketplace.country: marketplace for marketplace in _ALL}

# The order in which pretend profiles are opened: a seller, a vendor, a third currency zone, then everything else.
OPENING = (
    ("US", "seller"),
    ("UK", "vendor"),
    ("DE", "seller"),
    ("JP", "seller"),
    ("CA", "vendor"),
    ("SE", "seller"),
    ("AU", "vendor"),
    ("MX", "seller"),
    ("FR", "seller"),
    ("IN", "seller"),
    ("US", "vendor"),
    ("PL", "seller"),
    ("BR", "seller"),
    ("IT", "vendor"),
    ("SG", "seller"),
    ("ES", "seller"),
    ("AE", "seller"),
    ("NL", "vendor"),
    ("TR", "seller"),
    ("SA", "seller"),
)

# Error bodies name these only (the enum of the specification lacks the newer marketplaces).
NAMED_IN_ERRORS = frozenset(
    {
        *("AE", "AU", "BR", "CA", "DE", "EG", "ES", "FR", "IN", "IT"),
        *("JP", "MX", "NL", "PL", "SA", "SE", "SG", "TR", "UK", "US"),
    }
)

# What one US dollar of bid or budget is worth roughly; pretend budgets and bids are scaled by it.
SCALE = {"JPY": 150.0, "INR": 80.0, "SEK": 10.0, "MXN": 18.0, "BRL": 5.0, "PLN": 4.0, "TRY": 30.0, "ZAR": 18.0}
