"""`harvester categories`: Amazon's categories of products, to browse and to search."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click
from rich.text import Text

from harvester.domain.category_tree import Found, KeptTree, ProductCount
from harvester.domain.errors import Refused
from harvester.domain.profile import Profile
from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.app import DONE, FAILED, Invocation, emit, hint, json_option, say
from harvester.entrypoints.cli.plan import failed_name, failure_json
from harvester.entrypoints.cli.refinements import tell
from harvester.entrypoints.cli.session import Session, run
from harvester.ports import AdsLogin
from harvester.usecases.browse_categories import Gathering
from harvester.usecases.fleet import Failure

SHOWN = 50


@click.command()
@click.argument("text", required=False, default="")
@click.option(
    "--profile",
    "profile_ids",
    multiple=True,
    metavar="ID",
    help="The marketplace of this profile; may be repeated. Without: every marketplace.",
)
@click.option("--under", default="", metavar="CATEGORY", help="Only what lies below the category of this id.")
@click.option("--all", "everything", is_flag=True, help=f"All that is found, not the first {SHOWN}.")
@click.option(
    "--refinements",
    is_flag=True,
    help="Ask what the category whose id is TEXT can be narrowed down to: brands, ages, genres.",
)
@click.option("--refresh", is_flag=True, help="Read the categories from Amazon anew.")
@json_option
@click.pass_obj
def categories(
    invocation: Invocation,
    text: str,
    profile_ids: tuple[str, ...],
    under: str,
    everything: bool,
    refinements: bool,
    refresh: bool,
    as_json: bool,
) -> None:
    """Categories whose path holds the words of TEXT, or whose id it is; without TEXT, those at the top.

    With --under, those directly below a category, or with TEXT all that lie anywhere below it. The categories of a
    marketplace are read from Amazon once and kept in the database; --refresh reads them anew. Changes nothing at
    Amazon.
    """
    wish = Wish(text, under, None if everything else SHOWN, refresh, profile_ids)
    if not refinements:
        run(_categories(invocation, wish, as_json))
    if not wish.text.isdigit() or under or everything or refresh:
        raise click.UsageError("--refinements goes with the id of one category, and with --profile")
    run(_refinements(invocation, wish, as_json))


class Wish:
    """What is looked for, and where."""

    def __init__(self, text: str, under: str, most: int | None, refresh: bool, profile_ids: Sequence[str]) -> None:
        self.text = " ".join(text.split())
        self.under = under.strip()
        self.most = most
        self.refresh = refresh
        self.profile_ids = profile_ids


async def _categories(invocation: Invocation, wish: Wish, as_json: bool) -> int:
    async with Session.open(invocation) as session:
        session.demand_accounts()
        trees, failed = await _trees(session, wish)
        browse = session.services.categories
        found = [await browse.find(tree, wish.text, wish.under, wish.most) for tree in trees]
        someone = {each.country: each.profile_id for each in await session.services.profiles.known()}
        if wish.under and not any([each.total or await browse.holds(each.tree, wish.under) for each in found]):
            raise Refused(f"there is no category {wish.under}; `harvester categories` shows those at the top")
    if as_json:
        emit({"marketplaces": [_json(each) for each in found], "failed": [failure_json(each) for each in failed]})
    else:
        for place, each in enumerate(found):
            if place:
                click.echo()
            _print(invocation, each, wish, someone.get(each.tree.country))
        for failure in failed:
            say(f"{failed_name(failure)}: {failure.reason}")
    return FAILED if failed else DONE


async def _refinements(invocation: Invocation, wish: Wish, as_json: bool) -> int:
    async with Session.open(invocation) as session:
        session.demand_accounts()
        return await tell(session, wish.text, wish.profile_ids, as_json)


async def _trees(session: Session, wish: Wish) -> tuple[Sequence[KeptTree], Sequence[Failure]]:
    """What is kept is looked at without a call."""
    services = session.services
    browse = services.categories
    if not wish.refresh:
        kept = await browse.kept_for(wish.profile_ids, {login.account for login in services.logins})
        if kept is not None:
            return kept, []
    readers = {login.account: login.reader for login in services.logins}
    gather = Gathering(browse, wish.refresh)

    async def work(profile: Profile, login: AdsLogin) -> KeptTree | None:
        return await gather(profile, readers[login.account](profile, None))

    result = await services.fleet(wish.profile_ids, work)
    return [tree for _, tree in result.done if tree is not None], result.failed


def _json(found: Found) -> dict[str, Any]:
    return {
        "country": found.tree.country,
        "read_at": found.tree.read_at,
        "age_seconds": round(_age_seconds(found.tree)),
        "categories": found.tree.categories,
        "total": found.total,
        "found": [
            {
                "id": each.category_id,
                "parent_id": each.parent_id or None,
                "name": each.name,
                "path": each.path,
                "targetable": each.targetable,
                "below": each.last_below - each.place,
                "products": {"least": each.products.least, "most": each.products.most} if each.products else None,
            }
            for each in found.categories
        ],
    }


def _print(invocation: Invocation, found: Found, wish: Wish, profile_id: str | None) -> None:
    """`profile_id`: somebody of that marketplace."""
    console = tables.console()
    tree = found.tree
    heading = f"{tree.country}: {tables.plural(found.total, 'category', 'categories')} {_looked_for(wish)}"
    console.print(Text(heading, style="bold"))
    if found.categories:
        table = tables.grid("Id", "Path", "Target", "Products", ratios=(0, 1, 0, 0), right=(3,))
        for each in found.categories:
            below = each.last_below - each.place
            path = Text(each.path).append(f"  +{below:,} below" if below else "", style="dim")
            table.add_row(each.category_id, path, "yes" if each.targetable else "no", _products(each.products))
        console.print(table)
    more = found.total - len(found.categories)
    if more:
        console.print(f"And {more:,} more: name more words, look --under one of them, or see --all.")
    whose = f" --profile {profile_id}" if profile_id else ""
    if not found.total and wish.text:
        top = hint(invocation, f"categories{whose}")
        console.print(tables.hanging(f"Try fewer or other words, or go down from the top: {top}", 0))
    if found.total and not wish.text and any(each.last_below > each.place for each in found.categories):
        parent = next(each for each in found.categories if each.last_below > each.place)
        command = hint(invocation, f"categories --under {parent.category_id}{whose}")
        console.print(tables.hanging(f"What is in one: {command}"))
    age = f"{tables.plural(tree.categories, 'category', 'categories')} of {tree.country}, read from Amazon"
    console.print(tables.hanging(f"{age} {_age(tree)}; --refresh reads them anew."))


def _looked_for(wish: Wish) -> str:
    where = f" below {wish.under}" if wish.under else ""
    if wish.text:
        return f"with “{wish.text}” in the path{where}"
    return f"directly{where}" if wish.under else "at the top"


def _products(products: ProductCount | None) -> str:
    return f"{products.least:,} to {products.most:,}" if products else "?"


def _age_seconds(tree: KeptTree) -> float:
    return max(0.0, (datetime.now(UTC) - tree.read_at).total_seconds())


_STEPS = ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute"))


def _age(tree: KeptTree) -> str:
    seconds = _age_seconds(tree)
    for length, name in _STEPS:
        if seconds >= length:
            return f"{tables.plural(int(seconds // length), name)} ago"
    return "just now"
