"""`harvester negatives`: what is negative in a profile, who made it, and when it is to be looked at again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click
from rich.text import Text

from harvester.domain.profile import Profile
from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.app import DONE, FAILED, Invocation, emit, json_option, say
from harvester.entrypoints.cli.plan import failed_name, failure_json
from harvester.entrypoints.cli.session import Session, run
from harvester.ports import AdsLogin
from harvester.usecases.list_negatives import Negative


@click.command()
@click.option("--profile", "profile_ids", multiple=True, metavar="ID", help="Only this profile; may be repeated.")
@json_option
@click.pass_obj
def negatives(invocation: Invocation, profile_ids: tuple[str, ...], as_json: bool) -> None:
    """Every negative keyword, product and brand that stands, with who made it, when, and its review date.

    Asks Amazon, changes nothing.
    """
    run(_negatives(invocation, profile_ids, as_json))


async def _negatives(invocation: Invocation, profile_ids: tuple[str, ...], as_json: bool) -> int:
    async with Session.open(invocation) as session:
        session.demand_accounts()
        services = session.services

        async def work(profile: Profile, login: AdsLogin) -> Sequence[Negative]:
            return await services.list_negatives(profile, login.reader(profile, None))

        result = await services.fleet(profile_ids, work)
    if as_json:
        emit(
            {
                "profiles": [
                    {
                        "profile_id": profile.profile_id,
                        "account": profile.account,
                        "negatives": [_json(each) for each in found],
                    }
                    for profile, found in result.done
                ],
                "failed": [failure_json(failure) for failure in result.failed],
            }
        )
    else:
        for profile, found in result.done:
            _print(profile, found)
        for failure in result.failed:
            say(f"{failed_name(failure)}: {failure.reason}")
    return FAILED if result.failed else DONE


def _json(each: Negative) -> dict[str, Any]:
    standing, ours = each.standing, each.made_by
    return {
        "id": standing.amazon_id,
        "kind": each.kind,
        "level": each.level.value,
        "text": standing.text,
        "brand_name": standing.brand_name or None,
        "match": standing.match.value,
        "state": standing.state,
        "campaign_id": standing.campaign_id,
        "campaign_name": each.campaign_name,
        "ad_group_id": standing.ad_group_id,
        "ad_group_name": each.ad_group_name or None,
        "made_by": None
        if ours is None
        else {
            "plan_id": ours.plan_id,
            "item": ours.action_id,
            "rule": ours.rule,
            "reviewed_by": ours.reviewed_by,
            "at": _moment(ours.settled_at),
        },
        "review_at": _moment(each.review_at),
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _print(profile: Profile, found: Sequence[Negative]) -> None:
    console = tables.console()
    ours = sum(each.made_by is not None for each in found)
    heading = (
        f"{profile.name} ({profile.country}), profile {profile.profile_id}: {tables.plural(len(found), 'negative')}, "
        f"{ours} of them made by Harvester"
    )
    console.print(Text(heading, style="bold"))
    place = None
    for each in found:
        here = " / ".join(filter(None, (each.campaign_name, each.ad_group_name))) or each.standing.campaign_id
        if here != place:
            place = here
            console.print(tables.hanging(Text(here)))
        console.print(tables.hanging(f"  {_what(each)}"))
        console.print(tables.hanging(Text(f"    {_who(each)}", style="dim")))
    console.print()


def _what(each: Negative) -> str:
    standing = each.standing
    if standing.is_brand:
        shown = " ".join(filter(None, (standing.brand_name, standing.text and f"({standing.text})")))
        text = f"brand {shown}"
    else:
        text = f"{each.kind} “{standing.text}”, {standing.match}"
    return text + ("" if standing.state == "ENABLED" else f", {standing.state.lower()}")


def _who(each: Negative) -> str:
    ours = each.made_by
    if ours is None:
        return "not by Harvester"
    when = f" on {ours.settled_at:%Y-%m-%d}" if ours.settled_at else ""
    by = f", reviewed by {ours.reviewed_by}" if ours.reviewed_by else ""
    review = f"; to be looked at again on {each.review_at:%Y-%m-%d}" if each.review_at else ""
    return f"item {ours.action_id} of plan {ours.plan_id}{when}, by rule {ours.rule}{by}{review}"
