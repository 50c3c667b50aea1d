"""`harvester demo` and `harvester sandbox`."""

import asyncio
import fcntl
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from harvester.config.settings import demo_folder
from harvester.domain.errors import Refused, Unavailable
from harvester.domain.profile import Mode, Profile
from harvester.entrypoints.cli import demo_later, tables
from harvester.entrypoints.cli.app import DONE, FAILED, Invocation, hint
from harvester.entrypoints.cli.cycle import show_cycle
from harvester.entrypoints.cli.plan import harvest_all, show_result
from harvester.entrypoints.cli.session import JudgingSession, run
from harvester.ports import AdsLogin
from harvester.wiring import fresh_database

SANDBOX_ENV = Path("sandbox.env")
_GONE = (
    "The pretend Amazon and its Postgres are gone, also for a `harvester serve` that still uses them; "
    "`harvester demo` makes new ones."
)
_READY_SECONDS = 30.0
_BRAND = "Blue Heron"
"""That the demo's rules file excludes, by id."""
_CATALOG_RATE = 20
"""Calls a second; Amazon's own two are too slow to watch."""
_FEW_PROFILES = 8
"""Planned one after the other, so that plans and items have the same numbers every time."""


@click.command()
@click.option("--once", is_flag=True, help="End after the cycle instead of keeping the sandbox up.")
@click.option(
    "--profiles", type=click.IntRange(1, 1000), metavar="N", default=3, show_default=True, help="Pretend profiles."
)
@click.option(
    "--recommendations",
    type=click.IntRange(0, 1_000_000),
    metavar="N",
    default=200,
    show_default=True,
    help="Per profile.",
)
@click.option("--seed", type=int, metavar="N", default=1, show_default=True, help="Another seed, another market.")
@click.option(
    "--weeks",
    type=click.IntRange(1, 8),
    metavar="N",
    help="Begin so many weeks ago: the plans were sent then, and have outcomes now.",
)
@click.pass_obj
def demo(invocation: Invocation, once: bool, profiles: int, recommendations: int, seed: int, weeks: int | None) -> None:
    """Watch a whole dry-run cycle against a pretend Amazon: no account, no credentials, no cost.

    Starts the sandbox and an embedded Postgres of its own (configured databases and accounts are ignored), plans for
    every pretend profile, and shows what would be promoted, negated, held and skipped, and why. It writes sandbox.env
    and keeps the sandbox up, so that you can go on from another terminal; Ctrl-C ends it.

    With --weeks 6 the second act is shown instead: the plans are six weeks old, were approved and sent, and today's
    reports say what became of them, which are regretted, and how often each rule was right.
    """
    market = {"profiles": profiles, "recommendations": recommendations, "seed": seed, "catalog-rate": _CATALOG_RATE}
    begun = None if weeks is None else demo_later.first_day(weeks)
    run(_demo(invocation, once, market, begun), _GONE)


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sandbox(arguments: tuple[str, ...]) -> None:
    """Run the pretend Amazon alone; `harvester sandbox --help` lists its options."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "harvester.sandbox", *arguments])  # noqa: S606 - our own module


async def _demo(invocation: Invocation, once: bool, market: Mapping[str, int], begun: date | None) -> int:
    console = tables.console()
    folder = demo_folder()
    folder.mkdir(parents=True, exist_ok=True)
    rules = folder / "rules.yaml"
    rules.write_text(files("harvester.entrypoints.cli").joinpath("demo_rules.yaml").read_text("utf-8"), "utf-8")
    with _alone(folder):
        starts = {} if begun is None else {"first-day": begun.isoformat()}
        async with pretend_amazon({**market, **starts}) as ready, fresh_database(folder):
            write_env(SANDBOX_ENV, ready, folder, rules)
            there = replace(invocation, env_file=SANDBOX_ENV)
            console.print(f"A pretend Amazon is up at {ready['url']}; {tables.plural(market['profiles'], 'profile')}.")
            following, succeeded = (
                await _first_act(console, there)
                if begun is None
                else await demo_later.play(console, there, ready["url"], begun)
            )
            if not once:
                _tell_how_to_go_on(console, there, following)
                if begun is None:
                    _tell_of_the_second_act(console, invocation)
                await asyncio.Event().wait()
            console.print(
                "The pretend Amazon ends here: the plans can be read, but nothing can be asked or sent any more."
            )
    return DONE if succeeded else FAILED


async def _first_act(console: Console, there: Invocation) -> tuple[Sequence[str], bool]:
    """In dry run. Gives what is worth typing next, and whether all went well."""
    async with JudgingSession.open(there, mode=Mode.DRY_RUN) as session:
        await _tell_brands_apart(session)
        result = await harvest_all(session, ())
        await show_cycle(console, session, result)
        plans = [await session.services.reports.plan(planned.plan_id) for _, planned in result.done]
        show_result(there, result, [plan for plan in plans if plan])
    first = plans[0]["id"] if plans and plans[0] else "p1"
    following = (f"show {first}", f"show {first} --requests", f"approve {first} --by YOUR-NAME", "--help")
    return following, not result.failed


async def _tell_brands_apart(session: JudgingSession) -> None:
    """As `harvester brands` would: a rules file names ids only, and its reviewer wants to read names."""
    readers = {login.account: login.reader for login in session.services.logins}

    async def work(profile: Profile, login: AdsLogin) -> None:
        await session.services.look_up_brands(profile, readers[login.account](profile, None), _BRAND)

    await session.services.fleet((), work)


def _tell_how_to_go_on(console: Console, there: Invocation, following: Sequence[str]) -> None:
    console.print("The sandbox and its Postgres stay up until Ctrl-C here. In another terminal:\n")
    for arguments in following:
        console.print(f"  {hint(there, arguments)}", soft_wrap=True)
    console.print()


def _tell_of_the_second_act(console: Console, here: Invocation) -> None:
    command = hint(here, "demo --weeks 6")
    console.print(tables.hanging(f"In place of this one, {command} shows what became of plans sent six weeks ago.", 0))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two demos would empty each other's database."""
    with (folder / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused("a demo is running already; end it with Ctrl-C first") from None
        yield


@asynccontextmanager
async def pretend_amazon(market: Mapping[str, int | str]) -> AsyncIterator[dict[str, Any]]:
    """The sandbox in a process of its own, which ends with the block. Gives what it says when it is ready."""
    options = [part for name, value in market.items() for part in (f"--{name}", str(value))]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "harvester.sandbox", "--port", "0", "--until-stdin-closes", *options),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _READY_SECONDS)
        if not line:
            raise Unavailable("the sandbox did not start; `harvester sandbox` shows why")
        yield json.loads(line)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


def write_env(path: Path, ready: Mapping[str, Any], folder: Path, rules: Path) -> None:
    """Settings for going on from another terminal: review mode, against the sandbox only."""
    settings = {
        "MODE": "review",
        "DATA_DIR": str(folder),
        "RULES_FILE": str(rules),
        "ACCOUNTS__SANDBOX__CLIENT_ID": ready["client_id"],
        "ACCOUNTS__SANDBOX__CLIENT_SECRET": ready["client_secret"],
        "ACCOUNTS__SANDBOX__REFRESH_TOKEN": ready["refresh_token"],
        "ACCOUNTS__SANDBOX__REGION": "NA",
        "ACCOUNTS__SANDBOX__ADS_URL": ready["ads_url"],
        "ACCOUNTS__SANDBOX__LWA_URL": ready["lwa_url"],
        "ACCOUNTS__SANDBOX__SELLING_PARTNER__CLIENT_ID": ready["selling_partner"]["client_id"],
        "ACCOUNTS__SANDBOX__SELLING_PARTNER__CLIENT_SECRET": ready["selling_partner"]["client_secret"],
        "ACCOUNTS__SANDBOX__SELLING_PARTNER__REFRESH_TOKEN": ready["selling_partner"]["refresh_token"],
        "ACCOUNTS__SANDBOX__SELLING_PARTNER__URL": ready["selling_partner_url"],
        "CONCURRENCY": "1" if len(ready["accounts"][0]["profiles"]) <= _FEW_PROFILES else "8",
    }
    lines = [f"HARVESTER_{name}='{value}'" for name, value in settings.items()]
    path.write_text("# Made by `harvester demo`; good while its sandbox is up.\n" + "\n".join(lines) + "\n", "utf-8")
