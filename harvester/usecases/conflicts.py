"""What a negative would block of one's own: enabled keywords and targets at its place, and terms that sold there."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from harvester.domain.action import ActionKind, Standing
from harvester.domain.profile import Profile, StandingTarget
from harvester.domain.recommendation import SEARCH_TERMS
from harvester.domain.target import Level, Match, TargetKind, asin_of, fold
from harvester.ports import AccountReader
from harvester.ports.negatives import PlanHistories
from harvester.rules.blocking import protected_by
from harvester.rules.checks.protection import Protection
from harvester.rules.checks.trust import Trust
from harvester.rules.ruleset import ProfileRules
from harvester.rules.variants import variant_keys, variant_words, variants_within
from harvester.usecases.account_map import AUTO, ENABLED, AccountMap, demand_readable
from harvester.usecases.moved import as_it_was
from harvester.usecases.sold_before import kin_of
from harvester.usecases.sold_there import Negating, SoldThere, orders
from harvester.usecases.together import together

_MOST_NAMED = 5
_TO_COME = "TO COME"
"""State of a target that a promotion of the same plan makes."""


@dataclass
class _Shelf:
    """What stands in one ad group, found by what a negative shares with it: there may be a hundred thousand of each."""

    country: str
    targets: list[StandingTarget] = field(default_factory=list)
    _found_by: dict[Match, Mapping[str, Sequence[int]]] = field(default_factory=dict)
    """By the match of the negative: what it shares -> places in the list."""

    def add(self, target: StandingTarget) -> None:
        self.targets.append(target)
        self._found_by.clear()

    def blocked_by(self, item: Negating) -> Sequence[StandingTarget]:
        if not self.targets:
            return ()
        match = Match.SAME if item.kind is ActionKind.NEGATE_PRODUCT else item.match or Match.EXACT
        if match not in self._found_by:
            self._found_by[match] = self._sorted(match)
        shared = (item.key,) if match is Match.SAME else (item.key, *_alike(item.key, self.country))
        places = {place for each in shared for place in self._found_by[match].get(each, ())}
        return [self.targets[place] for place in sorted(places)]

    def _sorted(self, match: Match) -> Mapping[str, Sequence[int]]:
        found: defaultdict[str, list[int]] = defaultdict(list)
        for place, target in enumerate(self.targets):
            for each in _shared(target, match, self.country):
                found[each].append(place)
        return found


def _shared(target: StandingTarget, match: Match, country: str) -> Collection[str]:
    """What a negative of this match must hold one of to block it: a negative meets close variants as a keyword does."""
    if target.kind is TargetKind.PRODUCT:
        asin = asin_of(target.text) if match is Match.SAME else None
        return () if asin is None else (asin,)
    if match is Match.SAME:
        return ()
    text = fold(target.text)
    if match is not Match.PHRASE:
        return {text, *_alike(text, country)}
    written = text.split()
    runs = (" ".join(written[start:end]) for start in range(len(written)) for end in range(start + 1, len(written) + 1))
    return {*runs, *variants_within(variant_words(text, country), country)}


def _alike(text: str, country: str) -> Sequence[str]:
    return variant_keys(variant_words(text, country), country)


@dataclass
class OwnTargets:
    """Enabled keywords and product targets of manual campaigns; AUTO ones hold none, and are never listed for this."""

    account: AccountMap
    country: str = ""
    """Of the marketplace, for its plurals."""
    _by_ad_group: dict[str, _Shelf] = field(default_factory=dict)

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
        """Lists what stands at these places, campaign and ad group; no call where they are all automatic. Raises what
        the reader raises, and PageBroken where an own target cannot be understood.
        """
        wanted = sorted({each for place in places for each in self.ad_groups(*place)} - self._by_ad_group.keys())
        self._by_ad_group.update({each: _Shelf(self.country) for each in wanted})
        if wanted:
            before = dict(reader.unreadable)
            await together(self._keep(reader, wanted, "keywords"), self._keep(reader, wanted, "targets"))
            demand_readable(reader, before)

    async def _keep(self, reader: AccountReader, ad_groups: Sequence[str], what: str) -> None:
        async for page in reader.keywords(ad_groups) if what == "keywords" else reader.targets(ad_groups):
            for target in page:
                shelf = self._by_ad_group.get(target.ad_group_id)
                if shelf is not None and target.state == ENABLED:
                    shelf.add(target)

    def expect(self, promotion: Negating) -> None:
        """What the same plan makes there counts as if it stood already, where it was looked."""
        shelf = self._by_ad_group.get(promotion.ad_group_id)
        if shelf is None or promotion.match is None:
            return
        kind = TargetKind.KEYWORD if promotion.kind is ActionKind.PROMOTE_KEYWORD else TargetKind.PRODUCT
        place = (promotion.ad_group_id, promotion.campaign_id)
        shelf.add(StandingTarget(promotion.effect, *place, kind, promotion.key, promotion.match, _TO_COME))

    def at(self, campaign_id: str, ad_group_id: str) -> Sequence[StandingTarget]:
        """Only after `read` of that place."""
        return [
            target for each in self.ad_groups(campaign_id, ad_group_id) for target in self._by_ad_group[each].targets
        ]

    def blocked_by(self, item: Negating) -> Sequence[StandingTarget]:
        """Of a brand nothing is told: what brand a product is of is not known here."""
        if item.kind not in (ActionKind.NEGATE_KEYWORD, ActionKind.NEGATE_PRODUCT):
            return ()
        ad_group_id = "" if item.level is Level.CAMPAIGN else item.ad_group_id
        ad_groups = self.ad_groups(item.campaign_id, ad_group_id)
        return [target for each in ad_groups for target in self._by_ad_group[each].blocked_by(item)]


def named(targets: Sequence[StandingTarget]) -> str:
    told = "; ".join(
        f"“{each.text}” ({each.match}, {'promoted there by this plan' if each.state == _TO_COME else each.amazon_id})"
        for each in targets[:_MOST_NAMED]
    )
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
        for each in approved:
            if each.kind.is_promotion:
                own.expect(each)
        await self.sold.what_sold.ahead({each.campaign_id for each in negatives})
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

    @cached_property
    def _protection(self) -> Protection:
        return Protection(self.rules.protect)

    @cached_property
    def _trust(self) -> Trust:
        return Trust(self.rules.protect, self._profile.country)

    def _protected(self, each: Standing) -> str:
        """A negative of a plan that was made before somebody protected it."""
        protect = self.rules.protect
        if each.kind is ActionKind.NEGATE_BRAND:
            own = each.key in protect.brands
            return "it was no brand of your own, and stands under protect.brands now" if own else ""
        if each.kind is ActionKind.NEGATE_PRODUCT:
            return "it was not protected, and stands under protect.asins now" if each.key in protect.asins else ""
        if not protect.keywords:
            return ""
        finding = self._protection.finding(TargetKind.KEYWORD, each.key)
        if finding is not None:
            return f"it was not protected, and `{finding.bound}` under protect.keywords covers it now"
        close = self._trust.protecting(each.key) if self._of_terms(each) else None
        if close is not None:
            return f"it is a close variant of `{close}`, which stands under protect.keywords now"
        shut_out = protected_by(protect, each.key, each.match, self._profile.country)
        news = shut_out is not None and shut_out not in as_it_was(each).get("protects", ())
        return f"it would shut out `{shut_out}`, which stands under protect.keywords now" if news else ""

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
            sold = f"“{news[0].key}” with {orders(news[0].conversions)}"
            return f"since it was planned {sold} was seen here, and it would block that"
        if not self._of_terms(each):
            return ""
        ever = await self.sold.ever(each, kin_of(account, each.ad_group_id or each.source_ad_group_id))
        if ever is None or (ever.variant or each.key) in seen:
            return ""
        where = f"in ad group {ever.ad_group_id} of the same products" if ever.ad_group_id else "in this campaign"
        return f"since it was planned “{ever.variant or each.key}” with {orders(ever.orders)} was seen {where}"


def _place(each: Standing) -> tuple[str, str]:
    return each.campaign_id, "" if each.level is Level.CAMPAIGN else each.ad_group_id


def _blocks_own(each: Standing, own: OwnTargets) -> str:
    seen: Collection[str] = as_it_was(each).get("blocks", ())
    news = [target for target in own.blocked_by(each) if target.amazon_id not in seen]
    return f"it would have blocked nothing of your own, and would block {named(news)} now" if news else ""
