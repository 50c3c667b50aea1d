"""Rows of Postgres as the JSON-shaped values that commands and pages show."""

from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from harvester.rules.delivery import waiting

_json = msgspec.json.Decoder().decode

_COUNTS = ("candidates", "promote", "negate", "hold", "skip", "actions", "guarded")


def plan_row(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "id": row["plan_id"],
        "profile_id": row["profile_id"],
        "profile_name": row["profile_name"],
        "country": row["country"],
        "account": row["account"],
        "run_id": row["run_id"],
        "state": row["state"],
        "complete": row["complete"],
        "fingerprint": row["fingerprint"],
        "mode": row["mode"],
        "created_at": time_text(row["created_at"]),
        "ruleset_fingerprint": row["ruleset_fingerprint"],
        "counts": {name: row[name] for name in _COUNTS},
        "advice": list(row["advice"]),
        "troubles": list(row["troubles"]),
    }


def item_row(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "id": row["action_id"],
        "kind": row["kind"],
        "state": row["state"],
        "target": row["target"],
        "match": row["match"],
        "level": row["level"],
        **{name: row[name] or None for name in _PLACES},
        "asin": row["asin"] or None,
        "clicks": _number(row["clicks"]),
        "conversions": _number(row["conversions"]),
        "bid": None if row["bid"] is None else {"amount": f"{row['bid']:f}", "currency": row["currency"]},
        "rule": row["rule"],
        "reason": row["reason"],
        "amazon_id": row["amazon_id"],
        "error": ": ".join(part for part in (row["error_code"], row["error_message"]) if part) or None,
        "request": _json(row["fragment"]) if row["fragment"] else None,
        "fragment": row["fragment"],
        "key": row["key"],
        "ad_id": row["ad_id"] or None,
        "bid_formula": row["bid_formula"],
        "follow_up": _json(row["follow_up"]) if row["follow_up"] else None,
        "note": row["note"],
        "waits": waiting(row["waits_for"]),
        "metrics": _json(row["evidence_note"]) if row["evidence_note"] else None,
        "reviewed_by": row["reviewed_by"],
        "reviewed_at": time_text(row["reviewed_at"]),
        "decision_ids": list(row["decision_ids"]),
    }


_PLACES = (
    "campaign_id",
    "campaign_name",
    "ad_group_id",
    "ad_group_name",
    "group_id",
    "source_campaign_id",
    "source_campaign_name",
    "source_ad_group_id",
    "source_ad_group_name",
)


def run_row(row: asyncpg.Record) -> dict[str, Any]:
    return {
        **dict(row),
        "started_at": time_text(row["started_at"]),
        "finished_at": time_text(row["finished_at"]),
        "troubles": list(row["troubles"]),
    }


def decision_row(row: asyncpg.Record) -> dict[str, Any]:
    """The columns of ledger.decisions, and the key."""
    fields = dict(row)
    del fields["place"]
    return {
        **fields,
        "decided_at": time_text(row["decided_at"]),
        "metrics": _json(row["metrics"]),
        "findings": _json(row["findings"]),
    }


def why_row(row: asyncpg.Record) -> dict[str, Any]:
    return {
        **decision_row(row),
        "run_started_at": time_text(row["run_started_at"]),
        "actions": [_action(_json(action)) for action in row["actions"]],
    }


def _action(fields: dict[str, Any]) -> dict[str, Any]:
    waits_for = fields.pop("waits_for")
    return {**fields, "waits": waiting(msgspec.json.encode(waits_for).decode() if waits_for else None)}


def time_text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _number(value: float | None) -> float | None:
    return int(value) if value is not None and value.is_integer() else value
