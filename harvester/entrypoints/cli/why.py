"""`harvester why`: every decision ever made about a keyword or ASIN, in sentences."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import click
import yaml
from rich.text import Text

from harvester.domain.action import ActionState
from harvester.domain.target import fold
from harvester.entrypoints.cli import sentences, tables
from harvester.entrypoints.cli.app import DONE, Invocation, emit, hint, json_option
from harvester.entrypoints.cli.sentences import ad_group_named, at_length, reason
from harvester.entrypoints.cli.session import Session, run
from harvester.rules.explain_terms import words_in

Names = Mapping[str, str]
"""Of source ad groups, by id."""
_WAITING = frozenset({ActionState.PLANNED, ActionState.GUARDED, ActionState.HELD})


@click.command()
@click.argument("text", required=False)
@click.option("--id", "amazon_id", metavar="TARGET", help="The whole story of one Amazon id instead.")
@click.option("--profile", "profile_id", metavar="ID", help="Only in this profile.")
@json_option
@click.pass_obj
def why(invocation: Invocation, text: str | None, amazon_id: str | None, profile_id: str | None, as_json: bool) -> None:
    """Every decision ever made about a keyword or ASIN, and what was measured, in sentences.

    TEXT is compared as the rules compare: case, width and blanks do not matter. With --id, how something came to be in
    your account: recommendation, findings, rule, reviewer, request and answer.
    """
    if (text is None) == (amazon_id is None):
        raise click.UsageError("say what to explain: a keyword or ASIN, or --id with an Amazon id")
    if text is not None:
        run(_why(invocation, text, profile_id, as_json))
    elif amazon_id is not None:
        run(_why_id(invocation, amazon_id, profile_id, as_json))


async def _why(invocation: Invocation, text: str, profile_id: str | None, as_json: bool) -> int:
    async with Session.open(invocation) as session:
        reports = session.services.reports
        rows = [row async for row in reports.why(fold(text), text, profile_id)]
        horizon = await reports.horizon()
        spoken_of = await reports.names(sentences.ad_groups_in(rows))
        actions = [action for row in rows for action in row.get("actions", ())]
        outcomes = await session.services.outcomes.of({str(action["id"]) for action in actions})
    for action in actions:
        action["outcome"] = outcomes.get(str(action["id"]))
    if as_json:
        emit({"decisions": rows, "complete_since": horizon and horizon.before.isoformat()})
        return DONE
    _tell(invocation, text, profile_id, rows, {each: ad_group_named(*named) for each, named in spoken_of.items()})
    if horizon is not None:
        click.echo(sentences.horizon(horizon))
    return DONE


def _tell(
    invocation: Invocation, text: str, profile_id: str | None, rows: Sequence[Mapping[str, Any]], spoken_of: Names
) -> None:
    console = tables.console()
    if not rows:
        where = f" in profile {profile_id}" if profile_id else ""
        click.echo(f"“{text}” was never recommended{where}, as far as this ledger goes.")
        everything = hint(invocation, "show PLAN --all")
        console.print(tables.hanging(f"The whole text is compared; every target of a run stands in {everything}", 0))
        return
    heading, names = None, {**spoken_of, **_names(rows)}
    outcomes: dict[str, Mapping[str, Any] | None] = {}
    for row in rows:
        if row["profile_id"] != heading:
            heading = row["profile_id"]
            whose = Text(f"“{tables.target(row)}” in profile {heading} (account {row['account']})", style="bold")
            console.print(tables.hanging(whose))
        for line in _story(row, names):
            console.print(tables.hanging(line))
        for action in row.get("actions", ()):
            outcomes.setdefault(str(action["id"]), action["outcome"])
    for action_id, outcome in outcomes.items():
        for sentence in _became(outcome):
            console.print()
            console.print(tables.hanging(f"What became of item {action_id}: {sentence}", 2))


def _became(outcome: Mapping[str, Any] | None) -> list[str]:
    """By the newest reading; nothing where there is none yet."""
    if outcome is None or not outcome["reading"]:
        return []
    undo = outcome["undo_plan_id"] if outcome["state"] == "done" else None
    back = f" Plan {undo} would take it back." if undo else ""
    return [f"After {outcome['reading']} days: {outcome['verdict'].replace('_', ' ')}, {outcome['sentence']}.{back}"]


def _names(rows: Iterable[Mapping[str, Any]]) -> Names:
    """As an item has kept them, else as the last run knew them."""
    names: dict[str, str] = {}
    for row in rows:
        if row.get("ad_group_name"):
            names.setdefault(row["ad_group_id"], ad_group_named(row["ad_group_name"], row["campaign_name"]))
        for each in row.get("actions", ()):
            if each.get("source_ad_group_name"):
                kept = ad_group_named(each["source_ad_group_name"], each["source_campaign_name"])
                names[each["source_ad_group_id"]] = kept
    return names


async def _why_id(invocation: Invocation, amazon_id: str, profile_id: str | None, as_json: bool) -> int:
    async with Session.open(invocation) as session:
        chapters = await session.services.stories.of(amazon_id, profile_id)
        outcomes = await session.services.outcomes.of({str(chapter["action_id"]) for chapter in chapters})
    for chapter in chapters:
        chapter["outcome"] = outcomes.get(str(chapter["action_id"]))
    if as_json:
        emit({"actions": chapters})
        return DONE
    if not chapters:
        click.echo(f"Harvester neither made nor changed anything that Amazon calls {amazon_id}.")
        return DONE
    console = tables.console()
    for number, chapter in enumerate(chapters):
        if number:
            console.print()
        for line in _chapter(chapter):
            console.print(tables.hanging(line))
    return DONE


def _chapter(chapter: Mapping[str, Any]) -> list[Text]:
    kind = chapter["kind"].replace("_", " ")
    lines = [
        Text(f"Item {chapter['action_id']} of plan {chapter['plan_id']}: {kind} “{chapter['target']}”", style="bold"),
        Text(f"  is {chapter['state']} in profile {chapter['profile_id']}"),
    ]
    if chapter["rule"]:
        lines += [Text(f"  {line}") for line in _rule(chapter["rule"], chapter["rule_text"])]
    if chapter["waits"]:
        lines.append(Text(f"  The negative at its source {chapter['waits']}"))
    if chapter["bid_formula"]:
        lines.append(Text(f"  Bid: {chapter['bid_formula']}"))
    from_there = [{**chapter, "source_ad_group_id": each["ad_group_id"]} for each in chapter["decisions"]]
    names = _names([{"actions": from_there}])
    for decision in chapter["decisions"]:
        lines += _story(decision, names)
    lines += [Text(""), Text("  What became of it:")]
    for event in chapter["events"]:
        call = f", call {event['call_id']}" if event["call_id"] else ""
        error = f": {event['error_message']}" if event["error_message"] else ""
        lines.append(Text(f"  {_moment(event['at'])} {event['to_state']} by {event['changed_by']}{call}{error}"))
    lines += [Text(f"  {sentence}") for sentence in _became(chapter["outcome"])]
    for call in chapter["calls"]:
        answer = f"answered {call['status']}" if call["status"] else "got no answer"
        lines.append(Text(""))
        lines.append(Text(f"  Call {call['call_id']}, position {call['position']}: {call['method']} {call['path']}"))
        lines.append(Text(f"  {answer}, request id {call['request_id']}"))
        if chapter["fragment"]:
            lines.append(Text(f"  sent: {_flat(json.loads(chapter['fragment']))}"))
    return lines


def _flat(value: Any) -> str:
    """`target running shoes, bid 0.75`; byte for byte it is in the JSON."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_inside(each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(_inside(each) for each in value)
    return str(value)


def _inside(value: Any) -> str:
    return f"({_flat(value)})" if isinstance(value, (Mapping, list)) else str(value)


def _rule(name: str, rule: Mapping[str, Any] | None) -> Iterator[str]:
    """As it would stand in a rules file, without what it leaves open, which is most of its keys."""
    if rule is None:
        yield f"Rule {name}, of which the ledger has no text"
        return
    yield f"Rule {name}, as it was then:"
    said = {key: each for key, each in _said(rule).items() if key != "name"}
    for line in yaml.safe_dump(said, allow_unicode=True, sort_keys=False, width=1000).splitlines():
        yield f"  {line}"


def _said(value: Any) -> Any:
    if isinstance(value, Mapping):
        said = {key: _said(each) for key, each in value.items()}
        return {key: each for key, each in said.items() if each not in ({}, [], None)}
    return value


def _moment(text: str) -> str:
    return text[:19].replace("T", " ")


def _counted(number: float | None, one: str) -> str:
    return f"{tables.number(number)} {one}{'' if number == 1 else 's'}"


def _seen(row: Mapping[str, Any], names: Names) -> str:
    ad_group = _ad_group(row["ad_group_id"], names)
    if row["source"] == "brands":
        where = ad_group if row["ad_group_id"] else f"campaign {row['campaign_id']}"
        return f"brand that the rules file names for {where}"
    return _suggestion(row, ad_group) if "themes" in row["metrics"] else _recommendation(row, ad_group)


def _ad_group(ad_group_id: str, names: Names) -> str:
    name = names.get(ad_group_id)
    return f"ad group {name} ({ad_group_id})" if name else f"ad group {ad_group_id}"


def _recommendation(row: Mapping[str, Any], ad_group: str) -> str:
    metrics = row["metrics"]
    clicks, conversions = (
        _counted(metrics.get(name), one) for name, one in (("clicks", "click"), ("conversions", "order"))
    )
    if metrics.get("windows"):
        kind = "search term" if row["target_type"] == "KEYWORD" else "product that shoppers came from"
        return f"{kind} of {ad_group}, with {words_in(metrics)}"
    ad = f"ad {row['ad_id']}" + (f" of {row['ad_asin']}" if row["ad_asin"] else "")
    return f"{row['target_type'].lower()} for {ad} in {ad_group}, with {conversions} of {clicks}"


def _suggestion(row: Mapping[str, Any], ad_group: str) -> str:
    """Without clicks and orders, which a suggestion never has."""
    themes = "; ".join(row["metrics"]["themes"]) or "no theme"
    products = ", ".join(row["metrics"].get("asked_for", ()))
    return f"{row['target_type'].lower()} suggested for {products} of {ad_group} ({themes})"


def _story(row: Mapping[str, Any], names: Names) -> list[Text]:
    when = row["decided_at"][:16].replace("T", " ")
    lines = [Text(""), Text(f"{when} UTC, run {row['run_id']}: {_seen(row, names)}.")]
    first, *rest = at_length(row, names)
    lines.append(Text(f"  {first[:1].upper()}{first[1:]}", style="bold"))
    lines += [Text(f"  {sentence}") for sentence in rest]
    lines += [Text(f"  {_item(action)}") for action in row.get("actions", ())]
    return lines


def _item(action: Mapping[str, Any]) -> str:
    by = f", reviewed by {action['reviewed_by']}" if action["reviewed_by"] else ""
    made = f"; at Amazon it is {action['amazon_id']}" if action["amazon_id"] else ""
    because = before = ""
    waits = f"; the negative at its source {action['waits']}" if action.get("waits") else ""
    if action["state"] in _WAITING or action["reason"] == "already_there":
        because = f", because {reason(action['reason'])}" if action["reason"] else ""
    elif action["reason"]:
        before = f"; before that it waited, because {reason(action['reason'])}"
    item = f"item {action['id']} ({action['kind'].replace('_', ' ')})"
    return f"In plan {action['plan_id']} it is {item}: {action['state']}{because}{by}{made}{before}{waits}."
