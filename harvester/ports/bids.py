"""What planning needs for bids that Amazon suggests."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Protocol

from harvester.domain.bid import BidPlace, BidTarget, SuggestedBids
from harvester.domain.decision import DecidedRow
from harvester.domain.ids import RunId


class BidSuggestions(Protocol):
    async def suggested_bids(self, place: BidPlace, targets: Sequence[BidTarget]) -> Mapping[BidTarget, SuggestedBids]:
        """At most 100 targets. Those that got no low, middle and high bid are left out.

        Raises PageBroken, Rejected, Unavailable.
        """
        ...


class DecidedRows(Protocol):
    def decided(self, run_id: RunId) -> AsyncGenerator[Sequence[DecidedRow], None]:
        """What a draft of the run's plan would be told, before there is a draft: no call to Amazon inside of one."""
        ...
