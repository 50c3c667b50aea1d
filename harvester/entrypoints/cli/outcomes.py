"""`harvester outcomes`: what became of every promotion and every negative."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import click

from harvester.domain.aftermath import Judgement
from harvester.domain.errors import HarvesterError
from harvester.domain.profile import Profile
from harvester.entrypoints.cli import fetching, tables
from harvester.entrypoints.cli.app import DONE, FAILED, Invocation, as_typed_here, emit, hint, json_option, say
from harvester.entrypoints.cli.moments import Moment
from harvester.entrypoints.cli.outcome_lines import show_outcomes
from harvester.entrypoints.cli.session import JudgingSession, run
from harvester.wiring.outcomes import LookingBack, kinds_for_history, looking_back

since_option = click.option(
    "--since",
    type=Moment(),
    metavar="TIME",
    help="Only of what was made since then, like 2026-11-20 (UTC).",
)
MOST_SHOWN = 100_000
"""Of the newest: more would not fit into memory together."""
NOTHING_YET = "nothing was promoted or negated yet"
_Failed = dict[str, str]


@click.command()
@click.option("--profile", "profile_ids", multiple=True, metavar="ID", help="Only this profile; may be repeated.")
@since_option
@click.option("--rule", metavar="RULE", help="Only of this rule.")
@click.option(
    "--verdict",
    "verdicts",
    multiple=True,
    type=click.Choice([each.value for each in Judgement]),
    metavar="V",
    help="Only what is good, regretted, neutral or too_early; may be repeated.",
)
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
    verdicts: tuple[str, ...],
    fetch: bool,
    as_json: bool,
) -> None:
    """What became of every promotion and every negative: the same days before and after, and a verdict.

    Makes the readings that are due (7, 14, 28 and 42 days after, from the reports that are in). What is regretted by
    one gets a plan that would take it back, once, for you to review and apply.
    """
    asked = _Asked(profile_ids, since.replace(tzinfo=UTC) if since else None, rule, verdicts)
    run(_outcomes(invocation, asked, fetch, as_json))


@dataclass(frozen=True, slots=True)
class _Asked:
    profile_ids: Sequence[str]
    since: datetime | None
    rule: str | None
    verdicts: Sequence[str]

    @property
    def narrowed(self) -> bool:
        return bool(self.profile_ids or self.since or self.rule or self.verdicts)


async def _outcomes(invocation: Invocation, asked: _Asked, fetch: bool, as_json: bool) -> int:
    async with JudgingSession.open(invocation) as session:
        back = looking_back(session.services)
        known = await session.services.profiles.known()
        wanted = [each for each in known if not asked.profile_ids or each.profile_id in asked.profile_ids]
        failed = unknown(asked.profile_ids, known)
        opened, troubles = await look_back(session, back, wanted, fetch=fetch)
        found = await back.outcomes.listed(
            asked.profile_ids or None, asked.since, asked.rule, MOST_SHOWN + 1, asked.verdicts or None
        )
        rows, complete = found[:MOST_SHOWN], len(found) <= MOST_SHOWN
    if as_json:
        emit({"outcomes": rows, "complete": complete, "opened_plans": opened, "failed": failed + troubles})
    else:
        if rows:
            show_outcomes(invocation, rows, {each.profile_id: each for each in known})
        else:
            click.echo("nothing that was promoted or negated fits the options given" if asked.narrowed else NOTHING_YET)
        if not complete:
            say(f"these are the newest {MOST_SHOWN:,}; --profile, --since, --rule and --verdict narrow them down")
        for plan_id in opened:
            agree = hint(invocation, f"show {plan_id}")
            click.echo(f"plan {plan_id} would take back what is regretted; nothing is sent yet\nNext: {agree}")
        for each in failed + troubles:
            say(f"profile {each['profile_id']}: {as_typed_here(invocation, each['reason'])}")
    return FAILED if failed or troubles else DONE


async def look_back(
    session: JudgingSession, back: LookingBack, profiles: Sequence[Profile], *, fetch: bool
) -> tuple[list[str], list[_Failed]]:
    """Makes the readings that are due. Gives the plans made for what they regret, and what failed."""
    failed = list(await _fetch(session, profiles)) if fetch else []
    opened: list[str] = []
    for profile in profiles:
        await back.read(profile)
        failed += await _open(session, back, profile, opened)
    return opened, failed


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
