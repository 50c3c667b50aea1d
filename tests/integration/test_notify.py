"""From what stands in the database to a message at an address, through the command and through the use case."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.notices import PostgresNotices
from harvester.domain.errors import Misconfigured
from harvester.domain.notice import Message, NoticeKind
from harvester.usecases.notify import Notified, Notify
from tests.conftest import in_a_loop_of_its_own
from tests.integration.reviewer import Desk
from tests.web_hook import CANARY, Hook, opened

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with opened() as hook:
        yield hook


@dataclass
class Addresses:
    """That take what they are told, or do not."""

    told: list[Message]
    taken: int = 1
    addresses: int = 1
    breaks: bool = False
    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def send(self, message: Message) -> int:
        if self.meanwhile is not None:
            await self.meanwhile()
        if self.breaks:
            raise Misconfigured("address 1 (slak) is not an Apprise URL", field="HARVESTER_NOTIFY_URLS")
        self.told.append(message)
        return self.taken


@dataclass
class Watch:
    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def addresses() -> Addresses:
    return Addresses([])


@pytest.fixture
async def notify(database: Database, addresses: Addresses) -> Notify:
    """With one thing to tell: the chore `retain` failed."""
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO harvester.slot (task, due_at, state, finished_at, reason)"
            " VALUES ('retain', $1, 'failed', $1, 'disk full')",
            NOW - timedelta(minutes=5),
        )
    return Notify(PostgresNotices(database), addresses, Watch(), timedelta(minutes=15), ["main"], list(NoticeKind))


async def test_a_message_is_sent_once(notify: Notify, addresses: Addresses):
    """The second look finds nothing that is news."""
    assert await notify() == Notified(notices=1, addresses=1)
    assert await notify() == Notified()
    assert [message.title for message in addresses.told] == ["Harvester: 1 chore stopped"]
    assert "disk full" in addresses.told[0].body


async def test_what_no_address_took_is_told_next_time(notify: Notify, addresses: Addresses):
    """Nothing counts as told before somebody was told."""
    addresses.taken = 0
    failed = await notify()
    assert (failed.notices, failed.failed) == (1, True)

    addresses.taken = 1

    assert not (await notify()).failed
    assert len(addresses.told) == 2


async def test_an_address_that_is_none_loses_no_notice(notify: Notify, addresses: Addresses):
    """The error comes out, and what was to be told is told when the address is mended."""
    addresses.breaks = True
    with pytest.raises(Misconfigured):
        await notify()

    addresses.breaks = False

    assert await notify() == Notified(notices=1, addresses=1)


async def test_without_an_address_nothing_is_looked_up_and_nothing_counts_as_told(notify: Notify, addresses: Addresses):
    """Whoever sets one later is told what is so then."""
    addresses.addresses = 0
    assert await notify() == Notified()

    addresses.addresses = 1

    assert (await notify()).addresses == 1


async def test_while_one_replica_sends_the_others_do_not(notify: Notify, addresses: Addresses):
    """However long the address takes."""
    other = replace(notify, notifier=Addresses([]))

    async def others_look() -> None:
        assert await asyncio.gather(*(other() for _ in range(4))) == [Notified()] * 4

    addresses.meanwhile = others_look

    assert await notify() == Notified(notices=1, addresses=1)


async def test_a_replica_that_dies_while_sending_leaves_it_to_another(notify: Notify, addresses: Addresses):
    """Told twice at most, never not at all."""

    async def dies() -> None:
        raise asyncio.CancelledError

    addresses.meanwhile = dies
    with pytest.raises(asyncio.CancelledError):
        await notify()
    other = Addresses([])

    assert await replace(notify, notifier=other)() == Notified(), "its turn is not over"
    assert await replace(notify, notifier=other, clock=Watch(NOW + timedelta(minutes=5)))() == Notified(1, 1)
    assert len(other.told) == 1


@pytest.fixture
def desk(
    dsn: str, hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Desk:
    monkeypatch.setenv("HARVESTER_DATABASE_URL", dsn)
    monkeypatch.setenv("HARVESTER_NOTIFY_URLS", hook.url())
    monkeypatch.setenv("HARVESTER_LOG_FORMAT", "json")
    monkeypatch.setenv("HARVESTER_ACCOUNTS__MAIN__CLIENT_ID", "amzn1.application-oa2-client.1")
    monkeypatch.setenv("HARVESTER_ACCOUNTS__MAIN__CLIENT_SECRET", "secret-of-main")
    monkeypatch.setenv("HARVESTER_ACCOUNTS__MAIN__REFRESH_TOKEN", "Atzr|token-of-main")
    monkeypatch.setenv("HARVESTER_ACCOUNTS__MAIN__REGION", "NA")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return Desk(dsn, tmp_path, monkeypatch, capfd)


def test_the_command_tells_what_is_news_and_shows_no_address(desk: Desk, hook: Hook, dsn: str):
    """A plan that waits, with its profile and the command to look at it; the second call has nothing to tell."""
    assert desk.plan() == "p1"

    first = desk("notify", "--json")
    second = desk("notify")

    assert (first.code, first.json) == (0, {"notices": 2, "taken": 1})
    assert second.code == 0
    assert "nothing is news" in second.out
    ((_, said),) = hook.seen
    assert said["title"] == "Harvester: 1 plan with guarded items, 1 plan to review"
    assert "• Acme (1234567890, US): " in said["message"]
    assert "→ harvester show p1" in said["message"]
    assert CANARY not in first.out + first.err + second.out + second.err
    assert CANARY not in in_a_loop_of_its_own(everything_in(dsn))


def test_a_failure_is_logged_without_the_address(desk: Desk, hook: Hook, dsn: str):
    """The exit code says that nobody was told; the next call tells it."""
    assert desk.plan() == "p1"
    hook.status = 500
    failed = desk("notify")
    hook.status = 200
    told = desk("notify")

    assert (failed.code, told.code) == (1, 0)
    (line,) = [json.loads(line) for line in failed.err.splitlines() if line.startswith("{")]
    assert (line["event"], line["address"], line["error"]) == ("notification.failed", "1 (json)", "answered 500")
    assert len(hook.seen) == 2
    assert CANARY not in failed.out + failed.err + in_a_loop_of_its_own(everything_in(dsn))


def test_a_test_message_needs_no_database(desk: Desk, hook: Hook, monkeypatch: pytest.MonkeyPatch):
    """It says that it is one, and whether every address took it."""
    monkeypatch.setenv("HARVESTER_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("HARVESTER_NOTIFY_URLS", f"{hook.url()} json://127.0.0.1:1/{CANARY}")

    result = desk("notify", "--test")

    assert result.code == 1
    assert "1 of 2 addresses took the test message" in result.out
    assert hook.seen[0][1]["title"] == "Harvester: a test"
    assert "2 (json)" in result.err
    assert CANARY not in result.out + result.err

    monkeypatch.setenv("HARVESTER_NOTIFY_URLS", hook.url())
    assert desk("notify", "--test", "--json").json == {"addresses": 1, "taken": 1}


@pytest.mark.parametrize(
    ("urls", "arguments", "complaint"),
    [
        ("", ("notify",), "HARVESTER_NOTIFY_URLS: is not set"),
        ("", ("notify", "--test"), "HARVESTER_NOTIFY_URLS: is not set"),
        (f"slak://{CANARY}", ("notify", "--test"), "HARVESTER_NOTIFY_URLS: address 1 (slak) is not an Apprise URL"),
    ],
)
def test_an_address_that_is_missing_or_none_is_bad_usage(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, urls: str, arguments: tuple[str, ...], complaint: str
):
    """One sentence, exit code 2."""
    monkeypatch.setenv("HARVESTER_NOTIFY_URLS", urls)

    result = desk(*arguments)

    assert result.code == 2
    assert complaint in result.err
    assert CANARY not in result.err


@pytest.mark.parametrize(
    ("urls", "well", "detail"),
    [
        ("", True, "nobody is told: HARVESTER_NOTIFY_URLS is not set"),
        (f"json://h/{CANARY} mailto://me:{CANARY}@example.com", True, "2 addresses: 1 (json), 2 (mailto); "),
        (f"json://h/{CANARY} slak://{CANARY}", False, "address 2 (slak) is not an Apprise URL"),
    ],
)
def test_the_doctor_has_a_line_about_notifications(
    desk: Desk, hook: Hook, monkeypatch: pytest.MonkeyPatch, urls: str, well: bool, detail: str
):
    """How many addresses there are and whether they can be read; nothing is sent."""
    monkeypatch.setenv("HARVESTER_NOTIFY_URLS", urls)
    monkeypatch.setenv("HARVESTER_RULES_FILE", "missing.yaml")  # it need not go further

    checks = desk("doctor", "--json").json["checks"]

    (line,) = [check for check in checks if check["what"] == "notifications"]
    assert line["well"] is well
    assert detail in line["detail"]
    assert CANARY not in str(checks)
    assert hook.seen == []


async def everything_in(dsn: str) -> str:
    """Every row of every table, as text."""
    connection = await asyncpg.connect(dsn)
    try:
        tables = await connection.fetch(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('harvester', 'ledger')"
        )
        rows = [await connection.fetch(f"SELECT t::text FROM {table[0]} AS t") for table in tables]
    finally:
        await connection.close()
    return "\n".join(row[0] for table in rows for row in table)
