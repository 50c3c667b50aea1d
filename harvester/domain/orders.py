"""What people have said while the service runs: the kill switch and the mode, for all or for one profile."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harvester.domain.ids import ProfileId
from harvester.domain.profile import Mode


@dataclass(frozen=True, slots=True)
class Order:
    """As it stands for all, or for one profile."""

    paused: bool = False
    paused_by: str | None = None
    mode: Mode | None = None
    """None: as far as the settings go."""
    mode_by: str | None = None


Orders = Mapping[ProfileId | None, Order]
"""By profile; None: for all."""


@dataclass(frozen=True, slots=True)
class Said:
    """One change, in the words of a log line."""

    event: str
    profile_id: ProfileId | None
    by: str | None
    mode: Mode | None = None


def changes(before: Orders, now: Orders) -> Iterator[Said]:
    for profile_id, order in now.items():
        old = before.get(profile_id, Order())
        if order.paused != old.paused:
            yield Said("sending.paused" if order.paused else "sending.resumed", profile_id, order.paused_by)
        if order.mode != old.mode:
            yield Said("mode.narrowed" if order.mode else "mode.lifted", profile_id, order.mode_by, order.mode)
