"""What came of sending: one outcome per item, in the order of the request."""

import msgspec

from harvester.domain.run import ApiCall


class Made(msgspec.Struct, frozen=True, tag="made"):
    """`amazon_id` empty: it was there already (a duplicate error), and its id is still to be found by listing.

    `parts`: what else came into being with it; for a promotion group the ids of its ad groups.
    """

    amazon_id: str
    parts: tuple[str, ...] = ()


class TurnedDown(msgspec.Struct, frozen=True, tag="turned_down"):
    """For good: the same request would fail again."""

    code: str
    message: str


class NotSent(msgspec.Struct, frozen=True, tag="not_sent"):
    """Proven not to have been done (throttled, login closed, stopped before the socket): it may be sent again."""

    why: str


class Unsure(msgspec.Struct, frozen=True, tag="unsure"):
    """Sent, and nobody said what came of it: only a listing can tell."""

    why: str


ItemOutcome = Made | TurnedDown | NotSent | Unsure


class Reply(msgspec.Struct, frozen=True):
    """`calls`: every attempt, the last one the one that counts; empty where nothing left this process."""

    outcomes: tuple[ItemOutcome, ...]
    calls: tuple[ApiCall, ...]
