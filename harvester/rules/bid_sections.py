"""The starting bid of a promotion, as it stands in the rules file."""

from decimal import Decimal

from pydantic import Field

from harvester.domain.bid import Suggested
from harvester.rules.section import Section
from harvester.rules.values import Amount, Amounts, Flag


class Bid(Section):
    """The starting bid: a base, times `factor`, not under `floor`, not over `ceiling`, within what the marketplace
    takes. The ceiling wins over the floor. The base is the first of `cpc` and `target_acos`, `suggested`, `fixed` and
    `ad_group_default` that is named and gives one.
    """

    suggested: Suggested | None = None
    """Of the three bids that Amazon suggests for the target at its destination."""
    fixed: Amounts | None = None
    """Per currency."""
    ad_group_default: Flag | None = None
    """The default bid of the destination ad group. Taken also when no base is named."""
    factor: Amount = Decimal(1)
    floor: Amounts = Field(default={})
    ceiling: Amounts = Field(default={})
    cpc: Flag | None = None
    """Of source search_terms: what a click on the term has cost."""
    target_acos: Flag | None = None
    """Of source search_terms: what a click may cost, AOV x conversion rate x target ACOS; `factor` does not change it.
    With `cpc` the smaller of the two is taken."""
    prior_orders: Amount | None = None
    """Draws the conversion rate of `target_acos` towards the ad group's: as though so many more orders had come at that
    rate. One order of few clicks is mostly luck."""

    @property
    def takes_default(self) -> bool:
        if self.ad_group_default is not None:
            return self.ad_group_default
        return self.suggested is None and self.fixed is None and not self.of_money

    @property
    def of_money(self) -> bool:
        """Whether it depends on what the term itself has cost and sold."""
        return bool(self.cpc or self.target_acos)
