"""What the core needs to tell people what they must know."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Protocol

from harvester.domain.notice import Message, NoticeKind, NoticeTurn


class Notices(Protocol):
    """What people must know, and what of it they were told: each thing once, whichever replica looks."""

    async def take_turn(
        self, now: datetime, every: timedelta, accounts: Collection[str], kinds: Collection[NoticeKind]
    ) -> NoticeTurn | None:
        """Looks, and takes upon itself to tell what is news. None: nothing is, another replica is at it, or the last
        message is not `every` old.

        The turn ends with `told` or `give_up`; where neither comes, by itself after a few minutes.
        """
        ...

    async def told(self, turn: NoticeTurn, now: datetime) -> None: ...

    async def give_up(self, turn: NoticeTurn) -> None:
        """Nobody was told: it is news for the next turn."""
        ...


class Notifier(Protocol):
    """The addresses that the settings name: a channel, a mailbox, a web hook."""

    @property
    def addresses(self) -> int:
        """How many."""
        ...

    async def send(self, message: Message) -> int:
        """How many of the addresses took it. Raises Misconfigured where one is no address; Unavailable."""
        ...
