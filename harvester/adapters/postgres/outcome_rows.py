"""Rows of ledger.outcomes as the JSON-shaped values that commands show."""

from decimal import Decimal
from typing import Any

import asyncpg

from harvester.adapters.postgres.report_rows import time_text
from harvester.domain.aftermath import Because
from harvester.rules.aftermath_words import Figures, Told, sentence

_SPANS = (("source", "before"), ("source", "after"), ("destination", "after"))


def outcome_row(row: asyncpg.Record) -> dict[str, Any]:
    """Amounts and ACOS as decimal text; null: not measured."""
    return {
        **{name: row[name] for name in _PLAIN},
        "made_at": time_text(row["made_at"]),
        "reading": row["reading"],
        "read_at": time_text(row["read_at"]),
        "days": row["days"],
        "source": {when: _figures(row, "source", when) for when in ("before", "after")},
        "destination": {"after": _figures(row, "destination", "after")},
        "orders_seen": row["orders_seen"],
        "orders_now": row["orders_now"],
        "target_acos": row["target_acos"],
        "verdict": row["verdict"],
        "reason": row["reason"],
        "sentence": said_of(row),
        "money": _text(row["money"]),
        "currency": row["currency"],
        "undo_plan_id": row["undo_plan_id"],
        "follows": row["follows"],
    }


_PLAIN = (
    "action_id", "plan_id", "profile_id", "rule", "kind", "target", "match", "level", "source_campaign_id",
    "source_ad_group_id", "campaign_id", "ad_group_id", "amazon_id", "state",
)  # fmt: skip


def said_of(row: asyncpg.Record) -> str:
    """The verdict in one sentence."""
    before, after, destination = (_told(row, *span) for span in _SPANS)
    return sentence(
        Told(
            because=Because(row["reason"]),
            days=row["days"],
            currency=row["currency"],
            before=before,
            after=after,
            destination=destination,
            orders_seen=row["orders_seen"],
            orders_now=row["orders_now"],
            target_acos=row["target_acos"],
        )
    )


def score_row(row: asyncpg.Record) -> dict[str, Any]:
    return {**dict(row), "saved": _text(row["saved"]), "lost": _text(row["lost"])}


def _figures(row: asyncpg.Record, where: str, when: str) -> dict[str, Any] | None:
    if row[f"{where}_clicks_{when}"] is None:
        return None
    shown = {"impressions": row["destination_impressions_after"]} if where == "destination" else {}
    return {
        **shown,
        "clicks": row[f"{where}_clicks_{when}"],
        "spend": _text(row[f"{where}_spend_{when}"]),
        "orders": row[f"{where}_orders_{when}"],
        "sales": _text(row[f"{where}_sales_{when}"]),
        "acos": _text(row[f"{where}_acos_{when}"]),
    }


def _told(row: asyncpg.Record, where: str, when: str) -> Figures | None:
    clicks = row[f"{where}_clicks_{when}"]
    if clicks is None:
        return None
    return Figures(
        clicks, row[f"{where}_spend_{when}"], row[f"{where}_orders_{when}"], row[f"{where}_sales_{when}"],
        row[f"{where}_acos_{when}"],
    )  # fmt: skip


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"
