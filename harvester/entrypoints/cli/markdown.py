"""A plan as Markdown, for a ticket or a pull request."""

from collections.abc import Mapping, Sequence
from typing import Any

from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.printable import printable


def cell(value: object) -> str:
    """Text that cannot break the table or become markup."""
    text = "" if value is None else printable(str(value))
    for character in "\\`*_[]<>|":
        text = text.replace(character, "\\" + character)
    return " ".join(text.split())


def plan_as_markdown(plan: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> str:
    counts = plan["counts"]
    said = (
        f"{counts['candidates']} recommendations: {counts['promote']} to promote, {counts['negate']} to negate, "
        f"{counts['hold']} held, {counts['skip']} skipped."
    )
    made = f"{plan['created_at'][:16].replace('T', ' ')} UTC"
    lines = [
        f"## Plan {plan['id']}: {cell(plan['profile_name'])} ({plan['country']})",
        "",
        f"Profile {plan['profile_id']}, {plan['state']}, mode {plan['mode']}, made {made}.",
        said,
        *([] if plan["complete"] else ["", "**Partial:** " + cell(" ".join(plan["troubles"]))]),
        "",
        "| item | target | becomes | where | orders of clicks | bid | rule | state |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for item in items:
        cells = (
            item["id"],
            item["target"],
            tables.what(item),
            " / ".join(filter(None, (item["campaign_name"], item["ad_group_name"]))),
            tables.evidence(item),
            tables.money(item["bid"]),
            item["rule"],
            tables.state(item).plain,
        )
        lines.append("| " + " | ".join(cell(each) for each in cells) + " |")
    notes = [f"- {item['id']}: {cell(item['note'])}" for item in items if item["note"]]
    advice = [f"- {cell(sentence)}" for sentence in plan["advice"]]
    lines += [*(["", "Notes:", "", *notes] if notes else []), *(["", "To mend:", "", *advice] if advice else [])]
    lines += ["", f"Fingerprint `{plan['fingerprint']}`"]
    return "\n".join(lines)
