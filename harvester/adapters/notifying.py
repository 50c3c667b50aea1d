"""Messages to people, through Apprise: Slack, mail, a web hook, and a hundred more, each by an address of its own."""

import asyncio
import logging
import re
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from harvester.adapters.scrub import scrub
from harvester.domain.errors import Misconfigured, Unavailable
from harvester.domain.notice import Message, Urgency

if TYPE_CHECKING:
    from apprise import Apprise

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,19})://")
_STATUS = re.compile(r"\berror=(\d{3})\b")
_READY_SECONDS = 60.0
FIELD = "HARVESTER_NOTIFY_URLS"


class Trouble(Protocol):
    """Told of an address that took no message: which (`2 (slack)`), and why, without anything of the address itself."""

    def __call__(self, address: str, why: str) -> None: ...


def shown(position: int, url: str) -> str:
    """All that is ever shown of an address: a token may stand anywhere in it but in its scheme."""
    found = _SCHEME.match(url)
    return f"{position} ({found.group(1).lower()})" if found else f"{position}"


@dataclass(frozen=True)
class AppriseNotifier:
    """Apprise is imported when it is first needed: a second of a start is not for those who want no messages."""

    urls: Sequence[str]
    hidden: Sequence[str]
    """Secrets that no message may hold, wherever they come from."""
    trouble: Trouble
    timeout_seconds: float = 60.0

    @property
    def addresses(self) -> int:
        return len(self.urls)

    async def check(self) -> Sequence[str]:
        """The addresses as they may be shown. Raises Misconfigured for the first that Apprise does not know."""
        if self.urls:
            try:
                await in_a_thread(self._check, _READY_SECONDS)
            except TimeoutError:
                raise Unavailable(f"Apprise was not ready within {_READY_SECONDS:g} s") from None
        return [shown(position, url) for position, url in enumerate(self.urls, 1)]

    async def send(self, message: Message) -> int:
        """To all addresses side by side; one that hangs stops neither the others nor the end of the program."""
        await self.check()
        tame = Message(
            scrub(message.title, (*self.urls, *self.hidden)),
            scrub(message.body, (*self.urls, *self.hidden)),
            message.urgency,
        )
        answers = await asyncio.gather(*(self._send_to(position, tame) for position in range(1, len(self.urls) + 1)))
        return sum(answers)

    async def _send_to(self, position: int, message: Message) -> bool:
        url = self.urls[position - 1]
        try:
            why = await in_a_thread(lambda: _deliver(url, message), self.timeout_seconds)
        except TimeoutError:
            why = f"no answer within {self.timeout_seconds:g} s"
        except Exception as error:  # noqa: BLE001 - what a plugin raises may quote its address, and stops no other address
            why = f"unexpected {type(error).__name__}"
        if why:
            self.trouble(shown(position, url), why)
        return not why

    def _check(self) -> None:
        for position, url in enumerate(self.urls, 1):
            try:
                opened = _opened(url)
            except Exception:  # noqa: BLE001 - what a plugin raises may quote its address
                opened = None
            if opened is None:
                raise Misconfigured(f"address {shown(position, url)} is not an Apprise URL", field=FIELD)


def _opened(url: str) -> "Apprise | None":
    """With nothing of its own: no storage on disk, no pictures from its home page, no word of a log but to us."""
    import apprise  # noqa: PLC0415 - half a second

    class Ours(apprise.AppriseAsset):
        _service_timeout = 0.0
        """We wait ourselves: its own waiting takes threads that keep a program from its end."""

    _silence(apprise.logger.name)
    asset = Ours(
        app_id="Harvester",
        app_desc="Harvester",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        async_mode=False,
        secure_logging=True,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
    )
    opened = apprise.Apprise(asset=asset)
    if not opened.add(url):
        return None
    if "overflow=" not in url:
        for service in opened:
            service.overflow_mode = apprise.OverflowMode.SPLIT
    return opened


def _deliver(url: str, message: Message) -> str:
    """Why not; empty: it was taken. Runs in a thread."""
    import apprise  # noqa: PLC0415 - see above

    opened = _opened(url)
    if opened is None:
        return "not an Apprise URL"
    types = {
        Urgency.GOOD: apprise.NotifyType.SUCCESS,
        Urgency.FOR_REVIEW: apprise.NotifyType.INFO,
        Urgency.WARNING: apprise.NotifyType.WARNING,
        Urgency.BROKEN: apprise.NotifyType.FAILURE,
    }
    with _Listening(apprise.logger.name) as listening:
        taken = opened.notify(
            body=message.body,
            title=message.title,
            notify_type=types[message.urgency],
            body_format=apprise.NotifyFormat.TEXT,
        )
    return "" if taken else listening.why()


def _silence(name: str) -> None:
    """Its warnings quote tokens that are shaped wrongly, and hosts."""
    logger = logging.getLogger(name)
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


class _Listening(logging.Handler):
    """Hears what Apprise says in this thread, and keeps of it a status or that there was no connection."""

    def __init__(self, name: str) -> None:
        super().__init__(logging.WARNING)
        self._logger = logging.getLogger(name)
        self._thread = threading.get_ident()
        self._status: str | None = None
        self._cut_off = False

    def __enter__(self) -> Self:
        self._logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread != self._thread:
            return
        said = record.getMessage()
        found = _STATUS.search(said)
        self._status = found.group(1) if found else self._status
        self._cut_off = self._cut_off or "onnection error" in said

    def why(self) -> str:
        if self._status:
            return f"answered {self._status}"
        return "no connection" if self._cut_off else "not taken"


async def in_a_thread(work: Callable[[], str | None], timeout_seconds: float) -> str:
    """In a thread that ends with the program even while it hangs. Raises TimeoutError, and what the work raises."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[str] = loop.create_future()

    def settle(result: str, error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(result)
        else:
            done.set_exception(error)

    def run() -> None:
        result, error = "", None
        try:
            result = work() or ""
        except BaseException as raised:  # noqa: BLE001 - handed to the one who waits
            error = raised
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name="notify", daemon=True).start()
    return await asyncio.wait_for(done, timeout_seconds)
