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


async def show_cycle(console: Console, session: Session, result: FleetResult[Planned]) -> None:
    for profile, planned in result.done:
        plan = await session.services.reports.plan(planned.plan_id)
        assert plan is not None
        console.print(Rule(Text(title(profile, plan), style="bold"), align="left", style="dim"))
        await _show_profile(console, session, plan)


def title(profile: Profile, plan: Mapping[str, Any]) -> str:
    return f"{profile.name} · {profile.country} · {profile.currency} · {profile.kind} · plan {plan['id']}"


async def _show_profile(console: Console, session: Session, plan: Mapping[str, Any]) -> None:
    counts = plan["counts"]
    sources = await session.services.reports.sources(plan["run_id"])
    console.print(tables.hanging(Text(_judged(counts["candidates"], sources))))
    console.print()
    items = [item async for item in session.services.reports.items(plan["id"])]
    for verb, prefixes in (("promote", ("create", "promote", "target")), ("negate", ("negate",))):
        mine = [item for item in items if str(item["kind"]).startswith(prefixes)]
        heading = f"To {verb}: {tables.plural(counts[verb], 'recommendation')} in {tables.plural(len(mine), 'item')}"
        _print_section(console, heading, _STYLES[verb], _item_lines(mine))
    for outcome, heading in (("hold", "Held"), ("skip", "Skipped")):
        lines = await _reason_lines(session, outcome, plan["run_id"])
        _print_section(console, f"{heading}: {counts[outcome]:,}", _STYLES[outcome], lines)


_NAMES = {
    "promotion": ("target that shoppers clicked", "targets that shoppers clicked"),
    "products": ("suggested product", "suggested products"),
    "categories": ("suggested category", "suggested categories"),
    "search_terms": ("search term of the report", "search terms of the report"),
    "brands": ("brand of the rules file", "brands of the rules file"),
}


def _judged(candidates: int, sources: Sequence[tuple[str, int]]) -> str:
    """`200 recommendations judged, orders/clicks beside each: 180 search terms ..., 20 brands ...`"""
    judged = f"{tables.plural(candidates, 'recommendation')} judged, orders/clicks beside each"
    told = [tables.plural(count, *_NAMES.get(source, (source, source))) for source, count in sources]
    return f"{judged}: {', '.join(told)}." if len(told) > 1 else f"{judged}."


_STYLES = {"promote": "green", "negate": "red", "hold": "yellow", "skip": "blue"}

_Line = tuple[str, str, Text]
"""Target, orders/clicks, why."""


def _print_section(console: Console, heading: str, style: str, lines: Sequence[_Line]) -> None:
    console.print(Text(heading, style=f"bold {style}"))
    width = min(console.width, tables.WIDEST)
    table = Table(box=None, show_header=False, width=width, pad_edge=False, padding=(0, 1))
    table.add_column(width=1)
    table.add_column(ratio=4, overflow="ellipsis", no_wrap=True)
    table.add_column(justify="right", no_wrap=True, min_width=6)
    table.add_column(ratio=5, overflow="fold")
    for target, orders, why in lines:
        table.add_row("", Text(target), orders, why)
    console.print(table)
    console.print()


def _item_lines(items: Sequence[Mapping[str, Any]]) -> list[_Line]:
    """Those that go on by themselves first, then what waits for a person."""
    order = {"planned": 0, "guarded": 1, "held": 2}
    ranked = sorted(items, key=lambda item: order.get(str(item["state"]), 3))
    chosen = _chosen(ranked)
    lines = [(str(item["target"]), tables.evidence(item), _why(item)) for item in chosen]
    if len(items) > len(chosen):
        lines.append((f"… and {len(items) - len(chosen)} more", "", Text("")))
    return lines


def _chosen(ranked: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The first few, one of each further kind, and one that waits where all of these go on by themselves."""
    chosen = list(ranked[:MOST])
    for item in ranked[MOST:]:
        kinds = {each["kind"] for each in chosen}
        waits = item["state"] != "planned" and all(each["state"] == "planned" for each in chosen)
        if item["kind"] not in kinds or waits:
            chosen.append(item)
    return chosen


def _why(item: Mapping[str, Any]) -> Text:
    bid = tables.money(item.get("bid"))
    text = Text(tables.what(item) + (f", bid {bid}" if bid else ""))
    if item["state"] != "planned":
        text.append(f"; {tables.state(item).plain}", style="yellow")
    return text


async def _reason_lines(session: Session, outcome: str, run_id: str) -> list[_Line]:
    """For each reason its strongest examples, and what they miss."""
    reports = session.services.reports
    lines: list[_Line] = []
    for found, reason, count in await reports.reasons(run_id):
        if found != outcome:
            continue
        rows = await reports.examples(run_id, outcome, reason, MOST if reason == "not_proven" else 1)
        for row in rows:
            target = tables.target(row) or "(empty)"
            lines.append((target, tables.evidence(row["metrics"]), Text(in_short(row))))
        if count > len(rows):
            words = reason.replace("_", " ")
            lines.append((f"… and {count - len(rows):,} more", "", Text(words)))
    return lines
