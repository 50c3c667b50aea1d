"""Messages through Apprise, to a web hook on loopback: taken or not, no address ever comes out."""

import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from harvester.adapters.notifying import AppriseNotifier, in_a_thread, shown
from harvester.config import logs
from harvester.domain.errors import Misconfigured
from harvester.domain.notice import Message, Urgency
from tests.web_hook import CANARY, Hook, opened

MESSAGE = Message(
    "Harvester: 1 plan to review", "Waiting\n• Acme (1, US): 10 items → harvester show p12", Urgency.FOR_REVIEW
)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with opened() as hook:
        yield hook


class Troubles(list[tuple[str, str]]):
    def __call__(self, address: str, why: str) -> None:
        self.append((address, why))


@pytest.fixture
def troubles() -> Troubles:
    return Troubles()


@pytest.fixture(autouse=True)
def _everything_is_logged(capsys: pytest.CaptureFixture[str]) -> Any:
    """And none of it holds the canary, whatever the test does."""
    logs.configure("json", "debug")
    logging.getLogger().setLevel(logging.DEBUG)
    for name in ("apprise", "urllib3", "requests"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield
    for name in ("apprise", "urllib3", "requests"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    said = capsys.readouterr()
    assert CANARY not in said.out + said.err


def notifier(troubles: Troubles, *urls: str, **changes: Any) -> AppriseNotifier:
    return AppriseNotifier(urls=urls, hidden=["secret-of-an-account"], trouble=troubles, **changes)


@pytest.mark.parametrize(
    ("urgency", "kind"),
    [
        (Urgency.GOOD, "success"), (Urgency.FOR_REVIEW, "info"), (Urgency.WARNING, "warning"), (Urgency.BROKEN, "failure"),
    ],
)  # fmt: skip
async def test_a_message_arrives_as_it_is(hook: Hook, troubles: Troubles, urgency: Urgency, kind: str):
    """Title, lines and urgency."""
    taken = await notifier(troubles, hook.url()).send(Message(MESSAGE.title, MESSAGE.body, urgency))

    assert taken == 1
    assert troubles == []
    ((path, said),) = hook.seen
    assert path == f"/{CANARY}"
    assert (said["title"], said["message"], said["type"]) == (MESSAGE.title, MESSAGE.body, kind)


async def test_all_addresses_are_told_and_one_that_fails_stops_no_other(hook: Hook, troubles: Troubles):
    """The one that failed is named by its place and scheme."""
    gone = f"json://127.0.0.1:1/{CANARY}"

    assert await notifier(troubles, gone, hook.url()).send(MESSAGE) == 1
    assert troubles == [("1 (json)", "no connection")]
    assert len(hook.seen) == 1


async def test_an_address_that_says_no_has_not_taken_it(hook: Hook, troubles: Troubles):
    """The status is all that is kept of its answer."""
    hook.status = 403

    assert await notifier(troubles, hook.url()).send(MESSAGE) == 0
    assert troubles == [("1 (json)", "answered 403")]


async def test_an_address_that_hangs_is_not_waited_for_forever(hook: Hook, troubles: Troubles):
    """It keeps neither the message from the others nor the program from its end."""
    hook.answers.clear()

    assert await notifier(troubles, hook.url(), timeout_seconds=0.3).send(MESSAGE) == 0
    assert troubles == [("1 (json)", "no answer within 0.3 s")]
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "notify")


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (f"slak://{CANARY}/{CANARY}", "2 (slak)"),
        (f"slack://{CANARY}", "2 (slack)"),
        (f"mailto://{CANARY}", "2 (mailto)"),
        (CANARY, "2"),
    ],
)
async def test_an_address_that_is_none_is_named_by_place_and_scheme(troubles: Troubles, url: str, place: str):
    """Its text may be a token: no part of it is in the error."""
    with pytest.raises(Misconfigured) as caught:
        await notifier(troubles, f"json://127.0.0.1:1/{CANARY}", url).check()

    assert str(caught.value) == f"HARVESTER_NOTIFY_URLS: address {place} is not an Apprise URL"
    assert caught.value.__cause__ is None


async def test_addresses_are_shown_by_place_and_scheme(troubles: Troubles):
    """For the doctor; nothing is sent."""
    slack = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"

    assert await notifier(troubles, slack, "mailto://me:pass@example.com").check() == ["1 (slack)", "2 (mailto)"]
    assert await notifier(troubles).check() == []


async def test_a_secret_is_taken_out_of_a_message(hook: Hook, troubles: Troubles):
    """Secrets of accounts, what is shaped like a token, and the addresses themselves, whoever put them there."""
    body = f"refused: secret-of-an-account, Atzr|canary-refresh, {hook.url()}"

    await notifier(troubles, hook.url()).send(Message("t", body, Urgency.BROKEN))

    assert hook.seen[0][1]["message"] == "refused: [hidden], [hidden], [hidden]"


async def test_a_plugin_that_breaks_is_an_address_that_failed(
    hook: Hook, troubles: Troubles, monkeypatch: pytest.MonkeyPatch
):
    """Its words may quote the address; only their kind is kept."""

    def breaks(*_: object, **__: object) -> bool:
        raise RuntimeError(f"cannot reach {CANARY}")

    monkeypatch.setattr("apprise.Apprise.notify", breaks)

    assert await notifier(troubles, hook.url()).send(MESSAGE) == 0
    assert troubles == [("1 (json)", "unexpected RuntimeError")]


async def test_work_in_a_thread_hands_back_its_result_and_its_error():
    """As if it had been awaited."""
    assert await in_a_thread(lambda: "done", 10) == "done"
    with pytest.raises(ZeroDivisionError):
        await in_a_thread(lambda: str(1 // 0), 10)


def test_no_more_of_an_address_is_shown_than_its_scheme():
    """Not even where the scheme is no scheme."""
    assert [shown(1, url) for url in ("MAILTO://a", "https://hooks.example/x", "xoxb-12345", "a" * 30 + "://x")] == [
        "1 (mailto)", "1 (https)", "1", "1",
    ]  # fmt: skip


async def test_slack_gets_a_message_of_its_own_form(troubles: Troubles, monkeypatch: pytest.MonkeyPatch):
    """Title and lines as an attachment from Harvester, with no picture from anywhere else."""
    posted: list[Any] = []

    def post(url: str, data: str, **_: object) -> Any:
        posted.append((url, json.loads(data)))
        raise RuntimeError("not on this network")

    monkeypatch.setattr("requests.request", lambda method, url, **kwargs: post(url, **kwargs))
    monkeypatch.setattr("requests.post", post)

    await notifier(troubles, "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ").send(MESSAGE)

    ((_, said),) = posted
    (attachment,) = said["attachments"]
    assert attachment["title"] == MESSAGE.title
    assert attachment["text"] == MESSAGE.body
    assert attachment["footer"] == "Harvester"
    assert "icon_url" not in said
