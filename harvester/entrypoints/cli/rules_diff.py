"""`harvester rules diff`: which recorded decisions other rules would change."""

from datetime import timedelta
from pathlib import Path

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from harvester.config import rules_file
from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.app import DONE, Invocation, emit, json_option
from harvester.entrypoints.cli.diff_document import Compared, document
from harvester.entrypoints.cli.diff_text import markdown_of, print_diff
from harvester.entrypoints.cli.session import JudgingSession, run
from harvester.rules.ruleset import RuleSet
from harvester.rules.scalars import Unusable, days
from harvester.usecases.diff_rules import PolicyDiff
from harvester.wiring import OWN_CLOCK, delivered, rules_path
from harvester.wiring.judging_again import diff_rules

_MOST = 50


def _span(_ctx: click.Context, _param: click.Parameter, value: str) -> timedelta:
    try:
        return timedelta(days=days(value))
    except Unusable as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--since", "span", default="30d", show_default=True, callback=_span, metavar="DAYS",
              help="How far back evidence counts: 30d, 8w.")  # fmt: skip
@click.option("--profile", "profile_ids", multiple=True, metavar="ID", help="Only this profile; may be repeated.")
@click.option("--most", type=click.IntRange(min=0), default=_MOST, show_default=True,
              help="So many flips one by one; totals are always of all.")  # fmt: skip
@click.option("--markdown", is_flag=True, help="As Markdown, for a pull request.")
@json_option
@click.pass_obj
def diff(
    invocation: Invocation, new: Path, span: timedelta, profile_ids: tuple[str, ...], most: int, markdown: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Judge the recorded evidence again under the rules in NEW, and show which decisions flip.

    Both sides are judged now: by the rules in force, and by those in NEW. Nothing is asked of Amazon: facts beside the
    evidence are as recorded, or the same for both sides where nobody looked them up, and the answer says which.
    """
    if markdown and as_json:
        raise click.UsageError("choose one of --markdown and --json")
    run(_diff(invocation, new, span, profile_ids, most, markdown, as_json))


async def _diff(
    invocation: Invocation, new: Path, span: timedelta, profile_ids: tuple[str, ...], most: int, markdown: bool,
    as_json: bool,
) -> int:  # fmt: skip
    async with JudgingSession.open(invocation) as session:
        settings = session.services.settings
        after = rules_file.load(new, delivered(settings))
        before = session.services.rules
        found = await _watched(session, after, span, profile_ids, most)
        path = rules_path(settings)
        names = (str(path) if path else "built-in rules", str(new))
        compared = Compared(names, (before.fingerprint, after.fingerprint), OWN_CLOCK.now() - span)
        told = document(compared, found)
    if as_json:
        emit(told)
    elif markdown:
        click.echo(markdown_of(told))
    else:
        print_diff(told)
    return DONE


async def _watched(
    session: JudgingSession, after: RuleSet, span: timedelta, profile_ids: tuple[str, ...], most: int
) -> PolicyDiff:
    """With a line that moves, on a terminal."""
    console = tables.console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.fields[rows]:,} recorded rows judged again"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task("", total=None, rows=0)
        judge_again = diff_rules(session.services, lambda rows: bars.update(task, rows=rows))
        return await judge_again(after, span, profile_ids, most)
