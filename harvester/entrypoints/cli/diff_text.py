"""A policy diff as a table, and as Markdown for a pull request."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.markdown import cell
from harvester.rules.explain_terms import amount

_NAMES = (("promote", "promotion"), ("negate", "negative"))
_ACTS = frozenset(outcome for outcome, _ in _NAMES)


def print_diff(told: Mapping[str, Any]) -> None:
    console = tables.console()
    console.print(tables.hanging(Text(_heading(told), style="bold"), 0))
    for sentence in _summary(told):
        console.print(tables.bullet(sentence))
    if told["movements"]:
        console.print()
        console.print(_movements(told))
    if told["flips"]:
        console.print(Text("Ord/click and spend beside each target; below it - what is in force, + what is new", "dim"))
        for flip in told["flips"]:
            console.print(_flip_line(flip))
            console.print(Padding(Text(_where(flip), style="dim"), (0, 0, 0, 2)))
            console.print(Padding(Text(f"- {_decided(flip['in_force'])}"), (0, 0, 0, 2)))
            console.print(Padding(Text(f"+ {_decided(flip['new'])}"), (0, 0, 0, 2)))
    for sentence in _fine_print(told):
        console.print(tables.bullet(sentence))


def markdown_of(told: Mapping[str, Any]) -> str:
    lines = [f"## {cell(_heading(told))}", "", *(f"- {cell(sentence)}." for sentence in _summary(told))]
    if told["movements"]:
        lines += ["", "| in force | new | rows | orders of clicks | spend, orders |", "|---|---|--:|--:|--:|"]
        for each in told["movements"]:
            cells = (*_both(each), each["rows"], tables.evidence(each))
            lines.append("| " + " | ".join(cell(value) for value in (*cells, _money_of(each))) + " |")
    if told["flips"]:
        lines += ["", "| target | where | orders of clicks | spend | in force | new |", "|---|---|--:|--:|---|---|"]
        for flip in told["flips"]:
            evidence = (flip["target"], _where(flip), tables.evidence(flip), _spend(flip))
            both = (_decided(flip["in_force"]), _decided(flip["new"]))
            lines.append("| " + " | ".join(cell(value) for value in (*evidence, *both)) + " |")
    fine_print = [f"- {cell(sentence)}." for sentence in _fine_print(told)]
    lines += [*(["", *fine_print] if fine_print else [])]
    lines += ["", f"In force `{told['in_force']['fingerprint']}`, new `{told['new']['fingerprint']}`"]
    return "\n".join(lines)


def _heading(told: Mapping[str, Any]) -> str:
    rows, profiles = tables.plural(told["rows"], "recorded row"), tables.plural(len(told["profiles"]), "profile")
    flips = told["flipped"] - told["same_outcome"]
    return (
        f"{_file(told['new'])} against {_file(told['in_force'])}: "
        f"{tables.plural(flips, 'decision flips', 'decisions flip')} of {rows} of {profiles} since {told['since'][:10]}"
    )


def _file(side: Mapping[str, Any]) -> str:
    return Path(side["rules"]).name


def _summary(told: Mapping[str, Any]) -> Iterator[str]:
    """What comes and goes of what is done; the rest follows from the table of movements."""
    for outcome, name in _NAMES:
        both = told["outcomes"][outcome]
        if both["more"]["rows"] or both["fewer"]["rows"]:
            yield f"{name}s: {both['in_force']:,} in force, {both['new']:,} new"
        for which in ("more", "fewer"):
            tally = both[which]
            if tally["rows"]:
                yield f"{tables.plural(tally['rows'], name)} {which}, with {_behind(tally)}"
    if told["same_outcome"]:
        same = tables.plural(told["same_outcome"], "decision")
        yield f"{same} more with the same outcome, by another rule or for another reason"


def _behind(tally: Mapping[str, Any]) -> str:
    """`310 clicks and 41 orders; 123.40 USD of spend with 0 orders behind 5 of them`"""
    evidence = f"{_count(tally['clicks'], 'click')} and {_count(tally['conversions'], 'order')}"
    if not tally["with_money"]:
        return evidence
    some = "" if tally["with_money"] == tally["rows"] else f" behind {tally['with_money']:,} of them"
    return f"{evidence}; {_amounts(tally['spend'])} of spend with {_count(tally['orders'], 'order')}{some}"


def _count(number: float, one: str) -> str:
    shown = f"{number:,.0f}" if float(number).is_integer() else f"{number:,.2f}"
    return f"{shown} {one}{'' if number == 1 else 's'}"


def _movements(told: Mapping[str, Any]) -> Table:
    """What was spent stands below the evidence: beside it there is no room for the names of rules."""
    table = tables.grid("In force", "New", "Rows", "Ord/click", ratios=(1, 1, 0, 0), right=(2, 3))
    for each in told["movements"]:
        behind = [tables.evidence(each)]
        if each["with_money"]:
            behind += [amount(spend, currency) for currency, spend in each["spend"].items()]
            behind.append(f"for {_count(each['orders'], 'order')}")
        table.add_row(*map(Text, _both(each)), f"{each['rows']:,}", "\n".join(behind))
    return table


def _both(movement: Mapping[str, Any]) -> tuple[str, str]:
    """`hold: no destination` -> `the same, by another rule`"""
    in_force, new = _outcome(movement["in_force"]), _outcome(movement["new"])
    return in_force, "the same, by another rule" if new == in_force else new


def _flip_line(flip: Mapping[str, Any]) -> Text:
    spend = f", {_spend(flip)}" if flip["money"] else ""
    return Text.assemble((flip["target"], "bold"), f"  {tables.evidence(flip)}{spend}")


def _where(flip: Mapping[str, Any]) -> str:
    campaign = flip["campaign_name"] or f"campaign {flip['campaign_id']}"
    ad_group = flip["ad_group_name"] or f"ad group {flip['ad_group_id']}"
    return f"{campaign} / {ad_group}, profile {flip['profile_id']}"


def _outcome(side: Mapping[str, Any]) -> str:
    """`promote, by rule proven`, `hold: not proven`"""
    outcome, reason = side["outcome"], side["reason"]
    return f"{outcome}, by rule {reason}" if outcome in _ACTS else f"{outcome}: {reason.replace('_', ' ')}"


def _decided(side: Mapping[str, Any]) -> str:
    """`hold: needs 2 more conversions`"""
    return side["why"] if side["outcome"] in _ACTS else f"{side['outcome']}: {side['why']}"


def _spend(flip: Mapping[str, Any]) -> str:
    money = flip["money"]
    return f"{amount(money['spend'], money['currency'])} in {money['window']}" if money else ""


def _money_of(tally: Mapping[str, Any]) -> str:
    return f"{_amounts(tally['spend'])}, {tally['orders']:,}" if tally["with_money"] else ""


def _amounts(amounts: Mapping[str, str]) -> str:
    return " + ".join(amount(each, currency) for currency, each in amounts.items())


def _fine_print(told: Mapping[str, Any]) -> Iterator[str]:
    """What was left out, taken for granted, or has changed."""
    if told["flips_left_out"]:
        left_out = tables.plural(told["flips_left_out"], "weaker one is", "weaker ones are")
        yield f"{left_out} not shown one by one: --most shows more of them"
    for each in told["assumed"]:
        yield f"Assumed for {tables.plural(each['flips'], 'flip')}, on both sides: {each['what']}"
    for each in told["unjudged"]:
        yield f"{tables.plural(each['rows'], 'row')} cannot be judged: {each['why']}"
    if told["changed_since"]:
        changed = tables.plural(told["changed_since"], "row was", "rows were")
        yield f"{changed} decided otherwise when recorded than the rules in force decide now"
