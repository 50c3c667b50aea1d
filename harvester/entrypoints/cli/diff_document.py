"""A policy diff as plain data: what `--json` prints, and what tables and Markdown are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from harvester.domain.decision import Decision, Outcome
from harvester.domain.ids import Fingerprint
from harvester.rules.explain import short
from harvester.rules.policy_diff import Flip, Tally
from harvester.rules.recorded_facts import Assumption
from harvester.usecases.diff_rules import PolicyDiff

_ASSUMED = {
    Assumption.DESTINATION: "that there is a destination, with a default bid",
    Assumption.NOTHING_STANDS: "that no target, negative or earlier plan stands in the way",
}


@dataclass(frozen=True)
class Compared:
    """Pairs of what is in force and what is new."""

    names: tuple[str, str]
    fingerprints: tuple[Fingerprint, Fingerprint]
    since: datetime


def document(compared: Compared, found: PolicyDiff) -> dict[str, Any]:
    totals = found.totals
    movements = sorted(totals.movements.items(), key=lambda each: (each[0].before is each[0].after, -each[1].rows))
    return {
        "in_force": {"rules": compared.names[0], "fingerprint": compared.fingerprints[0]},
        "new": {"rules": compared.names[1], "fingerprint": compared.fingerprints[1]},
        "since": compared.since.isoformat(),
        "profiles": [profile.profile_id for profile in found.profiles],
        "rows": totals.rows,
        "flipped": totals.flipped,
        "same_outcome": totals.same_outcome,
        "changed_since": totals.changed_since,
        "outcomes": {
            outcome.value: {
                "in_force": totals.before[outcome],
                "new": totals.after[outcome],
                "more": _tally(totals.moved(outcome)[0]),
                "fewer": _tally(totals.moved(outcome)[1]),
            }
            for outcome in Outcome
        },
        "movements": [
            {
                "in_force": {"outcome": movement.before.value, "reason": movement.because},
                "new": {"outcome": movement.after.value, "reason": movement.now_because},
                **_tally(tally),
            }
            for movement, tally in movements
        ],
        "unjudged": [{"why": why, "rows": rows} for why, rows in sorted(totals.unjudged.items())],
        "assumed": [{"what": _ASSUMED[each], "flips": flips} for each, flips in sorted(totals.assumed.items())],
        "flips": [_flip(flip) for flip in found.flips],
        "flips_left_out": totals.flipped - len(found.flips),
    }


def _tally(tally: Tally) -> dict[str, Any]:
    """`orders`, `spend` and `sales` are those of the `with_money` rows whose evidence has money."""
    return {
        "rows": tally.rows,
        "clicks": tally.clicks,
        "conversions": tally.conversions,
        "with_money": tally.with_money,
        "orders": tally.orders,
        "spend": _amounts(tally.spend),
        "sales": _amounts(tally.sales),
    }


def _amounts(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: f"{amount:.2f}" for currency, amount in sorted(amounts.items())}


def _flip(flip: Flip) -> dict[str, Any]:
    recorded, row, money = flip.recorded, flip.recorded.row, flip.money
    return {
        "decision_id": recorded.decision_id,
        "profile_id": recorded.profile_id,
        "source": row.source,
        "campaign_id": row.campaign_id,
        "campaign_name": recorded.campaign_name,
        "ad_group_id": row.ad_group_id,
        "ad_group_name": recorded.ad_group_name,
        "ad_id": row.ad_id,
        "ad_asin": row.ad_asin,
        "target": row.target,
        "target_type": row.target_type,
        "clicks": row.clicks,
        "conversions": row.conversions,
        "money": None
        if money is None
        else {
            "window": money.window,
            "spend": f"{money.spend:.2f}",
            "orders": money.orders,
            "sales": f"{money.sales:.2f}",
            "currency": flip.currency,
        },
        "in_force": _decision(flip.before, flip),
        "new": _decision(flip.after, flip),
        "assumed": [_ASSUMED[each] for each in flip.assumed],
    }


def _decision(decision: Decision, flip: Flip) -> dict[str, Any]:
    row = flip.recorded.row
    return {
        "outcome": decision.outcome.value,
        "reason": decision.reason,
        "rule": decision.rule,
        "why": short(decision, row.clicks, row.conversions),
    }
