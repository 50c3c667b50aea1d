"""What a cycle brought, profile by profile, for a person who sees it for the first time."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from harvester.domain.profile import Profile
from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.sentences import in_short
from harvester.entrypoints.cli.session import Session
from harvester.usecases.fleet import FleetResult
from harvester.usecases.plan_profile import Planned

MOST = 5
"""Lines of each kind; the rest is a count."""

_STYLES = {"promote": "green", "negate": "red", "hold": "yellow", "skip": "dim"}


async def show_cycle(console: Console, session: Session, result: FleetResult[Planned]) -> None:
    for profile, planned in result.done:
        header = await session.services.reports.plan(planned.plan_id)
        assert header is not None
        console.print(Rule(Text(title(profile, header), style="bold"), align="left", style="dim"))
        console.print(_summary(header))
        console.print(await _table(session, header))


def title(profile: Profile, plan: Mapping[str, Any]) -> str:
    return f"{profile.name} · {profile.country} · {profile.currency} · {profile.kind} · plan {plan['id']}"


def _summary(plan: Mapping[str, Any]) -> str:
    counts = plan["counts"]
    said = ", ".join(
        f"{counts[name]:,} to {name}" if name in ("promote", "negate") else f"{counts[name]:,} {past}"
        for name, past in (("promote", ""), ("negate", ""), ("hold", "held"), ("skip", "skipped"))
    )
    return f"{tables.plural(counts['candidates'], 'recommendation')}: {said}."


async def _table(session: Session, plan: Mapping[str, Any]) -> Table:
    table = tables.grid("", "Target", "Orders", "Why", ratios=(0, 3, 0, 5))
    items = [item async for item in session.services.reports.items(plan["id"])]
    for verb, prefix in (("promote", ("create", "promote")), ("negate", ("negate",))):
        mine = [item for item in items if str(item["kind"]).startswith(prefix)]
        _add_items(table, verb, mine)
    for outcome in ("hold", "skip"):
        await _add_reasons(session, table, outcome, plan["run_id"])
    return table


def _add_items(table: Table, verb: str, items: Sequence[Mapping[str, Any]]) -> None:
    order = {"planned": 0, "guarded": 1, "held": 2}
    shown = sorted(items, key=lambda item: order.get(str(item["state"]), 3))[:MOST]
    for item in shown:
        table.add_row(Text(verb, style=_STYLES[verb]), str(item["target"]), tables.evidence(item), _why(item))
    if len(items) > len(shown):
        table.add_row("", Text(f"and {len(items) - len(shown)} more like these", style="dim"), "", "")


def _why(item: Mapping[str, Any]) -> Text:
    bid = tables.money(item.get("bid"))
    text = Text(f"{item['rule']}: {tables.what(item)}" + (f", bid {bid}" if bid else ""))
    if item["state"] != "planned":
        text.append(f"; {tables.state(item).plain}", style="yellow")
    return text


async def _add_reasons(session: Session, table: Table, outcome: str, run_id: str) -> None:
    reports = session.services.reports
    for found, reason, count in await reports.reasons(run_id):
        if found != outcome:
            continue
        most = MOST if reason == "not_proven" else 1
        rows = await reports.examples(run_id, outcome, reason, most)
        for row in rows:
            table.add_row(
                Text(outcome, style=_STYLES[outcome]),
                str(row["target"]) or "(empty)",
                tables.evidence(row["metrics"]),
                Text(in_short(row)),
            )
        if count > len(rows):
            more = f"and {count - len(rows):,} more: {reason.replace('_', ' ')}"
            table.add_row("", Text(more, style="dim"), "", "")
