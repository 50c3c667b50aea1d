"""What a category can be narrowed down to: `harvester categories ID --refinements`."""

from collections.abc import Sequence
from typing import Any

import click
from rich.text import Text

from harvester.domain.category_tree import NamedId, Refinements
from harvester.domain.profile import Profile
from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.app import DONE, FAILED, emit, say
from harvester.entrypoints.cli.plan import failed_name, failure_json
from harvester.entrypoints.cli.session import Session
from harvester.ports import AdsLogin
from harvester.usecases.one_per_marketplace import OnePerMarketplace

Told = tuple[str, Refinements]
"""Of a marketplace."""


async def tell(session: Session, category_id: str, profile_ids: Sequence[str], as_json: bool) -> int:
    """Asked in the name of one profile of each marketplace; nothing is kept."""
    readers = {login.account: login.reader for login in session.services.logins}
    one = OnePerMarketplace()

    async def work(profile: Profile, login: AdsLogin) -> Told | None:
        found = await one(profile, lambda: readers[login.account](profile, None).refinements(category_id))
        return None if found is None else (profile.country, found)

    result = await session.services.fleet(profile_ids, work)
    told = [each for _, each in result.done if each is not None]
    if as_json:
        emit(
            {
                "marketplaces": [_json(category_id, each) for each in told],
                "failed": [failure_json(failure) for failure in result.failed],
            }
        )
    else:
        for place, each in enumerate(told):
            if place:
                click.echo()
            _print(category_id, each)
        for failure in result.failed:
            say(f"{failed_name(failure)}: {failure.reason}")
    return FAILED if result.failed else DONE


def _kinds(refinements: Refinements) -> Sequence[tuple[str, str, Sequence[NamedId]]]:
    return (
        ("brands", "brand", refinements.brands),
        ("age_ranges", "age range", refinements.age_ranges),
        ("genres", "genre", refinements.genres),
    )


def _json(category_id: str, told: Told) -> dict[str, Any]:
    country, refinements = told
    lists = {key: [{"id": each.named_id, "name": each.name} for each in some] for key, _, some in _kinds(refinements)}
    return {"country": country, "category_id": category_id, **lists}


def _print(category_id: str, told: Told) -> None:
    country, refinements = told
    console = tables.console()
    counted = [tables.plural(len(some), name) for _, name, some in _kinds(refinements) if some]
    what = ", ".join(counted) or "no brands, age ranges or genres; or there is no such category"
    console.print(tables.hanging(Text(f"{country}: category {category_id} has {what}", style="bold")))
    if counted:
        table = tables.grid("Kind", "Id", "Name", ratios=(0, 0, 1))
        for _, name, some in _kinds(refinements):
            for each in some:
                table.add_row(name, each.named_id, Text(each.name))
        console.print(table)
