"""What a cycle brought, profile by profile, for a person who sees it for the first time."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from harvester.domain.profile import Profile
from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.sentences import in_short
from harvester.entrypoints.cli.session import JudgingSession, Session
from harvester.rules.explain_terms import acos_percent, amount, figures_in
from harvester.usecases.fleet import FleetResult
from harvester.usecases.plan_profile import Planned

T = TypeVar("T")

MOST = 5
"""Lines of each kind; the rest is a count."""
MOST_PROFILES, SHOWN_OF_MANY = 8, 3
MOST_ITEMS = 3
"""Of each source."""


async def show_cycle(console: Console, session: JudgingSession, result: FleetResult[Planned]) -> None:
    shown = worth_showing(result.done)
    for profile, planned in shown:
        plan = await session.services.reports.plan(planned.plan_id)
        assert plan is not None
        console.print(Rule(Text(title(profile, plan), style="bold"), align="left", style="dim"))
        await _show_profile(console, session, plan)
    more = len(result.done) - len(shown)
    if more:
        console.print(f"… and {tables.plural(more, 'more profile', 'more profiles')}, in the list below\n")


def worth_showing(done: Sequence[T]) -> Sequence[T]:
    """All where they are few; nobody reads a thousand."""
    return done if len(done) <= MOST_PROFILES else done[:SHOWN_OF_MANY]


def _sources_of(session: JudgingSession) -> Mapping[str, str]:
    """Rule -> the source of what it judges."""
    rules = session.services.rules
    return {rule.name: rule.match.source for rule in rules.rules} | {each.name: "brands" for each in rules.brands}


def title(profile: Profile, plan: Mapping[str, Any]) -> str:
    return f"{profile.name} · {profile.country} · {profile.currency} · {profile.kind} · plan {plan['id']}"


async def _show_profile(console: Console, session: JudgingSession, plan: Mapping[str, Any]) -> None:
    counts = plan["counts"]
    sources = await session.services.reports.sources(plan["run_id"])
    console.print(tables.hanging(Text(_judged(counts["candidates"], sources))))
    console.print()
    items = [item async for item in session.services.reports.items(plan["id"])]
    for verb, prefixes in (("promote", ("create", "promote", "target")), ("negate", ("negate",))):
        mine = [item for item in items if str(item["kind"]).startswith(prefixes)]
        heading = f"To {verb}: {tables.plural(counts[verb], 'recommendation')} in {tables.plural(len(mine), 'item')}"
        _print_section(console, heading, _STYLES[verb], _item_groups(mine, _sources_of(session)))
    for outcome, heading in (("hold", "Held"), ("skip", "Skipped")):
        lines = await _reason_lines(session, outcome, plan["run_id"])
        _print_section(console, f"{heading}: {counts[outcome]:,}", _STYLES[outcome], [("", lines)])


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


def _print_section(console: Console, heading: str, style: str, groups: Sequence[tuple[str, Sequence[_Line]]]) -> None:
    console.print(Text(heading, style=f"bold {style}"))
    for source, lines in groups:
        if source:
            console.print(Text(f"  {source}", style=style))
        _print_lines(console, lines)
    console.print()


def _print_lines(console: Console, lines: Sequence[_Line]) -> None:
    """Every table has the same widths, so that they stand below one another."""
    width = min(console.width, tables.WIDEST)
    table = Table(box=None, show_header=False, width=width, pad_edge=False, padding=(0, 1))
    table.add_column(width=2)
    table.add_column(ratio=4, overflow="ellipsis", no_wrap=True)
    table.add_column(justify="right", no_wrap=True, width=9)
    table.add_column(ratio=5, overflow="fold")
    for target, orders, why in lines:
        table.add_row("", Text(target), orders, why)
    console.print(table)


def _evidence(row: Mapping[str, Any]) -> str:
    """Orders/clicks; money has a line of its own."""
    return tables.evidence(row).partition("\n")[0]


def _money(row: Mapping[str, Any]) -> str:
    """`40.56 USD spent, ACOS 10.9%` on a line of its own, where a report says so."""
    found = figures_in(row)
    if found is None:
        return ""
    figures, currency = found
    acos = acos_percent(figures)
    return f"\n{amount(figures.cost, currency)} spent" + (f", ACOS {acos}%" if acos else "")


def _item_groups(items: Sequence[Mapping[str, Any]], sources: Mapping[str, str]) -> list[tuple[str, list[_Line]]]:
    """By source."""
    return [
        (f"from {many}", _item_lines(mine))
        for source, (_, many) in _NAMES.items()
        if (mine := [item for item in items if sources.get(str(item["rule"])) == source])
    ]


def _item_lines(items: Sequence[Mapping[str, Any]]) -> list[_Line]:
    """Those that go on by themselves first, then what waits for a person."""
    order = {"planned": 0, "guarded": 1, "held": 2}
    ranked = sorted(items, key=lambda item: order.get(str(item["state"]), 3))
    chosen = _chosen(ranked)
    lines = [(str(item["target"]), _evidence(item), _why(item)) for item in chosen]
    if len(items) > len(chosen):
        lines.append((f"… and {len(items) - len(chosen)} more", "", Text("")))
    return lines


def _chosen(ranked: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The first few, one of each further kind, and one that waits where all of these go on by themselves."""
    chosen = list(ranked[:MOST_ITEMS])
    for item in ranked[MOST_ITEMS:]:
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
    return text.append(_money(item), style="dim")


async def _reason_lines(session: Session, outcome: str, run_id: str) -> list[_Line]:
    """For each reason its strongest examples, and what they miss."""
    reports = session.services.reports
    lines: list[_Line] = []
    for found, reason, count in await reports.reasons(run_id):
        if found != outcome:
            continue
        rows = await _examples(session, run_id, outcome, reason)
        for row in rows:
            why = Text(in_short(row)).append(_money(row["metrics"]), style="dim")
            lines.append((tables.target(row) or "(empty)", _evidence(row["metrics"]), why))
        if count > len(rows):
            words = reason.replace("_", " ")
            lines.append((f"… and {count - len(rows):,} more", "", Text(words)))
    return lines


async def _examples(session: Session, run_id: str, outcome: str, reason: str) -> Sequence[Mapping[str, Any]]:
    """The strongest, and each target once: several ads may recommend it."""
    most = MOST if reason == "not_proven" else 1
    found = await session.services.reports.examples(run_id, outcome, reason, most * 4)
    by_target = {str(row["target"]): row for row in reversed(found)}
    return list(reversed(by_target.values()))[:most]
