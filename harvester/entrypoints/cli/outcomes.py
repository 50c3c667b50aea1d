"""`harvester outcomes`: what became of every promotion and every negative."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from harvester.domain.aftermath import Judgement
from harvester.domain.errors import HarvesterError
from harvester.domain.profile import Profile
from harvester.entrypoints.cli import fetching, tables
from harvester.entrypoints.cli.app import DONE, FAILED, Invocation, as_typed_here, emit, hint, json_option, say
from harvester.entrypoints.cli.moments import Moment
from harvester.entrypoints.cli.session import JudgingSession, run
from harvester.wiring.outcomes import LookingBack, kinds_for_history, looking_back

since_option = click.option(
    "--since",
    type=Moment(),
    metavar="TIME",
    help="Only of what was made since then, like 2026-11-20 (UTC).",
)
_COLOURS = {"good": "green", "regretted": "red", "too_early": "dim", "neutral": ""}
MOST_SHOWN = 100_000
"""Of the newest: more would not fit into memory together."""
NOTHING_YET = "nothing was promoted or negated yet"
_Failed = dict[str, str]


@click.command()
@click.option("--profile", "profile_ids", multiple=True, metavar="ID", help="Only this profile; may be repeated.")
@since_option
@click.option("--rule", metavar="RULE", help="Only of this rule.")
@click.option(
    "--fetch", is_flag=True, help="Fetch the reports that are needed first; Amazon may take hours to make them."
)
@json_option
@click.pass_obj
def outcomes(
    invocation: Invocation,
    profile_ids: tuple[str, ...],
    since: datetime | None,
    rule: str | None,
    fetch: bool,
    as_json: bool,
) -> None:
    """What became of every promotion and every negative: the same days before and after, and a verdict.

    Makes the readings that are due (7, 14, 28 and 42 days after, from the reports that are in). What is regretted by
    one gets a plan that would take it back, once, for you to review and apply.
    """
    asked = _Asked(profile_ids, since.replace(tzinfo=UTC) if since else None, rule)
    run(_outcomes(invocation, asked, fetch, as_json))


@dataclass(frozen=True, slots=True)
class _Asked:
    profile_ids: Sequence[str]
    since: datetime | None
    rule: str | None


async def _outcomes(invocation: Invocation, asked: _Asked, fetch: bool, as_json: bool) -> int:
    async with JudgingSession.open(invocation) as session:
        back = looking_back(session.services)
        known = await session.services.profiles.known()
        wanted = [each for each in known if not asked.profile_ids or each.profile_id in asked.profile_ids]
        failed = unknown(asked.profile_ids, known)
        if fetch:
            failed += await _fetch(session, wanted)
        opened: list[str] = []
        for profile in wanted:
            await back.read(profile)
            failed += await _open(session, back, profile, opened)
        found = await back.outcomes.listed(asked.profile_ids or None, asked.since, asked.rule, MOST_SHOWN + 1)
        rows, complete = found[:MOST_SHOWN], len(found) <= MOST_SHOWN
    if as_json:
        emit({"outcomes": rows, "complete": complete, "opened_plans": opened, "failed": failed})
    else:
        if rows:
            _show(invocation, rows, {each.profile_id: each for each in known})
        else:
            narrowed = bool(asked.profile_ids or asked.since or asked.rule)
            click.echo("nothing that was promoted or negated fits the options given" if narrowed else NOTHING_YET)
        if not complete:
            say(f"these are the newest {MOST_SHOWN:,}; --profile, --since and --rule narrow down which are shown")
        for plan_id in opened:
            agree = hint(invocation, f"show {plan_id}")
            click.echo(f"plan {plan_id} would take back what is regretted; nothing is sent yet\nNext: {agree}")
        for each in failed:
            say(f"profile {each['profile_id']}: {as_typed_here(invocation, each['reason'])}")
    return FAILED if failed else DONE


def unknown(profile_ids: Sequence[str], known: Sequence[Profile]) -> list[_Failed]:
    """Those that were asked for and that no login has."""
    ids = {profile.profile_id for profile in known}
    return [{"profile_id": each, "reason": "this profile is not known"} for each in profile_ids if each not in ids]


async def _fetch(session: JudgingSession, profiles: Sequence[Profile]) -> Sequence[_Failed]:
    """What is on record is read all the same where reports do not come."""
    services, console = session.services, tables.console(stderr=True)
    with console.status("reports"):

        async def one(profile: Profile) -> Sequence[_Failed]:
            try:
                kinds = await kinds_for_history(services, services.undo.clock, profile)
                missing = await fetching.fetch(session, profile, kinds, lambda *_progress: None)
            except HarvesterError as error:
                missing = (str(error),)
            return [{"profile_id": profile.profile_id, "reason": each} for each in missing]

        return [each for found in await asyncio.gather(*map(one, profiles)) for each in found]


async def _open(session: JudgingSession, back: LookingBack, profile: Profile, opened: list[str]) -> Sequence[_Failed]:
    """A login that is missing, or an Amazon that is away, hinders nobody from reading what is on record."""
    try:
        if not await back.outcomes.regretted(profile.profile_id):
            return []
        _, login = await session.login_of(profile.profile_id)
        plan_id = await back.open_regrets(profile, lambda: login.reader(profile, None))
    except HarvesterError as error:
        return [{"profile_id": profile.profile_id, "reason": f"no plan was made for what is regretted: {error}"}]
    opened += [plan_id] if plan_id else []
    return []


def _show(invocation: Invocation, rows: Sequence[Mapping[str, Any]], profiles: Mapping[str, Profile]) -> None:
    console = tables.console()
    for profile_id in sorted({str(row["profile_id"]) for row in rows}):
        whose = profiles.get(profile_id)
        console.print(Text(f"{whose.name if whose else 'profile'} ({profile_id})", style="bold"))
        of_profile = [row for row in rows if row["profile_id"] == profile_id]
        for row in of_profile:
            if row["reading"]:
                _show_read(invocation, console, row)
        _show_unread(console, [row for row in of_profile if not row["reading"]])
    counts = Counter(str(row["verdict"]) for row in rows)
    said = ", ".join(f"{counts[each]:,} {each.replace('_', ' ')}" for each in Judgement if counts[each])
    console.print(f"{tables.plural(len(rows), 'action')}: {said}")


def _show_read(invocation: Invocation, console: Console, row: Mapping[str, Any]) -> None:
    verdict = str(row["verdict"])
    name = verdict.replace("_", " ")
    console.print(
        tables.hanging(Text.assemble(f"{row['action_id']}  {row['target']}  ", (name, _COLOURS[verdict] or "")))
    )
    console.print(tables.hanging(Text(f"    {_about(row)}", style="dim")))
    console.print(tables.hanging(f"    {row['sentence']}"))
    if row["undo_plan_id"] and row["state"] == "done":
        undo = hint(invocation, f"show {row['undo_plan_id']}")
        console.print(tables.hanging(Text(f"    to take it back: {undo}", style="yellow")))


def _show_unread(console: Console, rows: Sequence[Mapping[str, Any]]) -> None:
    """What they all wait for is said once."""
    for sentence in dict.fromkeys(str(row["sentence"]) for row in rows):
        console.print(tables.hanging(f"{sentence}:", 0))
        for row in rows:
            if row["sentence"] == sentence:
                console.print(tables.hanging(f"  {row['action_id']}  {row['target']}: {_about(row)}", 4))


def _about(row: Mapping[str, Any]) -> str:
    made = f"made {row['made_at'][:10]}" if row["made_at"] else "made"
    read = f", read after {row['reading']} days" if row["reading"] else ""
    undone = ", undone since" if row["state"] == "undone" else ""
    return f"{tables.what(row)}, rule {row['rule']}, {made}{read}{undone}{_acos(row)}"


def _acos(row: Mapping[str, Any]) -> str:
    """Before and after at the source, after at the destination; what has no sales has none."""
    spans = (("source before", row["source"]["before"]), ("source after", row["source"]["after"]),
             ("destination", row["destination"]["after"]))  # fmt: skip
    said = [f"{name} {100 * float(each['acos']):.0f} %" for name, each in spans if each and each["acos"]]
    return f"; ACOS {', '.join(said)}" if said else ""
