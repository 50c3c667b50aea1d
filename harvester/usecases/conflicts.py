"""What a negative would block of one's own: enabled keywords and targets at its place, and terms that sold there."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from harvester.domain.action import ActionKind, Standing
from harvester.domain.profile import Profile, StandingTarget
from harvester.domain.recommendation import SEARCH_TERMS
from harvester.domain.target import Level, TargetKind, asin_of, fold
from harvester.ports import AccountReader
from harvester.ports.negatives import PlanHistories
from harvester.rules.blocking import blocks
from harvester.rules.checks.protection import Protection
from harvester.rules.checks.trust import Trust
from harvester.rules.ruleset import ProfileRules
from harvester.usecases.account_map import AUTO, ENABLED, AccountMap
from harvester.usecases.moved import as_it_was
from harvester.usecases.sold_before import kin_of
from harvester.usecases.sold_there import Negating, SoldThere
from harvester.usecases.together import together

_MOST_NAMED = 5


@dataclass
class OwnTargets:
    """Enabled keywords and product targets of manual campaigns; AUTO ones hold none, and are never listed for this."""

    account: AccountMap
    country: str = ""
    """Of the marketplace, for its plurals."""
    _by_ad_group: dict[str, list[StandingTarget]] = field(default_factory=lambda: defaultdict(list))

    def ad_groups(self, campaign_id: str, ad_group_id: str) -> Sequence[str]:
        """Where a negative of this place works, as far as there is anything to block; without an ad group: everywhere
        in the campaign.
        """
        campaign = self.account.campaigns.get(campaign_id)
        if campaign is None or campaign.targeting.upper() == AUTO:
            return ()
        if ad_group_id:
            return (ad_group_id,)
        return [each.ad_group_id for each in self.account.ad_groups.values() if each.campaign_id == campaign_id]

    async def read(self, reader: AccountReader, places: Iterable[tuple[str, str]]) -> None:
        """Lists what stands at these places, campaign and ad group; no call where they are all automatic."""
        wanted = sorted({each for place in places for each in self.ad_groups(*place)} - self._by_ad_group.keys())
        self._by_ad_group.update({each: [] for each in wanted})
        if wanted:
            await together(self._keep(reader, wanted, "keywords"), self._keep(reader, wanted, "targets"))

    async def _keep(self, reader: AccountReader, ad_groups: Sequence[str], what: str) -> None:
        async for page in reader.keywords(ad_groups) if what == "keywords" else reader.targets(ad_groups):
            for target in page:
                if target.state == ENABLED:
                    self._by_ad_group[target.ad_group_id].append(target)

    def at(self, campaign_id: str, ad_group_id: str) -> Sequence[StandingTarget]:
        """Only after `read` of that place."""
        return [target for each in self.ad_groups(campaign_id, ad_group_id) for target in self._by_ad_group[each]]

    def blocked_by(self, item: Negating) -> Sequence[StandingTarget]:
        """Those that it surely blocks. Of a brand nothing is sure: what brand a product is of is not known here."""
        if item.kind not in (ActionKind.NEGATE_KEYWORD, ActionKind.NEGATE_PRODUCT):
            return ()
        ad_group_id = "" if item.level is Level.CAMPAIGN else item.ad_group_id
        return [target for target in self.at(item.campaign_id, ad_group_id) if _blocks(item, target, self.country)]


def _blocks(item: Negating, target: StandingTarget, country: str) -> bool:
    if target.kind is TargetKind.PRODUCT:
        return item.kind is ActionKind.NEGATE_PRODUCT and asin_of(target.text) == item.key
    if item.kind is not ActionKind.NEGATE_KEYWORD:
        return False
    return blocks(item.key, item.match, fold(target.text), country)


def named(targets: Sequence[StandingTarget]) -> str:
    told = "; ".join(f"“{each.text}” ({each.match}, {each.amazon_id})" for each in targets[:_MOST_NAMED])
    more = len(targets) - _MOST_NAMED
    return told + (f"; and {more} more" if more > 0 else "")


@dataclass(frozen=True)
class Conflicts:
    """Looked for again right before sending: what its reviewer has not seen makes a negative stale."""

    histories: PlanHistories
    sold: SoldThere
    rules: ProfileRules
    """In force now."""

    async def found(
        self, approved: Sequence[Standing], account: AccountMap, reader: AccountReader
    ) -> Sequence[tuple[str, str]]:
        """Item id, and what stands in the way now. Raises what the reader raises."""
        negatives = [each for each in approved if each.kind.is_negative]
        own = OwnTargets(account, self._profile.country)
        await own.read(reader, [_place(each) for each in negatives])
        fresh = {plan_id: await self.histories.harvested_since(plan_id) for plan_id in {n.plan_id for n in negatives}}
        found = []
        for each in negatives:
            why = (
                self._protected(each)
                or _blocks_own(each, own)
                or (await self._sold(each, account) if fresh[each.plan_id] else "")
            )
            if why:
                found.append((each.action_id, why))
        return found

    @property
    def _profile(self) -> Profile:
        return self.sold.what_sold.profile

    def _protected(self, each: Standing) -> str:
        """A negative of a plan that was made before somebody protected it."""
        protect = self.rules.protect
        if each.kind is ActionKind.NEGATE_BRAND:
            own = each.key in protect.brands
            return "it was no brand of your own, and stands under protect.brands now" if own else ""
        if each.kind is ActionKind.NEGATE_PRODUCT:
            return "it was not protected, and stands under protect.asins now" if each.key in protect.asins else ""
        finding = Protection(protect).finding(TargetKind.KEYWORD, each.key)
        if finding is not None:
            return f"it was not protected, and `{finding.bound}` under protect.keywords covers it now"
        close = Trust(protect, self._profile.country).protecting(each.key) if self._of_terms(each) else None
        return f"it is a close variant of `{close}`, which stands under protect.keywords now" if close else ""

    def _of_terms(self, each: Standing) -> bool:
        """Whether it is a search term that was negated on its costs alone."""
        of_terms = any(rule.name == each.rule and rule.match.source == SEARCH_TERMS for rule in self.rules.rules)
        return of_terms and not each.follows

    async def _sold(self, each: Standing, account: AccountMap) -> str:
        """What sold since it was planned: there, and of search terms wherever the same products are advertised."""
        if each.kind is ActionKind.NEGATE_BRAND:
            return ""
        seen: Collection[str] = as_it_was(each).get("sold", ())
        news = [term for term in await self.sold.blocked_by(each, follows=bool(each.follows)) if term.key not in seen]
        if news:
            sold = f"“{news[0].key}” with {news[0].conversions:g} orders"
            return f"since it was planned {sold} was seen here, and it would block that"
        if not self._of_terms(each):
            return ""
        ever = await self.sold.ever(each, kin_of(account, each.ad_group_id or each.source_ad_group_id))
        if ever is None or (ever.variant or each.key) in seen:
            return ""
        where = f"in ad group {ever.ad_group_id} of the same products" if ever.ad_group_id else "in this campaign"
        return f"since it was planned “{ever.variant or each.key}” with {ever.orders} orders was seen {where}"


def _place(each: Standing) -> tuple[str, str]:
    return each.campaign_id, "" if each.level is Level.CAMPAIGN else each.ad_group_id


def _blocks_own(each: Standing, own: OwnTargets) -> str:
    seen: Collection[str] = as_it_was(each).get("blocks", ())
    news = [target for target in own.blocked_by(each) if target.amazon_id not in seen]
    return f"it would have blocked nothing of your own, and would block {named(news)} now" if news else ""
