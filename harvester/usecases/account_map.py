"""What a profile's account looks like: campaigns, ad groups, and what each ad group advertises."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from harvester.domain.candidate import Place
from harvester.domain.errors import PageBroken
from harvester.domain.profile import AdGroup, Campaign, ProductAd
from harvester.domain.target import asin_of
from harvester.ports import AccountReader
from harvester.usecases.together import together

_Item = TypeVar("_Item")

ENABLED = "ENABLED"
AUTO = "AUTO"
MANUAL = "MANUAL"


@dataclass(frozen=True, slots=True)
class AccountMap:
    """Read once per run; everything that is not archived."""

    campaigns: dict[str, Campaign]
    ad_groups: dict[str, AdGroup]
    products: dict[str, frozenset[str]]
    """Ad group -> what it advertises (`asin:...` or `sku:...`)."""
    ads: dict[str, list[str]]
    """Ad group -> its ads; of AUTO campaigns only."""
    manual_by_products: dict[frozenset[str], list[str]] = field(default_factory=dict)
    """The manual ad groups that advertise just these."""
    auto_by_products: dict[frozenset[str], list[str]] = field(default_factory=dict)
    """The automatic ad groups that advertise just these."""
    own_asins: frozenset[str] = frozenset()
    """As far as the product ads name them: only vendors' do."""

    def sources(self) -> list[str]:
        """Enabled ad groups of enabled AUTO campaigns, by id."""
        return sorted(
            ad_group.ad_group_id
            for ad_group in self.ad_groups.values()
            if ad_group.state == ENABLED
            and (campaign := self.campaigns.get(ad_group.campaign_id)) is not None
            and campaign.targeting == AUTO
            and campaign.state == ENABLED
        )

    def place(self, ad_group_id: str | None) -> Place | None:
        """None where the ad group or its campaign is archived or not ours."""
        ad_group = self.ad_groups.get(ad_group_id or "")
        campaign = self.campaigns.get(ad_group.campaign_id) if ad_group else None
        return Place(campaign, ad_group) if ad_group and campaign else None

    def same_products(self, ad_group_id: str) -> Sequence[str]:
        """Manual ad groups that advertise the same products as this one."""
        products = self.products.get(ad_group_id)
        return self.manual_by_products.get(products, ()) if products else ()

    def sisters(self, ad_group_id: str) -> Sequence[str]:
        """The other ad groups, manual and automatic, that advertise the same products as this one."""
        products = self.products.get(ad_group_id)
        if not products:
            return ()
        same = (*self.manual_by_products.get(products, ()), *self.auto_by_products.get(products, ()))
        return [each for each in same if each != ad_group_id]

    def leading(self, ad_group_id: str) -> Sequence[str]:
        """The automatic ad groups of the same products as a manual one: through their promotion groups it promotes."""
        place, products = self.place(ad_group_id), self.products.get(ad_group_id)
        if place is None or place.campaign.targeting == AUTO or not products:
            return ()
        return self.auto_by_products.get(products, ())


def serves(place: Place) -> bool:
    return place.ad_group.state == ENABLED and place.campaign.state == ENABLED


async def read_account(reader: AccountReader) -> AccountMap:
    """Raises what the reader raises: without the whole map there is no plan."""
    campaigns: list[Campaign] = []
    ad_groups: list[AdGroup] = []
    ads: list[ProductAd] = []
    await together(
        _into(campaigns, reader.campaigns()),
        _into(ad_groups, reader.ad_groups()),
        _into(ads, reader.product_ads()),
    )
    return build(campaigns, ad_groups, ads)


def left_out(reader: AccountReader) -> Sequence[str]:
    """What the reader could not read so far and left out, one sentence per list."""
    return [f"{count} items of {name} cannot be read and were left out" for name, count in _unread(reader)]


def demand_readable(reader: AccountReader, before: Mapping[str, int]) -> None:
    """Raises PageBroken where an item read since `before` cannot be understood: it may be the one in the way."""
    for name, count in _unread(reader):
        if count > before.get(name, 0):
            raise PageBroken(f"{name}: {count} items cannot be read, so what exists is not known")


def _unread(reader: AccountReader) -> Sequence[tuple[str, int]]:
    return [(name, count) for name, count in reader.unreadable.items() if count]


def build(campaigns: Iterable[Campaign], ad_groups: Iterable[AdGroup], ads: Iterable[ProductAd]) -> AccountMap:
    by_campaign = {campaign.campaign_id: campaign for campaign in campaigns}
    by_ad_group = {ad_group.ad_group_id: ad_group for ad_group in ad_groups}
    advertised: defaultdict[str, set[str]] = defaultdict(set)
    own = set()
    auto_ads: defaultdict[str, list[str]] = defaultdict(list)
    for ad in ads:
        advertised[ad.ad_group_id].add(ad.product)
        ad_group = by_ad_group.get(ad.ad_group_id)
        if ad_group is not None and _targeting(ad_group, by_campaign) == AUTO:
            auto_ads[ad.ad_group_id].append(ad.ad_id)
        if ad.asin and (asin := asin_of(ad.asin)):
            own.add(asin)
    products = {ad_group_id: frozenset(these) for ad_group_id, these in advertised.items()}
    manual: defaultdict[frozenset[str], list[str]] = defaultdict(list)
    auto: defaultdict[frozenset[str], list[str]] = defaultdict(list)
    for ad_group_id, these in products.items():
        ad_group = by_ad_group.get(ad_group_id)
        targeting = _targeting(ad_group, by_campaign) if ad_group is not None else None
        if targeting is not None:
            (auto if targeting == AUTO else manual)[these].append(ad_group_id)
    return AccountMap(by_campaign, by_ad_group, products, dict(auto_ads), dict(manual), dict(auto), frozenset(own))


def _targeting(ad_group: AdGroup, campaigns: Mapping[str, Campaign]) -> str | None:
    campaign = campaigns.get(ad_group.campaign_id)
    return campaign.targeting if campaign else None


async def _into(items: list[_Item], pages: AsyncIterator[Sequence[_Item]]) -> None:
    async for page in pages:
        items.extend(page)
