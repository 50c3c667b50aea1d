"""`harvester migrate` and `harvester doctor`."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import Any

import click
from rich.text import Text

from harvester.config.settings import Settings
from harvester.domain.errors import HarvesterError
from harvester.domain.profile import UnreadableProfile
from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.app import DONE, FAILED, Invocation, as_typed_here, emit, json_option
from harvester.entrypoints.cli.finding import Finding, advice_on
from harvester.entrypoints.cli.selling_partner import catalog_rules, no_selling_partner, selling_partner_check
from harvester.entrypoints.cli.session import Session, load_settings, run
from harvester.entrypoints.cli.tables import plural
from harvester.rules.ruleset import RuleSet
from harvester.wiring import bring_up_to_date, database_address, load_rules, rules_path
from harvester.wiring.notifying import make_notifier


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
_MOST_CLOCK_SECONDS = 60.0
"""A person waits for the doctor."""


@click.command()
@json_option
@click.pass_obj
def doctor(invocation: Invocation, as_json: bool) -> None:
    """Check settings, notifications, rules, database, tokens, hosts, profile access and clock: one line each, and what
    to do.
    """
    run(_doctor(invocation, as_json))


async def _doctor(invocation: Invocation, as_json: bool) -> int:
    findings = await examine(invocation)
    if as_json:
        emit({"healthy": all(finding.well for finding in findings), "checks": [asdict(each) for each in findings]})
    else:
        _print(invocation, findings)
    return DONE if all(finding.well for finding in findings) else FAILED


async def examine(invocation: Invocation) -> Sequence[Finding]:
    """In the order in which one needs the other: what cannot be asked is left out. Rules are needed by none of them."""
    try:
        settings = load_settings(invocation)
    except HarvesterError as error:
        return [Finding("settings", well=False, detail=str(error), advice="mend the setting; see docs/settings.md")]
    findings = [
        Finding("settings", well=True, detail=f"mode {settings.mode}, {plural(len(settings.accounts), 'account')}"),
        await _notification_check(settings),
    ]
    rules, finding = _rules_check(settings)
    findings.append(finding)
    try:
        async with Session.open(invocation, most_patience_seconds=_PATIENCE_SECONDS) as session:
            return [*findings, *await _open_checks(session, rules)]
    except HarvesterError as error:
        advice = "see docs/settings.md, HARVESTER_DATABASE_URL and HARVESTER_DATA_DIR"
        return [*findings, Finding("database", well=False, detail=str(error), advice=advice)]


def _rules_check(settings: Settings) -> tuple[RuleSet | None, Finding]:
    try:
        rules = load_rules(settings)
    except HarvesterError as error:
        advice = "mend the line; `harvester rules check` names every mistake"
        return None, Finding("rules", well=False, detail=str(error), advice=advice)
    told = f"{rules_path(settings) or 'built in'}, {plural(len(rules.rules), 'rule')}, {rules.fingerprint[:12]}"
    return rules, Finding("rules", well=True, detail=told)


async def _notification_check(settings: Settings) -> Finding:
    """Sends nothing."""
    try:
        shown = await make_notifier(settings).check()
    except HarvesterError as error:
        advice = "docs/notifications.md has examples"
        return Finding("notifications", well=False, detail=str(error), advice=advice)
    if not shown:
        return Finding("notifications", well=True, detail="nobody is told: HARVESTER_NOTIFY_URLS is not set")
    detail = (
        f"{plural(len(shown), 'address', 'addresses')}: {', '.join(shown)}; `harvester notify --test` sends a message"
    )
    return Finding("notifications", well=True, detail=detail)


async def _open_checks(session: Session, rules: RuleSet | None) -> list[Finding]:
    services = session.services
    version = await services.reports.server_version()
    findings = [_database_check(version, await services.reports.takes_changes())]
    if not services.logins:
        findings.append(
            Finding("accounts", well=False, detail="none", advice="set HARVESTER_ACCOUNTS__MAIN__... or try `demo`")
        )
    for login in services.logins:
        wanted = services.settings.accounts[login.account].profiles
        findings.extend(await _login_checks(login.account, wanted, login.check))
        partner = services.selling_partners.get(login.account)
        if partner is not None:
            findings.append(await selling_partner_check(login, partner))
        elif rules is not None and catalog_rules(rules):
            findings.append(no_selling_partner(login.account))
    return findings


def _database_check(version: str, takes_changes: bool) -> Finding:
    if takes_changes:
        return Finding("database", well=True, detail=f"PostgreSQL {version}, schema at this version")
    detail = f"PostgreSQL {version} takes no changes: it is a standby, or default_transaction_read_only is on"
    return Finding("database", well=False, detail=detail, advice="let HARVESTER_DATABASE_URL name the primary")


async def _login_checks(account: str, wanted: Sequence[str], check: Callable[[], Awaitable[Any]]) -> Sequence[Finding]:
    try:
        found = await asyncio.wait_for(check(), timeout=180)
    except HarvesterError as error:
        return [Finding(f"account {account}", well=False, detail=str(error), advice=_advice(error))]
    except TimeoutError:
        return [Finding(f"account {account}", well=False, detail="no answer within 180 s", advice="check the network")]
    return [
        Finding(f"account {account}, token", well=True, detail=f"given in {found.token_ms:.0f} ms"),
        Finding(f"account {account}, host", well=True, detail=f"{found.host} answers in {found.profiles_ms:.0f} ms"),
        _profile_check(account, wanted, found.profile_ids),
        *_unreadable_checks(account, wanted, found.unreadable),
        _clock_check(account, found.ahead_seconds),
    ]


def _profile_check(account: str, wanted: Sequence[str], seen: Sequence[str]) -> Finding:
    what, missing = f"account {account}, profiles", sorted(set(wanted) - set(seen))
    if missing:
        detail = f"cannot edit {', '.join(missing)}"
        return Finding(what, well=False, detail=detail, advice="correct __PROFILES, or ask for edit access to them")
    advice = "" if seen else "the login sees no profile: is the region right, has it ever advertised?"
    return Finding(what, well=bool(seen), detail=f"can edit {plural(len(seen), 'profile')}", advice=advice)


def _unreadable_checks(account: str, wanted: Sequence[str], unreadable: Sequence[UnreadableProfile]) -> list[Finding]:
    advice = "ask Amazon's support what is wrong with it, or name in __PROFILES those that you want"
    return [
        Finding(f"account {account}, profile {each.profile_id or '?'}", well=False, detail=each.reason, advice=advice)
        for each in unreadable
        if not wanted or each.profile_id is None or each.profile_id in wanted
    ]


def _clock_check(account: str, ahead_seconds: float | None) -> Finding:
    """Approvals expire and budgets of a day end by our clock."""
    what = f"account {account}, clock"
    if ahead_seconds is None:
        return Finding(what, well=True, detail="Amazon named no time to compare with")
    off, side = abs(ahead_seconds), "ahead of" if ahead_seconds > 0 else "behind"
    if off <= _MOST_CLOCK_SECONDS:
        return Finding(what, well=True, detail=f"within {_MOST_CLOCK_SECONDS:.0f} s of Amazon's")
    detail = f"{off:.0f} s {side} Amazon's"
    return Finding(what, well=False, detail=detail, advice="set this machine's clock; a time service keeps it right")


def _advice(error: HarvesterError) -> str:
    return "see docs/settings.md, Accounts" if "invalid" in str(error) else advice_on(error)


def _print(invocation: Invocation, findings: Sequence[Finding]) -> None:
    console = tables.console()
    for finding in findings:
        mark = Text("ok   ", style="green") if finding.well else Text("FAIL ", style="bold red")
        line = Text.assemble(mark, Text(f"{finding.what}: ", style="bold"), as_typed_here(invocation, finding.detail))
        console.print(tables.hanging(line, further=len(mark)))
        if finding.advice:
            console.print(tables.hanging(f"     → {as_typed_here(invocation, finding.advice)}"))
