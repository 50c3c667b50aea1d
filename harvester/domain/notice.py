"""Something that people must know, and the message that tells them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from harvester.domain.ids import ProfileId


class NoticeKind(StrEnum):
    """In the order in which a message tells them: what is broken first, what waits for a person last."""

    RULES_BROKEN = "rules_broken"
    ACCOUNT_CLOSED = "account_closed"
    CHORE_STOPPED = "chore_stopped"
    PROFILE_STOPPED = "profile_stopped"
    ITEMS_UNKNOWN = "items_unknown"
    ITEMS_REFUSED = "items_refused"
    REGRETTED = "regretted"
    ITEMS_GUARDED = "items_guarded"
    PLAN_WAITING = "plan_waiting"


class News(StrEnum):
    NEW = "new"
    """Not told yet, or changed since it was told."""
    STILL = "still"
    """Told a day ago or longer, and still so."""
    OVER = "over"
    """Told, and well again."""


class Urgency(StrEnum):
    GOOD = "good"
    """Something works again, and nothing else is to be told."""
    FOR_REVIEW = "for_review"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Whose:
    profile_id: ProfileId
    name: str
    country: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """A notice as one look into the database finds it; which of them are news is told by what was found before."""

    kind: NoticeKind
    subject: str
    """Unique within its kind: a plan, a profile, an account, a task and its profile."""
    since: datetime
    profile_id: str = ""
    account: str = ""
    items: int = 0
    detail: str = ""
    version: str = ""
    """It is news again when this is another one."""


@dataclass(frozen=True, slots=True)
class Notice:
    kind: NoticeKind
    news: News
    subject: str
    since: datetime
    account: str = ""
    whose: tuple[Whose, ...] = ()
    """The profile; of an account, the first few of its profiles; none where it is about the whole fleet."""
    items: int = 0
    """Items of a plan; profiles of an account; replicas with a broken rules file."""
    told_items: int = 0
    """How many of the items were told before."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """Plain text; a line is one thing."""

    title: str
    body: str
    urgency: Urgency


@dataclass(frozen=True, slots=True)
class NoticeTurn:
    """What one replica has taken upon itself to tell."""

    number: int
    notices: tuple[Notice, ...]
