"""`harvester apply`, `reconcile`, `drift`, `undo`, `pause` and `resume`: the commands that meet the account."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from harvester.domain.errors import Refused
from harvester.domain.ids import Fingerprint, PlanId, ProfileId, RunId
from harvester.domain.profile import Profile
from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.app import DONE, FAILED, Invocation, as_typed_here, emit, hint, json_option, say
from harvester.entrypoints.cli.moments import Moment
from harvester.entrypoints.cli.plan import failed_name, failure_json, name_of
from harvester.entrypoints.cli.review import by_option
from harvester.entrypoints.cli.session import JudgingSession, Session, run
from harvester.ports import AdsLogin
from harvester.usecases.apply import Applied
from harvester.usecases.drift import Drifted
from harvester.usecases.reconcile import Settled
from harvester.usecases.undo import ToUndo

_profile = click.option(
    "--profile", "profile_ids", multiple=True, metavar="ID", help="Only this profile; may be repeated."
)


@click.command()
@click.argument("plan_id", metavar="PLAN")
@click.option("--fingerprint", metavar="F", help="What you reviewed; `approve` and `show` print it.  [required]")
@json_option
@click.pass_obj
def apply(invocation: Invocation, plan_id: str, fingerprint: str | None, as_json: bool) -> None:
    """Send the approved items of a plan, exactly as they were reviewed.

    Each item is compared with the account first: what moved since the plan was made is not sent and becomes stale. What
    gets no answer is unknown until `harvester reconcile` has looked. May be repeated until nothing is left. Ctrl-C ends
    the call in flight, records it, and stops.
    """
    if not fingerprint:
        raise click.UsageError(
            f"say with --fingerprint what you reviewed; `{hint(invocation, f'show {plan_id}')}` prints it at its end"
        )
    run(
        _apply(invocation, PlanId(plan_id), Fingerprint(fingerprint), as_json),
        "stopped; what was sent is recorded, and the same command sends the rest",
    )


async def _apply(invocation: Invocation, plan_id: PlanId, fingerprint: Fingerprint, as_json: bool) -> int:
    async with JudgingSession.open(invocation) as session:
        services = session.services
        profile, login = await session.owner_of(plan_id)
        console = tables.console(stderr=True)
        columns = (TextColumn("sending"), BarColumn(bar_width=30), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("sending", total=None)
            applied = await services.apply(
                profile,
                plan_id,
                fingerprint,
                login.reader(profile, None),
                services.writer(login, profile),
                lambda sent, total: bar.update(task, completed=sent, total=total),
            )
        plan = await services.reports.plan(plan_id)
        states = await services.reports.item_states(plan_id)
    assert plan is not None
    if as_json:
        emit({"plan": plan, **_applied_json(applied)})
    else:
        _show_applied(invocation, plan, applied, states)
    troubled = applied.refused or applied.unknown or applied.stale or applied.stopped or applied.waiting
    return FAILED if troubled or states.get("unknown") else DONE


def _applied_json(applied: Applied) -> dict[str, Any]:
    return {
        "done": applied.done,
        "refused": applied.refused,
        "unknown": applied.unknown,
        "stale": applied.stale,
        "waiting": applied.waiting,
        "stopped": applied.stopped or None,
        "reasons": [
            {"state": state, "reason": reason, "items": items} for (state, reason), items in applied.reasons.items()
        ],
    }


def _show_applied(invocation: Invocation, plan: Mapping[str, Any], applied: Applied, states: Mapping[str, int]) -> None:
    """`states`: of all items of the plan now, also those of earlier calls."""
    console = tables.console()
    console.print(
        f"{applied.done:,} done, {applied.refused:,} refused, {applied.unknown:,} unknown, {applied.stale:,} stale, "
        f"{applied.waiting:,} still waiting."
    )
    for (state, reason), items in applied.reasons.most_common():
        console.print(f"  {items:,} {state}: {as_typed_here(invocation, reason)}")
    if applied.stopped:
        console.print(f"Stopped: {as_typed_here(invocation, applied.stopped)}")
    earlier = states.get("unknown", 0) - applied.unknown
    if earlier > 0:
        console.print(f"  {tables.plural(earlier, 'item')} of an earlier call: still unknown")
    if following := _what_next(invocation, plan, applied, states):
        console.print(following, soft_wrap=True)


def _what_next(invocation: Invocation, plan: Mapping[str, Any], applied: Applied, states: Mapping[str, int]) -> str:
    plan_id = plan["id"]
    if states.get("unknown"):
        return f"Next: {hint(invocation, 'reconcile')}\nThen the same command again."
    if applied.waiting:
        stuck = sum(items for (state, _), items in applied.reasons.items() if state == "waiting")
        if stuck < applied.waiting:
            return "Next: the same command again."
        return f"Next, once nothing stands in their way: the same command again; {hint(invocation, f'show {plan_id}')}"
    if applied.done:
        takes_back = not plan["counts"]["candidates"]
        return "" if takes_back else f"To take it back: {hint(invocation, f'undo {plan_id}')}"
    if states.get("planned"):
        return f"Nothing more is approved. Next: {hint(invocation, f'approve {plan_id} --by YOUR-NAME')}"
    return f"Nothing of plan {plan_id} is left to send."


@click.command()
@_profile
@json_option
@click.pass_obj
def reconcile(invocation: Invocation, profile_ids: tuple[str, ...], as_json: bool) -> None:
    """Settle what nobody knows by listing the account: it arrived, or it never did.

    An item that never arrived returns to approved while its approval holds. What cannot be settled stays visible, and
    blocks a second send of the same.
    """
    run(_reconcile(invocation, profile_ids, as_json))


async def _reconcile(invocation: Invocation, profile_ids: tuple[str, ...], as_json: bool) -> int:
    async with Session.open(invocation) as session:
        session.demand_accounts()
        services = session.services

        async def work(profile: Profile, login: AdsLogin) -> Settled:
            return await services.reconcile(profile, login.reader(profile, None))

        result = await services.fleet(profile_ids, work)
    still_open = any(settled.open or settled.too_early for _, settled in result.done)
    if as_json:
        emit(
            {
                "profiles": [_settled_json(profile, settled) for profile, settled in result.done],
                "failed": [failure_json(failure) for failure in result.failed],
            }
        )
    else:
        for profile, settled in result.done:
            click.echo(f"{name_of(profile)}: {_settled_words(settled)}")
        for failure in result.failed:
            say(f"{failed_name(failure)}: {failure.reason}")
    return FAILED if result.failed or still_open else DONE


def _settled_words(settled: Settled) -> str:
    if settled == Settled():
        return "nothing to settle"
    told = f"{settled.arrived} arrived, {settled.never_arrived} never arrived, {settled.too_early} too early to say"
    return told + (f", open: {', '.join(settled.open)}" if settled.open else "")


def _settled_json(profile: Profile, settled: Settled) -> dict[str, Any]:
    return {
        "profile_id": profile.profile_id,
        "arrived": settled.arrived,
        "never_arrived": settled.never_arrived,
        "too_early": settled.too_early,
        "open": list(settled.open),
    }


@click.command()
@_profile
@json_option
@click.pass_obj
def drift(invocation: Invocation, profile_ids: tuple[str, ...], as_json: bool) -> None:
    """What Harvester made and somebody changed, paused or removed since."""
    run(_drift(invocation, profile_ids, as_json))


async def _drift(invocation: Invocation, profile_ids: tuple[str, ...], as_json: bool) -> int:
    async with Session.open(invocation) as session:
        session.demand_accounts()
        services = session.services

        async def work(profile: Profile, login: AdsLogin) -> list[Drifted]:
            return list(await services.drift(profile, login.reader(profile, None)))

        result = await services.fleet(profile_ids, work)
    if as_json:
        drifted = [_drift_json(profile, each) for profile, found in result.done for each in found]
        emit({"drifted": drifted, "failed": [failure_json(failure) for failure in result.failed]})
    else:
        table = tables.grid("Item", "Profile", "Target", "What", ratios=(0, 2, 3, 4))
        for profile, found in result.done:
            for each in found:
                what = f"{each.what}: {each.detail}"
                table.add_row(each.action.action_id, name_of(profile), each.action.target, what)
        if table.row_count:
            tables.console().print(table)
        elif not result.failed:
            click.echo("everything that Harvester made is as it left it")
        for failure in result.failed:
            say(f"{failed_name(failure)}: {failure.reason}")
    return FAILED if result.failed else DONE


def _drift_json(profile: Profile, each: Drifted) -> dict[str, Any]:
    action = each.action
    return {
        "profile_id": profile.profile_id,
        "action_id": action.action_id,
        "plan_id": action.plan_id,
        "kind": action.kind,
        "target": action.target,
        "amazon_id": action.amazon_id,
        "what": each.what,
        "detail": each.detail,
    }


@click.command()
@click.argument("plan_id", metavar="[PLAN]", required=False)
@click.option("--item", "action_ids", multiple=True, metavar="ID", help="Only this item; may be repeated.")
@click.option("--run", "run_id", metavar="RUN", help="Everything that came of this run.")
@click.option(
    "--since",
    type=Moment(),
    metavar="TIME",
    help="Everything done since then, like 2026-11-20 or 2026-11-20T18:30 (UTC); needs --profile.",
)
@click.option("--profile", "profile_id", metavar="ID", help="The profile that --since is about.")
@json_option
@click.pass_obj
def undo(
    invocation: Invocation,
    plan_id: str | None,
    action_ids: tuple[str, ...],
    run_id: str | None,
    since: datetime | None,
    profile_id: str | None,
    as_json: bool,
) -> None:
    """Plan how to take back what was done: in dependency order, to review and apply like any plan.

    Works at any age. What a person has edited since is held, with what was edited.
    """
    if not (plan_id or action_ids or run_id or since):
        raise click.UsageError("say what to undo: a PLAN, --item, --run, or --since with --profile")
    if since and not profile_id:
        raise click.UsageError("--since needs --profile")
    what = ToUndo(
        action_ids,
        PlanId(plan_id) if plan_id else None,
        RunId(run_id) if run_id else None,
        since.replace(tzinfo=UTC) if since else None,
    )
    run(_undo(invocation, what, plan_id, profile_id, as_json))


async def _undo(
    invocation: Invocation, what: ToUndo, plan_id: str | None, profile_id: str | None, as_json: bool
) -> int:
    async with JudgingSession.open(invocation) as session:
        services = session.services
        owner = profile_id or await services.reports.profile_of(plan_id, what.action_ids, what.run_id)
        if owner is None:
            raise Refused("nothing of that is known; `harvester plans` lists the plans")
        profile, login = await session.login_of(owner)
        undone = await services.undo(profile, what, login.reader(profile, None))
        plan = await services.reports.plan(undone.plan_id) if undone.plan_id else None
    if as_json:
        left = [{"item": action_id, "reason": reason} for action_id, reason in undone.left_alone]
        emit({"plan": plan, "left_alone": left})
    else:
        _show_undone(invocation, plan, undone.left_alone)
    return DONE if plan else FAILED


def _show_undone(invocation: Invocation, plan: Mapping[str, Any] | None, left_alone: Any) -> None:
    for action_id, reason in left_alone:
        click.echo(f"{action_id} is left alone: {reason}")
    if plan is None:
        click.echo("nothing can be undone")
        return
    items = tables.plural(plan["counts"]["actions"], "item")
    click.echo(f"plan {plan['id']} takes it back in {items}; nothing is sent yet")
    look, agree = (hint(invocation, f"{verb} {plan['id']}") for verb in ("show", "approve"))
    click.echo(f"Next: {look}\nThen: {agree} --by YOUR-NAME")


def not_empty(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """A script's variable that is not set must not become every profile."""
    if value is not None and not value.strip():
        raise click.BadParameter("say which profile, or leave the option out for all of them")
    return value


def _switch(name: str, help_text: str, *, paused: bool) -> click.Command:
    @click.command(name, help=help_text)
    @click.option(
        "--profile", "profile_id", metavar="ID", callback=not_empty, help="Only this profile; without it, all of them."
    )
    @by_option
    @json_option
    @click.pass_obj
    def switch(invocation: Invocation, profile_id: str | None, by: str, as_json: bool) -> None:
        run(_set_paused(invocation, profile_id, by, paused, as_json))

    return switch


async def _set_paused(invocation: Invocation, profile_id: str | None, by: str, paused: bool, as_json: bool) -> int:
    async with Session.open(invocation) as session:
        await session.services.actions.pause(ProfileId(profile_id) if profile_id else None, by, paused)
    if as_json:
        emit({"profile_id": profile_id, "paused": paused, "by": by})
    else:
        click.echo(_switched(invocation, profile_id, paused=paused))
    return DONE


def _switched(invocation: Invocation, profile_id: str | None, *, paused: bool) -> str:
    if paused:
        what, back = (
            (f"profile {profile_id} is", f" --profile {profile_id}") if profile_id else ("all profiles are", "")
        )
        lift = hint(invocation, f"resume{back} --by YOUR-NAME")
        return f"{what} paused: nothing is sent any more\nTo lift it: {lift}"
    if profile_id:
        return f"the pause of profile {profile_id} is lifted; one of all profiles would still hold"
    return "the pause of all profiles is lifted; one that was paused by itself stays so"


pause = _switch(
    "pause", "The kill switch: nothing is sent to an account any more, checked before every call.", paused=True
)
resume = _switch("resume", "Lift the kill switch.", paused=False)
