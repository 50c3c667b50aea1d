"""What became of each action, profile by profile, for a person: first what needs one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.text import Text

from harvester.domain.aftermath import Judgement
from harvester.domain.profile import Profile
from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.app import Invocation, hint
from harvester.entrypoints.cli.plan import name_of

_COLOURS = {"good": "green", "regretted": "red", "too_early": "dim", "neutral": ""}
_FIRST = (Judgement.REGRETTED, Judgement.GOOD, Judgement.NEUTRAL, Judgement.TOO_EARLY)


def show_outcomes(invocation: Invocation, rows: Sequence[Mapping[str, Any]], profiles: Mapping[str, Profile]) -> None:
    console = tables.console()
    for profile_id in sorted({str(row["profile_id"]) for row in rows}):
        console.print(Text(heading(profile_id, profiles.get(profile_id)), style="bold"))
        of_profile = [row for row in rows if row["profile_id"] == profile_id]
        for row in sorted((row for row in of_profile if row["reading"]), key=_place):
            show_read(invocation, console, row)
        _show_unread(console, [row for row in of_profile if not row["reading"]])
    console.print(counted(rows))


def heading(profile_id: str, profile: Profile | None) -> str:
    return f"{name_of(profile)}, profile {profile_id}" if profile else f"profile {profile_id}"


def counted(rows: Sequence[Mapping[str, Any]]) -> str:
    """`41 actions: 36 good, 3 regretted, 2 neutral`."""
    counts = Counter(str(row["verdict"]) for row in rows)
    said = ", ".join(f"{counts[each]:,} {each.replace('_', ' ')}" for each in Judgement if counts[each])
    return f"{tables.plural(len(rows), 'action')}: {said}"


def _place(row: Mapping[str, Any]) -> int:
    """What waits for a person stands first; among the others the newest."""
    return _FIRST.index(Judgement(row["verdict"]))


def show_read(invocation: Invocation, console: Console, row: Mapping[str, Any]) -> None:
    verdict = str(row["verdict"])
    name = verdict.replace("_", " ")
    worth = f"  {Decimal(row['money']):+,.2f} {row['currency']}" if row["money"] else ""
    console.print(
        tables.hanging(Text.assemble(f"{row['action_id']}  {row['target']}  ", (name, _COLOURS[verdict] or ""), worth))
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
    said = [f"{name} {100 * float(each['acos']):.0f}%" for name, each in spans if each and each["acos"]]
    return f"; ACOS {', '.join(said)}" if said else ""
