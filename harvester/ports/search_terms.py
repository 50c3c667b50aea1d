"""What the recorded reports say of search terms."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

import msgspec

from harvester.domain.history import Sold, SoldTerm, Totals
from harvester.domain.ids import ProfileId, RunId


class TermPart(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one search term brought in one stretch of days under one keyword or target of an ad group."""

    ad_group_id: str
    key: str
    keyword_id: str
    stretch: int
    """From 1."""
    campaign_id: str
    term: str
    targeting: str
    match_type: str
    totals: Totals


class SearchTerms(Protocol):
    async def days_read(self, profile_id: ProfileId) -> Mapping[date, datetime]:
        """The days that are in, and when the report was asked for that each was last read from."""
        ...

    async def days_in_part(self, profile_id: ProfileId) -> Mapping[date, Collection[str]]:
        """Of those, the days of which rows could not be read, and of which campaigns; an empty one: nobody knows."""
        ...

    async def ad_group_totals(
        self, profile_id: ProfileId, starts: Sequence[date]
    ) -> Mapping[str, Mapping[int, Totals]]:
        """By ad group and stretch of days: the first begins on `starts[0]`, the last ends before `starts[-1]`."""
        ...

    async def parts(
        self, profile_id: ProfileId, starts: Sequence[date], after: tuple[str, str], through: str, most: int
    ) -> Sequence[TermPart]:
        """Those after an (ad group, key), up to an ad group, in their order; never part of what `*` stands for."""
        ...

    async def sold_in(self, profile_id: ProfileId, campaign_ids: Sequence[str]) -> Sequence[SoldTerm]:
        """All that ever brought orders in these campaigns: on report days, dropped ones too, and by what was noted of
        runs. Of one key and ad group, whichever knows of more.
        """
        ...

    async def note_sold(self, run_id: RunId) -> None:
        """Keeps what recommendations of this run told of orders: for ever, and to be found by campaign."""
        ...

    async def sold_by_runs(
        self, profile_id: ProfileId, asked: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], Sold]:
        """Of these (campaign, key), those of which a run of the last ninety days was told so. Each is a search of its
        own.
        """
        ...
