"""What people must know, as one message: grouped, counted, with the command to run next."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from harvester.domain.notice import Message, News, Notice, NoticeKind, Urgency, Whose
from harvester.rules.counting import plural

LINES_PER_SECTION = 10
LONGEST_DETAIL = 240
LONGEST_NAME = 60

_MENTION = re.compile(r"@(?=everyone|here|channel)", re.IGNORECASE)
_NEWS = {news: place for place, news in enumerate(News)}
_BRACKETS = str.maketrans("<>", "‹›")


@dataclass(frozen=True, slots=True)
class _Section:
    heading: str
    urgency: Urgency
    one: str
    """What the title counts: `1 plan waits`."""
    many: str
    sentence: Callable[[Notice], str]
    """Without whose it is."""
    command: Callable[[Notice], str]
    """What to run next about one of them."""
    more: str
    """And about the ones that found no room."""


def message(notices: Sequence[Notice]) -> Message:
    """Of at least one notice. The same notices make the same message, in whatever order they come."""
    by_kind = {kind: [notice for notice in notices if notice.kind is kind] for kind in NoticeKind}
    blocks: list[str] = []
    counted: list[str] = []
    urgency = Urgency.GOOD
    for kind, section in _SECTIONS.items():
        current = sorted((each for each in by_kind[kind] if each.news is not News.OVER), key=_order)
        if current:
            urgency = max(urgency, section.urgency, key=list(Urgency).index)
            counted.append(plural(len(current), section.one, section.many))
            blocks.append(_block(section, current))
    over = sorted((each for each in notices if each.news is News.OVER), key=_order)
    if over:
        counted.append(f"{len(over):,} well again")
        shown = [f"{_subject(each)}: {_well(each)}" for each in over[:LINES_PER_SECTION]]
        blocks.append(_lines("Well again", shown, len(over), ""))
    return Message(f"Harvester: {', '.join(counted)}", "\n\n".join(blocks), urgency)


def trial() -> Message:
    """For whoever has just set an address."""
    body = "Harvester can reach you here. Real messages say what waits for you, what stopped, and what to run next."
    return Message("Harvester: a test", body, Urgency.GOOD)


def _block(section: _Section, notices: Sequence[Notice]) -> str:
    items = sum(notice.items for notice in notices if notice.kind in _COUNTED)
    heading = f"{section.heading} ({plural(items, 'item', 'items')})" if items else section.heading
    shown = [_line(section, notice) for notice in notices[:LINES_PER_SECTION]]
    return _lines(heading, shown, len(notices), section.more)


def _line(section: _Section, notice: Notice) -> str:
    sentence, since = section.sentence(notice), _day(notice.since)
    if notice.news is News.STILL:
        sentence += " (still so)" if since in sentence else f" (still so, since {since})"
    return f"{_subject(notice)}: {sentence} → {section.command(notice)}"


def _lines(heading: str, lines: Sequence[str], total: int, command: str) -> str:
    shown = [f"• {line}" for line in lines]
    if total > len(lines):
        more = f"• and {total - len(lines):,} more"
        shown.append(f"{more} → {command}" if command else more)
    return "\n".join([heading, *shown])


def _order(notice: Notice) -> tuple[int, int, str, str]:
    """News first, then the largest, then by name."""
    name = notice.whose[0].name.casefold() if notice.whose else ""
    return _NEWS[notice.news], -notice.items, name, notice.subject


def _subject(notice: Notice) -> str:
    if notice.kind is NoticeKind.ACCOUNT_CLOSED:
        return f"account {plain(notice.account, LONGEST_NAME)}{_profiles_of(notice)}"
    if notice.whose:
        return _whose(notice.whose[0])
    return "the whole fleet"


def _whose(whose: Whose) -> str:
    return f"{plain(whose.name, LONGEST_NAME) or 'profile'} ({whose.profile_id}, {whose.country})"


def _profiles_of(notice: Notice) -> str:
    if not notice.whose:
        return ""
    left = notice.items - len(notice.whose)
    more = [f"{left:,} more"] if left > 0 else []
    return f" with {', '.join([*map(_whose, notice.whose), *more])}"


def plain(text: str, most: int) -> str:
    """Other people's text as part of a line: it breaks no line, calls nobody and is no markup."""
    words = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    tame = _MENTION.sub("@ ", words).translate(_BRACKETS)
    return tame if len(tame) <= most else f"{tame[: most - 1].rstrip()}…"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _detail(notice: Notice) -> str:
    return plain(notice.detail, LONGEST_DETAIL).rstrip(".")


def _rules(notice: Notice) -> str:
    where = plural(notice.items, "replica", "replicas")
    return f"the rules file is broken, and the one before stays in force ({where}): {_detail(notice)}"


def _stopped(notice: Notice) -> str:
    return f"{_detail(notice)} (since {_day(notice.since)})"


def _unknown(notice: Notice) -> str:
    items = plural(notice.items, "item", "items")
    return f"{items} sent without a clear answer, not settled since {_day(notice.since)}"


def _refused(notice: Notice) -> str:
    items = plural(notice.items, "item", "items")
    fresh = f", {notice.items - notice.told_items:,} of them since the last message" if notice.told_items else ""
    said = f": {_detail(notice)}" if notice.detail else ""
    return f"{items} of plan {notice.subject} refused{fresh}{said}"


def _regretted(notice: Notice) -> str:
    """The detail is the rules."""
    items = plural(notice.items, "item", "items")
    return f"{items} of {_detail(notice)} regretted; plan {notice.subject} would take back what you approve"


def _guarded(notice: Notice) -> str:
    over = plain(notice.detail.replace("_", " "), LONGEST_DETAIL)
    return f"{plural(notice.items, 'item', 'items')} of plan {notice.subject} over a cap ({over or 'see the plan'})"


def _waiting(notice: Notice) -> str:
    """The detail is the plan's mode."""
    dry = ", in dry run" if notice.detail == "dry-run" else ""
    return f"{plural(notice.items, 'item', 'items')} of plan {notice.subject}, made {_day(notice.since)}{dry}"


def _well(notice: Notice) -> str:
    if notice.kind is NoticeKind.CHORE_STOPPED:
        return f"the chore `{notice.subject}` runs again"
    return _WELL_AGAIN[notice.kind]


def _show(notice: Notice) -> str:
    return f"harvester show {notice.subject}"


def _reconcile(notice: Notice) -> str:
    return f"harvester reconcile --profile {notice.whose[0].profile_id}" if notice.whose else "harvester reconcile"


_COUNTED = (
    NoticeKind.ITEMS_UNKNOWN,
    NoticeKind.ITEMS_REFUSED,
    NoticeKind.REGRETTED,
    NoticeKind.ITEMS_GUARDED,
    NoticeKind.PLAN_WAITING,
)

_SECTIONS: Mapping[NoticeKind, _Section] = {
    NoticeKind.RULES_BROKEN: _Section(
        "Rules file broken", Urgency.BROKEN, "broken rules file", "broken rules files",
        _rules, lambda _: "harvester rules check", "harvester rules check",
    ),
    NoticeKind.ACCOUNT_CLOSED: _Section(
        "Lost their grant: nothing of these accounts goes on", Urgency.BROKEN,
        "account without its grant", "accounts without their grants",
        _detail, lambda _: "harvester doctor", "harvester doctor",
    ),
    NoticeKind.CHORE_STOPPED: _Section(
        "Chores that stopped", Urgency.BROKEN, "chore stopped", "chores stopped",
        _stopped, lambda _: "harvester status", "harvester status",
    ),
    NoticeKind.PROFILE_STOPPED: _Section(
        "Profiles that stopped", Urgency.BROKEN, "profile stopped", "profiles stopped",
        _stopped, lambda _: "harvester status", "harvester status",
    ),
    NoticeKind.ITEMS_UNKNOWN: _Section(
        "Unknown: nobody can say whether they arrived", Urgency.WARNING,
        "profile with unknown items", "profiles with unknown items",
        _unknown, _reconcile, "harvester reconcile",
    ),
    NoticeKind.ITEMS_REFUSED: _Section(
        "Refused by Amazon", Urgency.WARNING, "plan with refused items", "plans with refused items",
        _refused, _show, "harvester plans",
    ),
    NoticeKind.REGRETTED: _Section(
        "Regretted: what was done and turned out wrong", Urgency.FOR_REVIEW,
        "plan of regrets", "plans of regrets",
        _regretted, _show, "harvester outcomes",
    ),
    NoticeKind.ITEMS_GUARDED: _Section(
        "Held by the guard, until somebody names them", Urgency.FOR_REVIEW,
        "plan with guarded items", "plans with guarded items",
        _guarded, _show, "harvester plans",
    ),
    NoticeKind.PLAN_WAITING: _Section(
        "Waiting for your review", Urgency.FOR_REVIEW, "plan to review", "plans to review",
        _waiting, _show, "harvester plans",
    ),
}  # fmt: skip

_WELL_AGAIN: Mapping[NoticeKind, str] = {
    NoticeKind.RULES_BROKEN: "the rules file can be read again",
    NoticeKind.ACCOUNT_CLOSED: "works again",
    NoticeKind.PROFILE_STOPPED: "runs again",
    NoticeKind.ITEMS_UNKNOWN: "what was unknown is settled",
}
"""The others end in silence: that a plan waits no longer is known to the person who reviewed it."""
