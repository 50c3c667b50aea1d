"""`harvester brands`: ids of brands, for the rules file."""

from collections.abc import Sequence
from typing import Any

import click
from rich.text import Text

from harvester.domain.profile import Profile
from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.app import DONE, FAILED, Invocation, emit, json_option, say
from harvester.entrypoints.cli.plan import failed_name, failure_json
from harvester.entrypoints.cli.session import JudgingSession, run
from harvester.ports import AdsLogin
from harvester.usecases.look_up_brands import FoundBrand
from harvester.usecases.one_per_marketplace import OnePerMarketplace


@click.command()
@click.argument("text", required=False, default="")
@click.option(
    "--profile",
    "profile_ids",
    multiple=True,
    metavar="ID",
    help="Ask in this profile's name; may be repeated. Without: a text in one profile of each marketplace.",
)
@json_option
@click.pass_obj
def brands(invocation: Invocation, text: str, profile_ids: tuple[str, ...], as_json: bool) -> None:
    """Brands that Amazon relates to TEXT, with their ids; without TEXT, those it recommends to exclude.

    What is recommended holds your own brands too. Only the id counts: copy it into the rules file, under `brands` to
    exclude the brand from your ads, or under `protect.brands` where it is yours. Changes nothing at Amazon.
    """
    run(_brands(invocation, " ".join(text.split()), profile_ids, as_json))


async def _brands(invocation: Invocation, text: str, profile_ids: tuple[str, ...], as_json: bool) -> int:
    async with JudgingSession.open(invocation) as session:
        session.demand_accounts()
        services = session.services
        readers = {login.account: login.reader for login in services.logins}
        one = OnePerMarketplace()

        async def work(profile: Profile, login: AdsLogin) -> Sequence[FoundBrand] | None:
            async def look() -> Sequence[FoundBrand]:
                return await services.look_up_brands(profile, readers[login.account](profile, None), text)

            return await (one(profile, look) if text and not profile_ids else look())

        result = await services.fleet(profile_ids, work)
    done = [(profile, found) for profile, found in result.done if found is not None]
    if as_json:
        emit(
            {
                "profiles": [_json(profile, found) for profile, found in done],
                "failed": [failure_json(failure) for failure in result.failed],
            }
        )
    else:
        for profile, found in done:
            _print(profile, found, text)
        for failure in result.failed:
            say(f"{failed_name(failure)}: {failure.reason}")
    return FAILED if result.failed else DONE


def _json(profile: Profile, found: Sequence[FoundBrand]) -> dict[str, Any]:
    return {
        "profile_id": profile.profile_id,
        "account": profile.account,
        "country": profile.country,
        "brands": [
            {
                "id": each.brand.brand_id,
                "name": each.brand.name,
                "protected": each.protected,
                "entries": list(each.entries),
            }
            for each in found
        ],
    }


def _print(profile: Profile, found: Sequence[FoundBrand], text: str) -> None:
    console = tables.console()
    what = f"related to “{text}”" if text else "recommended by Amazon, your own among them"
    heading = (
        f"{profile.name} ({profile.country}), profile {profile.profile_id}: {tables.plural(len(found), 'brand')} {what}"
    )
    console.print(Text(heading, style="bold"))
    if found:
        table = tables.grid("Id", "Name", "In the rules file", ratios=(0, 3, 2))
        for each in found:
            table.add_row(each.brand.brand_id, Text(each.brand.name or "(no name)"), Text(_in_rules(each)))
        console.print(table)


def _in_rules(each: FoundBrand) -> str:
    own = ["your own"] if each.protected else []
    return ", ".join([*own, *(f"entry {name}" for name in each.entries)])
