"""What was done before, as those need it who plan something new."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol

from harvester.domain.action import Standing
from harvester.domain.ids import PlanId, ProfileId, RunId
from harvester.domain.target import Match
from harvester.rules.delivery import KeptOpen


class ConvertingTerm(Protocol):
    """A target that sold, as far as the recorded history goes."""

    @property
    def key(self) -> str: ...
    @property
    def conversions(self) -> float: ...
    @property
    def seen_at(self) -> datetime: ...


class Histories(Protocol):
    """What was done before, read by those who plan something new."""

    async def done_actions(
        self,
        profile_id: ProfileId,
        *,
        action_ids: Sequence[str] = (),
        plan_id: PlanId | None = None,
        run_id: RunId | None = None,
        since: datetime | None = None,
    ) -> Sequence[Standing]:
        """Done and not undone, no undo itself, in plan order; with the negatives at the source that followed them."""
        ...

    async def open_undos(self, action_ids: Sequence[str]) -> Sequence[Standing]:
        """Items that would take these actions back and are not settled yet; each names its action in `undoes`."""
        ...

    def done(self, profile_id: ProfileId) -> AsyncIterator[Standing]:
        """Everything done and not undone."""
        ...

    async def due_follow_ups(self, profile_id: ProfileId, now: datetime, *, shown: bool = True) -> Sequence[Standing]:
        """Done promotions whose negative at the source has fallen due and was not planned, approved or declined yet.

        Not `shown`: those that lack nothing but impressions. None that was found to be archived.
        """
        ...

    async def keep_open(self, found: Sequence[tuple[str, KeptOpen | None]]) -> None:
        """Promotion, and why its source stays open; None where it need not."""
        ...

    async def converting_terms(
        self, profile_id: ProfileId, campaign_id: str, ad_group_id: str | None, key: str, match: Match
    ) -> Sequence[ConvertingTerm]:
        """What a negative of this match would block and what converted there; the most conversions first, at most 20.

        Without an ad group: in the whole campaign.
        """
        ...
