"""The account as it stands on the first morning: campaigns, ad groups, ads, groups, targets and negatives.

Eight product lines, each arranged differently, so that a client meets every situation: `_LINES` says which.
"""

from dataclasses import dataclass
from random import Random

from harvester.sandbox import shopping
from harvester.sandbox.market import Kind, Market, Profile
from harvester.sandbox.marketplaces import SCALE
from harvester.sandbox.recommendations import Ad, Recommendations, Source, target_of
from harvester.sandbox.settings import Options
from harvester.sandbox.shopping import Shoppers, Topic
from harvester.sandbox.wire import Json

AUTO_CLAUSES = (
    "QUERY_HIGH_REL_MATCHES",
    "QUERY_BROAD_REL_MATCHES",
    "ASIN_SUBSTITUTE_RELATED",
    "ASIN_ACCESSORY_RELATED",
)


@dataclass(frozen=True, slots=True)
class Line:
    """How one product line is advertised. `groups`: each is (which ads of the source, destinations)."""

    ads: int
    name: str = "Auto | {title}"
    state: str = "ENABLED"
    groups: tuple[tuple[str, str], ...] = ()
    same_campaign: bool = False
    manual: bool = True


_LINES = (
    Line(3, groups=(("all", "both"),)),
    Line(3, groups=(("first two", "both"),)),
    Line(2, name="{title}, clearance", same_campaign=True),
    Line(3, groups=(("all", "both"), ("all", "both"))),
    Line(2),
    Line(3, groups=(("all", "keyword"),)),
    Line(2, state="PAUSED", groups=(("all", "both"),)),
    Line(4, name="Research | {title}", manual=False),
)


@dataclass(slots=True)
class _Opening:
    market: Market
    rng: Random
    auto_campaign: str = ""

    def money(self, dollars: float) -> float:
        return round(dollars * SCALE.get(self.market.profile.marketplace.currency, 1.0), 2)

    def campaign(self, name: str, targeting: str, state: str = "ENABLED", budget: float = 25.0) -> str:
        body: Json = {
            "name": name,
            "state": state,
            "targetingType": targeting,
            "budget": {"budget": self.money(budget), "budgetType": "DAILY"},
            "startDate": "2026-01-15",
            "dynamicBidding": {"strategy": "LEGACY_FOR_SALES", "placementBidding": []},
        }
        return self.market.add(Kind.CAMPAIGN, body)

    def ad_group(self, campaign: str, name: str, state: str = "ENABLED", bid: float = 0.75) -> str:
        body = {"campaignId": campaign, "name": name, "defaultBid": self.money(bid), "state": state}
        return self.market.add(Kind.AD_GROUP, body)

    def ads(self, campaign: str, ad_group: str, products: tuple[str, ...], state: str = "ENABLED") -> tuple[Ad, ...]:
        return tuple(Ad(self.market.add_ad(campaign, ad_group, asin, state), asin) for asin in products)

    def auto_clauses(self, campaign: str, ad_group: str) -> None:
        for clause in AUTO_CLAUSES:
            self.target(campaign, ad_group, clause, expression_type="AUTO")

    def keyword(self, campaign: str, ad_group: str, text: str, match: str = "EXACT", **fields: object) -> str:
        body = {"campaignId": campaign, "adGroupId": ad_group, "keywordText": text, "matchType": match}
        return self.market.add(Kind.KEYWORD, {**body, "state": "ENABLED", **fields})

    def target(
        self, campaign: str, ad_group: str, kind: str, value: str | None = None, expression_type: str = "MANUAL"
    ) -> str:
        expression = [{"type": kind} if value is None else {"type": kind, "value": value}]
        body: Json = {"campaignId": campaign, "adGroupId": ad_group, "expression": expression}
        body |= {"resolvedExpression": expression, "expressionType": expression_type, "state": "ENABLED"}
        return self.market.add(Kind.TARGET, body)

    def negative(self, kind: Kind, place: dict[str, str], what: str, match: str = "NEGATIVE_EXACT") -> None:
        if kind in {Kind.NEGATIVE_KEYWORD, Kind.CAMPAIGN_NEGATIVE_KEYWORD}:
            self.market.add(kind, {**place, "keywordText": what, "matchType": match, "state": "ENABLED"})
            return
        expression = [{"type": "ASIN_SAME_AS", "value": what}]
        body = {**place, "expression": expression, "resolvedExpression": expression, "state": "ENABLED"}
        self.market.add(kind, body)


def open_market(profile: Profile, options: Options, shoppers: Shoppers) -> Market:
    rows = Recommendations(
        seed=options.seed,
        name=profile.profile_id,
        total=options.recommendations,
        shoppers=shoppers,
        odd_types=options.dialect != "spec",
    )
    market = Market(profile, rows)
    rng = Random(f"{options.seed} {profile.profile_id}")
    opening = _Opening(market, rng)
    topics = rng.sample(range(shopping.topic_count()), len(_LINES))
    for number, (line, topic) in enumerate(zip(_LINES, topics, strict=True)):
        following = shopping.topic(topics[(number + 1) % len(topics)])
        _open_line(opening, number, line, shopping.topic(topic), following)
    _open_leftovers(opening, shopping.topic(topics[0]))
    return market


def _open_line(opening: _Opening, number: int, line: Line, topic: Topic, following: Topic) -> None:
    market = opening.market
    name = line.name.format(title=topic.title)
    if not line.same_campaign:
        opening.auto_campaign = opening.campaign(name, "AUTO", line.state)
    auto = opening.auto_campaign
    ad_group = opening.ad_group(auto, name if line.same_campaign else f"{topic.title}, all products")
    products = topic.own_asins[: line.ads]
    ads = opening.ads(auto, ad_group, products)
    opening.auto_clauses(auto, ad_group)
    source = Source(number, auto, ad_group, ads, topic, following.own_asins[0])
    market.recommendations.sources.append(source)
    if not line.manual:
        return
    keywords, product_targets = _open_manual(opening, topic, products)
    for place, (which_ads, destinations) in enumerate(line.groups):
        if place:
            keywords, product_targets = _open_manual(opening, topic, products, suffix=f" {place + 1}")
        body: Json = {
            "name": f"{topic.title} group {place + 1}",
            "state": "ENABLED",
            "source": ad_group,
            "ads": [ad.ad_id for ad in ads[:2]] if which_ads == "first two" else [],
            "keyword": keywords[1],
            "product": product_targets[1] if destinations == "both" else None,
        }
        market.add(Kind.GROUP, body)
    _stand_in_the_way(opening, source, keywords, product_targets)


def _open_manual(
    opening: _Opening, topic: Topic, products: tuple[str, ...], suffix: str = ""
) -> tuple[tuple[str, str], tuple[str, str]]:
    """A keyword and a product campaign with the same products: (campaign, ad group) of each."""
    made = []
    for what, bid in (("Keywords", 0.9), ("Products", 0.6)):
        campaign = opening.campaign(f"Manual | {topic.title} | {what}{suffix}", "MANUAL", budget=40.0)
        ad_group = opening.ad_group(campaign, f"{topic.title} {what.lower()}", bid=bid)
        opening.ads(campaign, ad_group, products)
        made.append((campaign, ad_group))
    opening.keyword(*made[0], f"{topic.query} original", "BROAD", bid=opening.money(0.8))
    opening.target(*made[1], "ASIN_SAME_AS", topic.own_asins[-1])
    return made[0], made[1]


def _stand_in_the_way(opening: _Opening, source: Source, keywords: tuple[str, str], products: tuple[str, str]) -> None:
    """Targets and negatives that recommendations of the line run into; which ones depends on the line."""
    first_keyword = target_of(source, 0, 0)[0]
    next_keyword = target_of(source, 2, 0)[0]
    first_product = target_of(source, 1, 0)[0]
    at_source = {"campaignId": source.campaign_id, "adGroupId": source.ad_group_id}
    match source.number:
        case 0:
            opening.keyword(*keywords, next_keyword.title())
            opening.negative(Kind.NEGATIVE_KEYWORD, at_source, target_of(source, 3, 1)[0])
        case 1:
            opening.target(*products, "ASIN_SAME_AS", first_product)
            there = {"campaignId": keywords[0], "adGroupId": keywords[1]}
            opening.negative(Kind.NEGATIVE_KEYWORD, there, first_keyword)
        case 3:
            there = {"campaignId": source.campaign_id}
            opening.negative(Kind.CAMPAIGN_NEGATIVE_KEYWORD, there, first_keyword, "NEGATIVE_PHRASE")
            opening.negative(Kind.NEGATIVE_TARGET, at_source, first_product)
        case 5:
            asins = tuple(ad.asin for ad in source.ads)
            campaign = opening.campaign(f"Brand defence | {source.topic.title}", "MANUAL")
            ad_group = opening.ad_group(campaign, "Brand defence")
            opening.ads(campaign, ad_group, asins)
            opening.keyword(campaign, ad_group, first_keyword)
            there = {"campaignId": source.campaign_id}
            opening.negative(Kind.CAMPAIGN_NEGATIVE_TARGET, there, first_product)
        case _:
            opening.keyword(*keywords, next_keyword, "PHRASE")


def _open_leftovers(opening: _Opening, topic: Topic) -> None:
    """What every account drags along: archived and paused things, unused ad groups."""
    old = opening.campaign(f"Auto | {topic.title} (2023)", "AUTO", "ARCHIVED")
    ad_group = opening.ad_group(old, "Everything", "ARCHIVED")
    opening.ads(old, ad_group, topic.own_asins[:2], "ARCHIVED")
    manual = opening.campaign(f"Manual | {topic.title} (test)", "MANUAL", "PAUSED", 5.0)
    ad_group = opening.ad_group(manual, "Phrase test", "PAUSED", 0.3)
    opening.ads(manual, ad_group, topic.own_asins[-1:], "PAUSED")
    opening.keyword(manual, ad_group, topic.query, "PHRASE", state="PAUSED")
    opening.keyword(manual, ad_group, f"{topic.query} outlet", "PHRASE", state="ARCHIVED")
