"""What a glance at the fleet looks like, at 80 columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from rich.console import Group, RenderableType
from rich.text import Text

from harvester.domain.vitals import Vitals
from harvester.entrypoints.cli import tables
from harvester.entrypoints.web.health import readiness

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_CHORES = {
    "discover": "looking for profiles",
    "expire": "approvals that run out",
    "retain": "retention",
    "notify": "notifications",
    "outcomes": "looking back at what was done",
}

Row = dict[str, Any]


class Lists(Protocol):
    """The first of each group; rows are JSON-shaped."""

    @property
    def running(self) -> Sequence[Row]: ...
    @property
    def due(self) -> Sequence[Row]: ...
    @property
    def set_aside(self) -> Sequence[Row]: ...
    @property
    def failing(self) -> Sequence[Row]: ...
    @property
    def paused(self) -> Sequence[Row]: ...
    @property
    def logins(self) -> Sequence[Row]: ...
    @property
    def replicas(self) -> Sequence[Row]: ...
    @property
    def modes(self) -> Row: ...
    @property
    def timezones(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class Seen:
    """One look at the fleet."""

    at: datetime
    settings_mode: str
    vitals: Vitals
    lists: Lists
    next_due: datetime | None

    @property
    def reasons(self) -> Sequence[str]:
        """Why it is not well; empty where it is."""
        said = []
        if self.vitals.failing:
            said.append(f"{tables.plural(self.vitals.failing, 'task')} failing")
        if self.vitals.accounts_failing:
            said.append(f"{tables.plural(self.vitals.accounts_failing, 'login')} failing")
        if self.vitals.rules_broken:
            said.append(f"{tables.plural(self.vitals.rules_broken, 'replica')} with a broken rules file")
        checks = readiness(self.vitals, draining=False)
        if self.was_served and not checks["clock"].well:
            said.append(self.idle)
        if not checks["queue"].well:
            said.append(checks["queue"].detail)
        return said

    @property
    def was_served(self) -> bool:
        """The schedule ever ran, or somebody was there to run it: that nobody is there now has a reason."""
        return self.vitals.harvested_seconds is not None or bool(self.lists.replicas)

    @property
    def idle(self) -> str:
        """Why nothing falls due; empty where somebody holds the clock."""
        if readiness(self.vitals, draining=False)["clock"].well:
            return ""
        if not self.vitals.serving:
            return "no `harvester serve` is alive: nothing is harvested by the schedule until one runs"
        return "no replica holds the clock: nothing falls due until one takes it, within seconds"


def page(seen: Seen) -> RenderableType:
    return Group(*_head(seen), *_groups(seen))


def span(seconds: float) -> str:
    """`12 s`, `5 min`, `3 h`, `2 days`"""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        return f"{seconds / _HOUR:.0f} h"
    return f"{seconds / _DAY:.0f} days"


def _head(seen: Seen) -> Iterator[RenderableType]:
    vitals, modes = seen.vitals, seen.lists.modes
    counted = [
        ("running", vitals.running),
        ("due", vitals.due),
        ("set aside", vitals.set_aside),
        ("failing", vitals.failing),
    ]
    line = Text(tables.plural(vitals.profiles, "profile"), style="bold")
    for name, count in counted:
        style = "bold red" if name == "failing" and count else ""
        line.append(" · ").append(f"{count:,} {name}", style=style)
    if vitals.coming:
        line.append(f" · {vitals.coming:,} about to start")
    yield line
    yield tables.hanging(_mode(seen))
    if modes["paused"]:
        yield Text(f"All paused by {modes['paused_by']} since {_when(modes['paused_at'])}", style="bold yellow")
    yield tables.hanging(_times(seen))
    if seen.idle and not seen.was_served:
        yield tables.hanging(Text(_sentence(seen.idle), style="yellow"))
    for reason in seen.reasons:
        yield tables.hanging(Text(f"! {reason}", style="red"))


def _mode(seen: Seen) -> str:
    modes = seen.lists.modes
    said = f"Mode {seen.settings_mode} by the settings here"
    theirs = {row["mode"] for row in seen.lists.replicas if row["there"] and row.get("mode")}
    if len(theirs) == 1 and theirs != {seen.settings_mode}:
        said += f", {theirs.pop()} by those of the replicas"
    if modes["mode"]:
        said += f", {modes['mode']} by {modes['mode_by']} since {_when(modes['mode_at'])}"
    for mode, count in modes["profile_modes"].items():
        said += f"; {tables.plural(count, 'profile')} at most {mode}"
    return said


def _times(seen: Seen) -> str:
    vitals = seen.vitals
    said = []
    if vitals.lag_seconds is not None:
        said.append(f"{span(vitals.lag_seconds)} behind the schedule")
    if seen.next_due is not None:
        said.append(f"next due in {span((seen.next_due - seen.at).total_seconds())} by the schedule here")
    if vitals.harvested_seconds is not None:
        said.append(f"last run of the schedule ended {span(vitals.harvested_seconds)} ago")
    unsettled = ", ".join(f"{count:,} {state}" for state, count in vitals.actions.items())
    if unsettled:
        said.append(f"actions: {unsettled}")
    return _sentence("; ".join(said) or "nothing is due")


def _sentence(said: str) -> str:
    return said[:1].upper() + said[1:]


def _groups(seen: Seen) -> Iterator[RenderableType]:
    vitals, lists = seen.vitals, seen.lists
    yield from _group("Failing", lists.failing, vitals.failing, lambda row: (
        f"{_task(row)} {_WORDS[row['state']]} {_ago(seen, row['finished_at'])} ago: {row['reason'] or _NO_REASON}"
    ))  # fmt: skip
    yield from _group("Running", lists.running, vitals.running, lambda row: (
        f"{_task(row)} for {_ago(seen, row['started_at'])} in {row['replica_id']}{_again(row)}"
    ))  # fmt: skip
    yield from _group("Due", lists.due, vitals.due, lambda row: (
        f"{_task(row)} for {_ago(seen, row['since'])}{_missed(row)}{_again(row)}"
    ))  # fmt: skip
    yield from _group("Set aside", lists.set_aside, vitals.set_aside, lambda row: (
        f"{_task(row)}, again in {_until(seen, row['not_before'])}: {row['reason'] or _NO_REASON}"
    ))  # fmt: skip
    yield from _group("Paused", lists.paused, vitals.paused_profiles, lambda row: (
        f"by {row['paused_by']} since {_when(row['paused_at'])}"
    ))  # fmt: skip
    yield from _logins(seen)
    yield from _replicas(seen)


_NO_REASON = "no reason given"
_WORDS = {"failed": "failed", "given_up": "given up"}


def _group(title: str, rows: Sequence[Row], count: int, what: Any) -> Iterator[RenderableType]:
    if not count:
        return
    yield Text()
    yield Text(title, style="bold")
    for row in rows:
        name = Text(f"  {_whose(row)}", style="bold" if title == "Failing" else "")
        yield tables.hanging(name + Text(f"  {what(row)}", style="not bold"))
    more = count - sum(row.get("slots", 1) for row in rows)
    if more > 0:
        yield Text(f"  and {more:,} more", style="dim")


def _logins(seen: Seen) -> Iterator[RenderableType]:
    """Those that fail; what is wrong with one is wrong with all its profiles."""
    if not seen.vitals.accounts_failing:
        return
    yield Text()
    yield Text("Logins", style="bold")
    for row in seen.lists.logins:
        what = "closed by Amazon" if row["closed"] else "cannot be asked"
        line = Text(f"  {row['account']}", style="bold")
        since = _ago(seen, row["failed_since"])
        yield tables.hanging(line + Text(f"  {what} for {since}: {row['failure'] or _NO_REASON}", style="not bold"))
    if seen.vitals.accounts_failing > len(seen.lists.logins):
        yield Text(f"  and {seen.vitals.accounts_failing - len(seen.lists.logins):,} more", style="dim")


def _replicas(seen: Seen) -> Iterator[RenderableType]:
    yield Text()
    yield Text("Replicas", style="bold")
    if not seen.lists.replicas:
        yield Text("  none", style="yellow")
    differing = _differing(seen.lists.replicas)
    for row in seen.lists.replicas:
        notes = [
            f"{row['kind']}, {row['running']} running",
            *(f"{name} {row[name]}" for name in differing if row["there"] and row.get(name)),
            *(["holds the clock"] if row["holds_clock"] and row["there"] else []),
            *(["draining"] if row["draining"] else []),
            *([f"rules file broken: {row['rules_error']}"] if row["rules_error"] else []),
            *([] if row["there"] else [f"not seen for {_ago(seen, row['seen_at'])}"]),
        ]
        style = "yellow" if row["rules_error"] or not row["there"] else ""
        yield tables.hanging(Text(f"  {row['replica_id']}  {', '.join(notes)}", style=style))


def _differing(replicas: Sequence[Row]) -> Sequence[str]:
    """In what the settings of replicas that are there differ from each other."""
    there = [row for row in replicas if row["there"]]
    return [name for name in ("mode", "schedule") if len({row[name] for row in there if row.get(name)}) > 1]


def _whose(row: Row) -> str:
    if row["profile_id"] is None:
        return "The fleet"
    return f"{row['name']} ({row['country']}), {row['profile_id']}" if row.get("name") else str(row["profile_id"])


def _task(row: Row) -> str:
    task = str(row["task"])
    return _CHORES.get(task, task.replace("_", " "))


def _again(row: Row) -> str:
    return f", taken {row['deliveries']} times" if row["deliveries"] > 1 else ""


def _missed(row: Row) -> str:
    return f", {row['slots']} times" if row["slots"] > 1 else ""


def _ago(seen: Seen, moment: str | None) -> str:
    return "?" if moment is None else span(max(0.0, (seen.at - datetime.fromisoformat(moment)).total_seconds()))


def _until(seen: Seen, moment: str) -> str:
    return span(max(timedelta(), datetime.fromisoformat(moment) - seen.at).total_seconds())


def _when(moment: str | None) -> str:
    return "?" if moment is None else f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M} UTC"
