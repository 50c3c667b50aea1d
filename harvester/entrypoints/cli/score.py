"""`harvester rules score`: how often each rule was right, and what that was worth."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.app import DONE, FAILED, Invocation, emit, hint, json_option, say
from harvester.entrypoints.cli.outcomes import NOTHING_YET, since_option, unknown
from harvester.entrypoints.cli.session import Session, run
from harvester.rules.score import Score, Share, scores


@click.command()
@since_option
@click.option("--profile", "profile_ids", multiple=True, metavar="ID", help="Only this profile; may be repeated.")
@json_option
@click.pass_obj
def score(invocation: Invocation, since: datetime | None, profile_ids: tuple[str, ...], as_json: bool) -> None:
    """How often each rule was right, by the newest readings of what it did.

    A share is of what has matured, with its 95 % interval: a regretted negative is a false negative, a regretted
    promotion a false one. `harvester outcomes` makes the readings and shows the actions.
    """
    run(_score(invocation, since.replace(tzinfo=UTC) if since else None, profile_ids, as_json))


async def _score(invocation: Invocation, since: datetime | None, profile_ids: Sequence[str], as_json: bool) -> int:
    async with Session.open(invocation) as session:
        found = scores(await session.services.outcomes.scores(profile_ids or None, since))
        failed = unknown(profile_ids, await session.services.profiles.known())
    if as_json:
        emit({"rules": [_json(each) for each in found], "failed": failed})
    elif not found:
        click.echo("nothing that a rule did fits the options given" if since or profile_ids else NOTHING_YET)
    else:
        print_scores(found)
        if not any(each.matured for each in found):
            told = f"Nothing has matured yet; what it waits for: {hint(invocation, 'outcomes')}"
            tables.console().print(tables.hanging(told, 0))
    if not as_json:
        for each in failed:
            say(f"profile {each['profile_id']}: {each['reason']}")
    return FAILED if failed else DONE


def _json(each: Score) -> Mapping[str, Any]:
    return {
        "rule": each.rule,
        "actions": each.actions,
        "matured": each.matured,
        "good": each.good,
        "neutral": each.neutral,
        "regretted": each.regretted,
        "false_negatives": _share(each.false_negatives),
        "false_promotions": _share(each.false_promotions),
        "money": [
            {"currency": currency, "saved": f"{saved:f}", "lost": f"{lost:f}"}
            for currency, (saved, lost) in each.money.items()
        ],
    }


def _share(share: Share) -> Mapping[str, Any]:
    low, high = share.interval or (None, None)
    return {"regretted": share.regretted, "matured": share.matured, "rate": share.rate, "low": low, "high": high}


def print_scores(found: Sequence[Score]) -> None:
    """A rule's name has a line of its own: beside its figures there is no room for it."""
    console = tables.console()
    headings = ("Done", "Mature", "Good", "Regret", "False neg.", "False pos.", "Saved", "Lost")
    console.print(_row(Text(each, style="bold") for each in headings))
    for each in found:
        saved, lost = ("\n".join(_money(each, place)) for place in (0, 1))
        counts = (f"{number:,}" for number in (each.actions, each.matured, each.good, each.regretted))
        console.print(tables.hanging(Text(each.rule, style="bold")))
        console.print(_row([*counts, _in_short(each.false_negatives), _in_short(each.false_promotions), saved, lost]))


_WIDTHS = (7, 7, 6, 7, 11, 11, 13, 11)


def _row(cells: Iterable[str | Text]) -> Table:
    """Every row has the same widths, so that they stand below one another; together with blanks 80 columns."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 0, 0, 1))
    for width in _WIDTHS:
        table.add_column(width=width - 1, justify="right", overflow="fold")
    table.add_row(*cells)
    return table


def _money(each: Score, place: int) -> Sequence[str]:
    """Whole units: a table is no ledger."""
    return [
        f"{amounts[place].quantize(Decimal(1)):,} {currency}" if amounts[place] else ""
        for currency, amounts in each.money.items()
    ]


def _in_short(share: Share) -> str:
    """`12%` over `3-35%`: the interval is what a few actions leave open."""
    if share.rate is None or share.interval is None:
        return ""
    low, high = share.interval
    return f"{100 * share.rate:.0f}%\n{100 * low:.0f}-{100 * high:.0f}%"
