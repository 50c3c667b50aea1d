"""Plans and items as the ledger reports them."""

from typing import Any

PLAN, FINGERPRINT = "p3", "f" * 64


def an_item(**changes: Any) -> dict[str, Any]:
    """A planned promotion of a keyword, everything overridable."""
    return {
        "id": "a1",
        "kind": "promote_keyword",
        "state": "planned",
        "target": "running shoes",
        "match": "exact",
        "level": None,
        "clicks": 12,
        "conversions": 3,
        "bid": {"amount": "0.60", "currency": "USD"},
        "bid_formula": "ad group default 0.60 USD → 0.60 USD",
        "campaign_id": "123456789012345678",
        "campaign_name": "Manual",
        "ad_group_id": "223456789012345678",
        "ad_group_name": "Exact",
        "group_id": "323456789012345678",
        "source_campaign_name": "Auto",
        "source_ad_group_name": "All",
        "asin": "B000000001",
        "rule": "promote-proven",
        "reason": "",
        "note": "",
        "key": "running shoes",
        "fragment": '{"target":"running shoes","expressionType":"QUERY_EXACT_MATCHES","bid":0.60}',
        **changes,
    }


def a_negative(**changes: Any) -> dict[str, Any]:
    """At ad-group level, of a keyword."""
    return an_item(**{"kind": "negate_keyword", "level": "ad_group", "bid": None, "group_id": None, **changes})


def a_plan() -> dict[str, object]:
    counts = dict.fromkeys(("candidates", "promote", "negate", "hold", "skip"), 1)
    return {
        "id": "p1", "profile_name": "Shop", "country": "US", "profile_id": "1", "state": "planned", "mode": "review",
        "created_at": "2026-11-24T06:30:04.797360+00:00", "counts": counts, "complete": True, "troubles": [], "advice": [], "fingerprint": "f",
    }  # fmt: skip
