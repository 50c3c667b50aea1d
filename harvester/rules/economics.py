"""What an order is worth and may cost: the `economics` section, and which of its entries hold for a product."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, Field

from harvester.domain.history import MICROS
from harvester.domain.profile import Campaign
from harvester.rules.name_patterns import names
from harvester.rules.section import Section
from harvester.rules.values import Amounts, Asin, NameOrId
from harvester.rules.window_scalars import by_asin
from harvester.rules.window_sections import Share


class Worth(Section):
    """What is left out is taken from the next wider entry: of a product, of a campaign, the default."""

    price: Amounts | None = None
    """Per currency: what the product sells for."""
    aov: Amounts | None = None
    """In place of `price`, per currency: what an order brings in, where people buy more than one."""
    target_acos: Share | None = None

    @property
    def of_an_order(self) -> Mapping[str, Decimal]:
        """Per currency."""
        return self.aov or self.price or {}


class CampaignWorth(Worth):
    names: tuple[NameOrId, ...]
    """Patterns with `*` and `?`, in any case, or ids; the first entry that covers a campaign is taken."""


class Economics(Section):
    default: Worth = Worth()
    campaigns: tuple[CampaignWorth, ...] = ()
    asins: Annotated[dict[Asin, Worth], BeforeValidator(by_asin)] = Field(default={})
    """Of advertised products."""


class ProductWorth(NamedTuple):
    """Of one advertised product, as far as the file says."""

    asin: str
    """Empty where the products are not known."""
    order: int | None
    """In millionths of the profile's currency."""
    target_acos: float | None

    @property
    def target_cost(self) -> float | None:
        """What an order may cost, in millionths."""
        return None if self.order is None or self.target_acos is None else self.order * self.target_acos


def worths(
    sections: Sequence[Economics], campaign: Campaign, asins: Iterable[str], currency: str
) -> tuple[ProductWorth, ...]:
    """Of each advertised product; one of nobody's where none is known. The first section that says anything wins."""
    known = dict.fromkeys(asin.strip().upper() for asin in asins if asin.strip())
    return tuple(_worth(sections, campaign, asin, currency) for asin in known or [""])


def _worth(sections: Sequence[Economics], campaign: Campaign, asin: str, currency: str) -> ProductWorth:
    entries: list[Worth] = []
    for section in sections:
        entries += [section.asins[asin]] if asin in section.asins else []
    for section in sections:
        of_campaign = (each for each in section.campaigns if names(each.names, campaign.name, campaign.campaign_id))
        entries += list(of_campaign)[:1]
    entries += [section.default for section in sections]
    orders = (entry.of_an_order[currency] for entry in entries if currency in entry.of_an_order)
    targets = (entry.target_acos for entry in entries if entry.target_acos is not None)
    order = next(orders, None)
    return ProductWorth(asin, None if order is None else round(order * MICROS), next(targets, None))
