"""Tell people what they must know, each thing once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from harvester.domain.errors import HarvesterError
from harvester.domain.notice import NoticeKind
from harvester.ports import Clock
from harvester.ports.notices import Notices, Notifier
from harvester.rules.digest import message


@dataclass(frozen=True, slots=True)
class Notified:
    """What came of one look: how many notices there were to tell, and how many addresses took the message."""

    notices: int = 0
    addresses: int = 0

    @property
    def failed(self) -> bool:
        """There was something to tell, and nobody was told."""
        return self.notices > 0 and self.addresses == 0


@dataclass(frozen=True)
class Notify:
    notices: Notices
    notifier: Notifier
    clock: Clock
    every: timedelta
    accounts: Collection[str]
    """Of the settings; what concerns other accounts is left alone."""
    kinds: Collection[NoticeKind]

    async def __call__(self) -> Notified:
        """At most one message per `every`, from all replicas together; what happens meanwhile is in the next one.

        Called more often it does nothing. What no address took is told next time. A process that dies between sending
        and recording lets another one tell it again: told twice at most, never not at all.
        """
        if not self.notifier.addresses:
            return Notified()
        turn = await self.notices.take_turn(self.clock.now(), self.every, self.accounts, self.kinds)
        if turn is None:
            return Notified()
        try:
            taken = await self.notifier.send(message(turn.notices))
        except HarvesterError:
            await self.notices.give_up(turn)
            raise
        if taken:
            await self.notices.told(turn, self.clock.now())
        else:
            await self.notices.give_up(turn)
        return Notified(len(turn.notices), taken)
