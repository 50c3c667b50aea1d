"""`harvester coverage`: which auto ad groups have a destination, and what the others miss."""

from typing import Any

import click
from rich.text import Text

from harvester.domain.profile import Profile
from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.app import DONE, FAILED, Invocation, emit, json_option, say
from harvester.entrypoints.cli.plan import failed_name, failure_json
from harvester.entrypoints.cli.session import JudgingSession, run
from harvester.ports import AdsLogin
from harvester.usecases.cover import Covered


@click.command()
@click.option("--profile", "profile_ids", multiple=True, metavar="ID", help="Only this profile; may be repeated.")
@json_option
@click.pass_obj
def coverage(invocation: Invocation, profile_ids: tuple[str, ...], as_json: bool) -> None:
    """Which enabled ad groups of AUTO campaigns have a promotion group, and what the others miss.

    Asks Amazon, changes nothing, and stores nothing but the calls.
    """
    run(_coverage(invocation, profile_ids, as_json))


async def _coverage(invocation: Invocation, profile_ids: tuple[str, ...], as_json: bool) -> int:
    async with JudgingSession.open(invocation) as session:
        session.demand_accounts()
        services = session.services

        async def work(profile: Profile, login: AdsLogin) -> Covered:
            return await services.cover(profile, login.reader(profile, None))

        result = await services.fleet(profile_ids, work)
    covered, failed = [each for _, each in result.done], result.failed
    if as_json:
        emit(
            {
                "profiles": [_json(each) for each in covered],
                "failed": [failure_json(failure) for failure in failed],
            }
        )
    else:
        for place, each in enumerate(covered):
            if place:
                click.echo()
            _print(each)
        for failure in failed:
            say(f"{failed_name(failure)}: {failure.reason}")
    return FAILED if failed else DONE


def _json(each: Covered) -> dict[str, Any]:
    return {
        "profile_id": each.profile.profile_id,
        "account": each.profile.account,
        "ad_groups": [
            {
                "ad_group_id": line.ad_group_id,
                "ad_group_name": line.ad_group_name,
                "campaign_id": line.campaign_id,
                "campaign_name": line.campaign_name,
                "group_ids": list(line.group_ids),
                "targets": line.targets,
                "covered": line.covered,
                "misses": line.misses,
            }
            for line in each.lines
        ],
    }


def _print(each: Covered) -> None:
    console = tables.console()
    have = sum(line.covered for line in each.lines)
    total = tables.plural(len(each.lines), "auto ad group")
    whose = f"{each.profile.name} ({each.profile.country}), profile {each.profile.profile_id}"
    heading = Text(f"{whose}: {have} of {total} with a destination for every ad", style="bold")
    console.print(tables.hanging(heading))
    for line in each.lines:
        mark = ("MISS  ", "yellow") if line.misses else ("ok    ", "green")
        console.print(tables.hanging(Text.assemble(mark, f"{line.campaign_name} / {line.ad_group_name}")))
        if line.group_ids:
            made = tables.plural(line.targets, "target")
            groups = "group" if len(line.group_ids) == 1 else "groups"
            console.print(tables.hanging(f"      {groups} {', '.join(line.group_ids)}: {made} so far"))
        if line.misses:
            console.print(tables.hanging(f"      {line.misses}"))
