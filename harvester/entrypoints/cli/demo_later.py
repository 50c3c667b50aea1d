"""The second act of `harvester demo`: what was planned weeks ago was sent, and today shows what became of it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import aiohttp
from rich.console import Console
from rich.text import Text

from harvester.domain.profile import Profile
from harvester.domain.review import Selection, Verdict
from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.app import Invocation, say
from harvester.entrypoints.cli.outcome_lines import counted, heading, show_read
from harvester.entrypoints.cli.outcomes import MOST_SHOWN, look_back
from harvester.entrypoints.cli.plan import failed_name, harvest_all, name_of
from harvester.entrypoints.cli.score import print_scores
from harvester.entrypoints.cli.session import JudgingSession, load_settings
from harvester.ports import AdsLogin
from harvester.rules.score import scores
from harvester.usecases.fleet import Failure
from harvester.usecases.plan_profile import Planned
from harvester.wiring import open_services
from harvester.wiring.earlier import EarlierClock
from harvester.wiring.outcomes import looking_back

_REVIEWER = "demo"
_MOST_REGRETTED = 3
_MOST_GOOD = 2
"""Of each profile; the rest is a count."""


def first_day(weeks: int) -> date:
    """On the pretend Amazon's calendar; a day more, so that the reading of that week is due today."""
    return (datetime.now(UTC) - timedelta(weeks=weeks, days=1)).date()


async def play(console: Console, there: Invocation, url: str, begun: date) -> tuple[Sequence[str], bool]:
    """From the first morning until now. Gives what is worth typing next, and whether all went well."""
    behind = datetime.now(UTC) - datetime.combine(begun, time(12), UTC)
    failed = await _plan_and_send(console, there, EarlierClock(behind), begun)
    await _let_pass(url, behind)
    following, missing = await _look_back(console, there)
    return following, not failed and not missing


async def _plan_and_send(console: Console, there: Invocation, clock: EarlierClock, begun: date) -> Sequence[Failure]:
    done = f"every profile is planned, “{_REVIEWER}” approves what the guard lets through, and that is sent."
    console.print(tables.hanging(f"{begun:%Y-%m-%d}: {done}"))
    async with open_services(load_settings(there), clock=clock) as services:
        session = JudgingSession(services)
        planned = await harvest_all(session, ())
        plan_of = {profile.profile_id: plan for profile, plan in planned.done}

        async def send(profile: Profile, _login: AdsLogin) -> str:
            plan: Planned = plan_of[profile.profile_id]
            said = await services.review(plan.plan_id, Verdict.APPROVE, Selection(), _REVIEWER)
            _, login = await session.owner_of(plan.plan_id)
            applied = await services.apply(
                profile,
                plan.plan_id,
                said.review.fingerprint,
                login.reader(profile, None),
                services.writer(login, profile),
                lambda _sent, _total: None,
            )
            return f"plan {plan.plan_id}, {tables.plural(applied.done, 'change')} made"

        sent = await services.fleet([*plan_of], send)
    for profile, told in sent.done:
        console.print(f"  {name_of(profile)}: {told}")
    failed = [*planned.failed, *sent.failed]
    for failure in failed:
        say(f"{failed_name(failure)}: {failure.reason}")
    return failed


async def _let_pass(url: str, behind: timedelta) -> None:
    """The pretend Amazon's calendar shows today; all that was made has served, or stopped its terms, meanwhile."""
    body = {"advance_seconds": behind.total_seconds()}
    async with aiohttp.ClientSession() as http, http.post(f"{url}/_sandbox/clock", json=body) as answer:
        answer.raise_for_status()


async def _look_back(console: Console, there: Invocation) -> tuple[Sequence[str], bool]:
    today = datetime.now(UTC).date()
    console.print(f"\n{today:%Y-%m-%d}: what became of it, by the reports until today.\n")
    async with JudgingSession.open(there) as session:
        back, profiles = looking_back(session.services), await session.services.profiles.known()
        opened, failed = await look_back(session, back, profiles, fetch=True)
        rows = await back.outcomes.listed(most=MOST_SHOWN)
        found = scores(await back.outcomes.scores())
    for profile in profiles:
        _show(console, there, profile, [row for row in rows if row["profile_id"] == profile.profile_id])
    console.print(Text("How often each rule was right, and what that was worth", style="bold"))
    print_scores(found)
    console.print()
    for each in failed:
        say(f"profile {each['profile_id']}: {each['reason']}")
    for plan_id in opened:
        console.print(f"Plan {plan_id} would take back what is regretted; nobody has approved it yet.")
    undo = opened[:1] or ["p1"]
    return ("outcomes", "rules score", f"show {undo[0]}", f"approve {undo[0]} --by YOUR-NAME"), bool(failed)


def _show(console: Console, there: Invocation, profile: Profile, rows: Sequence[Mapping[str, Any]]) -> None:
    console.print(Text(heading(profile.profile_id, profile), style="bold"))
    regretted = [row for row in rows if row["verdict"] == "regretted"]
    good = sorted((row for row in rows if row["verdict"] == "good"), key=_money, reverse=True)
    for row in (*regretted[:_MOST_REGRETTED], *good[:_MOST_GOOD]):
        show_read(there, console, row)
    console.print(f"{counted(rows)}\n")


def _money(row: Mapping[str, Any]) -> Decimal:
    return Decimal(row["money"] or 0)
