"""Every negative that stands in a profile, with who made it and when."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from harvester.domain.action import ActionKind, Standing
from harvester.domain.profile import Profile, StandingNegative
from harvester.domain.target import Level, TargetKind
from harvester.ports import AccountReader
from harvester.ports.histories import Histories
from harvester.usecases.account_map import AccountMap, demand_readable, read_account
from harvester.usecases.reviews_due import review_date
from harvester.usecases.together import together

_Name = tuple[bool, Level, str]
"""Whether it is a keyword, its level, Amazon's id: ids are unique within a list only."""


@dataclass(frozen=True, slots=True)
class Negative:
    standing: StandingNegative
    campaign_name: str
    ad_group_name: str
    """Empty at campaign level."""
    made_by: Standing | None
    """None: not by Harvester."""
    review_at: datetime | None

    @property
    def level(self) -> Level:
        return Level.AD_GROUP if self.standing.ad_group_id else Level.CAMPAIGN

    @property
    def kind(self) -> str:
        return "brand" if self.standing.is_brand else self.standing.kind.value


@dataclass(frozen=True)
class ListNegatives:
    histories: Histories

    async def __call__(self, profile: Profile, reader: AccountReader) -> Sequence[Negative]:
        """Enabled and paused ones, campaign by campaign; raises what the reader raises."""
        account = await read_account(reader)
        before = dict(reader.unreadable)
        found: list[StandingNegative] = []
        ad_groups, campaigns = sorted(account.ad_groups), sorted(account.campaigns)
        await together(
            _into(found, reader.negative_keywords(ad_groups)),
            _into(found, reader.negative_targets(ad_groups)),
            _into(found, reader.campaign_negative_keywords(campaigns)),
            _into(found, reader.campaign_negative_targets(campaigns)),
        )
        demand_readable(reader, before)
        done = self.histories.done(profile.profile_id)
        ours = {_name_of(action): action async for action in done if action.kind.is_negative}
        return sorted((_described(each, account, ours) for each in found), key=_order)


async def _into(found: list[StandingNegative], pages: AsyncIterator[Sequence[StandingNegative]]) -> None:
    async for page in pages:
        found += page


def _name_of(action: Standing) -> _Name:
    return action.kind is ActionKind.NEGATE_KEYWORD, action.level or Level.AD_GROUP, action.amazon_id


def _described(each: StandingNegative, account: AccountMap, ours: Mapping[_Name, Standing]) -> Negative:
    level = Level.AD_GROUP if each.ad_group_id else Level.CAMPAIGN
    made_by = ours.get((each.kind is TargetKind.KEYWORD, level, each.amazon_id))
    ad_group, campaign = account.ad_groups.get(each.ad_group_id or ""), account.campaigns.get(each.campaign_id)
    return Negative(
        each,
        campaign_name=campaign.name if campaign else "",
        ad_group_name=ad_group.name if ad_group else "",
        made_by=made_by,
        review_at=review_date(made_by) if made_by else None,
    )


def _order(each: Negative) -> tuple[str, str, str, str]:
    standing = each.standing
    return each.campaign_name, standing.campaign_id, standing.ad_group_id or "", standing.key
