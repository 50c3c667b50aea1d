"""`harvester approve`, `decline`, `hold` and `edit`: what a person says about the items of a plan."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.text import Text

from harvester.domain.action import ActionKind, ActionState, Standing
from harvester.domain.errors import Refused
from harvester.domain.ids import PlanId, ProfileId
from harvester.domain.profile import Mode
from harvester.domain.review import Selection, Verdict
from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.app import DONE, FAILED, Invocation, emit, hint, json_option
from harvester.entrypoints.cli.session import JudgingSession, run
from harvester.usecases.review import Edited, NewBid
from harvester.usecases.reviewable import reviewer
from harvester.usecases.verdicts import Verdicts
from harvester.wiring import Services

F = TypeVar("F", bound=Callable[..., Any])

_SAID = {Verdict.APPROVE: "Approved", Verdict.DECLINE: "Declined", Verdict.HOLD: "Held"}
_MOST_NAMED = 20


def _name(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str:
    if value is None:
        raise click.UsageError("say who you are with --by NAME, as in --by anna: it is recorded")
    try:
        return reviewer(value)
    except Refused as error:
        raise click.BadParameter(str(error)) from None


def named_or_absent(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    return None if value is None else _name(ctx, param, value)


def _amount(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"\d{1,12}(\.\d{1,12})?", value.strip(), re.ASCII):
        raise click.BadParameter("a bid is a positive plain decimal like 0.60")
    return value.strip()


by_option = click.option("--by", metavar="NAME", callback=_name, help="Who says so; recorded.  [required]")
note_option = click.option("--note", default="", metavar="TEXT", help="Why; recorded.")


def _selecting(command: F) -> F:
    for option in (
        json_option,
        note_option,
        by_option,
        click.option("--guarded", is_flag=True, help="Also what the guard holds."),
        click.option("--rule", "rules", multiple=True, metavar="R", help="Only what this rule decided; repeatable."),
        click.option(
            "--kind",
            "kinds",
            multiple=True,
            type=click.Choice([kind.value for kind in ActionKind]),
            metavar="K",
            help="Only this kind, like promote_keyword; repeatable.",
        ),
        click.option("--item", "action_ids", multiple=True, metavar="ID", help="Only this item; repeatable."),
        click.argument("plan_id", metavar="PLAN"),
    ):
        command = option(command)
    return command


@click.command()
@_selecting
@click.pass_obj
def approve(invocation: Invocation, /, plan_id: str, **options: Any) -> None:
    """Approve items of a plan, as it is now, for 72 hours.

    Without --item, --kind, --rule or --guarded: all that are planned. What the guard holds is approved only when it is
    named, by --item or --guarded; held items only by --item. Kinds that two people must approve wait for the second.
    """
    run(_say(invocation, Verdict.APPROVE, plan_id, **options))


@click.command()
@_selecting
@click.pass_obj
def decline(invocation: Invocation, /, plan_id: str, **options: Any) -> None:
    """Decline items of a plan: they are not planned again until their clicks have doubled.

    Without --item, --kind, --rule or --guarded: all that are planned.
    """
    run(_say(invocation, Verdict.DECLINE, plan_id, **options))


@click.command()
@_selecting
@click.pass_obj
def hold(invocation: Invocation, /, plan_id: str, **options: Any) -> None:
    """Hold items of a plan for later: they are sent only after somebody approves them by --item.

    Without --item, --kind, --rule or --guarded: all that are planned. The next plan of the profile supersedes them.
    """
    run(_say(invocation, Verdict.HOLD, plan_id, **options))


async def _say(
    invocation: Invocation,
    verdict: Verdict,
    plan_id: str,
    *,
    action_ids: Sequence[str],
    kinds: Sequence[str],
    rules: Sequence[str],
    guarded: bool,
    by: str,
    note: str,
    as_json: bool,
) -> int:
    selection = Selection(action_ids=action_ids, kinds=kinds, rules=rules, guarded=guarded)
    async with JudgingSession.open(invocation) as session:
        said = await session.services.review(PlanId(plan_id), verdict, selection, by, note=note)
        if as_json:
            emit(verdicts_json(said))
        else:
            console = tables.console()
            print_verdicts(console, said)
            if (said.changed or said.already) and verdict is Verdict.APPROVE:
                print_next(console, invocation, session.services, said.profile_id, plan_id, said.review.fingerprint)
    return FAILED if said.refused else DONE


@click.command()
@click.argument("plan_id", metavar="PLAN")
@click.option("--item", "action_id", required=True, metavar="ID", help="The promotion.")
@click.option("--bid", required=True, metavar="AMOUNT", callback=_amount, help="The new bid, like 0.60.")
@by_option
@note_option
@json_option
@click.pass_obj
def edit(invocation: Invocation, plan_id: str, action_id: str, bid: str, by: str, note: str, as_json: bool) -> None:
    """Give a promotion another bid, in the profile's currency. The plan has another fingerprint afterwards.

    The bid is taken as it is written, or refused: within what the marketplace takes, and never rounded. An item that
    was approved has to be approved again.
    """
    run(_edit(invocation, plan_id, action_id, bid, by, note, as_json))


async def _edit(
    invocation: Invocation, plan_id: str, action_id: str, bid: str, by: str, note: str, as_json: bool
) -> int:
    async with JudgingSession.open(invocation) as session:
        services = session.services
        formulas = {item["id"]: item["bid_formula"] async for item in services.reports.items(plan_id)}
        wanted = NewBid(action_id, bid, formulas.get(action_id, ""))
        edited = await services.review.edit(PlanId(plan_id), wanted, by, note=note)
    if as_json:
        emit({"plan_id": plan_id, **edited_json(edited), "fingerprint": edited.fingerprint})
    else:
        console = tables.console()
        print_edited(console, edited)
        console.print(f"Plan {plan_id} now has the fingerprint {edited.fingerprint}", soft_wrap=True)
    return DONE


def verdicts_json(said: Verdicts) -> dict[str, Any]:
    review = said.review
    return {
        "plan_id": review.plan_id,
        "profile_id": said.profile_id,
        "fingerprint": review.fingerprint,
        "verdict": review.verdict.value,
        "reviewed_by": review.reviewed_by,
        "reviewed_at": review.reviewed_at.isoformat(),
        "expires_at": review.expires_at.isoformat() if review.expires_at else None,
        "note": review.note,
        "changed": _ids(said.changed),
        "already": _ids(said.already),
        "waiting_for_second": _ids(said.waiting_for_second),
        "refused": [{"id": action_id, "reason": why} for action_id, why in said.refused],
        "left": [{"id": item.action_id, "state": item.state.value, "reason": item.reason} for item in said.left],
    }


def edited_json(edited: Edited) -> dict[str, Any]:
    return {
        "id": edited.action_id,
        "target": edited.target,
        "before": {"amount": format(edited.before.amount, "f"), "currency": edited.before.currency},
        "after": {"amount": format(edited.after.amount, "f"), "currency": edited.after.currency},
        "was_approved": edited.was_approved,
        "over_highest_bid": format(edited.over.amount, "f") if edited.over else None,
    }


def print_verdicts(console: Console, said: Verdicts) -> None:
    """What changed, what waits, what was refused and what was left because nobody named it."""
    review = said.review
    if said.changed:
        until = f", until {_minute(review.expires_at)}" if review.expires_at else ""
        number = tables.plural(len(said.changed), "item")
        _print(console, f"{_SAID[review.verdict]} {number} of plan {review.plan_id}{until}: {_by_kind(said.changed)}.")
    if said.already:
        _print(console, f"Already so: {_named(_ids(said.already))}.")
    if said.waiting_for_second:
        _print(
            console,
            f"Wait for a second person, under another name than {review.reviewed_by}: "
            f"{_named(f'{item.action_id} ({item.kind}, {item.target})' for item in said.waiting_for_second)}.",
            "yellow",
        )
    for action_id, why in said.refused:
        _print(console, f"Refused: item {action_id}: {why}", "red")
    if not (said.changed or said.already or said.waiting_for_second or said.refused):
        _print(console, f"Nothing of plan {review.plan_id} matched, and nothing was changed.", "yellow")
        if said.superseded:
            number = tables.plural(len(said.superseded), "item")
            _print(console, f"A newer plan of the profile has taken over {number} that nobody had reviewed.", "yellow")
    _print_left(console, said)


def _print_left(console: Console, said: Verdicts) -> None:
    guarded = [item for item in said.left if item.state is ActionState.GUARDED]
    held = [item for item in said.left if item.state is ActionState.HELD]
    if guarded:
        _print(console, f"Guarded, taken only with --item or --guarded: {_named(_ids(guarded))}.", "yellow")
    if held:
        _print(console, f"Held, taken only with --item: {_named(_ids(held))}.", "yellow")


def print_edited(console: Console, edited: Edited) -> None:
    if edited.before == edited.after:
        _print(console, f"The bid of item {edited.action_id} ({edited.target}) is {edited.after} already.")
    else:
        _print(console, f"Item {edited.action_id} ({edited.target}): bid {edited.before} → {edited.after}.")
    if edited.over is not None:
        _print(
            console,
            f"WARNING: {edited.after} is over the guard's highest_bid of {edited.over}. A person's bid goes before the "
            "guard: it will be sent as it is once it is approved.",
            "bold red",
        )
    if edited.was_approved:
        _print(console, f"It was approved at {edited.before} and has to be approved again.", "yellow")


def print_next(
    console: Console, invocation: Invocation, services: Services, profile_id: ProfileId, plan_id: str, fingerprint: str
) -> None:
    """The command that sends what was approved, on one line so that it can be copied."""
    rules = services.rules.for_profile(profile_id)
    if rules.strictest_mode(services.settings.mode) is Mode.DRY_RUN:
        _print(console, "Mode is dry-run: apply refuses until HARVESTER_MODE is review.", "yellow")
    console.print(f"Next: {hint(invocation, f'apply {plan_id} --fingerprint {fingerprint}')}", soft_wrap=True)


def _print(console: Console, sentence: str, style: str = "") -> None:
    console.print(Text(sentence, style=style))


def _ids(items: Iterable[Standing]) -> list[str]:
    return [item.action_id for item in items]


def _named(names: Iterable[str]) -> str:
    every = list(names)
    more = len(every) - _MOST_NAMED
    return ", ".join(every[:_MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _by_kind(items: Sequence[Standing]) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in Counter(item.kind.value for item in items).items())


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
