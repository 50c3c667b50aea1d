"""`harvester ledger verify`, `harvester ledger retain`."""

from typing import Any

import click
from rich.text import Text

from harvester.domain.retention import Droppable, Dropped, Retained
from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.app import DONE, FAILED, Family, Invocation, emit, json_option
from harvester.entrypoints.cli.session import Session, run

BROKEN = "broken"


@click.group(cls=Family)
def ledger() -> None:
    """The recorded history of everything that was seen, decided, planned and sent."""


@ledger.command()
@json_option
@click.pass_obj
def verify(invocation: Invocation, as_json: bool) -> None:
    """Read the whole ledger against itself.

    Gaps, orphans, actions without calls, calls without actions, counts, and the chain of hashes over all events. Notes
    are explained by the history (a crash, a retention) and do not fail the check.
    """
    run(_verify(invocation, as_json))


async def _verify(invocation: Invocation, as_json: bool) -> int:
    async with Session.open(invocation) as session:
        flaws = [flaw async for flaw in session.services.verify.flaws()]
    broken = sum(flaw.severity == BROKEN for flaw in flaws)
    if as_json:
        emit(
            {
                "whole": not broken,
                "findings": [{"severity": flaw.severity, "what": flaw.what, "where": flaw.where} for flaw in flaws],
            }
        )
    else:
        console = tables.console()
        for flaw in flaws:
            style = "bold red" if flaw.severity == BROKEN else "yellow"
            console.print(Text.assemble((f"{flaw.severity}: ", style), (f"{flaw.where}: ", "bold"), flaw.what))
        notes = tables.plural(len(flaws) - broken, "note")
        console.print(f"{broken} broken, {notes}" if flaws else "the ledger is whole")
    return FAILED if broken else DONE


@ledger.command()
@click.option("--drop", is_flag=True, help="Do it; without, it is only told.")
@json_option
@click.pass_obj
def retain(invocation: Invocation, drop: bool, as_json: bool) -> None:
    """Tell, or drop, what is older than HARVESTER_KEEP_DECISIONS, HARVESTER_KEEP_CALLS and HARVESTER_KEEP_REPORTS.

    Whole months, of what no action refers to, and days of reports. `harvester serve` does this by itself once a day.
    """
    run(_retain(invocation, as_json) if drop else _preview(invocation, as_json))


async def _preview(invocation: Invocation, as_json: bool) -> int:
    async with Session.open(invocation) as session:
        old = await session.services.retain.preview()
    if as_json:
        emit({"droppable": [_document(each) for each in old]})
        return DONE
    for each in old:
        click.echo(f"{_period(each)}: about {each.rows:,} rows, {_size(each.bytes)}")
    click.echo("with --drop they go, but for what actions refer to" if old else "nothing is old enough to be dropped")
    return DONE


async def _retain(invocation: Invocation, as_json: bool) -> int:
    async with Session.open(invocation) as session:
        done: Retained = await session.services.retain()
    if as_json:
        emit(
            {
                "dropped": [{**_document(each), "kept": each.kept} for each in done.dropped],
                "put_off": list(done.put_off),
            }
        )
    else:
        for each in done.dropped:
            click.echo(f"{_period(each)}: {each.rows:,} rows dropped, {each.kept:,} kept, {_size(each.bytes)} freed")
        for sentence in done.put_off:
            click.echo(sentence)
        if not done.dropped and not done.put_off:
            click.echo("nothing was old enough to be dropped")
    return FAILED if done.put_off else DONE


def _period(each: Droppable | Dropped) -> str:
    what = each.what.value.replace("_", " ")
    return f"{what} from {each.opens:%Y-%m-%d} until {each.closes:%Y-%m-%d}"


def _size(count: int) -> str:
    return f"{count / 1_000_000:,.1f} MB"


def _document(each: Droppable | Dropped) -> dict[str, Any]:
    return {
        "what": each.what,
        "dropped_from": each.opens.isoformat(),
        "dropped_until": each.closes.isoformat(),
        "rows": each.rows,
        "bytes": each.bytes,
    }
