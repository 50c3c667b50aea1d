"""What those who plan negatives need from the ledger, beside the history of what was done."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from harvester.domain.action import Standing
from harvester.domain.ids import ProfileId, RunId
from harvester.ports.histories import ConvertingTerm, Histories


class PlanHistories(Histories, Protocol):
    async def converting_products(
        self, profile_id: ProfileId, campaign_id: str, ad_group_id: str | None
    ) -> Sequence[ConvertingTerm]:
        """Which ASINs converted there, the most orders first, at most 200. Without an ad group: in the campaign."""
        ...

    async def brand_names(self, country: str, brand_ids: Collection[str]) -> Mapping[str, str]:
        """What Amazon called these brands of a marketplace, as far as it was ever asked."""
        ...

    async def due_reviews(self, profile_id: ProfileId, now: datetime) -> Sequence[Standing]:
        """Negatives of ours whose review date has come, and whose lifting neither waits nor was declined since."""
        ...

    async def harvested_since(self, plan_id: str) -> bool:
        """Whether the profile was harvested again after the run that a plan was made of, or reports of search terms
        have come in since it began.
        """
        ...

    async def brand_places(self, run_id: RunId) -> Mapping[tuple[str, str, str], int]:
        """Where in a run its decisions about brands stand, by campaign, ad group and brand id."""
        ...
