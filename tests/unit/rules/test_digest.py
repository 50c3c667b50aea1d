"""What people must know, in one message that reads well."""

from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

from harvester.domain.ids import ProfileId
from harvester.domain.notice import News, Notice, NoticeKind, Urgency, Whose
from harvester.rules.digest import LINES_PER_SECTION, message, plain, trial

SINCE = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
ACME = Whose(ProfileId("1234567890"), "Acme Store", "US")
BOLT = Whose(ProfileId("2234567890"), "Bolt & Nut", "UK")


def a_notice(kind: NoticeKind, **changes: Any) -> Notice:
    fields: dict[str, Any] = {"kind": kind, "news": News.NEW, "subject": "p12", "since": SINCE, "whose": (ACME,)}
    return Notice(**{**fields, **changes})


def refused(**changes: Any) -> Notice:
    return a_notice(NoticeKind.ITEMS_REFUSED, **{"items": 7, "detail": "bid too low", **changes})


def guarded(**changes: Any) -> Notice:
    return a_notice(NoticeKind.ITEMS_GUARDED, **{"items": 3, "detail": "promotions_per_run, negative_share", **changes})


def regretted(**changes: Any) -> Notice:
    return a_notice(NoticeKind.REGRETTED, **{"items": 2, "detail": "rule stop-losers", **changes})


def waiting(**changes: Any) -> Notice:
    return a_notice(NoticeKind.PLAN_WAITING, **{"items": 10, "detail": "review", **changes})


def unknown(**changes: Any) -> Notice:
    return a_notice(NoticeKind.ITEMS_UNKNOWN, **{"items": 1, "subject": ACME.profile_id, **changes})


def stopped(**changes: Any) -> Notice:
    detail = "planning failed: page 3 cannot be read."
    return a_notice(NoticeKind.PROFILE_STOPPED, **{"subject": "plan 1234567890", "detail": detail, **changes})


def chore(**changes: Any) -> Notice:
    fields = {"subject": "discover", "whose": (), "detail": "finding profiles given up"}
    return a_notice(NoticeKind.CHORE_STOPPED, **{**fields, **changes})


def closed(**changes: Any) -> Notice:
    fields = {
        "subject": "main",
        "account": "main",
        "whose": (ACME, BOLT),
        "items": 9,
        "detail": "the grant was revoked",
    }
    return a_notice(NoticeKind.ACCOUNT_CLOSED, **{**fields, **changes})


def broken(**changes: Any) -> Notice:
    fields = {"subject": "rules", "whose": (), "items": 2, "detail": "rules.yaml:7: no such check"}
    return a_notice(NoticeKind.RULES_BROKEN, **{**fields, **changes})


@pytest.mark.parametrize(
    ("notice", "title", "heading", "line"),
    [
        (broken(), "1 broken rules file", "Rules file broken",
         ("the whole fleet: the rules file is broken, and the one before stays in force (2 replicas): "
         "rules.yaml:7: no such check → harvester rules check")),
        (closed(), "1 account without its grant", "Lost their grant: nothing of these accounts goes on",
         ("account main with Acme Store (1234567890, US), Bolt & Nut (2234567890, UK), 7 more: the grant was revoked "
         "→ harvester doctor")),
        (closed(whose=(ACME,), items=1), "1 account without its grant", "Lost their grant: nothing of these accounts goes on",
         "account main with Acme Store (1234567890, US): the grant was revoked → harvester doctor"),
        (closed(whose=(), items=0), "1 account without its grant", "Lost their grant: nothing of these accounts goes on",
         "account main: the grant was revoked → harvester doctor"),
        (chore(), "1 chore stopped", "Chores that stopped",
         "the whole fleet: finding profiles given up (since 2026-11-24 06:30 UTC) → harvester status"),
        (stopped(), "1 profile stopped", "Profiles that stopped",
         ("Acme Store (1234567890, US): planning failed: page 3 cannot be read (since 2026-11-24 06:30 UTC) "
         "→ harvester status")),
        (unknown(), "1 profile with unknown items", "Unknown: nobody can say whether they arrived (1 item)",
         ("Acme Store (1234567890, US): 1 item sent without a clear answer, not settled since 2026-11-24 06:30 UTC "
         "→ harvester reconcile --profile 1234567890")),
        (unknown(whose=()), "1 profile with unknown items", "Unknown: nobody can say whether they arrived (1 item)",
         ("the whole fleet: 1 item sent without a clear answer, not settled since 2026-11-24 06:30 UTC "
         "→ harvester reconcile")),
        (refused(), "1 plan with refused items", "Refused by Amazon (7 items)",
         "Acme Store (1234567890, US): 7 items of plan p12 refused: bid too low → harvester show p12"),
        (refused(told_items=5, detail=""), "1 plan with refused items", "Refused by Amazon (7 items)",
         "Acme Store (1234567890, US): 7 items of plan p12 refused, 2 of them since the last message → harvester show p12"),
        (guarded(), "1 plan with guarded items", "Held by the guard, until somebody names them (3 items)",
         ("Acme Store (1234567890, US): 3 items of plan p12 over a cap (promotions per run, negative share) "
         "→ harvester show p12")),
        (guarded(detail=""), "1 plan with guarded items", "Held by the guard, until somebody names them (3 items)",
         "Acme Store (1234567890, US): 3 items of plan p12 over a cap (see the plan) → harvester show p12"),
        (waiting(), "1 plan to review", "Waiting for your review (10 items)",
         "Acme Store (1234567890, US): 10 items of plan p12, made 2026-11-24 06:30 UTC → harvester show p12"),
        (waiting(detail="dry-run", news=News.STILL), "1 plan to review", "Waiting for your review (10 items)",
         ("Acme Store (1234567890, US): 10 items of plan p12, made 2026-11-24 06:30 UTC, in dry run "
         "(still so) → harvester show p12")),
    ],
)  # fmt: skip
def test_each_kind_says_who_what_and_what_to_run(notice: Notice, title: str, heading: str, line: str) -> None:
    """Profile name, id and marketplace first, then what is so, then the command to run next."""
    told = message([notice])

    assert told.title == f"Harvester: {title}"
    assert told.body == f"{heading}\n• {line}"


@pytest.mark.parametrize(
    ("notice", "line"),
    [
        (broken(), "the whole fleet: the rules file can be read again"),
        (closed(whose=(ACME,), items=1), "account main with Acme Store (1234567890, US): works again"),
        (chore(), "the whole fleet: the chore `discover` runs again"),
        (stopped(), "Acme Store (1234567890, US): runs again"),
        (unknown(), "Acme Store (1234567890, US): what was unknown is settled"),
    ],
)
def test_what_is_well_again_is_told_as_such(notice: Notice, line: str) -> None:
    """A message of good news only is no alarm."""
    told = message([a_notice(**{name: getattr(notice, name) for name in notice.__slots__} | {"news": News.OVER})])

    assert told.title == "Harvester: 1 well again"
    assert told.body == f"Well again\n• {line}"
    assert told.urgency is Urgency.GOOD


@pytest.mark.parametrize(
    ("notices", "urgency"),
    [
        ([waiting(), guarded()], Urgency.FOR_REVIEW),
        ([waiting(), refused()], Urgency.WARNING),
        ([unknown()], Urgency.WARNING),
        ([waiting(), refused(), stopped()], Urgency.BROKEN),
        ([waiting(), stopped(news=News.OVER)], Urgency.FOR_REVIEW),
    ],
)
def test_the_worst_news_gives_the_message_its_urgency(notices: list[Notice], urgency: Urgency) -> None:
    """It colours the message where an address shows colours."""
    assert message(notices).urgency is urgency


def test_a_message_groups_by_kind_whatever_order_the_notices_come_in() -> None:
    """What is broken first, what waits for a person after it, what is well again last; the same text every time."""
    notices = [waiting(), waiting(subject="p13", items=12, whose=(BOLT,)), stopped(), closed(news=News.OVER)]

    told = {message(order) for order in permutations(notices)}

    assert len(told) == 1
    (one,) = told
    assert one.title == "Harvester: 1 profile stopped, 2 plans to review, 1 well again"
    assert [block.partition("\n")[0] for block in one.body.split("\n\n")] == [
        "Profiles that stopped",
        "Waiting for your review (22 items)",
        "Well again",
    ]
    assert one.body.index("plan p13") < one.body.index("plan p12"), "the larger one first"


def test_what_is_new_stands_before_what_was_told_before() -> None:
    """A reminder never pushes news out of the message."""
    old = [waiting(subject=f"p{number}", items=99, news=News.STILL) for number in range(LINES_PER_SECTION)]

    body = message([*old, waiting(subject="p77", items=1)]).body

    assert body.splitlines()[1].endswith("harvester show p77")


@pytest.mark.parametrize(
    ("notices", "last"),
    [
        ([waiting(subject=f"p{number}") for number in range(10)], "harvester show p9"),
        ([waiting(subject=f"p{number}") for number in range(47)], "• and 37 more → harvester plans"),
        ([waiting(subject=f"p{number}") for number in range(12_345)], "• and 12,335 more → harvester plans"),
        ([stopped(subject=f"plan {number}", news=News.OVER) for number in range(12)], "• and 2 more"),
    ],
)
def test_a_long_list_is_cut_and_says_by_how_much(notices: list[Notice], last: str) -> None:
    """Ten lines of a kind, and the command that shows the rest."""
    lines = message(notices).body.splitlines()

    assert len(lines) <= LINES_PER_SECTION + 2
    assert lines[-1].endswith(last)


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("Acme Store", 60, "Acme Store"),
        ("two\nlines\tand\x07 a bell", 60, "two lines and a bell"),
        ("<!channel> look", 60, "‹!channel› look"),
        ("@everyone and @HERE, mail me@example.com", 60, "@ everyone and @ HERE, mail me@example.com"),
        ("abcdefgh", 8, "abcdefgh"),
        ("abcdef ghi", 8, "abcdef…"),
        ("", 8, ""),
    ],
)
def test_other_peoples_text_calls_nobody_and_breaks_no_line(text: str, most: int, shown: str) -> None:
    """A profile may be named anything; its name wakes no channel and forges no line."""
    assert plain(text, most) == shown


def test_a_profile_without_a_name_is_told_by_its_id() -> None:
    """Amazon does not promise names."""
    nameless = Whose(ProfileId("7"), "", "JP")

    assert message([waiting(whose=(nameless,))]).body.splitlines()[1].startswith("• profile (7, JP): ")


def test_a_trial_message_says_that_it_is_one() -> None:
    """Nobody runs for it."""
    assert "test" in trial().title
    assert trial().urgency is Urgency.GOOD


def test_regrets_are_told_with_the_rules_behind_them() -> None:
    """And with the plan that would take them back."""
    told = message([regretted()])
    assert told.title == "Harvester: 1 plan of regrets"
    assert told.urgency is Urgency.FOR_REVIEW
    assert (
        "2 items of rule stop-losers regretted; plan p12 would take back what you approve → harvester show p12"
        in told.body
    )
