"""`harvester migrate` and `harvester doctor`."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import click
from rich.text import Text

from harvester.domain.errors import HarvesterError
from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.app import DONE, FAILED, Invocation, emit, json_option
from harvester.entrypoints.cli.session import Session, load_settings, run
from harvester.wiring import bring_up_to_date, database_address


@click.command()
@json_option
@click.pass_obj
def migrate(invocation: Invocation, as_json: bool) -> None:
    """Bring the database to this version. Safe to run from several replicas at once, and again."""
    run(_migrate(invocation, as_json))


async def _migrate(invocation: Invocation, as_json: bool) -> int:
    async with database_address(load_settings(invocation)) as dsn:
        applied = await bring_up_to_date(dsn)
    if as_json:
        emit({"applied": list(applied)})
    else:
        for name in applied:
            click.echo(f"applied {name}")
        click.echo("the database is at this version")
    return DONE


_PATIENCE_SECONDS = 10.0
"""A person waits for the doctor."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor; `advice` is empty where all is well."""

    what: str
    well: bool
    detail: str
    advice: str = ""


@click.command()
@json_option
@click.pass_obj
def doctor(invocation: Invocation, as_json: bool) -> None:
    """Check settings, rules, database, tokens, hosts, profile access and clock: one line each, and what to do."""
    run(_doctor(invocation, as_json))


async def _doctor(invocation: Invocation, as_json: bool) -> int:
    findings = await examine(invocation)
    if as_json:
        emit({"healthy": all(finding.well for finding in findings), "checks": [asdict(each) for each in findings]})
    else:
        _print(findings)
    return DONE if all(finding.well for finding in findings) else FAILED


async def examine(invocation: Invocation) -> Sequence[Finding]:
    """Settings and rules first: without them nothing else can be asked."""
    try:
        settings = load_settings(invocation)
    except HarvesterError as error:
        return [Finding("settings", well=False, detail=str(error), advice="mend the setting; see docs/settings.md")]
    findings = [Finding("settings", well=True, detail=f"mode {settings.mode}, {len(settings.accounts)} account(s)")]
    try:
        async with Session.open(invocation, most_patience_seconds=_PATIENCE_SECONDS) as session:
            return [*findings, *await _open_checks(session)]
    except HarvesterError as error:
        advice = "run `harvester rules check`" if "rules" in str(error) else "see docs/settings.md"
        return [*findings, Finding("rules and database", well=False, detail=str(error), advice=advice)]


async def _open_checks(session: Session) -> list[Finding]:
    services = session.services
    version = await services.reports.server_version()
    rules = services.rules
    findings = [
        Finding("rules", well=True, detail=f"{len(rules.rules)} rule(s), fingerprint {rules.fingerprint[:12]}"),
        Finding("database", well=True, detail=f"PostgreSQL {version}, schema at this version"),
    ]
    if not services.logins:
        findings.append(
            Finding("accounts", well=False, detail="none", advice="set HARVESTER_ACCOUNTS__MAIN__... or try `demo`")
        )
    for login in services.logins:
        findings.extend(await _login_checks(login.account, login.check))
    return findings


async def _login_checks(account: str, check: Callable[[], Awaitable[Any]]) -> Sequence[Finding]:
    try:
        found = await asyncio.wait_for(check(), timeout=180)
    except HarvesterError as error:
        return [Finding(f"account {account}", well=False, detail=str(error), advice=_advice(error))]
    except TimeoutError:
        return [Finding(f"account {account}", well=False, detail="no answer within 180 s", advice="check the network")]
    return [
        Finding(
            f"account {account}",
            well=found.profiles > 0,
            detail=f"token in {found.token_ms:.0f} ms, {found.profiles} profile(s) in {found.profiles_ms:.0f} ms",
            advice="" if found.profiles else "the login sees no profile: is the region right, has it ever advertised?",
        )
    ]


def _advice(error: HarvesterError) -> str:
    return "see docs/settings.md, Accounts" if "invalid" in str(error) else "try again later; see the sentence above"


def _print(findings: Sequence[Finding]) -> None:
    console = tables.console()
    for finding in findings:
        mark = Text("ok   ", style="green") if finding.well else Text("FAIL ", style="bold red")
        console.print(Text.assemble(mark, Text(f"{finding.what}: ", style="bold"), finding.detail))
        if finding.advice:
            console.print(Text(f"     → {finding.advice}"))
