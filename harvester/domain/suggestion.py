"""What product suggestions are asked for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Advertised:
    """One ad group and the products that it advertises: those are similar, so one request may hold them all."""

    campaign_id: str
    ad_group_id: str
    asins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """In which form, and how much."""

    by_theme: bool = False
    """Themes with their products, instead of products with their themes."""
    most: int | None = None
    """Suggestions per ad group; None: all there are."""
