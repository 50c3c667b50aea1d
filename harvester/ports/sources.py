"""One kind of recommendations, as the core reads it."""

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from harvester.domain.recommendation import RecommendationPage


class RecommendationSource(Protocol):
    """One kind of recommendations for one profile."""

    @property
    def name(self) -> str: ...

    @property
    def most_ad_groups(self) -> int:
        """Asked for in one list."""
        ...

    @property
    def tokens_last(self) -> bool:
        """Whether a page token still leads on when an interrupted run is taken up; else its list begins anew."""
        ...

    def pages(self, ad_group_ids: Sequence[str], token: str | None) -> AsyncGenerator[RecommendationPage, None]:
        """From the page that `token` names to the end of the list; the page after is fetched ahead.

        Raises PageBroken when a page cannot be read or the list goes round in circles, Rejected, Unavailable.
        """
        ...
