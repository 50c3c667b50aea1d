"""`harvester export` and `harvester import`: out to a spreadsheet, and reviewed back in."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from harvester.domain.errors import Misconfigured, Refused
from harvester.domain.ids import Fingerprint, PlanId
from harvester.domain.review import Verdict
from harvester.entrypoints.cli import bulksheet, csvfile, tables
from harvester.entrypoints.cli.app import DONE, FAILED, Invocation, emit, json_option, say
from harvester.entrypoints.cli.csvfile import Problem
from harvester.entrypoints.cli.markdown import plan_as_markdown
from harvester.entrypoints.cli.plans import stream_json
from harvester.entrypoints.cli.review import (
    by_option,
    edited_json,
    print_edited,
    print_next,
    print_verdicts,
    verdicts_json,
)
from harvester.entrypoints.cli.reviewed_csv import wishes
from harvester.entrypoints.cli.session import JudgingSession, Session, run
from harvester.usecases.review import TakenOver
from harvester.wiring import Records, Services

_MOST_PROBLEMS = 10

Write = Callable[[str], object]


@click.command()
@click.argument("plan_id", metavar="PLAN")
@click.option(
    "--format",
    "form",
    required=True,
    type=click.Choice(["csv", "json", "markdown", "bulksheet"]),
    help="csv for review in a spreadsheet, bulksheet for upload at Amazon by hand.",
)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Default: standard output; needed for bulksheet."
)
@click.option("--all-items", is_flag=True, help="bulksheet: not only what is approved, but all that could be sent.")
@json_option
@click.pass_obj
def export(
    invocation: Invocation, plan_id: str, form: str, output: Path | None, all_items: bool, as_json: bool
) -> None:
    """Write a plan as CSV, JSON, Markdown or a bulk sheet.

    The CSV is made for review: fill in the columns verdict (approve, decline or hold), bid and note, and read it back
    with `harvester import`. A bulk sheet holds what is approved; what it cannot say is on its second sheet.
    """
    if output is None and (form == "bulksheet" or as_json):
        raise click.UsageError(
            f"--output FILE is needed {'for a bulk sheet' if form == 'bulksheet' else 'with --json'}"
        )
    if all_items and form != "bulksheet":
        raise click.UsageError("--all-items goes with --format bulksheet; the other formats hold all items anyway")
    run(_export(invocation, plan_id, form, output, all_items, as_json))


async def _export(
    invocation: Invocation, plan_id: str, form: str, output: Path | None, all_items: bool, as_json: bool
) -> int:
    async with Session.open(invocation) as session:
        plan = await _plan_as_it_is(session.services, plan_id)
        if output is None:
            await _write_text(session.services, plan, form, sys.stdout.write)
            return DONE
        with _whole(output) as path:
            told = await _write_file(session.services, plan, form, path, all_items)
    if as_json:
        emit({"plan_id": plan_id, "fingerprint": plan["fingerprint"], "format": form, "file": str(output), **told})
    else:
        say(f"{output}: " + _in_words(told, form))
    return DONE


async def _plan_as_it_is(services: Records, plan_id: str) -> dict[str, Any]:
    """With the fingerprint that covers its items as they are now, edits included."""
    plan, found = await services.reports.plan(plan_id), await services.actions.fingerprint(PlanId(plan_id))
    if plan is None or found is None:
        raise Refused(f"there is no plan {plan_id}; `harvester plans` lists them")
    return {**plan, "fingerprint": found[1]}


async def _write_file(
    services: Records, plan: Mapping[str, Any], form: str, path: Path, all_items: bool
) -> dict[str, int]:
    if form == "bulksheet":
        counts = await bulksheet.write(services.reports.items(plan["id"]), path, with_unapproved=all_items)
        return {"rows": counts.rows, "left_out": counts.left_out}
    pieces: list[str] = []
    rows = await _write_text(services, plan, form, pieces.append)
    _save(path, "".join(pieces), for_excel=form == "csv")
    return {"rows": rows}


def _save(path: Path, text: str, *, for_excel: bool) -> None:
    """Excel takes CSV for UTF-8 only where it begins with a byte-order mark; where all is ASCII, nothing needs one."""
    path.write_text(text, encoding="utf-8-sig" if for_excel and not text.isascii() else "utf-8")


async def _write_text(services: Records, plan: Mapping[str, Any], form: str, write: Write) -> int:
    """How many items were written."""
    rows, plan_id = 0, plan["id"]
    if form == "csv":
        write(csvfile.heading_line())
        async for item in services.reports.items(plan_id):
            write(csvfile.item_line(item, plan_id, plan["fingerprint"]))
            rows += 1
    elif form == "json":
        rows = await stream_json(plan, {"items": services.reports.items(plan_id)}, write)
    else:
        items = [item async for item in services.reports.items(plan_id)]
        write(plan_as_markdown(plan, items) + "\n")
        rows = len(items)
    return rows


@contextmanager
def _whole(output: Path) -> Iterator[Path]:
    """A file beside the wanted one, which takes its place when it is whole; a device or a pipe keeps its place."""
    if not output.name:
        raise Misconfigured("--output names no file")
    as_it_is = os.path.exists(output) and not os.path.isfile(output)  # noqa: PTH110, PTH113 - false where a name is too long
    partial = output if as_it_is else output.with_name(f".{output.name}.partial-{os.getpid()}")
    try:
        partial.touch()  # a workbook that finds out at its end leaves a mess on the terminal
        yield partial
        if not as_it_is:
            partial.replace(output)
    except OSError as error:
        raise Misconfigured(f"cannot be written: {error.strerror or error}", file=str(output)) from None
    finally:
        if not as_it_is:
            with suppress(OSError):
                partial.unlink(missing_ok=True)


def _in_words(told: Mapping[str, int], form: str) -> str:
    rows = tables.plural(told["rows"], "item")
    if form != "bulksheet":
        return rows
    left_out = told["left_out"]
    return f"{rows}; {left_out:,} not in the sheet, see “{bulksheet.REST}”" if left_out else rows


@click.command(name="import")
@click.argument("plan_id", metavar="PLAN")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@by_option
@json_option
@click.pass_obj
def import_(invocation: Invocation, plan_id: str, file: Path, by: str, as_json: bool) -> None:
    """Take over verdicts, bids and notes from a CSV that `harvester export` wrote and a person filled in.

    All or nothing: when one line is wrong, about another plan, or changed beyond verdict, bid and note, nothing is
    done. Lines without a verdict, and items without a line, stay as they are.
    """
    run(_import(invocation, plan_id, _content(file), file, by, as_json))


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Misconfigured(f"cannot be read: {error.strerror or error}", file=str(file)) from None


async def _import(invocation: Invocation, plan_id: str, data: bytes, file: Path, by: str, as_json: bool) -> int:
    async with JudgingSession.open(invocation) as session:
        services = session.services
        plan = await _plan_as_it_is(services, plan_id)
        taken, problems = await _take_over(services, plan, data, by)
        if as_json:
            emit(_imported_json(plan, taken, problems))
        elif taken is None:
            _print_problems(file, problems)
        else:
            _print_taken(invocation, services, plan, taken)
    refused = taken is None or taken.stopped or any(each.refused for each in taken.verdicts)
    return FAILED if refused else DONE


async def _take_over(
    services: Services, plan: Mapping[str, Any], data: bytes, by: str
) -> tuple[TakenOver | None, Sequence[Problem]]:
    plan_id, fingerprint = PlanId(plan["id"]), Fingerprint(plan["fingerprint"])
    lines, problems = csvfile.read(data)
    if problems:
        return None, problems
    items = {item["id"]: item async for item in services.reports.items(plan_id)}
    profile = await services.review.profile(plan["profile_id"])
    wanted, problems = wishes(lines, items, plan_id, fingerprint, profile)
    if problems:
        return None, problems
    return await services.review.take_over(plan_id, fingerprint, wanted, by), ()


def _imported_json(plan: Mapping[str, Any], taken: TakenOver | None, problems: Sequence[Problem]) -> dict[str, Any]:
    return {
        "plan_id": plan["id"],
        "fingerprint": taken.fingerprint if taken else plan["fingerprint"],
        "edited": [edited_json(each) for each in taken.edited] if taken else [],
        "reviews": [verdicts_json(each) for each in taken.verdicts] if taken else [],
        "stopped": (taken.stopped or None) if taken else None,
        "problems": [{"line": each.line, "message": each.message} for each in problems],
    }


def _print_problems(file: Path, problems: Sequence[Problem]) -> None:
    for problem in problems[:_MOST_PROBLEMS]:
        say(f"{file}:{problem.line}: {problem.message}")
    more = len(problems) - _MOST_PROBLEMS
    if more > 0:
        say(f"and {tables.plural(more, 'more line')} that cannot be taken over")
    say("nothing was changed")


def _print_taken(invocation: Invocation, services: Services, plan: Mapping[str, Any], taken: TakenOver) -> None:
    console = tables.console()
    for edited in taken.edited:
        print_edited(console, edited)
    for said in taken.verdicts:
        print_verdicts(console, said)
    if not taken.edited and not taken.verdicts:
        console.print("The file asks for nothing that is not so already; nothing was changed.")
    if taken.stopped:
        say(f"stopped before the end of the file: {taken.stopped}")
    if any(said.changed and said.review.verdict is Verdict.APPROVE for said in taken.verdicts):
        print_next(console, invocation, services, plan["profile_id"], plan["id"], taken.fingerprint)
    elif taken.edited:
        console.print(f"Plan {plan['id']} now has the fingerprint {taken.fingerprint}", soft_wrap=True)
