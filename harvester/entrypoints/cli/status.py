"""`harvester status`: the fleet at a glance."""

import asyncio
from dataclasses import asdict
from typing import Any

import click
from rich.live import Live

from harvester.entrypoints.cli import glance, tables
from harvester.entrypoints.cli.app import DONE, FAILED, Invocation, emit, json_option
from harvester.entrypoints.cli.glance import Seen
from harvester.entrypoints.cli.session import Session, run
from harvester.wiring import calendar

_EVERY_SECONDS = 1.0
_MOST = 10


@click.command()
@click.option("--watch", is_flag=True, help="Look again each second, until Ctrl-C; on a terminal only.")
@click.option("--limit", type=click.IntRange(1, 1000), default=_MOST, show_default=True, help="How many of each group.")
@json_option
@click.pass_obj
def status(invocation: Invocation, watch: bool, limit: int, as_json: bool) -> None:
    """The fleet at a glance: what is due, running, waiting or failing and why, who is there, and who holds the clock.

    Mode and schedule are those of the settings here: replicas go by their own. Exit code 1 where a profile, a login or
    a chore fails, a rules file is broken, what is due has not been taken for 5 minutes, or nobody is left to serve or
    to hold the clock.
    """
    if watch and as_json:
        raise click.UsageError("--watch is for people: leave it out, or --json")
    run(_status(invocation, watch, limit, as_json), "stopped looking; the service is not affected")


async def _status(invocation: Invocation, watch: bool, limit: int, as_json: bool) -> int:
    async with Session.open(invocation) as session:
        seen = await look(session, limit)
        if as_json:
            emit(status_json(seen))
        elif watch and tables.console().is_terminal:
            await _keep_looking(session, limit, seen)
        else:
            tables.console().print(glance.page(seen))
    return FAILED if seen.reasons else DONE


async def look(session: Session, limit: int) -> Seen:
    services = session.services
    now = await services.fleet_report.time()
    vitals, lists = await services.fleet_report.glance(now, limit)
    schedule = calendar(services.settings)
    upcoming = [schedule.next_due(zone, now) for zone in lists.timezones]
    return Seen(now, services.settings.mode.value, vitals, lists, min(upcoming, default=None))


async def _keep_looking(session: Session, limit: int, seen: Seen) -> None:
    with Live(glance.page(seen), console=tables.console(), auto_refresh=False, screen=True) as live:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            live.update(glance.page(await look(session, limit)), refresh=True)


def status_json(seen: Seen) -> dict[str, Any]:
    lists, modes = seen.lists, seen.lists.modes
    return {
        "at": seen.at.isoformat(),
        "well": not seen.reasons,
        "reasons": list(seen.reasons),
        "mode": {
            "settings": seen.settings_mode, "fleet": modes["mode"], "by": modes["mode_by"], "at": modes["mode_at"],
            "profiles": modes["profile_modes"],
        },
        "paused": {"all": modes["paused"], "by": modes["paused_by"], "at": modes["paused_at"],
                   "profiles": list(lists.paused)},
        "next_due": seen.next_due.isoformat() if seen.next_due else None,
        "counts": asdict(seen.vitals),
        "failing": list(lists.failing),
        "running": list(lists.running),
        "due": list(lists.due),
        "set_aside": list(lists.set_aside),
        "logins": list(lists.logins),
        "replicas": list(lists.replicas),
    }  # fmt: skip
