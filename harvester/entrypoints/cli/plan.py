"""`harvester plan`: one run and one stored plan per profile."""

from dataclasses import replace
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from harvester.domain.profile import Profile
from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.app import DONE, FAILED, Invocation, emit, hint, json_option, say
from harvester.entrypoints.cli.fetching import fetch_first
from harvester.entrypoints.cli.printable import printable
from harvester.entrypoints.cli.session import JudgingSession, run
from harvester.ports import AdsLogin
from harvester.usecases.fleet import Failure, FleetResult
from harvester.usecases.harvest import Progress as Harvesting
from harvester.usecases.plan_profile import Planned


@click.command()
@click.option("--profile", "profile_ids", multiple=True, metavar="ID", help="Only this profile; may be repeated.")
@json_option
@click.pass_obj
def plan(invocation: Invocation, profile_ids: tuple[str, ...], as_json: bool) -> None:
    """Pull recommendations, judge them by the rules, and store one plan per profile.

    Reads from Amazon and writes to your database only; nothing is sent to an account. A run that was interrupted less
    than an hour ago, under the same rules and mode, is taken up where it stopped.
    """
    run(_plan(invocation, profile_ids, as_json), "stopped; the next `harvester plan` goes on where this one was")


async def _plan(invocation: Invocation, profile_ids: tuple[str, ...], as_json: bool) -> int:
    async with JudgingSession.open(invocation) as session:
        session.demand_accounts()
        result = await harvest_all(session, profile_ids)
        plans = [await session.services.reports.plan(planned.plan_id) for _, planned in result.done]
        if as_json:
            emit({"plans": plans, "failed": [failure_json(failure) for failure in result.failed]})
        else:
            show_result(invocation, result, [plan for plan in plans if plan])
    troubled = any(planned.troubles for _, planned in result.done)
    return FAILED if result.failed or troubled else DONE


async def harvest_all(session: JudgingSession, profile_ids: tuple[str, ...]) -> FleetResult[Planned]:
    """With a progress bar per profile on a terminal."""
    console = tables.console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rows]:,} recommendations"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def task_of(profile: Profile) -> TaskID:
            if profile.profile_id not in tasks:
                tasks[profile.profile_id] = bars.add_task(name_of(profile), total=None, rows=0)
            return tasks[profile.profile_id]

        def watch(profile: Profile, progress: Harvesting) -> None:
            task = task_of(profile)
            bars.update(
                task,
                description=name_of(profile),
                total=progress.batches,
                completed=progress.batches_done,
                rows=progress.rows,
            )

        services = session.services

        def show(profile: Profile, what: str, done: int, total: int) -> None:
            task = task_of(profile)
            bars.update(task, description=f"{name_of(profile)}: {what}", completed=done, total=total)

        async def work(profile: Profile, login: AdsLogin) -> Planned:
            missing = await fetch_first(session, profile, show)
            planned = await services.plan_profile(profile, login, "command", watch)
            return replace(planned, troubles=(*missing, *planned.troubles))

        return await services.fleet(profile_ids, work)


def name_of(profile: Profile) -> str:
    return printable(f"{profile.name} ({profile.country})")


def failure_json(failure: Failure) -> dict[str, Any]:
    return {"profile_id": failure.profile_id, "account": failure.account or None, "reason": failure.reason}


def show_result(invocation: Invocation, result: FleetResult[Planned], plans: list[dict[str, Any]]) -> None:
    console = tables.console()
    if plans:
        table = tables.grid(
            "Plan", "Profile", "Seen", "Promote", "Negate", "Hold", "Skip", "Guarded", ratios=(0, 1, 0, 0, 0, 0, 0, 0),
            right=(2, 3, 4, 5, 6, 7),
        )  # fmt: skip
        for (profile, _), each in zip(result.done, plans, strict=True):
            counts = each["counts"]
            table.add_row(
                each["id"],
                name_of(profile) + ("" if each["complete"] else " (partial)"),
                *(f"{counts[name]:,}" for name in ("candidates", "promote", "negate", "hold", "skip", "guarded")),
            )
        console.print(table)
    for profile, planned in result.done:
        for trouble in planned.troubles:
            say(f"{name_of(profile)}: {trouble}")
    for failure in result.failed:
        say(f"{failed_name(failure)}: no plan: {failure.reason}")
    if plans:
        console.print("Next: " + hint(invocation, f"show {plans[0]['id']}"))


def failed_name(failure: Failure) -> str:
    if failure.profile is not None:
        return f"{name_of(failure.profile)}, profile {failure.profile_id}"
    return f"profile {failure.profile_id}" if failure.profile_id else f"account {failure.account}"
