"""`harvester serve`, `worker` and `mode`."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Literal

import click

from harvester.domain.fleet import Narrowed, RuntimeModes
from harvester.domain.ids import ProfileId
from harvester.domain.orders import Orders
from harvester.domain.profile import Mode
from harvester.entrypoints.cli.app import DONE, Invocation, emit, hint, json_option
from harvester.entrypoints.cli.apply import not_empty
from harvester.entrypoints.cli.review import named_or_absent
from harvester.entrypoints.cli.session import Session, demand_accounts, load_settings, run, run_loop


@click.command()
@click.pass_obj
def serve(invocation: Invocation) -> None:
    """Run the service: the clock, workers, health and metrics; until SIGTERM or Ctrl-C.

    Every profile is harvested by HARVESTER_SCHEDULE, in its own time zone, and one that is new at once. With
    HARVESTER_MODE=auto it also sends what the guard allows and what people approved; in any other mode it sends
    nothing.

    /healthz, /readyz and /metrics answer on 127.0.0.1:9464 (HARVESTER_METRICS_HOST, HARVESTER_METRICS_PORT), the log
    goes to standard error (HARVESTER_LOG_FORMAT=json for machines), and `harvester status` shows the fleet.

    Any number of replicas share one database: one of them holds the clock, each works. The first SIGTERM ends what is
    under way where it can be gone on with; a second one ends the process at once, and loses nothing either. SIGHUP
    reads the rules file again, which also happens when it changes.
    """
    _run(invocation, "serve")


@click.command()
@click.pass_obj
def worker(invocation: Invocation) -> None:
    """Run workers only: more hands for a service that runs elsewhere on the same database.

    On a machine of its own, or with a HARVESTER_METRICS_PORT of its own: it answers /healthz, /readyz and /metrics too.
    """
    _run(invocation, "worker")


def _run(invocation: Invocation, kind: Literal["serve", "worker"]) -> None:
    from harvester.entrypoints.daemon import serve as run_service

    settings = load_settings(invocation)
    demand_accounts(settings)
    run_loop(run_service(settings, kind))
    sys.exit(DONE)


@click.command()
@click.argument("mode", required=False, type=click.Choice([*(each.value for each in Mode), "default"]))
@click.option(
    "--profile", "profile_id", metavar="ID", callback=not_empty, help="Only this profile; without it, all of them."
)
@click.option("--by", metavar="NAME", callback=named_or_absent, help="Who says so; recorded. Needed to set one.")
@json_option
@click.pass_obj
def mode(invocation: Invocation, mode: str | None, profile_id: str | None, by: str | None, as_json: bool) -> None:
    """Narrow what is done, for the time being, in every replica at once; `default` lifts it. Without MODE: what is set.

    HARVESTER_MODE and the rules say how far anybody may go at most; this only ever goes less far.
    """
    if mode and not by:
        raise click.UsageError("say who you are with --by NAME, as in --by anna: it is recorded")
    run(_mode(invocation, mode, profile_id, by or "", as_json))


async def _mode(invocation: Invocation, mode: str | None, profile_id: str | None, by: str, as_json: bool) -> int:
    async with Session.open(invocation) as session:
        modes, setting = session.services.modes, session.services.settings.mode
        if mode:
            wanted = None if mode == "default" else Mode(mode)
            await modes.set(ProfileId(profile_id) if profile_id else None, wanted, by, datetime.now(UTC))
        narrowed, paused = await modes.narrowed(), paused_by(await modes.orders())
    if as_json:
        emit(
            {
                "mode": setting.value,
                "narrowed": [asdict(each) for each in narrowed],
                "in_effect": in_effect(setting, narrowed),
                "paused": [{"profile_id": profile_id, "by": by} for profile_id, by in paused],
            }
        )
        return DONE
    for line in _mode_lines(invocation, setting, narrowed):
        click.echo(line)
    for line in _pause_lines(invocation, paused):
        click.echo(line)
    return DONE


def paused_by(orders: Orders) -> Sequence[tuple[ProfileId | None, str]]:
    """Whose kill switch is pulled, and by whom: all first (None), then by profile."""
    return [(profile_id, order.paused_by or "somebody") for profile_id, order in orders.items() if order.paused]


def in_effect(setting: Mode, narrowed: Sequence[Narrowed]) -> dict[str, Any]:
    """For all, and for each profile that is narrowed by itself; the rules may say less."""
    fleet = next((each.mode for each in narrowed if each.profile_id is None), None)
    return {
        "all": RuntimeModes(fleet).within(setting).value,
        "profiles": {
            each.profile_id: RuntimeModes(fleet, each.mode).within(setting).value
            for each in narrowed
            if each.profile_id
        },
    }


def _mode_lines(invocation: Invocation, setting: Mode, narrowed: Sequence[Narrowed]) -> Iterator[str]:
    yield f"HARVESTER_MODE here: {setting}; replicas go by their own"
    if not narrowed:
        yield "nothing narrows it for the time being"
    for each in narrowed:
        whom, option = (
            (f"profile {each.profile_id}", f" --profile {each.profile_id}") if each.profile_id else ("all profiles", "")
        )
        yield f"{whom}: {each.mode} at most, by {each.by} since {each.at:%Y-%m-%d %H:%M} UTC"
        yield f"  to lift it: {hint(invocation, f'mode default{option} --by YOUR-NAME')}"
    found = in_effect(setting, narrowed)
    own = "".join(f"; profile {profile_id}: {mode}" for profile_id, mode in found["profiles"].items())
    yield f"in effect, where the rules do not say less: {found['all']}{own}"


def _pause_lines(invocation: Invocation, paused: Sequence[tuple[ProfileId | None, str]]) -> Iterator[str]:
    for profile_id, by in paused:
        whom, option = (
            (f"profile {profile_id} is", f" --profile {profile_id}") if profile_id else ("all profiles are", "")
        )
        yield f"{whom} paused, by {by}: whatever the mode, nothing is sent"
        yield f"  to lift it: {hint(invocation, f'resume{option} --by YOUR-NAME')}"
