"""`harvester plans` and `harvester show`."""

import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harvester.domain.action import ActionState
from harvester.domain.errors import Refused
from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.app import DONE, Invocation, as_typed_here, emit, hint, json_option
from harvester.entrypoints.cli.markdown import plan_as_markdown
from harvester.entrypoints.cli.requests import requests_of
from harvester.entrypoints.cli.sentences import ad_group_named, ad_groups_in, horizon, in_short
from harvester.entrypoints.cli.session import Session, run


@click.command()
@click.option("--profile", "profile_ids", multiple=True, metavar="ID", help="Only this profile; may be repeated.")
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    metavar="N",
    default=30,
    show_default=True,
    help="How many, newest first.",
)
@json_option
@click.pass_obj
def plans(invocation: Invocation, profile_ids: tuple[str, ...], limit: int, as_json: bool) -> None:
    """List the stored plans, the newest first."""
    run(_plans(invocation, profile_ids, limit, as_json))


async def _plans(invocation: Invocation, profile_ids: tuple[str, ...], limit: int, as_json: bool) -> int:
    async with Session.open(invocation) as session:
        found = await session.services.reports.plans(profile_ids or None, limit)
    if as_json:
        emit({"plans": found})
        return DONE
    if not found:
        click.echo(as_typed_here(invocation, "no plans yet; `harvester plan` makes one per profile"))
        return DONE
    table = tables.grid("Plan", "Profile", "State", "Made (UTC)", "Items", ratios=(0, 1, 0, 0, 0), right=(4,))
    for each in found:
        partial = "" if each["complete"] else " (partial)"
        guarded = f" ({each['counts']['guarded']} guarded)" if each["counts"]["guarded"] else ""
        table.add_row(
            each["id"],
            f"{each['profile_name']} ({each['country']}){partial}",
            each["state"],
            each["created_at"][:16].replace("T", " "),
            f"{each['counts']['actions']:,}{guarded}",
        )
    tables.console().print(table)
    return DONE


@click.command()
@click.argument("plan_id", metavar="PLAN")
@click.option("--all", "with_decisions", is_flag=True, help="Also every decision, the non-actions too.")
@click.option("--markdown", is_flag=True, help="As Markdown, for a ticket or a pull request.")
@click.option("--requests", "with_requests", is_flag=True, help="The exact request bodies that would be sent.")
@json_option
@click.pass_obj
def show(
    invocation: Invocation, plan_id: str, with_decisions: bool, markdown: bool, with_requests: bool, as_json: bool
) -> None:
    """Show one plan: what it would do, where, on which evidence, at which bid."""
    run(_show(invocation, plan_id, with_decisions, markdown, with_requests, as_json))


async def _show(
    invocation: Invocation, plan_id: str, with_decisions: bool, markdown: bool, with_requests: bool, as_json: bool
) -> int:
    async with Session.open(invocation) as session:
        reports = session.services.reports
        plan, dropped = await reports.plan(plan_id), await reports.horizon()
        if plan is None:
            raise Refused(f"there is no plan {plan_id}; `harvester plans` lists them")
        if with_requests:
            await _show_requests(plan, reports.items(plan_id), as_json)
        elif as_json:
            streams = {"items": reports.items(plan_id)}
            if with_decisions:
                streams["decisions"] = reports.decisions(plan_id)
            await stream_json(plan, streams, sys.stdout.write)
        elif markdown:
            click.echo(plan_as_markdown(plan, [item async for item in reports.items(plan_id)]))
        else:
            console = tables.console()
            await _show_plan(console, plan, await reports.item_states(plan_id), reports.items(plan_id))
            if with_decisions:
                await _show_decisions(console, session, plan_id)
                if dropped is not None and datetime.fromisoformat(plan["created_at"]) < dropped.before:
                    click.echo(horizon(dropped))
            if plan["state"] == "planned":
                console.print("Next: " + hint(invocation, f"approve {plan_id} --by YOUR-NAME"), soft_wrap=True)
    return DONE


async def stream_json(
    plan: Mapping[str, Any],
    streams: Mapping[str, AsyncIterator[Mapping[str, Any]]],
    write: Callable[[str], object],
) -> int:
    """One document, written as it is read: a plan may hold a million decisions. Returns how many rows it holds."""
    rows = 0
    write(json.dumps(plan, ensure_ascii=False)[:-1])
    for name, stream in streams.items():
        write(f', "{name}": [')
        first = True
        async for row in stream:
            write(("" if first else ",\n") + json.dumps(row, ensure_ascii=False))
            first = False
            rows += 1
        write("]")
    write("}\n")
    return rows


async def _show_plan(
    console: Console, plan: Mapping[str, Any], states: Mapping[str, int], items: AsyncIterator[Mapping[str, Any]]
) -> None:
    counts = plan["counts"]
    console.print(
        Text.assemble(
            (f"Plan {plan['id']}", "bold"),
            f" · {plan['profile_name']} ({plan['country']}), profile {plan['profile_id']} · {plan['state']}",
        )
    )
    if counts["candidates"]:
        console.print(
            f"{tables.plural(counts['candidates'], 'recommendation')}: {counts['promote']:,} to promote, "
            f"{counts['negate']:,} to negate, {counts['hold']:,} held, {counts['skip']:,} skipped."
        )
    each_state = ", ".join(f"{states[state]:,} {state}" for state in ActionState if states.get(state))
    console.print(f"{tables.plural(counts['actions'], 'item')}{': ' if each_state else ''}{each_state}.")
    if not plan["complete"]:
        console.print(Text("Partial: " + " ".join(plan["troubles"]), style="yellow"))
    console.print()
    console.print(tables.items_heading())
    async for item in items:
        console.print(tables.item_lines(item))
    console.print()
    if plan["advice"]:
        console.print(Text("To mend:", style="bold"))
        for sentence in plan["advice"]:
            console.print(tables.bullet(sentence))
        console.print()
    console.print(f"Made in mode {plan['mode']}.")
    console.print(f"Fingerprint {plan['fingerprint']}", soft_wrap=True)


async def _show_decisions(console: Console, session: Session, plan_id: str) -> None:
    """In tables of a thousand rows, so that memory stays flat."""
    rows: list[Mapping[str, Any]] = []
    async for row in session.services.reports.decisions(plan_id):
        rows.append(row)
        if len(rows) == tables.ROWS_AT_A_TIME:
            console.print(await _decisions(session, rows))
            rows = []
    if rows:
        console.print(await _decisions(session, rows))


async def _decisions(session: Session, rows: Sequence[Mapping[str, Any]]) -> Table:
    spoken_of = await session.services.reports.names(ad_groups_in(rows))
    names = {each: ad_group_named(*named) for each, named in spoken_of.items()}
    table = tables.decisions_table()
    for row in rows:
        tables.add_decision(table, row, in_short(row, names))
    return table


async def _show_requests(plan: Mapping[str, Any], items: AsyncIterator[Mapping[str, Any]], as_json: bool) -> None:
    calls = [call async for call in requests_of(items)]
    if as_json:
        emit({"id": plan["id"], "fingerprint": plan["fingerprint"], "requests": calls})
        return
    for call in calls:
        click.echo(f"{call['method']} {call['path']}")
        click.echo(f"Content-Type: {call['media_type']}\n")
        click.echo(call["body"])
        click.echo(f"\n# items {', '.join(call['items'])}\n")
    if not calls:
        click.echo("nothing of this plan would be sent")
