"""`harvester ledger verify`."""

import click
from rich.text import Text

from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.app import DONE, FAILED, Invocation, emit, json_option
from harvester.entrypoints.cli.session import Session, run

BROKEN = "broken"


@click.group()
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
